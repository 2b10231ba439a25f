"""A server in a process of its own, so that memory, descriptors and loop lag measured here are the client's alone.

Its streams count: the model's name says how many events to send, and how fast, as `count-200` or `count-200-5ms`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from tests.faults.calls import CALLS, CREATIONS
from tests.faults.streams import DIALECTS, event
from tikhub_async.testing.faultserver import STALL, FaultServer, Pause, Seen, Step, chunk, head

CHAT = DIALECTS["chat"].path


def model(events: int, milliseconds: int = 0) -> str:
    """The name of a model that answers so."""
    return f"count-{events}-{milliseconds}ms"


def counted(seen: Seen) -> Iterator[Step]:
    """A stream of numbers; `count-0` says nothing at all."""
    _, events, pause = str(json.loads(seen.body)["model"]).split("-")
    seconds = int(pause.removesuffix("ms")) / 1000
    yield head(chunked=True, content_type="text/event-stream")
    if events == "0":
        yield STALL
    for number in range(int(events)):
        delta = {"index": 0, "delta": {"content": f"{number} "}}
        yield chunk(event({"id": "c", "created": 1, "model": "m", "choices": [delta]}))
        if seconds:
            yield Pause(seconds)
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield chunk(event({"id": "c", "created": 1, "model": "m", "choices": [last]}) + event("[DONE]"))
    yield chunk(b"")


def furnish(server: FaultServer) -> None:
    """Let it answer everything that the suites ask."""
    server.serve(CHAT, counted)
    for call in (*CREATIONS, CALLS["P"], CALLS["D"], CALLS["X"]):
        server.serve(call.path, call.good)


async def _serve() -> None:
    async with FaultServer() as server:
        furnish(server)
        print(server.origin, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """Its base URL; the process ends with the block, or with us."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
