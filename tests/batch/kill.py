"""kill -9 at random moments, and what is paid, lost or in doubt after it.

    python -m tests.batch.kill            10 kills
    python -m tests.batch.kill --long     150 kills, and 40 with a journal that is written after the answer
    python -m tests.batch.kill --terms    10 SIGTERMs

A batch of video lines runs in a process of its own against an emulator in this one. It is killed, taken up again and
killed again until it is done; then the next one begins. What was paid is counted at the server, by the text of each
film. Lines in doubt are decided as a user would who looks into the console: adopt the task that is there, else retry.

The control writes its journal after the answer, as most scripts do. It must pay twice, else this shows nothing.
"""

import argparse
import json
import random
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.batch.victim import CONCURRENCY, Victims
from tests.cli.processes import until
from tikhub_async.batch import Decisions, decide, doubts
from tikhub_async.batch.index import State
from tikhub_async.batch.journal import SUFFIX, replay
from tikhub_async.batch.ledger import Ledger, Open
from tikhub_async.batch.videos import video_name
from tikhub_async.testing import Emulator, SlowHeaders, serve_in_thread

SHORT = (24, 0.3)
LONG = (120, 1.5)
"""Lines of a batch, and seconds until a kill, at most."""
CREATE_SECONDS = 0.25
DOWNLOAD_SECONDS = 0.1
TASK_SECONDS = 0.15
PATIENCE = 30.0


@dataclass
class Tally:
    """What a campaign has found."""

    kills: int = 0
    batches: int = 0
    lines: int = 0
    lost: int = 0
    paid_twice: int = 0
    in_doubt: int = 0
    most_in_doubt: int = 0
    created_in_doubt: int = 0
    """Of those in doubt, how many had been created all the same."""
    unlisted: int = 0
    """Lines sent and not settled that `doubts` does not show."""
    phases: Counter[str] = field(default_factory=Counter[str])
    """Where lines stood when they were killed."""
    exits: list[float] = field(default_factory=list[float])
    """Seconds from SIGTERM to the end."""

    def __str__(self) -> str:
        stood = ", ".join(f"{count} in {phase}" for phase, count in sorted(self.phases.items()))
        text = (
            f"{self.kills} kills over {self.lines} paid lines in {self.batches} batches: {self.lost} lost, "
            f"{self.paid_twice} paid twice, {self.in_doubt} in doubt (most per kill {self.most_in_doubt}, "
            f"{self.created_in_doubt} had been created), {self.unlisted} not listed; killed: {stood}"
        )
        return text if not self.exits else f"{text}; slowest end {max(self.exits):.2f} s"


# ── the campaign ────────────────────────────────────────────────────────────────────────────────────────────────────


