"""Connections: one set of pools per running loop, opened when first used and closed by their owner.

Three pools, because three things must not mix: API calls and streams (keep-alive), paid creations (always a fresh
connection: a kept one that the server has just closed would leave the outcome of a creation open), and media of other
hosts (never sees a key, refuses private addresses).
"""

import asyncio
import ipaddress
import os
import socket
import ssl
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
import msgspec
from aiohttp.connector import Connection

from tikhub_async._clock import Clock
from tikhub_async._config import Limits, Secret
from tikhub_async._retry import RetryQuota
from tikhub_async._session.body import Watch
from tikhub_async.errors import APITimeoutError, ConfigError, in_seconds

NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
"""aiohttp's own default ends any exchange after 300 s; ours are explicit."""
KEEPALIVE_IDLE = 60
"""Seconds of silence before the kernel probes a connection: a model may think for minutes behind a NAT."""
PROXIED = "media by proxy"
MEDIA = frozenset({"media", PROXIED})
KEYS_KEPT = 4096
"""Keys whose quota and hold are remembered: a server with a key per customer must not grow for ever."""
DRAIN = 30.0
"""Seconds that closing waits for creations in flight; most are answered within ten."""


class TransportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the pools are built with."""

    limits: Limits = Limits()
    session: aiohttp.ClientSession | None = None
    """The caller's own session for API calls and streams; never closed here."""
    connector_factory: Callable[[], aiohttp.BaseConnector] | None = None
    proxy: str | None = None
    no_proxy: str = ""
    """Hosts that are asked without the proxy, as the variable of that name lists them."""
    tls: ssl.SSLContext | None = None
    """None verifies against the system's authorities. Such a context honours `SSLKEYLOGFILE`: whoever can set it in this
    process's environment can read its traffic."""
    allow_private_media: bool = False
    """True lets results be fetched from private addresses and over plain http."""

    def __repr__(self) -> str:
        return f"<TransportOptions {self.limits}>"  # a proxy's address may hold a password


class KeyState:
    """What all calls with one key share."""

    def __init__(self) -> None:
        self.quota = RetryQuota()
        self.hold_until = 0.0
        """No call leaves before this moment (`Clock.now`): a 429 said so."""


