"""Results to disk and as bytes. Every test ends with the whole file, or with a clear error and nothing under its name."""

import asyncio
import random
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.servers import FIN, RST, STALL, Reply, ScriptedServer, Seen, Step, chunk, head, ranged, whole
from tests.tasks.bench import CONTENT, ETAG, FILM, KEYS, NEWER, TASK, WITH_CONTENT, Bench, cut_then, rest_of
from tikhub_async._config import Limits, Timeouts
from tikhub_async._session.session import Session
from tikhub_async._wire.request import Request, build
from tikhub_async.errors import DownloadError

# ── whole files ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_film_arrives_byte_by_byte_the_same(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(FILM, content_type="video/mp4"))
    assert await bench.video(url).download(bench.path) == str(bench.path)
    bench.assert_whole()
    assert other.count == 1


async def test_a_chunked_film_without_a_length_arrives_whole(bench: Bench, other: ScriptedServer) -> None:
    pieces: list[Step] = [chunk(FILM[at : at + 3000]) for at in range(0, len(FILM), 3000)]
    url = other.script("/film.mp4", [head(chunked=True), *pieces, chunk(b"")])
    await bench.video(url).download(bench.path)
    bench.assert_whole()


async def test_a_large_film_is_written_in_blocks_and_progress_only_grows(bench: Bench, other: ScriptedServer) -> None:
    film = random.Random(1).randbytes(5_000_000)
    told: list[tuple[int, int | None]] = []
    url = other.script("/film.mp4", whole(film))
    await bench.video(url).download(bench.path, progress=lambda so_far, total: told.append((so_far, total)))
    bench.assert_whole(film)
    assert len(told) >= 3
    assert [so_far for so_far, _ in told] == sorted({so_far for so_far, _ in told})
    assert told[-1] == (len(film), len(film))
    assert all(total == len(film) for _, total in told)


async def test_media_is_asked_for_uncompressed_and_without_anything_of_the_caller(
    bench: Bench, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", whole(FILM))
    await bench.video(url).download(bench.path)
    headers = other.seen[0].headers
    assert headers["accept-encoding"] == "identity"
    assert headers["accept"] == "*/*"
    assert "x-tenant" not in headers
    assert not any(name in headers for name in KEYS)


async def test_the_signature_in_an_address_is_sent_as_it_came(bench: Bench, other: ScriptedServer) -> None:
    other.script("/a%2Fb.mp4", whole(FILM))
    target = "/a%2Fb.mp4?X-Tos-Signature=a%2Bb%3D%3D+c~&e=%20"
    await bench.video(other.url(target)).download(bench.path)
    assert other.seen[0].target == target


# ── breaks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", [FIN, RST])
async def test_after_a_break_the_download_goes_on_behind_the_last_byte(
    bench: Bench, other: ScriptedServer, ending: Any
) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), ending))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    asked = other.seen[1].headers
    assert asked["range"] == "bytes=5000-"
    assert asked["if-range"] == ETAG
    assert len(bench.clock.slept) == 1


@pytest.mark.parametrize("ending", [FIN, RST])
async def test_without_an_etag_a_broken_download_begins_again(bench: Bench, other: ScriptedServer, ending: Any) -> None:
    told: list[int] = []
    url = other.script("/film.mp4", *cut_then(whole(FILM), ending, etag=False))
    await bench.video(url).download(bench.path, progress=lambda so_far, _: told.append(so_far))
    bench.assert_whole()
    assert "range" not in other.seen[1].headers
    assert told == sorted(set(told))


async def test_a_weak_etag_promises_nothing(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200, length=len(FILM), etag='W/"v1"'), FILM[:5000], FIN], whole(FILM))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert "range" not in other.seen[1].headers


async def test_a_server_that_takes_no_ranges_is_not_asked_for_any(bench: Bench, other: ScriptedServer) -> None:
    first: Reply = [head(200, length=len(FILM), etag=ETAG, accept_ranges="none"), FILM[:5000], FIN]
    url = other.script("/film.mp4", first, whole(FILM))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert "range" not in other.seen[1].headers


