"""`name.part`: a file on its way to its final name, and the note beside it that lets a later call go on.

Invariants:

1. Nothing appears under the final name before it is whole and on disk; it appears there in one step.
2. A file that was there is replaced only when that was asked for, even if it appeared a moment ago.
3. A left-over `.part` is written to only if it is a regular file of ours with one name, nobody else writes it, and its
   note says which bytes it holds. Anything else of that name, a link above all, is removed and never followed.
4. Methods block and run in worker threads. A lock keeps them apart, because a cancelled caller cleans up while its last
   write may still be running; after `leave` and `commit` nothing is written any more.
"""

import contextlib
import errno
import os
import stat
import sys
import threading
from collections.abc import Iterable

import msgspec

from tikhub_async.errors import DownloadError

if sys.platform == "win32":

    def _lock(file: int) -> None:
        """Nothing: an open file cannot be removed there, which keeps others off as well."""
else:
    import fcntl

    def _lock(file: int) -> None:
        """Keep other downloads off a file, those of this process included; BlockingIOError when another has it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


PART = ".part"
NOTE = ".part.note"
FRESH = os.O_RDWR | os.O_CREAT | os.O_EXCL
CAREFUL: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
"""So that opening a pipe of somebody's does not wait for its other end."""
LONGEST_NOTE = 16 * 1024
FOREIGN = frozenset({errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO, errno.EISDIR})
"""How opening fails for what we did not leave: a link, somebody else's file, a socket, a folder."""
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What file systems without hard links answer."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bytes of a `.part` are bytes of."""

    result: str
    """Provider, task id and which result."""
    source: str
    """Its address without the query, which may hold a signature."""
    etag: str
    """A strong one."""
    total: int
    """Bytes of the whole file."""


def place(path: str, *, overwrite: bool) -> bool:
    """Check a destination before anything is fetched; True when it is a folder that wants a file name.

    Raises:
        FileExistsError: A file is there and must not be replaced.
        DownloadError: No file can be written there.
    """
    if not path:
        raise DownloadError("the path is empty", path=path, hint="give a file, or a folder: the name is made then")
    if os.path.isdir(path):
        return True
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise DownloadError(
            f"{path!r} cannot be written: the folder {folder!r} does not exist",
            path=path,
            hint=f"os.makedirs({folder!r}, exist_ok=True)",
        )
    refuse_occupied(path, overwrite=overwrite)
    return False


