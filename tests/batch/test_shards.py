"""Shards, parts and merging: on one machine, as any executor would run them."""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.test_runner import chat, lines, video, write
from tikhub_async._clock import Clock
from tikhub_async.batch import Decisions, Shard, ShardOptions, decide, doubts, merge, run_shard, split
from tikhub_async.batch.formats import Line, read_line
from tikhub_async.batch.parts import Fence, claim, parts_in, set_stop
from tikhub_async.batch.store import Store
from tikhub_async.errors import BatchError, ConfigError, JournalError
from tikhub_async.testing import TEST_KEY, Drop, Emulator, TaskHangs, serve_in_thread


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator on a loop of its own, with its address and key in the environment, as on a worker."""
    with serve_in_thread(Emulator(pace=0, task_seconds=0.1)) as emulator:
        monkeypatch.setenv("TIKHUB_AI_BASE_URL", emulator.base_url)
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        yield emulator


QUICK = ShardOptions(options={"poll_interval": 0.02})


def make(tmp_path: Path, items: list[dict[str, Any]], size: int = 4) -> list[Shard]:
    return split(write(tmp_path / "in.jsonl", items), tmp_path / "parts", lines=size)


def test_shards_cover_the_input_and_are_the_same_every_time(tmp_path: Path) -> None:
    items = [chat(f"c{number}", "x" * number) for number in range(103)]
    shards = make(tmp_path, items, 10)
    assert len(shards) == 11
    assert make(tmp_path, items, 10) == shards
    data = (tmp_path / "in.jsonl").read_bytes()
    assert b"".join(data[shard.start : shard.end] for shard in shards) == data
    assert [shard.first for shard in shards] == list(range(1, 104, 10))
    assert all(data[shard.start : shard.end].endswith(b"\n") for shard in shards)


def test_an_input_without_a_last_line_end_and_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"{}\n{}\n{}")
    assert [(shard.start, shard.end) for shard in split(tmp_path / "in.jsonl", tmp_path, lines=2)] == [(0, 6), (6, 8)]
    (tmp_path / "in.jsonl").write_bytes(b"")
    assert split(tmp_path / "in.jsonl", tmp_path) == []


def test_the_function_and_what_it_takes_can_be_pickled(tmp_path: Path) -> None:
    (shard,) = make(tmp_path, [chat("a")])
    assert pickle.loads(pickle.dumps((run_shard, shard, QUICK))) == (run_shard, shard, QUICK)
    assert TEST_KEY not in pickle.dumps((shard, QUICK)).decode("latin-1")


def test_shards_run_in_any_order_and_merge_to_one_output(gateway: Emulator, tmp_path: Path) -> None:
    items = [video(f"v{number}") if number % 5 == 0 else chat(f"c{number}") for number in range(22)]
    shards = make(tmp_path, items)
    reports = [run_shard(shard, QUICK) for shard in reversed(shards)]
    assert all(report.complete for report in reports)
    assert sum(report.ok for report in reports) == 22
    found = merge(tmp_path / "parts", tmp_path / "out.jsonl")
    assert (found.lines, found.repeated, found.parts) == (22, 0, 6)
    assert lines(tmp_path / "out.jsonl").keys() == {item["custom_id"] for item in items}
    assert len(gateway.paid) == 5


def test_a_shard_that_is_done_is_not_done_again(gateway: Emulator, tmp_path: Path) -> None:
    (shard,) = make(tmp_path, [chat("a"), chat("b")])
    assert run_shard(shard, QUICK).attempt == 1
    sent = len(gateway.requests)
    again = run_shard(shard, QUICK)
    assert (again.attempt, again.skipped, again.ok, again.complete) == (0, 2, 0, True)
    assert len(gateway.requests) == sent
    assert len(parts_in(shard.folder)) == 1


def dead_attempt(shard: Shard, *, done: str = "", sent: str = "", accepted: dict[str, str] | None = None) -> None:
    """Files as a worker leaves them that was killed."""
    part, _ = claim(shard.folder, shard.number)
    store = Store.open(part.path, Clock(), resume=False, source=shard.input)
    known: dict[str, Line] = {}
    offset = 0
    for text in Path(shard.input).read_bytes().splitlines(keepends=True):
        line = read_line(text, 1, offset=offset)
        assert line is not None
        known[line.custom_id] = line
        offset += len(text)
    for custom_id in (*done.split(), *sent.split(), *(accepted or {})):
        store.intent(known[custom_id], paid="chat" not in known[custom_id].url)
    for custom_id in done.split():
        store.done(
            custom_id, json.dumps({"custom_id": custom_id, "response": {}, "error": None}).encode() + b"\n", ok=True
        )
    for custom_id, task_id in (accepted or {}).items():
        store.accepted(custom_id, {"version": 1, "provider": "seedance", "id": task_id}, None)
    store.close()


def test_what_a_dead_worker_left_is_taken_up(gateway: Emulator, tmp_path: Path) -> None:
    items = [chat("done"), chat("flying"), video("lost"), chat("new")]
    (shard,) = make(tmp_path, items)
    dead_attempt(shard, done="done", sent="flying lost")
    report = run_shard(shard, QUICK)
    assert report.attempt == 2
    assert (report.ok, report.skipped, report.repeated) == (2, 1, 1)
    assert report.in_doubt == ["lost"], "a video is never made twice"
    assert gateway.paid == []
    assert merge(shard.folder, tmp_path / "out.jsonl").lines == 3
    (found,) = doubts(shard.folder)
    assert (found.custom_id, found.body) == ("lost", video("lost")["body"])
    decide(shard.folder, Decisions(retry=["lost"]))
    assert doubts(shard.folder) == []
    assert run_shard(shard, QUICK).ok == 1
    assert len(gateway.paid) == 1
    assert merge(shard.folder, tmp_path / "out.jsonl").lines == 4


def test_what_earlier_attempts_have_repeated_is_told_as_well(gateway: Emulator, tmp_path: Path) -> None:
    (shard,) = make(tmp_path, [chat("a"), chat("b")])
    dead_attempt(shard, sent="a")
    part, earlier = claim(shard.folder, shard.number)
    second = Store.open(part.path, Clock(), resume=False, source=shard.input, earlier=[earlier[0].path])
    second.decide("a", "retry")
    line = read_line(Path(shard.input).read_bytes().splitlines()[0], 1)
    assert line is not None
    second.intent(line, paid=False)
    second.done("a", b'{"custom_id":"a","response":{},"error":null}\n', ok=True)
    second.close()  # it died as well, and has reported nothing
    assert run_shard(shard, QUICK).repeated == 1
    assert run_shard(shard, QUICK).repeated == 1, "Dask may ask for a report again"
    assert len(gateway.requests) == 1


def test_a_task_of_a_dead_worker_is_waited_for(gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("seedance.create", TaskHangs())
    (shard,) = make(tmp_path, [video("v")])
    first = run_shard(shard, ShardOptions(options={"poll_interval": 0.02, "video_timeout": 0.1}))
    assert (first.pending, first.complete) == (1, False)
    task = gateway.tasks.find(gateway.paid[0].id)
    assert task is not None
    task.outcome = "success"
    second = run_shard(shard, QUICK)
    assert (second.ok, second.attempt, len(gateway.paid)) == (1, 2, 1)


def test_chats_in_flight_are_left_in_doubt_where_that_was_asked_for(gateway: Emulator, tmp_path: Path) -> None:
    (shard,) = make(tmp_path, [chat("flying")])
    dead_attempt(shard, sent="flying")
    report = run_shard(shard, ShardOptions(options={"resend": "never"}))
    assert (report.in_doubt, report.repeated, gateway.requests) == (["flying"], 0, [])


def test_a_doubt_while_running_is_reported(gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("seedance.create", Drop())
    (shard,) = make(tmp_path, [video("v"), chat("c")])
    report = run_shard(shard, QUICK)
    assert (report.in_doubt, report.ok, report.complete) == (["v"], 1, False)
    assert run_shard(shard, QUICK).in_doubt == ["v"]
    assert len(gateway.paid) == 1


def test_a_newer_attempt_fences_the_older_one(
    gateway: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older worker is alive: its intent is written, then it sees the newer attempt and does not send."""
    (shard,) = make(tmp_path, [video("v")])
    intent = Store.intent

    def meanwhile(self: Store, *arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        monkeypatch.setenv("TIKHUB_AI_BASE_URL", gateway.base_url)
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        intent(self, *arguments, **options)
        claim(shard.folder, shard.number)

    monkeypatch.setattr(Store, "intent", meanwhile)
    report = run_shard(shard, QUICK)
    assert "another attempt" in (report.stopped or "")
    assert not report.fatal
    assert (gateway.paid, report.in_doubt) == ([], [])
    assert run_shard(shard, QUICK).ok == 1
    assert len(gateway.paid) == 1


def test_attempts_get_numbers_of_their_own(tmp_path: Path) -> None:
    first, none = claim(str(tmp_path), 7)
    second, before = claim(str(tmp_path), 7)
    other, _ = claim(str(tmp_path), 8)
    assert (first.attempt, none, second.attempt, before, other.attempt) == (1, (), 2, (first,), 1)
    assert Fence(first).superseded()
    assert not Fence(second).superseded()


def test_the_stop_flag_ends_a_shard_that_runs_and_keeps_others_from_beginning(
    gateway: Emulator, tmp_path: Path
) -> None:
    items = [chat(f"c{number}") for number in range(40)]
    (shard,) = make(tmp_path, items, 40)

    class Stopping(Fence):
        def stopped(self) -> bool:
            if len(gateway.requests) >= 5:
                set_stop(shard.folder)
            return super().stopped()

    from tikhub_async.batch import shard as module

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "Fence", Stopping)
        first = run_shard(shard, ShardOptions(options={"concurrency": 2}))
    assert first.stopped == "the stop flag was set"
    assert 5 <= first.ok < 40
    assert first.in_doubt == []
    assert run_shard(shard).stopped == "the stop flag was set"
    os.unlink(tmp_path / "parts" / "STOP")
    assert run_shard(shard).ok == 40 - first.ok
    assert len(gateway.requests) == 40


