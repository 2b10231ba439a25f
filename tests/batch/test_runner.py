"""Batches against the emulator: every route, every failure, every end."""

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tikhub_async import TikHubAI
from tikhub_async.batch import BatchResult, Decisions, InputRefused, decide, doubts
from tikhub_async.batch.journal import AppendFile, Reserve
from tikhub_async.batch.store import Store
from tikhub_async.errors import (
    AuthenticationError,
    BatchError,
    ConfigError,
    JournalError,
    QuotaError,
    SpendLimitReached,
    UnknownParameter,
)
from tikhub_async.testing import (
    BROKE_KEY,
    TEST_KEY,
    Drop,
    Emulator,
    Error,
    FakeClock,
    Html,
    RateLimited,
    Reply,
    SlowHeaders,
    TaskFails,
    TaskHangs,
)

CHAT = "/v1/chat/completions"
SEEDANCE = "/seedance/v3/contents/generations/tasks"


def chat(custom_id: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": text}], **more}
    return {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body}


def video(custom_id: str, text: str = "A dog") -> dict[str, Any]:
    body = {
        "model": "doubao-seedance-1-5-pro-251215",
        "content": [{"type": "text", "text": text}],
        "ratio": "16:9",
        "duration": 5,
    }
    return {"custom_id": custom_id, "method": "POST", "url": SEEDANCE, "body": body}


def write(path: Path, items: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return str(path)


def lines(path: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    by_id = {line["custom_id"]: line for line in found}
    assert len(by_id) == len(found), "two output lines for one custom_id"
    assert all((line["response"] is None) != (line["error"] is None) for line in found)
    return by_id


async def run(client: TikHubAI, source: Any, output: Any = None, **options: Any) -> dict[str, BatchResult]:
    async with client.batch.run(source, output, **options) as batch:
        return {result.custom_id: result async for result in batch}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


# ── all routes ──────────────────────────────────────────────────────────────────────────────────────────────────────

MESSAGES = [{"role": "user", "content": "Hello"}]
EVERY_ROUTE: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "chat": ("POST", CHAT, {"model": "gpt-5", "messages": MESSAGES}),
    "deepseek": ("POST", CHAT, {"model": "deepseek-chat", "messages": MESSAGES}),
    "responses": ("POST", "/v1/responses", {"model": "gpt-5", "input": "Hello"}),
    "embeddings": ("POST", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"]}),
    "messages": ("POST", "/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": MESSAGES}),
    "gemini": (
        "POST",
        "/v1beta/models/gemini-2.5-flash:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], "generation_config": {"max_output_tokens": 90}},
    ),
    "models": ("GET", "/v1/models", None),
}


@pytest.mark.parametrize("name", EVERY_ROUTE)
async def test_every_route_answers(client: TikHubAI, out: Path, name: str) -> None:
    method, url, body = EVERY_ROUTE[name]
    results = await run(client, [{"custom_id": "a", "method": method, "url": url, "body": body}], out)
    result = results["a"]
    assert (result.outcome, result.error) == ("ok", None)
    line = lines(out)["a"]
    assert line["response"]["status_code"] == 200
    assert line["response"]["request_id"] == result.request_id
    assert line["response"]["body"] == result.json()
    assert result.response is not None


async def test_snake_case_reaches_gemini_in_camel_case(client: TikHubAI, gw: Emulator) -> None:
    method, url, body = EVERY_ROUTE["gemini"]
    await run(client, [{"custom_id": "a", "method": method, "url": url, "body": body}])
    assert json.loads(gw.requests[-1].body)["generationConfig"] == {"maxOutputTokens": 90}


async def test_a_transcription_names_its_file(client: TikHubAI, tmp_path: Path) -> None:
    sound = tmp_path / "speech.mp3"
    sound.write_bytes(b"ID3" + bytes(400))
    items = [
        {"custom_id": "path", "url": "/v1/audio/transcriptions", "body": {"model": "whisper-1", "file": str(sound)}},
        {
            "custom_id": "inline",
            "url": "/v1/audio/transcriptions",
            "body": {"model": "whisper-1", "file": "data:audio/mpeg;base64,SUQzAAAA", "response_format": "text"},
        },
        {"custom_id": "far", "url": "/v1/audio/transcriptions", "body": {"model": "whisper-1", "file": "https://x/a"}},
    ]
    results = await run(client, items)
    assert results["path"].text
    assert results["inline"].json()["text"]
    error = results["far"].error
    assert error is not None
    assert error.code == "invalid_parameter"


VIDEO_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "seedance": (SEEDANCE, video("x")["body"]),
    "sora": ("/v1/videos", {"model": "sora-2", "prompt": "A dog", "seconds": "4"}),
    "kling text": ("/kling/v1/videos/text2video", {"model_name": "kling-v2-6", "prompt": "A dog", "duration": "5"}),
    "kling image": (
        "/kling/v1/videos/image2video",
        {"model_name": "kling-v2-6", "prompt": "A dog", "image": "https://example.com/a.png"},
    ),
    "veo": (
        "/v1beta/models/veo-3.0-generate-001:predictLongRunning",
        {"instances": [{"prompt": "A dog"}], "parameters": {"durationSeconds": 8}},
    ),
}


@pytest.mark.parametrize("name", VIDEO_BODIES)
async def test_every_video_is_made_and_saved(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path, name: str
) -> None:
    url, body = VIDEO_BODIES[name]
    item = {"custom_id": f"film/{name}", "method": "POST", "url": url, "body": body}
    client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, allow_private_media=True)
    async with client:
        results = await run(client, [item], out, videos=tmp_path / "films", poll_interval=0.05)
    result = results[f"film/{name}"]
    assert (result.outcome, result.error) == ("ok", None)
    assert result.file is not None
    assert Path(result.file).read_bytes()[4:8] == b"ftyp"
    assert Path(result.file).parent == tmp_path / "films"
    assert len(gw.paid) == 1
    line = lines(out)[f"film/{name}"]
    assert line["response"]["file"] == result.file
    assert line["response"]["task"]["id"] == gw.paid[0].id


