"""What does scheduling a line cost, and does it stay flat? `python -m benchmarks.batch_core [--long]`.

The core alone, in virtual time: source, admission, gate, and lines that take 0.2…1.2 s, one refusal in 500 that
comes back. No requests, no files. 10,000 to 1,000,000 lines; long: to 10,000,000.
"""

import argparse
import asyncio
import time

from benchmarks.loopback import resident_mebibytes
from benchmarks.virtual import LoopClock, run_virtually
from tikhub_async.batch.pacing import Gate, Ticket
from tikhub_async.batch.scheduler import Scheduler

CHUNK = 1000
REFUSED = 500
"""One line in so many is refused once."""


class Core:
    """A source of numbers, and work that takes virtual time."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.done = 0
        self._made = 0

    async def run(self) -> float:
        """Virtual seconds until all are done."""
        self._gate = Gate(start=16, most=256)
        clock = LoopClock()
        self._scheduler = Scheduler(
            clock,
            self._gate,
            fetch=self._fetch,
            admit=self._admit,
            admit_at_once=lambda _: True,
            work=self._work,
        )
        await self._scheduler.run()
        await self._scheduler.settle(None)
        return clock.now()

    async def _fetch(self) -> list[int]:
        start, self._made = self._made, min(self._made + CHUNK, self.count)
        return list(range(start, self._made))

    async def _admit(self, line: int) -> bool:
        return True

    async def _work(self, line: int, ticket: Ticket) -> None:
        await asyncio.sleep(0.2 + (line * 7919 % 997) / 997)
        if line > 0 and line % REFUSED == 0:
            self._gate.leave(ticket, refused=True)
            self._scheduler.again(-line, 2.0)
        else:
            self.done += 1


def measure(count: int) -> dict[str, float]:
    """Microseconds of CPU per line, memory grown, and the virtual time that passed."""
    core = Core(count)
    before, started = resident_mebibytes(), time.process_time()
    virtual = run_virtually(core.run())
    taken = time.process_time() - started
    assert core.done == count
    return {"us": taken / count * 1e6, "grown": resident_mebibytes() - before, "virtual": virtual}


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    sizes = [10_000, 100_000, 1_000_000] + ([10_000_000] if parser.parse_args().long else [])
    print("      lines   µs CPU per line   +MiB   virtual hours")
    for count in sizes:
        row = measure(count)
        print(f"{count:11,} {row['us']:17.1f} {row['grown']:6.1f} {row['virtual'] / 3600:15.2f}")


if __name__ == "__main__":
    main()
