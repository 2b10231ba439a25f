"""kill -9 and SIGTERM in short form; `python -m tests.batch.kill --long` is the long one."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.kill import campaign
from tests.batch.test_runner import chat, lines, write
from tests.batch.victim import CONCURRENCY, Victims
from tests.cli.processes import until
from tikhub_async import TikHubAI
from tikhub_async.batch import doubts
from tikhub_async.testing import TEST_KEY, Emulator, SlowHeaders, serve_in_thread

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has neither fork nor SIGKILL"),
]


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with Victims() as server:
        yield server


def test_ten_kills_lose_nothing_and_pay_nothing_twice(victims: Victims) -> None:
    tally = campaign(victims, 10)
    assert tally.kills == 10
    assert (tally.lost, tally.paid_twice, tally.unlisted) == (0, 0, 0), tally
    assert tally.most_in_doubt <= CONCURRENCY
    assert tally.phases["creation"] > 0, tally
    assert tally.phases["polling"] > 0, tally


def test_a_journal_written_after_the_answer_pays_twice(victims: Victims) -> None:
    """The control: without it, the test above would prove nothing."""
    tally = campaign(victims, 2, write_after=True)
    assert tally.paid_twice > 0, tally


def test_after_sigterm_nothing_is_in_doubt(victims: Victims) -> None:
    tally = campaign(victims, 3, number=signal.SIGTERM)
    assert (tally.lost, tally.paid_twice, tally.in_doubt) == (0, 0, 0), tally
    assert max(tally.exits) < 30


async def test_chats_in_flight_at_a_kill_are_listed_and_sent_again_only_where_that_was_asked_for(
    victims: Victims, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    source = write(tmp_path / "in.jsonl", [chat(f"c{number}", f"<{number}>") for number in range(60)])
    with serve_in_thread(Emulator(pace=0)) as gateway:

        def counts() -> Counter[str]:
            bodies = [json.loads(request.body) for request in gateway.seen("chat.completions")]
            return Counter(body["messages"][0]["content"] for body in bodies)

        gateway.script("chat.completions", *[SlowHeaders(seconds=0.2)] * 20)
        victims.start(gateway.base_url, tmp_path, write_after=False)
        until(lambda: len(gateway.seen("chat.completions")) >= 12)
        victims.signal(signal.SIGKILL)
        assert victims.ended(10) == -signal.SIGKILL
        until(lambda: not gateway.open_connections and not gateway.in_flight)
        lost = doubts(out)
        assert 0 < len(lost) <= CONCURRENCY
        victims.start(gateway.base_url, tmp_path, write_after=False)
        assert victims.ended(10) == 1, "with lines in doubt a batch is not complete"
        assert max(counts().values()) == 1, "nothing is sent again by default"
        assert doubts(out) == lost
        assert len(lines(out)) == 60 - len(lost)
        async with TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url) as client:
            report = await client.batch.run(source, out, resume=True, resend="chat").finish()
        assert (report.complete, report.ok, report.repeated) == (True, len(lost), len(lost))
        twice = {text for text, count in counts().items() if count > 1}
        assert twice <= {f"<{line.custom_id[1:]}>" for line in lost}
