"""From a recorded exchange to the same scene in the emulator: what is created first, what its provider does, when it is asked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tests.conformance.emulated.plays import MARKS, PLAYS, REBUILT
from tests.conformance.exchanges import Exchange
from tikhub_async.testing import (
    BANNED_KEY,
    BLOCKED_IP_KEY,
    BROKE_KEY,
    DISABLED_KEY,
    EXHAUSTED_KEY,
    EXPIRED_KEY,
    LIMITED_KEY,
    LOW_QUOTA_KEY,
    OTHER_KEY,
    TEST_KEY,
)
from tikhub_async.testing.faults import Error, Fault, RateLimited

KEYS = {
    "normal": TEST_KEY,
    "second": OTHER_KEY,
    "broke": BROKE_KEY,
    "lowquota": LOW_QUOTA_KEY,
    "limited": LIMITED_KEY,
    "expired": EXPIRED_KEY,
    "exhausted": EXHAUSTED_KEY,
    "disabled": DISABLED_KEY,
    "ip": BLOCKED_IP_KEY,
    "banned": BANNED_KEY,
    # Other keys of one recording that are ordinary ones.
    "tiny": TEST_KEY,
}
"""Name in a recorded key → the emulator's key that is treated the same."""
MOMENTS = {
    "NOT_START": 0.05,
    "unknown": 0.05,
    "SUBMITTED": 0.15,
    "QUEUED": 0.3,
    "queued": 0.3,
    "IN_PROGRESS": 0.6,
    "in_progress": 0.6,
    "processing": 0.6,
}
"""Recorded status → part of a task's time at which the emulator shows it; 1 for all others."""
_TASK = re.compile(r"(task_\w{32}|cgt-[\w-]+|8500\d+|video_\w+)")


@dataclass(frozen=True)
class Scene:
    """What the emulator is asked, and what happens behind it."""

    request: Exchange
    """With the emulator's keys and marks; the task's id is still the recorded one."""
    replies: tuple[Fault, ...] = ()
    """What the provider, or the gateway's guards, do to it."""
    task: str = ""
    """The recorded id of the task that is asked for, "" for none."""
    creation: Exchange | None = None
    """The request that creates this task, with marks."""
    moment: float = 1.0
    """When it is asked, as a part of the task's time."""


def scene_of(exchange: Exchange, all_of_them: Sequence[Exchange]) -> Scene:
    """The scene of an exchange."""
    request = marked(exchange, mark_of(exchange.id))
    replies = _replies(exchange)
    found = _TASK.search(exchange.path)
    if found is None:
        return Scene(request, replies)
    creation = _creation(found[1], all_of_them)
    return Scene(request, replies, found[1], creation, _moment(exchange))


def mark_of(name: str) -> str:
    """The emulator's mark that makes its provider do what the recorded one did."""
    return next((mark for pattern, mark in MARKS if fnmatchcase(name, pattern)), "")


def marked(exchange: Exchange, mark: str) -> Exchange:
    """The request with our keys, and with a mark in front of its prompt."""
    raw = exchange.raw.decode("latin-1")
    if mark:
        raw = re.sub(r'("(?:content|text|input|prompt)": ?")', rf"\g<1>{mark} ", raw, count=1)
    headers = {name: with_our_key(value) for name, value in exchange.headers.items()}
    return replace(exchange, path=with_our_key(exchange.path), headers=headers, raw=raw.encode("latin-1"))


def with_our_key(value: str) -> str:
    """A header or a path with the recorded key replaced; left alone where the emulator has no such key."""
    match = re.search(r"TEST([a-z]+?)0*(-\d+)?(\s*)$", value)
    if match is None or match[1] not in KEYS:
        return value
    return f"{value[: match.start()]}{KEYS[match[1]][3:]}{match[2] or ''}{match[3]}"


def _replies(exchange: Exchange) -> tuple[Fault, ...]:
    for pattern, reply in PLAYS:
        if fnmatchcase(exchange.id, pattern):
            return (reply if isinstance(reply, Fault) else _said(exchange),)
    return ()


def _said(exchange: Exchange) -> Fault:
    """The provider's error, or a guard's: its status, code, type and text are given to the emulator."""
    if not exchange.answer:
        return RateLimited(empty=True)
    body: Mapping[str, Any] = json.loads(exchange.answer)
    error: Mapping[str, Any] = body.get("error") or {"message": body.get("message"), "code": body.get("code")}
    text, appended, _ = str(error["message"]).partition(" (request id:")
    kind = str(error.get("type") or "")
    return Error(
        status=exchange.status, code=error.get("code"), message=text, type=kind, numbered=bool(appended),
        late=("content-type", "text/event-stream") in {(name.lower(), value) for name, value in exchange.answer_headers},
    )  # fmt: skip


def _creation(task: str, all_of_them: Sequence[Exchange]) -> Exchange | None:
    for other in all_of_them:
        if other.method == "POST" and other.status == 200 and f'"{task}"'.encode() in other.answer[:80]:
            return marked(other, mark_of(other.id))
    for pattern, source in REBUILT:
        named = next((other for other in all_of_them if fnmatchcase(other.id, pattern) and task in other.path), None)
        if named is not None:
            found = next(other for other in all_of_them if other.id == source)
            return marked(found, mark_of(named.id))
    return None


def _moment(exchange: Exchange) -> float:
    if exchange.id in {"content.before", "get.foreign_content"}:
        return MOMENTS["NOT_START"]
    if exchange.id.endswith(".last") or exchange.answer[:1] != b"{":
        return 1.0
    body = json.loads(exchange.answer)
    status = (body.get("data") or body).get("status")
    if status == "queued" and ".0_" in exchange.id:
        return MOMENTS["NOT_START"]
    late = (
        re.search(r"\.cancelled\.|\.poll_404\.", exchange.id) and ".0_" not in exchange.id and "sora" not in exchange.id
    )
    return 1.0 if late else MOMENTS.get(str(status), 1.0)
