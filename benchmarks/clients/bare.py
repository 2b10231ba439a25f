"""A bare client of the same design: aiohttp, a byte splitter, msgspec; every known saving, no care for anything.

No retries, limits, error answers, completeness, comments or carriage returns. What one would write by hand in an
afternoon with `performance` in mind, so the distance to it is what the promises of this package cost.
"""

import binascii
import tempfile
from array import array
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL, TASK
from benchmarks.clients import _structs as structs

HEADERS = {"Authorization": "Bearer sk-bench", "Content-Type": "application/json"}


class Client:
    def __init__(self, base_url: str) -> None:
        self._base = base_url
        self._urls: dict[str, URL] = {}
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._opened

    async def close(self) -> None:
        await self._session.close()

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(self._base + path)
        return url

    async def _whole(self, path: str, body: Any) -> bytes:
        async with self._session.post(self._url(path), data=structs.encode(body), headers=HEADERS) as answer:
            return await answer.read()

    async def _events(self, path: str, body: Any, decode: Callable[[bytes], Any]) -> AsyncIterator[list[Any]]:
        rest = b""
        async with self._session.post(self._url(path), data=structs.encode(body), headers=HEADERS) as answer:
            while data := await answer.content.readany():
                blocks = (rest + data).split(b"\n\n")
                rest = blocks.pop()
                texts = [block[block.find(b"data: ") + 6 :] for block in blocks]
                yield [decode(text) for text in texts if text != b"[DONE]"]

    async def chat(self) -> int:
        body = {"model": MODEL, "messages": structs.MESSAGES}
        return len(structs.completion(await self._whole("/v1/chat/completions", body)).choices)

    async def chat_stream(self) -> int:
        count = 0
        body = {"model": MODEL, "messages": structs.MESSAGES, "stream": True}
        async for batch in self._events("/v1/chat/completions", body, structs.chat_chunk):
            for chunk in batch:
                if chunk.choices and chunk.choices[0].delta.content:
                    count += 1
        return count

    async def ids(self) -> AsyncIterator[str]:
        body = {"model": MODEL, "messages": structs.MESSAGES, "stream": True}
        async for batch in self._events("/v1/chat/completions", body, structs.chat_chunk):
            for chunk in batch:
                yield chunk.id

    async def responses_stream(self) -> int:
        count = 0
        body = {"model": MODEL, "input": payloads.PROMPT, "stream": True}
        async for batch in self._events("/v1/responses", body, structs.responses_event):
            for event in batch:
                if event.type == "response.output_text.delta":
                    count += 1
        return count

    async def claude_stream(self) -> int:
        count = 0
        body = {"model": "claude", "max_tokens": 1000, "messages": structs.MESSAGES, "stream": True}
        async for batch in self._events("/v1/messages", body, structs.claude_event):
            for event in batch:
                if event.type == "content_block_delta":
                    count += 1
        return count

    async def gemini_stream(self) -> int:
        count = 0
        body = {"contents": [{"role": "user", "parts": [{"text": payloads.PROMPT}]}]}
        path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
        async for batch in self._events(path, body, structs.gemini_chunk):
            for chunk in batch:
                count += bool(chunk.candidates[0].content.parts[0].text)
        return count

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
            async with self._session.get(self._url(f"/v1/videos/{TASK}/content"), read_bufsize=2**18) as answer:
                with path.open("wb") as file:
                    while data := await answer.content.readany():
                        file.write(data)
            return path.stat().st_size // payloads.FILE_BYTES

    async def look(self) -> int:
        async with self._session.get(self._url(f"/v1/videos/{TASK}"), headers=HEADERS) as answer:
            return len(structs.video(await answer.read()).id) // len(TASK)
