"""The errors in which a stream ends: what went wrong, and what had arrived by then."""

from dataclasses import dataclass
from typing import Any, TypeVar

from tikhub_async._session.failures import BodyFailed, Stalled
from tikhub_async._wire import codec
from tikhub_async._wire.request import Request
from tikhub_async._wire.response import reported_error
from tikhub_async.errors import (
    APIStatusError,
    DecodeError,
    ProtocolError,
    StreamInterrupted,
    StreamTimeout,
    TikHubError,
    in_seconds,
    shorten,
)
from tikhub_async.types._base import Response, ResponseMeta, request_id_of

F = TypeVar("F", bound=TikHubError)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stream had come."""

    request: Request
    meta: ResponseMeta
    """Facts of the answer; empty ones before it opened."""
    opened: bool
    """True once the answer's headers were there: from then on the call may be charged."""
    events: int
    """Data events so far."""
    partial: Response | None
    """What they add up to; None before the first."""
    usage: Any
    """The last usage seen; None means unknown."""

    def facts(self) -> dict[str, Any]:
        """What every error of a stream tells."""
        return {
            "where": self.request.where,
            "request_id": request_id_of(self.meta.headers),
            "attempts": self.meta.attempts if self.opened else 0,
            "maybe_billed": self.opened,
        }


def interrupted(reason: str, progress: Progress) -> StreamInterrupted:
    """The error of a stream that did not reach its protocol's end."""
    return StreamInterrupted(
        f"{reason}, after {progress.events} events",
        partial=progress.partial,
        usage=progress.usage,
        hint="what arrived is on .partial; lenient_streams=True on the client accepts a clean end of stream",
        **progress.facts(),
    )


def broken(failure: BodyFailed | Stalled, progress: Progress) -> StreamInterrupted:
    """The error of a stream whose connection failed, or on which a limit ran out."""
    if isinstance(failure, Stalled):
        return StreamTimeout(
            f"no data event for {in_seconds(failure.seconds)}"
            if failure.phase == "idle"
            else f"the stream outlived its limit of {in_seconds(failure.seconds)}",
            phase=failure.phase,
            seconds=failure.seconds,
            partial=progress.partial,
            usage=progress.usage,
            **progress.facts(),
        )
    return StreamInterrupted(
        f"the connection failed ({failure.reason}), after {progress.events} events",
        partial=progress.partial,
        usage=progress.usage,
        **progress.facts(),
    )


def empty(progress: Progress) -> ProtocolError:
    """The error of a stream without any event."""
    return ProtocolError(
        "the stream is empty",
        status_code=progress.meta.status_code,
        headers=progress.meta.headers,
        stage="stream",
        hint="the provider sent nothing through the gateway, or its filter blocked the prompt without saying so; "
        "it may have been billed",
        **progress.facts(),
    )


def placed(error: F, progress: Progress) -> F:
    """An error of the decoder or the accumulator, which know no exchange, with the facts of the stream."""
    error.stage = "stream"
    for name, value in progress.facts().items():
        setattr(error, name, value)
    return error


def undecodable(error: DecodeError, number: int, progress: Progress) -> DecodeError:
    """The error of an event, counted from 1, that is not JSON or does not fit its type."""
    error.event_number = number
    error.message = f"event {number}: {error.message}"
    return placed(error, progress)


def reported(event: Any, progress: Progress) -> APIStatusError:
    """The error that an event is, as plain data."""
    return reported_error(event, progress.meta.headers, progress.request, progress.partial)


def stray(text: bytes, progress: Progress) -> TikHubError | None:
    """The error that was written into the open stream as bare JSON, without `data:`; None for anything else."""
    text = text.strip()
    if not text.startswith((b"{", b"[")):
        return None
    try:
        event = codec.loads(text)
    except (ValueError, RecursionError):
        return interrupted(f"the stream ended in {shorten(text.decode('utf-8', 'replace'))!r}", progress)
    return reported(event, progress)
