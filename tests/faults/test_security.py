"""Keys and prompts stay where they belong: canaries, redirects between origins, addresses that must not be asked."""

import asyncio
import copy
import ipaddress
import logging
import os
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import tikhub_async
from tests.faults.calls import CALLS, CREATIONS, FILM_PATH, VIDEO, Call, Caller, answer
from tests.faults.cells import ROOMY, caller
from tests.faults.doors import door
from tests.faults.rows import ROWS, Row
from tests.faults.streams import DIALECTS
from tikhub_async import TikHubAI, errors
from tikhub_async.testing.faultserver import STALL, FaultServer, Step, ranged, redirect, whole

KEY = "sk-CANARYkeyCANARYkeyCANARYkeyCANARYkeyCANARYkey00"
PROMPT = "CANARYprompt of a user who trusts us"
PACKAGE = Path(tikhub_async.__file__).parent
BELOW = ("_session", "_wire", "_retry", "_tasks", "_streams", "_accumulate", "_clock")
"""Parts whose frames must not show prompts. A public method's own arguments are the caller's, in the caller's code too."""
KINDS = list(CALLS)

ASKING: dict[str, Callable[[TikHubAI], Any]] = {
    "C": lambda ai: ai.seedance.create(**{**VIDEO, "content": [{"type": "text", "text": PROMPT}]}),
    "N": lambda ai: ai.openai.chat.completions.create(model="m", messages=[{"role": "user", "content": PROMPT}]),
    "S": lambda ai: ai.openai.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": PROMPT}]
    ).final(),
    "P": lambda ai: ai.models.list(),
    "X": lambda ai: ai.sora.delete("video_1"),
}
"""Calls with a canary in their prompt."""


def frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    """Every frame that a traceback with locals shows, of causes and contexts too."""
    seen: set[int] = set()
    waiting = [traceback.TracebackException.from_exception(error, capture_locals=True)]
    while waiting:
        shown = waiting.pop()
        if id(shown) not in seen:
            seen.add(id(shown))
            yield from shown.stack
            waiting += [other for other in (shown.__cause__, shown.__context__) if other is not None]


def shown_by(error: BaseException) -> str:
    """All texts that an error may leave in a log, a report or a queue."""
    everything = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    parts = [repr(error), str(error), everything, repr(vars(error)), repr(error.args)]
    if isinstance(error, errors.TikHubError):
        parts += [repr(pickle.dumps(error)), str(copy.copy(error)), str(pickle.loads(pickle.dumps(error)))]
        parts += [shown_by(earlier) for earlier in error.earlier]
    return "\n".join(parts)


def assert_frames_show_no_prompt(error: BaseException) -> None:
    for frame in frames(error):
        path = Path(frame.filename)
        ours = path.is_relative_to(PACKAGE) and path.relative_to(PACKAGE).parts[0].removesuffix(".py") in BELOW
        if ours or "aiohttp" in path.parts:
            assert PROMPT not in repr(frame.locals), (frame.filename, frame.name)


async def outcome(call: Any) -> errors.TikHubError | None:
    """The error that a call ends in, if it does."""
    try:
        await call
    except errors.TikHubError as error:
        return error
    return None


