"""The only source of time: every wait, deadline and timestamp of the package goes through a `Clock`.

`tikhub_async.testing.FakeClock` replaces it so that a ten-minute poll tests in milliseconds.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
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
        return asyncio.timeout(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `seconds` on the running loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)
