"""What another provider would touch: counted on the last one, Veo, and held against `docs/adding_a_provider.md`."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tikhub_async"
PAGE = ROOT / "docs" / "adding_a_provider.md"
NAME = re.compile("veo|VEO|Veo[A-Z]")
"""As code writes it; `Veo` in a sentence is none."""

ITSELF = ("types/veo.py", "providers/veo.py", "testing/routes/veo.py")
"""Files that are about it alone."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, code marks removed."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


OWN = rows("Files of its own")
SHARED = {row[0]: int(row[1]) for row in rows("Lines in files that others share")}


def lines_of_code(path: Path) -> int:
    """Lines that name the provider, comments and docstrings left out."""
    text = path.read_text("utf-8")
    said = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return sum(NAME.search(line.partition("#")[0]) is not None for number, line in lines if number not in said)


@cache
def touched() -> dict[str, int]:
    """Files of the package that name the provider in their code, and on how many lines."""
    paths = (path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).as_posix() not in ITSELF)
    counted = {path.relative_to(ROOT).as_posix(): lines_of_code(path) for path in sorted(paths)}
    return {path: count for path, count in counted.items() if count}


def test_the_files_of_its_own_are_there() -> None:
    assert {f"tikhub_async/{path}" for path in ITSELF} <= {row[0] for row in OWN}
    for path, _ in OWN:
        assert (ROOT / path).exists(), path
    assert len(OWN) == 6


def test_no_shared_file_names_it_but_those_on_the_page_nor_on_more_lines() -> None:
    more = {path: count for path, count in touched().items() if count > SHARED.get(path, 0)}
    assert more == {}


@pytest.mark.parametrize("path", SHARED)
def test_a_file_on_the_page_still_names_it(path: str) -> None:
    assert touched().get(path, 0) > 0


def test_a_call_needs_three_lines_outside_its_own_files() -> None:
    layers = ("_cli/", "testing/", "types/", "media", "batch/")
    calling = {path: n for path, n in touched().items() if not path.removeprefix("tikhub_async/").startswith(layers)}
    assert calling == {"tikhub_async/_client.py": 3}
