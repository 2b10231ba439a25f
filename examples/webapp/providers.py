"""What the page can choose from: a chat stream or a video task of each provider, from the same few words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from tikhub_async import EventStream, TikHubAI, VideoTask


class Turn(TypedDict):
    """One turn of a conversation, as the page sends it."""

    role: Literal["user", "assistant"]
    content: str


Chat = Callable[[TikHubAI, Sequence[Turn]], EventStream[Any, Any]]
Video = Callable[[TikHubAI, str], Awaitable[VideoTask[Any]]]


def _openai(client: TikHubAI, turns: Sequence[Turn]) -> EventStream[Any, Any]:
    messages: list[Any] = list(turns)
    return client.openai.chat.completions.stream(model="gpt-5", messages=messages)


def _responses(client: TikHubAI, turns: Sequence[Turn]) -> EventStream[Any, Any]:
    items: list[Any] = list(turns)
    return client.openai.responses.stream(model="gpt-5", input=items)


def _claude(client: TikHubAI, turns: Sequence[Turn]) -> EventStream[Any, Any]:
    messages: list[Any] = list(turns)
    return client.claude.messages.stream(model="claude-sonnet-4-5", max_tokens=4096, messages=messages)


def _deepseek(client: TikHubAI, turns: Sequence[Turn]) -> EventStream[Any, Any]:
    messages: list[Any] = list(turns)
    return client.deepseek.chat.completions.stream(model="deepseek-reasoner", messages=messages)


def _gemini(client: TikHubAI, turns: Sequence[Turn]) -> EventStream[Any, Any]:
    roles = {"user": "user", "assistant": "model"}
    contents: list[Any] = [{"role": roles[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in turns]
    return client.gemini.models.generate_content_stream(model="gemini-2.5-pro", contents=contents)


CHATS: Mapping[str, Chat] = {
    "OpenAI": _openai,
    "OpenAI Responses": _responses,
    "Claude": _claude,
    "DeepSeek": _deepseek,
    "Gemini": _gemini,
}


async def _seedance(client: TikHubAI, prompt: str) -> VideoTask[Any]:
    content: list[Any] = [{"type": "text", "text": prompt}]
    return await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=content, ratio="16:9", duration=5
    )


async def _sora(client: TikHubAI, prompt: str) -> VideoTask[Any]:
    return await client.sora.create(model="sora-2", prompt=prompt, size="1280x720", seconds="4")


async def _kling(client: TikHubAI, prompt: str) -> VideoTask[Any]:
    return await client.kling.text2video.create(
        model_name="kling-v2-6", prompt=prompt, aspect_ratio="16:9", duration="5", mode="std"
    )


async def _veo(client: TikHubAI, prompt: str) -> VideoTask[Any]:
    return await client.veo.generate(
        model="veo-3.1-generate-preview",
        instances=[{"prompt": prompt}],
        parameters={"aspectRatio": "16:9", "durationSeconds": 8, "resolution": "720p"},
    )


VIDEOS: Mapping[str, Video] = {"Seedance": _seedance, "Sora": _sora, "Kling": _kling, "Veo": _veo}
