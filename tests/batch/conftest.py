"""An emulator whose films are done at once: what takes time here are starts, kills and clusters."""

from collections.abc import AsyncIterator

import pytest

from tikhub_async.testing import Emulator


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=0.05) as emulator:
        yield emulator
        await emulator.assert_no_leaks()
