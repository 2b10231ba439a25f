"""`EventStream`: the typed events of a streamed answer, and the finished object behind them.

bytes → server-sent events → structs → accumulator, one pass per read; no `await` and no timer per event. A stream
either reaches its protocol's end or raises with everything received so far. Bytes that arrived before a failure are
delivered before it is raised.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from tikhub_async._session.failures import ONE_READER, BodyFailed, Stalled
from tikhub_async._streams import failures
from tikhub_async._streams.accumulator import Accumulator
from tikhub_async._streams.views import StreamStats, TextStream
from tikhub_async._wire import codec
from tikhub_async._wire.request import Request
from tikhub_async._wire.sse import ServerSentEvent, SSEDecoder
from tikhub_async.errors import DecodeError, ProtocolError, TikHubError
from tikhub_async.telemetry import _watching as watching
from tikhub_async.types._base import Headers, Response, ResponseMeta, request_id_of

if TYPE_CHECKING:
    from tikhub_async._session.body import StreamBody
    from tikhub_async._session.session import Session
    from tikhub_async.relay import StreamRelay
    from tikhub_async.telemetry import Call

E = TypeVar("E")
R = TypeVar("R", bound=Response)
DONE = b"[DONE]"
"""Data of the event behind the last one. The gateway sends it after cut streams too, so it proves nothing."""


class EventStream(Generic[E, R]):
    """The events of a streamed answer, as an async iterator and context manager.

    The request leaves on `async with` or with the first event. Iterating to the end, an error and `aclose()` all give
    the connection back; after a `break` outside `async with`, call `aclose()`.

    Raises while iterating:
        StreamInterrupted: The stream ended before its protocol's end; `partial` and `usage` hold what arrived.
        StreamTimeout: No data event within `Timeouts.idle`, or the total limit ran out.
        APIStatusError: The gateway refused the request, or sent an error inside the stream (`stage="stream"`).
        ProtocolError, DecodeError: The answer is empty, no event stream, or holds something that is not JSON.
        RuntimeError: Another task is reading: one at a time.
    """

    def __init__(
        self,
        session: "Session",
        request: Request,
        accumulator: Accumulator[E, R],
        prepare: Callable[[Request], Awaitable[Request]] | None = None,
    ) -> None:
        self._session = session
        self._request = request
        self._prepare = prepare
        self._accumulator = accumulator
        self._decode = codec.decoder_for(accumulator.event_type).decode
        self._decoder = SSEDecoder(session.config.max_event_bytes)
        self._body: StreamBody | None = None
        self._meta = ResponseMeta()
        self._batch: list[E] = []
        self._sources: list[ServerSentEvent] = []
        """What the batch was decoded from, one by one; perhaps more."""
        self._next = 0
        self._failure: BaseException | None = None
        self._opening = False
        """The request was sent, or is about to be: never twice."""
        self._finished = False
        self._done_seen = False
        self._result: R | None = None
        self._sent_at = 0.0
        self._observers = watching.observers_of(session)
        self._watch: Call | None = None
        self.stats = StreamStats()
        """Counts and times so far."""

    # ── iteration ───────────────────────────────────────────────────────────────────────────────────────────────

    def __aiter__(self) -> "EventStream[E, R]":
        return self

    async def __anext__(self) -> E:
        index = self._next
        if index >= len(self._batch):
            await self._advance()
            index = 0
        self._next = index + 1
        return self._batch[index]

    async def __aenter__(self) -> "EventStream[E, R]":
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back; the provider is told to stop if it is still sending. Never raises."""
        self._close()

    def _close(self) -> None:
        if self._body is not None and not self._body.closed:
            self._body.close()
        if not self._finished and self._failure is None:
            self._failure = failures.interrupted("the stream was closed before its end", self._progress())
            self._tell_end()

    @property
    def text_stream(self) -> "TextStream[E, R]":
        """The visible text as it arrives, piece by piece; empty pieces are left out."""
        return TextStream(self, self._accumulator.text)

    def relay(
        self,
        *,
        vocabulary: Literal["common", "provider"] = "common",
        heartbeat: float | None = 15.0,
        hide: Collection[str] = (),
        describe: Callable[[TikHubError], Mapping[str, Any]] | None = None,
        on_end: "Callable[[StreamRelay], object] | None" = None,
    ) -> "StreamRelay":
        """The stream as server-sent events for a browser: an async iterator of bytes, with `headers` for the response.

        Args:
            vocabulary: `common` sends `text`, `reasoning`, `tool_call`, `usage`, `done` and `error`, the same for all
                providers; `provider` sends the provider's own events as they come.
            heartbeat: Seconds of silence before a comment is sent; None sends none.
            hide: Events of the common vocabulary that the browser must not see, as `{"reasoning", "usage"}`.
            describe: What the browser is told of an error; default: `tikhub_async.relay.public_error`.
            on_end: Called once with the relay when it has ended, also when the browser left: the place to book `usage`.

        Raises:
            ConfigError: `hide` names something that cannot be hidden, or stands beside the provider's own vocabulary; the
                vocabulary is unknown, or `heartbeat` not above 0.
        """
        from tikhub_async.relay import StreamRelay  # a layer above

        return StreamRelay(
            self, vocabulary=vocabulary, heartbeat=heartbeat, hide=hide, describe=describe, on_end=on_end
        )

    # ── results ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def final(self) -> R:
        """The whole result, after reading what is left of the stream.

        Raises:
            StreamInterrupted: The stream did not reach its end, or was closed before it.
        """
        while not self._finished:
            self._batch, self._next = [], 0
            try:
                await self._advance()
            except StopAsyncIteration:
                break
        if self._failure is not None:
            raise self._fresh_failure()
        return self.partial

    async def final_text(self) -> str:
        """The visible text of the whole result. Raises as `final`."""
        text: str = getattr(await self.final(), "text", "")
        return text

    @property
    def partial(self) -> R:
        """The result so far: everything received, which may be ahead of what was iterated."""
        if self._result is not None:
            return self._result
        result = self._accumulator.snapshot()
        result.attach(self._meta)
        if self._finished:
            self._result = result
        return result

    @property
    def usage(self) -> Any:
        """The last usage the stream reported; None means unknown, not zero."""
        return self._accumulator.usage

    @property
    def request_id(self) -> str | None:
        """The gateway's request id; None before the request was sent."""
        return request_id_of(self._meta.headers)

    @property
    def headers(self) -> Headers:
        """Headers of the answer; empty before the request was sent."""
        return self._meta.headers

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> "StreamBody":
        if self._failure is not None:
            raise self._fresh_failure()
        if self._body is None:
            if self._opening:
                raise RuntimeError(ONE_READER)  # a request of its own would be paid, too
            self._opening = True
            clock = self._session.clock
            self._sent_at = clock.now()
            try:
                if self._prepare is not None:
                    self._request = await self._prepare(self._request)
                self._watch = watching.begin(self._session, self._request, self._observers)
                body = await self._session.open_stream(self._request, self._watch)
            except TikHubError as failure:
                self._failure = failure
                self._tell_end()
                raise
            except BaseException:
                # Cancelled while opening: another try would be another paid request.
                interrupted = failures.interrupted("the stream was cancelled before it opened", self._progress())
                interrupted.maybe_billed = True  # the request may have been sent, and answered to nobody
                self._failure = interrupted
                self._tell_end()
                raise
            self._body, self._meta = body, body.meta
            if self._failure is not None:  # closed by another task meanwhile
                body.close()
                raise self._fresh_failure()
            self.stats.opened = clock.now() - self._sent_at
            self.stats.attempts = body.meta.attempts
        return self._body

    async def _advance(self) -> None:
        """Put at least one event into the batch, or end: by StopAsyncIteration or by the stream's error."""
        self._batch, self._next = [], 0
        if self._failure is None and not self._finished:
            body = await self._open()
            body.start_waiting()
            try:
                while not self._batch and self._failure is None and not self._finished:
                    await self._fill(body)
            finally:
                body.stop_waiting()  # also for a caller who gave this read up and comes back later
        if self._batch:
            return
        if self._failure is not None:
            raise self._fresh_failure()
        raise StopAsyncIteration

    async def _read_batch(self) -> tuple[Sequence[E], Sequence[ServerSentEvent]]:
        """All events at hand, at least one, and what they were decoded from; none at the end."""
        if self._next >= len(self._batch):
            try:
                await self._advance()
            except StopAsyncIteration:
                return (), ()
        start, self._next = self._next, len(self._batch)
        return self._batch[start:], self._sources[start : len(self._batch)]

    def _fresh_failure(self) -> BaseException:
        """The failure without the frames of the last time it was raised, which would pile up and keep this stream alive."""
        assert self._failure is not None
        return self._failure.with_traceback(None)

    async def _fill(self, body: "StreamBody") -> None:
        failure: BodyFailed | Stalled | None = None
        data = b""
        try:
            data = await body.read()
        except (BodyFailed, Stalled) as caught:
            failure = caught
        if failure is not None:
            self._fail(failures.broken(failure, self._progress()))
        elif data:
            self.stats.bytes += len(data)
            try:
                events = self._decoder.decode(data)
            except ProtocolError as caught:
                self._fail(failures.placed(caught, self._progress()))
            else:
                self._take(events)
                if not events and self._session.config.timeouts.comments_are_data:
                    body.start_waiting()
        else:
            self._take_rest()
        if self._finished:
            await body.finish()

    def _take_rest(self) -> None:
        """The last event, where its blank line is missing, and the end of the body."""
        try:
            events = self._decoder.flush()
        except ProtocolError as caught:  # of the last chunk, whose whole events went first
            self._fail(failures.placed(caught, self._progress()))
            return
        self._take(events, at_end=True)
        if self._failure is None and not self._finished:
            self._end_of_body()

    def _take(self, events: list[ServerSentEvent], *, at_end: bool = False) -> None:
        decode = self._decode
        failure: TikHubError | None = None
        if events and events[-1].data == DONE:
            self._done_seen = True
            events = events[:-1]
        try:
            batch: list[E] = [decode(event.data) for event in events]
        except codec.FAILURES:
            batch, failure = self._take_one_by_one(events, at_end=at_end)
        accumulator = self._accumulator
        if batch:
            self._sources = events
            taken = accumulator.feed(batch)
            self._count(taken)
            self._batch = batch if taken == len(batch) else batch[:taken]
            if accumulator.error is not None:
                failure = failures.reported(accumulator.error, self._progress())
            elif accumulator.ended:
                failure = None  # what follows the end is not of this stream, in this read as in a later one
        if failure is not None:
            self._fail(failure)
        elif accumulator.ended or self._done_seen:
            self._end()

    def _take_one_by_one(self, events: list[ServerSentEvent], *, at_end: bool) -> tuple[list[E], TikHubError | None]:
        """As many events as can be read, and what is wrong with the next one."""
        batch: list[E] = []
        for event in events:
            try:
                batch.append(self._decode(event.data))
            except codec.FAILURES:
                if event.data.strip() == DONE:
                    self._done_seen = True
                    break
                failure = self._take_odd(event.data, batch, at_end=at_end)
                if failure is not None:
                    return batch, failure
        return batch, None

    def _take_odd(self, data: bytes, batch: list[E], *, at_end: bool) -> TikHubError | None:
        """An event the fast path refused: read it leniently into `batch`, or say what is wrong with it."""
        if at_end and not data.rstrip().endswith((b"}", b"]")):
            return failures.interrupted("the stream was cut inside an event", self._progress())
        number = self.stats.events + len(batch) + 1
        try:
            batch.append(codec.decode_lenient(data, self._accumulator.event_type))
        except DecodeError as error:
            return failures.undecodable(error, number, self._progress())
        return None

    def _count(self, events: int) -> None:
        if events:
            now = self._session.clock.now() - self._sent_at
            stats = self.stats
            stats.events += events
            stats.last_event = now
            if stats.first_event is None:
                stats.first_event = now
            if self._watch is not None:
                self._watch.arrived(events)

    # ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _end(self) -> None:
        if self._is_whole():
            self._finish()
        else:
            self._fail(self._problem() or self._cut("the stream said [DONE] without its protocol's end"))

    def _end_of_body(self) -> None:
        error = failures.stray(self._decoder.stray, self._progress()) if self._decoder.stray else None
        if error is None and self._is_whole():
            self._finish()
        else:
            self._fail(error or self._cut("the stream ended before its protocol's end"))

    def _is_whole(self) -> bool:
        lenient = self._session.config.lenient_streams and self.stats.events > 0
        return self._accumulator.complete or lenient

    def _cut(self, message: str) -> TikHubError:
        """What a stream is that ended too early."""
        progress = self._progress()
        return failures.interrupted(message, progress) if self.stats.events else failures.empty(progress)

    def _finish(self) -> None:
        self._finished = True
        self._failure = self._problem()
        self._tell_end()

    def _problem(self) -> TikHubError | None:
        """What the protocol itself reports as a failure."""
        problem = self._accumulator.problem()
        return None if problem is None else failures.placed(problem, self._progress())

    def _fail(self, failure: TikHubError) -> None:
        self._failure = failure
        if isinstance(failure, ProtocolError):
            failure.partial = failure.partial or self._partial_or_none()
            failure.status_code = failure.status_code or self._meta.status_code
            failure.headers = failure.headers or dict(self.headers)
        if self._body is not None:
            self._body.close()
        self._tell_end()

    def _tell_end(self) -> None:
        if self._watch is not None and not self._watch.ended:
            self._watch.end(error=self._failure, usage=self.usage, result=self._partial_or_none())

    def _partial_or_none(self) -> R | None:
        return self.partial if self.stats.events else None

    def _progress(self) -> failures.Progress:
        return failures.Progress(
            request=self._request,
            meta=self._meta,
            opened=self._body is not None,
            events=self.stats.events,
            partial=self._partial_or_none(),
            usage=self.usage,
        )
