"""The official client of OpenAI."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import openai

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL, TASK


class Client:
    def __init__(self, base_url: str) -> None:
        self._client = self._make(f"{base_url}/v1")

    def _make(self, base_url: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key="sk-bench", base_url=base_url)

    async def close(self) -> None:
        await self._client.close()

    async def chat(self) -> int:
        answer = await self._client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": payloads.PROMPT}]
        )
        return len(answer.choices)

    async def chat_stream(self) -> int:
        count = 0
        stream = await self._client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": payloads.PROMPT}], stream=True
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                count += 1
        return count

    async def ids(self) -> AsyncIterator[str]:
        stream = await self._client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": payloads.PROMPT}], stream=True
        )
        async for chunk in stream:
            yield chunk.id

    async def responses_stream(self) -> int:
        count = 0
        stream = await self._client.responses.create(model=MODEL, input=payloads.PROMPT, stream=True)
        async for event in stream:
            if event.type == "response.output_text.delta":
                count += 1
        return count

    async def embeddings_float(self) -> int:
        answer = await self._client.embeddings.create(
            model="text-embedding-3-small", input=["sea"] * payloads.INPUTS, encoding_format="float"
        )
        return sum(len(item.embedding) == payloads.DIMENSIONS for item in answer.data) // payloads.INPUTS

    async def embeddings_base64(self) -> int:
        # Without a format this client asks for base64 and decodes it itself.
        answer = await self._client.embeddings.create(model="text-embedding-3-small", input=["sea"] * payloads.INPUTS)
        return sum(len(item.embedding) == payloads.DIMENSIONS for item in answer.data) // payloads.INPUTS

    async def download(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "video.mp4"
            async with self._client.videos.with_streaming_response.download_content(TASK) as answer:
                await answer.stream_to_file(path)
            return path.stat().st_size // payloads.FILE_BYTES

    async def look(self) -> int:
        return len((await self._client.videos.retrieve(TASK)).id) // len(TASK)
