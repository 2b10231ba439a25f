"""The bytes of one result, in order and without a gap, over as many connections as it takes.

A transfer ends proven whole or raises. What goes on where:

- After a break it goes on behind the last byte if the server has given a strong ETag and a length: `Range` and
  `If-Range` ask for it, and the answer's ETag, range and total are compared here, since servers are known to answer 206
  for another file. Otherwise, and whenever that comparison fails, it begins again from zero.
- Five attempts in a row may fail. Bytes that a resumed transfer gains start the count anew; those of one that begins from
  zero each time do not, or a server that always breaks at the same place would be asked for ever.
- Refusals (404, 403, a page instead of a file) are final at once. But where an address has expired, the gateway's content
  route is tried once: it may know a newer one.
- Nothing larger than the caller's limit is fetched to its end.
"""

import random
import re
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec

from tikhub_async._retry import classify, may_resend, wait_before
from tikhub_async._session.body import StreamBody
from tikhub_async._session.exchange import failure_of
from tikhub_async._session.failures import BodyFailed, Stalled
from tikhub_async._session.session import TRANSPORT_FAILURES, Session
from tikhub_async._session.transport import Sent
from tikhub_async._tasks.mp4 import BoxWalk
from tikhub_async._tasks.result import Inline, Remote
from tikhub_async._wire.request import Kind
from tikhub_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DownloadError,
    ProtocolError,
    TikHubError,
)

T = TypeVar("T")

ATTEMPTS = 5
"""Failures in a row that end a transfer."""
CONNECTIONS = 100
"""Bound on all connections of a transfer, however well each of them does."""
EARLIER = 10
"""Errors of earlier attempts kept on the final one."""
GONE = frozenset({401, 403, 404, 410})
"""What hosts answer for an address whose time is over."""
NO_FILE_BEHIND = 502
"""What the gateway's content route answers when the provider gives it no file."""
LONGEST_ETAG = 256

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})\Z", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}\Z", re.ASCII)


class Reader(Protocol):
    """Bytes of a result, wherever they come from."""

    position: int
    """Bytes handed out; goes back to 0 when the transfer begins again."""
    restarts: int
    """How often it did."""

    @property
    def total(self) -> int | None:
        """Bytes in all, None while or where unknown."""
        ...

    @property
    def content_type(self) -> str:
        """As announced; `""` before `open`, and where nothing was."""
        ...

    @property
    def identity(self) -> tuple[str, int] | None:
        """Strong ETag and length, where a later transfer could go on; else None."""
        ...

    async def open(self) -> None:
        """Make sure that the head of an answer is there."""
        ...

    async def read(self) -> bytes:
        """The next bytes; `b""` at the proven end."""
        ...

    def resume(self, etag: str, total: int, position: int) -> bool:
        """Go on behind bytes of an earlier transfer; False when it is known that they are another file's."""
        ...

    def close(self) -> None:
        """Give the connection back. Never waits."""
        ...


def too_large(most: int, total: int | None) -> DownloadError:
    """The error for a file beyond the caller's limit."""
    size = f"{total:,} bytes" if total is not None else "larger"
    return DownloadError(
        f"the file is {size}, and max_bytes is {most:,}", expected=total, hint="raise max_bytes; the task is untouched"
    )


class InlineReader:
    """A result inside the answer: nothing is sent."""

    def __init__(self, inline: Inline, *, most: int | None = None) -> None:
        self._most = most
        self.position = 0
        self.restarts = 0
        self.content_type = inline.content_type
        self.total: int | None = None
        self.identity: tuple[str, int] | None = None
        self._pieces = inline.pieces()

    async def open(self) -> None:
        """Nothing to do."""

    async def read(self) -> bytes:
        """The next bytes; `b""` at the end.

        Raises:
            DownloadError: They are no base64, there are none, or more than were asked for.
        """
        piece = next((piece for piece in self._pieces if piece), b"")
        self.position += len(piece)
        if not self.position:
            raise DownloadError("the video inside the answer is empty")
        if self._most is not None and self.position > self._most:
            raise too_large(self._most, None)
        return piece

    def resume(self, etag: str, total: int, position: int) -> bool:
        """Never: it is at hand."""
        return False

    def close(self) -> None:
        """Nothing to give back."""
        self._pieces.close()


