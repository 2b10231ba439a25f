"""One schedule for all waiting tasks of a client.

It starts with the first waiter and ends with the last. Looks are spread under a budget of requests per second and a
bound on connections; a task that is waited for twice is looked at once; a cancelled waiter disturbs no other. An error
while looking is not a failure of the task: only an end of the task, a refusal by the gateway, or the waiter's deadline
ends a wait.
"""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from tikhub_async._clock import Clock
from tikhub_async._tasks.failure import error_for, timeout_for
from tikhub_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    QuotaError,
    TikHubError,
)
from tikhub_async.types._base import Response
from tikhub_async.types.task import TaskState

if TYPE_CHECKING:
    from tikhub_async._tasks.task import VideoTask

FIRST_LOOK = 5.0
"""Seconds after creation; nothing finishes sooner."""
FIRST_INTERVAL = 10.0
LONGEST_INTERVAL = 20.0
"""The gateway asks providers in passes of 15 s and more, so a shorter interval sees nothing new."""
GROWTH = 1.2
JITTER = 0.1
"""Share of an interval by which looks are spread, so that tasks created together are not looked at together."""
GRACE = 30.0
"""Seconds in which the gateway may not know a new task yet: its row is written after the provider accepted."""
REFUSALS = (AuthenticationError, PermissionDeniedError, QuotaError, BadRequestError, NotFoundError, ParameterError)
"""Answers that will stay the same however often one asks."""


class _Watch:
    """One waiter for one task."""

    def __init__(
        self, task: "VideoTask[Any]", deadline: float | None, on_update: "Callable[[VideoTask[Any]], None] | None"
    ) -> None:
        self.task = task
        self.deadline = deadline
        self.on_update = on_update
        self.started = 0.0
        self.moved = 0.0
        self.history: list[tuple[float, str, int | None]] = []
        self._seen: tuple[str, int | None] | None = None
        self.changes: deque[None] | None = None
        """For `updates`: one entry per change not yet handed out."""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stirred: asyncio.Future[None] | None = None

    def show(self, state: TaskState, now: float) -> None:
        """Note a state; tell the waiter when it differs from the last one."""
        seen = (state.status, state.progress)
        if seen == self._seen:
            return
        self._seen = seen
        self.history.append((now - self.started, state.word, state.progress))
        self.moved = now
        if self.on_update is not None:
            self.on_update(self.task)
        if self.changes is not None:
            self.changes.append(None)
            self.stir()

    def end(self, error: BaseException | None) -> None:
        if not self.finished.done():
            if error is None:
                self.finished.set_result(None)
            else:
                self.finished.set_exception(error)
                self.finished.exception()  # retrieved here: the waiter may have gone
        self.stir()

    def stir(self) -> None:
        if self.stirred is not None and not self.stirred.done():
            self.stirred.set_result(None)


class _Entry:
    """One task under watch."""

    __slots__ = ("due", "fixed", "interval", "key", "looking", "looks", "missing_since", "seen", "trouble", "watches")

    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key
        self.watches: list[_Watch] = []
        self.due = 0.0
        self.interval = FIRST_INTERVAL
        self.fixed: float | None = None
        self.looking = False
        self.looks = 0
        self.seen = False
        self.missing_since: float | None = None
        self.trouble: str | None = None


