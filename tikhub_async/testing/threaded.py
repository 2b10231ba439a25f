"""An emulator on a loop of its own, in a thread: for synchronous tests, for any async test plugin, for benchmarks."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager

from tikhub_async.testing.emulator import Emulator

LIMIT_SECONDS = 10.0
"""Longer than this a loopback server never takes to start or to stop."""


@contextmanager
def serve_in_thread(emulator: Emulator, *, port: int = 0, host: str = "127.0.0.1") -> Generator[Emulator]:
    """Serve `emulator` from a background thread while the block runs.

    Reading its records, `script` and `assert_no_leaks` are fine from the calling thread.

    Args:
        emulator: One that does not listen yet.
        port: TCP port; 0 takes a free one.
        host: Address to bind.

    Yields:
        The emulator, listening.

    Raises:
        OSError: The port is taken.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    work = _serve(emulator, port, host, started)
    thread = threading.Thread(target=lambda: asyncio.run(work), name="tikhub-emulator", daemon=True)
    thread.start()
    loop, stop = started.result(LIMIT_SECONDS)
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(LIMIT_SECONDS)


async def _serve(
    emulator: Emulator, port: int, host: str, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    stop = asyncio.Event()
    try:
        await emulator.start(port, host)
    except Exception as problem:
        started.set_exception(problem)
        return
    started.set_result((asyncio.get_running_loop(), stop))
    try:
        await stop.wait()
    finally:
        await emulator.aclose()
