"""Sora, OpenAI's video models.

| call | route | evidence |
|---|---|---|
| `create` | `POST /v1/videos` | documented, 411630954e0 |
| `retrieve` | `GET /v1/videos/{video_id}` | inferred from the gateway software |
| `download_content` | `GET /v1/videos/{video_id}/content` | inferred |
| `remix` | `POST /v1/videos/{video_id}/remix` | inferred; panics (500) in the version recorded |
| `list` | `GET /v1/videos` | named in the documentation, 404 in every version of the software read |
| `delete` | `DELETE /v1/videos/{video_id}` | as `list` |

The object has no address of the video: `TaskState.url` is None on success and the bytes come from the content route.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard, Unpack

import msgspec

from tikhub_async._files import read_file
from tikhub_async._tasks import TaskKind, VideoTask
from tikhub_async._tasks.state import created_from, first_id, object_state, state_from
from tikhub_async._wire.request import Endpoint, Kind, Part, Request, Schema, body_of, build, form_part
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import _rules
from tikhub_async.providers._pages import Pages
from tikhub_async.providers._video import CONTENT, VideoProvider, content
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.sora import (
    VideoContentParams,
    VideoCreateParams,
    VideoDeleteResponse,
    VideoFile,
    VideoListParams,
    VideoListResponse,
    VideoRemixParams,
    VideoResponse,
)
from tikhub_async.types.task import TaskState, TaskStatus

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async._tasks.download import ResultBytes

__all__ = ["Sora"]

CREATE = Endpoint(name="sora.create", method="POST", path="/v1/videos", kind=Kind.CREATE)
RETRIEVE = Endpoint(name="sora.retrieve", method="GET", path="/v1/videos/{video_id}", kind=Kind.READ, timeout="poll")
REMIX = Endpoint(name="sora.remix", method="POST", path="/v1/videos/{video_id}/remix", kind=Kind.CREATE)
LIST = Endpoint(name="sora.list", method="GET", path="/v1/videos", kind=Kind.READ, timeout="poll")
DELETE = Endpoint(name="sora.delete", method="DELETE", path="/v1/videos/{video_id}", kind=Kind.DELETE)

CREATE_PARAMS = Schema.of(CREATE.name, VideoCreateParams)
RETRIEVE_PARAMS = Schema.of(RETRIEVE.name, RequestOptions)
REMIX_PARAMS = Schema.of(REMIX.name, VideoRemixParams)
LIST_PARAMS = Schema.of(LIST.name, VideoListParams)
DELETE_PARAMS = Schema.of(DELETE.name, RequestOptions)
CONTENT_PARAMS = Schema.of("sora.download_content", VideoContentParams)

STATUS: Mapping[str, TaskStatus] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "unknown": "unknown",
}
"""OpenAI's words, and `unknown`, which the gateway says until its first look at the provider."""

PROMPT_LIMIT = 32_000

MODELS = re.compile(r"sora-2(-pro)?(-20\d\d-\d\d-\d\d)?\Z")
"""Models whose limits are known."""

LENGTHS = ("4", "8", "12")

SIZES = ("720x1280", "1280x720")

PRO_SIZES = (*SIZES, "1024x1792", "1792x1024")


def state_of(body: VideoResponse) -> TaskState:
    """The state that the answer to a retrieval tells.

    An error in place of a status is a failure: the gateway has given the task up and will not look again.
    """
    state = state_from(body, _native)
    if body.error is None or body.status is not None or body.in_envelope:
        return state
    code = None if isinstance(body.error, str) else body.error.code
    return msgspec.structs.replace(state, status="failed", word="error", error=state.note, error_code=code, note=None)


def created(body: VideoResponse) -> TaskState:
    """The state that the answer to a creation or a remix tells."""
    return created_from(body, _native)


def task_id_of(body: VideoResponse) -> str:
    """The id to ask with; `""` when the answer has none."""
    return first_id(body)


def _native(body: VideoResponse) -> TaskState:
    return msgspec.structs.replace(object_state(body, STATUS), usage=body.usage)


def check(params: _rules.Params, where: str = "sora.create") -> None:
    """Refuse what OpenAI would refuse after the gateway took the price.

    Raises:
        InvalidParameter: A rule is broken; `path` and `rule` say which.
    """
    _rules.needs_text(where, params, "prompt", PROMPT_LIMIT)
    model = str(params.get("model", ""))
    _check_length(where, params.get("seconds"), model)
    _check_size(where, params.get("size"), model)
    _check_reference(where, params.get("input_reference"))


