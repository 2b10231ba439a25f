"""Error bodies: every shape this gateway has, read by status and code into the one right class."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async import errors
from tikhub_async._config import make_config
from tikhub_async._wire.billing import refused
from tikhub_async._wire.request import Endpoint, Kind, build
from tikhub_async._wire.response import error_of, reported_error, retry_after
from tikhub_async.types._base import Headers

CONFIG = make_config(api_key="sk-x")
CHAT = build(Endpoint(name="openai.chat", method="POST", path="/v1/x", kind=Kind.GENERATE), CONFIG, {}, body={})
LOOK = build(Endpoint(name="sora.retrieve", method="GET", path="/v1/x", kind=Kind.READ), CONFIG, {})


def found(
    status: int, body: Any, content_type: str = "application/json", request: Any = CHAT
) -> errors.TikHubError | None:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return error_of(status, Headers.of({"Content-Type": content_type, "X-Oneapi-Request-Id": "q"}), data, request)


def openai(message: str = "m", code: Any = "", type_: str = "new_api_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": "", "code": code}}


CLASSES: list[tuple[int, Any, type[errors.TikHubError], Any]] = [
    (400, openai(), errors.BadRequestError, None),
    (401, openai("无效的令牌"), errors.AuthenticationError, None),
    (402, openai(code="insufficient_balance"), errors.QuotaError, "insufficient_balance"),
    (403, openai(), errors.PermissionDeniedError, None),
    (403, openai(code="access_denied"), errors.PermissionDeniedError, "access_denied"),
    (403, openai(code="insufficient_user_quota"), errors.QuotaError, "insufficient_user_quota"),
    (403, openai(code="pre_consume_token_quota_failed"), errors.QuotaError, "pre_consume_token_quota_failed"),
    (403, {"type": "error", "error": {"type": "new_api_error", "message": "m"}}, errors.QuotaError, None),
    (403, {"type": "error", "error": {"type": "<nil>", "message": "m"}}, errors.PermissionDeniedError, None),
    (404, openai(), errors.NotFoundError, None),
    (409, openai(), errors.ConflictError, None),
    (413, openai(code="read_request_body_failed"), errors.RequestTooLargeError, "read_request_body_failed"),
    (422, openai(), errors.UnprocessableEntityError, None),
    (429, openai(code="rate_limit_exceeded"), errors.RateLimitError, "rate_limit_exceeded"),
    (429, b"", errors.RateLimitError, None),
    (429, openai(code="insufficient_quota"), errors.RateLimitError, "insufficient_quota"),
    (500, openai(code="invalid_request"), errors.BadRequestError, "invalid_request"),
    (500, openai(code="sensitive_words_detected"), errors.BadRequestError, "sensitive_words_detected"),
    (500, openai(code="model_price_error"), errors.BadRequestError, "model_price_error"),
    (500, openai(code="count_token_failed"), errors.BadRequestError, "count_token_failed"),
    (500, openai(code="do_request_failed"), errors.InternalServerError, "do_request_failed"),
    (500, openai(type_="new_api_panic", code=None), errors.InternalServerError, None),
    (501, openai(code="api_not_implemented"), errors.NotFoundError, "api_not_implemented"),
    (503, openai(code="model_not_found"), errors.NotFoundError, "model_not_found"),
    (503, openai(code="system_cpu_overloaded"), errors.OverloadedError, "system_cpu_overloaded"),
    (529, openai(), errors.OverloadedError, None),
    (524, b"<html>timeout</html>", errors.InternalServerError, None),
    (
        400,
        {"code": "task_not_exist", "message": "task_not_exist", "data": None},
        errors.NotFoundError,
        "task_not_exist",
    ),
    (404, {"error": {"message": "gone", "type": "invalid_request_error"}}, errors.NotFoundError, None),
    (400, {"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}, errors.BadRequestError, 400),
    (400, {"code": 1201, "message": "m", "request_id": "r"}, errors.BadRequestError, 1201),
    (500, {"success": False, "message": "m"}, errors.InternalServerError, None),
    (500, {"error": "text"}, errors.InternalServerError, None),
    (500, {"description": "m", "code": "x"}, errors.InternalServerError, "x"),
    (500, b"plain text", errors.InternalServerError, None),
    (500, b"", errors.InternalServerError, None),
    (200, openai(code="model_not_found"), errors.NotFoundError, "model_not_found"),
    (200, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, errors.OverloadedError, None),
    (
        201,
        {"code": "fail_to_fetch_task", "message": "m", "data": None},
        errors.InternalServerError,
        "fail_to_fetch_task",
    ),
    (200, {"success": False, "message": "m"}, errors.InternalServerError, None),
    (302, b"", errors.ProtocolError, None),
]


@pytest.mark.parametrize(("status", "body", "kind", "code"), CLASSES, ids=lambda value: str(value)[:60])
def test_the_class_is_chosen_by_status_and_refined_by_code(
    status: int, body: Any, kind: type[errors.TikHubError], code: Any
) -> None:
    error = found(status, body)
    assert type(error) is kind
    assert error.request_id == "q"
    assert getattr(error, "code", None) == code


GOOD: list[tuple[Any, Any]] = [
    ({"id": "x", "choices": []}, CHAT),
    ({"code": "success", "message": "", "data": {"task_id": "t"}}, CHAT),
    ({"code": "success", "data": None}, CHAT),
    ({"code": 0, "message": "SUCCEED", "data": {}}, CHAT),
    ({"id": "t", "status": "failed", "error": {"code": "x", "message": "m"}}, LOOK),
    ({"error": {"message": "m"}, "id": "t"}, LOOK),
    ({"id": "r", "error": None, "status": "completed"}, CHAT),
    ({"name": "op", "done": True, "error": {"code": 3, "message": "m"}}, LOOK),
]


@pytest.mark.parametrize(("body", "request_"), GOOD, ids=lambda value: str(value)[:60])
def test_a_good_answer_is_no_error(body: Any, request_: Any) -> None:
    assert found(200, body, request=request_) is None


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (b"", "application/json", "empty"),
        (b"  \n", "application/json", "empty"),
        (b"<!doctype html>", "text/html; charset=utf-8", "HTML"),
        (b"<html>", "application/json", "HTML"),
        (b"data: {}\n\n", "text/event-stream", "event stream"),
    ],
)
def test_a_200_that_is_no_answer_breaks_the_contract(body: bytes, content_type: str, says: str) -> None:
    error = found(200, body, content_type)
    assert type(error) is errors.ProtocolError
    assert says in str(error)
    assert error.status_code == 200


def test_a_body_is_cut_in_the_text_and_whole_on_the_error() -> None:
    error = found(500, b"x" * 1000)
    assert isinstance(error, errors.APIStatusError)
    assert len(str(error)) < 600
    assert error.body == "x" * 1000


NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("1e400", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 99 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=NOW) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "type", "data", "success", "id"]), inner, max_size=5
        )
    ),
    max_leaves=10,
)


@given(st.integers(200, 599), JSON, st.sampled_from(["application/json", "text/html", "text/event-stream", ""]))
def test_any_answer_is_good_or_one_of_our_errors(status: int, body: Any, content_type: str) -> None:
    error = found(status, body, content_type)
    assert error is None or isinstance(error, errors.TikHubError)
    assert error is not None or status < 300
    assert str(error)
    if error is not None:
        refused(error)


def test_an_error_in_a_stream_has_the_class_its_words_say() -> None:
    event = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}
    error = reported_error(event, Headers(), CHAT, "partial")
    assert type(error) is errors.RateLimitError
    assert (error.stage, error.partial, error.maybe_billed) == ("stream", "partial", True)
    assert str(error).startswith("error in the stream: slow")
