"""Output items of tools that act on a machine: a computer's screen, shells, files to patch.

The call names what to do; whoever owns the machine, the provider's container or you, does it and
answers with the matching output item.
"""

from typing import ClassVar, Literal

from tikhub_async.types._base import Unknown
from tikhub_async.types.responses.content import ItemPart, ResponseCaller, ResponseItem


class ComputerClick(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="click"):
    """Click at a point, in pixels from the upper left."""

    type: ClassVar[Literal["click"]] = "click"
    button: str = "left"
    """left, right, wheel, back or forward."""
    x: int = 0
    y: int = 0
    keys: list[str] | None = None
    """Keys to hold meanwhile."""


class ComputerDoubleClick(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="double_click"):
    """Double-click at a point."""

    type: ClassVar[Literal["double_click"]] = "double_click"
    x: int = 0
    y: int = 0
    keys: list[str] | None = None


class ComputerPoint(ItemPart, frozen=True, kw_only=True):
    """A point on the screen, in pixels from the upper left."""

    x: int = 0
    y: int = 0


class ComputerDrag(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="drag"):
    """Drag along a path."""

    type: ClassVar[Literal["drag"]] = "drag"
    path: list[ComputerPoint] = []
    keys: list[str] | None = None


class ComputerKeypress(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="keypress"):
    """Press keys together."""

    type: ClassVar[Literal["keypress"]] = "keypress"
    keys: list[str] = []


class ComputerMove(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="move"):
    """Move the mouse to a point."""

    type: ClassVar[Literal["move"]] = "move"
    x: int = 0
    y: int = 0
    keys: list[str] | None = None


class ComputerScreenshot(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="screenshot"):
    """Show the screen."""

    type: ClassVar[Literal["screenshot"]] = "screenshot"


class ComputerScroll(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="scroll"):
    """Scroll at a point by a distance in pixels."""

    type: ClassVar[Literal["scroll"]] = "scroll"
    x: int = 0
    y: int = 0
    scroll_x: int = 0
    scroll_y: int = 0
    keys: list[str] | None = None


class ComputerType(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="type"):
    """Type text."""

    type: ClassVar[Literal["type"]] = "type"
    text: str = ""


class ComputerWait(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="wait"):
    """Wait a moment."""

    type: ClassVar[Literal["wait"]] = "wait"


ComputerAction = (
    ComputerClick
    | ComputerDoubleClick
    | ComputerDrag
    | ComputerKeypress
    | ComputerMove
    | ComputerScreenshot
    | ComputerScroll
    | ComputerType
    | ComputerWait
    | Unknown
)
"""One thing to do with screen, mouse or keyboard."""


class ComputerSafetyCheck(ItemPart, frozen=True, kw_only=True):
    """Something a person should look at before the actions are done."""

    id: str = ""
    code: str | None = None
    message: str | None = None


class ResponseComputerToolCall(ResponseItem, frozen=True, kw_only=True, tag="computer_call"):
    """The model wants to use the computer; reply with a `computer_call_output` item."""

    type: ClassVar[Literal["computer_call"]] = "computer_call"
    id: str = ""
    call_id: str = ""
    pending_safety_checks: list[ComputerSafetyCheck] = []
    """To be acknowledged in the output before the model goes on."""
    status: str | None = None
    action: ComputerAction | None = None
    """Of the older tool, `computer_use_preview`."""
    actions: list[ComputerAction] | None = None
    """Of the tool `computer`, to be done in order."""


class ComputerScreenshotOutput(ItemPart, frozen=True, kw_only=True):
    """The screen after the actions."""

    type: str = "computer_screenshot"
    file_id: str | None = None
    image_url: str | None = None


class ResponseComputerToolCallOutputItem(ResponseItem, frozen=True, kw_only=True, tag="computer_call_output"):
    """What the screen showed after a computer call."""

    type: ClassVar[Literal["computer_call_output"]] = "computer_call_output"
    id: str = ""
    call_id: str = ""
    output: ComputerScreenshotOutput | None = None
    status: str | None = None
    acknowledged_safety_checks: list[ComputerSafetyCheck] | None = None
    created_by: str | None = None


class LocalShellAction(ItemPart, frozen=True, kw_only=True):
    """A command to run, already split into words."""

    type: str = "exec"
    command: list[str] = []
    env: dict[str, str] = {}
    timeout_ms: int | None = None
    user: str | None = None
    working_directory: str | None = None