def check_remix(params: _rules.Params, where: str = "sora.remix") -> None:
    """Refuse a remix without a prompt.

    Raises:
        InvalidParameter: The prompt is blank or too long.
    """
    _rules.needs_text(where, params, "prompt", PROMPT_LIMIT)


def check_list(params: _rules.Params, where: str = "sora.list") -> None:
    """Refuse a page size that is not one.

    Raises:
        InvalidParameter: `limit` is not 1…100.
    """
    _rules.whole_number(where, params, "limit")
    _rules.number_within(where, params, "limit", 1, 100)


def _check_length(where: str, value: object, model: str) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        _rules.refuse(where, "seconds", f"must be text, got {value!r}", f'seconds="{value}"')
    if not re.fullmatch(r"[0-9]{1,4}", value) or (MODELS.match(model) and value not in LENGTHS):
        _rules.refuse(where, "seconds", f"must be one of {', '.join(LENGTHS)} for {model}, got {value!r}")


def _check_size(where: str, value: object, model: str) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{2,5}x[0-9]{2,5}", value):
        _rules.refuse(where, "size", f"must be width x height, got {value!r}", 'as size="1280x720"')
    known = MODELS.match(model)
    sizes = PRO_SIZES if known and known[1] else SIZES
    if known and value not in sizes:
        hint = "sora-2-pro makes it" if value in PRO_SIZES else None
        _rules.refuse(where, "size", f"must be one of {', '.join(sizes)} for {model}, got {value!r}", hint)


def _check_reference(where: str, value: object) -> None:
    if isinstance(value, str) and value[:5].lower() != "data:" and "://" not in value[:64]:
        hint = "for a file on disk: input_reference=pathlib.Path(…)"
        _rules.refuse(where, "input_reference", f"must be https://… or data:image/…, got {value[:40]!r}", hint)
    if _rules.is_object(value) and (len(value) != 1 or not value.keys() <= {"image_url", "file_id"}):
        _rules.refuse(where, "input_reference", "must have either image_url or file_id")


