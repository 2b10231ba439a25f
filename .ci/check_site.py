"""Whether the built site has an entry for every public name, and loads nothing from elsewhere.

    python .ci/check_site.py site .

Reads sources, and imports nothing: the environment that builds the site has none of the package's dependencies.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ANCHOR = re.compile(r'id="(tikhub_async[\w.]*)"')
FOREIGN = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^>]*>")
ELSEWHERE = re.compile(r"(?:url\(|@import )[\"']?(?:https?:)?//")


def lists(root: Path) -> Iterator[tuple[str, list[str]]]:
    """The `__all__` of every module of the first two levels, and of those with a place in the reference: (module, names)."""
    pages = (page.read_text("utf-8") for page in (root / "docs" / "api").rglob("*.md"))
    placed = {name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.M)}
    for path in sorted((root / "tikhub_async").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        name = ".".join(parts)
        if any(part.startswith("_") for part in parts) or (len(parts) > 2 and name not in placed):
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]:
                yield name, ast.literal_eval(node.value)


def main(site: Path, root: Path) -> int:
    """Check; the exit code."""
    pages = {page: page.read_text("utf-8") for page in site.rglob("*.html")}
    anchors = {anchor for page in pages.values() for anchor in ANCHOR.findall(page)}
    names = {anchor.rpartition(".")[2] for anchor in anchors}
    count, problems = 0, list[str]()
    for module, exported in lists(root):
        count += len(exported)
        # What the root or a package passes on stands where it is at home.
        problems += [f"no entry for {module}.{name}" for name in exported if name not in names | {"__version__"}]
    problems += [
        f"{page.relative_to(site)} loads {found}" for page, text in pages.items() for found in FOREIGN.findall(text)
    ]
    problems += [
        f"{sheet.relative_to(site)} loads from elsewhere"
        for sheet in site.rglob("*.css")
        if ELSEWHERE.search(sheet.read_text("utf-8"))
    ]
    print(f"{len(anchors)} entries in the reference; {count} names in the packages' lists", *problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
