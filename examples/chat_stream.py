"""Ask a model and print the answer while it is written.

    python examples/chat_stream.py "Why is the sky blue?"

The key comes from TIKHUB_AI_API_KEY. Without one: run `tikhub-ai emulator` in another terminal and paste the `export`
line that it prints.
"""

import asyncio
import sys

from tikhub_async import StreamInterrupted, TikHubAI, TikHubError
from tikhub_async.types.chat import ChatMessage


async def main(question: str) -> int:
    """Ask, print, and say what it cost."""
    messages: list[ChatMessage] = [
        {"role": "system", "content": "Answer in two sentences."},
        {"role": "user", "content": question},
    ]
    async with TikHubAI() as client:
        try:
            async with client.openai.chat.completions.stream(model="gpt-5-mini", messages=messages) as stream:
                async for text in stream.text_stream:
                    print(text, end="", flush=True)
            answer = await stream.final()
        except StreamInterrupted as broken:
            # What arrived is not lost: it was printed, and broken.partial holds it.
            print(f"\nthe stream broke off: {broken}", file=sys.stderr)
            return 1
        except TikHubError as refused:
            print(refused, file=sys.stderr)
            return 1
    print()
    tokens = answer.usage.total_tokens if answer.usage else "an unknown number of"
    print(f"{answer.model} used {tokens} tokens; request id {answer.request_id}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]) or "Why is the sky blue?")))
