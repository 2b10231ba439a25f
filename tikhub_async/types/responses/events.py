"""Events of a Responses stream: its states, items, messages and reasoning, and the union of all 59.

What tools do while they run is in `tool_events.py`. Order on the wire: created, perhaps queued,
in_progress; then for each `output_index` item added, the item's own events, item done; then one of
completed, incomplete, failed. Items may run side by side, so `output_index` (with `content_index`
or `summary_index`) tells them apart, not `item_id`, which some hosts change on the way.

`sequence_number` counts up from 0; recordings before mid-2025 lack it. Delta events also carry
`obfuscation`, padding of random length, which is not read.
"""

from typing import Any, ClassVar, Literal

import msgspec

from tikhub_async.types._base import Unknown
from tikhub_async.types.responses.content import (
    ResponseAnnotation,
    ResponseLogprob,
    ResponseStreamPart,
    ResponseSummaryText,
    UnknownResponseItem,
)
from tikhub_async.types.responses.items import ResponseOutputItem
from tikhub_async.types.responses.response import ResponseObject
from tikhub_async.types.responses.tool_events import (
    ItemEvent,
    OutputEvent,
    ResponseAudioDeltaEvent,
    ResponseAudioDoneEvent,
    ResponseAudioTranscriptDeltaEvent,
    ResponseAudioTranscriptDoneEvent,
    ResponseCodeInterpreterCallCodeDeltaEvent,
    ResponseCodeInterpreterCallCodeDoneEvent,
    ResponseCodeInterpreterCallCompletedEvent,
    ResponseCodeInterpreterCallInProgressEvent,
    ResponseCodeInterpreterCallInterpretingEvent,
    ResponseCompactionCompactingEvent,
    ResponseCustomToolCallInputDeltaEvent,
    ResponseCustomToolCallInputDoneEvent,
    ResponseEvent,
    ResponseFileSearchCallCompletedEvent,
    ResponseFileSearchCallInProgressEvent,
    ResponseFileSearchCallSearchingEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseImageGenCallCompletedEvent,
    ResponseImageGenCallGeneratingEvent,
    ResponseImageGenCallInProgressEvent,
    ResponseImageGenCallPartialImageEvent,
    ResponseMcpCallArgumentsDeltaEvent,
    ResponseMcpCallArgumentsDoneEvent,
    ResponseMcpCallCompletedEvent,
    ResponseMcpCallFailedEvent,
    ResponseMcpCallInProgressEvent,
    ResponseMcpListToolsCompletedEvent,
    ResponseMcpListToolsFailedEvent,
    ResponseMcpListToolsInProgressEvent,
    ResponseShellCallCommandAddedEvent,
    ResponseShellCallCommandDeltaEvent,
    ResponseShellCallCommandDoneEvent,
    ResponseShellCallOutputContentDeltaEvent,
    ResponseShellCallOutputContentDoneEvent,
    ResponseWebSearchCallCompletedEvent,
    ResponseWebSearchCallInProgressEvent,
    ResponseWebSearchCallSearchingEvent,
)


class _ResponseState(ResponseEvent, frozen=True, kw_only=True):
    response: ResponseObject = msgspec.field(default_factory=ResponseObject)
    """The response as it stands; its `output` is filled at the end only."""


class _ContentEvent(ItemEvent, frozen=True, kw_only=True):
    content_index: int = 0
    """The part's place in the item's `content`."""


class _SummaryEvent(ItemEvent, frozen=True, kw_only=True):
    summary_index: int = 0
    """The part's place in the item's `summary`."""


class ResponseCreatedEvent(_ResponseState, frozen=True, kw_only=True, tag="response.created"):
    """The response exists; nothing was written yet."""

    type: ClassVar[Literal["response.created"]] = "response.created"


class ResponseQueuedEvent(_ResponseState, frozen=True, kw_only=True, tag="response.queued"):
    """The response waits for its turn."""

    type: ClassVar[Literal["response.queued"]] = "response.queued"


class ResponseInProgressEvent(_ResponseState, frozen=True, kw_only=True, tag="response.in_progress"):
    """The model works."""

    type: ClassVar[Literal["response.in_progress"]] = "response.in_progress"


