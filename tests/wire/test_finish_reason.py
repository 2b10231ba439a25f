"""Why a model stopped: every word of ours is reached, and an unknown word is never taken for a whole answer."""

from typing import get_args

import pytest

from tikhub_async._wire.finish_reason import FINISH_REASONS, FinishReason, finish_reason


def test_every_reason_of_ours_stands_for_a_word_but_other() -> None:
    assert {*FINISH_REASONS.values(), "other"} == set(get_args(FinishReason))


@pytest.mark.parametrize("word", ["MALFORMED_FUNCTION_CALL", "insufficient_system_resource", "in_progress", "Stop"])
def test_an_unknown_word_is_other(word: str) -> None:
    assert finish_reason(word) == "other"


@pytest.mark.parametrize("word", ["", None])
def test_a_lost_word_is_no_reason_to_doubt_the_answer(word: str | None) -> None:
    assert finish_reason(word) == "stop"
