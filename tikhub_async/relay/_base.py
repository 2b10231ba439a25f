"""What relays of streams and of tasks share: waiting with heartbeats, one end, and leaving at once.

Invariants. At most one read of the source is in flight, and none while the browser is slow: that is the back-pressure. The
read is a task, because it must outlive a heartbeat, and nothing of it refers to the relay: a relay that a framework merely
drops is collected at once, and closes its source. No cancel scope is open between two chunks.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self

from tikhub_async._clock import Clock
from tikhub_async.errors import ConfigError, TikHubError
from tikhub_async.relay import _sse
from tikhub_async.relay._errors import public_error

logger = logging.getLogger("tikhub_async")

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies give up on a silent connection after 30 to 60."""
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
"""Event stream; nothing on the way may store, compress or collect it (the last one is nginx's word for that)."""

Describe = Callable[[TikHubError], Mapping[str, Any]]
"""What the browser is told of an error."""


class Relay(ABC):
    """Server-sent events, ready to be sent: an async iterator of bytes, and the headers for them.

    It ends after `done` or `error`, closes what it reads from on its end, on cancellation, on `aclose()`, and when it is
    dropped. Give it to the framework as the body of a response.
    """

    headers: ClassVar[Mapping[str, str]] = HEADERS
    """Headers of the response."""
    _loop: asyncio.AbstractEventLoop | None = None
    """The loop it runs on; None until it is read, and where it could not be made."""

    def __init__(
        self,
        clock: Clock,
        *,
        heartbeat: float | None,
        describe: Describe | None,
        on_end: Callable[[Any], object] | None,
    ) -> None:
        if heartbeat is not None and not heartbeat > 0:
            raise ConfigError(f"relay(heartbeat=…) must be > 0 seconds, got {heartbeat!r}", hint="None sends none")
        self.error: TikHubError | None = None
        """What went wrong, whole; the browser was told what `describe` makes of it."""
        self.ended = False
        """True once nothing follows."""
        self.left = False
        """True when the reader went away before the end."""
        self._clock = clock
        self._heartbeat = heartbeat
        self._describe = describe or public_error
        self._on_end = on_end
        self._read: asyncio.Task[Any] | None = None

    # ── what a source gives ─────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _fetch(self) -> Coroutine[Any, Any, Any]:
        """A read of the source; it must not refer to this relay."""

    @abstractmethod
    def _bytes_of(self, got: Any) -> bytes | None:
        """What a read brought, as events; None at the source's end."""

    @abstractmethod
    def _ending(self) -> bytes:
        """The events after the last one of the source."""

    def _failing(self, error: TikHubError) -> bytes:
        """The events of an error."""
        return _sse.event("error", self._describe(error))

    @abstractmethod
    def _close(self) -> None:
        """Give the source up, now."""

    # ── iteration ───────────────────────────────────────────────────────────────────────────────────────────────

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self.ended:
            try:
                arrived = await self._wait()
            except BaseException:
                self._leave()  # cancelled: the browser has gone, or the server stops
                raise
            if self.ended:
                break  # closed by another task
            chunk = self._take() if arrived else _sse.PING
            if chunk:
                return chunk
        raise StopAsyncIteration

    async def _wait(self) -> bool:
        """Until the read is done, or it is time for a heartbeat."""
        if self._read is None:
            self._loop = asyncio.get_running_loop()
            self._read = self._loop.create_task(self._fetch())
        read = self._read
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake(_: object = None) -> None:
            if not woken.done():
                woken.set_result(None)

        timer = None if self._heartbeat is None else self._clock.call_later(self._heartbeat, wake)
        read.add_done_callback(wake)
        try:
            await woken
        finally:
            read.remove_done_callback(wake)
            if timer is not None:
                timer.cancel()
        return read.done()

    def _take(self) -> bytes:
        read, self._read = self._read, None
        assert read is not None
        try:
            chunk = self._bytes_of(read.result())
            if chunk is None:
                chunk = self._ending()
                self._end()
        except TikHubError as error:
            self.error = error
            chunk = self._told(error)
            self._end()
        except BaseException:
            self._leave()
            raise
        return chunk

    def _told(self, error: TikHubError) -> bytes:
        try:
            return self._failing(error)
        except Exception:
            # A browser that is told nothing would take half an answer for a whole one.
            logger.exception("describe of a relay failed")
            self._describe = public_error
            return self._failing(error)

    # ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop, and give up what is read from. Never waits, never raises; frameworks that know it call it."""
        self._leave()

    def _leave(self) -> None:
        if not self.ended:
            self.left = True
            self._end()

    def _end(self) -> None:
        self.ended = True
        read, self._read = self._read, None
        if read is not None:
            read.cancel()
            read.add_done_callback(_retrieve)
        self._close()
        if self._on_end is None:
            return
        on_end, self._on_end = self._on_end, None
        try:
            on_end(self)
        except Exception:
            logger.exception("on_end of a relay failed")

    def __del__(self) -> None:
        # Starlette and others drop their iterator when a slow browser leaves; nobody awaits anything then.
        if self._loop is None or self.ended or self._loop.is_closed():
            return
        # Not here: the collector runs at any time and on any thread, and `on_end` may want a lock that is held just now.
        self._loop.call_soon_threadsafe(self._leave)


def _retrieve(read: "asyncio.Task[Any]") -> None:
    if not read.cancelled():
        read.exception()  # retrieved here, so that asyncio never reports it as lost
