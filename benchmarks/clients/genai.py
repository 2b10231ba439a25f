"""The official client of Google for Gemini."""

from google import genai
from google.genai import types

from benchmarks import _payloads as payloads


class Client:
    def __init__(self, base_url: str) -> None:
        self._client = genai.Client(
            api_key="sk-bench", http_options=types.HttpOptions(base_url=base_url, api_version="v1beta")
        )

    async def close(self) -> None:
        await self._client.aio.aclose()

    async def gemini(self) -> int:
        answer = await self._client.aio.models.generate_content(model="gemini-2.5-flash", contents=payloads.PROMPT)
        return len(answer.candidates or [])

    async def gemini_stream(self) -> int:
        count = 0
        stream = await self._client.aio.models.generate_content_stream(
            model="gemini-2.5-flash", contents=payloads.PROMPT
        )
        async for chunk in stream:
            count += bool(chunk.text)
        return count
