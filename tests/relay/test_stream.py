"""`stream.relay()`: both vocabularies for every protocol, heartbeats, back-pressure, ends."""

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.relay.reading import events_of, read, text_of
from tikhub_async import ConfigError, EventStream, StreamInterrupted, TikHubAI, TikHubError
from tikhub_async.relay import HEADERS, StreamRelay, full_error
from tikhub_async.testing import (
    TEST_KEY,
    Emulator,
    ErrorInStream,
    FakeClock,
    NoFinish,
    RateLimited,
    Reset,
    SlowHeaders,
    Stall,
    Truncate,
)
from tikhub_async.types.chat import ChatMessage

QUESTION = "What is the time?"
MESSAGES: list[ChatMessage] = [{"role": "user", "content": QUESTION}]
PARAMETERS = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}
Make = Callable[..., EventStream[Any, Any]]


def chat(client: TikHubAI, text: str = QUESTION, **more: Any) -> EventStream[Any, Any]:
    return client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": text}], **more)


def deepseek(client: TikHubAI, text: str = QUESTION, **more: Any) -> EventStream[Any, Any]:
    messages: list[ChatMessage] = [{"role": "user", "content": text}]
    return client.deepseek.chat.completions.stream(model="deepseek-reasoner", messages=messages, **more)


def claude(client: TikHubAI, text: str = QUESTION, **more: Any) -> EventStream[Any, Any]:
    return client.claude.messages.stream(
        model="claude-sonnet-4-5", max_tokens=500, messages=[{"role": "user", "content": text}], **more
    )


def responses(client: TikHubAI, text: str = QUESTION, **more: Any) -> EventStream[Any, Any]:
    return client.openai.responses.stream(model="gpt-5", input=text, **more)


def gemini(client: TikHubAI, text: str = QUESTION, **more: Any) -> EventStream[Any, Any]:
    return client.gemini.models.generate_content_stream(model="gemini-2.5-pro", contents=text, **more)


STREAMS: dict[str, Make] = {
    "chat": chat,
    "deepseek": deepseek,
    "claude": claude,
    "responses": responses,
    "gemini": gemini,
}
ROUTES = {
    "chat": "chat.completions",
    "deepseek": "chat.completions",
    "claude": "messages",
    "responses": "responses",
    "gemini": "gemini.generate_content_stream",
}
TOOLS: dict[str, tuple[Make, dict[str, Any]]] = {
    "chat": (
        chat,
        {
            "tools": [{"type": "function", "function": {"name": "clock", "parameters": PARAMETERS}}],
            "tool_choice": "required",
        },
    ),
    "claude": (claude, {"tools": [{"name": "clock", "input_schema": PARAMETERS}], "tool_choice": {"type": "any"}}),
    "responses": (
        responses,
        {"tools": [{"type": "function", "name": "clock", "parameters": PARAMETERS}], "tool_choice": "required"},
    ),
    "gemini": (
        gemini,
        {
            "tools": [{"function_declarations": [{"name": "clock", "parameters_json_schema": PARAMETERS}]}],
            "tool_config": {"function_calling_config": {"mode": "ANY"}},
        },
    ),
}


@pytest.fixture(params=STREAMS)
def dialect(request: pytest.FixtureRequest) -> str:
    name = request.param
    assert isinstance(name, str)
    return name


# ── the common vocabulary ───────────────────────────────────────────────────────────────────────────────────────────


