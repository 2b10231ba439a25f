"""What an error means for money: whether a provider may have done, and charged, the work."""

from tikhub_async._wire.error_table import BY_CODE, code_word
from tikhub_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    TikHubError,
)

UNPAID = (BadRequestError, AuthenticationError, QuotaError, PermissionDeniedError, NotFoundError, RateLimitError)
"""Refusals: where nothing came before them, no work was done."""

AFTER_THE_PROVIDER = (
    "do_request_failed",
    "bad_response",
    "read_response_body_failed",
    "invalid_response",
    "unmarshal_response",
    "empty_response",
)
"""Prefixes of codes that the gateway raises once it has called the provider: the work may exist, and be charged."""

BEFORE_THE_PROVIDER = frozenset(
    {"get_channel_failed", "access_denied", "task_channel_disable", "read_request_body_failed"}
)
"""Codes beside those of `BY_CODE` that it raises before."""


def refused(error: TikHubError) -> bool:
    """True when the gateway said no in its own words before any provider did paid work."""
    if isinstance(error, ContentFilterError):
        return True
    if not isinstance(error, APIStatusError):
        return isinstance(error, ProtocolError) and 300 <= error.status_code < 500
    code = code_word(error.code, error.type)
    providers_4xx = code == "bad_response_status_code" and 400 <= error.status_code < 500
    if code.startswith(AFTER_THE_PROVIDER) and not providers_4xx:
        return False
    if error.status_code in {408, 409, 425}:
        return False
    if 400 <= error.status_code < 500:
        return True
    if error.status_code == 503 and code == "new_api_error":
        return True  # the overload guard as /v1/messages shows it: of its own 503s only that one has no code
    if code == "fail_to_fetch_task":
        return False  # the provider's 5xx, or a 2xx the gateway did not understand
    if 200 <= error.status_code < 300:
        return True  # an error object in the place of the task: the provider refused, and the gateway passed it on
    return code in BY_CODE or code in BEFORE_THE_PROVIDER or (error.type == "new_api_panic" and _is_remix(error))


def failed_without_work(error: TikHubError) -> bool:
    """True for an error object of the provider's own with a 5xx: it did no work, so asking again is not paying again.

    504 and 524 are left out: a time-out on the way says nothing about the work.
    """
    if not isinstance(error, OverloadedError | InternalServerError) or not isinstance(error.body, dict):
        return False
    word = code_word(error.code, error.type)
    gateways_own = word.startswith(("new_api_", *AFTER_THE_PROVIDER))
    return error.status_code in {500, 502, 503, 529} and not gateways_own


def _is_remix(error: TikHubError) -> bool:
    # Recorded: remix panics before it reaches the provider, for every task.
    return error.where is not None and "remix" in error.where
