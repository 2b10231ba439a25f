"""(status, headers, body) → nothing wrong, or the one right error.

What the gateway's errors look like is in `problem`, which class each of them has in `error_table`, and what they mean
for money in `billing`.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.billing import UNPAID
from tikhub_async._wire.error_table import (
    AT_THE_PROVIDER,
    BY_CODE,
    BY_STATUS,
    BY_STREAM_WORD,
    CODE_HINTS,
    HINTS,
    PROVIDERS_HINT,
    code_word,
)
from tikhub_async._wire.problem import ERROR_BODY_LIMIT, Problem, is_success, problem_in, read_problem
from tikhub_async._wire.request import Kind, Request
from tikhub_async.errors import (
    APIStatusError,
    BadRequestError,
    InternalServerError,
    ProtocolError,
    QuotaError,
    TikHubError,
    shorten,
)
from tikhub_async.types._base import Headers, Response, is_object, request_id_of


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
    if _may_report(body):
        problem = _quick_problem(body, look=request.endpoint.kind is Kind.READ)
        if problem is not None and problem.recognised:
            return status_error(status, headers, problem, request)
    return None


def _may_report(body: bytes) -> bool:
    """Whether an error may stand in a body. To decode a small one costs as much as one search through it."""
    # Of a long one the edges: a message of any length stands between them.
    return len(body) < LONG or bool(TELLTALE.search(body, 0, LONG) or TELLTALE.search(body, len(body) - 256))


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
    if not failed and (is_success(shape.code) or shape.message is None):
        return None
    return read_problem(body)


LONG = 4096
TELLTALE = re.compile(rb'"(?:error|code|success)"')


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
    error.attempts, error.maybe_billed = response.attempts, request.endpoint.kind.is_paid
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
