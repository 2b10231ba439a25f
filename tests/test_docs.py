"""The documentation keeps its word: blocks run, commands parse, links and names lead somewhere, no page is left out."""

import ast
import asyncio
import functools
import importlib
import inspect
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tikhub_async
from benchmarks import report
from tests.doc_blocks import Block, blocks_of, commands_in, modules_of, run_page
from tikhub_async import TikHubAI, _tasks, errors, testing
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
        "--follow-imports=silent",
        "--config-file=",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    command = [sys.executable, "-m", "mypy", *options, str(tmp_path)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_run_says_why() -> None:
    python = [block for blocks in BLOCKS.values() for block in blocks if block.language == "python"]
    left_out = [block for block in python if block.reason is not None]
    assert [str(block) for block in left_out if not re.match(r"needs \w", str(block.reason))] == []
    tests = sum(is_test(block) for block in python if block.reason is None)
    print(f"{len(python)} Python blocks: {len(python) - len(left_out) - tests} run, {tests} are tests, not run are:")
    print(*(f"  {block}: {block.reason}" for block in left_out), sep="\n")


def test_every_block_says_its_language() -> None:
    """One of these: `py` or `pycon` would slip through unrun."""
    languages = {"python", "text", "json", *SHELL}
    odd = [str(block) for blocks in BLOCKS.values() for block in blocks if block.language not in languages]
    assert odd == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_hides_without_a_fence(page: Path) -> None:
    """Code by indentation alone would be neither run nor parsed; continued list items are indented too, by two or three."""
    hidden = re.findall(r"(?:^|\n)\n {4,}(?![-*] |\d+\. )\S.*", prose_of(page))
    assert hidden == []


EXCERPTS = [pytest.param(block, id=str(block)) for blocks in BLOCKS.values() for block in blocks if block.source]


@pytest.mark.parametrize("block", EXCERPTS)
def test_an_excerpt_is_what_the_file_says(block: Block) -> None:
    """Line by line, in order; lines in between may be missing."""
    lines = iter((ROOT / str(block.source)).read_text("utf-8").splitlines())
    missing = [line for line in block.code.splitlines() if line and line not in lines]
    assert missing == []


def test_the_page_on_web_backends_shows_every_framework() -> None:
    shown = {block.source for block in BLOCKS[DOCS / "web.md"]}
    programs = {name_of(path) for path in (ROOT / "examples" / "relay").glob("*_app.py")}
    assert len(programs) == 6
    assert programs <= shown


def examples_in_docstrings() -> Iterator[Any]:
    """Indented blocks in docstrings of the package, which the reference shows as code."""
    for path in sorted(Path(tikhub_async.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for code in re.findall(r"(?:^|\n\n)((?: {4}.*\n|\n(?= {4}))+)", (ast.get_docstring(node) or "") + "\n"):
                if re.search(r"^ {4}(async with|with|class|def|import|from|@|\w+ = )", code, re.M):
                    name = getattr(node, "name", "module")
                    yield pytest.param(textwrap.dedent(code), id=f"{path.relative_to(ROOT)}:{name}")


@pytest.mark.parametrize("code", list(examples_in_docstrings()))
def test_an_example_in_a_docstring_is_python(code: str) -> None:
    """Fragments are not run, their like in the guides is; `…` stands for what is left out."""
    compile(code.replace("(…)", "(...)").replace("=…", "=..."), "docstring", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


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


MODULE = re.compile(r"\bpython3? -m ((?:tests|benchmarks|examples|tikhub_async)(?:\.\w+)*)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_modules_that_a_page_starts_exist(page: Path) -> None:
    missing = [
        name
        for name in MODULE.findall(page.read_text("utf-8"))
        if not (place := ROOT / name.replace(".", "/")).with_suffix(".py").exists()
        and not (place / "__main__.py").exists()
    ]
    assert missing == []


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


@pytest.mark.parametrize("page", [page for page in PAGES if not page.name.startswith("from_")], ids=name_of)
def test_calls_and_options_named_on_a_page_exist(page: Path) -> None:
    """`client.…` in prose, tables and blocks, and the options of `TikHubAI(…)`; pages on other clients name theirs too."""
    text = page.read_text("utf-8")
    client = TikHubAI(api_key=TEST_KEY)
    missing: list[str] = []
    for name in re.findall(r"(?<![\w.])client(?!\.md)((?:\.[a-z_]\w*)+)", text):
        try:
            functools.reduce(getattr, name.split(".")[1:], client)
        except AttributeError:
            missing.append(name)
    options = inspect.signature(TikHubAI).parameters
    missing += [name for name in re.findall(r"\bTikHubAI\((\w+)=", text) if name not in options]
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


def undocumented(value: Any, seen: set[str]) -> Iterator[str]:
    """What of a class or function, wherever it is written, has no docstring; `seen` counts what was looked at."""
    name = f"{value.__module__}.{value.__qualname__}"
    if name in seen:
        return
    seen.add(name)
    if not value.__doc__ or value.__doc__.startswith(f"{value.__name__}("):  # the latter is a dataclass's own
        yield name
    if not inspect.isclass(value):
        return
    for kind in value.__mro__:
        for member, found in vars(kind).items() if kind.__module__.startswith("tikhub_async") else ():
            function = (
                found.fget
                if isinstance(found, property)
                else found.func
                if isinstance(found, functools.cached_property)
                else getattr(found, "__func__", found)
            )
            if member.startswith("_") or not inspect.isfunction(function):
                continue
            seen.add(f"{kind.__module__}.{kind.__qualname__}.{member}")
            if not inspect.getdoc(function) and not inspect.getdoc(getattr(kind, member)):
                yield f"{kind.__module__}.{kind.__qualname__}.{member}"


def test_everything_in_the_reference_is_documented() -> None:
    """Also what a public package takes from a module of its own that is not public, and what classes inherit."""
    seen = set[str]()
    missing = list[str]()
    for name in ["tikhub_async", *public_modules()]:
        module = importlib.import_module(name)
        missing += [] if module.__doc__ else [name]
        for entry in getattr(module, "__all__", [entry for entry in vars(module) if not entry.startswith("_")]):
            value = getattr(module, entry)
            if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith("tikhub_async"):
                missing += undocumented(value, seen)
    assert missing == []
    print(f"{len(seen)} public classes, functions, methods and properties: 100 % have docstrings")


def constants_without_a_word(path: Path, names: set[str]) -> list[str]:
    """Constants of a module that no string follows."""
    body = ast.parse(path.read_text("utf-8")).body
    missing: list[str] = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        said = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        missing += [
            f"{path.name}:{target.id}"
            for target in targets
            if isinstance(target, ast.Name) and target.id in names and not said
        ]
    return missing


def test_every_public_constant_is_documented() -> None:
    package = Path(tikhub_async.__file__).parent
    missing: list[str] = []
    for name in public_modules():
        module = importlib.import_module(name)
        names = set(getattr(module, "__all__", ()))
        place = Path(str(module.__file__))
        homes = place.parent.glob("*.py") if place.name == "__init__.py" and place.parent != package else [place]
        for home in homes:
            missing += constants_without_a_word(home, names)
    assert sorted(set(missing)) == []


def test_the_page_on_the_public_surface_names_every_package_with_a_list() -> None:
    text = (DOCS / "public_surface.md").read_text("utf-8")
    listing = {name for name in public_modules() if hasattr(importlib.import_module(name), "__all__")}
    tops = {name for name in listing if name.count(".") == 1}
    assert [name for name in sorted(tops) if f"`{name}`" not in text] == []


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


def test_the_page_on_performance_shows_what_was_measured() -> None:
    """After a run: `python -m benchmarks.report`."""
    assert report.page(report.Results.read()) in report.PAGE.read_text()
    for name in report.Results.read().figures:
        assert (report.PLOTS / f"{name}.svg").exists()
