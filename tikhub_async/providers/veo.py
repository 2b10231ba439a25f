"""Veo, Google's video models, in the shape of Vertex AI.

| call | route | evidence |
|---|---|---|
| `generate` | `POST /v1beta/models/{model}:predictLongRunning` | a guess: documented is only that it is a POST (421718379e0) |
| `fetch` | `POST /v1beta/models/{model}:fetchPredictOperation` | a guess |
| `fetch` of an id without a model in it | `GET /v1/videos/{task_id}` | inferred from the gateway software |

The gateway software that was recorded handles neither; where it makes Veo videos it does so through `/v1/videos`,
and answers with its video object or its short envelope, which are read here too.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

import msgspec

from tikhub_async._tasks import TaskKind, VideoTask
from tikhub_async._tasks.state import created_from, first_id, links, object_state, problem_of, state_from
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of, build
from tikhub_async.errors import DownloadError
from tikhub_async.providers import _rules
from tikhub_async.providers._video import VideoProvider, content
from tikhub_async.types.task import TaskState, TaskStatus
from tikhub_async.types.veo import (
    VeoFetchOperationParams,
    VeoFetchOperationResponse,
    VeoGenerateParams,
    VeoOperationResponse,
    VeoResult,
)

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Veo"]

GENERATE = Endpoint(
    name="veo.generate", method="POST", path="/v1beta/models/{model}:predictLongRunning", kind=Kind.CREATE
)
FETCH = Endpoint(
    name="veo.fetch",
    method="POST",
    path="/v1beta/models/{model}:fetchPredictOperation",
    kind=Kind.READ,
    timeout="poll",
)
FETCH_VIDEO = Endpoint(
    name="veo.fetch_video", method="GET", path="/v1/videos/{task_id}", kind=Kind.READ, timeout="poll"
)

GENERATE_PARAMS = Schema.of(GENERATE.name, VeoGenerateParams)
FETCH_PARAMS = Schema.of(FETCH.name, VeoFetchOperationParams)

STATUS: Mapping[str, TaskStatus] = {
    "queued": "queued",
    "in_progress": "running",
    "processing": "running",
    "completed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
}
"""The gateway's words for Google's operations, which have none: they are `done` or not."""

ENDS: Mapping[str | int | None, TaskStatus] = {1: "cancelled", 4: "expired"}
"""Google's error numbers (google.rpc.Code) that are more than a failure: CANCELLED and DEADLINE_EXCEEDED."""

WITHHELD = "the operation brought no video: the provider's filter withheld all of them"

DURATIONS: tuple[tuple[str, tuple[int, ...]], ...] = (("veo-2", (5, 6, 7, 8)), ("veo-3", (4, 6, 8)))
"""Beginning of the model's name, lengths in seconds that it makes."""

RANGES: tuple[tuple[str, int, int], ...] = (("sampleCount", 1, 4), ("seed", 0, 2**32 - 1))

MEDIA = ("image", "lastFrame", "video", "mask")

_MODEL_IN_NAME = re.compile(r"(?:\A|/)models/([^/]+)/operations/")


def state_of(body: VeoFetchOperationResponse) -> TaskState:
    """The state that the answer to a look at an operation tells.

    A done operation without videos is a failure, with the filter's reasons as its text.
    """
    return state_from(body, _native)


def created(body: VeoOperationResponse) -> TaskState:
    """The state that the answer to a creation tells."""
    state = created_from(body, lambda answer: object_state(answer, STATUS))
    return msgspec.structs.replace(state, id=task_id_of(body))


def task_id_of(body: VeoOperationResponse) -> str:
    """The operation's name, or the id of the video object; `""` when the answer has neither."""
    return body.name or first_id(body)


def model_of(operation: str) -> str | None:
    """The model in an operation's name, None where the name does not say it."""
    match = _MODEL_IN_NAME.search(operation)
    return match[1] if match else None


