"""Results to disk or as bytes: whole or not at all, and the key to the gateway only."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from tikhub_async._tasks.partfile import Mark, PartFile, place, refuse_occupied
from tikhub_async._tasks.result import Remote, file_name, result_of
from tikhub_async._tasks.transfer import InlineReader, Transfer, reader_for
from tikhub_async.errors import DownloadError

if TYPE_CHECKING:
    from tikhub_async._tasks.task import VideoTask

T = TypeVar("T")

Progress = Callable[[int, int | None], None]
"""Called with (bytes so far, bytes in all or None when unknown)."""

BLOCK = 2**20
"""Bytes gathered before a thread writes them: 50 MB then cost 1.1 times the CPU of plain aiohttp, 1.25 with 256 KiB."""
CLEANING_TIME = 10.0
"""Seconds that a cancelled download takes at most to put its `.part` in order."""


class ResultBytes:
    """The bytes of a result as they arrive: an async iterator and context manager.

    On `async with` or with the first item the request leaves, so that a refusal comes before the first byte. A break
    of the connection is bridged where the server can go on from a byte; else it raises, because bytes that were handed
    out cannot be taken back. Ends only when the file is whole. After a `break` outside `async with`, call `aclose()`.

    Raises while iterating:
        DownloadError: The rest could not be fetched; `received` says how much was.
    """

    def __init__(self, reader: "Transfer | InlineReader") -> None:
        self._reader = reader
        self._closed = False

    @property
    def total(self) -> int | None:
        """Bytes in all, None where the server did not say and before the request left."""
        return self._reader.total

    @property
    def content_type(self) -> str:
        """As the server announced it, as `video/mp4`; `""` before the request left."""
        return self._reader.content_type

    def __aiter__(self) -> "ResultBytes":
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        try:
            data = await self._reader.read()
        except BaseException:
            await self.aclose()
            raise
        if not data:
            await self.aclose()
            raise StopAsyncIteration
        return data

    async def __aenter__(self) -> "ResultBytes":
        try:
            await self._reader.open()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop fetching and give the connection back."""
        self._closed = True
        self._reader.close()


def open_result(task: "VideoTask[Any]", *, which: int | str = 0, max_bytes: int | None = None) -> ResultBytes:
    """A result as bytes; nothing is sent yet.

    Args:
        task: A task that has succeeded.
        which: Number of the video, or name of an extra.
        max_bytes: Largest file that is fetched; None for any.

    Raises:
        DownloadError: The task has no such result, or it lies where nothing can be fetched from.
    """
    session = task._live()
    result = result_of(task, session, which)
    return ResultBytes(reader_for(result, session, _name(task, which), may_restart=False, most=max_bytes))


