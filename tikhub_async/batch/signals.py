"""First signal: drain. Second signal: stop."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Drainable(Protocol):
    """A batch under way, as `BatchRun`."""

    def drain(self) -> None:
        """Begin nothing more."""

    def abort(self) -> None:
        """Stop at once."""


@contextmanager
def drain_on_signals(run: Drainable, on_signal: Callable[[int], None] | None = None) -> Generator[None]:
    """While the block runs, SIGINT and SIGTERM drain the batch, and a second one aborts it.

    Args:
        run: The batch.
        on_signal: Called with how many signals have come, before anything else happens.
    """
    loop = asyncio.get_running_loop()
    count = 0

    def caught() -> None:
        nonlocal count
        count += 1
        if on_signal is not None:
            on_signal(count)
        if count == 1:
            run.drain()
        else:
            run.abort()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        _handle(loop, number, caught)
    try:
        yield
    finally:
        for number, handler in before.items():
            _restore(loop, number, handler)


def _handle(loop: asyncio.AbstractEventLoop, number: signal.Signals, caught: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(number, caught)
    except NotImplementedError:  # Windows

        def handler(_number: int, _frame: object) -> None:
            loop.call_soon_threadsafe(caught)

        signal.signal(number, handler)


def _restore(loop: asyncio.AbstractEventLoop, number: signal.Signals, handler: object) -> None:
    with suppress(NotImplementedError):
        loop.remove_signal_handler(number)
    signal.signal(number, handler)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
