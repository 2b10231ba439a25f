"""The bases of received items, and their parts: text with its annotations, refusals, tool outputs.

Invariant: an item that goes back into a request is complete. Items and what they hold refuse
unknown fields, so an item with a field this version does not know takes the lenient path of
decoding, which remembers the item as received; one without is rebuilt from its own fields. Token
logprobs are the exception: they come with every delta, and no request needs them.
"""

from typing import Any, ClassVar, Literal

from tikhub_async.types._base import Model, Number, Source, Unknown, without_nulls
from tikhub_async.types.responses.input_items import ResponseInputItem


class ResponseItem(Source, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of all items of a response's output; any of them can go back as input."""

    def to_param(self) -> ResponseInputItem:
        """This item for the `input` of the next request, as it was on the wire, without nulls."""
        param: ResponseInputItem = without_blank_id(self.wire())
        return param


class ItemPart(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what items hold."""


class UnknownResponseItem(Unknown, frozen=True, kw_only=True):
    """An output item of a type that this version does not know: `name` is its type, `raw` its JSON."""

    def to_param(self) -> ResponseInputItem:
        """This item for the `input` of the next request, as it was on the wire, without nulls."""
        param: ResponseInputItem = without_nulls(self.data())
        return param


def without_blank_id(param: Any) -> Any:
    """`param` without an empty `id`: a provider refuses one, and an absent id decodes to one."""
    if param.get("id") == "":
        del param["id"]
    return param


class ResponseFileCitation(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="file_citation"):
    """Where the text quotes a file that file search found."""

    type: ClassVar[Literal["file_citation"]] = "file_citation"
    file_id: str = ""
    filename: str = ""
    index: int = 0
    """Position in the list of files."""


class ResponseUrlCitation(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="url_citation"):
    """Where the text quotes a web page."""

    type: ClassVar[Literal["url_citation"]] = "url_citation"
    url: str = ""
    title: str = ""
    start_index: int = 0
    """First character of the quoted span in the part's text."""
    end_index: int = 0
    """Character after the span's last one."""


class ResponseContainerFileCitation(
    ItemPart, frozen=True, kw_only=True, tag_field="type", tag="container_file_citation"
):
    """Where the text names a file that a tool made in its container."""

    type: ClassVar[Literal["container_file_citation"]] = "container_file_citation"
    container_id: str = ""
    file_id: str = ""
    filename: str = ""
    start_index: int = 0
    end_index: int = 0


class ResponseFilePath(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="file_path"):
    """A file that the model wrote."""

    type: ClassVar[Literal["file_path"]] = "file_path"
    file_id: str = ""
    index: int = 0
    """Position in the list of files."""


ResponseAnnotation = (
    ResponseFileCitation | ResponseUrlCitation | ResponseContainerFileCitation | ResponseFilePath | Unknown
)
"""What a span of output text refers to."""


class ResponseTopLogprob(Model, frozen=True, kw_only=True, gc=False):
    """A token that was likely at a position."""

    token: str = ""
    logprob: Number | None = None
    bytes: list[int] | None = None
    """The token's UTF-8 bytes."""


class ResponseLogprob(Model, frozen=True, kw_only=True, gc=False):
    """A token that was written, with its log probability and the likeliest alternatives."""

    token: str = ""
    logprob: Number | None = None
    bytes: list[int] | None = None
    """The token's UTF-8 bytes."""
    top_logprobs: list[ResponseTopLogprob] = []


class ResponseOutputText(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    """Text for the reader."""

    type: ClassVar[Literal["output_text"]] = "output_text"
    text: str = ""
    annotations: list[ResponseAnnotation] = []
    logprobs: list[ResponseLogprob] | None = None
    """One entry per token where `include` asked for them."""


class ResponseOutputRefusal(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="refusal"):
    """The model's explanation of why it will not answer."""

    type: ClassVar[Literal["refusal"]] = "refusal"
    refusal: str = ""


class ResponseReasoningText(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="reasoning_text"):
    """A piece of the reasoning itself."""

    type: ClassVar[Literal["reasoning_text"]] = "reasoning_text"
    text: str = ""


class ResponseSummaryText(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="summary_text"):
    """A piece of a summary of the reasoning."""

    type: ClassVar[Literal["summary_text"]] = "summary_text"
    text: str = ""


ResponseMessagePart = ResponseOutputText | ResponseOutputRefusal | Unknown
"""One part of a message."""

ResponseStreamPart = ResponseOutputText | ResponseOutputRefusal | ResponseReasoningText | Unknown
"""One part of a message or of a reasoning item, as a stream announces it."""


class ResponseCacheBreakpoint(ItemPart, frozen=True, kw_only=True):
    """The prompt up to and including this part was worth caching."""

    mode: str = ""
    ttl: str | None = None


class ResponseInputText(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    """Text in a tool's output."""

    type: ClassVar[Literal["input_text"]] = "input_text"
    text: str = ""
    prompt_cache_breakpoint: ResponseCacheBreakpoint | None = None


class ResponseInputImage(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="input_image"):
    """An image in a tool's output."""

    type: ClassVar[Literal["input_image"]] = "input_image"
    detail: str | None = None
    file_id: str | None = None
    image_url: str | None = None
    prompt_cache_breakpoint: ResponseCacheBreakpoint | None = None


class ResponseInputFile(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="input_file"):
    """A file in a tool's output."""

    type: ClassVar[Literal["input_file"]] = "input_file"
    detail: str | None = None
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: ResponseCacheBreakpoint | None = None


ResponseToolOutput = ResponseInputText | ResponseInputImage | ResponseInputFile | Unknown
"""One part of a tool's output."""


class CallerDirect(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="direct"):
    """The model called the tool itself."""

    type: ClassVar[Literal["direct"]] = "direct"


class CallerProgram(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="program"):
    """A program that the model wrote called the tool."""

    type: ClassVar[Literal["program"]] = "program"
    caller_id: str = ""
    """`call_id` of the `program` item."""


ResponseCaller = CallerDirect | CallerProgram | Unknown
"""Who called a tool."""
