"""An event loop whose time jumps: hours of waiting in the CPU time of their callbacks."""

import asyncio
import selectors
from typing import Any

from tikhub_async._clock import Clock


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: time moves on by as much as would have been waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            # A turn of the loop takes time too: who waits for "a moment later" must not wait for ever.
            self.now += timeout or 1e-9
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Use it as `asyncio.Runner(loop_factory=VirtualLoop)`; real sockets and threads do not fit in."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now


class LoopClock(Clock):
    """The package's clock on the running loop's time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(main: Any) -> Any:
    """The outcome of a coroutine on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
