"""How fast a batch may go: a gate that finds its width by trying, rates per minute, one hold for all calls of a key.

Two lanes share a key. Interactive calls, made with the client directly, wait for nothing here. Batch calls go through
the gate, which gets narrower by every call that the other lane has in flight, and pay for the other lane's requests
out of their own rate. A 429 that says how long to wait holds both lanes; nothing else does.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import anyio

from tikhub_async._clock import Clock
from tikhub_async.errors import APIStatusError, ConfigError, TikHubError

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async.batch.options import Settings

CUT = 0.85
"""Factor on the width when the gateway says that it was too wide."""
FIRST_GAIN = 0.5
"""How much wider the gate gets per success until it first meets its limit: by half per round trip. Twice as wide would
overshoot by dozens of requests."""
GAIN = 1.0
"""How much wider it gets per round trip without such a word, once it has met its limit …"""
GAIN_PER_SUCCESS = 0.005
"""… and at most per success: a narrow gate would meet its limit again every few requests."""
RESERVED_SHARE = 0.1
RESERVED_LEAST = 4
"""Connections that a batch leaves to the other lane: a share of the pool, and no fewer than this."""
STRIKES = 3
"""Refusals in a row, without a success between them, after which the batch lane holds by itself."""
FIRST_HOLD = 0.5
LONGEST_HOLD = 30.0
"""Seconds of such a hold; it doubles with each further refusal."""
WINDOW = 1.0
"""Seconds of tokens that may go at once."""


class Ticket:
    """A place in the gate."""

    __slots__ = ("held", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.held = True
        """False once the place was given back."""


class Gate:
    """Requests in flight: more while all goes well, fewer at once when the gateway refuses (AIMD)."""

    def __init__(
        self,
        *,
        start: int = 16,
        most: int = 256,
        adaptive: bool = True,
        others: Callable[[], int] = lambda: 0,
    ) -> None:
        """Make one; needs a running loop.

        Args:
            start: Width to begin with.
            most: Greatest width.
            adaptive: False keeps the width at `most`.
            others: Calls of the other lane that are in flight.
        """
        self.most = most
        self.adaptive = adaptive
        self.width = float(min(start, most) if adaptive else most)
        self._others = others
        self._limiter = anyio.CapacityLimiter(max(int(self.width), 1))
        self._waiting = 0
        self._issued = 0
        self._filled = 0
        """Number of the newest ticket with which the gate was full. Only if it was full while a call was in flight does
        its success say that it could be wider."""
        self._cut_at = 0
        self._probing = True

    @property
    def in_flight(self) -> int:
        """Tickets that are out."""
        return self._limiter.borrowed_tokens

    @property
    def places(self) -> float:
        """How many tickets may be out, those of the other lane's calls taken off."""
        return self._limiter.total_tokens

    async def enter(self) -> Ticket:
        """Wait for a place."""
        limiter = self._limiter
        self._fit()
        self._issued += 1
        ticket = Ticket(self._issued)
        taken, places = limiter.borrowed_tokens, limiter.total_tokens
        if taken + 1 >= places:
            self._filled = self._issued
        if taken < places:
            try:
                limiter.acquire_on_behalf_of_nowait(ticket)  # the awaited form costs two turns of the loop
            except anyio.WouldBlock:
                pass  # another batch is waiting
            else:
                return ticket
        self._waiting += 1
        try:
            await limiter.acquire_on_behalf_of(ticket)
        finally:
            self._waiting -= 1
        return ticket

    def keep(self, ticket: Ticket, *, waiting: bool) -> bool:
        """Go on to the next call in the same place, after one that was served.

        Args:
            ticket: The place.
            waiting: Whether the caller itself waits for another place meanwhile.

        Returns: False when the place was given back: the gate is too narrow for it by now, or another batch waits.
        """
        self._served(ticket)
        self._fit()
        taken, places = self._limiter.borrowed_tokens, self._limiter.total_tokens
        if taken > places or self._waiting > waiting:
            self.leave(ticket, refused=None)
            return False
        self._issued += 1
        ticket.number = self._issued
        if taken >= places:
            self._filled = self._issued
        return True

    def leave(self, ticket: Ticket, *, refused: bool | None = False) -> None:
        """Give the place back; a second time does nothing.

        Args:
            ticket: The place.
            refused: True when the gateway said that there were too many; None when the call says nothing of that.
        """
        if not ticket.held:
            return
        ticket.held = False
        if refused:
            self._narrow(ticket)
        elif refused is False:
            self._served(ticket)
        self._limiter.release_on_behalf_of(ticket)
        self._fit()

    def _narrow(self, ticket: Ticket) -> None:
        # Once per round trip: what left before the last cut says nothing about the width since.
        if self.adaptive and ticket.number > self._cut_at:
            self.width = max(1.0, min(self.width, self._limiter.borrowed_tokens) * CUT)
            self._cut_at = self._issued
        self._probing = False

    def _served(self, ticket: Ticket) -> None:
        if self.adaptive and ticket.number <= self._filled and self.width < self.most:
            gain = FIRST_GAIN if self._probing else min(GAIN / self.width, GAIN_PER_SUCCESS)
            self.width = min(self.width + gain, float(self.most))

    def _fit(self) -> None:
        places = max(int(self.width) - self._others(), 1)
        if places != self._limiter.total_tokens:
            self._limiter.total_tokens = places


class Limiter(Protocol):
    """What is used of `aiolimiter.AsyncLimiter`."""

    max_rate: float

    async def acquire(self, amount: float = 1) -> None:
        """Wait until so much may go."""


