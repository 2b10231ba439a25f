"""Looks with one key: which tasks are due, how many looks a second, and rest when the gateway asks for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tikhub_async._tasks.agenda import NEVER, Agenda, Ticket
from tikhub_async._tasks.verdict import Verdict
from tikhub_async.errors import APIStatusError

if TYPE_CHECKING:
    from tikhub_async._session.transport import KeyState
    from tikhub_async._tasks.watch import Entry

SLACK = 0.25
"""Seconds of the budget that a late loop may catch up; what is older is lost, so that no burst follows a pause."""
FIRST_HOLD = 10.0
"""Seconds without looks after a 429 that names no time, as the gateway's never do; doubles with each in a row."""
LONGEST_HOLD = 60.0
HOLD_JITTER = 0.1
OUTAGE = 5
"""Looks in a row that fail for no fault of their tasks: the gateway is down, and to ask on would only add to it."""


class Lane:
    """The queue of one key.

    Who falls due joins those that are waiting for their turn, and the one whose last look is longest ago is next. So n
    tasks share a budget of b looks a second evenly, whatever their intervals: none waits longer than n/b seconds.

    A hold stops all looks with the key. After it a single look is sent, and the others follow once that is answered.
    """

    __slots__ = (
        "_later",
        "_since",
        "_waiting",
        "at",
        "budget",
        "failures",
        "hold_until",
        "in_flight",
        "key",
        "next_slot",
        "random",
        "strikes",
        "ticket",
    )  # fmt: skip

    def __init__(self, key: "KeyState", budget: float, random: Callable[[], float]) -> None:
        self.key = key
        """What calls of any kind share: a 429 with `Retry-After` on one of them holds looks as well."""
        self.budget = budget
        self.random = random
        self.next_slot = 0.0
        self.hold_until = 0.0
        self.strikes = 0
        """Holds in a row."""
        self.failures = 0
        """Looks in a row that failed for no fault of their tasks."""
        self.in_flight = 0
        self.ticket: Ticket | None = None
        """Its place among the lanes of its schedule, under `at`."""
        self.at = 0.0
        self._later: Agenda[Entry] = Agenda()
        """Those that are not due yet, by when they are."""
        self._waiting: Agenda[Entry] = Agenda()
        """Those that are due, by their last look."""
        self._since = 0.0
        """Since when somebody is waiting."""

    def plan(self, entry: "Entry", due: float, now: float) -> None:
        """Let a task fall due."""
        if due <= now:
            self._welcome(entry, due)
        else:
            entry.due = due
            entry.ticket = self._later.add(due, entry)

    def drop(self, entry: "Entry") -> None:
        """Take a task out that was planned."""
        if entry.ticket is not None:
            (self._waiting if entry.is_due else self._later).drop(entry.ticket)
            entry.ticket = None

    def _welcome(self, entry: "Entry", due: float) -> None:
        if not self._waiting:
            self._since = due
        entry.due = due
        entry.is_due = True
        entry.ticket = self._waiting.add(entry.looked_at, entry)

    def ready_at(self) -> float:
        """When the next look may start."""
        if self.strikes and self.in_flight:
            return NEVER
        somebody = self._since if self._waiting else self._later.first
        return max(somebody, self.next_slot, self.hold_until, self.key.hold_until)

    def take(self, now: float) -> "Entry":
        """The task whose turn it is; counts against the budget. One must be due."""
        later = self._later
        while later.first <= now:
            due = later.first
            self._welcome(later.pop(), due)
        # Not earlier than it could have been: after a pause there is nothing to catch up.
        self.next_slot = max(self.ready_at(), now - SLACK) + 1.0 / self.budget
        self.in_flight += 1
        entry = self._waiting.pop()
        entry.ticket, entry.is_due, entry.looked_at = None, False, now
        return entry

    def note(self, verdict: Verdict, failure: Exception | None, now: float) -> None:
        """How a look ended."""
        if verdict is not Verdict.LIMITED and verdict is not Verdict.TROUBLE:
            self.failures = 0
            if now >= self.hold_until:
                self.strikes = 0
            return
        self.failures += 1
        if verdict is Verdict.LIMITED or self.failures >= OUTAGE:
            asked = failure.retry_after if isinstance(failure, APIStatusError) else None
            self._hold(asked, now)

    def _hold(self, asked: float | None, now: float) -> None:
        if now >= self.hold_until:
            self.strikes += 1
        elif not asked:
            return  # it was on its way when the hold began
        rest = min(asked or FIRST_HOLD * 2.0 ** min(self.strikes - 1, 10), LONGEST_HOLD)
        self.hold_until = max(self.hold_until, now + rest * (1 + HOLD_JITTER * self.random()))

    def is_idle(self, now: float) -> bool:
        """True when forgetting it changes nothing."""
        return not (self._later or self._waiting or self.in_flight) and now >= max(self.next_slot, self.hold_until)

    def reason(self, now: float) -> str | None:
        """Why nothing is looked at, where that is so."""
        left = max(self.hold_until, self.key.hold_until) - now
        return f"looks with this key rest for {left:.0f} s more, as the gateway asked" if left > 0 else None
