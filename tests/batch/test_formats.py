"""Lines in and out: variants, refusals, what other tools must be able to read."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async.batch.formats import (
    InputRefused,
    ItemError,
    LineProblem,
    error_line,
    hash_of,
    id_of,
    is_good,
    make_line,
    one_line,
    read_line,
    response_line,
)
from tikhub_async.errors import InvalidParameter

OPENAI = (
    b'{"custom_id": "request-1", "method": "POST", "url": "/v1/chat/completions", '
    b'"body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1000}}\n'
)
TOGETHER = b'{"custom_id": "request-1", "body": {"model": "deepseek", "messages": [{"role": "user", "content": "Hi"}]}}'
ANTHROPIC = b'{"custom_id": "a", "params": {"model": "claude", "max_tokens": 9, "messages": []}}'


def test_a_line_of_openai_is_read_as_it_is() -> None:
    line = read_line(OPENAI, 7, offset=100)
    assert line is not None
    assert (line.custom_id, line.method, line.url) == ("request-1", "POST", "/v1/chat/completions")
    assert (line.number, line.offset, line.length) == (7, 100, len(OPENAI))
    assert json.loads(line.body) == json.loads(OPENAI)["body"]
    assert line.body in OPENAI


@pytest.mark.parametrize(
    ("text", "endpoint", "url"),
    [
        (TOGETHER, None, "/v1/chat/completions"),
        (TOGETHER, "/v1/messages", "/v1/messages"),
        (ANTHROPIC, None, "/v1/messages"),
        (b'{"custom_id":"e","body":{"input":"x"}}', "/v1/embeddings", "/v1/embeddings"),
        (b'{"custom_id":"g","method":"get","url":"/v1/models"}', None, "/v1/models"),
    ],
)
def test_lines_without_method_or_url_are_read_too(text: bytes, endpoint: str | None, url: str) -> None:
    line = read_line(text, 1, endpoint=endpoint)
    assert line is not None
    assert line.url == url
    assert line.method == ("GET" if b"get" in text else "POST")


@pytest.mark.parametrize("blank", [b"", b"\n", b"  \r\n", b"\xef\xbb\xbf\n"])
def test_blank_lines_and_byte_order_marks_are_read_over(blank: bytes) -> None:
    assert read_line(blank, 1) is None
    assert read_line(b"\xef\xbb\xbf" + OPENAI.replace(b"\n", b"\r\n"), 1) is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"not json", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b'{"custom_id":"a","url":"/v1/models"', "no JSON object"),
        (b'{"custom_id":"\xff","url":"/v1/models"}', "no JSON object"),
        (b'{"url":"/v1/models"}', "custom_id"),
        (b'{"custom_id":7,"url":"/v1/models"}', "custom_id"),
        (b'{"custom_id":"","url":"/v1/models"}', "custom_id"),
        (b'{"custom_id":"' + b"x" * 600 + b'","url":"/v1/models"}', "600 characters"),
        (b'{"custom_id":"a","url":"https://api.openai.com/v1/models"}', "path"),
        (b'{"custom_id":"a","url":"//evil/v1"}', "path"),
        (b'{"custom_id":"a","url":7}', "path"),
        (b'{"custom_id":"a","method":7,"url":"/v1/models"}', "method"),
        (b'{"custom_id":"a","body":[]}', "body"),
        (b'{"custom_id":"a","body":"x"}', "body"),
        (b'{"custom_id":"a","body":{"input":"x"}}', "endpoint"),
    ],
)
def test_a_line_that_cannot_be_run_says_why(text: bytes, says: str) -> None:
    with pytest.raises(LineProblem, match=says):
        read_line(text, 1)


def test_a_mapping_makes_the_same_line_as_its_json() -> None:
    item = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    made = make_line(item, 3)
    text = json.dumps(item, separators=(",", ":")).encode()
    read = read_line(text, 3)
    assert read is not None
    assert (made.body, made.body_hash, made.id_hash) == (read.body, read.body_hash, read.id_hash)


def test_a_mapping_without_an_id_gets_its_place() -> None:
    assert make_line({"url": "/v1/models", "method": "GET"}, 12).custom_id == "item-12"


def test_a_mapping_with_a_misspelt_member_is_refused() -> None:
    with pytest.raises(LineProblem, match="customid"):
        make_line({"customid": "a", "url": "/v1/models"}, 1)


def test_what_json_cannot_hold_is_refused_in_a_mapping() -> None:
    with pytest.raises(InvalidParameter, match="no JSON form"):
        make_line({"url": "/v1/embeddings", "body": {"input": float("nan")}}, 1)


def test_another_body_has_another_hash_and_an_id_alone_does_not() -> None:
    lines = [
        read_line(text, 1)
        for text in (OPENAI, OPENAI.replace(b"Hello", b"Hallo"), OPENAI.replace(b"request-1", b"request-2"))
    ]
    hashes = [line.body_hash for line in lines if line is not None]
    assert hashes[0] == hashes[2] != hashes[1]


def test_hashes_do_not_run_their_parts_together() -> None:
    assert hash_of(b"ab", b"c") != hash_of(b"a", b"bc")


def test_an_answer_becomes_a_line_of_the_convention() -> None:
    line = response_line("a", 255, b'{"id":"x"}', request_id="req", facts={"file": "v/a.mp4"})
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "id": "batch_req_00000000000000ff",
        "custom_id": "a",
        "response": {"status_code": 200, "request_id": "req", "body": {"id": "x"}, "file": "v/a.mp4"},
        "error": None,
    }
    assert is_good(line)
    assert id_of(line) == "a"


def test_a_failure_becomes_a_line_of_the_convention() -> None:
    error = ItemError(code="rate_limited", message="too many", type="RateLimitError", status_code=429)
    line = error_line('quote " and \u2028', 1, error)
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert found["response"] is None
    assert found["error"] == {
        "code": "rate_limited",
        "message": "too many",
        "type": "RateLimitError",
        "status_code": 429,
    }
    assert not is_good(line)
    assert id_of(line) == 'quote " and \u2028'


@pytest.mark.parametrize(
    "body",
    [b'{\n  "a": [1,\r\n 2]\n}', b'{"a":"x\ny"}', b'{"a":"\\ud83d"}', b'{"a":"\xff"}', b' {"a": 1} '],
)
def test_a_body_of_any_kind_stays_on_one_line_of_json(body: bytes) -> None:
    line = response_line("a", 1, body)
    assert line.count(b"\n") == 1
    assert json.loads(line)["response"]["body"] is not None
    assert json.loads(one_line(body)) is not None


@given(st.text(max_size=40), st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none())))
def test_any_id_and_body_come_out_as_they_went_in(custom_id: str, body: dict[str, object]) -> None:
    line = response_line(custom_id, 1, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    assert json.loads(line)["custom_id"] == custom_id
    assert id_of(line) == custom_id
    assert is_good(line)


@pytest.mark.parametrize("line", [b"", b"x", b"{}", b"[]", b'{"custom_id":1}', b'{"custom_id":"a"'])
def test_what_is_no_output_line_has_no_id(line: bytes) -> None:
    assert id_of(line) is None


def test_a_refused_input_shows_the_first_lines_and_counts_the_rest() -> None:
    error = InputRefused([f"line {number}: no" for number in range(1, 21)], 500)
    assert "500 lines" in str(error)
    assert "line 10: no" in str(error)
    assert "line 11" not in str(error)
    assert "490 more" in str(error)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (twin.problems, twin.count, str(twin)) == (error.problems, error.count, str(error))
