"""What a caller sees, as rows of a table: written by reading an exchange, compared with what a call brought.

A row says only what matters about its exchanges. What holds for all of them is not in the rows but checked for each:
the request id, the gateway's own words in an error's text, one result or one error, text pieces that add up.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.exchanges import Exchange
from tikhub_async._tasks import VideoTask
from tikhub_async.errors import (
    APIStatusError,
    DecodeError,
    DownloadError,
    InDoubtError,
    ProtocolError,
    StreamInterrupted,
    TikHubError,
)
from tikhub_async.types._base import Response

Facts = Mapping[str, Any]
"""Dotted paths and their values: `{"choices.0.finish_reason": "stop"}`. A value may be a type: then the type counts."""


@dataclass(frozen=True)
class Seen:
    """What one call brought."""

    result: Any = None
    error: BaseException | None = None
    pieces: str | None = None
    """The text that a stream handed out before it ended; None for calls that stream no text."""
    requests: int = 0


@dataclass(frozen=True)
class Gives:
    """A result of this type."""

    type: type
    facts: Facts = field(default_factory=dict)
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        if seen.error is not None:
            yield f"raised {type(seen.error).__name__}: {seen.error}"
            return
        result = seen.result
        if type(result) is not self.type:
            yield f"gave {type(result).__name__}, expected {self.type.__name__}"
            return
        yield from _facts(result, self.facts)
        if isinstance(result, Response) and result.request_id != exchange.request_id:
            yield f"request id {result.request_id}, sent {exchange.request_id}"
        if seen.pieces is not None and seen.pieces != getattr(result, "text", ""):
            yield f"handed out {seen.pieces[:60]!r}, the result says {getattr(result, 'text', '')[:60]!r}"


@dataclass(frozen=True)
class Raises:
    """An error of exactly this class."""

    error: type[TikHubError]
    status: int = 0
    """0 for errors that have none."""
    code: str | int | None = None
    facts: Facts = field(default_factory=dict)
    hint: str = ""
    """Words of the hint."""
    says: str = ""
    """Words of the text, where they are not the gateway's own."""
    billed: bool = False
    requests: int = 1
    partial: Facts | None = None
    """What `partial` holds; None where nothing arrived."""

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        error = seen.error
        if error is None:
            yield f"gave {seen.result!r:.120}, expected {self.error.__name__}"
            return
        if type(error) is not self.error or not isinstance(error, TikHubError):
            yield f"raised {type(error).__name__}: {error}, expected {self.error.__name__}"
            return
        for name, value in (("status_code", self.status), ("code", self.code)):
            if getattr(error, name, value) != value:
                yield f"{name} {getattr(error, name)!r}, expected {value!r}"
        if error.maybe_billed is not self.billed:
            yield f"maybe_billed {error.maybe_billed}, expected {self.billed}"
        if error.request_id != exchange.request_id:
            yield f"request id {error.request_id}, sent {exchange.request_id}"
        for words, place in ((self.hint, error.hint or ""), (self.says or own_words(exchange), str(error))):
            if words not in place:
                yield f"{place!r} does not say {words!r}"
        yield from _facts(error, self.facts)
        yield from self._partial(error, seen)

    def _partial(self, error: TikHubError, seen: Seen) -> Iterator[str]:
        partial = getattr(error, "partial", None)
        if self.partial is None:
            if partial is not None:
                yield f"partial {partial!r:.120}, expected none"
            return
        if partial is None:
            yield "no partial result"
            return
        yield from (f"partial {line}" for line in _facts(partial, self.partial))
        if seen.pieces is not None and not getattr(partial, "text", "").startswith(seen.pieces):
            yield f"handed out {seen.pieces[:60]!r}, the partial result says {partial.text[:60]!r}"


@dataclass(frozen=True)
class Doubts:
    """`InDoubtError`: one request was sent, and what became of it is unknown."""

    cause: type[TikHubError]
    status: int = 0
    code: str | int | None = None
    says: str = ""
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        error = seen.error
        if not isinstance(error, InDoubtError):
            yield f"{error!r} or {seen.result!r:.120}, expected InDoubtError"
            return
        cause = error.earlier[-1] if error.earlier else None
        if type(cause) is not self.cause:
            yield f"because of {type(cause).__name__}, expected {self.cause.__name__}"
            return
        found = (getattr(cause, "status_code", 0), getattr(cause, "code", None))
        if found != (self.status, self.code):
            yield f"because of {found}, expected {(self.status, self.code)}"
        if not error.maybe_billed or not error.sent or error.request_id != exchange.request_id:
            yield f"incomplete: {error.maybe_billed=} {error.sent=} {error.request_id=}"
        if (self.says or own_words(exchange)) not in str(error):
            yield f"{str(error)!r} does not say {self.says or own_words(exchange)!r}"
        if "not sent again" not in str(error.hint):
            yield f"the hint does not say what happens next: {error.hint!r}"


