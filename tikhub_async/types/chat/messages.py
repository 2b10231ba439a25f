"""What a chat request's `messages` may hold: one TypedDict per role and per content part.

Annotate histories, so that type checkers accept the literals: `history: list[ChatMessage] = []`.
"""

from collections.abc import Sequence
from typing import Literal, Required, TypeAlias, TypedDict


class PromptCacheBreakpoint(TypedDict, total=False):
    """Marks the end of a prefix to be cached; up to four per request."""

    mode: Required[Literal["explicit"]]
    ttl: Literal["30m", "12h"] | str
    """Minimum lifetime of the entry."""


class TextPart(TypedDict, total=False):
    """Text as one of several content parts."""

    type: Required[Literal["text"]]
    text: Required[str]
    prompt_cache_breakpoint: PromptCacheBreakpoint


class ImageURL(TypedDict, total=False):
    """Where an image is."""

    url: Required[str]
    """An http(s) URL, or `data:image/png;base64,…`."""
    detail: Literal["auto", "low", "high", "original"] | str
    """How closely the model looks, default `auto`; `low` costs fewest tokens."""


class ImagePart(TypedDict, total=False):
    """An image to look at."""

    type: Required[Literal["image_url"]]
    image_url: Required[ImageURL]
    prompt_cache_breakpoint: PromptCacheBreakpoint


class InputAudio(TypedDict):
    """Sound as base64 text."""

    data: str
    """The file as base64, without a `data:` prefix."""
    format: Literal["wav", "mp3"] | str


class AudioPart(TypedDict, total=False):
    """Sound to listen to."""

    type: Required[Literal["input_audio"]]
    input_audio: Required[InputAudio]
    prompt_cache_breakpoint: PromptCacheBreakpoint


class FileSource(TypedDict, total=False):
    """A file: either `file_id`, or `file_data` with `filename`."""

    file_id: str
    file_data: str
    """The file as `data:application/pdf;base64,…`."""
    filename: str


class FilePart(TypedDict, total=False):
    """A document to read, as a PDF."""

    type: Required[Literal["file"]]
    file: Required[FileSource]
    prompt_cache_breakpoint: PromptCacheBreakpoint


class VideoURL(TypedDict):
    """Where a video is."""

    url: str


class VideoPart(TypedDict):
    """A video to watch, for models that can (Gemini); not part of OpenAI's own protocol."""

    type: Literal["video_url"]
    video_url: VideoURL


class RefusalPart(TypedDict):
    """An earlier refusal of the model, sent back."""

    type: Literal["refusal"]
    refusal: str


ContentPart: TypeAlias = TextPart | ImagePart | AudioPart | FilePart | VideoPart
"""What a user message may consist of."""


class DeveloperMessage(TypedDict, total=False):
    """Instructions that outrank the user; what reasoning models take in place of `system`."""

    role: Required[Literal["developer"]]
    content: Required[str | Sequence[TextPart]]
    name: str
    """Tells apart several participants of one role."""


class SystemMessage(TypedDict, total=False):
    """Instructions that outrank the user."""

    role: Required[Literal["system"]]
    content: Required[str | Sequence[TextPart]]
    name: str
    """Tells apart several participants of one role."""


class UserMessage(TypedDict, total=False):
    """What the user says or shows."""

    role: Required[Literal["user"]]
    content: Required[str | Sequence[ContentPart]]
    name: str
    """Tells apart several participants of one role."""


class AudioReference(TypedDict):
    """Points to an earlier spoken answer."""

    id: str
    """`message.audio.id` of that answer; valid until its `expires_at`."""


class FunctionCallParam(TypedDict):
    """The function that was called."""

    name: str
    arguments: str
    """JSON text, as the model wrote it."""


class CustomCallParam(TypedDict):
    """The custom tool that was called."""

    name: str
    input: str
    """Free text, as the model wrote it."""


class FunctionToolCallParam(TypedDict):
    """A function call of an earlier assistant message."""

    type: Literal["function"]
    id: str
    function: FunctionCallParam


class CustomToolCallParam(TypedDict):
    """A custom tool call of an earlier assistant message."""

    type: Literal["custom"]
    id: str
    custom: CustomCallParam


ToolCallParam: TypeAlias = FunctionToolCallParam | CustomToolCallParam
"""A tool call sent back as part of the history; `ToolCall.to_param()` makes one."""


class AssistantMessage(TypedDict, total=False):
    """An earlier answer; `ChatCompletionMessage.to_param()` makes one."""

    role: Required[Literal["assistant"]]
    content: str | Sequence[TextPart | RefusalPart] | None
    """May be null or absent beside `tool_calls` only."""
    name: str
    refusal: str
    tool_calls: Sequence[ToolCallParam]
    """Each needs a tool message with its id after this message."""
    audio: AudioReference
    function_call: FunctionCallParam
    """Old form of `tool_calls`."""
    reasoning_content: str
    """DeepSeek: the thinking before this answer."""
    prefix: bool
    """DeepSeek beta: true on the last message, the model then continues its `content`."""


class ToolMessage(TypedDict, total=False):
    """The result of one tool call."""

    role: Required[Literal["tool"]]
    tool_call_id: Required[str]
    """`id` of the tool call that this answers."""
    content: Required[str | Sequence[TextPart]]
    name: str
    """The tool's name; not needed by OpenAI, looked at by some conversions."""


class FunctionMessage(TypedDict):
    """The result of an old-form `function_call`."""

    role: Literal["function"]
    name: str
    content: str | None


ChatMessage: TypeAlias = (
    DeveloperMessage | SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
)
"""One entry of `messages`, told apart by `role`."""
