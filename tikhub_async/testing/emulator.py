"""The gateway in a box: all routes, checks, quirks and faults of the TikHub AI Proxy on loopback, without a key.

    async with Emulator() as gw:
        async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as client:
            ...
    assert len(gw.paid) == 1

It answers with documented bytes (`samples/`), refuses what the gateway refuses (`_checks`), and breaks the way gateways
and networks break when told to (`faults`). The text of an answer quotes its prompt. Marks in a prompt steer the answer:

    [[words=500]]        an answer of that many words
    [[tool]]             a call of every tool on offer; otherwise one is called when forced, or mentioned in the prompt
    [[refuse]]           a refusal
    [[filter]]           stopped by a content filter; a Veo task whose every sample was filtered
    [[fail]]             a video task that fails; [[fail=reason]] says why
    [[expire]]           a video task that its provider gives up; [[cancel]] one that was cancelled there
    [[hang]]             a video task that never ends
    [[lost]]             a video task whose provider answers polls with an error; Seedance's and Kling's never end
    [[timeout]]          a video task that the gateway gives up; its provider still says that it runs
"""

import asyncio
import random
import re
import string
import time as real_time
from collections import deque
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import TracebackType
from typing import Any, Self
from weakref import WeakKeyDictionary

from aiohttp import web

from tikhub_async._clock import Clock
from tikhub_async.testing import _checks as checks
from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing import faults
from tikhub_async.testing._catalog import default_models
from tikhub_async.testing._delivery import Wire, deliver, instead
from tikhub_async.testing._exchange import Answer, Exchange, Refused, Route
from tikhub_async.testing._tasks import TaskBook
from tikhub_async.testing.keys import SPECIAL_KEYS, TEST_KEY, Identity
from tikhub_async.testing.profiles import BEHAVIOURS, Profile
from tikhub_async.testing.records import PaidCreation, RecordedRequest, redact
from tikhub_async.testing.routes import ROUTES

MAX_BODY = 128 * 1024 * 1024
"""Bytes of a request body, as the gateway's default."""
VERSION = "v0.11.0-emulator"
"""Sent as `X-New-Api-Version`."""
SHUTDOWN_SECONDS = 0.05
"""How long closing waits for answers in flight; longer would make every test of a silent gateway slow."""
SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
ID_DATE = "%Y%m%d%H%M%S"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Max-Age": "43200",
}


