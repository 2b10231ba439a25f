"""A clock that jumps to the next wake-up, so that waiting costs a test nothing."""

import asyncio
import heapq
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from types import TracebackType
from typing import Any

from tikhub_async._clock import Clock, Timer

SETTLE_TICKS = 5
"""Loop iterations without a new waiter before the clock jumps: lets ready callbacks run first."""


class FakeClock(Clock):
    """Virtual time for tests.

    Sleepers wake in order, at once: when somebody sleeps and no I/O is in flight (no `timeout` scope is open), the
    clock jumps to the earliest wake-up. Limits of I/O in flight never run out by themselves: `advance` makes them.
    """

    def __init__(self, *, start: float = 1_000.0, epoch: float = 1_800_000_000.0, auto: bool = True) -> None:
        """Start the clock.

        Args:
            start: First value of `now()`, seconds.
            epoch: Unix time at that moment.
            auto: Jump by itself; False leaves every move to `advance`.
        """
        self._now = start
        self._offset = epoch - start
        self._auto = auto
        self._order = count()
        self._waiting: list[tuple[float, int, _VirtualTimer]] = []
        self._sleepers = 0
        self._scopes: set[_VirtualTimeout] = set()
        self._jumper: asyncio.Task[None] | None = None
        self.slept: list[float] = []
        """Every `sleep` asked for, in order, seconds."""

    def now(self) -> float:
        """Virtual monotonic seconds."""
        return self._now

    def time(self) -> float:
        """Virtual Unix seconds."""
        return self._now + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self._schedule(max(seconds, 0.0), wake)
        self._sleepers += 1
        self._start_jumper()
        try:
            await woken
        finally:
            self._sleepers -= 1
            timer.cancel()

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[Any]:
        """A limit that runs out in virtual time only."""
        return _VirtualTimeout(self, seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` when virtual time has moved by `seconds`."""
        return self._schedule(seconds, callback)

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` at that moment of virtual time, which jumps there as it does for a sleeper."""
        self._sleepers += 1
        self._start_jumper()
        return _VirtualAlarm(self, self._schedule(max(seconds, 0.0), callback), callback)

    async def advance(self, seconds: float) -> None:
        """Move virtual time and run what falls due, letting the loop settle in between."""
        target = self._now + seconds
        await self._settle()
        while self._waiting and self._waiting[0][0] <= target:
            self._run_next()
            await self._settle()
        self._now = target
        await self._settle()

    def _schedule(self, seconds: float, callback: Callable[[], None]) -> "_VirtualTimer":
        timer = _VirtualTimer(callback)
        heapq.heappush(self._waiting, (self._now + seconds, next(self._order), timer))
        return timer

    def _run_next(self) -> None:
        when, _, callback = heapq.heappop(self._waiting)
        self._now = max(self._now, when)
        callback()

    def _start_jumper(self) -> None:
        if self._auto and (self._jumper is None or self._jumper.done()):
            self._jumper = asyncio.get_running_loop().create_task(self._jump())

    async def _jump(self) -> None:
        while self._sleepers:
            await self._settle()
            if self._scopes:
                # I/O is in flight: give the sockets a real moment instead of spinning.
                await asyncio.sleep(0.001)
            elif self._waiting:
                self._run_next()

    async def _settle(self) -> None:
        for _ in range(SETTLE_TICKS):
            await asyncio.sleep(0)


class _VirtualTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def __call__(self) -> None:
        if self._callback is not None:
            self._callback()


class _VirtualAlarm:
    """A timer that keeps the clock going until it rings or is cancelled."""

    def __init__(self, clock: FakeClock, timer: _VirtualTimer, callback: Callable[[], None]) -> None:
        self._clock: FakeClock | None = clock
        self._timer = timer
        self._callback = callback
        timer._callback = self._ring

    def _ring(self) -> None:
        self._end()
        self._callback()

    def cancel(self) -> None:
        self._end()
        self._timer.cancel()

    def _end(self) -> None:
        if self._clock is not None:
            self._clock._sleepers -= 1
            self._clock = None


class _VirtualTimeout:
    """An `asyncio.timeout` that the clock ends, so cancellation keeps the standard library's semantics."""

    def __init__(self, clock: FakeClock, seconds: float | None) -> None:
        self._inner = asyncio.timeout(None)
        self._clock = clock
        self._seconds = seconds
        self._timer: _VirtualTimer | None = None

    async def __aenter__(self) -> "_VirtualTimeout":
        await self._inner.__aenter__()
        self._clock._scopes.add(self)
        if self._seconds is not None:
            self._timer = self._clock._schedule(self._seconds, self._expire)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock._scopes.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        await self._inner.__aexit__(kind, error, trace)

    def _expire(self) -> None:
        self._inner.reschedule(asyncio.get_running_loop().time())
