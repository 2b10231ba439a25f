"""What goes into a Responses request as `input`: messages, tool outputs, and items of earlier answers.

Items that an answer held go back by `item.to_param()`; the dictionaries below name their keys for
those who keep conversations as JSON. What each field means is said once, at the received item.

Source: OpenAI's Responses protocol as its Python SDK 3.57 types it; the gateway passes `input` on
unchanged.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tikhub_async.types.responses.style import ReasoningEffortParam, ResponseJSONSchemaFormat, ResponseTextFormat
from tikhub_async.types.responses.tools import ResponseTool

Phase = Literal["commentary", "final_answer"] | str
"""Whether an assistant message was a remark on the way or the answer itself."""


class ResponseCacheBreakpointParam(TypedDict, total=False):
    """The prompt up to and including this part is worth caching."""

    mode: Required[Literal["explicit"]]
    ttl: Literal["30m", "12h"]


class ResponseInputTextParam(TypedDict, total=False):
    """Text as part of a message."""

    type: Required[Literal["input_text"]]
    text: Required[str]
    prompt_cache_breakpoint: ResponseCacheBreakpointParam


class ResponseInputImageParam(TypedDict, total=False):
    """An image as part of a message, by URL or by file id."""

    type: Required[Literal["input_image"]]
    image_url: str
    """Also a data URL with base64."""
    file_id: str
    detail: Literal["low", "high", "auto", "original"]
    """Default: auto."""
    prompt_cache_breakpoint: ResponseCacheBreakpointParam


class ResponseInputFileParam(TypedDict, total=False):
    """A file as part of a message, by URL, by file id, or inline."""

    type: Required[Literal["input_file"]]
    file_url: str
    file_id: str
    file_data: str
    """A data URL with base64; `filename` goes with it."""
    filename: str
    detail: Literal["auto", "low", "high"]
    prompt_cache_breakpoint: ResponseCacheBreakpointParam


ResponseInputContent = ResponseInputTextParam | ResponseInputImageParam | ResponseInputFileParam
"""One part of an input message or of a tool's output."""


class ResponseOutputTextParam(TypedDict, total=False):
    """Text that the model wrote."""

    type: Required[Literal["output_text"]]
    text: Required[str]
    annotations: Sequence[Mapping[str, Any]]
    """As received; the provider wants the key, an empty list will do."""
    logprobs: Sequence[Mapping[str, Any]]


class ResponseOutputRefusalParam(TypedDict, total=False):
    """A refusal that the model wrote."""

    type: Required[Literal["refusal"]]
    refusal: Required[str]


ResponseOutputContent = ResponseOutputTextParam | ResponseOutputRefusalParam
"""One part of a message that the model wrote."""


class ResponseInputMessageParam(TypedDict, total=False):
    """A message of the conversation, the usual input item."""

    role: Required[Literal["user", "assistant", "system", "developer"]]
    content: Required[str | Sequence[ResponseInputContent | ResponseOutputContent]]
    type: Literal["message"]
    phase: Phase
    """Of assistant messages."""
    status: str


class ResponseOutputMessageParam(TypedDict, total=False):
    """A message of an earlier answer, with its id."""

    type: Required[Literal["message"]]
    id: Required[str]
    role: Required[Literal["assistant"]]
    content: Required[Sequence[ResponseOutputContent]]
    status: str
    phase: Phase


class ItemReferenceParam(TypedDict, total=False):
    """An item that the provider stored, by its id alone."""

    id: Required[str]
    type: Literal["item_reference"]


class ReasoningTextParam(TypedDict, total=False):
    """A piece of reasoning, or of its summary."""

    type: Required[Literal["summary_text", "reasoning_text"]]
    text: Required[str]


class ResponseReasoningItemParam(TypedDict, total=False):
    """The model's reasoning before a tool call; models that reason want it back with the output."""

    type: Required[Literal["reasoning"]]
    id: str
    summary: Required[Sequence[ReasoningTextParam]]
    content: Sequence[ReasoningTextParam]
    encrypted_content: str
    status: str


_Async = TypedDict("_Async", {"async": bool}, total=False)


class ResponseCallerParam(TypedDict, total=False):
    """Who called a tool: the model, or the program with the given call id."""

    type: Required[Literal["direct", "program"]]
    caller_id: str


class ResponseFunctionToolCallParam(_Async, total=False):
    """A function call the model made."""

    type: Required[Literal["function_call"]]
    call_id: Required[str]
    name: Required[str]
    arguments: Required[str]
    """JSON text, as received."""
    id: str
    caller: ResponseCallerParam
    namespace: str
    status: str


class FunctionCallOutputParam(TypedDict, total=False):
    """What your function returned."""

    type: Required[Literal["function_call_output"]]
    call_id: Required[str]
    """The call's `call_id`, not its `id`."""
    output: Required[str | Sequence[ResponseInputContent]]
    """Text (JSON text where it is data), or parts."""
    id: str
    caller: ResponseCallerParam
    name: str
    namespace: str
    status: str


class ResponseCustomToolCallParam(_Async, total=False):
    """A custom tool call the model made."""

    type: Required[Literal["custom_tool_call"]]
    call_id: Required[str]
    name: Required[str]
    input: Required[str]
    id: str
    caller: ResponseCallerParam
    namespace: str


class CustomToolCallOutputParam(TypedDict, total=False):
    """What your custom tool returned."""

    type: Required[Literal["custom_tool_call_output"]]
    call_id: Required[str]
    output: Required[str | Sequence[ResponseInputContent]]
    id: str
    caller: ResponseCallerParam
    status: str


