"""Routes of the gateway that this package has no method for.

| call | route | evidence |
|---|---|---|
| `client.get` | `GET` of a path | the caller's |
| `client.post` | `POST` to a path | the caller's |

The key, the retries, the deadlines and the errors are those of every other call.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload
from urllib.parse import unquote

from msgspec import inspect as shapes

from tikhub_async._wire import codec
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema
from tikhub_async.errors import InDoubtError, InvalidParameter, shorten
from tikhub_async.providers._base import Provider
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.raw import RawResponse

if TYPE_CHECKING:
    from tikhub_async._session.exchange import Answer

__all__ = ["Custom"]

T = TypeVar("T")

GET_PARAMS = Schema.of("client.get", RequestOptions)
POST_PARAMS = Schema.of("client.post", RequestOptions)

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]{2}")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)+/?\Z")
"""RFC 3986 without empty segments: between two slashes an id is missing. A slash at the end is part of some routes."""


class Custom(Provider):
    """`client.get` and `client.post`."""

    @overload
    async def get(self, path: str, *, cast_to: None = None, **options: Unpack[RequestOptions]) -> RawResponse: ...
    @overload
    async def get(self, path: str, *, cast_to: type[T], **options: Unpack[RequestOptions]) -> T: ...
    async def get(
        self, path: str, *, cast_to: type[T] | None = None, **options: Unpack[RequestOptions]
    ) -> RawResponse | T:
        """The answer of any route, as `await client.get("/api/usage/token/")`.

        Args:
            path: Path under the base URL, beginning with a slash, without a query: that is `extra_query`.
            cast_to: The type to decode the answer into: a `msgspec.Struct`, dataclass, TypedDict, `dict[str, Any]` …
                Default: a `RawResponse` with the plain data, the body, status and headers.
            options: Per-call options.

        Raises:
            ParameterError: The path is none, or leaves the base URL; nothing was sent.
            APIStatusError: The gateway refused.
            DecodeError: The answer does not fit `cast_to`.
            APIError: No usable answer.
        """
        GET_PARAMS.check(options)
        endpoint = Endpoint(name="client.get", method="GET", path=_checked(path, "client.get"), kind=Kind.READ)
        return await self._fetch(self._build(endpoint, options), cast_to)

    @overload
    async def post(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        cast_to: None = None,
        paid_creation: bool = False,
        **options: Unpack[RequestOptions],
    ) -> RawResponse: ...
    @overload
    async def post(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        cast_to: type[T],
        paid_creation: bool = False,
        **options: Unpack[RequestOptions],
    ) -> T: ...
    async def post(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        cast_to: type[T] | None = None,
        paid_creation: bool = False,
        **options: Unpack[RequestOptions],
    ) -> RawResponse | T:
        """The answer of any route to a JSON body.

        Args:
            path: Path under the base URL, beginning with a slash, without a query: that is `extra_query`.
            body: The JSON body; None sends none.
            cast_to: The type to decode the answer into; default: a `RawResponse`.
            paid_creation: True for what makes something that costs money and lives on, as a video task: it is never
                sent again once it may have arrived, and a lost outcome is an `InDoubtError`. False sends it once more
                after a drop, as chat does.
            options: Per-call options.

        Raises:
            ParameterError: The path is none, leaves the base URL, or the body cannot be sent; nothing was sent.
            APIStatusError: The gateway refused.
            InDoubtError: A paid creation was sent, and what became of it is unknown.
            DecodeError: The answer does not fit `cast_to`.
            APIError: No usable answer.
        """
        POST_PARAMS.check(options)
        endpoint = Endpoint(
            name="client.post",
            method="POST",
            path=_checked(path, "client.post"),
            kind=Kind.CREATE if paid_creation else Kind.GENERATE,
        )
        return await self._fetch(self._build(endpoint, options, body=body), cast_to)

    async def _fetch(self, request: Request, cast_to: type[T] | None) -> RawResponse | T:
        if cast_to is not None:
            _check_type(cast_to, request.endpoint.name)
        try:
            answer = await self._session.send(request)
        except InDoubtError as error:
            error.hint = "it was not sent again; look in the console for what it may have made"
            raise
        if cast_to is not None:
            return self._decode(request, answer, cast_to)
        raw = RawResponse(data=_data_of(answer))
        raw.attach(answer.meta)
        return raw


def _checked(path: str, where: str) -> str:
    """The path as it goes behind the base URL.

    Raises:
        InvalidParameter: It is an address, has a query, leaves its place, or holds characters that need encoding.
    """
    if _ADDRESS.match(path):
        hint = "the key goes to the base URL and nowhere else; another gateway is another client: TikHubAI(base_url=…)"
        raise InvalidParameter("path", f"must be a path, not an address: {shorten(path, 60)!r}", where=where, hint=hint)
    if "?" in path or "#" in path:
        hint = 'pass the query as extra_query={"name": "value"}'
        raise InvalidParameter("path", f"must not hold a query: {shorten(path, 60)!r}", where=where, hint=hint)
    plain = unquote(path)
    if not _PATH.match(path) or not plain.isprintable() or {".", ".."} & set(re.split(r"[/\\]", plain)):
        hint = 'write it as "/v1/things/name"; urllib.parse.quote(name, safe="") encodes a name for it'
        raise InvalidParameter("path", f"{shorten(path, 60)!r} cannot go into a URL", where=where, hint=hint)
    return path


def _check_type(type_: Any, where: str) -> None:
    """Refuse, before anything is paid, a type that no JSON can become.

    Raises:
        InvalidParameter: It is such a type.
    """
    reason = "is a class that JSON cannot become"
    try:
        codec.decoder_for(type_)
        custom = isinstance(shapes.type_info(type_), shapes.CustomType)
    except (TypeError, NameError) as failure:
        custom, reason = True, str(failure)
    if custom:
        hint = "take a msgspec.Struct, a dataclass, a TypedDict or dict[str, Any]"
        raise InvalidParameter("cast_to", f"{type_!r} {reason}", where=where, hint=hint)


def _data_of(answer: "Answer") -> Any:
    """The body as plain data, None where it is no JSON."""
    said = answer.meta.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not said.endswith("json") and answer.body.lstrip()[:1] not in {b"{", b"["}:
        return None  # audio, an image, text
    try:
        return codec.loads(answer.body)
    except (ValueError, RecursionError):
        return None