async def test_the_file_of_a_finished_video_is_saved(client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path) -> None:
    url, body = VIDEO_BODIES["sora"]
    made = await run(client, [{"custom_id": "v", "url": url, "body": body}], poll_interval=0.05)
    assert made["v"].task is not None
    item = {"custom_id": "file", "method": "GET", "url": f"/v1/videos/{made['v'].task['id']}/content"}
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, allow_private_media=True) as real:
        result = (await run(real, [item], out, videos=tmp_path / "films"))["file"]
        refused = (await run(real, [item]))["file"]
    assert result.file is not None
    assert Path(result.file).read_bytes()[4:8] == b"ftyp"
    assert refused.error is not None
    assert "needs a folder" in refused.error.message


async def test_looks_and_lists_are_free_and_never_in_doubt(client: TikHubAI, gw: Emulator, out: Path) -> None:
    url, body = VIDEO_BODIES["seedance"]
    made = await run(client, [{"custom_id": "v", "url": url, "body": body}], poll_interval=0.05)
    assert made["v"].task is not None
    gw.script("seedance.retrieve", Drop(), RateLimited())
    items = [{"custom_id": "look", "method": "GET", "url": f"{SEEDANCE}/{made['v'].task['id']}"}]
    async with client.batch.run(items, out, max_items=0) as batch:
        results = {result.custom_id: result async for result in batch}
    assert results["look"].ok
    assert lines(out)["look"]["response"]["body"]["data"]["status"] == "SUCCESS"
    assert (await client.batch.run(items, out, resume=True).finish()).skipped == 1


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_of_chats_and_videos_mixed(client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path) -> None:
    items = [video(f"v{number}") if number % 5 == 0 else chat(f"c{number}", f"Line {number}") for number in range(50)]
    async with client.batch.run(write(tmp_path / "in.jsonl", items), out, poll_interval=0.1) as batch:
        results = [result async for result in batch]
    assert len(results) == 50
    found = lines(out)
    assert found.keys() == {item["custom_id"] for item in items}
    assert len(gw.paid) == 10
    assert "Line 7" in found["c7"]["response"]["body"]["choices"][0]["message"]["content"]
    report = batch.report
    assert (report.total, report.ok, report.failed, report.settled, report.complete) == (50, 50, 0, 50, True)
    assert report.tokens_in > 0 < report.tokens_out
    assert json.dumps(report.to_dict())


