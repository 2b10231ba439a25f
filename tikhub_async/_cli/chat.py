"""`tikhub-ai chat`: one question, the answer as it is written."""

import json as plain_json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tikhub_async._cli import output
from tikhub_async._cli.client import run
from tikhub_async._cli.options import Flag
from tikhub_async._cli.output import ExitCode, UsageError

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async.providers._chat import ChatCompletions
    from tikhub_async.types.chat import ChatCompletionResponse

Provider = Literal["openai", "claude", "deepseek"]


@dataclass(frozen=True)
class Speaker:
    """Who is asked."""

    model: str
    """When none is named."""
    completions: "Callable[[TikHubAI], ChatCompletions]"


SPEAKERS: dict[Provider, Speaker] = {
    "openai": Speaker("gpt-5-mini", lambda client: client.openai.chat.completions),
    "claude": Speaker("claude-sonnet-4-5", lambda client: client.claude.chat.completions),
    "deepseek": Speaker("deepseek-chat", lambda client: client.deepseek.chat.completions),
}


def chat(
    prompt: str | None = None,
    /,
    *,
    provider: Provider = "openai",
    model: str | None = None,
    system: str | None = None,
    stream: bool = True,
    json: Flag = False,
    base_url: str | None = None,
) -> ExitCode:
    """Ask a model; the answer is printed as it arrives.

    Args:
        prompt: What to ask. Left out: read from stdin.
        provider: Whose model.
        model: Default: gpt-5-mini, claude-sonnet-4-5 or deepseek-chat.
        system: Instructions that stand before the question.
        stream: Print the text as it is written, or all at once.
        json: Print the whole answer as one line of JSON instead of its text.
        base_url: The gateway. Default: TIKHUB_AI_BASE_URL, else https://ai.tikhub.io.
    """
    messages: list[dict[str, Any]] = [{"role": "user", "content": _prompt(prompt)}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    speaker = SPEAKERS[provider]
    question: dict[str, Any] = {"model": model or speaker.model, "messages": messages}

    async def ask(client: "TikHubAI") -> ExitCode:
        completions = speaker.completions(client)
        answer = await (_streamed if stream else _whole)(completions, question, json)
        _tell_usage(answer)
        return ExitCode.OK

    return run(ask, base_url)


def _prompt(given: str | None) -> str:
    if given is None and sys.stdin.isatty():
        raise UsageError("there is no prompt: give it as an argument, or on stdin")
    text = sys.stdin.read() if given is None else given
    if not text.strip():
        raise UsageError("the prompt is empty")
    return text


async def _whole(completions: "ChatCompletions", question: dict[str, Any], as_json: bool) -> "ChatCompletionResponse":
    answer = await completions.create(**question)
    if as_json:
        output.line(_line_of(answer))
    else:
        output.write(_ended(answer.text))
    return answer


async def _streamed(
    completions: "ChatCompletions", question: dict[str, Any], as_json: bool
) -> "ChatCompletionResponse":
    async with completions.stream(**question) as stream:
        last = "\n"
        try:
            async for piece in stream.text_stream:
                if not as_json:
                    output.write(piece)
                    last = piece
        finally:
            # Also when the stream breaks off: what arrived was paid for.
            if as_json and stream.stats.events:
                output.line(_line_of(stream.partial))
            elif not last.endswith("\n"):
                output.line()
        return await stream.final()


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _line_of(answer: "ChatCompletionResponse") -> str:
    """An answer as one line of JSON, without its nulls."""
    import msgspec

    from tikhub_async.types._base import without_nulls

    return plain_json.dumps(without_nulls(msgspec.to_builtins(answer)), ensure_ascii=False, separators=(",", ":"))


def _tell_usage(answer: "ChatCompletionResponse") -> None:
    usage = answer.usage
    if usage is None or usage.total_tokens is None:
        counts = "the provider did not say how many tokens"
    else:
        counts = f"{usage.prompt_tokens} + {usage.completion_tokens} = {usage.total_tokens} tokens"
    reasons = {choice.finish_reason for choice in answer.choices} - {"stop", None}
    ended = f", ended by {', '.join(sorted(str(reason) for reason in reasons))}" if reasons else ""
    output.note(f"{answer.model}: {counts}{ended}")
