"""The emulator itself: its life, what it records, what it answers on any path."""

import asyncio
import re

import aiohttp
import pytest

from tests.testing.conftest import CHAT, SEEDANCE, Caller
from tikhub_async.testing import TEST_KEY, Emulator, Reply, serve_in_thread
from tikhub_async.testing.routes import ROUTES

DOCUMENTED = [
    ("POST", "/v1/responses"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/videos"),
    ("GET", "/v1/videos/{id}"),
    ("GET", "/v1/videos/{id}/content"),
    ("POST", "/v1/videos/{id}/remix"),
    ("GET", "/v1/videos"),
    ("DELETE", "/v1/videos/{id}"),
    ("POST", "/v1beta/models/{model}:{verb}"),
    ("POST", "/v1beta/models/{model}:streamGenerateContent"),
    ("POST", SEEDANCE),
    ("GET", f"{SEEDANCE}/{{id}}"),
    ("POST", "/kling/v1/videos/text2video"),
    ("GET", "/kling/v1/videos/text2video/{id}"),
    ("POST", "/kling/v1/videos/image2video"),
    ("GET", "/kling/v1/videos/image2video/{id}"),
    ("POST", "/v1beta/models/{model}:predictLongRunning"),
    ("POST", "/v1beta/models/{model}:fetchPredictOperation"),
    ("GET", "/v1/models"),
]


def test_every_documented_route_has_a_row() -> None:
    rows = {(route.method, route.path) for route in ROUTES}
    assert [route for route in DOCUMENTED if route not in rows] == []


async def test_it_answers_on_the_port_it_names(call: Caller) -> None:
    assert call.gw.base_url == f"http://127.0.0.1:{call.gw.port}"
    assert (await call.chat()).status == 200


async def test_an_emulator_listens_once() -> None:
    async with Emulator() as gw:
        with pytest.raises(RuntimeError, match=re.escape(gw.base_url)):
            await gw.start()


async def test_closing_twice_does_nothing() -> None:
    gw = await Emulator().start()
    await gw.aclose()
    await gw.aclose()
    assert gw.open_connections == 0


async def test_it_comes_back_on_the_same_port_with_its_tasks(call: Caller) -> None:
    """How a gateway restarts under a client."""
    task_id = await call.seedance()
    port = call.gw.port
    await call.gw.aclose()
    with pytest.raises(aiohttp.ClientConnectorError):
        await call.get("/v1/models")
    await call.gw.start(port=port)
    assert (await call.get(f"{SEEDANCE}/{task_id}")).json["data"]["status"] == "NOT_START"


async def test_every_answer_carries_request_id_and_version(call: Caller) -> None:
    answers = [
        await call.chat(),
        await call.get("/v1/nothing"),
        await call.get("/nothing"),
        await call.get("/", key=None),
    ]
    ids = [answer.headers["X-Oneapi-Request-Id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert {answer.headers["X-New-Api-Version"] for answer in answers} == {"v0.11.0-emulator"}


@pytest.mark.parametrize("path", ["/v1/unknown", "/v1beta/unknown", "/api/unknown", "/v1/v1/chat/completions"])
async def test_unknown_paths_below_v1_and_api_are_json_404(call: Caller, path: str) -> None:
    answer = await call.get(path, key=None)
    error = {"message": f"Invalid URL (GET {path})", "type": "invalid_request_error", "param": "", "code": ""}
    assert (answer.status, answer.json) == (404, {"error": error})


@pytest.mark.parametrize("path", ["/", "/kling/v1/videos/text2vide", "/seedance/v3/x", "/chat/completions"])
async def test_unknown_paths_elsewhere_are_the_dashboard_with_status_200(call: Caller, path: str) -> None:
    answer = await call.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!doctype html>")


async def test_head_is_not_routed(call: Caller) -> None:
    assert (await call("HEAD", "/v1/models")).status == 404
    assert (await call("HEAD", "/kling/v1/videos/text2video")).status == 200


async def test_a_trailing_slash_redirects(call: Caller) -> None:
    posted = await call.post("/v1/chat/completions/", CHAT)
    assert (posted.status, posted.headers["Location"]) == (307, "/v1/chat/completions")
    assert (await call.get("/v1/models/")).status == 301


async def test_a_preflight_is_allowed(call: Caller) -> None:
    answer = await call("OPTIONS", "/v1/chat/completions", headers={"Origin": "http://app.test"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")


async def test_requests_are_recorded_without_the_key(call: Caller) -> None:
    await call.chat(temperature=0.5)
    (record,) = call.gw.requests
    assert (record.method, record.path, record.route) == ("POST", "/v1/chat/completions", "chat.completions")
    assert record.json == {**CHAT, "temperature": 0.5}
    assert record.headers["authorization"] == "Bearer sk-TES***000"
    assert (record.status, record.finished, record.client_left) == (200, True, False)
    assert TEST_KEY not in repr(record)


async def test_a_key_in_the_query_is_recorded_cut(call: Caller) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    answer = await call.post(f"/v1beta/models/gemini-2.5-flash:generateContent?key={TEST_KEY}", body, key=None)
    assert answer.status == 200
    assert call.gw.requests[-1].query == {"key": "sk-TES***000"}


async def test_forms_are_recorded_in_parts(call: Caller) -> None:
    form = aiohttp.FormData({"model": "sora-2", "prompt": "A cat"})
    form.add_field("input_reference", b"\x89PNG", filename="a.png", content_type="image/png")
    assert (await call("POST", "/v1/videos", data=form)).status == 200
    record = call.gw.requests[-1]
    assert record.form == {"model": "sora-2", "prompt": "A cat"}
    assert record.files == {"input_reference": ("a.png", b"\x89PNG")}


async def test_kept_connections_share_a_number(gw: Emulator) -> None:
    for _ in range(2):
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.get(f"{gw.base_url}/v1/nothing"):
                    pass
    assert [request.connection for request in gw.requests] == [1, 1, 2, 2]


async def test_a_client_that_leaves_a_stream_is_noticed_at_once() -> None:
    async with (
        Emulator(pace=0.01) as gw,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TEST_KEY}"}) as session,
    ):
        body = {**CHAT, "stream": True, "messages": [{"role": "user", "content": "[[words=5000]]"}]}
        async with session.post(f"{gw.base_url}/v1/chat/completions", json=body) as response:
            await response.content.readany()
            response.close()
        await gw.assert_no_leaks()
        (record,) = gw.requests
        assert record.client_left
        assert not record.finished
        assert record.events_sent < 100


async def test_an_open_connection_is_a_leak(call: Caller) -> None:
    await call.chat()
    with pytest.raises(AssertionError, match="1 connections and 0 answers"):
        await call.gw.assert_no_leaks(timeout=0.01)
    await call.session.close()
    await call.gw.assert_no_leaks()


async def test_closing_ends_answers_in_flight() -> None:
    gw = await Emulator(pace=10).start()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TEST_KEY}"}) as session,
        session.post(f"{gw.base_url}/v1/chat/completions", json={**CHAT, "stream": True}) as response,
        asyncio.timeout(5),
    ):
        await response.content.readany()
        await gw.aclose()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert gw.in_flight == 0


async def test_pace_spreads_the_events_of_a_stream() -> None:
    loop = asyncio.get_running_loop()
    async with (
        Emulator(pace=0.005) as gw,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TEST_KEY}"}) as session,
    ):
        started = loop.time()
        async with session.post(f"{gw.base_url}/v1/chat/completions", json={**CHAT, "stream": True}) as response:
            await response.read()
        assert loop.time() - started >= 0.005 * gw.requests[0].events_sent


def test_a_misspelt_route_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(ValueError, match=r"did you mean chat\.completions"):
        Emulator().script("chat.completion", Reply())


def test_a_route_that_the_profile_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="'software'"):
        Emulator(profile="software").script("seedance.create", Reply())