class ResponseCompletedEvent(_ResponseState, frozen=True, kw_only=True, tag="response.completed"):
    """The end: all is written. `response` is the final object."""

    type: ClassVar[Literal["response.completed"]] = "response.completed"


class ResponseIncompleteEvent(_ResponseState, frozen=True, kw_only=True, tag="response.incomplete"):
    """The end, early: `response.incomplete_details` says why."""

    type: ClassVar[Literal["response.incomplete"]] = "response.incomplete"


class ResponseFailedEvent(_ResponseState, frozen=True, kw_only=True, tag="response.failed"):
    """The end: `response.error` says what failed."""

    type: ClassVar[Literal["response.failed"]] = "response.failed"


class ResponseOutputItemAddedEvent(OutputEvent, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item begins; its text, arguments and results are still empty."""

    type: ClassVar[Literal["response.output_item.added"]] = "response.output_item.added"
    item: ResponseOutputItem = UnknownResponseItem(raw=b"{}")


class ResponseOutputItemDoneEvent(OutputEvent, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item is whole."""

    type: ClassVar[Literal["response.output_item.done"]] = "response.output_item.done"
    item: ResponseOutputItem = UnknownResponseItem(raw=b"{}")


class ResponseContentPartAddedEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A part of a message or of reasoning begins."""

    type: ClassVar[Literal["response.content_part.added"]] = "response.content_part.added"
    part: ResponseStreamPart = Unknown(name="", raw=b"{}")


class ResponseContentPartDoneEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """A part is whole."""

    type: ClassVar[Literal["response.content_part.done"]] = "response.content_part.done"
    part: ResponseStreamPart = Unknown(name="", raw=b"{}")


class ResponseTextDeltaEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """More text for the reader."""

    type: ClassVar[Literal["response.output_text.delta"]] = "response.output_text.delta"
    delta: str = ""
    logprobs: list[ResponseLogprob] = []
    """One entry per token where asked for."""


class ResponseTextDoneEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.done"):
    """A part's whole text."""

    type: ClassVar[Literal["response.output_text.done"]] = "response.output_text.done"
    text: str = ""
    logprobs: list[ResponseLogprob] = []


class ResponseOutputTextAnnotationAddedEvent(
    _ContentEvent, frozen=True, kw_only=True, tag="response.output_text.annotation.added"
):
    """A span of the text gets an annotation."""

    type: ClassVar[Literal["response.output_text.annotation.added"]] = "response.output_text.annotation.added"
    annotation: ResponseAnnotation | None = None
    annotation_index: int = 0


class ResponseRefusalDeltaEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.refusal.delta"):
    """More of a refusal."""

    type: ClassVar[Literal["response.refusal.delta"]] = "response.refusal.delta"
    delta: str = ""


class ResponseRefusalDoneEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.refusal.done"):
    """A part's whole refusal."""

    type: ClassVar[Literal["response.refusal.done"]] = "response.refusal.done"
    refusal: str = ""


class ResponseReasoningTextDeltaEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.reasoning_text.delta"):
    """More of the reasoning itself."""

    type: ClassVar[Literal["response.reasoning_text.delta"]] = "response.reasoning_text.delta"
    delta: str = ""


class ResponseReasoningTextDoneEvent(_ContentEvent, frozen=True, kw_only=True, tag="response.reasoning_text.done"):
    """A part's whole reasoning."""

    type: ClassVar[Literal["response.reasoning_text.done"]] = "response.reasoning_text.done"
    text: str = ""


class ResponseReasoningSummaryPartAddedEvent(
    _SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_part.added"
):
    """A part of the reasoning summary begins."""

    type: ClassVar[Literal["response.reasoning_summary_part.added"]] = "response.reasoning_summary_part.added"
    part: ResponseSummaryText | Unknown = ResponseSummaryText()


class ResponseReasoningSummaryPartDoneEvent(
    _SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_part.done"
):
    """A part of the reasoning summary is whole."""

    type: ClassVar[Literal["response.reasoning_summary_part.done"]] = "response.reasoning_summary_part.done"
    part: ResponseSummaryText | Unknown = ResponseSummaryText()
    status: str | None = None
    """incomplete where the summary was cut; else None."""


class ResponseReasoningSummaryTextDeltaEvent(
    _SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_text.delta"
):
    """More of the reasoning summary."""

    type: ClassVar[Literal["response.reasoning_summary_text.delta"]] = "response.reasoning_summary_text.delta"
    delta: str = ""


class ResponseReasoningSummaryTextDoneEvent(
    _SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_text.done"
):
    """A summary part's whole text."""

    type: ClassVar[Literal["response.reasoning_summary_text.done"]] = "response.reasoning_summary_text.done"
    text: str = ""


class ResponseErrorEvent(ResponseEvent, frozen=True, kw_only=True, tag="error"):
    """The stream failed. The facts stand flat, as OpenAI's SDK types them, or under `error`, as sent in practice."""

    type: ClassVar[Literal["error"]] = "error"
    code: str | int | None = None
    message: str | None = None
    param: str | None = None
    error: dict[str, Any] | str | None = None
    """type, code, message and param."""


class UnknownResponseEvent(Unknown, frozen=True, kw_only=True):
    """An event of a type that this version does not know: `name` is its type, `raw` its JSON.

    Two of OpenAI's own events are in no official list: `response.apply_patch_call_operation_diff.delta`
    and `.done`.
    """


ResponseStreamEvent = (
    ResponseCreatedEvent
    | ResponseQueuedEvent
    | ResponseInProgressEvent
    | ResponseCompletedEvent
    | ResponseIncompleteEvent
    | ResponseFailedEvent
    | ResponseOutputItemAddedEvent
    | ResponseOutputItemDoneEvent
    | ResponseContentPartAddedEvent
    | ResponseContentPartDoneEvent
    | ResponseTextDeltaEvent
    | ResponseTextDoneEvent
    | ResponseOutputTextAnnotationAddedEvent
    | ResponseRefusalDeltaEvent
    | ResponseRefusalDoneEvent
    | ResponseReasoningTextDeltaEvent
    | ResponseReasoningTextDoneEvent
    | ResponseReasoningSummaryPartAddedEvent
    | ResponseReasoningSummaryPartDoneEvent
    | ResponseReasoningSummaryTextDeltaEvent
    | ResponseReasoningSummaryTextDoneEvent
    | ResponseErrorEvent
    | ResponseFunctionCallArgumentsDeltaEvent
    | ResponseFunctionCallArgumentsDoneEvent
    | ResponseCustomToolCallInputDeltaEvent
    | ResponseCustomToolCallInputDoneEvent
    | ResponseMcpCallArgumentsDeltaEvent
    | ResponseMcpCallArgumentsDoneEvent
    | ResponseMcpCallInProgressEvent
    | ResponseMcpCallCompletedEvent
    | ResponseMcpCallFailedEvent
    | ResponseMcpListToolsInProgressEvent
    | ResponseMcpListToolsCompletedEvent
    | ResponseMcpListToolsFailedEvent
    | ResponseWebSearchCallInProgressEvent
    | ResponseWebSearchCallSearchingEvent
    | ResponseWebSearchCallCompletedEvent
    | ResponseFileSearchCallInProgressEvent
    | ResponseFileSearchCallSearchingEvent
    | ResponseFileSearchCallCompletedEvent
    | ResponseCodeInterpreterCallInProgressEvent
    | ResponseCodeInterpreterCallInterpretingEvent
    | ResponseCodeInterpreterCallCompletedEvent
    | ResponseImageGenCallInProgressEvent
    | ResponseImageGenCallGeneratingEvent
    | ResponseImageGenCallCompletedEvent
    | ResponseImageGenCallPartialImageEvent
    | ResponseCodeInterpreterCallCodeDeltaEvent
    | ResponseCodeInterpreterCallCodeDoneEvent
    | ResponseShellCallCommandAddedEvent
    | ResponseShellCallCommandDeltaEvent
    | ResponseShellCallCommandDoneEvent
    | ResponseShellCallOutputContentDeltaEvent
    | ResponseShellCallOutputContentDoneEvent
    | ResponseCompactionCompactingEvent
    | ResponseAudioDeltaEvent
    | ResponseAudioDoneEvent
    | ResponseAudioTranscriptDeltaEvent
    | ResponseAudioTranscriptDoneEvent
    | UnknownResponseEvent
)
"""One event of a Responses stream."""
