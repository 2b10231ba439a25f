"""What do 1,000 open streams cost, and how late are their events?"""

import asyncio
import gc
import statistics
import time

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import BARE, FLOOR, OURS, HasIds, make

STREAMS = 1_000
RAMP = 4.0
"""Seconds over which they are opened: one at a time, as users come."""
INTERVAL = 1.0
"""Seconds between two events of a stream, so 1,000 events per second in all."""

MEMORY, CPU = "memory per stream, kB", "CPU per stream, µs"
FIRST, LAG, LATE = "first event after the request, median ms", "lag of an event, median ms", "lag of an event, 99 %, ms"


async def _work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
    made = make(client, base_url)
    if not isinstance(made, HasIds):
        return None
    firsts: list[float] = []
    lags: list[float] = []

    async def watch(number: int) -> None:
        await asyncio.sleep(number * RAMP / STREAMS)
        asked = time.monotonic_ns()
        first = True
        async for name in made.ids():
            now = time.monotonic_ns()
            sent = name.removeprefix("chatcmpl-")
            if first:
                firsts.append((now - asked) / 1e6)
                first = False
            elif sent.isdigit():
                lags.append((now - int(sent)) / 1e6)

    await watch(0)
    firsts.clear()
    lags.clear()
    gc.collect()
    before, started = measure.resident_kb(), time.process_time()
    watching = [asyncio.ensure_future(watch(number)) for number in range(STREAMS)]
    await asyncio.sleep(RAMP + 1)  # all are open, none has ended
    memory = (measure.resident_kb() - before) / STREAMS
    await asyncio.gather(*watching)
    used = (time.process_time() - started) / STREAMS * 1e6
    return {
        MEMORY: memory,
        CPU: used,
        FIRST: statistics.median(firsts),
        LAG: statistics.median(lags),
        LATE: statistics.quantiles(lags, n=100)[98],
    }


QUESTION = Question(
    name="open_streams",
    title="1,000 open streams",
    cases=[
        Case(
            name="1,000 open streams",
            serve=measure.events("idle.sse", INTERVAL),
            work=_work,
            clients=(OURS, "tikhub_async[speed]", FLOOR, BARE, "httpx + json", "openai", "openai[aiohttp]", "litellm"),
        )
    ],
    aims={CPU: [Aim(other=BARE, most=1.3)]},
    note="1,000 streams opened over four seconds, eleven events each, one per second. CPU covers opening, all events and "
    "closing. Lags are real time between the server's write and the application, so they include a busy machine.",
)

if __name__ == "__main__":
    measure.main(QUESTION)
