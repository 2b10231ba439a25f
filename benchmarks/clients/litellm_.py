"""litellm, which speaks to all of them."""

import os
from collections.abc import AsyncIterator
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import asks the network, and waits

import litellm

from benchmarks import _payloads as payloads
from benchmarks.clients import MODEL

litellm.telemetry = False
litellm.suppress_debug_info = True


class Client:
    def __init__(self, base_url: str) -> None:
        self._common: dict[str, Any] = {
            "messages": [{"role": "user", "content": payloads.PROMPT}],
            "api_base": f"{base_url}/v1",
            "api_key": "sk-bench",
            "model": f"openai/{MODEL}",
        }

    async def close(self) -> None:
        pass

    async def chat(self) -> int:
        answer: Any = await litellm.acompletion(**self._common)
        return len(answer.choices)

    async def chat_stream(self) -> int:
        count = 0
        stream: Any = await litellm.acompletion(**self._common, stream=True)
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                count += 1
        return count

    async def ids(self) -> AsyncIterator[str]:
        stream: Any = await litellm.acompletion(**self._common, stream=True)
        async for chunk in stream:
            yield chunk.id

    async def embeddings_float(self) -> int:
        answer: Any = await litellm.aembedding(
            model="openai/text-embedding-3-small",
            input=["sea"] * payloads.INPUTS,
            api_base=self._common["api_base"],
            api_key="sk-bench",
            encoding_format="float",
        )
        return sum(len(item["embedding"]) == payloads.DIMENSIONS for item in answer.data) // payloads.INPUTS