async def test_without_reading_results_it_runs_all_the_same(client: TikHubAI, out: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", [chat(f"c{number}") for number in range(300)])
    report = await client.batch.run(path, out).finish()
    assert (report.ok, report.total) == (300, 300)
    assert len(lines(out)) == 300


async def test_iterables_of_both_kinds_need_no_file(client: TikHubAI) -> None:
    def plain() -> Iterator[dict[str, Any]]:
        for number in range(20):
            yield {"body": chat("x", f"{number}")["body"]}

    async def lazy() -> AsyncIterator[dict[str, Any]]:
        for item in plain():
            await asyncio.sleep(0)
            yield item

    for source in (plain(), lazy()):
        results = [result async for result in client.batch.run(source)]
        assert {result.custom_id for result in results} == {f"item-{number}" for number in range(1, 21)}
        assert all(result.ok for result in results)


async def test_an_async_iterable_may_take_its_time(client: TikHubAI) -> None:
    """Results come before the source ends: it may be a queue."""
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def source() -> AsyncIterator[dict[str, Any]]:
        while (item := await queue.get()) is not None:
            yield item

    queue.put_nowait(chat("first"))
    async with client.batch.run(source()) as batch:
        first = await anext(batch)
        assert first.custom_id == "first"
        queue.put_nowait(chat("second"))
        assert (await anext(batch)).custom_id == "second"
        queue.put_nowait(None)
        assert [result async for result in batch] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"custom_id":"a","url":"/v1/chat/completion","body":{}}', "did you mean /v1/chat/completions"),
        ('{"custom_id":"a","url":"/v1/chat/completions","body":{"stream":true}}', "asks for a stream"),
        ('{"custom_id":"a","url":"/v1beta/models/g:streamGenerateContent","body":{}}', "do not stream"),
        ('{"custom_id":"a","url":"/v1/videos/..","method":"GET"}', "cannot go into a URL path"),
        ('{"custom_id":"c0","url":"/v1/chat/completions","body":{}}', "of an earlier line"),
        ("{", "no JSON object"),
    ],
)
async def test_a_bad_line_is_refused_before_anything_is_sent(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "in.jsonl"
    write(path, [chat(f"c{number}") for number in range(100)])
    path.write_text(path.read_text() + text + "\n")
    with pytest.raises(InputRefused, match=says) as caught:
        await run(client, path, out)
    assert "line 101" in str(caught.value)
    assert gw.requests == []
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:-1]))
    await run(client, path, out, resume=True)
    assert len(lines(out)) == 100


async def test_a_duplicate_in_an_iterable_is_refused_when_it_comes(client: TikHubAI, gw: Emulator) -> None:
    with pytest.raises(InputRefused, match="earlier one"):
        await run(client, [chat("a"), chat("b"), chat("a")])
    assert len(gw.requests) == 2


async def test_an_iterable_that_breaks_loses_nothing(client: TikHubAI, gw: Emulator, out: Path) -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield from (chat(f"c{number}") for number in range(300))
        raise ValueError("the cursor is gone")

    with pytest.raises(ValueError, match="cursor is gone"):
        await run(client, items(), out)
    assert len(lines(out)) == len(gw.requests) > 200
    assert doubts(out) == []


async def test_two_batches_on_one_key_share_its_gate(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", *[SlowHeaders(seconds=0.02)] * 120)
    first = client.batch.run([chat(f"a{number}") for number in range(60)], concurrency=6, adaptive=False)
    second = client.batch.run([chat(f"b{number}") for number in range(60)], concurrency=6, adaptive=False)
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, gw.in_flight)
            await asyncio.sleep(0.002)

    watching = asyncio.create_task(watch())
    reports = await asyncio.gather(first.finish(), second.finish())
    watching.cancel()
    assert [report.ok for report in reports] == [60, 60]
    assert peak <= 6


