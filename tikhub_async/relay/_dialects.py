"""The common vocabulary over the five streaming protocols, and how each of them words an error.

Pure functions, one entry of `DIALECTS` per protocol. What grows is read from the events; what must be whole (tool calls,
the reason for the end) from the finished result, so that a call whose arguments were cut never reaches a browser.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tikhub_async._accumulate.chat import ChatAccumulator
from tikhub_async._accumulate.claude import ClaudeAccumulator
from tikhub_async._accumulate.gemini import GeminiAccumulator
from tikhub_async._accumulate.responses import ResponsesAccumulator
from tikhub_async._accumulate.transcription import TranscriptionAccumulator
from tikhub_async._wire import codec
from tikhub_async._wire.finish_reason import FinishReason, finish_reason
from tikhub_async.relay import _sse
from tikhub_async.types.audio import TranscriptionResponse, TranscriptionStreamEvent, TranscriptTextDelta
from tikhub_async.types.chat import ChatCompletionChunk, ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.claude import events as claude
from tikhub_async.types.claude.blocks import TextBlock
from tikhub_async.types.gemini import GeminiChunk, GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject, ResponseStreamEvent
from tikhub_async.types.responses import events as responses
from tikhub_async.types.responses.items import ResponseCustomToolCall, ResponseFunctionToolCall
from tikhub_async.types.responses.tool_events import ResponseAudioTranscriptDeltaEvent

TEXT, REASONING, REFUSAL = "text", "reasoning", "refusal"

Pieces = list[tuple[str, str]]
"""(kind, text), in order."""


class ToolCall(NamedTuple):
    """A whole call of one of the caller's tools."""

    id: str
    """"" where the provider gives none."""
    name: str
    arguments: str
    """JSON text; free text for a custom tool."""


class Ending(NamedTuple):
    """How an answer ended."""

    word: str
    """The provider's own word, "" where it was lost."""
    calls: list[ToolCall]
    model: str
    refused: bool = False


class Dialect(NamedTuple):
    """One protocol."""

    pieces: Callable[[Sequence[Any]], Pieces]
    """What events add."""
    ending: Callable[[Any], Ending]
    """How a whole result ended."""
    error: Callable[[Mapping[str, Any]], bytes]
    """An error in the protocol's own form, from what the browser may know."""
    says_done: bool = False
    """The protocol ends with `[DONE]`."""


def reason_of(ending: Ending) -> FinishReason:
    """Why an answer ended, as the browser is told."""
    reason = finish_reason(ending.word)
    if reason == "stop" and ending.refused:
        return "refusal"
    return "tool_calls" if reason == "stop" and ending.calls else reason


# ── chat completions ────────────────────────────────────────────────────────────────────────────────────────────────


def _chat_pieces(events: Sequence[ChatCompletionChunk]) -> Pieces:
    pieces: Pieces = []
    for chunk in events:
        for choice in chunk.choices:
            if choice.index == 0:
                delta = choice.delta
                if delta.reasoning_content:
                    pieces.append((REASONING, delta.reasoning_content))
                if delta.content:
                    pieces.append((TEXT, delta.content))
                if delta.refusal:
                    pieces.append((REFUSAL, delta.refusal))
    return pieces


def _chat_ending(result: ChatCompletionResponse) -> Ending:
    choice = next((choice for choice in result.choices if choice.index == 0), None)
    if choice is None:
        return Ending("", [], result.model)
    message = choice.message
    calls = [ToolCall(call.id, call.name, call.arguments) for call in message.tool_calls]
    if message.function_call is not None:
        calls.append(ToolCall("", message.function_call.name, message.function_call.arguments))
    return Ending(choice.finish_reason or "", calls, result.model, bool(message.refusal))


def _openai_error(told: Mapping[str, Any]) -> bytes:
    error = {"message": told.get("message"), "type": told.get("type"), "param": None, "code": told.get("type")}
    return _sse.again("message", codec.dumps({"error": {**error, **_rest(told)}}))


# ── Claude ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _claude_pieces(events: Sequence[claude.MessageStreamEvent]) -> Pieces:
    pieces: Pieces = []
    for event in events:
        if type(event) is claude.ContentBlockDeltaEvent:
            delta = event.delta
            if type(delta) is claude.TextDelta:
                pieces.append((TEXT, delta.text))
            elif type(delta) is claude.ThinkingDelta:
                pieces.append((REASONING, delta.thinking))
        elif type(event) is claude.ContentBlockStartEvent and type(event.content_block) is TextBlock:
            pieces.append((TEXT, event.content_block.text))
    return pieces


