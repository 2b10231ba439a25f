"""`/v1/videos`: create, retrieve, remix, list, delete and `/content`; the software serves every video family there."""

from typing import Any

import msgspec

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Refused, Route, http_date, json_answer, sample_answer
from tikhub_async.testing._samples import OMIT, sample
from tikhub_async.testing._tasks import LOST_ERROR, VideoTask
from tikhub_async.testing.routes.media import ETAG, LAST_MODIFIED, result_video
from tikhub_async.testing.routes.video import (
    DETAILS,
    GENERIC_TYPES,
    create_task,
    find_task,
    need_prompt,
    now,
    poll_object,
    prompt_of,
    ratios,
    video_object,
)

SIZES = {
    "sora-2": ("720x1280", "1280x720"),
    "sora-2-pro": ("720x1280", "1280x720", "1024x1792", "1792x1024"),
}
EXPIRES_AFTER = 3600
"""Seconds that OpenAI keeps a finished video."""
PAGE = 20


def check(exchange: Exchange) -> None:
    """A prompt is required, and of Sora a size that the model has."""
    need_prompt(exchange, prompt_of(exchange))
    size = exchange.body.get("size")
    if exchange.family == "sora" and size and size not in SIZES.get(exchange.model, (size,)):
        refuse(exchange, f"{exchange.model} size is invalid", code="invalid_size")


def create(exchange: Exchange) -> Answer:
    """Accept a video of any family."""
    task = create_task(exchange, prompt_of(exchange))
    return _created(task) if exchange.family == "sora" else video_object(exchange, task)


def _created(task: VideoTask) -> Answer:
    values = {
        "id": task.id,
        "model": task.model,
        "created": int(task.created),
        "seconds": task.body.get("seconds") or "4",
        "size": task.body.get("size") or "720x1280",
        "remixed_from": task.remixed_from or OMIT,
    }
    answer = sample_answer("sora/create", values, headers={"X-New-Api-Other-Ratios": ratios(task)})
    answer.task = task
    return answer


def video_body(exchange: Exchange, task: VideoTask, public_id: str) -> bytes:
    """OpenAI's video object of a Sora task."""
    moment = now(exchange)
    if task.lost(moment):
        named = {"id": task.id} if public_id == task.id else {}
        return msgspec.json.encode({**LOST_ERROR, **named})
    word = task.word(moment)
    created = int(task.created)
    done = word == "completed"
    values = {
        "id": public_id,
        "created": created,
        "status": word,
        "completed": created + int(task.seconds) if done else None,
        "error": {"code": task.code, "message": task.reason} if word == "failed" else None,
        "expires": created + int(task.seconds) + EXPIRES_AFTER if done else None,
        "model": task.model,
        "progress": 100 if done else 40 if word == "in_progress" else 0,
        "prompt": task.prompt,
        "remixed_from": task.remixed_from,
        "seconds": task.body.get("seconds") or "4",
        "size": task.body.get("size") or "720x1280",
    }
    return sample("sora/video").body(values)


def retrieve(exchange: Exchange) -> Answer:
    """The video object."""
    task = find_task(exchange)
    if task.family == "sora":
        return Answer(200, video_body(exchange, task, task.id), dict(sample("sora/video").headers))
    return poll_object(exchange, task)


def content(exchange: Exchange) -> Answer:
    """The finished file through the gateway: always whole, no ranges, the query is dropped. Any valid key may read it."""
    task = exchange.world.tasks.find(exchange.path_params["id"])
    if task is None:
        raise Refused(refusals.by_shape("content", 404, None, "Task not found", "invalid_request_error", ""))
    status = task.state(now(exchange))
    if status != "SUCCESS":
        text = f"Task is not completed yet, current status: {status}"
        raise Refused(refusals.by_shape("content", 400, None, text, "invalid_request_error", ""))
    if task.outcome == "filtered":
        text = "Failed to resolve Gemini video URL"
        raise Refused(refusals.by_shape("content", 502, None, text, "server_error", ""))
    headers = {
        "Content-Type": "video/mp4",
        "Cache-Control": "public, max-age=86400",
        # Copied from the provider although ranges are ignored here.
        "Accept-Ranges": "bytes",
        "ETag": ETAG,
        "Last-Modified": http_date(LAST_MODIFIED),
    }
    return Answer(200, result_video(), headers)


def check_remix(exchange: Exchange) -> None:
    """The original must exist; model and family come from it."""
    original = exchange.world.tasks.find(exchange.path_params["id"], user=exchange.identity.user)
    if original is None:
        refuse(exchange, "task_origin_not_exist", code="task_not_exist")
    exchange.model, exchange.family = original.model, original.family
    need_prompt(exchange, prompt_of(exchange))


def remix(exchange: Exchange) -> Answer:
    """A new video from a finished one."""
    if not exchange.world.behaviour.remix:
        text = "Panic detected, error: runtime error: invalid memory address or nil pointer dereference."
        return json_answer({"error": {"message": text, "type": "new_api_panic"}}, status=500)
    original = find_task(exchange)
    task = create_task(exchange, prompt_of(exchange))
    task.remixed_from = original.id
    task.body = {**original.body, **task.body}
    return _created(task)


def list_videos(exchange: Exchange) -> Answer:
    """The account's Sora videos, newest first."""
    query = exchange.record.query
    tasks = [task for task in exchange.world.tasks if task.family == "sora" and task.user == exchange.identity.user]
    if query.get("order", "desc") == "desc":
        tasks.reverse()
    ids = [task.id for task in tasks]
    if query.get("after") in ids:
        tasks = tasks[ids.index(query["after"]) + 1 :]
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else PAGE
    page = tasks[:limit]
    values: dict[str, Any] = {
        "videos": [msgspec.Raw(video_body(exchange, task, task.id)) for task in page],
        "first": page[0].id if page else None,
        "last": page[-1].id if page else None,
        "more": len(tasks) > len(page),
    }
    return sample_answer("sora/list", values)


def delete(exchange: Exchange) -> Answer:
    """Forget a video."""
    task = find_task(exchange)
    task.deleted = True
    return sample_answer("sora/deleted", {"id": task.id})


def _detail(exchange: Exchange, task: VideoTask) -> Any:
    return msgspec.Raw(video_body(exchange, task, f"video_{task.provider_id}"))


DETAILS["sora"] = _detail
PATH = "/v1/videos"
ROUTES = (
    Route("sora.create", "POST", PATH, create, "task", check, GENERIC_TYPES),
    Route("sora.retrieve", "GET", f"{PATH}/{{id}}", retrieve, "task", model="empty", paid=False),
    Route("content", "GET", f"{PATH}/{{id}}/content", content, "content", model="none", paid=False),
    Route("sora.remix", "POST", f"{PATH}/{{id}}/remix", remix, "task", check_remix, GENERIC_TYPES, model="empty"),
    Route("sora.list", "GET", PATH, list_videos, "task", model="empty", paid=False, needs="video_lists"),
    Route("sora.delete", "DELETE", f"{PATH}/{{id}}", delete, "task", model="empty", paid=False, needs="video_lists"),
)
