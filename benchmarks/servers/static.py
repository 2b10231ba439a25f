"""The routes of the benchmarks in asyncio, for machines without nginx: `python -m benchmarks.servers.static FOLDER`."""

import asyncio
import re
import sys
from pathlib import Path

from benchmarks._servers import ROUTES

TYPES = {".json": "application/json", ".sse": "text/event-stream", ".mp4": "video/mp4"}


class Files(asyncio.Protocol):
    """One connection; a request is answered once its body is there."""

    def __init__(self, answers: list[tuple[re.Pattern[str], bytes]]) -> None:
        self._answers = answers
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._request += data
        head, mark, body = self._request.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length:")
        if not mark or len(body) < int(length.split(b"\r\n")[0] or 0):
            return
        self._request = b""
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        answer = next((whole for pattern, whole in self._answers if pattern.fullmatch(path)), b"")
        self._transport.write(answer or b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def _answer(file: Path) -> bytes:
    body = file.read_bytes()
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {TYPES[file.suffix]}\r\nContent-Length: {len(body)}\r\n"
        "X-Oneapi-Request-Id: 20261124000000000000000abc\r\n\r\n"
    ).encode() + body


async def main(folder: str) -> None:
    """Serve until killed."""
    answers = [
        (re.compile(route.removeprefix("~ ").strip("^$")), _answer(Path(folder) / name))
        for route, name in ROUTES.items()
    ]
    server = await asyncio.get_running_loop().create_server(lambda: Files(answers), "127.0.0.1", 0, backlog=4096)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
