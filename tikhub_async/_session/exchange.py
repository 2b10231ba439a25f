"""One exchange: a request out, an answer or an open body back, transport errors as ours."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from yarl import URL

from tikhub_async._clock import Clock
from tikhub_async._config import USER_AGENT, Config
from tikhub_async._session.body import StreamBody
from tikhub_async._session.failures import Stalled
from tikhub_async._session.transport import Pools, Sent
from tikhub_async._wire.request import KEY_HEADERS, Kind, Request
from tikhub_async.errors import APIConnectionError, APITimeoutError, ProtocolError, TikHubError, shorten
from tikhub_async.types._base import Headers, ResponseMeta

if TYPE_CHECKING:
    from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType

STANDING_HEADERS = {"User-Agent": USER_AGENT, "Accept-Language": "en", "Accept-Encoding": "identity"}
"""Sent with every call. No compression: the gateway uses none, and a gzip body that is cut ends silently."""

NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
WRONG_CERTIFICATE = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)


class Answer(msgspec.Struct, frozen=True):
    """A whole answer that is no error."""

    meta: ResponseMeta
    body: bytes


@lru_cache(maxsize=1024)
def _url(url: str) -> URL:
    return URL(url, encoded=True)


def key_middleware(config: Config) -> "ClientMiddlewareType":
    """The only place that puts the key on the wire: on requests to the base URL's origin, and on no other.

    A middleware runs for each hop, and keeps the key out of the frames that a traceback shows.
    """
    origin = URL(config.base_url).origin()
    key = config.api_key
    as_x_api_key = config.key_header == "x-api-key"

    async def attach_key(request: aiohttp.ClientRequest, handler: "ClientHandlerType") -> aiohttp.ClientResponse:
        headers = request.headers
        for name in KEY_HEADERS:
            headers.pop(name, None)  # an injected session may carry credentials of its own
        if request.url.origin() == origin:
            if as_x_api_key and request.url.path.endswith("/v1/messages"):
                headers["x-api-key"] = key.reveal()
            else:
                headers["Authorization"] = f"Bearer {key.reveal()}"
        return await handler(request)

    return attach_key


class Exchange:
    """Sends one request, once."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._middlewares = (key_middleware(config),)
        limits = config.timeouts
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect)

    async def request(self, pools: Pools, request: Request, sent: Sent) -> aiohttp.ClientResponse:
        """The answer with its headers read. Raises what aiohttp raises."""
        paid = request.endpoint.kind is Kind.CREATE
        session = pools.paid() if paid else pools.api()
        if not paid:
            sent.value = True  # not traced here; `failure_of` knows the errors that come before
        return await session.request(
            request.endpoint.method,
            _url(request.url),
            headers=self._headers(request),
            data=_form(request) if request.form else request.body,
            allow_redirects=False,
            raise_for_status=False,
            timeout=self._timeout,
            middlewares=self._middlewares,
            proxy=pools.proxy,
            trace_request_ctx=sent,
        )

    def _headers(self, request: Request) -> dict[str, str]:
        headers = dict(STANDING_HEADERS)
        headers["Accept"] = "text/event-stream" if request.stream else "application/json"
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        headers.update(request.headers)
        return headers

    async def read(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        """The whole body, refused when longer than `limit` bytes after decompression."""
        first = await response.content.readany()
        if response.content.at_eof():
            return first
        pieces = [first]
        size = len(first)
        while piece := await response.content.readany():
            size += len(piece)
            if size > limit:
                raise ProtocolError(
                    f"the answer is larger than {limit} bytes",
                    status_code=response.status,
                    hint="raise max_json_bytes on the client if such answers are expected",
                )
            pieces.append(piece)
        return b"".join(pieces)

    def open(
        self, response: aiohttp.ClientResponse, release: Callable[[], None], deadline: float | None, meta: ResponseMeta
    ) -> StreamBody:
        """The body of a stream, guarded by the idle limit and the caller's deadline."""
        return StreamBody(
            response, meta, release, clock=self._clock, idle=self._config.timeouts.idle, deadline=deadline
        )


def meta_of(response: aiohttp.ClientResponse) -> ResponseMeta:
    """Status and headers of an answer."""
    return ResponseMeta(status_code=response.status, headers=Headers(response.raw_headers))


def _form(request: Request) -> aiohttp.FormData:
    # quote_fields=False: percent-encoded file names would hide the suffix that the gateway reads.
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for part in request.form:
        form.add_field(part.name, part.content, filename=part.filename, content_type=part.content_type)
    return form


def failure_of(failure: BaseException, request: Request, sent: Sent, *, phase: str, limit: float | None) -> TikHubError:
    """Our error for a transport's, as text only: aiohttp's own errors carry the request headers."""
    name = type(failure).__name__
    if isinstance(failure, NEVER_SENT):
        sent.value = False
    where = request.where
    if isinstance(failure, TikHubError):
        failure.where = failure.where or where
        return failure
    if isinstance(failure, aiohttp.ConnectionTimeoutError):
        return APITimeoutError("no connection within the connect limit", phase="connect", where=where)
    if isinstance(failure, Stalled):
        return APITimeoutError(
            f"no data for {failure.seconds:g} s", phase=failure.phase, seconds=failure.seconds, where=where
        )
    if isinstance(failure, TimeoutError) and not isinstance(failure, aiohttp.ClientError):
        spent = f" within {limit:g} s" if limit is not None else ""
        return APITimeoutError(
            f"no answer{spent} ({phase})",
            phase=phase,
            seconds=limit,
            where=where,
            hint="raise timeout=, or stream: a stream shows progress and has no total limit",
        )
    if isinstance(failure, aiohttp.ClientResponseError):
        return ProtocolError(
            f"the answer's head cannot be read: {shorten(failure.message)}", status_code=failure.status, where=where
        )
    stage = "certificate" if isinstance(failure, WRONG_CERTIFICATE) else "request"
    hint = "check base_url, DNS and the network; nothing was sent" if not sent.value else None
    text = shorten(str(failure)) or "no reason given"
    return APIConnectionError(f"{name}: {text}", stage=stage, where=where, hint=hint)
