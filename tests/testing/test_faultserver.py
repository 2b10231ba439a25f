"""The raw server: what goes out is what was scripted, and faults break answers as the emulator breaks its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.testing.conftest import CHAT
from tikhub_async.testing import (
    FIN,
    HALF,
    RST,
    STALL,
    TEST_KEY,
    Drop,
    Empty,
    Emulator,
    Error,
    ErrorInStream,
    Fault,
    FaultServer,
    Html,
    NoFinish,
    Normal,
    Pause,
    PingsOnly,
    RateLimited,
    Raw,
    RepeatStart,
    Reply,
    Reset,
    SlowHeaders,
    Stall,
    TaskFails,
    Truncate,
)
from tikhub_async.testing.faultserver import chunk, head, redirect, streamed, whole

EVENTS = [b"data: %d\n\n" % number for number in range(6)]


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as made:
        yield made


async def ask(server: FaultServer | Emulator, path: str, request: bytes = b"") -> tuple[bytes, str]:
    """All bytes of an answer, and how the connection ended: `end`, `reset` or `open`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request or b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    seen = b""
    try:
        while True:
            try:
                async with asyncio.timeout(0.1):
                    piece = await reader.read(65536)
            except TimeoutError:
                return seen, "open"
            except ConnectionResetError:
                return seen, "reset"
            if not piece:
                return seen, "end"
            seen += piece
    finally:
        writer.transport.abort()


async def test_steps_go_out_as_they_are(server: FaultServer) -> None:
    server.script("/a", [b"not ", Pause(0.01), b"even HTTP", FIN])
    assert await ask(server, "/a") == (b"not even HTTP", "end")
    server.script("/b", [head(200, length=99), b"half", RST])
    assert await ask(server, "/b") == (b"HTTP/1.1 200 Said\r\nContent-Length: 99\r\n\r\nhalf", "reset")
    server.script("/c", [head(chunked=True), chunk(b"x"), STALL])
    assert (await ask(server, "/c"))[1] == "open"
    server.script("/d", [b"first", HALF])
    assert await ask(server, "/d") == (b"first", "end")
    assert server.count == 4


async def test_the_last_reply_stays_unless_a_path_has_an_answer_of_its_own(server: FaultServer) -> None:
    server.script("/a", whole(b"1"), whole(b"2"))
    assert [(await ask(server, "/a"))[0][-1:] for _ in range(3)] == [b"1", b"2", b"2"]
    server.serve("/b", whole(b"own"))
    server.script("/b", whole(b"1"), Normal())
    assert [(await ask(server, "/b"))[0][-1:] for _ in range(3)] == [b"1", b"n", b"n"]
    server.clear()
    assert server.count == 0
    assert b" 404 " in (await ask(server, "/none"))[0]


async def test_what_is_not_http_closes_the_connection_and_is_not_seen(server: FaultServer) -> None:
    server.serve("*", whole(b""))
    for damaged in (
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 8x\r\n\r\n",
        b"\0" * 300_000 + b"\r\n\r\n",
    ):
        assert (await ask(server, "/", damaged))[1] in {"end", "reset"}
    assert server.count == 0


async def test_a_drop_before_the_request_leaves_it_unread(server: FaultServer) -> None:
    server.script("/a", Drop(when="before_request"), whole(b"x"))
    assert await ask(server, "/a") == (b"", "end")
    assert server.count == 0


