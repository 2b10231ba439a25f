"""What all video tasks have in common, whichever provider runs them: one state, and the gateway's own answers.

The gateway answers about a task in four forms: its envelope (`code`, `message`, `data` with the task and, one
level deeper, the provider's own body), a short envelope for Google's channels, an OpenAI video object, and,
announced for newer versions, a flat object. The provider's own form is the fifth. `TaskAnswer` reads the gateway's;
each provider's response adds its own.

Source: https://ai-docs.tikhub.io/419974983e0 (read 2026-03-02) for the envelope; the other forms are inferred from
the gateway software and marked so.
"""

from typing import Any, Literal, TypeVar

import msgspec

from tikhub_async.types._base import Model, Number, Response

T = TypeVar("T", bound=msgspec.Struct)

TaskStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired", "unknown"]
"""Where a task stands. `unknown` is a word that says nothing, or that this version does not know: never an end."""

DONE: frozenset[TaskStatus] = frozenset({"succeeded", "failed", "cancelled", "expired"})
"""The statuses that end a task."""

FAILING: frozenset[TaskStatus] = DONE - {"succeeded"}
"""The ends without a video."""


class TaskState(Model, frozen=True, kw_only=True, gc=False):
    """A video task as last seen, in the same words for every provider."""

    id: str = ""
    """The id to ask with, as the answer gave it; `""` when it gave none."""
    status: TaskStatus = "unknown"
    word: str = ""
    """The word on the wire that decided `status`, as `SUCCESS`, `succeed`, `expired`."""
    progress: int | None = None
    """0…100, coarse; None when the answer has none. The gateway says 100 of failed tasks too."""
    url: str | None = None
    """The video: `http(s)://…` or `data:…`; None before success, and when only a content route or `raw` has it."""
    urls: tuple[str, ...] = ()
    """Every video of the task, `url` first."""
    extras: dict[str, str] = {}
    """Other results by name, as `last_frame`; `gcs` holds a `gs://` address where the provider wrote to a bucket."""
    error: str | None = None
    """Why it failed, in the provider's or the gateway's words; None unless it failed or they gave no reason."""
    error_code: str | int | None = None
    """The code that came with `error`."""
    note: str | None = None
    """Trouble that did not end the task: the provider answered the gateway's look with an error, or withheld a part."""
    quota: Number | None = None
    """Price in the gateway's units (500 000 to the US dollar unless the operator changed it); final once done."""
    usage: dict[str, Any] | None = None
    """What the provider counted, under its own names."""
    created_at: Number | None = None
    """Unix seconds."""
    started_at: Number | None = None
    """Unix seconds."""
    finished_at: Number | None = None
    """Unix seconds; None until done."""
    inline: bool = False
    """True when the video came inside the answer: base64 in `raw`, without a URL."""
    raw: bytes = b""
    """The answer as JSON."""

    @property
    def done(self) -> bool:
        """True once nothing can change any more, for better or worse."""
        return self.status in DONE


class TaskProblem(Model, frozen=True, kw_only=True):
    """An error object inside an answer about a task: OpenAI's, Ark's or Google's."""

    code: str | int | None = None
    """A word, or at Google a number; may be `""`."""
    message: str | None = None
    type: str | None = None
    param: str | None = None
    status: str | None = None
    """Google's word, as `INVALID_ARGUMENT`."""
    details: Any = None
    """Google's list of what was wrong, free-form."""


class GatewayProperties(Model, frozen=True, kw_only=True):
    """What the gateway noted when it accepted the task."""

    input: str | None = None
    upstream_model_name: str | None = None
    """The model asked of the provider."""
    origin_model_name: str | None = None
    """The model in the request."""


