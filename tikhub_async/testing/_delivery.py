"""Sends answers, whole or broken in the ways that `faults` names. All faults act on the real socket."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing import faults
from tikhub_async.testing._exchange import Answer, Exchange
from tikhub_async.testing._samples import Stream
from tikhub_async.testing.records import RecordedRequest

BURST_BYTES = 64 * 1024
"""Bytes per write of a stream that is sent without pacing."""
PING = b": PING\n\n"


class Wire:
    """One answer on its way out."""

    def __init__(self, request: web.Request, record: RecordedRequest, headers: dict[str, str], pace: float) -> None:
        self.request = request
        self.record = record
        self._common = headers
        self._pace = pace
        self.response: web.StreamResponse | None = None

    async def open(self, answer: Answer, *, length: int | None = None) -> web.StreamResponse:
        """Send the head; the body follows with `length` bytes, or chunked."""
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer))
        if length is None:
            response.enable_chunked_encoding()
        else:
            response.content_length = length
        self.response = response
        self.record.status = answer.status
        await response.prepare(self.request)
        return response

    async def whole(self, answer: Answer) -> None:
        """Send all of it, properly."""
        if answer.stream is not None:
            await self.open(answer)
            await self.events(answer.stream.events)
        elif answer.chunked or answer.headers.get("Content-Type") == "text/event-stream":
            response = await self.open(answer)
            await response.write(answer.body)
        else:
            self.response = web.Response(status=answer.status, headers=self._headers(answer), body=answer.body)
            self.record.status = answer.status
            await self.response.prepare(self.request)
        await self.end()

    def _headers(self, answer: Answer) -> dict[str, str]:
        return answer.headers if answer.bare else {**answer.headers, **self._common}

    async def events(self, events: list[bytes]) -> None:
        """Send events, paced; without a pace in large writes."""
        assert self.response is not None
        if self._pace > 0:
            for event in events:
                await self.response.write(event)
                self.record.events_sent += 1
                await asyncio.sleep(self._pace)
            return
        waiting: list[bytes] = []
        size = 0
        for event in events:
            waiting.append(event)
            size += len(event)
            if size >= BURST_BYTES:
                await self._flush(waiting)
                waiting, size = [], 0
        await self._flush(waiting)

    async def _flush(self, events: list[bytes]) -> None:
        assert self.response is not None
        if events:
            await self.response.write(b"".join(events))
            self.record.events_sent += len(events)

    async def end(self) -> None:
        """End the body properly."""
        assert self.response is not None
        await self.response.write_eof()
        self.record.finished = True

    async def until_the_client_leaves(self) -> None:
        """Do nothing until the connection is gone; the handler is cancelled then."""
        await asyncio.get_running_loop().create_future()

    async def step(self, step: faults.Step) -> None:
        """Do one step of a raw answer."""
        transport = self.request.transport
        if isinstance(step, bytes):
            if transport is not None:
                transport.write(step)
            await asyncio.sleep(0)  # small writes are with the kernel by now
        elif isinstance(step, faults.Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif step is faults.RST:
            await self.reset()
        elif step is faults.FIN:
            await self.cut()
        else:
            if step is faults.HALF and transport is not None and transport.can_write_eof():
                transport.write_eof()
            self.record.broken_off = True
            await self.until_the_client_leaves()

    async def cut(self) -> None:
        """Close the connection behind what was written."""
        self.record.broken_off = True
        if (transport := self.request.transport) is not None:
            transport.close()
        await self.until_the_client_leaves()

    async def reset(self) -> None:
        """Reset the connection."""
        self.record.broken_off = True
        if (transport := self.request.transport) is not None:
            peer = transport.get_extra_info("socket")
            if peer is not None:
                # Linger zero: the kernel answers with RST instead of a proper end.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        await self.until_the_client_leaves()


def instead(fault: faults.Fault, exchange: Exchange) -> Answer | None:
    """The answer of a fault that replaces the route's own; None for all others."""
    shape, rid = exchange.route.shape, exchange.request_id
    if isinstance(fault, faults.Reply):
        body = fault.body if fault.body is not None else msgspec.json.encode(fault.json)
        headers = dict(fault.headers)
        if "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = "application/json"
        return Answer(fault.status, body, headers)
    if isinstance(fault, faults.Html):
        return refusals.html_page(fault.status)
    if isinstance(fault, faults.Empty):
        return Answer(fault.status, b"", {"Content-Type": fault.content_type})
    if isinstance(fault, faults.RateLimited):
        answer = Answer(429, headers={}) if fault.empty else refusals.rate_limited(shape, rid)
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = str(fault.retry_after)
    elif isinstance(fault, faults.Raw):
        return Answer()  # only the route's own answer would create something
    elif isinstance(fault, faults.Error):
        answer = refusals.by_shape(
            shape, fault.status, fault.code, fault.message, fault.type, rid, numbered=fault.numbered
        )
        answer.headers |= fault.headers
    else:
        return None
    late = not isinstance(fault, faults.Error) or fault.late
    return refusals.as_streamed(answer) if exchange.stream and answer.body and late else answer


