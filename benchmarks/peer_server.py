"""The emulator's tasks, told in the words of other services too: `python -m benchmarks.peer_server`.

    /v1/videos/{id}                       the emulator itself: ours, and openai's client
    /runway/v1/tasks/{id}                 as Runway's API answers
    /fal/{id}/status, /fal/{id}           as fal's queue answers
    /replicate/predictions/{id}           as Replicate's API answers

`POST /control/make` makes tasks, `GET /control/report` tells how often each one was asked for. Prints its port and serves
until its input ends.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import Request, urlopen

from aiohttp import web

from tikhub_async.testing import TEST_KEY, Emulator
from tikhub_async.testing._tasks import VideoTask

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

URL = "https://media.example/a.mp4"
MODEL = "sora-2"


class Front:
    """Stands before the emulator: other dialects, outages, counts."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._outages: dict[str, tuple[float, float]] = {}
        self._looks: Counter[str] = Counter()
        self._dialects = {"runway": _runway, "fal": _fal, "replicate": _replicate}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, or let the emulator answer."""
        parts = request.path.strip("/").split("/")
        if parts[0] == "control":
            return await self._control(request, parts[1])
        task_id = next((part for part in parts if part.startswith("task_")), "")
        self._looks[task_id] += 1
        since, until = self._outages.get(task_id, (0.0, 0.0))
        if since <= time.monotonic() < until:
            return web.json_response({"error": {"message": "upstream is down", "type": "x"}}, status=503)
        dialect = self._dialects.get(parts[0])
        if dialect is None:
            return await handler(request)
        task = self._emulator.tasks.find(task_id)
        assert task is not None
        return dialect(request, task, task.state(self._emulator.now()))

    async def _control(self, request: web.Request, what: str) -> web.Response:
        if what == "report":
            return web.json_response(self._looks)
        wish = await request.json()
        made = [self._make(wish) for _ in range(wish["count"])]
        return web.json_response([task.id for task in made])

    def _make(self, wish: dict[str, Any]) -> VideoTask:
        task = self._emulator.tasks.create("sora", MODEL, "sora.create", 1, {}, wish["prompt"])
        task.seconds = wish["seconds"]
        if "outage" in wish:
            now = time.monotonic()
            self._outages[task.id] = (now + wish["outage"][0], now + wish["outage"][1])
        return task


def _runway(_request: web.Request, task: VideoTask, state: str) -> web.Response:
    body: dict[str, Any] = {"id": task.id, "createdAt": "2026-03-02T00:00:00Z", "estimatedCost": {"credits": 1}}
    if state == "SUCCESS":
        body |= {"status": "SUCCEEDED", "output": [URL], "cost": {"credits": 1}}
    elif state == "FAILURE":
        body |= {"status": "FAILED", "failure": task.reason, "failureCode": "SAFETY", "cost": {"credits": 0}}
    else:
        body |= {"status": "RUNNING", "progress": 0.5}
    return web.json_response(body)


def _fal(request: web.Request, task: VideoTask, state: str) -> web.Response:
    ended = state in {"SUCCESS", "FAILURE"}
    if request.path.endswith("/status"):
        word = {"status": "COMPLETED", "metrics": {}} if ended else {"status": "IN_PROGRESS"}
        return web.json_response({**word, "request_id": task.id, "logs": None})
    if state == "FAILURE":
        return web.json_response({"detail": task.reason}, status=422)
    return web.json_response({"video": {"url": URL}})


def _replicate(_request: web.Request, task: VideoTask, state: str) -> web.Response:
    word = {"SUCCESS": "succeeded", "FAILURE": "failed"}.get(state, "processing")
    return web.json_response(
        {
            "id": task.id,
            "model": "maker/model",
            "version": "hidden",
            "status": word,
            "input": {},
            "output": [URL] if state == "SUCCESS" else None,
            "error": task.reason if state == "FAILURE" else None,
            "logs": "",
            "urls": {"get": str(_request.url), "cancel": f"{_request.url}/cancel"},
            "created_at": "2026-03-02T00:00:00Z",
        }
    )


async def serve() -> None:
    """Until the standard input ends."""
    emulator = Emulator(pace=0, keys=(TEST_KEY,))
    emulator.app.middlewares.append(Front(emulator).middleware)
    async with emulator:
        print(emulator.port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def server() -> Iterator[str]:
    """A server in another process; its base URL."""
    with Popen([sys.executable, "-m", "benchmarks.peer_server"], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def make(base_url: str, count: int, seconds: float, prompt: str = "A cat", **more: Any) -> list[str]:
    """Ids of new tasks that end after so many seconds. Blocks for a moment."""
    wish = json.dumps({"count": count, "seconds": seconds, "prompt": prompt, **more}).encode()
    with urlopen(Request(f"{base_url}/control/make", wish, {"Content-Type": "application/json"})) as answer:
        ids: list[str] = json.load(answer)
        return ids


def report(base_url: str) -> dict[str, int]:
    """How often each task was asked for. Blocks for a moment."""
    with urlopen(f"{base_url}/control/report") as answer:
        told: dict[str, int] = json.load(answer)
        return told


if __name__ == "__main__":
    asyncio.run(serve())
