"""A proxy that does what networks do, seeded: `python -m tests.faults.chaos [--long] [--seed N]` prints the outcomes.

Each seed draws, for each connection, what happens to the bytes of either direction: nothing, delay, split to single bytes,
a cut (FIN) or a reset behind byte N, a half-close, silence from byte N on, one flipped byte. Through it go creations,
chats, streams of all dialects, lists, deletions and downloads, some at once. What must hold, whatever happens:

1. Every call returns, with a result or an error of ours, by its deadline.
2. A creation reaches the server at most once unless it was refused; an answer that was lost is a named doubt.
3. What a stream delivers is a prefix of what was sent; a download is the file or an error.
4. Nothing is left: no task, no slot, no connection.
"""

import argparse
import asyncio
import random
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.calls import CALLS, CREATIONS, FILM, WORDS, Call, Caller
from tests.faults.cells import HANG, quick_looks
from tests.faults.doors import door
from tests.faults.streams import DIALECTS
from tikhub_async import RetryPolicy, TikHubAI, Timeouts
from tikhub_async.errors import InDoubtError, TikHubError
from tikhub_async.testing import TEST_KEY
from tikhub_async.testing.faultserver import FaultServer, Seen, Step, streamed

LIMITS = Timeouts(pool=1.0, connect=1.0, first_byte=0.3, answer=0.3, idle=0.3, total=1.5, poll=1.5)
QUICK = RetryPolicy(base=0.002, cap=0.02)
WRITES = 100
ACTS = ("cut", "reset", "half", "stall", "flip", "none")
STREAMS = [
    Call(
        "S",
        f"{name}.stream",
        part.path,
        streamed(part.events(WORDS)),
        lambda who, name=name: who.read(name),  # type: ignore[misc]
        CALLS["S"].is_right,
    )
    for name, part in DIALECTS.items()
]
ALL = [*CREATIONS, *STREAMS, CALLS["N"], CALLS["P"], CALLS["X"], CALLS["D"]]


@dataclass
class Plan:
    """What happens to one direction of one connection."""

    act: str
    at: int
    """Byte at which the act happens."""
    pieces: int
    """Bytes per write, for the first `WRITES` of them; 0 leaves them as they come."""
    pause: float
    """Seconds between these writes."""
    writes: int = 0


def drawn(rng: random.Random) -> Plan:
    """A plan; most are harmless, or nothing would ever get through."""
    act = rng.choice(ACTS) if rng.random() < 0.45 else "none"
    pieces = rng.choice([0, 0, 0, 1, 7, 100])
    pause = rng.choice([0.0, 0.0, 0.001, 0.01]) if pieces != 1 else 0.0
    return Plan(act, int(rng.expovariate(1 / 900)), pieces, pause)


