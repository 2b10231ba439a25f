"""Transcription events → the whole transcript."""

from collections.abc import Sequence
from typing import Any, ClassVar

from tikhub_async._accumulate.chat import join_text
from tikhub_async.errors import TikHubError
from tikhub_async.types._base import Unknown
from tikhub_async.types.audio import (
    TranscriptionLanguage,
    TranscriptionLogprob,
    TranscriptionResponse,
    TranscriptionSegment,
    TranscriptionStreamEvent,
    TranscriptionUsage,
    TranscriptTextDelta,
    TranscriptTextDone,
    TranscriptTextSegment,
)


class TranscriptionAccumulator:
    """Collects the events of one streamed transcription.

    Attributes:
        error: An error event, as plain data; None while all is well.
        complete: True after the event that carries the whole text.
        ended: As `complete`: nothing but `[DONE]` follows.
        usage: What is charged; None means unknown.
    """

    event_type: ClassVar[Any] = TranscriptionStreamEvent

    def __init__(self) -> None:
        self.error: dict[str, Any] | None = None
        self.complete = False
        self.ended = False
        self.usage: TranscriptionUsage | None = None
        self._pieces: list[str] = []
        self._text: str | None = None
        self._segments: list[TranscriptionSegment] = []
        self._logprobs: list[TranscriptionLogprob] = []
        self._languages: list[TranscriptionLanguage] = []

    def feed(self, events: Sequence[TranscriptionStreamEvent]) -> int:
        """Take events in; the number that may be handed on: all, or those before an error, or up to the end."""
        for number, event in enumerate(events):
            if isinstance(event, TranscriptTextDelta):
                self._pieces.append(event.delta)
                if event.logprobs is not None:
                    self._logprobs += event.logprobs
            elif isinstance(event, TranscriptTextSegment):
                self._segments.append(_segment(event))
            elif isinstance(event, TranscriptTextDone):
                self._finish(event)
                return number + 1  # what came in the same read behind the end is not of this stream
            elif (error := error_of(event)) is not None:
                self.error = error
                return number
        return len(events)

    def _finish(self, event: TranscriptTextDone) -> None:
        self.complete = self.ended = True
        self._text = event.text
        self.usage = event.usage
        if event.logprobs is not None:
            self._logprobs = list(event.logprobs)  # those of the whole text, the deltas' included
        if event.languages is not None:
            self._languages = list(event.languages)

    def snapshot(self) -> TranscriptionResponse:
        """The transcript as far as it has arrived; the whole one once `complete`."""
        text = self._text if self._text is not None else join_text(self._pieces)
        return TranscriptionResponse(
            text=text or "",
            languages=list(self._languages),
            segments=list(self._segments),
            logprobs=list(self._logprobs),
            usage=self.usage,
        )

    def problem(self) -> TikHubError | None:
        """None: a transcription that ended has nothing to complain of."""
        return None

    @staticmethod
    def text(event: TranscriptionStreamEvent) -> str:
        """The text that an event adds."""
        return event.delta if isinstance(event, TranscriptTextDelta) else ""


def _segment(event: TranscriptTextSegment) -> TranscriptionSegment:
    return TranscriptionSegment(
        id=event.id, start=event.start, end=event.end, text=event.text, speaker=event.speaker, type=event.type
    )


def error_of(event: Unknown) -> dict[str, Any] | None:
    """The error that an event of unknown type is, None where it is something new and harmless."""
    data: dict[str, Any] | list[Any] | str | int | float | None = event.data()
    if isinstance(data, dict) and (data.get("error") or event.name == "error"):
        return data
    return None
