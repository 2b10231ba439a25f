"""Google-style docstrings: what a function does, and what each of its parameters is."""

import re
from inspect import cleandoc

SECTIONS = frozenset(
    (
        "args", "arguments", "parameters", "keyword args", "returns", "yields", "raises", "attributes", "example",
        "examples", "note", "notes", "warning", "warnings", "todo", "see also", "source",
    )
)  # fmt: skip
"""Headings, in lower case, that end the description."""

ARGUMENTS = frozenset(("args", "arguments", "parameters", "keyword args"))

_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")


def read_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The description, and parameter → its text; both on one line per paragraph."""
    description: list[str] = []
    arguments: list[str] = []
    section = ""
    for line in cleandoc(text or "").splitlines():
        heading = line.rstrip()
        if heading.endswith(":") and heading[:-1].lower() in SECTIONS:
            section = heading[:-1].lower()
        elif not section:
            description.append(line)
        elif section in ARGUMENTS:
            arguments.append(line)
    return _paragraphs(description), _entries(arguments)


def _entries(lines: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    indent = next((_indent(line) for line in lines if line.strip()), 0)
    for line in lines:
        begins = _ENTRY.match(line.strip()) if _indent(line) <= indent else None
        if begins is not None:
            name = begins[1]
            entries[name] = begins[2]
        elif name and line.strip():
            entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _paragraphs(lines: list[str]) -> str:
    paragraphs = "\n".join(line.strip() for line in lines).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
