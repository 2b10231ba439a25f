"""Every public coroutine, cancelled at every tick: `python -m tests.faults.cancel [--long]` prints what became of them.

A call is cancelled after 0, 1, 2 … ticks of the loop, natively (`task.cancel()`) and by an anyio scope. Then: no slot and
no task is left, nothing is reported as never retrieved, the scope has caught its own cancellation and no other, and of
every creation that the gateway has paid for the id is known, or the doubt is named.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from tests.faults.calls import VIDEO
from tests.faults.streams import MESSAGES
from tikhub_async import TikHubAI
from tikhub_async.errors import InDoubtError, TikHubError
from tikhub_async.testing import TEST_KEY, Emulator

CHAT: Any = {"model": "gpt-4o", "messages": MESSAGES}
SORA: Any = {"model": "sora-2", "prompt": "A cat"}
KLING: Any = {"model_name": "kling-v2-6", "prompt": "A cat"}
VEO: Any = {"model": "veo-3.0-generate-001", "instances": [{"prompt": "A cat"}]}
CLAUDE: Any = {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": MESSAGES}
GEMINI: Any = {"model": "gemini-2.5-flash", "contents": "Count"}
SPEECH: Any = {"model": "whisper-1", "file": ("speech.mp3", b"ID3" + bytes(99))}


CUT = object()
"""In the place of a result: there is none."""


class World:
    """A gateway, a client, and a video that is done."""

    def __init__(self, gw: Emulator, client: TikHubAI, folder: Path) -> None:
        self.gw = gw
        self.client = client
        self.folder = folder
        self.done: Any = None
        """A finished task."""
        self.known: set[str] = set()
        """Ids of creations that somebody was told."""
        self.doubts = 0

    async def read(self, stream: Any) -> None:
        async with stream:
            async for _ in stream:
                pass

    async def first_of(self, stream: Any) -> None:
        async with stream:
            await anext(stream)

    async def waited(self) -> None:
        task = self.client.tasks.attach(self.done.to_dict())
        await task.wait(poll_interval=0.001)

    async def updated(self) -> None:
        async with self.client.tasks.attach(self.done.to_dict()).updates(poll_interval=0.001) as updates:
            async for _ in updates:
                pass

    async def completed(self) -> None:
        tasks = [self.client.tasks.attach(self.done.to_dict()) for _ in range(2)]
        async with self.client.tasks.as_completed(tasks, poll_interval=0.001) as ended:
            async for _ in ended:
                pass

    async def bytes_of(self) -> None:
        async with self.done.video().open() as reader:
            async for _ in reader:
                pass

    async def closed(self) -> None:
        async with TikHubAI(api_key=TEST_KEY, base_url=self.gw.base_url) as client:
            await client.models.list()


def _saved(world: World) -> Any:
    return [world.client.tasks.attach(world.done.to_dict())]


CREATIONS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "seedance.create": lambda w: w.client.seedance.create(**VIDEO),
    "sora.create": lambda w: w.client.sora.create(**SORA),
    "kling.text2video.create": lambda w: w.client.kling.text2video.create(**KLING),
    "kling.image2video.create": lambda w: w.client.kling.image2video.create(**KLING, image="https://a.example/cat.png"),
    "veo.generate": lambda w: w.client.veo.generate(**VEO),
}
OTHERS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "openai.chat.completions.create": lambda w: w.client.openai.chat.completions.create(**CHAT),
    "openai.chat.completions.stream": lambda w: w.read(w.client.openai.chat.completions.stream(**CHAT)),
    "one event": lambda w: w.first_of(w.client.openai.chat.completions.stream(**CHAT)),
    "final": lambda w: w.client.openai.chat.completions.stream(**CHAT).final(),
    "openai.responses.create": lambda w: w.client.openai.responses.create(model="gpt-4o", input="Count"),
    "openai.responses.stream": lambda w: w.read(w.client.openai.responses.stream(model="gpt-4o", input="Count")),
    "openai.embeddings.create": lambda w: w.client.openai.embeddings.create(
        model="text-embedding-3-small", input="Count"
    ),
    "openai.audio.transcriptions.create": lambda w: w.client.openai.audio.transcriptions.create(**SPEECH),
    "claude.messages.create": lambda w: w.client.claude.messages.create(**CLAUDE),
    "claude.messages.stream": lambda w: w.read(w.client.claude.messages.stream(**CLAUDE)),
    "gemini.models.generate_content": lambda w: w.client.gemini.models.generate_content(**GEMINI),
    "gemini.models.generate_content_stream": lambda w: w.read(w.client.gemini.models.generate_content_stream(**GEMINI)),
    "deepseek.chat.completions.create": lambda w: w.client.deepseek.chat.completions.create(
        model="deepseek-chat", messages=MESSAGES
    ),
    "models.list": lambda w: w.client.models.list(),
    "seedance.retrieve": lambda w: w.client.seedance.retrieve(w.done.id),
    "refresh": lambda w: w.client.tasks.attach(w.done.to_dict()).refresh(),
    "wait": lambda w: w.waited(),
    "updates": lambda w: w.updated(),
    "tasks.wait_all": lambda w: w.client.tasks.wait_all(_saved(w), poll_interval=0.001),
    "tasks.as_completed": lambda w: w.completed(),
    "download": lambda w: w.done.download(w.folder / "film.mp4", overwrite=True),
    "open": lambda w: w.bytes_of(),
    "client.get": lambda w: w.client.get("/v1/models"),
    "async with, aclose": lambda w: w.closed(),
}
ALL = {**CREATIONS, **OTHERS}


async def cancelled(call: Callable[[], Awaitable[Any]], ticks: int, how: str) -> tuple[Any, list[str]]:
    """The call's result, `CUT` where the cancellation came first, and what does not hold."""
    wrong: list[str] = []
    scopes: list[anyio.CancelScope] = []

    async def natively() -> Any:
        return await call()

    async def in_scope() -> Any:
        result: Any = CUT
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            result = await call()
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            wrong.append(f"cancelling() is {task.cancelling()} behind the scope")
        if result is CUT and not scope.cancelled_caught:
            wrong.append("the scope did not catch its cancellation")
        return result

    running = asyncio.ensure_future(natively() if how == "native" else in_scope())
    for _ in range(ticks):
        await asyncio.sleep(0)
    if how == "native" or not scopes:
        running.cancel()
    else:
        scopes[0].cancel()
    await asyncio.wait([running])
    if running.cancelled():
        return CUT, wrong
    error = running.exception()
    if error is not None:
        wrong.append(f"{type(error).__name__}: {error}")
        return CUT, wrong
    return running.result(), wrong


