"""Results to disk and as bytes. Every test ends with the whole file, or with a clear error and nothing under its name."""

import asyncio
import base64
import json
import os
import random
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.servers import FIN, RST, STALL, Reply, ScriptedServer, Seen, chunk, head, ranged, redirect, whole
from tikhub_async._config import Limits, Timeouts, make_config
from tikhub_async._session.body import StreamBody
from tikhub_async._session.session import Session
from tikhub_async._session.transport import Transport, TransportOptions
from tikhub_async._tasks import TaskKind, Video, VideoTask
from tikhub_async._tasks.mp4 import BoxWalk
from tikhub_async._tasks.partfile import NOTE, PART
from tikhub_async._wire.request import Endpoint, Kind, Request, build
from tikhub_async.errors import DownloadError
from tikhub_async.providers.veo import state_of as veo_state_of
from tikhub_async.testing import TEST_KEY, FakeClock
from tikhub_async.types._base import Response, ResponseMeta
from tikhub_async.types.task import TaskState
from tikhub_async.types.veo import VeoFetchOperationResponse

FILM = random.Random(7).randbytes(20_000)
"""Bytes that never repeat: a splice at the wrong place shows."""
ETAG = '"v1"'
TASK = "task_" + "a" * 32
CONTENT = Endpoint(name="sora.content", method="GET", path="/v1/videos/{id}/content", kind=Kind.READ)
KEYS = ("authorization", "x-api-key", "x-goog-api-key", "cookie")


def _look(session: Session, task_id: str) -> Request:
    raise AssertionError("a download never looks at its task")


def _content(session: Session, task_id: str) -> Request:
    return build(CONTENT, session.config, {}, path={"id": task_id})


def _state(answer: Response) -> TaskState:
    raise AssertionError("a download never looks at its task")


PLAIN = TaskKind("seedance", _look, Response, _state)
WITH_CONTENT = TaskKind("sora", _look, Response, _state, _content)


class Bench:
    """A session, a task, a folder."""

    def __init__(self, server: ScriptedServer, clock: FakeClock, folder: Path) -> None:
        self.server = server
        self.clock = clock
        self.folder = folder
        self.path = folder / "film.mp4"
        self.part = Path(f"{self.path}{PART}")
        self.note = Path(f"{self.path}{NOTE}")
        self._sessions: list[Session] = []
        self._bodies: list[StreamBody] = []

    def session(self, **options: Any) -> Session:
        config = make_config(
            api_key=TEST_KEY,
            base_url=options.pop("base_url", self.server.origin),
            default_headers={"X-Tenant": "own"},
            timeout=options.pop("timeouts", None),
            max_retries=options.pop("max_retries", None),
        )
        options.setdefault("allow_private_media", True)
        session = Session(config, Transport(TransportOptions(**options), self.clock))
        self._sessions.append(session)
        open_url = session.open_url

        async def noted(*arguments: Any, **options: Any) -> StreamBody:
            self._bodies.append(await open_url(*arguments, **options))
            return self._bodies[-1]

        session.open_url = noted  # type: ignore[method-assign]
        return session

    async def silence(self, received: int) -> None:
        """Until the download has read that many bytes of its first answer and waits for more."""
        while not self._bodies or (content := self._bodies[0]._content).total_bytes < received or content._buffer:
            await asyncio.sleep(0)
        while self._bodies[0]._guard.waiting_since is None:
            await asyncio.sleep(0)

    def video(
        self, *urls: str, kind: TaskKind[Response] = PLAIN, session: Session | None = None, **state: Any
    ) -> Video:
        task_id = state.pop("id", TASK)
        made = TaskState(id=task_id, status="succeeded", url=urls[0] if urls else None, urls=urls, **state)
        return Video(VideoTask(kind, task_id, session or self.session(), None, state=made))

    async def fails(self, video: Video, **options: Any) -> DownloadError:
        """The error of a download that leaves nothing under the final name."""
        with pytest.raises(DownloadError) as caught:
            await video.download(self.path, **options)
        assert not self.path.exists()
        assert caught.value.path == str(self.path)
        assert TEST_KEY not in repr(vars(caught.value))
        return caught.value

    def assert_whole(self, data: bytes = FILM) -> None:
        assert self.path.read_bytes() == data
        assert sorted(os.listdir(self.folder)) == [self.path.name]

    def assert_nothing_left(self) -> None:
        assert os.listdir(self.folder) == []

    async def aclose(self) -> None:
        for session in self._sessions:
            await session.aclose()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def other() -> AsyncIterator[ScriptedServer]:
    """A host that is not the gateway: another port is another origin."""
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def bench(server: ScriptedServer, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Bench]:
    folder = tmp_path / "out"
    folder.mkdir()
    made = Bench(server, clock, folder)
    yield made
    await made.aclose()


