"""`Meter`: what everything inside a scope cost, unknown counted as unknown."""

import weakref
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tikhub_async.telemetry._calls import Call
from tikhub_async.telemetry._tokens import Tokens
from tikhub_async.telemetry._watching import SCOPES, Scope
from tikhub_async.types._base import Number

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async._tasks import VideoTask


@dataclass(slots=True)
class Spent:
    """Sums of what is known, and how much is not."""

    calls: int = 0
    """Paid calls that have ended, creations of videos included."""
    failed: int = 0
    """Those of them that ended in an error."""
    unknown: int = 0
    """Charges, or possible charges, without a count: answers without usage, broken streams, lost outcomes, videos without a price."""
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    """Part of `output_tokens`."""
    cached_tokens: int = 0
    """Part of `input_tokens`."""
    seconds: float = 0.0
    """Audio that is charged by its length."""
    videos: int = 0
    """Videos that were created."""
    quota: Number = 0
    """Price of finished videos in the gateway's units."""

    @property
    def total_tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    def add(self, tokens: Tokens) -> None:
        """Add the counts that are there."""
        self.input_tokens += tokens.input_tokens or 0
        self.output_tokens += tokens.output_tokens or 0
        self.reasoning_tokens += tokens.reasoning_tokens or 0
        self.cached_tokens += tokens.cached_tokens or 0
        self.seconds += tokens.seconds or 0.0


class Meter(Scope):
    """Sums the usage of every paid call of one client that begins inside its `with` block.

    "Inside" goes by context, not by place: what tasks that were started inside call counts too, whatever runs beside them
    does not. A stream or video that outlives the block is still added when it ends. Meters nest; each counts all.
    """

    def __init__(self, session: "Session") -> None:
        self.transport = weakref.ref(session.transport)
        self.total = Spent()
        """Everything."""
        self.by_model: dict[str, Spent] = {}
        """The same by the model that was asked for; a video's price stands under its provider."""
        self.pending = 0
        """Calls and videos that have begun and not ended: their cost is yet to come."""
        self._token: Token[tuple[Scope, ...]] | None = None
        self._videos: dict[tuple[str, str], bool] = {}
        """Videos that were created inside, and whether each is done."""

    @property
    def unknown(self) -> int:
        """Charges without a count; 0 together with `pending` 0 means that `total` is all there is."""
        return self.total.unknown

    def __enter__(self) -> Self:
        self._token = SCOPES.set((*SCOPES.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is None:
            return
        try:
            SCOPES.reset(token)
        except ValueError:
            # Left in another context, as the end of an async fixture: nothing begins in the old one any more.
            SCOPES.set(tuple(scope for scope in SCOPES.get() if scope is not self))

    def __repr__(self) -> str:
        return f"<Meter {self.total}, {self.pending} pending>"

    # ── what is counted ─────────────────────────────────────────────────────────────────────────────────────────

    def on_start(self, call: Call) -> None:
        """Count a paid call as pending."""
        if call.kind in ("generate", "create"):
            self.pending += 1

    def on_end(self, call: Call) -> None:
        """Add what it cost."""
        if call.kind not in ("generate", "create"):
            return
        self.pending -= 1
        for spent in self._accounts(call.model):
            self._settle(spent, call)

    def _settle(self, spent: Spent, call: Call) -> None:
        spent.calls += 1
        spent.failed += call.error is not None
        if call.kind == "create":
            # What a video costs is told by its task; here only what was lost on the way counts.
            spent.unknown += call.error is not None and call.maybe_billed
            return
        tokens = call.tokens
        spent.add(tokens)
        if call.error is None:
            spent.unknown += not tokens.known
            spent.unknown += call.maybe_billed  # an earlier attempt may have been charged as well
        elif call.maybe_billed:
            spent.unknown += not tokens.known

    def on_task(self, task: "VideoTask[Any]") -> None:
        """Count a video that was created inside, and its price once it is done."""
        key = (task.provider, task.id)
        if key not in self._videos:
            if task.creation is None:
                return  # attached: its creation was somebody else's
            self._videos[key] = False
            self.pending += 1
            for spent in self._accounts(task.provider):
                spent.videos += 1
        if task.done and not self._videos[key]:
            self._videos[key] = True
            self.pending -= 1
            for spent in self._accounts(task.provider):
                self._price(spent, task)

    def _price(self, spent: Spent, task: "VideoTask[Any]") -> None:
        if task.status != "succeeded":
            return  # the gateway gives the price back
        if task.state.quota is None:
            spent.unknown += 1
        else:
            spent.quota += task.state.quota

    def _accounts(self, model: str) -> tuple[Spent, Spent]:
        return self.total, self.by_model.setdefault(model, Spent())
