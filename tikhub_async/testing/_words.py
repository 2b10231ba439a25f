"""What the emulated models say: recognisable, derived from the prompt, the same every time.

Marks in a prompt steer the answer:

- `[[words=500]]` makes it about that long; `[[refuse]]` is a refusal; `[[filter]]` is stopped by a content filter;
- `[[tool]]` calls every tool on offer (otherwise a tool is called when it is forced, or when the prompt mentions it);
- for videos: see `_tasks`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from tikhub_async.testing._json import text_of
from tikhub_async.testing._schema import value_for

Finish = Literal["stop", "length", "tool_calls", "content_filter"]

QUOTED_CHARACTERS = 200
"""How much of a prompt is quoted in the answer."""
JSON_PIECE = 12
"""Characters per streamed piece of JSON."""
SHORTEST_NAME = 4
"""Parts of a tool's name that are shorter do not count as a mention."""

_MARK = re.compile(r"\[\[([a-z]+)(?:=([^\]]*))?\]\]")
_PIECE = re.compile(r"\s*\S+\s*$|\s*\S+")
_FILLER = "word {} of a long answer,"
REFUSAL = "I'm sorry, I can't help with that."
REASONING = "The question quotes itself, so the answer is to repeat it."


def marks_in(prompt: str) -> dict[str, str]:
    """Marks in a prompt and their values, "" where there is none."""
    return {match[1]: match[2] or "" for match in _MARK.finditer(prompt)}


def without_marks(prompt: str) -> str:
    """The prompt as a reader would see it."""
    return _MARK.sub("", prompt).strip()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function on offer."""

    name: str
    schema: Mapping[str, Any]


@dataclass(slots=True)
class Asked:
    """A request, read out of any dialect."""

    prompt: str = ""
    """Text of the last user message."""
    model: str = ""
    tools: list[Tool] = field(default_factory=list[Tool])
    forced: str = ""
    """Name of the tool that must be called, `*` for any, "-" for none."""
    parallel: bool = True
    tool_result: str | None = None
    """Text of the tool result that the request ends with."""
    schema: Mapping[str, Any] | None = None
    """JSON schema of the answer; an empty one for "any JSON object"."""
    max_tokens: int | None = None
    reasoning: bool = False
    history: int = 1
    """Words of everything that was sent, for the usage."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call."""

    index: int
    name: str
    arguments: str
    """JSON."""

    @property
    def pieces(self) -> list[str]:
        """The arguments as they are streamed."""
        return _slices(self.arguments, JSON_PIECE)


@dataclass(slots=True)
class Speech:
    """What the model says."""

    pieces: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    calls: list[Call] = field(default_factory=list[Call])
    refusal: list[str] = field(default_factory=list[str])
    finish: Finish = "stop"
    input_tokens: int = 0

    @property
    def text(self) -> str:
        """Visible text."""
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        """Pieces of any kind."""
        calls = sum(len(call.pieces) + 1 for call in self.calls)
        return max(1, len(self.pieces) + len(self.reasoning) + len(self.refusal) + calls)


def speak(asked: Asked) -> Speech:
    """The answer to a request."""
    marks = marks_in(asked.prompt)
    speech = Speech(input_tokens=max(1, asked.history))
    if asked.reasoning:
        speech.reasoning = pieces_of(REASONING)
    if "refuse" in marks:
        speech.refusal = pieces_of(REFUSAL)
        return speech
    if calls := _calls(asked, marks):
        speech.calls, speech.finish = calls, "tool_calls"
        return speech
    if asked.schema is not None:
        value = value_for(asked.schema) if asked.schema else {"answer": without_marks(asked.prompt)[:QUOTED_CHARACTERS]}
        speech.pieces = _slices(msgspec.json.encode(value).decode(), JSON_PIECE)
    else:
        speech.pieces = pieces_of(_text(asked, marks))
    if "filter" in marks:
        speech.pieces, speech.finish = speech.pieces[:3], "content_filter"
    elif asked.max_tokens is not None and len(speech.pieces) > asked.max_tokens:
        speech.pieces, speech.finish = speech.pieces[: asked.max_tokens], "length"
    return speech


def _text(asked: Asked, marks: Mapping[str, str]) -> str:
    if asked.tool_result is not None:
        return f"The tool said: “{asked.tool_result[:QUOTED_CHARACTERS]}”. That is all I know."
    quoted = without_marks(asked.prompt)[:QUOTED_CHARACTERS]
    text = f"You said: “{quoted}”. This is {asked.model} inside the emulator: no model was asked and nothing was paid."
    if marks.get("words", "").isdigit():
        wanted = int(marks["words"])
        filler = (_FILLER.format(number) for number in range(1, wanted + 1))
        words = " ".join([text, *filler] if wanted > len(text.split()) else [text]).split(" ")
        text = " ".join(words[:wanted])
    return text


def _calls(asked: Asked, marks: Mapping[str, str]) -> list[Call]:
    if asked.forced == "-" or not asked.tools:
        return []
    if asked.forced == "*":
        chosen = [tool for tool in asked.tools if _mentioned(tool.name, asked.prompt)] or asked.tools[:1]
    elif asked.forced:
        chosen = [tool for tool in asked.tools if tool.name == asked.forced]
    elif asked.tool_result is not None:
        return []
    else:
        chosen = [tool for tool in asked.tools if "tool" in marks or _mentioned(tool.name, asked.prompt)]
    if not asked.parallel:
        chosen = chosen[:1]
    return [
        Call(index, tool.name, msgspec.json.encode(value_for(tool.schema)).decode())
        for index, tool in enumerate(chosen)
    ]


def _mentioned(name: str, prompt: str) -> bool:
    prompt = prompt.lower()
    parts = [part for part in re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if part]
    return name.lower() in prompt or any(len(part) >= SHORTEST_NAME and part in prompt for part in parts)


def pieces_of(text: str) -> list[str]:
    """A text as it is streamed: word by word, with the blank in front."""
    return _PIECE.findall(text) or [text]


def _slices(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def word_count(*values: Any) -> int:
    """A stand-in for a token count: words of the values' JSON."""
    return sum(len(msgspec.json.encode(value).split()) + len(text_of(value).split()) for value in values if value) or 1
