"""Pytest fixtures: `tikhub_emulator`, a running gateway per test.

Loaded by pytest in every run of every project that has this package installed, so it imports nothing of the package
before a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tikhub_async.testing.emulator import Emulator

FAST: dict[str, Any] = {"pace": 0.0, "task_seconds": 0.2}
"""Arguments of the fixture's emulator: streams in one burst, videos done in a moment."""


@pytest.fixture
def tikhub_emulator_options() -> dict[str, Any]:
    """Arguments for the emulator of `tikhub_emulator`; override this fixture to change them."""
    return {}


@pytest.fixture
def tikhub_emulator(tikhub_emulator_options: dict[str, Any]) -> Iterator[Emulator]:
    """A running emulator, on a loop of its own: for synchronous tests and for those of any async plugin.

    Yields:
        The emulator; `base_url` is where to point a client, `TEST_KEY` of `tikhub_async.testing` its key.
    """
    from tikhub_async.testing.emulator import Emulator
    from tikhub_async.testing.threaded import serve_in_thread

    with serve_in_thread(Emulator(**{**FAST, **tikhub_emulator_options})) as emulator:
        yield emulator