SOME = {
    "FIN after the request",
    "400 of the gateway",
    "429",
    "500 of the provider",
    "502 as a page",
    "200 whose body breaks off",
    "200 with a page",
    "200 with a header of 9,000 bytes",
    "200 with JSON, but no id",
    "200 with an error object",
}


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in SOME], ids=lambda row: row.name)
async def test_the_canary_is_not_found(row: Row, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with FaultServer() as server:
        for kind, ask in ASKING.items():
            server.clear()
            server.script(CALLS[kind].path, *[row.make(CALLS[kind])] * 9)
            async with caller(server, tmp_path, api_key=KEY, max_retries=1) as who:
                client = who.client
                error = await outcome(ask(client))
                if error is not None:
                    assert KEY not in shown_by(error)
                    assert PROMPT not in str(error) + repr(error) + repr(error.args)
                    assert_frames_show_no_prompt(error)
                    if not isinstance(error, errors.InDoubtError):  # it says what was sent, on `.sent`
                        assert PROMPT not in repr(vars(error))
                shown = [client, client._session, client._session.config, client.openai, client._session._key]
                assert KEY not in repr(shown) + repr([vars(part) for part in shown if hasattr(part, "__dict__")])
    assert KEY not in caplog.text
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("kind", ASKING)
@pytest.mark.parametrize("where", ["before the head", "in the body"])
async def test_a_cancelled_call_shows_no_key_in_its_traceback(kind: str, where: str, tmp_path: Path) -> None:
    """A cancellation goes through all frames in between, aiohttp's too, with the request in their locals."""
    said = "text/event-stream" if kind == "S" else "application/json"
    steps: list[Step] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: %s\r\n\r\n" % said.encode(),
        b"{",
        STALL,
    ]
    async with FaultServer() as server:
        server.serve(CALLS[kind].path, steps[2:] if where == "before the head" else steps)
        async with caller(server, tmp_path, timeout=60.0, api_key=KEY) as who:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.06):
                    await ASKING[kind](who.client)
            assert KEY not in shown_by(caught.value)
            assert_frames_show_no_prompt(caught.value)
            await who.client._session.transport.aclose(drain=0.0)
            for orphan in who.client.tasks.orphans():
                assert KEY not in repr(orphan)
                assert PROMPT not in repr(orphan)


def test_a_key_cannot_be_pickled_with_a_client() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(TikHubAI(api_key=KEY)._session.config)


