"""(error, what was sent, how often) → what becomes of the line. Pure.

STOP     the key or its balance: every other line would meet the same
AGAIN    nothing was done, or a chat may be sent once more (`_retry` has the table)
DOUBT    a video may have been created
FAIL     the line has its error
"""

from collections.abc import Callable
from enum import Enum

import msgspec

from tikhub_async._config import RetryPolicy
from tikhub_async._retry import Attempt, Outcome, classify, may_resend, wait_before
from tikhub_async._wire.request import Kind
from tikhub_async.errors import (
    APIError,
    AuthenticationError,
    InDoubtError,
    OverloadedError,
    QuotaError,
    RateLimitError,
    TikHubError,
)

MOST_TRIES = 10
"""Refusals of one line while others get through, after which it fails if its time is up as well; refusals that meet
everybody do not count."""


class Fate(Enum):
    """What becomes of a line after an error."""

    STOP = "stop"
    AGAIN = "again"
    DOUBT = "doubt"
    FAIL = "fail"


class Verdict(msgspec.Struct, frozen=True):
    """What an error means for its line, and for the pace."""

    fate: Fate
    seconds: float = 0.0
    """For AGAIN: until the next attempt."""
    too_fast: bool = False
    """The gateway or the provider wants fewer at once."""
    for_now: bool = False
    """Refused or unreachable for now, which says nothing about the line."""
    doubtful: bool = False
    """The attempt may have been charged."""


def judge(
    error: TikHubError,
    kind: Kind,
    *,
    tries: int,
    doubts: int,
    in_time: bool,
    policy: RetryPolicy,
    random: Callable[[], float],
) -> Verdict:
    """What becomes of a line.

    Args:
        error: How its last attempt ended.
        kind: What the call costs.
        tries: Refusals for now that this line has met while others got through, this one included.
        doubts: Earlier attempts that may have been charged.
        in_time: Whether the line may still be refused for now.
        policy: The client's.
        random: Uniform in [0, 1).
    """
    if isinstance(error, AuthenticationError | QuotaError):
        return Verdict(Fate.STOP)
    if isinstance(error, InDoubtError):
        return Verdict(Fate.DOUBT, doubtful=True)
    if not isinstance(error, APIError):
        return Verdict(Fate.FAIL, doubtful=error.maybe_billed)
    attempt = _attempt(error)
    doubtful = attempt.outcome is Outcome.IN_DOUBT and kind in {Kind.GENERATE, Kind.CREATE}
    too_fast = isinstance(error, RateLimitError | OverloadedError) and not doubtful
    for_now = too_fast or attempt.outcome is Outcome.UNSENT
    enough = tries > MOST_TRIES and not in_time if for_now else tries > policy.max_retries
    if enough or not may_resend(kind, attempt, doubts + doubtful, policy):
        return Verdict(Fate.FAIL, too_fast=too_fast, doubtful=doubtful)
    patient = msgspec.structs.replace(policy, retry_after_cap=float("inf"))
    seconds = wait_before(max(tries, 1), error, patient, random) or 0.0
    return Verdict(Fate.AGAIN, seconds, too_fast=too_fast, for_now=for_now, doubtful=doubtful)


def _attempt(error: APIError) -> Attempt:
    return classify(error, sent=error.attempts > 0)
