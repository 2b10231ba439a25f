"""What of two answers must be the same: all that a client can tell apart, save made-up texts, ids and numbers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from tests.conformance.exchanges import Exchange

REQUEST_ID, VERSION = "x-oneapi-request-id", "x-new-api-version"
GIVEN_OUT = frozenset({REQUEST_ID, VERSION})
"""Headers whose value is the gateway's to choose; their presence is compared."""
SAME = frozenset(
    {"cache-control", "x-accel-buffering", "location", "retry-after", "x-new-api-other-ratios"}
    | {f"access-control-allow-{name}" for name in ("origin", "headers", "methods", "credentials")}
)
"""Headers whose value is compared."""
WORDS = frozenset(
    {"object", "type", "status", "role", "code", "finish_reason", "stop_reason", "finishReason", "blockReason"}
    | {"progress", "action", "platform", "event"}
)
"""JSON keys whose values are words of the protocol, and are compared."""


@dataclass(frozen=True)
class Got:
    """An answer as a client gets it."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    whole: bool = True
    """False when the connection ended before the announced end."""


def recorded_answer(exchange: Exchange) -> Got:
    """The recorded answer."""
    headers = {name.lower(): value for name, value in exchange.answer_headers}
    return Got(exchange.status, headers, exchange.answer, whole=exchange.end == "complete")


def differences(want: Got, got: Got) -> list[str]:
    """What a client would see otherwise than in the answer it should be like, which is called recorded here."""
    if got.status != want.status:
        return [f"status {got.status}, recorded {want.status}: {got.body[:160]!r}"]
    if got.whole != want.whole:
        return [f"the body is {'whole' if got.whole else 'cut'}, unlike the recorded one"]
    return [*_header_differences(want, got), *(_body_differences(want, got) if got.whole else [])]


def _header_differences(want: Got, got: Got) -> Iterator[str]:
    recorded = want.headers
    ours, theirs = (_content_type(headers) for headers in (got.headers, recorded))
    if ours != theirs:
        yield f"content-type {ours!r}, recorded {theirs!r}"
    for name in sorted(GIVEN_OUT):
        if (name in got.headers) != (name in recorded):
            yield f"{name} {'sent' if name in got.headers else 'missing'}"
    for name in sorted(SAME):
        if without_task(got.headers.get(name)) != without_task(recorded.get(name)):
            yield f"{name} {got.headers.get(name)!r}, recorded {recorded.get(name)!r}"
    chunked = "transfer-encoding" in got.headers
    if chunked != ("transfer-encoding" in recorded):
        yield f"body {'chunked' if chunked else 'of a length'}"


def without_task(value: str | None) -> str | None:
    """A header without the id of a task."""
    return value and re.sub(r"task_\w{32}", "task_", value)


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").replace(" ", "").lower()


def _body_differences(want: Got, got: Got) -> Iterator[str]:
    if "html" in _content_type(got.headers):
        return  # the page of a dashboard is not part of any protocol
    recorded, ours = want.body.decode("utf-8", "replace"), got.body.decode("utf-8", "replace")
    if want.status >= 400:
        if without_ids(ours) != without_ids(recorded):
            yield f"{without_ids(ours)!r}, recorded {without_ids(recorded)!r}"
        return
    yield from parted(outline(ours), outline(recorded))


def without_ids(text: str) -> Any:
    """An error's body as data, without what is different each time."""
    text = re.sub(r"\(request id: \w+\)", "(request id)", text)
    text = re.sub(r"\[sk-TES\*\*\*\w+\]", "[key]", text)
    return json.loads(text) if text[:1] == "{" else text


def outline(text: str) -> list[Any]:
    """A body as what a parser makes of it.

    JSON is one shape. A stream is its events in order, each as its lines, with JSON as its shape; neighbours that look
    alike are one, since how many pieces a text comes in is the provider's choice. Any other text is the number 1.
    """
    if text[:1] in {"{", "["}:
        return [shape(json.loads(text))]
    if not re.match(r"(data|event|id|:)", text):
        return [1 if text else 0]
    events = re.findall(r"(?:[^\r\n]+\r?\n)+(?:\r?\n)*|[^\r\n]+$", text)
    return [look for look, _ in groupby(_event(event) for event in events)]


def _event(text: str) -> list[Any]:
    parts: list[Any] = []
    for line in re.findall(r"[^\r\n]*(?:\r\n|\n|$)", text):
        name, _, value = line.partition(": ")
        if name == "data" and (data := _json(value)) is not None:
            parts += [name, shape(data), line[len(line.rstrip("\r\n")) :]]
        elif line[:1] == "{":
            parts.append(shape(json.loads(line)))
        elif line:
            parts.append(line)
    return parts


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def shape(value: Any, key: str = "") -> Any:
    """Keys, types and protocol words of JSON; of a list the distinct shapes in order."""
    if isinstance(value, dict):
        return {name: shape(item, name) for name, item in value.items()}
    if isinstance(value, list):
        shapes: list[Any] = []
        for item in value:
            if (look := shape(item)) not in shapes:
                shapes.append(look)
        return shapes
    if key in WORDS and isinstance(value, str):
        return f"={value}"
    return "null" if value is None else "number" if type(value) in {int, float} else type(value).__name__


def parted(ours: Any, theirs: Any, path: str = "$") -> Iterator[str]:
    """Where two outlines differ, each place once."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from (f"{path}.{name} is not recorded" for name in ours if name not in theirs)
        yield from (f"{path}.{name} is missing" for name in theirs if name not in ours)
        for name in ours:
            if name in theirs:
                yield from parted(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from parted(one, other, f"{path}[{index}]")
    elif path == "$" and isinstance(ours, list) and isinstance(theirs, list):
        yield from _aligned(ours, theirs)
    elif ours != theirs:
        yield f"{path} is {ours!r:.300}, recorded {theirs!r:.300}"


def _aligned(ours: list[Any], theirs: list[Any]) -> Iterator[str]:
    """Two streams of different length: which events only one of them has, and how those of both differ."""
    names, other_names = [_name(event) for event in ours], [_name(event) for event in theirs]
    for word, start, end, first, last in SequenceMatcher(None, names, other_names, autojunk=False).get_opcodes():
        if word == "equal":
            for index, other in zip(range(start, end), range(first, last), strict=True):
                yield from parted(ours[index], theirs[other], f"$[{names[index]}]")
        yield from (f"event {name} is not recorded" for name in names[start:end] if word != "equal")
        yield from (f"event {name} is missing" for name in other_names[first:last] if word != "equal")


def _name(event: Any) -> str:
    """What an event is, in a word: its name, or what its JSON carries."""
    if not isinstance(event, list):
        return "json" if isinstance(event, dict) else "text"
    data = next((part for part in event if isinstance(part, dict)), {})
    choice = (data.get("choices") or [{}])[0]
    carried = sorted(choice.get("delta", {})) or sorted(data)
    return str(event[0]).strip() if event[0] != "data" else f"data {' '.join(carried)}"
