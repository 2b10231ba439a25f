"""That the table of `docs/money.md` can be measured: one row of it. All of it is `python -m tests.faults.peers`."""

import warnings

import pytest

pytest.importorskip("openai", reason="openai is not installed: it is one of the clients that are compared")
pytest.importorskip("anthropic", reason="anthropic is not installed: it is one of the clients that are compared")


async def test_a_lost_answer_to_a_paid_video() -> None:
    from tests.faults.peers import COLUMNS, FAULTS, cell, markdown

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of videos.create, by openai
        theirs, ours = [await cell(FAULTS[0], column) for column in COLUMNS[:2]]
    assert (theirs, ours) == ("3 · APIConnectionError", "1 · InDoubtError")
    lines = markdown([["?"] * len(COLUMNS) for _ in FAULTS], "A paid video").splitlines()
    assert lines[0] == "| the server … | openai | tikhub-async |"
    assert len(lines) == 2 + len(FAULTS)
