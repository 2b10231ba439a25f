"""Answers as templates: documented bytes in which only ids, model, texts, times and numbers are replaced.

A sample is a folder `samples/<provider>/<case>/` with `head.json` (status, headers, source) and one body:

- `body.json`: valid JSON. A string that is nothing but `{{name}}` stands for a value; a member whose string is
  `{{name?}}` is left out together with its key when the value is `OMIT` (never the first member of its object);
  `[{"@for": "item in items", "@each": …}]` repeats.
- `body.sse`: events as they go over the wire, their JSON as above. Comment lines that begin with `: @` are directives and
  are never sent: `: @for item in items`, `: @if name`, `: @end`, and in front of one event `: @finish` (it says how the
  answer ended) or `: @start` (it opens the answer).

The emulator must not know the package's own structs: a misspelt field would agree with itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from tikhub_async.testing._json import as_object, is_list, is_object

OMIT: Final = object()
"""Value of an optional member that is left out."""

_SLOT = re.compile(r"\{\{(?P<name>[a-z_][a-z0-9_.]*)(?P<optional>\?)?\}\}")
_DIRECTIVE = re.compile(r"^: @(?P<word>for|if|end|finish|start)(?: (?P<rest>.*))?$")

Path = tuple[str, ...]


class Sequence:
    """A value that is another number wherever it stands: 0, 1, 2 …"""

    def __init__(self) -> None:
        self._next = -1

    def next(self) -> int:
        """The next number."""
        self._next += 1
        return self._next


class Scope:
    """Values by name; what a whole answer shares is encoded once, not once per event."""

    def __init__(self, values: Mapping[str, Any], parent: "Scope | None" = None) -> None:
        self._values = values
        self._parent = parent
        self._encoded: dict[Path, str] = {}

    def value(self, path: Path) -> Any:
        """The value behind a dotted name."""
        if path[0] not in self._values and self._parent is not None:
            return self._parent.value(path)
        value = self._values[path[0]]
        for name in path[1:]:
            value = value.get(name, OMIT)
        return value

    def encoded(self, path: Path) -> str:
        """The same as JSON."""
        if path[0] not in self._values and self._parent is not None:
            return self._parent.encoded(path)
        if path not in self._encoded:
            value = self.value(path)
            if isinstance(value, Sequence):
                return str(value.next())
            assert value is not OMIT, f"{'.'.join(path)} has no value and is not optional"
            self._encoded[path] = msgspec.json.encode(value).decode("utf-8", "surrogatepass")
        return self._encoded[path]


@dataclass(frozen=True, slots=True)
class _Slot:
    path: Path


@dataclass(frozen=True, slots=True)
class _Optional:
    path: Path
    parts: "list[str | _Slot | _Optional | _Loop]"


@dataclass(frozen=True, slots=True)
class _Loop:
    variable: str
    path: Path
    parts: "list[str | _Slot | _Optional | _Loop]"


_Part = str | _Slot | _Optional | _Loop


class Template:
    """JSON with holes, compiled once."""

    def __init__(self, document: Any) -> None:
        self._parts: list[_Part] = []
        _compile(document, self._parts)

    def render(self, scope: Scope) -> str:
        """The text with every hole filled from `scope`; compact, as the gateway encodes it."""
        out: list[str] = []
        _render(self._parts, scope, out)
        return "".join(out)


def _compile(node: Any, out: list[_Part]) -> None:
    if isinstance(node, str) and (slot := _SLOT.fullmatch(node)):
        out.append(_Slot(tuple(slot["name"].split("."))))
    elif is_object(node):
        _compile_object(node, out)
    elif is_list(node) and len(node) == 1 and "@for" in as_object(node[0]):
        variable, _, path = node[0]["@for"].split()
        parts: list[_Part] = []
        _compile(node[0]["@each"], parts)
        _literal("[", out)
        out.append(_Loop(variable, tuple(path.split(".")), parts))
        _literal("]", out)
    elif is_list(node):
        for index, item in enumerate(node):
            _literal("," if index else "[", out)
            _compile(item, out)
        _literal("]" if node else "[]", out)
    else:
        _literal(json.dumps(node, ensure_ascii=False), out)


def _compile_object(node: dict[str, Any], out: list[_Part]) -> None:
    _literal("{", out)
    for index, (key, value) in enumerate(node.items()):
        slot = _SLOT.fullmatch(value) if isinstance(value, str) else None
        target: list[_Part] = [] if slot is not None and slot["optional"] else out
        _literal(f"{',' if index else ''}{json.dumps(key)}:", target)
        _compile(value, target)
        if slot is not None and slot["optional"]:
            assert index, f"{key}: the first member of an object cannot be optional"
            out.append(_Optional(tuple(slot["name"].split(".")), target))
    _literal("}", out)


def _literal(text: str, out: list[_Part]) -> None:
    if out and isinstance(out[-1], str):
        out[-1] += text
    else:
        out.append(text)


def _render(parts: list[_Part], scope: Scope, out: list[str]) -> None:
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Slot):
            out.append(scope.encoded(part.path))
        elif isinstance(part, _Optional):
            if scope.value(part.path) is not OMIT:
                _render(part.parts, scope, out)
        else:
            for index, item in enumerate(scope.value(part.path)):
                if index:
                    out.append(",")
                _render(part.parts, Scope({part.variable: item}, scope), out)


@dataclass(slots=True)
class Stream:
    """Events ready to send."""

    events: list[bytes]
    finish: frozenset[int] = frozenset()
    """Indexes of the events that say how the answer ended."""
    start: frozenset[int] = frozenset()
    """Indexes of the events that open the answer."""


@dataclass(slots=True)
class _Event:
    lines: list[str | Template]
    mark: str

    def render(self, scope: Scope) -> str:
        return "".join(line if isinstance(line, str) else line.render(scope) for line in self.lines)


@dataclass(slots=True)
class _Block:
    word: str
    variable: str
    path: Path
    children: "list[_Event | _Block]" = field(default_factory=list["_Event | _Block"])


def _parse_event(text: str, mark: str) -> _Event:
    lines: list[str | Template] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("data: {"):
            lines += ["data: ", Template(json.loads(line[len("data: ") :])), "\n"]
        else:
            lines.append(line)
    return _Event(lines, mark)


def _parse_events(text: str) -> _Block:
    root = _Block("if", "", ())
    stack = [root]
    mark = ""
    # An event keeps every blank line behind it: some routes send two.
    for piece in re.findall(r"(?:: @[^\n]*\n+)|(?:(?!: @)[^\n]+\n)+\n*", text):
        directive = _DIRECTIVE.match(piece.rstrip("\n"))
        if directive is None:
            stack[-1].children.append(_parse_event(piece, mark))
            mark = ""
            continue
        word, rest = directive["word"], (directive["rest"] or "").split()
        if word == "end":
            stack.pop()
        elif word in {"for", "if"}:
            block = _Block(word, rest[0] if word == "for" else "", tuple(rest[-1].split(".")))
            stack[-1].children.append(block)
            stack.append(block)
        else:
            mark = word
    assert stack == [root], "a directive is not closed"
    return root


def _walk(block: _Block, scope: Scope) -> Iterator[tuple[str, str]]:
    for child in block.children:
        if isinstance(child, _Event):
            yield child.render(scope), child.mark
        elif child.word == "for":
            for item in scope.value(child.path):
                yield from _walk(child, Scope({child.variable: item}, scope))
        elif scope.value(child.path):
            yield from _walk(child, scope)


class Sample:
    """One documented answer."""

    def __init__(self, name: str) -> None:
        """Load the sample.

        Args:
            name: `<provider>/<case>`, the folder below `samples/`.
        """
        folder = files("tikhub_async.testing").joinpath("samples", *name.split("/"))
        head = json.loads(folder.joinpath("head.json").read_text("utf-8"))
        self.status: int = head["status"]
        self.headers: dict[str, str] = head["headers"]
        body = folder.joinpath("body.json")
        self._json = Template(json.loads(body.read_text("utf-8"))) if body.is_file() else None
        self._events: _Block | None = None
        if self._json is None:
            self._events = _parse_events(folder.joinpath("body.sse").read_text("utf-8").replace("\r\n", "\n"))

    def body(self, values: Mapping[str, Any]) -> bytes:
        """The JSON body with `values` filled in."""
        assert self._json is not None
        return self._json.render(Scope(values)).encode("utf-8", "surrogatepass")

    def stream(self, values: Mapping[str, Any], *, newline: str = "\n") -> Stream:
        """The events with `values` filled in, lines ended by `newline`."""
        assert self._events is not None
        events: list[bytes] = []
        marks: dict[str, set[int]] = {"finish": set(), "start": set(), "": set()}
        for text, mark in _walk(self._events, Scope(values)):
            marks[mark].add(len(events))
            events.append((text if newline == "\n" else text.replace("\n", newline)).encode("utf-8", "surrogatepass"))
        return Stream(events, frozenset(marks["finish"]), frozenset(marks["start"]))


@cache
def sample(name: str) -> Sample:
    """The sample of that name, read once."""
    return Sample(name)
