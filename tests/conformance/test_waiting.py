"""Waiting for the recorded tasks: what `wait()` ends in when the gateway answers look after look as it did.

Each task's answers are replayed in the order in which they were recorded, and the last one for ever.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.calls import call_for
from tests.conformance.exchanges import Exchange
from tests.conformance.expected.tasks import CONTENT, INLINE, MODERATED, RISK, SENSITIVE, SERVER_ERROR, TIMED_OUT, file
from tests.conformance.server import ReplayServer
from tests.conformance.test_replay import all_recorded
from tikhub_async import TikHubAI
from tikhub_async.errors import DownloadError, TaskCancelled, TaskError, TaskFailed, TaskTimeout
from tikhub_async.testing import TEST_KEY, FakeClock

PATIENCE = 600.0
"""Virtual seconds that a wait lasts at most."""


@dataclass(frozen=True)
class Ends:
    """A wait that brought a video."""

    url: str = ""


@dataclass(frozen=True)
class Fails:
    """A wait that raised."""

    error: type[TaskError]
    says: tuple[str, ...]
    """Words of the text."""


STUCK = f"nothing moved for {PATIENCE:.0f} s"
LIVES_ON = "client.tasks.attach"

WAITS: tuple[tuple[str, Ends | Fails], ...] = (
    ("sora.ok.get_videos", Ends()),
    ("sora.ok.get_generations", Ends(CONTENT)),
    ("openai.ok.get_videos", Ends()),
    ("doubao.ok.get_generations", Ends(file("cgt-20260302000000-00009"))),
    ("doubao.ok.get_videos", Ends(file("cgt-20260302000000-00009"))),
    ("volc.ok.get_generations", Ends(file("cgt-20260302000000-00014"))),
    ("kling.ok.get_kling", Ends(file("867283741700000016"))),
    ("kling.image_ok.get_kling_image", Ends(file("867283741700000018"))),
    ("veo.ok.get_videos", Ends()),
    ("veo.ok.get_generations", Ends(CONTENT)),
    ("sora.failed.get_videos", Fails(TaskFailed, (MODERATED, "moderation_blocked"))),
    ("sora.failed.get_generations", Fails(TaskFailed, (MODERATED,))),
    ("doubao.failed.get_generations", Fails(TaskFailed, (SENSITIVE, "OutputVideoSensitiveContentDetected"))),
    ("kling.failed.get_kling", Fails(TaskFailed, (RISK,))),
    ("veo.failed.get_videos", Fails(TaskFailed, ("without a reason",))),
    ("sora.cancelled.get_videos", Fails(TaskCancelled, ("cancelled",))),
    ("sora.cancelled.get_generations", Fails(TaskCancelled, ("cancelled",))),
    # 200 with an error and no status.
    ("sora.poll_500.get_videos", Fails(TaskFailed, (SERVER_ERROR,))),
    ("sora.poll_500.get_generations", Fails(TaskFailed, (SERVER_ERROR,))),
    # The outer status never ends: the inner one does.
    ("doubao.cancelled.get_generations", Fails(TaskCancelled, ("cancelled",))),
    # Here there is no inner one, and nothing but the deadline ends the wait.
    ("doubao.cancelled.get_videos", Fails(TaskTimeout, ("last seen running (in_progress, 30 %)", LIVES_ON))),
    (
        "doubao.poll_404.get_generations",
        Fails(TaskTimeout, ("last seen running (IN_PROGRESS, 30 %)", "Not found upstream", LIVES_ON)),
    ),
    ("doubao.poll_404.get_videos", Fails(TaskTimeout, ("last seen running (in_progress, 30 %)", LIVES_ON))),
    ("kling.poll_500.get_kling", Fails(TaskTimeout, ("last seen queued (NOT_START, 0 %)", STUCK, LIVES_ON))),
    ("kling.poll_500.get_videos", Fails(TaskTimeout, ("last seen unknown (unknown, 0 %)", STUCK, LIVES_ON))),
    ("life.kling429.get_generations", Fails(TaskTimeout, ("last seen queued (NOT_START, 0 %)", STUCK, LIVES_ON))),
    # Sora says so after the gateway has given the task up.
    ("timeout.sora.get_videos", Fails(TaskTimeout, ("last seen running (in_progress, 40 %)", STUCK, LIVES_ON))),
    ("timeout.sora.get_generations", Fails(TaskFailed, (TIMED_OUT,))),
    ("timeout.kling.get_generations", Fails(TaskFailed, (TIMED_OUT,))),
    ("old.no_data.get_generations", Fails(TaskTimeout, ("last seen unknown (UNKNOWN)", LIVES_ON))),
    ("life.data.get_generations", Ends(INLINE)),
    ("life.nourl.get_generations", Ends(CONTENT)),
    ("veo.filtered.get_generations", Ends(CONTENT)),
)


def states(task: str) -> list[Exchange]:
    """The answers to a task's looks in the order of their numbers, `.last` at the end."""
    found = {
        exchange.id: exchange
        for exchange in all_recorded()
        if exchange.id == task or re.fullmatch(rf"{re.escape(task)}\.(\d+_\w+|last)", exchange.id)
    }
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize(("task", "end"), WAITS, ids=[row[0] for row in WAITS])
async def test_a_wait_ends_as_the_recorded_answers_say(task: str, end: Ends | Fails) -> None:
    answers = states(task)
    assert answers
    call = call_for(answers[0])
    async with ReplayServer(*answers) as server:
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin, clock=FakeClock(), routes=call.routes) as client:
            handle = await call.make(client, call.params)
            if isinstance(end, Ends):
                video = await handle.wait(timeout=PATIENCE)
                assert video.url == end.url.format(id=handle.id)
            else:
                with pytest.raises(end.error) as caught:
                    await handle.wait(timeout=PATIENCE)
                assert [words for words in end.says if words not in str(caught.value)] == []
                assert client.tasks.attach(caught.value.task).id == handle.id
        assert await server.is_quiet()


async def test_a_veo_success_without_a_video_says_so_when_it_is_downloaded(tmp_path: Path) -> None:
    """All samples were filtered: the task is `succeeded`, and its content route answers 502."""
    found = {exchange.id: exchange for exchange in all_recorded()}
    looks, content = found["life.veofilter.get_videos"], found["life.veofilter.content"]
    async with ReplayServer(looks, content) as server:
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin, clock=FakeClock(), max_retries=0) as client:
            video = await client.tasks.attach(("veo", looks.path.rpartition("/")[2])).wait()
            with pytest.raises(DownloadError, match="Failed to resolve Gemini video URL") as caught:
                await video.download(tmp_path / "never.mp4")
        assert "Veo reports filtered ones as succeeded" in str(caught.value.hint)
        assert "the task is untouched" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []


async def test_a_video_that_came_inside_the_answer_is_saved_without_the_gateways_broken_route(tmp_path: Path) -> None:
    found = {exchange.id: exchange for exchange in all_recorded()}
    look = found["life.data.get_generations"]
    async with ReplayServer(look) as server:
        routes = call_for(look).routes
        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin, clock=FakeClock(), routes=routes) as client:
            video = await client.tasks.attach(("seedance", look.path.rpartition("/")[2])).wait()
            path = await video.download(tmp_path / "inline.mp4")
    assert Path(path).read_bytes().startswith(b"\x00\x00\x00\x18ftypmp42")
    assert len(server.seen) == 1