BROKEN: list[tuple[Fault, bytes, str]] = [
    (Drop(), b"", "end"),
    (Reset(), b"", "reset"),
    (Reset(after_events=2), EVENTS[1], "reset"),
    (Truncate(after_events=3), EVENTS[2], "end"),
    (Truncate(after_bytes=5), b"data:\r\n", "end"),
    (Truncate(after_events=3, clean=True), b"0\r\n\r\n", "open"),
    (Stall(after_events=2), EVENTS[1], "open"),
    (Stall(after_events=2, seconds=0.01), b"0\r\n\r\n", "open"),
    (SlowHeaders(seconds=None), b"", "open"),
    (SlowHeaders(seconds=0.01), b"0\r\n\r\n", "open"),
    (PingsOnly(interval=0.001, count=3), b": PING\n\n\r\n0\r\n\r\n", "open"),
    (Empty(status=502), b"\r\n\r\n", "open"),
    (Html(status=502), b"</html>\r\n", "open"),
    (Reply(status=418, json={"a": 1}), b'{"a":1}', "open"),
    (RateLimited(retry_after=3), b"}", "open"),
    (Error(status=500), b"}", "open"),
    (Raw([b"raw", FIN]), b"raw", "end"),
    (Normal(), b"0\r\n\r\n", "open"),
]


@pytest.mark.parametrize(("fault", "last", "end"), BROKEN, ids=lambda value: repr(value)[:40])
async def test_a_fault_breaks_the_answer_of_the_path(server: FaultServer, fault: Fault, last: bytes, end: str) -> None:
    server.serve("/v1/chat/completions", streamed(EVENTS))
    server.script("/v1/chat/completions", fault)
    seen, ended = await ask(server, "/v1/chat/completions")
    assert ended == end
    assert seen.removesuffix(b"\r\n" if last in EVENTS else b"").endswith(last)
    status = getattr(fault, "status", 429 if isinstance(fault, RateLimited) else 200)
    if seen.startswith(b"HTTP"):
        assert seen.startswith(b"HTTP/1.1 %d" % status)
    if isinstance(fault, RateLimited):
        assert b"Retry-After: 3\r\n" in seen


async def test_a_proper_end_after_a_cut_announces_the_length_of_what_is_there(server: FaultServer) -> None:
    server.serve("/a", whole(b"0123456789"))
    server.script("/a", Truncate(after_bytes=4, clean=True), Truncate(after_bytes=4))
    assert (await ask(server, "/a"))[0].endswith(b"Content-Length: 4\r\n\r\n0123")
    assert (await ask(server, "/a"))[0].endswith(b"Content-Length: 10\r\n\r\n0123")


@pytest.mark.parametrize("path", ["/v1/messages", "/seedance/v3/contents/generations/tasks", "/v1/models"])
async def test_a_refusal_has_the_shape_of_its_route(server: FaultServer, path: str) -> None:
    server.script(path, Error(status=400, code="invalid_request", message="no"))
    seen = (await ask(server, path))[0]
    shapes = {"/v1/messages": b'"type":"error"', "/v1/models": b'"param":""'}
    assert shapes.get(path, b'{"code":"invalid_request"') in seen


@pytest.mark.parametrize("fault", [NoFinish(), ErrorInStream(), RepeatStart(), TaskFails()], ids=repr)
async def test_what_only_a_gateway_knows_is_refused_here(fault: Fault) -> None:
    from tikhub_async.testing._broken import broken

    with pytest.raises(TypeError, match="script it on an Emulator"):
        broken([b""], fault, "/")


async def test_a_redirect_says_where_to(server: FaultServer) -> None:
    server.script("/a", redirect("https://elsewhere.example/", 307))
    assert b"307 Said\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n" in (await ask(server, "/a"))[0]


@pytest.mark.parametrize(
    ("steps", "seen", "end"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", FIN], b"half", "end"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", RST], b"half", "reset"),
        ([b"half", Pause(0.01), b"way", HALF], b"halfway", "end"),
        ([b"half", STALL], b"half", "open"),
        ([b"all there is"], b"all there is", "end"),
    ],
    ids=["FIN", "RST", "HALF", "STALL", "nothing more"],
)
async def test_the_emulator_takes_raw_answers_too(steps: list[bytes], seen: bytes, end: str) -> None:
    import json

    body = json.dumps(CHAT).encode()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (TEST_KEY.encode(), len(body), body)
    )
    async with Emulator(pace=0) as gw:
        gw.script("chat.completions", Raw(steps))
        answer, ended = await ask(gw, "", request)
        assert answer.endswith(seen)
        assert ended == end
        await gw.assert_no_leaks()
