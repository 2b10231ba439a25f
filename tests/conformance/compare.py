"""The same exchanges through the official clients and through this package: what each caller sees.

    python -m tests.conformance.compare        # prints a table in Markdown; needs recorded exchanges

Each client is used as its own documentation shows, without retries, against a server that sends the recorded bytes. A
failure is *raised*, or *told* in a field that is there for it (`status: failed`, `prompt_feedback`), or it *looks like an
answer*: then the table has the text and the reason of its end as the caller gets them.
"""

import asyncio
import re
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import version as genai_version

from tests.conformance.calls import call_for
from tests.conformance.exchanges import Exchange, recorded
from tests.conformance.params import client_options
from tests.conformance.server import ReplayServer
from tikhub_async import TikHubAI, __version__
from tikhub_async.errors import TikHubError
from tikhub_async.testing import TEST_KEY, FakeClock

ASK: Any = [{"role": "user", "content": "Hi"}]
LIMIT = 20.0
"""Seconds for one call of one client."""
SHOWN = 60
"""Characters of a text or an error that the table shows."""

GOOD: tuple[tuple[str, str], ...] = (
    ("chat.plain", "chat"),
    ("chat.stream_default", "chat, streamed"),
    ("chat.stream_tools", "chat with a tool call, streamed"),
    ("chat.claude_stream", "chat with a Claude model, streamed"),
    ("responses.plain", "responses"),
    ("responses.stream", "responses, streamed"),
    ("messages.plain", "messages"),
    ("messages.stream", "messages, streamed"),
    ("gemini.plain", "Gemini"),
    ("gemini.stream_sse", "Gemini, streamed"),
)
FAILING: tuple[tuple[str, str], ...] = (
    ("chat.stream_cut_rst", "provider breaks off after two words; the gateway says `[DONE]`"),
    ("chat.stream_done_without_finish", "`[DONE]` without a finish reason"),
    ("chat.upstream_empty_200_stream", "provider answers nothing"),
    ("chat.upstream_html_200_stream", "provider answers an HTML page"),
    ("chat.stream_got_json", "provider answers in one piece instead of a stream"),
    ("chat.gemini_blocked_stream", "Gemini blocks the prompt"),
    ("chat.stream_error_event", "error object in the place of a chunk"),
    ("chat.claude_stream_error", "Claude overloaded in mid-stream: bare JSON at the end"),
    ("ping.chat_then_429", "pings, then the provider's 429 as bare JSON"),
    ("chat.upstream_err_200", "200 with an error object"),
    ("chat.nonstream_got_sse", "plain call answered as an event stream"),
    ("responses.stream_cut", "provider breaks off after one word"),
    ("responses.stream_got_json", "provider answers in one piece: the stream is empty"),
    ("responses.failed_plain", "200 with `status: failed`"),
    ("messages.stream_cut", "provider breaks off after one word"),
    ("messages.stream_error_event", "overloaded in mid-stream: bare JSON at the end"),
    ("messages.stream_got_json", "provider answers in one piece: the stream is empty"),
    ("messages.nonstream_got_sse", "plain call answered as an event stream"),
    ("ping.messages_then_529", "pings, then the provider's 529 as bare JSON"),
    ("gemini.stream_cut", "provider breaks off after one word"),
    ("gemini.stream_error_data", "error event after one word"),
    ("gemini.stream_empty", "provider answers nothing"),
    ("gemini.blocked_stream", "the prompt is blocked"),
)


@dataclass(frozen=True)
class Sight:
    """What a caller sees of one call."""

    what: str
    """The error's class and text, or the answer as it is presented."""
    raised: bool = False
    told: bool = False
    """No error, but a field that says that it failed."""

    def __str__(self) -> str:
        return f"{'raises' if self.raised else 'a field says' if self.told else 'an answer:'} {self.what}"


class Told(Exception):
    """An answer that says in a field of its own that it is none."""


# ── the official clients ────────────────────────────────────────────────────────────────────────────────────────────


async def _openai(exchange: Exchange, origin: str) -> str:
    async with openai.AsyncOpenAI(api_key=TEST_KEY, base_url=f"{origin}/v1", max_retries=0) as client:
        if exchange.path == "/v1/responses":
            return await _openai_response(client, exchange)
        model = "gpt-4o"
        if not exchange.streams:
            done = await client.chat.completions.create(model=model, messages=ASK)
            choices = getattr(done, "choices", None)
            if not choices:
                return f"{type(done).__name__} without choices"
            return _answer(choices[0].message.content, "finish_reason", choices[0].finish_reason)
        text, reason = "", None
        async for chunk in await client.chat.completions.create(model=model, messages=ASK, stream=True):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reason = choice.finish_reason or reason
        return _answer(text, "finish_reason", reason)


async def _openai_response(client: openai.AsyncOpenAI, exchange: Exchange) -> str:
    if not exchange.streams:
        done = await client.responses.create(model="gpt-4o", input="Hi")
        if done.status == "failed":
            raise Told(f"`status` {done.status}")
        return _answer(done.output_text, "status", done.status)
    text, last = "", None
    async for event in await client.responses.create(model="gpt-4o", input="Hi", stream=True):
        text += event.delta if event.type == "response.output_text.delta" else ""
        last = event.type
    return _answer(text, "last event", last)


async def _anthropic(exchange: Exchange, origin: str) -> str:
    async with anthropic.AsyncAnthropic(api_key=TEST_KEY, base_url=origin, max_retries=0) as client:
        asked: Any = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": ASK}
        if exchange.streams:
            async with client.messages.stream(**asked) as stream:
                text = "".join([piece async for piece in stream.text_stream])
                final = await stream.get_final_message()
            return _answer(text, "stop_reason", final.stop_reason)
        done = await client.messages.create(**asked)
        if not isinstance(done, anthropic.types.Message):
            return f"a {type(done).__name__} in the place of a message"
        return _answer("".join(getattr(block, "text", "") for block in done.content), "stop_reason", done.stop_reason)


