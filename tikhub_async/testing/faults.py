r"""Scripted replies: what a gateway, a provider or the network in between can do to one request.

    gw.script("chat.completions", RateLimited(retry_after=1), Truncate(after_events=3))

answers the next chat request with a 429, cuts the one after it behind its third event, and then goes back to normal.
The faults are real: sockets are closed, reset and left silent. The emulator checks keys and bodies first, so that a fault
never hides a request that the gateway would have refused; `FaultServer` takes the same faults for answers of your own.

`Raw` says it byte by byte, for what has no name here:

    gw.script("models", Raw([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"half", RST]))
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal


class Act(Enum):
    """A step that sends nothing."""

    FIN = "fin"
    """Close the connection properly."""
    RST = "rst"
    """Reset it."""
    HALF = "half"
    """Close the sending side, and go on reading until the client leaves."""
    STALL = "stall"
    """Silence until the client leaves."""


FIN, RST, HALF, STALL = Act.FIN, Act.RST, Act.HALF, Act.STALL
"""The same, as scripts write them."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of silence."""

    seconds: float
    """Real seconds."""


Step = bytes | Act | Pause | asyncio.Event
"""What a raw answer is made of: bytes that are sent as they are, and out before the next step begins; an end; a pause; an
event to wait for. Bytes before an `RST` should be few (some 100 KiB): the kernel throws away what the client's window
could not take.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Base of everything that `Emulator.script` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal(Fault):
    """The usual answer: a gap in a script."""


@dataclass(frozen=True, slots=True)
class Raw(Fault):
    """Exactly these bytes, pauses and ends, head included; nothing is derived from them. Nothing is created or paid."""

    steps: Sequence[Step]
    """After the last one the emulator closes the connection; `FaultServer` reads the next request from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Fault):
    """A whole answer of your own, sent as it is. Nothing is created and nothing is paid."""

    status: int = 200
    json: Any = None
    """Encoded as the body unless `body` is given."""
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Default content type: `application/json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Fault):
    """A refusal by the gateway, in the error shape of the route. Nothing is created and nothing is paid."""

    status: int = 500
    code: str | int | None = "do_request_failed"
    """Not on the wire of `/v1/messages`, whose errors have no code."""
    message: str = "upstream error: do request failed"
    type: str = "new_api_error"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    numbered: bool | None = None
    """Whether the request id is appended to the message; None does what the gateway does: to its own errors
    (`new_api_error`) and on `/v1/messages`, never on task routes."""
    late: bool = True
    """The provider had been asked: then a streamed request gets its JSON under the content type of a stream. False for
    what the gateway finds before (a blocked word, an overload).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited(Fault):
    """429 from the provider, in the error shape of the route."""

    retry_after: float | str | None = None
    """Seconds, or an HTTP date as text. The gateway itself never sends the header; a proxy in front may."""
    empty: bool = False
    """True sends no body, as the gateway's own limiter does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Html(Fault):
    """A page instead of an answer: the dashboard (200), or a proxy's error page."""

    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Fault):
    """A body of no bytes."""

    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Fault):
    """The connection is closed properly, without an answer."""

    when: Literal["before_request", "before_answer"] = "before_answer"
    """`before_request`: the gateway never read the request. `before_answer`: it accepted it, created and charged what
    was asked for, and only the answer is lost.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Fault):
    """The connection is reset (RST), after the request was accepted."""

    after_bytes: int | None = None
    """Bytes of the body to send first, after the head; None resets before the head."""
    after_events: int | None = None
    """The same, counted in events of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Fault):
    """The answer stops in the middle. The request was accepted."""

    after_bytes: int | None = None
    after_events: int | None = None
    """Of a stream; with neither, half of the bytes."""
    clean: bool = False
    """True ends the body properly all the same, as the gateway does when a provider breaks off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall(Fault):
    """Silence after the head and some events, on an open connection."""

    after_events: int = 0
    seconds: float | None = None
    """Real seconds, then the rest follows; None waits until the client leaves."""
    pings: int = 0
    """Keep-alive comments that begin the silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowHeaders(Fault):
    """The request is accepted, but the head takes its time."""

    seconds: float | None = 0.2
    """Real seconds; None waits until the client leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PingsOnly(Fault):
    """A stream of keep-alive comments (`: PING`) and never an event."""

    interval: float = 0.02
    """Real seconds between two comments."""
    count: int | None = None
    """Comments before the body ends properly; None goes on until the client leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInStream(Fault):
    """An error after the 200 of a stream is out."""

    after_events: int = 1
    framed: bool = True
    """False sends bare JSON without `data:`, as the gateway does after pings and for Claude streams that break."""
    status: str = "overloaded_error"
    """The error's word: its `type`, and `status` on Gemini routes."""
    message: str = "Overloaded"
    code: str | int | None = None
    pings: int = 0
    """Keep-alive comments before the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFinish(Fault):
    """A stream that ends properly, `[DONE]` included, but never says how the answer ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreaksOff(Fault):
    """The provider goes away in mid-stream, and the gateway ends the stream as if nothing were missing.

    Chat gets a usage of the gateway's own making and `[DONE]`; the other routes end without a word.
    """

    after_events: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatStart(Fault):
    """A stream that begins again in the same body, as after a retry inside the gateway."""

    after_events: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFails(Fault):
    """The task created by this request ends in failure."""

    reason: str = "The request failed because the output video may contain sensitive information."
    code: str = "OutputVideoSensitiveContentDetected"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHangs(Fault):
    """The task created by this request never ends: its status stays where it was once it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExpires(Fault):
    """The provider gives the task up. For Seedance and Kling only the inner status says so; the outer one runs on."""

    word: Literal["expired", "cancelled"] = "expired"
