"""httpx and the json module: what most people write themselves."""

import base64
import json
import tempfile
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL, TASK
from benchmarks.clients._structs import MESSAGES


class Client:
    def __init__(self, base_url: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": "Bearer sk-bench"},
            timeout=600,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def _events(self, path: str, body: Any) -> AsyncIterator[Any]:
        async with self._client.stream("POST", path, json=body) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield json.loads(line[6:])

    async def chat(self) -> int:
        answer = await self._client.post("/v1/chat/completions", json={"model": MODEL, "messages": MESSAGES})
        return len(answer.json()["choices"])

    async def chat_stream(self) -> int:
        count = 0
        async for chunk in self._events("/v1/chat/completions", {"model": MODEL, "messages": MESSAGES, "stream": True}):
            if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                count += 1
        return count

    async def ids(self) -> AsyncIterator[str]:
        async for chunk in self._events("/v1/chat/completions", {"model": MODEL, "messages": MESSAGES, "stream": True}):
            yield chunk["id"]

    async def responses_stream(self) -> int:
        count = 0
        async for event in self._events("/v1/responses", {"model": MODEL, "input": payloads.PROMPT, "stream": True}):
            count += event["type"] == "response.output_text.delta"
        return count

    async def claude_stream(self) -> int:
        count = 0
        async for event in self._events("/v1/messages", {"model": "claude", "messages": MESSAGES, "stream": True}):
            count += event["type"] == "content_block_delta"
        return count

    async def gemini_stream(self) -> int:
        count = 0
        path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
        async for chunk in self._events(path, {"contents": [{"parts": [{"text": payloads.PROMPT}]}]}):
            count += bool(chunk["candidates"][0]["content"]["parts"][0]["text"])
        return count

    async def embeddings_float(self) -> int:
        answer = await self._client.post("/v1/embeddings", json={"model": "m", "input": ["sea"] * payloads.INPUTS})
        rows = [array("f", item["embedding"]) for item in answer.json()["data"]]
        return sum(len(row) == payloads.DIMENSIONS for row in rows) // payloads.INPUTS

    async def embeddings_base64(self) -> int:
        body = {"model": "m", "input": ["sea"] * payloads.INPUTS, "encoding_format": "base64"}
        answer = await self._client.post("/v1/embeddings", json=body)
        rows = [array("f", base64.b64decode(item["embedding"])) for item in answer.json()["data"]]
        return sum(len(row) == payloads.DIMENSIONS for row in rows) // payloads.INPUTS

    async def download(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "video.mp4"
            async with self._client.stream("GET", f"/v1/videos/{TASK}/content") as answer:
                with path.open("wb") as file:
                    async for data in answer.aiter_bytes():
                        file.write(data)
            return path.stat().st_size // payloads.FILE_BYTES

    async def look(self) -> int:
        answer = await self._client.get(f"/v1/videos/{TASK}")
        return len(answer.json()["id"]) // len(TASK)
