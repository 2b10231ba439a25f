"""The files of a batch on many machines: parts named by shard and attempt, a stop flag, and the merge.

    out.jsonl.parts/part-000012.1.jsonl            first attempt at shard 12, with its .journal beside it
    out.jsonl.parts/part-000012.2.jsonl            second attempt: the first one's worker was lost
    out.jsonl.parts/STOP                           nothing new is begun while it is there

A worker that was cut off may still be alive. So every attempt has files of its own, and a newer attempt fences the
older one: it first makes its file, then reads what the older one has written; the older one first writes an intent,
then looks for a newer file, and only then sends. One of them always sees the other.
"""

import os
import re
from collections.abc import Iterator

import msgspec

from tikhub_async.batch.formats import hash_of, id_of
from tikhub_async.batch.index import Index, State, shortened
from tikhub_async.batch.journal import BLOCK
from tikhub_async.batch.ledger import key_of
from tikhub_async.errors import BatchError

STOP = "STOP"
PART = re.compile(r"part-(\d{6,})\.(\d+)\.jsonl\Z")


class Part(msgspec.Struct, frozen=True, order=True):
    """One attempt at one shard."""

    shard: int
    attempt: int
    path: str

    def next_path(self) -> str:
        """Where a newer attempt would write."""
        return part_path(os.path.dirname(self.path), self.shard, self.attempt + 1)


def part_path(folder: str, shard: int, attempt: int) -> str:
    """The output of an attempt."""
    return os.path.join(folder, f"part-{shard:06d}.{attempt}.jsonl")


def parts_in(folder: str) -> list[Part]:
    """The parts in a folder, by shard and attempt."""
    return sorted(
        Part(int(match[1]), int(match[2]), os.path.join(folder, name))
        for name in os.listdir(folder)
        if (match := PART.fullmatch(name))
    )


def claim(folder: str, shard: int) -> tuple[Part, tuple[Part, ...]]:
    """A new attempt at a shard, its file made, and the attempts before it, oldest first."""
    while True:
        earlier = tuple(part for part in parts_in(folder) if part.shard == shard)
        attempt = earlier[-1].attempt + 1 if earlier else 1
        part = Part(shard, attempt, part_path(folder, shard, attempt))
        try:
            os.close(os.open(part.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue  # somebody else was faster: the next number
        return part, earlier


class Fence:
    """Whether an attempt may go on."""

    def __init__(self, part: Part) -> None:
        self._newer = part.next_path()
        self._stop = os.path.join(os.path.dirname(part.path), STOP)

    def stopped(self) -> bool:
        """Whether somebody has set the stop flag."""
        return os.path.exists(self._stop)

    def superseded(self) -> bool:
        """Whether a newer attempt has begun; this one must not send."""
        return os.path.exists(self._newer)


def set_stop(folder: str) -> None:
    """Let every attempt end: nothing new is begun, what is in flight is waited for."""
    with open(os.path.join(folder, STOP), "w"):
        pass


def clear_stop(folder: str) -> None:
    """Take the stop flag away."""
    path = os.path.join(folder, STOP)
    if os.path.exists(path):
        os.unlink(path)


def is_stopped(folder: str) -> bool:
    """Whether the stop flag is set."""
    return os.path.exists(os.path.join(folder, STOP))


class MergeReport(msgspec.Struct, kw_only=True):
    """What a merge has found."""

    lines: int = 0
    """Lines written, one per `custom_id`."""
    repeated: int = 0
    """Lines left out because an earlier part had one for the same `custom_id`."""
    parts: int = 0
    output: str = ""


def merge(folder: str | os.PathLike[str], output: str | os.PathLike[str]) -> MergeReport:
    """One output of all parts: the first line per `custom_id`, in the order of shards and attempts. Blocks.

    The output takes its name when it is whole; half a line at the end of a part is left out.

    Raises:
        BatchError: There are no parts.
    """
    where, target = os.fspath(folder), os.fspath(output)
    parts = parts_in(where) if os.path.isdir(where) else []
    if not parts:
        raise BatchError(f"{where} has no parts to merge")
    report = MergeReport(parts=len(parts), output=target)
    seen = Index()
    with open(f"{target}.merging", "wb") as file:
        for line in _lines(parts):
            custom_id = id_of(line)
            if custom_id is None:
                continue
            key, check = key_of(custom_id), hash_of(b"merge", custom_id.encode("utf-8", "surrogatepass"))
            known = seen.get(key)
            if known is not None and known[0] == shortened(check):  # else two ids share a key: nothing is left out
                report.repeated += 1
                continue
            seen.put(key, check, State.DONE)
            file.write(line)
            report.lines += 1
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{target}.merging", target)
    return report


def _lines(parts: list[Part]) -> Iterator[bytes]:
    for part in parts:
        with open(part.path, "rb", buffering=BLOCK) as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
