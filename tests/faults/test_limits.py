"""Sizes and times: nothing that a server sends, or does not send, makes a call grow or wait beyond its limits."""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.faults.calls import CALLS, WORDS, Call
from tests.faults.cells import LIMITS, QUICK, caller, make
from tests.faults.streams import DIALECTS, MESSAGES, Reading, event
from tikhub_async import Limits, RetryPolicy, TikHubAI, Timeouts, errors
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock, RateLimited, Stall, serve_in_thread
from tikhub_async.testing.faultserver import STALL, FaultServer, Pause, Seen, Step, Steps, chunk, head, streamed, whole

KINDS = list(CALLS)
PROMPTLY = 5.0
"""Seconds within which a limit of a fraction of a second must have shown; generous, for a busy machine."""
NONE = Timeouts(pool=None, connect=None, first_byte=None, answer=None, idle=None, total=None, poll=None)
HI: Any = {"model": "m", "messages": MESSAGES}

# ── sizes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_json_answer_is_read_up_to_its_limit(tmp_path: Path, zipped: bool) -> None:
    """A bomb of 50 KB that unpacks to 50 MB is refused after 1 MiB, whatever the length says."""
    body = b'{"data": "' + b" " * (50 * 2**20 if zipped else 2 * 2**20) + b'"}'
    coded = {"content_encoding": "gzip"} if zipped else {}
    async with FaultServer() as server:
        server.serve("*", whole(gzip.compress(body) if zipped else body, 200, content_type="application/json", **coded))
        async with caller(server, tmp_path, max_json_bytes=2**20) as who:
            with pytest.raises(errors.ProtocolError, match="larger than max_json_bytes = 1,048,576"):
                await who.client.openai.chat.completions.create(**HI)
            with pytest.raises(errors.InDoubtError, match="larger than max_json_bytes"):
                await CALLS["C"].run(who)


@pytest.mark.parametrize("zipped", [False, True])
async def test_the_body_of_an_error_is_kept_up_to_64_kib(tmp_path: Path, zipped: bool) -> None:
    body = b"<html>" + b"x" * (5 * 2**20)
    coded = {"content_encoding": "gzip"} if zipped else {}
    async with FaultServer() as server:
        server.serve("*", whole(gzip.compress(body) if zipped else body, 400, **coded))
        async with caller(server, tmp_path) as who:
            with pytest.raises(errors.BadRequestError) as caught:
                await who.client.openai.chat.completions.create(**HI)
    assert len(caught.value.body) == 64 * 1024


@pytest.mark.parametrize("zipped", [False, True])
async def test_an_event_is_read_up_to_its_limit(tmp_path: Path, zipped: bool) -> None:
    events = [*DIALECTS["chat"].events(["a "])[:1], event("x" * 3 * 2**20)]
    said = {"content_type": "text/event-stream", **({"content_encoding": "gzip"} if zipped else {})}
    body = b"".join(events)
    async with FaultServer() as server:
        server.serve("*", whole(gzip.compress(body) if zipped else body, 200, **said))
        async with caller(server, tmp_path, max_event_bytes=2**20) as who:
            reading = Reading(DIALECTS["chat"].open(who.client))
            with pytest.raises(errors.ProtocolError, match="larger than max_event_bytes = 1,048,576") as caught:
                await reading.to_the_end()
    assert reading.words == ["a "]
    assert caught.value.partial.text == "a "


async def test_an_event_too_large_in_the_last_chunk_is_an_error_with_its_facts(tmp_path: Path) -> None:
    """Behind whole events of the same chunk, so that it shows at the end of the body only."""
    events = b"".join([*DIALECTS["chat"].events(["a "])[:1], event("x" * 4096)])
    async with FaultServer() as server:
        server.serve("*", streamed([events], x_oneapi_request_id="q-1"))
        async with caller(server, tmp_path, max_event_bytes=2048) as who:
            stream = DIALECTS["chat"].open(who.client)
            reading = Reading(stream)
            with pytest.raises(errors.ProtocolError, match="larger than max_event_bytes = 2,048") as caught:
                await reading.to_the_end()
            with pytest.raises(errors.ProtocolError, match="larger than max_event_bytes"):
                await stream.final()
            assert who.client._session.transport.pools().slots.taken == 0
    error = caught.value
    assert (reading.words, error.partial.text) == (["a "], "a ")
    assert (error.stage, error.attempts, error.maybe_billed, error.request_id) == ("stream", 1, True, "q-1")
    assert error.where == "openai.chat.completions POST /v1/chat/completions"
    assert "max_event_bytes on the client" in str(error.hint)


async def test_an_event_of_5_mib_is_no_trouble(tmp_path: Path) -> None:
    words = ["x" * (5 * 2**20), "y "]
    async with FaultServer() as server:
        server.serve("*", streamed(DIALECTS["chat"].events(words)))
        async with caller(server, tmp_path, timeout=Timeouts()) as who:
            assert await Reading(DIALECTS["chat"].open(who.client)).to_the_end() == "".join(words)


