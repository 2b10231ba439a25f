"""The body of an answer that is read as it arrives."""

import asyncio
import warnings
from collections.abc import Callable

import aiohttp

from tikhub_async._clock import Clock, Timer
from tikhub_async._session.failures import ONE_READER, BodyFailed, Stalled
from tikhub_async.types._base import Headers, ResponseMeta

DRAIN_SECONDS = 0.1
"""After a stream's end, how long to wait for the closing chunk, so that the connection can be used again. Real seconds
under any clock: nobody is there to move a virtual one."""

LOOK_SECONDS = 1.0
"""How often open bodies are looked at, real seconds."""


class Watch:
    """Finds bodies that nobody will ever end, on one timer for all that are open.

    When a chunk is malformed, aiohttp (3.14.5; found by the fault matrix) closes the connection and forgets the body:
    whoever waits for more of it waits for ever. Can go once aiohttp fails the body itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: set[Content] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, content: "Content") -> None:
        """Look at a body from now on."""
        self._open.add(content)
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def remove(self, content: "Content") -> None:
        """It is closed."""
        self._open.discard(content)
        if not self._open and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def settle(self) -> None:
        """The connections were closed: whoever waits on one of them must not wait for the timer."""
        for content in tuple(self._open):
            content.look()
            content.look()

    def _look(self) -> None:
        for content in tuple(self._open):  # the collector may run meanwhile, and close one that was dropped
            content.look()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)


class Content:
    """The bytes of an answer as they arrive; always closed by its owner."""

    __slots__ = ("_read_number", "_response", "_stream", "_suspect", "_waiting", "_watch")

    def __init__(self, response: aiohttp.ClientResponse, watch: Watch) -> None:
        self._response = response
        self._stream = response.content
        self._watch = watch
        self._waiting = False
        self._read_number = 0
        self._suspect = 0
        if not self.complete:
            watch.add(self)

    async def read(self) -> bytes:
        """All bytes that have arrived, at least one; `b""` at the end. Raises what aiohttp raises."""
        self.refuse_second_reader()
        self._read_number += 1
        self._waiting = True
        try:
            return await self._stream.readany()
        except RuntimeError as failure:  # aiohttp says so of a body that it forgot, see `Watch`
            raise aiohttp.ClientConnectionError(str(failure)) from None
        finally:
            self._waiting = False

    def refuse_second_reader(self) -> None:
        """Raise RuntimeError while somebody waits in `read`."""
        if self._waiting:
            raise RuntimeError(ONE_READER)

    @property
    def complete(self) -> bool:
        """True once all has arrived, read or not."""
        return self._stream.is_eof()

    @property
    def at_end(self) -> bool:
        """True once everything was read."""
        return self._stream.at_eof()

    def fail(self, failure: BaseException) -> None:
        """Let the read that waits, or the next one, raise."""
        self._stream.set_exception(failure)

    def rescue(self) -> bytes:
        """The bytes that arrived before a failure.

        aiohttp refuses to hand them out once an exception is set; a paid answer must not lose them.
        """
        self._stream.set_exception(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return self._stream.read_nowait(-1)

    def look(self) -> None:
        """Fail a read that has waited since the last look, on a connection that was gone then already."""
        if not self._waiting:
            return
        connection = self._response.connection
        if connection is None:
            return
        transport = connection.transport
        if transport is not None and not transport.is_closing():
            return
        if self._suspect == self._read_number:
            self.fail(aiohttp.ClientPayloadError("the connection was closed inside a body that cannot be read"))
        self._suspect = self._read_number

    def close(self) -> None:
        """Drop what was not read, and the connection with it; after a complete answer it was given back before."""
        self._watch.remove(self)
        if self._response.connection is not None:
            self._response.close()


class _Guard:
    """One timer per body: moving a deadline costs an assignment, an `asyncio.timeout` per read costs 11 µs.

    It fails a read that has waited too long; time in which the consumer works, and nobody waits, does not count.
    """

    def __init__(self, content: Content, clock: Clock, idle: float | None, deadline: float | None) -> None:
        self.waiting_since: float | None = None
        self._content = content
        self._clock = clock
        self._idle = idle
        self._deadline = deadline
        self._started = clock.now()
        self._warned = False
        self._timer: Timer | None = None
        first = min(limit for limit in (idle, self._left()) if limit is not None) if idle or deadline else None
        if first is not None:
            self._timer = clock.call_later(first, self._check)

    def _left(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - self._clock.now(), 0.0)

    def _check(self) -> None:
        now = self._clock.now()
        due: list[float] = []
        stalled: Stalled | None = None
        if self._deadline is not None:
            if now >= self._deadline:
                stalled = Stalled("total", self._deadline - self._started)
            due.append(self._deadline)
        if self._idle is not None:
            since = self.waiting_since
            if since is not None and now >= since + self._idle:
                stalled = stalled or Stalled("idle", self._idle)
            due.append((now if since is None else since) + self._idle)
        if stalled is None:
            self._warned = False
            self._timer = self._clock.call_later(max(min(due) - now, 0.001), self._check)
        elif self._warned:
            self._content.fail(stalled)
        else:
            # A loop that was blocked runs its timers before what has arrived meanwhile reaches the reader.
            self._warned = True
            self._timer = self._clock.call_later(0.0, self._check)

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
        watch: Watch,
        *,
        clock: Clock,
        idle: float | None,
        deadline: float | None,
    ) -> None:
        self.meta = meta
        self._path = response.url.path
        self._content = Content(response, watch)
        self._release: Callable[[], None] | None = release
        self._clock = clock
        self._guard = _Guard(self._content, clock, idle, deadline)
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
        """The idle limit counts from now on, until `stop_waiting`. Raises RuntimeError while another task waits."""
        self._content.refuse_second_reader()  # here, since its `stop_waiting` would end the first one's limit
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
                return await self._content.read()
            except Stalled as stalled:
                self._failure = stalled
            except (aiohttp.ClientError, OSError) as failure:
                self._failure = BodyFailed(type(failure).__name__)
            if rescued := self._content.rescue():
                return rescued
        raise self._failure

    async def finish(self) -> None:
        """End after the last event: keep the connection if its closing chunk is there or comes at once."""
        if self.closed:
            return
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._content.at_end:
                    await self._content.read()
        except (TimeoutError, aiohttp.ClientError, OSError, Stalled):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back if its end was read, else drop it. Never waits."""
        if self._release is None:
            return
        release, self._release = self._release, None
        _give_back(self._guard, self._content, release)

    def __del__(self) -> None:
        # Nobody can wait here, and a response that is only dropped keeps its connection for ever.
        if self._release is None or self._loop.is_closed():
            return
        if asyncio._get_running_loop() is self._loop:
            self.close()
        else:  # collected by another thread, or between two runs of the loop: transports are not for other threads
            self._loop.call_soon_threadsafe(_give_back, self._guard, self._content, self._release)
            self._release = None
        # Last: where warnings are errors, this raises.
        warnings.warn(f"stream dropped without aclose(): {self._path}", ResourceWarning, stacklevel=1)


def _give_back(guard: _Guard, content: Content, release: Callable[[], None]) -> None:
    guard.cancel()
    content.close()
    release()
