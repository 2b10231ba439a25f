"""The fault matrix, every cell: `python -m tests.faults.matrix [--long]` prints it.

Every paid creation and one call of each other kind meet every row; the long form does it all twelve times over.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.calls import CALLS, CREATIONS, Call
from tests.faults.cells import DEADLINE, quick_looks, run
from tests.faults.rows import KINDS, ROWS, Row
from tikhub_async.testing.faultserver import FaultServer


async def main(*, long: bool) -> int:
    """Run all cells, eight at a time; the number that do not fit."""
    cells = [(row, call) for row in ROWS for call in calls_of(row)]
    cells *= 12 if long else 1
    wrong: list[str] = []
    longest = 0.0
    posts = 0
    room = asyncio.Semaphore(8)

    async def one(row: Row, call: Call) -> None:
        nonlocal longest, posts
        async with room, FaultServer() as server:
            with tempfile.TemporaryDirectory() as folder:
                complaints, seconds = await run(row, call, server, Path(folder))
        longest = max(longest, seconds)
        wrong.extend(f"{row.name} × {call.name} [{row.cells[call.kind]}]: {text}" for text in complaints)

    with quick_looks():
        await asyncio.gather(*(one(row, call) for row, call in cells))
    print("\n".join(sorted(wrong)))
    print(table())
    codes = Counter(row.cells[call.kind] for row, call in cells)
    print(f"\n{len(cells)} cells ({', '.join(f'{count} {code}' for code, count in sorted(codes.items()))})")
    print(f"longest call {longest:.2f} s at a deadline of {DEADLINE:g} s; {len(wrong)} wrong")
    return len(wrong)


def calls_of(row: Row) -> list[Call]:
    """The calls that a row has a cell for: every paid creation, and one of each other kind."""
    calls = [*CREATIONS, *(CALLS[kind] for kind in KINDS[1:])]
    return [call for call in calls if row.cells[call.kind] != "-" and not (row.needs_id and call.name == "client.post")]


def table() -> str:
    """The matrix as Markdown."""
    lines = [f"| fault | {' | '.join(KINDS)} |", "|---|" + "---|" * len(KINDS)]
    lines += [f"| {row.name} | {' | '.join(row.cells[kind] for kind in KINDS)} |" for row in ROWS]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    sys.exit(bool(asyncio.run(main(long=parser.parse_args().long))))
