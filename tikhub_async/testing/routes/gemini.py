"""`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, also below `/v1/models`.

`alt=sse` alone decides whether events come; the verb does not. Every unknown verb is run as `generateContent`.
"""

from secrets import token_hex
from typing import Any

import msgspec

from tikhub_async.testing._catalog import LANGUAGE
from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer, sample_stream
from tikhub_async.testing._json import as_list, as_object, objects, text_of
from tikhub_async.testing._samples import OMIT
from tikhub_async.testing._words import Asked, Speech, Tool, marks_in, speak, word_count
from tikhub_async.testing.routes.openai_chat import tools_of

TYPES = {"contents": "[]***.GeminiChatContent", "generationConfig": "***.GeminiChatGenerationConfig"}
CONVERTED = LANGUAGE - {"gemini"}
"""Families whose answers the gateway turns into Gemini's form."""
ALWAYS_THINKS = "gemini-3"
"""Beginning of the models that sign every answer; the others do when asked for thoughts."""
SIGNATURE = "ZW11bGF0ZWQgdGhvdWdodHM="
"""Opaque to clients: it only has to come back unchanged."""
FINISH = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def read(exchange: Exchange) -> Asked:
    """A Gemini request as the emulated model understands it."""
    body = exchange.body
    contents = objects(body["contents"])
    users = [content for content in contents if content.get("role", "user") == "user"]
    parts = objects(users[-1].get("parts")) if users else []
    results = [as_object(part["functionResponse"]) for part in parts if part.get("functionResponse")]
    config = as_object(body.get("generationConfig"))
    calling = as_object(as_object(body.get("toolConfig")).get("functionCallingConfig"))
    names = as_list(calling.get("allowedFunctionNames")) or ["*"]
    wants_json = config.get("responseMimeType") == "application/json"
    schema = as_object(config.get("responseSchema")) or as_object(config.get("responseJsonSchema"))
    return Asked(
        prompt=text_of(parts),
        model=exchange.model,
        tools=_tools(body.get("tools")),
        forced={"ANY": str(names[0]), "NONE": "-"}.get(str(calling.get("mode")), ""),
        tool_result=msgspec.json.encode(results[-1].get("response")).decode() if results else None,
        schema=schema if wants_json else None,
        max_tokens=config.get("maxOutputTokens"),
        reasoning=as_object(config.get("thinkingConfig")).get("includeThoughts") is True,
        history=word_count(contents, body.get("systemInstruction"), body.get("tools")),
    )


def _tools(tools: Any) -> list[Tool]:
    declared = [function for tool in objects(tools) for function in objects(tool.get("functionDeclarations"))]
    return tools_of({"parameters": function.get("parametersJsonSchema"), **function} for function in declared)


def _parts(speech: Speech) -> list[dict[str, Any]]:
    """Parts as they are streamed; a plain answer joins the texts."""
    parts: list[dict[str, Any]] = [{"text": piece, "thought": True} for piece in speech.reasoning]
    parts += [{"text": piece} for piece in speech.pieces]
    parts += [
        {"functionCall": {"name": call.name, "args": msgspec.Raw(call.arguments.encode())}} for call in speech.calls
    ]
    return parts


def _signed(parts: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """The parts with the signature that a thinking model wants back: on its first call, else (Gemini 3) on its last text."""
    always = asked.model.startswith(ALWAYS_THINKS)
    calls = [part for part in parts if "functionCall" in part]
    texts = [part for part in parts if "text" in part and not part.get("thought")]
    if calls and (always or asked.reasoning):
        calls[0]["thoughtSignature"] = SIGNATURE
    elif texts and always:
        texts[-1]["thoughtSignature"] = SIGNATURE
    return parts


def _joined(speech: Speech) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if speech.reasoning:
        parts.append({"text": "".join(speech.reasoning), "thought": True})
    if speech.pieces:
        parts.append({"text": speech.text})
    return parts + [part for part in _parts(speech) if "functionCall" in part]


def check(exchange: Exchange) -> None:
    """Contents are required, whatever the verb."""
    if not exchange.body.get("contents"):
        refuse(exchange, "contents is required")


def generate(exchange: Exchange) -> Answer:
    """The answer, plain or streamed."""
    body = exchange.body
    asked = read(exchange)
    speech = speak(asked)
    values: dict[str, Any] = {
        "id": token_hex(11),
        "model": exchange.model,
        "input_tokens": speech.input_tokens,
        "output_tokens": len(speech.pieces) + len(speech.calls),
        "thoughts": len(speech.reasoning) or OMIT,
    }
    values["total_tokens"] = speech.input_tokens + speech.output_tokens
    newline = exchange.world.behaviour.gemini_newline
    if speech.refusal or "filter" in marks_in(asked.prompt):
        if exchange.stream:
            return sample_stream("gemini/blocked_stream", values, newline=newline)
        return sample_answer("gemini/blocked", values)
    native = exchange.family not in CONVERTED
    count = as_object(body.get("generationConfig")).get("candidateCount") or 1
    finish = FINISH[speech.finish]
    if not exchange.stream:
        joined = _signed(_joined(speech), asked)
        values["candidates"] = [{"index": index, "parts": joined, "finish": finish} for index in range(count)]
        return sample_answer("gemini/content" if native else "openai/content", values)
    parts = _signed(_parts(speech) or [{"text": ""}], asked)
    values["steps"] = [
        {
            "index": index,
            "part": part,
            "tokens": number,
            "total": speech.input_tokens + number,
            "open": number < len(parts),
            "finish": finish if number == len(parts) else "",
        }
        for index in range(count)
        for number, part in enumerate(parts, 1)
    ]
    return sample_stream("gemini/content_stream" if native else "openai/content_stream", values, newline=newline)


def _routes(version: str) -> tuple[Route, ...]:
    path = f"/{version}/models/{{model}}:"
    stream = Route(
        "gemini.generate_content_stream",
        "POST",
        f"{path}streamGenerateContent",
        generate,
        "gemini",
        check,
        TYPES,
        model="path",
    )
    return stream, Route(
        "gemini.generate_content", "POST", f"{path}{{verb}}", generate, "gemini", check, TYPES, model="path"
    )


ROUTES = (*_routes("v1beta"), *_routes("v1"))
