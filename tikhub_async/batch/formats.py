"""Lines of the OpenAI Batch format, in and out: bytes ↔ data, pure.

In: `{"custom_id", "method", "url", "body"}`. Files without `method` or `url` are read too, as Together and Novita write
them, and `params` in place of `body`, as Anthropic does. Out: `{"id", "custom_id", "response", "error"}`, exactly one of
the last two not null; `response` is `{"status_code", "request_id", "body"}`, for videos with `task` and `file` beside.

The join key is `custom_id`; the order of the output is the order in which answers came.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.request import encode_body
from tikhub_async.errors import BatchError, shorten
from tikhub_async.types._base import is_object

CHAT_PATH = "/v1/chat/completions"
MESSAGES_PATH = "/v1/messages"
LONGEST_ID = 512
"""Characters of a `custom_id`; OpenAI allows 64."""
SHOWN_PROBLEMS = 10


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request of a batch, as it came in."""

    custom_id: str
    method: str
    url: str
    """Path under the base URL."""
    body: bytes
    """JSON object; `b""` for none."""
    number: int
    """Place in the input, from 1."""
    offset: int = -1
    """Byte in the input file at which the line begins, -1 when it came from no file."""
    length: int = 0
    """Bytes of the line in the input file, its end included."""
    id_hash: int
    body_hash: int
    """Of method, url and body: another body under the same id is another request."""


class LineProblem(Exception):
    """A line that cannot be run; the text says why."""


class InputRefused(BatchError):
    """The input cannot be run as it is. Nothing was sent and nothing was paid.

    Attributes:
        problems: The first of them, as text that begins with the line's number.
        count: How many there are.
    """

    def __init__(self, problems: list[str], count: int, *, hint: str | None = None) -> None:
        self.problems = problems
        self.count = count
        listed = "".join(f"\n    {problem}" for problem in problems[:SHOWN_PROBLEMS])
        more = f"\n    … and {count - SHOWN_PROBLEMS} more" if count > SHOWN_PROBLEMS else ""
        lines = "1 line" if count == 1 else f"{count} lines"
        super().__init__(f"{lines} of the input cannot be run; nothing was sent:{listed}{more}", hint=hint)


def hash_of(*parts: bytes) -> int:
    """64 bits that stand for some bytes; the same on every machine."""
    return int.from_bytes(blake2b(b"\0".join((*parts, b"")), digest_size=8).digest(), "big")


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Row(msgspec.Struct):
    custom_id: Any = None
    method: Any = None
    url: Any = None
    body: msgspec.Raw = msgspec.Raw()  # `Raw | None` would refuse all but null
    params: msgspec.Raw = msgspec.Raw()


class _Shape(msgspec.Struct):
    messages: msgspec.Raw = msgspec.Raw()


_ROW = msgspec.json.Decoder(_Row)
_SHAPE = msgspec.json.Decoder(_Shape)


def read_line(text: bytes, number: int, *, endpoint: str | None = None, offset: int = -1) -> Line | None:
    """The request that a line of a file holds; None for a blank line.

    Args:
        text: The line, with or without its end.
        number: Its place in the input, from 1.
        endpoint: The path of lines that name none.
        offset: Where it begins in the file.

    Raises:
        LineProblem: It holds none.
    """
    stripped = text.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else text.strip()
    if not stripped:
        return None
    try:
        stripped.decode()  # msgspec passes broken UTF-8 through in members that it does not look into
        row = _ROW.decode(stripped)
    except codec.FAILURES as failure:
        raise LineProblem(f"is no JSON object: {failure or type(failure).__name__}: {_shown(stripped)}") from None
    body = _object(bytes(row.body) or bytes(row.params))
    url = _url_of(row.url, body, endpoint, anthropic=bool(bytes(row.params)))
    return _line(row.custom_id, row.method, url, body, number, offset, len(text))


def make_line(item: Mapping[str, Any], number: int, *, endpoint: str | None = None) -> Line:
    """The request that a mapping of the same members describes; without `custom_id` its place becomes one.

    Raises:
        LineProblem: It describes none.
        InvalidParameter: The body holds what JSON cannot.
    """
    unknown = item.keys() - {"custom_id", "method", "url", "body", "params"}
    if unknown:
        raise LineProblem(f"has unknown members: {', '.join(map(repr, sorted(unknown)))}")
    given = item.get("body", item.get("params"))
    if given is not None and not is_object(given):
        raise LineProblem(f"has a body that is no object: {shorten(repr(given), 60)}")
    body = b"" if given is None else encode_body(given, "batch")
    url = _url_of(item.get("url"), body, endpoint, anthropic="params" in item)
    return _line(item.get("custom_id", f"item-{number}"), item.get("method"), url, body, number, -1, 0)