class ComputerScreenshotParam(TypedDict, total=False):
    """The screen after the actions, by URL (also a data URL) or by file id."""

    type: Required[Literal["computer_screenshot"]]
    image_url: str
    file_id: str


class ComputerSafetyCheckParam(TypedDict, total=False):
    """A safety check that a person has acknowledged."""

    id: Required[str]
    code: str
    message: str


class ComputerCallOutputParam(TypedDict, total=False):
    """What the screen shows after a computer call."""

    type: Required[Literal["computer_call_output"]]
    call_id: Required[str]
    output: Required[ComputerScreenshotParam]
    acknowledged_safety_checks: Sequence[ComputerSafetyCheckParam]
    id: str
    status: str


class LocalShellCallOutputParam(TypedDict, total=False):
    """What a local shell call printed, as JSON text."""

    type: Required[Literal["local_shell_call_output"]]
    id: Required[str]
    output: Required[str]
    status: str


class ShellOutcomeParam(TypedDict, total=False):
    """How a command ended; `exit_code` goes with `exit`."""

    type: Required[Literal["exit", "timeout"]]
    exit_code: int


class ShellOutputParam(TypedDict, total=False):
    """What one command printed and how it ended."""

    stdout: Required[str]
    stderr: Required[str]
    outcome: Required[ShellOutcomeParam]


class ShellCallOutputParam(TypedDict, total=False):
    """What the commands of a shell call printed, in their order."""

    type: Required[Literal["shell_call_output"]]
    call_id: Required[str]
    output: Required[Sequence[ShellOutputParam]]
    max_output_length: int
    """As the call asked for, in characters."""
    id: str
    caller: ResponseCallerParam
    status: str


class ApplyPatchCallOutputParam(TypedDict, total=False):
    """How a patch went."""

    type: Required[Literal["apply_patch_call_output"]]
    call_id: Required[str]
    status: Required[Literal["completed", "failed"]]
    output: str
    """A log for the model to read."""
    id: str
    caller: ResponseCallerParam


class McpApprovalResponseParam(TypedDict, total=False):
    """Your answer to an approval request."""

    type: Required[Literal["mcp_approval_response"]]
    approval_request_id: Required[str]
    approve: Required[bool]
    reason: str
    id: str


class ToolSearchOutputParam(TypedDict, total=False):
    """The tools that a search found."""

    type: Required[Literal["tool_search_output"]]
    tools: Required[Sequence[ResponseTool]]
    call_id: str
    execution: Literal["server", "client"]
    id: str
    status: str


class AdditionalToolsParam(TypedDict, total=False):
    """Tools on offer from here on in the conversation."""

    type: Required[Literal["additional_tools"]]
    role: Required[Literal["developer"]]
    tools: Required[Sequence[ResponseTool]]
    id: str


class ConfigurationTextParam(TypedDict, total=False):
    """The text format from here on in the conversation."""

    format: Required[ResponseTextFormat | ResponseJSONSchemaFormat]


class ConfigurationUpdateParam(TypedDict, total=False):
    """Other settings from here on in the conversation."""

    type: Required[Literal["configuration_update"]]
    reasoning: ReasoningEffortParam
    text: ConfigurationTextParam
    id: str


class CompactionParam(TypedDict, total=False):
    """An earlier part of the conversation, compacted by the provider."""

    type: Required[Literal["compaction"]]
    encrypted_content: Required[str]
    id: str


class CompactionTriggerParam(TypedDict, total=False):
    """Asks the provider to compact the conversation before this point."""

    type: Required[Literal["compaction_trigger"]]
    id: str


class HostedCallParam(TypedDict, total=False):
    """A call that the model made to a hosted tool, as an earlier answer held it.

    Which keys go with which type: see the received item of that type. All are given back as
    received.
    """

    type: Required[
        Literal[
            "apply_patch_call",
            "code_interpreter_call",
            "computer_call",
            "file_search_call",
            "image_generation_call",
            "local_shell_call",
            "mcp_approval_request",
            "mcp_call",
            "mcp_list_tools",
            "program",
            "program_output",
            "shell_call",
            "tool_search_call",
            "web_search_call",
        ]
    ]
    action: Mapping[str, Any]
    actions: Sequence[Mapping[str, Any]]
    approval_request_id: str
    arguments: Any
    """JSON text, except for `tool_search_call`: any JSON."""
    background: str
    call_id: str
    caller: ResponseCallerParam
    code: str
    container_id: str
    environment: Mapping[str, Any]
    error: str | Mapping[str, Any]
    execution: Literal["server", "client"]
    fingerprint: str
    id: str
    name: str
    operation: Mapping[str, Any]
    output: str
    output_format: str
    outputs: Sequence[Mapping[str, Any]]
    pending_safety_checks: Sequence[Mapping[str, Any]]
    quality: str
    queries: Sequence[str]
    result: str
    results: Sequence[Mapping[str, Any]]
    revised_prompt: str
    server_label: str
    size: str
    status: str
    svg_usage: Mapping[str, Any]
    tools: Sequence[Mapping[str, Any]]


ResponseInputItem = (
    ResponseInputMessageParam
    | ResponseOutputMessageParam
    | FunctionCallOutputParam
    | ResponseFunctionToolCallParam
    | ResponseReasoningItemParam
    | CustomToolCallOutputParam
    | ResponseCustomToolCallParam
    | ComputerCallOutputParam
    | LocalShellCallOutputParam
    | ShellCallOutputParam
    | ApplyPatchCallOutputParam
    | McpApprovalResponseParam
    | ToolSearchOutputParam
    | AdditionalToolsParam
    | ConfigurationUpdateParam
    | CompactionParam
    | CompactionTriggerParam
    | HostedCallParam
    | ItemReferenceParam
)
"""One item of a Responses input."""
