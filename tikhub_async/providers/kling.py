"""Kling, Kuaishou's video models.

| call | route | evidence |
|---|---|---|
| `text2video.create` | `POST /kling/v1/videos/text2video` | documented, 419974984e0 |
| `text2video.retrieve` | `GET /kling/v1/videos/text2video/{task_id}` | inferred from the gateway software |
| `image2video.create` | `POST /kling/v1/videos/image2video` | inferred; page 419974986e0 |
| `image2video.retrieve` | `GET /kling/v1/videos/image2video/{task_id}` | inferred |

Kling's own answers have a number in `code` and times in milliseconds; the gateway's have text and seconds.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Unpack

import msgspec

from tikhub_async._tasks import Poller, TaskKind, VideoTask
from tikhub_async._tasks.state import (
    created_from,
    first_id,
    links,
    object_state,
    seconds,
    sentence,
    state_from,
    status_of,
)
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of, build
from tikhub_async.errors import BadRequestError
from tikhub_async.providers import _rules
from tikhub_async.providers._video import VideoProvider, content
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.kling import (
    KlingImage2VideoParams,
    KlingTask,
    KlingTaskDetailResponse,
    KlingTaskResponse,
    KlingText2VideoParams,
)
from tikhub_async.types.task import TaskState, TaskStatus

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Kling"]

TEXT_PATH = "/kling/v1/videos/text2video"
IMAGE_PATH = "/kling/v1/videos/image2video"
TEXT_CREATE = Endpoint(name="kling.text2video.create", method="POST", path=TEXT_PATH, kind=Kind.CREATE)
TEXT_RETRIEVE = Endpoint(
    name="kling.text2video.retrieve", method="GET", path=f"{TEXT_PATH}/{{task_id}}", kind=Kind.READ, timeout="poll"
)
IMAGE_CREATE = Endpoint(name="kling.image2video.create", method="POST", path=IMAGE_PATH, kind=Kind.CREATE)
IMAGE_RETRIEVE = Endpoint(
    name="kling.image2video.retrieve", method="GET", path=f"{IMAGE_PATH}/{{task_id}}", kind=Kind.READ, timeout="poll"
)

TEXT_PARAMS = Schema.of(TEXT_CREATE.name, KlingText2VideoParams)
TEXT_RETRIEVE_PARAMS = Schema.of(TEXT_RETRIEVE.name, RequestOptions)
IMAGE_PARAMS = Schema.of(IMAGE_CREATE.name, KlingImage2VideoParams)
IMAGE_RETRIEVE_PARAMS = Schema.of(IMAGE_RETRIEVE.name, RequestOptions)

STATUS: Mapping[str, TaskStatus] = {
    "submitted": "queued",
    "processing": "running",
    "succeed": "succeeded",
    "failed": "failed",
}
"""Kling's words; `succeed` has no final d."""

PASSING_CODES = frozenset({1302, 1303, 5000, 5001, 5002})
"""Kling's codes for "too often", "too many at once" and its own faults: they say nothing about a task."""

SILENT_MODELS = re.compile(r"kling-v(1(-[56])?|2-master|2-1(-master)?|2-5-turbo)\Z")
"""Models without sound, which came with v2-6."""

SHORT_MODELS = re.compile(r"kling-v[12](-|\Z)")
"""Models that make 5 or 10 seconds only."""


def state_of(body: KlingTaskDetailResponse) -> TaskState:
    """The state that the answer to a retrieval tells.

    A number other than 0 in Kling's own `code` is a failure, unless it speaks of the call and not of the task.
    """
    state = state_from(body, _native)
    if isinstance(body.code, int) and body.code and body.code not in PASSING_CODES and not state.done:
        return msgspec.structs.replace(
            state, status="failed", word=str(body.code), error=state.note, error_code=body.code, note=None
        )
    return state


def created(body: KlingTaskResponse) -> TaskState:
    """The state that the answer to a creation tells."""
    return created_from(body, _native)


def task_id_of(body: KlingTaskResponse) -> str:
    """The id to ask with; `""` when the answer has none."""
    return first_id(body)


def _native(body: KlingTaskResponse) -> TaskState:
    if not isinstance(body.code, int) and body.data is None:
        return object_state(body, STATUS)
    task = body.data or KlingTask()
    videos = (task.task_result.videos if task.task_result is not None else None) or []
    units = task.final_unit_deduction
    return TaskState(
        id=task.task_id or "",
        status=status_of(task.task_status, STATUS),
        word=task.task_status or "",
        urls=links(*(video.url for video in videos)),
        extras=_numbered("watermark", links(*(video.watermark_url for video in videos))),
        error=sentence(task.task_status_msg, body.message if body.code else None),
        error_code=body.code or None,
        usage=None if units is None else {"final_unit_deduction": units},
        created_at=seconds(task.created_at),
        finished_at=seconds(task.updated_at),
    )


