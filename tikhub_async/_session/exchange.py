"""One exchange: a request out, an answer or an open body back, transport errors as ours."""

import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from tikhub_async._clock import Clock
from tikhub_async._config import KEY_HEADERS, USER_AGENT, Config
from tikhub_async._session.body import Content, StreamBody, Watch
from tikhub_async._session.failures import Stalled
from tikhub_async._session.transport import SENDING, Pools, Sent
from tikhub_async._wire import codec
from tikhub_async._wire.problem import ERROR_BODY_LIMIT
from tikhub_async._wire.request import Kind, Request
from tikhub_async.errors import APIConnectionError, APITimeoutError, ProtocolError, TikHubError, in_seconds, shorten
from tikhub_async.types._base import ResponseMeta

if TYPE_CHECKING:
    from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType

STANDING_HEADERS = {"User-Agent": USER_AGENT, "Accept-Language": "en", "Accept-Encoding": "identity"}
"""Sent with every call. No compression: the gateway uses none, and a gzip body that is cut ends silently."""

NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
FRESH = (Kind.CREATE, Kind.DELETE)
"""Calls that must know what became of each attempt: a connection of its own for each, and a record of it."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer that is no error."""

    meta: ResponseMeta
    body: bytes
    sent_at: float = 0.0
    """When the attempt that brought it was sent, Unix seconds."""

    def __repr__(self) -> str:
        # Tracebacks with locals must not show what was said.
        return f"<Answer {self.meta.status_code}, {len(self.body)} bytes>"


def connect_limits(seconds: float | None) -> aiohttp.ClientTimeout:
    """The only limits that aiohttp keeps for us: DNS, TCP and TLS together, and each address of the host by itself."""
    return aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds)


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

    def put(request: aiohttp.ClientRequest) -> None:
        headers = request.headers
        for name in KEY_HEADERS:
            headers.pop(name, None)  # an injected session may carry credentials of its own
        if request.url.origin() == origin:
            if as_x_api_key and request.url.path.endswith("/v1/messages"):
                headers["x-api-key"] = key.reveal()
            else:
                headers["Authorization"] = f"Bearer {key.reveal()}"

    async def attach_key(request: aiohttp.ClientRequest, handler: "ClientHandlerType") -> aiohttp.ClientResponse:
        put(request)  # a frame of its own: this one waits for the answer, and a cancellation shows its locals
        return await handler(request)

    return attach_key


class Exchange:
    """Sends one request, once."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._middlewares = (key_middleware(config),)
        self._timeout = connect_limits(config.timeouts.connect)

    async def request(self, pools: Pools, request: Request, sent: Sent) -> aiohttp.ClientResponse:
        """The answer with its headers read. Raises what aiohttp raises."""
        session = pools.paid() if request.endpoint.kind in FRESH else pools.api()
        url = _url(request.url)
        # Until a connector of ours says better: an injected session tells nothing. `failure_of` knows what comes before.
        sent.value = True
        SENDING.set(sent)
        try:
            return await session.request(
                request.endpoint.method,
                url,
                headers=self._headers(request),
                data=_form(request) if request.form else None if request.body is None else _Body(request.body),
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout,
                middlewares=self._middlewares,
                proxy=pools.proxy_for(url.host),
            )
        finally:
            SENDING.set(None)  # not `reset`, which fails in a coroutine that is collected with its loop

    def _headers(self, request: Request) -> dict[str, str]:
        headers = dict(STANDING_HEADERS)
        headers["Accept"] = "text/event-stream" if request.stream else "application/json"
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        headers.update(request.headers)
        return headers

    async def read(self, content: Content, left: float | None) -> bytes:
        """The whole body of a good answer; sizes count after decompression.

        Args:
            content: The body.
            left: Seconds for the whole of it, None for no limit. Each read is bounded by `Timeouts.idle`.

        Raises:
            ProtocolError: It is larger than `max_json_bytes`.
            Stalled: The time is up.
        """
        limit = self._config.max_json_bytes
        deadline = None if left is None else self._clock.now() + left
        pieces: list[bytes] = []
        size = 0
        while piece := await self._piece(content, deadline):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise ProtocolError(
                    f"the answer is larger than max_json_bytes = {limit:,}",
                    status_code=200,
                    hint="raise max_json_bytes on the client if such answers are expected",
                )
            if content.at_end:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_error(self, content: Content, left: float | None) -> bytes:
        """The first 64 KiB of the body of an answer that is an error by its status; never raises.

        A body that breaks off or does not come leaves the status, and that decides.
        """
        idle = self._config.timeouts.idle
        limits = [limit for limit in (left, idle) if limit is not None]
        deadline = self._clock.now() + min(limits) if limits else None
        body = b""
        try:
            while len(body) < ERROR_BODY_LIMIT and (piece := await self._piece(content, deadline)):
                body += piece
        except (aiohttp.ClientError, OSError, Stalled):
            pass
        return body[:ERROR_BODY_LIMIT]

    async def _piece(self, content: Content, deadline: float | None) -> bytes:
        if content.complete:
            return await content.read()  # does not wait, so it needs no timer
        idle = self._config.timeouts.idle
        left = None if deadline is None else max(deadline - self._clock.now(), 0.0)
        phase, limit = ("total", left) if idle is None or (left is not None and left < idle) else ("idle", idle)
        try:
            async with self._clock.timeout(limit):
                return await content.read()
        except TimeoutError:
            pass
        raise Stalled(phase, limit or 0.0)

    def open(
        self,
        response: aiohttp.ClientResponse,
        release: Callable[[], None],
        watch: Watch,
        deadline: float | None,
        meta: ResponseMeta,
    ) -> StreamBody:
        """The body of a stream, guarded by the idle limit and the caller's deadline."""
        idle = self._config.timeouts.idle
        return StreamBody(response, meta, release, watch, clock=self._clock, idle=idle, deadline=deadline)


