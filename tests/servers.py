"""A scripted HTTP server over real loopback sockets: it sends exactly the bytes that a test tells it to.

    async with ScriptedServer() as server:
        server.script("/a.mp4", [head(200, length=10), b"hello", RST], whole(b"helloworld"))
        ...                                   # the first request for /a.mp4 gets five bytes and a reset
        assert server.count == 2              # requests that arrived whole
        assert server.seen[0].headers["range"] == "bytes=5-"

A *reply* is a list of steps. A step is `bytes` (sent as they are, and handed to the kernel before the next step),
`FIN` (close the connection properly), `RST` (reset it), `STALL` (silence until the client leaves) or an
`asyncio.Event` (wait for it, to hold the answer back). After the last step the connection is read for the next request.
A reply may also be a function of the request that returns such a list: `ranged(data)` is one.

Each path has a queue of replies; the last one answers all further requests. A path without a script is answered with
404. Nothing is derived from the script: a wrong length, a broken chunk or two heads in a row go out as written. Bodies
before an `RST` must be small (some 100 KiB), since the kernel throws away what the client's window could not take.

Oracles: `count`, `connections`, `seen` (every request with its head and body), `stalled` (wait until a reply is silent).
"""

import asyncio
import re
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType


class Act(Enum):
    """A step that sends nothing."""

    FIN = "fin"
    RST = "rst"
    STALL = "stall"


FIN, RST, STALL = Act.FIN, Act.RST, Act.STALL

Step = bytes | Act | asyncio.Event
Steps = Sequence[Step]


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
        return self.target.partition("?")[0]


Reply = Steps | Callable[[Seen], Steps]


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


class ScriptedServer:
    """See the module's text. Use it as an async context manager."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.seen: list[Seen] = []
        """Every request that arrived whole, in order."""
        self.connections = 0
        """Connections accepted so far."""
        self._host = host
        self._scripts: dict[str, deque[Reply]] = {}
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._silent = asyncio.Semaphore(0)

    def script(self, path: str, *replies: Reply) -> str:
        """Queue replies for a path (any path for `"*"`); its URL. The last reply answers all further requests."""
        self._scripts.setdefault(path, deque()).extend(replies)
        return self.url(path)

    def url(self, path: str) -> str:
        """The address of a path on this server."""
        return f"http://{self._host}:{self.port}{path}"

    @property
    def port(self) -> int:
        assert self._server is not None
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

    async def stalled(self) -> None:
        """Until a reply has reached a `STALL` that nobody has waited for yet."""
        await self._silent.acquire()

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        if self._handlers:
            await asyncio.wait(self._handlers)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        # Drained means handed to the kernel: what a step sent is out before the next step begins.
        writer.transport.set_write_buffer_limits(0)
        try:
            await self._serve(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self._handlers.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while True:
            seen = await _read_request(reader, number)
            self.seen.append(seen)
            for step in self._reply(seen):
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif isinstance(step, asyncio.Event):
                    await step.wait()
                elif step is STALL:
                    self._silent.release()
                    await reader.read()
                    return
                else:
                    await _leave(writer, reset=step is RST)
                    return

    def _reply(self, seen: Seen) -> Steps:
        queue = self._scripts.get(seen.path) or self._scripts.get("*")
        if not queue:
            return whole(b"no script for this path", 404)
        reply = queue.popleft() if len(queue) > 1 else queue[0]
        return reply(seen) if callable(reply) else reply


async def _read_request(reader: asyncio.StreamReader, number: int) -> Seen:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif length := int(headers.get("content-length", "0")):
        body = await reader.readexactly(length)
    return Seen(method, target, headers, body, number, raw)


async def _leave(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        # Linger zero: the kernel answers with RST instead of a proper end.
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return
    writer.close()
    await writer.wait_closed()
