"""Real traffic as samples: a recorder between a client and the gateway, and a server that replays what it kept.

    async with Recorder("tests/samples/chat") as recorder:            # with a real key; this costs what the calls cost
        async with TikHubAI(base_url=recorder.base_url) as client:
            ...

    async with Replay("tests/samples/chat") as replay:                # ever after: no key, no network, no cost
        async with TikHubAI(api_key=TEST_KEY, base_url=replay.base_url) as client:
            ...
        assert not replay.unused

Both are plain HTTP servers on loopback, so every client in any language can be recorded. One folder per exchange, numbered
in order: `request.json`, `head.json` (status, headers, whether the body is whole) and the body as it came, in
`body.json`, `body.sse` or `body.bin`.

Keys, cookies, signatures of addresses and the account's names and numbers are taken out before anything is written; prompts
and answers are kept, so look at them before you publish them. What lies on other hosts (finished videos) is not recorded:
clients fetch it there.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from tikhub_async._config import DEFAULT_BASE_URL, LOOPBACK
from tikhub_async.testing._json import is_object

REMOVED = "removed"
KEY_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "proxy-authorization", "cookie", "set-cookie"})
NOT_FORWARDED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "keep-alive"}
)
NOT_PASSED = NOT_FORWARDED | {"content-encoding"}
"""Of an answer: bodies arrive here decoded."""
NOT_KEPT = NOT_PASSED | KEY_HEADERS | {"date", "server"}
ACCOUNT = ("user_id", "username", "channel_id", "token_id", "token_name", "email", "group")
"""Members of the gateway's answers that tell whose account it is."""

SECRETS: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\bsk-[A-Za-z0-9_-]{8,}"), b"sk-removed"),
    (re.compile(rb"\bAIza[A-Za-z0-9_-]{20,}"), b"removed"),
    (
        re.compile(
            rb"(?i)((?:[?&]|\\u0026)(?:x-(?:amz|tos|goog)-)?(?:signature|credential|security-token|sig|token|key)=)[^&\"\\\s]+"
        ),
        rb"\1removed",
    ),
    (re.compile(rb'("(?:%s)"\s*:\s*)"[^"]*"' % "|".join(ACCOUNT).encode()), rb'\1"removed"'),
    (re.compile(rb'("(?:%s)"\s*:\s*)\d+' % "|".join(ACCOUNT).encode()), rb"\g<1>1"),
)
SUFFIXES = (("text/event-stream", ".sse"), ("json", ".json"))

Scrub = Callable[[bytes], bytes]
"""Takes out of a body what must not be kept."""


def scrubbed(data: bytes, secrets: tuple[bytes, ...] = ()) -> bytes:
    """A body without keys, signatures and account, and without `secrets`, which are known."""
    for secret in secrets:
        data = data.replace(secret, REMOVED.encode())
    for pattern, replacement in SECRETS:
        data = pattern.sub(replacement, data)
    return data


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange as it is kept."""

    method: str
    path: str
    query: Mapping[str, str]
    sent: Any
    """The JSON body; None where there was none, and for forms."""
    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    """False when the connection broke before the end of the body."""

    def write(self, folder: Path) -> None:
        """Keep it in a folder of its own."""
        folder.mkdir(parents=True)
        request = {"method": self.method, "path": self.path, "query": dict(self.query), "body": self.sent}
        head = {"status": self.status, "headers": dict(self.headers), "complete": self.complete}
        _write_json(folder / "request.json", request)
        _write_json(folder / "head.json", head)
        kind = self.headers.get("Content-Type", "")
        suffix = next((suffix for word, suffix in SUFFIXES if word in kind), ".bin")
        (folder / f"body{suffix}").write_bytes(self.body)

    @classmethod
    def read(cls, folder: Path) -> "Recording":
        """An exchange that was kept.

        Raises:
            FileNotFoundError: The folder holds none.
        """
        request = json.loads((folder / "request.json").read_text("utf-8"))
        head = json.loads((folder / "head.json").read_text("utf-8"))
        body = next(folder.glob("body.*"))
        return cls(
            request["method"],
            request["path"],
            request["query"],
            request["body"],
            head["status"],
            head["headers"],
            body.read_bytes(),
            head["complete"],
        )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


class _Server:
    """A handler on loopback."""

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """Base URL for a client, without a path."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=128 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05, handle_signals=False
        )
        await runner.setup()
        # This machine only: real keys pass through here.
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runner, self._port = runner, int(runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError


class Recorder(_Server):
    """Passes requests on to a gateway and keeps what it answers.

    Attributes:
        recordings: What was kept, in the order in which the answers ended.
    """

    def __init__(self, folder: str | Path, *, upstream: str = DEFAULT_BASE_URL, scrub: Scrub | None = None) -> None:
        """Nothing listens before `async with`.

        Args:
            folder: Where to; it must not exist yet, or be empty, so that two recordings never mix.
            upstream: The gateway.
            scrub: Takes more out of bodies, sent and received, as a customer's name.

        Raises:
            FileExistsError: The folder holds something.
            ValueError: The gateway is reached by plain http and is not on this machine: keys would go out unencrypted.
        """
        super().__init__()
        self._folder = Path(folder)
        if self._folder.exists() and any(self._folder.iterdir()):
            raise FileExistsError(f"{self._folder} is not empty: a recording begins in a folder of its own")
        parts = urlsplit(upstream)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError(f"upstream {upstream!r} would get keys unencrypted: use https")
        self._upstream = upstream.rstrip("/")
        self._scrub: Scrub = scrub or bytes
        self._session: aiohttp.ClientSession | None = None
        self.recordings: list[Recording] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self._session is not None:
            await self._session.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        sent = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_FORWARDED}
        asking = self._session.request(
            request.method,
            f"{self._upstream}{request.rel_url}",
            headers={**headers, "Accept-Encoding": "identity"},
            data=sent or None,
            allow_redirects=False,
        )
        try:
            async with asking as answer:
                return await self._pass_on(request, sent, answer)
        except aiohttp.ClientConnectorError as problem:
            return web.json_response({"error": {"message": str(problem), "type": "unreachable"}}, status=502)

    async def _pass_on(self, request: web.Request, sent: bytes, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED}
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        body = bytearray()
        complete = False
        try:
            async for chunk in answer.content.iter_any():
                body += chunk
                await response.write(chunk)
            complete = True
            await response.write_eof()
        except (aiohttp.ClientError, OSError):
            if request.transport is not None:
                request.transport.abort()  # as it broke there, so it breaks here
        finally:
            self._keep(request, sent, answer, bytes(body), complete)
        return response

    def _keep(
        self, request: web.Request, sent: bytes, answer: aiohttp.ClientResponse, body: bytes, complete: bool
    ) -> None:
        secrets = tuple(_secrets_of(request))
        recording = Recording(
            method=request.method,
            path=request.path,
            query={name: value for name, value in request.query.items() if name != "key"},
            sent=_json_of(self._scrub(scrubbed(sent, secrets))),
            status=answer.status,
            headers={
                name: scrubbed(value.encode(), secrets).decode()
                for name, value in answer.headers.items()
                if name.lower() not in NOT_KEPT
            },
            body=self._scrub(scrubbed(body, secrets)),
            complete=complete,
        )
        self.recordings.append(recording)
        name = re.sub(r"[^A-Za-z0-9]+", "-", request.path).strip("-")[:60]
        recording.write(self._folder / f"{len(self.recordings):03d}-{request.method.lower()}-{name}")


