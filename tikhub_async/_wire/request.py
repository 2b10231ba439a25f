"""An endpoint and parameters → a request. Everything that can be refused is refused here, before it leaves."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tikhub_async._config import KEY_HEADERS, Config
from tikhub_async._wire import codec
from tikhub_async.errors import ConfigError, InvalidParameter, MissingParameter, UnknownParameter, shorten
from tikhub_async.types._base import RequestOptions, is_array, is_object

OPTION_NAMES = frozenset(RequestOptions.__optional_keys__)
SAFE_SEGMENT = re.compile(r"[A-Za-z0-9._:@+-]{1,256}\Z")
"""What an id or model name may hold: nothing that could leave its path segment."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Kind(Enum):
    """What a call costs and may therefore do when its outcome is unclear."""

    READ = "read"
    """GET without side effects: a poll, a list."""
    GENERATE = "generate"
    """Paid per call, answered in one go: chat, embeddings, transcription."""
    CREATE = "create"
    """Paid, long-lived: a video creation. Never sent twice."""
    DELETE = "delete"

    @property
    def is_paid(self) -> bool:
        """Whether such a call is charged."""
        return self is Kind.GENERATE or self is Kind.CREATE


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One route of the gateway, as data."""

    name: str
    """How users call it, as `openai.chat.completions.create`; also its key in `routes=`."""
    method: str
    path: str
    """With `{name}` where an id or model goes."""
    kind: Kind
    keep_body: bool = True
    """False where bodies are large: the raw answer is not kept on the result."""
    timeout: str = "total"
    """The field of `Timeouts` that bounds the whole call."""


class Part(msgspec.Struct, frozen=True):
    """One part of a multipart body. `_session` makes the form of it."""

    name: str
    content: bytes | str
    filename: str | None = None
    content_type: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request ready to be sent, without the key."""

    endpoint: Endpoint
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    form: tuple[Part, ...] = ()
    timeout: float | None = None
    """The caller's limit for the whole call, seconds."""
    max_retries: int | None = None
    stream: bool = False

    @property
    def where(self) -> str:
        """The call as errors name it."""
        return f"{self.endpoint.name} {self.endpoint.method} {_path(self.url)}"

    def __repr__(self) -> str:
        # Tracebacks with locals must not show prompts.
        return f"<Request {self.where}>"

    def with_retries(self, max_retries: int) -> "Request":
        """The same request with its own retry limit."""
        return msgspec.structs.replace(self, max_retries=max_retries)


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]


