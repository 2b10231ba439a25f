"""Chat completion chunks → the whole answer.

Invariants: answers are told apart by `choice.index` and tool calls by `tool_calls[].index`, never by
their place in a list; `content` stays null until a string arrives, were it empty; usage is what the last
chunk with usage said, never a sum. `[DONE]` is not looked at: the gateway sends it after cut streams too,
so only a finish reason proves that an answer is whole.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from tikhub_async._accumulate._text import joined
from tikhub_async.errors import ProtocolError, TikHubError
from tikhub_async.types.chat import (
    Annotation,
    AudioDelta,
    ChatCompletionAudio,
    ChatCompletionChoice,
    ChatCompletionChunk,
    ChatCompletionChunkChoice,
    ChatCompletionMessage,
    ChatCompletionResponse,
    ChoiceDelta,
    ChoiceLogprobs,
    ContentFilterResults,
    CustomCall,
    FunctionCall,
    FunctionCallDelta,
    Moderation,
    PromptFilterResult,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
)
from tikhub_async.types.chat.safety import NO_FILTER_RESULTS
from tikhub_async.types.usage import UsageInfo


class ChatAccumulator:
    """Collects the chunks of one streamed chat completion.

    Attributes:
        error: The error that came in the place of a chunk, as plain data; None while all is well.
        usage: The last usage seen; None means unknown.
        ended: Always False: chunks with usage or moderation follow the last finish reason.
    """

    event_type: ClassVar[Any] = ChatCompletionChunk
    ended = False

    def __init__(self) -> None:
        self.error: dict[str, Any] | None = None
        self.usage: UsageInfo | None = None
        self._id = ""
        self._model = ""
        self._created: int | float | None = None
        self._named = False
        self._service_tier: str | None = None
        self._system_fingerprint: str | None = None
        self._moderation: Moderation | None = None
        self._prompt_filter_results: list[PromptFilterResult] | None = None
        self._choices: dict[int, _Choice] = {}

    @property
    def complete(self) -> bool:
        """True once at least one choice was seen and each one seen has a finish reason."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    def feed(self, events: Sequence[ChatCompletionChunk]) -> int:
        """Take chunks in; the number that may be handed on: all, or those before an error."""
        choices = self._choices
        for number, chunk in enumerate(events):
            if chunk.error:
                self.error = {"error": chunk.error}
                return number
            if not self._named:
                self._name(chunk)
            if chunk.usage is not None:
                self.usage = chunk.usage
            if chunk.service_tier:
                self._service_tier = chunk.service_tier
            if chunk.system_fingerprint:
                self._system_fingerprint = chunk.system_fingerprint
            if chunk.moderation is not None or chunk.prompt_filter_results is not None:
                self._moderation = chunk.moderation or self._moderation
                self._prompt_filter_results = chunk.prompt_filter_results or self._prompt_filter_results
            for part in chunk.choices:
                choice = choices.get(part.index)
                if choice is None:
                    choice = choices[part.index] = _Choice()
                delta = part.delta
                if delta.content is not None:
                    choice.content.append(delta.content)
                if delta.reasoning_content is not None:
                    choice.reasoning.append(delta.reasoning_content)
                if part.finish_reason or part.logprobs is not None or part.content_filter_results is not None:
                    choice.add_facts(part)
                rare = delta.role or delta.tool_calls or delta.audio or delta.function_call or delta.annotations
                if rare or delta.refusal is not None:
                    choice.add_rare(delta)
        return len(events)

    def _name(self, chunk: ChatCompletionChunk) -> None:
        # Azure, and the gateway in chunks of its own, send id "", model "" and created 0.
        self._id = self._id or chunk.id
        self._model = self._model or chunk.model
        self._created = self._created or chunk.created or None
        self._named = bool(self._id and self._model and self._created)

    def snapshot(self) -> ChatCompletionResponse:
        """The answer as far as it has arrived; the whole one once `complete`."""
        return ChatCompletionResponse(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[self._choices[index].snapshot(index) for index in sorted(self._choices)],
            usage=self.usage,
            service_tier=self._service_tier,
            system_fingerprint=self._system_fingerprint,
            moderation=self._moderation,
            prompt_filter_results=self._prompt_filter_results,
        )

    def problem(self) -> TikHubError | None:
        """The error that a stream without any answer stands for; else None: a finish reason is for the caller to read.

        The gateway ends such streams with `[DONE]` like all others, after a chunk with usage of its own counting.
        """
        if self.complete or any(choice.spoke for choice in self._choices.values()):
            return None
        return ProtocolError(
            "the stream holds no answer",
            hint="the provider answered something that the gateway cannot stream (a page, nothing, an answer in one "
            "piece), or its filter blocked the prompt without saying so; the gateway may have charged the prompt",
        )

    @staticmethod
    def text(event: ChatCompletionChunk) -> str:
        """The visible text that a chunk adds to the first choice."""
        return event.text


