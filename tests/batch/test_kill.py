"""kill -9 and SIGTERM in short form; `python -m tests.batch.kill --long` is the long one."""

import os
import signal

import pytest

from tests.batch.kill import campaign
from tests.batch.victim import CONCURRENCY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has neither fork nor SIGKILL"),
]


def test_ten_kills_lose_nothing_and_pay_nothing_twice() -> None:
    tally = campaign(10)
    assert tally.kills == 10
    assert (tally.lost, tally.paid_twice, tally.unlisted) == (0, 0, 0), tally
    assert tally.most_in_doubt <= CONCURRENCY
    assert tally.phases["creation"] > 0, tally
    assert tally.phases["polling"] > 0, tally


def test_a_journal_written_after_the_answer_pays_twice() -> None:
    """The control: without it, the test above would prove nothing."""
    tally = campaign(2, write_after=True)
    assert tally.paid_twice > 0, tally


def test_after_sigterm_nothing_is_in_doubt() -> None:
    tally = campaign(3, number=signal.SIGTERM)
    assert (tally.lost, tally.paid_twice, tally.in_doubt) == (0, 0, 0), tally
    assert max(tally.exits) < 30
