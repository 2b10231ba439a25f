"""What ends a wait, and what does not: in virtual time, without sockets."""

from typing import Any

import pytest

from benchmarks.offline import SteppedClock
from tests.tasks.desk import DONE, MISSING, RUNNING, Desk, always, answers, limited
from tikhub_async._tasks import Poller
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
    UnprocessableEntityError,
)

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