class Transfer:
    """A result on another machine."""

    def __init__(
        self, session: Session, remote: Remote, name: str, *, may_restart: bool, most: int | None = None
    ) -> None:
        """Begin; nothing is sent yet.

        Args:
            session: Its `open_url` sends.
            remote: What to fetch.
            name: What it is, for texts.
            may_restart: False when bytes that were handed out cannot be taken back.
            most: Bytes of the largest file that is fetched; None for any.
        """
        self.position = 0
        self.restarts = 0
        self.total: int | None = None
        self.content_type = ""
        self.requests = 0
        """Requests sent so far."""
        self._session = session
        self._remote = remote
        self._name = name
        self._may_restart = may_restart
        self._most = most
        self._expired: tuple[str, TikHubError] | None = None
        """An address that was given up for the content route, and what its host said."""
        self._ranges = remote.ranges
        self._etag: str | None = None
        self._body: StreamBody | None = None
        self._closed = False
        self._boxes: BoxWalk | None = None
        self._ended = False
        self._failures = 0
        self._furthest = 0
        self._earlier: list[TikHubError] = []
        timeout = remote.request.timeout
        self._deadline = None if timeout is None else session.clock.now() + timeout

    @property
    def identity(self) -> tuple[str, int] | None:
        """Strong ETag and length, where a later transfer could go on."""
        return (self._etag, self.total) if self._ranges and self._etag and self.total else None

    def resume(self, etag: str, total: int, position: int) -> bool:
        """Go on behind `position` bytes of an earlier transfer; False when they are another file's."""
        if self._body is not None and self.identity != (etag, total):
            return False
        if not (self._ranges and 0 < position < total and _is_strong(etag)):
            return False
        self._hang_up()
        self._etag, self.total, self.position = etag, total, position
        self._furthest = position
        return True

    def close(self) -> None:
        """Give the connection back, for good: also from another task, whose read then raises."""
        self._closed = True
        self._hang_up()

    def _hang_up(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()

    async def open(self) -> None:
        """Send the request, and send it again as far as the rules above go.

        Raises:
            DownloadError: No file came.
        """
        await self._persist(self._connected)

    async def read(self) -> bytes:
        """The next bytes; `b""` at the proven end.

        Raises:
            DownloadError: The rest could not be fetched.
        """
        return b"" if self._ended else await self._persist(self._next)

    async def _persist(self, step: Callable[[], Awaitable[T]]) -> T:
        while True:
            failure: BaseException | None = None
            try:
                return await step()
            except TRANSPORT_FAILURES as caught:
                failure = caught
            # Outside of the `except`, so that no transport error with its headers hangs on to ours.
            await self._recover(failure)

    # ── one connection ──────────────────────────────────────────────────────────────────────────────────────────

    async def _connected(self) -> StreamBody:
        if self._body is not None:
            return self._body
        self._refuse_closed()
        headers = {"Range": f"bytes={self.position}-", "If-Range": self._etag} if self.position and self._etag else {}
        request = self._remote.request
        if self._deadline is not None:
            left = self._deadline - self._session.clock.now()
            request = msgspec.structs.replace(request, timeout=max(left, 0.001))
        self.requests += 1
        body = await self._session.open_url(request, headers=headers)
        try:
            self._refuse_closed()
            self._accept(body)
        except TikHubError:
            body.close()
            raise
        self._body = body
        return body

    def _refuse_closed(self) -> None:
        if self._closed:
            raise _closed()

    def _accept(self, body: StreamBody) -> None:
        """Compare an answer with what is known; the position goes back to 0 when it is the whole file."""
        headers = body.headers
        etag = headers.get("etag", "")
        self.content_type = headers.get("content-type", "")
        if body.meta.status_code == 206:
            self._accept_rest(headers.get("content-range", ""), etag)
            return
        if self.position:
            # The file has changed; or, with the same ETag, this server ignores ranges and will do so again.
            self._ranges = self._ranges and etag != self._etag
            if not self._may_restart:
                raise DownloadError(
                    "the server began from the first byte, and what was handed out cannot be taken back"
                )
            self._restart()
        length = headers.get("content-length", "")
        # The pool of the gateway undoes a coding, and the length is then not the file's.
        coded = headers.get("content-encoding", "identity") != "identity"
        self.total = int(length) if _LENGTH.match(length) and not coded else None
        self._refuse_large(self.total)
        self._etag = etag if _is_strong(etag) else None
        self._ranges = self._ranges and headers.get("accept-ranges", "bytes").lower() != "none"
        self._boxes = BoxWalk() if self.total is None else None

    def _accept_rest(self, told: str, etag: str) -> None:
        match = _RANGE.match(told)
        start, last, total = map(int, match.groups()) if match else (-1, -1, -1)
        fits = start == self.position and last == total - 1 and total == (self.total or total) and start <= last
        if not fits or (self.position and etag != self._etag):
            self._ranges = False
            known = "nothing" if not self.position else f"bytes {self.position}-/{self.total} of {self._etag}"
            raise ProtocolError(
                f"the server sent another part than asked for: {told[:60]!r} of {etag[:60]!r}, asked for {known}",
                status_code=206,
            )
        self._refuse_large(total)
        self.total, self._etag = total, etag if _is_strong(etag) else None

    def _refuse_large(self, size: int | None) -> None:
        if self._most is not None and size is not None and size > self._most:
            raise too_large(self._most, self.total)

    async def _next(self) -> bytes:
        body = await self._connected()
        body.start_waiting()
        try:
            data = await body.read()
        finally:
            body.stop_waiting()
        if not data:
            self._check_end(body)
            self._ended = True
            self._body = None
            await body.finish()
            return b""
        self.position += len(data)
        self._refuse_large(self.position)
        if self.position > self._furthest:
            self._furthest = self.position
            if self.identity is not None:
                self._failures = 0
        if self._boxes is not None:
            self._boxes.feed(data)
        return data

    def _check_end(self, body: StreamBody) -> None:
        """Raise unless the end of the body is the end of the file."""
        if not self.position:
            raise ProtocolError("the answer is empty", status_code=200)
        if self.total is not None:
            if self.position != self.total:
                raise APIConnectionError(f"the body ended after {self.position} of {self.total} bytes")
            return
        whole = self._boxes.whole if self._boxes is not None else None
        if whole is False:
            raise APIConnectionError(f"the body ended inside the file, after {self.position} bytes")
        framed = "content-length" in body.headers or "chunked" in body.headers.get("transfer-encoding", "").lower()
        if whole is None and not framed:
            raise ProtocolError(
                "the server announced no length and closed the connection: nothing proves that the file is whole",
                status_code=200,
            )

    # ── after a failure ─────────────────────────────────────────────────────────────────────────────────────────

    async def _recover(self, failure: BaseException) -> None:
        """Prepare the next attempt and wait for its time, or raise."""
        error = _closed() if self._closed else self._error_of(failure)
        self._hang_up()
        if self._turn_to_spare(error):
            return
        self._failures += 1
        if isinstance(error, APIStatusError) and error.status_code == 416 and self.position:
            self._ranges = False  # it has fewer bytes than we do: another file
            wait: float | None = 0.0
        else:
            wait = self._wait(error)
        begins_again = bool(self.position) and self.identity is None
        if wait is None or (begins_again and not self._may_restart):
            raise self._final(error)
        if begins_again:
            self._restart()
        self._earlier = [*self._earlier, error][-EARLIER:]
        await self._session.clock.sleep(wait)

    def _turn_to_spare(self, error: TikHubError) -> bool:
        """Go on with the content route, if the address has expired and there is one."""
        spare = self._remote.spare
        expired = isinstance(error, APIStatusError) and error.status_code in GONE
        if spare is None or not expired or (self.position and not self._may_restart):
            return False
        self._expired = (self._remote.shown, error)
        self._earlier = [*self._earlier, error][-EARLIER:]
        self._remote, self._ranges, self._failures = Remote(spare, ranges=False), False, 0
        if self.position:
            self._restart()
        return True

    def _wait(self, error: TikHubError) -> float | None:
        policy = self._session.config.retries
        asked = self._remote.request.max_retries
        limit = (ATTEMPTS if policy.max_retries else 1) if asked is None else asked + 1
        if self._failures >= limit or self.requests >= CONNECTIONS or not _worthwhile(error):
            return None
        if not may_resend(Kind.READ, classify(error, sent=error.attempts > 0), 1, policy):
            return None
        wait = wait_before(self._failures, error, policy, random.random)
        late = self._deadline is not None and wait is not None and self._session.clock.now() + wait >= self._deadline
        return None if late else wait

    def _restart(self) -> None:
        self.position = 0
        self.restarts += 1
        self._etag, self.total, self._boxes = None, None, None

    def _error_of(self, failure: BaseException) -> TikHubError:
        if self._body is not None and not isinstance(failure, TikHubError | Stalled):
            known = "" if self.total is None else f" of {self.total}"
            reason = failure.reason if isinstance(failure, BodyFailed) else type(failure).__name__
            return APIConnectionError(f"the connection broke after {self.position}{known} bytes ({reason})")
        sent = Sent()
        sent.value = True
        return failure_of(failure, self._remote.request, sent, phase="total", limit=self._remote.request.timeout)

    def _final(self, error: TikHubError) -> DownloadError:
        first = "" if self._expired is None else f"{self._expired[1].message}; from the gateway: "
        return DownloadError(
            f"{self._name} could not be fetched: {first}{error.message}",
            received=self.position,
            expected=self.total,
            attempts=self.requests,
            request_id=error.request_id,
            earlier=(*self._earlier, *(() if isinstance(error, DownloadError) else (error,))),
            hint=self._hint(error),
        )

    def _hint(self, error: TikHubError) -> str:
        if isinstance(error, DownloadError):
            return error.hint or "the task is untouched"
        gone = isinstance(error, APIStatusError) and error.status_code in GONE and self._remote.ranges
        if gone or self._expired is not None:
            shown = self._remote.shown if self._expired is None else self._expired[0]
            return (
                f"{shown} is no longer served: such addresses expire, often after 24 hours; the task is "
                "untouched, and await task.refresh() shows whether there is a newer one"
            )
        if isinstance(error, APIStatusError) and error.status_code == NO_FILE_BEHIND and not self._remote.ranges:
            return (
                "the task is untouched, but the gateway has no file behind it: the provider may have withheld every video "
                "(Veo reports filtered ones as succeeded), or its address has expired; downloading again costs nothing"
            )
        goes_on = " and goes on where this one stopped" if self.identity is not None and self._may_restart else ""
        return f"the task is untouched and the video is not lost: downloading again costs nothing{goes_on}"


def _closed() -> DownloadError:
    return DownloadError("it was closed by another task")


def _worthwhile(error: TikHubError) -> bool:
    """False for what comes every time: our refusals, a page, error or nothing with a good status, an unreadable head."""
    if isinstance(error, APITimeoutError):
        return error.phase != "total"
    if isinstance(error, APIStatusError | ProtocolError):
        return error.status_code == 206 or not (error.status_code == 0 or 200 <= error.status_code < 300)
    return not isinstance(error, DownloadError)


def _is_strong(etag: str) -> bool:
    """Whether an ETag promises the same bytes, and can go into a header."""
    return 0 < len(etag) <= LONGEST_ETAG and not etag.startswith("W/") and etag.isascii() and etag.isprintable()


def reader_for(
    result: Remote | Inline, session: Session, name: str, *, may_restart: bool, most: int | None = None
) -> "Transfer | InlineReader":
    """The bytes of a result, `most` of them at most."""
    if isinstance(result, Inline):
        return InlineReader(result, most=most)
    return Transfer(session, result, name, may_restart=may_restart, most=most)