def _claude_ending(result: ClaudeMessageResponse) -> Ending:
    calls = [
        ToolCall(block.id, block.name, codec.dumps(block.input).decode())
        for block in result.tool_uses
        if block.input_json is None
    ]
    return Ending(result.stop_reason or "", calls, result.model or "")


def _claude_error(told: Mapping[str, Any]) -> bytes:
    error = {"type": told.get("type"), "message": told.get("message")}
    facts = {"request_id": told["request_id"]} if "request_id" in told else {}
    return _sse.event("error", {"type": "error", "error": error, **facts})


# ── Responses ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _responses_pieces(events: Sequence[ResponseStreamEvent]) -> Pieces:
    pieces: Pieces = []
    for event in events:
        match event:
            case responses.ResponseTextDeltaEvent() | ResponseAudioTranscriptDeltaEvent():
                pieces.append((TEXT, event.delta))
            case responses.ResponseReasoningTextDeltaEvent() | responses.ResponseReasoningSummaryTextDeltaEvent():
                pieces.append((REASONING, event.delta))
            case responses.ResponseReasoningSummaryPartAddedEvent() if event.summary_index:
                pieces.append((REASONING, "\n\n"))  # the parts of a summary are paragraphs
            case responses.ResponseRefusalDeltaEvent():
                pieces.append((REFUSAL, event.delta))
            case _:
                pass
    return pieces


def _responses_ending(result: ResponseObject) -> Ending:
    calls: list[ToolCall] = []
    for item in result.output:
        if isinstance(item, ResponseFunctionToolCall) and item.status != "incomplete":
            calls.append(ToolCall(item.call_id, item.name, item.arguments))
        elif isinstance(item, ResponseCustomToolCall) and item.status != "incomplete":
            calls.append(ToolCall(item.call_id, item.name, item.input))
    details = result.incomplete_details
    word = (details.reason if details is not None else None) or result.status or ""
    return Ending(word, calls, result.model or "", bool(result.refusal))


def _responses_error(told: Mapping[str, Any]) -> bytes:
    error = {"code": told.get("type"), "message": told.get("message"), "param": None}
    return _sse.event("error", {"type": "error", **error, **_rest(told)})


# ── Gemini ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _gemini_pieces(events: Sequence[GeminiChunk]) -> Pieces:
    return [(REASONING if part.thought else TEXT, part.text) for chunk in events for part in chunk.parts if part.text]


def _gemini_ending(result: GeminiGenerateContentResponse) -> Ending:
    calls = [
        ToolCall(call.id or "", call.name, codec.dumps(call.args).decode())
        for call in result.function_calls
        if not call.will_continue
    ]
    word = next((candidate.finish_reason for candidate in result.candidates if candidate.index == 0), None)
    return Ending(word or "", calls, result.model_version or "")


def _gemini_error(told: Mapping[str, Any]) -> bytes:
    error = {"code": 500, "message": told.get("message"), "status": told.get("type")}
    return _sse.again("message", codec.dumps({"error": {**error, **_rest(told)}}))


# ── transcription ───────────────────────────────────────────────────────────────────────────────────────────────────


def _transcription_pieces(events: Sequence[TranscriptionStreamEvent]) -> Pieces:
    return [(TEXT, event.delta) for event in events if isinstance(event, TranscriptTextDelta)]


def _transcription_ending(_: TranscriptionResponse) -> Ending:
    return Ending("", [], "")


def _rest(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in ("type", "message")}


DIALECTS: Mapping[type, Dialect] = {
    ChatAccumulator: Dialect(_chat_pieces, _chat_ending, _openai_error, says_done=True),
    ClaudeAccumulator: Dialect(_claude_pieces, _claude_ending, _claude_error),
    ResponsesAccumulator: Dialect(_responses_pieces, _responses_ending, _responses_error),
    GeminiAccumulator: Dialect(_gemini_pieces, _gemini_ending, _gemini_error),
    TranscriptionAccumulator: Dialect(_transcription_pieces, _transcription_ending, _openai_error),
}