async def test_every_provider_speaks_the_same_words(client: TikHubAI, dialect: str) -> None:
    stream = STREAMS[dialect](client, QUESTION)
    events = await read(stream.relay())
    result = await stream.final()
    names = [name for name, _ in events if name not in ("text", "reasoning")]
    assert names == ["usage", "done"]
    assert text_of(events) == result.text
    assert QUESTION in result.text
    usage, done = dict(events)["usage"], dict(events)["done"]
    assert usage["input_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert done["reason"] == "stop"
    assert done["request_id"] == stream.request_id


async def test_reasoning_is_told_apart_from_text(client: TikHubAI) -> None:
    events = await read(deepseek(client).relay())
    assert "quotes itself" in text_of(events, "reasoning")
    assert "quotes itself" not in text_of(events)


@pytest.mark.parametrize("name", TOOLS)
async def test_a_tool_call_comes_whole_and_once(client: TikHubAI, name: str) -> None:
    make, more = TOOLS[name]
    events = await read(make(client, QUESTION, **more).relay())
    calls = [data for kind, data in events if kind == "tool_call"]
    assert [call["name"] for call in calls] == ["clock"]
    assert json.loads(calls[0]["arguments"]) == {"zone": "zone"}
    assert dict(events)["done"]["reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("make", "mark", "reason"),
    [
        (chat, "[[words=500]]", "length"),
        (claude, "[[words=900]]", "length"),
        (responses, "[[words=500]]", "length"),
        (chat, "[[refuse]]", "refusal"),
        (responses, "[[refuse]]", "refusal"),
        (claude, "[[refuse]]", "refusal"),
        (chat, "[[filter]]", "content_filter"),
    ],
)
async def test_the_reason_of_an_end_is_one_word_for_all(client: TikHubAI, make: Make, mark: str, reason: str) -> None:
    limits: dict[Any, dict[str, Any]] = {chat: {"max_completion_tokens": 50}, responses: {"max_output_tokens": 50}}
    more = limits.get(make, {}) if reason == "length" else {}
    events = await read(make(client, mark, **more).relay())
    assert dict(events)["done"]["reason"] == reason


async def test_a_refusal_is_text_for_the_reader(client: TikHubAI) -> None:
    events = await read(chat(client, "[[refuse]]").relay())
    refused = [data for name, data in events if name == "text"]
    assert refused
    assert all(data["refusal"] for data in refused)


async def test_what_is_hidden_does_not_leave_the_server(client: TikHubAI) -> None:
    events = await read(deepseek(client).relay(hide={"reasoning", "usage"}))
    assert {name for name, _ in events} == {"text", "done"}


async def test_only_what_can_be_hidden_may_be_named(client: TikHubAI) -> None:
    with pytest.raises(ConfigError, match="done"):
        chat(client).relay(hide={"done"})


@pytest.mark.parametrize(
    "options", [{"vocabulary": "raw"}, {"vocabulary": "provider", "hide": {"reasoning"}}, {"heartbeat": 0}]
)
async def test_what_cannot_be_is_refused_at_once(client: TikHubAI, options: Any) -> None:
    """Reasoning that was to be hidden must not go out because the other vocabulary cannot hide it."""
    with pytest.raises(ConfigError):
        chat(client).relay(**options)


async def test_half_a_character_in_each_of_two_events_arrives_whole(gw: Emulator, client: TikHubAI) -> None:
    """Providers cut surrogate pairs; JSON escapes carry the halves, and the browser's string joins them."""
    from tikhub_async.testing import Reply

    pieces = ['"\\ud83d"', '"\\ude00"']
    chunk = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}\n\n'
    end = 'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    body = "".join(chunk % piece for piece in pieces) + end
    gw.script("chat.completions", Reply(body=body.encode(), headers={"Content-Type": "text/event-stream"}))
    events = await read(chat(client).relay())
    halves = text_of(events)
    assert halves.encode("utf-16", "surrogatepass").decode("utf-16") == "😀"


# ── the provider's own vocabulary ───────────────────────────────────────────────────────────────────────────────────


async def test_the_providers_own_events_arrive_as_they_were(gw: Emulator, client: TikHubAI, dialect: str) -> None:
    own = STREAMS[dialect](client, QUESTION)
    again = await read(own.relay(vocabulary="provider"))
    result = await own.final()
    names = {"claude": "message_stop", "responses": "response.completed"}
    assert again[-1] == ("message", "[DONE]") if dialect in ("chat", "deepseek") else True
    assert again[-1][0] == names.get(dialect, "message")
    # What a browser's own SDK would make of it is what ours made of it.
    second = STREAMS[dialect](client, QUESTION)
    events = [event async for event in second]
    assert len([name for name, data in again if data != "[DONE]"]) == len(events)
    assert result.text in _texts(again)


def _texts(events: list[tuple[str, Any]]) -> str:
    """All text deltas of all protocols, found by their keys."""
    found: list[str] = []
    for _, data in events:
        if not isinstance(data, dict):
            continue
        for choice in data.get("choices") or []:
            found.append(choice["delta"].get("content") or "")
        for candidate in data.get("candidates") or []:
            found += [part.get("text", "") for part in candidate.get("content", {}).get("parts", [])]
        delta = data.get("delta")
        found.append(delta if isinstance(delta, str) else (delta or {}).get("text", ""))
    return "".join(found)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("chat", lambda data: data["error"]["type"]),
        ("claude", lambda data: data["error"]["type"] if data["type"] == "error" else None),
        ("responses", lambda data: data["code"] if data["type"] == "error" else None),
        ("gemini", lambda data: data["error"]["status"]),
    ],
)
async def test_an_error_takes_the_protocols_own_form(
    gw: Emulator, client: TikHubAI, name: str, shape: Callable[[Any], str]
) -> None:
    gw.script(ROUTES[name], ErrorInStream(after_events=2))
    relay = STREAMS[name](client, QUESTION).relay(vocabulary="provider")
    events = await read(relay)
    assert shape(events[-1][1]) == type(relay.error).__name__
    assert events[-1][0] == ("error" if name in ("claude", "responses") else "message")


