"""What does a fleet of 100 workers do to a key, to polling and to journals? `python -m benchmarks.batch_fleet`.

The gates and rates of 100 workers as they are, in virtual time, against a gateway that refuses what is too much: a limit
on requests in flight, or on requests per minute, of one key or of each of 100. Ten minutes of it; answers take 2 s. The
figures of docs/batch.md come from here. Journals are measured on this machine's disk.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.virtual import LoopClock, run_virtually
from tikhub_async import TikHubAI
from tikhub_async._clock import Clock
from tikhub_async.batch.formats import Line, hash_of
from tikhub_async.batch.options import settings_of
from tikhub_async.batch.pacing import Pacer, Ticket
from tikhub_async.batch.scheduler import Scheduler
from tikhub_async.batch.store import Store
from tikhub_async.errors import RateLimitError

WORKERS = 100
SECONDS = 600.0
LATENCY = 2.0
REFUSAL = 0.1
"""Seconds until a 429."""
WARM_UP = 60.0
"""Seconds that do not count: a fleet that starts at once is a burst."""


@dataclass
class Key:
    """What one key may do at the gateway."""

    in_flight_limit: int | None = None
    per_minute: float | None = None
    in_flight: int = 0
    served: int = 0
    refused: int = 0
    peak: int = 0
    by_worker: dict[int, int] = field(default_factory=dict[int, int])
    _level: float = 0.0
    _leaked_at: float = 0.0

    def takes(self, now: float) -> bool:
        """Whether one more request is let in."""
        if self.in_flight_limit is not None and self.in_flight >= self.in_flight_limit:
            return False
        if self.per_minute is None:
            return True
        rate = self.per_minute / 60
        self._level = max(self._level - (now - self._leaked_at) * rate, 0.0)
        self._leaked_at = now
        if self._level + 1 > rate:  # a second's worth may come at once
            return False
        self._level += 1
        return True


class Worker:
    """One machine: an endless source through its own gate and rates."""

    def __init__(self, number: int, key: Key, options: dict[str, Any]) -> None:
        self._number = number
        self._key = key
        clock = LoopClock()
        client = TikHubAI(api_key="sk-x", clock=clock)
        self._pacer = Pacer(clock, client._session)
        self._pacer.join(settings_of(options))
        self._random = random.Random(number)
        self._scheduler: Scheduler[int] = Scheduler(
            clock,
            self._pacer.gate,
            fetch=self._fetch,
            admit=self._admit,
            admit_at_once=lambda _: self._pacer.admit_at_once(),
            work=self._work,
        )

    async def run(self) -> None:
        """Until the simulation's end."""
        asyncio.get_running_loop().call_later(SECONDS, self._scheduler.stop)
        await self._scheduler.run()
        await self._scheduler.settle(None)

    @property
    def width(self) -> float:
        """Of its gate."""
        return self._pacer.gate.width

    async def _fetch(self) -> list[int]:
        return list(range(64))

    async def _admit(self, line: int) -> bool:
        await self._pacer.admit(0)
        return True

    async def _work(self, line: int, ticket: Ticket) -> None:
        key, loop = self._key, asyncio.get_running_loop()
        sent_at = loop.time()
        counts = sent_at > WARM_UP
        if not key.takes(sent_at):
            key.refused += counts
            await asyncio.sleep(REFUSAL)
            self._pacer.gate.leave(ticket, refused=True)
            self._pacer.refused(RateLimitError("429", status_code=429), sent_at)
            self._scheduler.again(line, 0.5 * self._random.random())
            return
        key.in_flight += 1
        key.peak = max(key.peak, key.in_flight)
        await asyncio.sleep(LATENCY * (0.5 + self._random.random()))
        key.in_flight -= 1
        key.served += counts
        key.by_worker[self._number] = key.by_worker.get(self._number, 0) + counts
        self._pacer.succeeded()


def simulate(make_key: Callable[[], Key], keys: int, **options: Any) -> dict[str, float]:
    """Ten minutes of the fleet; what the gateway saw of it."""
    found = [make_key() for _ in range(keys)]

    async def main() -> float:
        workers = [Worker(number, found[number % keys], options) for number in range(WORKERS)]
        await asyncio.gather(*(worker.run() for worker in workers))
        return sum(worker.width for worker in workers)

    width = run_virtually(main())
    served, refused = sum(key.served for key in found), sum(key.refused for key in found)
    shares = sorted(count for key in found for count in key.by_worker.values())
    return {
        "per_second": served / (SECONDS - WARM_UP),
        "refused": refused / max(served + refused, 1),
        "width": width,
        "fairness": shares[len(shares) // 10] / max(shares[-len(shares) // 10], 1),
    }


def journals(intents: int = 400, at_once: int = 16) -> dict[str, float]:
    """Intents per second that one process puts on this disk itself, committed in groups."""
    line = Line(
        custom_id="a", method="POST", url="/v1/videos", body=b"{}", number=1, id_hash=1, body_hash=hash_of(b"{}")
    )

    async def main(folder: str) -> float:
        store = Store.open(str(Path(folder, "out.jsonl")), Clock(), resume=False)
        left = iter(range(intents))

        async def one() -> None:
            for _ in left:
                store.intent(line, paid=True)
                await store.commit()

        started = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        seconds = time.perf_counter() - started
        store.close()
        return seconds

    with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
        seconds = asyncio.run(main(folder))
    return {"per_second": intents / seconds, "ms": seconds / intents * at_once * 1000}


FLEETS: tuple[tuple[str, Callable[[], Key], int, dict[str, Any]], ...] = (
    ("one key, 500 in flight, told nothing", lambda: Key(in_flight_limit=500), 1, {}),
    ("one key, 500 in flight, start=1", lambda: Key(in_flight_limit=500), 1, {"start_concurrency": 1}),
    ("one key, 500 in flight, 5 each", lambda: Key(in_flight_limit=500), 1, {"concurrency": 5, "adaptive": False}),
    (
        "one key, 500 in flight, 64 each, fixed",
        lambda: Key(in_flight_limit=500),
        1,
        {"concurrency": 64, "adaptive": False},
    ),
    ("one key, 6,000/min, told nothing", lambda: Key(per_minute=6000), 1, {}),
    ("one key, 6,000/min, rpm=57 each", lambda: Key(per_minute=6000), 1, {"rpm": 57}),
    ("100 keys, 40 in flight each, told nothing", lambda: Key(in_flight_limit=40), 100, {}),
    ("100 keys, 600/min each, rpm=570", lambda: Key(per_minute=600), 100, {"rpm": 570}),
)


def main() -> None:
    """Print one row per fleet."""
    print(f"{WORKERS} workers, {SECONDS:.0f} s, the first {WARM_UP:.0f} not counted; answers take {LATENCY:.0f} s")
    print(f"{'':42} answers/s     429s   width in all   slow/fast worker")
    for name, make_key, keys, options in FLEETS:
        row = simulate(make_key, keys, **options)
        print(f"{name:42} {row['per_second']:9.0f} {row['refused']:8.2%} {row['width']:14.0f} {row['fairness']:18.2f}")
    row = journals()
    print(f"journal on this disk: {row['per_second']:,.0f} paid intents/s per process, {row['ms']:.2f} ms each")


if __name__ == "__main__":
    main()