def _numbered(name: str, urls: tuple[str, ...]) -> dict[str, str]:
    return {name if number == 1 else f"{name}_{number}": url for number, url in enumerate(urls, 1)}


def to_wire(params: _rules.Params) -> dict[str, object]:
    """The JSON body: lengths as text, `sound` as a word, base64 without its `data:` prefix."""
    body: dict[str, object] = body_of(params)
    if "duration" in body:
        body["duration"] = _as_text(body["duration"])
    if isinstance(body.get("sound"), bool):
        body["sound"] = "on" if body["sound"] else "off"
    shots = body.get("multi_prompt")
    if _rules.is_list(shots):
        body["multi_prompt"] = [_with(shot, "duration", _as_text) for shot in shots]
    for name in ("image", "image_tail", "static_mask"):
        if name in body:
            body[name] = _bare(body[name])
    masks = body.get("dynamic_masks")
    if _rules.is_list(masks):
        body["dynamic_masks"] = [_with(mask, "mask", _bare) for mask in masks]
    return body


TOP_LEVEL = frozenset({"model", "model_name", "prompt", "image", "duration"})
"""What the unmodified gateway software reads from the body itself; `image` chooses image-to-video there."""

PASSED_ON = frozenset(
    {"negative_prompt", "cfg_scale", "mode", "aspect_ratio", "image_tail", "static_mask", "dynamic_masks"}
    | {"camera_control", "callback_url", "external_task_id"}
)
"""What that software passes on to Kling from `metadata`. The masks, the camera and the external id are known from its
source, the others from recorded exchanges; everything else, `sound` too, is dropped without a word."""

SWITCH = (
    "this gateway seems to run the unmodified software, which does not take Kling's documented body: "
    "TikHubAI(kling_metadata=True), or client.with_options(kling_metadata=True), sends the form that it takes; "
    "nothing was charged"
)


def to_metadata(body: Mapping[str, object], where: str = "kling.text2video.create") -> dict[str, object]:
    """A body of `to_wire` in the form that the unmodified gateway software accepts.

    That software refuses the documented body: it wants the model as `model` and a number for `duration`, and drops
    what it does not know from the top level. The rest goes into `metadata`, in Kling's own types.

    Raises:
        InvalidParameter: A parameter would be lost without a word.
    """
    members = {name: value for name, value in body.items() if (name, value) != ("sound", "off")}  # off anyway
    lost = (name for name in members if name not in TOP_LEVEL | PASSED_ON | {"metadata"})
    for name in lost:
        hint = "leave it out; where this gateway's build may know it: extra_body={'metadata': {…}}"
        _rules.refuse(where, name, "would be lost: the unmodified gateway software does not pass it on", hint)
    given = members.get("metadata")
    moved = {name: value for name, value in members.items() if name in PASSED_ON}
    metadata = {**moved, **(given if _rules.is_object(given) else {})}
    top = {name: value for name, value in members.items() if name in TOP_LEVEL}
    top.setdefault("model", body.get("model_name"))
    duration = top.get("duration")
    if isinstance(duration, str) and duration.isdecimal():
        top["duration"] = int(duration)
    return {**top, "metadata": metadata} if metadata else top


def refuses_documented_body(error: BadRequestError, body: Mapping[str, object]) -> bool:
    """Whether a refusal is one of the two that the unmodified software has for the documented body.

    It looks for `model` only, and reads `duration` as a number only.
    """
    said = error.message.lower()
    if error.type == "new_api_error" and error.code is None:
        return "model" not in body and ("model" in said or "模型" in said)
    return error.code == "invalid_request" and isinstance(body.get("duration"), str) and ".duration" in said


def _with(member: object, name: str, change: Callable[[object], object]) -> object:
    if not _rules.is_object(member) or name not in member:
        return member
    return {**member, name: change(member[name])}


def _as_text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:.12g}"


def _bare(value: object) -> object:
    if not isinstance(value, str) or value[:5].lower() != "data:":
        return value
    return value.partition(",")[2]


def check(params: _rules.Params, where: str = "kling.text2video.create", *, image: bool = False) -> None:
    """Refuse what Kling would refuse after the gateway took the price, and what the gateway would turn into another job.

    Args:
        params: The keywords of the call.
        where: The call, for the error.
        image: Whether this is image-to-video.

    Raises:
        InvalidParameter: A rule is broken; `path` and `rule` say which.
    """
    _check_prompt(where, params)
    if (image or _rules.has(params, "image_tail")) and not _rules.has(params, "image"):
        hint = "without it the gateway makes a video from the text alone, and charges it"
        _rules.refuse(where, "image", "must be given", hint)
    _check_exclusions(where, params)
    _check_sound(where, params)
    _check_length(where, params)
    _check_camera(where, params)
    _check_masks(where, params)
    _rules.number_within(where, params, "cfg_scale", 0, 1)


