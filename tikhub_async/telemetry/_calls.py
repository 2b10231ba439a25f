"""`Call`: one call of a client while it goes on. `Hooks`: what may watch it.

The session and the streams report here, and only when somebody watches: a call without watchers has no `Call`. A hook that
raises is logged and otherwise ignored: watching must not cost a paid answer.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.request import Kind, Request
from tikhub_async.errors import StreamInterrupted, TikHubError
from tikhub_async.telemetry._tokens import Tokens, tokens_of
from tikhub_async.types._base import ResponseMeta, is_object, request_id_of

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async._tasks import VideoTask

logger = logging.getLogger("tikhub_async")


class Hooks:
    """Base of what watches a client: override what you need. All of it is called on the event loop, so be quick.

    One call brings, in this order: `on_start`; for every attempt `on_request` and `on_response`; for a stream `on_event`
    whenever events arrive; `on_end`, once, whatever happened.
    """

    def on_start(self, call: "Call") -> None:
        """A call begins; nothing was sent yet."""

    def on_request(self, call: "Call") -> None:
        """An attempt is about to be sent; `call.attempts` counts it."""

    def on_response(self, call: "Call") -> None:
        """An attempt was answered (`call.status_code`) or failed (`call.failure`)."""

    def on_event(self, call: "Call", count: int) -> None:
        """Events of a stream arrived, `count` of them at once."""

    def on_end(self, call: "Call") -> None:
        """The call has ended: well, in an error (`call.error`), or because its caller left it, or dropped its stream."""

    def on_task(self, task: "VideoTask[Any]") -> None:
        """A video task was created, or a look showed another status or progress."""


class _Usage(msgspec.Struct):
    usage: Any = None
    usageMetadata: Any = None  # noqa: N815 - Google's word


class Call:
    """One call, from its beginning to its end. Holds what was sent and received: mind what you do with it."""

    ended = True
    """False while it goes on."""

    def __init__(self, session: "Session", request: Request, observers: "tuple[Hooks, ...]") -> None:
        self.request = request
        self.started_at = session.clock.time()
        """Unix seconds."""
        self.seconds = 0.0
        """How long it took; 0 until it has ended."""
        self.attempts = 0
        """Requests sent so far, the one under way included."""
        self.status_code: int | None = None
        """Status of the last answer."""
        self.request_id: str | None = None
        """The gateway's id of the last answer."""
        self.failure: TikHubError | None = None
        """What became of the last attempt, None when it was answered."""
        self.error: BaseException | None = None
        """Why the call failed: a `TikHubError`, or the cancellation of its caller."""
        self.maybe_billed = False
        """True when a failed attempt, or the failed call, may have been charged."""
        self.events = 0
        """Events of a stream so far."""
        self.first_event: float | None = None
        """Seconds until the first event of a stream."""
        self._clock = session.clock
        self._begun = session.clock.now()
        self._loop = asyncio.get_running_loop()
        self._observers = observers
        self._body = b""
        self._usage: Any = None
        self._result: Any = None
        self.ended = False

    @property
    def name(self) -> str:
        """As `openai.chat.completions`."""
        return self.request.endpoint.name

    @property
    def provider(self) -> str:
        """As `openai`."""
        return self.name.partition(".")[0]

    @property
    def where(self) -> str:
        """As errors name it: `openai.chat.completions POST /v1/chat/completions`."""
        return self.request.where

    @property
    def kind(self) -> str:
        """`generate` (paid at once), `create` (a paid video), `read` (a look, a list) or `delete`."""
        return self.request.endpoint.kind.value

    @property
    def streamed(self) -> bool:
        """Whether the answer comes as events."""
        return self.request.stream

    @property
    def server(self) -> tuple[str, int]:
        """Host and port of the gateway."""
        parts = urlsplit(self.request.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The body that was sent, as plain data; of a form its texts. Decoded when first asked for."""
        if self.request.body is not None:
            body = codec.loads(self.request.body)
            return body if is_object(body) else {}
        return {part.name: part.content for part in self.request.form if isinstance(part.content, str)}

    @property
    def model(self) -> str:
        """The model that was asked for; `""` where none was."""
        model = self.parameters.get("model") or self.parameters.get("model_name")
        if isinstance(model, str):
            return model
        _, found, rest = self.request.url.partition("/models/")
        return rest.partition(":")[0] if found else ""

    @cached_property
    def response(self) -> Any:
        """The answer as plain data, of a stream what it added up to; None where there is none. Decoded when asked for."""
        if self._result is not None:
            return msgspec.to_builtins(self._result)
        try:
            return codec.loads(self._body) if self._body else None
        except (ValueError, RecursionError):
            return None  # a subtitle file, or no JSON at all

    @property
    def usage(self) -> Any:
        """What the provider counted, in its own words; None means unknown."""
        if self._usage is None and self._body:
            try:
                found = codec.decoder_for(_Usage).decode(self._body)
                self._usage = found.usage or found.usageMetadata
            except codec.FAILURES:
                return None
        return self._usage

    @property
    def tokens(self) -> Tokens:
        """The same in one form for all providers."""
        return tokens_of(self.usage)

    def __repr__(self) -> str:
        # Tracebacks with locals must not show prompts.
        return f"<Call {self.where}>"

    def __del__(self) -> None:
        # A stream that is dropped without being closed tells nobody. Whoever sums or traces must not wait for it for ever.
        if self.ended or sys.is_finalizing():
            return
        if self._loop.is_closed():
            self._drop()
        else:  # not here: the collector runs at any time, on any thread, also while a hook holds a lock of its own
            self._loop.call_soon_threadsafe(self._drop)

    def _drop(self) -> None:
        dropped = StreamInterrupted(
            f"the stream was dropped before its end, after {self.events} events",
            where=self.where,
            request_id=self.request_id,
            attempts=self.attempts,
            maybe_billed=True,  # what came of it went with the stream
            hint="leave streams by `async with`, or call aclose()",
        )
        self.end(error=dropped)

    # ── what the session and the streams report ─────────────────────────────────────────────────────────────────

    def attempt(self, number: int) -> None:
        """An attempt is about to be sent."""
        self.attempts = number
        self._tell("on_request")

    def answered(self, meta: ResponseMeta) -> None:
        """An attempt was answered."""
        self.status_code, self.request_id, self.failure = meta.status_code, request_id_of(meta.headers), None
        self.maybe_billed = meta.maybe_billed
        self._tell("on_response")

    def failed(self, error: TikHubError) -> None:
        """An attempt failed."""
        self.status_code, self.request_id = getattr(error, "status_code", None), error.request_id
        self.failure = error
        self._tell("on_response")

    def arrived(self, count: int) -> None:
        """Events arrived."""
        self.events += count
        if self.first_event is None:
            self.first_event = self._clock.now() - self._begun
        self._tell("on_event", count)

    def end(
        self, *, error: BaseException | None = None, body: bytes = b"", usage: Any = None, result: Any = None
    ) -> None:
        """The call has ended; further ends are ignored."""
        if self.ended:
            return
        self.ended = True
        self.seconds = self._clock.now() - self._begun
        self.error, self._body, self._usage, self._result = error, body, usage, result
        if error is not None:
            # A cancellation says nothing: what was sent may be charged.
            self.maybe_billed = getattr(error, "maybe_billed", self.attempts > 0 and self.kind != Kind.READ.value)
        self._tell("on_end")

    def _tell(self, hook: str, *facts: Any) -> None:
        tell(self._observers, hook, self, *facts)


def tell(observers: "tuple[Hooks, ...]", hook: str, *facts: Any) -> None:
    """Call a hook of every observer."""
    for observer in observers:
        try:
            getattr(observer, hook)(*facts)
        except Exception:
            logger.exception("%s.%s failed", type(observer).__name__, hook)
