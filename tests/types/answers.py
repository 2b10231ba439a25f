"""Answers about video tasks, made here or read from optional data, and the states they tell."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tikhub_async._wire import codec
from tikhub_async.providers import kling, seedance, sora, veo
from tikhub_async.types._base import ResponseMeta
from tikhub_async.types.kling import KlingTaskDetailResponse, KlingTaskResponse
from tikhub_async.types.seedance import SeedanceTaskCreateResponse, SeedanceTaskResponse
from tikhub_async.types.sora import VideoResponse
from tikhub_async.types.task import TaskAnswer, TaskState
from tikhub_async.types.veo import VeoFetchOperationResponse, VeoOperationResponse

TASK_ID = "task_n1GONEtW9YSqLFWmSFHtbUb7VAGZhXx8"
VIDEO = "https://media.example/video.mp4"
CONTENT = f"https://gateway.example/v1/videos/{TASK_ID}/content"


class Provider(NamedTuple):
    """What the four modules have in common."""

    retrieved: type[TaskAnswer]
    state_of: Callable[[Any], TaskState]
    accepted: type[TaskAnswer]
    created: Callable[[Any], TaskState]
    task_id_of: Callable[[Any], str]


PROVIDERS = {
    "seedance": Provider(
        SeedanceTaskResponse, seedance.state_of, SeedanceTaskCreateResponse, seedance.created, seedance.task_id_of
    ),
    "kling": Provider(KlingTaskDetailResponse, kling.state_of, KlingTaskResponse, kling.created, kling.task_id_of),
    "sora": Provider(VideoResponse, sora.state_of, VideoResponse, sora.created, sora.task_id_of),
    "veo": Provider(VeoFetchOperationResponse, veo.state_of, VeoOperationResponse, veo.created, veo.task_id_of),
}


def state(provider: str, answer: dict[str, Any] | str | bytes) -> TaskState:
    """The state that an answer to a retrieval tells, decoded and attached as the session does it."""
    body = json.dumps(answer).encode() if isinstance(answer, dict) else answer
    body = body.encode() if isinstance(body, str) else body
    response = codec.decode(body, PROVIDERS[provider].retrieved)
    response.attach(ResponseMeta(body=body))
    return PROVIDERS[provider].state_of(response)


def created(provider: str, answer: dict[str, Any] | str) -> TaskState:
    """The state that an answer to a creation tells."""
    body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    response = codec.decode(body, PROVIDERS[provider].accepted)
    response.attach(ResponseMeta(body=body))
    told = PROVIDERS[provider].created(response)
    assert told.id == PROVIDERS[provider].task_id_of(response)
    return told


def envelope(status: str | None, inner: Any = None, **members: Any) -> dict[str, Any]:
    """The gateway's record around a provider's body."""
    record = {
        "id": 7,
        "task_id": TASK_ID,
        "platform": "54",
        "quota": 100000,
        "action": "generate",
        "status": status,
        "fail_reason": "",
        "submit_time": 1780000000,
        "start_time": 1780000010,
        "finish_time": 0,
        "progress": "30%",
        "properties": {"input": ""},
        "data": inner,
    }
    return {"code": "success", "message": "", "data": {**record, **members}}


def short(status: str, url: str = "", error: Any = None) -> dict[str, Any]:
    """The short envelope of Google's channels."""
    record = {"error": error, "format": "mp4", "metadata": None, "status": status, "task_id": TASK_ID, "url": url}
    return {"code": "success", "message": "", "data": record}


def video_object(status: str | None, **members: Any) -> dict[str, Any]:
    """The OpenAI video object, as the gateway builds it."""
    return {"id": TASK_ID, "object": "video", "status": status, "progress": 0, "created_at": 1780000000, **members}


def shared(*path: str) -> Path:
    """A file or folder of optional data; the test says that it skipped where there is none."""
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    return Path(root).joinpath(*path)


def request_bodies(provider: str) -> dict[str, dict[str, Any]]:
    """The sample request bodies of a provider, by name."""
    samples = msgspec.json.decode(shared("fixtures", "requests.json").read_bytes())
    return {sample["name"]: sample["body"] for sample in samples if sample["provider"] == provider}
