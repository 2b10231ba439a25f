"""A server that answers with recorded answers, byte for byte.

    async with ReplayServer(exchange) as server:
        ...                                   # a client of server.origin makes the exchange's request
        assert len(server.seen) == 1          # requests that arrived
        assert await server.is_quiet()        # no connection is open any more

Given several exchanges, requests are answered in their order, and all further ones like the last.

Status, headers and body go out as recorded, chunked where they were, an interim answer before them where there was one,
and the connection ends as it did: kept, closed, cut before the announced end, or reset. The pieces that a chunked body
came in were not recorded; here every event is one. One header may differ: addresses in recorded bodies were replaced,
so where the body is whole its `Content-Length` is the length of the bytes at hand.
"""

import asyncio
import re
import socket
import struct
from dataclasses import dataclass
from types import TracebackType

from tests.conformance.exchanges import Exchange

QUIET_SECONDS = 2.0
"""How long a connection may take to go away once its client has closed it."""


@dataclass(frozen=True)
class Arrived:
    """A request as it arrived."""

    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class ReplayServer:
    """See the module's text."""

    def __init__(self, *exchanges: Exchange) -> None:
        self._exchanges = exchanges
        self.seen: list[Arrived] = []
        """Every request, in order of arrival."""
        self.arrived = asyncio.Event()
        """Set once a request is there and the answer, as far as there is one, is out."""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        """As a base URL."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def is_quiet(self) -> bool:
        """Whether every connection has ended, which a leaked one would not."""
        if self._open:
            await asyncio.wait(self._open, timeout=QUIET_SECONDS)
        return not self._open

    async def __aenter__(self) -> "ReplayServer":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**22)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        exchange = self._exchanges[min(len(self.seen), len(self._exchanges) - 1)]
        await self._read(head, exchange, reader, writer)
        if exchange.status:
            for piece in pieces(exchange):
                writer.write(piece)
                await writer.drain()
        self.arrived.set()
        if exchange.end.startswith("client"):
            await reader.read()  # until the client leaves
            return False
        if exchange.end == "reset":
            peer = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if exchange.end == "cut" or exchange.closed:
            writer.close()
            await writer.wait_closed()
            return False
        return True

    async def _read(
        self, head: bytes, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "expect" in headers and exchange.interim:
            writer.write(exchange.interim)
        body = b""
        if "expect" not in headers or exchange.interim:  # who waits in vain for a 100 sends nothing before the answer
            if headers.get("transfer-encoding") == "chunked":
                while size := int(await reader.readline(), 16):
                    body += (await reader.readexactly(size + 2))[:-2]
                await reader.readline()
            elif length := int(headers.get("content-length", "0")):
                body = await reader.readexactly(length)
        self.seen.append(Arrived(method, path, headers, body))


def pieces(exchange: Exchange) -> list[bytes]:
    """The answer in the pieces that go out one by one: head, then the body or its chunks."""
    body = exchange.answer
    lines = [f"HTTP/1.1 {exchange.status} Recorded"]
    for name, value in exchange.answer_headers:
        whole = name.lower() == "content-length" and exchange.end == "complete"
        lines.append(f"{name}: {len(body) if whole else value}")
    head = "\r\n".join([*lines, "", ""]).encode()
    if not exchange.chunked:
        return [head, body] if body else [head]
    chunks = [b"%x\r\n%s\r\n" % (len(event), event) for event in re.split(rb"(?<=\n\n)", body) if event]
    end = [b"0\r\n\r\n"] if exchange.end == "complete" else []
    return [head, *chunks, *end]
