"""What is known of one call while it runs, and of one whose caller has gone."""

from typing import TYPE_CHECKING

import msgspec

from tikhub_async._session.exchange import Answer
from tikhub_async._session.transport import Pools, Sent
from tikhub_async._wire import codec
from tikhub_async._wire.request import Kind, Request
from tikhub_async.errors import TikHubError

if TYPE_CHECKING:
    from tikhub_async.telemetry._calls import Call

SENT_KEPT = 65536
"""Characters of a sent body kept on an `InDoubtError`."""


class Orphan(msgspec.Struct, frozen=True):
    """A creation whose caller was cancelled while it was in flight."""

    endpoint: str
    answer: Answer | None
    error: TikHubError | None


class CallState:
    """The facts that grow over the attempts of one call."""

    def __init__(self, request: Request, deadline: float | None, pools: Pools) -> None:
        self.request = request
        self.deadline = deadline
        self.pools = pools
        self.attempts = 0
        """Attempts begun."""
        self.unsent = 0
        """Those of them that never left the machine."""
        self.doubts = 0
        self.earlier: list[TikHubError] = []
        self.sent = Sent()
        self.sent_at = 0.0
        self.abandoned = False
        """The caller is gone: finish what is in flight, send nothing more."""
        self.watch: Call | None = None
        """Who watches is told there; None when nobody does."""

    @property
    def paid(self) -> bool:
        return self.request.endpoint.kind.is_paid

    @property
    def in_flight(self) -> bool:
        return self.sent.value

    @property
    def may_have_deleted(self) -> bool:
        """An earlier attempt, whose answer was lost, may have deleted what now is not there."""
        return self.request.endpoint.kind is Kind.DELETE and self.doubts > 0

    @property
    def requests(self) -> int:
        """Requests that left the machine, or may have."""
        return self.attempts - self.unsent


def sent_text(request: Request) -> str:
    """What was sent, for a human who looks for it in a list of tasks; files by name and size."""
    if request.body is not None:
        return request.body[:SENT_KEPT].decode("utf-8", "replace")
    parts = {
        part.name: part.content if isinstance(part.content, str) else f"{part.filename}, {len(part.content)} bytes"
        for part in request.form
    }
    return codec.dumps(parts).decode()[:SENT_KEPT]