class Schema(msgspec.Struct, frozen=True):
    """The names of a request TypedDict, read once."""

    where: str
    required: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(cls, where: str, params: type) -> "Schema":
        """The schema of a params TypedDict (request options included)."""
        required: frozenset[str] = frozenset(params.__required_keys__)  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportAttributeAccessIssue]
        optional: frozenset[str] = frozenset(params.__optional_keys__)  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportAttributeAccessIssue]
        return cls(where, required, required | optional)

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuse misspelt and missing names.

        Raises:
            UnknownParameter: A keyword is not known; the nearest known one is named.
            MissingParameter: A required keyword is absent.
        """
        for name in params:
            if name not in self.known:
                raise self._unknown(name)
        if not self.required <= params.keys():
            raise MissingParameter(self.where, sorted(self.required - params.keys()))

    def _unknown(self, name: str) -> UnknownParameter:
        if name == "stream":
            resource, _, verb = self.where.rpartition(".")
            streamed = "generate_content_stream" if resource == "gemini.models" else "stream"
            hint = f"{verb} never streams: call {resource}.{streamed}(…) instead"
            return UnknownParameter(self.where, name, hint=hint)
        nearest = difflib.get_close_matches(name, sorted(self.known), n=1, cutoff=0.6)
        return UnknownParameter(self.where, name, nearest[0] if nearest else None)


def build(
    endpoint: Endpoint,
    config: Config,
    options: Mapping[str, Any],
    *,
    body: Mapping[str, Any] | None = None,
    form: Sequence[Part] = (),
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    stream: bool = False,
) -> Request:
    """A request of an endpoint.

    Args:
        endpoint: The route.
        config: The client's options.
        options: The call's keywords; only the per-call options among them are read here.
        body: The JSON body, None for none.
        form: Parts of a multipart body, instead of `body`.
        path: Values of the `{…}` in the path.
        query: Query parameters.
        headers: Headers this endpoint needs beside the usual ones.
        stream: Whether the answer is read as events.

    Raises:
        InvalidParameter: A value cannot be sent, or a path value would change the route.
        ConfigError: The caller's own path for this route has no place for the id.
    """
    where = endpoint.name
    values = path or {}
    template = config.route(where, endpoint.path)
    if template is not endpoint.path:
        body = _with_lost(template, values, body, where)
    extra_body = options.get("extra_body")
    if extra_body and form:
        form = (*form, *(form_part(str(name), value, where) for name, value in extra_body.items()))
    elif extra_body:
        body = {**(body or {}), **extra_body}
    return Request(
        endpoint=endpoint,
        url=config.base_url + _filled(template, values, where) + _query(query, options.get("extra_query")),
        headers=_headers(config, headers, options, where),
        body=None if body is None else encode_body(body, where),
        form=tuple(form),
        timeout=_positive(options.get("timeout"), "timeout", where),
        max_retries=options.get("max_retries"),
        stream=stream,
    )


def body_of(params: Mapping[str, Any], *path_names: str) -> dict[str, Any]:
    """The members of `params` that go into the body: not options, not path values."""
    return {name: value for name, value in params.items() if name not in OPTION_NAMES and name not in path_names}


def form_part(name: str, value: Any, where: str) -> Part:
    """A field of a form: text as it is, all else as JSON writes it, so `true` and `["word"]`.

    Raises:
        InvalidParameter: It has no JSON form, as NaN and bytes.
    """
    if isinstance(value, str):
        return Part(name, value)
    if not _is_plain(value):
        _refuse(value, name, where)
    try:
        return Part(name, codec.dumps(value).decode())
    except TypeError as failure:
        raise InvalidParameter(name, f"cannot go into a form: {failure}", where=where) from None


def _with_lost(
    template: str, values: Mapping[str, str], body: Mapping[str, Any] | None, where: str
) -> Mapping[str, Any] | None:
    """The body with the values that the caller's own path has no place for: the model of a creation must not be lost.

    Raises:
        ConfigError: There is no body to put them into.
    """
    lost = {name: value for name, value in values.items() if f"{{{name}}}" not in template}
    if lost and body is None:
        name = next(iter(lost))
        raise ConfigError(
            f"routes[{where!r}] = {template!r} has no {{{name}}}", hint=f"write {{{name}}} where it goes in the path"
        )
    return {**lost, **body} if lost and body is not None else body


def _filled(template: str, values: Mapping[str, str], where: str) -> str:
    """The path with its values."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", segment(value, name, where))
    return template


def _query(own: Mapping[str, str] | None, extra: Mapping[str, str] | None) -> str:
    query = {**(own or {}), **(extra or {})}
    return f"?{urlencode(query)}" if query else ""


def segment(value: str, name: str, where: str) -> str:
    """An id or model name as one safe path segment.

    Raises:
        InvalidParameter: Empty, or holding characters that could change the route.
    """
    if not isinstance(value, str) or not value:  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise InvalidParameter(name, f"must be a non-empty text, got {value!r}", where=where)
    parts = value.split("/")
    if any(part in {".", ".."} or not SAFE_SEGMENT.match(part) for part in parts):
        raise InvalidParameter(
            name,
            f"{shorten(value, 60)!r} cannot go into a URL path",
            where=where,
            hint="ids and model names are made of letters, digits and . _ : @ + -",
        )
    return quote(value, safe="/:@+-._")


