"""Fetching results: which addresses may be asked, and with what. They come from the wire and may say anything.

The rules, applied to the first address and again to every redirect:

1. The key and the caller's own headers go to the base URL's origin (scheme, host, port) and to no other.
2. Every other host is asked over https, at a public address, through the pool that has no key.
   `allow_private_media=True` lifts this rule.
3. Redirects are followed here, one by one, five at most.

The pool's sockets refuse private addresses whatever name they hide behind. Behind a proxy that is the proxy's to do, and
a connector of the caller's own has no such sockets: its hosts are looked up here first, which a name that changes between
the two look-ups can defeat.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Mapping

import aiohttp
import msgspec
from yarl import URL

from tikhub_async._config import Config
from tikhub_async._session.exchange import STANDING_HEADERS, Exchange, connect_limits
from tikhub_async._session.transport import Pools, PrivateAddress, Sent, TransportOptions, is_public
from tikhub_async._wire.request import Endpoint, Kind, Request
from tikhub_async.errors import DownloadError, ProtocolError, shorten
from tikhub_async.types._base import Headers

DOWNLOAD = Endpoint(name="download", method="GET", path="", kind=Kind.READ)
MAX_REDIRECTS = 5
"""A share link and a CDN make two or three; more is a loop."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ANY_TYPE = {"Accept": "*/*"}
NO_FILE = frozenset({"application/json", "text/html"})
"""Content types of errors that come with a good status."""
PLAIN = frozenset({"", "identity"})

_AS_IT_IS = re.compile(r"[!-~]+\Z")
"""An address that can be sent without quoting: signatures survive only so. Line ends never can."""
_LOCAL_NAME = re.compile(r"(?:.*\.)?localhost\.?\Z", re.IGNORECASE)
_SEVERAL = "Multiple exceptions: "
_NOT_PUBLIC = "is not a public address"


def request_for(url: str, config: Config) -> Request:
    """The request for a result at an address of any host."""
    return Request(endpoint=DOWNLOAD, url=url, headers=config.default_headers)


class Fetch:
    """Sends the request for a result, once, wherever its redirects lead."""

    def __init__(self, config: Config, exchange: Exchange, options: TransportOptions) -> None:
        self._base = URL(config.base_url).origin()
        self._exchange = exchange
        self._options = options
        self._timeout = connect_limits(config.timeouts.connect)

    async def request(
        self, pools: Pools, request: Request, sent: Sent, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """The answer with its head read. Raises what aiohttp raises.

        Args:
            pools: The running loop's.
            request: Its own headers go to the base origin only.
            sent: Told when something may have left the machine.
            headers: Headers for every hop, as `Range`.

        Raises:
            DownloadError: A rule forbids the address, or that of a redirect.
        """
        url = _parsed(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._hop(pools, url, request, sent, headers)
            if response.status not in REDIRECTS:
                return response
            response.release()
            location = response.headers.get("Location")
            if not location:
                raise DownloadError(f"{shown(url)} redirects ({response.status}) without saying where to")
            url = _parsed(location, url)
        raise DownloadError(
            f"{shown(request.url)} redirects more than {MAX_REDIRECTS} times; the last was to {shown(url)}"
        )

    async def _hop(
        self, pools: Pools, url: URL, request: Request, sent: Sent, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        if url.origin() == self._base:
            own = (*request.headers, *ANY_TYPE.items(), *headers.items())
            response = await self._exchange.request(
                pools, msgspec.structs.replace(request, url=str(url), headers=own), sent
            )
            return _plain(response, url)
        if not self._options.allow_private_media:
            await self._check(pools, url)
        return await self._ask(pools, url, sent, {**STANDING_HEADERS, **ANY_TYPE, **headers})

    async def _ask(self, pools: Pools, url: URL, sent: Sent, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        sent.value = True
        response: aiohttp.ClientResponse | None = None
        try:
            response = await pools.media(url.host).get(
                url.with_user(None),  # credentials in an address are not ours to use
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout,
                proxy=pools.proxy_for(url.host),
            )
        except aiohttp.ClientConnectorError as failure:
            if not _refused_as_private(failure):
                raise
        if response is None:
            raise _private(url)
        return _plain(response, url)

    async def _check(self, pools: Pools, url: URL) -> None:
        host = url.host or ""
        if url.scheme != "https":
            raise DownloadError(
                f"{shown(url)} is not https",
                hint="allow_private_media=True on the client accepts plain http and private addresses",
            )
        if _LOCAL_NAME.match(host) or not all(is_public(address) for address in _literal(host)):
            raise _private(url)
        if self._options.connector_factory is not None and pools.proxy_for(url.host) is None:
            await self._look_up(url)

    async def _look_up(self, url: URL) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
        except OSError:
            return  # the connector may know better; if not, it says so
        if not all(is_public(str(entry[4][0])) for entry in found):
            raise _private(url)


def _plain(response: aiohttp.ClientResponse, url: URL) -> aiohttp.ClientResponse:
    """The answer, unless it is compressed: then its length is not the file's, and a cut does not show."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if response.status < 300 and encoding not in PLAIN:
        response.close()
        raise DownloadError(f"{shown(url)} sends the file compressed ({shorten(encoding, 40)}), unasked")
    return response


def not_a_file(status: int, headers: Headers, body: bytes, request: Request) -> ProtocolError:
    """The error for a good answer that holds a page or an object where a file is due."""
    text = body.decode("utf-8", "replace")
    kind = shorten(headers.get("content-type", "of no type"), 60)
    return ProtocolError(
        f"the answer is {kind} instead of a file: {shorten(text)!r}",
        status_code=status,
        body=text,
        headers=headers,
        where=request.where,
    )


def shown(url: URL | str) -> str:
    """An address for texts and notes: without credentials and query, which may hold a signature."""
    text = str(url)
    scheme, mark, rest = text.partition("://")
    if not mark:
        return shorten(text.partition("?")[0], 80)
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    return shorten(f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}", 160)


def _parsed(text: str, base: URL | None = None) -> URL:
    """The address, quoted only where it cannot be sent as it is; relative to `base` where it is relative."""
    text = text.strip()
    try:
        url = URL(text, encoded=True) if _AS_IT_IS.match(text) else URL(text)
        url = url if base is None else base.join(url)
        host = url.host or ""
        # Each of them may raise; a name that cannot be looked up would make the resolver raise.
        if url.scheme in {"http", "https"} and url.port and host.isprintable() and host.encode("idna"):
            return url
    except (ValueError, UnicodeError):
        pass
    raise DownloadError(f"{shown(text)!r} is not an http(s) address")


def _literal(host: str) -> list[str]:
    """The address that a host is in itself, in any spelling the system would accept: `0x7f.1` is 127.0.0.1."""
    try:
        return [str(ipaddress.ip_address(host.partition("%")[0]))]
    except ValueError:
        pass
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except (OSError, UnicodeError):
        return []


def _private(url: URL) -> DownloadError:
    return DownloadError(
        f"{shown(url)} leads to an address that is not public",
        hint="results should lie on public hosts; if this one is meant, allow_private_media=True on the client",
    )


def _refused_as_private(failure: aiohttp.ClientConnectorError) -> bool:
    reason = failure.os_error
    if isinstance(reason, PrivateAddress):
        return True
    # A host with several addresses fails with one error made of several texts; the types are lost on the way.
    several = str(reason).partition(_SEVERAL)[2]
    return all(_NOT_PUBLIC in part for part in several.split(", "))
