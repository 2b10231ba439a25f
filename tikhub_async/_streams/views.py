"""What a stream shows beside its events: its text, its counts and times."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from tikhub_async.types._base import Response

if TYPE_CHECKING:
    from tikhub_async._streams.stream import EventStream

E = TypeVar("E")
R = TypeVar("R", bound=Response)


class StreamStats(msgspec.Struct):
    """Counts and times of one stream; times in seconds since the request was sent."""

    events: int = 0
    bytes: int = 0
    opened: float | None = None
    """Until the answer's headers."""
    first_event: float | None = None
    """Until the first data event."""
    last_event: float | None = None
    """Until the last data event so far."""
    attempts: int = 0
    """Requests sent, the first one included."""


class TextStream(Generic[E, R]):
    """The visible text of a stream; shares its position with the stream itself. `EventStream.text_stream` makes it."""

    def __init__(self, stream: "EventStream[E, R]", text: Callable[[E], str]) -> None:
        self._stream = stream
        self._text = text

    def __aiter__(self) -> "TextStream[E, R]":
        return self

    async def __anext__(self) -> str:
        while True:
            piece = self._text(await self._stream.__anext__())
            if piece:
                return piece

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()
