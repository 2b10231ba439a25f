"""`POST /v1/chat/completions` for OpenAI, Claude, DeepSeek and Gemini models: the gateway converts, and it shows."""

from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, json_answer, sample_answer, sample_stream
from tikhub_async.testing._json import as_object, is_object, objects, text_of
from tikhub_async.testing._samples import OMIT
from tikhub_async.testing._words import Asked, Speech, Tool, speak, word_count

TYPES = {
    "messages": "[]***.Message",
    "stream": "bool",
    "stream_options": "***.StreamOptions",
    "max_tokens": "int",
    "max_completion_tokens": "int",
    "temperature": "float64",
    "top_p": "float64",
    "n": "int",
    "tools": "[]***.ToolCallRequest",
    "parallel_tool_calls": "bool",
    "reasoning_effort": "string",
}
SAMPLES: dict[str, str] = {
    "openai": "openai/chat",
    "claude": "claude/chat",
    "deepseek": "deepseek/chat",
    "gemini": "gemini/chat",
}
"""Family → answer; Gemini models are converted like Claude's, under Google's own headers."""
STREAMS: dict[str, str] = {
    "openai": "openai/chat_stream",
    "claude": "claude/chat_stream",
    "deepseek": "openai/chat_stream",
    "gemini": "gemini/chat_stream",
}
CALL_PREFIXES = {"claude": "toolu_"}
REASONERS = ("deepseek-reasoner", "deepseek-v4-pro")
"""Models that think unless told otherwise."""


def read(exchange: Exchange) -> Asked:
    """A chat request as the emulated model understands it."""
    body = exchange.body
    messages = objects(body["messages"])
    users = [message for message in messages if message.get("role") == "user"]
    last = as_object(messages[-1] if messages else None)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return Asked(
        prompt=text_of(users[-1].get("content")) if users else "",
        model=exchange.model,
        tools=allowed(
            tools_of([as_object(tool.get("function")) for tool in objects(body.get("tools"))]), body.get("tool_choice")
        ),
        forced=forced_tool(body.get("tool_choice")),
        parallel=body.get("parallel_tool_calls") is not False,
        tool_result=text_of(last.get("content")) if last.get("role") == "tool" else None,
        schema=_schema(body.get("response_format")),
        max_tokens=limit,
        reasoning=_thinks(exchange),
        history=word_count(messages, body.get("tools")),
    )


def tools_of(functions: Iterable[Mapping[str, Any]], schema_key: str = "parameters") -> list[Tool]:
    """Functions on offer; what has no name is no function."""
    return [
        Tool(str(function["name"]), as_object(function.get(schema_key)) or {"type": "object"})
        for function in functions
        if "name" in function
    ]


def allowed(tools: list[Tool], choice: Any) -> list[Tool]:
    """The tools that `tool_choice` leaves: those it lists under `allowed_tools`, otherwise all."""
    given = as_object(choice)
    if given.get("type") != "allowed_tools":
        return tools
    listed = objects((as_object(given.get("allowed_tools")) or given).get("tools"))
    names = {(as_object(tool.get("function")) or tool).get("name") for tool in listed}
    return [tool for tool in tools if tool.name in names]


def forced_tool(choice: Any) -> str:
    """`tool_choice` of chat and Responses → `Asked.forced`."""
    if as_object(choice).get("type") == "allowed_tools":
        mode = (as_object(choice.get("allowed_tools")) or choice).get("mode")
        return "*" if mode == "required" else ""
    if is_object(choice):
        return str((as_object(choice.get("function")) or choice).get("name") or "*")
    return {"required": "*", "none": "-"}.get(str(choice), "")


def _schema(wanted: Any) -> Mapping[str, Any] | None:
    if as_object(wanted).get("type") not in {"json_object", "json_schema"}:
        return None
    return as_object(as_object(as_object(wanted).get("json_schema")).get("schema"))


