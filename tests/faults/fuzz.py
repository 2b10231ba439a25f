"""Bytes that nobody meant to send: `python -m tests.faults.fuzz [--long] [--only TARGET] [--atheris TARGET]`.

Every decoder of received bytes is a target. Inputs are good answers, spoiled: bits flipped, pieces cut out, doubled, put
in from a list of spiteful tokens. Only declared exceptions may come out, streams must give the same however they are cut,
and no input may take much longer than others of its size. The long form runs each target for twenty seconds; `--atheris` runs
one under coverage guidance where that package is installed, with the rest of the command line as its options.
"""

import argparse
import asyncio
import importlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Generator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tests.faults.calls import CALLS, CREATIONS
from tests.faults.streams import DIALECTS, word
from tests.replay import ANSWERS, SAMPLES, STREAMS, endpoint_of, manifest
from tikhub_async import TikHubAI
from tikhub_async._session.failures import BodyFailed
from tikhub_async._wire import codec
from tikhub_async._wire.problem import read_problem
from tikhub_async._wire.request import Endpoint, Kind, Request, segment
from tikhub_async._wire.response import error_of, retry_after
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.errors import DecodeError, InvalidParameter, ProtocolError, TikHubError
from tikhub_async.testing import TEST_KEY
from tikhub_async.types._base import Headers, Response, ResponseMeta
from tikhub_async.types.models import ModelList

TOKENS = [
    b"null", b"{}", b"[]", b"[[[[", b"]]]]", b"-1", b"1e999", b"1.0", b"99999999999999999999", b'"\\ud83d"', b'"\\ude00"',
    b"true", b'""', b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b"\n\n", b"data: ", b"event: error\n", b": PING\n\n",
    b"data: [DONE]\n\n", b'{"error": {"message": "no"}}', b'"index": 1000000000', b'"index": -1', b'"type": "unknown"',
    b'"choices": null', b"NaN", b'"code": []', b'"id": 7', b'"error": "x"', b"id: 1\n", b"retry: 5\n",
]  # fmt: skip

Edit = tuple[float, int, bytes]
"""Where (0 … 1), how many bytes go, what comes in their place."""


def spoiled(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The data after these edits."""
    for place, gone, token in edits:
        at = int(place * len(data))
        data = data[:at] + token + data[at + gone :]
    return data


def drawn(rng: random.Random, data: bytes) -> bytes:
    """The data, spoiled at random."""
    edits: list[Edit] = []
    for _ in range(rng.randint(1, 5)):
        gone = rng.choice([0, 0, 1, 2, 9, 99, 9999])
        token = rng.choice([b"", rng.choice(TOKENS), rng.randbytes(rng.randint(1, 9)), data[: rng.randint(0, 300)]])
        edits.append((rng.random(), gone, token))
    return spoiled(data, edits)


class Body:
    """An open answer made of pieces, which then ends or breaks."""

    def __init__(self, pieces: Sequence[bytes], *, breaks: bool) -> None:
        self.meta = ResponseMeta(headers=Headers.of({"content-type": "text/event-stream"}))
        self.closed = False
        self._pieces = list(pieces)
        self._breaks = breaks

    async def read(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._breaks:
            raise BodyFailed("ClientPayloadError")
        return b""

    def start_waiting(self) -> None:
        pass

    def stop_waiting(self) -> None:
        pass

    async def finish(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


CLIENT = TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:9")


def read(open_stream: Callable[[TikHubAI], Any], pieces: Sequence[bytes], *, breaks: bool = False) -> list[str]:
    """What a consumer sees of a stream of these bytes: its events, and how it ended; needs no loop."""
    body = Body(pieces, breaks=breaks)

    async def opened(*_: Any) -> Body:
        return body

    CLIENT._session.open_stream = opened  # type: ignore[method-assign,assignment]
    stream = open_stream(CLIENT)
    stream._prepare = None
    seen: list[str] = []

    async def consume() -> None:
        try:
            async for event in stream:
                seen.append(repr(event))
            seen.append(f"end {await stream.final()!r}")
        except TikHubError as error:
            seen.append(f"{type(error).__name__} {error}")
        assert body.closed or not pieces

    run(consume())
    return seen


def run(coroutine: Any) -> None:
    """A coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """The data in pieces."""
    places = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 6)))
    bounds = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(bounds) if start < end]


def stream_target(open_stream: Callable[[TikHubAI], Any]) -> Callable[[bytes], None]:
    """Bytes as a stream: whole, cut, and broken off."""

    def target(data: bytes) -> None:
        whole = read(open_stream, [data] if data else [])
        assert read(open_stream, cut(data, random.Random(len(data)))) == whole, "it depends on the cuts"
        broken = read(open_stream, [data] if data else [], breaks=True)
        assert broken[: len(whole) - 1] == whole[:-1] or len(broken) <= len(whole), "a break lost events"

    return target


def answer_target(type_: type[Any]) -> Callable[[bytes], None]:
    """Bytes as a whole answer."""

    def target(data: bytes) -> None:
        try:
            decoded = codec.decode(data, type_)
        except DecodeError:
            return
        if isinstance(decoded, Response):
            decoded.attach(ResponseMeta(body=data))
        assert isinstance(getattr(decoded, "text", ""), str)
        repr(decoded)

    return target


LOOK = Request(endpoint=Endpoint(name="fuzz", method="GET", path="/", kind=Kind.READ), url="http://h/v1/x")
ASK = Request(endpoint=Endpoint(name="fuzz", method="POST", path="/", kind=Kind.CREATE), url="http://h/v1/x")