def _secrets_of(request: web.Request) -> list[bytes]:
    """The keys that a request carries, bare."""
    values = [value for name, value in request.headers.items() if name.lower() in KEY_HEADERS]
    values.append(request.query.get("key", ""))
    return [word.encode() for value in values if len(word := value.rpartition(" ")[2]) >= 8]


def _json_of(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


@dataclass(slots=True)
class _Queue:
    recordings: list[Recording] = field(default_factory=list[Recording])
    served: int = 0


class Replay(_Server):
    """Answers requests with what was recorded for them.

    A request meets the recordings of the same method, path, query and JSON body, in their order; the last one answers all
    further ones, so a task that was polled three times may be polled ten times. Forms are told apart by path only. A request
    that was not recorded gets a 501 that says so.

    Attributes:
        requests: What was asked, as `POST /v1/chat/completions`, in order.
        missing: Those that no recording fits.
    """

    def __init__(self, folder: str | Path, *, scrub: Scrub | None = None) -> None:
        """Read a folder that a `Recorder` wrote.

        Args:
            folder: Where from.
            scrub: The recorder's own: bodies that are asked with must look as those that were kept.

        Raises:
            FileNotFoundError: There are no recordings.
        """
        super().__init__()
        folders = sorted(path.parent for path in Path(folder).glob("*/request.json"))
        if not folders:
            raise FileNotFoundError(f"{folder} holds no recordings")
        self._scrub: Scrub = scrub or bytes
        self.requests: list[str] = []
        self.missing: list[str] = []
        self._queues: dict[str, _Queue] = {}
        for path in folders:
            recording = Recording.read(path)
            key = _key(recording.method, recording.path, recording.query, recording.sent)
            self._queues.setdefault(key, _Queue()).recordings.append(recording)

    @property
    def unused(self) -> list[str]:
        """Recordings that nobody has asked for, as `GET /v1/models`."""
        left = [recording for queue in self._queues.values() for recording in queue.recordings[queue.served :]]
        return [f"{recording.method} {recording.path}" for recording in left]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        asked = f"{request.method} {request.path}"
        self.requests.append(asked)
        query = {name: value for name, value in request.query.items() if name != "key"}
        sent = _json_of(self._scrub(scrubbed(await request.read(), tuple(_secrets_of(request)))))
        queue = self._queues.get(_key(request.method, request.path, query, sent))
        if queue is None:
            self.missing.append(asked)
            return _not_recorded(asked)
        recording = queue.recordings[min(queue.served, len(queue.recordings) - 1)]
        queue.served += 1
        return await _play(request, recording)


def _key(method: str, path: str, query: Mapping[str, str], sent: Any) -> str:
    body = json.dumps(sent, sort_keys=True) if is_object(sent) else ""
    return f"{method} {path} {sorted(query.items())} {body}"


def _not_recorded(asked: str) -> web.Response:
    text = f"there is no recording of {asked} with this body"
    return web.json_response({"error": {"message": text, "type": "not_recorded", "code": "not_recorded"}}, status=501)


async def _play(request: web.Request, recording: Recording) -> web.StreamResponse:
    response = web.StreamResponse(status=recording.status, headers=recording.headers)
    if recording.complete and "text/event-stream" not in recording.headers.get("Content-Type", ""):
        response.content_length = len(recording.body)
    await response.prepare(request)
    await response.write(recording.body)
    if recording.complete:
        await response.write_eof()
    elif request.transport is not None:
        await asyncio.sleep(0)  # what was written goes out first
        request.transport.close()
    return response
