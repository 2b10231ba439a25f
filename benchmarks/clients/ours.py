"""tikhub_async, as a user would call it."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL, TASK
from tikhub_async import TikHubAI
from tikhub_async.types import ChatMessage


class Client:
    def __init__(self, base_url: str) -> None:
        self.client = TikHubAI(api_key="sk-bench", base_url=base_url, polls_per_second=1e6)
        self._messages: list[ChatMessage] = [{"role": "user", "content": payloads.PROMPT}]

    async def close(self) -> None:
        await self.client.aclose()

    async def chat(self) -> int:
        answer = await self.client.openai.chat.completions.create(model=MODEL, messages=self._messages)
        return len(answer.choices)

    async def claude(self) -> int:
        answer = await self.client.claude.messages.create(
            model="claude", max_tokens=1000, messages=[{"role": "user", "content": payloads.PROMPT}]
        )
        return len(answer.content)

    async def gemini(self) -> int:
        answer = await self.client.gemini.models.generate_content(
            model="gemini-2.5-flash", contents=[{"role": "user", "parts": [{"text": payloads.PROMPT}]}]
        )
        return len(answer.candidates)

    async def chat_stream(self) -> int:
        count = 0
        async with self.client.openai.chat.completions.stream(model=MODEL, messages=self._messages) as stream:
            async for chunk in stream:
                for choice in chunk.choices:
                    if choice.delta.content:
                        count += 1
        return count

    async def ids(self) -> AsyncIterator[str]:
        async with self.client.openai.chat.completions.stream(model=MODEL, messages=self._messages) as stream:
            async for chunk in stream:
                yield chunk.id

    async def responses_stream(self) -> int:
        count = 0
        async with self.client.openai.responses.stream(model=MODEL, input=payloads.PROMPT) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    count += 1
        return count

    async def claude_stream(self) -> int:
        count = 0
        async with self.client.claude.messages.stream(
            model="claude", max_tokens=1000, messages=[{"role": "user", "content": payloads.PROMPT}]
        ) as stream:
            async for event in stream:
                if event.type == "content_block_delta":
                    count += 1
        return count

    async def gemini_stream(self) -> int:
        count = 0
        async with self.client.gemini.models.generate_content_stream(
            model="gemini-2.5-flash", contents=[{"role": "user", "parts": [{"text": payloads.PROMPT}]}]
        ) as stream:
            async for chunk in stream:
                count += bool(chunk.text)
        return count

    async def embeddings_float(self) -> int:
        answer = await self.client.openai.embeddings.create(
            model="text-embedding-3-small", input=["sea"] * payloads.INPUTS
        )
        return sum(len(item.floats()) == payloads.DIMENSIONS for item in answer.data) // payloads.INPUTS

    async def embeddings_base64(self) -> int:
        answer = await self.client.openai.embeddings.create(
            model="text-embedding-3-small", input=["sea"] * payloads.INPUTS, encoding_format="base64"
        )
        return sum(len(item.floats()) == payloads.DIMENSIONS for item in answer.data) // payloads.INPUTS

    async def download(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "video.mp4"
            task = await self.client.sora.retrieve(TASK)
            await task.download(path)
            return path.stat().st_size // payloads.FILE_BYTES

    async def look(self) -> int:
        return len((await self.client.sora.retrieve(TASK)).id) // len(TASK)
