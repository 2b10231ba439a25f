"""Kling: `POST` and `GET /kling/v1/videos/{text2video|image2video}[/{task_id}]`.

TikHub documents Kling's own body (`model_name`, `duration` as a string); the software's rewrite of such a body has no
effect, so there `model` is needed and `duration` is an integer.
"""

from typing import Any

import msgspec

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer
from tikhub_async.testing._samples import OMIT, sample
from tikhub_async.testing._tasks import VideoTask
from tikhub_async.testing.routes.video import (
    DETAILS,
    GENERIC_TYPES,
    create_task,
    look,
    need_prompt,
    now,
    prompt_of,
    result_url,
    video_object,
)

NATIVE_TYPES = {
    "prompt": "string",
    "negative_prompt": "string",
    "duration": "string",
    "mode": "string",
    "sound": "string",
    "aspect_ratio": "string",
    "cfg_scale": "float64",
    "image": "string",
    "image_tail": "string",
    "callback_url": "string",
    "external_task_id": "string",
}
CLIP_SECONDS = "5"


def check(exchange: Exchange) -> None:
    """A Kling model and a prompt are required."""
    if exchange.family != "kling":
        refuse(exchange, f"invalid api platform: {exchange.model}", code="invalid_api_platform")
    need_prompt(exchange, prompt_of(exchange))


def create(exchange: Exchange) -> Answer:
    """Accept a task."""
    task = create_task(exchange, prompt_of(exchange))
    if not exchange.world.behaviour.native_creations:
        return video_object(exchange, task)
    values = {
        "id": task.id,
        "request_id": exchange.request_id,
        "external_id": task.body.get("external_task_id") or "",
        "created_ms": int(task.created * 1000),
    }
    answer = sample_answer("kling/created", values)
    answer.task = task
    return answer


def kling_task(exchange: Exchange, task: VideoTask) -> Any:
    """Kling's own answer, with a `data` of its own: the third one from outside."""
    moment = now(exchange)
    word = task.word(moment)
    created = int(task.created * 1000)
    video = {
        "duration": str(task.body.get("duration") or CLIP_SECONDS),
        "id": f"v-{task.provider_id}",
        "url": result_url(exchange, task),
    }
    values = {
        "id": task.provider_id,
        "created_ms": created,
        "updated_ms": created + int(min(moment - task.created_at, task.seconds) * 1000),
        "external_id": task.body.get("external_task_id") or "",
        "status": word,
        "message": task.reason if word == "failed" else OMIT,
        "result": {"videos": [video]} if word == "succeed" else OMIT,
        "request_id": f"kreq-{task.number}",
    }
    return msgspec.Raw(sample("kling/task").body(values))


def _routes(kind: str) -> tuple[Route, ...]:
    name, path, flag = f"kling.{kind}", f"/kling/v1/videos/{kind}", "kling_native_body"
    keys = ("model_name", "model")
    return (
        Route(f"{name}.create", "POST", path, create, "task", check, NATIVE_TYPES, model_keys=keys, needs=flag),
        Route(f"{name}.create", "POST", path, create, "task", check, GENERIC_TYPES, unless=flag),
        Route(f"{name}.retrieve", "GET", f"{path}/{{id}}", look, "task", model="empty", paid=False),
    )


DETAILS["kling"] = kling_task
ROUTES = (*_routes("text2video"), *_routes("image2video"))
