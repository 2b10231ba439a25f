"""The documentation keeps its word: blocks run, commands parse, links and names lead somewhere, no page is left out."""

import asyncio
import importlib
import inspect
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tikhub_async
from tests.doc_blocks import Block, blocks_of, commands_in, modules_of, run_page
from tikhub_async import _tasks, errors, testing
from tikhub_async.testing import TEST_KEY, Emulator, Fault, serve_in_thread

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
BLOCKS = {page: blocks_of(page) for page in PAGES}

SHELL = {"sh", "bash", "shell", "console"}
HURRIED = ("FIRST_LOOK", "FIRST_INTERVAL", "LONGEST_INTERVAL")
"""Seconds between looks at a task."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_test(block: Block) -> bool:
    return block.language == "python" and re.search(r"^(async )?def test_", block.code, re.M) is not None


def to_run(page: Path) -> list[Block]:
    return [block for block in BLOCKS[page] if block.is_output or (block.language == "python" and not is_test(block))]


RUNNING = [page for page in PAGES if any(block.language == "python" for block in to_run(page))]
TESTING = [page for page in PAGES if any(is_test(block) for block in BLOCKS[page])]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[Block], None]:
    """Makes looks at tasks frequent, but for blocks that have a clock of their own: ten minutes of it would be many looks."""
    places: dict[str, float] = {}
    for module in pkgutil.iter_modules(_tasks.__path__, f"{_tasks.__name__}."):
        known = vars(importlib.import_module(module.name))
        places |= {f"{module.name}.{name}": known[name] for name in HURRIED if name in known}
    assert len(places) == len(HURRIED)

    def hurry(block: Block) -> None:
        for place, usual in places.items():
            monkeypatch.setattr(place, usual if "FakeClock" in block.code else 0.05)

    return hurry


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """An emulator that blocks find through the environment, and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    with serve_in_thread(Emulator(pace=0, task_seconds=0.2)) as emulator:
        monkeypatch.setenv("TIKHUB_AI_BASE_URL", emulator.base_url)
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        yield emulator


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", RUNNING, ids=name_of)
def test_the_python_blocks_of_a_page_run(page: Path, gateway: Emulator, hurry: Callable[[Block], None]) -> None:
    run_page(to_run(page), hurry)
    asyncio.run(gateway.assert_no_leaks())


@pytest.mark.parametrize("page", TESTING, ids=name_of)
def test_the_tests_on_a_page_pass(page: Path, tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS[page] if is_test(block) and block.reason is None]
    fixtures = "from tikhub_async.testing.pytest_plugin import tikhub_emulator, tikhub_emulator_options\n"
    (tmp_path / "conftest.py").write_text(fixtures)  # by import: the entry point is there only where it is installed
    for number, block in enumerate(blocks):
        (tmp_path / f"test_{number}_line_{block.line}.py").write_text(block.code)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= len(blocks)


@pytest.mark.slow
def test_the_blocks_satisfy_a_type_checker(tmp_path: Path) -> None:
    """What an editor would underline in pasted code; packages of others may be missing."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    for page in PAGES:
        for name, code in modules_of(page).items():
            (tmp_path / f"{name}.py").write_text(code, "utf-8")
    options = [
        "--check-untyped-defs",
        "--ignore-missing-imports",
        "--config-file=",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    command = [sys.executable, "-m", "mypy", *options, str(tmp_path)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_run_says_why() -> None:
    silent = [str(block) for blocks in BLOCKS.values() for block in blocks if block.reason == ""]
    assert silent == []


def test_every_block_says_its_language() -> None:
    unnamed = [str(block) for blocks in BLOCKS.values() for block in blocks if not block.language]
    assert unnamed == []


# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────

COMMANDS = [
    pytest.param(command, id=f"{block}:{command[:40]}")
    for blocks in BLOCKS.values()
    for block in blocks
    if block.language in SHELL
    for command in commands_in(block)
]


def calls_in(command: str) -> Iterator[list[str]]:
    """The arguments of each `tikhub-ai` in a command line."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = "#"
    call: list[str] | None = None
    for word in [*words, ";"]:
        if set(word) <= set("|&;<>()"):
            if call is not None:
                yield call
            call = None
        elif call is not None:
            call.append(word)
        elif word.rpartition("/")[2] == "tikhub-ai":
            call = []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_understood(command: str) -> None:
    app = pytest.importorskip("tikhub_async._cli.app", reason="the command line needs the extra [cli]").app
    for arguments in calls_in(command):
        called, _, _ = app.parse_args(arguments, print_error=False, exit_on_error=False)
        assert callable(called)


def test_calls_are_found_between_pipes_and_assignments() -> None:
    line = "A=b .venv/bin/tikhub-ai models --json | head && tikhub-ai chat 'Hi | there' > out.txt  # as JSON"
    assert list(calls_in(line)) == [["models", "--json"], ["chat", "Hi | there"]]


