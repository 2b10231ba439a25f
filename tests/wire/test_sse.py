"""Bytes → events: each case whole, byte by byte, at every split; then limits, linear work and a plain decoder as the oracle."""

import base64
import hashlib
import json
import os
import random
import re
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikhub_async._wire.sse import MAX_NAME_LINE, STRAY_KEPT, ServerSentEvent, SSEDecoder
from tikhub_async.errors import ProtocolError

KIB, MIB = 1024, 1024 * 1024
SMALL = 512
"""Streams up to this many bytes are split at every place, larger ones at sampled places."""


class Outcome(NamedTuple):
    events: list[ServerSentEvent]
    last_event_id: str
    retry: int | None
    unfinished: list[ServerSentEvent]
    stray: bytes
    failure: str


def run(chunks: Iterable[bytes], limit: int = 16 * MIB) -> Outcome:
    decoder = SSEDecoder(limit)
    events: list[ServerSentEvent] = []
    unfinished: list[ServerSentEvent] = []
    failure = ""
    try:
        for chunk in chunks:
            events += decoder.decode(chunk)
        unfinished = decoder.flush()
    except ProtocolError as error:
        failure = str(error)
    return Outcome(events, decoder.last_event_id, decoder.retry, unfinished, decoder.stray, failure)


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *places, len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def cuttings(stream: bytes) -> Iterator[list[bytes]]:
    """The stream whole, in single bytes, at each place (sampled if large) and 200 times at random (10 times if huge)."""
    size = len(stream)
    chance = random.Random(size)
    huge = size > 64 * KIB
    yield [stream]
    yield cut(stream, range(1, size, 4099 if huge else 1))
    places = range(size + 1) if size <= SMALL else sorted(chance.sample(range(size), 10 if huge else 200))
    for place in places:
        yield cut(stream, [place])
    for _ in range(10 if huge else 200):
        yield cut(stream, sorted(chance.choices(range(size + 1), k=chance.randint(2, 12))))


def assert_same_however_cut(stream: bytes, limit: int = 16 * MIB) -> Outcome:
    whole = run([stream], limit)
    for chunks in cuttings(stream):
        assert run(chunks, limit) == whole, [len(chunk) for chunk in chunks]
    return whole


# --- the project's own table -----------------------------------------------------------------------------------------


def got(data: str | bytes, event: str = "message", id: str = "", retry: int | None = None) -> ServerSentEvent:  # noqa: A002
    return ServerSentEvent(event, data.encode() if isinstance(data, str) else data, id, retry)


