"""The floor: an asyncio protocol that knows just enough HTTP to find the body, splits it and decodes it.

No TLS, pool limits, timeouts, retries, error answers, cancellation or comments in streams; an HTTP chunk's frame is
skipped, not checked. Nothing in Python that goes through asyncio's own transports can be cheaper.
"""

import asyncio
import binascii
import tempfile
from array import array
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL, TASK
from benchmarks.clients import _structs as structs


class Connection(asyncio.Protocol):
    """A connection that is used again and again."""

    def __init__(self) -> None:
        self.taker: Callable[[bytes], bool] = bytes.isascii
        """Gets the bytes of the answer, head included in the first ones; True ends it."""
        self.done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.taker(data) and self.done is not None:
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_exception(exc or ConnectionResetError())


class _Body:
    """A body of known length."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.left = -1

    def take(self, data: bytes) -> bool:
        if self.left < 0:
            head, _, data = data.partition(b"\r\n\r\n")
            place = head.index(b"Content-Length: ") + 16
            self.left = int(head[place : head.find(b"\r", place) if b"\r" in head[place:] else None])
        self.pieces.append(data)
        self.left -= len(data)
        return self.left == 0


class _File(_Body):
    """A body that goes to a file."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def take(self, data: bytes) -> bool:
        ended = super().take(data)
        self._file.write(self.pieces.pop())
        return ended


class _Events:
    """A stream of events, its last one known by its text."""

    def __init__(self, decode: Callable[[bytes], Any], last: bytes, is_text: Callable[[Any], Any]) -> None:
        self.count = 0
        self._decode = decode
        self._last = last
        self._is_text = is_text
        self._rest = b""
        self._seen = False

    def take(self, data: bytes) -> bool:
        blocks = (self._rest + data).split(b"\n\n")
        self._rest = blocks.pop()
        decode, is_text = self._decode, self._is_text
        for block in blocks:
            text = block[block.find(b"data: ") + 6 :]
            if text == b"[DONE]":
                continue
            event = decode(text)
            if is_text(event):
                self.count += 1
        if blocks and not self._seen:
            self._seen = self._last in blocks[-1]
        return self._seen and data.endswith((b"\n\n", b"0\r\n\r\n"))


def _chat_text(event: structs.Chunk) -> bool:
    return bool(event.choices and event.choices[0].delta.content)


def _responses_text(event: structs.ResponseEvent) -> bool:
    return event.type == "response.output_text.delta"


def _claude_text(event: structs.ClaudeEvent) -> bool:
    return event.type == "content_block_delta"


def _gemini_text(event: structs.GeminiChunk) -> bool:
    content = event.candidates[0].content
    return content is not None and bool(content.parts[0].text)


class Client:
    def __init__(self, base_url: str) -> None:
        host, _, rest = base_url.removeprefix("http://").partition(":")
        port, _, prefix = rest.partition("/")
        self._host, self._port, self._prefix = host, int(port), f"/{prefix}" if prefix else ""
        self._free: list[Connection] = []

    async def close(self) -> None:
        for connection in self._free:
            connection.transport.close()

    async def _exchange(self, path: str, body: Any, taker: Callable[[bytes], bool]) -> None:
        loop = asyncio.get_running_loop()
        if self._free:
            connection = self._free.pop()
        else:
            _, connection = await loop.create_connection(Connection, self._host, self._port)
        connection.taker = taker
        connection.done = loop.create_future()
        head = f"{'GET' if body is None else 'POST'} {self._prefix}{path} HTTP/1.1\r\nHost: {self._host}\r\n"
        payload = b"" if body is None else structs.encode(body)
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        connection.transport.write(f"{head}Authorization: Bearer sk-bench\r\n\r\n".encode() + payload)
        await connection.done
        self._free.append(connection)

    async def _whole(self, path: str, body: Any) -> bytes:
        answer = _Body()
        await self._exchange(path, body, answer.take)
        return answer.pieces[0] if len(answer.pieces) == 1 else b"".join(answer.pieces)

    async def chat(self) -> int:
        body = {"model": MODEL, "messages": structs.MESSAGES}
        return len(structs.completion(await self._whole("/v1/chat/completions", body)).choices)

    async def _stream(self, path: str, body: Any, events: _Events) -> int:
        await self._exchange(path, body, events.take)
        return events.count

    async def chat_stream(self) -> int:
        body = {"model": MODEL, "messages": structs.MESSAGES, "stream": True}
        return await self._stream("/v1/chat/completions", body, _Events(structs.chat_chunk, b"[DONE]", _chat_text))

    async def ids(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()

        def note(event: structs.Chunk) -> bool:
            queue.put_nowait(event.id)
            return True

        events = _Events(structs.chat_chunk, b"[DONE]", note)
        body = {"model": MODEL, "messages": structs.MESSAGES, "stream": True}
        exchange = asyncio.ensure_future(self._exchange("/v1/chat/completions", body, events.take))
        exchange.add_done_callback(lambda _: queue.put_nowait(""))
        while seen := await queue.get():
            yield seen
        await exchange

    async def responses_stream(self) -> int:
        events = _Events(structs.responses_event, b'"response.completed"', _responses_text)
        return await self._stream("/v1/responses", {"model": MODEL, "input": payloads.PROMPT, "stream": True}, events)

    async def claude_stream(self) -> int:
        events = _Events(structs.claude_event, b'"message_stop"', _claude_text)
        body = {"model": "claude", "max_tokens": 1000, "messages": structs.MESSAGES, "stream": True}
        return await self._stream("/v1/messages", body, events)

    async def gemini_stream(self) -> int:
        events = _Events(structs.gemini_chunk, b'"finishReason"', _gemini_text)
        body = {"contents": [{"role": "user", "parts": [{"text": payloads.PROMPT}]}]}
        return await self._stream("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", body, events)

    async def embeddings_float(self) -> int:
        body = {"model": "text-embedding-3-small", "input": ["sea"] * payloads.INPUTS}
        answer = structs.floats(await self._whole("/v1/embeddings", body))
        rows = [array("f", item.embedding) for item in answer.data]
        return sum(len(row) == payloads.DIMENSIONS for row in rows) // payloads.INPUTS

    async def embeddings_base64(self) -> int:
        body = {"model": "text-embedding-3-small", "input": ["sea"] * payloads.INPUTS, "encoding_format": "base64"}
        answer = structs.packed(await self._whole("/v1/embeddings", body))
        rows = [array("f", binascii.a2b_base64(item.embedding)) for item in answer.data]
        return sum(len(row) == payloads.DIMENSIONS for row in rows) // payloads.INPUTS

    async def download(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "video.mp4"
            with path.open("wb") as file:
                await self._exchange(f"/v1/videos/{TASK}/content", None, _File(file).take)
            return path.stat().st_size // payloads.FILE_BYTES

    async def look(self) -> int:
        return len(structs.video(await self._whole(f"/v1/videos/{TASK}", None)).id) // len(TASK)
