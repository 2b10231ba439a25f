"""Journal and output on disk: crashes at any byte, disks that fill, writers that meet, files that were changed."""

import asyncio
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tikhub_async._clock import Clock
from tikhub_async.batch.formats import ItemError, Line, error_line, hash_of, id_of, response_line
from tikhub_async.batch.index import State, shortened
from tikhub_async.batch.journal import SUFFIX, AppendFile
from tikhub_async.batch.ledger import key_of
from tikhub_async.batch.store import Store
from tikhub_async.errors import JournalError

TASK: dict[str, object] = {"version": 1, "provider": "seedance", "id": "task_1"}


def line_of(custom_id: str, body: bytes = b"{}") -> Line:
    return Line(
        custom_id=custom_id,
        method="POST",
        url="/v1/videos",
        body=body,
        number=1,
        id_hash=key_of(custom_id),
        body_hash=hash_of(body),
    )


def answer(custom_id: str) -> bytes:
    return response_line(custom_id, key_of(custom_id), b'{"text":"%s"}' % custom_id.encode())


def open_store(folder: Path, *, resume: bool = True, earlier: list[str] | None = None) -> Store:
    return Store.open(str(folder / "out.jsonl"), Clock(), resume=resume, earlier=earlier or [])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path, resume=False)
    yield opened
    opened.close()


def state(store: Store, custom_id: str) -> State:
    known = store.ledger.index.get(key_of(custom_id))
    return State.TODO if known is None else known[1]


def ids_in(path: Path) -> list[str | None]:
    return [id_of(line) for line in path.read_bytes().splitlines()]


def test_steps_are_taken_up_again(tmp_path: Path, store: Store) -> None:
    for name in "abcdef":
        store.intent(line_of(name), paid=True)
    store.accepted("b", TASK, "req")
    store.done("c", answer("c"), ok=True, tokens=7, quota=1.5)
    store.done("d", error_line("d", 1, ItemError(code="x", message="y")), ok=False)
    store.void("e", "429")
    store.doubt("f", "reset", "req-f")
    store.close()
    again = open_store(tmp_path)
    states = {name: state(again, name) for name in "abcdefg"}
    assert states == {
        "a": State.DOUBT,
        "b": State.ACCEPTED,
        "c": State.DONE,
        "d": State.DONE,
        "e": State.TODO,
        "f": State.DOUBT,
        "g": State.TODO,
    }
    ledger = again.ledger
    assert (ledger.good, ledger.bad, ledger.tokens, ledger.quota, ledger.sent) == (1, 1, 7, 1.5, 5)
    assert ledger.open["b"].task == TASK
    assert (ledger.open["f"].why, ledger.open["f"].request_id) == ("reset", "req-f")
    assert "ended before" in ledger.open["a"].why
    again.close()


def test_the_journal_holds_no_body(tmp_path: Path, store: Store) -> None:
    store.intent(line_of("a", b'{"prompt":"secret words"}'), paid=True)
    assert b"secret" not in (tmp_path / f"out.jsonl{SUFFIX}").read_bytes()


def test_a_second_writer_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(JournalError, match="another process"):
        open_store(tmp_path)
    store.close()
    open_store(tmp_path).close()


def test_an_output_that_has_begun_is_not_begun_again(tmp_path: Path, store: Store) -> None:
    store.close()
    with pytest.raises(JournalError, match="has begun") as caught:
        open_store(tmp_path, resume=False)
    assert "resume" in (caught.value.hint or "")


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("mine\n")
    for resume in (True, False):
        with pytest.raises(JournalError, match="no journal"):
            open_store(tmp_path, resume=resume)
    assert (tmp_path / "out.jsonl").read_text() == "mine\n"


def test_to_resume_what_never_began_is_to_begin(tmp_path: Path) -> None:
    open_store(tmp_path, resume=True).close()


def test_an_answer_without_its_record_is_found_at_the_end(tmp_path: Path, store: Store) -> None:
    store.intent(line_of("a"), paid=False)
    store.intent(line_of("b"), paid=False)
    store.close()
    with open(tmp_path / "out.jsonl", "ab") as file:
        file.write(answer("a") + answer("b")[:-5])
    again = open_store(tmp_path)
    assert state(again, "a") is State.DONE
    assert state(again, "b") is State.DOUBT
    assert ids_in(tmp_path / "out.jsonl") == ["a"]
    again.close()
    third = open_store(tmp_path)
    assert (third.ledger.good, state(third, "a")) == (1, State.DONE)
    third.close()


