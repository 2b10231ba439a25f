"""The events of a streamed chat completion.

A chunk is what one `data:` line holds. The structs are not tracked by the garbage collector: they hold
no cycles, and a stream makes five of them per token.
"""

from typing import Any

from tikhub_async.types._base import Model, Number
from tikhub_async.types.chat.response import Annotation, ChoiceLogprobs
from tikhub_async.types.chat.safety import ContentFilterResults, Moderation, PromptFilterResult
from tikhub_async.types.usage import UsageInfo


class FunctionCallDelta(Model, frozen=True, kw_only=True, gc=False):
    """The next piece of a function call."""

    name: str | None = None
    """Comes once."""
    arguments: str | None = None
    """The next piece of JSON text; may be `""`."""


class CustomCallDelta(Model, frozen=True, kw_only=True, gc=False):
    """The next piece of a custom tool's call."""

    name: str | None = None
    """Comes once."""
    input: str | None = None
    """The next piece of text."""


class ToolCallDelta(Model, frozen=True, kw_only=True, gc=False):
    """The next piece of a tool call."""

    index: int | None = None
    """Which call this belongs to. Not a place in a list: the only call may have index 1."""
    id: str | None = None
    """Comes once, with the first piece."""
    type: str | None = None
    function: FunctionCallDelta | None = None
    custom: CustomCallDelta | None = None


class AudioDelta(Model, frozen=True, kw_only=True, gc=False):
    """The next piece of a spoken answer; its members come in separate chunks."""

    id: str | None = None
    data: str | None = None
    """The next piece of sound as base64."""
    transcript: str | None = None
    """The next piece of text."""
    expires_at: Number | None = None
    """Unix seconds."""


class ChoiceDelta(Model, frozen=True, kw_only=True, gc=False):
    """What one chunk adds to an answer."""

    content: str | None = None
    """The next piece of visible text; null and `""` mean none."""
    reasoning_content: str | None = None
    """The next piece of thinking: DeepSeek, converted Claude."""
    role: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    function_call: FunctionCallDelta | None = None
    audio: AudioDelta | None = None
    annotations: list[Annotation] | None = None


NOTHING = ChoiceDelta()


class ChatCompletionChunkChoice(Model, frozen=True, kw_only=True, gc=False):
    """One answer's part of a chunk."""

    index: int = 0
    """Which of the `n` answers; they interleave."""
    delta: ChoiceDelta = NOTHING
    finish_reason: str | None = None
    """Set once the answer is whole; Gemini models may send it twice."""
    logprobs: ChoiceLogprobs | None = None
    """Of this chunk's tokens only."""
    content_filter_results: ContentFilterResults | None = None


class ChatCompletionChunk(Model, frozen=True, kw_only=True, gc=False):
    """One event of a streamed chat completion."""

    id: str = ""
    object: str = "chat.completion.chunk"
    created: Number | None = None
    """Unix seconds; 0 in the chunks that the gateway makes itself."""
    model: str = ""
    choices: list[ChatCompletionChunkChoice] = []
    """Mostly one; none in the chunks with usage, moderation or prompt filter results."""
    usage: UsageInfo | None = None
    """Of the whole call, so far; with one chunk near the end only."""
    service_tier: str | None = None
    system_fingerprint: str | None = None
    moderation: Moderation | None = None
    obfuscation: str | None = None
    """Random padding that hides the length of tokens from listeners."""
    prompt_filter_results: list[PromptFilterResult] | None = None
    """Azure-hosted models, first chunk: the content filter's verdict on the prompt."""
    error: Any = None
    """What went wrong, in the place of a chunk; raised as an error by the stream."""

    @property
    def text(self) -> str:
        """The visible text that this chunk adds to the first choice."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.delta.content or ""
        return ""
