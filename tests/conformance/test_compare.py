"""A few rows of the comparison with the official clients, on the project's own samples."""

from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("anthropic")
pytest.importorskip("google.genai")

from tests.conformance.compare import FAILING, GOOD, Sight, compare, sights, summary, table
from tests.conformance.exchanges import Exchange, recorded, samples

OLD_MODELS = pytest.mark.filterwarnings("ignore:The model 'claude:DeprecationWarning")
"""Anthropic's client warns of the models it considers old."""
SUBCLASSES = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""Google's client derives from aiohttp's session, which aiohttp discourages."""
UNCLOSED = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
"""The official clients leave some of the failed streams open."""
pytestmark = [OLD_MODELS, SUBCLASSES, UNCLOSED]


def sample(name: str) -> Exchange:
    return next(exchange for exchange in samples() if exchange.id == name)


@pytest.mark.parametrize("name", ["own.chat.whole", "own.chat.stream", "own.messages.stream", "own.responses.stream"])
async def test_good_answers_reach_both_callers_alike(name: str) -> None:
    _, theirs, ours = await sights(sample(name))
    assert not theirs.raised
    assert not ours.raised
    assert "Very deep." in theirs.what
    assert "Very deep." in ours.what


@pytest.mark.parametrize(
    ("name", "client", "answer", "error"),
    [
        ("own.chat.stream_cut", "openai", "'Very deep', finish_reason None", "StreamInterrupted"),
        ("own.chat.stream_page", "openai", "'', finish_reason None", "ProtocolError"),
        ("own.chat.ping_then_429", "openai", "'', finish_reason None", "RateLimitError"),
        ("own.messages.bare_error", "anthropic", "'Very', stop_reason None", "OverloadedError"),
        ("own.responses.cut", "openai", "'Very deep.', last event response.output_text.delta", "StreamInterrupted"),
        ("own.gemini.cut", "google-genai", "'Very', finish_reason None", "StreamInterrupted"),
        ("own.gemini.empty", "google-genai", "'', finish_reason None", "ProtocolError"),
    ],
)
async def test_a_failure_that_looks_like_an_answer_elsewhere_is_an_error_here(
    name: str, client: str, answer: str, error: str
) -> None:
    used, theirs, ours = await sights(sample(name))
    assert used == client
    assert (theirs.raised, theirs.what) == (False, answer)
    assert ours.raised
    assert ours.what.startswith(f"`{error}`")


async def test_the_whole_comparison_reports_every_failure_here(capsys: pytest.CaptureFixture[str]) -> None:
    if not recorded():
        pytest.skip("no recorded exchanges: TIKHUB_FIXTURES does not name a folder that holds them")
    good, failing = await compare(GOOD, recorded()), await compare(FAILING, recorded())
    with capsys.disabled():
        print("\n" + summary(good, failing))
    assert [row[0] for row in good if row[4].raised] == []
    assert [row[0] for row in failing if not row[4].raised] == []
    assert table(failing).count("\n") == len(FAILING) + 1


def test_cells_of_the_table_hold_no_markup() -> None:
    rows: Any = [("chat.x", "a | b", "openai", Sight("<html>", raised=True), Sight("fine"))]
    assert table(rows).splitlines()[-1] == "| chat | a \\| b | openai | raises &lt;html> | an answer: fine |"
