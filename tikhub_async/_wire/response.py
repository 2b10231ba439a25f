"""(status, headers, body) → nothing wrong, or the one right error: all knowledge of the gateway's error shapes.

Shapes seen on this gateway, all read by `read_problem`:

    {"error": {"message", "type", "param", "code"}}   gateway and OpenAI, on every route; code may be str, int, null
    {"error": "text"}                                  some proxies
    {"type": "error", "error": {"type", "message"}}   Claude, after routing
    {"code": "word", "message", "data": null}         task routes; code 0 or "success" is no error
    {"success": false, "message"}                     account routes
    {"description", "code"}                           one sister gateway
    HTML, plain text, nothing                         proxies, and unknown paths (200 with the dashboard's page)

The class is chosen by status first and refined by code, because this software answers bad input with 500, an empty
balance with 403 and an unknown model with 503.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.request import Kind, Request
from tikhub_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContentFilterError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    RequestTooLargeError,
    TikHubError,
    UnprocessableEntityError,
    shorten,
)
from tikhub_async.types._base import Headers, Response, is_array, is_object, request_id_of

ERROR_BODY_LIMIT = 64 * 1024
"""Bytes of an error body that are read and kept."""

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

UNPAID = (BadRequestError, AuthenticationError, QuotaError, PermissionDeniedError, NotFoundError, RateLimitError)
"""Refusals: where nothing came before them, no work was done."""

BY_CODE: Mapping[str, type[APIStatusError]] = {
    **dict.fromkeys(BAD_INPUT, BadRequestError),
    **dict.fromkeys(NO_QUOTA, QuotaError),
    **dict.fromkeys(NOT_THERE, NotFoundError),
    **dict.fromkeys(NO_ROOM, OverloadedError),
}
"""Code words that decide whatever the status is (gateway.md §4, §5 and recorded answers)."""

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

AFTER_THE_PROVIDER = (
    "do_request_failed",
    "bad_response",
    "read_response_body_failed",
    "invalid_response",
    "unmarshal_response",
    "empty_response",
)
"""Prefixes of codes that the gateway raises once it has called the provider: the work may exist, and be charged."""

HINTS: Mapping[type[APIStatusError], str] = {
    AuthenticationError: "check the key; this gateway also answers 401 when the key's own quota is used up, "
    "and then running tasks cannot be polled until it is topped up",
    QuotaError: "top up the balance or the key's quota in the console",
    RateLimitError: "slow down: fewer calls at once, or a client-side rate limit",
    OverloadedError: "wait and try again; nothing is wrong with the request",
    RequestTooLargeError: "send media by URL instead of inline, or split the request",
    PermissionDeniedError: "the key's model list, group or IP list forbids this call: check them in the console",
}
AT_THE_PROVIDER = frozenset({AuthenticationError, QuotaError, PermissionDeniedError})
PROVIDERS_HINT = (
    "the provider said so to the gateway, about the gateway's own account: your key is not meant; "
    "quote the request id to the gateway's support"
)
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


class Problem(msgspec.Struct, frozen=True):
    """What an error body says, whatever its shape."""

    message: str = ""
    code: str | int | None = None
    type: str | None = None
    param: str | None = None
    body: Any = None
    """The decoded body, its text where it was not JSON, None where empty."""
    in_claude_shape: bool = False
    """True for `{"type": "error", "error": …}`, which has no place for a code."""
    recognised: bool = False
    """True when the body is one of the gateway's or a provider's own error objects."""


def read_problem(body: bytes) -> Problem | None:
    """What an error body says; None when it is JSON that reports no error."""
    stripped = body.strip()
    if not stripped:
        return Problem("the body is empty")
    try:
        data = codec.loads(stripped)
    except (ValueError, RecursionError):
        text = stripped[:ERROR_BODY_LIMIT].decode("utf-8", "replace")
        return Problem(shorten(text), body=text)
    return problem_in(data)


def problem_in(data: Any) -> Problem | None:
    """The error that decoded JSON reports, or None."""
    if is_array(data) and len(data) == 1:
        data = data[0]  # Google without alt=sse wraps its error object in an array
    if not is_object(data):
        return Problem(f"the body is not a JSON object: {shorten(repr(data))}", body=data)
    error = data.get("error")
    if is_object(error):
        return _from_error_object(error, data)
    if isinstance(error, str) and error:
        return Problem(error, _code(data.get("code")), _text(data.get("type")), None, data, recognised=True)
    if data.get("type") == "error" and "message" in data:  # the flat error event of /v1/responses
        return _from_error_object(data, data)
    if data.get("success") is False:
        return Problem(_message(data), _code(data.get("code")), None, None, data, recognised=True)
    code = data.get("code")
    if ("message" in data or "description" in data) and not _is_success(code) and "id" not in data:
        return Problem(_message(data), _code(code), None, None, data, recognised=True)
    return None


def _from_error_object(error: Mapping[str, Any], whole: Any) -> Problem:
    word = _text(error.get("type")) or _text(error.get("status"))
    message = _message(error)
    return Problem(
        message,
        _code(error.get("code")) or (_code_in(message) if word == "new_api_error" else None),
        word,
        _text(error.get("param")),
        whole,
        in_claude_shape=is_object(whole) and whole.get("type") == "error" and "error" in whole,
        recognised=True,
    )


def _code_in(message: str) -> str | None:
    """The code that an error's message consists of: Claude's shape has no other place for it."""
    text = message.partition(" (request id: ")[0]
    return text if text in BY_CODE else None


def _is_success(code: Any) -> bool:
    if isinstance(code, bool):
        return code
    return code is None or (isinstance(code, str | int | float) and code in {"success", "", "SUCCESS", 0})


def _message(data: Mapping[str, Any]) -> str:
    return next((text for key in ("message", "description", "msg") if isinstance(text := data.get(key), str)), "")


def _code(code: Any) -> str | int | None:
    return code if isinstance(code, str | int) and code != "" else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def error_of(status: int, headers: Headers, body: bytes, request: Request) -> TikHubError | None:
    """The error that an answer is, or None when it is a good one.

    An answer is an error by status, by an error object in a 2xx body, or by not being JSON where JSON is due.
    """
    if 200 <= status < 300:
        return _error_in_success(status, headers, body, request)
    if 300 <= status < 400:
        return _protocol_error(
            f"the gateway answered with a redirect ({status})",
            status, headers, b"", request, "check base_url: API calls do not follow redirects",
        )  # fmt: skip
    problem = read_problem(body) or Problem(body=body[:ERROR_BODY_LIMIT].decode("utf-8", "replace"))
    return status_error(status, headers, problem, request)


def _error_in_success(status: int, headers: Headers, body: bytes, request: Request) -> TikHubError | None:
    if body[:1] != b"{" and (broken := _not_json(status, headers, body, request)) is not None:
        return broken
    # Only small objects can be mere errors; the good case must not pay for a second decoding.
    if b'"error"' in body[:4096] or (len(body) < 1024 and (b'"code"' in body or b'"success"' in body)):
        problem = _quick_problem(body, look=request.endpoint.kind is Kind.READ)
        if problem is not None and problem.recognised:
            return status_error(status, headers, problem, request)
    return None


def _not_json(status: int, headers: Headers, body: bytes, request: Request) -> ProtocolError | None:
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body.strip():
        return _protocol_error("the answer is empty", status, headers, body, request, _EMPTY_HINT)
    if content_type == "text/html" or body.lstrip()[:1] == b"<":
        return _protocol_error("the answer is an HTML page", status, headers, body, request, _HTML_HINT)
    if content_type == "text/event-stream" and not request.stream:
        return _protocol_error(
            "the answer is an event stream although none was asked for", status, headers, body, request, _SSE_HINT
        )
    return None


def _quick_problem(body: bytes, *, look: bool) -> Problem | None:
    try:
        shape = _SHAPE.decode(body)
    except codec.FAILURES:
        return None  # left to the decoder of the endpoint's type, which says where it breaks
    if look and shape.is_a_task:
        return None  # the error is the task's, not the call's: the provider's table reads it
    if shape.object == "response" and shape.status == "failed":
        return None  # a response that says itself how it failed: its endpoint raises, and keeps it
    failed = _truthy(shape.error) or shape.success is False or shape.type == "error"
    if not failed and (_is_success(shape.code) or shape.message is None):
        return None
    return read_problem(body)


class _Shape(msgspec.Struct):
    object: Any = None
    error: Any = None
    success: Any = None
    type: Any = None
    code: Any = None
    message: Any = None
    id: Any = None
    task_id: Any = None
    name: Any = None
    done: Any = None
    status: Any = None
    data: Any = None

    @property
    def is_a_task(self) -> bool:
        """True for an answer about a task, good or bad; Kling's number in `code` is judged with the task too."""
        facts = (self.id, self.task_id, self.name, self.done, self.status)
        return any(fact is not None for fact in facts) or is_object(self.data) or isinstance(self.code, int)


