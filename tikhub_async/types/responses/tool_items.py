"""Output items of tools that the provider runs: search, code, images, MCP servers, tool search."""

from typing import Any, ClassVar, Literal

from tikhub_async.types._base import Number, Unknown
from tikhub_async.types.responses.content import ItemPart, ResponseItem


class FileSearchResult(ItemPart, frozen=True, kw_only=True):
    """A passage that file search found."""

    attributes: dict[str, Any] | None = None
    """The file's own key-value pairs: text, numbers, booleans."""
    file_id: str | None = None
    filename: str | None = None
    score: Number | None = None
    """0–1, higher fits better."""
    text: str | None = None


class ResponseFileSearchToolCall(ResponseItem, frozen=True, kw_only=True, tag="file_search_call"):
    """A search in vector stores."""

    type: ClassVar[Literal["file_search_call"]] = "file_search_call"
    id: str = ""
    queries: list[str] = []
    status: str | None = None
    """in_progress, searching, completed, incomplete or failed."""
    results: list[FileSearchResult] | None = None
    """None unless `include` asked for them."""


class WebSearchSource(ItemPart, frozen=True, kw_only=True):
    """A page that a search used."""

    type: str = "url"
    url: str | None = None


class WebSearchActionSearch(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="search"):
    """A query was run."""

    type: ClassVar[Literal["search"]] = "search"
    query: str | None = None
    """The first of `queries`; kept for older clients."""
    queries: list[str] | None = None
    sources: list[WebSearchSource] | None = None
    """None unless `include` asked for them."""


class WebSearchActionOpenPage(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="open_page"):
    """A page was read."""

    type: ClassVar[Literal["open_page"]] = "open_page"
    url: str | None = None


class WebSearchActionFind(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="find_in_page"):
    """A page was searched for a pattern."""

    type: ClassVar[Literal["find_in_page"]] = "find_in_page"
    pattern: str | None = None
    url: str | None = None


class ResponseFunctionWebSearch(ResponseItem, frozen=True, kw_only=True, tag="web_search_call"):
    """A step of a web search."""

    type: ClassVar[Literal["web_search_call"]] = "web_search_call"
    id: str = ""
    action: WebSearchActionSearch | WebSearchActionOpenPage | WebSearchActionFind | Unknown | None = None
    """None while the step has only begun."""
    status: str | None = None
    """in_progress, searching, completed, incomplete or failed."""


class CodeInterpreterLogs(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="logs"):
    """What code printed."""

    type: ClassVar[Literal["logs"]] = "logs"
    logs: str = ""


class CodeInterpreterImage(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="image"):
    """An image that code made."""

    type: ClassVar[Literal["image"]] = "image"
    url: str = ""


class ResponseCodeInterpreterToolCall(ResponseItem, frozen=True, kw_only=True, tag="code_interpreter_call"):
    """Python that the model wrote and the provider ran."""

    type: ClassVar[Literal["code_interpreter_call"]] = "code_interpreter_call"
    id: str = ""
    code: str | None = None
    container_id: str = ""
    outputs: list[CodeInterpreterLogs | CodeInterpreterImage | Unknown] | None = None
    """None unless `include` asked for them."""
    status: str | None = None
    """in_progress, interpreting, completed, incomplete or failed."""


class ImageModerationDetails(ItemPart, frozen=True, kw_only=True):
    """Why an image was refused."""

    categories: list[str] = []
    moderation_stage: str | None = None
    """input, output or unknown."""


class ImageGenerationError(ItemPart, frozen=True, kw_only=True):
    """Why there is no image."""

    message: str = ""
    type: str | None = None
    code: str | None = None
    param: str | None = None
    moderation_details: ImageModerationDetails | None = None


