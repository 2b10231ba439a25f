"""Processes that run a batch and may be killed: imported once, then forked, so that a start costs 20 ms.

A server of its own (`python -m tests.batch.victim`), because only a process without threads forks safely. It reads a
line of JSON per start, and writes the process's id, and at its end how it ended.
"""

import asyncio
import json
import os
import selectors
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.cli.processes import ROOT, environment

CONCURRENCY = 8
OPEN_VIDEOS = 12


def run_batch(url: str, folder: str, write_after: bool) -> int:
    """A batch that begins or goes on; 0 when everything is done."""
    from tikhub_async import TikHubAI
    from tikhub_async.batch import drain_on_signals
    from tikhub_async.testing import TEST_KEY

    if write_after:
        _write_after()

    async def main() -> bool:
        async with TikHubAI(api_key=TEST_KEY, base_url=url, allow_private_media=True) as client:
            run = client.batch.run(
                f"{folder}/in.jsonl",
                f"{folder}/out.jsonl",
                resume=True,
                videos=f"{folder}/films",
                poll_interval=0.03,
                concurrency=CONCURRENCY,
                start_concurrency=CONCURRENCY,
                open_videos=OPEN_VIDEOS,
                downloads=4,
            )
            async with run:
                with drain_on_signals(run):
                    async for result in run:
                        assert result.ok, result
            return run.report.complete

    return 0 if asyncio.run(main()) else 1


def _write_after() -> None:
    """The control: nothing is written until the video is saved."""
    from tikhub_async.batch.store import Store

    intent, done = Store.intent, Store.done
    kept: dict[str, Any] = {}

    def later(self: Store, line: Any, *, paid: bool) -> None:
        kept[line.custom_id] = line
        self.ledger.open[line.custom_id] = line

    def both(self: Store, custom_id: str, *arguments: Any, **options: Any) -> None:
        intent(self, kept[custom_id], paid=True)
        done(self, custom_id, *arguments, **options)

    Store.intent = later  # type: ignore[method-assign]
    Store.accepted = lambda *_: None  # type: ignore[method-assign]
    Store.done = both  # type: ignore[method-assign]


class Victims:
    """Starts victims; use it as a context manager."""

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.batch.victim"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._selector = selectors.DefaultSelector()
        assert self._server.stdout is not None
        self._selector.register(self._server.stdout, selectors.EVENT_READ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def start(self, url: str, folder: Path, *, write_after: bool) -> None:
        """Start one."""
        assert self._server.stdin is not None
        command = {"url": url, "folder": str(folder), "write_after": write_after}
        self._server.stdin.write(json.dumps(command).encode() + b"\n")
        self._pid = int(self._read())

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended: then its id may belong to somebody else."""
        assert self._pid > 1
        if not self._selector.select(0):
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def ended(self, seconds: float) -> int | None:
        """How it ended, as `os.waitstatus_to_exitcode`; None when it did not within so many seconds."""
        return int(self._read()) if self._selector.select(seconds) else None

    def _read(self) -> bytes:
        assert self._server.stdout is not None
        return self._server.stdout.readline()


def serve() -> None:
    """Fork a victim per line of stdin."""
    import aiohttp  # noqa: F401 - loaded before the fork

    import tikhub_async._session.session
    import tikhub_async.batch  # noqa: F401

    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            code = 2
            try:
                code = run_batch(**json.loads(line))
            finally:
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
