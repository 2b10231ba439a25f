"""An error body → what it says.

Shapes seen on this gateway, all read by `read_problem`:

    {"error": {"message", "type", "param", "code"}}   gateway and OpenAI, on every route; code may be str, int, null
    {"error": "text"}                                  some proxies
    {"type": "error", "error": {"type", "message"}}   Claude, after routing
    {"code": "word", "message", "data": null}         task routes; code 0 or "success" is no error
    {"success": false, "message"}                     account routes
    {"description", "code"}                           one sister gateway
    HTML, plain text, nothing                         proxies, and unknown paths (200 with the dashboard's page)

Which class each of them has is in `error_table`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.error_table import BY_CODE
from tikhub_async.errors import shorten
from tikhub_async.types._base import is_array, is_object

ERROR_BODY_LIMIT = 64 * 1024
"""Bytes of an error body that are read and kept."""


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
    if ("message" in data or "description" in data) and not is_success(code) and "id" not in data:
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


def is_success(code: Any) -> bool:
    """Whether a `code` beside a message says that nothing is wrong; an absent one does."""
    if isinstance(code, bool):
        return code
    return code is None or (isinstance(code, str | int | float) and code in {"success", "", "SUCCESS", 0})


def _message(data: Mapping[str, Any]) -> str:
    return next((text for key in ("message", "description", "msg") if isinstance(text := data.get(key), str)), "")


def _code(code: Any) -> str | int | None:
    return code if isinstance(code, str | int) and code != "" else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