class Emulator:
    """The TikHub AI Proxy on loopback.

    Attributes:
        requests: Every request seen, in order of arrival.
        paid: Every video creation that was accepted, and would have been charged.
        models: Model name → family; add names to make them known.
        tasks: The video tasks created so far.
        app: The aiohttp application behind it.
        media_url: Where result URLs point to; another emulator's `base_url` makes them foreign.
    """

    def __init__(
        self,
        *,
        profile: Profile = "documented",
        clock: Clock | None = None,
        pace: float = 0.02,
        task_seconds: float = 3.0,
        keys: Collection[str] = (TEST_KEY,),
        history: int | None = None,
    ) -> None:
        """Nothing listens before `start`.

        Args:
            profile: `documented` behaves as TikHub's documentation says, `software` as the unmodified gateway software
                does where the two are known to differ (`profiles`).
            clock: Time of the video tasks. Streams are paced, and faults wait, in real time: the client's reads are I/O.
            pace: Real seconds between two events of a stream; 0 sends them in one burst.
            task_seconds: Seconds of `clock` from the creation of a video task to its end.
            keys: Accepted API keys. The special ones of `keys` are always known.
            history: How many of the latest requests and creations are remembered, for an emulator that runs for days; None
                remembers all, as tests want it.
        """
        self.profile: Profile = profile
        self.behaviour = BEHAVIOURS[profile]
        self.pace = pace
        self._clock = clock or Clock()
        self._history = history
        self.models = default_models()
        self.requests: list[RecordedRequest] = []
        self.paid: list[PaidCreation] = []
        self.tasks = TaskBook(self._clock.now, self._clock.time, task_seconds)
        self._keys = {key: identity for key, identity in SPECIAL_KEYS.items() if key != TEST_KEY}
        self._keys |= {key if key.startswith("sk-") else f"sk-{key}": Identity(key) for key in keys}
        self._routes = [route for route in ROUTES if route.exists(self.behaviour)]
        self._patterns = [(route, _pattern(route.path)) for route in self._routes]
        self._scripts: dict[str, deque[faults.Fault]] = {}
        self._connections: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._connection_count = 0
        self._in_flight = 0
        self._runner: web.AppRunner | None = None
        self._host, self._port = "127.0.0.1", 0
        self.media_url = ""
        self.app = web.Application(client_max_size=MAX_BODY)
        self.app.router.add_route("*", "/{path:.*}", self._serve)

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen.

        Args:
            port: TCP port; 0 takes a free one.
            host: Address to bind.

        Raises:
            RuntimeError: It already listens.
        """
        if self._runner is not None:
            raise RuntimeError(f"this emulator already listens at {self.base_url}")
        # Cancellation: a client that leaves must be seen at once, not at the next write.
        runner = web.AppRunner(
            self.app,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            handle_signals=False,
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port, reuse_address=True)
        await site.start()
        self._runner, self._host = runner, host
        self._port = int(runner.addresses[0][1])
        self.media_url = self.media_url or self.base_url
        return self

    async def aclose(self) -> None:
        """Stop listening and drop what is open. A second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def port(self) -> int:
        """TCP port it listens on."""
        return self._port

    @property
    def base_url(self) -> str:
        """Base URL for a client, without a path."""
        return f"http://{self._host}:{self._port}"

    # ── what tests do with it ───────────────────────────────────────────────────────────────────────────────────

    def script(self, route: str, *replies: faults.Fault) -> None:
        """Let the next requests of a route meet these faults, one each; after them it answers normally again.

        Args:
            route: Name (`chat.completions`, `seedance.create`, `content` …; `route_names`), or a path that begins with `/`.
            replies: What happens, in order; `Normal()` leaves a gap.

        Raises:
            ValueError: No route has that name.
        """
        if not route.startswith("/") and route not in self.route_names:
            near = get_close_matches(route, self.route_names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(self.route_names)}"
            raise ValueError(f"the emulator has no route {route!r} in profile {self.profile!r}{hint}")
        self._scripts.setdefault(route, deque()).extend(replies)

    def take_unused(self) -> list[faults.Fault]:
        """What was scripted and met no request; it is forgotten."""
        unused = [fault for queue in self._scripts.values() for fault in queue]
        self._scripts.clear()
        return unused

    @property
    def route_names(self) -> list[str]:
        """Names that `script` takes, sorted."""
        return sorted({route.name for route in self._routes})

    @property
    def open_connections(self) -> int:
        """TCP connections that clients hold open."""
        server = self._runner.server if self._runner is not None else None
        return len(server.connections) if server is not None else 0

    @property
    def in_flight(self) -> int:
        """Requests that are being answered right now."""
        return self._in_flight

    def seen(self, route: str) -> list[RecordedRequest]:
        """Recorded requests of one route, by name or path."""
        return [request for request in self.requests if route in {request.route, request.path}]

    async def assert_no_leaks(self, *, timeout: float = 1.0) -> None:
        """Check that clients left nothing behind: no open connection, no answer in flight.

        Args:
            timeout: Real seconds to wait for the operating system to tell the server.

        Raises:
            AssertionError: Something is still open.
        """
        deadline = real_time.monotonic() + timeout
        while self.open_connections or self.in_flight:
            if real_time.monotonic() > deadline:
                unfinished = [f"{r.method} {r.path}" for r in self.requests if not r.finished and not r.client_left]
                raise AssertionError(
                    f"{self.open_connections} connections and {self.in_flight} answers are still open after {timeout} s;"
                    f" not finished: {unfinished[-5:]}"
                )
            await asyncio.sleep(0.005)

    # ── what routes may know ────────────────────────────────────────────────────────────────────────────────────

    def unix_time(self) -> float:
        """Seconds of the emulator's clock."""
        return self._clock.time()

    def now(self) -> float:
        """Monotonic seconds of the emulator's clock, the time of video tasks."""
        return self._clock.now()

    def charge(self, task_id: str, exchange: Exchange) -> None:
        """Remember a paid creation."""
        self.paid.append(PaidCreation(task_id, exchange.route.name, exchange.body, self.unix_time()))
        self._forget(self.paid)

    def _forget(self, kept: list[Any]) -> None:
        """Drop the oldest once twice as many are there as shall be: a list, unlike a deque, can be sliced by tests."""
        if self._history is not None and len(kept) > 2 * self._history:
            del kept[: len(kept) - self._history]

    # ── serving ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        started = real_time.monotonic()
        record = self._note(request)
        request_id = self._request_id()
        headers = {"X-Oneapi-Request-Id": request_id, "X-New-Api-Version": VERSION}
        wire = Wire(request, record, headers, self.pace)
        self._in_flight += 1
        try:
            await self._exchange(wire, request_id)
        except ConnectionError:
            # The transport is closing; the cancellation that tells the same follows.
            record.left_at = real_time.monotonic() - started
            await wire.until_the_client_leaves()
        except asyncio.CancelledError:
            if not record.broken_off and not record.finished:
                record.left_at = real_time.monotonic() - started
            raise
        finally:
            self._in_flight -= 1
        assert wire.response is not None
        return wire.response

    def _note(self, request: web.Request) -> RecordedRequest:
        transport = request.transport
        if transport not in self._connections:
            self._connection_count += 1
            self._connections[transport] = self._connection_count
        headers = {
            name.lower(): redact(value) if name.lower() in SECRET_HEADERS else value
            for name, value in request.headers.items()
        }
        query = {name: redact(value) if name == "key" else value for name, value in request.query.items()}
        number = self._connections[transport]
        record = RecordedRequest(request.method, request.path, query, headers, self.unix_time(), number)
        self.requests.append(record)
        self._forget(self.requests)
        return record

    async def _exchange(self, wire: Wire, request_id: str) -> None:
        request, record = wire.request, wire.record
        route, params = self._find(request.method, request.path)
        if route is None:
            await self._unknown(wire, request_id)
            return
        record.route = route.name
        if (queue := self._queue(route.name, request.path)) and queue[0] == faults.Drop(when="before_request"):
            queue.popleft()
            await wire.cut()
        try:
            record.body = await request.read()
        except web.RequestPayloadError:
            # A body that is not in the encoding it claims: refused without a word.
            await wire.whole(Answer(400, headers={"Connection": "close"}))
            await wire.cut()
        exchange = Exchange(self, route, record, request_id, params, Identity(""), int(self.unix_time()))
        fault: faults.Fault = faults.Normal()
        try:
            self._check(exchange, request)
            # Only now: a request that the gateway refuses does not use up a reply of the script.
            if queue := self._queue(route.name, request.path):
                fault = queue.popleft()
            answer = instead(fault, exchange) or route.handle(exchange)
        except Refused as refused:
            await wire.whole(refused.answer)
            return
        _steer(answer, fault)
        await deliver(wire, answer, fault, exchange)

    def _check(self, exchange: Exchange, request: web.Request) -> None:
        """Everything that is looked at before a route's own checks."""
        record, route = exchange.record, exchange.route
        raw = {name.lower(): value for name, value in request.headers.items()}
        if not route.keyless:
            found = checks.credential(record.path, raw, request.query)
            exchange.identity = checks.identify(found, self._keys, exchange.request_id)
        problem = checks.read_body(record, raw.get("content-type", "")) if route.method == "POST" else ""
        wanted = record.query.get("alt") == "sse" if route.shape == "gemini" else exchange.body.get("stream")
        exchange.stream = wanted is True or wanted == "true"
        checks.check_model(exchange, problem)
        checks.check_types(exchange, problem)
        checks.check_price(exchange)
        route.check(exchange)

    async def _unknown(self, wire: Wire, request_id: str) -> None:
        """A path without a route: redirects, 404 below `/v1` and `/api`, the dashboard elsewhere."""
        request = wire.request
        wire.record.body = await request.read()
        checks.read_body(wire.record, request.headers.get("Content-Type", ""))
        queue = self._queue("", request.path)
        fault = queue.popleft() if queue else faults.Normal()
        bare = request.path.rstrip("/")
        if request.method == "OPTIONS" and "Origin" in request.headers:
            answer = Answer(204, b"", dict(CORS))
        elif request.path != bare and self._find(request.method, bare)[0] is not None:
            answer = refusals.moved(request.method, bare)
        elif request.path.startswith(("/v1", "/api", "/assets")):
            answer = refusals.invalid_url(request.method, request.path)
        else:
            answer = refusals.html_page()
        route = Route("", request.method, request.path, lambda _: answer, "openai", keyless=True)
        exchange = Exchange(self, route, wire.record, request_id, {}, Identity(""), int(self.unix_time()))
        await deliver(wire, instead(fault, exchange) or answer, fault, exchange)

    def _find(self, method: str, path: str) -> tuple[Route | None, Mapping[str, str]]:
        for route, pattern in self._patterns:
            if route.method == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None, {}

    def _queue(self, name: str, path: str) -> deque[faults.Fault] | None:
        """What is scripted for a request and not yet used."""
        return self._scripts.get(path) or self._scripts.get(name)

    def _request_id(self) -> str:
        now = self.unix_time()
        stamp = real_time.strftime(ID_DATE, real_time.gmtime(now))
        return f"{stamp}{int(now % 1 * 1e9):09d}{''.join(random.choices(string.ascii_letters + string.digits, k=8))}"


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/:]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


def _steer(answer: Answer, fault: faults.Fault) -> None:
    """Choose the end of the task that this request created."""
    task = answer.task
    if task is None:
        return
    if isinstance(fault, faults.TaskFails):
        task.fail(fault.reason, fault.code)
    elif isinstance(fault, faults.TaskHangs):
        task.outcome = "hang"
    elif isinstance(fault, faults.TaskExpires):
        task.outcome = fault.word
