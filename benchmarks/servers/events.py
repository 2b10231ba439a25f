"""`events.c` in asyncio, for machines without a compiler: `python -m benchmarks.servers.events PORT FILE INTERVAL_US`."""

import asyncio
import sys
import time
from pathlib import Path

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"X-Oneapi-Request-Id: 20261124000000000000000abc\r\nTransfer-Encoding: chunked\r\n\r\n"
)
STAMP = b"STAMPSTAMPSTAMPS"


class Stream(asyncio.Protocol):
    """One connection."""

    def __init__(self, chunks: list[bytes], interval: float) -> None:
        self._chunks = chunks
        self._interval = interval
        self._request = b""
        self._next = 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._request += data
        head, mark, body = self._request.partition(b"\r\n\r\n")
        if not mark:
            return
        _, _, length = head.lower().partition(b"content-length:")
        if len(body) < int(length.split(b"\r\n")[0] or 0):
            return
        self._request = b""
        self._next = 0
        self._due = asyncio.get_running_loop().time()
        if self._interval:
            self._transport.write(HEAD)
            self._push()
        else:
            self._transport.write(HEAD + b"".join(self._chunks))

    def _push(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(self._chunks[self._next].replace(STAMP, b"%016d" % time.monotonic_ns()))
        self._next += 1
        self._due += self._interval
        if self._next < len(self._chunks):
            asyncio.get_running_loop().call_at(self._due, self._push)


async def main(port: str, file: str, interval: str) -> None:
    """Serve until killed."""
    blocks = [block + b"\n\n" for block in Path(file).read_bytes().split(b"\n\n")[:-1]]
    chunks = [b"%x\r\n%s\r\n" % (len(block), block) for block in blocks]
    chunks[-1] += b"0\r\n\r\n"
    server = await asyncio.get_running_loop().create_server(
        lambda: Stream(chunks, int(interval) / 1e6), "127.0.0.1", int(port), backlog=4096
    )
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