@pytest.mark.parametrize("bad", ["sk-\n", "sk-ключ" + KEY, f"{KEY}\x00", "two words"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(bad: str) -> None:
    bad = bad if bad != "sk-\n" else KEY + "\r\nX: 1"
    with pytest.raises(errors.ConfigError) as caught:
        TikHubAI(api_key=bad)
    assert "CANARY" not in "".join(map(str, (caught.value, vars(caught.value))))


def assert_package_shows_no_key(error: BaseException) -> None:
    """In its own frames; the caller's are the caller's."""
    for frame in frames(error):
        if "tikhub_async" in Path(frame.filename).parts:
            assert "CANARY" not in repr(frame.locals), frame


@pytest.mark.parametrize(
    "options",
    [{"base_url": "http://gateway.example"}, {"timeout": -1}, {"max_retries": -1}, {"polls_per_second": 0}],
    ids=lambda options: next(iter(options)),
)
def test_a_client_that_is_refused_shows_its_key_in_no_frame(options: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        TikHubAI(api_key=KEY, **options)
    assert_package_shows_no_key(caught.value)
    if options.keys() <= {"timeout", "max_retries"}:
        with pytest.raises(errors.ConfigError) as caught:
            TikHubAI(api_key="sk-other").with_options(api_key=KEY, **options)
        assert_package_shows_no_key(caught.value)


@pytest.mark.parametrize("bad", ["sk-ключ" + KEY, f"{KEY}\x00", f"two {KEY}"])
def test_a_key_that_is_refused_is_in_no_frame(bad: str) -> None:
    client = TikHubAI(api_key="sk-other")
    for make in (TikHubAI, client.with_options):
        with pytest.raises(errors.ConfigError) as caught:
            make(api_key=bad)
        assert_package_shows_no_key(caught.value)


async def test_the_part_of_a_download_is_named_after_the_callers_file_alone(tmp_path: Path) -> None:
    async with FaultServer() as server:
        url = server.script(
            f"/{KEY}/{PROMPT.replace(' ', '-')}.mp4", [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", STALL]
        )
        async with caller(server, tmp_path, timeout=60.0) as who:
            saving = asyncio.ensure_future(who.video(url).download(tmp_path / "film.mp4"))
            await server.stalled()
            while not list(tmp_path.glob("*.part*")):
                await asyncio.sleep(0.001)
            assert all(name.startswith("film.mp4") for name in os.listdir(tmp_path))
            saving.cancel()
            await asyncio.wait([saving])


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", 7])
async def test_a_header_that_would_become_two_is_refused_and_not_shown(value: Any) -> None:
    client = TikHubAI(api_key=KEY, base_url="http://127.0.0.1:9")
    with pytest.raises(errors.InvalidParameter, match="cannot be sent as a header") as caught:
        await client.models.list(extra_headers={"X-Trace": value})
    assert "Evil" not in str(caught.value)
    with pytest.raises(errors.InvalidParameter):
        await TikHubAI(api_key=KEY, default_headers={"X: 1\r\nY": "a"}).models.list()


# ── redirects ───────────────────────────────────────────────────────────────────────────────────────────────────────

STYLES = ("bearer", "x-api-key", "x-goog-api-key")
SECRET_HEADERS = {"authorization", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization", "x-tenant"}


async def styled(style: str, server: FaultServer) -> tuple[TikHubAI, aiohttp.ClientSession]:
    """A client that carries its key in a style; the last one by a session of the caller's own."""
    own = (
        {"x-goog-api-key": KEY, "Authorization": f"Bearer {KEY}", "Cookie": f"k={KEY}"} if style[:6] == "x-goog" else {}
    )
    session = aiohttp.ClientSession(headers=own)
    options: dict[str, Any] = {"session": session} if own else {}
    if style == "x-api-key":
        options["key_header"] = "x-api-key"
    client = TikHubAI(
        api_key=KEY,
        base_url=server.origin,
        timeout=ROOMY,
        max_retries=0,
        allow_private_media=True,
        default_headers={"X-Tenant": "mine"},
        **options,
    )
    return client, session


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_takes_a_key_to_another_origin(status: int, style: str, tmp_path: Path) -> None:
    async with FaultServer() as server, FaultServer() as other:
        other.serve("*", ranged(b"film", content_type="video/mp4"))
        client, session = await styled(style, server)
        async with client, session:
            who = Caller(client, server, tmp_path)
            for path in {call.path for call in CALLS.values()} | {part.path for part in DIALECTS.values()}:
                server.serve(path, redirect(other.url("/stolen"), status))
            for call in [*CREATIONS, *(CALLS[kind] for kind in "NSPX")]:
                server.serve(call.path, redirect(other.url("/stolen"), status))
                with pytest.raises(errors.ProtocolError, match="redirect"):
                    await call.run(who)
            with pytest.raises(errors.ProtocolError, match="redirect"):
                await client.claude.messages.create(
                    model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
                )
            assert other.count == 0
            server.serve(FILM_PATH, redirect(other.url("/film.mp4"), status))
            assert await who.download() == b"film"
        assert other.count == 1
        assert not SECRET_HEADERS & other.seen[0].headers.keys()
        assert KEY.encode() not in other.seen[0].raw
        sent = server.seen[-1].headers
        assert KEY in sent["authorization"]
        assert "x-goog-api-key" not in sent


async def test_an_address_on_another_origin_gets_no_key_in_the_first_place(tmp_path: Path) -> None:
    async with FaultServer() as server, FaultServer() as other:
        url = other.serve("/film.mp4", ranged(b"film", content_type="video/mp4"))
        for style in STYLES:
            client, session = await styled(style, server)
            async with client, session:
                await Caller(client, server, tmp_path).video(url).download(tmp_path / "film.mp4", overwrite=True)
        assert not any(SECRET_HEADERS & seen.headers.keys() or KEY.encode() in seen.raw for seen in other.seen)


async def test_cookies_of_one_key_are_not_played_back_with_another(tmp_path: Path) -> None:
    call = CALLS["P"]
    async with FaultServer() as server:
        server.serve(call.path, answer({"object": "list", "data": []}, set_cookie="tenant=one; Path=/"))
        async with caller(server, tmp_path) as who:
            await who.client.models.list()
            await who.client.with_options(api_key=KEY).models.list()
        assert all("cookie" not in seen.headers for seen in server.seen)


@pytest.mark.parametrize("call", [CALLS["N"], CALLS["C"]], ids=["chat", "creation"])
async def test_netrc_is_never_read(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path) as who:
            await call.run(who)
        assert server.seen[0].headers["authorization"].startswith("Bearer sk-")


# ── addresses that must not be asked ────────────────────────────────────────────────────────────────────────────────

PRIVATE = [
    "http://127.0.0.1:{port}/v.mp4",
    "https://127.0.0.1:{port}/v.mp4",
    "https://localhost:{port}/v.mp4",
    "https://LOCALHOST.:{port}/v.mp4",
    "https://x.localhost:{port}/v.mp4",
    "https://127.1:{port}/v.mp4",
    "https://0x7f.1:{port}/v.mp4",
    "https://0177.0.0.1:{port}/v.mp4",
    "https://2130706433:{port}/v.mp4",
    "https://0x7f000001:{port}/v.mp4",
    "https://0.0.0.0:{port}/v.mp4",
    "https://0:{port}/v.mp4",
    "https://[::1]:{port}/v.mp4",
    "https://[::]:{port}/v.mp4",
    "https://[::ffff:127.0.0.1]:{port}/v.mp4",
    "https://[::127.0.0.1]:{port}/v.mp4",
    "https://[64:ff9b::7f00:1]:{port}/v.mp4",
    "https://[2002:7f00:1::]:{port}/v.mp4",
    "https://[fe80::1%25lo]:{port}/v.mp4",
    "https://[fc00::1]:{port}/v.mp4",
    "https://169.254.169.254:{port}/latest/meta-data",
    "https://10.0.0.1:{port}/v.mp4",
    "https://172.16.0.1:{port}/v.mp4",
    "https://192.168.1.1:{port}/v.mp4",
    "https://100.64.0.1:{port}/v.mp4",
    "https://user:password@127.0.0.1:{port}/v.mp4",
    "https://ai.tikhub.io@127.0.0.1:{port}/v.mp4",
    "https://127.0.0.1:{port}#@ai.tikhub.io/v.mp4",
    "https://private.example:{port}/v.mp4",
    "https://rebinding.example:{port}/v.mp4",
    "ftp://127.0.0.1:{port}/v.mp4",
    "file:///etc/passwd",
    "//127.0.0.1:{port}/v.mp4",
    "https:/127.0.0.1:{port}/v.mp4",
    "https://127.0.0.1:{port}\r\nHost: evil/v.mp4",
    "",
]
NAMES = {"private.example": ["127.0.0.1"], "rebinding.example": ["127.0.0.1", "10.0.0.1", "::1"]}


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that anybody in this loop connected to, beside the gateway's."""
    loop_connect = asyncio.selector_events.BaseSelectorEventLoop.sock_connect
    asked: list[str] = []

    async def noted(self: Any, sock: socket.socket, address: Any) -> None:
        asked.append(str(address[0]))
        await loop_connect(self, sock, address)

    async def looked_up(self: Any, host: Any, port: Any, **options: Any) -> Any:
        found = NAMES.get(str(host))
        if found is None:
            try:
                ipaddress.ip_address(str(host).partition("%")[0])
            except ValueError:
                return await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = [str(host)]
        return [
            (socket.AF_INET6 if ":" in place else socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))
            for place in found
        ]

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", noted)
    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", looked_up)
    return asked


@pytest.mark.parametrize("way", ["address", "redirect"])
async def test_no_private_address_is_ever_connected_to(way: str, tmp_path: Path, connects: list[str]) -> None:
    met: list[int] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)

    async with (
        door(meet) as port,
        FaultServer() as server,
        caller(server, tmp_path, allow_private_media=False) as who,
    ):
        for template in PRIVATE:
            target = template.format(port=port)
            url = target
            if way == "redirect":
                if not target.isprintable() or target.startswith("//"):
                    continue
                url = server.serve(FILM_PATH, redirect(target))
            before = len(connects)
            with pytest.raises(errors.TikHubError):
                await who.video(url).download(tmp_path / "film.mp4", overwrite=True)
            assert connects[before:] in ([], ["127.0.0.1"] if way == "redirect" else []), target
    assert met == []


async def test_a_public_address_is_asked(tmp_path: Path, connects: list[str]) -> None:
    """The guard lets through what it should: the connection is begun, and fails for its own reasons."""
    NAMES["public.example"] = ["203.0.113.1"] if ipaddress.ip_address("203.0.113.1").is_global else ["1.1.1.1"]
    async with FaultServer() as server:
        server.serve("*", whole(b""))
        async with caller(server, tmp_path, allow_private_media=False, max_retries=0) as who:
            with pytest.raises(errors.DownloadError):
                await who.video("https://public.example/v.mp4").download(tmp_path / "film.mp4")
    assert connects == ["1.1.1.1"]
