"""`client.tasks`: many tasks at once, and handles from earlier runs."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tikhub_async._tasks.crowd import Crowd, Member
from tikhub_async._tasks.poller import Poller
from tikhub_async._tasks.task import DEFAULT_TIMEOUT, TaskKind, Video, VideoTask
from tikhub_async.errors import InvalidParameter, TaskError, TikHubError

if TYPE_CHECKING:
    from tikhub_async._session.call import Orphan
    from tikhub_async._session.session import Session

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
            raise InvalidParameter(
                "id", f"must be a non-empty text, got {task_id!r}", where=where, hint='as ("seedance", "task_…")'
            )
        created = data.get("created_at")
        is_time = isinstance(created, int | float) and not isinstance(created, bool)
        return VideoTask(kind, task_id, self._session, self._poller, created_at=created if is_time else None)

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
        crowd = self._poller.crowd(tasks, timeout=timeout, interval=poll_interval, on_update=on_update)
        outcomes: dict[int, Video | TikHubError] = {}
        try:
            while (member := await crowd.next()) is not None:
                outcomes[member.place] = _outcome(member)
        finally:
            crowd.close()
        return [outcomes[place] for place in range(len(crowd))]

    def as_completed(
        self,
        tasks: Iterable[VideoTask[Any]],
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
    ) -> "Completed":
        """Tasks with their outcomes as they end: `async for task, outcome in client.tasks.as_completed(tasks)`.

        Arguments as `VideoTask.wait`; the time counts from the first item on. Dropping the iterator, as `break` does,
        ends the waiting.
        """
        return Completed(self._poller.crowd(tasks, timeout=timeout, interval=poll_interval))

    def orphans(self) -> list["Orphan"]:
        """Creations whose caller was cancelled while they were in flight: answers that reached nobody, and doubts.

        Each is handed out once.
        """
        found = list(self._session.transport.orphans)
        self._session.transport.orphans.clear()
        return found


def _outcome(member: Member) -> Video | TikHubError:
    error = member.error
    if error is None:
        try:
            return member.task.video()
        except TaskError as failed:  # it had ended before anybody waited
            return failed
    if isinstance(error, TikHubError):
        return error
    raise error  # a callback's


class Completed:
    """Tasks with their outcomes, in the order in which they end."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def __aiter__(self) -> "Completed":
        return self

    async def __aenter__(self) -> "Completed":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def __anext__(self) -> tuple[VideoTask[Any], Video | TikHubError]:
        member = await self._crowd.next()
        if member is None:
            raise StopAsyncIteration
        return member.task, _outcome(member)

    async def aclose(self) -> None:
        """Stop waiting; the tasks go on."""
        self._crowd.close()
