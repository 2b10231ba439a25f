"""Runs one cell of the fault matrix and says what does not fit. The oracle is the server's count of requests."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.faults.calls import WORDS, Call, Caller
from tests.faults.rows import Row
from tikhub_async import RetryPolicy, TikHubAI, Timeouts, _retry
from tikhub_async._session import body
from tikhub_async.errors import InDoubtError, StreamInterrupted, TikHubError
from tikhub_async.testing import TEST_KEY
from tikhub_async.testing.faultserver import FaultServer, Reply

DEADLINE = 1.5
"""Seconds for a whole call where waiting is the point."""
LIMITS = Timeouts(pool=0.3, connect=0.5, first_byte=0.3, answer=0.3, idle=0.3, total=DEADLINE, poll=DEADLINE)
ROOMY = Timeouts(pool=5.0, connect=5.0, first_byte=5.0, answer=5.0, idle=5.0, total=9.0, poll=9.0)
"""Where it is not: a busy machine must not add time-outs of its own."""
QUICK = RetryPolicy(base=0.0001, cap=0.0005, retry_after_cap=5.0)
HANG = 20.0
"""Seconds after which a call counts as hung; far beyond what a busy machine adds."""


class Cell:
    """What a call came to."""

    def __init__(self) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self.seconds = 0.0
        self.hung = False


@asynccontextmanager
async def caller(server: FaultServer, folder: Path, **options: Any) -> AsyncIterator[Caller]:
    """A client of the server, quick to try again; leaves nothing behind, or complains."""
    settings: dict[str, Any] = {
        "api_key": TEST_KEY,
        "base_url": server.origin,
        "timeout": ROOMY,
        "retries": QUICK,
        "allow_private_media": True,
        "allow_insecure": True,
        **options,
    }
    before = asyncio.all_tasks()
    client = TikHubAI(**settings)
    try:
        yield Caller(client, server, folder)
    finally:
        pools = list(client._session.transport._pools.values())
        await client.aclose()
    assert [pool.slots.taken for pool in pools] in ([], [0]), "a slot was not given back"
    await assert_quiet(server, before)


@contextmanager
def quick_looks() -> Iterator[None]:
    """Connections that died without a word are found at once, and looks give up before they have looked 100 times."""
    usual = body.LOOK_SECONDS, _retry.READ_ATTEMPTS
    body.LOOK_SECONDS, _retry.READ_ATTEMPTS = 0.03, 15
    try:
        yield
    finally:
        body.LOOK_SECONDS, _retry.READ_ATTEMPTS = usual


async def assert_quiet(server: FaultServer, before: set[Any]) -> None:
    """No connection and no task is left of a client that was closed."""
    until = time.monotonic() + HANG
    while (
        left := {task for task in asyncio.all_tasks() - before if not _is_a_handler(task)}
    ) or server.open_connections:
        assert time.monotonic() < until, f"left behind: {left}, {server.open_connections} connections"
        await asyncio.sleep(0.001)


def _is_a_handler(task: "asyncio.Task[Any]") -> bool:
    """Whether a task serves a connection: the server counts its own, and those of other cells have nothing to do with this."""
    return getattr(task.get_coro(), "__qualname__", "") == "FaultServer._accept"


async def make(call: Call, who: Caller) -> Cell:
    """Make a call."""
    cell = Cell()
    started = time.monotonic()
    try:
        async with asyncio.timeout(HANG):
            cell.result = await call.run(who)
    except TikHubError as error:
        cell.error = error
    except TimeoutError as error:
        cell.error, cell.hung = error, True
    cell.seconds = time.monotonic() - started
    return cell


async def run(row: Row, call: Call, server: FaultServer, folder: Path) -> tuple[list[str], float]:
    """Complaints about a cell, and the longest of its calls in seconds where waiting is the point."""
    code = row.cells[call.kind]
    complaints: list[str] = []
    longest = 0.0
    # Once: what a passing fault comes to. Always: how a lasting one ends.
    for lasting in (False, True):
        if lasting and code not in "R1L":
            break
        server.clear()
        server.serve(call.path, call.good)
        fault = row.make(call)
        replies: Sequence[Reply] = [fault] * (50 if lasting else 1)
        server.script(call.path, *replies)
        async with caller(server, folder, timeout=LIMITS if row.waits else ROOMY) as who:
            cell = await make(call, who)
        longest = max(longest, cell.seconds if row.waits else 0.0)
        complaints += check(code, call, who, cell, lasting=lasting)
    return complaints, longest


def check(code: str, call: Call, who: Caller, cell: Cell, *, lasting: bool) -> list[str]:
    """What does not fit."""
    server, error = who.server, cell.error
    sent = server.count
    wrong: list[str] = []
    if cell.hung:
        return [f"hung for {HANG:g} s"]
    if call.kind == "C" and server.posts > (2 if code == "R" else 1) and not lasting:
        wrong.append(f"{server.posts} creations were sent")
    if error is not None:
        said = f"{type(error).__name__}: {error}"
        assert isinstance(error, TikHubError)
        if error.attempts != sent and call.kind not in "PDX":
            wrong.append(f"the error says {error.attempts} attempts, the server saw {sent}")
    else:
        said = f"a result, {sent} requests"
    if lasting:
        if error is None:
            wrong.append(f"a lasting fault ended in {said}")
        if code == "1" and (sent != 2 or not getattr(error, "maybe_billed", False)):
            wrong.append(f"sent {sent} times, {said}")
        if code == "L" and sent > 8:
            wrong.append(f"sent {sent} times")
        return wrong
    if error is None and not call.is_right(cell.result):
        wrong.append("the result is not what the server has")
    if code in "R1Lr":
        if error is not None:
            wrong.append(said)
        elif sent < 2 or (sent > 2 and call.kind not in "PDX"):
            wrong.append(f"{sent} requests")
    elif code == "E":
        wrong += [said] if error is None or isinstance(error, InDoubtError | StreamInterrupted) else []
        wrong += [f"sent {sent} times: {said}"] if sent != 1 else []
    elif code == "!":
        wrong += [said] if not isinstance(error, InDoubtError) else []
        wrong += [f"sent {sent} times: {said}"] if sent != 1 else []
    elif code == "I":
        wrong += [said] if not isinstance(error, StreamInterrupted) else []
        wrong += [f"sent {sent} times: {said}"] if sent != 1 else []
    if code == "1" and error is None and not maybe_billed(cell.result, who):
        wrong.append("the result does not say that it may have been billed twice")
    if who.reading is not None:
        who.reading.assert_prefix_of(WORDS)
    return wrong


def maybe_billed(result: Any, who: Caller) -> bool:
    """What a result says about earlier attempts."""
    if who.reading is not None:
        return bool(who.reading.stream._meta.maybe_billed)
    return bool(result.maybe_billed)
