"""`tikhub-ai demo`: what the package does, against the emulator in this process. No key, no network, no cost."""

import contextlib
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikhub_async._cli import output
from tikhub_async._cli.following import Outcome, follow
from tikhub_async._cli.options import Flag, Following
from tikhub_async._cli.output import ExitCode
from tikhub_async._cli.progress import make_board

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async.testing import Emulator

QUESTION = "What can I do with one key for eight providers?"


@dataclass(frozen=True)
class Film:
    """A video of the demo."""

    name: str
    prompt: str
    seconds: float
    """Until it is done: three ends at three moments show more than one."""


FILMS = (
    Film("lighthouse", "A lighthouse in a storm, seen from the sea", 4.0),
    Film("forbidden", "Something that the provider's filter refuses [[fail]]", 5.0),
    Film("tram", "A tram climbing a steep street at dawn", 6.5),
)

BATCH_LINES = 40
BATCH_LIMIT = 15

CODE = """\
import asyncio
from tikhub_async import TikHubAI

async def main():
    async with TikHubAI() as client:
        task = await client.seedance.create(
            model="doubao-seedance-1-5-pro-251215",
            content=[{"type": "text", "text": "A lighthouse in a storm"}],
        )
        video = await task.wait()
        await video.download("lighthouse.mp4")

asyncio.run(main())
"""


@dataclass(frozen=True)
class Speed:
    """How fast the emulator plays."""

    pace: float
    """Seconds between two pieces of text."""
    films: float
    """Factor on the films' seconds."""
    poll_interval: float
    """Seconds; at the real gateway the default of 5 and more is right."""


NORMAL = Speed(pace=0.08, films=1.0, poll_interval=0.4)
FAST = Speed(pace=0.0, films=0.05, poll_interval=0.05)


def demo(*, output: str = "tikhub-demo", fast: Flag = False) -> ExitCode:
    """Show a streamed chat, three videos at once and a batch: ten seconds, without a key, without the network.

    Args:
        output: Folder for the videos.
        fast: Do not play it at the speed of life.
    """
    import asyncio

    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_play(folder, FAST if fast else NORMAL))


async def _play(folder: Path, speed: Speed) -> ExitCode:
    from tikhub_async import TikHubAI
    from tikhub_async.testing import TEST_KEY, Emulator

    async with Emulator(pace=speed.pace) as gateway:
        output.line("TikHub AI demo: an emulated gateway on this machine. No key, no network, no cost.")
        async with TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url) as client:
            await _chat(client)
            await _videos(client, gateway, folder, speed)
            await _batch(client, gateway)
        _sum_up(gateway, folder)
    return ExitCode.OK


async def _chat(client: "TikHubAI") -> None:
    output.line("\n1. A chat, as it is written\n")
    output.line(f"> {QUESTION}")
    completions = client.openai.chat.completions
    async with completions.stream(model="gpt-5", messages=[{"role": "user", "content": QUESTION}]) as stream:
        async for piece in stream.text_stream:
            output.write(piece)
    usage = (await stream.final()).usage
    output.line()
    if usage is not None:
        output.line(f"({stream.stats.events} events, {usage.total_tokens} tokens)")


async def _videos(client: "TikHubAI", gateway: "Emulator", folder: Path, speed: Speed) -> None:
    import asyncio

    output.line("\n2. Three videos at once; one of them is made to fail\n")
    creations = [
        client.seedance.create(
            model="doubao-seedance-1-5-pro-251215",
            content=[{"type": "text", "text": film.prompt}],
            ratio="16:9",
            duration=5,
        )
        for film in FILMS
    ]
    tasks = await asyncio.gather(*creations)
    following = Following(overwrite=True, timeout=60.0, poll_interval=speed.poll_interval)
    with make_board() as board:
        waits: list[Coroutine[Any, Any, Outcome]] = []
        for film, task in zip(FILMS, tasks, strict=True):
            emulated = gateway.tasks.find(task.id)
            assert emulated is not None
            emulated.seconds = film.seconds * speed.films
            board.add(task.id, film.name)
            board.show(task.id, task.status, task.progress)
            waits.append(follow(task, following, board, folder / f"{film.name}.mp4"))
        outcomes = await asyncio.gather(*waits)
    if output.is_live(sys.stderr):
        output.line()  # away from the bars
    for outcome in outcomes:
        if outcome.error is not None:
            output.report(outcome.error)
        else:
            output.line(f"saved {outcome.path}")


async def _batch(client: "TikHubAI", gateway: "Emulator") -> None:
    """A batch that stops in the middle and is taken up again: nothing is sent twice."""
    import tempfile

    from tikhub_async.errors import SpendLimitReached

    output.line(f"\n3. A batch of {BATCH_LINES} lines, stopped by a limit and taken up again\n")
    before = len(gateway.seen("chat.completions"))
    lines = [
        {"url": "/v1/chat/completions", "body": {"model": "gpt-5", "messages": [{"role": "user", "content": question}]}}
        for question in (f"Question {number}" for number in range(1, BATCH_LINES + 1))
    ]
    with tempfile.TemporaryDirectory() as folder:
        answers = f"{folder}/answers.jsonl"
        first = client.batch.run(lines, answers, max_items=BATCH_LIMIT)
        with contextlib.suppress(SpendLimitReached):
            await first.finish()
        output.line(f"first run:  {first.report.ok} answers, then its limit of {BATCH_LIMIT} requests was reached")
        second = await client.batch.run(lines, answers, resume=True).finish()
    sent = len(gateway.seen("chat.completions")) - before
    output.line(f"second run: {second.ok} answers more, {second.skipped} were there; {sent} requests in all")


def _sum_up(gateway: "Emulator", folder: Path) -> None:
    looks = len(gateway.seen("seedance.retrieve"))
    output.line("\nWhat happened\n")
    output.line(f"  {len(gateway.requests)} requests reached the gateway, {looks} of them looks at the three tasks.")
    output.line(
        f"  {len(gateway.paid)} paid creations, each sent once. Two videos are in {folder}/, one failed and said why."
    )
    output.line("\nWhat to do next\n")
    output.line("  export TIKHUB_AI_API_KEY=sk-…")
    output.line('  tikhub-ai chat "Hello"')
    output.line('  tikhub-ai video seedance "A lighthouse in a storm" --output lighthouse.mp4')
    output.line("\nor, in Python:\n")
    output.write("".join(f"  {text}" if text.strip() else text for text in CODE.splitlines(keepends=True)))
