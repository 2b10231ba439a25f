"""Every public coroutine cancelled at each of its first fifty ticks, natively and by an anyio scope."""

from pathlib import Path

import pytest

from tests.faults.cancel import ALL, CREATIONS, sweep

TICKS = range(51)


@pytest.mark.parametrize("name", ALL)
async def test_cancelled_at_any_tick_nothing_is_lost_and_nothing_stays(name: str, tmp_path: Path) -> None:
    cut, paid, wrong = await sweep(name, TICKS, tmp_path)
    assert wrong == []
    assert cut > len(TICKS) / 3  # else nothing was cancelled
    if name in CREATIONS:
        assert paid > len(TICKS)
