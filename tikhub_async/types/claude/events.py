"""Events of a streamed message, told apart by the JSON `type`; the SSE `event:` line is a hint only.

Order: `message_start`, blocks one after the other, `message_delta`, `message_stop`; `ping` and events this
version does not know anywhere. `error` ends a stream and is raised, never handed out.
"""

from typing import Any, ClassVar, Literal

from tikhub_async.types._base import Model, Unknown
from tikhub_async.types.claude.blocks import Citation, ContentBlock
from tikhub_async.types.claude.message import ClaudeContainer, ClaudeUsage, StartedMessage, StopDetails


class TextDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="text_delta", gc=False):
    """More text of a text block."""

    type: ClassVar[Literal["text_delta"]] = "text_delta"
    text: str = ""


class InputJsonDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="input_json_delta", gc=False):
    """More of a tool call's arguments, as JSON text cut anywhere, inside escapes too."""

    type: ClassVar[Literal["input_json_delta"]] = "input_json_delta"
    partial_json: str = ""


class ThinkingDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="thinking_delta", gc=False):
    """More thinking; may be empty."""

    type: ClassVar[Literal["thinking_delta"]] = "thinking_delta"
    thinking: str = ""
    estimated_tokens: int | None = None


class SignatureDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="signature_delta", gc=False):
    """The whole signature of a thinking block."""

    type: ClassVar[Literal["signature_delta"]] = "signature_delta"
    signature: str = ""


class CitationsDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="citations_delta", gc=False):
    """One more citation of a text block."""

    type: ClassVar[Literal["citations_delta"]] = "citations_delta"
    citation: Citation


class CompactionDelta(Model, frozen=True, kw_only=True, tag_field="type", tag="compaction_delta", gc=False):
    """Beta: the whole content of a compaction block."""

    type: ClassVar[Literal["compaction_delta"]] = "compaction_delta"
    content: str | None = None
    encrypted_content: str | None = None


BlockDelta = TextDelta | InputJsonDelta | ThinkingDelta | SignatureDelta | CitationsDelta | CompactionDelta | Unknown
"""What a `content_block_delta` adds to its block."""


class MessageStartEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="message_start", gc=False):
    """A message begins: its id, model and first usage, without content."""

    type: ClassVar[Literal["message_start"]] = "message_start"
    message: StartedMessage


class ContentBlockStartEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="content_block_start", gc=False):
    """A block begins: empty text, thinking and input; results and redacted thinking come whole."""

    type: ClassVar[Literal["content_block_start"]] = "content_block_start"
    index: int = 0
    """Position of the block in the message, from 0."""
    content_block: ContentBlock


class ContentBlockDeltaEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="content_block_delta", gc=False):
    """A block grows."""

    type: ClassVar[Literal["content_block_delta"]] = "content_block_delta"
    index: int = 0
    delta: BlockDelta


class ContentBlockStopEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="content_block_stop", gc=False):
    """A block is whole."""

    type: ClassVar[Literal["content_block_stop"]] = "content_block_stop"
    index: int = 0


class MessageDelta(Model, frozen=True, kw_only=True, gc=False):
    """Why the message stopped."""

    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    container: ClaudeContainer | None = None


class MessageDeltaEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="message_delta", gc=False):
    """The message's end: stop reason and usage so far. May be missing in converted streams."""

    type: ClassVar[Literal["message_delta"]] = "message_delta"
    delta: MessageDelta = MessageDelta()
    usage: ClaudeUsage | None = None
    """Totals, not increments."""
    context_management: dict[str, Any] | None = None
    input_transformations: list[dict[str, Any]] | None = None


class MessageStopEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="message_stop", gc=False):
    """The message is whole; nothing follows."""

    type: ClassVar[Literal["message_stop"]] = "message_stop"


class PingEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="ping", gc=False):
    """A sign of life."""

    type: ClassVar[Literal["ping"]] = "ping"


class ClaudeErrorEvent(Model, frozen=True, kw_only=True, tag_field="type", tag="error", gc=False):
    """The stream failed after HTTP 200."""

    type: ClassVar[Literal["error"]] = "error"
    error: dict[str, Any] | str | None = None
    """`{"type", "message"}`, with `type` as `overloaded_error`."""
    request_id: str | None = None


MessageStreamEvent = (
    MessageStartEvent
    | ContentBlockStartEvent
    | ContentBlockDeltaEvent
    | ContentBlockStopEvent
    | MessageDeltaEvent
    | MessageStopEvent
    | PingEvent
    | ClaudeErrorEvent
    | Unknown
)
"""One event of a streamed message."""
