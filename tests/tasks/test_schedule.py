"""The schedule of looks in virtual time, without sockets: whose turn it is, how many, and when none at all."""

import asyncio
import gc
import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.offline import OfflineSession, Reply, SteppedClock, envelope, settle
from tikhub_async._tasks import Poller, Video, VideoTask
from tikhub_async._tasks.tasks import Completed, Tasks
from tikhub_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigError,
    InternalServerError,
    InvalidParameter,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    TaskTimeout,
    TikHubError,
    UnprocessableEntityError,
)
from tikhub_async.providers import seedance

RUNNING = envelope("task_x")
DONE = envelope("task_x", "SUCCESS", "succeeded", "https://media.example/a.mp4")
MISSING = NotFoundError("400 task_not_exist", status_code=400, code="task_not_exist")


def always(answer: bytes | Exception) -> Reply:
    return answers(answer)


def answers(*given: bytes | Exception) -> Reply:
    """These, one after the other, and the last one for ever."""
    rest = list(given)

    def reply(_task_id: str, _now: float) -> bytes:
        answer = rest.pop(0) if len(rest) > 1 else rest[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return reply


def limited(seconds: float | None = None) -> RateLimitError:
    return RateLimitError("429", status_code=429, retry_after=seconds)


class Desk:
    """A poller, its clock, and handles on tasks."""

    def __init__(
        self, reply: Reply, *, budget: float = 20.0, latency: float = 0.0, connections: int | None = None
    ) -> None:
        self.clock = SteppedClock()
        self.session = OfflineSession(self.clock, reply, latency=latency)
        self.poller = Poller(self.clock, budget=budget, connections=connections)
        self.tasks = Tasks(self.session, self.poller, seedance.KINDS)
        self.start = self.clock.now()

    def handles(self, count: int, session: OfflineSession | None = None) -> list[VideoTask[Any]]:
        return [*(session or self.session).handles(self.poller, (f"task_{number}" for number in range(count)))]

    def begin(self, *tasks: VideoTask[Any], **options: Any) -> "list[asyncio.Task[Video]]":
        return [asyncio.ensure_future(task.wait(**{"timeout": None, **options})) for task in tasks]

    async def until(self, *waits: "asyncio.Future[Any]") -> None:
        await self.clock.run(lambda: all(wait.done() for wait in waits))

    @property
    def times(self) -> list[float]:
        """Seconds after the start at which looks were sent."""
        return [at - self.start for at, _ in self.session.sent]

    async def leave(self, *waits: "asyncio.Task[Any]") -> None:
        for wait in waits:
            wait.cancel()
        if waits:
            await asyncio.wait(waits)
        await settle()
        assert self.poller.is_quiet


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


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
    [wait] = desk.begin(*desk.handles(1), timeout=60)
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


# ── what ends a wait ────────────────────────────────────────────────────────────────────────────────────────────────────

FINAL = (
    AuthenticationError("401", status_code=401),
    PermissionDeniedError("403", status_code=403),
    UnprocessableEntityError("422", status_code=422),
    APIStatusError("418", status_code=418),
    ProtocolError("the gateway answered with a redirect (302)", status_code=302),
    APIConnectionError("certificate", stage="certificate"),
    ConfigError("the session= given to the client is closed"),
    ZeroDivisionError("a mistake of ours, and no reason to wait for ever"),
)
PASSING = (
    APIConnectionError("reset"),
    APITimeoutError("slow", phase="total"),
    InternalServerError("500", status_code=500),
    OverloadedError("503", status_code=503),
    APIStatusError("408", status_code=408),
    limited(),
)


@pytest.mark.parametrize("failure", FINAL, ids=lambda failure: type(failure).__name__ + str(failure)[:3])
async def test_what_would_come_for_ever_ends_the_wait_at_once(failure: Exception) -> None:
    desk = Desk(always(failure))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert desk.clock.now() - desk.start < 1
    with pytest.raises(type(failure)) as caught:
        await wait
    assert caught.value is failure


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: type(failure).__name__)
async def test_what_passes_is_waited_out(failure: Exception) -> None:
    desk = Desk(answers(*[failure] * 4, DONE))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert (await wait).url


async def test_nonsense_is_believed_only_when_it_stays() -> None:
    page = ProtocolError("the answer is an HTML page", status_code=200)
    desk = Desk(answers(page, page, page, DONE))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert (await wait).url
    desk = Desk(always(page))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert 45 <= desk.clock.now() - desk.start <= 100
    with pytest.raises(ProtocolError, match="HTML page"):
        await wait


async def test_an_error_with_a_good_status_is_nonsense_too() -> None:
    desk = Desk(answers(InternalServerError("200", status_code=200), DONE))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert (await wait).url


async def test_a_new_task_may_be_missing_for_a_moment() -> None:
    desk = Desk(answers(MISSING, MISSING, DONE))
    [task] = desk.handles(1)
    task.created_at = desk.clock.time()
    [wait] = desk.begin(task)
    await desk.until(wait)
    assert (await wait).url


async def test_an_old_task_that_is_missing_is_not_found() -> None:
    desk = Desk(always(MISSING))
    [task] = desk.handles(1)
    task.created_at = desk.clock.time() - 3600
    [wait] = desk.begin(task)
    await desk.until(wait)
    assert len(desk.times) == 1
    with pytest.raises(NotFoundError):
        await wait


async def test_a_task_that_was_seen_and_is_missing_then_is_not_found() -> None:
    desk = Desk(answers(RUNNING, MISSING))
    [wait] = desk.begin(*desk.handles(1))
    await desk.until(wait)
    assert len(desk.times) == 2
    with pytest.raises(NotFoundError):
        await wait


async def test_each_waiter_gets_an_error_of_its_own() -> None:
    desk = Desk(always(AuthenticationError("401", status_code=401)))
    [task] = desk.handles(1)
    waits = desk.begin(task, task, task)
    await desk.until(*waits)
    errors = [wait.exception() for wait in waits]
    assert {type(error) for error in errors} == {AuthenticationError}
    assert len({id(error) for error in errors}) == 3


@pytest.mark.parametrize(("name", "value"), [("timeout", -1), ("timeout", float("nan")), ("poll_interval", 0)])
async def test_times_that_are_none_are_refused(name: str, value: float) -> None:
    desk = Desk(always(RUNNING))
    [task] = desk.handles(1)
    times: dict[str, Any] = {name: value}
    with pytest.raises(InvalidParameter, match=name):
        await task.wait(**times)
    with pytest.raises(InvalidParameter, match=name):
        await desk.tasks.wait_all([task], **times)
    with pytest.raises(InvalidParameter):
        task.updates(**times)
    assert desk.poller.is_quiet


@pytest.mark.parametrize("budget", [0, -1, float("inf"), float("nan")])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(ConfigError, match="polls_per_second"):
        Poller(SteppedClock(), budget=budget)


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
