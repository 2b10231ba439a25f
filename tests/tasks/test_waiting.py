"""Waiting for videos in virtual time: a ten-minute task tests in milliseconds."""

import asyncio
import itertools
import json
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tikhub_async import TikHubAI, Video, VideoTask, errors
from tikhub_async.testing import (
    TEST_KEY,
    Drop,
    Emulator,
    Error,
    FakeClock,
    Html,
    RateLimited,
    TaskExpires,
    TaskFails,
    TaskHangs,
)

TEN_MINUTES = 600.0


@pytest.fixture
async def gw(clock: FakeClock) -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=TEN_MINUTES, clock=clock) as emulator:
        yield emulator


async def create(client: TikHubAI, text: str = "A cat") -> VideoTask[Any]:
    return await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": text}], ratio="16:9", duration=5
    )


async def test_a_ten_minute_task_is_waited_for(client: TikHubAI, gw: Emulator, clock: FakeClock) -> None:
    task = await create(client)
    started = clock.now()
    seen: list[tuple[str, int | None]] = []
    video = await task.wait(on_update=lambda task: seen.append((task.status, task.progress)))
    assert TEN_MINUTES - 5 <= clock.now() - started <= TEN_MINUTES + 30
    assert isinstance(video, Video)
    assert video.url.startswith("http")
    assert task.done
    assert task.response is not None
    assert seen[-1] == ("succeeded", 100)
    assert len(seen) == len(set(seen))
    looks = len(gw.seen("seedance.retrieve"))
    assert 30 <= looks <= 50  # 5 s, then 10 s growing to 20 s


async def test_the_first_look_is_after_five_seconds_and_the_pace_slows_down(
    client: TikHubAI, gw: Emulator, clock: FakeClock
) -> None:
    task = await create(client)
    started = clock.time()
    await task.wait()
    times = [seen.time - started for seen in gw.seen("seedance.retrieve")]
    assert 4.9 <= times[0] <= 5.1
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 8.9 <= gaps[0] <= 11.1
    assert all(gap <= 22.1 for gap in gaps)
    assert gaps[-1] >= 17.9


async def test_a_fixed_interval_is_kept(client: TikHubAI, gw: Emulator, clock: FakeClock) -> None:
    task = await create(client)
    await task.wait(poll_interval=2)
    assert 270 <= len(gw.seen("seedance.retrieve")) <= 340


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (TaskFails(), errors.TaskFailed, "polling again will not help"),
        (TaskExpires(word="expired"), errors.TaskExpired, "longer"),
        (TaskExpires(word="cancelled"), errors.TaskCancelled, "cancelled"),
    ],
)
async def test_a_task_without_a_video_raises_its_own_error(
    client: TikHubAI, gw: Emulator, fault: Any, kind: type[errors.TaskError], says: str
) -> None:
    gw.script("seedance.create", fault)
    task = await create(client)
    with pytest.raises(kind, match=says) as caught:
        await task.wait()
    error = caught.value
    assert error.task == task.to_dict()
    assert error.state is not None
    assert error.state.done
    assert error.history
    assert task.id in str(error)
    with pytest.raises(kind):
        task.video()
    assert len(gw.paid) == 1


async def test_a_deadline_says_what_was_last_seen_and_how_to_go_on(
    client: TikHubAI, gw: Emulator, clock: FakeClock
) -> None:
    gw.script("seedance.create", TaskHangs())
    task = await create(client)
    started = clock.now()
    with pytest.raises(errors.TaskTimeout, match=r"last seen running .*nothing moved for \d+ s") as caught:
        await task.wait(timeout=3600)
    assert clock.now() - started == pytest.approx(3600, abs=1)
    assert isinstance(caught.value, TimeoutError)
    assert client.tasks.attach(caught.value.task).id == task.id


async def test_trouble_while_looking_is_no_failure_of_the_task(client: TikHubAI, gw: Emulator) -> None:
    gw.script("seedance.retrieve", Drop(), Drop(), Html(status=502), RateLimited(retry_after=30), Error(status=500))
    task = await create(client)
    assert (await task.wait()).url


async def test_an_id_that_is_not_known_yet_is_given_a_moment(client: TikHubAI, gw: Emulator) -> None:
    missing = Error(status=400, code="task_not_exist")
    gw.script("seedance.retrieve", missing, missing)
    assert (await (await create(client)).wait()).url


async def test_an_id_that_stays_unknown_is_not_found(client: TikHubAI, clock: FakeClock) -> None:
    task = client.tasks.attach(("seedance", "task_" + "x" * 32))
    started = clock.now()
    with pytest.raises(errors.NotFoundError):
        await task.wait()
    assert clock.now() - started < 60


async def test_a_refused_key_ends_the_wait(client: TikHubAI, gw: Emulator) -> None:
    gw.script("seedance.retrieve", Error(status=401, code=None))
    with pytest.raises(errors.AuthenticationError):
        await (await create(client)).wait()


async def test_a_task_waited_for_twice_is_looked_at_once(client: TikHubAI, gw: Emulator) -> None:
    task = await create(client)
    twin = client.tasks.attach(task.to_dict())
    first, second = await asyncio.gather(task.wait(), twin.wait())
    assert first.url == second.url
    assert len(gw.seen("seedance.retrieve")) <= 50


