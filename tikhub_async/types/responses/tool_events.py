"""Events of a Responses stream while tools run, and the bases of all events."""

from typing import ClassVar, Literal

from tikhub_async.types._base import Model
from tikhub_async.types.responses.machine_items import ShellOutput


class ResponseEvent(Model, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """Base of all events of a Responses stream."""

    sequence_number: int | None = None


class OutputEvent(ResponseEvent, frozen=True, kw_only=True):
    """Base of events about one output item."""

    output_index: int = 0
    """The item's place in the response's `output`."""


class ItemEvent(OutputEvent, frozen=True, kw_only=True):
    """Base of events that name their item."""

    item_id: str = ""


class CommandEvent(OutputEvent, frozen=True, kw_only=True):
    """Base of events about one command of a shell item."""

    command_index: int = 0
    """The command's place in the item."""


class ResponseFunctionCallArgumentsDeltaEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"
):
    """More of a function call's arguments, a piece of JSON text."""

    type: ClassVar[Literal["response.function_call_arguments.delta"]] = "response.function_call_arguments.delta"
    delta: str = ""


class ResponseFunctionCallArgumentsDoneEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """A function call's whole arguments."""

    type: ClassVar[Literal["response.function_call_arguments.done"]] = "response.function_call_arguments.done"
    arguments: str = ""


class ResponseCustomToolCallInputDeltaEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.custom_tool_call_input.delta"
):
    """More of a custom tool's input."""

    type: ClassVar[Literal["response.custom_tool_call_input.delta"]] = "response.custom_tool_call_input.delta"
    delta: str = ""


class ResponseCustomToolCallInputDoneEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.custom_tool_call_input.done"
):
    """A custom tool's whole input; not every stream sends it."""

    type: ClassVar[Literal["response.custom_tool_call_input.done"]] = "response.custom_tool_call_input.done"
    input: str = ""


class ResponseMcpCallArgumentsDeltaEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_call_arguments.delta"):
    """More of an MCP call's arguments, a piece of JSON text."""

    type: ClassVar[Literal["response.mcp_call_arguments.delta"]] = "response.mcp_call_arguments.delta"
    delta: str = ""


class ResponseMcpCallArgumentsDoneEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_call_arguments.done"):
    """An MCP call's whole arguments."""

    type: ClassVar[Literal["response.mcp_call_arguments.done"]] = "response.mcp_call_arguments.done"
    arguments: str = ""


class ResponseMcpCallInProgressEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_call.in_progress"):
    """An MCP tool is being called."""

    type: ClassVar[Literal["response.mcp_call.in_progress"]] = "response.mcp_call.in_progress"


class ResponseMcpCallCompletedEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_call.completed"):
    """An MCP tool answered."""

    type: ClassVar[Literal["response.mcp_call.completed"]] = "response.mcp_call.completed"


class ResponseMcpCallFailedEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_call.failed"):
    """An MCP tool failed; the item's `error` says how."""

    type: ClassVar[Literal["response.mcp_call.failed"]] = "response.mcp_call.failed"


class ResponseMcpListToolsInProgressEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.mcp_list_tools.in_progress"
):
    """An MCP server is asked for its tools."""

    type: ClassVar[Literal["response.mcp_list_tools.in_progress"]] = "response.mcp_list_tools.in_progress"


class ResponseMcpListToolsCompletedEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_list_tools.completed"):
    """An MCP server listed its tools."""

    type: ClassVar[Literal["response.mcp_list_tools.completed"]] = "response.mcp_list_tools.completed"


class ResponseMcpListToolsFailedEvent(ItemEvent, frozen=True, kw_only=True, tag="response.mcp_list_tools.failed"):
    """An MCP server did not list its tools."""

    type: ClassVar[Literal["response.mcp_list_tools.failed"]] = "response.mcp_list_tools.failed"


class ResponseWebSearchCallInProgressEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.web_search_call.in_progress"
):
    """A web search begins."""

    type: ClassVar[Literal["response.web_search_call.in_progress"]] = "response.web_search_call.in_progress"


class ResponseWebSearchCallSearchingEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.web_search_call.searching"
):
    """A web search runs."""

    type: ClassVar[Literal["response.web_search_call.searching"]] = "response.web_search_call.searching"


class ResponseWebSearchCallCompletedEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.web_search_call.completed"
):
    """A web search is done."""

    type: ClassVar[Literal["response.web_search_call.completed"]] = "response.web_search_call.completed"


class ResponseFileSearchCallInProgressEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.file_search_call.in_progress"
):
    """A file search begins."""

    type: ClassVar[Literal["response.file_search_call.in_progress"]] = "response.file_search_call.in_progress"


class ResponseFileSearchCallSearchingEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.file_search_call.searching"
):
    """A file search runs."""

    type: ClassVar[Literal["response.file_search_call.searching"]] = "response.file_search_call.searching"


class ResponseFileSearchCallCompletedEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.file_search_call.completed"
):
    """A file search is done."""

    type: ClassVar[Literal["response.file_search_call.completed"]] = "response.file_search_call.completed"


class ResponseCodeInterpreterCallInProgressEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.code_interpreter_call.in_progress"
):
    """The model begins to write code."""

    type: ClassVar[Literal["response.code_interpreter_call.in_progress"]] = "response.code_interpreter_call.in_progress"


class ResponseCodeInterpreterCallInterpretingEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.code_interpreter_call.interpreting"
):
    """The code runs."""

    type: ClassVar[Literal["response.code_interpreter_call.interpreting"]] = (
        "response.code_interpreter_call.interpreting"
    )


class ResponseCodeInterpreterCallCompletedEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.code_interpreter_call.completed"
):
    """The code has run."""

    type: ClassVar[Literal["response.code_interpreter_call.completed"]] = "response.code_interpreter_call.completed"


class ResponseImageGenCallInProgressEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.image_generation_call.in_progress"
):
    """An image begins."""

    type: ClassVar[Literal["response.image_generation_call.in_progress"]] = "response.image_generation_call.in_progress"


class ResponseImageGenCallGeneratingEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.image_generation_call.generating"
):
    """An image is being made."""

    type: ClassVar[Literal["response.image_generation_call.generating"]] = "response.image_generation_call.generating"


class ResponseImageGenCallCompletedEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.image_generation_call.completed"
):
    """An image is ready."""

    type: ClassVar[Literal["response.image_generation_call.completed"]] = "response.image_generation_call.completed"


class ResponseImageGenCallPartialImageEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.image_generation_call.partial_image"
):
    """A preview of an image."""

    type: ClassVar[Literal["response.image_generation_call.partial_image"]] = (
        "response.image_generation_call.partial_image"
    )
    partial_image_b64: str = ""
    partial_image_index: int = 0
    """Counts from 0."""
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None


class ResponseCodeInterpreterCallCodeDeltaEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.code_interpreter_call_code.delta"
):
    """More code."""

    type: ClassVar[Literal["response.code_interpreter_call_code.delta"]] = "response.code_interpreter_call_code.delta"
    delta: str = ""


class ResponseCodeInterpreterCallCodeDoneEvent(
    ItemEvent, frozen=True, kw_only=True, tag="response.code_interpreter_call_code.done"
):
    """The whole code."""

    type: ClassVar[Literal["response.code_interpreter_call_code.done"]] = "response.code_interpreter_call_code.done"
    code: str = ""


class ResponseShellCallCommandAddedEvent(
    CommandEvent, frozen=True, kw_only=True, tag="response.shell_call_command.added"
):
    """A shell command begins."""

    type: ClassVar[Literal["response.shell_call_command.added"]] = "response.shell_call_command.added"
    command: str = ""


class ResponseShellCallCommandDeltaEvent(
    CommandEvent, frozen=True, kw_only=True, tag="response.shell_call_command.delta"
):
    """More of a shell command."""

    type: ClassVar[Literal["response.shell_call_command.delta"]] = "response.shell_call_command.delta"
    delta: str = ""
    obfuscation: str | None = None


class ResponseShellCallCommandDoneEvent(
    CommandEvent, frozen=True, kw_only=True, tag="response.shell_call_command.done"
):
    """A whole shell command."""

    type: ClassVar[Literal["response.shell_call_command.done"]] = "response.shell_call_command.done"
    command: str = ""


class ShellOutputDelta(Model, frozen=True, kw_only=True, gc=False):
    """More of what a command printed."""

    stdout: str | None = None
    stderr: str | None = None


class ResponseShellCallOutputContentDeltaEvent(
    CommandEvent, frozen=True, kw_only=True, tag="response.shell_call_output_content.delta"
):
    """A shell command printed more."""

    type: ClassVar[Literal["response.shell_call_output_content.delta"]] = "response.shell_call_output_content.delta"
    item_id: str = ""
    delta: ShellOutputDelta = ShellOutputDelta()


class ResponseShellCallOutputContentDoneEvent(
    CommandEvent, frozen=True, kw_only=True, tag="response.shell_call_output_content.done"
):
    """What a shell command printed, whole."""

    type: ClassVar[Literal["response.shell_call_output_content.done"]] = "response.shell_call_output_content.done"
    item_id: str = ""
    output: list[ShellOutput] = []


class ResponseCompactionCompactingEvent(ItemEvent, frozen=True, kw_only=True, tag="response.compaction.compacting"):
    """The provider compacts the conversation."""

    type: ClassVar[Literal["response.compaction.compacting"]] = "response.compaction.compacting"


class ResponseAudioDeltaEvent(ResponseEvent, frozen=True, kw_only=True, tag="response.audio.delta"):
    """More sound."""

    type: ClassVar[Literal["response.audio.delta"]] = "response.audio.delta"
    delta: str = ""
    """Base64."""


class ResponseAudioDoneEvent(ResponseEvent, frozen=True, kw_only=True, tag="response.audio.done"):
    """The sound is whole."""

    type: ClassVar[Literal["response.audio.done"]] = "response.audio.done"


class ResponseAudioTranscriptDeltaEvent(
    ResponseEvent, frozen=True, kw_only=True, tag="response.audio.transcript.delta"
):
    """More of the sound's transcript."""

    type: ClassVar[Literal["response.audio.transcript.delta"]] = "response.audio.transcript.delta"
    delta: str = ""


class ResponseAudioTranscriptDoneEvent(ResponseEvent, frozen=True, kw_only=True, tag="response.audio.transcript.done"):
    """The transcript is whole."""

    type: ClassVar[Literal["response.audio.transcript.done"]] = "response.audio.transcript.done"
