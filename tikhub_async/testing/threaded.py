"""An emulator on a loop of its own, in a thread: for synchronous tests, for any async test plugin, for benchmarks."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tikhub_async.testing.emulator import Emulator

START_SECONDS = 10.0
"""Longer than this a loopback server never takes to start."""


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
    ready = threading.Event()
    failure: list[BaseException] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            await emulator.start(port, host)
        except BaseException as problem:
            failure.append(problem)
            return
        finally:
            ready.set()
        try:
            await stop.wait()
        finally:
            await emulator.aclose()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="tikhub-emulator", daemon=True)
    thread.start()
    ready.wait(START_SECONDS)
    if failure:
        thread.join()
        raise failure[0]
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(START_SECONDS)
