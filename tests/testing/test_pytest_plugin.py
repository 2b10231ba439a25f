"""The fixture that users get."""

import subprocess
import sys
import urllib.request
from typing import Any

import aiohttp
import pytest

from tikhub_async.testing import TEST_KEY, Emulator

# By import, not by plugin name: the entry point may have registered it already.
from tikhub_async.testing.pytest_plugin import tikhub_emulator, tikhub_emulator_options  # noqa: F401


def test_the_plugin_imports_nothing_but_pytest() -> None:
    """Every pytest run of every project with this package installed loads it."""
    code = (
        "import sys, pytest, tikhub_async; before = set(sys.modules); import tikhub_async.testing.pytest_plugin;"
        "print(sorted(set(sys.modules) - before - {'tikhub_async.testing', 'tikhub_async.testing.pytest_plugin'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_fixture_serves_a_synchronous_test(tikhub_emulator: Emulator) -> None:  # noqa: F811
    request = urllib.request.Request(
        f"{tikhub_emulator.base_url}/v1/models", headers={"Authorization": f"Bearer {TEST_KEY}"}
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


async def test_the_fixture_serves_an_asynchronous_test(tikhub_emulator: Emulator) -> None:  # noqa: F811
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{tikhub_emulator.base_url}/v1/models") as response,
    ):
        assert response.status == 401
    await tikhub_emulator.assert_no_leaks()


class TestOptions:
    @pytest.fixture
    def tikhub_emulator_options(self) -> dict[str, Any]:
        return {"profile": "software"}

    def test_options_can_be_overridden(self, tikhub_emulator: Emulator) -> None:  # noqa: F811
        assert tikhub_emulator.profile == "software"
        assert tikhub_emulator.pace == 0
