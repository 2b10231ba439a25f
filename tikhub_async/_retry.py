"""(kind of call, what happened so far) → seconds to wait before sending again, or None. Pure.

Every attempt ends in one outcome:

    UNSENT     nothing left the machine: DNS, refused, TLS, no free connection
    REJECTED   the gateway said no in its own words, before any paid work
    OK         a usable answer
    IN_DOUBT   everything else: the work may have been done, and charged

What may be sent again:

    kind       UNSENT   429    overloaded, provider's own 5xx   IN_DOUBT
    CREATE     yes      yes    no                                never
    GENERATE   yes      yes    yes                               once, unless opted out; never after a read timeout
    READ       yes      yes    yes                               yes, until the deadline
    DELETE     yes      yes    yes                               yes

An answer that comes again every time is not asked for again: an error with a good status, a page instead of JSON, a head
that cannot be read. Looks alone try those once or twice more, since a proxy may be in the way for a moment.
"""

from collections.abc import Callable
from enum import Enum

import msgspec

from tikhub_async._config import RetryPolicy
from tikhub_async._wire.billing import failed_without_work, refused
from tikhub_async._wire.request import Kind
from tikhub_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigError,
    OverloadedError,
    ProtocolError,
    RateLimitError,
    TikHubError,
)

READ_ATTEMPTS = 100
"""Bound on looks that the deadline alone should end; keeps a clock that stands still from spinning."""


class Outcome(Enum):
    """How an attempt ended."""

    UNSENT = "unsent"
    REJECTED = "rejected"
    OK = "ok"
    IN_DOUBT = "in doubt"


class Attempt(msgspec.Struct, frozen=True):
    """One failed attempt."""

    outcome: Outcome
    error: TikHubError


def classify(error: TikHubError, *, sent: bool) -> Attempt:
    """The outcome that an attempt's error stands for.

    Args:
        error: The error, as decoded from the answer or made from the transport's.
        sent: False when nothing of the request left the machine.
    """
    if not sent:
        return Attempt(Outcome.UNSENT, error)
    if isinstance(error, RateLimitError) or refused(error):
        return Attempt(Outcome.REJECTED, error)
    return Attempt(Outcome.IN_DOUBT, error)


def may_resend(kind: Kind, attempt: Attempt, doubts: int, policy: RetryPolicy) -> bool:
    """Whether the table above allows another attempt.

    Args:
        kind: What the call costs.
        attempt: The last attempt.
        doubts: Attempts of this call so far that ended in doubt, the last one included.
        policy: The client's.
    """
    error = attempt.error
    if attempt.outcome is Outcome.UNSENT:
        return not _certain(error)
    if isinstance(error, APIStatusError) and 200 <= error.status_code < 300:
        return False
    if isinstance(error, RateLimitError):
        return True
    if kind is Kind.CREATE:
        return False
    if attempt.outcome is Outcome.REJECTED:
        return isinstance(error, OverloadedError)
    if isinstance(error, ProtocolError) and (200 <= error.status_code < 300 or not error.status_code):
        return kind is Kind.READ and doubts <= policy.max_retries
    if kind in {Kind.READ, Kind.DELETE}:
        return True
    if isinstance(error, APITimeoutError):
        return False  # it may still be running, and would run, and cost, twice
    if failed_without_work(error):
        return True
    return policy.resend_ambiguous and doubts <= 1


def _certain(error: TikHubError) -> bool:
    """A certificate that is wrong stays wrong, and so does an option."""
    return isinstance(error, ConfigError) or (isinstance(error, APIConnectionError) and error.stage == "certificate")


def limit_of(kind: Kind, policy: RetryPolicy, asked: int | None) -> int:
    """Attempts after the first one."""
    if asked is not None:
        return asked
    return READ_ATTEMPTS if kind is Kind.READ and policy.max_retries else policy.max_retries


def wait_before(attempts: int, error: TikHubError, policy: RetryPolicy, random: Callable[[], float]) -> float | None:
    """Seconds before the next attempt: full jitter under a doubling ceiling, never less than the server asked for.

    Args:
        attempts: Attempts made so far, >= 1.
        error: The last error.
        policy: The client's.
        random: Uniform in [0, 1).

    Returns:
        None when the server asked for more than the policy's cap: waiting is then the caller's decision.
    """
    ceiling = min(policy.cap, policy.base * 2.0 ** min(attempts - 1, 30))
    backoff = ceiling * random()
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    if asked is None:
        return backoff
    if asked > policy.retry_after_cap:
        return None
    return asked + min(backoff, 1.0)


class RetryQuota:
    """Tokens that retries spend and successes give back, so that an outage does not multiply the load.

    One per client and key; a client has one origin. With 100 tokens, 10,000 calls into a dead gateway send 10,100 requests, not 30,000.
    """

    def __init__(self, capacity: float = 100.0, refund: float = 0.2) -> None:
        self.capacity = capacity
        self.tokens = capacity
        self._refund = refund

    def spend(self) -> bool:
        """Take a token for one retry; False when none is left."""
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def give_back(self) -> None:
        """Return the token of a retry that was not sent after all."""
        self.tokens = min(self.capacity, self.tokens + 1.0)

    def succeed(self, retries: int) -> None:
        """Give back after a success: what its retries spent, and a little for the good news."""
        if self.tokens < self.capacity:
            self.tokens = min(self.capacity, self.tokens + retries + self._refund)
