"""The emulator agrees with the recorded software, and each of its two profiles differs from the other where the table says.

The recorded exchanges are not part of the project: both tests say that they skip where the folder named by
`TIKHUB_FIXTURES` does not hold them.
"""

from collections import Counter
from dataclasses import fields
from fnmatch import fnmatchcase

import pytest

from tests.conformance.emulated.asking import Stage
from tests.conformance.emulated.likeness import Got, differences, recorded_answer
from tests.conformance.emulated.plays import MARKS, PLAYS, REBUILT
from tests.conformance.emulated.profiles import DOCUMENTED, flag_of
from tests.conformance.emulated.purposes import NOT_SERVED, ON_PURPOSE, not_served, purpose_of
from tests.conformance.emulated.scenes import scene_of
from tests.conformance.exchanges import Exchange
from tests.conformance.test_replay import RECORDED, all_recorded
from tikhub_async.testing import Error, RateLimited
from tikhub_async.testing.profiles import Behaviour, Profile


def asked() -> list[Exchange]:
    return [exchange for exchange in all_recorded() if not_served(exchange.id) is None]


_ANSWERS: dict[Profile, dict[str, Got]] = {}


async def answers_of(profile: Profile) -> dict[str, Got]:
    """The emulator's answers by id of the exchange; asked once in a run."""
    if profile not in _ANSWERS:
        exchanges = all_recorded()
        async with Stage(profile) as stage:
            _ANSWERS[profile] = {item.id: await stage.play(scene_of(item, exchanges)) for item in asked()}
    return _ANSWERS[profile]


async def test_the_emulator_answers_every_recorded_request_as_the_software_did_or_says_why_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = await answers_of("software")
    purposes: Counter[str] = Counter()
    mistakes: list[str] = []
    used: set[tuple[str, str, str]] = set()
    for exchange in asked():
        found = differences(recorded_answer(exchange), answers[exchange.id])
        rows = [purpose_of(exchange.id, difference) for difference in found]
        used |= {row for row in rows if row is not None}
        purposes.update({row[2] for row in rows[:1] if row is not None and None not in rows})
        mistakes += [f"{exchange.id}: {text}" for text, row in zip(found, rows, strict=True) if row is None]
    reasons = Counter(reason for exchange in all_recorded() if (reason := not_served(exchange.id)))
    wrong = len({mistake.partition(":")[0] for mistake in mistakes})
    equal = len(answers) - purposes.total() - wrong
    with capsys.disabled():
        print(
            f"\nemulator: {len(all_recorded())} exchanges = {equal} compared and equal + {purposes.total()} different on "
            f"purpose + {reasons.total()} not served, different by mistake: {wrong}"
        )
        print(f"emulator: {_played()}")
        print("\n".join(f"emulator: on purpose {count}: {reason}" for reason, count in purposes.most_common()))
        print("\n".join(f"emulator: not served {count}: {reason}" for reason, count in reasons.most_common()))
    assert mistakes == []
    assert equal + purposes.total() + reasons.total() == RECORDED
    assert [row[:2] for row in ON_PURPOSE if row not in used] == []


def _played() -> str:
    """How much of the comparison was staged: what is given to the emulator is no proof of it."""
    scenes = [scene_of(exchange, all_recorded()) for exchange in asked()]
    said = sum(isinstance(reply, Error | RateLimited) for scene in scenes for reply in scene.replies)
    return (
        f"{len(scenes)} asked: {sum(scene.creation is not None for scene in scenes)} about a task that was created for it, "
        f"{sum(bool(scene.replies) for scene in scenes)} with a scripted reply, of which {said} were given an error's status, "
        "code, type and text and are compared in what the gateway makes of it"
    )


async def test_the_documented_profile_differs_from_the_software_only_by_the_flags_of_its_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    software, documented = await answers_of("software"), await answers_of("documented")
    flags: Counter[str] = Counter()
    unexplained: list[str] = []
    for name, answer in documented.items():
        if found := differences(software[name], answer):
            flag = flag_of(name)
            flags[flag or ""] += 1
            unexplained += [] if flag else [f"{name}: {text}" for text in found]
    with capsys.disabled():
        print(
            f"\nprofiles: of {len(documented)} requests {flags.total()} are answered otherwise in `documented` than in "
            f"`software`"
        )
        print("\n".join(f"profiles: {count} by {flag}" for flag, count in flags.most_common()))
    assert unexplained == []
    assert set(flags) == {field.name for field in fields(Behaviour)}


def test_every_row_of_the_tables_is_of_use() -> None:
    names = [exchange.id for exchange in all_recorded()]
    patterns = [row[0] for row in (*NOT_SERVED, *MARKS, *PLAYS, *REBUILT, *DOCUMENTED)]
    assert [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)] == []
