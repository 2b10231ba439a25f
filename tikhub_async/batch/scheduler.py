"""The core: jobs from a source, through a gate, as many tasks as there are places. Knows no request and no file.

One pump asks for the next job, has it admitted and waits for its place, so that rates and limits are looked at by one
task only. A job that must go again comes back to the pump and goes before new ones. Memory holds the jobs in flight,
those that come back, and two chunks of the source.

A task that has done its job takes the next one itself where nothing has to be waited for. With a task per job, dozens
end in one turn of the loop and dozens begin in the next; the garbage collector, which counts what is new, would then
look through all that is in flight every ten jobs or so (measured: 12 % of a chat line's whole CPU).
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
AHEAD = 64
"""Jobs left in a chunk when the next one is asked for: enough for the time that a file's next block takes. A source
that gives fewer at once is not asked ahead."""


class Scheduler(Generic[J]):
    """Runs jobs until the source is empty, or until it is stopped."""

    def __init__(
        self,
        clock: Clock,
        gate: Gate,
        *,
        fetch: Callable[[], Awaitable[Sequence[J]]],
        admit: Callable[[J], Awaitable[bool]],
        admit_at_once: Callable[[J], bool] = lambda _: False,
        work: Callable[[J, Ticket], Coroutine[Any, Any, None]],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Make one; `run` starts it.

        Args:
            clock: Where time comes from.
            gate: Places for jobs in flight.
            fetch: The next jobs; none means that there are no more.
            admit: Waits until a job may leave; False ends the run, and the job was not begun.
            admit_at_once: The same where there is nothing to wait for; False leaves the job to `admit`.
            work: Does a job, and gives its ticket back; a ticket that it leaves held says that the job was served.
            ended: Called after a job has ended.
        """
        self._clock = clock
        self._gate = gate
        self._fetch = fetch
        self._admit = admit
        self._admit_at_once = admit_at_once
        self._work = work
        self._on_end = ended
        self._chunk: deque[J] = deque()
        self._empty = False
        self._again: list[tuple[float, int, J]] = []
        self._order = count()
        self._offered: J | None = None
        """Admitted, and waiting for the first place that is free: a new one, or that of a job that ends."""
        self._admitting = False
        """A job is being admitted: no other may overtake it."""
        self._queueing = False
        """The pump waits for a place."""
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

    # ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while (job := await self._next()) is not None:
            self._admitting = True
            if not await self._admit(job):
                self._stopped = True
                return
            self._admitting = False
            self._offered = job
            self._queueing = True
            ticket = await self._gate.enter()
            self._queueing = False
            if self._offered is None:  # a task that was done has taken it
                self._gate.leave(ticket, refused=None)
                continue
            self._offered = None
            self._begin(job, ticket)

    def _begin(self, job: J, ticket: Ticket) -> None:
        task = asyncio.get_running_loop().create_task(self._one_after_the_other(job, ticket))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _one_after_the_other(self, job: J, ticket: Ticket) -> None:
        following: J | None = job
        while following is not None:
            await self._work(following, ticket)
            self._on_end()
            following = self._following(ticket)

    def _following(self, ticket: Ticket) -> J | None:
        """The next job for a place; None when the place was given back."""
        if not ticket.held:
            return None
        if self._stopped or self._admitting:
            self._gate.leave(ticket)
            return None
        if not self._gate.keep(ticket, waiting=self._queueing):
            return None
        job = self._at_hand()
        if job is None:
            self._gate.leave(ticket, refused=None)
        return job

    def _at_hand(self) -> J | None:
        """A job that may leave now."""
        job, self._offered = self._offered, None
        if job is not None:
            return job
        job = self._ready()
        if job is not None and not self._admit_at_once(job):
            self._chunk.appendleft(job)
            return None
        return job

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self.failure is None:
            self.failure = error
            self.stop()
        self._wake()
        self._on_end()

    # ── where they come from ────────────────────────────────────────────────────────────────────────────────────

    async def _next(self) -> J | None:
        while (job := self._ready()) is None:
            if self._empty and not self._again and not self._tasks:
                return None
            await self._wait_for_change()
        return job

    def _ready(self) -> J | None:
        """The next job, None when none is there yet."""
        if self._again and self._again[0][0] <= self._clock.now():
            return heapq.heappop(self._again)[2]
        if not self._chunk:
            return None
        if len(self._chunk) == AHEAD:
            self._ask()
        return self._chunk.popleft()

    async def _wait_for_change(self) -> None:
        """Until the source has given more, a job ends or comes back, or one that came back is due."""
        loop = asyncio.get_running_loop()
        self._changed = loop.create_future()
        waits: set[asyncio.Future[Any]] = {self._changed}
        self._ask()
        fetching = self._fetching
        if fetching is not None:
            waits.add(fetching)
        sleeper: asyncio.Task[None] | None = None
        if self._again:
            sleeper = loop.create_task(self._clock.sleep(max(self._again[0][0] - self._clock.now(), 0.0)))
            waits.add(sleeper)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if sleeper is not None:
                sleeper.cancel()
        if fetching is not None and fetching.done():
            fetching.result()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _ask(self) -> None:
        """Ask the source for more, unless it has been asked, or has no more."""
        if self._fetching is None and not self._empty:
            self._fetching = asyncio.get_running_loop().create_task(self._take())

    async def _take(self) -> None:
        # In a task of its own: jobs that come back must not wait for a slow source. One that breaks stays where it is,
        # done, until the pump has nothing else to do and comes upon its error.
        taken = await self._fetch()
        self._chunk.extend(taken)
        self._empty = not taken
        self._fetching = None

    # ── from outside ────────────────────────────────────────────────────────────────────────────────────────────

    def again(self, job: J, seconds: float) -> None:
        """Let a job come back after some seconds; called by its work before it ends."""
        heapq.heappush(self._again, (self._clock.now() + seconds, next(self._order), job))
        self._wake()

    def left(self) -> list[J]:
        """Jobs that were waiting to begin, or to come back, and now will not."""
        offered = [] if self._offered is None else [self._offered]
        return [*offered, *self._chunk, *(job for _, _, job in self._again)]

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
