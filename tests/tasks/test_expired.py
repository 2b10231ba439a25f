"""Addresses that have expired, and files that are larger than the caller wants."""

import base64
import json

import pytest

from tests.servers import FIN, ScriptedServer, head, whole
from tests.tasks.bench import ETAG, FILM, TASK, WITH_CONTENT, Bench, cut_then, rest_of
from tikhub_async.errors import APIStatusError, DownloadError

CONTENT_PATH = f"/v1/videos/{TASK}/content"
GONE = [401, 403, 404, 410]


@pytest.mark.parametrize("status", GONE)
async def test_where_an_address_has_expired_the_gateway_is_asked_for_the_file(
    bench: Bench, server: ScriptedServer, other: ScriptedServer, status: int
) -> None:
    url = other.script("/film.mp4", whole(b"gone", status))
    server.script(CONTENT_PATH, whole(FILM))
    await bench.video(url, kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()
    assert (other.count, server.count) == (1, 1)
    assert "authorization" not in other.seen[0].headers
    assert server.seen[0].headers["authorization"].startswith("Bearer ")


async def test_a_download_that_is_taken_up_after_the_address_expired_begins_again(
    bench: Bench, server: ScriptedServer, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", *cut_then(rest_of(FILM[5000:], "bytes 5000-19999/20000"), FIN))
    await bench.fails(bench.video(url, kind=WITH_CONTENT, session=bench.session(max_retries=0)))
    assert bench.part.exists()
    other.script("/film.mp4", whole(b"gone", 404))
    server.script(CONTENT_PATH, whole(FILM))
    await bench.video(url, kind=WITH_CONTENT).download(bench.path)
    bench.assert_whole()


async def test_bytes_that_were_handed_out_are_not_begun_again_elsewhere(
    bench: Bench, server: ScriptedServer, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", *cut_then(whole(b"gone", 403), FIN))
    server.script(CONTENT_PATH, whole(FILM))
    received = bytearray()
    with pytest.raises(DownloadError, match="403"):
        async with bench.video(url, kind=WITH_CONTENT).open() as film:
            async for data in film:
                received += data
    assert received == FILM[:5000]
    assert server.count == 0


async def test_when_the_gateway_has_no_file_either_both_answers_are_told(
    bench: Bench, server: ScriptedServer, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", whole(b"gone", 403))
    server.script(CONTENT_PATH, whole(b'{"error":{"message":"no such task","type":"x"}}', 404))
    error = await bench.fails(bench.video(url, kind=WITH_CONTENT))
    assert "403" in error.message
    assert "from the gateway: 404" in error.message
    assert "no longer served" in (error.hint or "")
    assert [cause.status_code for cause in error.earlier if isinstance(cause, APIStatusError)] == [403, 404]
    assert (other.count, server.count) == (1, 1)
    bench.assert_nothing_left()


async def test_what_the_gateway_itself_refuses_is_not_asked_for_twice(bench: Bench, server: ScriptedServer) -> None:
    url = server.script("/film.mp4", whole(b"gone", 404))
    server.script(CONTENT_PATH, whole(FILM))
    await bench.fails(bench.video(url, kind=WITH_CONTENT))
    assert server.count == 1


async def test_other_results_than_the_video_have_no_second_address(
    bench: Bench, server: ScriptedServer, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", whole(FILM))
    frame = other.script("/frame.png", whole(b"gone", 404))
    server.script(CONTENT_PATH, whole(FILM))
    await bench.fails(bench.video(url, kind=WITH_CONTENT, extras={"last_frame": frame}), which="last_frame")
    assert server.count == 0


async def test_a_file_that_is_announced_too_large_is_not_fetched(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(FILM, etag=ETAG))
    error = await bench.fails(bench.video(url), max_bytes=19_999)
    assert "the file is 20,000 bytes, and max_bytes is 19,999" in error.message
    assert (error.received, error.expected) == (0, 20_000)
    assert other.count == 1
    bench.assert_nothing_left()
    await bench.video(url).download(bench.path, max_bytes=20_000)
    bench.assert_whole()


async def test_a_file_that_grows_too_large_is_given_up(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200), FILM, FIN])
    error = await bench.fails(bench.video(url), max_bytes=5_000)
    assert "the file is larger, and max_bytes is 5,000" in error.message
    bench.assert_nothing_left()


async def test_a_part_of_a_file_that_is_too_large_is_not_gone_on_with(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(rest_of(FILM[5000:], "bytes 5000-19999/20000"), FIN))
    await bench.fails(bench.video(url, session=bench.session(max_retries=0)))
    error = await bench.fails(bench.video(url), max_bytes=6_000)
    assert "max_bytes is 6,000" in error.message


async def test_a_file_inside_the_answer_is_measured_as_well(bench: Bench) -> None:
    raw = json.dumps({"videoBytes": base64.b64encode(FILM).decode()}).encode()
    error = await bench.fails(bench.video(inline=True, raw=raw), max_bytes=100)
    assert "max_bytes is 100" in error.message
    bench.assert_nothing_left()
