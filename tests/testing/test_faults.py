"""Scripted faults, seen from the socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.testing.conftest import CHAT, SEEDANCE, Caller
from tikhub_async.testing import (
    TEST_KEY,
    BreaksOff,
    Drop,
    Empty,
    Emulator,
    Error,
    ErrorInStream,
    FakeClock,
    Fault,
    Html,
    NoFinish,
    Normal,
    PingsOnly,
    RateLimited,
    RepeatStart,
    Reply,
    Reset,
    SlowHeaders,
    Stall,
    TaskExpires,
    TaskFails,
    TaskHangs,
    Truncate,
)

CLAUDE = {"model": "claude-opus-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
GEMINI = {"contents": [{"parts": [{"text": "Hi"}]}]}
VIDEO = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "A cat"}]}
PATHS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat.completions": ("/v1/chat/completions", CHAT),
    "responses": ("/v1/responses", {"model": "gpt-4o", "input": "Hi"}),
    "messages": ("/v1/messages", CLAUDE),
    "gemini.generate_content_stream": ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", GEMINI),
    "seedance.create": (SEEDANCE, VIDEO),
}


class Wire:
    """A raw connection: what arrives, and how it ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, path: str, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TEST_KEY}\r\nContent-Type: application/json\r\n"
        )
        self._writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def drain(self) -> tuple[bytes, str]:
        """Everything that arrives, and `closed` or `reset`."""
        received = b""
        try:
            while chunk := await self._reader.read(65536):
                received += chunk
        except ConnectionResetError:
            return received, "reset"
        return received, "closed"

    async def silent(self, seconds: float = 0.05) -> bool:
        """Nothing arrives for that long, and the connection stays open."""
        try:
            async with asyncio.timeout(seconds):
                await self._reader.read(1)
        except TimeoutError:
            return True
        return False

    async def read_until(self, mark: bytes) -> bytes:
        return await self._reader.readuntil(mark)


@asynccontextmanager
async def wire(
    gw: Emulator, fault: Fault, *, route: str = "chat.completions", stream: bool = True
) -> AsyncIterator[Wire]:
    """A connection on which one request has been sent to a route that meets `fault`."""
    path, body = PATHS[route]
    gw.script(route, fault)
    reader, writer = await asyncio.open_connection("127.0.0.1", gw.port)
    try:
        connection = Wire(reader, writer)
        connection.send(path, {**body, "stream": True} if stream and route != "seedance.create" else body)
        async with asyncio.timeout(5):
            yield connection
    finally:
        writer.close()


async def test_a_script_is_used_once_in_order_and_then_over(call: Caller) -> None:
    call.gw.script("chat.completions", RateLimited(), Normal(), Reply(status=418, json=[]))
    assert [(await call.chat()).status for _ in range(4)] == [429, 200, 418, 200]


async def test_a_refused_request_does_not_use_up_the_script(call: Caller) -> None:
    call.gw.script("chat.completions", Reply(status=418))
    assert [(await call.chat(messages=[])).status, (await call.chat()).status] == [500, 418]


async def test_reply_is_sent_as_it_is_and_creates_nothing(call: Caller) -> None:
    call.gw.script("seedance.create", Reply(status=201, json={"code": "fail_to_fetch_task"}, headers={"X-Mine": "1"}))
    answer = await call.post(SEEDANCE, VIDEO)
    assert (answer.status, answer.json, answer.headers["X-Mine"]) == (201, {"code": "fail_to_fetch_task"}, "1")
    assert call.gw.paid == []
    call.gw.script("seedance.create", Reply(body=b"<x>", headers={"content-type": "text/xml"}))
    assert (await call.post(SEEDANCE, VIDEO)).headers["Content-Type"] == "text/xml"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("chat.completions", {"error": {"message": "no", "type": "t", "param": "", "code": "c"}}),
        ("seedance.create", {"code": "c", "message": "no", "data": None}),
    ],
)
async def test_error_has_the_shape_of_the_route(call: Caller, route: str, expected: Any) -> None:
    call.gw.script(route, Error(status=502, code="c", message="no", type="t", headers={"Retry-After": "3"}))
    answer = await call.post(*PATHS[route])
    assert (answer.status, answer.json, answer.headers["Retry-After"]) == (502, expected, "3")


