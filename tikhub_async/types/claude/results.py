"""What tools that run at the provider returned: the inside of Claude's `…_tool_result` blocks.

All refuse unknown fields, for the reason told in `blocks.py`.
"""

from typing import ClassVar, Literal

from tikhub_async.types._base import Model, Unknown


class _Exact(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ToolCaller(_Exact, frozen=True, kw_only=True):
    """Who called a tool."""

    type: str = ""
    """`direct`, or the code execution version whose program made the call."""
    tool_id: str | None = None
    """The `server_tool_use` block of that program."""


class _ToolError(_Exact, frozen=True, kw_only=True, tag_field="type"):
    error_code: str = ""
    """As `invalid_tool_input`, `unavailable`, `too_many_requests`, `max_uses_exceeded`; open."""


class WebSearchToolResultError(_ToolError, frozen=True, kw_only=True, tag="web_search_tool_result_error"):
    """A web search failed."""

    type: ClassVar[Literal["web_search_tool_result_error"]] = "web_search_tool_result_error"


class WebSearchResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="web_search_result"):
    """One page that a web search found."""

    type: ClassVar[Literal["web_search_result"]] = "web_search_result"
    url: str = ""
    title: str = ""
    page_age: str | None = None
    """As the search engine words it: `March 9, 2020`, `2 days ago`."""
    encrypted_content: str = ""
    """Opaque; must be sent back unchanged for citations to work."""


class DocumentSource(_Exact, frozen=True, kw_only=True):
    """The body of a fetched page."""

    type: str = ""
    """`text`, or `base64` for a PDF."""
    media_type: str = ""
    data: str = ""


class CitationsConfig(_Exact, frozen=True, kw_only=True):
    """Whether a document may be cited."""

    enabled: bool | None = None


class FetchedDocument(_Exact, frozen=True, kw_only=True):
    """A fetched page as a document."""

    type: str = "document"
    source: DocumentSource | None = None
    title: str | None = None
    citations: CitationsConfig | None = None


class WebFetchResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="web_fetch_result"):
    """One fetched page."""

    type: ClassVar[Literal["web_fetch_result"]] = "web_fetch_result"
    url: str = ""
    retrieved_at: str | None = None
    """ISO 8601."""
    content: FetchedDocument | None = None


class WebFetchToolResultError(_ToolError, frozen=True, kw_only=True, tag="web_fetch_tool_result_error"):
    """A page could not be fetched."""

    type: ClassVar[Literal["web_fetch_tool_result_error"]] = "web_fetch_tool_result_error"


class ExecutionOutput(_Exact, frozen=True, kw_only=True):
    """A file that a program wrote."""

    type: str = ""
    file_id: str = ""


class CodeExecutionResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="code_execution_result"):
    """Output of a program."""

    type: ClassVar[Literal["code_execution_result"]] = "code_execution_result"
    stdout: str = ""
    stderr: str = ""
    return_code: int = 0
    content: list[ExecutionOutput] = []
    abort_reason: str | None = None


class EncryptedCodeExecutionResult(
    _Exact, frozen=True, kw_only=True, tag_field="type", tag="encrypted_code_execution_result"
):
    """Output of a program that only the model may read."""

    type: ClassVar[Literal["encrypted_code_execution_result"]] = "encrypted_code_execution_result"
    encrypted_stdout: str = ""
    stderr: str = ""
    return_code: int = 0
    content: list[ExecutionOutput] = []
    abort_reason: str | None = None


class CodeExecutionToolResultError(_ToolError, frozen=True, kw_only=True, tag="code_execution_tool_result_error"):
    """A program could not run."""

    type: ClassVar[Literal["code_execution_tool_result_error"]] = "code_execution_tool_result_error"


class BashCodeExecutionResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="bash_code_execution_result"):
    """Output of a shell command."""

    type: ClassVar[Literal["bash_code_execution_result"]] = "bash_code_execution_result"
    stdout: str = ""
    stderr: str = ""
    return_code: int = 0
    content: list[ExecutionOutput] = []


class BashCodeExecutionToolResultError(
    _ToolError, frozen=True, kw_only=True, tag="bash_code_execution_tool_result_error"
):
    """A shell command could not run."""

    type: ClassVar[Literal["bash_code_execution_tool_result_error"]] = "bash_code_execution_tool_result_error"


class TextEditorCodeExecutionViewResult(
    _Exact, frozen=True, kw_only=True, tag_field="type", tag="text_editor_code_execution_view_result"
):
    """A file, or lines of it."""

    type: ClassVar[Literal["text_editor_code_execution_view_result"]] = "text_editor_code_execution_view_result"
    file_type: str = ""
    """`text`, `image`, `pdf`."""
    content: str = ""
    start_line: int | None = None
    """From 1."""
    num_lines: int | None = None
    total_lines: int | None = None


class TextEditorCodeExecutionCreateResult(
    _Exact, frozen=True, kw_only=True, tag_field="type", tag="text_editor_code_execution_create_result"
):
    """A file was written."""

    type: ClassVar[Literal["text_editor_code_execution_create_result"]] = "text_editor_code_execution_create_result"
    is_file_update: bool = False
    """True: the file was there before."""


class TextEditorCodeExecutionStrReplaceResult(
    _Exact, frozen=True, kw_only=True, tag_field="type", tag="text_editor_code_execution_str_replace_result"
):
    """Text in a file was replaced."""

    type: ClassVar[Literal["text_editor_code_execution_str_replace_result"]] = (
        "text_editor_code_execution_str_replace_result"
    )
    lines: list[str] | None = None
    """Diff lines."""
    old_start: int | None = None
    old_lines: int | None = None
    new_start: int | None = None
    new_lines: int | None = None


class TextEditorCodeExecutionToolResultError(
    _ToolError, frozen=True, kw_only=True, tag="text_editor_code_execution_tool_result_error"
):
    """A file command failed."""

    type: ClassVar[Literal["text_editor_code_execution_tool_result_error"]] = (
        "text_editor_code_execution_tool_result_error"
    )
    error_message: str | None = None


class ToolReference(_Exact, frozen=True, kw_only=True, tag_field="type", tag="tool_reference"):
    """A tool that was found."""

    type: ClassVar[Literal["tool_reference"]] = "tool_reference"
    tool_name: str = ""


class ToolSearchResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="tool_search_tool_search_result"):
    """Tools that were found."""

    type: ClassVar[Literal["tool_search_tool_search_result"]] = "tool_search_tool_search_result"
    tool_references: list[ToolReference | Unknown] = []


class ToolSearchToolResultError(_ToolError, frozen=True, kw_only=True, tag="tool_search_tool_result_error"):
    """A tool search failed."""

    type: ClassVar[Literal["tool_search_tool_result_error"]] = "tool_search_tool_result_error"
    error_message: str | None = None


class AdvisorResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="advisor_result"):
    """Beta: advice in plain text."""

    type: ClassVar[Literal["advisor_result"]] = "advisor_result"
    text: str = ""
    stop_reason: str | None = None


class AdvisorRedactedResult(_Exact, frozen=True, kw_only=True, tag_field="type", tag="advisor_redacted_result"):
    """Beta: advice that only the model may read."""

    type: ClassVar[Literal["advisor_redacted_result"]] = "advisor_redacted_result"
    encrypted_content: str = ""
    stop_reason: str | None = None


class AdvisorToolResultError(_ToolError, frozen=True, kw_only=True, tag="advisor_tool_result_error"):
    """Beta: no advice could be had."""

    type: ClassVar[Literal["advisor_tool_result_error"]] = "advisor_tool_result_error"
