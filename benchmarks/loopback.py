"""A gateway on loopback that costs next to nothing, in a process of its own: `with serve(latency=0.05) as server:`.

It answers every POST with one chat completion and every GET of /stats with what it has counted. Requests are counted
here, never by the client that is measured. `limit` refuses with 429 what comes while so many are in flight.
"""

import asyncio
import json
import multiprocessing
import os
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_800_000_000,
        "model": "gpt-5-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "A sentence of an answer, and another one. " * 12},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 130, "total_tokens": 250},
    }
).encode()
REFUSAL = b'{"error":{"message":"too many requests in flight","type":"rate_limit_error","code":"rate_limited"}}'


def _reply(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s" % (
        status, len(body), more, body,
    )  # fmt: skip


GOOD = _reply(b"200 OK", ANSWER, b"X-Oneapi-Request-Id: 20260101000000abcdef\r\n")
TOO_MANY = _reply(b"429 Too Many Requests", REFUSAL)


@dataclass
class Counts:
    """What has come in."""

    requests: int = 0
    refused: int = 0
    in_flight: int = 0
    peak: int = 0

    def note(self) -> None:
        """A request came and was taken in."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)


class Gateway(asyncio.Protocol):
    """One connection."""

    def __init__(self, counts: Counts, latency: float, limit: int | None) -> None:
        self._counts = counts
        self._latency = latency
        self._limit = limit
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        counts = self._counts
        if head.startswith(b"get "):
            self._write(_reply(b"200 OK", json.dumps(counts.__dict__).encode()))
            return
        counts.requests += 1
        if self._limit is not None and counts.in_flight >= self._limit:
            counts.refused += 1
            self._write(TOO_MANY)
            return
        counts.note()
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._finish)
        else:
            self._finish()

    def _finish(self) -> None:
        self._counts.in_flight -= 1
        self._write(GOOD)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


async def _serve(ready: Connection, latency: float, limit: int | None) -> None:
    counts = Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Gateway(counts, latency, limit), "127.0.0.1", 0, backlog=4096)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _process(ready: Connection, latency: float, limit: int | None) -> None:
    asyncio.run(_serve(ready, latency, limit))


@dataclass(frozen=True)
class Server:
    """A gateway that listens."""

    url: str

    def counts(self) -> dict[str, Any]:
        """What it has counted so far."""
        with urllib.request.urlopen(f"{self.url}/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def serve(*, latency: float = 0.0, limit: int | None = None) -> Generator[Server]:
    """A gateway while the block runs.

    Args:
        latency: Seconds until an answer.
        limit: Requests in flight beyond which it refuses.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_process, args=(theirs, latency, limit), daemon=True)
    process.start()
    try:
        yield Server(f"http://127.0.0.1:{ours.recv()}")
    finally:
        process.terminate()
        process.join()


def resident_mebibytes() -> float:
    """Memory of this process that is in RAM."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
