"""The same faults against the official clients: `python -m tests.faults.peers` prints the table of `docs/money.md`.

Each cell is one call into a server that does the same thing every time: how many POSTs it saw, and what the caller got.
All clients have their own defaults, except for a time limit of three seconds, so that silence ends.
"""

import asyncio
import platform
import warnings
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version
from typing import Any, NamedTuple

import anthropic
import openai

from tests.faults.calls import CHAT, CREATED, answer
from tests.faults.streams import DIALECTS, MESSAGES
from tikhub_async import TikHubAI, Timeouts
from tikhub_async.testing import TEST_KEY, Drop, Html, RateLimited, Reply, Reset, SlowHeaders, Truncate
from tikhub_async.testing.faultserver import FaultServer, Seen, Step, streamed
from tikhub_async.testing.faultserver import Reply as Said

LIMIT = 3.0
WORDS = [f"{number} " for number in range(10)]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
ERROR = {"error": {"message": "no", "type": "server_error", "code": None}, "type": "error"}
HI: Any = {"model": "m", "messages": MESSAGES}
VIDEO: Any = {"model": "sora-2", "prompt": "A cat"}


class Fault(NamedTuple):
    """A row: what the server does, to whole answers and to streams."""

    name: str
    whole: Said
    stream: Said | None


FAULTS = [
    Fault("closes the connection after the request", Drop(), Drop()),
    Fault("resets it", Reset(), Reset()),
    Fault("says nothing", SlowHeaders(seconds=None), SlowHeaders(seconds=None)),
    Fault("500", Reply(status=500, json=ERROR), Reply(status=500, json=ERROR)),
    Fault("502 as a page", Html(status=502), Html(status=502)),
    Fault("503", Reply(status=503, json=ERROR), Reply(status=503, json=ERROR)),
    Fault("408", Reply(status=408, json=ERROR), Reply(status=408, json=ERROR)),
    Fault("409", Reply(status=409, json=ERROR), Reply(status=409, json=ERROR)),
    Fault("429", RateLimited(), RateLimited()),
    Fault("400", Reply(status=400, json=ERROR), Reply(status=400, json=ERROR)),
    Fault("breaks off inside a 200", Truncate(), Truncate(after_events=5)),
    Fault("ends a 200 early, but properly", Truncate(clean=True), Truncate(after_events=5, clean=True)),
]


async def _openai(origin: str, call: Callable[[openai.AsyncOpenAI], Awaitable[str]]) -> str:
    async with openai.AsyncOpenAI(api_key=TEST_KEY, base_url=f"{origin}/v1", timeout=LIMIT) as client:
        return await call(client)


async def _anthropic(origin: str, call: Callable[[anthropic.AsyncAnthropic], Awaitable[str]]) -> str:
    async with anthropic.AsyncAnthropic(api_key=TEST_KEY, base_url=origin, timeout=LIMIT) as client:
        return await call(client)


async def _ours(origin: str, call: Callable[[TikHubAI], Awaitable[str]]) -> str:
    limits = Timeouts(first_byte=LIMIT, answer=LIMIT, idle=LIMIT)
    async with TikHubAI(api_key=TEST_KEY, base_url=origin, timeout=limits) as client:
        return await call(client)


async def _read(stream: Any, text: Callable[[Any], str | None]) -> str:
    """How much of a stream came before it ended without an error."""
    words = [word async for item in stream if (word := text(item))]
    return f"{len(words)} of {len(WORDS)} words, no error"


async def _openai_stream(client: openai.AsyncOpenAI) -> str:
    stream = await client.chat.completions.create(**HI, stream=True)
    return await _read(stream, lambda chunk: chunk.choices[0].delta.content if chunk.choices else None)


async def _anthropic_stream(client: anthropic.AsyncAnthropic) -> str:
    async with client.messages.stream(max_tokens=9, **HI) as stream:
        return await _read(stream.text_stream, str)


async def _our_stream(client: TikHubAI) -> str:
    async with client.openai.chat.completions.stream(**HI) as stream:
        return await _read(stream.text_stream, str)


