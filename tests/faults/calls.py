"""One call of every kind, with an answer that is good for it: the columns of the fault matrix.

C  paid creation         N  generation in one piece    S  stream
P  poll or list          D  download                   X  deletion
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.streams import DIALECTS, MESSAGES, Reading, word
from tikhub_async import TikHubAI
from tikhub_async._tasks import Video, VideoTask
from tikhub_async.testing.faultserver import FaultServer, Seen, Steps, ranged, streamed, whole
from tikhub_async.types.task import TaskState

TASK = "task_" + "a" * 32
WORDS = [word(number) for number in range(12)]
FILM = Random(7).randbytes(20_000)
"""Bytes that never repeat: a splice at the wrong place shows."""
FILM_PATH = "/film.mp4"
PATHS = {
    "seedance": "/seedance/v3/contents/generations/tasks",
    "text2video": "/kling/v1/videos/text2video",
    "image2video": "/kling/v1/videos/image2video",
    "veo": "/v1beta/models/veo-3.0-generate-001:predictLongRunning",
}
VIDEO: Any = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "A cat"}]}


def answer(value: Any, **headers: str) -> Steps:
    """JSON as the gateway sends it."""
    return whole(json.dumps(value).encode(), 200, content_type="application/json; charset=utf-8", **headers)


@dataclass(frozen=True)
class Call:
    """One call, and the answer it wants."""

    kind: str
    name: str
    path: str
    good: Steps | Callable[[Seen], Steps]
    run: Callable[["Caller"], Awaitable[Any]]
    is_right: Callable[[Any], bool] = lambda result: True
    """Whether a result is the good answer's."""

    @property
    def body(self) -> bytes:
        """The body of the good answer."""
        steps = self.good if not callable(self.good) else self.good(Seen("GET", self.path, {}, b"", 1))
        return b"".join(step for step in steps[1:] if isinstance(step, bytes))


class Caller:
    """Who makes a call: a client, a folder, and where results lie."""

    def __init__(self, client: TikHubAI, server: FaultServer, folder: Path) -> None:
        self.client = client
        self.server = server
        self.folder = folder
        self.reading: Reading | None = None

    async def read(self, dialect: str) -> str:
        """A stream to its end."""
        self.reading = Reading(DIALECTS[dialect].open(self.client))
        return await self.reading.to_the_end()

    def video(self, url: str) -> Video:
        """A finished video that lies at `url`."""
        tasks = self.client.tasks
        state = TaskState(id=TASK, status="succeeded", url=url, urls=(url,))
        return Video(VideoTask(tasks._kinds["seedance"], TASK, tasks._session, tasks._poller, state=state))

    async def download(self) -> bytes:
        """The film, by way of a file."""
        path = self.folder / "film.mp4"
        await self.video(self.server.url(FILM_PATH)).download(path, overwrite=True)
        return path.read_bytes()


CREATED = {"id": TASK, "task_id": TASK, "object": "video", "status": "queued"}
KLING = {"code": 0, "message": "SUCCEED", "request_id": "r", "data": {"task_id": TASK, "task_status": "submitted"}}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}

CREATIONS: list[Call] = [
    Call("C", "seedance", PATHS["seedance"], answer({"id": TASK}), lambda c: c.client.seedance.create(**VIDEO)),
    Call("C", "sora", "/v1/videos", answer(CREATED), lambda c: c.client.sora.create(model="sora-2", prompt="A cat")),
    Call(
        "C",
        "sora.remix",
        "/v1/videos/video_1/remix",
        answer(CREATED),
        lambda c: c.client.sora.remix("video_1", prompt="Rain"),
    ),
    Call(
        "C",
        "kling.text2video",
        PATHS["text2video"],
        answer(KLING),
        lambda c: c.client.kling.text2video.create(model_name="kling-v2-6", prompt="A cat"),
    ),
    Call(
        "C",
        "kling.image2video",
        PATHS["image2video"],
        answer(KLING),
        lambda c: c.client.kling.image2video.create(
            model_name="kling-v2-6", image="https://a.example/cat.png", prompt="A cat"
        ),
    ),
    Call(
        "C",
        "veo",
        PATHS["veo"],
        answer({"name": "models/veo-3.0-generate-001/operations/1"}),
        lambda c: c.client.veo.generate(model="veo-3.0-generate-001", instances=[{"prompt": "A cat"}]),
    ),
    Call(
        "C",
        "client.post",
        "/new/video",
        answer({"id": TASK}),
        lambda c: c.client.post("/new/video", body={"prompt": "A cat"}, paid_creation=True),
    ),
]

OTHERS: list[Call] = [
    Call(
        "N",
        "chat",
        DIALECTS["chat"].path,
        answer(CHAT),
        lambda c: c.client.openai.chat.completions.create(model="m", messages=MESSAGES),
    ),
    Call(
        "S",
        "chat.stream",
        DIALECTS["chat"].path,
        streamed(DIALECTS["chat"].events(WORDS)),
        lambda c: c.read("chat"),
        lambda text: bool(text == "".join(WORDS)),
    ),
    Call(
        "P",
        "models",
        "/v1/models",
        answer({"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}),
        lambda c: c.client.models.list(),
    ),
    Call(
        "D",
        "download",
        FILM_PATH,
        ranged(FILM, content_type="video/mp4"),
        lambda c: c.download(),
        lambda film: bool(film == FILM),
    ),
    Call(
        "X",
        "sora.delete",
        "/v1/videos/video_1",
        answer({"id": "video_1", "object": "video.deleted", "deleted": True}),
        lambda c: c.client.sora.delete("video_1"),
    ),
]

CALLS: dict[str, Call] = {call.kind: call for call in (CREATIONS[0], *OTHERS)}
"""One of each kind."""
