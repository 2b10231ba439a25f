"""The rows of the fault matrix: what happens to a request, and what each kind of call must make of it.

R  sent again by us, within deadline and quota: the call succeeds
1  the same, but one time only, and the result says that the first may have been billed
L  looked at again as often as the client's retries say, then an error
E  a typed error at once
!  `InDoubtError` at once; never sent again
I  `StreamInterrupted` with what arrived; never sent again
r  as R, going on behind what has arrived, so that a lasting fault of this kind ends as well
-  cannot happen, or is another row
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.faults.calls import Call, answer
from tikhub_async.testing import Drop, Empty, Error, Html, RateLimited, Reply, Reset, Truncate
from tikhub_async.testing.faultserver import FIN, RST, STALL, Pause, Seen, Step, Steps, chunk, head, whole
from tikhub_async.testing.faultserver import Reply as Said

KINDS = "CNSPDX"
Make = Callable[[Call], Said]


@dataclass(frozen=True)
class Row:
    """One fault."""

    name: str
    cells: dict[str, str]
    make: Make
    """The reply that is the fault, for a call."""
    needs_id: bool = False
    """Only calls that know where the id stands notice."""
    waits: bool = False
    """A limit of the client ends it, so the limits are short."""


ROWS: list[Row] = []


def row(name: str, cells: str, make: Make, *, needs_id: bool = False, waits: bool = False) -> None:
    """Add a row; cells in the order C N S P D X."""
    ROWS.append(Row(name, dict(zip(KINDS, cells.split(), strict=True)), make, needs_id, waits))


def same(reply: Said) -> Make:
    return lambda call: reply


# ── no answer ───────────────────────────────────────────────────────────────────────────────────────────────────────

row("FIN after the request", "! 1 1 R R R", same(Drop()))
row("RST after the request", "! 1 1 R R R", same(Reset()))
row("stall before the head", "! E E R R R", same([STALL]), waits=True)


def dribble(_: Seen) -> Iterator[Step]:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 200:
        yield bytes([byte])
        yield Pause(0.02)


def hints(_: Seen) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20
        yield Pause(0.001)


row("slow head", "! E E R R R", same(dribble), waits=True)
row("endless 1xx", "! E E R R R", same(hints), waits=True)

# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

for status in (400, 401, 402, 403, 404, 413, 422):
    row(f"{status} of the gateway", "E E E E E E", same(Error(status=status, code="", message="no")))
    row(f"{status} without a body", "E E E E E E", same(Empty(status=status)))
    row(f"{status} whose body breaks off", "E E E E E E", lambda call, status=status: half(status))  # type: ignore[misc]
row("400 task_not_exist", "E E E E E E", same(Error(status=400, code="task_not_exist", message="task not exist")))
row("500 invalid_request", "E E E E - E", same(Error(status=500, code="invalid_request", message="no")))
row("503 model_not_found", "E E E E - E", same(Error(status=503, code="model_not_found", message="no")))
for status in (301, 302, 303, 307, 308):
    row(f"{status} without an address", "E E E E E E", same(Empty(status=status)))


def half(status: int) -> Steps:
    return [head(status, length=900, content_type="application/json"), b'{"error": {"message": "no', FIN]


# ── later, perhaps ──────────────────────────────────────────────────────────────────────────────────────────────────

row("429", "R R R R R R", same(RateLimited()))
row("429 without a body", "R R R R R R", same(RateLimited(empty=True)))
row("429 with Retry-After: 0", "R R R R R R", same(RateLimited(retry_after=0)))
row("429 with a date that is past", "R R R R R R", same(RateLimited(retry_after="Wed, 21 Oct 2015 07:28:00 GMT")))
row("429 with Retry-After: -5", "R R R R R R", same(RateLimited(retry_after=-5)))
row("429 with Retry-After: soon", "R R R R R R", same(RateLimited(retry_after="soon")))
row("429 with Retry-After: 1e9", "E E E E E E", same(RateLimited(retry_after=1e9)))
row("429 whose body breaks off", "R R R R R R", lambda call: half(429))
row("429 with a body of 1 MiB", "R R R R R R", same(Reply(status=429, body=b'{"error": "' + b"x" * 2**20 + b'"}')))

# ── 5xx ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

BUSY = {"error": {"message": "no capacity", "type": "new_api_error", "code": "system_cpu_overloaded"}}
THEIRS = {"error": {"message": "something broke", "type": "server_error", "code": None}}
row("503 of the gateway itself", "E R R R R R", same(Reply(status=503, json=BUSY)))
for status in (500, 502, 503):
    row(f"{status} of the provider", "! R R R R R", same(Reply(status=status, json=THEIRS)))
row("504 of the provider", "! 1 1 R R R", same(Reply(status=504, json=THEIRS)))
row("500 do_request_failed", "! 1 1 R R R", same(Error()))
for status in (408, 409, 425):
    row(f"{status}", "! 1 1 R R R", same(Error(status=status, code="", message="no")))
for status in (500, 502, 503, 504, 520, 524):
    row(f"{status} as a page", "! 1 1 R R R", same(Html(status=status)))
    row(f"{status} without a body", "! 1 1 R R R", same(Empty(status=status)))

# ── a good status, and half of an answer ────────────────────────────────────────────────────────────────────────────


def ends(call: Call) -> str:
    return {"S": "text/event-stream", "D": "video/mp4"}.get(call.kind, "application/json")


def without_length(end: Step) -> Make:
    return lambda call: [head(content_type=ends(call)), call.body[: len(call.body) // 2], end]


def zipped(spoil: Callable[[bytes], bytes]) -> Make:
    def make(call: Call) -> Steps:
        body = spoil(gzip.compress(call.body))
        return [head(chunked=True, content_type=ends(call), content_encoding="gzip"), chunk(body), chunk(b"")]

    return make


def broken_chunk(call: Call) -> Steps:
    body = call.body[: len(call.body) // 2]
    return [head(chunked=True, content_type=ends(call)), chunk(body), Pause(0.02), b"zz\r\nnothing\r\n", FIN]


row("200 whose body breaks off", "! 1 I R r R", same(Truncate()))
row("200 whose body is reset", "! 1 I R r R", lambda call: Reset(after_bytes=len(call.body) // 2))
row(
    "200 whose body stalls",
    "! E I R R R",
    lambda call: [head(length=9999, content_type=ends(call)), b"{", STALL],
    waits=True,
)
row("200 with a broken chunk", "! 1 I R R R", broken_chunk)
row("200 without length, FIN inside", "! 1 I R E R", without_length(FIN))
row("200 without length, RST inside", "! 1 I R E R", without_length(RST))
row("200 cut inside gzip", "! 1 I R E R", zipped(lambda data: data[: len(data) // 2]))
row("200 with gzip garbage", "! 1 I R E R", zipped(lambda data: data[:12] + b"garbage" * 9))
row("200 that is no gzip", "! 1 I R E R", zipped(lambda data: b"garbage" * 9))


def deflated(call: Call) -> tuple[bytes, bytes]:
    data = zlib.compress(call.body)
    coded = head(chunked=True, content_type=ends(call), content_encoding="deflate")
    return coded, chunk(data[: len(data) // 2]) + chunk(b"")


row("200 in deflate, cut", "! 1 I R E R", lambda call: [deflated(call)[0], Pause(0.03), deflated(call)[1]])
row("200 in deflate, cut, in one piece", "! 1 E R R R", lambda call: [b"".join(deflated(call))])


# ── a good status, and something else ───────────────────────────────────────────────────────────────────────────────

row("200 with nothing", "! E E L E E", same(Empty()))
row("200 with a page", "! E E L E E", same(Html()))
row("200 with JSON, but no id", "! E E - E -", same(answer({"ok": True})), needs_id=True)
row("200 with a number", "! E E E E E", same(answer(7)), needs_id=True)
row("200 with an error object", "E E E E E E", same(answer({"error": {"message": "no", "type": "x", "code": "y"}})))
row("200 with a code of failure", "E E E E E E", same(answer({"code": "nope", "message": "no", "data": None})))
row("200 with success: false", "E E E E E E", same(answer({"success": False, "message": "no"})))


def unreadable(lines: Iterable[bytes]) -> Make:
    """A head that is refused; the good body follows."""
    text = b"".join(b"%s\r\n" % line for line in lines)
    return lambda call: [b"HTTP/1.1 200 OK\r\n" + text + b"Content-Length: %d\r\n\r\n" % len(call.body), call.body, FIN]


row("200 with a header of 9,000 bytes", "! E E L E E", unreadable([b"X-Long: " + b"a" * 9000]))
row("200 with 200 headers", "! E E L E E", unreadable(b"X-%d: a" % number for number in range(200)))
row("no HTTP at all", "! E E L E E", same([b"220 mail.example ESMTP ready\r\n\r\n", FIN]))
row("200 with two lengths", "! E E L E E", unreadable([b"Content-Length: 1"]))

# ── a good status, and a kind of body that was not asked for ────────────────────────────────────────────────────────

row("200 with events, unasked", "! E - L - E", same(whole(b"data: {}\n\n", content_type="text/event-stream")))
