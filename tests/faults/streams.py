"""Streams whose every event carries its number, in each dialect: what was delivered shows what was lost."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tikhub_async import TikHubAI

MESSAGES: Any = [{"role": "user", "content": "Count"}]


def event(data: Any, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def word(number: int) -> str:
    """The text of event `number`; some words are long, some not ASCII."""
    return f"{number}{'é字😀'[number % 3] * (1 + number % 7) if number % 5 == 0 else ''} "


def chat(words: Sequence[str]) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas = [{**head, "choices": [{"index": 0, "delta": {"content": text}}]} for text in words]
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {**head, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
    return [*(event(delta) for delta in deltas), event(last), event(usage), event("[DONE]")]


def claude(words: Sequence[str]) -> list[bytes]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    block = {"type": "text", "text": ""}
    parts: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in words),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return [event(part, part["type"]) for part in parts]


def responses(words: Sequence[str]) -> list[bytes]:
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    text = {"type": "output_text", "text": "".join(words), "annotations": []}
    whole = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": []}
    done = {**whole, "status": "completed", "output": [{**item, "status": "completed", "content": [text]}]}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    parts: list[dict[str, Any]] = [
        {"type": "response.created", "response": whole},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": {**text, "text": ""}},
        *({"type": "response.output_text.delta", **place, "delta": word} for word in words),
        {"type": "response.output_text.done", **place, "text": "".join(words)},
        {"type": "response.completed", "response": done},
    ]
    return [event({**part, "sequence_number": number}, part["type"]) for number, part in enumerate(parts)]


def gemini(words: Sequence[str]) -> list[bytes]:
    def part(text: str, **more: Any) -> dict[str, Any]:
        return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}, **more}]}

    return [*(event(part(text)) for text in words), event(part("", finishReason="STOP"))]


class Dialect(NamedTuple):
    """One kind of stream."""

    path: str
    events: Callable[[Sequence[str]], list[bytes]]
    open: Callable[[TikHubAI], Any]


DIALECTS: dict[str, Dialect] = {
    "chat": Dialect(
        "/v1/chat/completions", chat, lambda ai: ai.openai.chat.completions.stream(model="m", messages=MESSAGES)
    ),
    "messages": Dialect(
        "/v1/messages", claude, lambda ai: ai.claude.messages.stream(model="m", max_tokens=9, messages=MESSAGES)
    ),
    "responses": Dialect("/v1/responses", responses, lambda ai: ai.openai.responses.stream(model="m", input="Count")),
    "gemini": Dialect(
        "/v1beta/models/m:streamGenerateContent",
        gemini,
        lambda ai: ai.gemini.models.generate_content_stream(model="m", contents="Count"),
    ),
}


class Reading:
    """What a consumer got of a stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.events = 0
        self.words: list[str] = []

    async def to_the_end(self) -> str:
        """Read all of it; the whole text."""
        text = self.stream._accumulator.text
        async with self.stream:
            async for item in self.stream:
                self.events += 1
                if piece := text(item):
                    self.words.append(piece)
        return str((await self.stream.final()).text)

    def assert_prefix_of(self, words: Sequence[str]) -> None:
        """Nothing lost, doubled or out of order before the end."""
        assert self.words == list(words[: len(self.words)]), (self.words, words)
