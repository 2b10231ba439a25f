"""`POST /v1/messages`: Anthropic's Messages API; other families' models are converted, and lose things on the way."""

from secrets import token_hex
from typing import Any

import msgspec

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer, sample_stream
from tikhub_async.testing._json import as_object, objects, text_of
from tikhub_async.testing._samples import OMIT
from tikhub_async.testing._words import Asked, Speech, speak, word_count
from tikhub_async.testing.routes.openai_chat import tools_of

TYPES = {
    "messages": "[]***.ClaudeMessage",
    "stream": "bool",
    "max_tokens": "int",
    "temperature": "float64",
    "top_p": "float64",
    "top_k": "int",
    "stop_sequences": "[]string",
    "tools": "[]any",
}
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
SIGNATURE = "ZW11bGF0ZWQgc2lnbmF0dXJl"


def read(exchange: Exchange) -> Asked:
    """A Claude request as the emulated model understands it."""
    body = exchange.body
    messages = objects(body["messages"])
    users = [message for message in messages if message.get("role") == "user"]
    content = users[-1].get("content") if users else ""
    results = [block for block in objects(content) if block.get("type") == "tool_result"]
    choice = as_object(body.get("tool_choice"))
    wanted = as_object(as_object(body.get("output_config")).get("format")) or as_object(body.get("output_format"))
    return Asked(
        prompt=text_of(content),
        model=exchange.model,
        # Dated server tools have no schema, and run at the provider.
        tools=tools_of((tool for tool in objects(body.get("tools")) if "input_schema" in tool), "input_schema"),
        forced={"any": "*", "none": "-", "tool": str(choice.get("name"))}.get(str(choice.get("type")), ""),
        parallel=choice.get("disable_parallel_tool_use") is not True,
        tool_result=text_of(results[-1].get("content")) if results else None,
        schema=as_object(wanted.get("schema")) if wanted.get("type") == "json_schema" else None,
        max_tokens=body.get("max_tokens"),
        reasoning=as_object(body.get("thinking")).get("type") in {"enabled", "adaptive"},
        history=word_count(messages, body.get("system"), body.get("tools")),
    )


def _blocks(speech: Speech) -> list[dict[str, Any]]:
    empty = dict.fromkeys(("thinking", "signature", "text", "id", "name", "input"), OMIT)
    blocks: list[dict[str, Any]] = []

    def add(kind: str, pieces: list[str], **fields: Any) -> None:
        flags = {"is_thinking": kind == "thinking", "is_text": kind == "text", "is_tool": kind == "tool_use"}
        blocks.append({"type": kind, "index": len(blocks), "pieces": pieces, **empty, **flags, **fields})

    if speech.reasoning:
        add("thinking", speech.reasoning, thinking="".join(speech.reasoning), signature=SIGNATURE)
    if speech.pieces:
        add("text", speech.pieces, text=speech.text)
    for call in speech.calls:
        arguments = msgspec.Raw(call.arguments.encode())
        add("tool_use", call.pieces, id=f"toolu_{token_hex(12)}", name=call.name, input=arguments)
    return blocks


def check(exchange: Exchange) -> None:
    """Messages are required; a missing `max_tokens` is filled in."""
    if not exchange.body.get("messages"):
        refuse(exchange, "field messages is required")


def create(exchange: Exchange) -> Answer:
    """The message, plain or streamed."""
    speech = speak(read(exchange))
    if speech.refusal:
        # A refusal of Claude is a stop reason, mostly without text.
        speech.finish = "content_filter"
    native = exchange.family == "claude"
    values = {
        "id": f"{'msg_' if native else 'chatcmpl-'}{token_hex(12)}",
        "model": exchange.model,
        "blocks": _blocks(speech),
        "stop_reason": STOP_REASONS[speech.finish],
        "input_tokens": speech.input_tokens,
        "output_tokens": speech.output_tokens,
    }
    provider = "claude" if native else "openai"
    if exchange.stream:
        return sample_stream(f"{provider}/message_stream", values)
    return sample_answer(f"{provider}/message", values)


ROUTES = (Route("messages", "POST", "/v1/messages", create, "claude", check, TYPES),)
