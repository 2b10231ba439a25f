"""`client.tasks`: many tasks at once, and handles from earlier runs."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tikhub_async._tasks.poller import Poller
from tikhub_async._tasks.task import DEFAULT_TIMEOUT, TaskKind, Video, VideoTask
from tikhub_async.errors import InvalidParameter, TikHubError

if TYPE_CHECKING:
    from tikhub_async._session.session import Orphan, Session

Saved = Mapping[str, Any] | tuple[str, str]
"""A saved handle (`VideoTask.to_dict()`), or a pair of provider and task id."""


class Tasks:
    """Video tasks of all providers: take up saved ones, wait for many."""

    def __init__(self, session: "Session", poller: Poller, kinds: Mapping[str, TaskKind[Any]]) -> None:
        self._session = session
        self._poller = poller
        self._kinds = kinds

    def attach(self, saved: Saved) -> VideoTask[Any]:
        """A handle on a task that was created earlier, here or elsewhere. Sends nothing.

        Args:
            saved: `task.to_dict()`, or a pair like `("seedance", "task_…")`.

        Raises:
            InvalidParameter: The provider is unknown, or the handle holds no id.
        """
        where = "client.tasks.attach"
        data: Mapping[str, Any] = {"provider": saved[0], "id": saved[1]} if isinstance(saved, tuple) else saved
        provider, task_id = data.get("provider"), data.get("id")
        kind = self._kinds.get(provider) if isinstance(provider, str) else None
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise InvalidParameter("provider", f"{provider!r} has no video tasks", where=where, hint=f"one of {known}")
        if not isinstance(task_id, str) or not task_id:
            raise InvalidParameter("id", f"must be a non-empty text, got {task_id!r}", where=where)
        return VideoTask(kind, task_id, self._session, self._poller, created_at=data.get("created_at"))

    async def wait_all(
        self,
        tasks: Iterable[VideoTask[Any]],
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        on_update: Callable[[VideoTask[Any]], None] | None = None,
    ) -> list[Video | TikHubError]:
        """The outcome of every task, in the order given: a `Video`, or the error that ended its wait.

        Does not stop at the first failure. Arguments as `VideoTask.wait`.
        """
        waits = [_outcome(task, timeout=timeout, poll_interval=poll_interval, on_update=on_update) for task in tasks]
        return list(await asyncio.gather(*waits))

    def as_completed(
        self,
        tasks: Iterable[VideoTask[Any]],
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
    ) -> "Completed":
        """Tasks with their outcomes as they end: `async for task, outcome in client.tasks.as_completed(tasks)`."""
        return Completed(list(tasks), timeout, poll_interval)

    def orphans(self) -> list["Orphan"]:
        """Creations whose caller was cancelled while they were in flight: answers that reached nobody, and doubts.

        Each is handed out once.
        """
        found = list(self._session.transport.orphans)
        self._session.transport.orphans.clear()
        return found


async def _outcome(task: VideoTask[Any], **options: Any) -> Video | TikHubError:
    try:
        return await task.wait(**options)
    except TikHubError as error:
        return error


class Completed:
    """Tasks with their outcomes, in the order in which they end."""

    def __init__(self, tasks: list[VideoTask[Any]], timeout: float | None, interval: float | None) -> None:
        self._tasks = tasks
        self._options = {"timeout": timeout, "poll_interval": interval}
        self._waits: set[asyncio.Task[tuple[VideoTask[Any], Video | TikHubError]]] | None = None
        self._ready: list[tuple[VideoTask[Any], Video | TikHubError]] = []

    def __aiter__(self) -> "Completed":
        return self

    async def __aenter__(self) -> "Completed":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def __anext__(self) -> tuple[VideoTask[Any], Video | TikHubError]:
        if self._waits is None:
            loop = asyncio.get_running_loop()
            self._waits = {loop.create_task(self._one(task)) for task in self._tasks}
        if not self._ready:
            if not self._waits:
                raise StopAsyncIteration
            done, self._waits = await asyncio.wait(self._waits, return_when=asyncio.FIRST_COMPLETED)
            self._ready.extend(task.result() for task in done)
        return self._ready.pop(0)

    async def _one(self, task: VideoTask[Any]) -> tuple[VideoTask[Any], Video | TikHubError]:
        return task, await _outcome(task, **self._options)

    async def aclose(self) -> None:
        """Stop waiting; the tasks go on."""
        waits, self._waits = self._waits or set(), set()
        for wait in waits:
            wait.cancel()
        if waits:
            await asyncio.wait(waits)
