"""One exchange, replayed: the call of this package is made against its answer, and what it leaves behind is looked at."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from tests.conformance.asked import asks_the_same
from tests.conformance.calls import Call, call_for
from tests.conformance.exchanges import Exchange
from tests.conformance.expected import row_of
from tests.conformance.outcomes import Seen, differences
from tests.conformance.params import client_options
from tests.conformance.server import ReplayServer
from tikhub_async import TikHubAI
from tikhub_async.errors import TikHubError
from tikhub_async.testing import FakeClock

LIMIT = 10.0
"""Real seconds for one exchange; all waits between attempts are virtual."""
HANGS, LEAKED, PAID_TWICE = "the call hangs", "a connection leaked", "a paid creation was sent again"


@dataclass(frozen=True)
class Replayed:
    """What a replay showed."""

    problems: list[str]
    """What came otherwise than the tables say, or was left behind; nothing when all is well."""
    requests: int = 0
    """Requests that arrived at the server."""
    paid: bool = False
    """Whether the call creates something that costs money and lives on."""


async def replay(exchange: Exchange) -> Replayed:
    """Make an exchange's call against its answer, compare, and look for what it leaves behind."""
    row = row_of(exchange.id)
    if row is None:
        return Replayed(["no table has a row for it"])
    call = call_for(exchange)
    paid = call.kind == "creation"
    try:
        async with asyncio.timeout(LIMIT), ReplayServer(exchange) as server:
            options = client_options(exchange)
            client = TikHubAI(base_url=server.origin, clock=FakeClock(), routes=call.routes, **options)
            seen = await _made(exchange, call, client, server)
            found = differences(row[1], seen, exchange)
            found += _left_open(client)
            await client.aclose()
            if not await server.is_quiet():
                found.append(f"{LEAKED}: open after the client was closed")
    except TimeoutError:
        return Replayed([HANGS], len(server.seen), paid)
    for arrived in server.seen:
        found += asks_the_same(exchange, arrived)
    if paid and len(server.seen) > 1 and exchange.status != 429:
        found.append(f"{PAID_TWICE}: {len(server.seen)} requests")
    return Replayed(found, len(server.seen), paid)


async def _made(exchange: Exchange, call: Call, client: TikHubAI, server: ReplayServer) -> Seen:
    result, error, pieces = None, None, None
    try:
        if exchange.end.startswith("client"):
            pieces = await _left(call, client, server, exchange)
        elif call.kind == "stream":
            result, error, pieces = await _streamed(call.start(client))
        elif call.kind == "file":
            async with call.start(client) as file:
                result = b"".join([piece async for piece in file])
        else:
            result = await call.start(client)
    except TikHubError as caught:
        error = caught
    return Seen(result, error, pieces, len(server.seen))


async def _streamed(stream: Any) -> tuple[Any, BaseException | None, str]:
    pieces: list[str] = []
    try:
        async with stream:
            async for piece in stream.text_stream:
                pieces.append(piece)
        return await stream.final(), None, "".join(pieces)
    except TikHubError as error:
        with contextlib.suppress(type(error)):
            await stream.final()
            return None, AssertionError("final() gave a result after the stream had failed"), ""
        return None, error, "".join(pieces)


async def _left(call: Call, client: TikHubAI, server: ReplayServer, exchange: Exchange) -> str:
    """Leave as the recorded client did: after the events that came, or before the answer."""
    if exchange.status:
        async with call.start(client) as stream:
            await anext(stream)
            text = stream.partial.text
            assert isinstance(text, str)
            return text
    started = call.start(client)
    making = asyncio.ensure_future(started.final() if call.kind == "stream" else started)
    await server.arrived.wait()
    making.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await making
    return ""


def _left_open(client: TikHubAI) -> list[str]:
    """Slots and connections that a finished call still holds."""
    pools = client._session.transport.pools()
    found = []
    if pools.slots._semaphore._value != pools.slots.size:
        found.append(f"{LEAKED}: its slot was not given back")
    for name, session in pools._sessions.items():
        connector = session.connector
        if connector is not None and connector._acquired:
            found.append(f"{LEAKED}: not given back to the pool {name!r}")
    return found
