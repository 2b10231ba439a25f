"""Whom the key is shown to, and which addresses are never asked."""

import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.servers import FIN, Reply, ScriptedServer, head, ranged, redirect, whole
from tests.tasks.bench import ETAG, FILM, KEYS, PLAIN, TASK, WITH_CONTENT, Bench, cut_then
from tikhub_async._tasks import TaskKind
from tikhub_async.testing import TEST_KEY
from tikhub_async.types._base import Response

# ── whom the key is shown to ────────────────────────────────────────────────────────────────────────────────────────


def assert_keyless(server: ScriptedServer) -> None:
    assert server.seen
    for seen in server.seen:
        assert TEST_KEY.encode() not in seen.raw
        assert not any(name in seen.headers for name in (*KEYS, "x-tenant"))


def assert_keyed(server: ScriptedServer) -> None:
    assert server.seen
    for seen in server.seen:
        assert seen.headers["authorization"] == f"Bearer {TEST_KEY}"


async def test_the_content_route_gets_the_key(bench: Bench, server: ScriptedServer) -> None:
    server.script(f"/v1/videos/{TASK}/content", whole(FILM, content_type="video/mp4"))
    await bench.video(kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()
    assert_keyed(server)
    assert server.seen[0].headers["x-tenant"] == "own"
    assert server.seen[0].headers["accept"] == "*/*"


@pytest.mark.parametrize("kind", [PLAIN, WITH_CONTENT])
async def test_a_content_address_on_a_wrong_host_is_asked_of_the_gateway(
    bench: Bench, server: ScriptedServer, other: ScriptedServer, kind: TaskKind[Response]
) -> None:
    server.script(f"/v1/videos/{TASK}/content", whole(FILM))
    await bench.video(other.url("/v1/videos/task_other/content"), kind=kind).download(bench.path)
    bench.assert_whole()
    assert_keyed(server)
    assert other.connections == 0


async def test_the_providers_own_address_is_preferred_to_the_content_route(
    bench: Bench, server: ScriptedServer, other: ScriptedServer
) -> None:
    direct = other.script("/film.mp4", whole(FILM))
    await bench.video(server.url(f"/v1/videos/{TASK}/content"), direct, kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()
    assert server.connections == 0


async def test_the_content_route_is_never_asked_for_a_range(bench: Bench, server: ScriptedServer) -> None:
    server.script(f"/v1/videos/{TASK}/content", *cut_then(whole(FILM, etag=ETAG), FIN))
    await bench.video(kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()
    assert all("range" not in seen.headers for seen in server.seen)


async def test_the_content_routes_sixty_seconds_end_after_five_attempts(bench: Bench, server: ScriptedServer) -> None:
    replies: list[Reply] = [[head(200, length=len(FILM), etag=ETAG), FILM[: 5000 + n], FIN] for n in range(9)]
    server.script(f"/v1/videos/{TASK}/content", *replies)
    await bench.fails(bench.video(kind=WITH_CONTENT))
    assert server.count == 5
    bench.assert_nothing_left()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_leaves_the_key_behind(
    bench: Bench, server: ScriptedServer, other: ScriptedServer, status: int
) -> None:
    server.script(f"/v1/videos/{TASK}/content", redirect(other.url("/film.mp4"), status))
    other.script("/film.mp4", whole(FILM))
    await bench.video(kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()
    assert_keyed(server)
    assert_keyless(other)


async def test_a_redirect_chain_is_followed_relative_steps_included(bench: Bench, other: ScriptedServer) -> None:
    other.script("/a/1", redirect("2?x=%2F"))
    other.script("/a/2", redirect("/3", 307))
    other.script("/3", redirect(f"//127.0.0.1:{other.port}/4"))
    other.script("/4", whole(FILM))
    await bench.video(other.url("/a/1")).download(bench.path)
    bench.assert_whole()
    assert [seen.target for seen in other.seen] == ["/a/1", "/a/2?x=%2F", "/3", "/4"]


async def test_credentials_in_an_address_are_not_used(bench: Bench, other: ScriptedServer) -> None:
    other.script("/film.mp4", whole(FILM))
    await bench.video(other.url("/film.mp4").replace("//", "//user:word@")).download(bench.path)
    assert_keyless(other)


LOOPS: list[tuple[str, Callable[[ScriptedServer], str], str]] = [
    ("to itself", lambda server: server.url("/film.mp4"), "more than 5 times"),
    ("to a file", lambda server: "file:///etc/passwd", "not an http(s) address"),
    ("to nothing", lambda server: "http://", "more than 5 times"),
    ("to a name with an empty label", lambda server: "https://a..example/", "not an http(s) address"),
    ("to a name that is too long", lambda server: f"https://{'a' * 70}.example/", "not an http(s) address"),
    ("to an impossible port", lambda server: "http://127.0.0.1:99999/", "not an http(s) address"),
]


@pytest.mark.parametrize(("name", "target", "says"), LOOPS, ids=[row[0] for row in LOOPS])
async def test_a_redirect_that_leads_nowhere_is_an_error_at_once(
    bench: Bench, other: ScriptedServer, name: str, target: Callable[[ScriptedServer], str], says: str
) -> None:
    url = other.script("/film.mp4", redirect(target(other)))
    error = await bench.fails(bench.video(url))
    assert says in error.message
    assert other.count <= 6
    assert bench.clock.slept == []


async def test_a_redirect_without_a_target_is_an_error_at_once(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(b"", 302))
    error = await bench.fails(bench.video(url))
    assert "without saying where" in error.message


async def test_range_headers_go_along_with_a_redirect(bench: Bench, other: ScriptedServer) -> None:
    other.script("/share", redirect("/film.mp4"))
    other.script("/film.mp4", *cut_then(ranged(FILM), FIN))
    await bench.video(other.url("/share")).download(bench.path)
    bench.assert_whole()
    assert other.seen[-1].headers["range"] == "bytes=5000-"


async def test_neither_key_nor_signature_is_logged(
    bench: Bench, server: ScriptedServer, other: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(f"/v1/videos/{TASK}/content", redirect(other.url("/film.mp4?sig=SECRET")))
    other.script("/film.mp4", whole(FILM))
    await bench.video(kind=WITH_CONTENT).download(bench.path)
    assert "sora.content" in caplog.text
    assert TEST_KEY not in caplog.text
    assert "SECRET" not in caplog.text


# ── addresses that must not be asked ────────────────────────────────────────────────────────────────────────────────

PRIVATE = [
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "[::ffff:127.0.0.1]",
    "[::1]",
    "[::]",
    "0.0.0.0",
    "169.254.169.254",
    "localhost",
    "evil.localhost.",
    "10.0.0.1",
    "[fd00::1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[::127.0.0.1]",
]


@pytest.mark.parametrize("host", PRIVATE)
async def test_private_addresses_are_never_asked(
    bench: Bench, server: ScriptedServer, other: ScriptedServer, host: str
) -> None:
    session = bench.session(allow_private_media=False)
    error = await bench.fails(bench.video(f"https://{host}:{other.port}/film.mp4", session=session))
    assert "not public" in error.message
    assert "allow_private_media" in (error.hint or "")
    assert other.connections == server.connections == 0
    assert bench.clock.slept == []
    bench.assert_nothing_left()


def _resolver(*addresses: str) -> Any:
    async def resolve(self: Any, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": 10 if ":" in address else 2,
                "proto": 6,
                "flags": 4,
            }
            for address in addresses
        ]

    return resolve


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("127.0.0.1", "10.0.0.1"), ("::1", "127.0.0.1")])
async def test_a_public_name_of_a_private_address_is_never_asked(
    bench: Bench, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", _resolver(*addresses))
    session = bench.session(allow_private_media=False)
    error = await bench.fails(bench.video(f"https://cdn.example.com:{other.port}/film.mp4", session=session))
    assert "not public" in error.message
    assert other.connections == 0
    assert bench.clock.slept == []


async def test_a_connector_of_the_callers_own_is_guarded_by_a_look_up(bench: Bench, other: ScriptedServer) -> None:
    session = bench.session(allow_private_media=False, connector_factory=aiohttp.TCPConnector)
    for host in ("127.0.0.1", "ip6-localhost", "localhost"):
        await bench.fails(bench.video(f"https://{host}:{other.port}/film.mp4", session=session))
    assert other.connections == 0


async def test_plain_http_is_refused(bench: Bench, other: ScriptedServer) -> None:
    session = bench.session(allow_private_media=False)
    error = await bench.fails(bench.video(other.url("/film.mp4"), session=session))
    assert "not https" in error.message
    assert other.connections == 0


async def test_every_step_of_a_redirect_is_checked(bench: Bench, server: ScriptedServer, other: ScriptedServer) -> None:
    session = bench.session(allow_private_media=False)
    for target in (other.url("/film.mp4"), f"https://127.0.0.1:{other.port}/film.mp4"):
        server.script(f"/v1/videos/{TASK}/content", redirect(target))
        await bench.fails(bench.video(kind=WITH_CONTENT, session=session))
    assert other.connections == 0
    assert_keyed(server)


@pytest.mark.parametrize("url", ["https:///film.mp4", "https://[", "ftp://host/a"])
async def test_what_is_no_address_is_not_sent(bench: Bench, server: ScriptedServer, url: str) -> None:
    error = await bench.fails(bench.video(url))
    assert "address" in error.message
    assert server.connections == 0


async def test_line_ends_in_an_address_make_no_headers(bench: Bench, server: ScriptedServer) -> None:
    server.script("*", whole(FILM))
    await bench.video(server.url("/film.mp4?a=\r\nX-Evil: 1")).download(bench.path)
    assert "x-evil" not in server.seen[0].headers
