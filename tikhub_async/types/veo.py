"""Veo videos in the shape of Google's Vertex AI: `:predictLongRunning` and `:fetchPredictOperation`.

Source: https://ai-docs.tikhub.io/421718379e0, whose menu says that both calls are POST; neither paths nor bodies could
be read. Everything here follows Google's API, beside it the Gemini API's flavour of the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

import msgspec

from tikhub_async.types._base import Model, Number, RequestOptions
from tikhub_async.types.task import TaskAnswer


class VeoMedia(TypedDict, total=False):
    """An image or a video: inline or in a bucket, never both."""

    bytesBase64Encoded: str
    """Base64 without a `data:` prefix."""
    gcsUri: str
    """`gs://bucket/file`."""
    mimeType: str
    """As `image/png`, `image/jpeg`, `video/mp4`."""


class VeoMask(VeoMedia, total=False):
    """Which part of a video to change."""

    maskMode: str


class VeoReferenceImage(TypedDict, total=False):
    """An image of something that appears, or whose style is taken."""

    image: Required[VeoMedia]
    referenceType: Literal["asset", "style"] | str


class VeoInstance(TypedDict, total=False):
    """What the video is made from."""

    prompt: str
    """Needed unless there is an image or a video."""
    image: VeoMedia
    """The first frame."""
    lastFrame: VeoMedia
    """The last frame, beside `image`."""
    video: VeoMedia
    """A video to extend."""
    referenceImages: Sequence[VeoReferenceImage]
    """Not with `image`, `lastFrame` or `video`."""
    mask: VeoMask


class VeoParameters(TypedDict, total=False):
    """How it is made."""

    sampleCount: int
    """Videos to make, 1…4; each is charged."""
    durationSeconds: int
    """Seconds, a number. Veo 2: 5…8; Veo 3: 4, 6 or 8."""
    aspectRatio: Literal["16:9", "9:16"] | str
    resolution: Literal["720p", "1080p", "4k"] | str
    personGeneration: Literal["dont_allow", "allow_adult", "allow_all"] | str
    generateAudio: bool
    negativePrompt: str
    enhancePrompt: bool
    seed: int
    """0…4294967295."""
    storageUri: str
    """`gs://…`: where to write. Without it the whole video comes as base64 inside the answer."""
    compressionQuality: Literal["optimized", "lossless"] | str
    resizeMode: Literal["pad", "crop"] | str
    fps: int
    pubsubTopic: str


class VeoGenerateRequest(TypedDict, total=False):
    """The body of a creation."""

    instances: Required[Sequence[VeoInstance]]
    """Exactly one."""
    parameters: VeoParameters
    labels: Mapping[str, str]


class VeoGenerateParams(VeoGenerateRequest, RequestOptions, total=False):
    """What `veo.generate` takes."""

    model: Required[Literal["veo-3.0-generate-001", "veo-3.1-generate-preview"] | str]
    """Goes into the path."""


class VeoFetchOperationRequest(TypedDict, total=False):
    """The body of a look at an operation."""

    operationName: Required[str]
    """`name` of the answer to the creation, as it came: it contains slashes."""


class VeoFetchOperationParams(VeoFetchOperationRequest, RequestOptions, total=False):
    """What `veo.fetch` takes."""

    model: str
    """Goes into the path; needed only where `operationName` does not say it (`…/models/<model>/operations/…`)."""


class VeoVideo(Model, frozen=True, kw_only=True, rename="camel"):
    """A finished video: inline or in a bucket."""

    gcs_uri: str | None = None
    """`gs://…`, in the bucket named by `storageUri`."""
    bytes_base64_encoded: str | None = None
    """The whole file, tens of megabytes; `tikhub_async.VideoTask.download` decodes it for you."""
    mime_type: str | None = None
    encoding: str | None = None
    """The media type, under the name of older versions."""


class VeoSampleVideo(Model, frozen=True, kw_only=True, rename="camel"):
    """Gemini flavour: a finished video."""

    uri: str | None = None
    """`https://generativelanguage.googleapis.com/…`; needs Google's own key."""
    encoded_video: str | None = None
    """Base64, where it came inline."""
    encoding: str | None = None
    """As `video/mp4`."""


class VeoSample(Model, frozen=True, kw_only=True, rename="camel"):
    """Gemini flavour: one of the results."""

    video: VeoSampleVideo | None = None


class VeoSamples(Model, frozen=True, kw_only=True, rename="camel"):
    """Gemini flavour: the results, and what was withheld."""

    generated_samples: list[VeoSample] | None = None
    rai_media_filtered_count: Number | None = None
    rai_media_filtered_reasons: list[str] | None = None


class VeoResult(Model, frozen=True, kw_only=True, rename="camel"):
    """What an operation brought; a done one without videos was filtered as a whole."""

    type: str | None = msgspec.field(default=None, name="@type")
    videos: list[VeoVideo] | None = None
    rai_media_filtered_count: Number | None = None
    """Videos withheld by the safety filter."""
    rai_media_filtered_reasons: list[str] | None = None
    generate_video_response: VeoSamples | None = None
    """Gemini flavour of all of the above."""


class VeoOperationResponse(TaskAnswer, frozen=True, kw_only=True):
    """The answer to a creation: the operation's name, or an OpenAI-like video object."""

    name: str | None = None
    """Opaque; ask with it as it came."""


class VeoFetchOperationResponse(VeoOperationResponse, frozen=True, kw_only=True):
    """An operation: `done` is absent while it runs; done it has an `error` or a `response`."""

    done: bool | None = None
    response: VeoResult | None = None
    metadata: dict[str, Any] | None = None
    """Google's own, free-form."""
