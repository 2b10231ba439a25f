"""Rows that many exchanges share. What stands here was read from the exchanges; nothing was taken from a run."""

from typing import Any

from tests.conformance.outcomes import Facts, Gives, Raises, Tells
from tikhub_async.errors import (
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    StreamInterrupted,
)
from tikhub_async.types.chat import ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.gemini import GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject

TEXT = "Hello from upstream."
"""What the scripted providers of the recording said."""
PROVIDERS = "about the gateway's own account"
"""Words of the hint where a provider refused the gateway and not the caller."""


def chat(finish: str | None = "stop", text: str = TEXT, total: int | None = 14, **more: Any) -> Gives:
    """A completion; `total` are its tokens, None where the stream told none."""
    facts: Facts = {"text": text, "choices.0.finish_reason": finish}
    usage: Facts = {"usage": None} if total is None else {"usage.total_tokens": total}
    return Gives(ChatCompletionResponse, {**facts, **usage, **_paths(more)})


def message(stop: str | None = "end_turn", text: str = TEXT, output: int | None = 5, **more: Any) -> Gives:
    """A message of Claude's protocol; `output` are its output tokens, None where unknown."""
    usage: Facts = {"usage": None} if output is None else {"usage.output_tokens": output}
    return Gives(ClaudeMessageResponse, {"text": text, "stop_reason": stop, **usage, **_paths(more)})


def content(finish: str = "STOP", text: str = TEXT, total: int | None = 14, **more: Any) -> Gives:
    """A Gemini response."""
    facts: Facts = {"text": text, "candidates.0.finish_reason": finish, "usage_metadata.total_token_count": total}
    return Gives(GeminiGenerateContentResponse, {**facts, **_paths(more)})


def response(status: str = "completed", text: str | None = TEXT, total: int | None = 14, **more: Any) -> Gives:
    """A response object."""
    facts: Facts = {"status": status, "usage.total_tokens": total, **({} if text is None else {"text": text})}
    return Gives(ResponseObject, {**facts, **_paths(more)})


def _paths(more: dict[str, Any]) -> Facts:
    """Keywords as paths: two underscores stand for a dot."""
    return {name.replace("__", "."): value for name, value in more.items()}


def cut(text: str | None, says: str = "", **more: Any) -> Raises:
    """A stream that ended before its protocol's end, with this text."""
    facts = {**({} if text is None else {"text": text}), **_paths(more)}
    return Raises(StreamInterrupted, says=says or "protocol's end", billed=True, partial=facts)


def nothing(total: int) -> Raises:
    """A chat stream that ended in order and holds no answer, only the gateway's own count of the prompt."""
    return Raises(
        ProtocolError,
        200,
        says="the stream holds no answer",
        hint="its filter blocked the prompt without saying so",
        billed=True,
        partial={"text": "", "usage.total_tokens": total},
    )


EMPTY = Raises(ProtocolError, 200, says="the stream is empty", hint="sent nothing through the gateway", billed=True)
"""A stream without a single event."""
PAGE = Raises(ProtocolError, 200, says="the answer is an HTML page", hint="dashboard page", requests=3)
"""The dashboard's page in answer to a look, which is asked again: a proxy may be in the way for a moment."""
PAID_PAGE = Raises(ProtocolError, 200, says="the answer is an HTML page", hint="dashboard page", billed=True)
UNASKED = Raises(ProtocolError, 200, says="an event stream although none was asked for", hint=".stream(", billed=True)
UNSTREAMED = Raises(ProtocolError, 200, says="not an event stream", hint="call .create(", billed=True)

NO_KEY = Raises(AuthenticationError, 401, hint="check the key")
FORBIDDEN = Raises(PermissionDeniedError, 403, hint="IP list")
NO_ADDRESS = Raises(PermissionDeniedError, 403, "access_denied", hint="IP list")
NO_MODEL = Raises(NotFoundError, 503, "model_not_found", hint="sending it again will not help")
NO_URL = Raises(NotFoundError, 404)
NO_TASK = Raises(NotFoundError, 400, "task_not_exist", hint="another account")
BAD = Raises(BadRequestError, 400)
INVALID = Raises(BadRequestError, 500, "invalid_request")
WORDS = Raises(BadRequestError, 500, "sensitive_words_detected", hint="word list")
GUARD = Raises(OverloadedError, 503, "system_disk_overloaded", requests=3, hint="wait and try again")
UNREACHED = Raises(InternalServerError, 500, "do_request_failed", requests=2, billed=True)
GARBLED = Raises(InternalServerError, 500, "bad_response_body", requests=2, billed=True)
EMPTY_429 = Raises(RateLimitError, 429, says="the body is empty", requests=3, hint="slow down")

QUEUED = Tells("queued", "queued", 0)
"""A creation that was taken: the answer of every video family."""


def limited(code: str | int | None = "rate_limit_exceeded") -> Raises:
    """A provider's 429: asked again twice."""
    return Raises(RateLimitError, 429, code, requests=3, hint="slow down")


def failed(status: int, code: str | int | None = None) -> Raises:
    """A provider's own error with 500, 502, 503 or 529: it did no work, so it is asked again twice."""
    kind = OverloadedError if status in {503, 529} else InternalServerError
    return Raises(kind, status, code, requests=3, billed=True)


def unclear(status: int, code: str | int | None = None) -> Raises:
    """A failure that says nothing about the work: asked once more, unless the caller opted out."""
    kind = OverloadedError if status == 503 else InternalServerError
    return Raises(kind, status, code, requests=2, billed=True)


LOST = unclear(500)
"""On /v1/messages the gateway's own code is lost: bad input, or a provider out of reach, all say `new_api_error`."""
