"""Journal and output as one: every step of a line, in the order that loses nothing.

    intent     journal                      before the request leaves
    accepted   journal                      before anything else happens with a task
    done       output line, then journal    so that an answer without a record is found at the end of the output

At the start the end of the output is compared with the records: lines without one get it, half a line is cut, and an
answer that the records speak of but a power cut took is asked for again (a task) or put in doubt.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tikhub_async._clock import Clock
from tikhub_async.batch.formats import Line, id_of, is_good
from tikhub_async.batch.index import State
from tikhub_async.batch.journal import BLOCK, SUFFIX, AppendFile, Journal, Reserve, replay
from tikhub_async.batch.ledger import Ledger, key_of
from tikhub_async.batch.records import Accepted, Action, AnyRecord, Decided, Done, Doubt, Intent, Lost, Void, hexed
from tikhub_async.errors import JournalError

T = TypeVar("T")


class Store:
    """What a running batch has on disk; without an output file, in memory only."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger = ledger
        self.full = False
        """True once the disk was full: nothing new may be sent."""
        self._clock = clock
        self._journal: Journal | None = None
        self._output: AppendFile | None = None
        self._reserve: Reserve | None = None

    @classmethod
    def open(
        cls,
        output: str,
        clock: Clock,
        *,
        resume: bool,
        source: str | None = None,
        expected: int = 0,
        earlier: Sequence[str] = (),
    ) -> "Store":
        """The store of an output file. Blocks: call it in a thread.

        Args:
            output: The output file.
            clock: Where time comes from.
            resume: Whether to go on with what is there.
            source: The input file, for the journal.
            expected: Lines to expect, so that tables need not grow.
            earlier: Outputs of earlier attempts at the same lines; they are read, never written.

        Raises:
            JournalError: There is a journal and `resume` is False; it is damaged, or another process writes it.
            OSError: A file cannot be opened.
        """
        journal = output + SUFFIX
        if not resume:
            _refuse_existing(output, journal)
        elif not os.path.exists(journal):
            _refuse_foreign(output)
        ledger = Ledger(expected)
        for path in earlier:
            take_in_earlier(path, ledger)
        store = cls(ledger, clock)
        store._journal = Journal(journal, ledger, now=clock.time(), source=source)
        try:
            store._output = AppendFile(output)
            store._reconcile(store._output)
            store._reserve = Reserve(os.path.dirname(os.path.abspath(output)))
            store._journal.sync()
        except BaseException:
            store.close()
            raise
        return store

    # ── the steps of a line ─────────────────────────────────────────────────────────────────────────────────────

    def intent(self, line: Line, *, paid: bool) -> None:
        """A request is about to leave.

        Raises:
            JournalError: It cannot be written: do not send.
        """
        record = Intent(
            id=line.custom_id,
            hash=hexed(line.body_hash),
            at=round(self._clock.time(), 3),
            url=line.url,
            paid=paid,
            offset=line.offset,
            length=line.length,
        )
        problem: OSError | None = None
        try:
            self._write(record, line.id_hash)
        except OSError as failure:
            problem = failure
        if problem is not None:
            raise JournalError(
                f"the journal cannot be written: {problem.strerror or problem}; the request was not sent",
                hint="make room on the disk, then resume",
            )

    async def commit(self) -> None:
        """Until every record so far is on the disk itself.

        Raises:
            JournalError: It is not.
        """
        if self._journal is None:
            return
        problem: OSError | None = None
        try:
            await self._journal.commit()
        except OSError as failure:
            problem = failure
        if problem is not None:
            raise JournalError(f"the journal cannot be written: {problem.strerror or problem}")

    def void(self, custom_id: str, why: str) -> None:
        """The intent had no effect."""
        self._record(Void(id=custom_id, why=why))

    def doubt(self, custom_id: str, why: str, request_id: str | None) -> None:
        """The intent's outcome is unknown."""
        self._record(Doubt(id=custom_id, at=round(self._clock.time(), 3), why=why, request_id=request_id))

    def accepted(self, custom_id: str, task: dict[str, object], request_id: str | None) -> None:
        """A task exists."""
        self._record(Accepted(id=custom_id, task=task, request_id=request_id))

    def done(
        self,
        custom_id: str,
        output_line: bytes,
        *,
        ok: bool,
        tokens: int = 0,
        quota: float = 0.0,
        id_hash: int | None = None,
    ) -> None:
        """The line has its answer or error.

        Args:
            custom_id: The line's.
            output_line: What goes into the output, with its end.
            ok: Whether it is an answer.
            tokens: Tokens used.
            quota: Gateway units used.
            id_hash: Of the `custom_id`, where it is known already.

        Raises:
            JournalError: The disk is full and the reserve used up.
        """
        at = 0
        if self._output is not None:
            output = self._output
            at = self._surely(lambda: output.append(output_line))
        record = Done(id=custom_id, at=at, length=len(output_line), ok=ok, tokens=tokens, quota=quota)
        self._record(record, id_hash)

    def decide(self, custom_id: str, action: Action, task: dict[str, object] | None = None) -> None:
        """What the user wants of a line in doubt."""
        self._record(Decided(id=custom_id, action=action, task=task))

    async def flush(self) -> None:
        """Put output and journal on the disk itself, in this order: a record must not outlive its line."""
        if self._output is not None and self._journal is not None:
            await self._output.commit()
            await self._journal.commit()

    def close(self) -> None:
        """Close the files."""
        if self._reserve is not None:
            self._reserve.release()
        for file in (self._output, self._journal):
            if file is not None:
                file.close()

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _write(self, record: AnyRecord, key: int | None = None) -> None:
        if self._journal is not None:
            self._journal.append(record)
        self.ledger.apply(record, key)

    def _record(self, record: AnyRecord, key: int | None = None) -> None:
        self._surely(lambda: self._write(record, key))

    def _surely(self, write: Callable[[], T]) -> T:
        """Write what is already paid for: on a full disk, into the reserve.

        Raises:
            JournalError: The reserve is used up as well.
        """
        problem: OSError | None = None
        try:
            return write()
        except OSError as failure:
            problem = failure
        self.full = True
        if self._reserve is not None and self._reserve.release():
            try:
                return write()
            except OSError as failure:
                problem = failure
        raise JournalError(f"nothing more can be written: {problem.strerror or problem}", hint="make room on the disk")

    # ── the end of the output ───────────────────────────────────────────────────────────────────────────────────

    def _reconcile(self, output: AppendFile) -> None:
        """Bring records and output together."""
        ends_at = self.ledger.ends_at
        if output.size < ends_at:
            assert self._journal is not None
            if not output.size:
                raise JournalError(
                    f"the answers of an earlier run are gone: {output.path} is empty or missing",
                    hint=f"put it back; or remove {output.path + SUFFIX} to run, and pay, all lines again",
                )
            end = _last_end(output.read())
            for reopened in lost(self._journal.records(), end):
                self._write(reopened)
            output.cut(end)
            return
        found, end = _whole_lines(output.read(ends_at), ends_at)
        if end < output.size:
            output.cut(end)
        for record in found:
            if self._is_unsettled(record.id):
                self._write(record)

    def _is_unsettled(self, custom_id: str) -> bool:
        known = self.ledger.index.get(key_of(custom_id))
        return known is not None and known[1] is not State.DONE


