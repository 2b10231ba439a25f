"""What all video routes share: creating a task, the gateway's envelope, its video object, errors of unknown tasks.

`POST /v1/video/generations` and `GET /v1/video/generations/{id}` are the software's own routes for every video model.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Refused, sample_answer
from tikhub_async.testing._json import as_object
from tikhub_async.testing._samples import OMIT
from tikhub_async.testing._tasks import PLATFORMS, VideoTask

GENERIC_TYPES = {
    "prompt": "string",
    "seconds": "string",
    "duration": "int",
    "size": "string",
    "input_reference": "string",
    "image": "string",
    "images": "[]string",
    "mode": "string",
}
"""The software's request struct for every video route."""

STATUS_WORDS = {
    "NOT_START": "unknown",
    "SUBMITTED": "queued",
    "QUEUED": "queued",
    "IN_PROGRESS": "in_progress",
    "SUCCESS": "completed",
    "FAILURE": "failed",
}
"""Outer status → status of a video object; a fresh task is `unknown`."""

FLAT_WORDS = {"SUCCESS": "succeeded", "FAILURE": "failed"}
"""Outer status → status in the short envelope of Google's channels; `processing` otherwise."""

RATIOS: dict[str, tuple[str, int]] = {"sora": ("size", 4), "veo": ("resolution", 8)}
"""Family → what is charged for beside the length, and the length where a request names none."""
LARGE_SIZES, LARGE_RATIO = frozenset({"1024x1792", "1792x1024"}), 1.666667

DETAILS: dict[str, Callable[[Exchange, VideoTask], Any]] = {}
"""Family → the provider's own answer inside the envelope; each family's module adds its own. Google's are not shown."""


def need_prompt(exchange: Exchange, prompt: str) -> None:
    """A prompt is required, even beside an image.

    Raises:
        Refused: There is none, or only blanks.
    """
    if not prompt.strip():
        refuse(exchange, "prompt is required")


def prompt_of(exchange: Exchange) -> str:
    """`prompt` of the body, "" if there is none."""
    return str(exchange.body.get("prompt") or "")


def create_task(exchange: Exchange, prompt: str) -> VideoTask:
    """Accept a creation: from here on it is paid."""
    task = exchange.world.tasks.create(
        exchange.family, exchange.model, exchange.route.name, exchange.identity.user, exchange.body, prompt
    )
    exchange.world.charge(task.id, exchange)
    return task


def find_task(exchange: Exchange) -> VideoTask:
    """The task that the path names.

    Raises:
        Refused: 400 `task_not_exist`, also for another account's task.
    """
    task = exchange.world.tasks.find(exchange.path_params["id"], user=exchange.identity.user)
    if task is None:
        raise Refused(refusals.by_shape("task", 400, "task_not_exist", "task_not_exist", "", exchange.request_id))
    return task


def video_object(exchange: Exchange, task: VideoTask) -> Answer:
    """The software's answer to every creation."""
    values = {"id": task.id, "model": task.model, "created": int(task.created)}
    answer = sample_answer("video/object", values, headers={"X-New-Api-Other-Ratios": ratios(task)})
    answer.task = task
    return answer


def ratios(task: VideoTask) -> str:
    """What the price of a creation is multiplied with, as the gateway's header says it: nothing for Seedance and Kling."""
    if task.family not in RATIOS:
        return "{}"
    body = task.body
    name, seconds = RATIOS[task.family]
    metadata = as_object(body.get("metadata"))
    asked = str(metadata.get("durationSeconds") or body.get("duration") or body.get("seconds"))
    factors = {
        name: LARGE_RATIO if name == "size" and body.get("size") in LARGE_SIZES else 1,
        "seconds": int(asked) if asked.isdigit() else seconds,
    }
    return msgspec.json.encode(dict(sorted(factors.items()))).decode()


def now(exchange: Exchange) -> float:
    """Seconds of the clock that tasks live by."""
    return exchange.world.tasks.now()


def result_url(exchange: Exchange, task: VideoTask) -> str:
    """Where the finished video lies: on a media host that needs no key."""
    return f"{exchange.world.media_url}/cdn/{task.provider_id}.mp4"


def envelope(exchange: Exchange, task: VideoTask, data: Any, *, action: str, url: str | None) -> Answer:
    """The gateway's task envelope.

    Args:
        exchange: The poll.
        task: Its task.
        data: The provider's own answer, one level deeper.
        action: The gateway's word for the kind of task.
        url: Result URL of a success; on a failure the reason stands in its place.
    """
    moment = now(exchange)
    status = task.state(moment)
    reason = task.reason if status == "FAILURE" else ""
    values: Mapping[str, Any] = {
        "number": task.number,
        "id": task.id,
        "times": task.times(moment),
        "platform": PLATFORMS[task.family],
        "user": task.user,
        "action": action,
        "status": status,
        "fail_reason": reason,
        "result_url": (url if status == "SUCCESS" else reason) or OMIT,
        "progress": task.progress(moment),
        "model": task.model,
        "data": data,
    }
    return sample_answer("video/envelope", values)


def look(exchange: Exchange) -> Answer:
    """A task of any family in the gateway's envelope; Google's channels have a short one."""
    task = find_task(exchange)
    content_url = f"{exchange.world.base_url}/v1/videos/{task.id}/content"
    if task.family not in DETAILS:
        status = task.state(now(exchange))
        url = content_url if status == "SUCCESS" else ""
        return sample_answer("video/flat", {"status": FLAT_WORDS.get(status, "processing"), "id": task.id, "url": url})
    # Of Kling's and Sora's only an image at the top level makes image-to-video; the path of the creation does not matter.
    pictured = task.family == "seedance" or (task.family == "kling" and task.body.get("image"))
    url = content_url if task.family == "sora" else result_url(exchange, task)
    data = DETAILS[task.family](exchange, task)
    return envelope(exchange, task, data, action="generate" if pictured else "textGenerate", url=url)


def poll_object(exchange: Exchange, task: VideoTask) -> Answer:
    """The software's video object of a task that is not Sora's.

    Seedance: has `metadata.url` from the start, empty at first. Kling: no model, times in milliseconds. Kling and Veo: no
    word about why a task failed.
    """
    moment = now(exchange)
    status = task.state(moment)
    times = task.times(moment)
    kling, seedance = task.family == "kling", task.family == "seedance"
    scale = 1000 if kling else 1
    url = result_url(exchange, task) if status == "SUCCESS" else ""
    values = {
        "id": task.id,
        "task_id": task.id if seedance else OMIT,
        "model": "" if kling else task.model,
        "status": STATUS_WORDS[status],
        "progress": int(task.progress(moment).rstrip("%")),
        "created": times["created_at"] * scale,
        "updated": times["updated_at"] * scale,
        "seconds": "5" if kling and status == "SUCCESS" else OMIT,
        "error": {"message": "task failed", "code": "failed"} if seedance and status == "FAILURE" else OMIT,
        "metadata": {"url": url} if seedance or (kling and url) else OMIT,
    }
    return sample_answer("video/poll", values)