def _headers(
    config: Config, own: Mapping[str, str] | None, options: Mapping[str, Any], where: str
) -> tuple[tuple[str, str], ...]:
    extra: Mapping[str, str] = options.get("extra_headers") or {}
    if not (extra or own or config.default_headers):
        return ()
    for name in extra:
        if name.lower() in KEY_HEADERS:
            raise InvalidParameter(
                f"extra_headers[{name!r}]",
                "the key is set by the client",
                where=where,
                hint="use client.with_options(api_key=…)",
            )
    for name, value in (*config.default_headers, *extra.items()):
        if not _HEADER_NAME.match(name) or not isinstance(value, str) or _NOT_IN_A_HEADER.search(value):  # pyright: ignore[reportUnnecessaryIsInstance]
            # The value is not shown: it may be a credential.
            raise InvalidParameter(
                f"extra_headers[{name!r}]",
                "cannot be sent as a header",
                where=where,
                hint="names are ASCII without blanks, values text on one line",
            )
    return (*config.default_headers, *(own or {}).items(), *extra.items())


def _positive(value: Any, name: str, where: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not value > 0:
        raise InvalidParameter(name, f"must be > 0 seconds, got {value!r}", where=where)
    return float(value)


def encode_body(body: Mapping[str, Any], where: str) -> bytes:
    """A JSON body, refusing what JSON or msgspec would change silently.

    Raises:
        InvalidParameter: NaN or infinity, bytes, a lone surrogate, a received object, what holds itself, anything without
            JSON form.
    """
    try:
        for name, value in body.items():
            # The walk that knows where it is costs three times as much, and finds nothing in nearly all bodies.
            if not _is_plain(value):
                _refuse(value, name, where)
        return codec.encode(body)
    except RecursionError:
        raise InvalidParameter("the body", "holds itself, or is nested too deep", where=where) from None
    except UnicodeEncodeError:
        raise InvalidParameter(
            _find_surrogate(body, ""),
            "holds half of a surrogate pair",
            where=where,
            hint="cut text between characters, not inside a UTF-16 pair",
        ) from None
    except (TypeError, msgspec.MsgspecError) as failure:
        raise InvalidParameter("the body", f"cannot be encoded as JSON: {failure}", where=where) from None


_SCALARS = frozenset((str, int, bool, type(None)))


def _is_plain(value: Any) -> bool:
    """Whether a value is made of the plain types, which JSON has; text is left to the encoder, which checks it in C."""
    kind: Any = value.__class__
    if kind is dict:
        for name, member in value.items():
            if type(name) is not str or not (type(member) in _SCALARS or _is_plain(member)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(type(member) in _SCALARS or _is_plain(member) for member in value)
    return kind in _SCALARS or (kind is float and math.isfinite(value))


def _refuse(value: Any, path: str, where: str) -> None:
    if value is None or isinstance(value, str | int):
        return
    if is_object(value):
        for name, member in value.items():
            if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
                raise InvalidParameter(f"{path}[{name!r}]", "object keys must be text", where=where)
            _refuse(member, f"{path}.{name}", where)
    elif is_array(value):
        for index, member in enumerate(value):
            if not isinstance(member, str | int):
                _refuse(member, f"{path}[{index}]", where)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidParameter(path, f"{value!r} has no JSON form", where=where, hint="leave it out, or send None")
    elif isinstance(value, bytes | bytearray | memoryview):
        raise InvalidParameter(
            path, "bytes have no JSON form", where=where, hint="encode them (base64) or use tikhub_async.media"
        )
    elif isinstance(value, msgspec.Struct):
        raise InvalidParameter(
            path, f"is a received {type(value).__name__}", where=where, hint="send it back with its .to_param()"
        )


def _find_surrogate(value: Any, path: str) -> str:
    if isinstance(value, str):
        return path if any("\ud800" <= character <= "\udfff" for character in value) else ""
    if is_object(value):
        found = (_find_surrogate(member, f"{path}.{name}".lstrip(".")) for name, member in value.items())
        return next((where for where in found if where), "")
    if is_array(value):
        found = (_find_surrogate(member, f"{path}[{index}]") for index, member in enumerate(value))
        return next((where for where in found if where), "")
    return ""