async def test_errors_of_the_gateway_quote_the_request_id(call: Caller) -> None:
    call.gw.script("messages", Error(status=500, message="no"))
    answer = await call.post(*PATHS["messages"])
    text = f"no (request id: {answer.headers['X-Oneapi-Request-Id']})"
    assert answer.json == {"error": {"type": "new_api_error", "message": text}, "type": "error"}


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ("chat.completions", "rate_limit_exceeded"),
        ("messages", "<nil>"),
        ("gemini.generate_content_stream", 429),
        ("seedance.create", "fail_to_fetch_task"),
    ],
)
async def test_a_providers_429_as_each_route_passes_it_on(call: Caller, route: str, code: str | int) -> None:
    call.gw.script(route, RateLimited(retry_after=2))
    path, body = PATHS[route]
    answer = await call.post(path, body)
    error = answer.json.get("error", answer.json)
    assert (answer.status, error.get("code", error.get("type")), answer.headers["Retry-After"]) == (429, code, "2")
    assert call.gw.paid == []


async def test_the_gateways_own_429_has_no_body_and_no_header(call: Caller) -> None:
    call.gw.script("chat.completions", RateLimited(empty=True))
    answer = await call.chat()
    assert (answer.status, answer.body, "Retry-After" in answer.headers) == (429, b"", False)


async def test_a_streamed_429_is_json_under_the_type_of_a_stream(call: Caller) -> None:
    call.gw.script("chat.completions", RateLimited())
    answer = await call.chat(stream=True)
    assert (answer.headers["Content-Type"], answer.json["error"]["code"]) == (
        "text/event-stream",
        "rate_limit_exceeded",
    )


async def test_pages_and_empty_bodies(call: Caller) -> None:
    call.gw.script("chat.completions", Html(), Html(status=502), Empty(), Empty(status=500, content_type="text/plain"))
    answers = [await call.chat() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 502, 200, 500]
    assert [answer.headers["Content-Type"].split(";")[0] for answer in answers] == [
        "text/html",
        "text/html",
        "application/json",
        "text/plain",
    ]
    assert [len(answer.body) > 0 for answer in answers] == [True, True, False, False]


async def test_a_dropped_answer_was_accepted_and_paid(gw: Emulator) -> None:
    async with wire(gw, Drop(), route="seedance.create") as connection:
        assert await connection.drain() == (b"", "closed")
    assert len(gw.paid) == 1
    assert (gw.requests[0].status, gw.requests[0].broken_off, gw.requests[0].client_left) == (None, True, False)


async def test_a_request_dropped_before_it_was_read_is_not_paid(gw: Emulator) -> None:
    async with wire(gw, Drop(when="before_request"), route="seedance.create") as connection:
        # The body that nobody read makes the kernel say RST instead of a proper end.
        assert (await connection.drain())[0] == b""
    assert gw.paid == []


async def test_reset_before_the_head(gw: Emulator) -> None:
    async with wire(gw, Reset(), route="seedance.create") as connection:
        assert await connection.drain() == (b"", "reset")
    assert len(gw.paid) == 1


async def test_reset_behind_some_events(gw: Emulator) -> None:
    async with wire(gw, Reset(after_events=2)) as connection:
        received, end = await connection.drain()
    assert (received.count(b"data: "), end) == (2, "reset")


async def test_reset_behind_some_bytes(gw: Emulator) -> None:
    async with wire(gw, Reset(after_bytes=10), stream=False) as connection:
        received, end = await connection.drain()
    assert (len(received.partition(b"\r\n\r\n")[2]), end) == (10, "reset")


async def test_a_truncated_stream_has_no_last_chunk(gw: Emulator) -> None:
    async with wire(gw, Truncate(after_events=2)) as connection:
        received, end = await connection.drain()
    assert (received.count(b"data: "), received.endswith(b"0\r\n\r\n"), end) == (2, False, "closed")


async def test_a_cleanly_truncated_stream_ends_as_if_it_were_whole(call: Caller) -> None:
    call.gw.script("chat.completions", Truncate(after_events=2, clean=True))
    answer = await call.chat(stream=True)
    assert len(answer.events) == 2
    assert call.gw.requests[-1].broken_off


