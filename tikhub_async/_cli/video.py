"""`tikhub-ai video`: create videos, follow them, take them up again."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cyclopts import App

from tikhub_async._cli.client import attach_command, run
from tikhub_async._cli.following import Outcome, Target, follow, line_of, tell, tell_how_to_attach
from tikhub_async._cli.images import read_image
from tikhub_async._cli.makers import MAKERS, Maker, Wish
from tikhub_async._cli.options import ALONE, Following
from tikhub_async._cli.output import ExitCode, UsageError
from tikhub_async._cli.progress import Board, make_board

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async._tasks import VideoTask

video = App(
    name="video",
    help="Make videos, and take tasks of earlier runs up again. Creations are paid for when they are accepted.",
)


class Order:
    """Videos of one command."""

    def __init__(self, client: "TikHubAI", board: Board, following: Following, target: Target | None) -> None:
        self._client = client
        self._board = board
        self._following = following
        self._target = target
        self._open: dict[str, VideoTask[Any]] = {}

    async def create(self, maker: Maker, wish: Wish, count: int) -> ExitCode:
        """Create, and follow where asked for; the gravest exit code."""
        return await self._all([self._create_one(maker, wish, number, count) for number in range(1, count + 1)])

    async def attach(self, task: "VideoTask[Any]") -> ExitCode:
        """Follow a task of an earlier run."""
        return await self._all([self._follow(task)])

    async def _all(self, works: "list[Any]") -> ExitCode:
        import asyncio

        try:
            with self._board:
                return max(await asyncio.gather(*works))
        except asyncio.CancelledError:
            tell_how_to_attach(list(self._open.values()), self._following.base_url)
            raise

    async def _create_one(self, maker: Maker, wish: Wish, number: int, count: int) -> ExitCode:
        try:
            task = await maker.create(self._client, wish)
        except TikHubError as error:
            return self._board.report(error, f"video {number} of {count}" if count > 1 else "")
        self._announce(task)
        if self._following.waits:
            return await self._follow(task)
        self._board.line(line_of(Outcome(task)) if self._following.json else f"{task.provider} {task.id}")
        return ExitCode.OK

    def _announce(self, task: "VideoTask[Any]") -> None:
        # At once: from here on the video is paid for, and this is what it can be found by.
        self._board.note(f"created {task.provider} {task.id}")
        self._board.note(f"  saved handle: {json.dumps(task.to_dict())}")
        if not self._following.waits:
            self._board.note(f"  to wait: {attach_command(task.provider, task.id, self._following.base_url)}")

    async def _follow(self, task: "VideoTask[Any]") -> ExitCode:
        self._open[task.id] = task
        self._board.add(task.id, f"{task.provider} {task.id}")
        outcome = await follow(
            task, self._following, self._board, None if self._target is None else self._target.file_of(task)
        )
        del self._open[task.id]
        return tell(outcome, self._following, self._board)