async def _google(exchange: Exchange, origin: str) -> str:
    client = genai.Client(api_key=TEST_KEY, http_options={"base_url": origin})
    try:
        async with client.aio as aio:
            if not exchange.streams:
                done = await aio.models.generate_content(model="gemini-2.5-flash", contents="Hi")
                return _answer(done.text, "finish_reason", _finish(done))
            text, reason = "", None
            async for chunk in await aio.models.generate_content_stream(model="gemini-2.5-flash", contents="Hi"):
                text += chunk.text or ""
                reason = _finish(chunk) or reason
                if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
                    raise Told(f"`prompt_feedback` {chunk.prompt_feedback.block_reason.value}")
            return _answer(text, "finish_reason", reason)
    finally:
        client.close()


def _finish(answer: Any) -> str | None:
    reasons = [candidate.finish_reason for candidate in answer.candidates or () if candidate.finish_reason]
    return str(reasons[-1].value) if reasons else None


# ── this package ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _ours(exchange: Exchange, origin: str) -> str:
    call = call_for(exchange)
    options = {**client_options(exchange), "max_retries": 0, "clock": FakeClock()}
    async with TikHubAI(base_url=origin, **options) as client:
        started = call.start(client)
        done = await (started.final() if call.kind == "stream" else started)
        reason = getattr(done, "status", None) or getattr(done, "stop_reason", None)
        for answers in (getattr(done, "choices", None), getattr(done, "candidates", None)):
            reason = answers[0].finish_reason if answers else reason
        return _answer(done.text, "end", reason)


def _answer(text: str | None, name: str, reason: str | None) -> str:
    return f"{_short(text or '')!r}, {name} {reason}"


def _short(text: str) -> str:
    line = re.sub(r" \(request id: \w+\)", "", " ".join(text.split()))
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


# ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────────────

OFFICIAL: tuple[tuple[str, str, Callable[[Exchange, str], Awaitable[str]]], ...] = (
    ("/v1/messages", "anthropic", _anthropic),
    ("/v1beta/", "google-genai", _google),
    ("/v1/", "openai", _openai),
)


async def sights(exchange: Exchange) -> tuple[str, Sight, Sight]:
    """The official client's name, what its caller sees, and what ours sees."""
    name, official = next((name, use) for path, name, use in OFFICIAL if exchange.path.startswith(path))
    # Any exception counts for the official clients; of ours, only one of its own errors is no accident.
    return name, await _seen(official, exchange, Exception), await _seen(_ours, exchange, TikHubError)


async def _seen(use: Callable[[Exchange, str], Awaitable[str]], exchange: Exchange, errors: type[Exception]) -> Sight:
    async with ReplayServer(exchange) as server:
        try:
            async with asyncio.timeout(LIMIT):
                return Sight(await use(exchange, server.origin))
        except Told as told:
            return Sight(str(told), told=True)
        except errors as error:
            said = _short(str(getattr(error, "message", "") or error)) or "without a text"
            kept = getattr(getattr(error, "partial", None), "text", "")
            return Sight(f"`{type(error).__name__}` {said}{f', keeps {kept!r}' if kept else ''}", raised=True)


async def compare(
    cases: Sequence[tuple[str, str]], exchanges: Iterable[Exchange]
) -> list[tuple[str, str, str, Sight, Sight]]:
    """One row per case: exchange, what happened, client, what its caller sees, what ours sees."""
    by_id = {exchange.id: exchange for exchange in exchanges}
    rows = []
    for name, what in cases:
        client, theirs, ours = await sights(by_id[name])
        rows.append((name, what, client, theirs, ours))
    return rows


def table(rows: Iterable[tuple[str, str, str, Sight, Sight]]) -> str:
    """The rows in Markdown."""
    lines = ["| route | what happens | official client | its caller sees | ours sees |", "|---|---|---|---|---|"]
    for name, what, client, theirs, ours in rows:
        route = name.partition(".")[0].replace("ping", "messages" if "messages" in name else "chat")
        lines.append("| " + " | ".join(_cell(str(cell)) for cell in (route, what, client, theirs, ours)) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def summary(good: Sequence[tuple[Any, ...]], failing: Sequence[tuple[Any, ...]]) -> str:
    """The counts, with the versions that were measured."""
    versions = (
        f"openai {openai.__version__}, anthropic {anthropic.__version__}, google-genai {genai_version.__version__}, "
        f"tikhub-async {__version__}, Python {sys.version.partition(' ')[0]}"
    )
    lines = [
        "| | good calls completed | failures raised | told in a field | looking like an answer |",
        "|---|---|---|---|---|",
    ]
    for who, place in (("official clients", 3), ("tikhub-async", 4)):
        seen = [row[place] for row in failing]
        raised, told = sum(sight.raised for sight in seen), sum(sight.told for sight in seen)
        completed = sum(not row[place].raised for row in good)
        lines.append(
            f"| {who} | {completed} of {len(good)} | {raised} of {len(seen)} | {told} | {len(seen) - raised - told} |"
        )
    return "\n".join([f"Measured with {versions}.", "", *lines])


async def main() -> int:
    """Print the comparison; 1 where there are no recorded exchanges."""
    if not recorded():
        print("no recorded exchanges: set TIKHUB_FIXTURES to the folder that holds recorded/", file=sys.stderr)
        return 1
    good, failing = await compare(GOOD, recorded()), await compare(FAILING, recorded())
    print(summary(good, failing), table(good), table(failing), sep="\n\n")
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the clients warn of models they consider old
    sys.exit(asyncio.run(main()))
