"""Requests: refused before they leave, or on the wire exactly as asked."""

from typing import Any, Required, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async import errors
from tikhub_async._config import make_config
from tikhub_async._wire.request import Endpoint, Kind, Part, Schema, body_of, build, encode_body, segment
from tikhub_async.types._base import RequestOptions

CONFIG = make_config(api_key="sk-" + "k" * 48)
ENDPOINT = Endpoint(name="sora.retrieve", method="GET", path="/v1/videos/{video_id}", kind=Kind.READ)


class Params(RequestOptions, total=False):
    model: Required[str]
    temperature: float


SCHEMA = Schema.of("chat.create", Params)


def test_a_misspelt_keyword_names_the_nearest() -> None:
    with pytest.raises(errors.UnknownParameter) as caught:
        SCHEMA.check({"model": "x", "temprature": 1})
    assert caught.value.nearest == "temperature"


def test_a_missing_keyword_is_named() -> None:
    with pytest.raises(errors.MissingParameter, match="'model'"):
        SCHEMA.check({"temperature": 1})


def test_stream_on_create_says_what_to_call() -> None:
    with pytest.raises(errors.UnknownParameter, match=r"call chat\.stream"):
        SCHEMA.check({"model": "x", "stream": True})


def test_options_do_not_go_into_the_body() -> None:
    params = {"model": "x", "timeout": 3, "extra_body": {}, "max_retries": 1, "extra_headers": {}, "extra_query": {}}
    assert body_of(params) == {"model": "x"}


def test_a_request_is_put_together() -> None:
    endpoint = Endpoint(name="x", method="POST", path="/v1/x", kind=Kind.GENERATE)
    options = {"extra_body": {"b": 2}, "extra_query": {"q": "1 2"}, "extra_headers": {"X-A": "1"}, "timeout": 5}
    request = build(endpoint, CONFIG, options, body={"a": 1, "b": 1}, headers={"X-B": "2"})
    assert request.url == "https://ai.tikhub.io/v1/x?q=1+2"
    assert request.body == b'{"a":1,"b":2}'
    assert request.headers == (("X-B", "2"), ("X-A", "1"))
    assert request.timeout == 5.0
    assert request.where == "x POST /v1/x"


def test_a_route_can_be_replaced() -> None:
    config = make_config(api_key="sk-x", routes={"sora.retrieve": "/other/{video_id}"})
    assert build(ENDPOINT, config, {}, path={"video_id": "v"}).url == "https://ai.tikhub.io/other/v"


@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "X-Goog-Api-Key"])
def test_a_key_cannot_be_smuggled_in_by_a_header(header: str) -> None:
    with pytest.raises(errors.InvalidParameter, match="with_options") as caught:
        build(ENDPOINT, CONFIG, {"extra_headers": {header: "sk-secret"}}, path={"video_id": "v"})
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5"])
def test_a_timeout_must_be_positive_seconds(timeout: Any) -> None:
    with pytest.raises(errors.InvalidParameter, match="timeout"):
        build(ENDPOINT, CONFIG, {"timeout": timeout}, path={"video_id": "v"})


@pytest.mark.parametrize("good", ["task_n1GO", "video_1", "a.b-c:d@1", "publishers/google/models/x", "gpt-4o:latest"])
def test_ids_and_model_names_pass(good: str) -> None:
    assert segment(good, "id", "x") == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "..",
        ".",
        "../../v1/videos",
        "a?x=1",
        "a#b",
        "a b",
        "a%2Fb",
        "a\\b",
        "/a",
        "a/",
        "a/../b",
        "ä",
        "a\n",
        "x" * 300,
        None,
        7,
    ],
)
def test_an_id_that_could_change_the_route_is_refused(bad: Any) -> None:
    with pytest.raises(errors.InvalidParameter):
        segment(bad, "video_id", "sora.retrieve")


@given(st.text(max_size=30))
def test_no_id_ever_leaves_its_segment(text: str) -> None:
    try:
        url = build(ENDPOINT, CONFIG, {}, path={"video_id": text}).url
    except errors.InvalidParameter:
        return
    assert url.startswith("https://ai.tikhub.io/v1/videos/")
    assert not set(url) & set("?#\\ ")
    assert ".." not in url.split("/")


REFUSED: list[tuple[str, Any, str]] = [
    ("NaN", {"temperature": float("nan")}, "temperature"),
    ("infinity deep inside", {"a": [{"b": float("inf")}]}, "a[0].b"),
    ("bytes", {"messages": [{"content": b"x"}]}, "messages[0].content"),
    ("lone surrogate", {"messages": [{"content": "\ud83d"}]}, "messages[0].content"),
    ("a key that is no text", {"logit_bias": {1: 2}}, "logit_bias[1]"),
    ("an object without JSON form", {"x": object()}, "the body"),
    ("a generator", {"x": iter([1])}, "the body"),
]


@pytest.mark.parametrize(("name", "body", "path"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_json_would_change_silently_is_refused_with_its_path(name: str, body: Any, path: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        encode_body(body, "x")
    assert caught.value.path == path


def test_a_received_object_is_sent_back_by_to_param() -> None:
    class Received(msgspec.Struct):
        a: int = 1

    with pytest.raises(errors.InvalidParameter, match=r"to_param\(\)"):
        encode_body({"messages": [Received()]}, "x")


def test_a_typeddict_with_required_keys_keeps_them() -> None:
    class Body(TypedDict, total=False):
        a: Required[int]

    assert Schema.of("x", Body).required == {"a"}


FIELDS: list[tuple[Any, str]] = [
    ("text", "text"),
    (True, "true"),
    (0.2, "0.2"),
    (7, "7"),
    (["word", "segment"], '["word","segment"]'),
    ({"type": "server_vad"}, '{"type":"server_vad"}'),
]


@pytest.mark.parametrize(("value", "text"), FIELDS, ids=str)
def test_a_field_of_a_form_is_written_as_json_writes_it(value: Any, text: str) -> None:
    file = Part("file", b"data", "a.mp3")
    request = build(ENDPOINT, CONFIG, {"extra_body": {"field": value}}, form=[file])
    assert request.form == (file, Part("field", text))


@pytest.mark.parametrize("value", [float("nan"), b"data", object(), [float("inf")]], ids=str)
def test_a_field_of_a_form_that_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(errors.InvalidParameter):
        build(ENDPOINT, CONFIG, {"extra_body": {"field": value}}, form=[Part("file", b"data")])


def test_a_path_of_the_callers_own_without_the_model_sends_it_in_the_body() -> None:
    endpoint = Endpoint(name="veo.generate", method="POST", path="/v1beta/models/{model}:x", kind=Kind.CREATE)
    config = make_config(api_key="sk-x", routes={"veo.generate": "/veo/v1/generate"})
    request = build(endpoint, config, {}, body={"instances": []}, path={"model": "veo-3"})
    assert request.url.endswith("/veo/v1/generate")
    assert request.body == b'{"model":"veo-3","instances":[]}'


def test_a_path_of_the_callers_own_without_the_id_is_refused() -> None:
    config = make_config(api_key="sk-x", routes={"sora.retrieve": "/other"})
    with pytest.raises(errors.ConfigError, match=r"routes\['sora\.retrieve'\] = '/other' has no \{video_id\}"):
        build(ENDPOINT, config, {}, path={"video_id": "v"})