IMAGE_TYPES: tuple[tuple[bytes, bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", b"", "image/png", "png"),
    (b"\xff\xd8\xff", b"", "image/jpeg", "jpg"),
    (b"RIFF", b"WEBP", "image/webp", "webp"),
)
"""First bytes, bytes 8…11 where they matter, media type, suffix."""


def is_file(value: object) -> TypeGuard[VideoFile]:
    """Whether an `input_reference` is something to upload."""
    return value is not None and not isinstance(value, str) and not _rules.is_object(value)


async def form_of(params: VideoCreateParams, file: VideoFile) -> tuple[Part, ...]:
    """The multipart form of a creation with an uploaded image.

    Raises:
        InvalidParameter: The file cannot be read, or is no JPEG, PNG or WebP image.
    """
    name, data = await read_file(file, "input_reference")
    for start, later, media_type, suffix in IMAGE_TYPES:
        if data[: len(start)] == start and data[8:12].startswith(later):
            fields = {key: value for key, value in body_of(params).items() if key != "input_reference"}
            image = Part("input_reference", data, name or f"input_reference.{suffix}", media_type)
            return (*(form_part(key, value, CREATE.name) for key, value in fields.items()), image)
    raise InvalidParameter(
        "input_reference", f"must be a JPEG, PNG or WebP image, begins with {data[:8]!r}", where=CREATE.name
    )


def _look(session: "Session", video_id: str) -> Request:
    return build(RETRIEVE, session.config, {}, path={"video_id": video_id})


KIND = TaskKind("sora", _look, VideoResponse, state_of, content)

KINDS: Mapping[str, TaskKind[VideoResponse]] = {KIND.provider: KIND}
"""Names under which saved handles are taken up."""


class Sora(VideoProvider):
    """`client.sora`."""

    async def create(self, **params: Unpack[VideoCreateParams]) -> VideoTask[VideoResponse]:
        """A handle on the video that is now being made; `await task.wait()` gives it.

        Sent as JSON, or as a form when `input_reference` is a file. Never sent twice: when its outcome is unknown, it
        says so and leaves the decision to you.

        The route is the gateway's own for every video family: `model` decides. OpenAI's models get the body as it is; a
        number in `duration` would be priced, but OpenAI does not know it, so the length is `seconds`. Other models
        ignore parameters of this call without a word (recorded): Seedance `seconds`, `size` and `input_reference`,
        Kling `seconds` (it takes `extra_body={"duration": 10}`), Veo `seconds` in JSON, which is priced all the same.

        Raises:
            ParameterError: A parameter is unknown, missing, or breaks a rule of OpenAI; nothing was sent.
            APIConnectionError: It did not leave the machine; nothing was made.
            APIStatusError: The gateway or OpenAI refused.
            InDoubtError: It was sent, and whether a video exists is unknown.

        Source: POST /v1/videos, https://ai-docs.tikhub.io/411630954e0.
        """
        CREATE_PARAMS.check(params)
        check(params)
        reference = params.get("input_reference")
        if is_file(reference):
            request = self._build(CREATE, params, form=await form_of(params, reference))
        else:
            request = self._build(CREATE, params, body=body_of(params))
        return await self._create(request, VideoResponse, KIND, task_id_of, created)

    async def retrieve(self, video_id: str, **options: Unpack[RequestOptions]) -> VideoTask[VideoResponse]:
        """A handle on a video, looked at once; `task.response` is the video object.

        Raises:
            ParameterError: The id cannot go into a URL, or an option is unknown; nothing was sent.
            NotFoundError: The gateway does not know the id, or it belongs to another account.
            APIError: The look failed; the video is not affected.

        Source: GET /v1/videos/{video_id}, inferred from the gateway software.
        """
        RETRIEVE_PARAMS.check(options)
        request = self._build(RETRIEVE, options, path={"video_id": video_id})
        return await self._looked(KIND, video_id, request)

    async def remix(self, video_id: str, **params: Unpack[VideoRemixParams]) -> VideoTask[VideoResponse]:
        """A handle on a new video made from a finished one.

        Raises:
            ParameterError: `prompt` is missing or blank, or the id cannot go into a URL; nothing was sent.
            APIConnectionError: It did not leave the machine; nothing was made.
            NotFoundError: The gateway does not know the original.
            InternalServerError: Gateways of early 2026 fail on every remix (`new_api_panic`).
            InDoubtError: It was sent, and whether a video exists is unknown.

        Source: POST /v1/videos/{video_id}/remix, inferred from the gateway software.
        """
        REMIX_PARAMS.check(params)
        check_remix(params)
        request = self._build(REMIX, params, body=body_of(params), path={"video_id": video_id})
        return await self._create(request, VideoResponse, KIND, task_id_of, created)

    def list(self, **params: Unpack[VideoListParams]) -> Pages[VideoListResponse, VideoResponse]:
        """Your videos: `async for video in client.sora.list()` walks over all, `await` gives one page.

        Raises:
            ParameterError: A parameter is unknown or out of range; nothing was sent.
            NotFoundError: While awaited or walked over: this gateway has no such route, as the software it is built on.
            APIError: While awaited or walked over: no usable answer.

        Source: GET /v1/videos, in the documentation's menu.
        """
        LIST_PARAMS.check(params)
        check_list(params)
        asked = {name: str(value) for name, value in body_of(params).items()}

        async def fetch(cursor: str | None) -> VideoListResponse:
            query = asked if cursor is None else {**asked, "after": cursor}
            return await self._send(self._build(LIST, params, query=query), VideoListResponse)

        return Pages(fetch, lambda page: page.data, lambda page: page.last_id if page.has_more else None)

    async def delete(self, video_id: str, **options: Unpack[RequestOptions]) -> VideoDeleteResponse:
        """The confirmation that a video is gone.

        Raises:
            ParameterError: The id cannot go into a URL, or an option is unknown; nothing was sent.
            NotFoundError: No such video, or this gateway has no such route.
            APIError: No usable answer; the video may be gone or not.

        Source: DELETE /v1/videos/{video_id}, in the documentation's menu.
        """
        DELETE_PARAMS.check(options)
        request = self._build(DELETE, options, path={"video_id": video_id})
        return await self._send(request, VideoDeleteResponse)

    def download_content(self, video_id: str, **params: Unpack[VideoContentParams]) -> "ResultBytes":
        """The bytes of a finished video, or of its thumbnail or spritesheet, as they arrive.

        To save a file, use `video.download(path)`: it checks the length and replaces nothing by a half. The gateway
        software ignores `variant` and cuts downloads after 60 s.

        Raises:
            ParameterError: A parameter is unknown; nothing was sent.

        Source: GET /v1/videos/{video_id}/content, inferred from the gateway software.
        """
        CONTENT_PARAMS.check(params)
        variant = params.get("variant")
        query = {} if variant is None else {"variant": variant}
        request = self._build(CONTENT, params, path={"task_id": video_id}, query=query)

        def file(_session: "Session", _video_id: str) -> Request:
            return request

        kind = replace(KIND, content=file)
        state = TaskState(id=video_id, status="succeeded")
        from tikhub_async._tasks.download import open_result  # needs aiohttp, which loads with the first client

        return open_result(VideoTask(kind, video_id, self._session, self._poller, state=state))
