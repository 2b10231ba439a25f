"""Veo: `POST /v1beta/models/{model}:predictLongRunning` and `:fetchPredictOperation`, in the style of Vertex AI.

TikHub documents two POST calls; their paths and bodies are not readable, so these are the best guess. The software takes
both for `generateContent` and asks for `contents`.
"""

from base64 import b64encode
from typing import Any

import msgspec

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Refused, Route, sample_answer
from tikhub_async.testing._json import as_object, objects
from tikhub_async.testing._samples import OMIT, sample
from tikhub_async.testing._tasks import VideoTask
from tikhub_async.testing.routes.media import result_video
from tikhub_async.testing.routes.video import create_task, need_prompt, now

TYPES = {"instances": "[]interface {}"}
FILTER_REASON = "The generated video was filtered out because it might violate the usage guidelines."
GRPC_CODES = {"fail": 3, "cancelled": 1, "expired": 4, "lost": 14, "timeout": 4}
"""Outcome → gRPC status number of the operation's error."""


def check(exchange: Exchange) -> None:
    """A Veo model and an instance with a prompt are required."""
    if exchange.family != "veo":
        refuse(exchange, f"model {exchange.model} does not support predictLongRunning", status=400, code="400")
    instances = objects(exchange.body.get("instances"))
    if not instances:
        refuse(exchange, "instances is required")
    need_prompt(exchange, str(instances[0].get("prompt") or ""))


def generate(exchange: Exchange) -> Answer:
    """Accept a task."""
    task = create_task(exchange, objects(exchange.body["instances"])[0]["prompt"])
    answer = sample_answer("veo/operation", {"name": task.id})
    answer.task = task
    return answer


def check_fetch(exchange: Exchange) -> None:
    """The operation's name is required."""
    if not exchange.body.get("operationName"):
        refuse(exchange, "operationName is required")


def fetch(exchange: Exchange) -> Answer:
    """The operation; `done` is absent while it runs."""
    name = str(exchange.body["operationName"])
    task = exchange.world.tasks.find(name, user=exchange.identity.user)
    if task is None:
        answer = refusals.by_shape("gemini", 404, 404, f"Operation {name} not found.", "upstream_error", "")
        raise Refused(answer)
    values: dict[str, Any] = {"name": name, "done": OMIT, "error": OMIT, "response": OMIT}
    if task.ended(now(exchange)):
        values["done"] = True
        if task.outcome in GRPC_CODES:
            text = task.reason if task.outcome == "fail" else f"The operation was {task.outcome}."
            values["error"] = {"code": GRPC_CODES[task.outcome], "message": text}
        else:
            values["response"] = _result(task)
    return sample_answer("veo/fetched", values)


def _result(task: VideoTask) -> Any:
    settings = as_object(task.body.get("parameters"))
    count = int(settings.get("sampleCount") or 1)
    filtered = count if task.outcome == "filtered" else 0
    bucket = settings.get("storageUri")
    videos = [
        {
            "uri": f"{str(bucket).rstrip('/')}/{task.provider_id}/sample_{index}.mp4" if bucket else OMIT,
            "data": OMIT if bucket else b64encode(result_video()).decode(),
        }
        for index in range(count - filtered)
    ]
    reasons = [FILTER_REASON] if filtered else OMIT
    return msgspec.Raw(sample("veo/result").body({"filtered": filtered, "reasons": reasons, "videos": videos}))


PATH = "/v1beta/models/{model}"
ROUTES = (
    Route(
        "veo.generate",
        "POST",
        f"{PATH}:predictLongRunning",
        generate,
        "gemini",
        check,
        TYPES,
        model="path",
        needs="veo_routes",
    ),
    Route(
        "veo.fetch",
        "POST",
        f"{PATH}:fetchPredictOperation",
        fetch,
        "gemini",
        check_fetch,
        model="path",
        paid=False,
        needs="veo_routes",
    ),
)
