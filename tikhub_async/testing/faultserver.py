"""`FaultServer`: a raw HTTP server on loopback that sends exactly the bytes it is told to, and breaks them as told.

    async with FaultServer() as server:
        server.serve("/v1/models", whole(b'{"object": "list", "data": []}'))
        server.script("/v1/models", Drop(), Truncate(after_bytes=9))     # one request each, then `serve` again
        server.script("/a.mp4", [head(200, length=10), b"hello", RST], whole(b"helloworld"))
        ...
        assert server.count == 2              # requests that arrived whole
        assert server.seen[0].headers["range"] == "bytes=5-"

It knows nothing of any gateway; for answers that a gateway would give there is the `Emulator`, which takes the same
faults. Here a *reply* is

- a list of steps (`faults.Step`): bytes as they are, `FIN`, `RST`, `HALF`, `STALL`, `Pause`, an event to wait for;
- a function of the request that returns such a list: `ranged(data)` is one;
- a fault of `tikhub_async.testing`, done to the answer that `serve` gave for the path.

Each path has a queue of replies. Without `serve` its last one answers all further requests; a path that has neither is
answered with 404. Nothing is derived from steps: a wrong length, a broken chunk or two heads in a row go out as written.

Oracles: `count`, `posts`, `connections`, `open_connections`, `seen`, `stalled`.
"""

import asyncio
import re
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tikhub_async.testing._broken import broken
from tikhub_async.testing.faults import FIN, HALF, RST, STALL, Drop, Fault, Pause, Step

__all__ = [
    "FIN", "HALF", "RST", "STALL", "FaultServer", "Pause", "Reply", "Seen", "Step", "Steps",
    "chunk", "head", "ranged", "redirect", "streamed", "whole",
]  # fmt: skip

Steps = Sequence[Step]
"""An answer, whole or broken."""