def problem_target(data: bytes) -> None:
    """Bytes as the body of any status."""
    read_problem(data)
    for status in (200, 201, 302, 400, 408, 429, 500, 503, 599):
        for request in (LOOK, ASK):
            error = error_of(status, Headers.of({"content-type": "application/json"}), data, request)
            assert error is None or isinstance(error, TikHubError)
            assert status < 300 or error is not None
            str(error)


def sse_target(data: bytes) -> None:
    """Bytes as server-sent events: the same however they are cut."""

    def decoded(pieces: Sequence[bytes]) -> list[Any]:
        decoder = SSEDecoder(4096)
        events: list[Any] = []
        try:
            for piece in pieces:
                events += decoder.decode(piece)
            events += decoder.flush()
        except ProtocolError as error:
            events.append(str(error))
        return events

    assert decoded(cut(data, random.Random(len(data)))) == decoded([data]), "it depends on the cuts"


def header_target(data: bytes) -> None:
    """Bytes as `Retry-After`."""
    seconds = retry_after(data.decode("latin-1"))
    assert seconds is None or 0 <= seconds < float("inf")


def id_target(data: bytes) -> None:
    """Bytes as an id in a path: refused, or one that stays where it is put."""
    try:
        path = segment(data.decode("utf-8", "replace"), "id", "fuzz")
    except InvalidParameter:
        return
    assert path.isascii()
    assert path.isprintable()
    assert not {"", ".", ".."} & set(path.split("/"))
    assert not set(path) & set("?#\\% ")


class Target(NamedTuple):
    """What is fuzzed, and with what it begins."""

    run: Callable[[bytes], None]
    seeds: list[bytes]


def _samples(kind: str) -> Generator[tuple[tuple[str, str], bytes], None, None]:
    for path, entry in manifest(SAMPLES).items():
        if path.endswith(kind):
            yield endpoint_of(entry), (SAMPLES / path).read_bytes()


def _targets() -> dict[str, Target]:
    words = [word(number) for number in range(6)]
    targets = {
        "sse": Target(sse_target, [b"".join(part.events(words)) for part in DIALECTS.values()]),
        "problem": Target(problem_target, [b'{"error": {"message": "no", "type": "x", "code": "y", "param": null}}']),
        "retry-after": Target(header_target, [b"120", b"Wed, 21 Oct 2015 07:28:00 GMT", b"1e9", b"-5"]),
        "id": Target(id_target, [b"task_n1GONEtW9YSqLFWmSFHtbUb7VAGZhXx8", b"models/veo/operations/1", b"../v1"]),
    }
    for name, part in DIALECTS.items():
        targets[f"stream {name}"] = Target(stream_target(part.open), [b"".join(part.events(words))])
    for key, data in _samples(".sse"):
        name = f"stream {key[0]}"
        if key in STREAMS:
            targets.setdefault(name, Target(stream_target(STREAMS[key]), [])).seeds.append(data)
    for key, data in _samples(".json"):
        if key in ANSWERS:
            type_ = ANSWERS[key].type
            targets.setdefault(type_.__name__, Target(answer_target(type_), [])).seeds.append(data)
    for call in CREATIONS:
        targets["problem"].seeds.append(call.body)
    targets["ModelList"] = Target(answer_target(ModelList), [CALLS["P"].body])
    return targets


TARGETS = _targets()


def campaign(name: str, seconds: float, seed: int) -> tuple[int, float]:
    """Run a target for a while: inputs tried, and the slowest as a multiple of the median, by size."""
    rng = random.Random(seed)
    target = TARGETS[name]
    times: list[float] = []
    slowest: list[tuple[float, bytes]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = drawn(rng, rng.choice(target.seeds))
        try:
            times.append(timed(target, data))
        except BaseException:
            print(f"{name} fails on {data!r}")
            raise
        if len(slowest) < 20 or times[-1] > slowest[0][0]:
            slowest = sorted([*slowest, (times[-1], data)])[-20:]
    # Again, the slow ones: garbage collection and other processes strike at random.
    again = max(min(timed(target, data) for _ in range(5)) for _, data in slowest)
    return len(times), again / statistics.median(times)


def timed(target: Target, data: bytes) -> float:
    """Seconds of CPU per byte, and 500 more bytes for what every input costs."""
    started = time.process_time()
    target.run(data)
    return (time.process_time() - started) / (len(data) + 500)


def by_atheris(name: str, options: list[str]) -> None:
    """Hand a target to atheris; returns when its options say so, or never."""
    atheris: Any = importlib.import_module("atheris")
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *options], TARGETS[name].run)
    atheris.Fuzz()


def main(only: Sequence[str], *, long: bool) -> None:
    """These targets, or all."""
    for name in only or TARGETS:
        tried, slowest = campaign(name, 20.0 if long else 1.0, seed=int(long))
        print(f"{name:32} {tried:8} inputs, the slowest took {slowest:.1f} times the median of its size", flush=True)


if __name__ == "__main__":
    asyncio.set_event_loop(None)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", choices=sorted(TARGETS), action="append", default=[])
    parser.add_argument("--atheris", choices=sorted(TARGETS))
    chosen, rest = parser.parse_known_args()
    if chosen.atheris:
        by_atheris(chosen.atheris, rest)
    else:
        main(chosen.only, long=chosen.long)
