"""The official client of Anthropic over aiohttp, its `[aiohttp]` extra."""

import anthropic

from benchmarks.clients import anthropic_httpx


class Client(anthropic_httpx.Client):
    def _make(self, base_url: str) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(
            api_key="sk-bench", base_url=base_url, http_client=anthropic.DefaultAioHttpClient()
        )
