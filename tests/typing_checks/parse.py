"""Checked by mypy and pyright, never run: what `parse` gives, and what it refuses."""

from dataclasses import dataclass
from typing import TypedDict, assert_type

import msgspec

from tikhub_async import TikHubAI
from tikhub_async.structured import Parsed, ParsedChatCompletion, ParsedContent, ParsedMessage, ParsedResponse
from tikhub_async.types.chat import ChatCompletionResponse, ChatMessage
from tikhub_async.types.claude import ClaudeUsage
from tikhub_async.types.gemini import GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject
from tikhub_async.types.usage import UsageInfo


class Recipe(msgspec.Struct):
    title: str


@dataclass
class Point:
    x: int


class Notes(TypedDict, total=False):
    author: str


async def the_type_is_inferred(client: TikHubAI) -> None:
    history: list[ChatMessage] = [{"role": "user", "content": "Hi"}]
    chat = await client.openai.chat.completions.parse(Recipe, model="gpt-5", messages=history, temperature=0)
    assert_type(chat, ParsedChatCompletion[Recipe])
    assert_type(chat.output, Recipe)
    assert_type(chat.response, ChatCompletionResponse)
    assert_type(chat.usage, UsageInfo | None)
    assert_type(chat.text, str)
    assert_type(chat.request_id, str | None)

    point = await client.claude.chat.completions.parse(Point, model="claude-sonnet-4-5", messages=history)
    assert_type(point.output, Point)
    notes = await client.deepseek.chat.completions.parse(Notes, model="deepseek-chat", messages=history)
    assert_type(notes.output, Notes)

    response = await client.openai.responses.parse(
        list[Recipe], model="gpt-5", input="Hi", text={"verbosity": "low"}, max_output_tokens=100
    )
    assert_type(response, ParsedResponse[list[Recipe]])
    assert_type(response.output[0].title, str)
    assert_type(response.response, ResponseObject)

    message = await client.claude.messages.parse(
        int, model="claude-sonnet-4-5", max_tokens=100, messages=[{"role": "user", "content": "Hi"}],
        output_config={"effort": "low"},
    )  # fmt: skip
    assert_type(message, ParsedMessage[int])
    assert_type(message.usage, ClaudeUsage | None)

    content = await client.gemini.models.parse(
        Recipe, model="gemini-2.5-flash", contents="Hi", generation_config={"temperature": 0}
    )
    assert_type(content, ParsedContent[Recipe])
    assert_type(content.response, GeminiGenerateContentResponse)


async def the_type_may_be_named(client: TikHubAI) -> Parsed[Recipe]:
    return await client.openai.responses.parse(response_format=Recipe, model="gpt-5", input="Hi", timeout=30)


async def mistakes_are_found(client: TikHubAI) -> None:
    await client.openai.chat.completions.parse(Recipe, model="gpt-5", mesages=[])  # type: ignore[call-arg]  # pyright: ignore
    await client.openai.chat.completions.parse(Recipe, model=5, messages=[])  # type: ignore[arg-type]  # pyright: ignore
    await client.openai.responses.parse("Recipe", model="gpt-5", input="Hi")  # type: ignore[arg-type]  # pyright: ignore
    await client.openai.responses.parse(
        Recipe,
        model="gpt-5",
        input="Hi",
        text={"format": {"type": "text"}},  # type: ignore[typeddict-unknown-key]  # pyright: ignore
    )
    await client.claude.messages.parse(
        Recipe,
        model="claude-sonnet-4-5",
        max_tokens=10,
        messages=[],
        output_config={"format": None},  # type: ignore[typeddict-unknown-key]  # pyright: ignore
    )
    await client.gemini.models.parse(
        Recipe,
        model="gemini-2.5-flash",
        contents="Hi",
        generation_config={"response_mime_type": "text/plain"},  # type: ignore[typeddict-unknown-key]  # pyright: ignore
    )
