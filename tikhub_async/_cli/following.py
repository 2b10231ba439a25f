"""From a task to its file: waiting, saving, telling how it went and how to take it up again."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikhub_async._cli import output
from tikhub_async._cli.client import attach_command
from tikhub_async._cli.options import Following
from tikhub_async._cli.output import ExitCode, UsageError
from tikhub_async._cli.progress import Board
from tikhub_async.errors import DownloadError, TaskTimeout, TikHubError

if TYPE_CHECKING:
    from tikhub_async._tasks import Video, VideoTask

ID_SHOWN = 60
"""Characters of a task id in a file name: Veo's ids are paths."""


@dataclass(frozen=True)
class Target:
    """Where results are saved."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, following: Following, count: int = 1) -> "Target | None":
        """The place that `--output` names, made ready; None without it.

        Raises:
            UsageError: A file is in the way. Said now, not after a video was paid for.
        """
        if following.output is None:
            return None
        path = Path(following.output)
        is_folder = count > 1 or following.output.endswith(("/", "\\")) or path.is_dir()
        if path.exists() and is_folder != path.is_dir():
            raise UsageError(f"--output {path} is a file; {count} videos need a folder")
        if path.exists() and not is_folder and not following.overwrite:
            raise UsageError(f"--output {path} exists: name another file, or add --overwrite")
        (path if is_folder else path.parent).mkdir(parents=True, exist_ok=True)
        return cls(path, is_folder)

    def file_of(self, task: "VideoTask[Any]") -> Path:
        """Where the result of `task` goes."""
        if not self.is_folder:
            return self.path
        short = re.sub(r"[^\w-]+", "_", task.id)[-ID_SHOWN:]
        return self.path / f"{task.provider}-{short}.mp4"


@dataclass(frozen=True)
class Outcome:
    """What became of a task."""

    task: "VideoTask[Any]"
    video: "Video | None" = None
    path: str | None = None
    """Where the result was saved."""
    error: TikHubError | OSError | None = None


async def follow(task: "VideoTask[Any]", following: Following, board: Board, target: Path | None) -> Outcome:
    """Wait for a task whose row is on the board, and save its result."""

    def show(seen: "VideoTask[Any]") -> None:
        # The gateway says 100 % of failed tasks too.
        board.show(task.id, seen.status, None if seen.done and seen.status != "succeeded" else seen.progress)

    path: str | None = None
    try:
        video = await task.wait(timeout=following.timeout, poll_interval=following.poll_interval, on_update=show)
        if target is not None:
            path = await video.download(target, overwrite=following.overwrite)
    except BrokenPipeError:
        raise
    except (TikHubError, OSError) as error:
        board.end(task.id, _end_of(task, error), good=False)
        return Outcome(task, error=error)
    board.end(task.id, "done" if path is None else "saved", good=True)
    return Outcome(task, video, path)


def _end_of(task: "VideoTask[Any]", error: Exception) -> str:
    if isinstance(error, TaskTimeout):
        return "not done in time"
    if isinstance(error, (DownloadError, OSError)):
        return "not saved"
    return task.status if task.done else "lost sight of it"


def tell(outcome: Outcome, following: Following, board: Board) -> ExitCode:
    """Print what became of a task; the exit code that it means."""
    task, error = outcome.task, outcome.error
    code = ExitCode.OK if error is None else board.report(error)
    if isinstance(error, (TaskTimeout, DownloadError)):
        board.note(f"attach again: {attach_command(task.provider, task.id, following.base_url)}")
    if following.json:
        board.line(line_of(outcome))
    elif outcome.video is not None:
        board.line(outcome.path or outcome.video.url or f"{task.provider} {task.id}")
    return code


def line_of(outcome: Outcome) -> str:
    """A task as one line of JSON: the saved handle, and what is known beyond it."""
    task = outcome.task
    facts = {
        **task.to_dict(),
        "progress": task.progress,
        "url": task.url,
        "path": outcome.path,
        "error": None if outcome.error is None else getattr(outcome.error, "message", str(outcome.error)),
    }
    return json.dumps({name: value for name, value in facts.items() if value is not None}, ensure_ascii=False)


def tell_how_to_attach(tasks: "list[VideoTask[Any]]", base_url: str | None) -> None:
    """Print, after Ctrl-C, what takes unfinished tasks up again."""
    if tasks:
        output.note("still running at the provider; to attach again:")
    for task in tasks:
        output.note(f"  {attach_command(task.provider, task.id, base_url)}")
