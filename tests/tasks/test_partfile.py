"""The place on disk: what is there already, and what a download that did not end leaves behind."""

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.servers import FIN, STALL, Reply, ScriptedServer, head, ranged, whole
from tests.tasks.bench import ETAG, FILM, NEWER, TASK, Bench, cut_then, rest_of
from tikhub_async._tasks.partfile import PART, PartFile
from tikhub_async.errors import DownloadError

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


async def test_a_part_that_appears_between_two_looks_is_another_downloads(
    bench: Bench, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the caller's own FileExistsError: the film itself is not there."""
    url = other.script("/film.mp4", whole(FILM))
    look = PartFile._reopen

    def late(self: PartFile) -> int | None:
        found = look(self)
        bench.part.write_bytes(b"theirs")
        return found

    monkeypatch.setattr(PartFile, "_reopen", late)
    with pytest.raises(DownloadError, match="another download"):
        await bench.video(url).download(bench.path, overwrite=True)
    assert bench.part.read_bytes() == b"theirs"


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


@pytest.mark.parametrize("links", [True, False])
async def test_a_name_that_is_taken_at_the_last_moment_is_not_ours(
    bench: Bench, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(old: str, new: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    def take(path: str, *, overwrite: bool) -> None:
        if bench.part.exists():
            bench.path.write_bytes(b"mine")

    monkeypatch.setattr("tikhub_async._tasks.partfile.refuse_occupied", take)
    if not links:
        monkeypatch.setattr("tikhub_async._tasks.partfile.os.link", refuse)
    url = other.script("/film.mp4", whole(FILM))
    with pytest.raises(FileExistsError):
        await bench.video(url).download(bench.path)
    bench.assert_whole(b"mine")


async def test_a_part_that_somebody_replaced_is_not_the_film(bench: Bench, other: ScriptedServer) -> None:
    hold = asyncio.Event()
    url = other.script("/film.mp4", [head(200, length=len(FILM), etag=ETAG), FILM[:9], hold, FILM[9:]])
    download = asyncio.ensure_future(bench.video(url).download(bench.path))
    await bench.silence(9)
    bench.part.unlink()
    bench.part.write_bytes(NEWER[: len(FILM)])
    hold.set()
    with pytest.raises(DownloadError, match="changed by somebody else"):
        await download
    assert not bench.path.exists()
    assert not bench.note.exists()


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


async def test_a_part_of_a_file_that_is_no_longer_served_is_not_kept(bench: Bench, other: ScriptedServer) -> None:
    url = await broken_off(bench, other)
    other.script("/film.mp4", [head(200, length=len(NEWER), etag='"v2"'), FIN])
    other._scripts["/film.mp4"].popleft()
    await bench.fails(bench.video(url, session=bench.session(max_retries=0)))
    bench.assert_nothing_left()


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


async def test_a_note_never_stands_beside_bytes_it_does_not_speak_of(bench: Bench, other: ScriptedServer) -> None:
    """The first answer in the folder has no ETag: what is left of an earlier one must not be taken for its beginning."""
    await broken_off(bench, other)
    url = other.script("/film.mp4", [head(200, length=len(NEWER), content_type="video/mp4"), NEWER[:5000], STALL])
    other._scripts["/film.mp4"].popleft()
    bench._bodies.clear()
    for old in (bench.part, bench.note):
        old.rename(bench.folder / old.name.replace("film", TASK))
    download = asyncio.ensure_future(bench.video(url).download(bench.folder))
    await bench.silence(5000)
    assert os.listdir(bench.folder) == [f"{TASK}.mp4{PART}"]
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    bench.assert_nothing_left()


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


async def test_a_cancelled_scope_cleans_up_as_well(bench: Bench, other: ScriptedServer) -> None:
    url = other.script("/film.mp4", *cut_then(ranged(FILM), STALL, etag=False))
    async with anyio.create_task_group() as group:
        group.start_soon(bench.video(url).download, bench.path)
        await bench.silence(5000)
        assert bench.part.exists()
        group.cancel_scope.cancel()
    bench.assert_nothing_left()


async def test_a_part_that_never_fits_is_not_kept_for_ever(bench: Bench, other: ScriptedServer) -> None:
    url = await broken_off(bench, other)
    other.script("/film.mp4", rest_of(FILM[4000:], "bytes 4000-19999/20000"), ranged(FILM))
    other._scripts["/film.mp4"].popleft()
    video = bench.video(url, session=bench.session(max_retries=0))
    await bench.fails(video)
    bench.assert_nothing_left()
    await video.download(bench.path)
    bench.assert_whole()


KILLED = """
import asyncio, sys
from tests.tasks.bench import PLAIN
from tikhub_async._clock import Clock
from tikhub_async._config import make_config
from tikhub_async._session.session import Session
from tikhub_async._session.transport import Transport, TransportOptions
from tikhub_async._tasks import Video, VideoTask
from tikhub_async.types.task import TaskState

async def main(url: str, path: str) -> None:
    config = make_config(api_key="sk-none", base_url="http://127.0.0.1:1")
    session = Session(config, Transport(TransportOptions(allow_private_media=True), Clock()))
    state = TaskState(status="succeeded", url=url, urls=(url,))
    await Video(VideoTask(PLAIN, "task_k", session, None, state=state)).download(path)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_program_goes_on_where_it_was(bench: Bench, other: ScriptedServer) -> None:
    film = random.Random(3).randbytes(3_000_000)
    first: Reply = [head(200, length=len(film), etag=ETAG), film[:2_500_000], STALL]
    url = other.script("/film.mp4", first, ranged(film))
    command = (sys.executable, "-c", KILLED, url, str(bench.path))
    program = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2])
    while not (bench.part.exists() and bench.part.stat().st_size):
        assert program.returncode is None
        await asyncio.sleep(0)
    program.kill()
    await program.wait()
    kept = bench.part.stat().st_size
    await bench.video(url, id="task_k").download(bench.path)
    bench.assert_whole(film)
    assert other.seen[-1].headers["range"] == f"bytes={kept}-"


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
