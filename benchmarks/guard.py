"""Fails when a token or a request has become dearer: `python -m benchmarks.guard`, a quarter of a minute.

Ours, the bare aiohttp client and the floor take turns in one process against one server, so that a busy machine slows
all of them; what is compared are medians of CPU time, and the bounds leave room for noise: about a third above the
ratios that were measured when they were set.
"""

import asyncio
import contextlib
import statistics
import sys
from collections.abc import Sequence

import msgspec

from benchmarks import _measure as measure
from benchmarks import _servers as servers
from benchmarks.clients import BARE, FLOOR, OURS, make, operation_of

TURNS = 7


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One ratio that must hold."""

    operation: str
    other: str
    most: float
    """Times the other client's CPU time."""
    prefix: str = ""
    at_once: int = 1
    times: int
    """Operations in one turn."""


BOUNDS = [
    Bound(operation="chat", other=BARE, most=2.1, at_once=32, times=640),
    Bound(operation="chat_stream", other=FLOOR, most=2.3, prefix="/stream", times=30),
    Bound(operation="responses_stream", other=FLOOR, most=2.8, prefix="/stream", times=30),
    Bound(operation="claude_stream", other=FLOOR, most=2.4, prefix="/stream", times=30),
    Bound(operation="gemini_stream", other=FLOOR, most=4.3, prefix="/stream", times=30),
]


async def ratio(bound: Bound, base_url: str) -> float:
    """Ours, as a multiple of the other client's CPU time per unit."""
    made = [make(name, base_url) for name in (OURS, bound.other)]
    pair = [operation_of(client, bound.operation) for client in made]
    ours, other = pair
    assert ours is not None
    assert other is not None
    for operation in (ours, other):
        await measure.repeat(operation, bound.at_once, bound.at_once)
    # Each turn's own ratio: what disturbs one turn disturbs both of its halves.
    turn = bound.times, bound.at_once
    ratios = [await measure.per_unit(ours, *turn) / await measure.per_unit(other, *turn) for _ in range(TURNS)]
    for client in made:
        if close := getattr(client, "close", None):
            await close()
    return statistics.median(ratios)


def check(bounds: Sequence[Bound]) -> list[str]:
    """Prints every ratio; the operations that are over their bound."""
    over: list[str] = []
    with servers.folder() as bodies, contextlib.ExitStack() as stack:
        urls = {prefix: stack.enter_context(measure.static(prefix)(bodies)) for prefix in {b.prefix for b in bounds}}
        for bound in bounds:
            found = asyncio.run(ratio(bound, urls[bound.prefix]))
            if found > bound.most:  # once more: a dearer client stays dearer
                found = min(found, asyncio.run(ratio(bound, urls[bound.prefix])))
            print(f"{bound.operation:18}{found:6.2f} × {bound.other:6} (at most {bound.most})", flush=True)
            if found > bound.most:
                over.append(bound.operation)
    return over


if __name__ == "__main__":
    dearer = check(BOUNDS)
    sys.exit(f"dearer than before: {', '.join(dearer)}" if dearer else 0)