_SHAPE = msgspec.json.Decoder(_Shape)


def _truthy(error: Any) -> bool:
    """False for the `null` and empty error objects that good task answers carry."""
    if is_object(error):
        return any(error.values())
    return bool(error)


_EMPTY_HINT = "the provider sent nothing through the gateway; it may have been billed"
_HTML_HINT = (
    "this gateway answers unknown paths with its dashboard page: check base_url, and the route "
    "(client.with_options(routes={name: path}) replaces it)"
)
_NO_SSE_HINT = "the provider does not stream this; call .create(…) for this model"
_SSE_HINT = "the provider streamed; call .stream(…).final() for this model"


def _protocol_error(
    message: str, status: int, headers: Headers, body: bytes, request: Request, hint: str
) -> ProtocolError:
    text = body[:ERROR_BODY_LIMIT].decode("utf-8", "replace")
    return ProtocolError(
        f"{message}{f': {shorten(text)!r}' if text.strip() else ''}",
        status_code=status,
        body=text,
        headers=headers,
        hint=hint,
        where=request.where,
        request_id=request_id_of(headers),
    )


def not_a_stream(status: int, headers: Headers, body: bytes, request: Request) -> ProtocolError:
    """The error for a good answer that is no event stream although one was asked for."""
    return _protocol_error("the answer is not an event stream", status, headers, body, request, _NO_SSE_HINT)


