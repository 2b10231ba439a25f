"""Write `docs/llms.txt` (https://llmstxt.org) from the site's navigation and the first sentence of each page.

    python .ci/llms_txt.py            write it
    python .ci/llms_txt.py --check    exit 1 if it is not up to date

Links lead to the Markdown of the pages, which `.ci/docs.sh` puts beside the site's own.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TARGET = DOCS / "llms.txt"

HEAD = """\
# tikhub-async

> Asyncio-first Python SDK for the TikHub AI Proxy (https://ai.tikhub.io): one key and one host for OpenAI, Claude, DeepSeek
> and Gemini (chat, responses, embeddings, transcription, streamed) and for Sora, Seedance, Kling and Veo (videos as tasks
> that are created, waited for and downloaded). Python 3.11 and newer; aiohttp, msgspec, anyio.

Rules that code written against it should keep:

- One `async with TikHubAI() as client:` per program; the key comes from `TIKHUB_AI_API_KEY`. There is no synchronous client.
- `create` never streams, `stream` always does: `async with client.openai.chat.completions.stream(…) as stream:`, then
  `async for text in stream.text_stream:`, then `await stream.final()`.
- Never repeat a video creation after an `InDoubtError`: it may have been paid for. Save `task.to_dict()` right after a
  creation; `client.tasks.attach(saved)` takes it up again.
- A received message goes back into a request by `.to_param()`. Annotate histories: `history: list[ChatMessage] = […]`.
- To run without a key: `tikhub_async.testing.Emulator`, or `tikhub-ai emulator`.
"""

SECTION = re.compile(r"  - (?P<title>[^:]+):$")
PAGE = re.compile(r" +- (?:\"?(?P<title>[^\"]+?)\"?: )?(?P<path>[\w/]+\.md)$")


def sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Sections of the navigation with their pages: (title, path)."""
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    title, pages = "Start", list[tuple[str, str]]()
    for line in nav.splitlines():
        if section := SECTION.match(line):
            yield title, pages
            title, pages = section["title"], []
        elif page := PAGE.match(line):
            pages.append((page["title"] or heading_of(page["path"]), page["path"]))
    yield title, pages


def heading_of(path: str) -> str:
    """The first heading of a page."""
    return (DOCS / path).read_text("utf-8").partition("\n")[0].removeprefix("# ")


def summary_of(path: str) -> str:
    """The first sentence behind the heading, without links."""
    prose = re.sub(r"^(`{3,}).*?^\1$", "", (DOCS / path).read_text("utf-8"), flags=re.M | re.S)
    paragraphs = (paragraph.strip() for paragraph in prose.split("\n\n"))
    text = " ".join(next(paragraph for paragraph in paragraphs if paragraph and paragraph[0] not in "#|<").split())
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    sentence = re.match(r".*?[.:](?= [A-Z`]|$)", text)
    return (sentence[0] if sentence else text).rstrip(":.") + "."


def text() -> str:
    """The whole file."""
    parts = [HEAD]
    for title, pages in sections():
        if title == "Reference":
            continue  # made from docstrings: the Markdown says nothing; help() and the site have it
        lines = [f"- [{name}]({path}): {summary_of(path)}" for name, path in pages]
        parts.append("\n".join([f"## {title}", "", *lines, ""]))
    return "\n".join(parts)


def main() -> int:
    """Write, or compare; the exit code."""
    wanted = text()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted, "utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text("utf-8") == wanted:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is not up to date: run python .ci/llms_txt.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