class Chaos:
    """The proxy. Attributes: flipped: Whether any byte was changed, after which contents prove nothing."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.flipped = False
        self._port = port
        self._rng = rng

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = drawn(self._rng), drawn(self._rng)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.ensure_future(self._pass(reader, far_writer, writer, there)),
            asyncio.ensure_future(self._pass(far_reader, writer, far_writer, back)),
        ]
        try:
            await asyncio.wait(ways)
        finally:
            far_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter, plan: Plan
    ) -> None:
        passed = 0
        try:
            while data := await reader.read(65536):
                end = plan.at - passed
                ends = plan.act != "none" and len(data) > end
                if ends and plan.act == "flip":
                    data = bytes([*data[:end], data[end] ^ 1 << self._rng.randrange(8), *data[end + 1 :]])
                    self.flipped, plan.act, ends = True, "none", False
                await self._write(writer, data[:end] if ends else data, plan)
                passed += len(data)
                if ends:
                    await self._end(reader, writer, other, plan.act)
                    return
            writer.write_eof()
        except OSError:
            writer.transport.abort()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes, plan: Plan) -> None:
        start = 0
        while start < len(data):
            plan.writes += 1
            some = plan.writes < WRITES
            step = plan.pieces or len(data) if some else len(data)
            writer.write(data[start : start + step])
            await writer.drain()
            await asyncio.sleep(plan.pause if some else 0.0)
            start += step

    async def _end(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter, act: str
    ) -> None:
        if act == "half":
            writer.write_eof()
        elif act == "cut":
            writer.close()
            other.close()
        elif act == "reset":
            for side in (writer, other):
                peer = side.get_extra_info("socket")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.transport.abort()
        while await reader.read(65536):  # what is left goes nowhere; the connection stays until somebody leaves
            pass


def chat_or_stream(seen: Seen) -> Iterable[Step]:
    """Both have one path."""
    call = STREAMS[0] if b'"stream":true' in seen.body.replace(b" ", b"") else CALLS["N"]
    assert not callable(call.good)
    return call.good


class Seed:
    """One run: its calls, and what does not hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.rng = random.Random(number)
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def run(self, folder: Path) -> None:
        """Make the calls of this seed."""
        async with FaultServer() as server:
            for call in ALL:
                server.serve(call.path, call.good)
            server.serve(CALLS["N"].path, chat_or_stream)
            chaos = Chaos(server.port, self.rng)
            async with door(chaos) as port:
                await self._calls(server, chaos, f"http://127.0.0.1:{port}", folder)
            until = time.monotonic() + HANG
            while server.open_connections and time.monotonic() < until:
                await asyncio.sleep(0.002)
            if server.open_connections:
                self.wrong.append(f"{server.open_connections} connections are open")

    async def _calls(self, server: FaultServer, chaos: Chaos, base_url: str, folder: Path) -> None:
        client = TikHubAI(api_key=TEST_KEY, base_url=base_url, timeout=LIMITS, retries=QUICK, allow_private_media=True)
        server_url = server.url
        server.url = lambda path: base_url + path  # type: ignore[method-assign]
        calls = self.rng.sample(ALL, k=self.rng.randint(1, 6))
        try:
            if self.rng.random() < 0.5:
                await asyncio.gather(*(self._one(call, client, server, chaos, folder) for call in calls))
            else:
                for call in calls:
                    await self._one(call, client, server, chaos, folder)
            if taken := client._session.transport.pools().slots.taken:
                self.wrong.append(f"{taken} slots were not given back")
        finally:
            await client.aclose()
            server.url = server_url  # type: ignore[method-assign]

    async def _one(self, call: Call, client: TikHubAI, server: FaultServer, chaos: Chaos, folder: Path) -> None:
        who = Caller(client, server, folder / call.name)
        who.folder.mkdir()
        started = time.monotonic()
        error: BaseException | None = None
        result: Any = None
        try:
            async with asyncio.timeout(HANG):
                result = await call.run(who)
        except TikHubError as caught:
            error = caught
        except BaseException as caught:
            self.wrong.append(f"{call.name}: {type(caught).__name__} is no documented outcome: {caught}")
            return
        self.outcomes[f"{call.kind} {type(error).__name__ if error else 'ok'}"] += 1
        if call.kind != "D" and time.monotonic() - started > LIMITS.total + 4.0:  # type: ignore[operator]
            self.wrong.append(f"{call.name}: took {time.monotonic() - started:.1f} s")
        self.wrong += [f"{call.name}: {text}" for text in self._check(call, who, server, chaos, error, result)]

    def _check(
        self, call: Call, who: Caller, server: FaultServer, chaos: Chaos, error: BaseException | None, result: Any
    ) -> list[str]:
        wrong: list[str] = []
        if call.kind == "C":
            created = sum(seen.path == call.path for seen in server.seen)
            if created > 1:
                wrong.append(f"was sent {created} times")
            if created and error is not None and not isinstance(error, InDoubtError) and not chaos.flipped:
                wrong.append(f"was created, but the error is {type(error).__name__}")
        if chaos.flipped:
            return wrong
        if error is None and not call.is_right(result):
            wrong.append("the result is not what the server sent")
        if who.reading is not None and who.reading.words != WORDS[: len(who.reading.words)]:
            wrong.append(f"delivered {who.reading.words}")
        if call.kind == "D" and (path := who.folder / "film.mp4").exists() and path.read_bytes() != FILM:
            wrong.append("a file that is not the film")
        return wrong


async def campaign(seeds: range, at_once: int = 24) -> tuple[Counter[str], list[str]]:
    """Outcomes of all seeds, and what did not hold."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    room = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with room:
            seed = Seed(number)
            with tempfile.TemporaryDirectory() as folder:
                await seed.run(Path(folder))
        outcomes.update(seed.outcomes)
        wrong.extend(f"seed {number}: {text}" for text in seed.wrong)

    before = asyncio.all_tasks()
    with quick_looks():
        await asyncio.gather(*map(one, seeds))
    await asyncio.sleep(0.05)
    if left := asyncio.all_tasks() - before:
        wrong.append(f"{len(left)} tasks are left, as {next(iter(left))}")
    return outcomes, wrong


async def main(*, long: bool, seed: int | None) -> int:
    """All seeds, or one; the number of things that did not hold."""
    seeds = range(10_000 if long else 200) if seed is None else range(seed, seed + 1)
    started = time.monotonic()
    outcomes, wrong = await campaign(seeds)
    print("\n".join(wrong))
    for name, count in sorted(outcomes.items()):
        print(f"{count:7} {name}")
    print(f"{len(seeds)} seeds, {outcomes.total()} calls, {time.monotonic() - started:.0f} s; {len(wrong)} wrong")
    return len(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    sys.exit(bool(asyncio.run(main(long=options.long, seed=options.seed))))
