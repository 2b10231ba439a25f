"""`run_shard`: a part of an input as one plain function, for any executor on any machine.

It is top-level, synchronous and picklable, makes an event loop and a client of its own with the key of its machine's
environment, and can be repeated at will: what earlier attempts have done is not done again.
"""

import asyncio
import os
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from tikhub_async.batch.index import State
from tikhub_async.batch.ledger import Ledger
from tikhub_async.batch.lines import BLOCK, FileLines, Range
from tikhub_async.batch.options import settings_of
from tikhub_async.batch.parts import Fence, Part, claim, is_stopped, parts_in
from tikhub_async.batch.results import BatchReport
from tikhub_async.batch.routes import Routes
from tikhub_async.batch.runner import BatchRun
from tikhub_async.batch.store import take_in_earlier
from tikhub_async.batch.work import Superseded
from tikhub_async.errors import JournalError, SpendLimitReached, TikHubError

STOPPED = "the stop flag was set"
CUT = "shards.json"
"""In the folder of parts: how the input was cut."""
LINES = 256
"""Lines of a shard: enough to keep a worker busy, few enough to lose little time when one is lost."""


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an input file."""

    number: int
    input: str
    """The file; every worker must see it under this name."""
    start: int
    """First byte."""
    end: int
    """Byte behind the last one."""
    first: int
    """Number of its first line."""
    folder: str
    """Where parts go; every worker must see it under this name, and appending must work there."""
    max_items: int | None = None
    """Share of the job's `max_items`."""


class ShardOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How shards are run. No key: each worker takes that of its environment."""

    options: dict[str, Any] = {}
    """As `BatchOptions`; `resend` is `chat` unless given, because nobody is there to ask."""
    base_url: str | None = None
    """The gateway. Default: `TIKHUB_AI_BASE_URL` of the worker."""
    client: dict[str, Any] = {}
    """More arguments of `TikHubAI`, such as `kling_metadata`."""


class ShardReport(msgspec.Struct, kw_only=True):
    """What became of a shard."""

    number: int
    attempt: int = 0
    """0 when earlier attempts had done everything."""
    ok: int = 0
    failed: int = 0
    skipped: int = 0
    """Lines that earlier attempts had settled."""
    pending: int = 0
    in_doubt: list[str] = []
    """`custom_id` of lines whose outcome is unknown."""
    repeated: int = 0
    """Requests that followed one whose outcome is unknown, in all attempts: chats that were in flight when a worker died,
    and what the user chose to retry."""
    sent: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    quota: float = 0.0
    seconds: float = 0.0
    errors: dict[str, int] = {}
    stopped: str | None = None
    """Why it ended before its end."""
    error: TikHubError | None = None
    """The same as an error, where it was one."""
    fatal: bool = False
    """True when every other shard would end the same way: the key, the balance, a limit."""

    @property
    def complete(self) -> bool:
        """True when nothing is left of it."""
        return self.stopped is None and not self.in_doubt and not self.pending


def split(
    input: str | os.PathLike[str],  # noqa: A002 - it is the input
    folder: str | os.PathLike[str],
    *,
    lines: int = LINES,
) -> list[Shard]:
    """The shards of an input: byte ranges of so many lines, the same every time. Blocks.

    What has run is known by the shard it belongs to. So the folder remembers how its input was cut: once it holds parts,
    the same lines must be cut in the same way. More lines may follow at the end.

    Raises:
        JournalError: The input has changed, or `lines` has, since there are parts in the folder.
    """
    source: str = os.fspath(input)
    target: str = os.fspath(folder)
    path, where = os.path.abspath(source), os.path.abspath(target)
    os.makedirs(where, exist_ok=True)
    _keep_cut(path, where, lines)
    shards: list[Shard] = []
    start = offset = 0
    first, count = 1, 0

    def cut() -> None:
        nonlocal start, first, count
        shards.append(Shard(number=len(shards), input=path, start=start, end=offset, first=first, folder=where))
        start, first, count = offset, first + count, 0

    with open(path, "rb", buffering=BLOCK) as file:
        for line in file:
            offset += len(line)
            count += 1
            if count == lines:
                cut()
    if count:
        cut()
    return shards


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How an input was cut."""

    lines: int
    """Of a shard."""
    size: int
    """Bytes of the input."""
    digest: str


