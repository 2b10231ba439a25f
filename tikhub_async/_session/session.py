"""Calls: attempts, deadlines, what is sent again, and creations that nobody may lose."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import aiohttp

from tikhub_async._config import Config
from tikhub_async._retry import Attempt, Outcome, classify, limit_of, may_resend, wait_before
from tikhub_async._session import fetch
from tikhub_async._session.body import Content, StreamBody
from tikhub_async._session.call import CallState, Orphan, sent_text
from tikhub_async._session.exchange import Answer, Exchange, failure_of, is_cut
from tikhub_async._session.failures import BodyFailed, Stalled
from tikhub_async._session.transport import Pools, Sent, Transport
from tikhub_async._wire import codec
from tikhub_async._wire.request import Kind, Request
from tikhub_async._wire.response import error_of, not_a_stream
from tikhub_async.errors import APIConnectionError, InDoubtError, NotFoundError, TikHubError
from tikhub_async.telemetry import _watching as watching
from tikhub_async.telemetry._calls import Call
from tikhub_async.types._base import Headers, ResponseMeta, request_id_of

T = TypeVar("T")
Ask = Callable[[Pools, Request, Sent], Awaitable[aiohttp.ClientResponse]]
"""Sends a request once, as `Exchange.request` does."""
logger = logging.getLogger("tikhub_async")

TRANSPORT_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError, BodyFailed, Stalled, TikHubError)
"""ValueError: a resolver says so of a name that cannot be one."""
CLOSED_HINT = "await the calls before aclose() and before the end of `async with`"
HOLD_JITTER = 1.0
"""Longest extra wait behind a hold, seconds: a thousand calls that were held must not all leave at once."""


class Session:
    """One client's way to the gateway: its options over a transport that copies share."""

    def __init__(self, config: Config, transport: Transport, *, owner: bool = True) -> None:
        self.config = config
        self.transport = transport
        self.clock = transport.clock
        self._owner = owner
        self._exchange = Exchange(config, transport.clock)
        self._fetch = fetch.Fetch(config, self._exchange, transport.options)
        self._key = transport.key_state(config.api_key)
        self._random = random.random

    def copy(self, config: Config) -> "Session":
        """A session with other options over the same pools; closing it does nothing."""
        return Session(config, self.transport, owner=False)

    @property
    def is_owner(self) -> bool:
        """False for the session of a copied client."""
        return self._owner

    async def aclose(self) -> None:
        """Drain creations in flight and close the running loop's pools."""
        if self._owner:
            await self.transport.aclose()

    async def send(self, request: Request) -> Answer:
        """The whole answer of a call.

        Raises:
            APIError: No usable answer, after the attempts its kind allows.
            InDoubtError: A creation was sent and its outcome is unknown.
        """
        call = self._call(request, self._total(request))
        call.watch = watch = watching.begin(self, request, watching.observers_of(self))
        sending = self._shielded(call) if request.endpoint.kind is Kind.CREATE else self._run(call, self._answer)
        if watch is None:
            return await sending
        try:
            answer = await sending
        except BaseException as error:
            watch.end(error=error)
            raise
        watch.end(body=answer.body)
        return answer

    async def open_stream(self, request: Request, watch: Call | None = None) -> StreamBody:
        """The open body of a streamed answer, its status and content type already checked.

        Raises:
            APIError: The stream did not open.
        """
        call = self._call(request, request.timeout)
        call.watch = watch
        return await self._run(call, self._body)

    async def open_url(self, request: Request, *, headers: Mapping[str, str] | None = None) -> StreamBody:
        """The open body of a result, wherever it lies. Sends one request and follows its redirects; see `_session.fetch`.

        Args:
            request: Of an address (`fetch.request_for`), or of the gateway's content route.
            headers: Sent to every host on the way, as `Range`; headers of a request go to the base URL's only.

        Raises:
            DownloadError: The address must not be fetched: not https, not public, too many redirects.
            APIError: No file arrived. Whether to try again is the caller's decision.
        """
        call = self._call(request, request.timeout)
        call.attempts = 1
        result = await self._file(call, partial(self._fetch.request, headers=headers or {}))
        if isinstance(result, Attempt):
            call.unsent += result.outcome is Outcome.UNSENT
            raise self._final(call, result)
        return result

    def in_doubt(self, request: Request, reason: str, answer: Answer) -> InDoubtError:
        """The error for a creation that was answered, but not with a task."""
        call = CallState(request, None, self.transport.pools())
        call.attempts, call.sent_at = answer.meta.attempts, answer.sent_at
        return self._in_doubt(call, TikHubError(reason, request_id=request_id_of(answer.meta.headers)))

    # ── attempts ────────────────────────────────────────────────────────────────────────────────────────────────

    def _total(self, request: Request) -> float | None:
        """Seconds for a whole call that is not streamed: the caller's, else the endpoint's, but not more than `total`."""
        if request.timeout is not None:
            return request.timeout
        limits = self.config.timeouts
        return _smaller(getattr(limits, request.endpoint.timeout), limits.total)

    def _call(self, request: Request, total: float | None) -> CallState:
        return CallState(request, None if total is None else self.clock.now() + total, self.transport.pools())

    async def _shielded(self, call: CallState) -> Answer:
        # A separate task with `asyncio.shield` is the only thing that survives a native cancel() of the caller.
        task = asyncio.get_running_loop().create_task(self._run(call, self._answer))
        self.transport.own(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelled():
                pass  # the client was closed, and its caller waits on
            elif task.done():
                self._orphan(call, task)  # answered in the very tick of the cancellation
                raise
            elif call.in_flight:
                call.abandoned = True
                task.add_done_callback(lambda done: self._orphan(call, done))
                raise
            else:
                task.cancel()
                raise
        closed = APIConnectionError(
            "the client was closed", where=call.request.where, attempts=call.requests, hint=CLOSED_HINT
        )
        raise self._in_doubt(call, closed) if call.in_flight else closed

    def _orphan(self, call: CallState, task: "asyncio.Task[Answer]") -> None:
        name = call.request.endpoint.name
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self.transport.orphans.append(Orphan(name, task.result(), None))
            logger.warning("%s finished after its caller was cancelled; see client.tasks.orphans()", name)
            return
        ours = error if isinstance(error, TikHubError) else self._in_doubt(call, TikHubError("closed while in flight"))
        self.transport.orphans.append(Orphan(name, None, ours))
        logger.warning("%s failed after its caller was cancelled: %s", name, ours)

    async def _run(self, call: CallState, once: "Callable[[CallState], Awaitable[T | Attempt]]") -> T:
        while True:
            if self._key.hold_until > self.clock.now():
                await self._wait_for_hold(call)
            call.attempts += 1
            if call.watch is not None:
                call.watch.attempt(call.attempts)
            result = await once(call)
            call.sent.value = False  # nothing is in flight between attempts
            if call.watch is not None:
                _report(call.watch, result)
            if not isinstance(result, Attempt):
                self._key.quota.succeed(call.attempts - 1)
                return result
            wait = self._next_wait(call, result)
            if wait is None:
                break
            call.earlier.append(result.error)
            try:
                await self.clock.sleep(wait)
            except BaseException:
                self._key.quota.give_back()  # cancelled: this retry is not sent
                raise
        # Raised here, outside any `except`, so that no transport error with its headers hangs on to ours.
        raise self._final(call, result)

    def _next_wait(self, call: CallState, attempt: Attempt) -> float | None:
        request, policy = call.request, self.config.retries
        in_doubt = attempt.outcome is Outcome.IN_DOUBT
        call.doubts += in_doubt
        call.unsent += attempt.outcome is Outcome.UNSENT
        wait = wait_before(call.attempts, attempt.error, policy, self._random)
        if call.sent.on_kept and in_doubt and not call.earlier and type(attempt.error) is APIConnectionError:
            wait = 0.0  # most likely the server had closed the connection before, so it is not in trouble
        if wait is not None and getattr(attempt.error, "retry_after", None):
            # For every call with this key, whether or not this one goes on.
            self._key.hold_until = max(self._key.hold_until, self.clock.now() + wait)
        if (
            call.abandoned
            or call.pools.closed
            or call.attempts > limit_of(request.endpoint.kind, policy, request.max_retries)
        ):
            return None
        if wait is None or not may_resend(request.endpoint.kind, attempt, call.doubts, policy):
            return None
        if call.deadline is not None and self.clock.now() + wait >= call.deadline:
            return None  # no sleep past a deadline
        return wait if self._key.quota.spend() else None

    async def _wait_for_hold(self, call: CallState) -> None:
        # Again after each sleep: another 429 may have moved the hold. The jitter spreads those who waited together.
        while (wait := self._key.hold_until - self.clock.now()) > 0:
            wait += min(wait, HOLD_JITTER) * self._random()
            if call.deadline is not None and self.clock.now() + wait >= call.deadline:
                return
            await self.clock.sleep(wait)

    def _final(self, call: CallState, attempt: Attempt) -> TikHubError:
        error = attempt.error
        if call.request.endpoint.kind is Kind.CREATE and attempt.outcome is Outcome.IN_DOUBT:
            return self._in_doubt(call, error)
        error.attempts = call.requests
        error.earlier = tuple(call.earlier)
        error.maybe_billed = call.paid and call.doubts > 0
        return error

    def _in_doubt(self, call: CallState, cause: TikHubError) -> InDoubtError:
        request = call.request
        provider = request.endpoint.name.partition(".")[0]
        return InDoubtError(
            f"a paid {provider} creation was sent and its outcome is unknown: {cause.message}",
            provider=provider,
            sent=sent_text(request),
            sent_at=call.sent_at,
            attempts=call.requests,
            request_id=cause.request_id,
            where=request.where,
            earlier=(*call.earlier, cause),
            hint="it was not sent again; look in the console for a task of that time: if there is one, "
            + (
                "do not create again"
                if provider == "client"  # a route that only the caller knows
                else f'client.tasks.attach(("{provider}", "task_…")) takes it up, else create again'
            )
            + (f"; {cause.hint}" if cause.hint else ""),
        )

    # ── one attempt ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, call: CallState) -> Answer | Attempt:
        opened = await self._open(call, self._first_byte(call.request))
        if isinstance(opened, Attempt):
            return opened
        response, release = opened
        try:
            return await self._read_answer(call, response)
        finally:
            release()

    async def _read_answer(self, call: CallState, response: aiohttp.ClientResponse) -> Answer | Attempt:
        content = Content(response, call.pools.watch)
        status, headers = response.status, Headers(response.raw_headers)
        left = self._left(call)
        failure: BaseException | None = None
        body = b""
        try:
            body = await (self._exchange.read if status < 300 else self._exchange.read_error)(content, left)
        except TRANSPORT_FAILURES as caught:
            failure = caught
        finally:
            content.close()
        if failure is not None:
            error = failure_of(failure, call.request, call.sent, phase="total", limit=left)
            error.request_id = request_id_of(headers)
            return classify(error, sent=True)
        problem = error_of(status, headers, body, call.request)
        self._log(call, status, headers, len(body))
        if problem is None and is_cut(response.headers, body):
            problem = APIConnectionError(
                f"the answer breaks off after {len(body)} bytes",
                where=call.request.where,
                request_id=request_id_of(headers),
            )
        if isinstance(problem, NotFoundError) and call.may_have_deleted:
            body = codec.dumps({"id": call.request.url.rpartition("/")[2], "deleted": True})
        elif problem is not None:
            return classify(problem, sent=True)
        kept = body if call.request.endpoint.keep_body else None
        return Answer(_meta(call, status, headers, kept), body, call.sent_at)

    async def _body(self, call: CallState) -> StreamBody | Attempt:
        opened = await self._open(call, self.config.timeouts.first_byte)
        if isinstance(opened, Attempt):
            return opened
        response, release = opened
        if response.status == 200 and response.content_type == "text/event-stream":
            return self._opened(call, response, release)
        return await self._not_a_stream(call, response, release)

    async def _file(self, call: CallState, ask: Ask) -> StreamBody | Attempt:
        opened = await self._open(call, self.config.timeouts.first_byte, ask)
        if isinstance(opened, Attempt):
            return opened
        response, release = opened
        if response.status in {200, 206} and response.content_type not in fetch.NO_FILE:
            return self._opened(call, response, release)
        return await self._not_a_stream(call, response, release, fetch.not_a_file)

    async def _not_a_stream(
        self,
        call: CallState,
        response: aiohttp.ClientResponse,
        release: Callable[[], None],
        error_for: Callable[[int, Headers, bytes, Request], TikHubError] = not_a_stream,
    ) -> Attempt:
        try:
            answer = await self._read_answer(call, response)
        finally:
            release()
        if isinstance(answer, Attempt):
            return answer
        error = error_for(answer.meta.status_code, answer.meta.headers, answer.body, call.request)
        return classify(error, sent=True)

    async def _open(
        self, call: CallState, first_byte: float | None, ask: Ask | None = None
    ) -> "tuple[aiohttp.ClientResponse, Callable[[], None]] | Attempt":
        pools = call.pools
        left = self._left(call)
        limit = _smaller(first_byte, left)
        phase = "total" if left is not None and limit == left else "first_byte"
        call.sent.value = False
        failure: BaseException | None = None
        try:
            await pools.slots.acquire(_smaller(self.config.timeouts.pool, left))
            if pools.closed:
                pools.slots.release()
                failure = APIConnectionError("the client was closed before anything was sent", hint=CLOSED_HINT)
        except TikHubError as caught:
            failure = caught
        if failure is not None:
            return Attempt(Outcome.UNSENT, failure_of(failure, call.request, call.sent, phase="pool", limit=None))
        call.sent_at = self.clock.time()
        taken = True
        try:
            async with self.clock.timeout(limit):
                response = await (ask or self._exchange.request)(pools, call.request, call.sent)
            taken = False
            return response, pools.slots.release
        except TRANSPORT_FAILURES as caught:
            failure = caught
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            # A connector that is closed cancels its look-ups and its queue, and with them whoever waits there.
            failure = APIConnectionError("the connections were closed while this call waited for one")
        finally:
            if taken:
                pools.slots.release()
        error = failure_of(failure, call.request, call.sent, phase=phase, limit=limit)
        return classify(error, sent=call.sent.value)

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _first_byte(self, request: Request) -> float | None:
        limits = self.config.timeouts
        return limits.answer if request.endpoint.kind is Kind.GENERATE else limits.first_byte

    def _left(self, call: CallState) -> float | None:
        return None if call.deadline is None else max(call.deadline - self.clock.now(), 0.0)

    def _opened(self, call: CallState, response: aiohttp.ClientResponse, release: Callable[[], None]) -> StreamBody:
        headers = Headers(response.raw_headers)
        self._log(call, response.status, headers, 0)
        meta = _meta(call, response.status, headers, None)
        return self._exchange.open(response, release, call.pools.watch, call.deadline, meta)

    def _log(self, call: CallState, status: int, headers: Headers, size: int) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s → %d, attempt %d, %d bytes, request id %s",
                call.request.where, status, call.attempts, size, request_id_of(headers),
            )  # fmt: skip


def _meta(call: CallState, status: int, headers: Headers, body: bytes | None) -> ResponseMeta:
    return ResponseMeta(
        status_code=status,
        headers=headers,
        attempts=call.requests,
        maybe_billed=call.paid and call.doubts > 0,
        body=body,
    )


def _is_cancelled() -> bool:
    """Whether somebody asked for the running task's own cancellation."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _report(watch: Call, result: Any) -> None:
    """Tell of an attempt: its failure, or the answer or open body that it brought."""
    if isinstance(result, Attempt):
        watch.failed(result.error)
    else:
        watch.answered(result.meta)


def _smaller(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
