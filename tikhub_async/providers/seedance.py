"""Seedance, ByteDance's video models.

| call | route | evidence |
|---|---|---|
| `create` | `POST /seedance/v3/contents/generations/tasks` | documented, 419974982e0 |
| `retrieve` | `GET /seedance/v3/contents/generations/tasks/{task_id}` | documented, 419974983e0 |

The gateway's own status stays `IN_PROGRESS` for tasks that were cancelled or expired at ByteDance, and for those whose
last look ended in an error there; the first two are found in the inner status, the third ends at the caller's deadline.

The unmodified gateway software has neither route: it answers them with its dashboard page, so that a creation ends in
`InDoubtError`. It makes the same videos at its unified routes, which this client reaches as

    client.with_options(routes={
        "seedance.create": "/v1/video/generations",
        "seedance.retrieve": "/v1/video/generations/{task_id}",
    })

There (recorded) only `model`, `prompt`, `image`, `images` and `metadata` count, and `prompt` must be given. Ignored
without a word are `duration`, `seconds`, `size` and `input_reference`, and ByteDance's own fields at top level:
`content`, `ratio`, `resolution`, `generate_audio` … They pass inside `metadata`, whose `content` replaces the prompt:
`extra_body={"prompt": "…", "metadata": {"content": […], "ratio": "16:9", "duration": 5}}`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

import msgspec

from tikhub_async._tasks import TaskKind, VideoTask
from tikhub_async._tasks.state import created_from, first_id, links, object_state, seconds, state_from
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of, build
from tikhub_async.providers import _rules
from tikhub_async.providers._video import VideoProvider, content
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.seedance import (
    SeedanceTaskCreateResponse,
    SeedanceTaskParams,
    SeedanceTaskResponse,
    SeedanceUsage,
)
from tikhub_async.types.task import TaskState, TaskStatus

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Seedance"]

PATH = "/seedance/v3/contents/generations/tasks"
CREATE = Endpoint(name="seedance.create", method="POST", path=PATH, kind=Kind.CREATE)
RETRIEVE = Endpoint(name="seedance.retrieve", method="GET", path=f"{PATH}/{{task_id}}", kind=Kind.READ, timeout="poll")

PARAMS = Schema.of(CREATE.name, SeedanceTaskParams)
RETRIEVE_PARAMS = Schema.of(RETRIEVE.name, RequestOptions)

STATUS: Mapping[str, TaskStatus] = {
    "queued": "queued",
    "running": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}
"""ByteDance's words. The documentation says to poll until `succeeded`; the last three end a task as well."""

DURATIONS: tuple[tuple[str, int, int, bool], ...] = (
    ("seedance-1-0", 2, 12, False),
    ("seedance-1-5", 4, 12, True),
    ("seedance-2-0", 4, 15, True),
)
"""Part of the model's name, shortest and longest video in seconds, whether -1 (the model chooses) is taken."""

RANGES: tuple[tuple[str, int, int], ...] = (
    ("seed", -1, 2**32 - 1),
    ("frames", 29, 289),
    ("execution_expires_after", 3600, 259_200),
)

MOST_REFERENCES = {"image_url": 9, "video_url": 3, "audio_url": 3}


def state_of(body: SeedanceTaskResponse) -> TaskState:
    """The state that the answer to a retrieval tells."""
    return state_from(body, _native)


def created(body: SeedanceTaskCreateResponse) -> TaskState:
    """The state that the answer to a creation tells."""
    return created_from(body, lambda answer: object_state(answer, STATUS))


def task_id_of(body: SeedanceTaskCreateResponse) -> str:
    """The id to ask with; `""` when the answer has none."""
    return first_id(body)


def _native(body: SeedanceTaskResponse) -> TaskState:
    state = object_state(body, STATUS)
    result = body.content
    video, frame, file = (result.video_url, result.last_frame_url, result.file_url) if result else (None, None, None)
    named = (("last_frame", frame), ("file", file))
    return msgspec.structs.replace(
        state,
        urls=links(video, *state.urls),
        extras={name: url for name, text in named for url in links(text)},
        usage=_counts(body.usage),
        finished_at=state.finished_at or seconds(body.updated_at),
    )


def _counts(usage: SeedanceUsage | None) -> dict[str, object] | None:
    if usage is None:
        return None
    return {name: value for name, value in msgspec.structs.asdict(usage).items() if value is not None}


def check(params: _rules.Params, where: str = "seedance.create") -> None:
    """Refuse what ByteDance would refuse after the gateway took the price.

    Raises:
        InvalidParameter: A rule is broken; `path` and `rule` say which.
    """
    _check_content(where, params)
    _check_length(where, params)
    for name, low, high in RANGES:
        _rules.whole_number(where, params, name)
        _rules.number_within(where, params, name, low, high)
    _rules.short_text(where, params, "safety_identifier", 64)


def _check_length(where: str, params: _rules.Params) -> None:
    _rules.one_at_most(where, params, "duration", "frames", hint="both set the length: give one of them")
    frames = _rules.whole_number(where, params, "frames")
    if frames is not None and (frames - 25) % 4:
        _rules.refuse(where, "frames", f"must be 25 + 4n, got {frames}")
    duration = _rules.whole_number(where, params, "duration")
    if duration is None:
        return
    model = str(params.get("model", ""))
    for part, low, high, may_choose in DURATIONS:
        if part in model and not (low <= duration <= high or (may_choose and duration == -1)):
            choose = " or -1" if may_choose else ""
            _rules.refuse(where, "duration", f"must be {low}…{high}{choose} seconds for {model}, got {duration}")


