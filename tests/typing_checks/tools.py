"""Checked by mypy and pyright, never run: what `@tool` and `run_tools` give, and what they refuse."""

from collections.abc import Coroutine
from typing import Any, Literal, assert_type

from tikhub_async import TikHubAI
from tikhub_async.tools import Tool, ToolCalled, ToolReturned, ToolRunner, TurnEnded, run_tools, tool
from tikhub_async.types.chat import ChatCompletionChunk, ChatCompletionResponse, ChatMessage
from tikhub_async.types.claude import ClaudeMessageResponse, MessageStreamEvent
from tikhub_async.types.gemini import GeminiChunk, GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject, ResponseStreamEvent


@tool
async def weather(city: str, unit: Literal["C", "F"] = "C") -> float:
    """The weather."""
    return len(city) if unit == "C" else 0.0


@tool(name="time", timeout=5)
def now(zone: str) -> str:
    """The time."""
    return zone


def plain(text: str) -> int:
    """Counts."""
    return len(text)


async def a_tool_keeps_the_functions_signature() -> None:
    assert_type(await weather("Oslo", unit="F"), float)
    call: Coroutine[Any, Any, float] = weather("Oslo")
    assert_type(await call, float)
    assert_type(now("UTC"), str)
    assert_type(now.name, str)
    await weather(5)  # type: ignore[arg-type]  # pyright: ignore
    now()  # type: ignore[call-arg]  # pyright: ignore


async def a_run_has_the_providers_types(client: TikHubAI) -> None:
    history: list[ChatMessage] = [{"role": "user", "content": "Hi"}]
    run = run_tools(client.openai.chat.completions, [weather, now, plain], model="gpt-5", messages=history, max_turns=5)
    assert_type(run, ToolRunner[ChatCompletionChunk, ChatCompletionResponse])
    assert_type(await run.final(), ChatCompletionResponse)
    assert_type(run.response, ChatCompletionResponse | None)
    async for event in run:
        assert_type(event, ChatCompletionChunk | TurnEnded[ChatCompletionResponse] | ToolCalled | ToolReturned)
        if isinstance(event, ChatCompletionChunk):
            print(event.text)
    again = run_tools(client.deepseek.chat.completions, [now], model="deepseek-chat", messages=run.messages)
    assert_type(again, ToolRunner[ChatCompletionChunk, ChatCompletionResponse])

    responses = run_tools(
        client.openai.responses, [weather], model="gpt-5", input="Hi", tools=[{"type": "web_search"}], tool_timeout=10
    )
    assert_type(responses, ToolRunner[ResponseStreamEvent, ResponseObject])
    messages = run_tools(
        client.claude.messages, [weather], model="claude-sonnet-4-5", max_tokens=9,
        messages=[{"role": "user", "content": "Hi"}],
    )  # fmt: skip
    assert_type(messages, ToolRunner[MessageStreamEvent, ClaudeMessageResponse])
    content = run_tools(client.gemini.models, [weather], model="gemini-2.5-flash", contents="Hi")
    assert_type(content, ToolRunner[GeminiChunk, GeminiGenerateContentResponse])


async def mistakes_are_found(client: TikHubAI) -> None:
    run_tools(client.openai.embeddings, [weather], model="x", input="Hi")  # type: ignore[call-overload]  # pyright: ignore
    run_tools(client.openai.responses, [weather], model="gpt-5", inputs="Hi")  # type: ignore[call-overload]  # pyright: ignore
    run_tools(client.openai.responses, [5], model="gpt-5", input="Hi")  # type: ignore[list-item]  # pyright: ignore
    unrelated: Tool[..., Any] = "weather"  # type: ignore[assignment]  # pyright: ignore
    print(unrelated)
