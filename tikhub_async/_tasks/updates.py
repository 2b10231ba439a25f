"""The changes of one task as an async iterator."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tikhub_async._clock import Clock
from tikhub_async._tasks.watch import Watch

if TYPE_CHECKING:
    from tikhub_async._tasks.schedule import Schedule
    from tikhub_async._tasks.task import VideoTask


class Watcher(Watch):
    """Somebody who wants to know of every change."""

    __slots__ = ("fresh", "stirred")

    def __init__(self, task: "VideoTask[Any]", **options: Any) -> None:
        super().__init__(task, **options)
        self.fresh = False
        """Something has changed since it was last handed out."""
        self.stirred = asyncio.Event()
        """Several may wait for it: each then looks for itself."""

    def changed(self) -> None:
        """Wake up."""
        self.fresh = True
        self.stirred.set()

    def ended(self) -> None:
        """Wake up."""
        self.stirred.set()

    async def news(self) -> bool:
        """Wait for a change; False when there will be none any more."""
        while not self.fresh and not self.over:
            self.stirred.clear()
            await self.stirred.wait()
        fresh, self.fresh = self.fresh, False
        return fresh


class Updates:
    """The changes of one task: an async iterator of its handle, which shows how things stand now.

    It looks from the first item on and ends with the task. Who comes late for an item sees the latest state, not each one
    between. `aclose()`, the end of `async with`, or dropping the iterator ends the looking early; the task goes on.
    """

    def __init__(
        self,
        schedule: "Callable[[], Schedule]",
        clock: Clock,
        task: "VideoTask[Any]",
        timeout: float | None,
        interval: float | None,
    ) -> None:
        self._find_schedule = schedule
        self._clock = clock
        self._task = task
        self._timeout = timeout
        self._interval = interval
        self._ended = False
        self._schedule: Schedule | None = None
        self._watch: Watcher | None = None

    def __aiter__(self) -> "Updates":
        return self

    async def __aenter__(self) -> "Updates":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def __anext__(self) -> "VideoTask[Any]":
        if self._ended:
            raise StopAsyncIteration
        if self._watch is None:
            if self._task.done:
                self._ended = True
                return self._task
            self._begin()
        watch = self._watch
        assert watch is not None
        if await watch.news():
            return self._task
        self._close()
        error, watch.error = watch.error, None
        if error is None or self._task.done:
            raise StopAsyncIteration
        try:
            raise error
        finally:
            del error

    def _begin(self) -> None:
        self._schedule = self._find_schedule()
        self._watch = Watcher(self._task, started=self._clock.now(), timeout=self._timeout, interval=self._interval)
        self._schedule.add(self._watch)

    async def aclose(self) -> None:
        """Stop watching; the task goes on."""
        self._close()

    def _close(self) -> None:
        self._ended = True
        if self._schedule is not None and self._watch is not None:
            self._schedule.leave((self._watch,))
            self._watch.finish(None)

    def __del__(self) -> None:
        # `break` in a loop over it drops it: nobody would ever stop the looking.
        if self._schedule is not None and self._watch is not None and self._watch.entry is not None:
            self._schedule.abandon((self._watch,))
