"""A streamed answer as server-sent events, in one of two vocabularies."""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tikhub_async._wire.sse import ServerSentEvent
from tikhub_async.errors import ConfigError, TikHubError
from tikhub_async.relay import _sse
from tikhub_async.relay._base import Describe, Relay
from tikhub_async.relay._dialects import DIALECTS, REFUSAL, TEXT, Dialect, Pieces, reason_of
from tikhub_async.telemetry import tokens_of

if TYPE_CHECKING:
    from tikhub_async._streams import EventStream

Vocabulary = Literal["common", "provider"]
Batch = tuple[Sequence[Any], Sequence[ServerSentEvent]]
KINDS = frozenset({"text", "reasoning", "tool_call", "usage"})
"""Events of the common vocabulary that can be left out; `done` and `error` cannot."""


class StreamRelay(Relay):
    """A streamed answer for a browser; `EventStream.relay()` makes it."""

    def __init__(
        self,
        stream: "EventStream[Any, Any]",
        *,
        vocabulary: Vocabulary,
        heartbeat: float | None,
        hide: Collection[str],
        describe: Describe | None,
        on_end: "Callable[[StreamRelay], object] | None",
    ) -> None:
        if vocabulary not in ("common", "provider"):
            raise ConfigError(f"relay(vocabulary=…) got {vocabulary!r}", hint="one of common, provider")
        if hide and vocabulary == "provider":
            raise ConfigError(
                "relay(hide=…) needs the common vocabulary", hint="the provider's events go out as they are"
            )
        if unknown := set(hide) - KINDS:
            raise ConfigError(
                f"relay(hide=…) got {', '.join(sorted(unknown))}", hint=f"one of {', '.join(sorted(KINDS))}"
            )
        super().__init__(stream._session.clock, heartbeat=heartbeat, describe=describe, on_end=on_end)
        self.stream = stream
        """What is relayed: `partial`, `stats` and `request_id` are there at any time."""
        self._dialect = DIALECTS[type(stream._accumulator)]
        self._speech: _Common | _Provider
        if vocabulary == "common":
            self._speech = _Common(self._dialect, frozenset(hide))
        else:
            self._speech = _Provider(self._dialect)

    @property
    def usage(self) -> Any:
        """The provider's last count; None means unknown, not zero."""
        return self.stream.usage

    def _fetch(self) -> Coroutine[Any, Any, Batch]:
        return self.stream._read_batch()

    def _bytes_of(self, got: Batch) -> bytes | None:
        events, sources = got
        return self._speech.events(events, sources) if events else None

    def _ending(self) -> bytes:
        return self._speech.ending(self.stream)

    def _failing(self, error: TikHubError) -> bytes:
        return self._speech.failing(self._describe(error), self.stream)

    def _close(self) -> None:
        self.stream._close()


class _Provider:
    """The provider's own events, as they came."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def events(self, events: Sequence[Any], sources: Sequence[ServerSentEvent]) -> bytes:
        return b"".join([_sse.again(source.event, source.data) for source in sources])

    def ending(self, stream: "EventStream[Any, Any]") -> bytes:
        return b"data: [DONE]\n\n" if self._dialect.says_done else b""

    def failing(self, told: Mapping[str, Any], stream: "EventStream[Any, Any]") -> bytes:
        return self._dialect.error(told)


class _Common:
    """One vocabulary for all providers."""

    def __init__(self, dialect: Dialect, hidden: frozenset[str]) -> None:
        self._dialect = dialect
        self._hidden = hidden
        self._spoke = False

    def events(self, events: Sequence[Any], sources: Sequence[ServerSentEvent]) -> bytes:
        pieces = self._dialect.pieces(events)
        chunks: list[bytes] = []
        for kind, text in _merged(pieces):
            self._spoke = self._spoke or kind == TEXT
            if kind == REFUSAL:
                chunks.append(_sse.event("text", {"text": text, "refusal": True}))
            elif kind not in self._hidden:
                chunks.append(_sse.event(kind, {"text": text}))
        return b"".join(chunks)

    def ending(self, stream: "EventStream[Any, Any]") -> bytes:
        result = stream.partial
        ending = self._dialect.ending(result)
        chunks: list[bytes] = []
        text: str = getattr(result, "text", "")
        if text and not self._spoke and "text" not in self._hidden:
            chunks.append(_sse.event("text", {"text": text}))  # it came in one piece, without increments
        if "tool_call" not in self._hidden:
            chunks += [_sse.event("tool_call", call._asdict()) for call in ending.calls]
        chunks.append(self._usage(stream))
        facts = {"reason": reason_of(ending), "provider_reason": ending.word or None, "model": ending.model or None}
        chunks.append(_sse.event("done", {**facts, "request_id": stream.request_id}))
        return b"".join(chunks)

    def failing(self, told: Mapping[str, Any], stream: "EventStream[Any, Any]") -> bytes:
        usage = self._usage(stream) if stream.stats.opened is not None else b""
        return usage + _sse.event("error", told)

    def _usage(self, stream: "EventStream[Any, Any]") -> bytes:
        if "usage" in self._hidden:
            return b""
        return _sse.event("usage", msgspec.structs.asdict(tokens_of(stream.usage)))


def _merged(pieces: Pieces) -> Pieces:
    """Neighbours of one kind joined, empty ones left out: what arrived together is shown together."""
    merged: list[tuple[str, list[str]]] = []
    for kind, text in pieces:
        if not text:
            continue
        if merged and merged[-1][0] == kind:
            merged[-1][1].append(text)
        else:
            merged.append((kind, [text]))
    return [(kind, "".join(texts)) for kind, texts in merged]