# ── taking up again ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resumed_batch_runs_what_is_left(client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path) -> None:
    items = [chat(f"c{number}") for number in range(60)]
    path = write(tmp_path / "in.jsonl", items)
    with pytest.raises(SpendLimitReached):
        await run(client, path, out, max_items=25)
    assert len(gw.requests) == len(lines(out)) == 25
    async with client.batch.run(path, out, resume=True) as batch:
        results = [result async for result in batch]
    assert len(results) == 35
    assert len(gw.requests) == len(lines(out)) == 60
    assert (batch.report.skipped, batch.report.ok, batch.report.settled) == (25, 35, 60)
    assert await run(client, path, out, resume=True) == {}


async def test_without_resume_a_begun_output_is_refused(client: TikHubAI, out: Path) -> None:
    await run(client, [chat("a")], out)
    with pytest.raises(JournalError, match="has begun"):
        await run(client, [chat("b")], out)


async def test_a_changed_body_is_refused_before_anything_is_sent(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path
) -> None:
    await run(client, write(tmp_path / "in.jsonl", [chat("a"), chat("b")]), out)
    sent = len(gw.requests)
    with pytest.raises(JournalError, match=r"line 2 \('b'\)"):
        await run(client, write(tmp_path / "in.jsonl", [chat("a"), chat("b", "Other"), chat("c")]), out, resume=True)
    assert len(gw.requests) == sent


async def test_a_changed_item_of_an_iterable_is_refused_when_it_comes(
    client: TikHubAI, gw: Emulator, out: Path
) -> None:
    await run(client, [chat("a"), chat("b")], out)
    with pytest.raises(JournalError, match=r"item 2 \('b'\)"):
        await run(client, [chat("c"), chat("b", "Other"), chat("d")], out, resume=True)
    assert len(gw.requests) == 3, "those before it are run"
    assert lines(out).keys() == {"a", "b", "c"}


