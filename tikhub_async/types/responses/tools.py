"""What a Responses request may offer the model: its tools and how it must choose among them.

Every tool names itself in `type`. Function tools of this endpoint are flat: name and parameters
stand beside `type`, not under `function` as in chat completions.

Source: OpenAI's Responses protocol as its Python SDK 3.57 types it; the gateway passes `tools` and
`tool_choice` on unchanged.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tikhub_async.types.responses.hosted_tools import (
    ApplyPatchToolParam,
    CodeInterpreterToolParam,
    ComputerToolParam,
    ComputerUsePreviewToolParam,
    FileSearchToolParam,
    ImageGenerationToolParam,
    LocalShellToolParam,
    McpToolParam,
    ProgrammaticToolCallingParam,
    ResponseToolCaller,
    ShellToolParam,
    WebSearchPreviewToolParam,
    WebSearchToolParam,
)

_Async = TypedDict("_Async", {"async": bool}, total=False)
"""`async` is a Python keyword, so the key cannot be written in a class body."""


class FunctionToolParam(_Async, total=False):
    """A function of yours that the model may ask for; the answer holds a `function_call` item."""

    type: Required[Literal["function"]]
    name: Required[str]
    description: str
    """When and how to use it; the model reads this."""
    parameters: Mapping[str, Any] | None
    """JSON schema of the arguments object."""
    strict: bool | None
    """Whether arguments must follow the schema exactly. Default: true."""
    output_schema: Mapping[str, Any]
    """JSON schema of what the function returns."""
    allowed_callers: Sequence[ResponseToolCaller]
    defer_loading: bool
    """True hides the tool until a tool search finds it."""


class CustomToolTextFormat(TypedDict, total=False):
    """Any text as a custom tool's input, the default."""

    type: Required[Literal["text"]]


class CustomToolGrammarFormat(TypedDict, total=False):
    """Only text that a grammar accepts as a custom tool's input."""

    type: Required[Literal["grammar"]]
    syntax: Required[Literal["lark", "regex"]]
    definition: Required[str]


class CustomToolParam(_Async, total=False):
    """A tool of yours whose input is free text; the answer holds a `custom_tool_call` item."""

    type: Required[Literal["custom"]]
    name: Required[str]
    description: str
    format: CustomToolTextFormat | CustomToolGrammarFormat
    allowed_callers: Sequence[ResponseToolCaller]
    defer_loading: bool


class NamespaceToolParam(TypedDict, total=False):
    """A named group of function and custom tools."""

    type: Required[Literal["namespace"]]
    name: Required[str]
    description: Required[str]
    tools: Required[Sequence[FunctionToolParam | CustomToolParam]]


class ToolSearchToolParam(TypedDict, total=False):
    """Lets the model search for tools that were given with `defer_loading`."""

    type: Required[Literal["tool_search"]]
    execution: Literal["server", "client"]
    """Who searches. With `client` the answer holds a `tool_search_call` to reply to."""
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the search arguments, for `client`."""


ResponseTool = (
    FunctionToolParam
    | CustomToolParam
    | WebSearchToolParam
    | WebSearchPreviewToolParam
    | FileSearchToolParam
    | CodeInterpreterToolParam
    | ImageGenerationToolParam
    | McpToolParam
    | ComputerToolParam
    | ComputerUsePreviewToolParam
    | LocalShellToolParam
    | ShellToolParam
    | ApplyPatchToolParam
    | NamespaceToolParam
    | ToolSearchToolParam
    | ProgrammaticToolCallingParam
)
"""One tool on offer."""


class ToolChoiceFunctionParam(TypedDict, total=False):
    """This function must be called."""

    type: Required[Literal["function"]]
    name: Required[str]


class ToolChoiceCustomParam(TypedDict, total=False):
    """This custom tool must be called."""

    type: Required[Literal["custom"]]
    name: Required[str]


class ToolChoiceMcpParam(TypedDict, total=False):
    """A tool of this MCP server must be called."""

    type: Required[Literal["mcp"]]
    server_label: Required[str]
    name: str
    """The tool. Default: any of the server's."""


class ToolChoiceAllowedParam(TypedDict, total=False):
    """Only some of the tools on offer may be called."""

    type: Required[Literal["allowed_tools"]]
    mode: Required[Literal["auto", "required"]]
    tools: Required[Sequence[Mapping[str, Any]]]
    """As `[{"type": "function", "name": "get_weather"}, {"type": "image_generation"}]`."""


class ToolChoiceTypesParam(TypedDict, total=False):
    """This built-in tool must be used."""

    type: Required[
        Literal[
            "apply_patch",
            "code_interpreter",
            "computer",
            "computer_use",
            "computer_use_preview",
            "file_search",
            "image_generation",
            "programmatic_tool_calling",
            "shell",
            "web_search_preview",
            "web_search_preview_2025_03_11",
        ]
    ]


ResponseToolChoice = (
    Literal["none", "auto", "required"]
    | ToolChoiceFunctionParam
    | ToolChoiceCustomParam
    | ToolChoiceMcpParam
    | ToolChoiceAllowedParam
    | ToolChoiceTypesParam
)
"""How the model must choose among the tools. Default: auto."""
