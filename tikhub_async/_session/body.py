"""The body of an answer that is read as it arrives."""

import asyncio
import warnings
from collections.abc import Callable

import aiohttp

from tikhub_async._clock import Clock, Timer
from tikhub_async._session.failures import BodyFailed, Stalled
from tikhub_async.types._base import Headers, ResponseMeta

DRAIN_SECONDS = 0.1
"""After a stream's end, how long to wait for the closing chunk, so that the connection can be used again. Real seconds
under any clock: nobody is there to move a virtual one."""


class _Guard:
    """One timer per body: moving a deadline costs an assignment, an `asyncio.timeout` per read costs 11 µs.

    It fails a read that has waited too long; time in which the consumer works, and nobody waits, does not count.
    """

    def __init__(self, content: aiohttp.StreamReader, clock: Clock, idle: float | None, deadline: float | None) -> None:
        self.waiting_since: float | None = None
        self._content = content
        self._clock = clock
        self._idle = idle
        self._deadline = deadline
        self._started = clock.now()
        self._timer: Timer | None = None
        first = min(limit for limit in (idle, self._left()) if limit is not None) if idle or deadline else None
        if first is not None:
            self._timer = clock.call_later(first, self._check)

    def _left(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - self._clock.now(), 0.0)

    def _check(self) -> None:
        now = self._clock.now()
        due: list[float] = []
        if self._deadline is not None:
            if now >= self._deadline:
                self._content.set_exception(Stalled("total", self._deadline - self._started))
                return
            due.append(self._deadline)
        if self._idle is not None:
            since = self.waiting_since
            if since is not None and now >= since + self._idle:
                self._content.set_exception(Stalled("idle", self._idle))
                return
            due.append((now if since is None else since) + self._idle)
        self._timer = self._clock.call_later(max(min(due) - now, 0.001), self._check)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class StreamBody:
    """An open answer. Read it to the end or close it; either way its connection and slot are given back."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        meta: ResponseMeta,
        release: Callable[[], None],
        *,
        clock: Clock,
        idle: float | None,
        deadline: float | None,
        attempts: int = 1,
        maybe_billed: bool = False,
    ) -> None:
        self.meta = meta
        self.opened_at = clock.now()
        self._response = response
        self._content = response.content
        self._release: Callable[[], None] | None = release
        self._clock = clock
        self._guard = _Guard(response.content, clock, idle, deadline)
        self._loop = asyncio.get_running_loop()
        self._failure: Exception | None = None

    @property
    def headers(self) -> Headers:
        """Headers of the answer."""
        return self.meta.headers

    @property
    def closed(self) -> bool:
        """True once the connection was given back."""
        return self._release is None

    def start_waiting(self) -> None:
        """The idle limit counts from now on, until `stop_waiting`."""
        self._guard.waiting_since = self._clock.now()

    def stop_waiting(self) -> None:
        """Data arrived: the idle limit rests while the consumer works."""
        self._guard.waiting_since = None

    async def read(self) -> bytes:
        """The next bytes, all that have arrived; `b""` at a clean end.

        Raises:
            Stalled: A limit ran out.
            BodyFailed: The connection failed. Bytes that had arrived are returned first.
        """
        if self._failure is None:
            try:
                return await self._content.readany()
            except Stalled as stalled:
                self._failure = stalled
            except (aiohttp.ClientError, OSError) as failure:
                self._failure = BodyFailed(type(failure).__name__)
            if rescued := self._rescue():
                return rescued
        raise self._failure

    def _rescue(self) -> bytes:
        # aiohttp refuses to hand out buffered bytes once an exception is set; a paid answer must not lose them.
        self._content.set_exception(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return self._content.read_nowait(-1)

    async def finish(self) -> None:
        """End after the last event: keep the connection if its closing chunk is there or comes at once."""
        if self.closed:
            return
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._content.is_eof():
                    await self._content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError, Stalled):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back if its end was read, else drop it. Never waits."""
        if self._release is None:
            return
        release, self._release = self._release, None
        _give_back(self._guard, self._response, release)

    def __del__(self) -> None:
        # Nobody can wait here, and a response that is only dropped keeps its connection for ever.
        if self._release is None or self._loop.is_closed():
            return
        warnings.warn(f"stream dropped without aclose(): {self._response.url.path}", ResourceWarning, stacklevel=1)
        if asyncio._get_running_loop() is self._loop:
            self.close()
        else:  # collected by another thread, or between two runs of the loop: transports are not for other threads
            self._loop.call_soon_threadsafe(_give_back, self._guard, self._response, self._release)
            self._release = None


def _give_back(guard: _Guard, response: aiohttp.ClientResponse, release: Callable[[], None]) -> None:
    guard.cancel()
    response.close()
    release()