class Poller:
    """Looks at tasks for everybody who waits."""

    def __init__(self, clock: Clock, *, budget: float = 20.0, connections: int = 16) -> None:
        """Make a poller; it does nothing until somebody waits.

        Args:
            clock: Where time comes from.
            budget: Looks per second over all tasks.
            connections: Looks in flight at once.
        """
        self.budget = budget
        self.connections = connections
        self.looks = 0
        """Looks sent so far."""
        self._clock = clock
        self._random = random.random
        self._entries: dict[tuple[Any, ...], _Entry] = {}
        self._due: list[tuple[float, int, _Entry]] = []
        self._deadlines: list[tuple[float, int, _Entry, _Watch]] = []
        self._order = count()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._sleeper: asyncio.Task[None] | None = None
        self._wakes_at = 0.0
        self._next_slot = 0.0

    # ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def wait(
        self,
        task: "VideoTask[Any]",
        *,
        timeout: float | None,
        interval: float | None,
        on_update: "Callable[[VideoTask[Any]], None] | None" = None,
    ) -> None:
        """Until the task is done. Raises the error that ended the wait."""
        entry, watch = self._watch(task, timeout, interval, on_update)
        try:
            await watch.finished
        finally:
            self._leave(entry, watch)

    def updates(self, task: "VideoTask[Any]", *, timeout: float | None, interval: float | None) -> "Updates":
        """Every change of a task, as an async iterator."""
        return Updates(self, task, timeout, interval)

    def _watch(
        self,
        task: "VideoTask[Any]",
        timeout: float | None,
        interval: float | None,
        on_update: "Callable[[VideoTask[Any]], None] | None",
    ) -> tuple[_Entry, _Watch]:
        now = self._clock.now()
        watch = _Watch(task, None if timeout is None else now + timeout, on_update)
        watch.started = watch.moved = now
        key = task.watch_key()
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(key)
            first = FIRST_LOOK if task.creation is not None and task.response is None else 0.0
            self._schedule(entry, now + min(first, interval or first))
        entry.watches.append(watch)
        if interval is not None:
            entry.fixed = interval if entry.fixed is None else min(entry.fixed, interval)
        if watch.deadline is not None:
            heapq.heappush(self._deadlines, (watch.deadline, next(self._order), entry, watch))
        self._kick(min(entry.due, watch.deadline if watch.deadline is not None else entry.due))
        return entry, watch

    def _leave(self, entry: _Entry, watch: _Watch) -> None:
        if watch in entry.watches:
            entry.watches.remove(watch)
        if not entry.watches:
            self._entries.pop(entry.key, None)
            if not self._entries:
                self._stop()

    # ── the schedule ────────────────────────────────────────────────────────────────────────────────────────────

    def _schedule(self, entry: _Entry, due: float) -> None:
        entry.due = due
        heapq.heappush(self._due, (due, next(self._order), entry))

    def _kick(self, due: float) -> None:
        """Make sure that the runner is awake at `due`."""
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._run())
        elif self._sleeper is not None and due < self._wakes_at:
            self._sleeper.cancel()

    def _stop(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
            self._runner = None
        self._due.clear()
        self._deadlines.clear()

    async def _run(self) -> None:
        while self._entries:
            now = self._clock.now()
            self._expire(now)
            wake = self._start_due(now)
            if self._deadlines:
                wake = min(wake, self._deadlines[0][0])
            if self._entries:
                await self._sleep_until(wake)

    def _start_due(self, now: float) -> float:
        """Start looks that are due, as the budget allows; the time of the next one."""
        while self._due:
            due, _, entry = self._due[0]
            if due != entry.due or entry.looking or self._entries.get(entry.key) is not entry:
                heapq.heappop(self._due)  # rescheduled, in flight, or nobody waits any more
                continue
            if len(self._in_flight) >= self.connections:
                return float("inf")  # a look that ends kicks the runner
            start = max(due, self._next_slot)
            if start > now:
                return start
            heapq.heappop(self._due)
            self._next_slot = max(self._next_slot, now - 1.0 / self.budget) + 1.0 / self.budget
            self._start(entry)
        return float("inf")

    def _start(self, entry: _Entry) -> None:
        entry.looking = True
        self.looks += 1
        look = asyncio.get_running_loop().create_task(self._look(entry))
        self._in_flight.add(look)
        look.add_done_callback(self._looked)

    def _looked(self, look: "asyncio.Task[None]") -> None:
        self._in_flight.discard(look)
        if self._entries:
            self._kick(self._clock.now())

    async def _sleep_until(self, wake: float) -> None:
        self._wakes_at = wake
        seconds = max(wake - self._clock.now(), 0.0)
        loop = asyncio.get_running_loop()
        if wake == float("inf"):
            self._sleeper = loop.create_task(asyncio.Event().wait())  # type: ignore[arg-type]  # pyright: ignore[reportAttributeAccessIssue]
        else:
            self._sleeper = loop.create_task(self._clock.sleep(seconds))
        assert self._sleeper is not None
        try:
            await asyncio.wait({self._sleeper})  # returns as well when a kick cancels the sleeper
        finally:
            self._sleeper.cancel()
            self._sleeper = None

    def _expire(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, entry, watch = heapq.heappop(self._deadlines)
            if not watch.finished.done():
                waited, still = now - watch.started, now - watch.moved
                watch.end(
                    timeout_for(
                        watch.task.to_dict(),
                        watch.task.state,
                        watch.history,
                        waited=waited,
                        still=still,
                        trouble=entry.trouble,
                    )
                )

    # ── one look ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, entry: _Entry) -> None:
        failure: TikHubError | None = None
        seen: tuple[Response, TaskState] | None = None
        try:
            seen = await entry.watches[0].task.look(retry=False)
        except TikHubError as caught:
            failure = caught
        entry.looking = False
        entry.looks += 1
        now = self._clock.now()
        if seen is not None:
            entry.seen, entry.trouble = True, None
            self._show(entry, *seen, now)
        elif failure is not None:
            self._stumble(entry, failure, now)
        if self._entries.get(entry.key) is entry:
            self._schedule(entry, now + self._pause(entry, failure))

    def _show(self, entry: _Entry, response: Response, state: TaskState, now: float) -> None:
        for watch in list(entry.watches):
            watch.task.apply(response, state)
            try:
                watch.show(state, now)
            except Exception as error:
                watch.end(error)
                continue
            if state.done:
                watch.end(
                    None
                    if state.status == "succeeded"
                    else error_for(watch.task.to_dict(), state, watch.history, entry.looks)
                )
        if state.done:
            self._entries.pop(entry.key, None)

    def _stumble(self, entry: _Entry, failure: TikHubError, now: float) -> None:
        entry.trouble = f"the last look failed: {failure.message}"
        if isinstance(failure, NotFoundError) and not entry.seen:
            entry.missing_since = now if entry.missing_since is None else entry.missing_since
            if now - entry.missing_since < GRACE:
                return
        if isinstance(failure, REFUSALS):
            for watch in list(entry.watches):
                watch.end(failure)
            self._entries.pop(entry.key, None)

    def _pause(self, entry: _Entry, failure: TikHubError | None) -> float:
        interval = entry.fixed
        if interval is None:
            interval = entry.interval
            entry.interval = min(interval * GROWTH, LONGEST_INTERVAL)
        asked = failure.retry_after if isinstance(failure, APIStatusError) else None
        return max(interval, asked or 0.0) * (1 - JITTER + 2 * JITTER * self._random())

    async def aclose(self) -> None:
        """Stop looking; whoever still waits gets an error that says so."""
        entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            for watch in entry.watches:
                watch.end(
                    TikHubError(
                        f"the client was closed while waiting for task {watch.task.id}",
                        stage="task",
                        hint="the task goes on: client.tasks.attach(task.to_dict()) takes it up again",
                    )
                )
        pending = [task for task in (*self._in_flight, self._runner) if task is not None and not task.done()]
        self._stop()
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)


class Updates:
    """The changes of one task: an async iterator of its handle. Ends with the task; `aclose()` leaves early."""

    def __init__(self, poller: Poller, task: "VideoTask[Any]", timeout: float | None, interval: float | None) -> None:
        self._poller = poller
        self._task = task
        self._timeout = timeout
        self._interval = interval
        self._entry: _Entry | None = None
        self._watch: _Watch | None = None
        self._ended = False

    def __aiter__(self) -> "Updates":
        return self

    async def __aenter__(self) -> "Updates":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def __anext__(self) -> "VideoTask[Any]":
        if self._ended:
            raise StopAsyncIteration
        if self._watch is None:
            if self._task.done:
                self._ended = True
                return self._task
            self._entry, self._watch = self._poller._watch(self._task, self._timeout, self._interval, None)
            self._watch.changes = deque()
        watch = self._watch
        assert watch.changes is not None
        while not watch.changes:
            if watch.finished.done():
                await self.aclose()
                error = watch.finished.exception()
                if error is None or self._task.done:
                    raise StopAsyncIteration
                raise error
            watch.stirred = asyncio.get_running_loop().create_future()
            await watch.stirred
        watch.changes.popleft()
        return self._task

    async def aclose(self) -> None:
        """Stop watching; the task goes on."""
        self._ended = True
        if self._watch is not None and self._entry is not None:
            self._poller._leave(self._entry, self._watch)
