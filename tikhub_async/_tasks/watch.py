"""Nouns of waiting: one waiter for one task, and one task under watch."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tikhub_async._tasks.agenda import Ticket
from tikhub_async._tasks.failure import Event
from tikhub_async.types.task import TaskState

if TYPE_CHECKING:
    import asyncio

    from tikhub_async._tasks.lane import Lane
    from tikhub_async._tasks.task import VideoTask

FIRST_INTERVAL = 10.0
"""Seconds between the first two looks."""
HISTORY = 500
"""Changes kept of a task; a gateway that wavers between two words must not fill the memory."""

Key = tuple[Any, str, str]
"""What makes two handles the same task: the key that may ask for it, provider, id."""
OnUpdate = Callable[["VideoTask[Any]"], None]


class Watch:
    """One waiter for one task. Subclasses tell whoever it is."""

    __slots__ = ("deadline", "entry", "error", "history", "interval", "moved", "on_update", "over", "seen", "started",
                 "task", "ticket")  # fmt: skip

    def __init__(
        self,
        task: "VideoTask[Any]",
        *,
        started: float,
        timeout: float | None,
        interval: float | None,
        on_update: OnUpdate | None = None,
    ) -> None:
        self.task = task
        self.started = self.moved = started
        self.deadline = None if timeout is None else started + timeout
        self.interval = interval
        self.on_update = on_update
        self.history: list[Event] = []
        self.seen: tuple[str, int | None] | None = None
        self.over = False
        self.error: Exception | None = None
        """What ended it, None for a video."""
        self.entry: Entry | None = None
        """The task under watch; None once nobody looks for this waiter any more."""
        self.ticket: Ticket | None = None
        """Its place among the deadlines."""

    def show(self, state: TaskState, now: float) -> None:
        """Note a state; tell the waiter when it differs from the last one. Raises what `on_update` raises."""
        seen = (state.status, state.progress)
        if seen == self.seen:
            return
        self.seen = seen
        self.moved = now
        if len(self.history) == HISTORY:
            del self.history[0]
        self.history.append((now - self.started, state.word, state.progress))
        if self.on_update is not None:
            self.on_update(self.task)
        self.changed()

    def finish(self, error: Exception | None) -> None:
        """The end, told once."""
        if not self.over:
            self.over, self.error = True, error
            self.ended()

    def changed(self) -> None:
        """Called on every change."""

    def ended(self) -> None:
        """Called once, at the end."""


class Waiter(Watch):
    """Somebody who waits for the end."""

    __slots__ = ("future",)

    def __init__(self, future: "asyncio.Future[None]", task: "VideoTask[Any]", **options: Any) -> None:
        super().__init__(task, **options)
        self.future = future

    def ended(self) -> None:
        """Wake up; the waiter may have gone meanwhile."""
        if not self.future.done():
            self.future.set_result(None)


class Entry:
    """One task under watch, whoever and however many wait for it."""

    __slots__ = ("due", "interval", "is_due", "key", "lane", "look", "looked_at", "looks", "missing_since", "seen",
                 "strange", "strange_since", "ticket", "trouble", "watches")  # fmt: skip

    def __init__(self, key: Key, lane: "Lane", now: float) -> None:
        self.key = key
        self.lane = lane
        self.watches: list[Watch] = []
        self.interval = FIRST_INTERVAL
        self.ticket: Ticket | None = None
        """Its place in its lane; None while a look is in flight."""
        self.due = now
        self.is_due = False
        """Waits for its turn."""
        self.looked_at = now
        """When the last look began; when somebody first waited, as long as there was none."""
        self.look: asyncio.Task[None] | None = None
        """The look in flight."""
        self.looks = 0
        self.seen = False
        """The gateway has told a state of it."""
        self.missing_since: float | None = None
        self.strange = 0
        """Strange answers in a row."""
        self.strange_since = 0.0
        self.trouble: str | None = None
        """Why the last look failed."""

    def fixed_interval(self) -> float | None:
        """The shortest interval that a waiter asked for."""
        asked = [watch.interval for watch in self.watches if watch.interval is not None]
        return min(asked) if asked else None

    def earliest_deadline(self) -> float:
        """When the first of its waiters gives up."""
        return min((watch.deadline for watch in self.watches if watch.deadline is not None), default=float("inf"))
