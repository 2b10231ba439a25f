"""What a look says beside the state of its task: about the task, about the call, or about nothing but the moment."""

from enum import Enum

from tikhub_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    TikHubError,
)

REFUSALS = (AuthenticationError, PermissionDeniedError, QuotaError, BadRequestError, ParameterError, ConfigError)
"""Errors that stay, whatever their status: this gateway says 500 for bad input and 403 for an empty balance."""
MOMENTARY = frozenset({408, 409, 425, 429})
"""The statuses of 4xx that another look may not meet."""


class Verdict(Enum):
    """How a look ended."""

    GOOD = "good"
    """It was answered."""
    LIMITED = "limited"
    """429: all looks with the key rest."""
    TROUBLE = "trouble"
    """The network, a proxy, the gateway in distress: says nothing about the task, look again."""
    STRANGE = "strange"
    """An answer that breaks the contract, or an error with a good status: something is in the way for a moment; if it
    stays, the route is wrong and the wait ends."""
    MISSING = "missing"
    """The gateway does not know the task: normal for a moment after its creation."""
    FINAL = "final"
    """The same answer would come for ever: the wait ends."""


def verdict_on(failure: Exception | None) -> Verdict:
    """What the end of a look says; None is a good one."""
    if failure is None:
        return Verdict.GOOD
    if isinstance(failure, RateLimitError):
        return Verdict.LIMITED
    if isinstance(failure, NotFoundError):
        return Verdict.MISSING
    if isinstance(failure, APIStatusError) and 200 <= failure.status_code < 300:
        return Verdict.STRANGE
    if isinstance(failure, REFUSALS) or not isinstance(failure, TikHubError):
        return Verdict.FINAL
    if isinstance(failure, APIStatusError):
        stays = 400 <= failure.status_code < 500 and failure.status_code not in MOMENTARY
        return Verdict.FINAL if stays else Verdict.TROUBLE
    if isinstance(failure, ProtocolError):
        return Verdict.FINAL if 300 <= (failure.status_code or 0) < 400 else Verdict.STRANGE
    if isinstance(failure, APIConnectionError) and failure.stage == "certificate":
        return Verdict.FINAL
    return Verdict.TROUBLE
