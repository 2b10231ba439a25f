"""Where lines come from: a file, looked through once before anything is paid, or an iterable of any kind."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sized
from typing import Any, BinaryIO, Protocol

import msgspec

from tikhub_async.batch.formats import SHOWN_PROBLEMS, InputRefused, Line, LineProblem, make_line, read_line
from tikhub_async.batch.index import Index, State, shortened
from tikhub_async.batch.routes import Routes
from tikhub_async.errors import BatchError, JournalError, ParameterError

Item = Mapping[str, Any]
"""`{"custom_id", "method", "url", "body"}`, all but `body` optional as in files."""
Source = str | os.PathLike[str] | Iterable[Item] | AsyncIterable[Item]

BLOCK = 2**20
CHUNK = 128
"""Lines that are taken at once: half a millisecond of the loop's time."""
LONGEST_LINE = 128 * 2**20
"""Bytes; the gateway takes no larger body."""


class Lines(Protocol):
    """A source of lines that are to be run."""

    total: int | None
    skipped: int

    async def fetch(self) -> list[Line]:
        """The next lines, none at the end."""
        ...

    async def aclose(self) -> None:
        """Let go of the source."""


class Range(msgspec.Struct, frozen=True):
    """A part of a file, from a line's beginning to a line's end."""

    start: int = 0
    end: int | None = None
    first: int = 1
    """Number of its first line."""


