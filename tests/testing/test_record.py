"""Recording what a gateway says, and replaying it without one. The emulator stands for the real gateway."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tikhub_async import APIStatusError, NotFoundError, RateLimitError, StreamInterrupted, TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, Error, RateLimited, Truncate
from tikhub_async.testing.record import Recorder, Recording, Replay, scrubbed
from tikhub_async.types.chat import ChatMessage

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "Hi"}]
KEY = "sk-real0123456789abcdef"


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=0.2, keys=(KEY,)) as emulator:
        yield emulator


async def record(gw: Emulator, folder: Path, work: Any, **options: Any) -> list[Recording]:
    """Run `work` with a client whose traffic is recorded."""
    async with Recorder(folder, upstream=gw.base_url, **options) as recorder:
        async with TikHubAI(api_key=KEY, base_url=recorder.base_url, max_retries=0) as client:
            await work(client)
        return recorder.recordings


async def replay(folder: Path, work: Any, **options: Any) -> Replay:
    """Run `work` again, without a gateway and with another key."""
    async with Replay(folder, **options) as player:
        async with TikHubAI(api_key=TEST_KEY, base_url=player.base_url, max_retries=0) as client:
            await work(client)
        return player


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_an_answer_is_replayed_as_it_was(gw: Emulator, tmp_path: Path) -> None:
    answers: list[Any] = []

    async def work(client: TikHubAI) -> None:
        answers.append(await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES))
        stream = client.claude.messages.stream(
            model="claude-sonnet-4-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
        )
        answers.append(await stream.final())
        answers.append(await client.models.list())

    await record(gw, tmp_path / "new", work)
    player = await replay(tmp_path / "new", work)
    assert answers[:3] == answers[3:]
    assert answers[0].request_id == answers[3].request_id
    assert (player.unused, player.missing) == ([], [])


async def test_a_stream_is_replayed_event_by_event(gw: Emulator, tmp_path: Path) -> None:
    results: list[Any] = []

    async def work(client: TikHubAI) -> None:
        stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
        results.append([event async for event in stream])
        results.append(await stream.final())

    await record(gw, tmp_path / "new", work)
    await replay(tmp_path / "new", work)
    assert results[:2] == results[2:]
    assert (tmp_path / "new" / "001-post-v1-chat-completions" / "body.sse").exists()


async def test_a_video_is_replayed_look_by_look(gw: Emulator, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    async def work(client: TikHubAI) -> None:
        task = await client.seedance.create(
            model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
        )
        seen.append([task.status])
        await task.wait(poll_interval=0.05, on_update=lambda task: seen[-1].append(task.status))

    await record(gw, tmp_path / "new", work)
    gw.paid.clear()
    await replay(tmp_path / "new", work)
    assert seen[0] == seen[1]
    assert gw.paid == []


async def test_errors_are_answers_too(gw: Emulator, tmp_path: Path) -> None:
    gw.script("chat.completions", RateLimited(retry_after=3))

    async def work(client: TikHubAI) -> None:
        with pytest.raises(RateLimitError) as caught:
            await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
        assert caught.value.retry_after == 3

    await record(gw, tmp_path / "new", work)
    await replay(tmp_path / "new", work)


async def test_a_broken_stream_breaks_again(gw: Emulator, tmp_path: Path) -> None:
    gw.script("chat.completions", Truncate(after_events=3))
    partial: list[str] = []

    async def work(client: TikHubAI) -> None:
        with pytest.raises(StreamInterrupted) as caught:
            await client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES).final()
        partial.append(caught.value.partial.text)

    (recording,) = await record(gw, tmp_path / "new", work)
    assert not recording.complete
    await replay(tmp_path / "new", work)
    assert partial[0] == partial[1] != ""


async def test_no_key_is_written_anywhere(gw: Emulator, tmp_path: Path) -> None:
    """Not of the header, not of a query, not where a prompt or an answer quotes it."""

    async def work(client: TikHubAI) -> None:
        await client.openai.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": f"My key is {KEY}, keep it."}]
        )
        await client.with_options(api_key="another-key-of-mine-123").get("/v1/models", extra_query={"key": KEY})

    async def tolerant(client: TikHubAI) -> None:
        try:
            await work(client)
        except APIStatusError:
            pass  # the emulator does not know the second key

    await record(gw, tmp_path / "new", tolerant)
    kept = all_bytes(tmp_path)
    assert KEY.encode() not in kept
    assert b"another-key" not in kept
    assert b"keep it" in kept
    assert b"uthorization" not in kept


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"message":"key sk-0123456789 is unknown"}', b'{"message":"key sk-removed is unknown"}'),
        (
            b'{"url":"https://cdn/x.mp4?X-Tos-Credential=AK%2F1&X-Tos-Signature=abc123&a=1"}',
            b'{"url":"https://cdn/x.mp4?X-Tos-Credential=removed&X-Tos-Signature=removed&a=1"}',
        ),
        (b'{"url":"https://cdn/x?a=1\\u0026Signature=abc%3D"}', b'{"url":"https://cdn/x?a=1\\u0026Signature=removed"}'),
        (
            b'{"user_id": 4711, "username":"alice","model":"gpt-5"}',
            b'{"user_id": 1, "username":"removed","model":"gpt-5"}',
        ),
        (b'{"task_id":"task_1","desk":"sk-"}', b'{"task_id":"task_1","desk":"sk-"}'),
    ],
)
def test_what_is_secret_is_taken_out_and_nothing_else(body: bytes, kept: bytes) -> None:
    assert scrubbed(body) == kept


async def test_more_may_be_taken_out(gw: Emulator, tmp_path: Path) -> None:
    async def work(client: TikHubAI) -> None:
        await client.openai.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "I am Alice"}])

    def scrub(body: bytes) -> bytes:
        return body.replace(b"Alice", b"Bob")

    await record(gw, tmp_path / "new", work, scrub=scrub)
    assert b"Alice" not in all_bytes(tmp_path)
    assert b"I am Bob" in all_bytes(tmp_path)
    assert (await replay(tmp_path / "new", work, scrub=scrub)).missing == []


async def test_what_was_not_recorded_is_said_so(gw: Emulator, tmp_path: Path) -> None:
    async def work(client: TikHubAI) -> None:
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)

    async def other(client: TikHubAI) -> None:
        with pytest.raises(NotFoundError, match="no recording of POST /v1/chat/completions"):
            await client.openai.chat.completions.create(model="gpt-4o", messages=MESSAGES)

    await record(gw, tmp_path / "new", work)
    player = await replay(tmp_path / "new", other)
    assert player.missing == player.unused == ["POST /v1/chat/completions"]


async def test_the_last_recording_answers_all_further_requests(gw: Emulator, tmp_path: Path) -> None:
    async def ask(client: TikHubAI) -> None:
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)

    async def twice(client: TikHubAI) -> None:
        await ask(client)
        await ask(client)

    await record(gw, tmp_path / "new", ask)
    assert (await replay(tmp_path / "new", twice)).requests == ["POST /v1/chat/completions"] * 2


async def test_two_recordings_never_mix(gw: Emulator, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        Recorder(tmp_path)


async def test_keys_do_not_leave_the_machine_unencrypted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="https"):
        Recorder(tmp_path, upstream="http://example.com")


async def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no recordings"):
        Replay(tmp_path)


async def test_a_gateway_out_of_reach_is_no_recording(tmp_path: Path) -> None:
    async with (
        Recorder(tmp_path / "new", upstream="http://127.0.0.1:9") as recorder,
        TikHubAI(api_key=KEY, base_url=recorder.base_url, max_retries=0) as client,
    ):
        with pytest.raises(APIStatusError) as caught:
            await client.models.list()
        assert caught.value.status_code == 502
        assert recorder.recordings == []


async def test_files_can_be_read_by_people(gw: Emulator, tmp_path: Path) -> None:
    gw.script("chat.completions", Error(status=503, code="no_channel"))

    async def work(client: TikHubAI) -> None:
        with pytest.raises(APIStatusError):
            await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)

    await record(gw, tmp_path / "new", work)
    (folder,) = (tmp_path / "new").iterdir()
    assert folder.name == "001-post-v1-chat-completions"
    assert json.loads((folder / "request.json").read_text())["body"]["messages"] == MESSAGES
    head = json.loads((folder / "head.json").read_text())
    assert (head["status"], head["complete"]) == (503, True)
    assert "X-Oneapi-Request-Id" in head["headers"]
    assert "error" in json.loads((folder / "body.json").read_text())