class SvgUsage(ItemPart, frozen=True, kw_only=True):
    """Tokens spent on an SVG image."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    model: str | None = None


class ImageGenerationCall(ResponseItem, frozen=True, kw_only=True, tag="image_generation_call"):
    """An image that the provider made."""

    type: ClassVar[Literal["image_generation_call"]] = "image_generation_call"
    id: str = ""
    result: str | None = None
    """The image as base64, in `output_format`; None until it is complete."""
    status: str | None = None
    """in_progress, generating, completed or failed."""
    action: str | None = None
    """generate or edit."""
    background: str | None = None
    error: ImageGenerationError | None = None
    output_format: str | None = None
    quality: str | None = None
    revised_prompt: str | None = None
    """The prompt that was really used."""
    size: str | None = None
    """As `1024x1536`, width first, in pixels."""
    svg_usage: SvgUsage | None = None


class McpListToolsTool(ItemPart, frozen=True, kw_only=True):
    """A tool that an MCP server offers."""

    name: str = ""
    input_schema: Any = None
    """JSON schema of the arguments."""
    annotations: Any = None
    """Hints of the server, as `{"readOnlyHint": true}`."""
    description: str | None = None


class McpListTools(ResponseItem, frozen=True, kw_only=True, tag="mcp_list_tools"):
    """The tools that an MCP server offers, asked for once per conversation."""

    type: ClassVar[Literal["mcp_list_tools"]] = "mcp_list_tools"
    id: str = ""
    server_label: str = ""
    tools: list[McpListToolsTool] = []
    error: str | dict[str, Any] | None = None
    """Why the server could not be asked."""


class McpProtocolError(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="mcp_protocol_error"):
    """The MCP server broke its protocol, or answered with a protocol error."""

    type: ClassVar[Literal["mcp_protocol_error"]] = "mcp_protocol_error"
    code: int | None = None
    message: str = ""


class McpToolExecutionError(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="mcp_tool_execution_error"):
    """The tool ran and failed."""

    type: ClassVar[Literal["mcp_tool_execution_error"]] = "mcp_tool_execution_error"
    content: Any = None
    """What the tool returned, MCP content blocks as a rule."""


class McpHTTPError(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="http_error"):
    """The MCP server answered with an HTTP error."""

    type: ClassVar[Literal["http_error"]] = "http_error"
    code: int | None = None
    """HTTP status."""
    message: str = ""


class McpCall(ResponseItem, frozen=True, kw_only=True, tag="mcp_call"):
    """A tool of an MCP server was called."""

    type: ClassVar[Literal["mcp_call"]] = "mcp_call"
    id: str = ""
    arguments: str = ""
    """JSON text."""
    name: str = ""
    server_label: str = ""
    approval_request_id: str | None = None
    error: str | McpProtocolError | McpToolExecutionError | McpHTTPError | Unknown | None = None
    """Text from older API versions, else one of the kinds."""
    output: str | None = None
    status: str | None = None
    """in_progress, calling, completed, incomplete or failed."""


class McpApprovalRequest(ResponseItem, frozen=True, kw_only=True, tag="mcp_approval_request"):
    """The model wants to call an MCP tool; reply with an `mcp_approval_response` item."""

    type: ClassVar[Literal["mcp_approval_request"]] = "mcp_approval_request"
    id: str = ""
    arguments: str = ""
    """JSON text."""
    name: str = ""
    server_label: str = ""


class McpApprovalResponse(ResponseItem, frozen=True, kw_only=True, tag="mcp_approval_response"):
    """An approval that was given or refused."""

    type: ClassVar[Literal["mcp_approval_response"]] = "mcp_approval_response"
    id: str = ""
    approval_request_id: str = ""
    approve: bool | None = None
    reason: str | None = None


class ResponseToolSearchCall(ResponseItem, frozen=True, kw_only=True, tag="tool_search_call"):
    """The model searches for tools; with `execution` client, reply with a `tool_search_output` item."""

    type: ClassVar[Literal["tool_search_call"]] = "tool_search_call"
    id: str = ""
    arguments: Any = None
    """Any JSON, not text as in function calls."""
    call_id: str | None = None
    """None where the provider searches."""
    execution: str | None = None
    """server or client."""
    status: str | None = None
    created_by: str | None = None


class ResponseToolSearchOutputItem(ResponseItem, frozen=True, kw_only=True, tag="tool_search_output"):
    """The tools that a search found."""

    type: ClassVar[Literal["tool_search_output"]] = "tool_search_output"
    id: str = ""
    call_id: str | None = None
    execution: str | None = None
    status: str | None = None
    tools: list[dict[str, Any]] = []
    """As they were sent: `ResponseTool` has the keys."""
    created_by: str | None = None
