"""What stands in the messages that are sent to Claude: turns and their blocks, as TypedDicts."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict


class CacheControlParam(TypedDict, total=False):
    """Marks the end of a prompt prefix that is to be cached."""

    type: Required[Literal["ephemeral"]]
    ttl: Literal["5m", "1h"]
    """How long the prefix is kept after its last use. Default `5m`."""


class Base64SourceParam(TypedDict):
    """Bytes inside the request."""

    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"] | str
    data: str
    """Base64 without a `data:` prefix."""


class UrlSourceParam(TypedDict):
    """An image or PDF that the provider fetches itself."""

    type: Literal["url"]
    url: str


class FileSourceParam(TypedDict):
    """A file uploaded to the provider before."""

    type: Literal["file"]
    file_id: str


class TextSourceParam(TypedDict):
    """Plain text as a document."""

    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class ContentSourceParam(TypedDict):
    """Blocks as a document; citations then point to a block."""

    type: Literal["content"]
    content: "str | Sequence[TextBlockParam | ImageBlockParam]"


class CitationsParam(TypedDict, total=False):
    """Whether answers may cite this document."""

    enabled: bool


class CharLocationParam(TypedDict, total=False):
    """A citation of characters of a plain text document."""

    type: Required[Literal["char_location"]]
    cited_text: Required[str]
    document_index: Required[int]
    document_title: str | None
    start_char_index: Required[int]
    end_char_index: Required[int]


class PageLocationParam(TypedDict, total=False):
    """A citation of pages of a PDF."""

    type: Required[Literal["page_location"]]
    cited_text: Required[str]
    document_index: Required[int]
    document_title: str | None
    start_page_number: Required[int]
    end_page_number: Required[int]


class ContentBlockLocationParam(TypedDict, total=False):
    """A citation of blocks of a document."""

    type: Required[Literal["content_block_location"]]
    cited_text: Required[str]
    document_index: Required[int]
    document_title: str | None
    start_block_index: Required[int]
    end_block_index: Required[int]


class WebSearchResultLocationParam(TypedDict, total=False):
    """A citation of a web search result."""

    type: Required[Literal["web_search_result_location"]]
    cited_text: Required[str]
    url: Required[str]
    title: str | None
    encrypted_index: Required[str]


class SearchResultLocationParam(TypedDict, total=False):
    """A citation of a `search_result` block."""

    type: Required[Literal["search_result_location"]]
    cited_text: Required[str]
    source: Required[str]
    title: str | None
    search_result_index: Required[int]
    start_block_index: Required[int]
    end_block_index: Required[int]


CitationParam = (
    CharLocationParam
    | PageLocationParam
    | ContentBlockLocationParam
    | WebSearchResultLocationParam
    | SearchResultLocationParam
)
"""A citation of an earlier answer, sent back unchanged."""


class ToolCallerParam(TypedDict, total=False):
    """Who called a tool, sent back unchanged."""

    type: Required[str]
    """`direct`, or a code execution version."""
    tool_id: str


class ImageTransformationsParam(TypedDict, total=False):
    """What may be done to an image before the model sees it."""

    oversized_image: Literal["downsize", "error"]


class TextBlockParam(TypedDict, total=False):
    """Text in a message or in the system prompt."""

    type: Required[Literal["text"]]
    text: Required[str]
    """Not empty: the provider refuses empty text blocks."""
    cache_control: CacheControlParam | None
    citations: Sequence[CitationParam] | None
    """As received; only in assistant turns."""


class ImageBlockParam(TypedDict, total=False):
    """An image."""

    type: Required[Literal["image"]]
    source: Required[Base64SourceParam | UrlSourceParam | FileSourceParam]
    cache_control: CacheControlParam | None
    transformations: ImageTransformationsParam | None


class DocumentBlockParam(TypedDict, total=False):
    """A PDF, a text or a list of blocks that can be cited."""

    type: Required[Literal["document"]]
    source: Required[Base64SourceParam | TextSourceParam | ContentSourceParam | UrlSourceParam | FileSourceParam]
    title: str | None
    context: str | None
    """Told to the model, not citable."""
    citations: CitationsParam | None
    cache_control: CacheControlParam | None


class SearchResultBlockParam(TypedDict, total=False):
    """A result of the caller's own search, citable."""

    type: Required[Literal["search_result"]]
    source: Required[str]
    """Where it was found, as a URL."""
    title: Required[str]
    content: Required[Sequence[TextBlockParam]]
    citations: CitationsParam
    cache_control: CacheControlParam | None


