"""Make several videos at once and save each as soon as it is done; one that fails stops no other.

    python examples/many_videos.py videos "A lighthouse in a storm" "A tram at dawn" "Rain on a window"

The key comes from TIKHUB_AI_API_KEY. Without one: run `tikhub-ai emulator` in another terminal and paste the `export`
line that it prints. (There, a prompt with `[[fail]]` in it makes a task that fails.)
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from tikhub_async import InDoubtError, TikHubAI, TikHubError, VideoTask

PROMPTS = ["A lighthouse in a storm", "A tram climbing a steep street at dawn", "Rain on a window, at night"]
AT_ONCE = 5
"""Creations in flight: providers limit how many one account may start in a short time."""


async def create(client: TikHubAI, prompt: str, turn: asyncio.Semaphore) -> VideoTask[Any] | None:
    """A task, or None when it could not be created."""
    async with turn:
        try:
            return await client.seedance.create(
                model="doubao-seedance-1-5-pro-251215",
                content=[{"type": "text", "text": prompt}],
                ratio="16:9",
                duration=5,
            )
        except InDoubtError as doubt:
            # Sent, and no answer: it may exist and be paid for. Never create it again without looking.
            print(f"in doubt: {prompt!r}: {doubt}", file=sys.stderr)
        except TikHubError as refused:
            print(f"not created: {prompt!r}: {refused}", file=sys.stderr)
        return None


async def main(folder: Path, prompts: list[str]) -> int:
    """Create all, then save them in the order in which they end."""
    turn = asyncio.Semaphore(AT_ONCE)
    missing = 0
    async with TikHubAI() as client:
        created = await asyncio.gather(*(create(client, prompt, turn) for prompt in prompts))
        tasks = [task for task in created if task is not None]
        for task in tasks:
            print(f"created {task.id}", file=sys.stderr)
        # One schedule looks at all of them; a thousand tasks cost hardly more than three.
        async for task, outcome in client.tasks.as_completed(tasks, timeout=1800):
            if isinstance(outcome, TikHubError):
                print(outcome, file=sys.stderr)
                missing += 1
                continue
            print(await outcome.download(folder / f"{task.id}.mp4"))
    return 1 if missing or len(tasks) < len(prompts) else 0


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "videos")
    place.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main(place, sys.argv[2:] or PROMPTS)))
