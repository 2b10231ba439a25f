"""Nothing stays behind: `python -m tests.faults.leaks [--long]` prints what grew.

Streams cancelled at random moments, loops over streams left without closing, waits for a connection that are cancelled,
creations whose caller goes: descriptors, tasks and slots must be what they were, and memory as well. The server is a
process of its own.
"""

import argparse
import asyncio
import gc
import logging
import os
import random
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from tests.faults.calls import VIDEO
from tests.faults.load import rss
from tests.faults.process import model, serving
from tests.faults.streams import MESSAGES
from tikhub_async import Limits, TikHubAI
from tikhub_async.testing import TEST_KEY

AT_ONCE = 20


async def cancelled_streams(client: TikHubAI, count: int, seed: int) -> None:
    """Cancel reading at random moments, from before the request to the middle of the stream."""
    rng = random.Random(seed)

    async def read() -> None:
        async with client.openai.chat.completions.stream(model=model(60, 1), messages=MESSAGES) as stream:
            async for _ in stream:
                pass

    async def one(seconds: float) -> None:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(seconds)
        reading.cancel()
        await asyncio.wait([reading])

    await in_batches(one, [rng.choice([0.0, rng.uniform(0, 0.004), rng.uniform(0, 0.04)]) for _ in range(count)])


async def broken_loops(client: TikHubAI, count: int, seed: int) -> None:
    """Leave a loop over a stream and close nothing: what goes out of scope must give its connection back."""
    rng = random.Random(seed)

    async def one(wanted: int) -> None:
        got = 0
        async for _ in client.openai.chat.completions.stream(model=model(60, 1), messages=MESSAGES):
            got += 1
            if got == wanted:
                break

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # that it says so is another test's business
        await in_batches(one, [rng.randint(1, 6) for _ in range(count)])


async def cancelled_waits(client: TikHubAI, count: int, seed: int) -> None:
    """Cancel calls that wait for a slot, some of them just when they get one; the client has few."""
    rng = random.Random(seed)
    slots = client._session.transport.pools().slots
    for _ in range(slots.size):
        await slots.acquire(None)
    free = asyncio.get_running_loop().call_soon

    async def one(ticks: int) -> None:
        waiting = asyncio.ensure_future(client.models.list())
        for _ in range(ticks):
            await asyncio.sleep(0)
        if rng.random() < 0.5:
            slots.release()
            for _ in range(rng.randint(0, 3)):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await slots.acquire(None)
        else:
            waiting.cancel()
            await asyncio.wait([waiting])

    for ticks in (rng.randint(0, 8) for _ in range(count)):
        await one(ticks)
    for _ in range(slots.size):
        free(slots.release)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def cancelled_creations(client: TikHubAI, count: int, seed: int) -> None:
    """Cancel creations at random moments and collect what became of them."""
    rng = random.Random(seed)
    logging.getLogger("tikhub_async").setLevel(logging.ERROR)  # who keeps the records would be the leak

    async def one(ticks: int) -> None:
        creating = asyncio.ensure_future(client.seedance.create(**VIDEO))
        for _ in range(ticks):
            await asyncio.sleep(0)
        creating.cancel()
        await asyncio.wait([creating])

    await in_batches(one, [rng.randint(0, 40) for _ in range(count)])
    while client._session.transport._tasks:
        await asyncio.sleep(0.001)
    client.tasks.orphans()
    logging.getLogger("tikhub_async").setLevel(logging.NOTSET)


async def in_batches(one: Callable[[Any], Awaitable[None]], values: list[Any]) -> None:
    for start in range(0, len(values), AT_ONCE):
        await asyncio.gather(*(one(value) for value in values[start : start + AT_ONCE]))


CAMPAIGNS: dict[str, tuple[Callable[[TikHubAI, int, int], Awaitable[None]], int, int]] = {
    "cancelled streams": (cancelled_streams, 500, 10_000),
    "loops broken off": (broken_loops, 300, 10_000),
    "cancelled waits for a slot": (cancelled_waits, 300, 2_000),
    "cancelled creations": (cancelled_creations, 200, 2_000),
}
"""What is done, and how often in the short and the long form."""


def descriptors() -> int:
    """Open file descriptors of this process; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


class State:
    """What may grow."""

    def __init__(self, client: TikHubAI) -> None:
        gc.collect()
        self.rss = rss()  # before the list of all objects takes its own memory
        self.descriptors = descriptors()
        self.tasks = len(asyncio.all_tasks())
        pools = client._session.transport.pools()
        self.slots = pools.slots.taken
        self.watched = len(pools.watch._open)
        self.objects = len(gc.get_objects())

    def since(self, before: "State") -> dict[str, int]:
        """What grew, by name."""
        return {name: value - getattr(before, name) for name, value in vars(self).items()}


async def settled(client: TikHubAI, idle: int) -> None:
    """Until connections that were dropped are closed; kept ones are no leak, so they are closed as well."""
    for _ in range(2000):
        await asyncio.sleep(0.002)
        if descriptors() <= idle:
            return


async def campaign(name: str, base_url: str, count: int, warm_up: int = 100) -> dict[str, int]:
    """What grew over a campaign, after a warm-up of the same kind."""
    work = CAMPAIGNS[name][0]
    # A kept connection would be counted as a leak; without keeping there are none.
    limits = Limits(connections=5 if work is cancelled_waits else 1000, keepalive=0.001)
    async with TikHubAI(api_key=TEST_KEY, base_url=base_url, limits=limits) as client:
        await client.models.list()
        await asyncio.sleep(0.05)
        idle = descriptors()
        await work(client, warm_up, 0)
        await settled(client, idle)
        before = State(client)
        await work(client, count, 1)
        await settled(client, idle)
        return State(client).since(before)


async def main(*, long: bool) -> int:
    """All campaigns; the number of things that grew."""
    wrong = 0
    async with serving() as base_url:
        for name, (_, short, full) in CAMPAIGNS.items():
            count = full if long else short
            grown = await campaign(name, base_url, count, warm_up=1000 if long else 100)
            wrong += any(grown[key] > 0 for key in ("descriptors", "tasks", "slots", "watched"))
            wrong += grown["objects"] > 100 or (long and grown["rss"] > 2**20)
            shown = ", ".join(f"{key} {value:+}" for key, value in grown.items() if key != "rss")
            print(f"{count:6} {name}: {shown}, RSS {grown['rss'] / 2**20:+.2f} MiB", flush=True)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    sys.exit(bool(asyncio.run(main(long=parser.parse_args().long))))