async def _done(call: Awaitable[Any]) -> str:
    await call
    return "a result"


class Column(NamedTuple):
    """One call of one client."""

    who: str
    call: str
    streams: bool
    run: Callable[[str], Awaitable[str]]


COLUMNS = [
    Column("openai", "A paid video", False, lambda at: _openai(at, lambda ai: _done(ai.videos.create(**VIDEO)))),
    Column("tikhub-async", "A paid video", False, lambda at: _ours(at, lambda ai: _done(ai.sora.create(**VIDEO)))),
    Column("openai", "An answer", False, lambda at: _openai(at, lambda ai: _done(ai.chat.completions.create(**HI)))),
    Column(
        "anthropic",
        "An answer",
        False,
        lambda at: _anthropic(at, lambda ai: _done(ai.messages.create(max_tokens=9, **HI))),
    ),
    Column(
        "tikhub-async",
        "An answer",
        False,
        lambda at: _ours(at, lambda ai: _done(ai.openai.chat.completions.create(**HI))),
    ),
    Column("openai", "A stream", True, lambda at: _openai(at, _openai_stream)),
    Column("anthropic", "A stream", True, lambda at: _anthropic(at, _anthropic_stream)),
    Column("tikhub-async", "A stream", True, lambda at: _ours(at, _our_stream)),
]
"""The calls: `videos.create` and `sora.create`, `chat.completions.create` and `messages.create`, and their streams."""


def furnish(server: FaultServer, *, streams: bool) -> None:
    """Good answers for all columns."""
    server.serve("/v1/videos", answer(CREATED))

    def said(name: str, whole: Any) -> Callable[[Seen], Iterable[Step]]:
        return lambda seen: streamed(DIALECTS[name].events(WORDS)) if streams else answer(whole)

    server.serve(DIALECTS["chat"].path, said("chat", CHAT))
    server.serve(DIALECTS["messages"].path, said("messages", MESSAGE))


async def cell(fault: Fault, column: Column) -> str:
    """POSTs that the server saw, and what the caller saw."""
    reply = fault.stream if column.streams else fault.whole
    assert reply is not None
    async with FaultServer() as server:
        furnish(server, streams=column.streams)
        for path in ("/v1/videos", DIALECTS["chat"].path, DIALECTS["messages"].path):
            server.script(path, *[reply] * 20)
        try:
            saw = await column.run(server.origin)
        except Exception as error:
            saw = f"{type(error).__name__}"
        return f"{server.posts} · {saw}"


async def table() -> list[list[str]]:
    """All cells, by row."""
    # Making one of the clients takes the loop for a while; many at once would time each other out.
    room = asyncio.Semaphore(6)

    async def one(fault: Fault, column: Column) -> str:
        async with room:
            return await cell(fault, column)

    rows = [asyncio.gather(*(one(fault, column) for column in COLUMNS)) for fault in FAULTS]
    return list(await asyncio.gather(*rows))


def markdown(cells: list[list[str]], call: str) -> str:
    """The columns of one call, ours beside the others."""
    chosen = [number for number, column in enumerate(COLUMNS) if column.call == call]
    head = ["the server …", *(COLUMNS[number].who for number in chosen)]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for fault, row in zip(FAULTS, cells, strict=True):
        lines.append(f"| {fault.name} | {' | '.join(row[number] for number in chosen)} |")
    return "\n".join(lines)


async def main() -> None:
    """Measure, and print Markdown."""
    cells = await table()
    for call in dict.fromkeys(column.call for column in COLUMNS):
        print(f"**{call}**\n\n{markdown(cells, call)}\n")
    names = ("openai", "anthropic", "tikhub-async")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    print(f"Measured with {versions}, CPython {platform.python_version()}.")


def _version(name: str) -> str:
    if name == "tikhub-async":
        from tikhub_async._version import __version__

        return __version__
    return version(name)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # of videos.create, by openai
    asyncio.run(main())
