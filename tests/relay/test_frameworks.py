"""The recipes of docs/web.md in six frameworks: a browser that leaves closes the upstream, and nothing leaks."""

import asyncio
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.relay.reading import events_of, text_of
from tests.relay.servers import PAIRS, USUAL, serving
from tikhub_async import TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, Stall

MANY = int(os.environ.get("TIKHUB_RELAYS", "100"))
"""Relays at once; 500 where somebody wants to know."""
AT_ONCE = 0.1
"""Seconds in which an upstream must be closed; a loop under load is later than the socket."""


@pytest.fixture
async def gw(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Emulator]:
    """An emulator that the examples find through the environment."""
    async with Emulator(pace=0, task_seconds=0.1) as emulator:
        monkeypatch.setenv("TIKHUB_AI_BASE_URL", emulator.base_url)
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        yield emulator
        await emulator.assert_no_leaks(timeout=3)


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


@pytest.mark.parametrize(("framework", "server"), PAIRS)
async def test_an_answer_arrives(gw: Emulator, browser: aiohttp.ClientSession, framework: str, server: str) -> None:
    async with serving(framework, server) as url:
        async with browser.post(f"{url}/chat", json={"question": "Why?"}) as response:
            assert response.status == 200
            assert response.headers.getall("Content-Type") == ["text/event-stream; charset=utf-8"]
            assert response.headers["X-Accel-Buffering"] == "no"
            events = events_of(await response.read())
        assert "Why?" in text_of(events)
        assert events[-1][0] == "done"


@pytest.mark.parametrize(("framework", "server"), PAIRS)
async def test_the_progress_of_a_video_arrives(
    gw: Emulator, browser: aiohttp.ClientSession, framework: str, server: str
) -> None:
    async with TikHubAI() as client:
        task = await client.seedance.create(
            model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
        )
        await task.wait(poll_interval=0.05)
    async with serving(framework, server) as url:
        async with browser.get(f"{url}/videos/seedance/{task.id}") as response:
            events = events_of(await response.read())
        assert [name for name, _ in events] == ["progress", "done"]


@pytest.mark.parametrize(("framework", "server"), PAIRS)
async def test_a_browser_that_leaves_closes_the_upstream(
    gw: Emulator, browser: aiohttp.ClientSession, framework: str, server: str
) -> None:
    """The model is silent, so nothing is written in which the server could notice."""
    gw.script("chat.completions", Stall(after_events=3))
    loop = asyncio.get_running_loop()
    async with serving(framework, server) as url:
        response = await browser.post(f"{url}/chat", json={"question": "Why?"})
        assert await response.content.readany()
        left = loop.time()
        response.close()
        async with asyncio.timeout(5):
            while not gw.requests[0].client_left:
                await asyncio.sleep(0.0005)
        took = loop.time() - left
        print(f"{framework} on {server}: upstream closed {took * 1000:.1f} ms after the browser left")
        assert took < AT_ONCE


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "server"), USUAL if MANY <= 100 else PAIRS)
async def test_many_relays_leave_nothing_behind(
    gw: Emulator, browser: aiohttp.ClientSession, framework: str, server: str
) -> None:
    """All are open at once; then a third leaves while the model is silent, a third at its next word, a third reads on."""
    gw.script("chat.completions", *[Stall(after_events=3, seconds=0.5 + MANY / 100)] * MANY)
    all_open = asyncio.Barrier(MANY)
    before = len(asyncio.all_tasks())

    async def visit(number: int, url: str) -> bool:
        async with browser.post(f"{url}/chat", json={"question": f"[[words={200 + number}]]"}) as response:
            first = await response.content.readany()
            async with all_open:
                pass
            if number % 3 == 0:
                return bool(first)
            if number % 3 == 1:
                return bool(await response.content.readany())
            return events_of(first + await response.read())[-1][0] == "done"

    async with serving(framework, server) as url:
        assert all(await asyncio.gather(*(visit(number, url) for number in range(MANY))))
        async with asyncio.timeout(10):
            while gw.in_flight:
                await asyncio.sleep(0.005)
    assert len(gw.requests) == MANY
    await gw.assert_no_leaks(timeout=3)
    await browser.close()
    async with asyncio.timeout(10):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.005)
    left = sum(request.client_left for request in gw.requests)
    assert left >= MANY // 3
    print(f"{framework} on {server}: {MANY} relays at once, {left} left early, 0 leaks")
