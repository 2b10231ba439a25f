"""Two hundred seeds of the chaos proxy; ten thousand are `python -m tests.faults.chaos --long`."""

import pytest

from tests.faults.chaos import campaign


@pytest.mark.parametrize("first", range(0, 200, 100))
async def test_whatever_a_network_does_the_rules_hold(first: int) -> None:
    outcomes, wrong = await campaign(range(first, first + 100), at_once=100)
    assert wrong == []
    assert any(not name.endswith(" ok") for name in outcomes)  # else the proxy did nothing
