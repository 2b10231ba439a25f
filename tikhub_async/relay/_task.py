"""A video task as server-sent events: `progress` on every change, then `done` or `error`."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from tikhub_async._tasks import Updates, VideoTask
from tikhub_async.errors import TaskError, TikHubError
from tikhub_async.relay import _sse
from tikhub_async.relay._base import Describe, Relay

if TYPE_CHECKING:
    from tikhub_async._session.session import Session


class TaskRelay(Relay):
    """The progress of a video for a browser; `VideoTask.relay()` makes it.

    A browser that leaves ends the watching only: the task goes on, and another relay of the same handle shows it again.
    """

    def __init__(
        self,
        task: VideoTask[Any],
        *,
        timeout: float | None,
        poll_interval: float | None,
        heartbeat: float | None,
        describe: Describe | None,
        on_end: "Callable[[TaskRelay], object] | None",
    ) -> None:
        session: Session = task._live()
        super().__init__(session.clock, heartbeat=heartbeat, describe=describe, on_end=on_end)
        self.task = task
        """The handle; its `state` is what was last seen."""
        self._updates = task.updates(timeout=timeout, poll_interval=poll_interval)
        self._shown: tuple[str, int | None] | None = None
        self._begun = False

    def _fetch(self) -> Coroutine[Any, Any, bool]:
        if not self._begun:
            self._begun = True
            return _at_once()
        return _next(self._updates)

    def _bytes_of(self, got: bool) -> bytes | None:
        return self._progress() if got else None

    def _progress(self) -> bytes:
        task = self.task
        shown = (task.status, task.progress)
        if shown == self._shown or task.status == "unknown":
            return b""
        self._shown = shown
        return _sse.event("progress", self._facts())

    def _ending(self) -> bytes:
        try:
            video = self.task.video()
        except TaskError as error:
            self.error = error
            return self._told(error)
        url = video.url if video.url.startswith(("http://", "https://")) else None
        return _sse.event("done", {**self._facts(), "url": url})

    def _failing(self, error: TikHubError) -> bytes:
        return _sse.event("error", {**self._facts(), **self._describe(error)})

    def _facts(self) -> dict[str, Any]:
        task = self.task
        return {"id": task.id, "provider": task.provider, "status": task.status, "progress": task.progress}

    def _close(self) -> None:
        self._updates._close()


async def _at_once() -> bool:
    """How the task stands now is the first event: whoever comes back sees it before the next look."""
    return True


async def _next(updates: Updates) -> bool:
    """Wait for a change; False at the end."""
    async for _ in updates:
        return True
    return False
