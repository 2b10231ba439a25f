"""Checked by mypy and pyright, never run: every call with typical parameters, and what it gives."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from pathlib import Path
from typing import Any, assert_type

import msgspec

from tikhub_async import EventStream, TaskStatus, TikHubAI, TikHubError, Timeouts, Video, VideoTask
from tikhub_async.types import (
    ChatCompletionChunk,
    ChatCompletionResponse,
    ChatMessage,
    ClaudeMessageResponse,
    EmbeddingResponse,
    GeminiChunk,
    GeminiContent,
    GeminiGenerateContentResponse,
    Headers,
    MessageStreamEvent,
    ModelList,
    RawResponse,
    RequestOptions,
    ResponseObject,
    ResponseStreamEvent,
    SeedanceTaskResponse,
    TranscriptionResponse,
    TranscriptionStreamEvent,
    VideoDeleteResponse,
    VideoResponse,
)
from tikhub_async.types.claude import MessageParam
from tikhub_async.types.kling import KlingTaskDetailResponse
from tikhub_async.types.usage import UsageInfo
from tikhub_async.types.veo import VeoFetchOperationResponse


class Usage(msgspec.Struct):
    total: int


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def chat(client: TikHubAI) -> None:
    history: list[ChatMessage] = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is here?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
            ],
        },
    ]
    done = await client.openai.chat.completions.create(
        model="gpt-5",
        messages=history,
        temperature=0.5,
        max_completion_tokens=100,
        stop=["END"],
        tools=[{"type": "function", "function": {"name": "weather", "parameters": WEATHER, "strict": True}}],
        tool_choice="auto",
        response_format={"type": "json_object"},
        timeout=30,
        max_retries=0,
        extra_headers={"X-Trace": "1"},
        extra_query={"a": "b"},
        extra_body={"new": 1},
    )
    assert_type(done, ChatCompletionResponse)
    assert_type(done.text, str)
    assert_type(done.choices[0].finish_reason, str | None)
    assert_type(done.usage, UsageInfo | None)
    assert_type(done.request_id, str | None)
    assert_type(done.headers, Headers)
    assert_type(done.meta.body, bytes | None)
    history.append(done.choices[0].message.to_param())
    for call in done.choices[0].message.tool_calls:
        history.append({"role": "tool", "tool_call_id": call.id or "", "content": "rain"})

    stream = client.claude.chat.completions.stream(model="claude-sonnet-4-5", messages=history)
    assert_type(stream, EventStream[ChatCompletionChunk, ChatCompletionResponse])
    async with stream:
        async for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)
        async for text in stream.text_stream:
            assert_type(text, str)
    assert_type(await stream.final(), ChatCompletionResponse)
    assert_type(await stream.final_text(), str)
    assert_type(stream.partial, ChatCompletionResponse)
    assert_type(stream.stats.first_event, float | None)

    assert_type(
        await client.deepseek.chat.completions.create(
            model="deepseek-reasoner", messages=history, thinking={"type": "enabled"}
        ),
        ChatCompletionResponse,
    )
    client.openai.chat.completions.stream(model="gpt-5", messages=history, stream_options={"include_usage": True})
    client.deepseek.chat.completions.stream(model="deepseek-chat", messages=history)
    await client.claude.chat.completions.create(model="claude-sonnet-4-5", messages=history, reasoning_effort="low")


async def openai(client: TikHubAI) -> None:
    response = await client.openai.responses.create(
        model="gpt-5",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        instructions="Be brief.",
        reasoning={"effort": "low"},
        tools=[{"type": "web_search"}, {"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}],
        text={"verbosity": "low"},
        include=["reasoning.encrypted_content"],
    )
    assert_type(response, ResponseObject)
    assert_type(response.output_text, str)
    for item in response.output:
        if item.type == "function_call":
            assert_type(item.arguments, str)
    again = client.openai.responses.stream(model="gpt-5", input=response.to_input())
    assert_type(again, EventStream[ResponseStreamEvent, ResponseObject])
    async for event in again:
        if event.type == "response.output_text.delta":
            assert_type(event.delta, str)

    vectors = await client.openai.embeddings.create(
        model="text-embedding-3-small", input=["a", "b"], encoding_format="base64", dimensions=256
    )
    assert_type(vectors, EmbeddingResponse)
    vectors.data[0].floats()

    spoken = await client.openai.audio.transcriptions.create(
        model="whisper-1",
        file=Path("speech.mp3"),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert_type(spoken, TranscriptionResponse)
    heard = client.openai.audio.transcriptions.stream(model="gpt-4o-transcribe", file=("speech.mp3", b""))
    assert_type(heard, EventStream[TranscriptionStreamEvent, TranscriptionResponse])


async def claude(client: TikHubAI) -> None:
    history: list[MessageParam] = [{"role": "user", "content": "Hi"}]
    message = await client.claude.messages.create(
        model="claude-opus-4-6",
        max_tokens=2048,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=history,
        thinking={"type": "enabled", "budget_tokens": 1024},
        tools=[{"name": "weather", "input_schema": WEATHER}],
        tool_choice={"type": "auto"},
    )
    assert_type(message, ClaudeMessageResponse)
    assert_type(message.stop_reason, str | None)
    history.append(message.to_param())
    for block in message.content:
        if block.type == "tool_use":
            assert_type(block.name, str)
    stream = client.claude.messages.stream(model="claude-opus-4-6", max_tokens=10, messages=history)
    assert_type(stream, EventStream[MessageStreamEvent, ClaudeMessageResponse])
    async for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            assert_type(event.delta.text, str)


async def gemini(client: TikHubAI) -> None:
    turns: list[GeminiContent] = [
        {"role": "user", "parts": [{"text": "Hi"}, {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]}
    ]
    response = await client.gemini.models.generate_content(
        model="gemini-2.5-flash",
        contents=turns,
        system_instruction="Be brief.",
        generation_config={"temperature": 0.5, "max_output_tokens": 100, "thinking_config": {"thinking_budget": 0}},
        tools=[{"google_search": {}}],
        safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    )
    assert_type(response, GeminiGenerateContentResponse)
    turns.append(response.to_param())
    stream = client.gemini.models.generate_content_stream(model="gemini-2.5-flash", contents="Hi")
    assert_type(stream, EventStream[GeminiChunk, GeminiGenerateContentResponse])


async def videos(client: TikHubAI) -> None:
    sora = await client.sora.create(
        model="sora-2", prompt="A cat", seconds="8", size="1280x720", input_reference=Path("first.png")
    )
    assert_type(sora, VideoTask[VideoResponse])
    assert_type(await client.sora.retrieve("video_1", timeout=5), VideoTask[VideoResponse])
    assert_type(await client.sora.remix("video_1", prompt="Rain"), VideoTask[VideoResponse])
    assert_type(await client.sora.delete("video_1"), VideoDeleteResponse)
    await client.sora.list(limit=5, order="asc", after="video_1")
    async with client.sora.download_content("video_1", variant="thumbnail") as content:
        async for piece in content:
            assert_type(piece, bytes)

    seedance = await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215",
        content=[
            {"type": "text", "text": "A girl walking through a meadow"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": "first_frame"},
        ],
        ratio="16:9",
        duration=5,
        watermark=False,
        generate_audio=True,
    )
    assert_type(seedance, VideoTask[SeedanceTaskResponse])
    assert_type(await client.seedance.retrieve("task_1"), VideoTask[SeedanceTaskResponse])

    kling = await client.kling.text2video.create(
        model_name="kling-v2-6", prompt="A rabbit", duration=5, mode="pro", sound="on", aspect_ratio="16:9"
    )
    assert_type(kling, VideoTask[KlingTaskDetailResponse])
    await client.kling.text2video.retrieve("task_1")
    await client.kling.image2video.create(
        model_name="kling-v2-6", prompt="A rabbit", image="https://example.com/a.png", duration="10"
    )
    await client.kling.image2video.retrieve("task_1")

    veo = await client.veo.generate(
        model="veo-3.0-generate-001",
        instances=[{"prompt": "A butterfly", "image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"}}],
        parameters={"aspectRatio": "16:9", "durationSeconds": 8},
    )
    assert_type(veo, VideoTask[VeoFetchOperationResponse])
    await client.veo.fetch(operationName=veo.id, model="veo-3.0-generate-001")


async def tasks(client: TikHubAI, task: VideoTask[SeedanceTaskResponse]) -> None:
    assert_type(task.response, SeedanceTaskResponse | None)
    assert_type(task.status, TaskStatus)
    assert_type(await task.refresh(), VideoTask[SeedanceTaskResponse])
    video = await task.wait(timeout=1200, poll_interval=10, on_update=lambda seen: print(seen.progress))
    assert_type(video, Video)
    assert_type(video.url, str)
    assert_type(await video.download("out.mp4", overwrite=True), str)
    assert_type(task.to_dict(), dict[str, Any])
    async for seen in task.updates(timeout=60):
        print(seen.status)
    attached = client.tasks.attach(task.to_dict())
    client.tasks.attach(("seedance", "task_1"))
    assert_type(await client.tasks.wait_all([task, attached]), list[Video | TikHubError])
    async for ended, outcome in client.tasks.as_completed([task]):
        print(ended.id, outcome)
    client.tasks.orphans()


async def anything_else(client: TikHubAI) -> None:
    assert_type(await client.models.list(timeout=5), ModelList)
    raw = await client.get("/api/usage/token/")
    assert_type(raw, RawResponse)
    assert_type(raw.body, bytes)
    assert_type(await client.get("/api/usage/token/", cast_to=Usage, timeout=5), Usage)
    assert_type(await client.post("/v1/rerank", body={"query": "q"}), RawResponse)
    assert_type(await client.post("/v1/rerank", body={}, cast_to=dict[str, Any]), dict[str, Any])
    await client.post("/suno/submit/music", body={"prompt": "a"}, paid_creation=True, extra_query={"a": "b"})


async def clients() -> None:
    async with TikHubAI(
        api_key="sk-x", timeout=Timeouts(idle=60), max_retries=1, routes={"veo.generate": "/veo/v1/generate"}
    ) as client:
        other = client.with_options(api_key="sk-y", timeout=30)
        assert_type(other, TikHubAI)
        await other.aclose()


async def parameters_kept_in_a_variable(client: TikHubAI, changes: dict[str, Any]) -> None:
    options: RequestOptions = {"timeout": 5, "extra_headers": {"X-Trace": "1"}}
    await client.seedance.retrieve("task_1", **options)
    await client.openai.chat.completions.create(**changes)