def _check_content(where: str, params: _rules.Params) -> None:
    content = params.get("content")
    if content is None and _rules.has(params, "content"):
        return
    if not _rules.is_list(content) or not content:
        hint = 'content=[{"type": "text", "text": "…"}]'
        _rules.refuse(where, "content", f"must be a non-empty list of parts, got {content!r:.60}", hint)
    parts = [(f"content[{index}]", part) for index, part in enumerate(content) if _rules.is_object(part)]
    if all(part.get("type") == "text" and not str(part.get("text", "")).strip() for _, part in parts):
        _rules.refuse(where, "content", "must not be empty texts only")
    for path, part in parts:
        kind = part.get("type")
        media = part.get(kind) if isinstance(kind, str) and kind.endswith("_url") else None
        if _rules.is_object(media):
            _rules.address(where, media.get("url"), f"{path}.{kind}.url")
    _check_modes(where, parts)


def _check_modes(where: str, parts: list[tuple[str, _rules.Params]]) -> None:
    """First frame, first and last frame, or references: never mixed."""
    images = [(path, part) for path, part in parts if part.get("type") == "image_url"]
    first = [path for path, part in images if part.get("role") in (None, "first_frame")]
    last = [path for path, part in images if part.get("role") == "last_frame"]
    references = [(path, part) for path, part in parts if _is_reference(part)]
    for role, paths in (("first_frame", first), ("last_frame", last)):
        if len(paths) > 1:
            hint = "images without a role are first frames: give each image its role"
            _rules.refuse(where, paths[1], f"is a second {role}", hint)
    if last and not first:
        _rules.refuse(where, last[0], "is a last_frame without a first_frame")
    if references and (first or last):
        frame = (first or last)[0]
        _rules.refuse(where, references[0][0], f"is a reference and cannot be combined with the frame in {frame}")
    _check_references(where, references)


def _is_reference(part: _rules.Params) -> bool:
    role = part.get("role")
    return part.get("type") in {"video_url", "audio_url"} or (isinstance(role, str) and role.startswith("reference_"))


def _check_references(where: str, references: list[tuple[str, _rules.Params]]) -> None:
    for kind, most in MOST_REFERENCES.items():
        paths = [path for path, part in references if part.get("type") == kind]
        if len(paths) > most:
            _rules.refuse(where, paths[most], f"is one too many: at most {most} references of type {kind}")
    if references and all(part.get("type") == "audio_url" for _, part in references):
        _rules.refuse(where, references[0][0], "is a sound alone: add a reference image or video")


def _look(session: "Session", task_id: str) -> Request:
    return build(RETRIEVE, session.config, {}, path={"task_id": task_id})


KIND = TaskKind("seedance", _look, SeedanceTaskResponse, state_of, content)

KINDS: Mapping[str, TaskKind[SeedanceTaskResponse]] = {KIND.provider: KIND}
"""Names under which saved handles are taken up."""


class Seedance(VideoProvider):
    """`client.seedance`."""

    async def create(self, **params: Unpack[SeedanceTaskParams]) -> VideoTask[SeedanceTaskResponse]:
        """A handle on the video that is now being made; `await task.wait()` gives it.

        Never sent twice: when its outcome is unknown, it says so and leaves the decision to you.

        On the unified routes of the gateway software, where `routes=` may lead this call, `content`, `ratio`,
        `resolution`, `duration`, `frames`, `seed` and the other parameters are ignored: they count inside `metadata`
        only, see the module's text.

        Raises:
            ParameterError: A parameter is unknown, missing, or breaks a rule of ByteDance; nothing was sent.
            APIConnectionError: It did not leave the machine; nothing was made.
            APIStatusError: The gateway or ByteDance refused.
            InDoubtError: It was sent, and whether a task exists is unknown.

        Source: POST /seedance/v3/contents/generations/tasks, https://ai-docs.tikhub.io/419974982e0.
        """
        PARAMS.check(params)
        check(params)
        request = self._build(CREATE, params, body=body_of(params))
        return await self._create(request, SeedanceTaskCreateResponse, KIND, task_id_of, created)

    async def retrieve(self, task_id: str, **options: Unpack[RequestOptions]) -> VideoTask[SeedanceTaskResponse]:
        """A handle on a task, looked at once; `task.response` is the documented answer.

        Args:
            task_id: The id that the creation gave (`task_…`), not ByteDance's own (`cgt-…`).
            options: Per-call options.

        Raises:
            ParameterError: The id cannot go into a URL, or an option is unknown; nothing was sent.
            NotFoundError: The gateway does not know the id, or it belongs to another account.
            APIError: The look failed; the task is not affected.

        Source: GET /seedance/v3/contents/generations/tasks/{task_id}, https://ai-docs.tikhub.io/419974983e0.
        """
        RETRIEVE_PARAMS.check(options)
        request = self._build(RETRIEVE, options, path={"task_id": task_id})
        return await self._looked(KIND, task_id, request)