def refuse_occupied(path: str, *, overwrite: bool) -> None:
    """Refuse to replace what is at `path`. A link is replaced itself, never what it points to.

    Raises:
        FileExistsError: A file is there and must not be replaced.
        DownloadError: What is there is no file: a folder, a pipe, a device.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not overwrite:
        raise FileExistsError(errno.EEXIST, "the file exists; overwrite=True replaces it", path)
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise DownloadError(
            f"{path!r} is not a regular file and is not replaced", path=path, hint="choose another path"
        )


class PartFile:
    """One `.part` file, from its opening to its end."""

    def __init__(self, target: str, *, overwrite: bool) -> None:
        self.target = target
        self._overwrite = overwrite
        self._path = os.path.abspath(target) + PART
        self._note = os.path.abspath(target) + NOTE
        self._file: int | None = None
        self._over = False
        self._lock = threading.Lock()

    def open(self, result: str, source: str) -> tuple[Mark, int] | None:
        """Take the file into use; the mark and the size of what an earlier call left of the same result.

        Raises:
            DownloadError: Another download is writing it.
            OSError: It cannot be made.
        """
        with self._lock:
            if self._over:
                return None
            self._file = self._reopen()
            if self._file is not None:
                mark = self._read_note()
                size = os.fstat(self._file).st_size
                if mark is not None and (mark.result, mark.source) == (result, source) and 0 < size <= mark.total:
                    return mark, size
                self._discard()
            try:
                self._file = os.open(self._path, FRESH | CAREFUL, 0o666)
            except FileExistsError:  # made between our two calls
                raise self._busy() from None
            self._take(self._file)
            _unlink(self._note)
            return None

    def _reopen(self) -> int | None:
        """A left-over file that may be written to; None when there is none, whatever else was there being removed."""
        try:
            file = os.open(self._path, os.O_RDWR | AT_ONCE | CAREFUL)
        except FileNotFoundError:
            return None
        except OSError as failure:
            if failure.errno not in FOREIGN:
                raise
            os.unlink(self._path)
            return None
        facts = os.fstat(file)
        ours = not hasattr(os, "geteuid") or facts.st_uid == os.geteuid()
        if not (stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and ours):
            os.close(file)
            os.unlink(self._path)
            return None
        self._take(file)
        return file

    def _take(self, file: int) -> None:
        """Lock the file against other downloads."""
        try:
            _lock(file)
        except BlockingIOError:
            busy = True
        except OSError:
            return  # a file system without locks
        else:
            busy = not self._is_still(file)  # another download removed it between our two calls
        if busy:
            self._file = None
            os.close(file)
            raise self._busy()

    def _busy(self) -> DownloadError:
        return DownloadError(
            f"another download is writing {self._path!r}",
            path=self.target,
            hint="wait for it, or choose another path; the task is untouched",
        )

    def _is_still(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.lstat(self._path))
        except FileNotFoundError:
            return False

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes and go on behind them."""
        with self._lock:
            if self._file is not None:
                os.ftruncate(self._file, size)
                os.lseek(self._file, size, os.SEEK_SET)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Append."""
        with self._lock:
            if self._file is not None:
                _write(self._file, pieces)

    def mark(self, mark: Mark | None) -> None:
        """Note what the bytes belong to; None when they could not be gone on with."""
        with self._lock:
            if self._file is None:
                return
            _unlink(self._note)
            if mark is not None:
                file = os.open(self._note, FRESH | CAREFUL, 0o666)
                try:
                    _write(file, [msgspec.json.encode(mark)])
                finally:
                    os.close(file)

    def _read_note(self) -> Mark | None:
        try:
            file = os.open(self._note, os.O_RDONLY | AT_ONCE | CAREFUL)
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            return msgspec.json.decode(os.read(file, LONGEST_NOTE), type=Mark)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None  # half a note is none
        finally:
            os.close(file)

    def commit(self, size: int) -> None:
        """Give the file its final name, once all of it is on disk.

        Raises:
            FileExistsError: Another file has taken the name meanwhile.
            DownloadError: The file on disk is not the one that was written.
            OSError: The disk failed.
        """
        with self._lock:
            if self._file is None:
                return
            written = os.fstat(self._file).st_size
            if written != size or not self._is_still(self._file):
                _unlink(self._note)
                raise DownloadError(
                    f"{self._path!r} was changed by somebody else: {written} bytes, {size} were written",
                    path=self.target,
                    hint="download again, where nothing else writes; the task is untouched",
                )
            os.fsync(self._file)
            if sys.platform == "win32":
                self._close()  # an open file cannot be renamed there
            self._rename()
            self._over = True
            self._close()
            _unlink(self._note)
            _sync_folder(self._path)

    def _rename(self) -> None:
        target = os.path.abspath(self.target)
        refuse_occupied(target, overwrite=self._overwrite)
        if self._overwrite:
            os.replace(self._path, target)
        elif sys.platform == "win32":
            os.rename(self._path, target)  # refuses an existing file there
        else:
            _move_to_free_name(self._path, target)

    def leave(self, pieces: Iterable[bytes] | None) -> None:
        """End without success. `pieces` are the last bytes of a part worth keeping, None removes it. Never raises."""
        with self._lock:
            self._over = True
            if self._file is None:
                return
            try:
                if pieces is not None:
                    _write(self._file, pieces)
                if pieces is None or os.fstat(self._file).st_size == 0:
                    self._discard()
                    _unlink(self._note)
            except OSError:
                pass  # the failure that led here is the one to tell
            finally:
                self._close()

    def _discard(self) -> None:
        # Before closing: while it is locked, the name is certainly that of our file.
        if self._file is not None and self._is_still(self._file):
            _unlink(self._path)
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _write(file: int, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(file, rest) :]


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _move_to_free_name(path: str, target: str) -> None:
    """Rename, unless the name is taken: `os.rename` would replace what has just appeared there."""
    try:
        os.link(path, target)
    except OSError as failure:
        if failure.errno not in NO_LINKS:
            raise
        # Without hard links: take the name by an empty file of our own, then replace that.
        os.close(os.open(target, FRESH | CAREFUL, 0o666))
        try:
            os.replace(path, target)
        except BaseException:
            os.unlink(target)
            raise
    else:
        os.unlink(path)


def _sync_folder(path: str) -> None:
    """Put the new name on disk too; without it a power cut could lose the file as a whole."""
    if sys.platform == "win32":
        return
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        pass  # some file systems cannot; the file's own bytes are safe