def lost(records: Iterable[AnyRecord], size: int) -> list[Lost]:
    """Records that open the lines again whose output lines end behind `size` bytes. Pure.

    Args:
        records: All records of the journal, in order.
        size: Bytes of the output that are there.
    """
    gone: dict[str, Done] = {}
    intents: dict[str, Intent] = {}
    tasks: dict[str, dict[str, object]] = {}
    for record in records:
        match record:
            case Intent():
                intents[record.id] = record
                tasks.pop(record.id, None)
            case Accepted():
                tasks[record.id] = record.task
            case Done() if record.at + record.length > size:
                gone[record.id] = record
            case Done() | Lost():
                gone.pop(record.id, None)
            case _:
                pass
    return [_lost(intents[name], done, tasks.get(name), size) for name, done in gone.items() if name in intents]


def _lost(intent: Intent, done: Done, task: dict[str, object] | None, size: int) -> Lost:
    return Lost(
        id=intent.id,
        hash=intent.hash,
        at=intent.at,
        url=intent.url,
        paid=intent.paid,
        offset=intent.offset,
        length=intent.length,
        task=task,
        ok=done.ok,
        tokens=done.tokens,
        quota=done.quota,
        cut=size,
    )


def _last_end(blocks: Iterable[bytes]) -> int:
    """Where the last whole line ends."""
    end = at = 0
    for block in blocks:
        place = block.rfind(b"\n")
        end = at + place + 1 if place >= 0 else end
        at += len(block)
    return end


def _whole_lines(blocks: Iterable[bytes], at: int) -> tuple[list[Done], int]:
    """Output lines as records, and where the last whole one ends."""
    found: list[Done] = []
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            custom_id = id_of(line)
            if custom_id is not None:
                found.append(Done(id=custom_id, at=at, length=len(line) + 1, ok=is_good(line)))
            at += len(line) + 1
    return found, at


def take_in_earlier(path: str, ledger: Ledger) -> None:
    """Take in what an earlier attempt did; it may be alive and writing."""
    ledger.ends_at = 0
    if os.path.exists(path + SUFFIX):
        replay(path + SUFFIX, ledger)
    if os.path.exists(path):
        with open(path, "rb") as file:
            file.seek(ledger.ends_at)
            found, _ = _whole_lines(iter(lambda: file.read(BLOCK), b""), ledger.ends_at)
        for record in found:
            known = ledger.index.get(key_of(record.id))
            if known is not None and known[1] is not State.DONE:
                ledger.apply(record)
    ledger.ends_at = 0


def _refuse_existing(output: str, journal: str) -> None:
    if os.path.exists(journal):
        raise JournalError(
            f"{output} belongs to a batch that has begun", hint="resume it (`tikhub-ai batch resume`), or name another"
        )
    _refuse_foreign(output)


def _refuse_foreign(output: str) -> None:
    if os.path.exists(output) and os.path.getsize(output):
        raise JournalError(f"{output} exists, and no journal says what is in it", hint="name another output file")
