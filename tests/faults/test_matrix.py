"""The fault matrix: every row with every paid creation and one call of each other kind."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.calls import Call
from tests.faults.cells import DEADLINE, quick_looks, run
from tests.faults.matrix import calls_of
from tests.faults.rows import ROWS, Row
from tikhub_async.testing.faultserver import FaultServer

SLACK = 5.0
"""Seconds that a busy machine may add to a deadline."""


@pytest.fixture(autouse=True)
def _looks() -> Iterator[None]:
    with quick_looks():
        yield


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_every_cell_of_the_row(row: Row, tmp_path: Path) -> None:
    async def one(call: Call) -> list[str]:
        folder = tmp_path / call.name
        folder.mkdir()
        async with FaultServer() as server:
            wrong, seconds = await run(row, call, server, folder)
        late = [f"took {seconds:.1f} s"] if seconds > DEADLINE + SLACK else []
        return [f"{call.name} [{row.cells[call.kind]}]: {text}" for text in wrong + late]

    assert [text for texts in await asyncio.gather(*map(one, calls_of(row))) for text in texts] == []
