"""Files that only grow, and the journal among them: one writer, whole records or none, fsync in groups off the loop.

An append is a single `write` of 3 µs into the kernel's cache and survives `kill -9` from there; a hop to a thread would
cost twenty times as much. What must survive a power cut is followed by `commit`, which waits in a thread, together with
everybody else who waits at that moment.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from tikhub_async.batch.ledger import Ledger
from tikhub_async.batch.records import AnyRecord, Opened, Reader, pack
from tikhub_async.errors import JournalError

SUFFIX = ".journal"
"""Appended to the output's name."""
BLOCK = 2**20
RESERVE = 4 * 2**20
"""Bytes kept free for the answers to what is in flight when the disk fills up."""


class AppendFile:
    """A file that only grows."""

    def __init__(self, path: str) -> None:
        """Open it for appending; it is made when missing."""
        new = not os.path.exists(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        self.size = os.fstat(self._fd).st_size
        self._synced = self.size
        self._syncing: asyncio.Task[None] | None = None
        self._broken = False
        if new:
            _sync_folder(path)

    def append(self, data: bytes) -> int:
        """Write all of `data` or nothing; where it begins.

        Raises:
            OSError: Nothing was written: the disk is full, or worse.
        """
        if self._broken:
            raise OSError(f"{self.path} ends in half a write that could not be taken back")
        at = self.size
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            self._take_back(at)
            raise
        self.size = at + len(data)
        return at

    def _take_back(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
        except OSError:
            self._broken = True

    def cut(self, size: int) -> None:
        """Drop what stands behind `size` bytes."""
        os.ftruncate(self._fd, size)
        self.size = size

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Its bytes from `start` on, in blocks."""
        with open(self.path, "rb") as file:
            file.seek(start)
            while block := file.read(BLOCK):
                yield block

    async def commit(self) -> None:
        """Until everything appended so far is on the disk itself.

        Raises:
            OSError: It is not.
        """
        wanted = self.size
        while self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.get_running_loop().create_task(self._sync())
                self._syncing.add_done_callback(_retrieve)
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        reached = self.size
        try:
            await asyncio.get_running_loop().run_in_executor(None, os.fsync, self._fd)
            self._synced = max(self._synced, reached)
        finally:
            self._syncing = None

    def sync(self) -> None:
        """`commit` for where there is no loop."""
        os.fsync(self._fd)
        self._synced = self.size

    def lock(self) -> None:
        """Become its only writer.

        Raises:
            JournalError: Another process is.
        """
        try:
            _lock(self._fd)
        except OSError:
            pass
        else:
            return
        raise JournalError(
            f"{self.path} is being written by another process",
            hint="wait until it is done, or stop it; two writers would pay twice",
        )

    def close(self) -> None:
        """Close it, and with that give the lock up."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Journal:
    """The journal of one output file, open for writing."""

    def __init__(self, path: str, ledger: Ledger, *, now: float, source: str | None = None) -> None:
        """Lock it, take its records into the ledger, cut a torn end, and say that a new process writes.

        Raises:
            JournalError: Another process writes it, or it is damaged.
            OSError: It cannot be opened.
        """
        self._file = AppendFile(path)
        try:
            self._file.lock()
            self._file.size = os.fstat(self._file._fd).st_size  # the writer before may have written until now
            self._chain = self._replay(ledger)
            self.append(Opened(at=now, input=source, pid=os.getpid()))
            ledger.restart()
        except BaseException:
            self._file.close()
            raise

    def _replay(self, ledger: Ledger) -> int:
        reader = Reader(self._file.path)
        size = 0
        for block in self._file.read():
            size += len(block)
            for record in reader.feed(block):
                ledger.apply(record)
        sound = reader.sound
        for record in reader.finish():
            ledger.apply(record)
            self._file.append(b"\n")
            return reader.chain
        if size > sound:
            self._file.cut(sound)
        return reader.chain

    def append(self, record: AnyRecord) -> None:
        """Write a record.

        Raises:
            OSError: It could not be written; the journal is as before.
        """
        line, chain = pack(record, self._chain)
        self._file.append(line)
        self._chain = chain

    async def commit(self) -> None:
        """Until every record so far is on the disk itself."""
        await self._file.commit()

    def sync(self) -> None:
        """`commit` for where there is no loop."""
        self._file.sync()

    def records(self) -> Iterator[AnyRecord]:
        """Every record so far."""
        reader = Reader(self._file.path)
        for block in self._file.read():
            yield from reader.feed(block)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._file.size

    def close(self) -> None:
        """Close it."""
        self._file.close()


def replay(path: str, ledger: Ledger) -> None:
    """Take the records of a journal into the ledger without becoming its writer; a torn end is read over.

    Raises:
        JournalError: It is damaged.
        OSError: It cannot be read.
    """
    reader = Reader(path)
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            for record in reader.feed(block):
                ledger.apply(record)
    for record in reader.finish():
        ledger.apply(record)
    ledger.restart()


class Reserve:
    """Room on a disk that is given back when the disk is full, so that paid answers in flight can still be written."""

    def __init__(self, folder: str, size: int = RESERVE) -> None:
        """Take the room; on a disk that has none left, or that cannot reserve, do without."""
        self._file: int | None = None
        if not hasattr(os, "posix_fallocate"):
            return
        with contextlib.suppress(OSError):
            fd, path = tempfile.mkstemp(dir=folder, prefix=".reserve-")
            os.unlink(path)  # it has no name, so nothing is left behind by a kill
            self._file = fd
            os.posix_fallocate(fd, 0, size)

    def release(self) -> bool:
        """Give the room back; False when that was done before."""
        fd, self._file = self._file, None
        if fd is None:
            return False
        os.close(fd)
        return True


def _sync_folder(path: str) -> None:
    """Make a new file's name survive a power cut."""
    if sys.platform == "win32":
        return
    fd = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)


def _retrieve(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, 2**62, os.SEEK_SET)  # locks bar readers on Windows: take a byte that nobody reads
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