def lines_in(file: BinaryIO, part: Range) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and text of each line of a part of a file. Reads in blocks."""
    file.seek(part.start)
    number, offset, rest = part.first, part.start, b""
    left = None if part.end is None else part.end - part.start
    while left is None or left > 0:
        block = file.read(BLOCK if left is None else min(BLOCK, left))
        if not block:
            break
        left = None if left is None else left - len(block)
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise BatchError(f"line {number + len(whole)} is longer than {LONGEST_LINE} bytes")
        for text in whole:
            yield number, offset, text + b"\n"
            number += 1
            offset += len(text) + 1
    if rest:
        yield number, offset, rest


class Looking:
    """What looking through an input finds."""

    def __init__(self, routes: Routes, index: Index, endpoint: str | None) -> None:
        self._routes = routes
        self._index = index
        self._endpoint = endpoint
        self._problems: list[str] = []
        self._count = 0
        self._changed: list[str] = []
        self.total = 0
        self.skipped = 0

    def look(self, number: int, offset: int, text: bytes) -> None:
        """Check one line and note it."""
        try:
            line = read_line(text, number, endpoint=self._endpoint, offset=offset)
            if line is None:
                return
            self._routes.asked(line, self._routes.call(line))
        except (LineProblem, ParameterError) as problem:
            self._refuse(f"line {number} {problem}")
            return
        self.total += 1
        known = self._index.get(line.id_hash)
        if known is None:
            self._index.put(line.id_hash, line.body_hash, State.TODO, seen=True)
            return
        body, state, seen = known
        if seen:
            self._refuse(f"line {number} has the custom_id {line.custom_id!r} of an earlier line")
            return
        if body != shortened(line.body_hash):
            self._changed.append(f"line {number} ({line.custom_id!r})")
            return
        self._index.put(line.id_hash, line.body_hash, state, seen=True)
        self.skipped += state is State.DONE

    def _refuse(self, problem: str) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            self._problems.append(problem)

    def finish(self) -> None:
        """Say what was found.

        Raises:
            InputRefused: Lines cannot be run, or share an id.
            JournalError: Lines ask for something else than when they were sent.
        """
        if self._count:
            raise InputRefused(self._problems, self._count, hint="correct the input and run again")
        if self._changed:
            raise changed(self._changed)


def changed(lines: list[str]) -> JournalError:
    """The error for lines that were sent with another body."""
    more = f" and {len(lines) - SHOWN_PROBLEMS} more" if len(lines) > SHOWN_PROBLEMS else ""
    return JournalError(
        f"requests have changed since they were sent: {', '.join(lines[:SHOWN_PROBLEMS])}{more}",
        hint="nothing was sent; put the old lines back, or give new requests a new custom_id",
    )


class FileLines:
    """Lines of a file, or of a part of one."""

    def __init__(self, path: str, index: Index, routes: Routes, endpoint: str | None, part: Range = Range()) -> None:  # noqa: B008 - frozen
        self.path = path
        self.total: int | None = None
        self.skipped = 0
        self._index = index
        self._routes = routes
        self._endpoint = endpoint
        self._part = part
        self._file: BinaryIO | None = None
        self._lines: Iterator[tuple[int, int, bytes]] = iter(())
        self._texts: deque[tuple[int, int, bytes]] = deque()

    def look_through(self) -> None:
        """Check every line before anything is sent. Blocks: call it in a thread.

        Raises:
            InputRefused: Lines cannot be run, or share an id.
            JournalError: Lines ask for something else than when they were sent.
            OSError: The file cannot be read.
        """
        looking = Looking(self._routes, self._index, self._endpoint)
        self._file = open(self.path, "rb")  # noqa: SIM115 - kept open: a file that is replaced meanwhile stays this one
        for number, offset, text in lines_in(self._file, self._part):
            looking.look(number, offset, text)
        looking.finish()
        self.total, self.skipped = looking.total, looking.skipped
        self._lines = lines_in(self._file, self._part)

    async def fetch(self) -> list[Line]:
        """The next lines to run; those that are settled, in doubt, or a task already, are read over.

        Raises:
            JournalError: A line is not the one that was checked: somebody has written into the file.
        """
        # Only the reading is for a thread. One that decoded would hold the interpreter for milliseconds each time that
        # the loop lets go of it, which it does in every write of the journal.
        found: list[Line] = []
        while not found:
            if not self._texts:
                self._texts = await asyncio.get_running_loop().run_in_executor(None, self._block)
                if not self._texts:
                    break
            for _ in range(min(CHUNK, len(self._texts))):
                number, offset, text = self._texts.popleft()
                line = read_line(text, number, endpoint=self._endpoint, offset=offset)
                if line is None:
                    continue
                known = self._index.get(line.id_hash)
                if known is None or known[0] != shortened(line.body_hash):
                    raise changed([f"line {number} ({line.custom_id!r})"])  # the file, since it was looked through
                if known[1] is State.TODO:
                    found.append(line)
        return found

    def _block(self) -> deque[tuple[int, int, bytes]]:
        """About a mebibyte of lines as they are; none at the end."""
        block: deque[tuple[int, int, bytes]] = deque()
        size = 0
        for line in self._lines:
            block.append(line)
            size += len(line[2])
            if size >= BLOCK:
                break
        return block

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    async def aclose(self) -> None:
        """Close the file."""
        self.close()


class ItemLines:
    """Lines of an iterable. Each is checked when its turn comes: nothing is known of those that follow."""

    def __init__(
        self, items: Iterable[Item] | AsyncIterable[Item], index: Index, routes: Routes, endpoint: str | None
    ) -> None:
        self.total: int | None = len(items) if isinstance(items, Sized) else None
        self.skipped = 0
        self._index = index
        self._routes = routes
        self._endpoint = endpoint
        self._number = 0
        self._items = items
        self._async = items.__aiter__() if isinstance(items, AsyncIterable) else None
        self._sync = iter(()) if isinstance(items, AsyncIterable) else iter(items)
        self._refusal: BatchError | None = None

    async def fetch(self) -> list[Line]:
        """The next lines to run.

        Raises:
            InputRefused: The next one cannot be run, or has the id of an earlier one.
            JournalError: It asks for something else than when it was sent.
        """
        lines: list[Line] = []
        while not lines and self._refusal is None:
            taken = await self._take()
            if not taken:
                self.total = self._number
                return []
            for item in taken:
                self._number += 1
                try:
                    line = self._check(item)
                except BatchError as refusal:
                    self._refusal = refusal  # lines before it are run first
                    break
                if line is not None:
                    lines.append(line)
        if not lines and self._refusal is not None:
            raise self._refusal
        return lines

    async def _take(self) -> list[Item]:
        if self._async is not None:
            # One at a time: an item that is there must not wait for one that is still being made.
            return [item] if (item := await anext(self._async, None)) is not None else []
        taken: list[Item] = []
        for item in self._sync:
            taken.append(item)
            if len(taken) == CHUNK:
                break
        return taken

    def _check(self, item: Item) -> Line | None:
        try:
            line = make_line(item, self._number, endpoint=self._endpoint)
            self._routes.asked(line, self._routes.call(line))
        except (LineProblem, ParameterError) as problem:
            raise InputRefused([f"item {self._number} {problem}"], 1) from None
        known = self._index.get(line.id_hash)
        state = State.TODO
        if known is not None:
            body, state, seen = known
            if seen:
                raise InputRefused([f"item {self._number} has the custom_id {line.custom_id!r} of an earlier one"], 1)
            if body != shortened(line.body_hash):
                raise changed([f"item {self._number} ({line.custom_id!r})"])
        self._index.put(line.id_hash, line.body_hash, state, seen=True)
        self.skipped += state is State.DONE
        return line if state is State.TODO else None

    async def aclose(self) -> None:
        """Close a generator."""
        close = getattr(self._items, "aclose", None)
        if close is not None:
            await close()
