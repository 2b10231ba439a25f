"""Status and code → the error class, and what to do next: the gateway's words and the providers', as tables.

The class is chosen by status first and refined by code, because this software answers bad input with 500, an empty
balance with 403 and an unknown model with 503.
"""

from collections.abc import Mapping

from tikhub_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    RequestTooLargeError,
    UnprocessableEntityError,
)

BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: NotFoundError,
    409: ConflictError,
    413: RequestTooLargeError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    501: NotFoundError,
    503: OverloadedError,
    529: OverloadedError,
}

BAD_INPUT = frozenset(
    {
        "invalid_request", "invalid_json", "missing_model", "invalid_size", "invalid_seconds", "bad_request_body",
        "sensitive_words_detected", "model_price_error", "count_token_failed", "convert_request_failed",
        "build_request_failed", "prompt_blocked", "invalid_api_platform", "task_failed",
    }
)  # fmt: skip
NO_QUOTA = frozenset(
    {"insufficient_user_quota", "pre_consume_token_quota_failed", "insufficient_quota", "insufficient_balance"}
)
NOT_THERE = frozenset({"model_not_found", "task_not_exist", "api_not_implemented", "not_implemented"})
NO_ROOM = frozenset({"system_cpu_overloaded", "system_memory_overloaded", "system_disk_overloaded", "overloaded_error"})

BY_CODE: Mapping[str, type[APIStatusError]] = {
    **dict.fromkeys(BAD_INPUT, BadRequestError),
    **dict.fromkeys(NO_QUOTA, QuotaError),
    **dict.fromkeys(NOT_THERE, NotFoundError),
    **dict.fromkeys(NO_ROOM, OverloadedError),
}
"""Code words that decide whatever the status is; from the gateway software's source and recorded answers."""

BY_STREAM_WORD: Mapping[str, type[APIStatusError]] = {
    "invalid_request_error": BadRequestError,
    "invalid_prompt": BadRequestError,
    "authentication_error": AuthenticationError,
    "billing_error": QuotaError,
    "permission_error": PermissionDeniedError,
    "not_found_error": NotFoundError,
    "request_too_large": RequestTooLargeError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "tokens": RateLimitError,
    "requests": RateLimitError,
    "timeout_error": InternalServerError,
    "api_error": InternalServerError,
    "server_error": InternalServerError,
    "overloaded_error": OverloadedError,
    "service_unavailable": OverloadedError,
    "INVALID_ARGUMENT": BadRequestError,
    "FAILED_PRECONDITION": BadRequestError,
    "UNAUTHENTICATED": AuthenticationError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "NOT_FOUND": NotFoundError,
    "RESOURCE_EXHAUSTED": RateLimitError,
    "UNAVAILABLE": OverloadedError,
    "INTERNAL": InternalServerError,
}
"""Words inside a 200 stream, where no status tells the class."""

HINTS: Mapping[type[APIStatusError], str] = {
    AuthenticationError: "check the key; this gateway also answers 401 when the key's own quota is used up, "
    "and then running tasks cannot be polled until it is topped up",
    QuotaError: "top up the balance or the key's quota in the console",
    RateLimitError: "slow down: fewer calls at once, or a client-side rate limit",
    OverloadedError: "wait and try again; nothing is wrong with the request",
    RequestTooLargeError: "send media by URL instead of inline, or split the request",
    PermissionDeniedError: "the key's model list, group or IP list forbids this call: check them in the console",
}
"""What to do next, by class."""

AT_THE_PROVIDER = frozenset({AuthenticationError, QuotaError, PermissionDeniedError})
"""Classes that speak of the caller's key, or of the gateway's own account at the provider."""

PROVIDERS_HINT = (
    "the provider said so to the gateway, about the gateway's own account: your key is not meant; "
    "quote the request id to the gateway's support"
)
"""The hint of the latter."""

CODE_HINTS: Mapping[str, str] = {
    "model_not_found": "no channel serves this model for this key: check the spelling (client.models.list() shows "
    "what the key may use); sending it again will not help",
    "task_not_exist": "the id is unknown, or belongs to another account; ids are valid for the account that created them",
    "count_token_failed": "the input could not be measured: audio needs a file name with a known suffix "
    "(mp3, wav, flac, m4a, mp4, ogg, …) and decodable content, images must be loadable",
    "sensitive_words_detected": "the gateway's word list refuses this prompt",
    "convert_request_failed": "this route does not serve this model family: use the provider's own route",
    "new_api_panic": "the gateway software failed inside; on remix this means that remix does not work on this gateway",
    "prompt_blocked": "the provider's safety filter blocked the prompt",
}
"""What to do next, by code; goes before the class's hint."""


def code_word(code: str | int | None, type_: str | None) -> str:
    """The word that decides: the code, or what stands in `type` where Claude's shape has no code."""
    return code if isinstance(code, str) else "" if code is not None else type_ or ""
