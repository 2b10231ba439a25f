"""What the tests of the schedule share: a poller, its clock, handles, and answers to looks."""

import asyncio
import itertools
from typing import Any

from benchmarks.offline import OfflineSession, Reply, SteppedClock, envelope, settle
from tikhub_async._tasks import Poller, Video, VideoTask
from tikhub_async._tasks.tasks import Tasks
from tikhub_async.errors import NotFoundError, RateLimitError
from tikhub_async.providers import seedance

RUNNING = envelope("task_x")
DONE = envelope("task_x", "SUCCESS", "succeeded", "https://media.example/a.mp4")
MISSING = NotFoundError("400 task_not_exist", status_code=400, code="task_not_exist")


def always(answer: bytes | Exception) -> Reply:
    return answers(answer)


def answers(*given: bytes | Exception) -> Reply:
    """These, one after the other, and the last one for ever."""
    rest = list(given)

    def reply(_task_id: str, _now: float) -> bytes:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return reply


def limited(seconds: float | None = None) -> RateLimitError:
    return RateLimitError("429", status_code=429, retry_after=seconds)


class Desk:
    """A poller, its clock, and handles on tasks."""

    def __init__(
        self, reply: Reply, *, budget: float = 20.0, latency: float = 0.0, connections: int | None = None
    ) -> None:
        self.clock = SteppedClock()
        self.session = OfflineSession(self.clock, reply, latency=latency)
        self.poller = Poller(self.clock, budget=budget, connections=connections)
        self.tasks = Tasks(self.session, self.poller, seedance.KINDS)
        self.start = self.clock.now()

    def handles(self, count: int, session: OfflineSession | None = None) -> list[VideoTask[Any]]:
        return [*(session or self.session).handles(self.poller, (f"task_{number}" for number in range(count)))]

    def begin(self, *tasks: VideoTask[Any], **options: Any) -> "list[asyncio.Task[Video]]":
        return [asyncio.ensure_future(task.wait(**{"timeout": None, **options})) for task in tasks]

    async def until(self, *waits: "asyncio.Future[Any]") -> None:
        await self.clock.run(lambda: all(wait.done() for wait in waits))

    @property
    def times(self) -> list[float]:
        """Seconds after the start at which looks were sent."""
        return [at - self.start for at, _ in self.session.sent]

    async def leave(self, *waits: "asyncio.Task[Any]") -> None:
        for wait in waits:
            wait.cancel()
        if waits:
            await asyncio.wait(waits)
        await settle()
        assert self.poller.is_quiet


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]
