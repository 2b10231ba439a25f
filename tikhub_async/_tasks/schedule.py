"""All waits of a client on one event loop, under one schedule.

Invariants:

1. A task that is waited for has one entry, however many wait for it; it is either due (`ticket`) or being looked at
   (`look`), never both.
2. One timer is set while anybody waits: for the next look that may start, or the next deadline. No task of the loop's is
   spent on waiting or sleeping; one lives as long as a look is in flight.
3. Looks start under each key's budget and the bound on connections; whose turn it is, is the lane's to say (`lane`).
4. A waiter that leaves takes its own place with it and nothing else; with the last one of a task its look in flight is
   cancelled, with the last one of all nothing is left.
"""

import asyncio
import contextlib
import copy
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tikhub_async._clock import Clock, Timer
from tikhub_async._tasks.agenda import NEVER, Agenda
from tikhub_async._tasks.failure import error_for, timeout_for
from tikhub_async._tasks.lane import Lane
from tikhub_async._tasks.verdict import Verdict, verdict_on
from tikhub_async._tasks.watch import Entry, Key, Watch
from tikhub_async.errors import TikHubError
from tikhub_async.types.task import TaskState

if TYPE_CHECKING:
    from tikhub_async._tasks.task import Seen, VideoTask

FIRST_LOOK = 5.0
"""Seconds after creation; nothing finishes sooner."""
LONGEST_INTERVAL = 20.0
"""The gateway asks providers in passes of 15 s and more, so a shorter interval sees nothing new."""
GROWTH = 1.2
JITTER = 0.1
"""Share of an interval by which looks are spread, so that tasks created together are not looked at together."""
LAST_LOOK = 2.0
"""Seconds before a deadline at which a task is looked at once more, so that a video that is ready is not missed."""
LEAST_GAP = 1.0
"""Seconds since the look before, at least, for such a last one."""
GRACE = 30.0
"""Seconds in which the gateway may not know a new task yet: its row is written after the provider accepted."""
YOUNG = 300.0
"""Seconds since its creation in which a task counts as new."""
STRANGE_LOOKS, STRANGE_SECONDS = 5, 45.0
"""Answers in a row that break the contract, and over how long, before the route must be wrong."""
AT_ONCE = 100
"""Waits that run out in one turn of the loop; the rest follow in the next, so that nobody else is kept waiting."""
LANES = 256
"""Keys beyond which those that rest are forgotten."""