async def test_a_truncated_body_announces_more_than_it_sends(gw: Emulator) -> None:
    async with wire(gw, Truncate(after_bytes=20), stream=False) as connection:
        head, _, body = (await connection.drain())[0].partition(b"\r\n\r\n")
    assert len(body) == 20
    announced = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    assert int(announced.split(b": ")[1]) > 20


async def test_a_cleanly_truncated_body_announces_what_it_sends(call: Caller) -> None:
    call.gw.script("chat.completions", Truncate(clean=True))
    answer = await call.chat()
    assert answer.headers["Content-Length"] == str(len(answer.body))
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


async def test_stall_is_silence_on_an_open_connection(gw: Emulator) -> None:
    async with wire(gw, Stall(after_events=1)) as connection:
        await connection.read_until(b"}\n\n\r\n")
        assert await connection.silent()
        assert gw.in_flight == 1
    await gw.assert_no_leaks()
    assert gw.requests[0].client_left


async def test_stall_sends_its_head_first(gw: Emulator) -> None:
    async with wire(gw, Stall()) as connection:
        assert b"200 OK" in await connection.read_until(b"\r\n\r\n")
        assert await connection.silent()


async def test_a_stall_can_end(call: Caller) -> None:
    call.gw.script("chat.completions", Stall(after_events=1, seconds=0.01), Stall(seconds=0.01))
    assert (await call.chat(stream=True)).events[-1] == "[DONE]"
    assert (await call.chat()).json["object"] == "chat.completion"


async def test_slow_headers_are_late_or_never(gw: Emulator, call: Caller) -> None:
    gw.script("chat.completions", SlowHeaders(seconds=0.01))
    assert (await call.chat()).status == 200
    async with wire(gw, SlowHeaders(seconds=None)) as connection:
        assert await connection.silent()


async def test_pings_only(gw: Emulator, call: Caller) -> None:
    gw.script("chat.completions", PingsOnly(interval=0.001, count=3))
    assert (await call.chat(stream=True)).body == b": PING\n\n" * 3
    async with wire(gw, PingsOnly(interval=0.001)) as connection:
        for _ in range(5):
            await connection.read_until(b": PING\n\n")


async def test_a_framed_error_of_chat_is_followed_by_the_gateways_own_end(call: Caller) -> None:
    call.gw.script("chat.completions", ErrorInStream(after_events=2, status="server_error", message="no", code="x"))
    events = (await call.chat(stream=True)).events
    assert events[2] == {"error": {"message": "no", "type": "server_error", "param": None, "code": "x"}}
    assert (events[3]["choices"], "claude_cache_creation_5_m_tokens" in events[3]["usage"]) == ([], True)
    assert events[4:] == ["[DONE]"]


async def test_a_provider_that_breaks_off_leaves_a_proper_end_without_a_finish_reason(call: Caller) -> None:
    call.gw.script("chat.completions", BreaksOff(after_events=2))
    events = (await call.chat(stream=True)).events
    assert [event["choices"][0]["finish_reason"] for event in events[:2]] == [None, None]
    assert (events[2]["choices"], events[3:]) == ([], ["[DONE]"])
    for route in ("responses", "messages", "gemini.generate_content_stream"):
        path, body = PATHS[route]
        call.gw.script(route, BreaksOff(after_events=2))
        assert len((await call.post(path, {**body, "stream": True})).events) == 2, route


async def test_a_silence_can_begin_with_pings(call: Caller) -> None:
    call.gw.script("chat.completions", Stall(after_events=1, seconds=0, pings=2))
    answer = await call.chat(stream=True)
    assert answer.body.split(b"\n\n")[1:3] == [b": PING", b": PING"]
    assert answer.events[-1] == "[DONE]"


async def test_what_the_gateway_finds_before_the_provider_is_asked_keeps_its_content_type(call: Caller) -> None:
    for late, kind in ((True, "text/event-stream"), (False, "application/json; charset=utf-8")):
        call.gw.script("chat.completions", Error(code="sensitive_words_detected", late=late))
        assert (await call.chat(stream=True)).headers["Content-Type"] == kind


