"""What the tests of downloads share: a session, a task, a folder, and answers that break."""

import asyncio
import os
import pickle
import random
import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Reply, ScriptedServer, Steps, head, whole
from tikhub_async._config import make_config
from tikhub_async._session.body import StreamBody
from tikhub_async._session.session import Session
from tikhub_async._session.transport import Transport, TransportOptions
from tikhub_async._tasks import TaskKind, Video, VideoTask
from tikhub_async._tasks.partfile import NOTE, PART
from tikhub_async._wire.request import Endpoint, Kind, Request, build
from tikhub_async.errors import DownloadError
from tikhub_async.testing import TEST_KEY, FakeClock
from tikhub_async.types._base import Response
from tikhub_async.types.task import TaskState

FILM = random.Random(7).randbytes(20_000)
"""Bytes that never repeat: a splice at the wrong place shows."""
ETAG = '"v1"'
TASK = "task_" + "a" * 32
CONTENT = Endpoint(name="sora.content", method="GET", path="/v1/videos/{id}/content", kind=Kind.READ)
KEYS = ("authorization", "x-api-key", "x-goog-api-key", "cookie")


def _look(session: Session, task_id: str) -> Request:
    raise AssertionError("a download never looks at its task")


def _content(session: Session, task_id: str) -> Request:
    return build(CONTENT, session.config, {}, path={"id": task_id})


def _state(answer: Response) -> TaskState:
    raise AssertionError("a download never looks at its task")


PLAIN = TaskKind("seedance", _look, Response, _state)
WITH_CONTENT = TaskKind("sora", _look, Response, _state, _content)


class Bench:
    """A session, a task, a folder."""

    def __init__(self, server: ScriptedServer, clock: FakeClock, folder: Path) -> None:
        self.server = server
        self.clock = clock
        self.folder = folder
        self.path = folder / "film.mp4"
        self.part = Path(f"{self.path}{PART}")
        self.note = Path(f"{self.path}{NOTE}")
        self._sessions: list[Session] = []
        self._bodies: list[StreamBody] = []

    def session(self, **options: Any) -> Session:
        config = make_config(
            api_key=TEST_KEY,
            base_url=options.pop("base_url", self.server.origin),
            default_headers={"X-Tenant": "own"},
            timeout=options.pop("timeouts", None),
            max_retries=options.pop("max_retries", None),
        )
        options.setdefault("allow_private_media", True)
        session = Session(config, Transport(TransportOptions(**options), self.clock))
        self._sessions.append(session)
        open_url = session.open_url

        async def noted(*arguments: Any, **options: Any) -> StreamBody:
            self._bodies.append(await open_url(*arguments, **options))
            return self._bodies[-1]

        session.open_url = noted  # type: ignore[method-assign]
        return session

    async def silence(self, received: int) -> None:
        """Until the download has read that many bytes of its first answer and waits for more."""
        while (
            not self._bodies or (content := self._bodies[0]._content._stream).total_bytes < received or content._buffer
        ):
            await asyncio.sleep(0)
        while self._bodies[0]._guard.waiting_since is None:
            await asyncio.sleep(0)

    def video(
        self, *urls: str, kind: TaskKind[Response] = PLAIN, session: Session | None = None, **state: Any
    ) -> Video:
        task_id = state.pop("id", TASK)
        made = TaskState(id=task_id, status="succeeded", url=urls[0] if urls else None, urls=urls, **state)
        return Video(VideoTask(kind, task_id, session or self.session(), None, state=made))

    async def fails(self, video: Video, **options: Any) -> DownloadError:
        """The error of a download that leaves nothing under the final name."""
        with pytest.raises(DownloadError) as caught:
            await video.download(self.path, **options)
        assert not self.path.exists()
        assert caught.value.path == str(self.path)
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert TEST_KEY not in "".join(shown.format())
        assert TEST_KEY not in repr(vars(caught.value))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
        return caught.value

    def assert_whole(self, data: bytes = FILM) -> None:
        assert self.path.read_bytes() == data
        assert sorted(os.listdir(self.folder)) == [self.path.name]

    def assert_nothing_left(self) -> None:
        assert os.listdir(self.folder) == []

    async def aclose(self) -> None:
        for session in self._sessions:
            await session.aclose()


NEWER = random.Random(8).randbytes(21_000)


def rest_of(data: bytes, told: str, etag: str = ETAG) -> Steps:
    return whole(data, 206, content_range=told, etag=etag)


def cut_then(rest: Reply, *ending: Any, etag: bool = True, at: int = 5000) -> list[Reply]:
    """First answer broken off, then `rest`."""
    first = head(200, length=len(FILM), etag=ETAG) if etag else head(200, length=len(FILM))
    return [[first, FILM[:at], *ending], rest]
