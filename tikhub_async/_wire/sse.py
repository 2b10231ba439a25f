"""Server-sent events: bytes in, `ServerSentEvent` out; no I/O, no clock.

Rules of https://html.spec.whatwg.org/multipage/server-sent-events.html:

Rule 1: a line ends at CRLF, LF or CR and nowhere else: U+2028, U+0085, VT and FF are data, so `splitlines` must stay away.
A CR ends its line at once; an LF right behind it, even in the next chunk, belongs to it.
Rule 2: one BOM at the very start is dropped. A later one is data, or spoils a field name.
Rule 3: a line is `field:value`, less one space behind the colon. Only `data`, `event`, `id` and `retry`, spelt exactly so,
are fields; a line that starts with the colon is a comment.
Rule 4: a blank line ends a block, and gives an event if the block had a `data` line, even an empty one. Data lines are
joined by LF. The event name lasts for its block, the id until another comes, also in a block without data.
Rule 5: an `id` holding NUL is ignored, and so is a `retry` that is not all ASCII digits.

Rules of our own:

Rule 6: however the input is cut into chunks, events, `stray` and failure are the same.
Rule 7: data stays bytes, which is what JSON decoders want. Text is decoded with replacement; bad UTF-8 never raises.
Rule 8: every byte is looked at a fixed number of times, however small the chunks; between two calls at most
`max_event_bytes` + 64 KiB are kept, however hostile the input.
Rule 9: events that were whole before a failure are handed out before it is raised.

Nearly all of a stream is blocks of two shapes. `_common` takes them apart with a few calls for the whole chunk; anything
else goes line by line through `_feed`, the one place where all the rules hold.
"""

from functools import lru_cache

import msgspec

from tikhub_async.errors import ProtocolError