def _thinks(exchange: Exchange) -> bool:
    body = exchange.body
    if exchange.family == "deepseek":
        switch = as_object(body.get("thinking")).get("type")
        return switch == "enabled" or (switch != "disabled" and exchange.model in REASONERS)
    # The gateway drops a `thinking` object for Claude; `reasoning_effort` becomes a thinking budget.
    return exchange.family == "claude" and body.get("reasoning_effort") not in {None, "none"}


def choice(index: int, speech: Speech, call_prefix: str) -> dict[str, Any]:
    """The values of one choice, for plain answers and for streams."""
    ids = [f"{call_prefix}{token_hex(12)}" for _ in speech.calls]
    parts: list[dict[str, Any]] = []
    for call, call_id in zip(speech.calls, ids, strict=True):
        parts.append({"index": call.index, "id": call_id, "type": "function", "name": call.name, "arguments": ""})
        parts += [{"index": call.index, "arguments": piece} for piece in call.pieces]
    calls: list[dict[str, Any]] = [
        {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call, call_id in zip(speech.calls, ids, strict=True)
    ]
    return {
        "index": index,
        "text": speech.text,
        "content": speech.text or None,
        "reasoning": "".join(speech.reasoning) or OMIT,
        "refusal": "".join(speech.refusal) or None,
        "tool_calls": calls or OMIT,
        "finish": speech.finish,
        "pieces": speech.pieces,
        "reasoning_pieces": speech.reasoning,
        "refusal_pieces": speech.refusal,
        "call_parts": parts,
        "calls": [
            {"index": call.index, **called, **called["function"]}
            for call, called in zip(speech.calls, calls, strict=True)
        ],
        # After a tool call a converted Gemini stream says `stop` all the same.
        "last": "stop" if speech.calls else speech.finish,
    }


def check(exchange: Exchange) -> None:
    """Messages are required."""
    if not exchange.body.get("messages"):
        refuse(exchange, "field messages is required")


def complete(exchange: Exchange) -> Answer:
    """The completion, plain or streamed."""
    body = exchange.body
    speech = speak(read(exchange))
    blocked = exchange.family == "gemini" and bool(speech.refusal or speech.finish == "content_filter")
    if blocked and not exchange.stream:
        # The provider answers with 200; the gateway makes it an error.
        text = "request blocked by Gemini API: PROHIBITED_CONTENT"
        error = {"message": text, "type": "prompt_blocked", "param": "", "code": "prompt_blocked"}
        return json_answer({"error": error}, status=400)
    if blocked:
        speech.pieces, speech.refusal = [], []
    if speech.refusal and exchange.family != "openai":
        # Only OpenAI has a field for refusals; the others stop without a word.
        speech.refusal, speech.finish = [], "content_filter"
    count = body.get("n") or 1
    output = speech.output_tokens * count
    values = {
        "id": _id(exchange),
        "created": exchange.created,
        "model": exchange.model,
        "choices": [choice(index, speech, CALL_PREFIXES.get(exchange.family, "call_")) for index in range(count)],
        "input_tokens": speech.input_tokens,
        "output_tokens": output,
        "total_tokens": speech.input_tokens + output,
        "reasoning_tokens": len(speech.reasoning),
        # Only an explicit false suppresses the usage chunk.
        "include_usage": as_object(body.get("stream_options")).get("include_usage") is not False,
        "blocked": blocked,
        "spoken": not blocked,
    }
    if exchange.stream:
        answer = sample_stream(STREAMS[exchange.family], values)
        # Counted by the gateway, in its own words, where OpenAI's usage does not come.
        fingerprint = {"claude": None, "gemini": ""}.get(exchange.family, "fp_emulated")
        ending = sample_stream("openai/chat_ending", {**values, "fingerprint": fingerprint})
        answer.ending = ending.stream.events if ending.stream is not None else []
        return answer
    return sample_answer(SAMPLES[exchange.family], values)


def _id(exchange: Exchange) -> str:
    if exchange.family == "gemini":
        return f"chatcmpl-{exchange.request_id}"
    return f"{'msg_' if exchange.family == 'claude' else 'chatcmpl-'}{token_hex(12)}"


ROUTES = (Route("chat.completions", "POST", "/v1/chat/completions", complete, "openai", check, TYPES),)
