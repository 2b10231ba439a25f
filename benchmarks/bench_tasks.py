"""What do waiting tasks cost, and are they looked at as promised? `python -m benchmarks.bench_tasks`.

Two measurements, each in a process of its own:

1. Over loopback against a server process (`task_server`), by the clock on the wall: n tasks in `task.wait()`, each of them
   in an asyncio task of the caller's. Memory counts everything that n waits add: the caller's tasks, handles, last
   states. CPU per look is the whole client's: aiohttp, decoding, schedule.
2. In virtual time without sockets, up to a million tasks in one `client.tasks.wait_all`: three looks each, the third
   one a success. CPU per look is everything but aiohttp.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.offline import OfflineSession, SteppedClock, envelope
from benchmarks.task_server import server, stats
from tikhub_async import TikHubAI
from tikhub_async._tasks import Poller, Video

TICK = 0.01
"""Seconds between two measurements of the loop's lag."""
ROUNDS = 3
"""Looks at each task of a simulation."""


@dataclass(frozen=True)
class Wired:
    """Figures of one run over loopback."""

    tasks: int
    budget: float
    cap: int
    rate: float
    longest_gap: float
    longest_first: float
    connections: int
    in_flight: int
    memory: float
    """MB over the idle client."""
    cpu: float
    """ms of CPU per look."""
    lag: float
    """ms, 99 of 100 ticks were no later."""
    loop_tasks: int
    """asyncio tasks beside the callers' own, at most."""


def resident() -> float:
    """MB of this process's memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def ticks(lags: list[float], extra: list[int], own: int) -> None:
    """Note how late the loop is, for ever."""
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        lags.append(time.perf_counter() - due)
        if len(lags) % 100 == 0:
            extra.append(len(asyncio.all_tasks()) - own)


async def wired(tasks: int, budget: float, seconds: float, interval: float | None, delay: float) -> Wired:
    """Let tasks wait for so many seconds."""
    with server(delay) as base_url:
        async with TikHubAI(api_key="sk-bench", base_url=base_url, polls_per_second=budget) as client:
            # One look first: what it loads is not the waits' doing.
            await client.tasks.attach(("seedance", "task_first")).refresh()
            gc.collect()
            before = resident()
            handles = [client.tasks.attach(("seedance", f"task_{number:032d}")) for number in range(tasks)]
            waits = [asyncio.create_task(task.wait(timeout=None, poll_interval=interval)) for task in handles]
            await asyncio.sleep(1)
            await asyncio.to_thread(stats, base_url)
            lags: list[float] = []
            extra: list[int] = []
            ticker = asyncio.create_task(ticks(lags, extra, tasks + 2))
            used = time.process_time()
            await asyncio.sleep(seconds)
            used = time.process_time() - used
            told = await asyncio.to_thread(stats, base_url)
            gc.collect()
            memory = resident() - before
            ticker.cancel()
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)
            cap = client._poller.connections
    return Wired(
        tasks=tasks,
        budget=budget,
        cap=cap,
        rate=told["looks"] / told["seconds"],
        longest_gap=told["longest_gap"],
        longest_first=told["longest_first"],
        connections=told["most_open"],
        in_flight=told["most_in_flight"],
        memory=memory,
        cpu=used / told["looks"] * 1e3,
        lag=statistics.quantiles(lags, n=100)[98] * 1e3,
        loop_tasks=max(extra, default=0),
    )


@dataclass(frozen=True)
class Simulated:
    """Figures of one simulation."""

    tasks: int
    looks: int
    per_look: float
    """µs of CPU."""
    per_task: float
    """µs of CPU, from the call of `wait_all` to its outcomes."""
    memory: float
    """KB per waiting task."""
    virtual: float
    """Seconds that passed in virtual time."""
    longest_gap: float
    """Virtual seconds between two looks at a task, at most; counted up to 100,000 tasks."""


async def simulated(tasks: int) -> Simulated:
    """Wait for all of them in virtual time."""
    budget = tasks / 30
    clock = SteppedClock(step=min(16 / budget, 0.1))  # so many looks in flight at once, as the default allows
    running, done = envelope("task_x"), envelope("task_x", "SUCCESS", "succeeded", "https://media.example/a.mp4")
    looks: dict[str, int] = {}

    def reply(task_id: str, now: float) -> bytes:
        looks[task_id] = seen = looks.get(task_id, 0) + 1
        return done if seen == ROUNDS else running

    session = OfflineSession(clock, reply)
    session.keep_record = tasks <= 100_000
    poller = Poller(clock, budget=budget)
    handles = session.handles(poller, (f"task_{number:032d}" for number in range(tasks)))
    looks.update((task.id, 0) for task in handles)
    gc.collect()
    before, used, start = resident(), time.process_time(), clock.now()
    crowd = asyncio.create_task(_all(poller, handles))
    while poller.schedule().tasks < tasks:
        await asyncio.sleep(0)  # begun in portions, and the clock stands still meanwhile
    await clock.run(lambda: poller.schedule().looks >= tasks or crowd.done())
    memory = (resident() - before) / tasks * 1024
    await clock.run(crowd.done)
    used = time.process_time() - used
    assert await crowd == tasks
    assert poller.is_quiet
    assert set(looks.values()) == {ROUNDS}
    last: dict[str, float] = {}
    gap = 0.0
    for at, task_id in session.sent:
        gap = max(gap, at - last.get(task_id, start))
        last[task_id] = at
    return Simulated(
        tasks, tasks * ROUNDS, used / tasks / ROUNDS * 1e6, used / tasks * 1e6, memory, clock.now() - start, gap
    )


async def _all(poller: Poller, handles: list[Any]) -> int:
    crowd = poller.crowd(handles, timeout=None, interval=None)
    good = 0
    while (member := await crowd.next()) is not None:
        good += isinstance(member.task.video(), Video)
    return good


def run_wired(*arguments: Any) -> Wired:
    """In a process of its own."""
    return asyncio.run(wired(*arguments))


def run_simulated(tasks: int) -> Simulated:
    """In a process of its own."""
    return asyncio.run(simulated(tasks))


def apart(work: Any, *arguments: Any) -> Any:
    """What a function returns, run in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