async def test_a_cancelled_waiter_disturbs_no_other(client: TikHubAI, gw: Emulator) -> None:
    task = await create(client)
    leaving = asyncio.ensure_future(task.wait())
    staying = asyncio.ensure_future(task.wait())
    while not gw.seen("seedance.retrieve"):
        await asyncio.sleep(0.001)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (await staying).url


async def test_the_poller_starts_with_the_first_waiter_and_ends_with_the_last(client: TikHubAI) -> None:
    assert client._poller.is_quiet
    waiting = asyncio.ensure_future((await create(client)).wait())
    await asyncio.sleep(0)
    assert not client._poller.is_quiet
    await waiting
    await asyncio.sleep(0)
    assert client._poller.is_quiet


async def test_wait_all_gives_every_outcome_in_order(client: TikHubAI, gw: Emulator) -> None:
    tasks = [await create(client, text) for text in ("A", "B [[fail]]", "C")]
    outcomes = await client.tasks.wait_all(tasks)
    assert [type(outcome) for outcome in outcomes] == [Video, errors.TaskFailed, Video]


async def test_as_completed_gives_outcomes_as_they_come(client: TikHubAI, gw: Emulator) -> None:
    tasks = [await create(client, text) for text in ("A", "B [[fail]]", "C")]
    seen = {}
    async with client.tasks.as_completed(tasks) as completed:
        async for task, outcome in completed:
            seen[task.id] = type(outcome)
    assert seen == {tasks[0].id: Video, tasks[1].id: errors.TaskFailed, tasks[2].id: Video}


async def test_updates_show_every_change_and_end_with_the_task(client: TikHubAI, gw: Emulator) -> None:
    task = await create(client)
    seen = [(update.status, update.progress) async for update in task.updates()]
    assert seen[-1] == ("succeeded", 100)
    assert len(seen) >= 3


async def test_updates_of_a_failing_task_end_with_it(client: TikHubAI, gw: Emulator) -> None:
    task = await create(client, "B [[fail]]")
    assert [update.status async for update in task.updates()][-1] == "failed"


async def test_leaving_updates_early_stops_the_looking(client: TikHubAI, gw: Emulator) -> None:
    async with (await create(client)).updates() as updates:
        async for _ in updates:
            break
    assert client._poller.is_quiet


async def test_a_handle_survives_a_restart(gw: Emulator, clock: FakeClock) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as client:
        saved = json.dumps((await create(client)).to_dict())
    assert TEST_KEY not in saved
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as client:
        assert (await client.tasks.attach(json.loads(saved)).wait()).url
    assert len(gw.paid) == 1


async def test_a_pickled_handle_keeps_what_was_seen_and_no_key(client: TikHubAI) -> None:
    task = await create(client)
    await task.refresh()
    data = pickle.dumps(task)
    assert TEST_KEY.encode() not in data
    twin = pickle.loads(data)
    assert (twin.id, twin.status, twin.raw) == (task.id, task.status, task.raw)
    with pytest.raises(errors.ConfigError, match="attach"):
        await twin.wait()


@pytest.mark.parametrize("saved", [{}, {"provider": "seedance"}, {"provider": "nobody", "id": "x"}, ("seedance", "")])
def test_a_handle_that_cannot_be_taken_up_is_refused(saved: Any) -> None:
    client = TikHubAI(api_key=TEST_KEY)
    with pytest.raises(errors.InvalidParameter):
        client.tasks.attach(saved)


async def test_closing_the_client_tells_who_still_waits(gw: Emulator) -> None:
    client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=FakeClock(auto=False))
    waiting = asyncio.ensure_future((await create(client)).wait())
    await asyncio.sleep(0.01)
    await client.aclose()
    with pytest.raises(errors.TikHubError, match="closed while waiting"):
        await waiting


async def test_a_failing_callback_ends_its_own_wait_only(client: TikHubAI, gw: Emulator) -> None:
    task = await create(client)

    def fail(_: VideoTask[Any]) -> None:
        raise ZeroDivisionError

    other = asyncio.ensure_future(task.wait())
    with pytest.raises(ZeroDivisionError):
        await task.wait(on_update=fail)
    assert (await other).url


async def test_many_tasks_keep_to_the_budget(gw: Emulator, clock: FakeClock) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock, polls_per_second=2) as client:
        tasks = [await create(client) for _ in range(40)]
        started = clock.now()
        outcomes = await client.tasks.wait_all(tasks)
        elapsed = clock.now() - started
    assert all(isinstance(outcome, Video) for outcome in outcomes)
    looks = len(gw.seen("seedance.retrieve"))
    assert looks <= 2 * elapsed * 1.05
    assert looks >= 2 * elapsed * 0.8


async def test_virtual_time_jumps_to_an_alarm_and_stands_still_once_it_is_cancelled() -> None:
    clock = FakeClock()
    started, rung = clock.now(), asyncio.Event()
    clock.alarm(600, rung.set)
    await rung.wait()
    assert clock.now() - started == 600
    clock.alarm(600, rung.set).cancel()
    for _ in range(50):
        await asyncio.sleep(0)
    assert clock.now() - started == 600