class Transport:
    """Pools and shared state of a client and its copies; outlives event loops."""

    def __init__(self, options: TransportOptions, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.orphans: deque[Any] = deque(maxlen=10_000)
        """Creations whose caller was cancelled: delivered to nobody yet."""
        self._pools: dict[int, Pools] = {}
        self._inherited: list[Pools] = []
        """A parent process's. Never dropped: collecting them would close their sockets' entries in the parent's epoll."""
        self._keys: OrderedDict[Secret, KeyState] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lock = threading.Lock()
        """Loops of several threads may come and go at once."""

    def pools(self) -> "Pools":
        """The running loop's pools. Those of closed loops and of a parent process are dropped."""
        loop = asyncio.get_running_loop()
        pools = self._pools.get(id(loop))
        if pools is not None and pools.loop is loop and pools.pid == os.getpid():
            return pools
        made = Pools(self.options, loop, self.clock)
        with self._lock:
            self._inherited += (kept for kept in self._pools.values() if kept.pid != os.getpid())
            alive = {key: kept for key, kept in self._pools.items() if not kept.is_dead()}
            self._pools = {**alive, id(loop): made}
        return made

    def key_state(self, key: Secret) -> KeyState:
        """Retry quota and hold of a key; the client has one origin, so this is per key and origin."""
        state = self._keys.setdefault(key, KeyState())
        self._keys.move_to_end(key)
        if len(self._keys) > KEYS_KEPT:
            self._keys.popitem(last=False)
        return state

    def own(self, task: asyncio.Task[Any]) -> None:
        """Keep a background task alive and have its outcome retrieved, whatever happens to its caller."""
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved here, so that asyncio never reports it as lost

    async def aclose(self, drain: float = DRAIN) -> None:
        """Let creations in flight finish for at most `drain` seconds, then close the running loop's pools.

        Those that are late are cancelled, and named in doubt. A cancelled `aclose` does the same at once.
        """
        loop = asyncio.get_running_loop()
        tasks = {task for task in self._tasks if task.get_loop() is loop}
        try:
            if tasks:
                await self._drain(tasks, drain)
        finally:
            for task in tasks:
                task.cancel()
            with self._lock:
                pools = self._pools.pop(id(loop), None)
            if pools is not None:
                await pools.aclose()
        late = {task for task in tasks if not task.done()}
        if late:
            await asyncio.wait(late)

    async def _drain(self, tasks: "set[asyncio.Task[Any]]", limit: float) -> None:
        try:
            async with self.clock.timeout(limit):
                # Real time bounds it as well: under a clock that somebody has to move, closing must still end.
                await asyncio.wait(tasks, timeout=limit)
        except TimeoutError:
            pass


class Pools:
    """The connections of one event loop."""

    def __init__(self, options: TransportOptions, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self.loop = loop
        self.pid = os.getpid()
        self.slots = Slots(options.limits.connections, clock)
        self.watch = Watch(loop)
        self.closed = False
        """Nothing is sent any more; the next call gets pools of its own."""
        self._options = options
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def is_dead(self) -> bool:
        """True when nothing of these pools can be used or closed any more."""
        return self.loop.is_closed() or self.pid != os.getpid()

    def proxy_for(self, host: str | None) -> str | None:
        """The proxy on the way to a host, None for none."""
        proxy, bypass = self._options.proxy, self._options.no_proxy
        return None if proxy is None or _is_listed((host or "").lower(), bypass) else proxy

    def api(self) -> aiohttp.ClientSession:
        """Calls and streams to the gateway: the injected session, else ours.

        Raises:
            ConfigError: The injected session is closed, or belongs to another event loop.
        """
        injected = self._options.session
        if injected is None:
            return self._named("api")
        if injected.closed:
            raise ConfigError("the session= given to the client is closed", hint="close it after the client")
        self._refuse_foreign(injected, "the session= given to the client")
        return injected

    def paid(self) -> aiohttp.ClientSession:
        """Creations and deletions: a fresh connection each, and a record of whether anything was sent."""
        return self._named("paid", force_close=True)

    def media(self, host: str | None) -> aiohttp.ClientSession:
        """Results on other hosts: no key, no compression that would hide the length, no private addresses."""
        # The way to a proxy is private as a rule, so what goes through one has a pool of its own, without that guard.
        name = "media" if self.proxy_for(host) is None else PROXIED
        return self._named(name)

    def _named(self, name: str, *, force_close: bool = False) -> aiohttp.ClientSession:
        session = self._sessions.get(name)
        # Closed: by whoever else uses a connector of the caller's.
        return self._open(name, force_close=force_close) if session is None or session.closed else session

    def _open(self, name: str, *, force_close: bool) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=self._connector(name, force_close=force_close),
            cookie_jar=aiohttp.DummyCookieJar(),  # the default jar replays one caller's cookies with another's key
            timeout=NO_TIMEOUT,
            trust_env=False,
            auto_decompress=name not in MEDIA,
            read_bufsize=2**18 if name in MEDIA else 2**16,
        )
        # aiohttp would send a dropped GET or DELETE once more by itself: twice the load in an outage, and an attempt
        # that nobody knows of. `_retry` decides; without the attribute the count of attempts is too low, no worse.
        if hasattr(session, "_retry_connection"):
            session._retry_connection = False
        self._sessions[name] = session
        return session

    def _connector(self, name: str, *, force_close: bool) -> aiohttp.BaseConnector:
        if self._options.connector_factory is not None:
            connector = self._options.connector_factory()
            self._refuse_foreign(connector, "the connector of connector_factory=")
            if connector.closed:
                raise ConfigError("connector_factory= gave a closed connector", hint="make a new one at each call")
            # The constructor's argument, for a connector that somebody else constructs; it has no public setter.
            connector._force_close = force_close or connector.force_close
            return _telling(connector, ours=False)
        guarded = name == "media" and not self._options.allow_private_media
        arguments: dict[str, Any] = {} if force_close else {"keepalive_timeout": self._options.limits.keepalive}
        connector = aiohttp.TCPConnector(
            limit=0,  # the slots below limit, so that waiting for one has a clock of its own
            force_close=force_close,
            ssl=self._options.tls or True,
            socket_factory=_public_socket if guarded else _keepalive_socket,
            **arguments,
        )
        return _telling(connector, ours=True)

    def _refuse_foreign(self, thing: aiohttp.ClientSession | aiohttp.BaseConnector, name: str) -> None:
        """Raise when something of the caller's was made on another loop: aiohttp would fail in ways that say nothing."""
        if getattr(thing, "_loop", self.loop) is not self.loop:
            raise ConfigError(f"{name} belongs to another event loop", hint="one client, or one session, for each loop")

    async def aclose(self) -> None:
        """Close what was opened here; an injected session belongs to the caller."""
        self.closed = True
        sessions, self._sessions = self._sessions, {}
        # Each in a task of its own: a cancellation of the caller then leaves none of them open.
        closing = [self.loop.create_task(self._close(session)) for session in sessions.values()]
        if closing:
            await asyncio.wait(closing)

    async def _close(self, session: aiohttp.ClientSession) -> None:
        await session.close()
        self.watch.settle()


def _is_listed(host: str, bypass: str) -> bool:
    """Whether `NO_PROXY` names a host, itself or by its domain."""
    names = (name.strip().lower().lstrip(".") for name in bypass.split(","))
    return any(name and (name in {"*", host} or host.endswith(f".{name}")) for name in names)


class Slots:
    """A limit on exchanges in flight whose queue has a timeout of its own."""

    def __init__(self, size: int, clock: Clock) -> None:
        self._semaphore = asyncio.Semaphore(size)
        self._clock = clock
        self.size = size
        self.taken = 0
        """Slots in use."""
        self.ever = 0
        """Slots taken so far: one per request."""

    async def acquire(self, limit: float | None) -> None:
        """Take a slot.

        Raises:
            APITimeoutError: None became free within `limit` seconds; nothing was sent.
        """
        if not self._semaphore.locked():
            await self._semaphore.acquire()  # does not suspend while a slot is free
            self.taken += 1
            self.ever += 1
            return
        try:
            async with self._clock.timeout(limit):
                await self._semaphore.acquire()
        except TimeoutError:
            pass
        else:
            self.taken += 1
            self.ever += 1
            return
        raise APITimeoutError(
            f"all {self.size} connections were busy for {in_seconds(limit or 0)}",
            phase="pool",
            seconds=limit,
            hint="raise limits=Limits(connections=…), or bound your own concurrency; look for streams left open",
        )

    def release(self) -> None:
        """Give a slot back."""
        self.taken -= 1
        self._semaphore.release()


class Sent:
    """Whether a request may have begun to leave the machine."""

    __slots__ = ("on_kept", "value")

    def __init__(self) -> None:
        self.value = False
        self.on_kept = False
        """It went over a connection that was kept from an earlier request, and may have been dead already."""


SENDING: ContextVar[Sent | None] = ContextVar("tikhub_async_sending", default=None)
"""What the request that runs here must be told. A connector asks, because aiohttp passes nothing of ours to it."""


def _telling(connector: aiohttp.BaseConnector, *, ours: bool) -> aiohttp.BaseConnector:
    """A connector that tells a request when it has its connection: what comes before has sent nothing.

    And none on which something came unasked while it was kept: aiohttp would take that for the answer to this request.

    aiohttp's traces would tell too, but cost a tenth of a request, and say that headers are out a loop tick late: a caller
    that is cancelled in that tick would lose a creation.
    """
    connect = connector.connect

    async def connect_and_tell(*arguments: Any, **options: Any) -> Connection:  # as they come: a subclass may differ
        sent = SENDING.get()
        if sent is not None:
            sent.value, sent.on_kept = False, ours
        connection = await connect(*arguments, **options)
        if connection.protocol is not None and connection.protocol.should_close:
            connection.close()
            connection = await connect(*arguments, **options)
        if sent is not None:
            sent.value = True
        return connection

    connector.connect = connect_and_tell  # type: ignore[method-assign]
    return connector


def _keepalive_socket(address: Any) -> socket.socket:
    if (sent := SENDING.get()) is not None:
        sent.on_kept = False
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
    return made


CARRIERS = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")))
"""Networks that are global by the book, but carry any IPv4 address inside, or are site-local by an older book."""


class PrivateAddress(OSError):
    """A result's host resolves to an address that is not public."""


def _public_socket(address: Any) -> socket.socket:
    # Every address passes here, IP literals in any spelling included; a resolver would not see those.
    target = address[4][0]
    if not is_public(target):
        raise PrivateAddress(f"{target} is not a public address")
    return _keepalive_socket(address)


def is_public(address: str) -> bool:
    """True for an address anybody on the internet may be asked for."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if any(parsed in network for network in CARRIERS):
            return False
        parsed = parsed.ipv4_mapped or parsed
    return parsed.is_global and not parsed.is_multicast
