"""Fixtures for everything above the pure layers: an emulator on loopback, a client of it, a clock that jumps."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tikhub_async import TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock

KEY_VARIABLES = ("TIKHUB_AI_API_KEY", "TIKHUB_API_KEY", "TIKHUB_AI_BASE_URL")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KEY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=0.2) as emulator:
        yield emulator
        await emulator.assert_no_leaks()


@pytest.fixture
async def client(gw: Emulator, clock: FakeClock) -> AsyncIterator[TikHubAI]:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as made:
        yield made


@pytest.fixture
def fixtures() -> Path:
    """The folder of optional data; tests that need it say that they skip."""
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set: this test reads recorded data that is not part of the project")
    return Path(folder)