def empty_answer(member: str, response: Response, request: Request) -> ProtocolError:
    """The error for a decoded answer that lacks its one essential member."""
    error = _protocol_error(
        f"the answer has no {member}",
        response.meta.status_code, response.headers, response.meta.body or b"", request, _EMPTY_HINT,
    )  # fmt: skip
    error.attempts, error.maybe_billed = response.attempts, True
    return error


def status_error(status: int, headers: Headers, problem: Problem, request: Request) -> APIStatusError:
    """The `APIStatusError` for an answer's status and what its body says."""
    kind = class_of(status, problem)
    word = f" {problem.code}" if problem.code is not None else ""
    # Some gateway errors repeat the code as the message.
    said = f": {shorten(problem.message)}" if problem.message and problem.message != problem.code else ""
    return kind(
        f"{status}{word}{said}",
        status_code=status,
        code=problem.code,
        type=problem.type,
        param=problem.param,
        body=problem.body,
        headers=headers,
        retry_after=retry_after(headers.get("retry-after"), now=_date_of(headers)),
        hint=_hint(kind, problem),
        where=request.where,
        request_id=request_id_of(headers),
    )


def class_of(status: int, problem: Problem) -> type[APIStatusError]:
    """The error class by status, refined by code; by the words alone where the status says 2xx."""
    by_code = BY_CODE.get(code_word(problem.code, problem.type))
    if problem.type == "new_api_error" and problem.code is None and status == 403 and problem.in_claude_shape:
        return QuotaError  # the one 403 that the gateway raises after routing, where Claude's shape loses its code
    if by_code is not None and not (by_code is QuotaError and status == 429):
        return by_code
    if 200 <= status < 300:
        words = (problem.type, problem.code)
        found = (BY_STREAM_WORD[word] for word in words if isinstance(word, str) and word in BY_STREAM_WORD)
        numeric = BY_STATUS.get(problem.code) if isinstance(problem.code, int) else None
        return next(found, numeric or InternalServerError)
    if status in BY_STATUS:
        return BY_STATUS[status]
    return BadRequestError if status < 500 else InternalServerError


def code_word(code: str | int | None, type_: str | None) -> str:
    """The word that decides: the code, or what stands in `type` where Claude's shape has no code."""
    return code if isinstance(code, str) else "" if code is not None else type_ or ""


def _hint(kind: type[APIStatusError], problem: Problem) -> str | None:
    word = code_word(problem.code, problem.type)
    if word not in CODE_HINTS and kind in AT_THE_PROVIDER and _is_the_providers(problem, word):
        return PROVIDERS_HINT
    return CODE_HINTS.get(word) or HINTS.get(kind)


def _is_the_providers(problem: Problem, word: str) -> bool:
    """Whether the provider refused: what the gateway itself says of keys and balances has the type `new_api_error`."""
    return word == "fail_to_fetch_task" or problem.type not in {None, "new_api_error"}


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a `Retry-After` header, given as seconds or as a date; None when absent or garbage.

    Args:
        value: The header.
        now: What the server takes for the time; this machine's clock may be hours off.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        when = _date(value)
        if when is None:
            return None
        seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return seconds if 0 <= seconds < float("inf") else (0.0 if seconds < 0 else None)


def _date_of(headers: Headers) -> datetime | None:
    """The server's time, where it is asked for."""
    return _date(headers.get("date", "")) if "retry-after" in headers else None


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def reported_error(
    event: Any, headers: Headers, request: Request, partial: Any, *, stage: str = "stream"
) -> APIStatusError:
    """The error that a 200 answer reports inside: an error event, an unframed JSON error, a failed response."""
    problem = problem_in(event) or Problem(f"an error event without a message: {shorten(repr(event))}", body=event)
    error = status_error(200, headers, problem, request)
    error.message = f"error in the {stage}{error.message.removeprefix('200')}"
    error.stage = stage
    error.partial = partial
    error.attempts = 1
    error.maybe_billed = partial is not None or not isinstance(error, UNPAID)
    return error


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
    return code in BY_CODE or code in _BEFORE_THE_PROVIDER or (error.type == "new_api_panic" and _is_remix(error))


def failed_without_work(error: TikHubError) -> bool:
    """True for an error object of the provider's own with a 5xx: it did no work, so asking again is not paying again.

    504 and 524 are left out: a time-out on the way says nothing about the work.
    """
    if not isinstance(error, OverloadedError | InternalServerError) or not isinstance(error.body, dict):
        return False
    word = code_word(error.code, error.type)
    gateways_own = word.startswith(("new_api_", *AFTER_THE_PROVIDER))
    return error.status_code in {500, 502, 503, 529} and not gateways_own


_BEFORE_THE_PROVIDER = frozenset(
    {"get_channel_failed", "access_denied", "task_channel_disable", "read_request_body_failed"}
)


def _is_remix(error: TikHubError) -> bool:
    # Recorded: remix panics before it reaches the provider, for every task.
    return error.where is not None and "remix" in error.where