def _native(body: VeoFetchOperationResponse) -> TaskState:
    if body.name is None and body.done is None and body.response is None:
        return object_state(body, STATUS)
    name = body.name or ""
    if body.error is not None:
        reason, code = problem_of(body.error)
        return TaskState(id=name, status=ENDS.get(code, "failed"), word="error", error=reason, error_code=code)
    if not body.done and body.response is None:
        return TaskState(id=name, status="running", word="not done")
    return _finished(name, body.response or VeoResult())


def _finished(name: str, result: VeoResult) -> TaskState:
    samples = result.generate_video_response
    videos = result.videos or []
    clips = [sample.video for sample in (samples.generated_samples if samples else None) or [] if sample.video]
    inline = any(video.bytes_base64_encoded for video in videos) or any(clip.encoded_video for clip in clips)
    buckets = [video.gcs_uri for video in videos if video.gcs_uri]
    urls = links(*(clip.uri for clip in clips), *buckets)
    reasons = result.rai_media_filtered_reasons or (samples.rai_media_filtered_reasons if samples else None) or []
    found = bool(inline or buckets or urls)
    return TaskState(
        id=name,
        status="succeeded" if found else "failed",
        word="done",
        urls=urls,
        extras={"gcs" if number == 1 else f"gcs_{number}": uri for number, uri in enumerate(buckets, 1)},
        error="; ".join(reasons) or (None if found else WITHHELD),
        inline=inline,
    )


def to_wire(params: _rules.Params) -> dict[str, object]:
    """The JSON body: the model is in the path."""
    return body_of(params, "model")


def check(params: _rules.Params, where: str = "veo.generate") -> None:
    """Refuse what Google would refuse after the gateway took the price.

    Raises:
        InvalidParameter: A rule is broken; `path` and `rule` say which.
    """
    instances = params.get("instances")
    if _rules.is_list(instances):
        if len(instances) != 1:
            _rules.refuse(where, "instances", f"must have exactly one member, got {len(instances)}")
        if _rules.is_object(instances[0]):
            _check_instance(where, instances[0])
    elif instances is not None:
        _rules.refuse(where, "instances", "must be a list", 'instances=[{"prompt": "…"}]')
    parameters = params.get("parameters")
    if _rules.is_object(parameters):
        _check_parameters(where, parameters, str(params.get("model", "")))


def _check_instance(where: str, instance: _rules.Params) -> None:
    path = "instances[0]"
    prompt = instance.get("prompt")
    if not (isinstance(prompt, str) and prompt.strip()) and not (instance.get("image") or instance.get("video")):
        _rules.refuse(where, f"{path}.prompt", "must not be empty without an image or a video")
    if instance.get("lastFrame") and not instance.get("image"):
        _rules.refuse(where, f"{path}.lastFrame", "needs image, the first frame")
    references = instance.get("referenceImages")
    for other in ("image", "lastFrame", "video"):
        if references and instance.get(other):
            _rules.refuse(where, f"{path}.referenceImages", f"cannot be combined with {other}")
    for name in MEDIA:
        _check_media(where, instance.get(name), f"{path}.{name}")
    for index, reference in enumerate(references if _rules.is_list(references) else ()):
        if _rules.is_object(reference):
            _check_media(where, reference.get("image"), f"{path}.referenceImages[{index}].image")


def _check_media(where: str, media: object, path: str) -> None:
    if not _rules.is_object(media):
        return
    data, uri = media.get("bytesBase64Encoded"), media.get("gcsUri")
    if bool(data) == bool(uri):
        _rules.refuse(where, path, "must have either bytesBase64Encoded or gcsUri")
    if isinstance(data, str) and data[:5].lower() == "data:":
        hint = "put what follows the comma here, and the type into mimeType"
        _rules.refuse(where, f"{path}.bytesBase64Encoded", "must be base64 without a data: prefix", hint)
    if isinstance(uri, str) and not uri.startswith("gs://"):
        _rules.refuse(where, f"{path}.gcsUri", f"must be gs://…, got {uri[:40]!r}")
    if not media.get("mimeType"):
        _rules.refuse(where, f"{path}.mimeType", "must be given", 'as "image/png"')