TABLE: dict[str, tuple[bytes, list[ServerSentEvent], list[ServerSentEvent]]] = {
    # what it shows: (stream, events, events of flush())
    "nothing": (b"", [], []),
    "one event": (b"data: x\n\n", [got("x")], []),
    "a burst": (b"data: 1\n\ndata: 2\n\ndata: 3\n\n", [got("1"), got("2"), got("3")], []),
    "a burst of named events": (
        b'event: a\ndata: {"n":1}\n\nevent: b\ndata: {"n":2}\n\n',
        [got('{"n":1}', "a"), got('{"n":2}', "b")],
        [],
    ),
    "named and unnamed events": (b"event: a\ndata: 1\n\ndata: [DONE]\n\n", [got("1", "a"), got("[DONE]")], []),
    "a name after its data": (b"data: 1\nevent: a\n\ndata: 2\n\n", [got("1", "a"), got("2")], []),
    "a name without data is forgotten": (b"event: a\n\ndata: 1\n\n", [got("1")], []),
    "the last of two names counts": (b"event: a\nevent: b\ndata: 1\n\n", [got("1", "b")], []),
    "an empty name is the default": (b"event: \ndata: 1\n\nevent\ndata: 2\n\n", [got("1"), got("2")], []),
    "a name longer than what is held of a line": (
        b"event: " + b"n" * 200 + b"\ndata: 1\n\ndata: 2\n\n",
        [got("1", "n" * 200), got("2")],
        [],
    ),
    "a name that is not UTF-8": (b"event: a\xff\ndata: 1\n\n", [got("1", "a\ufffd")], []),
    "CRLF": (b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [got("1", "a"), got("2")], []),
    "CR": (b"event: a\rdata: 1\r\rdata: 2\r\r", [got("1", "a"), got("2")], []),
    "three kinds of line ends": (b"data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\ndata: 4\n\r", [got(n) for n in "1234"], []),
    "CRLF is one line end": (b"data: 1\r\ndata: 2\r\n\r\n", [got("1\n2")], []),
    "LF CR is two": (b"data: 1\n\rdata: 2\n\r", [got("1"), got("2")], []),
    "CR CR ends a block without waiting for an LF": (b"data: 1\r\r", [got("1")], []),
    "other separators are data": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        [got("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei")],
        [],
    ),
    "a BOM at the start": (b"\xef\xbb\xbfdata: 1\n\n", [got("1")], []),
    "a BOM is dropped once": (b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\n\n", [got("2")], []),
    "a later BOM spoils the field name": (b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n", [got("1")], []),
    "a BOM in a value is data": (b"data: \xef\xbb\xbf1\n\n", [got("\ufeff1")], []),
    "half a BOM": (b"\xef\xbbdata: 1\n\ndata: 2\n\n", [got("2")], []),
    "a BOM and nothing else": (b"\xef\xbb\xbf", [], []),
    "one space after the colon goes": (b"data:1\n\ndata:  2\n\ndata:\t3\n\n", [got("1"), got(" 2"), got("\t3")], []),
    "colons in the value": (b"data: a:b: c\nevent::e\n\n", [got("a:b: c", ":e")], []),
    "data lines join with LF": (b"data: {\ndata:   1\ndata: }\n\n", [got("{\n  1\n}")], []),
    "empty data lines count": (b"data\n\ndata:\n\ndata: \ndata\ndata:\n\n", [got(""), got(""), got("\n\n")], []),
    "a comment between events": (b": PING\n\ndata: 1\n\n: PING\n\ndata: 2\n\n", [got("1"), got("2")], []),
    "a comment inside an event": (b"data: 1\n:\n: data: no\ndata: 2\n\n", [got("1\n2")], []),
    "a long comment": (b"data: 1\n: " + b"c" * 300 + b"\ndata: 2\n\n", [got("1\n2")], []),
    "surplus blank lines": (b"\n\n\ndata: 1\n\n\ndata: 2\n\n\n\n\ndata: 3\n\n\n", [got("1"), got("2"), got("3")], []),
    "surplus blank lines after named events": (
        b"event: a\ndata: 1\n\n\nevent: a\ndata: 2\n\n\n",
        [got("1", "a"), got("2", "a")],
        [],
    ),
    "names are case sensitive and have no blanks": (b"Data: 1\n data: 2\ndata : 3\ndata: 4\n\n", [got("4")], []),
    "unknown fields": (b"foo: 1\ndata: 2\nbar\n\n", [got("2")], []),
    "a long unknown line": (b"u" * 300 + b"\ndata: 1\n\n", [got("1")], []),
    "an unknown name of 64 bytes": (
        b"u" * 63 + b":x\ndata: 1\n\n" + b"u" * 64 + b"\ndata: 2\n\n",
        [got("1"), got("2")],
        [],
    ),
    "lines around the held length": (
        b"".join(b"data: " + b"x" * size + b"\n\n" for size in (56, 57, 58, 59, 60, 200)),
        [got("x" * size) for size in (56, 57, 58, 59, 60, 200)],
        [],
    ),
    "NUL is data": (b"data: a\0b\nevent: e\0\n\n", [got("a\0b", "e\0")], []),
    "the id persists": (b"id: 7\ndata: 1\n\ndata: 2\n\n", [got("1", id="7"), got("2", id="7")], []),
    "the id persists over a burst": (
        b"id: 7\n\ndata: 1\n\ndata: 2\n\nevent: a\ndata: 3\n\n",
        [got("1", id="7"), got("2", id="7"), got("3", "a", "7")],
        [],
    ),
    "an empty id resets it": (b"id: 7\ndata: 1\n\nid\ndata: 2\n\n", [got("1", id="7"), got("2")], []),
    "an id with NUL is ignored": (b"id: 7\nid: 8\x00\ndata: 1\n\n", [got("1", id="7")], []),
    "retry persists": (b"retry: 30\n\ndata: 1\n\ndata: 2\n\n", [got("1", retry=30), got("2", retry=30)], []),
    "retry takes ASCII digits only": (
        b"retry: 7\nretry: +1\nretry: 1_0\nretry: 1 \nretry:\nretry: \xc2\xb2\nretry: 0x1\ndata: 1\n\n",
        [got("1", retry=7)],
        [],
    ),
    "retry is clamped at ten digits": (
        b"retry: 9999999999\ndata: 1\n\nretry: 1\n\nretry: 10000000000\ndata: 2\n\nretry: 0012\ndata: 3\n\n",
        [got("1", retry=9_999_999_999), got("2", retry=9_999_999_999), got("3", retry=12)],
        [],
    ),
    "retry with more digits than int() takes": (
        b"retry: " + b"9" * 5000 + b"\ndata: 1\n\nretry: " + b"9" * 100 + b"x\ndata: 2\n\n",
        [got("1", retry=9_999_999_999), got("2", retry=9_999_999_999)],
        [],
    ),
    "multi-byte text": ("data: é你😀👩‍🚀\n\n".encode(), [got("é你😀👩‍🚀")], []),
    "bad UTF-8 stays as it is": (b"data: a\xff\xe2\x82\n\n", [got(b"a\xff\xe2\x82")], []),
    "no blank line at the end": (b"data: 1\n\ndata: [DONE]\n", [got("1")], [got("[DONE]")]),
    "no line end at the end": (b"data: 1\n\nevent: a\ndata: 2", [got("1")], [got("2", "a")]),
    "a CR at the end": (b"data: 1\r", [], [got("1")]),
    "a comment at the end": (b"data: 1\n\n: bye", [got("1")], []),
    "an id at the end is for its event only": (
        b"id: 1\ndata: 1\n\nid: 2\ndata: 2",
        [got("1", id="1")],
        [got("2", id="2")],
    ),
    "a cut field name": (b"data: 1\n\ndat", [got("1")], []),
    "a bare JSON error": (b'data: 1\n\n{"error":{"message":"x"}}\n\n', [got("1")], []),
    "an HTML page": (b"<html>\r\n<h1>502: Bad Gateway</h1>\r\n</html>", [], []),
}


@pytest.mark.parametrize("name", TABLE)
def test_table_is_decoded_however_it_is_cut(name: str) -> None:
    stream, events, unfinished = TABLE[name]
    outcome = assert_same_however_cut(stream)
    assert (outcome.events, outcome.unfinished, outcome.failure) == (events, unfinished, "")


def test_crlf_split_across_chunks_is_one_line_end() -> None:
    assert run([b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]).events == [got("a\nb")]
    assert run([b"data: a\r", b"", b"\ndata: b\n\n"]).events == [got("a\nb")]


def test_text_replaces_what_is_not_utf8() -> None:
    assert got(b"a\xffb\xe2\x82").text == "a\ufffdb\ufffd"


def test_flush_leaves_id_and_retry_as_they_were_and_ends_the_block() -> None:
    decoder = SSEDecoder()
    assert decoder.decode(b"id: 1\nretry: 5\ndata: a\n\nid: 2\ndata: b\nretry: 6") == [got("a", id="1", retry=5)]
    assert decoder.flush() == [got("b", id="2", retry=6)]
    assert (decoder.last_event_id, decoder.retry) == ("1", 5)
    assert decoder.flush() == []


# --- limits ----------------------------------------------------------------------------------------------------------


def test_event_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    for fine in (b"data: 12345678\n\n", b"data: 123\ndata: 4567\n\n", b"event: long-enough\ndata:12345678\n\n"):
        assert not assert_same_however_cut(fine, limit=8).failure
    for large in (
        b"data: 123456789\n\n",
        b"data: 123\ndata: 45678\n\n",
        b"data: 12345678\ndata\n\n",
        b"data: 123456789",
    ):
        outcome = assert_same_however_cut(large, limit=8)
        assert not outcome.events
        assert "max_event_bytes = 8" in outcome.failure


def test_events_before_one_that_is_too_large_are_handed_out_first() -> None:
    stream = b"data: 1\n\nevent: a\ndata: 2\n\ndata: 123456789\n\ndata: 3\n\n"
    assert assert_same_however_cut(stream, limit=8).events == [got("1"), got("2", "a")]
    decoder = SSEDecoder(8)
    assert decoder.decode(stream) == [got("1"), got("2", "a")]
    with pytest.raises(ProtocolError, match="max_event_bytes = 8") as caught:
        decoder.decode(b"data: 4\n\n")
    assert caught.value.stage == "stream"
    with pytest.raises(ProtocolError, match="max_event_bytes = 8"):
        decoder.flush()


@pytest.mark.parametrize("field", ["id", "event"])
def test_overlong_name_or_id_fails_without_being_kept(field: str) -> None:
    line = f"{field}: ".encode()
    fine = line + b"n" * (MAX_NAME_LINE - len(line)) + b"\ndata: x\n\n"
    assert len(run([fine]).events) == 1
    outcome = assert_same_however_cut(b"data: 1\n\n" + line + b"n" * MAX_NAME_LINE + b"\ndata: x\n\n")
    assert outcome.events == [got("1")]
    assert "4,096 bytes" in outcome.failure


NAMES_AT_THE_LIMIT = b"".join(
    field + ("😀" + "n" * (MAX_NAME_LINE - 20)).encode() + b"\n" for field in (b"id: ", b"\nid: ", b"event: ", b"u")
)

ENDLESS: dict[str, tuple[bytes, bytes, bool]] = {
    # what comes: (the start, what follows again and again, whether it is data and so ends with an error)
    "a data line": (b"data: ", b"x" * 1000, True),
    "a data line with everything else at its limit": (NAMES_AT_THE_LIMIT + b"data: ", b"x" * 1000, True),
    "data lines of one byte": (b"", b"data: x\n" * 100, True),
    "empty data lines": (b"", b"data\n" * 200, True),
    "a comment": (b"data: x\n:", b"c" * 1000, False),
    "an unknown line": (b"data: x\n", b"u" * 1000, False),
    "unknown lines": (b"data: x\n", b"u: 1\n" * 200, False),
    "ids": (b"", b"id: " + "😀".encode() * 250 + b"\n", False),
    "retry": (b"retry: ", b"9" * 1000, False),
    "blank lines": (b"", b"\n" * 1000, False),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_memory_kept_between_chunks_is_at_most_the_limit_and_64_kib(name: str) -> None:
    start, more, is_data = ENDLESS[name]
    limit = 8 * MIB if b"\n" not in more and is_data else 64 * KIB
    decoder = SSEDecoder(limit)
    failed, held = False, 0
    tracemalloc.start()
    try:
        decoder.decode(start)
        for _ in range(limit // 100):
            decoder.decode(more)
            held = max(held, tracemalloc.get_traced_memory()[0])
    except ProtocolError:
        failed = True
    finally:
        tracemalloc.stop()
    assert failed is is_data
    assert held <= 64 * KIB + (limit if is_data else 0)


def blocks_of(line: bytes, size: int, step: int) -> list[bytes]:
    stream = (line * (size // len(line) + 1))[:size]
    return [stream[place : place + step] for place in range(0, size, step)]


LONG: dict[str, Callable[[], list[bytes]]] = {
    "one event": lambda: [b"data: ", *blocks_of(b"x", 5 * MIB, 64), b"\n\n"],
    "one event after a name": lambda: [b"event: e\ndata: ", *blocks_of(b"x\r", 2 * MIB, 64), b"\n\n"],
    "data lines": lambda: blocks_of(b"data: x\n", 2 * MIB, 64),
    "one comment": lambda: [b":", *blocks_of(b"c", 5 * MIB, 64)],
    "one unknown line": lambda: blocks_of(b"u", 5 * MIB, 64),
    "blank lines": lambda: blocks_of(b"\n", 2 * MIB, 64),
    "CRLFs": lambda: blocks_of(b"\r\n", 2 * MIB, 63),
    "blank lines at once": lambda: [b"\n" * 5 * MIB],
    "data lines at once": lambda: [b"data: x\n" * 200_000],
    "unlike blocks at once": lambda: [b"data: x\n\n" * 100_000 + b"id: 1\n\n"],
    "names without data at once": lambda: [b"event: x\n" * 200_000],
    "bare CRs at once": lambda: [b"data: x\r" * 200_000 + b"\n"],
}


@pytest.mark.parametrize("name", LONG)
def test_work_is_linear_in_the_bytes(name: str) -> None:
    """Quadratic work would need minutes here and linear work needs a tenth of the bound, so a slow machine is no matter."""
    chunks = LONG[name]()
    started = time.process_time()
    outcome = run(chunks)
    assert time.process_time() - started < 2
    assert not outcome.failure


def test_what_a_later_chunk_may_touch_again_stays_small() -> None:
    def kept_after(chunks: int) -> tuple[int, int, int]:
        decoder = SSEDecoder()
        for chunk in [b"data: ", *[b"x" * 64] * chunks]:
            decoder.decode(chunk)
        return len(decoder._line), max(map(len, decoder._pieces)), len(decoder._tail)

    # A chunk never looks at the pieces before it, and the line and the tail are as short after 4 MiB as after 64 KiB.
    for chunks in (1_024, 65_536):
        line, piece, tail = kept_after(chunks)
        assert line <= 64
        assert max(piece, tail) <= 33 * KIB


# --- stray lines -----------------------------------------------------------------------------------------------------


def test_bare_json_error_is_kept_for_the_error_text() -> None:
    body = b'{\n  "error": {\n    "code": 503,\n    "message": "' + b"busy " * 30 + b'"\n  }\n}'
    outcome = assert_same_however_cut(b"data: 1\n\n" + body)
    assert outcome.events == [got("1")]
    assert outcome.stray == body
    assert json.loads(outcome.stray)["error"]["code"] == 503


def test_stray_holds_unknown_lines_only() -> None:
    stream = b"\xef\xbb\xbf: hi\nevent: a\nid: b\0\nretry: x\ndata\n\nwhat: is\r\n\r\nthis\r\n: " + b"c" * 99
    assert assert_same_however_cut(stream).stray == b"what: is\nthis"


def test_stray_takes_the_unfinished_line_at_the_end() -> None:
    for stream in (b"oops", b"\xef\xbb", b"dat", b"data: 1\noops"):
        assert assert_same_however_cut(stream).stray == stream.removeprefix(b"data: 1\n")


def test_stray_is_the_first_4_kib() -> None:
    stream = b"".join(b"%04d" % number + b"u" * (number % 90) + b"\n" for number in range(400))
    outcome = assert_same_however_cut(stream)
    assert outcome.stray == stream[:STRAY_KEPT]
    assert len(run([b"u" * 9000]).stray) == STRAY_KEPT


# --- against a plain decoder -----------------------------------------------------------------------------------------


def plain(stream: bytes) -> tuple[list[ServerSentEvent], str, int | None, bytes]:
    """Events, last id, retry and stray lines by the letter of the standard, with the whole stream at hand."""
    *lines, _ = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    events: list[ServerSentEvent] = []
    stray: list[bytes] = []
    last_id = pending_id = ""
    retry: int | None = None
    name, data = "", list[bytes]()
    for line in lines:
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if not line:
            last_id = pending_id
            if data:
                events.append(ServerSentEvent(name or "message", b"\n".join(data), last_id, retry))
            name, data = "", []
        elif field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            pending_id = value.decode("utf-8", "replace")
        elif field == b"retry" and re.fullmatch(rb"[0-9]+", value):
            retry = min(int(value), 9_999_999_999)
        elif field not in (b"", b"id", b"retry"):
            stray.append(line)
    return events, last_id, retry, b"\n".join(stray)[:STRAY_KEPT]


FIELDS = [
    b"data: ",
    b"data:",
    b"data",
    b"event: ",
    b"event",
    b"id: ",
    b"id",
    b"retry: ",
    b": ",
    b":",
    b"foo: ",
    b"da",
    b"",
]
VALUES = [
    b"",
    b"x",
    b"1",
    b'{"a": [1]}',
    b" ",
    b"\0",
    b"\xff",
    "😀".encode(),
    b"[DONE]",
    b"v" * 70,
    b"9" * 70,
    b"\xef\xbb\xbf",
]
ENDS = [b"\n", b"\n", b"\n\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r", b"\n\n\n", b""]
WHOLE = [b"data: x\n\n", b'event: e\ndata: {"n": 1}\n\n', b": PING\n\n", b"data: {}\r\n\r\n", b"\xef\xbb\xbf", b"\n"]

lines = st.builds(b"".join, st.tuples(*map(st.sampled_from, (FIELDS, VALUES, ENDS))))
streams = st.lists(st.one_of(lines, st.sampled_from(WHOLE), st.binary(max_size=8)), max_size=30).map(b"".join)


@settings(max_examples=400, deadline=None, database=None)
@given(streams, st.lists(st.integers(0, 400), max_size=12), st.sampled_from([3, 60, 100_000]))
def test_any_cutting_of_any_stream_gives_the_same_events(stream: bytes, places: list[int], limit: int) -> None:
    whole = run([stream], limit)
    assert run(cut(stream, sorted(min(place, len(stream)) for place in places)), limit) == whole
    assert run(cut(stream, range(1, len(stream))), limit) == whole


@settings(max_examples=400, deadline=None, database=None)
@given(streams)
def test_any_stream_gives_what_the_standard_says(stream: bytes) -> None:
    decoder = SSEDecoder()
    events, last_id, retry, stray = plain(stream)
    assert decoder.decode(stream) == events
    assert (decoder.last_event_id, decoder.retry) == (last_id, retry)
    # Unknown lines behind the last line end are added by flush().
    assert decoder.stray.startswith(stray) or stray.startswith(decoder.stray)


def test_large_burst_in_reads_of_any_size_gives_what_the_standard_says() -> None:
    kinds = [b'data: {"n": %d}\n\n', b'event: delta\ndata: {"n": %d}\n\n']
    for shape in ([0] * 400, [1] * 400, [number % 2 for number in range(400)]):
        stream = b"".join(kinds[kind] % number for number, kind in enumerate(shape))
        for noise in (b"", b": PING\n\n", b"id: 3\n\n", b"retry: 9\ndata: a\ndata: b\n\n", b"\n", b"oops\n\n"):
            noisy = stream[: len(stream) // 2].rpartition(b"\n\n")[0] + b"\n\n" + noise + stream
            for line_end in (b"\n", b"\r\n", b"\r"):
                sent = noisy.replace(b"\n", line_end)
                for size in (len(sent), 4096, 1460, 61):
                    assert run(cut(sent, range(size, len(sent), size))).events == plain(sent)[0]


# --- shared fixtures -------------------------------------------------------------------------------------------------

SHARED = Path(os.environ["TIKHUB_FIXTURES"]) if os.environ.get("TIKHUB_FIXTURES") else None


def shared(path: str) -> Any:
    return json.loads((SHARED / path).read_text("utf-8")) if SHARED else []


def need_shared() -> Path:
    if SHARED is None:
        pytest.skip("TIKHUB_FIXTURES names no folder with the shared fixtures")
    return SHARED


def as_described(event: ServerSentEvent, description: dict[str, Any]) -> dict[str, Any]:
    """The event in the keys of its description: large data as length and hash."""
    facts: dict[str, Any] = {"event": event.event, "id": event.id, "retry": event.retry, "data": event.text}
    facts |= {"data_len": len(event.text), "data_sha256": hashlib.sha256(event.text.encode()).hexdigest()}
    return {key: facts[key] for key in description}


def assert_events(events: list[ServerSentEvent], described: list[dict[str, Any]]) -> None:
    assert [as_described(event, facts) for event, facts in zip(events, described, strict=True)] == described


CONFORMANCE = shared("sse_conformance.json")["cases"] if SHARED else [None]


@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda case: case["name"] if case else "no file")
def test_conformance_case_is_decoded_however_it_is_cut(case: dict[str, Any]) -> None:
    need_shared()
    chunks: list[bytes] = []
    for part in case["chunks"]:
        text, times = (part, 1) if isinstance(part, str) else (part["b64"], part["times"])
        chunks += [base64.b64decode(text)] * times
    stream = b"".join(chunks)
    outcome = assert_same_however_cut(stream)
    if len(chunks) < 20_000:
        assert run(chunks) == outcome
    assert_events(outcome.events, case["events"])
    assert_events(outcome.unfinished, case["flush_events"])
    assert {"last_event_id": outcome.last_event_id, "retry": outcome.retry} == case["end"]


@pytest.mark.parametrize(
    "case", shared("fixtures/sse_edge/expected.json") or [None], ids=lambda case: case and case["file"]
)
def test_edge_file_is_decoded_however_it_is_cut(case: dict[str, Any]) -> None:
    stream = (need_shared() / "fixtures/sse_edge" / case["file"]).read_bytes()
    outcome = assert_same_however_cut(stream)
    assert outcome.retry == case["retry"]
    assert_events(outcome.events, case["events"])
    assert_events(outcome.events + outcome.unfinished, case.get("events_with_flush_at_eof", case["events"]))


def test_every_stream_file_gives_what_the_standard_says_in_single_bytes_too() -> None:
    files = sorted(need_shared().rglob("*.sse"))
    assert files
    for file in files:
        stream = file.read_bytes()
        events = plain(stream)[0]
        for step in (len(stream) or 1, 1460, 1 if len(stream) < 64 * KIB else 997):
            assert run(cut(stream, range(step, len(stream), step))).events == events, file.name
