"""A loopback gateway that only knows running tasks and counts looks: `python -m benchmarks.task_server`.

A process of its own, so that its time and memory are not the client's. `GET /stats` tells what it saw and begins anew.
Prints its port and serves until its input ends.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import urlopen

from benchmarks.offline import envelope


class Record:
    """What was seen since the last time somebody asked."""

    def __init__(self, most_open: int = 0) -> None:
        self.started = time.monotonic()
        self.looks = 0
        self.most_open = most_open
        self.most_in_flight = 0
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.longest_gap: dict[str, float] = {}

    def look(self, task_id: str) -> None:
        """Count a look at a task."""
        now = time.monotonic()
        self.looks += 1
        before = self.last.get(task_id)
        if before is None:
            self.first[task_id] = now
            self.longest_gap[task_id] = 0.0
        else:
            self.longest_gap[task_id] = max(self.longest_gap[task_id], now - before)
        self.last[task_id] = now

    def told(self) -> dict[str, Any]:
        """As JSON."""
        now = time.monotonic()
        # A task that was not looked at again yet has waited since.
        gaps = [max(gap, now - self.last[name]) for name, gap in self.longest_gap.items()]
        return {
            "seconds": now - self.started,
            "looks": self.looks,
            "tasks": len(self.first),
            "most_open": self.most_open,
            "most_in_flight": self.most_in_flight,
            "longest_first": max((at - self.started for at in self.first.values()), default=0.0),
            "longest_gap": max(gaps, default=0.0),
        }


class State:
    """What all connections share."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.open = 0
        self.in_flight = 0
        self.record = Record()


class Connection(asyncio.Protocol):
    """Enough HTTP for a client that keeps connections alive and does not pipeline."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._state.open += 1
        self._state.record.most_open = max(self._state.record.most_open, self._state.open)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it off."""
        self._state.open -= 1
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer when the head is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            path = self._buffer.split(b" ", 2)[1].decode()
            self._buffer = self._buffer[end + 4 :]
            self._request(path)

    def _request(self, path: str) -> None:
        state = self._state
        if path == "/stats":
            self._answer(json.dumps(state.record.told()).encode())
            state.record = Record(state.open)
            return
        task_id = path.rpartition("/")[2]
        state.record.look(task_id)
        state.in_flight += 1
        state.record.most_in_flight = max(state.record.most_in_flight, state.in_flight)
        asyncio.get_running_loop().call_later(state.delay, self._look, task_id)

    def _look(self, task_id: str) -> None:
        self._state.in_flight -= 1
        self._answer(envelope(task_id))

    def _answer(self, body: bytes) -> None:
        if self._transport is not None:
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                "X-Oneapi-Request-Id: 20260302000000000000000abcdefgh\r\nX-New-Api-Version: v0.11.0\r\n"
                "Date: Mon, 02 Mar 2026 00:00:00 GMT\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
            )
            self._transport.write(head.encode() + body)


async def serve(delay: float) -> None:
    """Until the standard input ends."""
    loop = asyncio.get_running_loop()
    state = State(delay)
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def server(delay: float) -> Iterator[str]:
    """A server in another process; its base URL.

    Args:
        delay: Seconds until a look is answered.
    """
    with Popen(
        [sys.executable, "-m", "benchmarks.task_server", str(delay)], stdin=PIPE, stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


def stats(base_url: str) -> dict[str, Any]:
    """What the server saw since the last time this was asked. Blocks for a moment."""
    with urlopen(f"{base_url}/stats") as answer:
        told: dict[str, Any] = json.load(answer)
        return told


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