class Campaign:
    """Kills batches until enough were killed."""

    def __init__(
        self,
        gateway: Emulator,
        victims: Victims,
        seed: int,
        *,
        write_after: bool = False,
        number: int = signal.SIGKILL,
        size: tuple[int, float] = SHORT,
    ) -> None:
        self._lines, self._longest_life = size
        self.tally = Tally()
        self._gateway = gateway
        self._victims = victims
        self._random = random.Random(seed)
        self._write_after = write_after
        self._signal = number

    def run(self, kills: int) -> Tally:
        """As many batches as it takes."""
        while self.tally.kills < kills:
            with tempfile.TemporaryDirectory() as folder:
                self._one_batch(Path(folder), kills)
        return self.tally

    def _one_batch(self, folder: Path, kills: int) -> None:
        names = [f"film-{self.tally.batches}-{number}" for number in range(self._lines)]
        (folder / "in.jsonl").write_text("".join(map(_line, names)))
        self._slow_down()
        while not self._one_life(folder, last=self.tally.kills >= kills):
            self._decide(folder)
        self._check(folder, names)
        self.tally.batches += 1
        self.tally.lines += self._lines

    def _slow_down(self) -> None:
        """So that kills meet every phase."""
        for route, longest in (("seedance.create", CREATE_SECONDS), ("media", DOWNLOAD_SECONDS)):
            faults = [SlowHeaders(seconds=self._random.random() * longest) for _ in range(3 * self._lines)]
            self._gateway._scripts.pop(route, None)
            self._gateway.script(route, *faults)

    def _one_life(self, folder: Path, *, last: bool) -> bool:
        """Start, and kill unless it is the last one; True when the batch is done."""
        self._victims.start(self._gateway.base_url, folder, write_after=self._write_after)
        code = self._victims.ended(PATIENCE if last else 0.05 + self._random.random() * self._longest_life)
        if code is not None:
            return code == 0
        assert not last, "the batch does not end"
        killed = time.monotonic()
        self._victims.signal(self._signal)
        code = self._victims.ended(PATIENCE)
        assert code is not None, "it did not die"
        self.tally.kills += 1
        if self._signal == signal.SIGTERM:
            self.tally.exits.append(time.monotonic() - killed)
        return code == 0  # it was done before it noticed

    def _decide(self, folder: Path) -> None:
        """Look at what is in doubt, as a user would: once the dust has settled."""
        # A request may still lie in a socket of the dead process. Who looks too early sees no task, and pays twice.
        until(lambda: not self._gateway.open_connections and not self._gateway.in_flight)
        output = folder / "out.jsonl"
        if not output.with_name(f"out.jsonl{SUFFIX}").exists() or self._write_after:
            return
        ledger = Ledger()
        replay(f"{output}{SUFFIX}", ledger)
        for line in ledger.open.values():
            self.tally.phases[_phase(line, folder)] += 1
        listed = doubts(output)
        self.tally.unlisted += len(
            {line.custom_id for line in ledger.in_state(State.DOUBT)} - {d.custom_id for d in listed}
        )
        self.tally.in_doubt += len(listed)
        self.tally.most_in_doubt = max(self.tally.most_in_doubt, len(listed))
        made = {_film(paid.body): paid.id for paid in self._gateway.paid}
        adopt = {line.custom_id: made[line.custom_id] for line in listed if line.custom_id in made}
        self.tally.created_in_doubt += len(adopt)
        retry = [line.custom_id for line in listed if line.custom_id not in made]
        if listed:
            decide(output, Decisions(retry=retry, adopt=adopt))

    def _check(self, folder: Path, names: list[str]) -> None:
        found: dict[str, dict[str, Any]] = {}
        for text in (folder / "out.jsonl").read_text().splitlines():
            line = json.loads(text)
            assert line["custom_id"] not in found, "two output lines"
            found[line["custom_id"]] = line
        whole = {name for name, line in found.items() if Path(line["response"]["file"]).read_bytes()[4:8] == b"ftyp"}
        self.tally.lost += len(set(names) - whole)
        paid = Counter(_film(creation.body) for creation in self._gateway.paid)
        self.tally.paid_twice += sum(paid[name] - 1 for name in names)


def _phase(line: Open, folder: Path) -> str:
    if line.state is not State.ACCEPTED or line.task is None:
        return "creation"
    name = video_name(line.custom_id, line.task["id"])
    films = folder / "films"
    return "download" if (films / f"{name}.part").exists() or (films / name).exists() else "polling"


def _line(name: str) -> str:
    body = {
        "model": "doubao-seedance-1-5-pro-251215",
        "content": [{"type": "text", "text": name}],
        "ratio": "16:9",
        "duration": 5,
    }
    url = "/seedance/v3/contents/generations/tasks"
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}) + "\n"


def _film(body: Any) -> str:
    text = body["content"][0]["text"]
    assert isinstance(text, str)
    return text


def campaign(
    victims: Victims,
    kills: int,
    *,
    seed: int = 1,
    write_after: bool = False,
    number: int = signal.SIGKILL,
    size: tuple[int, float] = SHORT,
) -> Tally:
    """Kill batches so many times; what became of their lines."""
    with serve_in_thread(Emulator(pace=0, task_seconds=TASK_SECONDS)) as gateway:
        return Campaign(gateway, victims, seed, write_after=write_after, number=number, size=size).run(kills)


def main() -> None:
    """Print what the campaigns found; fail on a lost or doubly paid line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--terms", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    given: dict[str, Any] = {"seed": options.seed, "size": LONG if options.long else SHORT}
    with Victims() as victims:
        if options.terms:
            print("SIGTERM:", campaign(victims, 200 if options.long else 10, number=signal.SIGTERM, **given))
            return
        tally = campaign(victims, 150 if options.long else 10, **given)
        print("journal before:", tally)
        control = campaign(victims, 40 if options.long else 4, write_after=True, **given)
        print("journal after: ", control)
    assert (tally.lost, tally.paid_twice, tally.unlisted) == (0, 0, 0)
    assert tally.most_in_doubt <= CONCURRENCY
    assert control.paid_twice > 0


if __name__ == "__main__":
    main()
