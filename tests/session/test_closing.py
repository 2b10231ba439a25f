"""Closing while something goes on: nobody is left waiting, nothing is left open, and no error is of somebody else's kind."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, cast

import aiohttp
import anyio
import pytest

from tests.faults.calls import VIDEO
from tests.faults.doors import Names
from tests.faults.streams import MESSAGES
from tests.servers import STALL, ScriptedServer, chunk, head
from tikhub_async import TikHubAI, Timeouts, errors
from tikhub_async._session.body import Content, Watch
from tikhub_async.telemetry import Call, Hooks
from tikhub_async.testing import TEST_KEY, Emulator, Stall

CHAT: Any = {"model": "gpt-4o", "messages": MESSAGES}
OPENING = head(200, chunked=True, content_type="text/event-stream")
WAITING: dict[str, Callable[[TikHubAI], Awaitable[Any]]] = {
    "an answer": lambda client: client.openai.chat.completions.create(**CHAT),
    "a stream": lambda client: client.openai.chat.completions.stream(**CHAT).final(),
    "a list": lambda client: client.models.list(),
}


class Slow(Names):
    """Names that nobody ever knows."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        self.asked += 1
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("call", list(WAITING.values()), ids=list(WAITING))
async def test_closing_during_a_look_up_is_no_cancellation_of_the_caller(
    call: Callable[[TikHubAI], Awaitable[Any]],
) -> None:
    """A connector that is closed cancels what waits in it, and a bare CancelledError would end the caller's own task."""
    names = Slow(0)
    client = TikHubAI(
        api_key=TEST_KEY,
        base_url="https://gateway.example",
        connector_factory=lambda: aiohttp.TCPConnector(resolver=names),
    )
    waiting = [asyncio.ensure_future(call(client)) for _ in range(2)]
    while not names.asked:
        await asyncio.sleep(0)
    await client.aclose()
    for ended in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(ended, errors.APIConnectionError)
        assert (ended.attempts, ended.maybe_billed) == (0, False)


@pytest.mark.parametrize("call", list(WAITING.values()), ids=list(WAITING))
async def test_closing_ends_the_queue_of_a_connector_of_the_callers(
    call: Callable[[TikHubAI], Awaitable[Any]],
) -> None:
    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [STALL])
        client = TikHubAI(
            api_key=TEST_KEY, base_url=server.origin, connector_factory=lambda: aiohttp.TCPConnector(limit=1)
        )
        first = asyncio.ensure_future(WAITING["an answer"](client))
        while not server.count:
            await asyncio.sleep(0.001)
        second = asyncio.ensure_future(call(client))
        await asyncio.sleep(0.01)
        await client.aclose()
        ended = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(error) for error in ended] == [errors.APIConnectionError] * 2
        assert server.count == 1


async def test_the_end_of_a_cancelled_scope_closes_the_client_although_a_look_is_in_flight(gw: Emulator) -> None:
    """An anyio scope cancels each wait again, the one for the look's end too."""
    gw.script("seedance.retrieve", Stall())
    client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url)
    opened: list[aiohttp.ClientSession] = []
    with anyio.CancelScope() as scope:
        async with client:
            task = await client.seedance.create(**VIDEO)
            opened += client._session.transport.pools()._sessions.values()
            asyncio.get_running_loop().call_later(0.1, scope.cancel)
            await task.wait(poll_interval=0.01)
    await asyncio.sleep(0.01)
    assert opened
    assert all(session.closed for session in opened)
    assert client._session.transport._pools == {}


async def test_a_stream_that_is_read_ends_with_its_client_at_once() -> None:
    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [OPENING, STALL])
        client = TikHubAI(api_key=TEST_KEY, base_url=server.origin)
        stream = client.openai.chat.completions.stream(**CHAT)
        await stream.__aenter__()
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        await client.aclose()
        with pytest.raises(errors.StreamInterrupted):
            await asyncio.wait_for(reading, 0.5)


# ── one object, two tasks ───────────────────────────────────────────────────────────────────────────────────────────


async def test_two_tasks_that_begin_a_stream_pay_for_one(gw: Emulator, client: TikHubAI) -> None:
    stream = client.openai.chat.completions.stream(**CHAT)
    first, second = await asyncio.gather(anext(stream), anext(stream), return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert isinstance(second, RuntimeError)
    assert len(gw.requests) == 1
    assert (await stream.final()).text


async def test_a_second_reader_does_not_end_the_limit_of_the_first() -> None:
    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [OPENING, STALL])
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin, timeout=Timeouts(idle=0.2)) as client:
            stream = client.openai.chat.completions.stream(**CHAT)
            await stream.__aenter__()
            first = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0.01)
            with pytest.raises(RuntimeError, match="another task"):
                await anext(stream)
            with pytest.raises(errors.StreamTimeout):
                await asyncio.wait_for(first, 2)