class GatewayTask(Model, frozen=True, kw_only=True):
    """The gateway's record of a task: the outer `data` of its envelope, the short form included."""

    id: int | str | None = None
    """Row number in the gateway's database. Not the id to ask with: that is `task_id`."""
    task_id: str | None = None
    """`task_…`: the id to ask with."""
    platform: str | int | None = None
    """The channel type, a number in a string: `54` Seedance, `50` Kling, `55` Sora. Not documented, not stable."""
    action: str | None = None
    """As `generate`, `textGenerate`, `remixGenerate`."""
    status: str | None = None
    """`NOT_START`, `SUBMITTED`, `QUEUED`, `IN_PROGRESS`, `SUCCESS`, `FAILURE`, `UNKNOWN`; lower-case in the short form.

    It never ends for Seedance tasks that were cancelled or expired at the provider."""
    progress: Number | str | None = None
    """`0%`…`100%`, coarse; `100%` also on failure."""
    fail_reason: str | None = None
    """Why it failed. Releases before February 2026 put the video's URL here on success."""
    result_url: str | None = None
    """The video on success. On failure it repeats `fail_reason`, so it is a URL only while `status` is a success."""
    created_at: Number | None = None
    """Unix seconds; the gateway's clock, not the provider's."""
    updated_at: Number | None = None
    """Unix seconds."""
    submit_time: Number | None = None
    """Unix seconds."""
    start_time: Number | None = None
    """Unix seconds, 0 until started."""
    finish_time: Number | None = None
    """Unix seconds, 0 until finished."""
    quota: Number | None = None
    """Price in gateway units, 500 000 to the US dollar by default; an estimate until the task is done."""
    user_id: int | str | None = None
    username: str | None = None
    group: str | None = None
    channel_id: int | str | None = None
    properties: GatewayProperties | None = None
    data: Any = None
    """The provider's own body as last seen by the gateway, null at first; stale after the gateway gave the task up."""
    url: str | None = None
    """Short form only: the video on success, the reason on failure."""
    format: str | None = None
    """Short form only: `mp4`."""
    metadata: Any = None
    """Short form only, null so far."""
    error: TaskProblem | str | None = None
    """Short form only, null so far even on failure."""


class TaskAnswer(Response, frozen=True, kw_only=True):
    """An answer about a task in any of the gateway's forms; fields of the other forms are None.

    `code` tells them apart: text is the gateway's envelope, a number is Kling, none is an object without envelope.
    """

    code: str | int | None = None
    """Envelope: `success`, or an error word. Kling: 0 is good."""
    message: str | None = None
    data: GatewayTask | None = None
    """Envelope: the task. Null when the gateway knows nothing yet."""
    id: str | int | None = None
    """Video object: `task_…`. The provider's own object: its own id."""
    task_id: str | None = None
    """Video object: same as `id`; missing for Sora."""
    object: str | None = None
    """Video object: `video`."""
    model: str | None = None
    """Often empty for Kling."""
    status: str | None = None
    """Video object: `queued`, `in_progress`, `completed`, `failed`, and `unknown` in the first 15 seconds."""
    progress: Number | str | None = None
    """Video object: 0…100."""
    created_at: Number | None = None
    """Unix seconds; milliseconds for Kling's tasks."""
    completed_at: Number | None = None
    """Video object: the last change, so it is there while running. Milliseconds for Kling's tasks."""
    error: TaskProblem | str | None = None
    """Why it failed, or why the gateway could not look."""
    metadata: dict[str, Any] | None = None
    """Video object: `url` holds the provider's address of the video, `""` until then."""
    platform: str | int | None = None
    """Flat object: the channel type."""
    fail_reason: str | None = None
    """Flat object: why it failed."""
    finished_at: Number | None = None
    """Flat object: Unix seconds."""

    @property
    def in_envelope(self) -> bool:
        """True when the gateway wrapped the answer: `data` is its record, the provider's body lies one level deeper."""
        return isinstance(self.code, str)


def fitting(value: object, type_: type[T]) -> T | None:
    """The members of `value` that fit `type_`, as `type_`; None when it is not an object.

    For bodies nested in the gateway's record: one field of a new kind must not hide the status of a paid task.
    """
    if not isinstance(value, dict):
        return None
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        pass
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(type_):
        try:
            found[field.name] = msgspec.convert(value[field.encode_name], field.type)
        except (KeyError, msgspec.ValidationError):
            continue  # absent, or of a kind this version does not expect: the default stands
    return type_(**found)
