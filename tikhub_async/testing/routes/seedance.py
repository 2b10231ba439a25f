"""Seedance: `POST` and `GET /seedance/v3/contents/generations/tasks[/{task_id}]`, as TikHub documents them.

The unmodified software has neither route: there these paths lead to the dashboard's page.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer
from tikhub_async.testing._json import text_of
from tikhub_async.testing._samples import OMIT, sample
from tikhub_async.testing._tasks import LOST_ERROR, VideoTask
from tikhub_async.testing.routes.video import DETAILS, create_task, look, need_prompt, now, result_url

PATH = "/seedance/v3/contents/generations/tasks"
TYPES = {
    "content": "[]ContentItem",
    "duration": "int",
    "frames": "int",
    "seed": "int",
    "watermark": "bool",
    "generate_audio": "bool",
    "camera_fixed": "bool",
    "draft": "bool",
    "return_last_frame": "bool",
    "ratio": "string",
    "resolution": "string",
    "callback_url": "string",
}
TOKENS_PER_SECOND = 21780
"""Seedance counts its usage in video tokens; the documented example has 108900 for five seconds."""


def check(exchange: Exchange) -> None:
    """A Seedance model and a text are required."""
    if exchange.family != "seedance":
        refuse(exchange, f"invalid api platform: {exchange.model}", code="invalid_api_platform")
    need_prompt(exchange, text_of(exchange.body.get("content")))


def create(exchange: Exchange) -> Answer:
    """Accept a task."""
    task = create_task(exchange, text_of(exchange.body.get("content")))
    answer = sample_answer("seedance/create", {"id": task.id})
    answer.task = task
    return answer


def ark_task(exchange: Exchange, task: VideoTask) -> Any:
    """The provider's own task object; right after the creation there is only its id."""
    moment = now(exchange)
    word = task.word(moment)
    if task.lost(moment):
        return LOST_ERROR
    if word is None:
        return {"id": task.provider_id}
    body: Mapping[str, Any] = task.body
    done = word == "succeeded"
    seconds = body.get("duration") or 5
    # The provider's clock is two seconds behind the gateway's, as in the documented example.
    created = int(task.created) - 2
    values = {
        "id": task.provider_id,
        "model": task.model,
        "status": word,
        "created": created,
        "updated": created + int(min(moment - task.created_at, task.seconds)),
        "error": {"code": task.code, "message": task.reason} if word == "failed" else OMIT,
        "content": {"video_url": result_url(exchange, task)} if done else OMIT,
        "usage": {"completion_tokens": TOKENS_PER_SECOND * seconds, "total_tokens": TOKENS_PER_SECOND * seconds}
        if done
        else OMIT,
        "draft": bool(body.get("draft", False)) if done else OMIT,
        "duration": seconds if done else OMIT,
        "framespersecond": 24 if done else OMIT,
        "generate_audio": bool(body.get("generate_audio", True)) if done else OMIT,
        "ratio": body.get("ratio", "16:9") if done else OMIT,
        "resolution": body.get("resolution", "720p") if done else OMIT,
        "seed": body.get("seed", 78219) if done else OMIT,
    }
    return msgspec.Raw(sample("seedance/task").body(values))


DETAILS["seedance"] = ark_task
ROUTES = (
    Route("seedance.create", "POST", PATH, create, "task", check, TYPES, needs="seedance_routes"),
    Route("seedance.retrieve", "GET", PATH + "/{id}", look, "task", model="empty", paid=False, needs="seedance_routes"),
)
