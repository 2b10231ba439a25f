"""Lists that come in pages: await for one page, `async for` over the entries of all."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Generic, TypeVar

P = TypeVar("P")
T = TypeVar("T")


class Pages(Generic[P, T]):
    """A list in pages: `page = await pages` is the first one, `async for entry in pages` walks over all of them.

    Nothing is sent before. Walking asks for the next page when the entries of the last one are used up, so entries
    that were added meanwhile may be missing, and none comes twice.
    """

    def __init__(
        self,
        fetch: Callable[[str | None], Awaitable[P]],
        entries: Callable[[P], Sequence[T]],
        next_cursor: Callable[[P], str | None],
    ) -> None:
        self._fetch = fetch
        self._entries = entries
        self._next_cursor = next_cursor
        self._waiting: list[T] = []
        self._cursor: str | None = None
        self._more = True

    def __await__(self) -> Generator[object, None, P]:
        return self._fetch(None).__await__()

    def __aiter__(self) -> "Pages[P, T]":
        return self

    async def __anext__(self) -> T:
        while not self._waiting:
            if not self._more:
                raise StopAsyncIteration
            page = await self._fetch(self._cursor)
            self._waiting = list(reversed(self._entries(page)))
            cursor = self._next_cursor(page)
            # A cursor that does not move, or none, ends the walk: it would go round for ever.
            self._more = cursor is not None and cursor != self._cursor
            self._cursor = cursor
        return self._waiting.pop()
