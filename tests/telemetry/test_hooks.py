"""What a hook is told, and when."""

import asyncio
import gc
import logging
import weakref
from typing import Any

import pytest

from tikhub_async import APIStatusError, StreamInterrupted, TikHubAI, VideoTask
from tikhub_async.telemetry import Call, Hooks
from tikhub_async.testing import (
    TEST_KEY,
    Drop,
    Emulator,
    Error,
    ErrorInStream,
    FakeClock,
    RateLimited,
    SlowHeaders,
    Stall,
    Truncate,
)
from tikhub_async.types.chat import ChatMessage

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "Hi"}]


class Notes(Hooks):
    """Writes everything down."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.lines: list[str] = []

    def on_start(self, call: Call) -> None:
        self.calls.append(call)
        self.lines.append(f"start {call.name}")

    def on_request(self, call: Call) -> None:
        self.lines.append(f"request {call.attempts}")

    def on_response(self, call: Call) -> None:
        self.lines.append(f"response {call.status_code or type(call.failure).__name__}")

    def on_event(self, call: Call, count: int) -> None:
        if self.lines[-1] != "events":
            self.lines.append("events")

    def on_end(self, call: Call) -> None:
        self.lines.append(f"end {type(call.error).__name__ if call.error else 'well'}")

    def on_task(self, task: VideoTask[Any]) -> None:
        self.lines.append(f"task {task.status}")

    @property
    def last(self) -> Call:
        return self.calls[-1]


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def client(gw: Emulator, clock: FakeClock, notes: Notes) -> Any:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock, hooks=[notes]) as made:
        yield made


async def test_a_whole_answer(client: TikHubAI, notes: Notes) -> None:
    done = await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert notes.lines == ["start openai.chat.completions", "request 1", "response 200", "end well"]
    call = notes.last
    assert (call.provider, call.model, call.kind, call.streamed) == ("openai", "gpt-5", "generate", False)
    assert call.request_id == done.request_id
    assert call.tokens.input_tokens == done.usage.prompt_tokens if done.usage else False
    assert call.parameters["messages"] == MESSAGES
    assert call.response["choices"][0]["message"]["content"] == done.text
    assert call.server == ("127.0.0.1", int(client.base_url.rpartition(":")[2]))


async def test_a_stream(client: TikHubAI, notes: Notes) -> None:
    stream = client.claude.messages.stream(
        model="claude-sonnet-4-5", max_tokens=50, messages=[{"role": "user", "content": "Hi"}]
    )
    assert notes.lines == []  # nothing was sent yet
    message = await stream.final()
    assert notes.lines == ["start claude.messages", "request 1", "response 200", "events", "end well"]
    call = notes.last
    assert call.streamed
    assert call.events == stream.stats.events
    assert call.tokens.output_tokens == (message.usage.output_tokens if message.usage else None)
    assert call.response["stop_reason"] == "end_turn"
    assert call.first_event is not None


async def test_attempts_are_told_one_by_one(gw: Emulator, client: TikHubAI, notes: Notes) -> None:
    gw.script("chat.completions", RateLimited(), Drop())
    done = await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert notes.lines[1:] == [
        "request 1", "response 429", "request 2", "response APIConnectionError", "request 3", "response 200", "end well",
    ]  # fmt: skip
    assert done.attempts == 3
    assert notes.last.maybe_billed  # the second attempt was sent, and nobody knows what became of it


async def test_a_refused_call_ends_in_its_error(gw: Emulator, client: TikHubAI, notes: Notes) -> None:
    gw.script("chat.completions", Error(status=400, code="invalid_request"))
    with pytest.raises(APIStatusError) as caught:
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert notes.last.error is caught.value
    assert not notes.last.maybe_billed
    assert notes.lines[-1] == "end BadRequestError"


@pytest.mark.parametrize("fault", [ErrorInStream(after_events=2), Truncate(after_events=2)], ids=["error", "cut"])
async def test_a_broken_stream_ends_in_its_error(gw: Emulator, client: TikHubAI, notes: Notes, fault: Any) -> None:
    gw.script("chat.completions", fault)
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
    with pytest.raises((APIStatusError, StreamInterrupted)) as caught:
        await stream.final()
    assert notes.last.error is caught.value
    assert notes.last.maybe_billed
    assert notes.last.events == 2


async def test_a_stream_that_is_left_ends_too(gw: Emulator, client: TikHubAI, notes: Notes) -> None:
    gw.script("chat.completions", Stall(after_events=2))
    async with client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES) as stream:
        await anext(stream)
    assert notes.lines[-1] == "end StreamInterrupted"
    await stream.aclose()
    assert [line for line in notes.lines if line.startswith("end")] == ["end StreamInterrupted"]


async def test_a_cancelled_call_ends_too(gw: Emulator, client: TikHubAI, notes: Notes) -> None:
    gw.script("chat.completions", SlowHeaders(seconds=None))
    call = asyncio.ensure_future(client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES))
    while not gw.in_flight:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert notes.lines[-1] == "end CancelledError"
    assert notes.last.maybe_billed


async def test_a_video_from_its_creation_to_its_end(client: TikHubAI, notes: Notes) -> None:
    task = await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
    )
    await task.wait(poll_interval=0.05)
    told = [line for line in notes.lines if line.startswith("task")]
    assert told[0] == "task queued"
    assert told[-1] == "task succeeded"
    assert notes.calls[0].kind == "create"
    assert {call.kind for call in notes.calls[1:]} == {"read"}


async def test_a_model_in_the_path_is_found(client: TikHubAI, notes: Notes) -> None:
    await client.gemini.models.generate_content(model="gemini-2.5-pro", contents="Hi")
    assert notes.last.model == "gemini-2.5-pro"
    assert notes.last.tokens.known


async def test_the_texts_of_a_form_are_parameters(client: TikHubAI, notes: Notes) -> None:
    await client.openai.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"ID3" + bytes(100)))
    assert notes.last.model == "whisper-1"
    assert "file" not in notes.last.parameters


async def test_a_hook_that_raises_costs_nobody_an_answer(gw: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Hooks):
        def on_end(self, call: Call) -> None:
            raise RuntimeError("no database")

    notes = Notes()
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, hooks=[Broken(), notes]) as client:
        assert (await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)).text
    assert "Broken.on_end failed" in caplog.text
    assert notes.lines[-1] == "end well"


async def test_a_copy_may_have_hooks_of_its_own(client: TikHubAI, notes: Notes) -> None:
    other = Notes()
    await client.with_options(hooks=[other]).models.list()
    assert notes.lines == []
    assert other.lines
    await client.with_options(timeout=5).models.list()
    assert notes.lines


async def test_without_watchers_there_is_nothing_to_pay(gw: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "tikhub_async")  # the log is a watcher too
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as client:
        stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
        await stream.final()
        assert stream._watch is None


async def test_a_call_does_not_outlive_its_watching(gw: Emulator) -> None:
    class Forgetful(Hooks):
        def on_end(self, call: Call) -> None:
            seen.append(weakref.ref(call))

    seen: list[weakref.ref[Call]] = []
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, hooks=[Forgetful()]) as client:
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
        gc.collect()
        assert [ref() for ref in seen] == [None]


async def test_a_call_shows_no_prompt(client: TikHubAI, notes: Notes) -> None:
    await client.openai.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "my secret"}])
    assert "secret" not in repr(notes.last)
