"""Looks with one key: which tasks are due, how many looks a second, and rest when the gateway asks for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tikhub_async._tasks.agenda import Agenda, Ticket
from tikhub_async._tasks.verdict import Verdict
from tikhub_async.errors import APIStatusError, TikHubError

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

    A hold stops all looks with the key. After it a single look is sent, and the others follow once that is answered.
    """

    __slots__ = (
        "at", "budget", "due", "failures", "hold_until", "in_flight", "key", "next_slot", "random", "strikes", "ticket",
    )  # fmt: skip

    def __init__(self, key: "KeyState", budget: float, random: Callable[[], float]) -> None:
        self.key = key
        """What calls of any kind share: a 429 with `Retry-After` on one of them holds looks as well."""
        self.budget = budget
        self.random = random
        self.due: "Agenda[Entry]" = Agenda()
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

    def ready_at(self) -> float:
        """When the next look may start."""
        if self.strikes and self.in_flight:
            return float("inf")
        return max(self.due.first, self.next_slot, self.hold_until, self.key.hold_until)

    def take(self, now: float) -> "Entry":
        """The task that has waited longest; counts against the budget."""
        self.next_slot = max(self.next_slot, now - SLACK) + 1.0 / self.budget
        self.in_flight += 1
        return self.due.pop()

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
        return not self.due and not self.in_flight and now >= max(self.next_slot, self.hold_until)

    def reason(self, now: float) -> str | None:
        """Why nothing is looked at, where that is so."""
        left = max(self.hold_until, self.key.hold_until) - now
        return f"looks with this key rest for {left:.0f} s more, as the gateway asked" if left > 0 else None


__all__ = ["Lane", "TikHubError"]