def make_limiter(rate: float, seconds: float) -> Limiter:
    """A leaky bucket of `rate` per `seconds`.

    Raises:
        ConfigError: aiolimiter is not installed.
    """
    try:
        from aiolimiter import AsyncLimiter
    except ModuleNotFoundError:
        pass
    else:
        return AsyncLimiter(rate, seconds)
    raise ConfigError(
        "rpm and tpm need aiolimiter, which is not installed", hint="pip install 'tikhub-async[batch]'", stage="batch"
    )


class Pacer:
    """The pace of one key on one event loop, shared by all batches that run there."""

    def __init__(self, clock: Clock, session: "Session") -> None:
        self._clock = clock
        self._slots = session.transport.pools().slots
        self._key = session.transport.key_state(session.config.api_key)
        self._requests: Limiter | None = None
        self._tokens: Limiter | None = None
        self._debt = 0.0
        self._strikes = 0
        self._struck_at = 0.0
        self._held_until = 0.0
        self._ours = 0
        self._batches = 0
        self._foreign_paid = self._slots.ever
        self.last_success = clock.now()
        self.successes = 0
        self.refusals = 0
        """429s and the like so far."""
        self.gate = Gate(others=self._others)

    @classmethod
    def of(cls, session: "Session") -> "Pacer":
        """The pacer of a session's key on the running loop."""
        loop = asyncio.get_running_loop()
        pacers = _PACERS.setdefault(loop, {})
        key = id(session.transport.key_state(session.config.api_key))
        if key not in pacers:
            pacers[key] = cls(session.clock, session)
        return pacers[key]

    def join(self, settings: "Settings") -> None:
        """A batch begins: take over its limits. Several at once share the gate; the last one's words count."""
        reserved = max(RESERVED_LEAST, int(self._slots.size * RESERVED_SHARE))
        most = max(1, min(settings.concurrency, self._slots.size - reserved))
        if not self._batches:
            self.gate = Gate(
                start=settings.start_concurrency, most=most, adaptive=settings.adaptive, others=self._others
            )
        self._batches += 1
        self.gate.most = most
        # One request per interval, not sixty per minute at once: a bucket of a minute lets a double minute through.
        self._requests = None if settings.rpm is None else make_limiter(1, 60.0 / settings.rpm)
        self._tokens = None if settings.tpm is None else make_limiter(settings.tpm / 60.0 * WINDOW, WINDOW)
        self._debt = 0.0
        self._foreign_paid = self._slots.ever - self._ours
        self.last_success = self._clock.now()

    def quit(self) -> None:
        """A batch has ended."""
        self._batches -= 1

    def _others(self) -> int:
        return max(self._slots.taken - self.gate.in_flight, 0)

    def now(self) -> float:
        """Seconds of the clock."""
        return self._clock.now()

    # ── before a request ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def held_for(self) -> float:
        """Seconds that nothing may leave, 0 when it may."""
        return max(self._key.hold_until, self._held_until, self._clock.now()) - self._clock.now()

    def admit_at_once(self) -> bool:
        """Whether a request may leave without a wait; it is then counted as having left."""
        now = self._clock.now()
        if (
            self._requests is not None
            or self._tokens is not None
            or now < self._key.hold_until
            or now < self._held_until
        ):
            return False
        self._ours += 1
        return True

    async def admit(self, tokens: float) -> None:
        """Until a request with so many tokens, by estimate, may leave."""
        while (wait := self.held_for) > 0:
            await self._clock.sleep(wait)
        if self._requests is not None:
            await self._take(self._requests, 1.0 + self._foreign())
        if self._tokens is not None:
            wanted, self._debt = tokens + self._debt, 0.0
            if wanted > 0:
                await self._take(self._tokens, wanted)
            else:
                self._debt = wanted  # estimates were too high: the next ones go for less
        self._ours += 1

    def _foreign(self) -> int:
        """Requests of the other lane, looks at tasks and downloads that this lane has not paid for yet."""
        seen = self._slots.ever - self._ours
        unpaid, self._foreign_paid = max(seen - self._foreign_paid, 0), max(seen, self._foreign_paid)
        return unpaid

    async def _take(self, limiter: Limiter, amount: float) -> None:
        while amount > 0:  # in pieces: a bucket refuses more than it holds
            piece = min(amount, limiter.max_rate)
            await limiter.acquire(piece)
            amount -= piece

    # ── after it ────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, estimate: float, used: float) -> None:
        """Tokens that a request really used, against what was taken for it."""
        self._debt += used - estimate

    def succeeded(self) -> None:
        """The gateway served a call."""
        self._strikes = 0
        self.successes += 1
        self.last_success = self._clock.now()

    def refused(self, error: TikHubError, sent_at: float) -> None:
        """The gateway, or the network before it, refused a call for now: hold when it says so, or does so repeatedly.

        Args:
            error: What it said.
            sent_at: When the call left. Calls that left before the last strike are part of it.
        """
        self.refusals += 1
        now = self._clock.now()
        if sent_at >= self._struck_at:
            self._strikes += 1
            self._struck_at = now
        asked = error.retry_after if isinstance(error, APIStatusError) else None
        if asked:
            self._key.hold_until = max(self._key.hold_until, now + asked)
        elif self._strikes >= STRIKES and now >= self._held_until:
            hold = min(FIRST_HOLD * 2.0 ** min(self._strikes - STRIKES, 10), LONGEST_HOLD)
            self._held_until = now + hold

    @property
    def silent_for(self) -> float:
        """Seconds since the last success, or since the batch began."""
        return self._clock.now() - self.last_success


_PACERS: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Pacer]]" = WeakKeyDictionary()
