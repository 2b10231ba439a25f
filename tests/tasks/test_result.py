"""Which result is meant and what its file is called; results inside the answer."""

import base64
import json
import os

import msgspec
import pytest

from tests.servers import ScriptedServer, whole
from tests.tasks.bench import FILM, TASK, Bench
from tikhub_async.providers.veo import state_of as veo_state_of
from tikhub_async.types._base import ResponseMeta
from tikhub_async.types.task import TaskState
from tikhub_async.types.veo import VeoFetchOperationResponse


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
    for name in ("models/veo/operations/x", "models/veo/operations/..", "models/veo/operations/" + "y" * 300 + "z"):
        await bench.video(url, id=name).download(bench.folder)
    assert sorted(os.listdir(bench.folder)) == ["_.mp4", "x.mp4", "y" * 119 + "z.mp4"]


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
