"""Whole answers: what each kind of failure becomes, and how many requests the server saw."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tikhub_async import TikHubAI, errors
from tikhub_async.testing import (
    BROKE_KEY,
    TEST_KEY,
    Drop,
    Empty,
    Emulator,
    Error,
    FakeClock,
    Fault,
    Html,
    RateLimited,
    Reply,
    Reset,
    Truncate,
)
from tikhub_async.testing.faultserver import FaultServer, whole

CHAT = "chat.completions"
HI = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
VIDEO = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "A cat"}]}


async def chat(client: TikHubAI, **changes: object) -> str:
    params: dict[str, object] = {**HI, **changes}
    return (await client.openai.chat.completions.create(**params)).text  # type: ignore[arg-type]


async def test_a_good_answer_carries_the_facts_of_its_exchange(client: TikHubAI, gw: Emulator) -> None:
    done = await client.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    assert "Hi" in done.text
    assert done.request_id == done.headers["X-Oneapi-Request-Id"]
    assert (done.attempts, done.maybe_billed, done.meta.status_code) == (1, False, 200)
    assert done.meta.body is not None
    assert done.meta.body.startswith(b"{")


async def test_the_request_carries_the_key_and_the_standing_headers(client: TikHubAI, gw: Emulator) -> None:
    await chat(client, extra_headers={"X-Trace": "7"}, extra_query={"a": "b"}, extra_body={"new_field": 1})
    seen = gw.requests[-1]
    assert seen.headers["user-agent"].startswith("tikhub-async/")
    assert seen.headers["accept-language"] == "en"
    assert seen.headers["x-trace"] == "7"
    assert seen.query == {"a": "b"}
    assert seen.json["new_field"] == 1


REFUSALS: list[tuple[str, Fault, type[errors.APIError], str]] = [
    (
        "bad input",
        Error(status=500, code="invalid_request", message="field messages is required"),
        errors.BadRequestError,
        "messages",
    ),
    (
        "unknown model",
        Error(status=503, code="model_not_found", message="no channel"),
        errors.NotFoundError,
        "spelling",
    ),
    ("no balance", Error(status=403, code="insufficient_user_quota", message="no quota"), errors.QuotaError, "top up"),
    ("forbidden", Error(status=403, code="access_denied", message="ip"), errors.PermissionDeniedError, "IP list"),
    (
        "too large",
        Error(status=413, code="read_request_body_failed", message="big"),
        errors.RequestTooLargeError,
        "URL",
    ),
    ("audio", Error(status=500, code="count_token_failed", message="x"), errors.BadRequestError, "suffix"),
    ("html with 200", Html(status=200), errors.ProtocolError, "base_url"),
    ("empty 200", Empty(status=200), errors.ProtocolError, "empty"),
    ("error with 200", Reply(status=200, json={"error": {"message": "no", "code": "x"}}), errors.APIStatusError, "no"),
    ("redirect", Reply(status=302, body=b"", headers={"Location": "/elsewhere"}), errors.ProtocolError, "redirect"),
]


@pytest.mark.parametrize(("name", "reply", "kind", "says"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_a_refusal_is_its_own_error_after_one_request(
    client: TikHubAI, gw: Emulator, name: str, reply: Fault, kind: type[errors.APIError], says: str
) -> None:
    gw.script(CHAT, reply)
    with pytest.raises(kind) as caught:
        await chat(client)
    assert says in str(caught.value)
    assert "openai.chat.completions POST /v1/chat/completions" in str(caught.value)
    assert len(gw.requests) == 1
    assert caught.value.attempts == 1


async def test_a_wrong_key_says_so_and_shows_no_key(gw: Emulator, clock: FakeClock) -> None:
    wrong = "sk-" + "w" * 48
    async with TikHubAI(api_key=wrong, base_url=gw.base_url, clock=clock) as client:
        with pytest.raises(errors.AuthenticationError, match="check the key") as caught:
            await chat(client)
    assert wrong not in str(caught.value)
    assert wrong not in repr(vars(caught.value))


async def test_a_key_without_balance_is_a_quota_error(gw: Emulator, clock: FakeClock) -> None:
    async with TikHubAI(api_key=BROKE_KEY, base_url=gw.base_url, clock=clock) as client:
        with pytest.raises(errors.QuotaError, match="top up"):
            await chat(client)


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_a_429_is_waited_for_and_sent_again(
    client: TikHubAI, gw: Emulator, clock: FakeClock, retry_after: float | None
) -> None:
    gw.script(CHAT, RateLimited(retry_after=retry_after))
    done = await client.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    assert (done.attempts, done.maybe_billed) == (2, False)
    assert len(clock.slept) == 1
    if retry_after is not None:
        assert retry_after <= clock.slept[0] <= retry_after + 1


async def test_a_wait_longer_than_the_cap_is_left_to_the_caller(client: TikHubAI, gw: Emulator) -> None:
    gw.script(CHAT, RateLimited(retry_after=3600))
    with pytest.raises(errors.RateLimitError) as caught:
        await chat(client)
    assert caught.value.retry_after == 3600
    assert len(gw.requests) == 1


async def test_a_dropped_chat_is_sent_once_more_and_says_that_it_may_have_cost_twice(
    client: TikHubAI, gw: Emulator
) -> None:
    gw.script(CHAT, Drop())
    done = await client.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    assert (done.attempts, done.maybe_billed) == (2, True)
    assert len(gw.requests) == 2


@pytest.mark.parametrize("fault", [Drop(), Reset(), Truncate(after_bytes=20), Html(status=502), Empty(status=504)])
async def test_a_chat_in_doubt_is_never_sent_a_third_time(client: TikHubAI, gw: Emulator, fault: Fault) -> None:
    gw.script(CHAT, fault, fault, fault)
    with pytest.raises(errors.APIError) as caught:
        await chat(client)
    assert len(gw.requests) == 2
    assert caught.value.maybe_billed
    assert len(caught.value.earlier) == 1


async def test_opting_out_sends_a_doubtful_chat_once(gw: Emulator, clock: FakeClock) -> None:
    from tikhub_async import RetryPolicy

    gw.script(CHAT, Drop(), Drop())
    policy = RetryPolicy(resend_ambiguous=False)
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock, retries=policy) as client:
        with pytest.raises(errors.APIConnectionError, match="may have been billed"):
            await chat(client)
    assert len(gw.requests) == 1


async def test_an_overloaded_provider_is_asked_again_up_to_the_limit(client: TikHubAI, gw: Emulator) -> None:
    overloaded = Reply(status=503, json={"error": {"message": "busy", "type": "overloaded_error", "code": None}})
    gw.script(CHAT, *[overloaded] * 5)
    with pytest.raises(errors.OverloadedError) as caught:
        await chat(client, max_retries=3)
    assert len(gw.requests) == 4
    assert len(caught.value.earlier) == 3


async def test_no_sleep_goes_past_a_deadline(client: TikHubAI, gw: Emulator, clock: FakeClock) -> None:
    gw.script(CHAT, RateLimited(retry_after=30))
    with pytest.raises(errors.RateLimitError):
        await chat(client, timeout=10)
    assert clock.slept == []
    assert len(gw.requests) == 1


async def test_nothing_listening_is_unsent_and_not_billed(clock: FakeClock) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:9", clock=clock) as client:
        with pytest.raises(errors.APIConnectionError, match="nothing was sent") as caught:
            await chat(client)
    assert not caught.value.maybe_billed
    assert len(clock.slept) == 2


async def test_a_video_is_created_after_a_429_but_never_after_a_doubt(client: TikHubAI, gw: Emulator) -> None:
    gw.script("seedance.create", RateLimited())
    await client.seedance.create(**VIDEO)  # type: ignore[arg-type]
    assert len(gw.paid) == 1
    for fault in (
        Drop(),
        Reset(),
        Truncate(after_bytes=10),
        Html(status=502),
        Empty(status=200),
        Html(status=200),
        Error(status=500),
    ):
        before = len(gw.requests)
        gw.script("seedance.create", fault)
        with pytest.raises(errors.InDoubtError) as caught:
            await client.seedance.create(**VIDEO)  # type: ignore[arg-type]
        assert len(gw.requests) == before + 1, fault
        assert caught.value.provider == "seedance"
        assert "A cat" in caught.value.sent
        assert caught.value.maybe_billed
        assert "client.tasks.attach" in str(caught.value)


async def test_a_refused_video_is_no_doubt(client: TikHubAI, gw: Emulator) -> None:
    gw.script("seedance.create", Error(status=400, code="invalid_request", message="ratio"))
    with pytest.raises(errors.BadRequestError):
        await client.seedance.create(**VIDEO)  # type: ignore[arg-type]
    assert gw.paid == []


async def test_a_copy_shares_connections_and_its_closing_does_nothing(client: TikHubAI, gw: Emulator) -> None:
    copy = client.with_options(timeout=5, api_key=BROKE_KEY)
    with pytest.raises(errors.QuotaError):
        await chat(copy)
    await copy.aclose()
    assert "Hi" in await chat(client)
    assert len({seen.connection for seen in gw.requests}) == 1


async def test_an_injected_session_is_used_and_not_closed(gw: Emulator, clock: FakeClock) -> None:
    headers = {"Authorization": "Bearer sk-somebody-else", "X-Own": "1"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, session=session, clock=clock) as client:
            assert "Hi" in await chat(client)
            gw.script(CHAT, Error(status=500, code="invalid_request", message="bad"))
            with pytest.raises(errors.BadRequestError):
                await chat(client)
        assert not session.closed
        assert gw.requests[0].headers["x-own"] == "1"


def test_one_client_works_on_several_loops_one_after_the_other() -> None:
    import asyncio

    client = TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:1")

    async def once() -> str:
        async with Emulator(pace=0) as gw:
            local = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url)
            local._session.transport = client._session.transport
            text = await chat(local)
            await client.aclose()
            return text

    assert asyncio.run(once()) == asyncio.run(once())


LONG = b"x" * 3000
REFUSED = [
    b'{"code": "invalid_request", "message": "%b", "data": null}' % LONG,
    b'{"message": "%b", "data": null, "code": "invalid_request"}' % LONG,
    b'{"message": "%b", "success": false, "code": "invalid_request"}' % LONG,
    b'{"message": "%b", "error": {"code": "invalid_request", "message": "no"}}' % (2 * LONG),
]
ASK: Any = HI
ASKED: dict[str, Callable[[TikHubAI], Awaitable[Any]]] = {
    "chat.completions": lambda client: client.openai.chat.completions.create(**ASK),
    "responses": lambda client: client.openai.responses.create(model="gpt-4o", input="Hi"),
    "messages": lambda client: client.claude.messages.create(max_tokens=9, **ASK),
    "embeddings": lambda client: client.openai.embeddings.create(model="text-embedding-3-small", input="Hi"),
    "transcriptions": lambda client: client.openai.audio.transcriptions.create(model="w", file=("a.mp3", b"ID3")),
    "gemini": lambda client: client.gemini.models.generate_content(model="gemini-2.5-flash", contents="Hi"),
    "models": lambda client: client.models.list(),
}


@pytest.mark.parametrize("call", list(ASKED.values()), ids=list(ASKED))
@pytest.mark.parametrize("body", REFUSED, ids=["code first", "code last", "success", "error last"])
async def test_a_good_status_with_a_long_error_is_that_error(
    call: Callable[[TikHubAI], Awaitable[Any]], body: bytes
) -> None:
    async with FaultServer() as server, TikHubAI(api_key=TEST_KEY, base_url=server.origin, max_retries=0) as client:
        server.serve("*", whole(body))
        with pytest.raises(errors.BadRequestError):
            await call(client)


@pytest.mark.parametrize("call", list(ASKED.values()), ids=list(ASKED))
@pytest.mark.parametrize("body", [b"{}", b'{"detail": "Not Found"}', b'{"message": "busy"}'])
async def test_an_object_that_is_something_else_is_no_answer(
    call: Callable[[TikHubAI], Awaitable[Any]], body: bytes
) -> None:
    async with FaultServer() as server, TikHubAI(api_key=TEST_KEY, base_url=server.origin, max_retries=0) as client:
        server.serve("*", whole(body))
        with pytest.raises(errors.ProtocolError) as caught:
            await call(client)
        assert caught.value.maybe_billed == (server.seen[0].method == "POST")


async def test_an_account_without_models_and_a_recording_of_silence_are_answers() -> None:
    async with FaultServer() as server, TikHubAI(api_key=TEST_KEY, base_url=server.origin) as client:
        server.serve("/v1/models", whole(b'{"object": "list", "data": []}'))
        server.serve("/v1/audio/transcriptions", whole(b'{"text": ""}'))
        assert (await client.models.list()).ids == []
        assert (await ASKED["transcriptions"](client)).text == ""