class LocalShellCall(ResponseItem, frozen=True, kw_only=True, tag="local_shell_call"):
    """The model wants a command run; reply with a `local_shell_call_output` item."""

    type: ClassVar[Literal["local_shell_call"]] = "local_shell_call"
    id: str = ""
    action: LocalShellAction | None = None
    call_id: str = ""
    status: str | None = None


class LocalShellCallOutput(ResponseItem, frozen=True, kw_only=True, tag="local_shell_call_output"):
    """What a local shell call printed."""

    type: ClassVar[Literal["local_shell_call_output"]] = "local_shell_call_output"
    id: str = ""
    output: str = ""
    """JSON text."""
    status: str | None = None


class ShellAction(ItemPart, frozen=True, kw_only=True):
    """Commands to run, each a line of shell."""

    commands: list[str] = []
    max_output_length: int | None = None
    """Characters to return at most."""
    timeout_ms: int | None = None


class ShellEnvironmentLocal(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="local"):
    """The commands are for your own machine."""

    type: ClassVar[Literal["local"]] = "local"


class ShellEnvironmentContainer(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="container_reference"):
    """The commands run in a container of the provider."""

    type: ClassVar[Literal["container_reference"]] = "container_reference"
    container_id: str = ""


class ResponseFunctionShellToolCall(ResponseItem, frozen=True, kw_only=True, tag="shell_call"):
    """The model wants commands run; with a local environment, reply with a `shell_call_output` item."""

    type: ClassVar[Literal["shell_call"]] = "shell_call"
    id: str = ""
    action: ShellAction | None = None
    call_id: str = ""
    environment: ShellEnvironmentLocal | ShellEnvironmentContainer | Unknown | None = None
    status: str | None = None
    caller: ResponseCaller | None = None
    created_by: str | None = None


class ShellOutcomeTimeout(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="timeout"):
    """The command ran out of time."""

    type: ClassVar[Literal["timeout"]] = "timeout"


class ShellOutcomeExit(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="exit"):
    """The command ended."""

    type: ClassVar[Literal["exit"]] = "exit"
    exit_code: int | None = None


class ShellOutput(ItemPart, frozen=True, kw_only=True):
    """What one command printed and how it ended."""

    stdout: str = ""
    stderr: str = ""
    outcome: ShellOutcomeTimeout | ShellOutcomeExit | Unknown | None = None
    created_by: str | None = None


class ResponseFunctionShellToolCallOutput(ResponseItem, frozen=True, kw_only=True, tag="shell_call_output"):
    """What the commands of a shell call printed, in their order."""

    type: ClassVar[Literal["shell_call_output"]] = "shell_call_output"
    id: str = ""
    call_id: str = ""
    max_output_length: int | None = None
    output: list[ShellOutput] = []
    status: str | None = None
    caller: ResponseCaller | None = None
    created_by: str | None = None


class PatchCreateFile(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="create_file"):
    """Make a file."""

    type: ClassVar[Literal["create_file"]] = "create_file"
    path: str = ""
    diff: str = ""


class PatchUpdateFile(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="update_file"):
    """Change a file."""

    type: ClassVar[Literal["update_file"]] = "update_file"
    path: str = ""
    diff: str = ""


class PatchDeleteFile(ItemPart, frozen=True, kw_only=True, tag_field="type", tag="delete_file"):
    """Remove a file."""

    type: ClassVar[Literal["delete_file"]] = "delete_file"
    path: str = ""


class ResponseApplyPatchToolCall(ResponseItem, frozen=True, kw_only=True, tag="apply_patch_call"):
    """The model wants a file changed; reply with an `apply_patch_call_output` item."""

    type: ClassVar[Literal["apply_patch_call"]] = "apply_patch_call"
    id: str = ""
    call_id: str = ""
    operation: PatchCreateFile | PatchUpdateFile | PatchDeleteFile | Unknown | None = None
    status: str | None = None
    """in_progress or completed."""
    caller: ResponseCaller | None = None
    created_by: str | None = None


class ResponseApplyPatchToolCallOutput(ResponseItem, frozen=True, kw_only=True, tag="apply_patch_call_output"):
    """How a patch went."""

    type: ClassVar[Literal["apply_patch_call_output"]] = "apply_patch_call_output"
    id: str = ""
    call_id: str = ""
    status: str | None = None
    """completed or failed."""
    caller: ResponseCaller | None = None
    created_by: str | None = None
    output: str | None = None
