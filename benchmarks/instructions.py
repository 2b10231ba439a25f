"""How many instructions does a unit of work take? The same on a busy machine as on an idle one.

`python -m benchmarks.instructions` runs each client under valgrind's callgrind with few and with many repetitions, and
divides the difference: start-up cancels out, and a figure repeats within 0.3 %. Instructions are no time: system calls
count for nothing, cache misses neither. What the ratio of two clients is good for is a gate: `--check` fails when ours
needs more than its bound times the bare client's.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from benchmarks import _measure as measure
from benchmarks import _servers as servers
from benchmarks.clients import BARE, FLOOR, OURS, make, operation_of


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to count."""

    name: str
    operation: str
    serve: measure.Serve
    few: int
    many: int
    at_once: int = 1
    bound: float
    """Most instructions of ours, as a multiple of the bare client's."""


COUNTS = [
    Count(name="chat, 32 at once", operation="chat", serve=measure.static(), few=64, many=320, at_once=32, bound=1.6),
    Count(name="chat, burst", operation="chat_stream", serve=measure.static("/stream"), few=3, many=13, bound=2.15),
    Count(
        name="chat, paced", operation="chat_stream", serve=measure.events("short.sse", 0.02), few=1, many=3, bound=1.6
    ),
    Count(
        name="responses, burst",
        operation="responses_stream",
        serve=measure.static("/stream"),
        few=3,
        many=13,
        bound=2.7,
    ),
    Count(name="claude, burst", operation="claude_stream", serve=measure.static("/stream"), few=3, many=13, bound=2.0),
    Count(name="gemini, burst", operation="gemini_stream", serve=measure.static("/stream"), few=3, many=13, bound=3.35),
    Count(name="look", operation="look", serve=measure.static(), few=64, many=320, bound=1.8),
]
"""The bounds leave a tenth above what was counted when they were set."""


def instructions(count: Count, client: str, base_url: str) -> float:
    """Instructions per unit of work."""
    few, few_units = _run(count, client, base_url, count.few)
    many, many_units = _run(count, client, base_url, count.many)
    return (many - few) / (many_units - few_units)


def _run(count: Count, client: str, base_url: str, times: int) -> tuple[int, int]:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-W", "ignore"]
    command += ["-m", "benchmarks.instructions", "--worker", count.name, client, base_url, str(times)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=measure.ROOT, env=environment, capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or collected is None:
        raise RuntimeError(f"{client}, {count.name}: {done.stderr[-500:]}")
    return int(collected[1]), int(done.stdout)


async def _work(count: Count, client: str, base_url: str, times: int) -> int:
    made = make(client, base_url)
    run = operation_of(made, count.operation)
    assert run is not None
    await measure.repeat(run, count.at_once, count.at_once)
    units = await measure.repeat(run, times, count.at_once)
    close = operation_of(made, "close")
    if close is not None:
        await close()
    return units


def table(counts: Sequence[Count], clients: Sequence[str]) -> dict[str, dict[str, float]]:
    """Name → client → instructions per unit."""
    found: dict[str, dict[str, float]] = {}
    with servers.folder() as bodies:
        for count in counts:
            with count.serve(bodies) as base_url:
                found[count.name] = {client: instructions(count, client, base_url) for client in clients}
            ours = found[count.name].get(OURS)
            said = "   ".join(
                f"{client} {value:,.0f}" + (f" ({ours / value:.2f}×)" if ours and client != OURS else "")
                for client, value in found[count.name].items()
            )
            print(f"{count.name:20} {said}", flush=True)
    return found


def main() -> None:
    """Prints instructions per unit of work."""
    if sys.argv[1:2] == ["--worker"]:
        _, _, name, client, base_url, times = sys.argv
        count = next(count for count in COUNTS if count.name == name)
        print(asyncio.run(_work(count, client, base_url, int(times))))
        return
    parser = argparse.ArgumentParser(description="Instructions per unit of work, counted by valgrind")
    parser.add_argument("--only", action="append", default=[], help="only this case; may be repeated")
    parser.add_argument("--check", action="store_true", help="fail when a bound is passed")
    parser.add_argument("--client", action="append", default=[], help="only this client; may be repeated")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed")
    counts = [count for count in COUNTS if not options.only or count.name in options.only]
    clients = options.client or ([OURS, BARE] if options.check else [OURS, BARE, FLOOR])
    found = table(counts, clients)
    if options.check:
        over = [count.name for count in counts if found[count.name][OURS] > count.bound * found[count.name][BARE]]
        sys.exit(f"over the bound: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
