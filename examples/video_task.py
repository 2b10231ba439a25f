"""Make a video and save it; stopped and started again, it goes on with the same task instead of paying for another.

    python examples/video_task.py "A lighthouse in a storm" lighthouse.mp4

The key comes from TIKHUB_AI_API_KEY. Without one: run `tikhub-ai emulator` in another terminal and paste the `export`
line that it prints.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tikhub_async import TaskFailed, TaskTimeout, TikHubAI, VideoTask


def show(task: VideoTask[Any]) -> None:
    """Print how the task stands."""
    print(f"{task.status}{'' if task.progress is None else f' {task.progress} %'}", file=sys.stderr)


async def main(prompt: str, path: Path) -> int:
    """Create the task, or take up the one of the last run; wait; download."""
    saved = path.with_suffix(".task.json")
    async with TikHubAI() as client:
        if handle := load(saved):
            task = client.tasks.attach(handle)
            print(f"going on with {task.id}", file=sys.stderr)
        else:
            task = await client.seedance.create(
                model="doubao-seedance-1-5-pro-251215",
                content=[{"type": "text", "text": prompt}],
                ratio="16:9",
                duration=5,
            )
            save(saved, task.to_dict())  # before anything else can go wrong: from here on it is paid for
        try:
            video = await task.wait(timeout=1200, on_update=show)
        except TaskTimeout as late:
            print(f"{late}\nrun this again to go on waiting", file=sys.stderr)
            return 1
        except TaskFailed as failed:
            discard(saved)
            print(failed, file=sys.stderr)
            return 1
        print(await video.download(path, overwrite=True))
        discard(saved)
        return 0


def load(saved: Path) -> dict[str, Any] | None:
    """The handle of an earlier run, if there is one."""
    return dict(json.loads(saved.read_text())) if saved.exists() else None


def save(saved: Path, handle: dict[str, Any]) -> None:
    """Keep a handle: plain JSON, without secrets."""
    saved.write_text(json.dumps(handle))


def discard(saved: Path) -> None:
    """Forget a handle."""
    saved.unlink(missing_ok=True)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv[1:]))
    sys.exit(asyncio.run(main(arguments.get(0, "A lighthouse in a storm"), Path(arguments.get(1, "lighthouse.mp4")))))
