"""The bytes that the servers send: answers and streams in the shape of each provider, written for this project."""

import base64
import json
import struct
from typing import Any

TOKENS = 1_000
"""Text deltas in each stream; costs are given per delta, whatever else the stream holds."""
INPUTS, DIMENSIONS = 64, 1_536
"""Vectors of an embeddings answer and numbers in each."""
FILE_BYTES = 50 * 2**20
STAMP = "STAMPSTAMPSTAMPS"
"""The event server writes its clock here, ns."""

PROMPT = "Tell me of the sea, and of those who sail on it. " * 4
ANSWER = "The sea is wide, and most of it has never been seen. " * 6


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _word(number: int) -> str:
    return (" the", " sea", " is", " wide", ",", " and", " nobody", " has", " sailed", " all", " of", " it")[
        number % 12
    ]


# ── whole answers ───────────────────────────────────────────────────────────────────────────────────────────────────

USAGE = {
    "prompt_tokens": 49,
    "completion_tokens": TOKENS,
    "total_tokens": 49 + TOKENS,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
    },
}  # fmt: skip


def chat_answer() -> bytes:
    """A chat completion of ordinary size."""
    message: dict[str, object] = {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _json(
        {
            "id": "chatcmpl-B1Yq8eLJX0", "object": "chat.completion", "created": 1764000000, "model": "gpt-5",
            "choices": [choice], "usage": USAGE, "service_tier": "default", "system_fingerprint": "fp_44709d6fcb",
        }
    ).encode()  # fmt: skip


def claude_answer() -> bytes:
    """A Claude message of the same text."""
    return _json(
        {
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
            "content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 49, "output_tokens": TOKENS},
        }
    ).encode()  # fmt: skip


def gemini_answer() -> bytes:
    """A Gemini answer of the same text."""
    candidate = {"content": {"parts": [{"text": ANSWER}], "role": "model"}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 49, "candidatesTokenCount": TOKENS, "totalTokenCount": 49 + TOKENS}
    return _json({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}).encode()


def task_answer(*, done: bool = False) -> bytes:
    """A video that is still being made, or done."""
    progress = {"status": "completed", "progress": 100} if done else {"status": "in_progress", "progress": 42}
    return _json(
        {
            "id": "video_123", "object": "video", "model": "sora-2", **progress,
            "created_at": 1764000000, "size": "1280x720", "seconds": "8",
        }
    ).encode()  # fmt: skip


def embeddings_answer(encoding: str) -> bytes:
    """Vectors, as numbers or as base64 of 32-bit floats."""
    data: list[dict[str, Any]] = []
    for index in range(INPUTS):
        numbers = [round(((index * 31 + place * 17) % 2_003 - 1_001) / 20_011, 9) for place in range(DIMENSIONS)]
        packed = base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *numbers)).decode()
        data.append({"object": "embedding", "index": index, "embedding": packed if encoding == "base64" else numbers})
    usage = {"prompt_tokens": 512, "total_tokens": 512}
    return _json({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}).encode()


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def chat_stream(tokens: int = TOKENS, *, stamped: bool = False) -> bytes:
    """Chunks of a chat completion, usage and `[DONE]` at the end."""
    head: dict[str, Any] = {
        "id": f"chatcmpl-{STAMP}" if stamped else "chatcmpl-B1Yq8eLJX0", "object": "chat.completion.chunk",
        "created": 1764000000, "model": "gpt-5", "service_tier": "default", "system_fingerprint": "fp_44709d6fcb",
    }  # fmt: skip

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {_json({**head, 'choices': [choice], 'usage': None})}\n\n"

    parts = [chunk({"role": "assistant", "content": "", "refusal": None})]
    parts += [chunk({"content": _word(number)}) for number in range(tokens)]
    parts += [chunk({}, "stop"), f"data: {_json({**head, 'choices': [], 'usage': USAGE})}\n\n", "data: [DONE]\n\n"]
    return "".join(parts).encode()


def _named(event: dict[str, Any]) -> str:
    return f"event: {event['type']}\ndata: {_json(event)}\n\n"


def responses_stream(tokens: int = TOKENS) -> bytes:
    """Events of a response with one text."""
    text = "".join(_word(number) for number in range(tokens))
    item = {"id": "msg_67c9fdcf37fc", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    response: dict[str, Any] = {
        "id": "resp_67c9fdcecf48", "object": "response", "created_at": 1764000000, "status": "in_progress",
        "error": None, "incomplete_details": None, "instructions": None, "model": "gpt-5", "output": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "temperature": 1.0, "top_p": 1.0,
        "metadata": {}, "usage": None,
    }  # fmt: skip
    usage = {
        "input_tokens": 49, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": tokens,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 49 + tokens,
    }  # fmt: skip
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    full = {"type": "output_text", "text": text, "annotations": []}
    done = {**item, "status": "completed", "content": [full]}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.in_progress", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **where, "part": {**full, "text": ""}},
        *(
            {"type": "response.output_text.delta", **where, "delta": _word(number), "logprobs": []}
            for number in range(tokens)
        ),
        {"type": "response.output_text.done", **where, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": full},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {
            "type": "response.completed",
            "response": {**response, "status": "completed", "output": [done], "usage": usage},
        },
    ]
    return "".join(_named({**event, "sequence_number": number}) for number, event in enumerate(events)).encode()


def claude_stream(tokens: int = TOKENS) -> bytes:
    """Events of a Claude message with one text block."""
    message: dict[str, object] = {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 49, "output_tokens": 1},
    }  # fmt: skip
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": _word(number)}}
            for number in range(tokens)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens}},
        {"type": "message_stop"},
    ]
    return "".join(map(_named, events)).encode()


def gemini_stream(tokens: int = TOKENS) -> bytes:
    """Chunks of a Gemini answer, `alt=sse`."""

    def chunk(number: int) -> str:
        candidate: dict[str, Any] = {"content": {"parts": [{"text": _word(number)}], "role": "model"}, "index": 0}
        if number == tokens - 1:
            candidate["finishReason"] = "STOP"
        usage = {"promptTokenCount": 49, "candidatesTokenCount": number + 1, "totalTokenCount": 50 + number}
        whole = {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "gemini-2.5-flash",
            "responseId": "r1",
        }
        return f"data: {_json(whole)}\n\n"

    return "".join(map(chunk, range(tokens))).encode()
