"""Fixtures of downloads: the gateway, a host that is not the gateway, a bench between them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers import ScriptedServer
from tests.tasks.bench import Bench
from tikhub_async.testing import FakeClock


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def other() -> AsyncIterator[ScriptedServer]:
    """A host that is not the gateway: another port is another origin."""
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def bench(server: ScriptedServer, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Bench]:
    folder = tmp_path / "out"
    folder.mkdir()
    made = Bench(server, clock, folder)
    yield made
    await made.aclose()