# ── whole files ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_film_arrives_byte_by_byte_the_same(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(FILM, content_type="video/mp4"))
    assert await bench.video(url).download(bench.path) == str(bench.path)
    bench.assert_whole()
    assert other.count == 1


async def test_a_chunked_film_without_a_length_arrives_whole(bench: Bench, other: ScriptedServer) -> None:
    pieces = [chunk(FILM[at : at + 3000]) for at in range(0, len(FILM), 3000)]
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


async def test_several_results_are_numbered_and_extras_named(bench: Bench, other: ScriptedServer) -> None:
    urls = [other.script(f"/{name}", whole(name.encode() * 99)) for name in ("one.mp4", "two.mp4", "last.png")]
    video = bench.video(*urls[:2], extras={"last_frame": urls[2]})
    for which, name in ((0, "one.mp4"), (1, "two.mp4"), ("last_frame", "last.png")):
        await video.download(bench.folder / name, which=which)
        assert (bench.folder / name).read_bytes() == name.encode() * 99


@pytest.mark.parametrize("which", [2, -1, "thumbnail"])
async def test_a_result_that_is_not_there_is_named_with_those_that_are(
    bench: Bench, other: ScriptedServer, which: int | str
) -> None:
    video = bench.video(other.url("/one.mp4"), other.url("/two.mp4"), extras={"last_frame": other.url("/last.png")})
    error = await bench.fails(video, which=which)
    assert repr(which) in error.message
    assert error.hint is not None
    assert "0…1" in error.hint
    assert "last_frame" in error.hint
    assert other.connections == 0
    bench.assert_nothing_left()


NAMES = [
    ("video/mp4", "/x", 0, f"{TASK}.mp4"),
    ("video/webm; codecs=vp9", "/x.mp4", 0, f"{TASK}.webm"),
    ("application/octet-stream", "/x.MOV?sig=1.exe", 0, f"{TASK}.mov"),
    ("application/octet-stream", "/x.exe", 0, f"{TASK}.mp4"),
    ("image/png", "/x", "last_frame", f"{TASK}-last_frame.png"),
    ("application/x-sh", "/x.sh", "../../evil", f"{TASK}-_evil.bin"),
]


@pytest.mark.parametrize(("content_type", "target", "which", "name"), NAMES)
async def test_in_a_folder_the_file_is_named_after_task_and_content_type(
    bench: Bench, other: ScriptedServer, content_type: str, target: str, which: int | str, name: str
) -> None:
    other.script("*", whole(FILM, content_type=content_type, content_disposition='attachment; filename="../x"'))
    video = bench.video(other.url(target), extras={} if which == 0 else {str(which): other.url(target)})
    assert await video.download(bench.folder, which=which) == str(bench.folder / name)
    assert os.listdir(bench.folder) == [name]
    with pytest.raises(FileExistsError):
        await video.download(bench.folder, which=which)
    assert (bench.folder / name).read_bytes() == FILM


