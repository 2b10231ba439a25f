"""What error bodies say, whatever their shape; the classes they lead to are in `test_response`."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._wire.problem import problem_in, read_problem

SHAPES: list[tuple[Any, tuple[str, Any, str | None]]] = [
    ({"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}, ("m", "c", "t")),
    ({"error": {"message": "m", "code": 400, "status": "INVALID_ARGUMENT"}}, ("m", 400, "INVALID_ARGUMENT")),
    ({"error": "m"}, ("m", None, None)),
    ({"type": "error", "error": {"type": "t", "message": "m"}}, ("m", None, "t")),
    ({"type": "error", "message": "m", "code": "c"}, ("m", "c", "error")),
    ({"code": "c", "message": "m", "data": None}, ("m", "c", None)),
    ({"success": False, "message": "m"}, ("m", None, None)),
    ({"description": "m", "code": "c"}, ("m", "c", None)),
    ({"error": {"type": "new_api_error", "message": "model_not_found (request id: q)"}},
     ("model_not_found (request id: q)", "model_not_found", "new_api_error")),
]  # fmt: skip
"""Body → message, code, type."""


@pytest.mark.parametrize(("body", "said"), SHAPES, ids=lambda value: str(value)[:60])
def test_every_shape_says_its_message_code_and_type(body: Any, said: tuple[str, Any, str | None]) -> None:
    problem = read_problem(msgspec.json.encode(body))
    assert problem is not None
    assert problem.recognised
    assert (problem.message, problem.code, problem.type) == said


@pytest.mark.parametrize("body", [{"id": "x"}, {"code": "success", "message": ""}, {"code": 0, "message": "SUCCEED"}])
def test_a_good_body_reports_no_problem(body: Any) -> None:
    assert read_problem(msgspec.json.encode(body)) is None


@pytest.mark.parametrize(
    ("body", "message"), [(b"", "the body is empty"), (b" \n", "the body is empty"), (b"oh", "oh")]
)
def test_a_body_that_is_no_json_is_quoted_and_not_recognised(body: bytes, message: str) -> None:
    problem = read_problem(body)
    assert problem is not None
    assert (problem.message, problem.recognised) == (message, False)


@given(st.binary(max_size=80))
def test_any_bytes_can_be_read_as_a_problem(body: bytes) -> None:
    read_problem(body)


def test_a_google_array_is_unwrapped() -> None:
    problem = problem_in([{"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}])
    assert problem is not None
    assert (problem.code, problem.type) == (503, "UNAVAILABLE")
