"""The code blocks of the documentation: found in Markdown, and run as a reader would run them.

Blocks of a page run one after the other in one namespace, like cells of a notebook: what has a top-level `await` runs on
the page's event loop, the rest as it is. A block behind `<!-- not run: reason -->` is left out; one behind
`<!-- from path -->` is an excerpt of that file and has a namespace of its own; a `text` block behind `<!-- output -->` must
be what the Python block before it printed, where `…` stands for anything.
"""

import ast
import asyncio
import contextlib
import inspect
import io
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\w*).*\n(?P<code>(?s:.*?))^(?P=indent)(?P=fence) *$", re.M
)
COMMENT = re.compile(r"<!--\s*(?P<remark>.*?)\s*-->\s*\Z", re.S)
EXCERPT = re.compile(r"from (?P<path>[\w/]+\.py)")
NOT_RUN = re.compile(r"not run: *(?P<reason>.*)", re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    """Of its first line of code, from 1."""
    language: str
    code: str
    remark: str
    """The HTML comment right before it, `""` where there is none."""

    @property
    def reason(self) -> str | None:
        """Why it is not run; None when it is."""
        found = NOT_RUN.fullmatch(self.remark)
        return found["reason"].strip() if found else None

    @property
    def source(self) -> str | None:
        """The file that it is an excerpt of, from the project's folder; None where it is none."""
        found = EXCERPT.fullmatch(self.remark)
        return found["path"] if found else None

    @property
    def is_output(self) -> bool:
        return self.remark == "output"

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    for match in FENCE.finditer(text):
        before = text[: match.start()]
        comment = COMMENT.match(before, max(before.rfind("<!--"), 0))
        indent = match["indent"]
        code = "".join(line.removeprefix(indent) for line in match["code"].splitlines(keepends=True))
        line = before.count("\n") + 2
        found.append(Block(page, line, match["language"], code, comment["remark"] if comment else ""))
    return found


@contextlib.contextmanager
def namespace(name: str) -> Iterator[types.ModuleType]:
    """A module to run code in: types that are defined there look their hints up in `sys.modules`."""
    module = types.ModuleType(name)
    module.__file__ = f"{name}.py"  # Quart looks for the folder of its application
    sys.modules[name] = module
    try:
        yield module
    finally:
        del sys.modules[name]


def run_page(blocks: list[Block], prepare: Callable[[Block], None]) -> None:
    """Run the Python blocks of a page, and compare what they print where the page says it.

    Args:
        blocks: Python and output blocks, in the order of the page.
        prepare: Called before each Python block.

    Raises:
        AssertionError: A block printed something else.
        BaseException: What a block raises, with a note that names it.
    """
    name = f"docs_{blocks[0].page.stem}".replace("-", "_").lower()
    with namespace(name) as module, asyncio.Runner() as runner:
        printed = ""
        try:
            for block in blocks:
                if block.language == "python" and block.reason is None:
                    prepare(block)
                    with namespace(f"{name}_{block.line}") if block.source else nullcontext(module) as place:
                        printed = _run(block, place, runner)
                elif block.is_output:
                    assert _fits(block.code, printed), f"{block} says\n{block.code}\nbut printed was\n{printed}"
        finally:
            client = vars(module).get("client")
            if client is not None:
                runner.run(client.aclose())


def _run(block: Block, module: types.ModuleType, runner: asyncio.Runner) -> str:
    """Run one block; what it printed."""
    # Empty lines in front, so that a traceback shows the page's own line numbers.
    source = "\n" * (block.line - 1) + block.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(source, str(block.page), "exec", flags=flags, dont_inherit=True)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(_awaited(code, module))
            else:
                exec(code, vars(module))
    except BaseException as failure:
        failure.add_note(f"in the block at {block}")
        raise
    return out.getvalue()


async def _awaited(code: types.CodeType, module: types.ModuleType) -> None:
    await eval(code, vars(module))


def _fits(said: str, printed: str) -> bool:
    pattern = ".*?".join(re.escape(part) for part in said.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


def commands_in(block: Block) -> list[str]:
    """The command lines of a shell block, continuation lines joined, prompts and comments removed."""
    joined = block.code.replace("\\\n", " ")
    lines = (line.strip().removeprefix("$ ") for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def modules_of(page: Path) -> dict[str, str]:
    """The Python of a page as modules for a type checker: whole programs one by one, the rest as one function."""
    found: dict[str, str] = {}
    imports: list[str] = []
    cells: list[str] = []
    for block in blocks_of(page):
        if block.language != "python" or block.reason is not None:
            continue
        if block.source or "asyncio.run(" in block.code or "def test_" in block.code:
            found[f"{page.stem}_{block.line}"] = block.code
            continue
        for line in block.code.splitlines():
            (imports if re.match(r"(from|import) ", line) else cells).append(line)
    if cells:
        body = "\n".join(f"    {line}" for line in cells)
        found[f"{page.stem}_cells"] = "\n".join([*imports, "async def page() -> None:", body, ""])
    return found