WIRED = (
    # tasks, budget, seconds, interval, delay of the server
    (100, 200.0, 20.0, 0.1, 0.02),
    (1_000, 200.0, 20.0, 2.0, 0.02),
    (10_000, 200.0, 110.0, None, 0.02),
    (10_000, 20.0, 30.0, None, 0.02),
)
SIMULATED = (100, 10_000, 100_000, 1_000_000)


def print_wired(runs: list[Wired]) -> None:
    """As a table."""
    print(
        "  tasks  budget/s  rate/s  off by  longest gap  n/budget  connections  cap  memory MB  CPU ms/look  lag p99 ms"
    )
    for run in runs:
        off = abs(run.rate / run.budget - 1)
        print(
            f"{run.tasks:7,} {run.budget:9g} {run.rate:7.1f} {off:7.1%} {run.longest_gap:10.1f} s {run.tasks / run.budget:7.1f} s"
            f" {run.connections:12} {run.cap:4} {run.memory:10.1f} {run.cpu:12.2f} {run.lag:11.1f}"
        )


def print_simulated(runs: list[Simulated]) -> None:
    """As a table."""
    print("    tasks       looks  µs/look  µs/task  KB/task  virtual s  longest gap")
    for run in runs:
        gap = f"{run.longest_gap:10.1f} s" if run.longest_gap else ""
        print(
            f"{run.tasks:9,} {run.looks:11,} {run.per_look:8.1f} {run.per_task:8.1f} {run.memory:8.2f} {run.virtual:10.0f} {gap}"
        )


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few seconds, smaller sizes")
    parser.add_argument("--only", choices=["wired", "simulated"])
    options = parser.parse_args()
    if options.only != "simulated":
        rows = ((100, 200.0, 3.0, 0.1, 0.02), (1_000, 200.0, 6.0, None, 0.02)) if options.short else WIRED
        print_wired([apart(run_wired, *row) for row in rows])
    if options.only != "wired":
        print_simulated([apart(run_simulated, tasks) for tasks in (SIMULATED[:2] if options.short else SIMULATED)])


if __name__ == "__main__":
    main()