def _check_prompt(where: str, params: _rules.Params) -> None:
    if not _rules.has(params, "multi_shot"):
        _rules.needs_text(where, params, "prompt", 2500, "the gateway asks for a prompt even beside an image")
    _rules.short_text(where, params, "prompt", 2500)
    _rules.short_text(where, params, "negative_prompt", 2500)


def _check_exclusions(where: str, params: _rules.Params) -> None:
    for mask in ("static_mask", "dynamic_masks"):
        _rules.one_at_most(where, params, "image_tail", mask)
        _rules.one_at_most(where, params, "camera_control", mask)
    _rules.one_at_most(where, params, "image_tail", "camera_control")
    _rules.one_at_most(where, params, "voice_list", "element_list")
    _rules.few(where, params, "voice_list", 2)
    _rules.few(where, params, "element_list", 3)


def _check_sound(where: str, params: _rules.Params) -> None:
    sounds = params.get("sound") in ("on", True)
    if params.get("voice_list") and not sounds and not ("sound" not in params and _rules.has(params, "sound")):
        _rules.refuse(where, "voice_list", "needs sound", 'add sound="on"')
    model = str(params.get("model_name", ""))
    if sounds and SILENT_MODELS.match(model):
        _rules.refuse(where, "sound", f"cannot be on for {model}: sound came with kling-v2-6")


def _check_length(where: str, params: _rules.Params) -> None:
    duration = _whole_seconds(where, params, "duration", "duration")
    model = str(params.get("model_name", ""))
    if duration is not None and SHORT_MODELS.match(model) and duration not in (5, 10):
        _rules.refuse(where, "duration", f"must be 5 or 10 seconds for {model}, got {duration}")
    if duration is not None and model.startswith("kling-v3") and not 3 <= duration <= 15:
        _rules.refuse(where, "duration", f"must be 3…15 seconds for {model}, got {duration}")
    _rules.few(where, params, "multi_prompt", 6)
    shots = params.get("multi_prompt")
    if not _rules.is_list(shots) or not shots:
        return
    total = 0
    for index, shot in enumerate(shots):
        if _rules.is_object(shot):
            _rules.short_text(where, shot, "prompt", 512, path=f"multi_prompt[{index}].prompt")
            total += _whole_seconds(where, shot, "duration", f"multi_prompt[{index}].duration") or 0
    if duration is not None and total != duration:
        _rules.refuse(where, "multi_prompt", f"must add up to the duration of {duration} seconds, got {total}")


def _whole_seconds(where: str, params: _rules.Params, name: str, path: str) -> int | None:
    value = _as_text(params.get(name))
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,4}", value):
        _rules.refuse(where, path, f"must be whole seconds, got {value!r}", f'as {name}="5"')
    return int(value)


def _check_camera(where: str, params: _rules.Params) -> None:
    camera = params.get("camera_control")
    if not _rules.is_object(camera):
        return
    path, config = "camera_control.config", camera.get("config")
    if camera.get("type") != "simple":
        if config:
            _rules.refuse(where, path, f"belongs to the type 'simple', not to {camera.get('type')!r}")
        return
    if not _rules.is_object(config):
        _rules.refuse(where, path, "must be given for the type 'simple'")
    for name in config:
        _rules.number_within(where, config, name, -10, 10, path=f"{path}.{name}")
    if sum(1 for value in config.values() if value) != 1:
        _rules.refuse(where, path, "must have exactly one value other than 0", 'as {"zoom": 5}')


def _check_masks(where: str, params: _rules.Params) -> None:
    _rules.few(where, params, "dynamic_masks", 6)
    masks = params.get("dynamic_masks")
    for index, mask in enumerate(masks if _rules.is_list(masks) else ()):
        points = mask.get("trajectories") if _rules.is_object(mask) else None
        if _rules.is_list(points) and not 2 <= len(points) <= 77:
            path = f"dynamic_masks[{index}].trajectories"
            _rules.refuse(where, path, f"must have 2…77 points, got {len(points)}")


def _look_text(session: "Session", task_id: str) -> Request:
    return build(TEXT_RETRIEVE, session.config, {}, path={"task_id": task_id})


def _look_image(session: "Session", task_id: str) -> Request:
    return build(IMAGE_RETRIEVE, session.config, {}, path={"task_id": task_id})