class ThinkingBlockParam(TypedDict):
    """Thinking of an earlier turn, sent back unchanged."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlockParam(TypedDict):
    """Encrypted thinking of an earlier turn, sent back unchanged."""

    type: Literal["redacted_thinking"]
    data: str


class ToolUseBlockParam(TypedDict, total=False):
    """A tool call of an earlier turn."""

    type: Required[Literal["tool_use"]]
    id: Required[str]
    name: Required[str]
    input: Required[Mapping[str, Any]]
    caller: ToolCallerParam
    toolset_name: str | None
    cache_control: CacheControlParam | None


class ToolReferenceParam(TypedDict, total=False):
    """A tool found by the caller's own tool search."""

    type: Required[Literal["tool_reference"]]
    tool_name: Required[str]
    cache_control: CacheControlParam | None


class BrowserStateParam(TypedDict, total=False):
    """The tabs of the browser that the caller runs for the model."""

    type: Required[Literal["browser_state"]]
    tabs: Required[Sequence[Mapping[str, Any]]]
    """`{"tab_id", "title", "url", "active"}` each."""
    state_changes: Sequence[Mapping[str, Any]] | None
    """What happened since the last state: tabs opened, downloads."""
    cache_control: CacheControlParam | None


class ToolResultBlockParam(TypedDict, total=False):
    """What a tool call returned, in the user turn after it."""

    type: Required[Literal["tool_result"]]
    tool_use_id: Required[str]
    content: (
        str
        | Sequence[
            TextBlockParam
            | ImageBlockParam
            | SearchResultBlockParam
            | DocumentBlockParam
            | ToolReferenceParam
            | BrowserStateParam
        ]
    )
    is_error: bool
    toolset_name: str | None
    cache_control: CacheControlParam | None


class ServerToolUseBlockParam(TypedDict, total=False):
    """A call of a tool that ran at the provider, sent back unchanged."""

    type: Required[Literal["server_tool_use", "mcp_tool_use"]]
    id: Required[str]
    name: Required[str]
    input: Required[Mapping[str, Any]]
    caller: ToolCallerParam
    server_name: str
    """Only for `mcp_tool_use`."""
    cache_control: CacheControlParam | None


class ServerToolResultBlockParam(TypedDict, total=False):
    """A result of a tool that ran at the provider, sent back unchanged."""

    type: Required[
        Literal[
            "web_search_tool_result",
            "web_fetch_tool_result",
            "code_execution_tool_result",
            "bash_code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "mcp_tool_result",
            "advisor_tool_result",
        ]
    ]
    tool_use_id: Required[str]
    content: Required[Any]
    caller: ToolCallerParam
    is_error: bool
    cache_control: CacheControlParam | None


class ContainerUploadBlockParam(TypedDict, total=False):
    """A file to put into the code execution container."""

    type: Required[Literal["container_upload"]]
    file_id: Required[str]
    cache_control: CacheControlParam | None


ContentBlockParam = (
    TextBlockParam
    | ImageBlockParam
    | DocumentBlockParam
    | SearchResultBlockParam
    | ThinkingBlockParam
    | RedactedThinkingBlockParam
    | ToolUseBlockParam
    | ToolResultBlockParam
    | ServerToolUseBlockParam
    | ServerToolResultBlockParam
    | ContainerUploadBlockParam
)
"""One block of a message that is sent."""


class MessageParam(TypedDict):
    """One turn. Annotate a history kept in a variable: `history: list[MessageParam] = [...]`."""

    role: Literal["user", "assistant", "system"]
    """`system` inside `messages` is taken by newer models only; `system=` by all."""
    content: str | Sequence[ContentBlockParam]