def _keep_cut(path: str, folder: str, lines: int) -> None:
    name = os.path.join(folder, CUT)
    if parts_in(folder) and os.path.exists(name):
        with open(name, "rb") as file:
            before = msgspec.json.decode(file.read(), type=Cut)
        if before.lines != lines:
            raise JournalError(
                f"{folder} holds parts of shards of {before.lines} lines, not {lines}",
                hint="what was answered would be asked again; give the same number of lines",
            )
        if _digest(path, before.size) != before.digest:
            raise JournalError(
                f"{path} has changed since the shards in {folder} began",
                hint="what was answered would be asked again; put the input back (lines may be added at its end)",
            )
    size = os.path.getsize(path)
    with open(f"{name}.new", "wb") as file:
        file.write(msgspec.json.encode(Cut(lines=lines, size=size, digest=_digest(path, size))))
    os.replace(f"{name}.new", name)


def _digest(path: str, size: int) -> str:
    """Of the first bytes of a file, and how many there are of them."""
    digest = blake2b(digest_size=16)
    left = size
    with open(path, "rb") as file:
        while left and (block := file.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
    return f"{digest.hexdigest()}-{size - left}"


def run_shard(shard: Shard, options: ShardOptions | None = None) -> ShardReport:
    """Run what is left of a shard; may be called again and again, on any machine.

    Raises:
        InputRefused: Lines cannot be run.
        ConfigError: This machine's environment has no key, or an option cannot work.
        JournalError: A journal is damaged, or lines have changed since they were sent.
    """
    os.makedirs(shard.folder, exist_ok=True)
    if is_stopped(shard.folder):
        return ShardReport(number=shard.number, stopped=STOPPED)
    return asyncio.run(_run(shard, options or ShardOptions()))


async def _run(shard: Shard, options: ShardOptions) -> ShardReport:
    from tikhub_async._client import TikHubAI

    async with TikHubAI(base_url=options.base_url, **options.client) as client:
        routes = Routes(client._config)
        settings = settings_of(_options_of(shard, options.options))
        report = await asyncio.to_thread(_already, shard, routes, settings.endpoint)
        if report is not None:
            return report
        part, earlier = await asyncio.to_thread(claim, shard.folder, shard.number)
        run = BatchRun(
            client,
            shard.input,
            part.path,
            settings,
            part=Range(shard.start, shard.end, shard.first),
            earlier=tuple(found.path for found in earlier),
            fence=Fence(part),
        )
        try:
            await run.finish()
        except TikHubError as error:
            if run.report.stopped is not error:
                raise
        return _report(shard, part, run.report, run._store.ledger.repeated)


def _options_of(shard: Shard, given: Mapping[str, Any]) -> dict[str, Any]:
    options = {"resend": "chat", **given}
    if shard.max_items is not None:
        options["max_items"] = shard.max_items
    return options


def _already(shard: Shard, routes: Routes, endpoint: str | None) -> ShardReport | None:
    """The report of a shard of which nothing is left to do; None when there is."""
    parts = [part for part in parts_in(shard.folder) if part.shard == shard.number]
    if not parts:
        return None
    ledger = Ledger()
    for part in parts:
        take_in_earlier(part.path, ledger)
    lines = FileLines(shard.input, ledger.index, routes, endpoint, Range(shard.start, shard.end, shard.first))
    try:
        lines.look_through()
    finally:
        lines.close()
    counts = ledger.index.counts()
    if counts[State.TODO] or counts[State.ACCEPTED] or any(not line.paid for line in ledger.in_state(State.DOUBT)):
        return None
    doubts = [line.custom_id for line in ledger.in_state(State.DOUBT)]
    return ShardReport(number=shard.number, skipped=counts[State.DONE], in_doubt=doubts, repeated=ledger.repeated)


def _report(shard: Shard, part: Part, found: BatchReport, repeated: int) -> ShardReport:
    stopped = None if found.stopped is None else found.stopped.message
    if stopped is None and found.interrupted:
        stopped = STOPPED
    return ShardReport(
        number=shard.number,
        attempt=part.attempt,
        ok=found.ok,
        failed=found.failed,
        skipped=found.skipped,
        pending=found.pending,
        in_doubt=[line.custom_id for line in found.doubts],
        repeated=repeated,
        sent=found.sent,
        refused=found.refused,
        tokens_in=found.tokens_in,
        tokens_out=found.tokens_out,
        quota=found.quota,
        seconds=found.seconds,
        errors=dict(found.errors),
        stopped=stopped,
        error=found.stopped,
        fatal=found.stopped is not None and not _concerns_itself(found.stopped, shard),
    )


def _concerns_itself(error: TikHubError, shard: Shard) -> bool:
    """Whether what ended a shard says nothing about the others."""
    return isinstance(error, Superseded) or (shard.max_items is not None and isinstance(error, SpendLimitReached))