async def test_whether_an_error_is_numbered_can_be_said(call: Caller) -> None:
    replies = (Error(message="no"), Error(message="no", numbered=False), Error(message="no", type="x", numbered=True))
    call.gw.script("chat.completions", *replies)
    texts = [(await call.chat()).json["error"]["message"] for _ in replies]
    assert [text.partition(" (request id: ")[1] != "" for text in texts] == [True, False, True]


async def test_framed_errors_of_the_other_dialects(call: Caller) -> None:
    for route, last in {
        "messages": {"error": {"type": "overloaded_error", "message": "Overloaded"}, "type": "error"},
        "responses": {"type": "error", "code": None, "message": "Overloaded", "param": None, "sequence_number": 0},
        "gemini.generate_content_stream": {
            "error": {"code": 503, "message": "Overloaded", "status": "overloaded_error"}
        },
    }.items():
        path, body = PATHS[route]
        call.gw.script(route, ErrorInStream())
        answer = await call.post(path, {**body, "stream": True})
        assert (len(answer.events), answer.events[-1]) == (2, last)


async def test_an_unframed_error_is_bare_json_behind_pings(call: Caller) -> None:
    call.gw.script("messages", ErrorInStream(after_events=0, framed=False, pings=1))
    answer = await call.post("/v1/messages", {**CLAUDE, "stream": True})
    assert answer.status == 200
    assert answer.text == ': PING\n\n{"error":{"type":"overloaded_error","message":"Overloaded"},"type":"error"}'


async def test_no_finish_leaves_out_only_how_it_ended(call: Caller) -> None:
    call.gw.script("chat.completions", NoFinish())
    events = (await call.chat(stream=True)).events
    assert events[-1] == "[DONE]"
    assert [choice for event in events[:-1] for choice in event["choices"] if choice["finish_reason"]] == []
    for route, word in {"messages": "message_stop", "responses": "response.completed"}.items():
        path, body = PATHS[route]
        call.gw.script(route, NoFinish())
        assert word not in (await call.post(path, {**body, "stream": True})).text


async def test_a_repeated_start_comes_in_the_same_body(call: Caller) -> None:
    call.gw.script("messages", RepeatStart(after_events=3))
    answer = await call.post("/v1/messages", {**CLAUDE, "stream": True})
    kinds = [event["type"] for event in answer.events]
    assert (kinds.count("message_start"), kinds[3], kinds[-1]) == (2, "message_start", "message_stop")


async def test_faults_of_streams_need_a_stream(call: Caller, caplog: pytest.LogCaptureFixture) -> None:
    call.gw.script("chat.completions", NoFinish())
    assert (await call.chat()).status == 500
    assert "this fault needs a streamed request" in caplog.text


@pytest.mark.parametrize(
    ("fault", "outer", "inner"),
    [
        (TaskFails(reason="no cats"), "FAILURE", "failed"),
        (TaskHangs(), "IN_PROGRESS", "running"),
        (TaskExpires(), "IN_PROGRESS", "expired"),
        (TaskExpires(word="cancelled"), "IN_PROGRESS", "cancelled"),
    ],
)
async def test_the_next_task_ends_as_scripted(
    call: Caller, clock: FakeClock, fault: Fault, outer: str, inner: str
) -> None:
    call.gw.script("seedance.create", fault)
    scripted, normal = await call.seedance(), await call.seedance()
    await clock.advance(1000)
    data = (await call.get(f"{SEEDANCE}/{scripted}")).json["data"]
    assert (data["status"], data["data"]["status"]) == (outer, inner)
    assert (await call.get(f"{SEEDANCE}/{normal}")).json["data"]["status"] == "SUCCESS"


async def test_downloads_can_be_cut(gw: Emulator, call: Caller, clock: FakeClock) -> None:
    import aiohttp

    task_id = await call.seedance()
    await clock.advance(100)
    url = (await call.get(f"{SEEDANCE}/{task_id}")).json["data"]["result_url"].removeprefix(gw.base_url)
    gw.script("media", Truncate(after_bytes=100))
    with pytest.raises(aiohttp.ClientPayloadError):
        await call.get(url, key=None)
    assert (await call.get(url, key=None, headers={"Range": "bytes=100-"})).status == 206