def test_answers_that_a_power_cut_took_are_open_again(tmp_path: Path, store: Store) -> None:
    for name in "abc":
        store.intent(line_of(name), paid=True)
    store.accepted("b", TASK, None)
    for name in "abc":
        store.done(name, answer(name), ok=True, tokens=10)
    store.close()
    path = tmp_path / "out.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(answer("a")) + 20])
    again = open_store(tmp_path)
    assert [state(again, name) for name in "abc"] == [State.DONE, State.ACCEPTED, State.DOUBT]
    assert again.ledger.open["b"].task == TASK
    assert (again.ledger.good, again.ledger.tokens) == (1, 10)
    assert ids_in(path) == ["a"]
    again.done("b", answer("b"), ok=True)
    again.close()
    third = open_store(tmp_path)
    assert [state(third, name) for name in "abc"] == [State.DONE, State.DONE, State.DOUBT]
    assert third.ledger.good == 2
    third.close()


def test_an_output_that_is_gone_is_not_taken_for_a_power_cut(tmp_path: Path, store: Store) -> None:
    store.intent(line_of("a"), paid=False)
    store.done("a", answer("a"), ok=True)
    store.close()
    (tmp_path / "out.jsonl").unlink()
    with pytest.raises(JournalError, match="gone"):
        open_store(tmp_path)


def test_decisions_are_kept(tmp_path: Path, store: Store) -> None:
    for name in "abc":
        store.intent(line_of(name), paid=True)
    store.close()
    again = open_store(tmp_path)
    again.decide("a", "retry")
    again.decide("b", "adopt", TASK)
    again.decide("c", "drop")
    again.done("c", error_line("c", 1, ItemError(code="dropped", message="no")), ok=False)
    again.close()
    third = open_store(tmp_path)
    assert [state(third, name) for name in "abc"] == [State.TODO, State.ACCEPTED, State.DONE]
    known = third.ledger.index.get(key_of("a"))
    assert known is not None
    assert known[0] == shortened(hash_of(b"{}")), "a retried line must still be the same request"
    third.close()


def test_earlier_attempts_are_taken_in_and_left_alone(tmp_path: Path) -> None:
    first = tmp_path / "part.1"
    store = Store.open(str(first), Clock(), resume=False)
    for name in "abc":
        store.intent(line_of(name), paid=True)
    store.done("a", answer("a"), ok=True)
    store.accepted("b", TASK, None)
    size = first.stat().st_size
    with open(first, "ab") as file:
        file.write(answer("c"))  # it was killed, or is, before it could write the record
    second = open_store(tmp_path, resume=False, earlier=[str(first)])
    assert [state(second, name) for name in "abcd"] == [State.DONE, State.ACCEPTED, State.DONE, State.TODO]
    assert second.ledger.ends_at == 0
    assert first.stat().st_size == size + len(answer("c"))
    second.close()
    store.close()


# ── disks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class FullDisk(AppendFile):
    """A file on a disk with little room."""

    room = 0

    def append(self, data: bytes) -> int:
        if len(data) <= self.room:
            self.room -= len(data)
            return super().append(data)
        raise OSError(errno.ENOSPC, "No space left on device")


def fill(store: Store, tmp_path: Path, *, room: int) -> FullDisk:
    assert store._journal is not None
    disk = FullDisk(str(tmp_path / f"out.jsonl{SUFFIX}"))
    disk.room = room
    store._journal._file.close()
    store._journal._file = disk
    return disk


def test_on_a_full_disk_nothing_is_sent(tmp_path: Path, store: Store) -> None:
    fill(store, tmp_path, room=0)
    with pytest.raises(JournalError, match="was not sent"):
        store.intent(line_of("a"), paid=True)
    assert state(store, "a") is State.TODO


def test_an_acceptance_goes_into_the_reserve(tmp_path: Path, store: Store) -> None:
    store.intent(line_of("a"), paid=True)
    disk = fill(store, tmp_path, room=0)

    class Reserve:
        def release(self) -> bool:
            disk.room = 1000
            return True

    store._reserve = Reserve()  # type: ignore[assignment]
    store.accepted("a", TASK, None)
    assert store.full
    store.close()
    again = open_store(tmp_path)
    assert state(again, "a") is State.ACCEPTED
    again.close()


