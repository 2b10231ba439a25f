"""What the emulator remembers: every request it saw, every creation it charged for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RecordedRequest:
    """One request as it arrived, and what became of it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case; keys are cut to `sk-TES***000`."""
    time: float
    """Unix seconds of the emulator's clock at arrival."""
    connection: int
    """Number of the TCP connection, counted from 1: equal numbers mean a kept connection."""
    route: str = ""
    """Name of the route, "" when none matched."""
    body: bytes = b""
    json: Any = None
    """The body decoded; None when it is not JSON."""
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    """Text parts of a form; of a repeated part the last one."""
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    """File parts of a form: file name and content."""
    status: int | None = None
    """Status that was sent; None while no head was sent."""
    events_sent: int = 0
    """Events of a streamed answer that were written."""
    finished: bool = False
    """The answer was written to its proper end."""
    broken_off: bool = False
    """A scripted fault ended the exchange."""
    left_at: float | None = None
    """Seconds after arrival (real time) at which the client left before the end; None if it stayed."""

    @property
    def client_left(self) -> bool:
        """The client went away before the answer was complete."""
        return self.left_at is not None


@dataclass(frozen=True, slots=True)
class PaidCreation:
    """One video creation that the gateway accepted, and charged."""

    id: str
    """Id under which the task can be polled (for Veo: the operation name)."""
    route: str
    body: Any
    """JSON body of the request, or its form as a dict."""
    time: float
    """Unix seconds of the emulator's clock."""


def redact(value: str) -> str:
    """A header value with every key in it cut."""
    word, _, key = value.strip().rpartition(" ")
    cut = f"{key[:6]}***{key[-3:]}" if len(key) > 12 else "***"
    return f"{word} {cut}".strip()
