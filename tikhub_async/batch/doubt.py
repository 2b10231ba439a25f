"""Lines whose outcome is unknown, and what the user decides about them."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from tikhub_async._clock import Clock
from tikhub_async.batch.formats import ItemError, error_line
from tikhub_async.batch.index import State
from tikhub_async.batch.journal import SUFFIX
from tikhub_async.batch.ledger import Ledger, Open, key_of
from tikhub_async.batch.parts import parts_in
from tikhub_async.batch.records import Action
from tikhub_async.batch.store import Store, take_in_earlier
from tikhub_async.errors import BatchError, JournalError

PROVIDERS: tuple[tuple[str, str], ...] = (
    ("/seedance/", "seedance"),
    ("text2video", "kling.text2video"),
    ("image2video", "kling.image2video"),
    (":predictLongRunning", "veo"),
    ("/v1/videos", "sora"),
)
"""Part of a creation's url → the provider of its tasks."""
Asked = tuple[str, Action, str]
"""A `custom_id`, what to do, and for `adopt` a task id."""


class InDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was sent, and of which nobody knows whether it took effect."""

    custom_id: str
    url: str
    sent_at: float
    """Unix seconds: look in the console for a task of that time."""
    why: str
    paid: bool
    """True for a video that may have been created; False for a chat that may have been answered."""
    request_id: str | None = None
    body: Any = None
    """The request, from the input file where that is still as it was; else None."""
    output: str
    """The output that the line belongs to."""

    @property
    def provider(self) -> str | None:
        """As in saved handles; None when no task can come of it."""
        return provider_of(self.url)


def provider_of(url: str) -> str | None:
    """The provider of the tasks that a creation's url makes; None for other urls."""
    return next((provider for part, provider in PROVIDERS if part in url), None)


def outputs_of(path: str | os.PathLike[str]) -> list[list[str]]:
    """The outputs with a journal that a path stands for: itself, or of each shard in a folder its attempts in order.

    Raises:
        BatchError: There are none.
    """
    name = os.fspath(path)
    shards: dict[int, list[str]] = {}
    if os.path.isdir(name):
        for part in parts_in(name):
            shards.setdefault(part.shard, []).append(part.path)
    else:
        shards[0] = [name]
    found = [[output for output in attempts if os.path.exists(output + SUFFIX)] for attempts in shards.values()]
    found = [attempts for attempts in found if attempts]
    if not found:
        raise BatchError(f"{name} has no journal: no batch wrote it", hint="name the output of a batch")
    return found


def doubts(path: str | os.PathLike[str]) -> list[InDoubt]:
    """The lines in doubt of an output, or of a folder of parts. Blocks; reads only.

    Raises:
        BatchError: No batch wrote it.
        JournalError: The journal is damaged.
    """
    found: list[InDoubt] = []
    for attempts, ledger in _ledgers(path):
        found += [_shown(line, attempts[-1]) for line in ledger.in_state(State.DOUBT)]
    return found


def _ledgers(path: str | os.PathLike[str]) -> list[tuple[list[str], Ledger]]:
    """The attempts at each shard, with what all of them together have done."""
    found: list[tuple[list[str], Ledger]] = []
    for attempts in outputs_of(path):
        ledger = Ledger()
        for output in attempts:
            take_in_earlier(output, ledger)
        found.append((attempts, ledger))
    return found


def _shown(line: Open, output: str) -> InDoubt:
    return InDoubt(
        custom_id=line.custom_id,
        url=line.url,
        sent_at=line.at,
        why=line.why,
        paid=line.paid,
        request_id=line.request_id,
        body=_body(line),
        output=output,
    )


def _body(line: Open) -> Any:
    if line.source is None or line.offset < 0:
        return None
    try:
        with open(line.source, "rb") as file:
            file.seek(line.offset)
            row = msgspec.json.decode(file.read(line.length))
        return row.get("body", row.get("params")) if row.get("custom_id") == line.custom_id else None
    except (OSError, ValueError, AttributeError, msgspec.MsgspecError):
        return None  # the input has gone or changed; the journal does not keep bodies


class Decisions(msgspec.Struct, kw_only=True):
    """What to do with lines in doubt."""

    retry: list[str] = []
    """Send again: to be chosen when no task was made, or when paying twice does not matter."""
    drop: list[str] = []
    """Give up: the line gets an error in the output. Also for videos that stay pending, as when a result has expired."""
    adopt: dict[str, str] = {}
    """`custom_id` → the id of the task that was found: it is waited for, and nothing is sent again."""


def decide(path: str | os.PathLike[str], decisions: Decisions) -> int:
    """Write decisions into the journal; the next run acts on them. How many were written. Blocks.

    Raises:
        BatchError: A line is not in doubt, or no task can come of it; nothing was written.
        JournalError: The journal is damaged, or a run is under way.
    """
    asked: list[Asked] = [
        *((custom_id, "retry", "") for custom_id in decisions.retry),
        *((custom_id, "drop", "") for custom_id in decisions.drop),
        *((custom_id, "adopt", task_id) for custom_id, task_id in decisions.adopt.items()),
    ]
    ledgers = _ledgers(path)
    known = {custom_id: line for _, ledger in ledgers for custom_id, line in ledger.open.items()}
    _check(asked, known)
    for attempts, ledger in ledgers:
        mine = [entry for entry in asked if entry[0] in ledger.open]
        if mine:
            _write(attempts, mine, known)
    return len(asked)


def _check(asked: list[Asked], known: Mapping[str, Open]) -> None:
    seen: set[str] = set()
    for custom_id, action, task_id in asked:
        line = known.get(custom_id)
        if line is None or (action != "drop" and line.state is not State.DOUBT):
            raise BatchError(f"{custom_id!r} is not in doubt", hint="`tikhub-ai batch doubt OUT` lists those that are")
        if custom_id in seen:
            raise BatchError(f"{custom_id!r} is decided twice")
        seen.add(custom_id)
        if action == "adopt" and (provider_of(line.url) is None or not task_id):
            raise BatchError(f"{custom_id!r} cannot adopt {task_id!r}: {line.url} makes no task")


def _write(attempts: list[str], asked: list[Asked], known: Mapping[str, Open]) -> None:
    store = Store.open(attempts[-1], Clock(), resume=True, earlier=attempts[:-1])
    try:
        for custom_id, action, task_id in asked:
            if custom_id not in store.ledger.open:
                raise JournalError(f"{custom_id!r} is no longer in doubt: another process went on with this batch")
            task: dict[str, object] = {"version": 1, "provider": provider_of(known[custom_id].url), "id": task_id}
            store.decide(custom_id, action, task if action == "adopt" else None)
            if action == "drop":
                error = ItemError(code="dropped", message="its outcome is unknown; it was given up", maybe_billed=True)
                store.done(custom_id, error_line(custom_id, key_of(custom_id), error), ok=False)
    finally:
        store.close()
