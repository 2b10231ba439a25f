"""The official clients, unmodified, pointed at the emulator."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tikhub_async.testing import TEST_KEY, Emulator

openai = pytest.importorskip("openai")
anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")

SORA_GOES = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")
"""OpenAI retires Sora at its own address; the gateway keeps its routes."""
CLAUDE_AGES = pytest.mark.filterwarnings("ignore:The model 'claude:DeprecationWarning")
"""Anthropic's client warns of the models it considers old."""
GENAI_SUBCLASSES = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""Google's client derives from aiohttp's session, which aiohttp discourages."""
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=0) as emulator:
        yield emulator
        await emulator.assert_no_leaks()


@pytest.fixture
async def gpt(gw: Emulator) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(api_key=TEST_KEY, base_url=f"{gw.base_url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(gw: Emulator) -> AsyncIterator[Any]:
    async with anthropic.AsyncAnthropic(api_key=TEST_KEY, base_url=gw.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
async def gemini(gw: Emulator) -> AsyncIterator[Any]:
    client = genai.Client(api_key=TEST_KEY, http_options={"base_url": gw.base_url})
    try:
        async with client.aio as aio:
            yield aio
    finally:
        client.close()


def ask(text: str = "Hello there") -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def test_openai_chat(gpt: Any) -> None:
    done = await gpt.chat.completions.create(model="gpt-4o", messages=ask())
    assert "“Hello there”" in done.choices[0].message.content
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


@pytest.mark.parametrize("model", ["gpt-4o", "claude-opus-4-6", "deepseek-reasoner", "gemini-2.5-flash"])
async def test_openai_chat_stream(gpt: Any, model: str) -> None:
    stream = await gpt.chat.completions.create(model=model, messages=ask(), stream=True)
    text, last = "", None
    async for chunk in stream:
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        last = chunk
    assert "“Hello there”" in text
    assert last is not None
    assert last.usage.completion_tokens > 0


async def test_openai_chat_tools_through_its_own_accumulator(gpt: Any) -> None:
    tool = {"type": "function", "function": {"name": "get_weather", "strict": True, "parameters": WEATHER}}
    async with gpt.chat.completions.stream(model="gpt-4o", messages=ask("weather?"), tools=[tool]) as stream:
        final = await stream.get_final_completion()
    (called,) = final.choices[0].message.tool_calls
    assert called.function.parsed_arguments == {"city": "city"}


async def test_openai_responses(gpt: Any) -> None:
    done = await gpt.responses.create(model="gpt-5", input="Hello there", reasoning={"effort": "low"})
    assert "“Hello there”" in done.output_text
    assert [item.type for item in done.output] == ["reasoning", "message"]


@pytest.mark.parametrize("prompt", ["Hello there", "weather?", "[[refuse]]"])
async def test_openai_responses_stream_through_its_own_accumulator(gpt: Any, prompt: str) -> None:
    tool = {"type": "function", "name": "get_weather", "strict": True, "parameters": WEATHER}
    async with gpt.responses.stream(model="gpt-5", input=prompt, tools=[tool], reasoning={"effort": "low"}) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[-1] == "response.completed"
    assert final.output[-1].type == ("function_call" if prompt == "weather?" else "message")


async def test_openai_embeddings_decode_to_the_same_numbers(gpt: Any, gw: Emulator) -> None:
    floats = await gpt.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float")
    packed = await gpt.embeddings.create(model="text-embedding-3-small", input="a")
    assert gw.requests[-1].json["encoding_format"] == "base64"
    assert list(packed.data[0].embedding) == floats.data[0].embedding
    assert len(floats.data[0].embedding) == 1536


async def test_openai_transcriptions(gpt: Any) -> None:
    def sound() -> tuple[str, io.BytesIO]:
        return ("talk.wav", io.BytesIO(b"RIFF...."))

    done = await gpt.audio.transcriptions.create(model="whisper-1", file=sound(), response_format="verbose_json")
    assert done.text.startswith("This is what whisper-1 heard in talk.wav.")
    assert done.segments[0].end == 3.5
    assert (await gpt.audio.transcriptions.create(model="whisper-1", file=sound())).text == done.text
    stream = await gpt.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound(), stream=True)
    events = [event async for event in stream]
    assert events[-1].text == "".join(event.delta for event in events[:-1])


@SORA_GOES
async def test_openai_videos(gpt: Any, gw: Emulator) -> None:
    created = await gpt.videos.create(
        model="sora-2", prompt="A cat", seconds="4", input_reference=("a.png", b"\x89PNG")
    )
    assert (created.status, created.seconds) == ("queued", "4")
    video = await gpt.videos.retrieve(created.id)
    assert (video.status, video.progress) == ("completed", 100)
    content = await gpt.videos.download_content(video.id)
    assert content.read()[4:8] == b"ftyp"
    remixed = await gpt.videos.remix(video.id, prompt="Make it blue")
    assert remixed.remixed_from_video_id == video.id
    assert [entry.id async for entry in await gpt.videos.list()] == [remixed.id, video.id]
    assert (await gpt.videos.delete(video.id)).deleted
    assert len(gw.paid) == 2


async def test_openai_errors_have_its_classes(gpt: Any) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        await gpt.chat.completions.create(model="no-such-model", messages=ask())
    assert (caught.value.status_code, caught.value.code) == (503, "model_not_found")
    with pytest.raises(openai.AuthenticationError):
        await gpt.with_options(api_key="sk-wrong").chat.completions.create(model="gpt-4o", messages=ask())


async def test_openai_lists_models(gpt: Any) -> None:
    assert "gpt-4o" in [model.id async for model in await gpt.models.list()]


@CLAUDE_AGES
async def test_anthropic_message(claude: Any) -> None:
    message = await claude.messages.create(model="claude-sonnet-4-5", max_tokens=100, messages=ask())
    assert "“Hello there”" in message.content[0].text
    assert message.stop_reason == "end_turn"


@CLAUDE_AGES
async def test_anthropic_stream_with_thinking(claude: Any) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    async with claude.messages.stream(
        model="claude-sonnet-4-5", max_tokens=2000, messages=ask(), thinking=thinking
    ) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert (final.content[1].text, final.stop_reason) == (text, "end_turn")
    assert final.usage.output_tokens > 1


@CLAUDE_AGES
async def test_anthropic_tools_there_and_back(claude: Any) -> None:
    tools = [{"name": "get_weather", "input_schema": WEATHER}]
    asked: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 500, "tools": tools}
    async with claude.messages.stream(messages=ask("weather?"), **asked) as stream:
        called = await stream.get_final_message()
    (block,) = called.content
    assert (called.stop_reason, block.name, block.input) == ("tool_use", "get_weather", {"city": "city"})
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "Rain"}
    messages = [
        *ask("weather?"),
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}],
        },
        {"role": "user", "content": [result]},
    ]
    answer = await claude.messages.create(messages=messages, **asked)
    assert "“Rain”" in answer.content[0].text


@GENAI_SUBCLASSES
async def test_genai_generate_content(gemini: Any) -> None:
    answer = await gemini.models.generate_content(model="gemini-2.5-flash", contents="Hello there")
    assert "“Hello there”" in answer.text
    assert answer.usage_metadata.total_token_count > 0


@GENAI_SUBCLASSES
async def test_genai_generate_content_stream(gemini: Any, gw: Emulator) -> None:
    stream = await gemini.models.generate_content_stream(model="gemini-2.5-flash", contents="Hello there")
    chunks = [chunk async for chunk in stream]
    assert "“Hello there”" in "".join(chunk.text for chunk in chunks)
    assert chunks[-1].candidates[0].finish_reason == "STOP"
    assert gw.requests[-1].query == {"alt": "sse"}


@GENAI_SUBCLASSES
async def test_genai_answers_in_a_schema(gemini: Any) -> None:
    config = {
        "response_mime_type": "application/json",
        "response_schema": {"type": "ARRAY", "items": {"type": "STRING"}},
    }
    answer = await gemini.models.generate_content(model="gemini-2.5-flash", contents="Hi", config=config)
    assert answer.parsed == ["value_1"]
