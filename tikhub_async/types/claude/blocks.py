"""Content blocks that Claude sends, and the citations inside them.

Invariant: a block that goes back into a request is complete. Every struct here refuses unknown fields, so
a block with a field this version does not know takes the lenient path of decoding, which remembers the
block as received; a block without one is rebuilt from its own fields. Both ways `to_param` loses nothing.
"""

from typing import Any, ClassVar, Literal

import msgspec

from tikhub_async.types._base import Model, Source, Unknown
from tikhub_async.types.claude.params import ContentBlockParam
from tikhub_async.types.claude.results import (
    AdvisorRedactedResult,
    AdvisorResult,
    AdvisorToolResultError,
    BashCodeExecutionResult,
    BashCodeExecutionToolResultError,
    CodeExecutionResult,
    CodeExecutionToolResultError,
    EncryptedCodeExecutionResult,
    TextEditorCodeExecutionCreateResult,
    TextEditorCodeExecutionStrReplaceResult,
    TextEditorCodeExecutionToolResultError,
    TextEditorCodeExecutionViewResult,
    ToolCaller,
    ToolSearchResult,
    ToolSearchToolResultError,
    WebFetchResult,
    WebFetchToolResultError,
    WebSearchResult,
    WebSearchToolResultError,
)


class _Location(Source, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    cited_text: str = ""


class CitationCharLocation(_Location, frozen=True, kw_only=True, tag="char_location"):
    """Characters of a plain text document."""

    type: ClassVar[Literal["char_location"]] = "char_location"
    document_index: int = 0
    """Counted over all documents of the request, from 0."""
    document_title: str | None = None
    start_char_index: int = 0
    end_char_index: int = 0
    """Exclusive."""
    file_id: str | None = None


class CitationPageLocation(_Location, frozen=True, kw_only=True, tag="page_location"):
    """Pages of a PDF."""

    type: ClassVar[Literal["page_location"]] = "page_location"
    document_index: int = 0
    """Counted over all documents of the request, from 0."""
    document_title: str | None = None
    start_page_number: int = 0
    """From 1."""
    end_page_number: int = 0
    """Exclusive."""
    file_id: str | None = None


class CitationContentBlockLocation(_Location, frozen=True, kw_only=True, tag="content_block_location"):
    """Blocks of a document that was sent as blocks."""

    type: ClassVar[Literal["content_block_location"]] = "content_block_location"
    document_index: int = 0
    """Counted over all documents of the request, from 0."""
    document_title: str | None = None
    start_block_index: int = 0
    end_block_index: int = 0
    """Exclusive."""
    file_id: str | None = None


class CitationWebSearchResultLocation(_Location, frozen=True, kw_only=True, tag="web_search_result_location"):
    """A result of the provider's web search."""

    type: ClassVar[Literal["web_search_result_location"]] = "web_search_result_location"
    url: str = ""
    title: str | None = None
    encrypted_index: str = ""
    """Opaque; must be sent back unchanged."""


class CitationSearchResultLocation(_Location, frozen=True, kw_only=True, tag="search_result_location"):
    """A `search_result` block of the request."""

    type: ClassVar[Literal["search_result_location"]] = "search_result_location"
    source: str = ""
    title: str | None = None
    search_result_index: int = 0
    """Counted over all search results of the request, from 0."""
    start_block_index: int = 0
    end_block_index: int = 0
    """Exclusive."""


Citation = (
    CitationCharLocation
    | CitationPageLocation
    | CitationContentBlockLocation
    | CitationWebSearchResultLocation
    | CitationSearchResultLocation
    | Unknown
)
"""Where a piece of text was taken from."""


class Block(Source, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of the content blocks."""

    def to_param(self) -> ContentBlockParam:
        """This block for a message that is sent: as on the wire, without nulls."""
        param: ContentBlockParam = self.wire()
        return param


class TextBlock(Block, frozen=True, kw_only=True, tag="text"):
    """Text of the answer."""

    type: ClassVar[Literal["text"]] = "text"
    text: str = ""
    citations: list[Citation] | None = None
    """What the text rests on, where documents, search results or web search were used."""


class ThinkingBlock(Block, frozen=True, kw_only=True, tag="thinking"):
    """Thinking before the answer; must be sent back unchanged while tools are in use."""

    type: ClassVar[Literal["thinking"]] = "thinking"
    thinking: str = ""
    """`""` where thinking is not shown; the signature still counts."""
    signature: str | None = None
    """Opaque proof that the thinking is the model's own; None where a gateway dropped it."""


class RedactedThinkingBlock(Block, frozen=True, kw_only=True, tag="redacted_thinking"):
    """Encrypted thinking; must be sent back unchanged."""

    type: ClassVar[Literal["redacted_thinking"]] = "redacted_thinking"
    data: str = ""


class _Call(Block, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}
    """Arguments. `{}` also where they were cut: look at `input_json`."""
    input_json: str | None = None
    """Only when a stream brought arguments that are not a whole JSON object: their text as it arrived.

    Then the call must not be run. Answers cut at `max_tokens` end like this.
    """

    def to_param(self) -> ContentBlockParam:
        """This call for a message that is sent; nulls inside `input` are arguments and stay."""
        param = self.wire()
        param.pop("input_json", None)
        param["input"] = self.input
        return param  # type: ignore[no-any-return]


class ToolUseBlock(_Call, frozen=True, kw_only=True, tag="tool_use"):
    """A call of one of the caller's tools; answer it with a `tool_result` block."""

    type: ClassVar[Literal["tool_use"]] = "tool_use"
    caller: ToolCaller | None = None
    toolset_name: str | None = None


class ServerToolUseBlock(_Call, frozen=True, kw_only=True, tag="server_tool_use"):
    """A call of a tool that runs at the provider; needs no answer."""

    type: ClassVar[Literal["server_tool_use"]] = "server_tool_use"
    caller: ToolCaller | None = None


class McpToolUseBlock(_Call, frozen=True, kw_only=True, tag="mcp_tool_use"):
    """Beta: a call of a remote MCP server, made by the provider."""

    type: ClassVar[Literal["mcp_tool_use"]] = "mcp_tool_use"
    server_name: str = ""


class WebSearchToolResultBlock(Block, frozen=True, kw_only=True, tag="web_search_tool_result"):
    """What a web search found, or why it failed."""

    type: ClassVar[Literal["web_search_tool_result"]] = "web_search_tool_result"
    tool_use_id: str = ""
    content: list[WebSearchResult | Unknown] | WebSearchToolResultError | Unknown = []
    caller: ToolCaller | None = None


class WebFetchToolResultBlock(Block, frozen=True, kw_only=True, tag="web_fetch_tool_result"):
    """A fetched page, or why it could not be fetched."""

    type: ClassVar[Literal["web_fetch_tool_result"]] = "web_fetch_tool_result"
    tool_use_id: str = ""
    content: WebFetchResult | WebFetchToolResultError | Unknown | None = None
    caller: ToolCaller | None = None


class CodeExecutionToolResultBlock(Block, frozen=True, kw_only=True, tag="code_execution_tool_result"):
    """Output of a program that ran at the provider."""

    type: ClassVar[Literal["code_execution_tool_result"]] = "code_execution_tool_result"
    tool_use_id: str = ""
    content: CodeExecutionResult | EncryptedCodeExecutionResult | CodeExecutionToolResultError | Unknown | None = None


class BashCodeExecutionToolResultBlock(Block, frozen=True, kw_only=True, tag="bash_code_execution_tool_result"):
    """Output of a shell command that ran at the provider."""

    type: ClassVar[Literal["bash_code_execution_tool_result"]] = "bash_code_execution_tool_result"
    tool_use_id: str = ""
    content: BashCodeExecutionResult | BashCodeExecutionToolResultError | Unknown | None = None


class TextEditorCodeExecutionToolResultBlock(
    Block, frozen=True, kw_only=True, tag="text_editor_code_execution_tool_result"
):
    """What a file command at the provider did."""

    type: ClassVar[Literal["text_editor_code_execution_tool_result"]] = "text_editor_code_execution_tool_result"
    tool_use_id: str = ""
    content: (
        TextEditorCodeExecutionViewResult
        | TextEditorCodeExecutionCreateResult
        | TextEditorCodeExecutionStrReplaceResult
        | TextEditorCodeExecutionToolResultError
        | Unknown
        | None
    ) = None


class ToolSearchToolResultBlock(Block, frozen=True, kw_only=True, tag="tool_search_tool_result"):
    """Tools that a tool search found."""

    type: ClassVar[Literal["tool_search_tool_result"]] = "tool_search_tool_result"
    tool_use_id: str = ""
    content: ToolSearchResult | ToolSearchToolResultError | Unknown | None = None


class ContainerUploadBlock(Block, frozen=True, kw_only=True, tag="container_upload"):
    """A file that code execution left behind."""

    type: ClassVar[Literal["container_upload"]] = "container_upload"
    file_id: str = ""


class McpToolResultBlock(Block, frozen=True, kw_only=True, tag="mcp_tool_result"):
    """Beta: what a remote MCP server answered."""

    type: ClassVar[Literal["mcp_tool_result"]] = "mcp_tool_result"
    tool_use_id: str = ""
    content: str | list[TextBlock | Unknown] = ""
    is_error: bool = False


class McpTool(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool of a remote MCP server."""

    name: str = ""
    description: str | None = None
    input_schema: dict[str, Any] = {}


class McpToolListingBlock(Block, frozen=True, kw_only=True, tag="mcp_tool_listing"):
    """Beta: the tools of a remote MCP server."""

    type: ClassVar[Literal["mcp_tool_listing"]] = "mcp_tool_listing"
    mcp_server_name: str = ""
    tools: list[McpTool] = []


class CompactionBlock(Block, frozen=True, kw_only=True, tag="compaction"):
    """Beta: a summary that stands for the turns before it."""

    type: ClassVar[Literal["compaction"]] = "compaction"
    content: str | None = None
    encrypted_content: str | None = None
    signature: str | None = None
    tool_changes: list[dict[str, Any]] | None = None


class FallbackModel(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a switch between models."""

    model: str = ""


class FallbackTrigger(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the model was switched."""

    type: str = ""
    """`refusal`."""
    category: str | None = None


class FallbackBlock(Block, frozen=True, kw_only=True, tag="fallback"):
    """Beta: from here on another model answers."""

    type: ClassVar[Literal["fallback"]] = "fallback"
    from_: FallbackModel | None = msgspec.field(default=None, name="from")
    to: FallbackModel | None = None
    trigger: FallbackTrigger | None = None


class AdvisorToolResultBlock(Block, frozen=True, kw_only=True, tag="advisor_tool_result"):
    """Beta: what a stronger model advised."""

    type: ClassVar[Literal["advisor_tool_result"]] = "advisor_tool_result"
    tool_use_id: str = ""
    content: AdvisorResult | AdvisorRedactedResult | AdvisorToolResultError | Unknown | None = None


class UnknownBlock(Unknown, frozen=True, kw_only=True):
    """A block of a type this version does not know, kept as it arrived."""

    def to_param(self) -> ContentBlockParam:
        """This block for a message that is sent: as received."""
        param: ContentBlockParam = self.data()
        return param


ContentBlock = (
    TextBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
    | WebFetchToolResultBlock
    | CodeExecutionToolResultBlock
    | BashCodeExecutionToolResultBlock
    | TextEditorCodeExecutionToolResultBlock
    | ToolSearchToolResultBlock
    | ContainerUploadBlock
    | McpToolUseBlock
    | McpToolResultBlock
    | McpToolListingBlock
    | CompactionBlock
    | FallbackBlock
    | AdvisorToolResultBlock
    | UnknownBlock
)
"""One block of an answer; told apart by `type` or by class."""