MAX_HEAD = 2**18
"""Bytes of a request head that are read."""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    connection: int
    """Number of the connection, from 1."""
    raw: bytes = field(repr=False, default=b"")
    """The head as sent."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


Reply = Steps | Callable[[Seen], Iterable[Step]] | Fault
"""What answers one request."""


def head(status: int = 200, *, length: int | None = None, chunked: bool = False, **headers: str) -> bytes:
    """A response head; `content_type="video/mp4"` becomes `Content-Type: video/mp4`. Nothing is added unasked."""
    if length is not None:
        headers["content_length"] = str(length)
    if chunked:
        headers["transfer_encoding"] = "chunked"
    return _head(status, headers)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body; of `b""` the end."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(body: bytes, status: int = 200, **headers: str) -> Steps:
    """A correct answer."""
    return [_head(status, {"content_length": str(len(body)), **headers}), body]


def streamed(events: Iterable[bytes], status: int = 200, **headers: str) -> Steps:
    """A correct chunked answer, one chunk for each event; an event stream unless `content_type` says otherwise."""
    said = {"content_type": "text/event-stream", "transfer_encoding": "chunked", **headers}
    return [_head(status, said), *map(chunk, events), chunk(b"")]


def redirect(location: str, status: int = 302) -> Steps:
    """An answer that points elsewhere."""
    return [head(status, length=0, location=location)]


def ranged(data: bytes, etag: str = '"v1"', **headers: str) -> Callable[[Seen], Steps]:
    """A file server that honours `Range` and `If-Range` as RFC 9110 has them."""
    common = {"etag": etag, **headers}

    def reply(seen: Seen) -> Steps:
        match = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("range", ""))
        if match is None or seen.headers.get("if-range", etag) != etag:
            return [_head(200, {"content_length": str(len(data)), **common}), data]
        start = int(match[1])
        if start >= len(data):
            return whole(b"", 416, content_range=f"bytes */{len(data)}")
        told = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return [_head(206, {"content_length": str(len(data) - start), "content_range": told, **common}), data[start:]]

    return reply


class FaultServer:
    """See the module's text. Use it as an async context manager.

    Attributes:
        seen: Every request that arrived whole, in order.
        connections: Connections accepted so far.
    """

    def __init__(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        """Nothing listens before `start`.

        Args:
            host: Address to bind.
            tls: Makes it an https server.
        """
        self.seen: list[Seen] = []
        self.connections = 0
        self._host = host
        self._tls = tls
        self._scripts: dict[str, deque[Reply]] = {}
        self._served: dict[str, Steps | Callable[[Seen], Iterable[Step]]] = {}
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._silent = asyncio.Semaphore(0)

    def serve(self, path: str, answer: Steps | Callable[[Seen], Iterable[Step]]) -> str:
        """Set the normal answer of a path (of any path for `"*"`); its URL."""
        self._served[path] = answer
        return self.url(path)

    def script(self, path: str, *replies: Reply) -> str:
        """Queue replies for a path (any path for `"*"`); its URL."""
        self._scripts.setdefault(path, deque()).extend(replies)
        return self.url(path)

    def clear(self) -> None:
        """Forget what was scripted and seen; what is served stays."""
        self._scripts.clear()
        self.seen.clear()

    def url(self, path: str) -> str:
        """The address of a path on this server."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}{path}"

    @property
    def port(self) -> int:
        """TCP port it listens on."""
        assert self._server is not None, "this server does not listen yet"
        port = self._server.sockets[0].getsockname()[1]
        assert isinstance(port, int)
        return port

    @property
    def origin(self) -> str:
        """As a base URL."""
        return self.url("")

    @property
    def count(self) -> int:
        """Requests that arrived whole."""
        return len(self.seen)

    @property
    def posts(self) -> int:
        """POST requests among them: what may have been paid for."""
        return sum(seen.method == "POST" for seen in self.seen)

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._handlers)

    async def stalled(self) -> None:
        """Until a reply has reached a `STALL` that nobody has waited for yet."""
        await self._silent.acquire()

    async def start(self, port: int = 0) -> Self:
        """Listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._accept, self._host, port, ssl=self._tls, limit=MAX_HEAD)
        return self

    async def aclose(self) -> None:
        """Stop listening and drop what is open."""
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        if self._handlers:
            await asyncio.wait(self._handlers)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        # Drained means handed to the kernel: what a step sent is out before the next step begins.
        writer.transport.set_write_buffer_limits(0 if self._tls is None else 1)  # asyncio's TLS never drains to 0
        try:
            await self._serve(reader, writer, self.connections)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self._handlers.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while True:
            try:
                seen = await _read_head(reader, number)
                reply = self._next_reply(seen.path)
                if reply == Drop(when="before_request"):
                    return
                seen = await _read_body(reader, seen)
            except (ValueError, asyncio.LimitOverrunError):
                return  # no HTTP; a request that was damaged on its way
            self.seen.append(seen)
            for step in self._steps(seen, reply):
                if not await self._do(step, reader, writer):
                    return

    async def _do(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Do one step; False when it was the connection's last."""
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif step in {STALL, HALF}:
            if step is HALF and writer.can_write_eof():
                writer.write_eof()
            self._silent.release()
            await reader.read()
            return False
        else:
            await _leave(writer, reset=step is RST)
            return False
        return True

    def _next_reply(self, path: str) -> Reply | None:
        for name in (path, "*"):
            queue = self._scripts.get(name)
            if queue:
                last = len(queue) == 1 and not self._normal(path)
                return queue[0] if last else queue.popleft()
        return self._normal(path)

    def _normal(self, path: str) -> Steps | Callable[[Seen], Iterable[Step]] | None:
        return self._served.get(path) or self._served.get("*")

    def _steps(self, seen: Seen, reply: Reply | None) -> Iterable[Step]:
        if reply is None:
            return whole(b"no script for this path", 404)
        if not isinstance(reply, Fault):
            return reply(seen) if callable(reply) else reply
        normal = self._normal(seen.path)
        answer = normal(seen) if callable(normal) else normal or whole(b"")
        return broken(list(answer), reply, seen.path)


async def _read_head(reader: asyncio.StreamReader, number: int) -> Seen:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Seen(method, target, headers, b"", number, raw)


async def _read_body(reader: asyncio.StreamReader, seen: Seen) -> Seen:
    body = b""
    if seen.headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif length := int(seen.headers.get("content-length", "0")):
        body = await reader.readexactly(length)
    return Seen(seen.method, seen.target, seen.headers, body, seen.connection, seen.raw)


async def _leave(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        # Linger zero: the kernel answers with RST instead of a proper end.
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    writer.close()
    await writer.wait_closed()
