"""The only source of time: every wait, deadline and timestamp of the package goes through a `Clock`.

`tikhub_async.testing.FakeClock` replaces it so that a ten-minute poll tests in milliseconds.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol


class Timer(Protocol):
    """A pending callback."""

    def cancel(self) -> None:
        """Forget the callback."""


class Clock:
    """Real time."""

    def now(self) -> float:
        """Monotonic seconds; only differences mean something."""
        return time.monotonic()

    def time(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait without holding anything: backoff, poll intervals."""
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[Any]:
        """A limit for I/O in flight, used as `async with`; None means no limit."""
        return asyncio.timeout(None) if seconds is None else _Patient(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` on the running loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """As `call_later`, for a time that somebody waits for: virtual time jumps to it, as to the end of a `sleep`."""
        return self.call_later(seconds, callback)


LATE = 0.1
"""A timer that runs so many seconds late tells that the loop was blocked."""
GRACE = 0.25
"""Seconds that I/O gets then: what has arrived meanwhile lies in the sockets, and is no timeout."""


class _Patient:
    """`asyncio.timeout` for a loop that may be blocked: after that its timers run before what has arrived is read."""

    __slots__ = ("_due", "_inner", "_timer")

    def __init__(self, seconds: float) -> None:
        self._inner = asyncio.timeout(None)
        self._due = seconds

    async def __aenter__(self) -> None:
        await self._inner.__aenter__()
        loop = asyncio.get_running_loop()
        self._due += loop.time()
        self._timer = loop.call_at(self._due, self._ring)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._inner.__aexit__(kind, error, trace)

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._due > LATE:
            self._timer = loop.call_later(GRACE, self._expire)
        else:
            self._expire()

    def _expire(self) -> None:
        self._inner.reschedule(asyncio.get_running_loop().time())