@pytest.mark.parametrize("ticks", range(0, 24, 2))
async def test_a_stream_closed_while_it_opens_keeps_no_connection(gw: Emulator, client: TikHubAI, ticks: int) -> None:
    stream = client.openai.chat.completions.stream(**CHAT)
    opening = asyncio.ensure_future(anext(stream))
    for _ in range(ticks):
        await asyncio.sleep(0)
    await stream.aclose()
    ended = (await asyncio.gather(opening, return_exceptions=True))[0]
    assert isinstance(ended, errors.StreamInterrupted) or not isinstance(ended, BaseException)
    assert client._session.transport.pools().slots.taken == 0


async def test_a_relay_closed_by_another_task_ends() -> None:
    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [OPENING, STALL])
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin) as client:
            relay = client.openai.chat.completions.stream(**CHAT).relay()
            reading = asyncio.ensure_future(anext(relay, None))
            await asyncio.sleep(0.01)
            await relay.aclose()
            assert await asyncio.wait_for(reading, 2) is None


async def test_a_run_of_tools_closed_by_another_task_ends() -> None:
    from tikhub_async.tools import run_tools

    def clock(zone: str) -> str:
        """The time in a zone."""
        return zone

    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [OPENING, STALL])
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin) as client:
            run = run_tools(client.openai.chat.completions, [clock], **CHAT)
            reading = asyncio.ensure_future(anext(run))
            while not server.count:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            await run.aclose()
            for waiting in (reading, anext(run)):
                with pytest.raises(errors.StreamInterrupted):
                    await asyncio.wait_for(waiting, 2)
            assert client._session.transport.pools().slots.taken == 0


async def test_several_workers_may_share_what_comes_out_of_many_waits(gw: Emulator) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as client:
        tasks = [await client.seedance.create(**VIDEO) for _ in range(5)]
        completed = client.tasks.as_completed(tasks, poll_interval=0.02)

        async def worker() -> list[str]:
            return [task.id async for task, _ in completed]

        shares = await asyncio.wait_for(asyncio.gather(*(worker() for _ in range(3))), 10)
    assert sorted(name for share in shares for name in share) == sorted(task.id for task in tasks)


async def test_two_readers_of_the_updates_of_a_task_both_see_its_end(gw: Emulator) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as client:
        updates = (await client.seedance.create(**VIDEO)).updates(poll_interval=0.02)

        async def reader() -> list[str]:
            return [task.status async for task in updates]

        seen = await asyncio.wait_for(asyncio.gather(reader(), reader()), 10)
        assert "succeeded" in {status for statuses in seen for status in statuses}


# ── the collector ───────────────────────────────────────────────────────────────────────────────────────────────────


class Waiter:
    """A body that is dropped while the watch looks at another."""

    def __init__(self, watch: Watch, other: "Waiter | None" = None) -> None:
        self.watch = watch
        self.other = other
        self.looks = 0

    def look(self) -> None:
        self.looks += 1
        if self.other is not None:
            self.watch.remove(cast("Content", self.other))


async def test_the_watch_outlives_a_body_that_is_collected_while_it_looks() -> None:
    watch = Watch(asyncio.get_running_loop())
    bodies = [Waiter(watch)]
    bodies += [Waiter(watch, bodies[0]) for _ in range(3)]
    for body in bodies:
        watch.add(cast("Content", body))
    watch._look()
    watch._look()
    assert [body.looks for body in bodies[1:]] == [2, 2, 2]
    for body in bodies:
        watch.remove(cast("Content", body))
    assert watch._timer is None


async def test_a_dropped_stream_is_told_when_no_hook_can_hold_its_lock(gw: Emulator) -> None:
    """The collector may run inside of a hook: the same hook called there would wait for its own lock for ever."""

    class Counting(Hooks):
        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.ends = 0

        def on_end(self, call: Call) -> None:
            assert self.lock.acquire(blocking=False), "called while it was busy"
            self.ends += 1
            self.lock.release()

    hook = Counting()
    gw.script("chat.completions", Stall(after_events=2))
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, hooks=[hook]) as client:
        kept = [client.openai.chat.completions.stream(**CHAT)]
        await anext(kept[0])
        with warnings.catch_warnings(), hook.lock:
            warnings.simplefilter("ignore", ResourceWarning)
            kept.clear()
            gc.collect()
            assert hook.ends == 0
        await asyncio.sleep(0.01)
    assert hook.ends == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_dropped_stream_frees_its_connection_where_warnings_are_errors() -> None:
    async with ScriptedServer() as server:
        server.serve("/v1/chat/completions", [OPENING, chunk(b"data: {}\n\n"), STALL])
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin) as client:
            kept = [client.openai.chat.completions.stream(**CHAT)]
            await anext(kept[0])
            with warnings.catch_warnings():
                warnings.simplefilter("error", ResourceWarning)
                kept.clear()
                gc.collect()
            assert client._session.transport.pools().slots.taken == 0
