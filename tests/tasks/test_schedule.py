"""The schedule of looks in virtual time, without sockets: whose turn it is, how many, and when none at all."""

import asyncio
import itertools

import pytest

from benchmarks.offline import OfflineSession, SteppedClock, settle
from tests.tasks.desk import DONE, RUNNING, Desk, always, answers, gaps, limited
from tikhub_async._tasks import Poller
from tikhub_async.errors import (
    APIConnectionError,
    InternalServerError,
    TaskTimeout,
)

# ── budget, turns, connections ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_rate_is_the_budget_and_everybody_has_their_turn() -> None:
    desk = Desk(always(RUNNING), budget=20)
    waits = desk.begin(*desk.handles(2_000))
    await desk.clock.pass_by(400)
    assert len(desk.times) == pytest.approx(20 * 400, rel=0.01)
    last = {task_id: desk.start for _, task_id in desk.session.sent}
    assert len(last) == 2_000
    for at, task_id in desk.session.sent:
        assert at - last[task_id] <= 2_000 / 20 + 1e-6
        last[task_id] = at
    await desk.leave(*waits)


async def test_short_intervals_take_no_turns_from_others() -> None:
    desk = Desk(always(RUNNING), budget=10)
    tasks = desk.handles(400)
    eager, patient = tasks[:200], tasks[200:]
    waits = [*desk.begin(*eager, poll_interval=0.1), *desk.begin(*patient)]
    await desk.clock.pass_by(400)
    counts = {task_id: 0 for _, task_id in desk.session.sent}
    for _, task_id in desk.session.sent:
        counts[task_id] += 1
    assert min(counts[task.id] for task in patient) >= max(counts[task.id] for task in eager) - 1
    await desk.leave(*waits)


async def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    desk = Desk(always(RUNNING), budget=20)
    first = desk.begin(*desk.handles(1))
    await desk.clock.pass_by(60)
    desk.session.sent.clear()
    desk.start = desk.clock.now()
    waits = desk.begin(*desk.handles(100)[1:])
    await desk.clock.pass_by(1)
    assert len(desk.times) <= 20 * 1.1 + 1
    await desk.leave(*first, *waits)


async def test_slow_answers_do_not_open_more_connections_than_allowed() -> None:
    desk = Desk(always(RUNNING), budget=100, latency=2.0, connections=7)
    waits = desk.begin(*desk.handles(50))
    await desk.clock.pass_by(30)
    assert desk.session.most_in_flight == 7
    assert len(desk.times) == pytest.approx(30 / 2 * 7, abs=7)
    await desk.leave(*waits)


async def test_the_bound_on_connections_carries_the_budget() -> None:
    clock = SteppedClock()
    assert [Poller(clock, budget=budget).connections for budget in (1, 20, 200)] == [4, 16, 160]
    assert Poller(clock, budget=20, connections=3).connections == 3


async def test_each_key_has_a_budget_of_its_own() -> None:
    desk = Desk(always(RUNNING), budget=10)
    other = desk.session.other_key("sk-other")
    waits = [*desk.begin(*desk.handles(200)), *desk.begin(*desk.handles(200, other))]
    await desk.clock.pass_by(50)
    assert len(desk.session.sent) == pytest.approx(500, rel=0.02)
    assert len(other.sent) == pytest.approx(500, rel=0.02)
    await desk.leave(*waits)


async def test_keys_share_the_connections_evenly() -> None:
    desk = Desk(always(RUNNING), budget=10, latency=1.0, connections=4)
    other = desk.session.other_key("sk-other")
    waits = [*desk.begin(*desk.handles(200)), *desk.begin(*desk.handles(5, other), poll_interval=1.0)]
    await desk.clock.pass_by(100)
    assert len(other.sent) >= 100  # of 400 that fit
    await desk.leave(*waits)