@dataclass(frozen=True)
class Tells:
    """A handle on a task in this state."""

    status: str
    word: str = ""
    """The word on the wire."""
    progress: int | None = None
    url: str | None = None
    """`{id}` stands for the task's."""
    error: str | None = None
    code: str | int | None = None
    note: str | None = None
    """What the provider said about the last look, where the task goes on."""
    id: str = ""
    """Default: the last part of the path, or the `id` of the answer."""
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        task = seen.result
        if not isinstance(task, VideoTask):
            yield f"{seen.error!r} or {task!r:.120}, expected a task"
            return
        state = task.state
        for name, found, wanted in (
            ("status", state.status, self.status),
            ("word", state.word, self.word),
            ("progress", state.progress, self.progress),
            ("url", state.url, self.url and self.url.format(id=task.id)),
            ("error", state.error, self.error),
            ("error_code", state.error_code, self.code),
            ("note", state.note, self.note),
            ("id", task.id, self.id or _task_id(exchange)),
            ("raw", task.raw, json.loads(exchange.answer)),
        ):
            if found != wanted:
                yield f"{name} {found!r}, expected {wanted!r}"


@dataclass(frozen=True)
class Saves:
    """A file of this many bytes, whole."""

    size: int
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        if seen.error is not None:
            yield f"raised {seen.error!r}"
        elif seen.result != exchange.answer or len(exchange.answer) != self.size:
            yield f"{len(seen.result)} bytes, expected {self.size} of {len(exchange.answer)}"


@dataclass(frozen=True)
class Loses:
    """`DownloadError`: no whole file, the task untouched."""

    says: str = ""
    cause: type[TikHubError] | None = APIStatusError
    status: int = 0
    received: int = 0
    expected: int | None = None
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        error = seen.error
        if not isinstance(error, DownloadError):
            yield f"{error!r} or {seen.result!r:.120}, expected DownloadError"
            return
        cause = error.earlier[-1] if error.earlier else None
        if self.cause is not None and not isinstance(cause, self.cause):
            yield f"because of {cause!r}, expected {self.cause.__name__}"
        if self.status and getattr(cause, "status_code", 0) != self.status:
            yield f"status {getattr(cause, 'status_code', 0)}, expected {self.status}"
        if (error.received, error.expected) != (self.received, self.expected):
            yield f"received {error.received} of {error.expected}, expected {self.received} of {self.expected}"
        words = self.says or own_words(exchange)
        if words not in str(error) or "the task is untouched" not in str(error.hint):
            yield f"{str(error)!r} does not say {words!r}, or that the task is untouched"


@dataclass(frozen=True)
class Leaves:
    """The caller leaves; nothing is raised at anybody and the connection goes away."""

    text: str = ""
    """What was handed out before."""
    requests: int = 1

    def differences(self, seen: Seen, exchange: Exchange) -> Iterator[str]:
        if seen.error is not None or (seen.pieces or "") != self.text:
            yield f"{seen.error!r}, handed out {seen.pieces!r}, expected {self.text!r}"


Outcome = Gives | Raises | Doubts | Tells | Saves | Loses | Leaves


def differences(expected: Outcome, seen: Seen, exchange: Exchange) -> list[str]:
    """What a call brought beside, or instead of, what its row says."""
    found = list(expected.differences(seen, exchange))
    if seen.requests != expected.requests:
        found.append(f"{seen.requests} requests, expected {expected.requests}")
    return found


def own_words(exchange: Exchange) -> str:
    """The beginning of what an error answer says, as far as every text about it must repeat it."""
    try:
        data = json.loads(exchange.answer)
    except ValueError:
        return ""
    error = data.get("error") if isinstance(data, dict) else None
    said = error.get("message") if isinstance(error, dict) else data.get("message") if isinstance(data, dict) else None
    return " ".join(said.split())[:60].strip() if isinstance(said, str) else ""


def _task_id(exchange: Exchange) -> str:
    if exchange.method == "GET":
        return exchange.path.partition("?")[0].rstrip("/").rpartition("/")[2]
    found = json.loads(exchange.answer)["id"]
    assert isinstance(found, str)
    return found


def _facts(thing: Any, facts: Facts) -> Iterator[str]:
    for path, wanted in facts.items():
        found = _at(thing, path)
        if found != wanted and not (isinstance(wanted, type) and isinstance(found, wanted)):
            yield f"{path} {found!r:.120}, expected {wanted!r:.120}"


def _at(thing: Any, path: str) -> Any:
    for step in path.split("."):
        try:
            thing = (
                thing[int(step)] if step.isdigit() else thing[step] if isinstance(thing, dict) else getattr(thing, step)
            )
        except (AttributeError, LookupError, TypeError):
            return f"nothing at {step}"
    return thing


__all__ = [
    "DecodeError",
    "Doubts",
    "Gives",
    "Leaves",
    "Loses",
    "Outcome",
    "ProtocolError",
    "Raises",
    "Saves",
    "Seen",
    "StreamInterrupted",
    "Tells",
    "differences",
]
