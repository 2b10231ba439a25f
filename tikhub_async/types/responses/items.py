"""Items of a response's output: messages, reasoning, calls of your tools, and the union of all 28.

The items of hosted tools are in `tool_items.py` and `machine_items.py`.
"""

from typing import Any, ClassVar, Literal

import msgspec

from tikhub_async.types._base import Unknown
from tikhub_async.types.responses.content import (
    ResponseCaller,
    ResponseItem,
    ResponseMessagePart,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningText,
    ResponseSummaryText,
    ResponseToolOutput,
    UnknownResponseItem,
)
from tikhub_async.types.responses.machine_items import (
    LocalShellCall,
    LocalShellCallOutput,
    ResponseApplyPatchToolCall,
    ResponseApplyPatchToolCallOutput,
    ResponseComputerToolCall,
    ResponseComputerToolCallOutputItem,
    ResponseFunctionShellToolCall,
    ResponseFunctionShellToolCallOutput,
)
from tikhub_async.types.responses.tool_items import (
    ImageGenerationCall,
    McpApprovalRequest,
    McpApprovalResponse,
    McpCall,
    McpListTools,
    ResponseCodeInterpreterToolCall,
    ResponseFileSearchToolCall,
    ResponseFunctionWebSearch,
    ResponseToolSearchCall,
    ResponseToolSearchOutputItem,
)


class ResponseOutputMessage(ResponseItem, frozen=True, kw_only=True, tag="message"):
    """A message that the model wrote."""

    type: ClassVar[Literal["message"]] = "message"
    id: str = ""
    content: list[ResponseMessagePart] = []
    role: str = "assistant"
    status: str | None = None
    """in_progress, completed or incomplete."""
    phase: str | None = None
    """commentary for a remark on the way, final_answer for the answer; None from most models."""

    @property
    def text(self) -> str:
        """The message's text parts, joined."""
        return "".join([part.text for part in self.content if isinstance(part, ResponseOutputText)])

    @property
    def refusal(self) -> str:
        """The message's refusal parts, joined; "" when the model did not refuse."""
        return "".join([part.refusal for part in self.content if isinstance(part, ResponseOutputRefusal)])


class ResponseReasoningItem(ResponseItem, frozen=True, kw_only=True, tag="reasoning"):
    """The model's reasoning; given back with tool outputs, it lets the model go on from there."""

    type: ClassVar[Literal["reasoning"]] = "reasoning"
    id: str = ""
    summary: list[ResponseSummaryText | Unknown] = []
    content: list[ResponseReasoningText | Unknown] | None = None
    encrypted_content: str | None = None
    """Opaque; there where `include` asked for it. It differs between a stream's `output_item.done`
    and its terminal event, and either is valid."""
    status: str | None = None

    @property
    def text(self) -> str:
        """What can be read of the reasoning: its content where there is some, else its summary."""
        parts = self.content or self.summary
        return "\n\n".join([part.text for part in parts if not isinstance(part, Unknown)])


class ResponseFunctionToolCall(ResponseItem, frozen=True, kw_only=True, tag="function_call"):
    """The model asks for a call of your function; reply with a `function_call_output` item."""

    type: ClassVar[Literal["function_call"]] = "function_call"
    arguments: str = ""
    """JSON text, by the tool's schema only where it is strict."""
    call_id: str = ""
    """To be repeated in the output."""
    name: str = ""
    id: str | None = None
    async_: bool | None = msgspec.field(default=None, name="async")
    caller: ResponseCaller | None = None
    namespace: str | None = None
    status: str | None = None
    """in_progress, completed or incomplete."""


class ResponseFunctionToolCallOutputItem(ResponseItem, frozen=True, kw_only=True, tag="function_call_output"):
    """What a function returned."""

    type: ClassVar[Literal["function_call_output"]] = "function_call_output"
    id: str = ""
    output: str | list[ResponseToolOutput] = ""
    status: str | None = None
    call_id: str | None = None
    caller: ResponseCaller | None = None
    created_by: str | None = None
    name: str | None = None
    namespace: str | None = None


class ResponseCustomToolCall(ResponseItem, frozen=True, kw_only=True, tag="custom_tool_call"):
    """The model asks for a call of your custom tool; reply with a `custom_tool_call_output` item."""

    type: ClassVar[Literal["custom_tool_call"]] = "custom_tool_call"
    call_id: str = ""
    """To be repeated in the output."""
    input: str = ""
    """Free text, by the tool's grammar where it has one."""
    name: str = ""
    id: str | None = None
    async_: bool | None = msgspec.field(default=None, name="async")
    caller: ResponseCaller | None = None
    namespace: str | None = None
    status: str | None = None


class ResponseCustomToolCallOutputItem(ResponseItem, frozen=True, kw_only=True, tag="custom_tool_call_output"):
    """What a custom tool returned."""

    type: ClassVar[Literal["custom_tool_call_output"]] = "custom_tool_call_output"
    call_id: str = ""
    output: str | list[ResponseToolOutput] = ""
    id: str = ""
    caller: ResponseCaller | None = None
    status: str | None = None
    created_by: str | None = None


class ResponseCompactionItem(ResponseItem, frozen=True, kw_only=True, tag="compaction"):
    """An earlier part of the conversation, compacted."""

    type: ClassVar[Literal["compaction"]] = "compaction"
    id: str = ""
    encrypted_content: str = ""
    created_by: str | None = None


class Program(ResponseItem, frozen=True, kw_only=True, tag="program"):
    """A program that the model wrote to call tools."""

    type: ClassVar[Literal["program"]] = "program"
    id: str = ""
    call_id: str = ""
    code: str = ""
    fingerprint: str = ""


class ProgramOutput(ResponseItem, frozen=True, kw_only=True, tag="program_output"):
    """What a program of the model returned."""

    type: ClassVar[Literal["program_output"]] = "program_output"
    id: str = ""
    call_id: str = ""
    result: str = ""
    status: str | None = None


class AdditionalTools(ResponseItem, frozen=True, kw_only=True, tag="additional_tools"):
    """Tools on offer from here on in the conversation."""

    type: ClassVar[Literal["additional_tools"]] = "additional_tools"
    id: str = ""
    role: str = ""
    tools: list[dict[str, Any]] = []
    """As they were sent: `ResponseTool` has the keys."""


ResponseOutputItem = (
    ResponseOutputMessage
    | ResponseReasoningItem
    | ResponseFunctionToolCall
    | ResponseFunctionToolCallOutputItem
    | ResponseCustomToolCall
    | ResponseCustomToolCallOutputItem
    | ResponseFileSearchToolCall
    | ResponseFunctionWebSearch
    | ResponseCodeInterpreterToolCall
    | ImageGenerationCall
    | McpCall
    | McpListTools
    | McpApprovalRequest
    | McpApprovalResponse
    | ResponseComputerToolCall
    | ResponseComputerToolCallOutputItem
    | LocalShellCall
    | LocalShellCallOutput
    | ResponseFunctionShellToolCall
    | ResponseFunctionShellToolCallOutput
    | ResponseApplyPatchToolCall
    | ResponseApplyPatchToolCallOutput
    | ResponseToolSearchCall
    | ResponseToolSearchOutputItem
    | ResponseCompactionItem
    | Program
    | ProgramOutput
    | AdditionalTools
    | UnknownResponseItem
)
"""One item of a response's output."""
