"""`POST /v1/responses`, plain and streamed. OpenAI models only: the gateway has no conversion for the others."""

from secrets import token_hex
from typing import Any

import msgspec

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer, sample_stream
from tikhub_async.testing._json import as_object, is_list, objects, text_of
from tikhub_async.testing._samples import OMIT, Sequence, sample
from tikhub_async.testing._words import Asked, Speech, speak, word_count
from tikhub_async.testing.routes.openai_chat import allowed, forced_tool, tools_of

TYPES = {
    "stream": "bool",
    "instructions": "string",
    "max_output_tokens": "int",
    "temperature": "float64",
    "top_p": "float64",
    "tools": "[]map[string]interface {}",
    "previous_response_id": "string",
}
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Finish word → reason of an incomplete response."""

PIECE_LISTS = ("summary_pieces", "text_pieces", "refusal_pieces", "argument_pieces")


def read(exchange: Exchange) -> Asked:
    """A Responses request as the emulated model understands it."""
    body = exchange.body
    given = body["input"]
    items = objects(given if is_list(given) else [{"role": "user", "content": given}])
    users = [item for item in items if item.get("role") == "user"]
    last = as_object(items[-1] if items else None)
    text_format = as_object(as_object(body.get("text")).get("format"))
    wants_json = text_format.get("type") in {"json_object", "json_schema"}
    effort = as_object(body.get("reasoning")).get("effort")
    return Asked(
        prompt=text_of(users[-1].get("content")) if users else "",
        model=exchange.model,
        tools=allowed(
            tools_of(tool for tool in objects(body.get("tools")) if tool.get("type") == "function"),
            body.get("tool_choice"),
        ),
        forced=forced_tool(body.get("tool_choice")),
        parallel=body.get("parallel_tool_calls") is not False,
        tool_result=text_of(last.get("output")) if last.get("type") == "function_call_output" else None,
        schema=as_object(text_format.get("schema")) if wants_json else None,
        max_tokens=body.get("max_output_tokens"),
        reasoning=effort not in {None, "none", "minimal"},
        history=word_count(items, body.get("instructions"), body.get("tools")),
    )


def _items(speech: Speech) -> list[dict[str, Any]]:
    """Output items with what their stream needs: the opening item, the final one, the pieces in between."""
    items: list[dict[str, Any]] = []

    def add(
        kind: str, prefix: str, opening: dict[str, Any], final: dict[str, Any], pieces: str, parts: list[str]
    ) -> None:
        base = {"type": kind, "id": f"{prefix}_{token_hex(16)}"}
        streams = {name: list[str]() for name in PIECE_LISTS}
        text = "".join(parts)
        added, done = {**base, **opening}, {**base, **final}
        items.append(
            {**done, "index": len(items), **streams, pieces: parts, "text": text, "added": added, "done": done}
        )

    if speech.reasoning:
        summary = [{"type": "summary_text", "text": "".join(speech.reasoning)}]
        add("reasoning", "rs", {"summary": []}, {"summary": summary}, "summary_pieces", speech.reasoning)
    for call in speech.calls:
        shared = {"call_id": f"call_{token_hex(12)}", "name": call.name}
        opening = {"status": "in_progress", **shared, "arguments": ""}
        final = {"status": "completed", **shared, "arguments": call.arguments}
        add("function_call", "fc", opening, final, "argument_pieces", call.pieces)
    if speech.refusal or speech.pieces:
        role = {"role": "assistant"}
        status = "incomplete" if speech.finish in INCOMPLETE else "completed"
        if speech.refusal:
            part: dict[str, Any] = {"type": "refusal", "refusal": "".join(speech.refusal)}
        else:
            part = {"type": "output_text", "annotations": [], "logprobs": [], "text": speech.text}
        add(
            "message", "msg", {"status": "in_progress", "content": [], **role}, {"status": status, "content": [part], **role},
            "refusal_pieces" if speech.refusal else "text_pieces", speech.refusal or speech.pieces,
        )  # fmt: skip
    return items


def _values(exchange: Exchange, speech: Speech, items: list[dict[str, Any]]) -> dict[str, Any]:
    body = exchange.body
    reason = INCOMPLETE.get(speech.finish)
    usage = {
        "input_tokens": speech.input_tokens,
        "output_tokens": speech.output_tokens,
        "total_tokens": speech.input_tokens + speech.output_tokens,
        "reasoning_tokens": len(speech.reasoning),
    }
    reasoning = as_object(body.get("reasoning"))
    return {
        "id": f"resp_{token_hex(24)}",
        "created": exchange.created,
        "completed": None if reason else exchange.created,
        "status": "incomplete" if reason else "completed",
        "incomplete": {"reason": reason} if reason else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": exchange.model,
        "items": items,
        "parallel": body.get("parallel_tool_calls", True),
        "previous": body.get("previous_response_id"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **as_object(body.get("text"))},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "usage": msgspec.Raw(sample("openai/response_usage").body(usage)),
        "metadata": body.get("metadata") or {},
    }


def check(exchange: Exchange) -> None:
    """An OpenAI model and an input are required."""
    if exchange.family != "openai":
        refuse(exchange, "not implemented", code="convert_request_failed")
    if not exchange.body.get("input"):
        refuse(exchange, "input is required")


def respond(exchange: Exchange) -> Answer:
    """The response, plain or streamed."""
    speech = speak(read(exchange))
    items = _items(speech)
    for item in items:
        for name in ("summary", "status", "role", "content", "call_id", "name", "arguments"):
            item.setdefault(name, OMIT)
    values = _values(exchange, speech, items)
    if not exchange.stream:
        return sample_answer("openai/response", values)
    whole = sample("openai/response")
    begin: dict[str, Any] = {
        **values,
        "status": "in_progress",
        "completed": None,
        "incomplete": None,
        "items": [],
        "usage": None,
    }
    return sample_stream(
        "openai/response_stream",
        {
            "sequence": Sequence(),
            "opening": msgspec.Raw(whole.body(begin)),
            "closing": msgspec.Raw(whole.body(values)),
            "stream_items": items,
            "completed_now": values["status"] == "completed",
            "incomplete": values["status"] == "incomplete",
        },
    )


ROUTES = (Route("responses", "POST", "/v1/responses", respond, "openai", check, TYPES),)