async def test_a_body_as_deep_as_it_is_long_is_a_decode_error(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve("*", whole(b"[" * 200_000 + b"]" * 200_000, content_type="application/json"))
        async with caller(server, tmp_path) as who:
            with pytest.raises(errors.ProtocolError):
                await who.client.openai.chat.completions.create(**HI)


@pytest.mark.parametrize("shape", ["list", "dict", "deep"])
async def test_a_body_without_an_end_is_refused_unsent(shape: str, tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append({"me": endless} if shape == "dict" else endless)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    async with FaultServer() as server, caller(server, tmp_path) as who:
        with pytest.raises(errors.InvalidParameter, match="nested too deep"):
            await who.client.post("/v1/any", body={"value": deep if shape == "deep" else endless})
        assert server.count == 0


async def test_a_body_of_some_megabytes_is_sent_without_a_warning(tmp_path: Path) -> None:
    """aiohttp warns of bytes above 1 MiB, which images and audio have; warnings are errors here."""
    heavy: Any = {"model": "m", "messages": [{"role": "user", "content": "x" * 3 * 2**20}]}
    async with FaultServer() as server:
        server.serve(CALLS["N"].path, CALLS["N"].good)
        server.serve("/v1/audio/transcriptions", whole(b'{"text": "Hi"}', content_type="application/json"))
        async with caller(server, tmp_path, timeout=Timeouts()) as who:
            await who.client.openai.chat.completions.create(**heavy)
            audio = ("speech.mp3", bytes(3 * 2**20))
            await who.client.openai.audio.transcriptions.create(model="whisper-1", file=audio)
    assert [len(seen.body) > 3 * 2**20 for seen in server.seen] == [True, True]


# ── times ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def pings(_: Seen) -> Iterator[Step]:
    yield head(chunked=True, content_type="text/event-stream")
    while True:
        yield chunk(b": PING\n\n" * 50)
        yield Pause(0.005)


async def test_comments_do_not_feed_the_idle_limit(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve("*", pings)
        async with caller(server, tmp_path, timeout=LIMITS) as who:
            started = time.monotonic()
            with pytest.raises(errors.StreamTimeout, match=r"no data event for 0\.3 s"):
                await Reading(DIALECTS["chat"].open(who.client)).to_the_end()
            assert time.monotonic() - started < PROMPTLY


async def test_comments_feed_it_where_that_is_asked_for(tmp_path: Path) -> None:
    comments: list[Step] = [chunk(b": PING\n\n"), Pause(0.1)] * 8
    good = list(streamed(DIALECTS["chat"].events(WORDS)))
    fed = Timeouts(idle=0.4, comments_are_data=True)
    async with FaultServer() as server:
        server.serve("*", [good[0], *comments, *good[1:]])
        async with caller(server, tmp_path, timeout=fed) as who:
            assert await Reading(DIALECTS["chat"].open(who.client)).to_the_end() == "".join(WORDS)


async def test_time_in_which_the_consumer_works_is_not_idle_time(tmp_path: Path) -> None:
    events = DIALECTS["chat"].events(WORDS)
    async with FaultServer() as server:
        server.serve("*", streamed(events))
        async with caller(server, tmp_path, timeout=LIMITS) as who:
            stream: Any = DIALECTS["chat"].open(who.client)
            words: list[str] = []
            async with stream:
                async for word in stream.text_stream:
                    if not words:
                        await asyncio.sleep(0.5)
                    words.append(word)
    assert words == WORDS


async def test_a_read_that_was_given_up_does_not_count_as_waiting(tmp_path: Path) -> None:
    good = list(streamed(DIALECTS["chat"].events(WORDS)))
    go_on = asyncio.Event()
    async with FaultServer() as server:
        server.serve("*", [*good[:4], go_on, *good[4:]])
        async with caller(server, tmp_path, timeout=LIMITS) as who, DIALECTS["chat"].open(who.client) as stream:
            words = [await anext(stream.text_stream) for _ in range(3)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(stream.text_stream)
            await asyncio.sleep(0.4)  # longer than the idle limit
            go_on.set()
            words += [word async for word in stream.text_stream]
    assert words == WORDS


async def test_the_body_of_an_error_cannot_stall_a_stream_that_has_no_total_limit(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve("*", [head(400, length=99, content_type="application/json"), b'{"error": ', STALL])
        async with caller(server, tmp_path, timeout=Timeouts(idle=0.2, total=None)) as who:
            started = time.monotonic()
            with pytest.raises(errors.BadRequestError):
                await Reading(DIALECTS["chat"].open(who.client)).to_the_end()
            assert time.monotonic() - started < PROMPTLY


async def test_a_total_limit_of_a_stream_ends_it_however_well_it_goes(tmp_path: Path) -> None:
    def endless(_: Seen) -> Iterator[Step]:
        yield head(chunked=True, content_type="text/event-stream")
        part = DIALECTS["chat"].events(["a "])[0]
        while True:
            yield chunk(part)
            yield Pause(0.01)

    async with FaultServer() as server:
        server.serve("*", endless)
        async with caller(server, tmp_path) as who:
            reading = Reading(who.client.openai.chat.completions.stream(**HI, timeout=0.3))
            with pytest.raises(errors.StreamTimeout, match="outlived its limit") as caught:
                await reading.to_the_end()
    assert caught.value.phase == "total"
    assert reading.events > 1


@pytest.mark.parametrize(("kind", "ticks"), [("C", 2), ("S", 5), ("N", 300)])
def test_a_loop_that_was_blocked_finds_the_answer_and_no_timeout(kind: str, ticks: int) -> None:
    """Something else kept the loop while connecting, sending or waiting; the limit ran out meanwhile."""
    emulator = Emulator(pace=0.0)
    calls: dict[str, Callable[[TikHubAI], Any]] = {
        "C": lambda ai: ai.seedance.create(
            model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A cat"}]
        ),
        "N": lambda ai: ai.openai.chat.completions.create(model="gpt-4o", messages=MESSAGES),
        "S": lambda ai: ai.openai.chat.completions.stream(model="gpt-4o", messages=MESSAGES).final(),
        "P": lambda ai: ai.models.list(),
    }

    async def blocked(base_url: str) -> None:
        limits = Timeouts(first_byte=0.2, answer=0.2, idle=0.2, total=0.2, poll=0.2)
        async with TikHubAI(api_key=TEST_KEY, base_url=base_url, timeout=limits, max_retries=0) as client:
            calling = asyncio.ensure_future(calls[kind](client))
            for _ in range(ticks):
                await asyncio.sleep(0)
            time.sleep(0.4)
            await calling

    with serve_in_thread(emulator):
        asyncio.run(blocked(emulator.base_url))


# ── the caller's own deadline ───────────────────────────────────────────────────────────────────────────────────────

STANDSTILLS: dict[str, Steps] = {
    "before the head": [STALL],
    "in the body": [head(length=99, content_type="application/json"), b"{", STALL],
    "in the error": [head(503, length=99), b"{", STALL],
}


async def by_asyncio(call: Call, who: Any) -> bool:
    try:
        async with asyncio.timeout(0.06):
            await call.run(who)
    except TimeoutError:
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return True
    return False


async def by_anyio(call: Call, who: Any) -> bool:
    with anyio.move_on_after(0.06) as scope:
        await call.run(who)
    return scope.cancelled_caught


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standstill", STANDSTILLS)
@pytest.mark.parametrize("deadline", [by_asyncio, by_anyio])
async def test_a_deadline_of_the_callers_bounds_every_call(
    kind: str, standstill: str, deadline: Callable[[Call, Any], Any], tmp_path: Path
) -> None:
    call = CALLS[kind]
    async with FaultServer() as server:
        server.serve(call.path, STANDSTILLS[standstill])
        async with caller(server, tmp_path, timeout=NONE) as who:
            started = time.monotonic()
            assert await deadline(call, who)
            assert time.monotonic() - started < PROMPTLY
            await who.client._session.transport.aclose(drain=0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deadline", [by_asyncio, by_anyio])
async def test_it_bounds_the_waits_between_attempts_too(
    kind: str, deadline: Callable[[Call, Any], Any], tmp_path: Path
) -> None:
    call = CALLS[kind]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        server.script(call.path, *[RateLimited(retry_after=50)] * 9)
        async with caller(server, tmp_path, retries=RetryPolicy(), timeout=NONE) as who:
            assert await deadline(call, who)
        assert server.count == 1
        quota = who.client._session._key.quota
        assert quota.tokens == quota.capacity  # what was not sent was not spent


@pytest.mark.parametrize("kind", ["C", "N", "P", "X"])
async def test_a_timeout_of_the_calls_own_bounds_attempts_sleeps_and_holds(kind: str, tmp_path: Path) -> None:
    call = CALLS[kind]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        server.script(call.path, RateLimited(retry_after=3))
        async with caller(server, tmp_path, retries=RetryPolicy(), timeout=LIMITS) as who:
            cell = await make(call, who)
            assert isinstance(cell.error, errors.RateLimitError), cell.error
            assert cell.seconds < PROMPTLY
        assert server.count == 1


# ── the key's hold and quota ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_429_holds_every_call_with_that_key_and_no_other(clock: FakeClock, tmp_path: Path) -> None:
    call = CALLS["P"]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path, clock=clock, timeout=Timeouts(), retries=RetryPolicy()) as who:
            client = who.client
            server.script(call.path, RateLimited(retry_after=7))
            with pytest.raises(errors.RateLimitError):
                await client.with_options(max_retries=0).models.list()
            other = client.with_options(api_key="sk-" + "o" * 48)
            await other.models.list()
            assert clock.slept == []
            await client.with_options(timeout=50).models.list()
            assert len(clock.slept) == 1
            assert 6.9 <= clock.slept[0] <= 9
            await client.models.list()
            assert len(clock.slept) == 1


async def test_calls_that_were_held_together_do_not_leave_together(clock: FakeClock, tmp_path: Path) -> None:
    call = CALLS["P"]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path, clock=clock, timeout=Timeouts(), retries=RetryPolicy()) as who:
            who.client._session._key.hold_until = clock.now() + 7
            await asyncio.gather(*(who.client.models.list() for _ in range(20)))
            assert len(set(clock.slept)) == 20
            assert all(7 <= slept <= 8 for slept in clock.slept)


async def test_a_call_that_cannot_wait_for_the_hold_is_sent_and_gets_its_answer(
    clock: FakeClock, tmp_path: Path
) -> None:
    call = CALLS["P"]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path, clock=clock) as who:
            who.client._session._key.hold_until = clock.now() + 30
            await who.client.with_options(timeout=5).models.list()
            assert clock.slept == []


async def test_a_date_is_read_by_the_servers_own_clock(clock: FakeClock, tmp_path: Path) -> None:
    """The clocks of two machines may be hours apart."""
    call = CALLS["P"]
    dates = {"date": "Wed, 21 Oct 2015 07:28:00 GMT", "retry_after": "Wed, 21 Oct 2015 07:28:09 GMT"}
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        server.script(call.path, whole(b"{}", 429, **dates))
        async with caller(server, tmp_path, clock=clock, timeout=Timeouts(), retries=RetryPolicy()) as who:
            await who.client.models.list()
        assert 9 <= clock.slept[0] <= 10


def test_the_memory_of_keys_is_bounded() -> None:
    from tikhub_async._config import Secret
    from tikhub_async._session.transport import KEYS_KEPT

    client = TikHubAI(api_key=TEST_KEY)
    transport = client._session.transport
    for number in range(KEYS_KEPT + 50):
        transport.key_state(Secret(f"sk-{number}", "test"))
    assert len(transport._keys) == KEYS_KEPT


@pytest.mark.parametrize("fault", ["503", "drop"])
async def test_an_outage_does_not_multiply_the_load(fault: str, tmp_path: Path) -> None:
    """The long form, with 10,000 calls, is `python -m tests.faults.load`."""
    from tests.faults.load import outage

    requests, late = await outage(600, fault, tmp_path)
    assert requests <= 700
    assert late < PROMPTLY


# ── closing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_closing_waits_for_a_creation_and_then_names_it_in_doubt(clock: FakeClock) -> None:
    async with Emulator(pace=0) as gw:
        gw.script("seedance.create", Stall())
        client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock)
        creating = asyncio.ensure_future(
            client.seedance.create(model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A cat"}])
        )
        while not gw.in_flight:
            await asyncio.sleep(0.001)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        closing = asyncio.ensure_future(client.aclose())
        await clock.advance(29)
        assert not closing.done()
        await clock.advance(2)
        await closing
        [orphan] = client.tasks.orphans()
        assert isinstance(orphan.error, errors.InDoubtError)
        assert "A cat" in orphan.error.sent
        await gw.assert_no_leaks()


async def test_closing_that_is_cancelled_still_closes(clock: FakeClock) -> None:
    async with Emulator(pace=0) as gw:
        gw.script("seedance.create", Stall())
        client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock)
        await client.models.list()
        creating = asyncio.ensure_future(
            client.seedance.create(model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A cat"}])
        )
        while not gw.in_flight:
            await asyncio.sleep(0.001)
        with anyio.move_on_after(0.05) as scope:
            await client.aclose()
        assert scope.cancelled_caught
        with pytest.raises(errors.InDoubtError):
            await creating
        assert len(client.tasks.orphans()) <= 1
        await gw.assert_no_leaks()


async def test_a_slot_is_never_lost_to_a_cancelled_wait(tmp_path: Path) -> None:
    """2,000 in the long form, `python -m tests.faults.leaks`."""
    from tests.faults.leaks import cancelled_waits

    async with FaultServer() as server:
        server.serve("*", CALLS["P"].good)
        async with caller(server, tmp_path, limits=Limits(connections=5), timeout=LIMITS, retries=QUICK) as who:
            await cancelled_waits(who.client, 200, seed=1)
            slots = who.client._session.transport.pools().slots
            assert slots.taken == 0
            await asyncio.gather(*(who.client.models.list() for _ in range(5)))
