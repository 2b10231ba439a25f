"""Many waits at once, without a task of the loop's for each."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tikhub_async._clock import Clock
from tikhub_async._tasks.watch import OnUpdate, Watch

if TYPE_CHECKING:
    from tikhub_async._tasks.schedule import Schedule
    from tikhub_async._tasks.task import VideoTask

AT_ONCE = 256
"""Waits begun in one turn of the loop, so that nobody else is kept waiting."""


class Member(Watch):
    """One wait of a crowd."""

    __slots__ = ("ends", "place")

    def __init__(self, ends: "Ends", place: int, task: "VideoTask[Any]", **options: Any) -> None:
        super().__init__(task, **options)
        self.ends = ends
        self.place = place
        """Number of its task among those that were given."""

    def ended(self) -> None:
        """Line up for being handed out."""
        self.ends.put(self)


class Ends:
    """Waits that have ended and were not handed out yet. Apart from the crowd, so that a dropped crowd is noticed."""

    def __init__(self) -> None:
        self.ready: deque[Member] = deque()
        self._stirred = asyncio.Event()
        """Several may wait for it: each then looks for itself."""
        self._stopped = False

    def put(self, member: Member) -> None:
        """One more."""
        self.ready.append(member)
        self._stirred.set()

    async def get(self) -> Member | None:
        """The next one; None after `stop`."""
        while not self.ready:
            if self._stopped:
                return None
            self._stirred.clear()
            await self._stirred.wait()
        return self.ready.popleft()

    def stop(self) -> None:
        """There will be no more."""
        self._stopped = True
        self.ready.clear()
        self._stirred.set()


class Crowd:
    """Waits for many tasks; `next()` gives them as they end."""

    def __init__(
        self,
        schedule: "Callable[[], Schedule]",
        clock: Clock,
        tasks: "Sequence[VideoTask[Any]]",
        timeout: float | None,
        interval: float | None,
        on_update: OnUpdate | None,
    ) -> None:
        self._find_schedule = schedule
        self._clock = clock
        self._tasks = tasks
        self._options: dict[str, Any] = {"timeout": timeout, "interval": interval, "on_update": on_update}
        self._schedule: Schedule | None = None
        self._members: dict[int, Member] = {}
        """Those that were not handed out yet, by place."""
        self._ends = Ends()
        self._begun = 0
        self._started = 0.0
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    async def next(self) -> Member | None:
        """The next wait to end, its `error` None for a video; None when all were handed out."""
        if self._closed:
            return None
        if self._begun < len(self._tasks):
            await self._begin()
        if not self._members:
            return None
        member = await self._ends.get()
        if member is not None:
            del self._members[member.place]
            if not self._members:
                self._ends.stop()  # whoever else waits for one
        return member

    async def _begin(self) -> None:
        if self._schedule is None:
            self._schedule = self._find_schedule()
            self._started = self._clock.now()
        while self._begun < len(self._tasks):
            if self._begun and self._begun % AT_ONCE == 0:
                await asyncio.sleep(0)
                if self._closed:
                    return
            place, self._begun = self._begun, self._begun + 1
            task = self._tasks[place]
            member = self._members[place] = Member(self._ends, place, task, started=self._started, **self._options)
            if task.done:
                member.finish(None)
            else:
                self._schedule.add(member)

    def close(self) -> None:
        """Stop waiting; the tasks go on."""
        self._closed = True
        members, self._members = self._members, {}
        if self._schedule is not None:
            self._schedule.leave(members.values())
        self._ends.stop()

    def __del__(self) -> None:
        # `break` in a loop over it drops it: nobody would ever stop the looking.
        if self._schedule is not None and self._members:
            self._schedule.abandon(tuple(self._members.values()))
