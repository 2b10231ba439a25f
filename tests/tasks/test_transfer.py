"""Files that change, servers that send the wrong part, and ends that prove nothing."""

import asyncio
import os
import random
from collections.abc import Callable

import pytest

from tests.servers import FIN, RST, STALL, Reply, ScriptedServer, Seen, Steps, chunk, head, ranged, whole
from tests.tasks.bench import ETAG, FILM, NEWER, Bench, cut_then, rest_of
from tikhub_async._tasks.mp4 import BoxWalk
from tikhub_async.errors import DownloadError

# ── closed by another task ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("begun", [True, False], ids=["between two bytes", "before the head"])
async def test_a_result_closed_by_another_task_is_not_asked_for_again(
    bench: Bench, other: ScriptedServer, begun: bool
) -> None:
    hold = asyncio.Event()
    opening = [head(200, length=len(FILM), etag=ETAG, content_type="video/mp4"), FILM[:5000]]
    url = other.script("/film.mp4", [*opening, hold] if begun else [hold, *opening, STALL])
    result = bench.video(url).open()
    if begun:
        assert await anext(result) == FILM[:5000]
    reading = asyncio.ensure_future(anext(result))
    while not other.count:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    await result.aclose()
    hold.set()
    with pytest.raises(DownloadError, match="closed by another task"):
        await asyncio.wait_for(reading, 5)
    assert other.count == 1


# ── another file than before ────────────────────────────────────────────────────────────────────────────────────────

WRONG_RESTS: list[tuple[str, Reply]] = [
    ("another etag", rest_of(FILM[5000:], "bytes 5000-19999/20000", '"v2"')),
    ("no etag", whole(FILM[5000:], 206, content_range="bytes 5000-19999/20000")),
    ("another total", rest_of(FILM[5000:], "bytes 5000-19999/20001")),
    ("another total, in itself right", rest_of(FILM[5000:] + b"x", "bytes 5000-20000/20001")),
    ("another start", rest_of(FILM[4000:], "bytes 4000-19999/20000")),
    ("another end", rest_of(FILM[5000:9000], "bytes 5000-8999/20000")),
    ("unknown total", rest_of(FILM[5000:], "bytes 5000-19999/*")),
    ("no range", whole(FILM[5000:], 206, etag=ETAG)),
    ("garbage", rest_of(FILM[5000:], "bytes=5000-")),
    ("beyond the end", whole(b"", 416, content_range="bytes */4000")),
]


@pytest.mark.parametrize(("name", "rest"), WRONG_RESTS, ids=[name for name, _ in WRONG_RESTS])
async def test_a_rest_that_does_not_fit_is_not_spliced(
    bench: Bench, other: ScriptedServer, name: str, rest: Reply
) -> None:
    url = other.script("/film.mp4", *cut_then(rest, FIN), whole(FILM, etag=ETAG))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert "range" not in other.seen[2].headers


async def test_a_server_that_sends_wrong_parts_for_ever_is_given_up(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", rest_of(FILM[5000:], "bytes 5000-19999/20000"))
    error = await bench.fails(bench.video(url))
    assert other.count == 5
    assert "another part" in error.message
    bench.assert_nothing_left()


async def test_a_server_that_ignores_the_range_sends_the_file_from_its_beginning(
    bench: Bench, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", *cut_then(whole(FILM, etag=ETAG), FIN))
    await bench.video(url).download(bench.path)
    bench.assert_whole()


async def test_a_server_that_ignores_ranges_and_breaks_each_time_is_given_up(
    bench: Bench, other: ScriptedServer
) -> None:
    url = other.script("/film.mp4", *cut_then([head(200, length=len(FILM), etag=ETAG), FILM[:6000], FIN], FIN))
    error = await bench.fails(bench.video(url))
    assert other.count <= 6
    assert error.received == 6000
    bench.assert_nothing_left()


async def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(NEWER, '"v2"'), FIN))
    await bench.video(url).download(bench.path)
    bench.assert_whole(NEWER)


@pytest.mark.parametrize("apart", [True, False])
async def test_bytes_behind_the_announced_length_never_get_into_the_file(
    bench: Bench, other: ScriptedServer, apart: bool
) -> None:
    """In one packet with the rest they make the answer unreadable: then there is no file at all."""
    hold = asyncio.Event()
    steps = [FILM, hold, b"more"] if apart else [FILM + b"more"]
    url = other.script("/film.mp4", [head(200, length=len(FILM)), *steps, FIN])
    try:
        await bench.video(url).download(bench.path)
    except DownloadError:
        assert not apart
        bench.assert_nothing_left()
    else:
        bench.assert_whole()
    hold.set()