async def test_a_connection_that_falls_silent_is_given_up_and_gone_on_with(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), STALL))
    session = bench.session(timeouts=Timeouts(idle=60))
    download = asyncio.ensure_future(bench.video(url, session=session).download(bench.path))
    await bench.silence(5000)
    await bench.clock.advance(59)
    assert other.count == 1
    await bench.clock.advance(2)
    await download
    bench.assert_whole()
    assert other.seen[1].headers["range"] == "bytes=5000-"


async def test_headers_that_never_come_are_given_up(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [STALL], whole(FILM))
    session = bench.session(timeouts=Timeouts(first_byte=30))
    download = asyncio.ensure_future(bench.video(url, session=session).download(bench.path))
    await other.stalled()
    await bench.clock.advance(31)
    await download
    bench.assert_whole()


async def test_a_broken_chunk_is_a_break(bench: Bench, other: ScriptedServer) -> None:
    """aiohttp closes the connection and never tells the reader; the idle limit does."""
    hold = asyncio.Event()
    url = other.script("/film.mp4", [head(chunked=True), chunk(FILM[:5000]), hold, b"zz\r\n", FIN], whole(FILM))
    download = asyncio.ensure_future(bench.video(url).download(bench.path))
    await bench.silence(5000)
    hold.set()
    await bench.clock.advance(301)
    await download
    bench.assert_whole()


async def test_a_chunked_body_without_its_end_is_a_break(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(chunked=True), chunk(FILM[:5000]), FIN], whole(FILM))
    await bench.video(url).download(bench.path)
    bench.assert_whole()


async def test_five_breaks_at_the_same_place_end_a_download(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200, length=len(FILM)), FILM[:5000], FIN])
    error = await bench.fails(bench.video(url))
    assert other.count == 5
    assert (error.attempts, error.received, error.expected) == (5, 5000, len(FILM))
    assert "5000 of 20000 bytes" in error.message
    assert "task is untouched" in (error.hint or "")
    assert len(error.earlier) == 5
    bench.assert_nothing_left()


async def test_a_download_that_gains_ground_may_break_more_than_five_times(bench: Bench, other: ScriptedServer) -> None:
    def some(seen: Seen) -> list[Any]:
        start, steps = 0, list(ranged(FILM)(seen))
        if match := re.search(r"\d+", seen.headers.get("range", "")):
            start = int(match[0])
        return [steps[0], FILM[start : start + 2000], *([FIN] if start + 2000 < len(FILM) else [])]

    url = other.script("/film.mp4", some)
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert other.count == 10


async def test_no_retries_means_one_request(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), FIN))
    await bench.fails(bench.video(url, session=bench.session(max_retries=0)))
    assert other.count == 1


async def test_the_wait_that_a_429_asks_for_is_kept(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(b"slow down", 429, retry_after="7"), whole(b"", 503), whole(FILM))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert 7 <= bench.clock.slept[0] <= 8
    assert other.count == 3


EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"

# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSALS: list[tuple[str, Reply, str]] = [
    ("403", whole(EXPIRED, 403, content_type="application/xml"), "Request has expired"),
    ("404", whole(b"", 404), "404"),
    ("410", whole(b"gone", 410), "410"),
    ("a page", whole(b"<html>Please log in</html>", content_type="text/html"), "HTML page"),
    ("an object", whole(b'{"ok": true}', content_type="application/json"), "application/json"),
    ("an error object", whole(b'{"error": {"message": "no"}}', content_type="application/json"), "no"),
    ("nothing", whole(b""), "empty"),
    ("no content", whole(b"", 204), "empty"),
    ("compressed", whole(b"x", content_encoding="gzip"), "compressed"),
]