class _Body(aiohttp.BytesPayload):
    """A JSON body on its way out.

    Bytes themselves would stand in aiohttp's frames, where a traceback with locals shows them, and aiohttp warns of more
    than 1 MiB, as images have.
    """

    def __init__(self, body: bytes) -> None:
        aiohttp.Payload.__init__(self, body, content_type="application/json")  # past the warning
        self._size = len(body)


def _form(request: Request) -> aiohttp.FormData:
    # quote_fields=False: percent-encoded file names would hide the suffix that the gateway reads.
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for part in request.form:
        content = io.BytesIO(part.content) if isinstance(part.content, bytes) else part.content  # no warning, as above
        form.add_field(part.name, content, filename=part.filename, content_type=part.content_type)
    return form


def failure_of(failure: BaseException, request: Request, sent: Sent, *, phase: str, limit: float | None) -> TikHubError:
    """Our error for a transport's, as text only: aiohttp's own errors carry the request headers."""
    if isinstance(failure, NEVER_SENT):
        sent.value = False
    if isinstance(failure, TikHubError):
        failure.where = failure.where or request.where
        return failure
    if isinstance(failure, Stalled | TimeoutError):
        error: TikHubError = _timeout_of(failure, phase, limit)
    elif isinstance(failure, aiohttp.ClientHttpProxyError):
        said = f"{failure.status} {shorten(failure.message, 60)}".strip()
        error = APIConnectionError(f"the proxy answered {said}", hint="check proxy=; nothing was sent")
    elif not request.stream and _is_in_the_body(failure):
        error = APIConnectionError(
            "the body of the answer cannot be decompressed",
            hint="no compression was asked for: something on the way compresses answers, and damaged this one",
        )
    elif isinstance(failure, aiohttp.ClientResponseError):
        # No status: whatever the head said, it came after the request was read.
        error = ProtocolError(
            f"the head of the answer cannot be read: {shorten(failure.message)}",
            hint="check base_url and proxy=: what answers there is no HTTP server, or something on the way damages answers",
        )
    else:
        wrong = isinstance(failure, aiohttp.ClientConnectorCertificateError)
        error = APIConnectionError(
            f"{type(failure).__name__}: {shorten(str(failure)) or 'no reason given'}",
            stage="certificate" if wrong else "request",
            hint="check base_url, DNS and the network; nothing was sent" if not sent.value else None,
        )
    error.where = request.where
    return error


def _is_in_the_body(failure: BaseException) -> bool:
    """Whether a head was refused for its body's sake: aiohttp decompresses what comes in one piece with the head first."""
    cause: BaseException | None = failure
    while cause is not None and not isinstance(cause, ContentEncodingError):
        cause = cause.__cause__
    return cause is not None


def _timeout_of(failure: Stalled | TimeoutError, phase: str, limit: float | None) -> APITimeoutError:
    if isinstance(failure, aiohttp.ConnectionTimeoutError):
        return APITimeoutError(
            "no connection within the connect limit",
            phase="connect",
            hint="check base_url, DNS, proxy and firewall, or raise Timeouts(connect=…); nothing was sent",
        )
    if isinstance(failure, Stalled) and failure.phase == "idle":
        return APITimeoutError(
            f"no data for {in_seconds(failure.seconds)}",
            phase=failure.phase,
            seconds=failure.seconds,
            hint="the answer had begun and stopped: look at the network, or raise Timeouts(idle=…)",
        )
    spent = f" within {in_seconds(limit)}" if limit is not None else ""
    return APITimeoutError(
        f"no answer{spent} ({phase})",
        phase=phase,
        seconds=limit,
        hint="raise timeout=, or stream: a stream shows progress and has no total limit",
    )


CLOSED = (b"}", b"]")


def is_cut(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a JSON body, which HTTP took for whole, ends too early.

    HTTP cannot tell where the body ends with the connection (no length, not chunked) or is compressed: aiohttp takes the
    end of either for the end of the body.

    Args:
        headers: The answer's, names compared without case.
        body: All that came.
    """
    text = body.strip()
    closed = text.endswith(CLOSED)
    framed = "Content-Encoding" not in headers and ("Content-Length" in headers or "Transfer-Encoding" in headers)
    if closed and framed:
        return False
    kind = headers.get("Content-Type", "").lower()
    if not ("json" in kind or (not kind and text[:1] in {b"{", b"["})):
        return False
    if not closed:
        return text[:1] in {b"{", b"["}
    try:
        codec.loads(body)
    except (ValueError, RecursionError):
        return True
    return False