def _line(custom_id: Any, method: Any, url: str, body: bytes, number: int, offset: int, length: int) -> Line:
    if not isinstance(custom_id, str) or not custom_id:
        raise LineProblem(f"needs a custom_id that is a non-empty text, got {shorten(repr(custom_id), 60)}")
    if len(custom_id) > LONGEST_ID:
        raise LineProblem(f"has a custom_id of {len(custom_id)} characters, more than {LONGEST_ID}")
    if method is not None and not isinstance(method, str):
        raise LineProblem(f"has a method that is no text: {shorten(repr(method), 60)}")
    verb = (method or "POST").upper()
    return Line(
        custom_id=custom_id,
        method=verb,
        url=url,
        body=body,
        number=number,
        offset=offset,
        length=length,
        id_hash=hash_of(custom_id.encode("utf-8", "surrogatepass")),
        body_hash=hash_of(verb.encode(), url.encode("utf-8", "surrogatepass"), body),
    )


def _object(text: bytes) -> bytes:
    text = text.strip()
    if text in {b"", b"null"}:
        return b""
    if text[:1] != b"{":
        raise LineProblem(f"has a body that is no object: {_shown(text)}")
    return text


def _url_of(url: Any, body: bytes, endpoint: str | None, *, anthropic: bool) -> str:
    if url is None:
        if endpoint is not None:
            return endpoint
        if anthropic:
            return MESSAGES_PATH
        if body and bytes(_SHAPE.decode(body).messages):
            return CHAT_PATH
        raise LineProblem("names no url, and its body has no messages: say which with endpoint= (--endpoint)")
    if not isinstance(url, str) or not url.startswith("/") or url.startswith("//"):
        raise LineProblem(f"needs a url that is a path, as {CHAT_PATH!r}, got {shorten(repr(url), 80)}")
    return url


def _shown(text: bytes) -> str:
    return repr(shorten(text[:200].decode("utf-8", "replace"), 80))


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_encode = msgspec.json.Encoder().encode
_JSON = msgspec.json.Decoder(msgspec.Raw)


class ItemError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a line has no answer: the `error` of its output line."""

    code: str
    """A word: the gateway's or provider's own, else one of this package as `timeout`, `invalid_parameter`."""
    message: str
    type: str = ""
    """The class of the error, as `BadRequestError`."""
    status_code: int | None = None
    """The HTTP status, None when no answer arrived."""
    request_id: str | None = None
    maybe_billed: bool = False
    """True when the provider may have done, and charged, the work."""


def response_line(
    custom_id: str,
    id_hash: int,
    body: bytes,
    *,
    status_code: int = 200,
    request_id: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bytes:
    """The output line of an answer, its end included.

    Args:
        custom_id: The line's.
        id_hash: Of the `custom_id`.
        body: The answer as JSON, put in as it is.
        status_code: The HTTP status.
        request_id: The gateway's.
        facts: Members beside `body`, as `task` and `file` of a video.
    """
    more = b"".join(b",%s:%s" % (_encode(name), codec.dumps(value)) for name, value in (facts or {}).items())
    return b'{"id":"batch_req_%016x","custom_id":%s,"response":{"status_code":%d,"request_id":%s,"body":%s%s},' % (
        id_hash, codec.dumps(custom_id), status_code, _encode(request_id), one_line(body), more,
    ) + b'"error":null}\n'  # fmt: skip


def error_line(custom_id: str, id_hash: int, error: ItemError) -> bytes:
    """The output line of a line that has no answer, its end included."""
    return b'{"id":"batch_req_%016x","custom_id":%s,"response":null,"error":%s}\n' % (
        id_hash, codec.dumps(custom_id), codec.dumps(msgspec.to_builtins(error)),
    )  # fmt: skip


def one_line(body: bytes) -> bytes:
    """JSON as it is where it is sound and on one line, else the same written anew."""
    try:
        body.decode()
        _JSON.decode(body)
    except codec.FAILURES:
        return codec.dumps(codec.loads(body))
    if b"\n" in body or b"\r" in body:
        return msgspec.json.format(body, indent=-1)
    return body


class _Out(msgspec.Struct):
    custom_id: str
    error: msgspec.Raw = msgspec.Raw(b"null")


_OUT = msgspec.json.Decoder(_Out)


def id_of(line: bytes) -> str | None:
    """The `custom_id` of an output line; None when it is none."""
    try:
        return _OUT.decode(line).custom_id
    except codec.FAILURES:
        pass
    try:
        found = codec.loads(line)
        custom_id = found["custom_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return custom_id if isinstance(custom_id, str) else None


def is_good(line: bytes) -> bool:
    """Whether an output line holds an answer rather than an error."""
    try:
        found = _OUT.decode(line)
    except codec.FAILURES:
        return b'"error":null}' in line[-16:]
    return bytes(found.error) == b"null"