def test_without_a_key_in_the_environment_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shard,) = make(tmp_path, [chat("a")])
    with pytest.raises(ConfigError, match="no API key"):
        run_shard(shard)


def test_a_changed_input_is_refused(gateway: Emulator, tmp_path: Path) -> None:
    (shard,) = make(tmp_path, [chat("a", "1"), chat("b")])
    run_shard(shard, QUICK)
    with pytest.raises(JournalError, match="changed"):
        make(tmp_path, [chat("a", "2"), chat("b")])
    with pytest.raises(JournalError, match="changed"):
        run_shard(shard, QUICK)
    assert len(gateway.requests) == 2


def test_shards_are_cut_in_the_same_way_once_one_has_begun(gateway: Emulator, tmp_path: Path) -> None:
    items = [chat(f"c{number}") for number in range(6)]
    make(tmp_path, items, 3)
    shards = make(tmp_path, items, 4)  # nothing has begun
    run_shard(shards[1], QUICK)
    with pytest.raises(JournalError, match="shards of 4 lines, not 3"):
        make(tmp_path, items, 3)
    with pytest.raises(JournalError, match="changed"):
        make(tmp_path, [chat("new"), *items], 4)  # the same lines in other shards
    with pytest.raises(JournalError, match="changed"):
        make(tmp_path, items[:-1], 4)
    more = make(tmp_path, [*items, chat("c6"), chat("c7"), chat("c8")], 4)
    assert sum(run_shard(shard, QUICK).ok for shard in more) == 7
    assert len(gateway.requests) == 9


