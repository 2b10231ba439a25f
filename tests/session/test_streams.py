"""Streams: complete, or an error with everything that arrived."""

import asyncio
import gc
import warnings
from typing import Any

import pytest

from tikhub_async import TikHubAI, errors
from tikhub_async.testing import (
    Drop,
    Empty,
    Emulator,
    Error,
    ErrorInStream,
    FakeClock,
    Fault,
    Html,
    NoFinish,
    PingsOnly,
    Reply,
    Reset,
    Stall,
    Truncate,
)

MESSAGES: Any = [{"role": "user", "content": "Tell me of the sea"}]


def open_stream(client: TikHubAI, dialect: str, **more: Any) -> Any:
    if dialect == "chat":
        return client.openai.chat.completions.stream(model="gpt-4o", messages=MESSAGES, **more)
    if dialect == "responses":
        return client.openai.responses.stream(model="gpt-4o", input="Tell me of the sea", **more)
    if dialect == "messages":
        return client.claude.messages.stream(model="claude-sonnet-4-5", max_tokens=99, messages=MESSAGES, **more)
    return client.gemini.models.generate_content_stream(model="gemini-2.5-flash", contents="Tell me of the sea", **more)


ROUTES = {
    "chat": "chat.completions",
    "responses": "responses",
    "messages": "messages",
    "gemini": "gemini.generate_content_stream",
}
DIALECTS = list(ROUTES)
pytestmark = pytest.mark.anyio


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_whole_stream_gives_events_text_and_the_final_object(client: TikHubAI, dialect: str) -> None:
    async with open_stream(client, dialect) as stream:
        pieces = [piece async for piece in stream.text_stream]
    final = await stream.final()
    assert "".join(pieces) == final.text == await stream.final_text()
    assert "the sea" in final.text
    assert len(pieces) > 3
    assert final.request_id == stream.request_id is not None
    assert stream.usage is not None
    assert stream.stats.events >= len(pieces)


async def test_a_stream_can_be_iterated_without_a_context_manager(client: TikHubAI, gw: Emulator, dialect: str) -> None:
    stream = open_stream(client, dialect)
    assert gw.requests == []
    events = [event async for event in stream]
    assert len(events) == stream.stats.events
    assert gw.in_flight == 0


async def test_final_alone_reads_the_stream(client: TikHubAI, dialect: str) -> None:
    assert "the sea" in (await open_stream(client, dialect).final()).text


CUTS: list[Fault] = [
    Truncate(after_events=4),
    Truncate(after_events=4, clean=True),
    Truncate(after_bytes=900),
    Reset(after_events=4),
]


@pytest.mark.parametrize("cut", CUTS, ids=repr)
async def test_a_cut_stream_delivers_what_arrived_and_then_raises(
    client: TikHubAI, gw: Emulator, dialect: str, cut: Fault
) -> None:
    gw.script(ROUTES[dialect], cut)
    stream = open_stream(client, dialect)
    events: list[Any] = []
    with pytest.raises(errors.StreamInterrupted) as caught:
        async for event in stream:
            events.append(event)
    assert events
    assert len(events) == stream.stats.events
    assert caught.value.partial.text == stream.partial.text
    assert caught.value.maybe_billed
    assert len(gw.requests) == 1
    with pytest.raises(errors.StreamInterrupted):
        await stream.final()


async def test_done_without_a_finish_reason_is_an_interruption(client: TikHubAI, gw: Emulator) -> None:
    gw.script(ROUTES["chat"], NoFinish())
    with pytest.raises(errors.StreamInterrupted, match=r"\[DONE\]") as caught:
        await open_stream(client, "chat").final()
    assert "the sea" in caught.value.partial.text


async def test_the_lenient_switch_accepts_a_clean_end(client: TikHubAI, gw: Emulator) -> None:
    gw.script(ROUTES["chat"], NoFinish(), Truncate(after_events=4, clean=True))
    lenient = client.with_options(lenient_streams=True)
    assert "the sea" in (await open_stream(lenient, "chat").final()).text
    assert (await open_stream(lenient, "chat").final()).text


@pytest.mark.parametrize("framed", [True, False])
async def test_an_error_in_the_stream_has_its_own_class_and_the_partial_result(
    client: TikHubAI, gw: Emulator, dialect: str, framed: bool
) -> None:
    gw.script(
        ROUTES[dialect],
        ErrorInStream(after_events=4, framed=framed, code=None if dialect != "responses" else "overloaded_error"),
    )
    stream = open_stream(client, dialect)
    events: list[Any] = []
    with pytest.raises(errors.OverloadedError) as caught:
        async for event in stream:
            events.append(event)
    assert caught.value.stage == "stream"
    assert caught.value.partial is not None
    assert len(events) == 4
    assert len(gw.requests) == 1


REFUSED: list[tuple[Fault, type[errors.APIError]]] = [
    (Error(status=500, code="invalid_request", message="bad"), errors.BadRequestError),
    (Error(status=503, code="model_not_found", message="none"), errors.NotFoundError),
    (Html(status=200), errors.ProtocolError),
    (Empty(status=200, content_type="text/event-stream"), errors.ProtocolError),
    (Empty(status=200), errors.ProtocolError),
    (Reply(status=200, json={"id": "x", "choices": []}), errors.ProtocolError),
    (
        Reply(status=400, body=b'{"error":{"message":"no","code":"x"}}', headers={"Content-Type": "text/event-stream"}),
        errors.BadRequestError,
    ),
]


