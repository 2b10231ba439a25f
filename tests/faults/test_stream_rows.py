"""The rows of the fault matrix that only streams have, in every dialect."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.calls import WORDS
from tests.faults.cells import LIMITS, caller
from tests.faults.streams import DIALECTS, Reading, event
from tikhub_async import errors
from tikhub_async.testing.faultserver import FIN, RST, STALL, FaultServer, Pause, Step, chunk, head, streamed

HEAD = head(chunked=True, content_type="text/event-stream")
SOME = 7
"""Events that are sent before something happens; past the openings of all dialects."""


def begun(name: str) -> list[bytes]:
    """The first events of a stream."""
    return DIALECTS[name].events(WORDS)[:SOME]


@pytest.fixture(params=list(DIALECTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def read(name: str, steps: Sequence[Step], folder: Path, **options: Any) -> tuple[Reading, Any]:
    """What a consumer got of these steps, and how it ended."""
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, steps)
        async with caller(server, folder, **options) as who:
            reading = Reading(DIALECTS[name].open(who.client))
            end: Any
            try:
                end = await reading.to_the_end()
            except errors.TikHubError as error:
                end = error
        assert server.count == 1
    reading.assert_prefix_of(WORDS)
    return reading, end


async def test_a_connection_that_broke_while_the_consumer_worked_interrupts_the_next_read(
    name: str, tmp_path: Path
) -> None:
    """aiohttp answers such a read with a RuntimeError."""
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, [HEAD, *map(chunk, begun(name)), Pause(0.02), b"zz\r\n", STALL])
        async with caller(server, tmp_path) as who:
            stream = DIALECTS[name].open(who.client)
            await anext(stream)
            read = 1
            connection = stream._body._content._response.connection
            async with asyncio.timeout(5):
                while connection.transport is not None and not connection.transport.is_closing():
                    await asyncio.sleep(0)
                await asyncio.sleep(0)  # the connection is told that it is lost
            with pytest.raises(errors.StreamInterrupted) as caught:
                async for _ in stream:
                    read += 1
    assert read == SOME
    assert caught.value.maybe_billed


async def test_two_readers_of_one_stream_are_told_so(name: str, tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, [HEAD, *map(chunk, begun(name)), STALL])
        async with caller(server, tmp_path) as who, DIALECTS[name].open(who.client) as stream:
            for _ in range(SOME):
                await anext(stream)
            first = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="another task is reading this stream"):
                await anext(stream)
            first.cancel()


ENDS: dict[str, Callable[[list[bytes]], Sequence[Step]]] = {
    "FIN inside": lambda sent: [HEAD, *map(chunk, sent), FIN],
    "RST inside": lambda sent: [HEAD, *map(chunk, sent), RST],
    "FIN, no length": lambda sent: [head(content_type="text/event-stream"), *sent, FIN],
    "RST, no length": lambda sent: [head(content_type="text/event-stream"), *sent, RST],
    "too short for its length": lambda sent: [head(length=9999, content_type="text/event-stream"), *sent, FIN],
    "a proper end": lambda sent: streamed(sent),
    "[DONE] and a proper end": lambda sent: streamed([*sent, event("[DONE]")]),
    "inside an event": lambda sent: streamed([*sent, b'data: {"type": "content_block_de']),
    "a chunk that is none": lambda sent: [HEAD, *map(chunk, sent), Pause(0.02), b"zz\r\n"],
    "silence": lambda sent: [HEAD, *map(chunk, sent), STALL],
}


@pytest.mark.parametrize("end", ENDS)
async def test_a_stream_without_its_end_is_interrupted_after_all_that_came(name: str, end: str, tmp_path: Path) -> None:
    options = {"timeout": LIMITS} if end in {"silence", "a chunk that is none"} else {}
    reading, error = await read(name, ENDS[end](begun(name)), tmp_path, **options)
    assert isinstance(error, errors.StreamInterrupted), error
    assert reading.events == SOME
    assert error.partial is not None
    assert error.partial.text == "".join(reading.words)
    assert error.maybe_billed
    assert isinstance(error, errors.StreamTimeout) == (end in {"silence", "a chunk that is none"})


@pytest.mark.parametrize("end", ["a proper end", "[DONE] and a proper end"])
async def test_the_lenient_switch_accepts_a_proper_end(name: str, end: str, tmp_path: Path) -> None:
    reading, result = await read(name, ENDS[end](begun(name)), tmp_path, lenient_streams=True)
    assert result == "".join(reading.words)
    assert reading.events == SOME


@pytest.mark.parametrize("end", [FIN, RST])
async def test_a_consumer_that_is_slow_gets_everything_before_the_failure(name: str, end: Step, tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, [HEAD, *map(chunk, begun(name)), end])
        async with caller(server, tmp_path) as who:
            stream = DIALECTS[name].open(who.client)
            events = 0
            with pytest.raises(errors.StreamInterrupted):
                async with stream:
                    await asyncio.sleep(0.05)  # the failure is here before the first event is asked for
                    async for _ in stream:
                        events += 1
                        await asyncio.sleep(0.002)
    assert events == SOME


ERRORS = {
    "chat": {"error": {"message": "Overloaded", "type": "overloaded_error", "code": None, "param": None}},
    "messages": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    "responses": {"type": "error", "code": "overloaded_error", "message": "Overloaded", "param": None},
    "gemini": {"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}},
}


@pytest.mark.parametrize("framed", [True, False])
async def test_an_error_inside_has_its_class_and_what_came_before(name: str, framed: bool, tmp_path: Path) -> None:
    said = event(ERRORS[name], "error" if name in {"messages", "responses"} else "")
    bare = said.partition(b"data: ")[2]
    reading, error = await read(name, streamed([*begun(name), said if framed else bare]), tmp_path)
    assert isinstance(error, errors.OverloadedError), error
    assert (error.stage, error.status_code) == ("stream", 200)
    assert error.partial.text == "".join(reading.words)
    assert reading.events == SOME


async def test_nothing_but_heartbeats_and_a_proper_end_is_an_empty_stream(name: str, tmp_path: Path) -> None:
    _, error = await read(name, streamed([b": PING\n\n"] * 5), tmp_path)
    assert isinstance(error, errors.ProtocolError)
    assert "empty" in str(error)


ODD: dict[str, list[bytes]] = {
    "an unknown event": [event({"type": "response.brand_new", "x": 1}), event({"type": "brand_new", "index": 0})],
    "comments": [b": PING\n\n", b":" + b"x" * 100_000 + b"\n\n"],
    "lines of no field": [b"nonsense: 1\n", b"more nonsense\n\n"],
    "ids and retries": [b"id: 7\nretry: 5\n\n", b"retry: " + b"9" * 5000 + b"\n\n"],
    "an event without data": [b"event: ping\n\n"],
}


@pytest.mark.parametrize("what", ODD)
async def test_what_a_stream_need_not_hold_does_no_harm(name: str, what: str, tmp_path: Path) -> None:
    odd = ODD[what]
    if what == "an unknown event":
        if name not in {"responses", "messages"}:
            pytest.skip("this dialect has one type of event")
        odd = [odd[name == "messages"]]
    events = DIALECTS[name].events(WORDS)
    reading, result = await read(name, streamed([*events[:SOME], *odd, *events[SOME:]]), tmp_path)
    assert result == "".join(WORDS)
    assert reading.words == WORDS


async def test_bytes_that_are_not_utf8_do_not_end_a_stream(name: str, tmp_path: Path) -> None:
    events = DIALECTS[name].events(["caf? "])
    spoiled = [part.replace(b"caf?", b"caf\xff") for part in events]
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, streamed(spoiled))
        async with caller(server, tmp_path) as who:
            assert "caf\ufffd" in await Reading(DIALECTS[name].open(who.client)).to_the_end()


async def test_the_halves_of_a_character_in_two_events_become_one(name: str, tmp_path: Path) -> None:
    halves = [
        part.replace(b"HIGH", b"\\ud83d").replace(b"LOW", b"\\ude00") for part in DIALECTS[name].events(["HIGH", "LOW"])
    ]
    async with FaultServer() as server:
        server.serve(DIALECTS[name].path, streamed(halves))
        async with caller(server, tmp_path) as who:
            assert (await DIALECTS[name].open(who.client).final()).text == "😀"


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_a_stream_in_pieces_of_some_bytes_is_the_same(name: str, size: int, tmp_path: Path) -> None:
    data = b"".join(DIALECTS[name].events(WORDS))
    pieces = [chunk(data[start : start + size]) for start in range(0, len(data), size)]
    _, result = await read(
        name, [HEAD, b"".join(pieces[:500]), *pieces[500:520], b"".join(pieces[520:]), chunk(b"")], tmp_path
    )
    assert result == "".join(WORDS)