BOM = b"\xef\xbb\xbf"

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""Data of one event: images and encrypted reasoning come as one line of some MB (aiohttp's line readers give up at 512 KiB)."""

MAX_NAME_LINE = 4 * 1024
"""Bytes of an `event` or `id` line; the longest of the known providers has 53."""

MAX_RETRY = 9_999_999_999
"""ms, ten digits. More are clamped to it: Python refuses to make an `int` of 4,301 digits."""

STRAY_KEPT = 4 * 1024
"""Bytes of unknown lines kept for an error text; a gateway's error object has a few hundred."""

LINE_HELD = 64
"""Bytes of a line kept before its field name decides about the rest, so all that is kept of a comment."""

PIECE = 32 * 1024
"""Large data is kept in pieces of this size: one `bytearray` would reserve an eighth more than it holds."""

UNDECIDED, DATA, NAME, RETRY, STRAY, COMMENT = range(6)
"""What the rest of an unfinished line is; UNDECIDED while it has at most `LINE_HELD` bytes."""

REST_OF = {b"data": DATA, b"event": NAME, b"id": NAME, b"retry": RETRY, b"": COMMENT}


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream."""

    event: str = "message"
    data: bytes = b""
    """UTF-8 as received, several `data` lines joined by LF."""
    id: str = ""
    """The last id the stream gave, in this block or before; "" for none."""
    retry: int | None = None
    """The reconnection time in force, in ms; None where the stream never set one."""

    @property
    def text(self) -> str:
        """The data as text, with U+FFFD for bytes that are not UTF-8."""
        return self.data.decode("utf-8", "replace")


@lru_cache(maxsize=256)
def _name_in(line: bytes) -> str | None:
    """The name, if this is an `event: ` line. All streams together use a few dozen, so each is made once."""
    return (line[7:].decode("utf-8", "replace") or "message") if line.startswith(b"event: ") else None


class SSEDecoder:
    """Chunks of one response in, its events out.

    Attributes:
        max_event_bytes: Limit for the data of one event.
        last_event_id: The id after the last finished block, "" for none.
        retry: Reconnection time in ms, None until the stream sets one.
        stray: The first 4 KiB of lines without a known field, joined by LF: gateways write bare JSON errors into an open
            stream. Complete after `flush()`.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.max_event_bytes = max_event_bytes
        self.last_event_id = ""
        self.retry: int | None = None
        self.stray = b""
        self._bom: bytes | None = b""  # the first bytes, while they may still become a BOM
        self._after_cr = False
        self._failure: tuple[str, str | None] | None = None  # message and hint, raised again by every later call
        self._line = bytearray()  # the unfinished line, as far as it is kept; empty only between two lines
        self._rest = UNDECIDED
        self._id = ""  # becomes last_event_id with the next blank line
        self._pieces: list[bytes] = []  # the data of the block,
        self._tail = bytearray()  # continued here
        self._start_block()

    def _start_block(self) -> None:
        self._between_blocks = True
        self._event = b""
        self._data_lines = 0
        self._size = 0
        self._pieces.clear()
        self._tail.clear()

    def decode(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that end in this chunk, in order.

        Raises:
            ProtocolError: The data of an event exceeds `max_event_bytes`, or a name or id 4 KiB. If the same chunk ended
                other events before, these are returned and the next call raises. Nothing can be decoded after it.
        """
        if self._failure is not None:
            message, hint = self._failure
            raise ProtocolError(message, hint=hint, stage="stream")
        if self._after_cr or self._bom is not None or b"\r" in chunk:
            chunk = self._normalised(chunk)
        events: list[ServerSentEvent] = []
        start = 0
        try:
            if not self._between_blocks:
                # Whatever was before, behind two LFs a new block begins.
                start = chunk.find(b"\n\n") + 2
                if start < 2:
                    start = len(chunk)
                self._feed(chunk[:start], events)
            end = chunk.rfind(b"\n\n", start) + 2
            if end >= 2:
                self._split(chunk[start:end], events)
                start = end
            self._feed(chunk[start:], events)
        except ProtocolError as failure:
            self._failure = failure.message, failure.hint
            self._start_block()
            if not events:
                raise
        return events

    def flush(self) -> list[ServerSentEvent]:
        """The unfinished last block, as if its blank line had come; the stream is over then.

        The standard drops such a block, gateways are known to cut the last line end. Whether its data is whole is for the
        caller to judge; `last_event_id` and `retry` take nothing from lines that it left unfinished.

        Raises:
            ProtocolError: As in `decode`.
        """
        kept = self.last_event_id, self.retry
        head, self._bom = self._bom or b"", None
        events = self.decode(head + b"\n\n")
        self.last_event_id, self.retry = kept
        self._id = self.last_event_id
        return events

    def _normalised(self, chunk: bytes) -> bytes:
        """The chunk without BOM and with LF as its only line end."""
        if self._bom is not None:
            chunk = self._bom + chunk
            if len(chunk) < len(BOM) and BOM.startswith(chunk):
                self._bom = chunk
                return b""
            self._bom = None
            chunk = chunk.removeprefix(BOM)
        if chunk:
            if self._after_cr:
                chunk = chunk.removeprefix(b"\n")
            self._after_cr = chunk.endswith(b"\r")
            if b"\r" in chunk:
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _split(self, blocks: bytes, events: list[ServerSentEvent]) -> None:
        """Whole blocks, the fast way if all of them allow it."""
        if len(blocks) <= self.max_event_bytes and (found := self._common(blocks)) is not None:
            events += found
        elif blocks.startswith(b"\n") or b"\n\n\n" in blocks:
            # Between blocks more blank lines mean nothing; gateways that re-emit a stream may add one to each.
            while b"\n\n\n" in blocks:
                blocks = blocks.replace(b"\n\n\n", b"\n\n")
            self._split(blocks.lstrip(b"\n"), events)
        else:
            self._feed(blocks, events)

    def _common(self, blocks: bytes) -> list[ServerSentEvent] | None:
        """The events if each block is one `data: ` line, or one `event: ` and one `data: ` line; else None."""
        last_id, retry = self.last_event_id, self.retry
        line_ends = blocks.count(b"\n")  # if the blocks account for all of them, no name or data holds one
        if blocks.startswith(b"data: "):
            values = blocks[6:-2].split(b"\n\ndata: ")
            if line_ends == 2 * len(values):
                return [ServerSentEvent("message", data, last_id, retry) for data in values]
        lines = blocks[:-2].split(b"\n")
        if len(lines) % 3 == 2 and not any(lines[2::3]):
            heads, datas = lines[::3], lines[1::3]
            kinds = set(heads)
            short = (head for head in kinds if len(head) <= LINE_HELD)
            names = {head: name for head in short if (name := _name_in(head)) is not None}
            if len(names) == len(kinds) and blocks.count(b"\ndata: ") == len(datas):
                pairs = zip(heads, datas, strict=True)
                return [ServerSentEvent(names[head], data[6:], last_id, retry) for head, data in pairs]
        found: list[ServerSentEvent] = []
        for block in blocks[:-2].split(b"\n\n"):
            head, mark, data = block.partition(b"\ndata: ")
            if mark:
                if len(head) > LINE_HELD or (name := _name_in(head)) is None:
                    return None
                found.append(ServerSentEvent(name, data, last_id, retry))
                line_ends -= 3
            elif block[:6] == b"data: ":
                found.append(ServerSentEvent("message", block[6:], last_id, retry))
                line_ends -= 2
            else:
                return None
        return found if line_ends == 0 else None

    def _feed(self, chunk: bytes, events: list[ServerSentEvent]) -> None:
        """Any bytes, line by line."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            if self._line or (end - start > LINE_HELD and not chunk.startswith(b"data:", start)):
                self._grow(chunk[start:end])
                self._end_line()
            elif end > start:
                self._field(chunk[start:end])
            else:
                self._end_block(events)
            start = end + 1
        self._grow(chunk[start:])

    def _grow(self, piece: bytes) -> None:
        """More of a line whose end, or whose beginning, is in another chunk, or that is long."""
        if not piece:
            return
        self._between_blocks = False
        if self._rest == UNDECIDED:
            room = LINE_HELD - len(self._line)
            self._line += piece[:room]
            piece = piece[room:]
            if not piece:
                return
            line = bytes(self._line)
            self._rest = REST_OF.get(line.partition(b":")[0], STRAY)
            if self._rest in (DATA, STRAY):
                self._field(line)
        if self._rest == DATA:
            self._keep(piece)
        elif self._rest == NAME:
            self._line += piece
            if len(self._line) > MAX_NAME_LINE:
                raise ProtocolError(f"an event name or id is larger than {MAX_NAME_LINE:,} bytes", stage="stream")
        elif self._rest == STRAY:
            self._note(piece)
        elif self._rest == RETRY and not piece.isdigit():
            self._rest = COMMENT  # as good as one; more digits change nothing

    def _end_line(self) -> None:
        if self._rest in (UNDECIDED, NAME, RETRY):
            self._field(bytes(self._line))
        self._line.clear()
        self._rest = UNDECIDED

    def _field(self, line: bytes) -> None:
        """A whole line; of long `data` and unknown lines the beginning, `_grow` has the rest."""
        self._between_blocks = False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            if self._data_lines:
                self._keep(b"\n")
            self._data_lines += 1
            self._keep(value)
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry":
            if value.isdigit():
                self.retry = min(int(value), MAX_RETRY)
        elif name:
            self._note(b"\n" + line if self.stray else line)

    def _keep(self, piece: bytes) -> None:
        """More data."""
        self._size += len(piece)
        if self._size > self.max_event_bytes:
            limit = f"max_event_bytes = {self.max_event_bytes:,}"
            hint = "raise max_event_bytes on the client if such events are expected"
            raise ProtocolError(f"an event of a stream is larger than {limit}", hint=hint, stage="stream")
        if len(self._tail) + len(piece) < PIECE:
            self._tail += piece
        else:
            self._pieces.append(b"".join((self._tail, piece)))
            self._tail.clear()

    def _note(self, piece: bytes) -> None:
        """More of an unknown line."""
        if len(self.stray) < STRAY_KEPT:
            self.stray = (self.stray + piece[:STRAY_KEPT])[:STRAY_KEPT]

    def _end_block(self, events: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data_lines:
            name = self._event.decode("utf-8", "replace") or "message"
            data = b"".join((*self._pieces, self._tail))
            events.append(ServerSentEvent(name, data, self._id, self.retry))
        if not self._between_blocks:
            self._start_block()