def weather(seed: int) -> Callable[[Seen], Steps]:
    """A server of any quality: it cuts, resets, refuses, changes the file, ignores ranges or sends the wrong ones."""
    luck = random.Random(seed)
    kinds: list[Callable[[Seen], Steps]] = [
        ranged(FILM),
        ranged(NEWER, '"v2"'),
        lambda seen: whole(FILM, etag=ETAG),
        lambda seen: whole(b"busy", luck.choice([429, 500, 503])),
        lambda seen: rest_of(FILM[7:], f"bytes 7-{len(FILM) - 1}/{len(FILM)}"),
        lambda seen: [FIN],
    ]
    weights = [luck.random() for _ in kinds]

    def reply(seen: Seen) -> Steps:
        first, *body = luck.choices(kinds, weights)[0](seen)
        if not body or luck.random() < 0.4:
            return [first, *body]
        assert isinstance(body[0], bytes)
        return [first, body[0][: luck.randrange(len(body[0]) + 1)], luck.choice([FIN, RST])]

    return reply


@pytest.mark.parametrize("seed", range(40))
async def test_in_any_weather_the_film_is_whole_or_not_there(bench: Bench, other: ScriptedServer, seed: int) -> None:
    video = bench.video(other.script("/film.mp4", weather(seed)))
    for _ in range(3):  # later calls find what the earlier ones left
        try:
            await video.download(bench.path)
        except DownloadError:
            assert not bench.path.exists()
        else:
            assert bench.path.read_bytes() in {FILM, NEWER}
            assert os.listdir(bench.folder) == [bench.path.name]
            return


# ── ends that prove nothing ─────────────────────────────────────────────────────────────────────────────────────────


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4) + kind + body


MP4 = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"m" * 500) + box(b"mdat", FILM)


def chunked(data: bytes) -> Reply:
    return [head(chunked=True), chunk(data), chunk(b"")]


async def test_a_film_cut_behind_a_proper_end_is_seen_by_its_boxes(bench: Bench, other: ScriptedServer) -> None:
    """The gateway ends a chunked body properly when its own 60 seconds are over."""
    url = other.script("/film.mp4", chunked(MP4[:9000]), chunked(MP4))
    await bench.video(url).download(bench.path)
    bench.assert_whole(MP4)


async def test_a_body_that_ends_with_its_connection_proves_nothing(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200), FILM, FIN])
    error = await bench.fails(bench.video(url))
    assert "no length" in error.message
    assert other.count == 1


async def test_the_boxes_of_a_film_prove_what_its_connection_does_not(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200), MP4[:-1], FIN], [head(200), MP4, RST], [head(200), MP4, FIN])
    await bench.video(url).download(bench.path)
    bench.assert_whole(MP4)


LARGE = b"\0\0\0\1mdat" + (16 + 100).to_bytes(8) + b"x" * 100
WALKS: list[tuple[str, bytes, bool | None]] = [
    ("whole", MP4, True),
    ("one byte short", MP4[:-1], False),
    ("inside a box's head", MP4 + b"\0\0\0", False),
    ("behind a box, which is a whole file too", MP4[: 16 + 508], True),
    ("large size", MP4[:16] + LARGE, True),
    ("large size, short", MP4[:16] + LARGE[:-1], False),
    ("inside a large box's head", MP4[:16] + LARGE[:12], False),
    ("last box open-ended", MP4[:16] + b"\0\0\0\0mdat" + b"x" * 9, None),
    ("impossible size", MP4[:16] + b"\0\0\0\4mdat", None),
    ("no film", b"\x89PNG\r\n\x1a\n" + b"x" * 90, None),
    ("nothing", b"", None),
    ("three bytes", b"\0\0\0", None),
]


@pytest.mark.parametrize(("name", "data", "whole_"), WALKS, ids=[row[0] for row in WALKS])
@pytest.mark.parametrize("size", [1, 7, 10**9])
def test_boxes_are_followed_whatever_the_pieces(name: str, data: bytes, whole_: bool | None, size: int) -> None:
    walk = BoxWalk()
    for at in range(0, len(data), size):
        walk.feed(data[at : at + size])
    assert walk.whole is whole_
