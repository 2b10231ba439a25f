"""`client.get` and `client.post`: any route, with the key, the retries and the errors of every other call."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest

from tests.servers import FIN, RST, ScriptedServer, head, whole
from tikhub_async import TikHubAI, errors
from tikhub_async.testing import FakeClock
from tikhub_async.types import RawResponse
from tikhub_async.types.kling import KlingTaskListResponse

USAGE = "/api/usage/token/"
KEY = "sk-custom"


class Usage(msgspec.Struct):
    total_used: int
    unit: str = "quota"


@dataclass
class Point:
    x: int


class Row(TypedDict):
    name: str


class Plain:
    """No data type."""


def answer(data: Any, status: int = 200, **headers: str) -> Any:
    return whole(json.dumps(data).encode(), status, content_type="application/json", **headers)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def client(server: ScriptedServer, clock: FakeClock) -> AsyncIterator[TikHubAI]:
    async with TikHubAI(api_key=KEY, base_url=server.origin, clock=clock) as made:
        yield made


async def test_a_get_gives_the_data_the_body_and_the_facts(server: ScriptedServer, client: TikHubAI) -> None:
    server.script(USAGE, answer({"code": True, "data": {"total_used": 5}}, x_oneapi_request_id="r1"))
    response = await client.get(USAGE)
    assert isinstance(response, RawResponse)
    assert response.data == {"code": True, "data": {"total_used": 5}}
    assert (response.status_code, response.request_id, response.attempts) == (200, "r1", 1)
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.body) == response.data
    seen = server.seen[0]
    assert (seen.method, seen.target, seen.body) == ("GET", USAGE, b"")
    assert seen.headers["authorization"] == f"Bearer {KEY}"


async def test_a_post_sends_the_body_as_json(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/v1/rerank", answer({"results": []}, 201))
    response = await client.post(
        "/v1/rerank",
        body={"query": "q", "n": 2},
        extra_body={"new": True},
        extra_headers={"X-Trace": "7"},
        extra_query={"a": "b c"},
    )
    assert (response.status_code, response.data) == (201, {"results": []})
    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", "/v1/rerank?a=b+c")
    assert json.loads(seen.body) == {"query": "q", "n": 2, "new": True}
    assert (seen.headers["content-type"], seen.headers["x-trace"]) == ("application/json", "7")


async def test_a_post_without_a_body_sends_none(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/v1/touch", answer({}))
    await client.post("/v1/touch")
    assert (server.seen[0].method, server.seen[0].body) == ("POST", b"")


@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        (b"\xff\xfbmp3", "audio/mpeg", None),
        (b"1\n00:00:00", "text/plain; charset=utf-8", None),
        (b"{broken", "text/plain", None),
        (b"{broken}", "application/json", None),
        (b"[1]", "text/plain", [1]),
        (b'"text"', "application/json; charset=utf-8", "text"),
        (b"7", "application/problem+json", 7),
    ],
)
async def test_data_is_none_where_the_body_is_no_json(
    server: ScriptedServer, client: TikHubAI, body: bytes, content_type: str, data: Any
) -> None:
    server.script("/v1/x", whole(body, content_type=content_type))
    response = await client.get("/v1/x")
    assert (response.data, response.body) == (data, body)


@pytest.mark.parametrize(
    ("cast_to", "wire", "value"),
    [
        (Usage, {"total_used": 5.0, "new": 1}, Usage(total_used=5)),
        (Point, {"x": 1}, Point(1)),
        (Row, {"name": "a"}, {"name": "a"}),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (list[Usage], [{"total_used": 1}, {"total_used": 2, "unit": None}], [Usage(1), Usage(2)]),
    ],
)
async def test_an_answer_is_decoded_into_the_type_asked_for(
    server: ScriptedServer, client: TikHubAI, cast_to: type[Any], wire: Any, value: Any
) -> None:
    server.script("/v1/x", answer(wire))
    assert await client.get("/v1/x", cast_to=cast_to) == value
    assert await client.post("/v1/x", body={}, cast_to=cast_to) == value


async def test_a_response_type_of_ours_gets_the_facts_of_the_exchange(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/kling/v1/videos/text2video", answer({"code": 0, "data": []}, x_oneapi_request_id="r2"))
    listed = await client.get(
        "/kling/v1/videos/text2video", cast_to=KlingTaskListResponse, extra_query={"pageNum": "1"}
    )
    assert (listed.data, listed.request_id) == ([], "r2")
    assert server.seen[0].target == "/kling/v1/videos/text2video?pageNum=1"


@pytest.mark.parametrize("cast_to", [Usage, Point, Row, dict[str, int], list[int]])
async def test_an_answer_of_another_shape_is_a_decode_error(
    server: ScriptedServer, client: TikHubAI, cast_to: type[Any]
) -> None:
    server.script("/v1/x", answer({"x": "one", "total_used": "one", "name": 5}, x_oneapi_request_id="r3"))
    with pytest.raises(errors.DecodeError) as caught:
        await client.get("/v1/x", cast_to=cast_to)
    assert (caught.value.request_id, caught.value.where) == ("r3", "client.get GET /v1/x")
    assert "one" in caught.value.body


@pytest.mark.parametrize("cast_to", [object, Plain])
async def test_a_type_that_no_json_becomes_is_refused_before_sending(
    server: ScriptedServer, client: TikHubAI, cast_to: type[Any]
) -> None:
    with pytest.raises(errors.InvalidParameter, match="cast_to"):
        await client.post("/v1/x", body={}, cast_to=cast_to)
    assert server.count == 0


PATHS: list[tuple[str, str]] = [
    ("https://evil.example/v1/x", "not an address"),
    ("HTTPS:/v1/x", "not an address"),
    ("//evil.example/v1", "not an address"),
    ("\\\\evil.example", "not an address"),
    ("/v1/x?limit=5", "must not hold a query"),
    ("/v1/x#part", "must not hold a query"),
    ("", "cannot go into a URL"),
    ("/", "cannot go into a URL"),
    ("v1/x", "cannot go into a URL"),
    ("/v1//content", "cannot go into a URL"),
    ("/v1/../admin", "cannot go into a URL"),
    ("/v1/%2e%2e/admin", "cannot go into a URL"),
    ("/v1/a%2F..%2Fb", "cannot go into a URL"),
    ("/v1/a\\..\\b", "cannot go into a URL"),
    ("/v1/x y", "cannot go into a URL"),
    ("/v1/x\r\nHost: evil", "cannot go into a URL"),
    ("/v1/x%0d%0aHost", "cannot go into a URL"),
    ("/v1/straße", "cannot go into a URL"),
    ("/v1/100%", "cannot go into a URL"),
    ("/v1/{name}", "cannot go into a URL"),
]


@pytest.mark.parametrize(("path", "rule"), PATHS)
async def test_a_path_that_is_none_or_leaves_its_place_is_refused(
    server: ScriptedServer, client: TikHubAI, path: str, rule: str
) -> None:
    for call in (client.get(path), client.post(path, body={})):
        with pytest.raises(errors.InvalidParameter, match=rule) as caught:
            await call
        assert (caught.value.path, caught.value.hint is None) == ("path", False)
    assert server.count == 0


@pytest.mark.parametrize(
    "path", ["/v1/x", "/api/usage/token/", "/v1beta/models/a:countTokens", "/v1/m/org%2Fname", "/a/~b/(c)/d,e;f=g"]
)
async def test_a_good_path_arrives_as_it_is(server: ScriptedServer, client: TikHubAI, path: str) -> None:
    server.script("*", answer({}))
    await client.get(path)
    assert server.seen[0].target == path


async def test_a_base_urls_own_path_stays_in_front(server: ScriptedServer, clock: FakeClock) -> None:
    server.script("*", answer({}))
    async with TikHubAI(api_key=KEY, base_url=f"{server.origin}/gateway/", clock=clock) as client:
        await client.get("/v1/x")
    assert server.seen[0].target == "/gateway/v1/x"


@pytest.mark.parametrize("name", ["body", "params", "stream", "timeouts"])
async def test_an_unknown_option_is_refused_by_name(server: ScriptedServer, client: TikHubAI, name: str) -> None:
    with pytest.raises(errors.UnknownParameter, match=rf"client.get\(\) got an unknown parameter '{name}'"):
        await client.get("/v1/x", **{name: 1})  # type: ignore[call-overload]
    with pytest.raises(errors.InvalidParameter, match="key"):
        await client.get("/v1/x", extra_headers={"authorization": "Bearer other"})
    with pytest.raises(errors.InvalidParameter, match="timeout"):
        await client.get("/v1/x", timeout=0)
    assert server.count == 0


async def test_a_body_that_json_cannot_hold_is_refused(server: ScriptedServer, client: TikHubAI) -> None:
    with pytest.raises(errors.InvalidParameter, match=r"a\.b"):
        await client.post("/v1/x", body={"a": {"b": float("nan")}})
    assert server.count == 0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (
            answer({"error": {"message": "Invalid URL (GET /v1/x)", "type": "invalid_request_error"}}, 404),
            errors.NotFoundError,
        ),
        (answer({"success": False, "message": "no"}), errors.APIStatusError),
        (answer({"error": {"message": "no", "code": "x"}}), errors.APIStatusError),
        (whole(b"<!doctype html>", content_type="text/html"), errors.ProtocolError),
        (whole(b"", content_type="application/json"), errors.ProtocolError),
        (whole(b"", 302, location="/v1/y"), errors.ProtocolError),
    ],
)
async def test_an_error_is_the_error_of_every_other_call(
    server: ScriptedServer, client: TikHubAI, reply: Any, error: type[errors.APIError]
) -> None:
    server.script("/v1/x", reply)
    with pytest.raises(error) as caught:
        await client.get("/v1/x", max_retries=0)
    assert caught.value.where == "client.get GET /v1/x"


async def test_retries_are_those_of_the_kind_of_call(server: ScriptedServer, client: TikHubAI) -> None:
    busy = answer({"error": {"message": "busy", "code": "system_cpu_overloaded"}}, 503)
    server.script("/v1/x", busy, busy, answer({"n": 1}))
    assert (await client.get("/v1/x")).attempts == 3
    server.script("/v1/y", busy, answer({"n": 1}))
    assert (await client.post("/v1/y", body={})).attempts == 2
    server.script("/v1/z", busy)
    with pytest.raises(errors.OverloadedError):
        await client.post("/v1/z", body={}, max_retries=0)
    assert [seen.path for seen in server.seen].count("/v1/z") == 1


async def test_a_post_is_sent_once_more_after_a_drop_and_says_so(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/v1/x", [FIN], answer({}))
    response = await client.post("/v1/x", body={})
    assert (response.attempts, response.maybe_billed) == (2, True)


@pytest.mark.parametrize("reply", [[FIN], [RST], [head(200, length=10), b"{", FIN], whole(b"", 502)])
async def test_a_paid_creation_is_never_sent_twice(server: ScriptedServer, client: TikHubAI, reply: Any) -> None:
    server.script("/suno/submit/music", reply, answer({}))
    with pytest.raises(errors.InDoubtError) as caught:
        await client.post("/suno/submit/music", body={"prompt": "a"}, paid_creation=True)
    assert server.count == 1
    assert (caught.value.sent, caught.value.attempts) == ('{"prompt":"a"}', 1)
    assert caught.value.hint == "it was not sent again; look in the console for what it may have made"


async def test_a_paid_creation_that_was_refused_is_a_refusal(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/suno/submit/music", answer({"code": "insufficient_user_quota", "message": "no", "data": None}, 403))
    with pytest.raises(errors.QuotaError):
        await client.post("/suno/submit/music", body={"prompt": "a"}, paid_creation=True)


async def test_a_copy_of_the_client_has_them_too(server: ScriptedServer, client: TikHubAI) -> None:
    server.script("/v1/x", answer([1]))
    assert (await client.with_options(api_key="sk-other").get("/v1/x")).data == [1]
    assert server.seen[0].headers["authorization"] == "Bearer sk-other"


async def test_a_limit_for_the_call_ends_it(server: ScriptedServer, client: TikHubAI) -> None:
    busy = answer({"error": {"message": "busy", "code": "system_cpu_overloaded"}}, 503)
    server.script("/v1/x", busy)
    with pytest.raises(errors.OverloadedError) as caught:
        await client.get("/v1/x", timeout=5)
    assert caught.value.attempts > 1
