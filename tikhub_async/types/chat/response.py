"""The answer to a chat completion."""

import binascii
from typing import Any

import msgspec

from tikhub_async.types._base import Model, Number, Response, ResponseMeta, Source
from tikhub_async.types.chat.messages import AssistantMessage, ToolCallParam
from tikhub_async.types.chat.safety import ContentFilterResults, Moderation, PromptFilterResult
from tikhub_async.types.usage import UsageInfo


class FunctionCall(Model, frozen=True, kw_only=True, gc=False):
    """Which function the model calls, and with what."""

    name: str = ""
    arguments: str = ""
    """JSON text as the model wrote it, not checked against the schema; `""` means no arguments."""


class CustomCall(Model, frozen=True, kw_only=True, gc=False):
    """Which custom tool the model calls, and with what."""

    name: str = ""
    input: str = ""
    """Free text as the model wrote it."""


class ToolCall(Source, frozen=True, kw_only=True):
    """A tool that the model wants to be called: a function or a custom tool, as `type` says."""

    id: str = ""
    """To be quoted as `tool_call_id` in the message with the result."""
    type: str = "function"
    function: FunctionCall | None = None
    custom: CustomCall | None = None
    index: int | None = None
    """Place among the calls of its message: in streams, and with DeepSeek always. May start at 1."""

    @property
    def name(self) -> str:
        """The tool's name, `""` where it was not sent."""
        called = self.function or self.custom
        return called.name if called else ""

    @property
    def arguments(self) -> str:
        """What the tool gets: a function's JSON text or a custom tool's free text."""
        if self.function is not None:
            return self.function.arguments
        return self.custom.input if self.custom is not None else ""

    def to_param(self) -> ToolCallParam:
        """This call as part of a request's history."""
        param: ToolCallParam = _call_param(self.wire())
        return param


class URLCitation(Model, frozen=True, kw_only=True):
    """A web page that a piece of the text is taken from."""

    start_index: int | None = None
    """First character of that piece in `content`."""
    end_index: int | None = None
    """Its last character."""
    title: str | None = None
    url: str | None = None


class Annotation(Model, frozen=True, kw_only=True):
    """A note on a piece of the text."""

    type: str = "url_citation"
    url_citation: URLCitation | None = None


class ChatCompletionAudio(Model, frozen=True, kw_only=True):
    """A spoken answer."""

    id: str = ""
    """To refer to this answer in a later request."""
    data: str = ""
    """The sound as base64, in the format asked for."""
    expires_at: Number | None = None
    """Until when `id` can be referred to, Unix seconds."""
    transcript: str = ""

    def to_bytes(self) -> bytes:
        """The sound, decoded.

        Raises:
            ValueError: `data` is not base64, as after a cut stream.
        """
        return binascii.a2b_base64(self.data)


class ChatCompletionMessage(Source, frozen=True, kw_only=True):
    """The model's message."""

    role: str = "assistant"
    content: str | None = None
    """The visible text; null or `""` beside tool calls, a refusal or audio."""
    refusal: str | None = None
    """What the model says instead of answering."""
    reasoning_content: str | None = None
    """The thinking before the text: DeepSeek, converted Claude."""
    tool_calls: list[ToolCall] = []
    annotations: list[Annotation] = []
    audio: ChatCompletionAudio | None = None
    function_call: FunctionCall | None = None
    """Old form of `tool_calls`."""

    def to_param(self) -> AssistantMessage:
        """This message as part of a request's `messages`.

        Keeps what was on the wire, `reasoning_content` and members unknown to this version included.
        Left out is what only answers have: annotations, the sound itself, a call's `index`.
        """
        data = self.wire()
        data["role"] = self.role
        data.setdefault("content", None)  # some hosts ask for the member even where it says nothing
        data.pop("annotations", None)
        calls = data.pop("tool_calls", None)
        if calls:  # an empty list is refused by OpenAI
            data["tool_calls"] = [_call_param(call) for call in calls]
        audio = data.pop("audio", None)
        if audio and audio.get("id"):
            data["audio"] = {"id": audio["id"]}
        param: AssistantMessage = data
        return param

    def remember_all(self, body: bytes, *path: str | int) -> None:
        """As `remember`, for this message and its tool calls."""
        self.remember(body, *path)
        for index, call in enumerate(self.tool_calls):
            call.remember(body, *path, "tool_calls", index)


def _call_param(call: dict[str, Any]) -> Any:
    """A received tool call without its `index`, which requests do not have."""
    return {key: value for key, value in {"type": "function", **call}.items() if key != "index"}


class TopLogprob(Model, frozen=True, kw_only=True, gc=False):
    """One of the likely tokens at a place."""

    token: str = ""
    logprob: float | None = None
    """Natural logarithm of its probability; −9999 means very unlikely."""
    bytes: list[int] | None = None
    """Its UTF-8 bytes: a character may be spread over several tokens."""


class TokenLogprob(Model, frozen=True, kw_only=True, gc=False):
    """An output token and how likely it was."""

    token: str = ""
    logprob: float | None = None
    """Natural logarithm of its probability; −9999 means very unlikely."""
    bytes: list[int] | None = None
    """Its UTF-8 bytes: a character may be spread over several tokens."""
    top_logprobs: list[TopLogprob] = []
    """The likeliest tokens at this place, as many as asked for."""


class ChoiceLogprobs(Model, frozen=True, kw_only=True, gc=False):
    """Log probabilities of an answer's tokens."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class ChatCompletionChoice(Model, frozen=True, kw_only=True):
    """One of the alternative answers."""

    index: int = 0
    message: ChatCompletionMessage = msgspec.field(default_factory=ChatCompletionMessage)
    finish_reason: str | None = None
    """`stop`, `length`, `tool_calls`, `content_filter`, `function_call`; DeepSeek also
    `insufficient_system_resource`. None in the partial result of a cut stream."""
    logprobs: ChoiceLogprobs | None = None
    content_filter_results: ContentFilterResults | None = None


class ChatCompletionResponse(Response, frozen=True, kw_only=True):
    """The answer to a chat completion, streamed or not."""

    id: str = ""
    object: str = "chat.completion"
    created: Number | None = None
    """Unix seconds."""
    model: str = ""
    """The dated name of the model that answered."""
    choices: list[ChatCompletionChoice] = []
    """One, or `n`; in the order of their `index` for a stream."""
    usage: UsageInfo | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    moderation: Moderation | None = None
    metadata: dict[str, str] | None = None
    prompt_filter_results: list[PromptFilterResult] | None = None
    """Azure-hosted models: the content filter's verdict on the prompt."""

    @property
    def text(self) -> str:
        """The visible text of the first choice, `""` when there is none."""
        return (self.choices[0].message.content or "") if self.choices else ""

    def attach(self, meta: ResponseMeta) -> None:
        """Keep the facts of the exchange; messages remember where in the body they stood."""
        super().attach(meta)
        if meta.body is not None:
            for index, choice in enumerate(self.choices):
                choice.message.remember_all(meta.body, "choices", index, "message")