@pytest.mark.parametrize(("fault", "kind"), REFUSED, ids=[repr(row[0]) for row in REFUSED])
async def test_a_stream_that_does_not_open_is_its_own_error(
    client: TikHubAI, gw: Emulator, dialect: str, fault: Fault, kind: type[errors.APIError]
) -> None:
    if dialect == "messages" and isinstance(fault, Error):
        pytest.skip("Claude's error shape has no code: see test_on_messages_the_gateways_code_is_lost")
    gw.script(ROUTES[dialect], fault)
    stream = open_stream(client, dialect)
    with pytest.raises(kind):
        await stream.final()
    assert len(gw.requests) == 1
    with pytest.raises(kind):
        await stream.final()  # asking again sends nothing again
    assert len(gw.requests) == 1


async def test_on_messages_the_gateways_code_is_lost(client: TikHubAI, gw: Emulator) -> None:
    bad, broke = Error(status=500, code="invalid_request"), Error(status=403, code="insufficient_user_quota")
    gw.script("messages", bad, bad, broke)
    with pytest.raises(errors.InternalServerError) as caught:
        await open_stream(client, "messages").final()
    assert caught.value.type == "new_api_error"
    assert len(gw.requests) == 2  # it may be bad input or a provider out of reach: once more, as for any doubt
    with pytest.raises(errors.QuotaError):
        await open_stream(client, "messages").final()


async def test_a_stream_that_never_began_is_asked_for_once_more(client: TikHubAI, gw: Emulator, dialect: str) -> None:
    gw.script(ROUTES[dialect], Drop())
    final = await open_stream(client, dialect).final()
    assert (final.attempts, final.maybe_billed) == (2, True)


@pytest.mark.parametrize("fault", [Stall(after_events=2), PingsOnly(interval=0.001)], ids=["silence", "pings"])
async def test_silence_and_heartbeats_run_into_the_idle_limit(
    client: TikHubAI, gw: Emulator, clock: FakeClock, dialect: str, fault: Fault
) -> None:
    gw.script(ROUTES[dialect], fault)
    stream = open_stream(client, dialect)
    reading = asyncio.ensure_future(stream.final())
    while not gw.requests or stream.stats.opened is None:
        await asyncio.sleep(0.001)
    if isinstance(fault, Stall):
        while stream.stats.events < 2:
            await asyncio.sleep(0.001)
    await clock.advance(299)
    assert not reading.done()
    await clock.advance(2)
    with pytest.raises(errors.StreamTimeout, match="no data event for 300 s") as caught:
        await reading
    assert isinstance(caught.value, TimeoutError)


async def test_a_slow_consumer_does_not_run_into_the_idle_limit(
    client: TikHubAI, gw: Emulator, clock: FakeClock
) -> None:
    async with open_stream(client, "chat") as stream:
        await stream.__anext__()
        await clock.advance(10_000)
        rest = [event async for event in stream]
    assert rest


async def test_what_arrived_before_a_reset_reaches_a_slow_consumer(client: TikHubAI, gw: Emulator) -> None:
    gw.script(ROUTES["chat"], Reset(after_events=6))
    async with open_stream(client, "chat") as stream:
        await asyncio.sleep(0.05)  # the reset is there before the first read
        events: list[Any] = []
        with pytest.raises(errors.StreamInterrupted):
            async for event in stream:
                events.append(event)
    assert len(events) == 6


async def test_leaving_early_frees_the_connection_and_stops_the_provider(gw: Emulator, client: TikHubAI) -> None:
    gw.script(ROUTES["chat"], Stall(after_events=3))
    async with open_stream(client, "chat") as stream:
        async for _ in stream:
            break
    await gw.assert_no_leaks()
    with pytest.raises(errors.StreamInterrupted, match="closed before its end"):
        await stream.final()
    assert "You" in stream.partial.text


async def test_cancelling_a_read_frees_the_connection(gw: Emulator, client: TikHubAI) -> None:
    gw.script(ROUTES["chat"], Stall(after_events=1))

    async def read() -> None:
        async with open_stream(client, "chat") as stream:
            async for _ in stream:
                pass

    reading = asyncio.ensure_future(read())
    while not gw.requests:
        await asyncio.sleep(0.001)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await gw.assert_no_leaks()


async def test_a_dropped_stream_frees_the_connection_and_warns(gw: Emulator, client: TikHubAI) -> None:
    gw.script(ROUTES["chat"], Stall(after_events=3))
    stream = open_stream(client, "chat")
    await stream.__anext__()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del stream
        gc.collect()
    assert any(issubclass(warning.category, ResourceWarning) for warning in seen)
    await gw.assert_no_leaks()


async def test_the_connection_of_a_finished_stream_is_used_again(gw: Emulator, client: TikHubAI, dialect: str) -> None:
    for _ in range(3):
        await open_stream(client, dialect).final()
    assert len({seen.connection for seen in gw.requests}) == 1