async def test_an_operation_name_makes_a_file_name_and_no_path(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/x", whole(FILM))
    await bench.video(url, id="models/veo/operations/../../x").download(bench.folder)
    assert os.listdir(bench.folder) == ["models_veo_operations_x.mp4"]


# ── breaks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def cut_then(rest: Reply, *ending: Any, etag: bool = True, at: int = 5000) -> list[Reply]:
    """First answer broken off, then `rest`."""
    extra = {"etag": ETAG} if etag else {}
    return [[head(200, length=len(FILM), **extra), FILM[:at], *ending], rest]


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
    first = [head(200, length=len(FILM), etag=ETAG, accept_ranges="none"), FILM[:5000], FIN]
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
    hold = asyncio.Event()
    url = other.script("/film.mp4", [head(chunked=True), chunk(FILM[:5000]), hold, b"zz\r\n", FIN], whole(FILM))
    download = asyncio.ensure_future(bench.video(url).download(bench.path))
    await bench.silence(5000)
    hold.set()
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


# ── another file than before ────────────────────────────────────────────────────────────────────────────────────────

NEWER = random.Random(8).randbytes(21_000)


def rest_of(data: bytes, told: str, etag: str = ETAG) -> Reply:
    return whole(data, 206, content_range=told, etag=etag)


WRONG_RESTS: list[tuple[str, Reply]] = [
    ("another etag", rest_of(FILM[5000:], "bytes 5000-19999/20000", '"v2"')),
    ("no etag", whole(FILM[5000:], 206, content_range="bytes 5000-19999/20000")),
    ("another total", rest_of(FILM[5000:], "bytes 5000-19999/20001")),
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


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
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


async def test_a_file_in_a_bucket_is_not_ours_to_fetch(bench: Bench, server: ScriptedServer) -> None:
    for video in (
        bench.video(extras={"gcs": "gs://bucket/film.mp4"}),
        bench.video("https://never.invalid/a.mp4", extras={"gcs": "gs://bucket/film.mp4"}),
    ):
        error = await bench.fails(video, which="gcs" if video.urls else 0)
        assert "gs://bucket/film.mp4" in error.message
        assert "gcloud storage cp" in (error.hint or "")
    assert server.connections == 0


async def test_a_task_without_any_address_says_so(bench: Bench) -> None:
    error = await bench.fails(bench.video())
    assert "no address" in error.message


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


# ── the place on disk ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_existing_file_is_refused_before_anything_is_fetched(bench: Bench, other: ScriptedServer) -> None:
    bench.path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"film\.mp4"):
        await bench.video(other.url("/film.mp4")).download(bench.path)
    assert bench.path.read_bytes() == b"mine"
    assert other.connections == 0


async def test_a_file_that_appears_meanwhile_is_not_replaced(bench: Bench, other: ScriptedServer) -> None:
    hold = asyncio.Event()
    url = other.script("/film.mp4", [head(200, length=len(FILM)), FILM[:9], hold, FILM[9:]])
    download = asyncio.ensure_future(bench.video(url).download(bench.path))
    while not bench.part.exists():
        await asyncio.sleep(0)
    bench.path.write_bytes(b"mine")
    hold.set()
    with pytest.raises(FileExistsError):
        await download
    bench.assert_whole(b"mine")


async def test_overwrite_replaces_a_file_and_a_link_but_nothing_else(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", whole(FILM))
    video = bench.video(url)
    bench.path.write_bytes(b"old")
    await video.download(bench.path, overwrite=True)
    bench.assert_whole()
    precious = bench.folder.parent / "precious"
    precious.write_bytes(b"keep")
    bench.path.unlink()
    bench.path.symlink_to(precious)
    await video.download(bench.path, overwrite=True)
    assert precious.read_bytes() == b"keep"
    assert not bench.path.is_symlink()
    bench.path.unlink()
    os.mkfifo(bench.path)
    with pytest.raises(DownloadError, match="not a regular file"):
        await video.download(bench.path, overwrite=True)


async def test_a_failed_overwrite_leaves_the_old_file(bench: Bench, other: ScriptedServer) -> None:
    bench.path.write_bytes(b"old")
    with pytest.raises(DownloadError):
        await bench.video(other.url("/film.mp4")).download(bench.path, overwrite=True)
    bench.assert_whole(b"old")


@pytest.mark.parametrize("name", ["", "missing/film.mp4", "file/film.mp4", "missing/"])
async def test_a_place_that_cannot_be_is_refused_before_anything_is_fetched(
    bench: Bench, other: ScriptedServer, name: str
) -> None:
    (bench.folder / "file").write_bytes(b"")
    path = f"{bench.folder}/{name}" if name else ""
    with pytest.raises(DownloadError) as caught:
        await bench.video(other.url("/film.mp4")).download(path)
    assert "exist" in caught.value.message or "empty" in caught.value.message
    assert other.connections == 0


async def test_a_link_at_the_part_is_removed_and_never_followed(bench: Bench, other: ScriptedServer) -> None:
    precious = bench.folder.parent / "precious"
    precious.write_bytes(b"keep")
    bench.part.symlink_to(precious)
    bench.note.symlink_to(precious)
    url = other.script("/film.mp4", whole(FILM, etag=ETAG))
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert precious.read_bytes() == b"keep"


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _hard_link(path: Path) -> None:
    (path.parent.parent / "precious").write_bytes(FILM[:5000])
    os.link(path.parent.parent / "precious", path)


def _file(path: Path) -> None:
    path.write_bytes(b"somebody's")


@pytest.mark.parametrize("leave", [_fifo, _hard_link, _file])
async def test_what_is_not_our_part_is_replaced(
    bench: Bench, other: ScriptedServer, leave: Callable[[Path], None]
) -> None:
    leave(bench.part)
    write_note(bench, other.url("/film.mp4"))
    url = other.script("/film.mp4", whole(FILM, etag=ETAG))
    if leave is _file:
        bench.note.unlink()
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert "range" not in other.seen[0].headers


async def test_a_folder_at_the_part_is_a_clear_error(bench: Bench, other: ScriptedServer) -> None:
    bench.part.mkdir()
    error = await bench.fails(bench.video(other.url("/film.mp4")))
    assert "cannot be written" in error.message
    assert other.connections == 0


async def test_two_downloads_to_one_file_do_not_mix(bench: Bench, other: ScriptedServer) -> None:
    hold = asyncio.Event()
    url = other.script("/film.mp4", [head(200, length=len(FILM)), FILM[:9], hold, FILM[9:]])
    video = bench.video(url)
    first = asyncio.ensure_future(video.download(bench.path))
    while not bench.part.exists() or not other.count:
        await asyncio.sleep(0)
    error = await bench.fails(video)
    assert "another download" in error.message
    hold.set()
    await first
    bench.assert_whole()


async def test_a_full_disk_is_a_clear_error(
    bench: Bench, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    url = other.script("/film.mp4", whole(FILM))
    monkeypatch.setattr("tikhub_async._tasks.partfile.os.write", full)
    error = await bench.fails(bench.video(url))
    assert "No space left on device" in error.message
    assert error.received == len(FILM)
    bench.assert_nothing_left()


async def test_a_file_system_without_hard_links_keeps_the_promise(
    bench: Bench, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(old: str, new: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tikhub_async._tasks.partfile.os.link", refuse)
    url = other.script("/film.mp4", whole(FILM))
    await bench.video(url).download(bench.path)
    bench.assert_whole()


async def test_an_error_of_the_progress_callback_is_the_callers_own(bench: Bench, other: ScriptedServer) -> None:
    def broken(so_far: int, total: int | None) -> None:
        raise BrokenPipeError("no terminal")

    url = other.script("/film.mp4", whole(FILM))
    with pytest.raises(BrokenPipeError):
        await bench.video(url).download(bench.path, progress=broken)
    bench.assert_nothing_left()


# ── leaving and coming back ─────────────────────────────────────────────────────────────────────────────────────────


async def broken_off(bench: Bench, other: ScriptedServer, etag: str = ETAG) -> str:
    """A download that failed after 5,000 bytes; its address."""
    url = other.script("/film.mp4", [head(200, length=len(FILM), etag=etag), FILM[:5000], FIN])
    session = bench.session(max_retries=0)
    error = await bench.fails(bench.video(url + "?sig=first", session=session))
    assert "goes on where this one stopped" in (error.hint or "")
    return url


async def test_a_later_call_goes_on_where_a_failed_one_stopped(bench: Bench, other: ScriptedServer) -> None:
    url = await broken_off(bench, other)
    assert bench.part.read_bytes() == FILM[:5000]
    assert b"sig" not in bench.note.read_bytes()
    other.script("/film.mp4", ranged(FILM))
    other._scripts["/film.mp4"].popleft()
    await bench.video(url + "?sig=second").download(bench.path)
    bench.assert_whole()
    assert other.seen[-1].headers["range"] == "bytes=5000-"
    assert other.count == 2


async def test_a_file_that_changed_between_two_calls_is_fetched_whole(bench: Bench, other: ScriptedServer) -> None:
    url = await broken_off(bench, other)
    other.script("/film.mp4", ranged(NEWER, '"v2"'))
    other._scripts["/film.mp4"].popleft()
    await bench.video(url).download(bench.path)
    bench.assert_whole(NEWER)


async def test_a_complete_part_is_proven_by_its_last_byte(bench: Bench, other: ScriptedServer) -> None:
    url = await broken_off(bench, other)
    bench.part.write_bytes(FILM)
    other.script("/film.mp4", ranged(FILM))
    other._scripts["/film.mp4"].popleft()
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert other.seen[-1].headers["range"] == "bytes=19999-"


def write_note(bench: Bench, source: str, **changes: Any) -> None:
    note = {
        "result": f"the video of seedance task {TASK}",
        "source": source,
        "etag": ETAG,
        "total": len(FILM),
        **changes,
    }
    bench.note.write_text(json.dumps(note))


NOTES: list[tuple[str, dict[str, Any] | str]] = [
    ("another task", {"result": "the video of seedance task task_b"}),
    ("another result", {"result": f"result 1 of seedance task {TASK}"}),
    ("another address", {"source": "http://127.0.0.1:1/film.mp4"}),
    ("another total", {"total": 4000}),
    ("an evil etag", {"etag": '"x"\r\nX-Evil: 1'}),
    ("a weak etag", {"etag": 'W/"v1"'}),
    ("a negative total", {"total": -1}),
    ("half a note", '{"result": "the vid'),
    ("nothing", ""),
]


@pytest.mark.parametrize(("name", "changes"), NOTES, ids=[row[0] for row in NOTES])
async def test_a_part_whose_note_does_not_fit_is_not_gone_on_with(
    bench: Bench, other: ScriptedServer, name: str, changes: dict[str, Any] | str
) -> None:
    url = other.script("/film.mp4", ranged(FILM))
    bench.part.write_bytes(b"x" * 5000)
    if isinstance(changes, str):
        bench.note.write_text(changes)
    else:
        write_note(bench, **{"source": url, **changes})
    await bench.video(url).download(bench.path)
    bench.assert_whole()
    assert "range" not in other.seen[0].headers


async def test_a_folder_download_goes_on_too(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", [head(200, length=len(FILM), etag=ETAG), FILM[:5000], FIN], ranged(FILM))
    with pytest.raises(DownloadError):
        await bench.video(url, session=bench.session(max_retries=0)).download(bench.folder)
    bench.path = bench.folder / f"{TASK}.mp4"
    assert bench.path.with_name(bench.path.name + PART).exists()
    await bench.video(url).download(bench.folder)
    bench.assert_whole()
    assert other.seen[-1].headers["range"] == "bytes=5000-"


@pytest.mark.parametrize("etag", [True, False])
async def test_a_cancelled_download_leaves_a_part_only_if_it_can_go_on(
    bench: Bench, other: ScriptedServer, etag: bool
) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), STALL, etag=etag))
    reading = bench.video(url)
    download = asyncio.ensure_future(reading.download(bench.path))
    await bench.silence(5000)
    assert bench.part.exists()
    assert bench.note.exists() is etag
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert bench.part.exists() is etag
    assert not bench.path.exists()
    if etag:
        await reading.download(bench.path)
        bench.assert_whole()
        assert other.seen[-1].headers["range"] == "bytes=5000-"
    else:
        bench.assert_nothing_left()


@pytest.mark.parametrize("tick", range(0, 40, 3))
async def test_cancelled_at_any_moment_nothing_is_left_open(bench: Bench, other: ScriptedServer, tick: int) -> None:
    url = other.script("/film.mp4", whole(FILM))
    open_before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set[str]()
    session = bench.session()
    download = asyncio.ensure_future(bench.video(url, session=session).download(bench.path))
    for _ in range(tick):
        await asyncio.sleep(0)
    download.cancel()
    try:
        await download
    except asyncio.CancelledError:
        pass
    await session.aclose()
    if bench.path.exists():
        bench.assert_whole()
    else:
        bench.assert_nothing_left()
    if open_before:
        names = [
            os.readlink(f"/proc/self/fd/{fd}")
            for fd in set(os.listdir("/proc/self/fd")) - open_before
            if os.path.lexists(f"/proc/self/fd/{fd}")
        ]
        assert not [name for name in names if "film" in name]


# ── results inside the answer ───────────────────────────────────────────────────────────────────────────────────────

TEXT = base64.b64encode(FILM).decode()
SPELLINGS = [
    ("plain", TEXT),
    ("in lines", "\r\n".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76)) + "\n"),
    ("without padding", TEXT.rstrip("=")),
    ("url-safe", base64.urlsafe_b64encode(FILM).decode()),
]


def inline_state(text: str) -> TaskState:
    raw = json.dumps(
        {"name": "models/veo/operations/x", "done": True, "response": {"videos": [{"bytesBase64Encoded": text}]}}
    ).encode()
    answer = msgspec.json.decode(raw, type=VeoFetchOperationResponse)
    answer.attach(ResponseMeta(body=raw))
    return veo_state_of(answer)


@pytest.mark.parametrize(("name", "text"), SPELLINGS, ids=[row[0] for row in SPELLINGS])
@pytest.mark.parametrize("slice_", [4, 100, 2**20])
async def test_a_video_inside_the_answer_is_decoded_piece_by_piece(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, text: str, slice_: int
) -> None:
    monkeypatch.setattr("tikhub_async._tasks.result.SLICE", slice_)
    state = inline_state(text)
    assert state.inline
    told: list[int] = []
    video = bench.video(inline=True, raw=state.raw)
    await video.download(bench.path, progress=lambda so_far, _: told.append(so_far))
    bench.assert_whole()
    assert told[-1] == len(FILM)


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [("data:video/mp4;base64,", ".mp4"), ("DATA:image/png;Base64,", ".png"), ("data:;base64,", ".mp4")],
)
async def test_a_data_url_is_decoded(bench: Bench, server: ScriptedServer, prefix: str, suffix: str) -> None:
    assert await bench.video(prefix + TEXT).download(bench.folder) == str(bench.folder / f"{TASK}{suffix}")
    assert (bench.folder / f"{TASK}{suffix}").read_bytes() == FILM
    assert server.connections == 0


