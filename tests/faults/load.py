"""Many at once: `python -m tests.faults.load [--long]` prints what was lost, how fast it went, and what it took.

The long form runs 1,000 streams of 200 events beside a process that sends them, the same with plain aiohttp as a measure,
and outages of 10,000 calls.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.calls import CALLS
from tests.faults.process import model, serving
from tests.faults.streams import DIALECTS, MESSAGES
from tikhub_async import RetryPolicy, TikHubAI
from tikhub_async.errors import TikHubError
from tikhub_async.testing import TEST_KEY, Drop, Reply
from tikhub_async.testing.faultserver import FaultServer

BUSY = {"error": {"message": "no capacity", "type": "new_api_error", "code": "system_cpu_overloaded"}}
OUTAGES = {"503": Reply(status=503, json=BUSY), "drop": Drop()}
DEADLINE = 3.0
KINDS = "CNP"


async def outage(calls: int, fault: str, folder: Path | None = None) -> tuple[int, float]:
    """Calls into a gateway that fails all of them: the requests it saw, and how late the latest came back.

    Args:
        calls: How many, creations, chats and lists in turn, a hundred at a time.
        fault: A key of `OUTAGES`.
        folder: Unused; downloads keep a count of their own.
    """
    late = 0.0
    policy = RetryPolicy(base=0.001, cap=0.005)
    async with FaultServer() as server:
        server.script("*", OUTAGES[fault])
        client = TikHubAI(api_key=TEST_KEY, base_url=server.origin, retries=policy, timeout=DEADLINE)
        room = asyncio.Semaphore(100)

        class Who:
            def __init__(self) -> None:
                self.client = client

        who: Any = Who()

        async def one(number: int) -> None:
            nonlocal late
            async with room:
                started = time.monotonic()
                try:
                    await CALLS[KINDS[number % len(KINDS)]].run(who)
                except TikHubError:
                    late = max(late, time.monotonic() - started - DEADLINE)
                else:
                    raise AssertionError("a call came through an outage")

        async with client:
            await asyncio.gather(*(one(number) for number in range(calls)))
        return server.count, late


async def ours(base_url: str, streams: int, events: int) -> int:
    """Numbers that arrived in order over all streams."""
    expected = [f"{number} " for number in range(events)]

    async def one(client: TikHubAI) -> int:
        words = []
        async with client.openai.chat.completions.stream(model=model(events), messages=MESSAGES) as stream:
            async for word in stream.text_stream:
                words.append(word)
        assert words == expected, "events were lost, doubled or out of order"
        return len(words)

    async with TikHubAI(api_key=TEST_KEY, base_url=base_url) as client:
        return sum(await asyncio.gather(*(one(client) for _ in range(streams))))


async def plain(base_url: str, streams: int, events: int) -> int:
    """The same with aiohttp alone, lines only counted: the measure."""
    url = base_url + DIALECTS["chat"].path

    async def one(session: aiohttp.ClientSession) -> int:
        lines = 0
        async with session.post(url, json={"model": model(events), "messages": MESSAGES}) as response:
            async for line in response.content:
                lines += line.startswith(b"data: {")
        return lines - 1

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
        return sum(await asyncio.gather(*(one(session) for _ in range(streams))))


async def lag() -> list[float]:
    """How late the loop runs what is due, until cancelled; s."""
    lags: list[float] = []
    try:
        while True:
            due = time.perf_counter() + 0.01
            await asyncio.sleep(0.01)
            lags.append(time.perf_counter() - due)
    except asyncio.CancelledError:
        return lags


async def measured(work: Callable[[str, int, int], Awaitable[int]], base_url: str, streams: int, events: int) -> float:
    """Run it once and print its figures; events per second."""
    gc.collect()
    before = rss()
    sampler = asyncio.ensure_future(lag())
    await asyncio.sleep(0)
    started = time.perf_counter()
    arrived = await work(base_url, streams, events)
    seconds = time.perf_counter() - started
    sampler.cancel()
    lags = sorted(await sampler) or [0.0]
    p99 = lags[int(len(lags) * 0.99)] * 1000
    print(
        f"{work.__name__:5}: {streams} streams, {arrived} events of {streams * events}, {arrived / seconds:,.0f} events/s, "
        f"RSS +{(rss() - before) / 2**20:.1f} MiB, loop lag p99 {p99:.0f} ms"
    )
    return arrived / seconds


def rss() -> int:
    """Resident memory of this process, bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


async def main(*, long: bool) -> int:
    """Everything; the number of figures that miss their mark."""
    streams, events, calls = (1000, 200, 10_000) if long else (100, 50, 600)
    wrong = 0
    async with serving() as base_url:
        await ours(base_url, 20, 20)
        measure = await measured(plain, base_url, streams, events)
        speed = await measured(ours, base_url, streams, events)
    print(f"{speed / measure:.0%} of plain aiohttp")
    for fault in OUTAGES:
        requests, late = await outage(calls, fault)
        wrong += requests > calls + 100 or late > 0.5
        print(f"outage ({fault}): {calls} calls, {requests} requests, latest {max(late, 0):.2f} s after its deadline")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    sys.exit(bool(asyncio.run(main(long=parser.parse_args().long))))