# ── links and names ─────────────────────────────────────────────────────────────────────────────────────────────

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?!https?:|mailto:)([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?:tikhub_async|tests|docs|examples|benchmarks|\.ci)/[\w./-]*[\w/]")


def prose_of(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^ *(`{3,}).*?^ *\1 *$", "", page.read_text("utf-8"), flags=re.M | re.S)


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.*)$", prose_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose_of(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or target.suffix != ".md" or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_on_a_page_exist(page: Path) -> None:
    spans = (span for span in SPAN.findall(prose_of(page)) if "<" not in span and "*" not in span)
    named = {path.rstrip(".") for span in spans if (path := span.partition(" ")[0]) and FILE.fullmatch(path)}
    assert {path for path in named if not (ROOT / path).exists()} == set()


def resolve(name: str) -> Any:
    """What a dotted name stands for.

    Raises:
        AttributeError: Nothing.
    """
    parts = name.split(".")
    found: Any = tikhub_async
    for position, part in enumerate(parts[1:], 2):
        try:
            found = getattr(found, part)
        except AttributeError:
            if not inspect.ismodule(found):
                raise
            try:
                found = importlib.import_module(".".join(parts[:position]))
            except ModuleNotFoundError as missing:
                raise AttributeError(name) from missing
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_of_the_package_on_a_page_exist(page: Path) -> None:
    spans = SPAN.findall(prose_of(page))
    names = {found[0] for span in spans if (found := re.match(r"tikhub_async(\.\w+)+", span))}
    missing: list[str] = []
    for name in names:
        try:
            resolve(name)
        except AttributeError:
            missing.append(name)
    assert missing == []


def test_the_architecture_page_names_what_is_in_each_file() -> None:
    """Behind a file, in brackets: `` `path` (`name` does this, `other` that) ``."""
    text = (DOCS / "architecture.md").read_text("utf-8")
    named = re.findall(r"`(tikhub_async/[\w/]+\.py)`\s+\(([^)]*(?:\([^)]*\)[^)]*)*)\)", text)
    assert len(named) > 5
    for path, remark in named:
        source = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`([A-Za-z_][\w.]*)`", remark):
            defined = rf"(?m)^\s*(?:(?:async )?def|class) {name.rpartition('.')[2]}\b|^{name}\b.*="
            assert re.search(defined, source), f"{name} is not in {path}"


# ── completeness ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_navigation_has_every_page_and_no_other() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"[\w/]+\.md", nav)
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def documented() -> set[str]:
    """Every name that the reference pulls in."""
    pages = (DOCS / "api").rglob("*.md")
    return {name for page in pages for name in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.M)}


def public_modules() -> list[str]:
    found = pkgutil.walk_packages([str(Path(tikhub_async.__file__).parent)], "tikhub_async.")
    return sorted(module.name for module in found if not any(part.startswith("_") for part in module.name.split(".")))


def test_the_reference_has_every_public_module() -> None:
    """A module counts as there when a package above it that exports its names is."""
    has = documented()
    missing = [
        name
        for name in public_modules()
        if not any(parent in has for parent in (name, *(name.rsplit(".", n)[0] for n in range(1, name.count(".")))))
        and not any(entry.startswith(f"{name}.") for entry in has)
    ]
    assert missing == []


def test_the_reference_has_every_name_of_the_root() -> None:
    has = documented()
    modules = [vars(value) for name in has if inspect.ismodule(value := resolve(name))]
    names = set(tikhub_async.__all__) - {"__version__"}
    missing = {
        name for name in names if f"tikhub_async.{name}" not in has and not any(name in known for known in modules)
    }
    assert missing == set()


def test_names_in_the_reference_exist() -> None:
    for name in documented():
        resolve(name)


def test_the_page_on_errors_has_every_error() -> None:
    text = (DOCS / "errors.md").read_text("utf-8")
    classes = [
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert [name for name in classes if f"`{name}`" not in text and name not in text] == []


def test_the_page_on_testing_has_every_fault() -> None:
    text = (DOCS / "testing.md").read_text("utf-8")
    named = [
        name
        for name in testing.__all__
        if isinstance(value := getattr(testing, name), type) and issubclass(value, Fault)
    ]
    assert [name for name in named if name != "Fault" and f"`{name}(" not in text] == []


def test_the_page_on_the_architecture_has_every_layer() -> None:
    found = {path.stem for path in Path(tikhub_async.__file__).parent.iterdir() if not path.name.startswith("__")}
    diagram = (DOCS / "architecture.md").read_text("utf-8").partition("## A call")[0]
    layers = found - {"py", "_version"}
    assert [name for name in layers if not re.search(rf"\b{name}\b", diagram)] == []


def test_llms_txt_is_up_to_date() -> None:
    script = ROOT / ".ci" / "llms_txt.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