def test_with_the_reserve_used_up_it_says_so(tmp_path: Path, store: Store) -> None:
    store.intent(line_of("a"), paid=True)
    fill(store, tmp_path, room=0)
    with pytest.raises(JournalError, match="nothing more can be written"):
        store.accepted("a", TASK, None)


def test_half_a_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendFile(str(tmp_path / "file"))
    file.append(b"whole\n")
    import os

    write = os.write
    calls: list[int] = []

    def half(fd: int, data: bytes) -> int:
        calls.append(fd)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data[:3])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            file.append(b"second\n")
    assert file.append(b"third\n") == 6
    file.close()
    assert (tmp_path / "file").read_bytes() == b"whole\nthird\n"


async def test_commits_are_grouped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file = AppendFile(str(tmp_path / "file"))

    async def one() -> None:
        file.append(b"x\n")
        await file.commit()

    await asyncio.gather(*(one() for _ in range(64)))
    assert 1 <= len([fd for fd in synced if fd == file._fd]) <= 2
    await file.commit()
    file.close()


# ── crashes, in any order ───────────────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from([f"line {number}" for number in range(6)])
AFTER_RESTART = {State.SENT: State.DOUBT}


class Crashes(RuleBasedStateMachine):
    """Any order of steps and crashes: what was on disk before a crash stands after it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.model: dict[str, State] = {}
        self.answers = 0

    @initialize()
    def begin(self) -> None:
        self.store = open_store(self.path, resume=False)

    def of(self, name: str) -> State:
        return self.model.get(name, State.TODO)

    @rule(name=NAMES)
    def intent(self, name: str) -> None:
        if self.of(name) is State.TODO:
            self.store.intent(line_of(name), paid=True)
            self.model[name] = State.SENT

    @rule(name=NAMES)
    def refused(self, name: str) -> None:
        if self.of(name) is State.SENT:
            self.store.void(name, "429")
            self.model[name] = State.TODO

    @rule(name=NAMES)
    def in_doubt(self, name: str) -> None:
        if self.of(name) is State.SENT:
            self.store.doubt(name, "reset", None)
            self.model[name] = State.DOUBT

    @rule(name=NAMES)
    def accepted(self, name: str) -> None:
        if self.of(name) is State.SENT:
            self.store.accepted(name, {"id": name}, None)
            self.model[name] = State.ACCEPTED

    @rule(name=NAMES)
    def settled(self, name: str) -> None:
        if self.of(name) in {State.SENT, State.ACCEPTED}:
            self.store.done(name, answer(name), ok=True)
            self.model[name] = State.DONE
            self.answers += 1

    @rule(name=NAMES, retry=st.booleans())
    def decided(self, name: str, retry: bool) -> None:
        if self.of(name) is State.DOUBT:
            self.store.decide(name, "retry" if retry else "adopt", {"id": name})
            self.model[name] = State.TODO if retry else State.ACCEPTED

    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.path)
        self.model = {name: AFTER_RESTART.get(state, state) for name, state in self.model.items()}

    @rule(torn=st.binary(max_size=30).filter(lambda data: b"\n" not in data), half=st.integers(0, 30))
    def crash_in_a_write(self, torn: bytes, half: int) -> None:
        """The process died in the middle of a record, or of an answer."""
        with open(self.path / f"out.jsonl{SUFFIX}", "ab") as file:
            file.write(torn)
        with open(self.path / "out.jsonl", "ab") as file:
            file.write(answer("line 0")[:half])
        self.reopen()

    @precondition(lambda self: any(state in {State.SENT, State.ACCEPTED} for state in self.model.values()))
    @rule()
    def crash_between_answer_and_record(self) -> None:
        name = next(name for name, state in self.model.items() if state in {State.SENT, State.ACCEPTED})
        with open(self.path / "out.jsonl", "ab") as file:
            file.write(answer(name))
        self.model[name] = State.DONE
        self.answers += 1
        self.reopen()

    @rule()
    def crash(self) -> None:
        self.reopen()

    @invariant()
    def nothing_is_forgotten(self) -> None:
        for name, expected in self.model.items():
            assert state(self.store, name) is expected
            assert (name in self.store.ledger.open) == (expected in {State.SENT, State.DOUBT, State.ACCEPTED})
        lines = (self.path / "out.jsonl").read_bytes().splitlines()
        assert len(lines) == self.answers
        assert all(json.loads(line)["error"] is None for line in lines)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.folder.cleanup()


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