class _Choice:
    """One of the alternative answers while it grows."""

    __slots__ = (
        "annotations",
        "audio",
        "calls",
        "content",
        "filter_results",
        "finish_reason",
        "function_call",
        "logprobs",
        "reasoning",
        "refusal",
        "refusal_logprobs",
        "role",
    )

    def __init__(self) -> None:
        self.role = ""
        self.content: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: _Calls | None = None
        self.function_call: _Call | None = None
        self.audio: _Audio | None = None
        self.annotations: list[Annotation] = []
        self.logprobs: list[TokenLogprob] | None = None
        self.refusal_logprobs: list[TokenLogprob] | None = None
        self.filter_results: ContentFilterResults | None = None
        self.finish_reason: str | None = None

    @property
    def spoke(self) -> bool:
        """Whether anything of an answer came, were it a tool's name."""
        rare = self.calls or self.function_call or self.audio or self.annotations
        return bool(rare) or any(map(any, (self.content, self.reasoning, self.refusal)))

    def add_facts(self, part: ChatCompletionChunkChoice) -> None:
        """What stands beside the delta."""
        reason = part.finish_reason
        # Converted Gemini streams say "tool_calls", then "stop": the word that says more stands.
        if reason and (not self.finish_reason or (reason != "stop" and self.finish_reason != "tool_calls")):
            self.finish_reason = reason
        if part.logprobs is not None:
            if part.logprobs.content is not None:
                self.logprobs = self.logprobs if self.logprobs is not None else []
                self.logprobs += part.logprobs.content
            if part.logprobs.refusal is not None:
                self.refusal_logprobs = self.refusal_logprobs if self.refusal_logprobs is not None else []
                self.refusal_logprobs += part.logprobs.refusal
        # Azure sends {} with the chunks that were not looked at.
        if part.content_filter_results is not None and part.content_filter_results != NO_FILTER_RESULTS:
            self.filter_results = part.content_filter_results

    def add_rare(self, delta: ChoiceDelta) -> None:
        """The members that most deltas lack."""
        if delta.role and not self.role:
            self.role = delta.role
        if delta.refusal is not None:
            self.refusal.append(delta.refusal)
        if delta.tool_calls:
            if self.calls is None:
                self.calls = _Calls()
            self.calls.add(delta.tool_calls)
        if delta.function_call is not None:
            if self.function_call is None:
                self.function_call = _Call(None)
            self.function_call.add_function(delta.function_call)
        if delta.audio is not None:
            if self.audio is None:
                self.audio = _Audio()
            self.audio.add(delta.audio)
        if delta.annotations is not None:
            self.annotations += delta.annotations

    def snapshot(self, index: int) -> ChatCompletionChoice:
        logprobs = None
        if self.logprobs is not None or self.refusal_logprobs is not None:
            logprobs = ChoiceLogprobs(content=_copy(self.logprobs), refusal=_copy(self.refusal_logprobs))
        message = ChatCompletionMessage(
            role=self.role or "assistant",
            content=join_text(self.content),
            refusal=join_text(self.refusal),
            reasoning_content=join_text(self.reasoning),
            tool_calls=self.calls.snapshot() if self.calls is not None else [],
            annotations=list(self.annotations),
            audio=self.audio.snapshot() if self.audio is not None else None,
            function_call=self.function_call.function() if self.function_call is not None else None,
        )
        return ChatCompletionChoice(
            index=index,
            message=message,
            finish_reason=self.finish_reason,
            logprobs=logprobs,
            content_filter_results=self.filter_results,
        )


