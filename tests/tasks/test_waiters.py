"""Who waits comes and goes as they like: in virtual time, without sockets."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.offline import envelope, settle
from tests.tasks.desk import DONE, RUNNING, Desk, always, answers
from tikhub_async._tasks import VideoTask
from tikhub_async._tasks.tasks import Completed
from tikhub_async.errors import (
    TikHubError,
)

# ── who comes and goes ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_last_waiter_of_a_task_takes_its_look_along() -> None:
    desk = Desk(always(RUNNING), latency=5.0)
    staying, leaving = desk.handles(2)
    waits = desk.begin(staying, leaving)
    await desk.clock.pass_by(1)
    assert desk.session.in_flight == 2
    waits[1].cancel()
    await settle()
    assert desk.session.in_flight == 1
    await desk.clock.pass_by(30)
    assert {task_id for at, task_id in desk.session.sent if at > desk.start + 1} == {staying.id}
    await desk.leave(waits[0])
    assert desk.session.in_flight == 0


async def test_a_look_that_is_cancelled_before_its_first_step_frees_its_place() -> None:
    desk = Desk(always(RUNNING), connections=1)
    first, second = desk.handles(2)
    [wait] = desk.begin(first)
    await asyncio.sleep(0)
    schedule = desk.poller.schedule()
    schedule._ring()
    [entry] = schedule._entries.values()
    schedule.leave(list(entry.watches))
    wait.cancel()
    await settle()
    [other] = desk.begin(second)
    await desk.clock.pass_by(1)
    assert [task_id for _, task_id in desk.session.sent] == [second.id]
    await desk.leave(other)


async def test_a_callback_that_fails_ends_a_common_wait_and_leaves_nothing() -> None:
    desk = Desk(always(RUNNING))

    def fail(task: VideoTask[Any]) -> None:
        if task.id == "task_3":
            raise ZeroDivisionError

    together = asyncio.ensure_future(desk.tasks.wait_all(desk.handles(10), timeout=None, on_update=fail))
    await desk.until(together)
    with pytest.raises(ZeroDivisionError):
        await together
    assert desk.poller.is_quiet


async def test_tasks_that_have_ended_already_need_no_look() -> None:
    desk = Desk(always(DONE))
    done, failed, open_ = desk.handles(3)
    await done.refresh()
    desk.session._reply = always(envelope("task_1", "FAILURE", "failed"))
    await failed.refresh()
    desk.session._reply = always(DONE)
    desk.session.sent.clear()
    together = asyncio.ensure_future(desk.tasks.wait_all([done, failed, open_, done]))
    await desk.until(together)
    names = [type(outcome).__name__ for outcome in await together]
    assert names == ["Video", "TaskFailed", "Video", "Video"]
    assert [task_id for _, task_id in desk.session.sent] == [open_.id]


async def test_waiting_for_nothing_ends_at_once() -> None:
    desk = Desk(always(RUNNING))
    assert await desk.tasks.wait_all([]) == []
    assert [pair async for pair in desk.tasks.as_completed([])] == []


def pending(desk: Desk, kind: str) -> Any:
    [task] = desk.handles(1)
    return task.updates(timeout=None) if kind == "updates" else desk.tasks.as_completed([task], timeout=None)


@pytest.mark.parametrize("kind", ["updates", "as_completed"])
async def test_an_iterator_that_is_dropped_stops_looking(kind: str) -> None:
    desk = Desk(always(RUNNING))
    iterator = pending(desk, kind)
    step = asyncio.ensure_future(anext(iterator))
    await desk.clock.pass_by(1)
    assert not desk.poller.is_quiet
    step.cancel()
    await settle()
    alive = weakref.ref(iterator)
    del iterator, step
    gc.collect()
    await settle()
    assert alive() is None
    assert desk.poller.is_quiet


@pytest.mark.parametrize("kind", ["updates", "as_completed"])
async def test_an_iterator_that_another_thread_drops_stops_looking(kind: str) -> None:
    desk = Desk(always(RUNNING))
    held = [pending(desk, kind)]
    step = asyncio.ensure_future(anext(held[0]))
    await desk.clock.pass_by(1)
    step.cancel()
    await settle()
    del step
    thread = threading.Thread(target=held.clear)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0)
    await settle()
    assert desk.poller.is_quiet


def test_an_iterator_may_outlive_its_loop() -> None:
    desk = Desk(always(RUNNING))

    async def begin() -> list[Any]:
        made = [pending(desk, "updates"), pending(desk, "as_completed")]
        for iterator in made:
            step = asyncio.ensure_future(anext(iterator))
            await asyncio.sleep(0)
            step.cancel()
        return made

    made = asyncio.run(begin())
    made.clear()


async def test_who_comes_late_for_updates_sees_the_latest_state_once() -> None:
    percents = iter([10, 30, 50, 70])

    def reply(_task_id: str, _now: float) -> bytes:
        percent = next(percents, None)
        return DONE if percent is None else RUNNING.replace(b'"50%"', f'"{percent}%"'.encode())

    desk = Desk(reply)
    [task] = desk.handles(1)
    updates = task.updates(timeout=None)
    first = asyncio.ensure_future(anext(updates))
    await desk.until(first)
    assert (await first).progress == 10
    await desk.clock.pass_by(30)
    assert (await anext(updates)).progress == 50
    rest = asyncio.ensure_future(_progress(updates))
    await desk.until(rest)
    assert await rest == [70, 100]


async def _progress(updates: Any) -> list[int | None]:
    return [task.progress async for task in updates]


async def test_closing_tells_everybody_and_leaves_nothing() -> None:
    desk = Desk(always(RUNNING), latency=5.0)
    waits = desk.begin(*desk.handles(30))
    await desk.clock.pass_by(1)
    await desk.poller.aclose()
    await settle()
    for wait in waits:
        with pytest.raises(TikHubError, match="closed while waiting"):
            await wait
    assert desk.session.in_flight == 0
    assert desk.poller.is_quiet


async def test_a_completed_iterator_ends_when_it_is_closed_meanwhile() -> None:
    desk = Desk(always(RUNNING))
    completed: Completed = desk.tasks.as_completed(desk.handles(3), timeout=None)
    step = asyncio.ensure_future(anext(completed))
    await desk.clock.pass_by(1)
    await completed.aclose()
    await settle()
    with pytest.raises(StopAsyncIteration):
        await step
    assert desk.poller.is_quiet


# ── loops ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_poller_serves_loops_one_after_the_other() -> None:
    desk = Desk(always(DONE))

    async def once() -> str:
        [wait] = desk.begin(*desk.handles(1))
        await desk.until(wait)
        return (await wait).url

    assert [asyncio.run(once()) for _ in range(3)] == ["https://media.example/a.mp4"] * 3
    assert len(desk.poller._schedules) <= 2


def test_a_loop_that_died_with_waiters_disturbs_no_other() -> None:
    desk = Desk(answers(RUNNING, DONE))

    async def die() -> None:
        desk.begin(*desk.handles(1))
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(die())
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()

    async def again() -> str:
        [wait] = desk.begin(*desk.handles(1))
        await desk.until(wait)
        return (await wait).url

    assert asyncio.run(again())


def test_the_answer_is_decoded_when_it_is_asked_for() -> None:
    desk = Desk(always(DONE))

    async def look(read: Callable[[VideoTask[Any]], object]) -> VideoTask[Any]:
        [task] = desk.handles(1)
        [wait] = desk.begin(task)
        await desk.until(wait)
        read(task)
        return task

    task = asyncio.run(look(lambda task: None))
    assert task._response is None
    response = task.response
    assert response is task.response
    assert response is not None
    assert response.data.task_id == "task_x"
    assert response.request_id == "2026030200000000000000000000abcd"
    assert response.headers["Content-Type"] == "application/json"
    assert (response.meta.body, response.attempts) == (DONE, 1)
