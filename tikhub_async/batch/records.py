"""Journal records: data ↔ lines of JSON whose checksums are chained. Pure.

Rule 1: a record is one line, and its last member is `crc`: CRC-32 over everything before it, begun with the checksum of
the record before. A line that was changed, left out, moved or put in breaks the chain.
Rule 2: what has no line end is a write that was cut short. It may only be the last thing in the file, and is dropped:
whoever wrote it was not told that it is on disk, and has done nothing that relies on it.
Rule 3: a whole line that does not fit the chain is damage, at the end as in the middle. The journal is then refused:
dropping an intent would mean to pay twice.
"""

from typing import Any, Literal
from zlib import crc32

import msgspec

from tikhub_async._wire import codec
from tikhub_async.errors import JournalError, shorten

VERSION = 1

Action = Literal["retry", "drop", "adopt"]
"""What a user decides about a line in doubt."""


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", omit_defaults=True, gc=False):
    """Base of the records."""


class Opened(Record, frozen=True, kw_only=True, tag="open"):
    """A process began to write."""

    v: int = VERSION
    at: float = 0.0
    """Unix seconds."""
    input: str | None = None
    """The input file, for `doubt` to show bodies from; bodies are not kept in the journal."""
    pid: int = 0


class Intent(Record, frozen=True, kw_only=True, tag="intent"):
    """A request is about to leave."""

    id: str
    hash: str
    """16 hexadecimal digits: method, url and body."""
    at: float
    url: str = ""
    paid: bool = False
    """True for creations, which live on: they are on disk before the request leaves."""
    offset: int = -1
    """Where the line stands in the input file."""
    length: int = 0


class Void(Record, frozen=True, kw_only=True, tag="void"):
    """The last intent is known to have had no effect: refused, or nothing left the machine."""

    id: str
    why: str = ""


class Accepted(Record, frozen=True, kw_only=True, tag="accepted"):
    """A video task exists."""

    id: str
    task: dict[str, Any]
    """The saved handle."""
    request_id: str | None = None


class Doubt(Record, frozen=True, kw_only=True, tag="doubt"):
    """The last intent's outcome is unknown, and this is what is known."""

    id: str
    at: float
    why: str = ""
    request_id: str | None = None


class Done(Record, frozen=True, kw_only=True, tag="done"):
    """The line has its output line."""

    id: str
    at: int
    """Byte in the output file at which that line begins."""
    length: int
    ok: bool = True
    tokens: int = 0
    quota: float = 0.0


class Lost(Record, frozen=True, kw_only=True, tag="lost"):
    """An output line that a record speaks of was not on the disk after a power cut: the line is open again."""

    id: str
    hash: str
    at: float
    url: str = ""
    paid: bool = False
    offset: int = -1
    length: int = 0
    task: dict[str, Any] | None = None
    """The handle of its task, which can be asked again."""
    ok: bool = True
    tokens: int = 0
    quota: float = 0.0
    cut: int
    """Bytes of the output that are left."""


class Decided(Record, frozen=True, kw_only=True, tag="decided"):
    """What the user decided about a line in doubt."""

    id: str
    action: Action
    task: dict[str, Any] | None = None
    """For `adopt`."""


AnyRecord = Opened | Intent | Void | Accepted | Doubt | Done | Lost | Decided

_decoder = msgspec.json.Decoder(AnyRecord)
_encode = msgspec.json.Encoder().encode
_SUFFIX = b',"crc":"%08x"}'
_SUFFIX_LENGTH = len(_SUFFIX % 0)


def hexed(body_hash: int) -> str:
    """A body's hash as records hold it."""
    return f"{body_hash:016x}"


def pack(record: AnyRecord, chain: int) -> tuple[bytes, int]:
    """A record as its line, and the checksum that the next one begins with."""
    try:
        head = _encode(record)[:-1]
    except UnicodeEncodeError:  # half a surrogate pair in a task's handle
        head = codec.dumps(msgspec.to_builtins(record))[:-1]
    chain = crc32(head, chain)
    return head + _SUFFIX % chain + b"\n", chain


def unpack(line: bytes, chain: int) -> tuple[AnyRecord, int] | None:
    """The record in a line without its end, and the next checksum; None for a line that breaks the chain."""
    head = line[:-_SUFFIX_LENGTH]
    chain = crc32(head, chain)
    if line[-_SUFFIX_LENGTH:] != _SUFFIX % chain:
        return None
    try:
        return _decoder.decode(line), chain
    except codec.FAILURES:
        return None  # sound, but written by a version that this one does not know


class Reader:
    """Bytes of a journal → its records. `feed` as they come, `finish` at the end."""

    def __init__(self, name: str) -> None:
        self.chain = 0
        self.sound = 0
        """Bytes that hold whole records."""
        self._name = name
        self._rest = b""
        self._count = 0

    def feed(self, data: bytes) -> list[AnyRecord]:
        """The records that are now whole.

        Raises:
            JournalError: A line breaks the chain.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [self._record(line) for line in lines]

    def finish(self) -> list[AnyRecord]:
        """What the end of the file makes of the rest: a record that lacks its line end only, else nothing.

        Raises:
            JournalError: The rest is a whole record whose line end was damaged.
        """
        rest, self._rest = self._rest, b""
        if unpack(rest[:-1], self.chain) is not None:
            raise self._damaged(rest)
        found = unpack(rest, self.chain)
        if found is None:
            return []  # torn: nobody was told that it is on disk
        record, self.chain = found
        self.sound += len(rest)
        return [record]

    def _record(self, line: bytes) -> AnyRecord:
        found = unpack(line, self.chain)
        if found is None:
            raise self._damaged(line)
        record, self.chain = found
        self.sound += len(line) + 1
        self._count += 1
        return record

    def _damaged(self, line: bytes) -> JournalError:
        return JournalError(
            f"the journal {self._name} is damaged: record {self._count + 1}, at byte {self.sound}, does not fit its "
            f"checksum: {shorten(line.decode('utf-8', 'replace'), 80)!r}",
            hint="nothing is sent, because an intent that is lost would be paid again; restore the file from a copy, or "
            "begin anew with another output and only the lines that have no output line yet",
        )