@pytest.mark.parametrize(("name", "reply", "says"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_a_refusal_is_final_at_once(
    bench: Bench, other: ScriptedServer, name: str, reply: Reply, says: str
) -> None:
    other.script("/film.mp4", reply)
    error = await bench.fails(bench.video(other.url("/film.mp4?sig=SECRET")))
    assert says in error.message
    assert TASK in error.message
    assert other.count == 1
    assert bench.clock.slept == []
    assert "SECRET" not in str(error)
    bench.assert_nothing_left()


async def test_an_expired_address_says_what_to_do(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(EXPIRED, 403))
    error = await bench.fails(bench.video(url))
    assert "expire" in (error.hint or "")
    assert "task.refresh()" in (error.hint or "")
    assert error.stage == "download"


async def test_5xx_for_ever_ends_after_five_requests_with_the_reason(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(b"upstream is away", 502))
    error = await bench.fails(bench.video(url))
    assert other.count == 5
    assert "upstream is away" in error.message
    assert len(bench.clock.slept) == 4


# ── as bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_result_as_bytes_knows_its_length_and_type_before_the_first(
    bench: Bench, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", whole(FILM, content_type="video/mp4"))
    async with bench.video(url).open() as result:
        assert (result.total, result.content_type) == (len(FILM), "video/mp4")
        assert b"".join([piece async for piece in result]) == FILM
    assert other.count == 1


async def test_a_break_in_a_result_as_bytes_is_bridged(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), RST))
    assert b"".join([piece async for piece in bench.video(url).open()]) == FILM


CANNOT = [
    ("no etag", cut_then(whole(FILM), FIN, etag=False)),
    ("range ignored", cut_then(whole(FILM, etag=ETAG), FIN)),
    ("changed", cut_then(ranged(NEWER, '"v2"'), FIN)),
    ("wrong part", cut_then(rest_of(FILM[4000:], "bytes 4000-19999/20000"), FIN)),
]


@pytest.mark.parametrize(("name", "replies"), CANNOT, ids=[row[0] for row in CANNOT])
async def test_bytes_that_were_handed_out_are_never_handed_out_again(
    bench: Bench, other: ScriptedServer, name: str, replies: list[Reply]
) -> None:
    url = other.script("/film.mp4", *replies)
    got = bytearray()
    with pytest.raises(DownloadError) as caught:
        async for piece in bench.video(url).open():
            got += piece
    assert bytes(got) == FILM[:5000]
    assert (caught.value.received, caught.value.path) == (5000, None)


async def test_leaving_a_result_early_gives_the_connection_back(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200, length=len(FILM)), FILM[:9], STALL])
    session = bench.session(limits=Limits(connections=1))
    for _ in range(3):
        async with bench.video(url, session=session).open() as result:
            async for _piece in result:
                break
    assert other.count == 3
    result = bench.video(url, session=session).open()
    async for _piece in result:
        break
    await result.aclose()
    assert [piece async for piece in result] == []


async def test_a_refusal_comes_on_entering(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(EXPIRED, 403))
    with pytest.raises(DownloadError, match="expired"):
        async with bench.video(url).open():
            raise AssertionError("entered")


async def test_an_inline_result_as_bytes(bench: Bench) -> None:
    async with bench.video(inline=True, raw=msgspec.json.encode({"videoBytes": FILM})).open() as result:
        assert b"".join([piece async for piece in result]) == FILM


# ── options of a request ────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_timeout_of_a_content_request_bounds_all_attempts(bench: Bench, server: ScriptedServer) -> None:
    def limited(session: Session, task_id: str) -> Request:
        return build(CONTENT, session.config, {"timeout": 50.0}, path={"id": task_id})

    kind = replace(WITH_CONTENT, content=limited)
    server.script(f"/v1/videos/{TASK}/content", [STALL])
    download = asyncio.ensure_future(bench.video(kind=kind).download(bench.path))
    await server.stalled()
    await bench.clock.advance(51)
    with pytest.raises(DownloadError, match="within 50 s"):
        await download
    assert server.count == 1
