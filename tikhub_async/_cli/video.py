"""`tikhub-ai video`: create videos, follow them, take them up again."""

import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from cyclopts import App

from tikhub_async._cli.client import attach_command, run
from tikhub_async._cli.following import Outcome, Target, follow, line_of, tell, tell_how_to_attach
from tikhub_async._cli.makers import MAKERS, Maker, Wish
from tikhub_async._cli.options import ALONE, Following
from tikhub_async._cli.output import ExitCode, UsageError
from tikhub_async._cli.progress import Board, Lines, make_board
from tikhub_async.errors import ParameterError, TikHubError

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async._tasks import VideoTask

video = App(
    name="video",
    help="Make videos, and take up tasks of earlier runs. A creation is paid for once it is accepted.",
)


def _command(maker: Maker) -> Callable[..., ExitCode]:
    """The command that creates videos with one provider."""

    def create(
        prompt: str,
        /,
        *,
        model: str = maker.model,
        ratio: str = maker.ratio,
        duration: int = maker.duration,
        resolution: str | None = maker.resolution,
        image: str | None = None,
        count: int = 1,
        following: Following = ALONE,
    ) -> ExitCode:
        if count < 1:
            raise UsageError(f"--count must be 1 or more, got {count}")
        target = Target.of(following, count)

        async def order(client: "TikHubAI") -> ExitCode:
            from tikhub_async.media import Media

            photo = None if image is None else await Media.open(image)
            if photo is not None and photo.kind != "image":
                raise UsageError(f"--image {image} is {photo.mime}, no image")
            wish = Wish(
                prompt=prompt,
                model=model,
                ratio=ratio,
                duration=duration,
                resolution=resolution,
                image=photo,
            )
            return await Order(client, following, target).create(maker, wish, count)

        return run(order, following.base_url)

    create.__doc__ = f"""Make videos with {maker.title}.

    The id and the saved handle are printed as soon as the creation is accepted; `tikhub-ai video attach` takes them.
    On stdout come, without --wait, provider and id; with it the video's address, or the file it was saved in.

    Args:
        prompt: What happens in the video.
        model: The model.
        ratio: Width to height.
        duration: Seconds.
        resolution: As 720p.
        image: The first frame: a file, or an address that the provider can reach.
        count: Videos to make at once, each one paid for.
    """
    return create


for _name, _maker in MAKERS.items():
    video.command(_command(_maker), name=_name)


@video.command
def attach(provider: str, task_id: str, /, *, following: Following = ALONE) -> ExitCode:
    """Look at a task of an earlier run, or wait for it and save its video. Costs nothing.

    Args:
        provider: As it was printed: seedance, sora, kling.text2video, kling.image2video, veo.
        task_id: The id that was printed.
        following: How it is followed.
    """
    target = Target.of(following)

    async def take_up(client: "TikHubAI") -> ExitCode:
        task = client.tasks.attach((provider, task_id))
        order = Order(client, following, target)
        return await (order.follow(task) if following.waits else order.look(task))

    return run(take_up, following.base_url)


class Order:
    """The videos of one command."""

    def __init__(self, client: "TikHubAI", following: Following, target: Target | None) -> None:
        self._client = client
        self._following = following
        self._target = target
        self._board: Board = make_board() if following.waits else Lines()
        self._open: dict[str, VideoTask[Any]] = {}

    async def create(self, maker: Maker, wish: Wish, count: int) -> ExitCode:
        """Create, and follow where asked for."""
        return await self._all([self._create_one(maker, wish, number, count) for number in range(1, count + 1)])

    async def follow(self, task: "VideoTask[Any]") -> ExitCode:
        """Wait for a task of an earlier run."""
        return await self._all([self._follow(task)])

    async def look(self, task: "VideoTask[Any]") -> ExitCode:
        """Say how a task stands now."""
        await task.refresh()
        if self._following.json:
            self._board.line(line_of(Outcome(task)))
        else:
            progress = "" if task.progress is None else f" {task.progress}%"
            self._board.line(f"{task.status}{progress}{f' {task.url}' if task.url else ''}")
        try:
            if task.done:
                task.video()
        except TikHubError as error:
            return self._board.report(error)
        return ExitCode.OK

    async def _all(self, works: list[Coroutine[Any, Any, ExitCode]]) -> ExitCode:
        """Do all of it at once; the gravest exit code."""
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
        except ParameterError:
            raise  # all of them would be refused for the same reason
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
        target = None if self._target is None else self._target.file_of(task)
        outcome = await follow(task, self._following, self._board, target)
        del self._open[task.id]
        return tell(outcome, self._following, self._board)
