"""What does one look at a running video task cost, and does it stay flat from 100 to 10,000 tasks?"""

import asyncio
import time

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import BARE, OURS, TASK, Operation, make, operation_of, ours

LOOKS_PER_SECOND = 200
"""Over all tasks, evenly spread; the same for every client."""
WATCHED = 5.0
"""Seconds of real time that are measured."""


async def _ours(client: ours.Client, tasks: int) -> float:
    interval = tasks / LOOKS_PER_SECOND
    poller = client.client._poller
    handles = [client.client.tasks.attach(("sora", f"{TASK}_{number}")) for number in range(tasks)]
    waits = [asyncio.ensure_future(handle.wait(timeout=3600, poll_interval=interval)) for handle in handles]
    poller.budget = LOOKS_PER_SECOND
    await asyncio.sleep(1)
    looks, started = poller.looks, time.process_time()
    await asyncio.sleep(WATCHED)
    used, looks = time.process_time() - started, poller.looks - looks
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    return used / looks * 1e6


def _case(tasks: int) -> Case:
    name = f"{tasks:,} tasks"

    async def work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
        made = make(client, base_url)
        if isinstance(made, ours.Client):
            return {name: await _ours(made, tasks)}
        look = operation_of(made, "look")
        return None if look is None else {name: await _loops(look, tasks)}

    return Case(name=name, serve=measure.static(), work=work, clients=(OURS, *_others(tasks)))


def _others(tasks: int) -> tuple[str, ...]:
    # A loop per task, as these clients' own examples have it, says the same at 10,000.
    return ("floor", BARE, "httpx + json", "openai", "openai[aiohttp]") if tasks == 100 else ("floor", BARE)


async def _loops(look: Operation, tasks: int) -> float:
    """A loop of look and sleep per task."""
    looks = 0
    interval = tasks / LOOKS_PER_SECOND

    async def loop(number: int) -> None:
        nonlocal looks
        await asyncio.sleep(number / LOOKS_PER_SECOND)
        while True:
            await look()
            looks += 1
            await asyncio.sleep(interval)

    running = [asyncio.ensure_future(loop(number)) for number in range(tasks)]
    await asyncio.sleep(1)
    before, started = looks, time.process_time()
    await asyncio.sleep(WATCHED)
    used, done = time.process_time() - started, looks - before
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return used / done * 1e6


QUESTION = Question(
    name="polling",
    title="Polling: CPU µs per look at a task",
    cases=[_case(100), _case(1_000), _case(10_000)],
    aims={f"{tasks:,} tasks": [Aim(other=BARE, most=1)] for tasks in (100, 1_000, 10_000)},
    note="200 looks per second over all tasks, one at a time, so each one wakes the loop: that is most of the cost, and "
    "why it is higher than a request's. Ours goes through the poller, the others run a loop of look and sleep per task.",
)

if __name__ == "__main__":
    measure.main(QUESTION)
