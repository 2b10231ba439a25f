"""What a journal's records add up to: where each line stands. Pure.

TODO ──intent──▶ SENT ──void──▶ TODO          refused, or nothing left
                 SENT ──doubt─▶ DOUBT         outcome unknown
                 SENT ──accepted▶ ACCEPTED    a video task exists
SENT, ACCEPTED ──done──▶ DONE                 its output line is written
                 DONE ──lost──▶ DOUBT, ACCEPTED   a power cut took that line
                 SENT ──restart▶ DOUBT
                 DOUBT ─retry─▶ TODO · ─drop─▶ DONE, with an error line · ─adopt─▶ ACCEPTED
"""

from typing import Any

import msgspec

from tikhub_async.batch.formats import hash_of
from tikhub_async.batch.index import Index, State
from tikhub_async.batch.records import Accepted, AnyRecord, Decided, Done, Doubt, Intent, Lost, Opened, Void


class Open(msgspec.Struct, kw_only=True, gc=False):
    """A line that was sent and has no output line yet."""

    custom_id: str
    state: State
    body_hash: int
    at: float
    """When its request left, Unix seconds."""
    url: str = ""
    paid: bool = False
    offset: int = -1
    length: int = 0
    task: dict[str, Any] | None = None
    """The saved handle of its video task."""
    why: str = ""
    """Why its outcome is unknown."""
    request_id: str | None = None
    source: str | None = None
    """The input file."""


class Ledger:
    """Where each line stands, and what has been spent."""

    def __init__(self, expected: int = 0) -> None:
        self.index = Index(expected)
        self.open: dict[str, Open] = {}
        """Lines in the states SENT, DOUBT and ACCEPTED."""
        self.tokens = 0
        self.quota = 0.0
        self.good = 0
        self.bad = 0
        self.sent = 0
        """Requests that left, those known to have had no effect not counted."""
        self.repeated = 0
        """Requests among them that followed one whose outcome is unknown."""
        self.ends_at = 0
        """Bytes of the output that the records speak of."""
        self._source: str | None = None

    def apply(self, record: AnyRecord, key: int | None = None) -> None:
        """Take a record in; `key` is that of its line, where it is known already."""
        match record:
            case Intent():
                self._sent(record, key_of(record.id) if key is None else key)
            case Done():
                self._done(record, key_of(record.id) if key is None else key)
            case Lost():
                self._lost(record)
            case Void():
                self.sent -= self._close(record.id, State.TODO)
            case Accepted():
                self._accept(record.id, record.task, record.request_id)
            case Doubt():
                self._doubt(record)
            case Decided(action="retry"):
                self.repeated += self._close(record.id, State.TODO)
            case Decided(action="adopt"):
                self._accept(record.id, record.task or {}, None)
            case Decided():
                pass  # dropped: its error line follows
            case Opened():
                self._source = record.input
                self.restart()

    def restart(self) -> None:
        """Nobody waits for these answers any more: what was sent is now in doubt."""
        for line in self.open.values():
            if line.state is State.SENT:
                line.state = State.DOUBT
                line.why = line.why or "the process ended before the answer came"
                self.index.set_state(key_of(line.custom_id), State.DOUBT)

    def in_state(self, state: State) -> list[Open]:
        """The open lines in a state, in the order in which they were sent."""
        return [line for line in self.open.values() if line.state is state]

    def _sent(self, record: Intent, key: int) -> None:
        body_hash = int(record.hash, 16)
        self.sent += 1
        self.repeated += record.id in self.open
        self.open[record.id] = Open(
            custom_id=record.id,
            state=State.SENT,
            body_hash=body_hash,
            at=record.at,
            url=record.url,
            paid=record.paid,
            offset=record.offset,
            length=record.length,
            source=self._source,
        )
        self.index.put(key, body_hash, State.SENT)

    def _close(self, custom_id: str, state: State) -> bool:
        if self.open.pop(custom_id, None) is None:
            return False
        self.index.set_state(key_of(custom_id), state)
        return True

    def _accept(self, custom_id: str, task: dict[str, Any], request_id: str | None) -> None:
        line = self.open.get(custom_id)
        if line is not None:
            line.state, line.task, line.request_id = State.ACCEPTED, task, request_id
            self.index.set_state(key_of(custom_id), State.ACCEPTED)

    def _doubt(self, record: Doubt) -> None:
        line = self.open.get(record.id)
        if line is not None:
            line.state, line.why, line.request_id = State.DOUBT, record.why, record.request_id
            self.index.set_state(key_of(record.id), State.DOUBT)

    def _done(self, record: Done, key: int) -> None:
        self.open.pop(record.id, None)
        self.index.set_state(key, State.DONE)
        self.tokens += record.tokens
        self.quota += record.quota
        self.good += record.ok
        self.bad += not record.ok
        self.ends_at = max(self.ends_at, record.at + record.length)

    def _lost(self, record: Lost) -> None:
        state = State.DOUBT if record.task is None else State.ACCEPTED
        self.open[record.id] = Open(
            custom_id=record.id,
            state=state,
            body_hash=int(record.hash, 16),
            at=record.at,
            url=record.url,
            paid=record.paid,
            offset=record.offset,
            length=record.length,
            task=record.task,
            why="its answer was lost with the power",
            source=self._source,
        )
        self.index.set_state(key_of(record.id), state)
        self.tokens -= record.tokens
        self.quota -= record.quota
        self.good -= record.ok
        self.bad -= not record.ok
        self.ends_at = min(self.ends_at, record.cut)


def key_of(custom_id: str) -> int:
    """The index's key of a `custom_id`."""
    return hash_of(custom_id.encode("utf-8", "surrogatepass"))