async def test_a_file_that_changes_while_it_runs_is_no_longer_run(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    write(path, [chat(f"c{number}") for number in range(3)])
    async with client.batch.run(path, out) as batch:  # every line was checked; none is sent yet
        data = path.read_bytes()
        path.write_bytes(data.replace(b"gpt-5", b"gpt-6"))
        with pytest.raises(JournalError, match="changed"):
            async for _ in batch:
                pass
    assert gw.requests == []


async def test_more_lines_may_be_added(client: TikHubAI, out: Path, tmp_path: Path) -> None:
    await run(client, write(tmp_path / "in.jsonl", [chat("a")]), out)
    results = await run(client, write(tmp_path / "in.jsonl", [chat("b"), chat("a")]), out, resume=True)
    assert results.keys() == {"b"}


async def test_two_runs_on_one_output_are_refused(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", SlowHeaders(seconds=0.2))
    async with client.batch.run([chat("a")], out) as first:
        with pytest.raises(JournalError, match="another process"):
            await run(client, [chat("a")], out, resume=True)
        assert [result.ok async for result in first] == [True]


async def test_a_video_left_running_is_taken_up_and_not_made_again(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path
) -> None:
    gw.script("seedance.create", TaskHangs())
    results = await run(client, [video("v")], out, video_timeout=100, poll_interval=5)
    assert results["v"].outcome == "pending"
    assert results["v"].task is not None
    assert out.read_text() == ""
    task = gw.tasks.find(gw.paid[0].id)
    assert task is not None
    task.outcome = "success"
    results = await run(client, [video("v")], out, resume=True, poll_interval=0.05)
    assert results["v"].ok
    assert len(gw.paid) == 1
    assert lines(out)["v"]["response"]["task"]["id"] == gw.paid[0].id


async def test_a_video_that_can_no_longer_be_had_is_given_up(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("seedance.create", TaskHangs())
    await run(client, [video("v")], out, video_timeout=50, poll_interval=5)
    with pytest.raises(BatchError, match="not in doubt"):
        decide(out, Decisions(retry=["v"]))
    assert decide(out, Decisions(drop=["v"])) == 1
    assert await run(client, [video("v")], out, resume=True) == {}
    assert lines(out)["v"]["error"]["code"] == "dropped"
    assert len(gw.paid) == 1


async def test_no_file_holds_a_key_and_the_journal_holds_no_prompt(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path
) -> None:
    gw.script("chat.completions", Error(status=400), Drop(), Drop())
    items = [chat(f"c{number}", "a canary sings") for number in range(4)]
    async with client.batch.run(write(tmp_path / "in.jsonl", items), out) as batch:
        results = [result async for result in batch]
    shown = repr(results) + repr(batch) + repr(batch.report) + json.dumps(batch.report.to_dict())
    assert TEST_KEY not in shown + "".join(path.read_text() for path in tmp_path.iterdir())
    assert "canary" not in out.with_name("out.jsonl.journal").read_text()


@pytest.mark.parametrize(
    ("item", "fsync", "synced"),
    [(video("v"), "paid", True), (video("v"), "never", False), (chat("c"), "paid", False), (chat("c"), "all", True)],
)
async def test_what_must_survive_a_power_cut_is_on_the_disk_before_the_request_leaves(
    client: TikHubAI, out: Path, monkeypatch: pytest.MonkeyPatch, item: dict[str, Any], fsync: str, synced: bool
) -> None:
    steps: list[str] = []
    intent, send, sync = Store.intent, client._session.send, os.fsync

    def noted_intent(self: Store, *arguments: Any, **options: Any) -> None:
        intent(self, *arguments, **options)
        steps.append("intent")

    async def noted_send(request: Any) -> Any:
        steps.append("send")
        return await send(request)

    def noted_sync(fd: int) -> None:
        sync(fd)
        steps.append("fsync")

    monkeypatch.setattr(Store, "intent", noted_intent)
    monkeypatch.setattr(client._session, "send", noted_send)
    monkeypatch.setattr(os, "fsync", noted_sync)
    await run(client, [item], out, fsync=fsync, poll_interval=0.05)
    before = steps[steps.index("intent") : steps.index("send")]
    assert before == (["intent", "fsync"] if synced else ["intent"])


async def test_on_a_disk_that_fills_up_nothing_new_is_sent_and_answers_in_flight_are_kept(
    client: TikHubAI, gw: Emulator, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 6_000
    append, release = AppendFile.append, Reserve.release

    def limited(self: AppendFile, data: bytes) -> int:
        nonlocal room
        if len(data) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        room -= len(data)
        return append(self, data)

    def give_back(self: Reserve) -> bool:
        nonlocal room
        freed = release(self)
        room += 100_000 * freed
        return freed

    monkeypatch.setattr(AppendFile, "append", limited)
    monkeypatch.setattr(Reserve, "release", give_back)
    items = [chat(f"c{number}") for number in range(90)]
    with pytest.raises(JournalError, match="was not sent"):
        await run(client, items, out, concurrency=4)
    sent = len(gw.requests)
    assert 2 < sent < 20
    assert (len(lines(out)), doubts(out)) == (sent, [])
    monkeypatch.undo()
    assert (await client.batch.run(items, out, resume=True).finish()).ok == 90 - sent


# ── failures ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_failures_are_lines_with_an_error(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", Error(status=400, code="bad", message="no"), Html(), Reply(json={"choices": []}))
    results = await run(client, [chat(f"c{number}") for number in range(4)], out, concurrency=1)
    found = lines(out)
    assert [found[f"c{number}"]["error"] and found[f"c{number}"]["error"]["code"] for number in range(4)] == [
        "bad",
        "unusable_answer",
        "unusable_answer",
        None,
    ]
    assert found["c0"]["error"]["type"] == "BadRequestError"
    assert found["c0"]["error"]["status_code"] == 400
    assert found["c0"]["error"]["request_id"]
    assert results["c0"].outcome == "failed"


async def test_a_parameter_that_cannot_work_costs_nothing(client: TikHubAI, gw: Emulator, out: Path) -> None:
    item = video("v")
    item["body"]["duration"] = 500
    async with client.batch.run([item, chat("c")], out, max_items=1, concurrency=1) as batch:
        results = {result.custom_id: result async for result in batch}
    error = results["v"].error
    assert error is not None
    assert (error.code, error.type) == ("invalid_parameter", "InvalidParameter")
    assert gw.paid == []
    assert results["c"].ok
    assert (await client.batch.run([item], out, resume=True).finish()).ok == 0


async def test_a_failed_video_is_a_line_with_its_reason(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("seedance.create", TaskFails(reason="too dark", code="Dark"))
    await run(client, [video("v")], out, poll_interval=0.05)
    assert lines(out)["v"]["error"]["code"] == "Dark"
    assert "too dark" in lines(out)["v"]["error"]["message"]


async def test_a_429_is_waited_for_and_not_lost(client: TikHubAI, gw: Emulator, clock: FakeClock, out: Path) -> None:
    gw.script("chat.completions", RateLimited(retry_after=7), RateLimited(), Error(status=503, code="overloaded_error"))
    async with client.batch.run([chat(f"c{number}") for number in range(5)], out, concurrency=1) as batch:
        results = [result async for result in batch]
    assert all(result.ok for result in results)
    assert len(gw.requests) == 8
    assert batch.report.refused == 3
    assert max(clock.slept) >= 6.5


async def test_a_chat_that_may_be_paid_is_sent_once_more_and_says_so(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", Drop())
    async with client.batch.run([chat("a")], out) as batch:
        result = await anext(batch)
    assert (result.ok, result.attempts, result.maybe_billed) == (True, 2, True)
    assert batch.report.repeated == 1


async def test_a_chat_that_breaks_twice_fails(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", Drop(), Drop())
    results = await run(client, [chat("a")], out)
    error = results["a"].error
    assert error is not None
    assert (error.code, error.maybe_billed) == ("connection_error", True)
    assert len(gw.requests) == 2


async def test_a_creation_in_doubt_has_no_output_line_and_is_listed(
    client: TikHubAI, gw: Emulator, out: Path, tmp_path: Path
) -> None:
    gw.script("seedance.create", Drop())
    path = write(tmp_path / "in.jsonl", [video("v"), chat("c")])
    async with client.batch.run(path, out) as batch:
        results = {result.custom_id: result async for result in batch}
    assert results["v"].outcome == "in doubt"
    assert batch.report.in_doubt == 1
    assert not batch.report.complete
    assert lines(out).keys() == {"c"}
    (found,) = doubts(out)
    assert (found.custom_id, found.url, found.paid, found.provider) == ("v", SEEDANCE, True, "seedance")
    assert found.body == video("v")["body"]
    assert "unknown" in found.why
    resumed = await client.batch.run(path, out, resume=True).finish()
    assert (resumed.in_doubt, len(gw.paid)) == (1, 1)


@pytest.mark.parametrize("action", ["retry", "drop", "adopt"])
async def test_what_is_in_doubt_is_the_users_decision(client: TikHubAI, gw: Emulator, out: Path, action: str) -> None:
    gw.script("seedance.create", Drop())
    await run(client, [video("v")], out)
    decisions = {
        "retry": Decisions(retry=["v"]),
        "drop": Decisions(drop=["v"]),
        "adopt": Decisions(adopt={"v": gw.paid[0].id}),
    }
    assert decide(out, decisions[action]) == 1
    assert doubts(out) == []
    results = await run(client, [video("v")], out, resume=True, poll_interval=0.05)
    paid = {"retry": 2, "drop": 1, "adopt": 1}[action]
    assert len(gw.paid) == paid
    if action == "drop":
        assert results == {}
        assert lines(out)["v"]["error"]["code"] == "dropped"
    else:
        assert results["v"].ok
        assert lines(out)["v"]["response"]["task"]["id"] == gw.paid[-1].id


@pytest.mark.parametrize(
    ("decisions", "says"),
    [
        (Decisions(retry=["nobody"]), "not in doubt"),
        (Decisions(retry=["v"], drop=["v"]), "twice"),
        (Decisions(adopt={"v": ""}), "cannot adopt"),
    ],
)
async def test_a_decision_that_cannot_be_is_refused(
    client: TikHubAI, gw: Emulator, out: Path, decisions: Decisions, says: str
) -> None:
    gw.script("seedance.create", Drop())
    await run(client, [video("v")], out)
    with pytest.raises(BatchError, match=says):
        decide(out, decisions)
    assert len(doubts(out)) == 1


async def test_five_doubts_in_a_row_stop_it(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("seedance.create", *[Drop()] * 50)
    with pytest.raises(BatchError, match="5 requests in a row"):
        await run(client, [video(f"v{number}") for number in range(50)], out, concurrency=1)
    assert len(gw.paid) == 5


async def test_doubts_that_are_not_in_a_row_do_not_stop_it(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("seedance.create", *[Drop()] * 4)
    items = [video("v1"), video("v2"), chat("c1"), video("v3"), video("v4"), chat("c2")]
    results = await run(client, items, out, concurrency=1, max_in_doubt=3)
    assert [results[name].outcome for name in ("v1", "v2", "v3", "v4", "c1", "c2")] == ["in doubt"] * 4 + ["ok"] * 2


async def test_an_unknown_key_stops_it_and_costs_no_line(gw: Emulator, out: Path) -> None:
    items = [chat(f"c{number}") for number in range(200)]
    async with TikHubAI(api_key="sk-wrong", base_url=gw.base_url) as wrong:
        with pytest.raises(AuthenticationError):
            await run(wrong, items, out, start_concurrency=4)
    assert len(gw.requests) <= 16
    assert out.read_text() == ""
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as right:
        assert (await right.batch.run(items, out, resume=True).finish()).ok == 200


async def test_an_empty_balance_stops_it(gw: Emulator, out: Path) -> None:
    async with TikHubAI(api_key=BROKE_KEY, base_url=gw.base_url) as broke:
        with pytest.raises(QuotaError):
            await run(broke, [video(f"v{number}") for number in range(20)], out, start_concurrency=1)
    assert len(gw.requests) <= 3


async def test_when_nothing_gets_through_it_stops_and_loses_nothing(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", *[RateLimited()] * 5000)
    items = [chat(f"c{number}") for number in range(40)]
    with pytest.raises(BatchError, match="nothing has got through"):
        await run(client, items, out, patience=120)
    assert out.read_text() == ""
    gw._scripts.clear()
    assert (await client.batch.run(items, out, resume=True).finish()).ok == 40


async def test_a_wait_beyond_all_patience_stops_it(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", *[RateLimited(retry_after=86_400)] * 20)
    with pytest.raises(BatchError, match="may get through"):
        await run(client, [chat("a")])


async def test_a_gateway_that_is_not_there_is_no_failure_of_the_lines(out: Path) -> None:
    clock = FakeClock()
    async with TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:9", clock=clock) as nobody:
        with pytest.raises(BatchError, match="nothing has got through"):
            await run(nobody, [chat(f"c{number}") for number in range(30)], out, patience=60)
    assert out.read_text() == ""
    assert doubts(out) == []


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_token_limit_is_reached_from_below(client: TikHubAI, gw: Emulator, out: Path) -> None:
    items = [chat(f"c{number}", max_tokens=200) for number in range(100)]
    async with client.batch.run(items, out, max_tokens=1500, concurrency=8) as batch:
        with pytest.raises(SpendLimitReached, match="max_tokens=1500"):
            async for _ in batch:
                pass
    used = batch.report.tokens_in + batch.report.tokens_out
    assert 900 < used <= 1500
    assert len(lines(out)) == len(gw.requests)


async def test_a_quota_limit_counts_what_videos_cost(client: TikHubAI, gw: Emulator, out: Path) -> None:
    async with client.batch.run([video("probe")], out, poll_interval=0.05) as batch:
        async for _ in batch:
            pass
    price = batch.report.quota
    assert price > 0
    items = [video(f"v{number}") for number in range(20)]
    with pytest.raises(SpendLimitReached, match="max_quota"):
        await run(client, items, out.with_name("b.jsonl"), max_quota=price * 5.5, open_videos=3, poll_interval=0.05)
    assert len(gw.paid) <= 1 + 5 + 3


async def test_a_price_list_holds_the_limit_from_the_first_video_on(client: TikHubAI, gw: Emulator, out: Path) -> None:
    prices = {"doubao-seedance-1-5-pro-251215": 100.0}
    with pytest.raises(SpendLimitReached, match="max_quota"):
        await run(
            client, [video(f"v{number}") for number in range(9)], out, max_quota=450, prices=prices, poll_interval=1
        )
    assert len(gw.paid) <= 4


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"concurrency": 0}, ConfigError),
        ({"rpm": -1}, ConfigError),
        ({"max_tokens": 0}, ConfigError),
        ({"endpoint": "v1/messages"}, ConfigError),
        ({"fsync": "sometimes"}, ConfigError),
        ({"concurency": 8}, UnknownParameter),
        ({"resume": True}, ConfigError),
    ],
)
def test_an_option_that_cannot_work_is_refused_at_once(options: dict[str, Any], error: type[Exception]) -> None:
    client = TikHubAI(api_key=TEST_KEY)
    with pytest.raises(error):
        client.batch.run([], **options)


# ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_leaving_early_drains(client: TikHubAI, gw: Emulator, out: Path) -> None:
    items = [chat(f"c{number}") for number in range(500)]
    async with client.batch.run(items, out) as batch:
        async for _ in batch:
            break
    assert batch.report.interrupted
    assert len(lines(out)) == len(gw.requests) < 500
    assert doubts(out) == []
    assert (await client.batch.run(items, out, resume=True).finish()).settled == 500


async def test_a_drain_leaves_videos_to_the_next_run(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("seedance.create", *[TaskHangs()] * 5)
    items = [video(f"v{number}") for number in range(5)]
    real = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url)
    async with real, real.batch.run(items, out, poll_interval=0.05) as batch:
        while batch.report.open_videos < 5:
            await asyncio.sleep(0.01)
        batch.drain()
        assert [result async for result in batch] == []
    assert (doubts(out), len(gw.paid)) == ([], 5)
    for paid in gw.paid:
        task = gw.tasks.find(paid.id)
        assert task is not None
        task.outcome = "success"
    results = await run(client, items, out, resume=True, poll_interval=0.05)
    assert all(result.ok for result in results.values())
    assert len(gw.paid) == len(results) == 5


async def test_a_drain_does_not_wait_for_ever(gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", *[SlowHeaders(seconds=None)] * 3)
    real = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url)
    items = [chat("a"), chat("b"), chat("c")]
    async with real, real.batch.run(items, out, drain_seconds=0.2) as batch:
        while len(gw.requests) < 3:
            await asyncio.sleep(0.01)
        batch.drain()
        assert [result async for result in batch] == []
    assert batch.report.in_doubt == len(doubts(out)) == 3


async def test_a_cancelled_reader_drains(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", *[SlowHeaders(seconds=0.3)] * 3)

    async def read() -> None:
        await run(client, [chat(f"c{number}") for number in range(3)], out)

    task = asyncio.create_task(read())
    while len(gw.requests) < 3:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(lines(out)) == 3
    assert doubts(out) == []


async def test_an_abort_leaves_what_was_in_flight_in_doubt(client: TikHubAI, gw: Emulator, out: Path) -> None:
    gw.script("chat.completions", *[SlowHeaders(seconds=None)] * 3)
    async with client.batch.run([chat(f"c{number}") for number in range(3)], out) as batch:
        while len(gw.requests) < 3:
            await asyncio.sleep(0.01)
        batch.abort()
    assert batch.report.in_doubt == 3
    assert {line.custom_id for line in doubts(out)} == {"c0", "c1", "c2"}
    results = await run(client, [chat(f"c{number}") for number in range(3)], out, resume=True, resend="chat")
    assert all(result.ok for result in results.values())
    assert len(gw.requests) == 6


async def test_a_slow_reader_holds_the_batch_back(client: TikHubAI, gw: Emulator) -> None:
    items = [chat(f"c{number}") for number in range(500)]
    async with client.batch.run(items, concurrency=8) as batch:
        await anext(batch)
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert len(gw.requests) < 200
        count = 1 + len([result async for result in batch])
    assert count == 500


async def test_interactive_calls_do_not_queue_behind_a_batch(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", *[SlowHeaders(seconds=0.05)] * 40)
    items = [chat(f"c{number}") for number in range(40)]
    async with client.batch.run(items, concurrency=4, adaptive=False) as batch:
        await anext(batch)
        arrived = len(gw.requests)
        answer = await client.openai.responses.create(model="gpt-5", input="Me first")
        assert "Me first" in answer.text
        assert len(gw.requests) <= arrived + 6
        assert len([result async for result in batch]) == 39
