"""Seedance videos (ByteDance Ark), `/seedance/v3/contents/generations/tasks`.

Source: https://ai-docs.tikhub.io/419974982e0 (creation) and https://ai-docs.tikhub.io/419974983e0 (retrieval, read
2026-03-02). Fields beyond their examples, ranges and the task object's optional fields are Ark's.
"""

from collections.abc import Sequence
from typing import Any, Literal, Required, TypeAlias, TypedDict

from tikhub_async.types._base import Model, Number, RequestOptions, Response
from tikhub_async.types.task import TaskAnswer, fitting


class SeedanceUrl(TypedDict):
    """Where a piece of input is."""

    url: str
    """`https://…`, or `data:image/png;base64,…` with the type in lower case."""


class SeedanceTextPart(TypedDict):
    """The prompt."""

    type: Literal["text"]
    text: str
    """What happens in the video. Old style flags in the text (`--ratio 16:9 --dur 5`) still work at Ark."""


class SeedanceImagePart(TypedDict, total=False):
    """An image and its part in the video."""

    type: Required[Literal["image_url"]]
    image_url: Required[SeedanceUrl]
    role: Literal["first_frame", "last_frame", "reference_image"] | str
    """Absent means the first frame. Frames and references exclude each other."""


class SeedanceVideoPart(TypedDict, total=False):
    """A video to follow; 2.0 models."""

    type: Required[Literal["video_url"]]
    video_url: Required[SeedanceUrl]
    role: Literal["reference_video"] | str


class SeedanceAudioPart(TypedDict, total=False):
    """A sound to use; 2.0 models, never without an image or video."""

    type: Required[Literal["audio_url"]]
    audio_url: Required[SeedanceUrl]
    role: Literal["reference_audio"] | str


class SeedanceDraftTask(TypedDict):
    """A draft that was made before."""

    id: str


class SeedanceDraftPart(TypedDict):
    """Make the full video of a draft."""

    type: Literal["draft_task"]
    draft_task: SeedanceDraftTask


SeedanceContent: TypeAlias = (
    SeedanceTextPart | SeedanceImagePart | SeedanceVideoPart | SeedanceAudioPart | SeedanceDraftPart
)


class SeedanceTool(TypedDict):
    """Something the 2.0 models may use."""

    type: Literal["web_search"] | str


class SeedanceTaskRequest(TypedDict, total=False):
    """The body of a creation."""

    model: Required[Literal["doubao-seedance-1-5-pro-251215", "doubao-seedance-2-0-260128"] | str]
    content: Required[Sequence[SeedanceContent]]
    """The prompt, and what it may build on: one first frame; first and last frame; or references (2.0: up to 9 images,
    3 videos, 3 sounds). An image without a text part may be refused by the gateway (`prompt is required`)."""
    resolution: Literal["480p", "720p", "1080p"] | str
    ratio: Literal["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"] | str
    duration: int
    """Seconds, a number. 1.0: 2…12, 1.5: 4…12, 2.0: 4…15; -1 lets 1.5 and 2.0 choose. Not with `frames`."""
    frames: int
    """1.0 models: length in frames instead of `duration`, 29…289 and 25 + 4n."""
    seed: int
    """-1 (random)…4294967295; the same seed gives similar, not equal, videos."""
    camera_fixed: bool
    watermark: bool
    generate_audio: bool
    """Sound; 1.5 and later."""
    draft: bool
    """A cheap preview; 1.5. Make the full video of it with a `draft_task` part."""
    return_last_frame: bool
    """Ask for the last frame as an image too: `TaskState.extras["last_frame"]`."""
    service_tier: Literal["default", "flex"] | str
    """`flex` is cheaper and slower."""
    execution_expires_after: int
    """Seconds until an unfinished task expires, 3600…259200, default 172800. The gateway gives up after 24 hours."""
    callback_url: str
    """Called by Ark, not by the gateway, and with Ark's own id."""
    tools: Sequence[SeedanceTool]
    safety_identifier: str
    """Your user, hashed; up to 64 characters."""
    priority: int
    output_format: str
    omni_reference_task_type: str


class SeedanceTaskParams(SeedanceTaskRequest, RequestOptions, total=False):
    """What `seedance.create` takes."""


class SeedanceResult(Model, frozen=True, kw_only=True):
    """Where the results are; the links live 24 hours."""

    video_url: str | None = None
    last_frame_url: str | None = None
    """With `return_last_frame`."""
    file_url: str | None = None


class SeedanceUsage(Model, frozen=True, kw_only=True):
    """What Ark counted; there are no prompt tokens."""

    completion_tokens: Number | None = None
    total_tokens: Number | None = None
    tool_usage: dict[str, Any] | None = None
    """Calls per tool, as `{"web_search": 1}`."""


class SeedanceTask(TaskAnswer, frozen=True, kw_only=True):
    """A task as Ark tells it; everything but `id` can be absent.

    `status` is `queued`, `running`, `succeeded`, `failed`, `cancelled` or `expired`.
    """

    content: SeedanceResult | None = None
    usage: SeedanceUsage | None = None
    updated_at: Number | None = None
    """Unix seconds, Ark's clock."""
    seed: Number | None = None
    resolution: str | None = None
    ratio: str | None = None
    duration: Number | None = None
    """Seconds; absent when `frames` was given."""
    frames: Number | None = None
    framespersecond: Number | None = None
    generate_audio: bool | None = None
    draft: bool | None = None
    draft_task_id: str | None = None
    service_tier: str | None = None
    execution_expires_after: Number | None = None
    """Seconds."""
    safety_identifier: str | None = None
    priority: Number | None = None
    tools: list[dict[str, Any]] | None = None
    revised_prompt: str | None = None
    output_format: str | None = None
    subdivisionlevel: str | None = None
    fileformat: str | None = None


class SeedanceTaskCreateResponse(TaskAnswer, frozen=True, kw_only=True):
    """The answer to a creation: an OpenAI-like video object, or Ark's bare `{"id": "cgt-…"}`."""


class SeedanceTaskResponse(SeedanceTask, frozen=True, kw_only=True):
    """The answer to a retrieval: the gateway's record (`data`) around Ark's task (`data.data`, typed as `task`)."""

    @property
    def task(self) -> SeedanceTask | None:
        """Ark's own task, from the envelope or as it came; None while the gateway has none."""
        if not self.in_envelope:
            return self
        return fitting(self.data.data, SeedanceTask) if self.data is not None else None


class SeedanceTaskListResponse(Response, frozen=True, kw_only=True):
    """A page of tasks as Ark lists them; the gateway documents no such route."""

    total: Number | None = None
    items: list[SeedanceTask] = []