class Schedule:
    """Looks at tasks for everybody who waits on one event loop."""

    def __init__(self, clock: Clock, *, budget: float, connections: int) -> None:
        """Make a schedule for the running loop; it does nothing until somebody waits.

        Args:
            clock: Where time comes from.
            budget: Looks per second and key.
            connections: Looks in flight at once, over all keys.
        """
        self.loop = asyncio.get_running_loop()
        self.looks = 0
        """Looks sent so far."""
        self._clock = clock
        self._budget = budget
        self._connections = connections
        self._random: Callable[[], float] = random.random
        self._entries: dict[Key, Entry] = {}
        self._lanes: dict[Any, Lane] = {}
        self._ready: Agenda[Lane] = Agenda()
        self._deadlines: Agenda[Watch] = Agenda()
        self._in_flight: dict[asyncio.Task[None], Entry] = {}
        self._alarm: Timer | None = None
        self._alarm_at = NEVER

    @property
    def tasks(self) -> int:
        """Tasks that somebody waits for."""
        return len(self._entries)

    @property
    def is_quiet(self) -> bool:
        """True when nobody waits, no look is in flight and no timer is set."""
        return not self._entries and self._alarm is None and all(look.done() for look in self._in_flight)

    # ── coming and going ────────────────────────────────────────────────────────────────────────────────────────

    def add(self, watch: Watch) -> None:
        """Look for a waiter from now on."""
        now = self._clock.now()
        task = watch.task
        key = task.watch_key()
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry(key, self._lane_of(task), now)
            entry.watches.append(watch)
            self._plan(entry, now, self._first_look(task, watch.interval), gap=0.0)
        else:
            entry.watches.append(watch)
            self._hasten(entry, watch.interval, now)
        watch.entry = entry
        if watch.deadline is not None:
            watch.ticket = self._deadlines.add(watch.deadline, watch)
        self._set_alarm(now)

    def leave(self, watches: Iterable[Watch]) -> None:
        """Look for these waiters no longer, whether or not they have what they waited for."""
        for watch in watches:
            self._detach(watch)
        self._set_alarm(self._clock.now())

    def abandon(self, watches: Iterable[Watch]) -> None:
        """As `leave`, for waiters that were dropped: may be called on any thread, and when the loop is closed."""
        if self.loop.is_closed():
            return
        if asyncio._get_running_loop() is self.loop:
            self.leave(watches)
            return
        with contextlib.suppress(RuntimeError):  # closed meanwhile: nothing looks any more
            self.loop.call_soon_threadsafe(self.leave, tuple(watches))

    async def aclose(self) -> None:
        """Stop looking; whoever still waits gets an error that says so."""
        for entry in list(self._entries.values()):
            for watch in list(entry.watches):
                task = watch.task
                self._end(
                    watch,
                    TikHubError(
                        f"the client was closed while waiting for {task.provider} task {task.id}",
                        stage="task",
                        hint="the task goes on: client.tasks.attach(task.to_dict()) takes it up again",
                    ),
                )
        looks = list(self._in_flight)  # cancelled with their last waiters
        self._set_alarm(self._clock.now())
        if looks:
            await asyncio.wait(looks)

    def _detach(self, watch: Watch) -> None:
        entry, watch.entry = watch.entry, None
        if entry is None:
            return
        if watch.ticket is not None:
            self._deadlines.drop(watch.ticket)
            watch.ticket = None
        entry.watches.remove(watch)
        if not entry.watches:
            self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.key]
        entry.lane.drop(entry)
        self._line_up(entry.lane)
        if entry.look is not None:
            entry.look.cancel()

    def _end(self, watch: Watch, error: Exception | None) -> None:
        self._detach(watch)
        watch.finish(error)

    # ── when ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _first_look(self, task: "VideoTask[Any]", interval: float | None) -> float:
        if task.created_at is None or task.seen:
            return 0.0
        age = max(self._clock.time() - task.created_at, 0.0)
        return max(min(FIRST_LOOK, interval or FIRST_LOOK) - age, 0.0)

    def _plan(self, entry: Entry, now: float, pause: float, gap: float = LEAST_GAP) -> None:
        """Let a task fall due after `pause`, or just before its first waiter gives up."""
        due, last = now + pause, entry.earliest_deadline() - LAST_LOOK
        entry.lane.plan(entry, last if now + gap <= last < due else due, now)
        self._line_up(entry.lane)

    def _hasten(self, entry: Entry, interval: float | None, now: float) -> None:
        """Somebody new wants to know sooner than was planned."""
        if interval is not None and entry.ticket is not None and now + interval < entry.due:
            entry.lane.drop(entry)
            self._plan(entry, now, interval)

    def _pause(self, entry: Entry) -> float:
        interval = entry.fixed_interval()
        if interval is None:
            interval = entry.interval
            entry.interval = min(interval * GROWTH, LONGEST_INTERVAL)
        return interval * (1 - JITTER + 2 * JITTER * self._random())

    def _lane_of(self, task: "VideoTask[Any]") -> Lane:
        key, state = task.account()
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= LANES:
                now = self._clock.now()
                self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.is_idle(now)}
            lane = self._lanes[key] = Lane(state, self._budget, self._random)
        return lane

    def _line_up(self, lane: Lane) -> None:
        """Put a lane where its next look belongs among the lanes."""
        at = lane.ready_at()
        if lane.ticket is not None:
            if at == lane.at:
                return
            self._ready.drop(lane.ticket)
        lane.at = at
        lane.ticket = self._ready.add(at, lane) if at != NEVER else None

    def _set_alarm(self, now: float) -> None:
        at = self._deadlines.first
        if len(self._in_flight) < self._connections:
            at = min(at, self._ready.first)
        if self._alarm is not None:
            if at != NEVER and self._alarm_at <= at:
                return  # it rings in time; sooner costs less than another timer
            self._alarm.cancel()
            self._alarm = None
        self._alarm_at = at
        if at != NEVER:
            self._alarm = self._clock.alarm(max(at - now, 0.0), self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.now()
        self._expire(now)
        self._start_due(now)
        self._set_alarm(now)

    def _expire(self, now: float) -> None:
        for _ in range(AT_ONCE):
            if self._deadlines.first > now:
                return
            watch = self._deadlines.pop()
            watch.ticket = None
            entry = watch.entry
            assert entry is not None
            error = timeout_for(
                watch.task.to_dict(),
                watch.task.state,
                watch.history,
                waited=now - watch.started,
                still=now - watch.moved,
                trouble=entry.trouble or entry.lane.reason(now),
            )
            self._end(watch, error)

    def _start_due(self, now: float) -> None:
        while len(self._in_flight) < self._connections and self._ready.first <= now:
            lane = self._ready.pop()
            lane.ticket = None
            if lane.ready_at() <= now:  # a call of another kind may have brought a hold meanwhile
                self._start(lane.take(now))
            self._line_up(lane)

    # ── looks ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, entry: Entry) -> None:
        self.looks += 1
        look = self.loop.create_task(self._look(entry, entry.watches[0].task))
        entry.look = look
        self._in_flight[look] = entry
        look.add_done_callback(self._looked)

    def _looked(self, look: "asyncio.Task[None]") -> None:
        # Here and not in the look: one that is cancelled before its first step runs no line of its own.
        entry = self._in_flight.pop(look)
        entry.lane.in_flight -= 1
        self._line_up(entry.lane)
        self._set_alarm(self._clock.now())

    async def _look(self, entry: Entry, task: "VideoTask[Any]") -> None:
        failure: Exception | None = None
        seen: Seen[Any] | None = None
        try:
            seen = await task.look(retry=False)
        except Exception as caught:
            failure = caught
        entry.look = None
        entry.looks += 1
        now = self._clock.now()
        verdict = verdict_on(failure)
        entry.lane.note(verdict, failure, now)
        if seen is not None:
            entry.seen, entry.trouble, entry.strange = True, None, 0
            self._show(entry, seen, now)
        elif failure is not None:
            self._stumble(entry, failure, verdict, now)
        if entry.watches:
            self._plan(entry, now, self._pause(entry))

    def _show(self, entry: Entry, seen: "Seen[Any]", now: float) -> None:
        state = seen.state
        for watch in list(entry.watches):
            watch.task.apply(seen)
            try:
                watch.show(state, now)
            except Exception as error:
                self._end(watch, error)
                continue
            if state.done:
                self._end(watch, _outcome(watch, state, entry.looks))

    def _stumble(self, entry: Entry, failure: Exception, verdict: Verdict, now: float) -> None:
        entry.trouble = f"the last look failed: {getattr(failure, 'message', repr(failure))}"
        if verdict is Verdict.STRANGE:
            entry.strange += 1
            if entry.strange == 1:
                entry.strange_since = now
        elif verdict is not Verdict.TROUBLE:
            entry.strange = 0
        if self._is_final(entry, verdict, now):
            for number, watch in enumerate(list(entry.watches)):
                # One each: a raised error collects the frames of whoever raised it.
                self._end(watch, copy.copy(failure) if number else failure)

    def _is_final(self, entry: Entry, verdict: Verdict, now: float) -> bool:
        if verdict is Verdict.STRANGE:
            return entry.strange >= STRANGE_LOOKS and now - entry.strange_since >= STRANGE_SECONDS
        if verdict is Verdict.MISSING and not entry.seen:
            if entry.missing_since is None:
                entry.missing_since = now
            created = entry.watches[0].task.created_at if entry.watches else None
            is_new = created is None or self._clock.time() - created < YOUNG
            return not is_new or now - entry.missing_since >= GRACE
        return verdict in {Verdict.FINAL, Verdict.MISSING}


def _outcome(watch: Watch, state: TaskState, looks: int) -> Exception | None:
    if state.status == "succeeded":
        return None
    return error_for(watch.task.to_dict(), state, watch.history, looks)