async def test_many_waits_make_no_tasks_of_the_loops() -> None:
    desk = Desk(always(RUNNING), latency=0.5)
    before = len(asyncio.all_tasks())
    together = asyncio.ensure_future(desk.tasks.wait_all(desk.handles(3_000), timeout=None))
    await desk.clock.pass_by(20)
    assert len(asyncio.all_tasks()) - before <= 1 + desk.poller.connections
    await desk.leave(together)


# ── when ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_intervals_grow_and_are_spread() -> None:
    desk = Desk(always(RUNNING), budget=10_000)
    waits = desk.begin(*desk.handles(100))
    await desk.clock.pass_by(200)
    of_one = [at - desk.start for at, task_id in desk.session.sent if task_id == "task_0"]
    assert of_one[0] < 0.1
    assert all(before * 0.75 < after < 22.1 for before, after in itertools.pairwise(gaps(of_one)))
    assert 9 <= gaps(of_one)[0] <= 11
    assert gaps(of_one)[-1] >= 18
    seconds = {int(at * 10) for at in desk.times if 100 < at < 120}
    assert len(seconds) > 40  # a hundred tasks begun at once are not looked at together
    await desk.leave(*waits)


async def test_a_new_task_is_left_alone_for_five_seconds_and_an_old_one_is_not() -> None:
    desk = Desk(always(RUNNING))
    new, old, unknown = desk.handles(3)
    new.created_at, old.created_at = desk.clock.time() - 1, desk.clock.time() - 3600
    waits = desk.begin(new, old, unknown)
    await desk.clock.pass_by(8)
    first = {task_id: at - desk.start for at, task_id in reversed(desk.session.sent)}
    assert first[new.id] == pytest.approx(4)
    assert first[old.id] < 0.1
    assert first[unknown.id] < 0.2
    await desk.leave(*waits)


async def test_a_video_that_is_ready_just_before_the_deadline_is_not_missed() -> None:
    desk = Desk(lambda _, now: DONE if now >= 1_000 + 57 else RUNNING)
    [wait] = desk.begin(*desk.handles(1), timeout=60, poll_interval=40)  # so that no ordinary look falls into the end
    await desk.until(wait)
    assert (await wait).url == "https://media.example/a.mp4"
    assert desk.times[-1] == pytest.approx(58)


async def test_a_deadline_is_kept_whatever_the_look_does() -> None:
    desk = Desk(always(RUNNING), latency=25.0)
    [wait] = desk.begin(*desk.handles(1), timeout=60)
    await desk.until(wait)
    assert desk.clock.now() - desk.start == pytest.approx(60)
    with pytest.raises(TaskTimeout, match="last seen running"):
        await wait


async def test_many_deadlines_at_once_leave_room_for_others() -> None:
    desk = Desk(always(RUNNING), budget=1)
    together = asyncio.ensure_future(desk.tasks.wait_all(desk.handles(1_000), timeout=30))
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while not together.done():
            turns += desk.clock.now() >= desk.start + 30
            await asyncio.sleep(0)

    other = asyncio.ensure_future(somebody_else())
    await desk.until(together)
    assert all(isinstance(outcome, TaskTimeout) for outcome in await together)
    assert turns >= 10
    await other


async def test_the_shortest_wish_counts_while_its_waiter_is_there() -> None:
    desk = Desk(always(RUNNING))
    [task] = desk.handles(1)
    patient = desk.begin(task)
    await desk.clock.pass_by(31)
    before = len(desk.times)
    eager = desk.begin(task, poll_interval=1)
    await desk.clock.pass_by(20)
    assert len(desk.times) - before >= 17
    for wait in eager:
        wait.cancel()
    await settle()
    desk.session.sent.clear()
    await desk.clock.pass_by(60)
    assert len(desk.times) <= 7
    await desk.leave(*patient)


# ── rest ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_429_holds_all_looks_with_its_key() -> None:
    desk = Desk(answers(*[RUNNING] * 40, limited(30), RUNNING))
    other = desk.session.other_key("sk-other")
    waits = [*desk.begin(*desk.handles(100)), *desk.begin(*desk.handles(100, other))]
    await desk.clock.pass_by(60)
    assert 30 <= max(gaps(desk.times)) <= 34
    assert max(gaps([at for at, _ in other.sent])) <= 1 or len(other.sent) > 0
    await desk.leave(*waits)


