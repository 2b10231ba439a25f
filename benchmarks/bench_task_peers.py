"""How do other clients' helpers wait for videos? `python -m benchmarks.bench_task_peers`.

All of them wait for tasks of the same emulator (`peer_server` tells them in each service's own words), each in a process of
its own, with the defaults that it comes with. Measured are, at once: tasks that end well after twelve seconds, one that
fails, one that never ends and is given twenty seconds, and some whose gateway answers 503 for ten seconds. Then, by
themselves, a thousand tasks that do not end. Peers that are not installed are left out:
`pip install openai runwayml fal-client replicate`.
"""

import argparse
import asyncio
import gc
import time
from dataclasses import dataclass

from benchmarks.bench_tasks import apart, resident
from benchmarks.peer_server import make, report, server
from benchmarks.task_peers import PEERS, Peer


@dataclass(frozen=True)
class Sizes:
    """How much and how long."""

    good: int = 20
    seconds: float = 12.0
    deadline: float = 20.0
    patience: float = 30.0
    """Seconds after which a wait that should have ended is given up."""
    outage: tuple[float, float] = (3.0, 13.0)
    out: int = 5
    many: int = 1_000
    watched: float = 12.0


@dataclass(frozen=True)
class Figures:
    """What one helper did."""

    name: str
    deadline: str
    requests: float
    """Per task that ended well."""
    late: float
    """Seconds from a task's end to the caller's."""
    failure: str
    kept: str
    survived: str
    memory: float
    """KB per waiting task."""
    per_second: float
    """Requests a second for `many` tasks."""
    cpu: float
    """Share of a core that they take."""


async def outcome(peer: Peer, task_id: str, timeout: float | None, patience: float) -> tuple[str, float]:
    """How a wait ended, and after how many seconds."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(patience) as limit:
            word = await peer.wait(task_id, timeout)
    except Exception as error:
        if limit.expired():
            return "", patience
        return type(error).__name__, time.monotonic() - started
    return f"returned {word!r}", time.monotonic() - started


async def _few(peer: Peer, base_url: str, sizes: Sizes) -> tuple[float, float, str, str, str]:
    good = make(base_url, sizes.good, sizes.seconds)
    [bad] = make(base_url, 1, sizes.seconds / 2, "A cat [[fail]]")
    [endless] = make(base_url, 1, sizes.seconds, "A cat [[hang]]")
    out = make(base_url, sizes.out, sizes.outage[1] + 2, outage=sizes.outage)
    ended = await asyncio.gather(
        *(outcome(peer, task_id, None, sizes.patience) for task_id in good),
        outcome(peer, bad, None, sizes.patience),
        outcome(peer, endless, sizes.deadline, sizes.patience),
        *(outcome(peer, task_id, None, sizes.patience) for task_id in out),
    )
    looks = report(base_url)
    happy, (failure, _), (end, after), outs = (
        ended[: sizes.good],
        ended[sizes.good],
        ended[sizes.good + 1],
        ended[sizes.good + 2 :],
    )
    assert all(word.startswith("returned") for word, _ in happy), happy
    lost = sum(not word.startswith("returned") for word, _ in outs)
    why = next((word for word, _ in outs if not word.startswith("returned")), "")
    return (
        sum(looks[task_id] for task_id in good) / len(good),
        sum(seconds for _, seconds in happy) / len(happy) - sizes.seconds,
        failure if not failure.startswith("returned 'COMPLETED'") else "",
        f"{end} after {after:.1f} s" if end else "no: waits for ever",
        f"{len(out) - lost} of {len(out)}" + (f" ({why})" if why else ""),
    )


async def _many(peer: Peer, base_url: str, sizes: Sizes) -> tuple[float, float, float]:
    await outcome(peer, make(base_url, 1, 0.0)[0], None, sizes.patience)  # loads what is loaded once
    tasks = make(base_url, sizes.many, 1.0, "A cat [[hang]]")
    gc.collect()
    before, asked = resident(), sum(report(base_url).values())
    waits = [asyncio.create_task(peer.wait(task_id, None)) for task_id in tasks]
    used, started = time.process_time(), time.monotonic()
    await asyncio.sleep(sizes.watched)
    used, passed = time.process_time() - used, time.monotonic() - started
    asked = sum((await asyncio.to_thread(report, base_url)).values()) - asked
    gc.collect()
    memory = (resident() - before) / len(tasks) * 1024
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    return memory, asked / passed, used / passed


async def _measured(number: int, sizes: Sizes) -> Figures:
    kind = PEERS[number]
    with server() as base_url:
        async with kind(base_url) as peer:
            few = await _few(peer, base_url, sizes)
        async with kind(base_url) as peer:
            many = await _many(peer, base_url, sizes)
    return Figures(kind.name, kind.deadline, *few, *many)


def measured(number: int, sizes: Sizes) -> Figures:
    """One of the helpers, on a server of its own."""
    return asyncio.run(_measured(number, sizes))


def main() -> None:
    """Prints the table as Markdown."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    sizes = Sizes()
    print(
        f"| helper | requests per task of {sizes.seconds:.0f} s | noticed after | deadline offered | {sizes.deadline:.0f} s kept | a "
        f"failed task | 503 for {sizes.outage[1] - sizes.outage[0]:.0f} s survived | memory per task | {sizes.many:,} tasks send | of a core |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for number, kind in enumerate(PEERS):
        if not kind.is_installed():
            print(f"| {kind.name} | not installed |")
            continue
        row: Figures = apart(measured, number, sizes)
        print(
            f"| `{row.name}` | {row.requests:.1f} | {row.late:.1f} s | {row.deadline} | {row.kept} | {row.failure} | {row.survived} "
            f"| {row.memory:.1f} KB | {row.per_second:,.0f} requests/s | {row.cpu:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
