"""The official client of Anthropic."""

import anthropic

from benchmarks import _payloads as payloads


class Client:
    def __init__(self, base_url: str) -> None:
        self._client = self._make(base_url)

    def _make(self, base_url: str) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(api_key="sk-bench", base_url=base_url)

    async def close(self) -> None:
        await self._client.close()

    async def claude(self) -> int:
        answer = await self._client.messages.create(
            model="claude", max_tokens=1000, messages=[{"role": "user", "content": payloads.PROMPT}]
        )
        return len(answer.content)

    async def claude_stream(self) -> int:
        # Not the `messages.stream` helper, which collects the message as well and costs several times more.
        count = 0
        stream = await self._client.messages.create(
            model="claude",
            max_tokens=1000,
            messages=[{"role": "user", "content": payloads.PROMPT}],
            stream=True,
        )
        async for event in stream:
            if event.type == "content_block_delta":
                count += 1
        return count
