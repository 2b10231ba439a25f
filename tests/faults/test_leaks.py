"""Nothing stays behind: descriptors, tasks, slots; the long form, with memory, is `python -m tests.faults.leaks --long`."""

import asyncio
import gc
import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.calls import CALLS, CREATIONS, WORDS
from tests.faults.cells import caller
from tests.faults.leaks import CAMPAIGNS, campaign
from tests.faults.process import serving
from tests.faults.streams import DIALECTS
from tikhub_async import Limits, TikHubAI, errors
from tikhub_async.testing import TEST_KEY, Drop, Truncate
from tikhub_async.testing.faultserver import STALL, FaultServer, streamed


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    async with serving() as base_url:
        yield base_url


@pytest.mark.parametrize("name", CAMPAIGNS)
async def test_nothing_grows(name: str, origin: str) -> None:
    grown = await campaign(name, origin, CAMPAIGNS[name][1])
    assert {key: value for key, value in grown.items() if value > 0 and key not in {"rss", "objects"}} == {}
    assert grown["objects"] <= 100


@pytest.mark.parametrize("how", ["exception kept", "variable kept and deleted", "traceback kept"])
async def test_a_stream_that_ended_in_an_error_holds_no_connection(how: str, tmp_path: Path) -> None:
    """Whoever keeps the error, or its traceback, keeps the stream; its connection was given back all the same."""
    kept: list[Any] = []
    async with FaultServer() as server:
        server.serve(DIALECTS["chat"].path, streamed(DIALECTS["chat"].events(WORDS)))
        server.script(DIALECTS["chat"].path, Truncate(after_events=4))
        async with caller(server, tmp_path, limits=Limits(connections=1)) as who:
            stream: Any = DIALECTS["chat"].open(who.client)
            try:
                async for _ in stream:
                    pass
            except errors.StreamInterrupted as error:
                kept.append(error if how == "exception kept" else traceback.TracebackException.from_exception(error))
            if how == "variable kept and deleted":
                kept.clear()
                del stream
            assert who.client._session.transport.pools().slots.taken == 0
            assert await who.read("chat") == "".join(WORDS)


async def test_raising_the_same_failure_again_does_not_grow_its_traceback(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve(DIALECTS["chat"].path, streamed(DIALECTS["chat"].events(WORDS)[:3]))
        async with caller(server, tmp_path) as who:
            stream: Any = DIALECTS["chat"].open(who.client)
            lengths: list[int] = []
            for _ in range(5):
                try:
                    await stream.final()
                except errors.StreamInterrupted as error:
                    lengths.append(len(traceback.extract_tb(error.__traceback__)))
    assert lengths[1:] == lengths[1:2] * 4


async def test_a_stream_that_is_dropped_by_another_thread_gives_its_connection_back(tmp_path: Path) -> None:
    async with FaultServer() as server:
        events = streamed(DIALECTS["chat"].events(WORDS))
        server.serve(DIALECTS["chat"].path, [*events[:4], STALL])
        async with caller(server, tmp_path) as who:
            box: list[Any] = [DIALECTS["chat"].open(who.client)]
            await anext(box[0])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                await asyncio.to_thread(box.clear)
                gc.collect()
                for _ in range(20):
                    await asyncio.sleep(0)
            assert who.client._session.transport.pools().slots.taken == 0


@pytest.mark.parametrize("call", CREATIONS, ids=lambda call: call.name)
async def test_nothing_is_ever_reported_as_never_retrieved(call: Any, tmp_path: Path) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        server.script(call.path, Drop(), Drop())
        async with caller(server, tmp_path) as who:
            creating = asyncio.ensure_future(call.run(who))
            while not server.connections:
                await asyncio.sleep(0)
            creating.cancel()
            await asyncio.wait([creating])
            del creating
        gc.collect()
        await asyncio.sleep(0)
    assert reported == []
    assert len(who.client.tasks.orphans()) <= 1


async def test_closing_the_client_ends_calls_in_flight_and_opens_nothing_new(tmp_path: Path) -> None:
    """A call that a closing client cuts off must not be sent again through connections that nobody closes."""
    async with FaultServer() as server:
        server.serve("*", [STALL])
        async with caller(server, tmp_path, timeout=60.0) as who:
            running = [asyncio.ensure_future(CALLS[kind].run(who)) for kind in "NSPX"]
            while server.count < 4:
                await asyncio.sleep(0.001)
            await who.client.aclose()
            outcomes = await asyncio.gather(*running, return_exceptions=True)
            assert all(isinstance(outcome, errors.TikHubError) for outcome in outcomes), outcomes
            assert who.client._session.transport._pools == {}
        assert server.count == 4


async def test_a_creation_that_closing_cuts_off_is_a_doubt_to_its_caller(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve("*", [STALL])
        async with caller(server, tmp_path, timeout=60.0) as who:
            creating = asyncio.ensure_future(CALLS["C"].run(who))
            await server.stalled()
            await who.client._session.transport.aclose(drain=0.0)
            with pytest.raises(errors.InDoubtError, match="the client was closed"):
                await creating
            assert who.client.tasks.orphans() == []


def test_sessions_die_with_their_loop_and_are_made_anew() -> None:
    client = TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:9")

    async def once() -> int:
        async with FaultServer() as server:
            server.serve("*", CALLS["P"].good)
            local = TikHubAI(api_key=TEST_KEY, base_url=server.origin)
            local._session.transport = client._session.transport
            await local.models.list()
            await client.aclose()
            return len(client._session.transport._pools)

    assert [asyncio.run(once()) for _ in range(3)] == [0, 0, 0]


FORKED = """
import asyncio, os, sys
from tests.faults.calls import CALLS
from tikhub_async import TikHubAI
from tikhub_async.testing.faultserver import FaultServer

async def child(client):
    await client.models.list()
    await client.aclose()

async def parent():
    async with FaultServer() as server:
        server.serve("*", CALLS["P"].good)
        client = TikHubAI(api_key="sk-x", base_url=server.origin)
        await client.models.list()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                asyncio.set_event_loop(None)
                asyncio.run(child(client))
                import gc; gc.collect()
                code = 0
            finally:
                os._exit(code)
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await client.models.list()
        print(len({seen.connection for seen in server.seen}), len(server.seen))
        await client.aclose()

asyncio.run(parent())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_shares_no_connection_and_harms_none() -> None:
    """Closing an inherited socket would take it out of the epoll set that parent and child share."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED], capture_output=True, text=True, timeout=25
    )
    assert done.stdout.split() == ["2", "3"], done.stderr