class _Call:
    """One tool call while it grows."""

    __slots__ = ("id", "index", "name", "pieces", "type")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.type = ""
        self.name = ""
        self.pieces: list[str] = []

    def add(self, delta: ToolCallDelta) -> None:
        # id, type and name come once; hosts that repeat them repeat them whole.
        self.id = self.id or delta.id or ""
        self.type = self.type or delta.type or ("custom" if delta.custom is not None else "")
        if delta.function is not None:
            self.add_function(delta.function)
        if delta.custom is not None:
            self.name = self.name or delta.custom.name or ""
            self.pieces.append(delta.custom.input or "")

    def add_function(self, delta: FunctionCallDelta) -> None:
        self.name = self.name or delta.name or ""
        self.pieces.append(delta.arguments or "")

    def function(self) -> FunctionCall:
        return FunctionCall(name=self.name, arguments=join_text(self.pieces) or "")

    def snapshot(self) -> ToolCall:
        if self.type == "custom":
            custom = CustomCall(name=self.name, input=join_text(self.pieces) or "")
            return ToolCall(id=self.id, type=self.type, custom=custom, index=self.index)
        return ToolCall(id=self.id, type=self.type or "function", function=self.function(), index=self.index)


class _Calls:
    """The tool calls of one answer, in the order in which they began."""

    __slots__ = ("by_id", "by_index", "calls")

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.by_index: dict[int, _Call] = {}
        self.by_id: dict[str, _Call] = {}

    def add(self, deltas: Sequence[ToolCallDelta]) -> None:
        for place, delta in enumerate(deltas):
            call = self._find(delta, place, len(deltas)) or self._begin(delta)
            call.add(delta)
            if call.id:
                self.by_id[call.id] = call

    def _find(self, delta: ToolCallDelta, place: int, count: int) -> _Call | None:
        """The call that a piece belongs to, None when it begins a new one."""
        if delta.index is not None:
            call = self.by_index.get(delta.index)
            begins = delta.id and delta.function is not None and delta.function.name
            if call is not None and begins and call.id and call.id != delta.id:
                return None  # hosts that send every call of an answer whole, all with index 0
            return call
        if delta.id:
            return self.by_id.get(delta.id)
        if count > 1:
            return self.calls[place] if place < len(self.calls) else None
        return self.calls[-1] if self.calls else None

    def _begin(self, delta: ToolCallDelta) -> _Call:
        call = _Call(delta.index)
        self.calls.append(call)
        if delta.index is not None:
            self.by_index[delta.index] = call
        return call

    def snapshot(self) -> list[ToolCall]:
        indexed = all(call.index is not None for call in self.calls)
        ordered = sorted(self.calls, key=lambda call: call.index or 0) if indexed else self.calls
        return [call.snapshot() for call in ordered]


class _Audio:
    """A spoken answer while it grows."""

    __slots__ = ("data", "expires_at", "id", "transcript")

    def __init__(self) -> None:
        self.id = ""
        self.expires_at: int | float | None = None
        self.data: list[str] = []
        self.transcript: list[str] = []

    def add(self, delta: AudioDelta) -> None:
        self.id = delta.id or self.id
        self.expires_at = delta.expires_at or self.expires_at
        self.data.append(delta.data or "")
        self.transcript.append(delta.transcript or "")

    def snapshot(self) -> ChatCompletionAudio:
        return ChatCompletionAudio(
            id=self.id,
            data=join_base64(self.data),
            expires_at=self.expires_at,
            transcript=join_text(self.transcript) or "",
        )


def join_text(pieces: Sequence[str]) -> str | None:
    """The pieces as one text, None where there were none."""
    return joined(pieces) if pieces else None


def join_base64(pieces: Sequence[str]) -> str:
    """The pieces as one base64 text, also where each piece was encoded, and padded, by itself."""
    text = "".join(pieces)
    units = re.findall("[^=]+=*", text)
    if len(units) <= 1:
        return text
    try:
        return base64.b64encode(b"".join(map(binascii.a2b_base64, units))).decode()
    except ValueError:  # `binascii.Error` is one, and what is not ASCII raises the bare class
        return text  # cut short, or spoiled: as it came is better than not at all


def _copy(items: list[TokenLogprob] | None) -> list[TokenLogprob] | None:
    return None if items is None else list(items)
