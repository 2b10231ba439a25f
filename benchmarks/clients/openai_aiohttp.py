"""The official client of OpenAI over aiohttp, its `[aiohttp]` extra."""

import openai

from benchmarks.clients import openai_httpx


class Client(openai_httpx.Client):
    def _make(self, base_url: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key="sk-bench", base_url=base_url, http_client=openai.DefaultAioHttpClient())