async def test_a_data_url_without_base64_is_decoded(bench: Bench) -> None:
    await bench.video("data:text/plain,a%20b%00").download(bench.path)
    bench.assert_whole(b"a b\0")


@pytest.mark.parametrize("text", ["!!!!", TEXT[:101], TEXT[:8] + "=" + TEXT[8:], "é" * 8, "", "data:"])
async def test_a_broken_inline_video_is_a_clear_error(bench: Bench, text: str) -> None:
    error = await bench.fails(bench.video(inline=True, raw=json.dumps({"videoBytes": text}).encode()))
    assert "inside the answer" in error.message
    bench.assert_nothing_left()


async def test_an_inline_video_that_is_not_there_is_named(bench: Bench) -> None:
    raw = json.dumps([{"encodedVideo": TEXT}, {"encodedVideo": TEXT[:400]}]).encode()
    await bench.video(inline=True, raw=raw).download(bench.path, which=1)
    bench.assert_whole(FILM[:300])
    bench.path.unlink()
    error = await bench.fails(bench.video(inline=True, raw=raw), which=2)
    assert "0…1" in (error.hint or "")


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
    async with bench.video(inline=True, raw=json.dumps({"videoBytes": TEXT}).encode()).open() as result:
        assert b"".join([piece async for piece in result]) == FILM


# ── options of a request ────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_timeout_of_a_content_request_bounds_all_attempts(bench: Bench, server: ScriptedServer) -> None:
    def limited(session: Session, task_id: str) -> Request:
        return build(CONTENT, session.config, {"timeout": 50.0}, path={"id": task_id})

    kind = TaskKind("sora", _look, Response, _state, limited)
    server.script(f"/v1/videos/{TASK}/content", [STALL])
    download = asyncio.ensure_future(bench.video(kind=kind).download(bench.path))
    await server.stalled()
    await bench.clock.advance(51)
    with pytest.raises(DownloadError, match="within 50 s"):
        await download
    assert server.count == 1