async def sweep(name: str, ticks: range, folder: Path) -> tuple[int, int, list[str]]:
    """Cancel one coroutine at all these ticks, both ways: runs that were cut short, creations paid, what does not hold."""
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(str(context)))
    wrong: list[str] = []
    cut = 0
    async with Emulator(pace=0, task_seconds=0.0) as gw:
        async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, allow_private_media=True) as client:
            world = World(gw, client, folder)
            world.done = await (await client.seedance.create(**VIDEO)).refresh()
            world.known.add(world.done.id)
            await asyncio.sleep(0)
            before = asyncio.all_tasks()
            for how in ("native", "anyio"):
                for tick in ticks:
                    result, complaints = await cancelled(lambda: ALL[name](world), tick, how)
                    cut += result is CUT
                    if name in CREATIONS and result is not CUT:
                        world.known.add(result.id)
                    complaints += await _left(world, before)
                    wrong += [f"{name}, {how}, tick {tick}: {text}" for text in complaints]
        paid = len(gw.paid)
        lost = [creation.id for creation in gw.paid if creation.id not in world.known]
        if len(lost) > world.doubts:
            wrong.append(f"{name}: {len(lost)} of {paid} creations are lost")
        await gw.assert_no_leaks()
    gc.collect()
    wrong += [f"{name}: {text}" for text in reported]
    return cut, paid, wrong


async def _left(world: World, before: set[Any]) -> list[str]:
    """What a cancelled call left behind, once what it began has ended."""
    client, transport = world.client, world.client._session.transport
    until = time.monotonic() + 10.0
    pools = transport.pools()
    while transport._tasks or asyncio.all_tasks() - before - _servers() or pools.slots.taken:
        if time.monotonic() > until:
            tasks = asyncio.all_tasks() - before - _servers()
            return [f"left behind: {len(transport._tasks)} creations, {pools.slots.taken} slots, {tasks}"]
        await asyncio.sleep(0)
    for orphan in client.tasks.orphans():
        if orphan.answer is not None:
            body = orphan.answer.body.decode()
            world.known.update(creation.id for creation in world.gw.paid if creation.id in body)
        elif isinstance(orphan.error, InDoubtError):
            world.doubts += 1
        elif not isinstance(orphan.error, TikHubError):
            return [f"an orphan without an outcome: {orphan}"]
    return []


def _servers() -> set[Any]:
    """Tasks of the emulator, which shares the loop: aiohttp's handlers."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" in repr(task.get_coro())}


async def main(*, long: bool) -> int:
    """All coroutines; the number of things that do not hold."""
    ticks = range(301) if long else range(51)
    failures: list[str] = []
    total_paid = 0
    for name in ALL:
        with tempfile.TemporaryDirectory() as folder:
            cut, paid, wrong = await sweep(name, ticks, Path(folder))
        failures += wrong
        total_paid += paid - (name not in CREATIONS)
        print(f"{name:40} {2 * len(ticks)} runs, {cut} cut short" + (f", {paid} paid" if name in CREATIONS else ""))
    print("\n".join(failures))
    print(f"{len(ALL)} coroutines, {len(ticks)} ticks, 2 ways; {total_paid} creations paid; {len(failures)} wrong")
    return len(failures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    sys.exit(bool(asyncio.run(main(long=parser.parse_args().long))))
