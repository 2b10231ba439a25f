"""Record what the gateway says once, replay it ever after: tests of your own without a key, a network or a cost.

    python examples/record_replay.py samples/hello        # the first run records, every other run replays

The first run takes the key from TIKHUB_AI_API_KEY and costs one chat. Without one: run `tikhub-ai emulator` in another
terminal and paste the `export` line that it prints. What is kept holds no key.
"""

import asyncio
import os
import sys
from pathlib import Path

from tikhub_async import TikHubAI
from tikhub_async.testing import TEST_KEY, Recorder, Replay


async def ask(client: TikHubAI) -> str:
    """What your program does."""
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": "Hello"}])
    return await stream.final_text()


async def record(folder: Path) -> None:
    """Run it against the gateway, and keep what that says."""
    gateway = os.environ.get("TIKHUB_AI_BASE_URL", "https://ai.tikhub.io")
    async with Recorder(folder, upstream=gateway) as recorder, TikHubAI(base_url=recorder.base_url) as client:
        print(await ask(client))
    print(f"recorded {len(recorder.recordings)} exchanges in {folder}", file=sys.stderr)


async def replay(folder: Path) -> None:
    """Run it against what was kept."""
    async with Replay(folder) as gateway, TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url) as client:
        print(await ask(client))
    print(f"replayed from {folder}", file=sys.stderr)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "samples")
    asyncio.run(replay(place) if place.exists() else record(place))
    sys.exit(0)