TEXT_KIND = TaskKind("kling.text2video", _look_text, KlingTaskDetailResponse, state_of, content)
IMAGE_KIND = TaskKind("kling.image2video", _look_image, KlingTaskDetailResponse, state_of, content)

KINDS: Mapping[str, TaskKind[KlingTaskDetailResponse]] = {
    TEXT_KIND.provider: TEXT_KIND,
    IMAGE_KIND.provider: IMAGE_KIND,
    "kling": TEXT_KIND,
}
"""Names under which saved handles are taken up. Only the id counts at the gateway: either route finds every task."""


class _Route(VideoProvider):
    """What both routes do alike."""

    async def _posted(
        self, endpoint: Endpoint, params: _rules.Params, kind: TaskKind[KlingTaskDetailResponse]
    ) -> VideoTask[KlingTaskDetailResponse]:
        body = to_wire(params)
        if self._config.kling_metadata:
            body = to_metadata(body, endpoint.name)
        request = self._build(endpoint, params, body=body)
        try:
            return await self._create(request, KlingTaskResponse, kind, task_id_of, created)
        except BadRequestError as error:
            if not self._config.kling_metadata and refuses_documented_body(error, body):
                error.hint = SWITCH
            raise


class KlingText2Video(_Route):
    """`client.kling.text2video`."""

    async def create(self, **params: Unpack[KlingText2VideoParams]) -> VideoTask[KlingTaskDetailResponse]:
        """A handle on the video that is now being made; `await task.wait()` gives it.

        Give `aspect_ratio`, `mode` and `duration`: the gateway's own defaults are square, `std` and 5 seconds. Never
        sent twice: when its outcome is unknown, it says so and leaves the decision to you.

        Sent is the documented body. The unmodified gateway software refuses it before any charge, and the error's
        hint says so; `kling_metadata=True` on the client then sends the form that passed in recorded exchanges:
        `model`, a number for `duration`, the rest in `metadata`. What that software would drop raises instead.

        Raises:
            ParameterError: A parameter is unknown, missing, breaks a rule of Kling, or would be lost under
                `kling_metadata`; nothing was sent.
            APIConnectionError: It did not leave the machine; nothing was made.
            APIStatusError: The gateway or Kling refused.
            InDoubtError: It was sent, and whether a task exists is unknown.

        Source: POST /kling/v1/videos/text2video, https://ai-docs.tikhub.io/419974984e0.
        """
        TEXT_PARAMS.check(params)
        check(params, TEXT_CREATE.name)
        return await self._posted(TEXT_CREATE, params, TEXT_KIND)

    async def retrieve(self, task_id: str, **options: Unpack[RequestOptions]) -> VideoTask[KlingTaskDetailResponse]:
        """A handle on a task, looked at once; `task.response` is the answer.

        Raises:
            ParameterError: The id cannot go into a URL, or an option is unknown; nothing was sent.
            NotFoundError: The gateway does not know the id, or it belongs to another account.
            APIError: The look failed; the task is not affected.

        Source: GET /kling/v1/videos/text2video/{task_id}, inferred from the gateway software.
        """
        TEXT_RETRIEVE_PARAMS.check(options)
        request = self._build(TEXT_RETRIEVE, options, path={"task_id": task_id})
        return await self._looked(TEXT_KIND, task_id, request)


class KlingImage2Video(_Route):
    """`client.kling.image2video`."""

    async def create(self, **params: Unpack[KlingImage2VideoParams]) -> VideoTask[KlingTaskDetailResponse]:
        """A handle on the video that is now being made from `image`; `await task.wait()` gives it.

        Raises:
            ParameterError, APIConnectionError, APIStatusError, InDoubtError: As for `text2video.create`.

        Source: POST /kling/v1/videos/image2video, inferred; page 419974986e0 was not readable.
        """
        IMAGE_PARAMS.check(params)
        check(params, IMAGE_CREATE.name, image=True)
        return await self._posted(IMAGE_CREATE, params, IMAGE_KIND)

    async def retrieve(self, task_id: str, **options: Unpack[RequestOptions]) -> VideoTask[KlingTaskDetailResponse]:
        """A handle on a task, looked at once; `task.response` is the answer.

        Raises:
            ParameterError, NotFoundError, APIError: As for `text2video.retrieve`.

        Source: GET /kling/v1/videos/image2video/{task_id}, inferred from the gateway software.
        """
        IMAGE_RETRIEVE_PARAMS.check(options)
        request = self._build(IMAGE_RETRIEVE, options, path={"task_id": task_id})
        return await self._looked(IMAGE_KIND, task_id, request)


class Kling:
    """`client.kling`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.text2video = KlingText2Video(session, poller)
        """Videos from text."""
        self.image2video = KlingImage2Video(session, poller)
        """Videos from an image."""