async def download_to(
    task: "VideoTask[Any]",
    path: "str | os.PathLike[str]",
    *,
    which: int | str = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> str:
    """Save a result and return its path.

    Written to `path.part`, which takes its final name once it is whole and on disk. When a download fails or is
    cancelled, the `.part` stays if the server gave an ETag, with a `.part.note` beside it, and the next download of the
    same result to the same path goes on behind it; else it is removed.

    Args:
        task: A task that has succeeded.
        path: The file, or a folder: the name is then made of the task id and the content type.
        which: Number of the video, or name of an extra.
        overwrite: Replace a file that is there.
        progress: Called as bytes reach the disk, with ever greater numbers.
        max_bytes: Largest file that is fetched; None for any.

    Raises:
        DownloadError: The result could not be fetched whole, or not be written, or is too large.
        FileExistsError: There is such a file, or one appeared meanwhile, and `overwrite` is False.
    """
    session = task._live()
    target = os.fsdecode(path)
    try:
        is_folder = await _on_disk(target, place, target, overwrite=overwrite)
        result = result_of(task, session, which)
        name = _name(task, which)
        saving = _Saving(reader_for(result, session, name, may_restart=True, most=max_bytes), progress)
        try:
            if is_folder:
                target = await saving.choose(target, task, which, result.suffix, overwrite)
            saving.part = PartFile(target, overwrite=overwrite)
            await saving.run(name, result.shown if isinstance(result, Remote) else "")
        finally:
            saving.reader.close()
    except DownloadError as error:
        error.path = target
        raise
    return target


def _name(task: "VideoTask[Any]", which: int | str) -> str:
    result = "the video" if which == 0 else f"result {which!r}"
    return f"{result} of {task.provider} task {task.id}"


class _Saving:
    """One download on its way to disk."""

    def __init__(self, reader: "Transfer | InlineReader", progress: Progress | None) -> None:
        self.reader = reader
        self.part: PartFile
        self._progress = progress
        self._told = -1
        self._waiting: list[bytes] = []
        self._size = 0
        self._restarts: int = 0
        self._mark: Mark | None = None

    async def choose(self, folder: str, task: "VideoTask[Any]", which: int | str, suffix: str, overwrite: bool) -> str:
        """The file in a folder: its suffix is known once the head of the answer is there."""
        await self.reader.open()
        target = os.path.join(folder, file_name(task, which, self.reader.content_type, suffix))
        await _on_disk(target, refuse_occupied, target, overwrite=overwrite)
        return target

    async def run(self, name: str, source: str) -> None:
        """Fetch it whole and put it in its place."""
        done = False
        try:
            await self._take_up(name, source)
            await self._copy(name, source)
            await self._disk(self.part.commit, self.reader.position)
            done = True
        finally:
            if not done:
                await self._leave()

    async def _take_up(self, name: str, source: str) -> None:
        left = await self._disk(self.part.open, name, source)
        if left is None:
            return
        mark, size = left
        # The last byte is fetched again even of a part that is complete: that proves it still is the same file.
        position = min(size, mark.total - 1)
        if self.reader.resume(mark.etag, mark.total, position):
            self._mark = mark
            await self._disk(self.part.cut, position)
        else:
            await self._disk(self.part.cut, 0)
            await self._disk(self.part.mark, None)

    async def _copy(self, name: str, source: str) -> None:
        reader = self.reader
        while data := await reader.read():
            if reader.restarts != self._restarts:
                self._waiting, self._size = [], 0
                self._restarts = reader.restarts
                await self._disk(self.part.cut, 0)
            await self._note(name, source)
            self._waiting.append(data)
            self._size += len(data)
            if self._size >= BLOCK:
                await self._flush()
        await self._flush()

    async def _note(self, name: str, source: str) -> None:
        known = self.reader.identity
        mark = None if known is None else Mark(result=name, source=source, etag=known[0], total=known[1])
        if mark != self._mark:
            self._mark = mark
            await self._disk(self.part.mark, mark)

    async def _flush(self) -> None:
        pieces, self._waiting, self._size = self._waiting, [], 0
        if pieces:
            await self._disk(self.part.write, pieces)
        # After a new beginning silence, until there is more than before: a progress bar never runs backwards.
        if self._progress is not None and self.reader.position > self._told:
            self._told = self.reader.position
            self._progress(self._told, self.reader.total)

    async def _leave(self) -> None:
        """Keep what a later download can go on with, remove the rest."""
        reader = self.reader
        worth_keeping = self._mark is not None and reader.identity is not None and reader.restarts == self._restarts
        pieces = self._waiting if worth_keeping else None
        with anyio.move_on_after(CLEANING_TIME, shield=True):
            await _in_thread(partial(self.part.leave, pieces))

    async def _disk(self, work: Callable[..., T], *arguments: Any) -> T:
        """What disk work returns; after an error of the disk nothing is worth keeping."""
        try:
            return await _on_disk(self.part.target, work, *arguments)
        except DownloadError as error:
            error.received, error.expected = self.reader.position, self.reader.total
            self._mark = None
            raise


async def _on_disk(target: str, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """What disk work returns, its errors as ours."""
    try:
        return await _in_thread(partial(work, *arguments, **options))
    except FileExistsError:
        raise
    except OSError as caught:
        failure = caught
    raise DownloadError(
        f"{target!r} cannot be written: {failure.strerror or failure}",
        hint="the task is untouched: with room and rights for the file, download again",
    )


async def _in_thread(work: Callable[[], T]) -> T:
    # Shielded: work that has begun cannot be stopped, and its outcome belongs to nobody once its caller is gone.
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work))
