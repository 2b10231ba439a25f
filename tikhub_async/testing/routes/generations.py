"""`/v1/video/generations`: the software's own route for every video family. TikHub does not document it."""

import msgspec

from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer
from tikhub_async.testing.routes.kling import kling_task
from tikhub_async.testing.routes.seedance import ark_task
from tikhub_async.testing.routes.sora import check, create, video_body
from tikhub_async.testing.routes.video import FLAT_WORDS, GENERIC_TYPES, envelope, find_task, now, result_url


def retrieve(exchange: Exchange) -> Answer:
    """The task in the gateway's envelope; Google's channels have a short one."""
    task = find_task(exchange)
    content_url = f"{exchange.world.base_url}/v1/videos/{task.id}/content"
    if task.family == "veo":
        status = task.state(now(exchange))
        url = content_url if status == "SUCCESS" else ""
        return sample_answer("video/flat", {"status": FLAT_WORDS.get(status, "processing"), "id": task.id, "url": url})
    if task.family == "kling":
        action = "generate" if task.body.get("image") else "textGenerate"
        return envelope(exchange, task, kling_task(exchange, task), action=action, url=result_url(exchange, task))
    if task.family == "seedance":
        return envelope(exchange, task, ark_task(exchange, task), action="generate", url=result_url(exchange, task))
    data = msgspec.Raw(video_body(exchange, task, f"video_{task.provider_id}"))
    return envelope(exchange, task, data, action="textGenerate", url=content_url)


PATH = "/v1/video/generations"
ROUTES = (
    Route("generations.create", "POST", PATH, create, "task", check, GENERIC_TYPES),
    Route("generations.retrieve", "GET", f"{PATH}/{{id}}", retrieve, "task", model="empty", paid=False),
)