def test_a_merge_takes_the_first_line_per_id_and_no_half_lines(tmp_path: Path) -> None:
    def line(custom_id: str, who: int) -> bytes:
        return json.dumps({"custom_id": custom_id, "response": {"who": who}, "error": None}).encode() + b"\n"

    (tmp_path / "part-000001.1.jsonl").write_bytes(line("a", 1) + line("b", 1) + b'{"custom_id":"c"')
    (tmp_path / "part-000001.2.jsonl").write_bytes(line("b", 2) + line("c", 2) + line("d", 2)[:-1])
    (tmp_path / "part-000001.3.jsonl").write_bytes(line("d", 3))
    (tmp_path / "part-000000.1.jsonl").write_bytes(line("z", 0))
    (tmp_path / "part-000001.1.jsonl.journal").write_bytes(b"not looked at")
    report = merge(tmp_path, tmp_path / "out.jsonl")
    assert (report.lines, report.repeated, report.parts) == (5, 1, 4)
    found = [json.loads(text) for text in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(entry["custom_id"], entry["response"]["who"]) for entry in found] == [
        ("z", 0),
        ("a", 1),
        ("b", 1),
        ("c", 2),
        ("d", 3),
    ]


def test_two_ids_with_one_key_both_stay_in_a_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tikhub_async.batch import parts as module

    monkeypatch.setattr(module, "key_of", lambda _: 7)
    names = ["a", "b", "a"]
    text = "".join(json.dumps({"custom_id": name, "response": {}, "error": None}) + "\n" for name in names)
    (tmp_path / "part-000000.1.jsonl").write_text(text)
    report = merge(tmp_path, tmp_path / "out.jsonl")
    assert {json.loads(line)["custom_id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()} == {"a", "b"}
    assert report.lines >= 2


def test_a_folder_without_parts_cannot_be_merged(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="no parts"):
        merge(tmp_path, tmp_path / "out.jsonl")
