"""The core: jobs from a source, through a gate, a task each. Knows no request and no file.

One pump asks for the next job, has it admitted and waits for its place, so that rates and limits are looked at by one
task only. A job that must go again comes back to the pump and goes before new ones. Memory holds the jobs in flight,
those that come back, and one chunk of the source.
"""

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import count
from typing import Any, Generic, TypeVar

from tikhub_async._clock import Clock
from tikhub_async.batch.pacing import Gate, Ticket

J = TypeVar("J")


class Scheduler(Generic[J]):
    """Runs jobs until the source is empty, or until it is stopped."""

    def __init__(
        self,
        clock: Clock,
        gate: Gate,
        *,
        fetch: Callable[[], Awaitable[Sequence[J]]],
        admit: Callable[[J], Awaitable[bool]],
        work: Callable[[J, Ticket], Coroutine[Any, Any, None]],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Make one; `run` starts it.

        Args:
            clock: Where time comes from.
            gate: Places for jobs in flight.
            fetch: The next jobs; none means that there are no more.
            admit: Waits until a job may leave; False ends the run, and the job was not begun.
            work: Does a job, and gives its ticket back.
            ended: Called after a job has ended and is no longer in flight.
        """
        self._clock = clock
        self._gate = gate
        self._fetch = fetch
        self._admit = admit
        self._work = work
        self._on_end = ended
        self._chunk: deque[J] = deque()
        self._empty = False
        self._again: list[tuple[float, int, J]] = []
        self._order = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: asyncio.Future[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._stopped = False
        self.failure: BaseException | None = None
        """What ended the run although no job may: a bug, or a journal that cannot be written."""

    @property
    def in_flight(self) -> int:
        """Jobs begun and not done."""
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        """Jobs that come back later."""
        return len(self._again)

    async def run(self) -> None:
        """Until every job is done, or no more are begun because of `stop`; those in flight may go on."""
        loop = asyncio.get_running_loop()
        self._pump = loop.create_task(self._run())
        try:
            await asyncio.wait({self._pump})
        finally:
            await self._end()
        if not self._pump.cancelled():
            self._pump.result()

    async def _end(self) -> None:
        self.stop()
        left = [task for task in (self._pump, self._fetching) if task is not None]
        if self._fetching is not None:
            self._fetching.cancel()
        await asyncio.wait(left)
        if self._fetching is not None and not self._fetching.cancelled():
            self._fetching.exception()

    async def _run(self) -> None:
        while (job := await self._next()) is not None:
            if not await self._admit(job):
                return
            ticket = await self._gate.enter()
            self._begin(job, ticket)

    def _begin(self, job: J, ticket: Ticket) -> None:
        task = asyncio.get_running_loop().create_task(self._work(job, ticket))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self.failure is None:
            self.failure = error
            self.stop()
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._on_end()

    async def _next(self) -> J | None:
        while True:
            if self._again and self._again[0][0] <= self._clock.now():
                return heapq.heappop(self._again)[2]
            if self._chunk:
                return self._chunk.popleft()
            if self._empty and not self._again and not self._tasks:
                return None
            await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        """Until the source has given more, a job ends or comes back, or one that came back is due."""
        loop = asyncio.get_running_loop()
        self._changed = loop.create_future()
        waits: set[asyncio.Future[Any]] = {self._changed}
        if not self._empty:
            if self._fetching is None:
                self._fetching = loop.create_task(self._take())
            waits.add(self._fetching)
        sleeper: asyncio.Task[None] | None = None
        if self._again:
            sleeper = loop.create_task(self._clock.sleep(max(self._again[0][0] - self._clock.now(), 0.0)))
            waits.add(sleeper)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if sleeper is not None:
                sleeper.cancel()
        if self._fetching is not None and self._fetching.done():
            fetching, self._fetching = self._fetching, None
            fetching.result()

    async def _take(self) -> None:
        """Ask the source for more, in a task of its own: jobs that come back must not wait for a slow source."""
        taken = await self._fetch()
        self._chunk.extend(taken)
        self._empty = not taken

    def again(self, job: J, seconds: float) -> None:
        """Let a job come back after some seconds; called by its work before it ends."""
        heapq.heappush(self._again, (self._clock.now() + seconds, next(self._order), job))

    def left(self) -> list[J]:
        """Jobs that would come back, and now will not."""
        return [job for _, _, job in self._again]

    def stop(self) -> None:
        """Begin no more jobs; those in flight go on."""
        self._stopped = True
        if self._pump is not None:
            self._pump.cancel()

    async def settle(self, seconds: float | None) -> None:
        """Wait for the jobs in flight; those that take longer are cancelled."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        self.cancel()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def cancel(self, tasks: "set[asyncio.Task[None]] | None" = None) -> None:
        """Cancel jobs in flight, all or some."""
        for task in list(self._tasks if tasks is None else tasks & self._tasks):
            with contextlib.suppress(RuntimeError):  # its loop is closed
                task.cancel()
