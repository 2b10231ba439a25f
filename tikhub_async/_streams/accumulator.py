"""What a stream asks of a streaming dialect; the four of them, and that of transcription, are in `_accumulate`."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from tikhub_async.errors import TikHubError
from tikhub_async.types._base import Response

EventT = TypeVar("EventT", contravariant=True)
ResultT = TypeVar("ResultT", bound=Response, covariant=True)


class Accumulator(Protocol[EventT, ResultT]):
    """A streaming dialect: what its events are, and what they add up to."""

    event_type: ClassVar[Any]
    """The type of each event."""

    @property
    def error(self) -> dict[str, Any] | None:
        """An error event, once one was fed."""
        ...

    @property
    def complete(self) -> bool:
        """True once the protocol's end was seen."""
        ...

    @property
    def ended(self) -> bool:
        """True once nothing more can follow."""
        ...

    @property
    def usage(self) -> Any:
        """The last usage seen; None means unknown."""
        ...

    def feed(self, events: Sequence[EventT], /) -> int:
        """Take events in; the number that may be handed on: all, or those before an error, or up to the end."""
        ...

    def snapshot(self) -> ResultT:
        """What the events so far add up to."""
        ...

    def problem(self) -> TikHubError | None:
        """A failure that the protocol reports although the stream is complete."""
        ...

    @staticmethod
    def text(event: EventT, /) -> str:
        """The visible text an event adds."""
        ...