def _check_parameters(where: str, parameters: _rules.Params, model: str) -> None:
    for name, low, high in RANGES:
        path = f"parameters.{name}"
        _rules.whole_number(where, parameters, name, path=path)
        _rules.number_within(where, parameters, name, low, high, path=path)
    duration = _rules.whole_number(where, parameters, "durationSeconds", path="parameters.durationSeconds")
    for family, lengths in DURATIONS:
        if duration is not None and model.startswith(family) and duration not in lengths:
            listed = ", ".join(map(str, lengths))
            _rules.refuse(
                where, "parameters.durationSeconds", f"must be one of {listed} seconds for {model}, got {duration}"
            )
    storage = parameters.get("storageUri")
    if isinstance(storage, str) and not storage.startswith("gs://"):
        _rules.refuse(where, "parameters.storageUri", f"must be gs://…, got {storage[:40]!r}")


def _look(session: "Session", operation: str) -> Request:
    model = model_of(operation)
    if model is None:
        return build(FETCH_VIDEO, session.config, {}, path={"task_id": operation})
    return build(FETCH, session.config, {}, path={"model": model}, body={"operationName": operation})


def _content(session: "Session", operation: str) -> Request:
    if "/" in operation:
        raise DownloadError(
            f"the operation {operation} has no content route",
            hint="where you gave storageUri, task.state.extras['gcs'] says where the file is",
        )
    return content(session, operation)


KIND = TaskKind("veo", _look, VeoFetchOperationResponse, state_of, _content)

KINDS: Mapping[str, TaskKind[VeoFetchOperationResponse]] = {KIND.provider: KIND}
"""Names under which saved handles are taken up."""


class Veo(VideoProvider):
    """`client.veo`. Its paths are guesses: `TikHubAI(routes={"veo.generate": …, "veo.fetch": …})` replaces them."""

    async def generate(self, **params: Unpack[VeoGenerateParams]) -> VideoTask[VeoFetchOperationResponse]:
        """A handle on the video that is now being made; `await task.wait()` gives it.

        Never sent twice: when its outcome is unknown, it says so and leaves the decision to you.

        Raises:
            ParameterError: A parameter is unknown, missing, or breaks a rule of Google; nothing was sent.
            APIConnectionError: It did not leave the machine; nothing was made.
            APIStatusError: The gateway or Google refused.
            InDoubtError: It was sent, and whether an operation exists is unknown.

        Source: POST, https://ai-docs.tikhub.io/421718379e0; path and body after Google's `predictLongRunning`.
        """
        GENERATE_PARAMS.check(params)
        check(params)
        request = self._build(GENERATE, params, body=to_wire(params), path={"model": params["model"]})
        return await self._create(request, VeoOperationResponse, KIND, task_id_of, created)

    async def fetch(self, **params: Unpack[VeoFetchOperationParams]) -> VideoTask[VeoFetchOperationResponse]:
        """A handle on an operation, looked at once; `task.response` is the answer.

        Raises:
            ParameterError: `operationName` is missing or cannot go into a URL; nothing was sent.
            NotFoundError: The gateway does not know the operation.
            APIError: The look failed; the operation is not affected.

        Source: POST, https://ai-docs.tikhub.io/421718379e0 and its neighbour; after Google's `fetchPredictOperation`.
        """
        FETCH_PARAMS.check(params)
        operation = params["operationName"]
        model = params.get("model") or model_of(operation)
        if model is None:
            request = self._build(FETCH_VIDEO, params, path={"task_id": operation})
        else:
            request = self._build(FETCH, params, path={"model": model}, body=body_of(params, "model"))
        return await self._looked(KIND, operation, request)
