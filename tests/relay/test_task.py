"""`task.relay()`: the progress of a video for a browser."""

import asyncio
from typing import Any

import pytest

from tests.relay.reading import events_of, read
from tikhub_async import TaskTimeout, TikHubAI, VideoTask
from tikhub_async.relay import TaskRelay, full_error
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock, TaskFails, TaskHangs


@pytest.fixture
async def gw() -> Any:
    """An emulator whose tasks take ten seconds of the clock that the client has too."""
    shared = FakeClock()
    async with Emulator(pace=0, task_seconds=60, clock=shared) as emulator:
        yield emulator
        await emulator.assert_no_leaks()


@pytest.fixture
async def client(gw: Emulator) -> Any:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=gw._clock) as made:
        yield made


async def create(client: TikHubAI, text: str = "A dog") -> VideoTask[Any]:
    return await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": text}], ratio="16:9", duration=5
    )


async def test_progress_then_done(client: TikHubAI) -> None:
    task = await create(client)
    events = await read(task.relay(heartbeat=None))
    names = [name for name, _ in events]
    assert names == ["progress"] * (len(names) - 1) + ["done"]
    statuses = [data["status"] for _, data in events]
    assert statuses == sorted(statuses, key=["queued", "running", "succeeded"].index)
    assert {"queued", "running", "succeeded"} <= set(statuses)
    assert events[-1][1]["url"].startswith("http")
    assert all(data["id"] == task.id for _, data in events)


async def test_no_state_is_told_twice(client: TikHubAI) -> None:
    task = await create(client)
    told = [(data["status"], data["progress"]) for name, data in await read(task.relay()) if name == "progress"]
    assert len(told) == len(set(told))


async def test_how_it_stands_is_told_at_once(gw: Emulator, client: TikHubAI) -> None:
    """Who loads a page again must not wait for the next look."""
    task = await create(client)
    looks = len(gw.requests)
    async with task.relay() as relay:
        assert events_of(await anext(relay))[0][1]["status"] == "queued"
    assert len(gw.requests) == looks


async def test_a_finished_task_needs_no_look(gw: Emulator, client: TikHubAI) -> None:
    task = await create(client)
    await task.wait()
    looks = len(gw.requests)
    assert [name for name, _ in await read(task.relay())] == ["progress", "done"]
    assert len(gw.requests) == looks


async def test_an_attached_handle_is_looked_at_first(client: TikHubAI) -> None:
    task = await create(client)
    again = client.tasks.attach(task.to_dict())
    events = await read(again.relay())
    assert events[-1][0] == "done"
    assert "unknown" not in {data["status"] for _, data in events}


async def test_a_failed_task_is_an_error_event(gw: Emulator, client: TikHubAI) -> None:
    gw.script("seedance.create", TaskFails(reason="the channel has no balance"))
    relay = (await create(client)).relay()
    events = await read(relay)
    name, data = events[-1]
    assert (name, data["type"], data["status"]) == ("error", "TaskFailed", "failed")
    assert "balance" not in str(events)
    assert relay.error is not None
    assert "balance" in relay.error.message


async def test_the_reason_may_be_told(gw: Emulator, client: TikHubAI) -> None:
    gw.script("seedance.create", TaskFails(reason="too dark"))
    events = await read((await create(client)).relay(describe=full_error))
    assert "too dark" in events[-1][1]["message"]


async def test_a_task_that_takes_too_long_is_said_to_go_on(gw: Emulator, client: TikHubAI) -> None:
    gw.script("seedance.create", TaskHangs())
    relay = (await create(client)).relay(timeout=100)
    events = await read(relay)
    assert events[-1][0] == "error"
    assert "still being made" in events[-1][1]["message"]
    assert isinstance(relay.error, TaskTimeout)


async def test_heartbeats_between_looks(client: TikHubAI) -> None:
    task = await create(client)
    chunks = [chunk async for chunk in task.relay(heartbeat=3)]
    assert b": ping\n\n" in chunks
    assert events_of(b"".join(chunks))[-1][0] == "done"


async def test_a_browser_that_leaves_ends_the_watching_and_not_the_task(gw: Emulator, client: TikHubAI) -> None:
    task = await create(client)
    ended: list[bool] = []

    def on_end(relay: TaskRelay) -> None:
        ended.append(relay.left)

    reading = asyncio.ensure_future(anext(aiter(task.relay(on_end=on_end))))
    await reading
    async with task.relay(on_end=on_end) as relay:
        await anext(relay)
        await anext(relay)
    assert ended == [True, True]
    assert (await task.wait()).url
    assert len(gw.paid) == 1


async def test_two_tabs_cost_one_look(gw: Emulator, client: TikHubAI) -> None:
    task = await create(client)
    first, second = await asyncio.gather(read(task.relay()), read(task.relay()))
    assert first[-1] == second[-1]
    assert len(gw.seen("seedance.retrieve")) <= 8
