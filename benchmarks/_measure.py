"""How everything is measured: CPU time of a process of its own, clients alternated, medians of several rounds.

`measure` starts one process per round, client and case, in an order that interleaves the clients, so that a noisy
minute hits all of them. A process warms up, finds out how often it must repeat to fill a share of a second, collects
garbage, and gives the CPU time (user + system, all threads) of what it then did, per unit of work.
"""

import argparse
import asyncio
import gc
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from benchmarks import _servers as servers
from benchmarks.clients import CLIENTS, DISTRIBUTIONS, WITH_UVLOOP, Operation

SECONDS = 0.5
"""CPU time that a measurement should fill."""
MOST = 20_000
"""Repetitions at most."""
ROOT = Path(__file__).parent.parent

Serve = Callable[[Path], AbstractContextManager[str]]
"""Folder of bodies → a running server's base URL."""
Work = Callable[[str, str, float], Awaitable[dict[str, float] | None]]
"""(client, base URL, seconds to fill) → row name → value; None when the client cannot do it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure; gives one row of a table or several."""

    name: str
    serve: Serve
    work: Work
    clients: Sequence[str] = tuple(CLIENTS)


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What a row should show: at most `most` times another client, or at least `least` times cheaper than it."""

    other: str
    most: float | None = None
    least: float | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One file of benchmarks."""

    name: str
    """Of the module after `bench_`, and of the plot."""
    title: str
    cases: Sequence[Case]
    aims: Mapping[str, Sequence[Aim]] = {}
    """By row name."""
    note: str = ""


Rows = dict[str, dict[str, list[float]]]
"""Row name → client → a value per round."""


@contextmanager
def no_server(_: Path) -> Iterator[str]:
    """For cases that need none."""
    yield "http://127.0.0.1:9"


def static(prefix: str = "") -> Serve:
    """nginx; the prefix chooses between answers of the same path."""

    @contextmanager
    def serve(bodies: Path) -> Iterator[str]:
        with servers.static(bodies) as base_url:
            yield base_url + prefix

    return serve


def events(name: str, interval: float) -> Serve:
    """The event server with one stream, `interval` seconds between two events."""
    return lambda bodies: servers.events(bodies, name, interval)


async def repeat(operation: Operation, times: int, at_once: int) -> int:
    """The units of work done by `times` operations, `at_once` of them in flight."""
    left = iter(range(times))
    done = 0

    async def worker() -> None:
        nonlocal done
        for _ in left:
            units = await operation()
            done += units

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return done


async def per_unit(operation: Operation, times: int, at_once: int) -> float:
    """CPU µs per unit of work of so many operations."""
    gc.collect()
    started = time.process_time()
    units = await repeat(operation, times, at_once)
    return (time.process_time() - started) / units * 1e6


async def cost(operation: Operation, at_once: int, seconds: float) -> float:
    """CPU µs per unit of an operation."""
    await repeat(operation, at_once, at_once)
    started = time.process_time()
    await repeat(operation, at_once, at_once)
    each = (time.process_time() - started) / at_once
    return await per_unit(operation, min(max(at_once, round(seconds / each)), MOST), at_once)


async def cost_of_passes(operation: Operation, at_once: int, passes: int) -> float:
    """CPU µs per unit of operations that take their own time, however fast the client is."""
    await operation()
    return await per_unit(operation, at_once * passes, at_once)


def resident_kb() -> int:
    """Memory of this process that is in RAM, kB; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


# ── the parent ──────────────────────────────────────────────────────────────────────────────────────────────────────


def measure(question: Question, *, rounds: int, seconds: float, only: Sequence[str] = ()) -> Rows:
    """All rows of a question."""
    rows: Rows = {}
    with servers.folder() as bodies:
        for case in question.cases:
            clients = [name for name in case.clients if is_installed(name) and (not only or name in only)]
            with case.serve(bodies) as base_url:
                for number in range(rounds):
                    # Every other round backwards: who comes after whom matters on a machine that warms up.
                    for client in clients if number % 2 == 0 else reversed(clients):
                        for row, value in _in_a_process(question, case, client, base_url, seconds).items():
                            rows.setdefault(row, {}).setdefault(client, []).append(value)
            print(f"  {case.name}", file=sys.stderr, flush=True)
    return rows


def _in_a_process(question: Question, case: Case, client: str, base_url: str, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.bench_{question.name}"]
    command += ["--worker", case.name, client, base_url, str(seconds)]
    done = subprocess.run(
        command, cwd=ROOT, env=with_byte_code(), capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        print(f"{client}, {case.name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def with_byte_code() -> dict[str, str]:
    """This environment, but byte code is kept, as it is where packages are used."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def is_installed(client: str) -> bool:
    """Whether the package behind a client is there."""
    wanted = {
        "openai": "openai", "anthropic": "anthropic", "google-genai": "google-genai", "litellm": "litellm",
        "httpx + json": "httpx",
    }.get(client.partition("[")[0])  # fmt: skip
    needed = [name for name in (wanted, "uvloop" if client in WITH_UVLOOP else None) if name is not None]
    try:
        return all(importlib.metadata.version(name) for name in needed)
    except importlib.metadata.PackageNotFoundError:
        return False


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = {name: _version(name) for name in DISTRIBUTIONS}
    facts = {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "server": "nginx" if servers.find_nginx() else "asyncio",
    }
    return facts | {name: version for name, version in versions.items() if version}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


# ── the command line of one question ────────────────────────────────────────────────────────────────────────────────


def main(question: Question) -> None:
    """Measures and prints a question; with `--worker`, one case of it for one client."""
    if sys.argv[1:2] == ["--worker"]:
        _, _, name, client, base_url, seconds = sys.argv
        case = next(case for case in question.cases if case.name == name)
        _work(case, client, base_url, float(seconds))
        return
    parser = argparse.ArgumentParser(description=question.title)
    add_options(parser)
    options = parser.parse_args()
    rows = measure(question, rounds=options.rounds, seconds=options.seconds, only=options.client)
    print(as_text(rows))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that a question and the whole run share."""
    parser.add_argument("--rounds", type=int, default=5, help="processes per client and case (5)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="CPU seconds that one fills (0.5)")
    parser.add_argument("--client", action="append", default=[], help="only this one; may be repeated")


def _work(case: Case, client: str, base_url: str, seconds: float) -> None:
    factory = None
    if client in WITH_UVLOOP:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        figures = runner.run(_figures(case, client, base_url, seconds))
    print(json.dumps(figures), flush=True)
    os._exit(0)  # clients that cannot be closed must not hold the process


async def _figures(case: Case, client: str, base_url: str, seconds: float) -> dict[str, float]:
    return await case.work(client, base_url, seconds) or {}


def as_text(rows: Rows) -> str:
    """Medians and the half spread, in the terminal."""
    lines: list[str] = []
    for row, clients in rows.items():
        lines.append(row)
        for client, values in sorted(clients.items(), key=lambda item: statistics.median(item[1])):
            middle = statistics.median(values)
            lines.append(f"  {client:22}{middle:12,.2f}   ± {(max(values) - min(values)) / 2 / middle:.0%}")
    return "\n".join(lines)
