"""A whole answer, as steps, and a fault → the steps of the broken answer: `faults` for servers that know no gateway."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count, takewhile
from typing import Any

import msgspec

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing import faults
from tikhub_async.testing._exchange import Answer, Shape
from tikhub_async.testing.faults import FIN, RST, STALL, Fault, Pause, Step

PING = b": PING\n\n"
NO_ID = "faultserver"
SHAPES: tuple[tuple[str, Shape], ...] = (
    ("/v1/messages", "claude"),
    ("/v1beta/", "gemini"),
    ("/v1/videos", "task"),
    ("/seedance/", "task"),
    ("/kling/", "task"),
)
"""Which error shape the gateway uses below a path; OpenAI's everywhere else."""


def broken(answer: Sequence[Step], fault: Fault, path: str) -> Iterable[Step]:
    """What goes out when `fault` happens to `answer`.

    Args:
        answer: The head, then the body in one piece, or one chunk per event.
        fault: What happens.
        path: Decides the shape of a refusal.

    Raises:
        TypeError: The fault is about tasks or the protocol of a stream: only the emulator knows those.
    """
    for kind in type(fault).__mro__:
        if kind in _BREAKERS:
            return _BREAKERS[kind](list(answer), fault, path)
    raise TypeError(f"{type(fault).__name__} needs a gateway: script it on an Emulator")


class _Parts:
    """An answer taken apart."""

    def __init__(self, answer: list[Step]) -> None:
        self.head = answer[0] if answer and isinstance(answer[0], bytes) else b""
        self.pieces = [piece for piece in answer[1:] if isinstance(piece, bytes)]
        self.chunked = b"chunked" in self.head.lower()
        if self.chunked:
            self.pieces = [piece.partition(b"\r\n")[2][:-2] for piece in self.pieces if not piece.startswith(b"0\r\n")]

    def framed(self, pieces: Iterable[bytes]) -> list[Step]:
        """Body pieces as they go out."""
        return [b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece for piece in pieces if piece]

    def first(self, after_bytes: int | None, after_events: int | None) -> list[bytes]:
        """The beginning of the body: so many events, or bytes; with neither, half of the bytes."""
        if after_events is not None:
            return self.pieces[:after_events]
        data = b"".join(self.pieces)
        return [data[: len(data) // 2 if after_bytes is None else after_bytes]]

    def ended(self, pieces: list[bytes]) -> list[Step]:
        """A proper answer of these pieces."""
        if self.chunked:
            return [self.head, *self.framed(pieces), b"0\r\n\r\n"]
        length = rb"\g<1>%d" % sum(map(len, pieces))
        return [re.sub(rb"(?i)(content-length: *)\d+", length, self.head), *pieces]


def _said(answer: Answer) -> list[Step]:
    lines = [f"HTTP/1.1 {answer.status} Said", f"Content-Length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ["\r\n".join([*lines, "", ""]).encode(), answer.body]


def _shape(path: str) -> Shape:
    for prefix, shape in SHAPES:
        if path.startswith(prefix):
            return shape
    return "openai"


def _reply(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    body = fault.body if fault.body is not None else msgspec.json.encode(fault.json)
    return _said(Answer(fault.status, body, {"Content-Type": "application/json"} | dict(fault.headers)))


def _limited(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    said = Answer(429, headers={}) if fault.empty else refusals.rate_limited(_shape(path), NO_ID)
    if fault.retry_after is not None:
        said.headers["Retry-After"] = str(fault.retry_after)
    return _said(said)


def _error(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    said = refusals.by_shape(
        _shape(path), fault.status, fault.code, fault.message, fault.type, NO_ID, numbered=fault.numbered
    )
    said.headers |= fault.headers
    return _said(said)


def _reset(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    if fault.after_bytes is None and fault.after_events is None:
        return [RST]
    parts = _Parts(answer)
    return [parts.head, *parts.framed(parts.first(fault.after_bytes, fault.after_events)), RST]


def _truncate(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    parts = _Parts(answer)
    pieces = parts.first(fault.after_bytes, fault.after_events)
    return parts.ended(pieces) if fault.clean else [parts.head, *parts.framed(pieces), FIN]


def _silence(seconds: float | None) -> Step:
    return STALL if seconds is None else Pause(seconds)


def _stall(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    at = 1 + fault.after_events
    return [*answer[:at], _silence(fault.seconds), *answer[at:]]


def _pings(answer: list[Step], fault: Any, path: str) -> Iterable[Step]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in takewhile(lambda sent: fault.count is None or sent < fault.count, count()):
        yield b"%x\r\n%s\r\n" % (len(PING), PING)
        yield Pause(fault.interval)
    yield b"0\r\n\r\n"


_BREAKERS: dict[type, Callable[[list[Step], Any, str], Iterable[Step]]] = {
    faults.Normal: lambda answer, fault, path: answer,
    faults.Raw: lambda answer, fault, path: fault.steps,
    faults.Reply: _reply,
    faults.Error: _error,
    faults.RateLimited: _limited,
    faults.Html: lambda answer, fault, path: _said(refusals.html_page(fault.status)),
    faults.Empty: lambda answer, fault, path: _said(Answer(fault.status, b"", {"Content-Type": fault.content_type})),
    faults.Drop: lambda answer, fault, path: [FIN],
    faults.Reset: _reset,
    faults.Truncate: _truncate,
    faults.Stall: _stall,
    faults.SlowHeaders: lambda answer, fault, path: [_silence(fault.seconds), *answer],
    faults.PingsOnly: _pings,
}