async def test_a_hold_of_one_key_does_not_concern_another() -> None:
    desk = Desk(always(limited()))
    other = OfflineSession(desk.clock, always(RUNNING), api_key="sk-other")
    waits = [*desk.begin(*desk.handles(100)), *desk.begin(*desk.handles(100, other))]
    await desk.clock.pass_by(30)
    assert len(desk.session.sent) <= 2
    assert len(other.sent) >= 250
    await desk.leave(*waits)


async def test_without_a_word_about_how_long_holds_grow_and_one_look_tries_again() -> None:
    desk = Desk(always(limited()))
    waits = desk.begin(*desk.handles(100))
    await desk.clock.pass_by(300)
    # 10, 20, 40, 60, 60 … seconds and up to a tenth more, one look each.
    assert len(desk.times) in range(6, 9)
    for gap, rest in zip(gaps(desk.times), (10, 20, 40, 60, 60), strict=False):
        assert rest <= gap <= rest * 1.1 + 0.1
    await desk.leave(*waits)


async def test_after_a_hold_the_others_wait_for_the_first_ones_answer() -> None:
    desk = Desk(answers(limited(10), RUNNING), latency=3.0)
    waits = desk.begin(*desk.handles(100))
    await desk.clock.pass_by(15)
    before = [at for at in desk.times if at < 3]
    after = [at for at in desk.times if at > 3]
    assert len(before) == 16  # in flight when the 429 came
    assert len(after) == 1
    await desk.clock.pass_by(3)
    assert len(desk.times) > 20
    await desk.leave(*waits)


async def test_a_hold_that_another_call_brought_counts_as_well() -> None:
    desk = Desk(always(RUNNING))
    waits = desk.begin(*desk.handles(1_000))
    await desk.clock.pass_by(5)
    desk.session.transport.key_state(desk.session.config.api_key).hold_until = desk.clock.now() + 20
    before = len(desk.times)
    await desk.clock.pass_by(19.9)
    assert len(desk.times) == before
    await desk.clock.pass_by(5)
    assert len(desk.times) > before + 50
    await desk.leave(*waits)


async def test_an_endless_retry_after_is_not_taken_at_its_word() -> None:
    desk = Desk(answers(limited(1e9), RUNNING))
    waits = desk.begin(*desk.handles(1))
    await desk.clock.pass_by(80)
    assert len(desk.times) >= 2
    await desk.leave(*waits)


async def test_in_an_outage_looks_become_rare_and_come_back_with_the_gateway() -> None:
    down = True

    def reply(_task_id: str, _now: float) -> bytes:
        if down:
            raise APIConnectionError("refused")
        return RUNNING

    desk = Desk(reply)
    waits = desk.begin(*desk.handles(1_000))
    await desk.clock.pass_by(300)
    assert len(desk.times) <= 12
    down = False
    await desk.clock.pass_by(70)
    before = len(desk.times)
    await desk.clock.pass_by(10)
    assert len(desk.times) - before == pytest.approx(200, abs=3)
    await desk.leave(*waits)


async def test_one_task_that_always_fails_slows_no_other() -> None:
    def reply(task_id: str, _now: float) -> bytes:
        if task_id == "task_0":
            raise InternalServerError("500", status_code=500)
        return RUNNING

    desk = Desk(reply)
    waits = desk.begin(*desk.handles(1_000))
    await desk.clock.pass_by(100)
    assert len(desk.times) == pytest.approx(2_000, rel=0.01)
    await desk.leave(*waits)


async def test_a_deadline_in_a_hold_says_so() -> None:
    desk = Desk(always(limited()), budget=1)
    waits = desk.begin(*desk.handles(2), timeout=5)
    await desk.until(*waits)
    with pytest.raises(TaskTimeout, match="the last look failed: 429"):
        await waits[0]
    with pytest.raises(TaskTimeout, match="looks with this key rest for"):
        await waits[1]