async def deliver(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    """Send `answer` the way `fault` has it."""
    send = _DELIVERIES.get(type(fault))
    if send is None:
        await wire.whole(answer)
    else:
        await send(wire, answer, fault, exchange)


async def _drop(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    await wire.cut()


async def _raw(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.Raw)
    for step in fault.steps:
        await wire.step(step)
    await wire.cut()


async def _reset(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.Reset)
    if fault.after_bytes is not None or fault.after_events is not None:
        await _send_part(wire, answer, fault.after_bytes, fault.after_events)
    await wire.reset()


async def _truncate(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.Truncate)
    await _send_part(wire, answer, fault.after_bytes, fault.after_events, announce=not fault.clean)
    if fault.clean:
        await wire.end()
        wire.record.broken_off = True
    else:
        await wire.cut()


async def _send_part(
    wire: Wire, answer: Answer, after_bytes: int | None, after_events: int | None, *, announce: bool = True
) -> None:
    """Send the head and a part of the body.

    Args:
        wire: Where to.
        answer: The whole answer.
        after_bytes: Bytes of the body.
        after_events: Events of a stream; counts when given.
        announce: Announce the full length of a plain body; False announces the part's.
    """
    if answer.stream is not None:
        await wire.open(answer)
        events = answer.stream.events
        if after_events is None:
            data = b"".join(events)
            events = [data[: len(data) // 2 if after_bytes is None else after_bytes]]
        else:
            events = events[:after_events]
        await wire.events(events)
        return
    part = answer.body[: len(answer.body) // 2 if after_bytes is None else after_bytes]
    response = await wire.open(answer, length=len(answer.body) if announce else len(part))
    await response.write(part)


async def _stall(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.Stall)
    events = answer.stream.events if answer.stream is not None else [answer.body]
    await wire.open(answer, length=None if answer.stream is not None else len(answer.body))
    await wire.events(events[: fault.after_events])
    if fault.pings:
        await wire.events([PING] * fault.pings)
    if fault.seconds is None:
        await wire.until_the_client_leaves()
    else:
        await asyncio.sleep(fault.seconds)
    await wire.events(events[fault.after_events :])
    await wire.end()


async def _slow_headers(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.SlowHeaders)
    if fault.seconds is None:
        await wire.until_the_client_leaves()
    else:
        await asyncio.sleep(fault.seconds)
    await wire.whole(answer)


async def _pings_only(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.PingsOnly)
    response = await wire.open(answer)
    sent = 0
    while fault.count is None or sent < fault.count:
        await response.write(PING)
        sent += 1
        await asyncio.sleep(fault.interval)
    await wire.end()


async def _error_in_stream(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.ErrorInStream)
    stream = _stream_of(answer)
    await wire.open(answer)
    await wire.events(stream.events[: fault.after_events])
    error = refusals.error_event(
        exchange.route.shape, exchange.route.name, fault.status, fault.message, fault.code, framed=fault.framed
    )
    tail = [PING] * fault.pings + [error]
    if fault.framed:
        # The gateway passes a provider's error on as data and ends the stream as if nothing had happened.
        tail += answer.ending
    await wire.events(tail)
    await wire.end()
    wire.record.broken_off = True


async def _no_finish(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    stream = _stream_of(answer)
    await wire.open(answer)
    await wire.events([event for index, event in enumerate(stream.events) if index not in stream.finish])
    await wire.end()
    wire.record.broken_off = True


async def _breaks_off(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.BreaksOff)
    await wire.open(answer)
    await wire.events(_stream_of(answer).events[: fault.after_events] + answer.ending)
    await wire.end()
    wire.record.broken_off = True


async def _repeat_start(wire: Wire, answer: Answer, fault: faults.Fault, exchange: Exchange) -> None:
    assert isinstance(fault, faults.RepeatStart)
    events = _stream_of(answer).events
    await wire.open(answer)
    await wire.events(events[: fault.after_events] + events)
    await wire.end()
    wire.record.broken_off = True


def _stream_of(answer: Answer) -> Stream:
    assert answer.stream is not None, "this fault needs a streamed request"
    return answer.stream


_DELIVERIES: dict[type[faults.Fault], Callable[[Wire, Answer, faults.Fault, Exchange], Awaitable[None]]] = {
    faults.Raw: _raw,
    faults.Drop: _drop,
    faults.Reset: _reset,
    faults.Truncate: _truncate,
    faults.Stall: _stall,
    faults.SlowHeaders: _slow_headers,
    faults.PingsOnly: _pings_only,
    faults.ErrorInStream: _error_in_stream,
    faults.NoFinish: _no_finish,
    faults.BreaksOff: _breaks_off,
    faults.RepeatStart: _repeat_start,
}
