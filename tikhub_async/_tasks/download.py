"""Results to disk or as bytes: whole or not at all, and the key to the gateway only."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tikhub_async._tasks.task import VideoTask

Progress = Callable[[int, int | None], None]
"""Called with (bytes so far, bytes in all or None when unknown)."""


class ResultBytes:
    """Placeholder while download.py is written."""


def open_result(task: "VideoTask[Any]", *, which: int | str = 0) -> ResultBytes:
    """TBD."""
    raise NotImplementedError


async def download_to(
    task: "VideoTask[Any]",
    path: "str | os.PathLike[str]",
    *,
    which: int | str = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> str:
    """TBD."""
    raise NotImplementedError