# ── errors as events ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (RateLimited(retry_after=90), "RateLimitError"),
        (ErrorInStream(after_events=2), "OverloadedError"),
        (ErrorInStream(after_events=2, framed=False), "OverloadedError"),
        (Truncate(after_events=3), "StreamInterrupted"),
        (Truncate(after_events=3, clean=True), "StreamInterrupted"),
        (Reset(after_events=3), "StreamInterrupted"),
        (NoFinish(), "StreamInterrupted"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
async def test_an_error_is_the_last_event(gw: Emulator, client: TikHubAI, fault: Any, kind: str) -> None:
    gw.script("chat.completions", fault)
    relay = chat(client).relay()
    events = await read(relay)
    assert [name for name, _ in events].count("error") == 1
    assert events[-1][0] == "error"
    assert events[-1][1]["type"] == kind == type(relay.error).__name__
    assert relay.ended
    assert not relay.left


async def test_the_text_before_an_error_is_shown_first(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Truncate(after_events=4))
    relay = chat(client).relay()
    events = await read(relay)
    assert text_of(events)
    assert isinstance(relay.error, StreamInterrupted)
    assert relay.error.partial.text == text_of(events)


async def test_a_browser_is_not_told_what_the_gateway_said(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", ErrorInStream(message="balance of $3.10 at channel 7 is too low"))
    relay = chat(client).relay()
    told = json.dumps(await read(relay))
    assert "3.10" not in told
    assert relay.error is not None
    assert "3.10" in relay.error.message


async def test_a_tool_of_ones_own_team_may_see_the_whole_error(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", ErrorInStream(message="the model is warming up"))
    events = await read(chat(client).relay(describe=full_error))
    assert "warming up" in events[-1][1]["message"]


@pytest.mark.parametrize("answer", [lambda error: 1 / 0, lambda error: {"told": object()}], ids=["fails", "no JSON"])
async def test_a_description_that_fails_is_still_an_error_event(gw: Emulator, client: TikHubAI, answer: Any) -> None:
    gw.script("chat.completions", ErrorInStream())
    ended: list[Any] = []
    events = await read(chat(client).relay(describe=answer, on_end=ended.append))
    assert events[-1][0] == "error"
    assert events[-1][1]["type"] == "OverloadedError"
    assert [relay.left for relay in ended] == [False]


async def test_an_error_may_be_told_in_other_words(gw: Emulator, client: TikHubAI) -> None:
    def describe(error: TikHubError) -> dict[str, Any]:
        return {"message": "Schade.", "code": type(error).__name__}

    gw.script("chat.completions", Truncate(after_events=1))
    events = await read(chat(client).relay(describe=describe))
    assert events[-1] == ("error", {"message": "Schade.", "code": "StreamInterrupted"})


# ── heartbeats ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def slow(gw: Emulator, still: FakeClock) -> Any:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=still) as made:
        yield made


@pytest.fixture
def still() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock(auto=False)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop and the sockets work until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("fault", [SlowHeaders(seconds=None), Stall(after_events=0)], ids=["headers", "body"])
async def test_heartbeats_while_the_model_thinks(gw: Emulator, slow: TikHubAI, still: FakeClock, fault: Any) -> None:
    gw.script("chat.completions", fault)
    async with chat(slow).relay(heartbeat=15) as relay:
        for _ in range(3):
            chunk = asyncio.ensure_future(anext(relay))
            await until(lambda: gw.in_flight)
            await still.advance(14.9)
            assert not chunk.done()
            await still.advance(0.2)
            assert await chunk == b": ping\n\n"
    assert len(gw.requests) == 1


async def test_without_a_heartbeat_silence_is_silence(gw: Emulator, slow: TikHubAI, still: FakeClock) -> None:
    gw.script("chat.completions", SlowHeaders(seconds=None))
    async with chat(slow).relay(heartbeat=None) as relay:
        chunk = asyncio.ensure_future(anext(relay))
        await until(lambda: gw.in_flight)
        await still.advance(100)
        assert not chunk.done()
        chunk.cancel()
        with pytest.raises(asyncio.CancelledError):
            await chunk


async def test_heartbeats_do_not_keep_a_dead_stream_alive(gw: Emulator, slow: TikHubAI, still: FakeClock) -> None:
    """The idle limit counts from the last event, whatever is sent to the browser meanwhile."""
    gw.script("chat.completions", Stall(after_events=2))
    relay = chat(slow).relay(heartbeat=15)
    chunks: list[bytes] = []

    async def reading() -> None:
        chunks.extend([chunk async for chunk in relay])

    task = asyncio.ensure_future(reading())
    await until(lambda: chunks or (gw.requests and gw.requests[0].events_sent == 2))
    await until(lambda: relay.stream.stats.events == 2)
    for _ in range(20):
        await still.advance(15.5)
    await task
    assert 18 <= chunks.count(b": ping\n\n") <= 20
    assert events_of(b"".join(chunks))[-1][1]["type"] == "StreamTimeout"


# ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", [SlowHeaders(seconds=None), Stall(after_events=2)], ids=["headers", "body"])
async def test_a_cancelled_relay_closes_its_upstream_at_once(gw: Emulator, client: TikHubAI, fault: Any) -> None:
    gw.script("chat.completions", fault)
    relay = chat(client).relay()
    task = asyncio.ensure_future(read(relay))
    await until(lambda: gw.requests and (gw.requests[0].status or isinstance(fault, SlowHeaders)))
    loop = asyncio.get_running_loop()
    left = loop.time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: gw.requests[0].client_left)
    assert loop.time() - left < 0.1
    assert relay.left
    assert relay.ended


async def test_a_relay_that_is_merely_dropped_closes_its_upstream(gw: Emulator, client: TikHubAI) -> None:
    """Frameworks drop their iterator when they cannot send any more."""
    gw.script("chat.completions", Stall(after_events=2))
    ended: list[bool] = []
    relay = chat(client).relay(on_end=lambda relay: ended.append(relay.left))
    assert await anext(relay)
    del relay
    gc.collect()
    await until(lambda: gw.requests[0].client_left)
    assert ended == [True]


async def test_a_relay_dropped_while_it_reads_closes_its_upstream(
    gw: Emulator, slow: TikHubAI, still: FakeClock
) -> None:
    gw.script("chat.completions", SlowHeaders(seconds=None))
    relay = chat(slow).relay(heartbeat=1)
    chunk = asyncio.ensure_future(anext(relay))
    await until(lambda: gw.in_flight)
    await still.advance(1.5)
    assert await chunk == b": ping\n\n"
    del relay, chunk
    gc.collect()
    await until(lambda: gw.requests[0].client_left)


async def test_aclose_ends_a_relay(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Stall(after_events=2))
    relay = chat(client).relay()
    assert await anext(relay)
    await relay.aclose()
    await relay.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(relay)
    await until(lambda: gw.requests[0].client_left)


async def test_on_end_is_called_once_with_the_usage(client: TikHubAI) -> None:
    ends: list[tuple[int, bool]] = []
    relay = chat(client).relay(on_end=lambda relay: ends.append((relay.usage.total_tokens, relay.left)))
    await read(relay)
    await relay.aclose()
    assert ends == [(relay.usage.total_tokens, False)]


async def test_on_end_that_fails_costs_nobody_the_answer(client: TikHubAI, caplog: pytest.LogCaptureFixture) -> None:
    def on_end(_: StreamRelay) -> None:
        raise RuntimeError("no database")

    events = await read(chat(client).relay(on_end=on_end))
    assert events[-1][0] == "done"
    assert "no database" in caplog.text


# ── back-pressure and cost ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_slow_browser_slows_the_provider(gw: Emulator, client: TikHubAI) -> None:
    """Of an endless answer only what the buffers on the way hold is read."""
    relay = chat(client, "[[words=400000]]").relay()
    first = await anext(relay)
    await asyncio.sleep(0.2)
    sent = gw.requests[0].events_sent
    await asyncio.sleep(0.2)
    assert gw.requests[0].events_sent == sent  # stands still
    assert not gw.requests[0].finished
    assert relay.stream.stats.bytes < 2**20
    assert first
    await relay.aclose()


async def test_what_arrives_together_leaves_together(gw: Emulator, client: TikHubAI) -> None:
    stream = chat(client, "[[words=5000]]")
    chunks = [chunk async for chunk in stream.relay()]
    assert stream.stats.events > 5000
    assert len(chunks) < 500


def test_headers_forbid_what_would_break_a_stream() -> None:
    assert HEADERS["Content-Type"].startswith("text/event-stream")
    assert HEADERS["Cache-Control"].startswith("no-cache")
    assert HEADERS["X-Accel-Buffering"] == "no"
