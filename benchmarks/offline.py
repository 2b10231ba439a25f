"""A client's poller without sockets and without real time: for tests and for simulations of many tasks."""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from itertools import count

from tikhub_async._clock import Clock, Timer
from tikhub_async._config import make_config
from tikhub_async._session.exchange import Answer
from tikhub_async._session.session import Session
from tikhub_async._session.transport import Transport, TransportOptions
from tikhub_async._tasks import Poller, Tasks, VideoTask
from tikhub_async._wire.request import Request
from tikhub_async.providers import seedance
from tikhub_async.types._base import Headers, ResponseMeta
from tikhub_async.types.seedance import SeedanceTaskResponse

Reply = Callable[[str, float], bytes]
"""(Task id, virtual time) → the body of the answer to a look. May raise what a look raises."""

HEADERS = Headers.of({"content-type": "application/json", "x-oneapi-request-id": "2026030200000000000000000000abcd"})
TICKS = 4
"""Turns of the loop after which everything that was due has run."""


def envelope(task_id: str, status: str = "IN_PROGRESS", inner: str = "running", url: str = "") -> bytes:
    """A look's answer, in the gateway's words."""
    progress = "50%" if status == "IN_PROGRESS" else "100%"
    result = f'"result_url":"{url}",' if url else ""
    content = f'"content":{{"video_url":"{url}"}},' if url else ""
    return (
        '{"code":"success","message":"","data":{"id":88,"created_at":1772095377,"updated_at":1772095426,'
        f'"task_id":"{task_id}","platform":"54","user_id":1,"group":"default","channel_id":23,"quota":128905,'
        f'"action":"generate","status":"{status}","fail_reason":"",{result}"submit_time":1772095377,'
        f'"start_time":1772095393,"finish_time":0,"progress":"{progress}","properties":{{"input":"",'
        '"upstream_model_name":"doubao-seedance-1-5-pro-251215",'
        '"origin_model_name":"doubao-seedance-1-5-pro-251215"},'
        f'"data":{{{content}"created_at":1772095375,"id":"cgt-20260226164255-6gxf6",'
        '"model":"doubao-seedance-1-5-pro-251215","draft":false,"duration":5,"framespersecond":24,'
        '"generate_audio":true,"ratio":"16:9","resolution":"720p","seed":78219,"service_tier":"default",'
        f'"execution_expires_after":172800,"status":"{inner}","updated_at":1772095419}}}}}}'
    ).encode()


class SteppedClock(Clock):
    """Virtual time that moves only in `run`: by steps, each as far as somebody waits for, and at least `step`."""

    def __init__(self, step: float = 0.0) -> None:
        self.step = step
        self._now = 1_000.0
        self._order = count()
        self._timers: list[tuple[float, int, _Alarm]] = []

    def now(self) -> float:
        """Virtual monotonic seconds."""
        return self._now

    def time(self) -> float:
        """Virtual Unix seconds."""
        return 1_772_095_377.0 + self._now

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.alarm(seconds, lambda: None if woken.done() else woken.set_result(None))
        await woken

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` in virtual time."""
        return self.alarm(seconds, callback)

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` in virtual time."""
        timer = _Alarm(callback)
        heapq.heappush(self._timers, (self._now + seconds, next(self._order), timer))
        return timer

    async def run(self, until: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        await settle()
        while not until():
            while self._timers and self._timers[0][2].callback is None:
                heapq.heappop(self._timers)
            assert self._timers, "nobody waits for anything any more"
            self._now = max(self._timers[0][0], self._now + self.step)
            due: list[_Alarm] = []
            while self._timers and self._timers[0][0] <= self._now:
                due.append(heapq.heappop(self._timers)[2])
            for timer in due:  # what they set for now comes after others had their turn, as on a real loop
                if timer.callback is not None:
                    timer.callback()
            await settle()

    async def pass_by(self, seconds: float) -> None:
        """Let so many seconds pass."""
        end = self._now + seconds
        self.alarm(seconds, lambda: None)
        await self.run(lambda: self._now >= end)


class _Alarm:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


async def settle() -> None:
    """Let everything run that is ready."""
    for _ in range(TICKS):
        await asyncio.sleep(0)


class OfflineSession(Session):
    """Answers looks by a function, at once or after `latency` virtual seconds."""

    def __init__(self, clock: Clock, reply: Reply, *, api_key: str = "sk-offline", latency: float = 0.0) -> None:
        super().__init__(make_config(api_key=api_key), Transport(TransportOptions(), clock))
        self._reply = reply
        self._latency = latency
        self.in_flight = 0
        self.most_in_flight = 0
        self.sent: list[tuple[float, str]] = []
        """When, and for which task."""
        self.keep_record = True

    async def send(self, request: Request) -> Answer:
        """The answer to a look."""
        task_id = request.url.rpartition("/")[2]
        if self.keep_record:
            self.sent.append((self.clock.now(), task_id))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._latency:
                await self.clock.sleep(self._latency)
            body = self._reply(task_id, self.clock.now())
        finally:
            self.in_flight -= 1
        return Answer(ResponseMeta(headers=HEADERS, body=body), body)

    def other_key(self, api_key: str) -> "OfflineSession":
        """A copy with another key, as of another customer, that answers by the same function."""
        return OfflineSession(self.clock, self._reply, api_key=api_key, latency=self._latency)

    def handles(self, poller: Poller, ids: Iterable[str]) -> list[VideoTask[SeedanceTaskResponse]]:
        """Handles on tasks as `client.tasks.attach` makes them."""
        tasks = Tasks(self, poller, seedance.KINDS)
        return [tasks.attach(("seedance", task_id)) for task_id in ids]
