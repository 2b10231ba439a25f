"""Sora videos, `/v1/videos`.

Source: https://ai-docs.tikhub.io/411630954e0 for creation; the other calls are named in the documentation's menu, their
shapes are OpenAI's with what the gateway software adds and drops. List and delete exist in no version of that software
that was read: they may answer 404.
"""

import os
from typing import Any, BinaryIO, Literal, Required, TypeAlias, TypedDict

from tikhub_async.types._base import Model, Number, RequestOptions, Response
from tikhub_async.types.task import TaskAnswer, TaskProblem

VideoFile: TypeAlias = os.PathLike[str] | bytes | BinaryIO | tuple[str, bytes | BinaryIO]
"""An image to upload: a path object, its bytes, an open binary file, or the last two with a name, `("a.png", data)`."""


class VideoInputReference(TypedDict, total=False):
    """An image that is already somewhere. OpenAI's form; the gateway software takes a plain string instead."""

    image_url: str
    """`https://…` or `data:image/…;base64,…`."""
    file_id: str
    """A file uploaded to OpenAI."""


class VideoCreateRequest(TypedDict, total=False):
    """The body of a creation."""

    model: Required[Literal["sora-2", "sora-2-pro"] | str]
    prompt: Required[str]
    """What happens in the video, 1…32 000 characters."""
    seconds: Literal["4", "8", "12"] | str
    """Length in seconds, as text; a number is refused. Default `"4"`."""
    size: Literal["720x1280", "1280x720", "1024x1792", "1792x1024"] | str
    """Width x height, default `720x1280`; the two large ones are for `sora-2-pro`."""
    input_reference: str | VideoInputReference | VideoFile
    """The first frame: JPEG, PNG or WebP in exactly the video's size.

    Text is an `https://…` or `data:image/…` address and is what the gateway takes in JSON; a path object, bytes or an
    open file is uploaded."""


class VideoCreateParams(VideoCreateRequest, RequestOptions, total=False):
    """What `sora.create` takes."""


class VideoRemixRequest(TypedDict, total=False):
    """The body of a remix; model and size come from the original."""

    prompt: Required[str]
    """What to change, 1…32 000 characters."""


class VideoRemixParams(VideoRemixRequest, RequestOptions, total=False):
    """What `sora.remix` takes beside the id of the original."""


class VideoListRequest(TypedDict, total=False):
    """The query of a list."""

    after: str
    """Id of the last video of the page before."""
    limit: int
    """1…100, default 20."""
    order: Literal["asc", "desc"]
    """By creation time, default `desc`."""


class VideoListParams(VideoListRequest, RequestOptions, total=False):
    """What `sora.list` takes."""


class VideoContentRequest(TypedDict, total=False):
    """The query of a download."""

    variant: Literal["video", "thumbnail", "spritesheet"]
    """Default `video`. The gateway software drops it and sends the video: look at the content type."""


class VideoContentParams(VideoContentRequest, RequestOptions, total=False):
    """What `sora.download_content` takes beside the id."""


class VideoSteer(Model, frozen=True, kw_only=True):
    """A public instruction to go on with."""

    message: str | None = None


class VideoMisalignment(Model, frozen=True, kw_only=True):
    """Why OpenAI stopped a generation that might have done unintended things."""

    detailed_explanation: str | None = None
    error_type: str | None = None
    review_target: str | None = None
    """Opaque; names the review to continue."""
    steer: VideoSteer | None = None


class VideoError(TaskProblem, frozen=True, kw_only=True):
    """Why a video failed. `code` may be missing or empty, and the gateway shortens some reasons to `task failed`."""

    headers: dict[str, str] | None = None
    """Headers of the original error."""
    misalignment: VideoMisalignment | None = None


class VideoResponse(TaskAnswer, frozen=True, kw_only=True):
    """A Sora video. The object has no address of the video: its bytes come from the content route."""

    id: str | None = None
    """`task_…` behind the gateway, `video_…` at OpenAI."""
    expires_at: Number | None = None
    """Unix seconds until when the video can be fetched; None until done, and behind some gateways."""
    prompt: str | None = None
    seconds: str | Number | None = None
    """Length, as text; any number for stitched clips."""
    size: str | None = None
    """Width x height."""
    remixed_from_video_id: str | None = None
    error: VideoError | str | None = None
    """On HTTP 200 without a `status` it means that the provider answered the gateway's look with an error; the gateway
    has then given the task up."""
    usage: dict[str, Any] | None = None
    """Gateway extra, free-form."""


class VideoListResponse(Response, frozen=True, kw_only=True):
    """A page of videos."""

    object: str = "list"
    data: list[VideoResponse] = []
    first_id: str | None = None
    """None on an empty page."""
    last_id: str | None = None
    """Give it to `after` for the next page; None on an empty one."""
    has_more: bool = False


class VideoDeleteResponse(Response, frozen=True, kw_only=True):
    """The answer to a deletion."""

    id: str | None = None
    object: str = "video.deleted"
    deleted: bool | None = None
