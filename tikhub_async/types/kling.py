"""Kling videos, `/kling/v1/videos/text2video` and `/kling/v1/videos/image2video`.

Source: https://ai-docs.tikhub.io/419974984e0 (text to video) and https://ai-docs.tikhub.io/419974986e0 (image to video,
only its title could be read). Fields beyond the documented example are Kling's own API.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

import msgspec

from tikhub_async.types._base import Model, Number, RequestOptions, Response
from tikhub_async.types.task import GatewayTask, TaskAnswer, fitting

KlingModel = Literal[
    "kling-v1",
    "kling-v1-5",
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3",
]


class KlingCameraConfig(TypedDict, total=False):
    """How far the camera moves, each -10…10; exactly one may differ from 0."""

    horizontal: float
    vertical: float
    pan: float
    tilt: float
    roll: float
    zoom: float


class KlingCameraControl(TypedDict, total=False):
    """A camera movement."""

    type: Required[Literal["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"] | str]
    config: KlingCameraConfig
    """For `simple` only, and needed there."""


class KlingShot(TypedDict, total=False):
    """One shot of a video with several."""

    index: Required[int]
    """From 1."""
    prompt: Required[str]
    """Up to 512 characters."""
    duration: Required[str | int]
    """Seconds; all shots add up to the video's `duration`. Sent as text."""


class KlingVoice(TypedDict):
    """A voice that the prompt calls `<<<voice_1>>>`, `<<<voice_2>>>`."""

    voice_id: str


class KlingWatermark(TypedDict):
    """Whether a version with a watermark is made as well."""

    enabled: bool


class KlingPoint(TypedDict):
    """A point of a trajectory, in pixels of the image from its lower left."""

    x: int
    y: int


class KlingDynamicMask(TypedDict):
    """An area that moves."""

    mask: str
    """URL or base64 of an image of the input's size."""
    trajectories: Sequence[KlingPoint]
    """2…77 points."""


class KlingElement(TypedDict):
    """An element from Kling's library."""

    element_id: int


class KlingText2VideoRequest(TypedDict, total=False):
    """The body of a text-to-video creation.

    Send `aspect_ratio`, `mode` and `duration`: left out, the gateway's defaults apply (`1:1`, `std`, 5), not Kling's.
    """

    model_name: Required[KlingModel | str]
    prompt: str
    """Up to 2500 characters; needed unless `multi_shot`, and the gateway software asks for it even then."""
    negative_prompt: str
    """Up to 2500 characters."""
    cfg_scale: float
    """0…1, higher follows the prompt more; not for v2 models."""
    mode: Literal["std", "pro"] | str
    sound: Literal["on", "off"] | bool
    """Sound, v2-6 and later. True and False are sent as `on` and `off`."""
    camera_control: KlingCameraControl
    aspect_ratio: Literal["16:9", "9:16", "1:1"] | str
    duration: Literal["5", "10"] | str | int
    """Seconds; v3 takes 3…15. Sent as text, as documented."""
    multi_shot: bool
    """v3: several shots in one video."""
    shot_type: Literal["customize", "intelligence"] | str
    """With `multi_shot`: shots of your own, or Kling's choice."""
    multi_prompt: Sequence[KlingShot]
    """With `shot_type` `customize`: 1…6 shots."""
    voice_list: Sequence[KlingVoice]
    """Up to two; `sound` must be on."""
    watermark_info: KlingWatermark
    callback_url: str
    """Called by Kling, not by the gateway, and with Kling's own id."""
    external_task_id: str
    """Your own id, unique in the operator's Kling account."""
    model: str
    """The gateway software reads the model here; the documentation says `model_name`. Send both where the second alone
    is refused with "Model name not specified"."""
    metadata: Mapping[str, Any]
    """Not Kling's: fields that some versions of the gateway software pass on only from here, in Kling's own types."""


class KlingText2VideoParams(KlingText2VideoRequest, RequestOptions, total=False):
    """What `kling.text2video.create` takes."""


class KlingImage2VideoRequest(KlingText2VideoRequest, total=False):
    """The body of an image-to-video creation."""

    image: str
    """The first frame: URL or base64. A `data:` prefix is taken off, Kling wants none. JPEG or PNG up to 10 MB, at least
    300 pixels a side, ratio between 1:2.5 and 2.5:1."""
    image_tail: str
    """The last frame, same forms, beside `image`: without it the gateway makes a video from the text alone."""
    static_mask: str
    """Image of the parts that stand still, URL or base64."""
    dynamic_masks: Sequence[KlingDynamicMask]
    """Up to 6."""
    element_list: Sequence[KlingElement]
    """Up to 3; not with `voice_list`."""


class KlingImage2VideoParams(KlingImage2VideoRequest, RequestOptions, total=False):
    """What `kling.image2video.create` takes."""


class KlingTaskInfo(Model, frozen=True, kw_only=True):
    """What the request said of itself; may be empty."""

    external_task_id: str | None = None


class KlingVideo(Model, frozen=True, kw_only=True):
    """A finished video; its links live 30 days."""

    id: str | None = None
    url: str | None = None
    watermark_url: str | None = None
    """The version with a watermark, `""` without one."""
    duration: str | Number | None = None
    """Seconds, as text such as `5.042`."""


class KlingImage(Model, frozen=True, kw_only=True):
    """A finished image, on hosts that answer for both."""

    index: Number | None = None
    url: str | None = None


class KlingTaskResult(Model, frozen=True, kw_only=True):
    """The results; empty until done."""

    videos: list[KlingVideo] | None = None
    images: list[KlingImage] | None = None


class KlingTask(GatewayTask, frozen=True, kw_only=True):
    """A task as Kling tells it, and the gateway's record where that came instead: both live under `data`."""

    task_status: str | None = None
    """`submitted`, `processing`, `succeed` (sic), `failed`."""
    task_status_msg: str | None = None
    """Why it failed."""
    task_info: KlingTaskInfo | None = None
    task_result: KlingTaskResult | None = None
    watermark_info: dict[str, Any] | None = None
    final_unit_deduction: str | Number | None = None
    """Kling's price in its own units, as text."""
    created_at: Number | None = None
    """Kling: Unix **milliseconds**, seconds on some hosts. The gateway's record: seconds."""
    updated_at: Number | None = None
    """As `created_at`."""


class KlingTaskResponse(TaskAnswer, frozen=True, kw_only=True):
    """The answer to a creation: an OpenAI-like video object, or Kling's own (`code` 0, `data.task_id`)."""

    data: KlingTask | None = None
    kling_request_id: str | None = msgspec.field(default=None, name="request_id")
    """Kling's request id; `request_id` is the gateway's."""


class KlingTaskDetailResponse(KlingTaskResponse, frozen=True, kw_only=True):
    """The answer to a retrieval: the gateway's record (`code` is text) or Kling's own (`code` is a number)."""

    @property
    def task(self) -> KlingTask | None:
        """Kling's own task, from the envelope or as it came; None while the gateway has none."""
        if not self.in_envelope or self.data is None:
            return self.data
        inner = fitting(self.data.data, KlingTaskDetailResponse)
        return inner.data if inner is not None else None


class KlingTaskListResponse(Response, frozen=True, kw_only=True):
    """A page of tasks as Kling lists them; the schema is documented, a route is not."""

    code: str | int | None = None
    message: str | None = None
    kling_request_id: str | None = msgspec.field(default=None, name="request_id")
    data: list[KlingTask] = []
