"""Every exchange with the gateway software, replayed: what a caller sees is what the tables say.

The recorded exchanges are not part of the project: the tests that need them say that they skip where the folder named
by `TIKHUB_FIXTURES` does not hold them. The samples are, and are replayed everywhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import pytest

from tests.conformance.exchanges import Exchange, recorded, samples
from tests.conformance.expected import EXPECTED, reason_of, row_of
from tests.conformance.expected.listed import LISTED
from tests.conformance.expected.own import OWN
from tests.conformance.replay import HANGS, LEAKED, PAID_TWICE, Replayed, replay

RECORDED = 791


def all_recorded() -> tuple[Exchange, ...]:
    if not recorded():
        pytest.skip(
            "no recorded exchanges: TIKHUB_FIXTURES does not name a folder with recorded/exchanges.json, which is not "
            "part of the project"
        )
    return recorded()


@pytest.mark.parametrize("sample", samples(), ids=[sample.id for sample in samples()])
async def test_a_sample_brings_what_its_row_says(sample: Exchange) -> None:
    assert (await replay(sample)).problems == []


async def test_each_recorded_exchange_is_replayed_or_listed_and_brings_what_its_row_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exchanges = all_recorded()
    listed = {exchange.id: reason for exchange in exchanges if (reason := reason_of(exchange.id))}
    replayed = {exchange.id: await replay(exchange) for exchange in exchanges if exchange.id not in listed}
    problems = {name: seen.problems for name, seen in replayed.items() if seen.problems}
    with capsys.disabled():
        print(_report(exchanges, listed, replayed))
    assert problems == {}
    assert len(exchanges) == len(replayed) + len(listed) == RECORDED


def _report(exchanges: Sequence[Exchange], listed: Mapping[str, str], replayed: Mapping[str, Replayed]) -> str:
    kinds = Counter(type(row[1]).__name__.lower() for name in replayed if (row := row_of(name)))
    good = sum(not seen.problems for seen in replayed.values())
    found = [problem for seen in replayed.values() for problem in seen.problems]
    counted = {words: sum(problem.startswith(words) for problem in found) for words in (HANGS, LEAKED, PAID_TWICE)}
    paid = [seen for seen in replayed.values() if seen.paid]
    lines = [
        f"{len(exchanges)} recorded exchanges = {len(replayed)} replayed + {len(listed)} listed, "
        f"{len(exchanges) - len(replayed) - len(listed)} left over",
        f"outcomes as expected: {good} of {len(replayed)} "
        f"({', '.join(f'{kind} {count}' for kind, count in kinds.most_common())})",
        f"{', '.join(f'{words}: {count}' for words, count in counted.items())}; "
        f"{len(paid)} paid creations, {sum(seen.requests for seen in paid)} requests (more only after a 429)",
        *(f"listed {count}: {reason}" for reason, count in Counter(listed.values()).most_common()),
    ]
    return "\n" + "\n".join(f"conformance: {line}" for line in lines)


def test_every_exchange_has_a_row_or_a_reason_and_never_both_for_the_samples() -> None:
    for exchange in (*samples(), *recorded()):
        assert (row_of(exchange.id) is None) <= (reason_of(exchange.id) is not None), exchange.id
    assert {pattern for pattern, _ in OWN} == {sample.id for sample in samples()}


def test_every_row_and_every_reason_is_of_use() -> None:
    names = [exchange.id for exchange in (*samples(), *all_recorded())]
    used = {row[0] for name in names if reason_of(name) is None and (row := row_of(name))}
    assert [pattern for pattern, _ in EXPECTED if pattern not in used] == []
    assert [pattern for pattern, _ in LISTED if not any(fnmatchcase(name, pattern) for name in names)] == []


def test_samples_hold_no_text_of_a_real_provider() -> None:
    texts = [sample.answer.decode() + sample.raw.decode() for sample in samples()]
    assert _found(texts, ("from upstream", "anthropic.com", "api.openai.com", "googleapis", "sk-TEST")) == []


def _found(texts: Iterable[str], words: tuple[str, ...]) -> list[str]:
    return [word for word in words if any(word in text for text in texts)]