async def test_a_path_can_be_scripted_even_without_a_route(call: Caller) -> None:
    call.gw.script("/v1/balance", Reply(json={"left": 5}))
    assert (await call.post("/v1/balance", {"x": 1})).json == {"left": 5}
    assert call.gw.requests[-1].json == {"x": 1}
    assert (await call.get("/v1/balance")).status == 404


async def test_own_keys_replace_the_test_key(clock: object) -> None:
    async with Emulator(keys=["sk-" + "a" * 48]) as gw, aiohttp.ClientSession() as session:
        for key, status in {"sk-" + "a" * 48: 200, "a" * 48: 200, TEST_KEY: 401}.items():
            async with session.get(f"{gw.base_url}/v1/models", headers={"Authorization": f"Bearer {key}"}) as response:
                assert response.status == status


async def test_models_can_be_added(call: Caller) -> None:
    assert (await call.chat(model="my-model")).status == 503
    call.gw.models["my-model"] = "openai"
    assert (await call.chat(model="my-model")).json["model"] == "my-model"


async def test_a_long_life_forgets_old_requests() -> None:
    async with Emulator(pace=0, history=3) as gw, aiohttp.ClientSession() as session:
        caller = Caller(session, gw)
        for number in range(20):
            await caller.get(f"/v1/unknown/{number}")
        assert 3 <= len(gw.requests) <= 6
        assert gw.requests[-1].path == "/v1/unknown/19"


async def test_what_no_request_met_can_be_taken_back(call: Caller) -> None:
    replies = (Reply(), Reply(status=500))
    call.gw.script("chat.completions", *replies)
    await call.chat()
    assert call.gw.take_unused() == [replies[1]]
    assert call.gw.take_unused() == []
    assert (await call.chat()).status == 200


async def test_a_body_in_another_encoding_than_it_claims_is_refused_without_a_word(call: Caller) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await call("POST", "/v1/chat/completions", data=b"{}", headers=headers)
    assert (answer.status, answer.body) == (400, b"")


def test_a_thread_serves_synchronous_code() -> None:
    import urllib.request

    with serve_in_thread(Emulator(pace=0)) as gw:
        request = urllib.request.Request(f"{gw.base_url}/v1/models", headers={"Authorization": f"Bearer {TEST_KEY}"})
        with urllib.request.urlopen(request) as response:
            assert response.status == 200
        assert gw.requests[0].route == "models.list"
    assert gw.open_connections == 0


def test_a_taken_port_is_reported_to_the_caller() -> None:
    with (
        serve_in_thread(Emulator()) as gw,
        pytest.raises(OSError, match="in use"),
        serve_in_thread(Emulator(), port=gw.port),
    ):
        pass
