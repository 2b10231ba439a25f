"""The tables of the migration pages: the same faults for the official client and for this one, counted at the server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tikhub_async import InDoubtError, TikHubAI, testing
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock

openai = pytest.importorskip("openai")
anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")

DOCS = Path(__file__).parents[1] / "docs"
LATE = 0.2
"""Seconds that a caller is willing to wait, in the rows of `late`."""
QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Call = Callable[[], Awaitable[Any]]


class Row(NamedTuple):
    """What a page says."""

    page: str
    peer: str
    """Name and version, as `openai 3.57`."""
    call: str
    fault: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.page}: {self.call}: {self.fault}"


def rows_of(page: str) -> list[Row]:
    """The table under the last heading of a page."""
    lines = (DOCS / page).read_text("utf-8").partition("\n## What was run\n")[2].splitlines()
    header, _, *rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines if line.startswith("|")
    ]
    found: list[Row] = []
    for _, script, theirs, ours in rows:
        call, _, fault = script.strip("`").partition(": ")
        found.append(Row(page, header[2], call, fault, theirs, ours))
    return found


ROWS = [row for page in ("from_openai.md", "from_anthropic.md", "from_google_genai.md") for row in rows_of(page)]
ASK: Any = [{"role": "user", "content": "Hi"}]
ROUTES = {
    "from_openai.md": "chat.completions",
    "from_anthropic.md": "messages",
    "from_google_genai.md": "gemini.generate_content",
}


def route_of(row: Row) -> str:
    if row.call == "video":
        return "sora.create"
    streamed = "_stream" if row.call == "stream" and row.page == "from_google_genai.md" else ""
    return ROUTES[row.page] + streamed


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    async with Emulator(pace=0, task_seconds=0) as emulator:
        yield emulator
        await emulator.assert_no_leaks()


async def seen_of(row: Row, gw: Emulator, call: Call) -> str:
    """What a call does when the fault of a row strikes every time, in the page's words."""
    fault = eval(row.fault, vars(testing) | {name: getattr(testing, name) for name in testing.__all__})
    route = route_of(row)
    gw.script(route, *[fault] * 5)
    try:
        await call()
    except Exception as failure:
        outcome = f"`{type(failure).__name__}`"
    else:
        outcome = "no error"
    count = len(gw.seen(route))
    return f"{count} request{'s'[: count != 1]}, {outcome}"


# ── this client ─────────────────────────────────────────────────────────────────────────────────────────────────


async def our_video(client: TikHubAI) -> None:
    task = await client.sora.create(model="sora-2", prompt="A lighthouse")
    await task.wait()


def our_call(row: Row, client: TikHubAI) -> Call:
    gpt, claude, gemini = client.openai.chat.completions, client.claude.messages, client.gemini.models
    late: dict[str, Any] = {"timeout": LATE} if row.call == "late" else {}
    calls: dict[str, tuple[Call, Call]] = {
        "from_openai.md": (
            lambda: gpt.create(model="gpt-5", messages=ASK, **late),
            lambda: gpt.stream(model="gpt-5", messages=ASK).final(),
        ),
        "from_anthropic.md": (
            lambda: claude.create(model="claude-sonnet-4-5", max_tokens=99, messages=ASK, **late),
            lambda: claude.stream(model="claude-sonnet-4-5", max_tokens=99, messages=ASK).final(),
        ),
        "from_google_genai.md": (
            lambda: gemini.generate_content(model="gemini-2.5-flash", contents=prompt_of(row)),
            lambda: gemini.generate_content_stream(model="gemini-2.5-flash", contents="Hi").final(),
        ),
    }
    whole, streamed = calls[row.page]
    return (lambda: our_video(client)) if row.call == "video" else streamed if row.call == "stream" else whole


def prompt_of(row: Row) -> str:
    return "Hi [[filter]]" if row.call == "blocked" else "Hi"


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_this_client_does_what_the_page_says(row: Row, gw: Emulator) -> None:
    clock = None if row.call == "late" else FakeClock()
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as client:
        assert await seen_of(row, gw, our_call(row, client)) == row.ours


# ── the official ones, unmodified but for the time they wait before they repeat ─────────────────────────────────────


@pytest.fixture
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in (openai, anthropic):
        monkeypatch.setattr(package._base_client.BaseClient, "_calculate_retry_timeout", lambda *_, **__: 0.0)
    monkeypatch.setattr("google.genai._api_client.random.randint", lambda *_: -1)


async def openai_video(client: Any) -> None:
    video = await client.videos.create(model="sora-2", prompt="A lighthouse")
    await client.videos.poll(video.id, poll_interval_ms=1)


async def openai_stream(client: Any) -> None:
    async for _ in await client.chat.completions.create(model="gpt-5", messages=ASK, stream=True):
        pass


async def anthropic_stream(client: Any) -> None:
    async with client.messages.stream(model="claude-sonnet-4-5", max_tokens=99, messages=ASK) as stream:
        await stream.get_final_message()


async def genai_stream(client: Any) -> None:
    async for _ in await client.models.generate_content_stream(model="gemini-2.5-flash", contents="Hi"):
        pass


def skip_unless_installed(row: Row) -> None:
    name, _, wanted = row.peer.rpartition(" ")
    if not version(name).startswith(f"{wanted}."):
        pytest.skip(f"the page speaks of {row.peer}, installed is {version(name)}")


def rows(page: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", [row for row in ROWS if row.page == page], ids=str)


@QUIET
@pytest.mark.usefixtures("_in_a_hurry")
@rows("from_openai.md")
async def test_openai_does_what_the_page_says(row: Row, gw: Emulator) -> None:
    skip_unless_installed(row)
    async with openai.AsyncOpenAI(api_key=TEST_KEY, base_url=f"{gw.base_url}/v1") as client:
        if row.call == "late":
            client = client.with_options(timeout=LATE)
        calls: dict[str, Call] = {"stream": lambda: openai_stream(client), "video": lambda: openai_video(client)}
        whole: Call = lambda: client.chat.completions.create(model="gpt-5", messages=ASK)  # noqa: E731
        assert await seen_of(row, gw, calls.get(row.call, whole)) == row.theirs


@QUIET
@pytest.mark.usefixtures("_in_a_hurry")
@rows("from_anthropic.md")
async def test_anthropic_does_what_the_page_says(row: Row, gw: Emulator) -> None:
    skip_unless_installed(row)
    async with anthropic.AsyncAnthropic(api_key=TEST_KEY, base_url=gw.base_url) as client:
        if row.call == "late":
            client = client.with_options(timeout=LATE)
        whole: Call = lambda: client.messages.create(model="claude-sonnet-4-5", max_tokens=99, messages=ASK)  # noqa: E731
        call = (lambda: anthropic_stream(client)) if row.call == "stream" else whole
        assert await seen_of(row, gw, call) == row.theirs


@QUIET
@pytest.mark.usefixtures("_in_a_hurry")
@rows("from_google_genai.md")
async def test_google_genai_does_what_the_page_says(row: Row, gw: Emulator) -> None:
    skip_unless_installed(row)
    made = genai.Client(api_key=TEST_KEY, http_options={"base_url": gw.base_url})
    async with made.aio as client:
        whole: Call = lambda: client.models.generate_content(model="gemini-2.5-flash", contents=prompt_of(row))  # noqa: E731
        call = (lambda: genai_stream(client)) if row.call == "stream" else whole
        assert await seen_of(row, gw, call) == row.theirs
    made.close()


@QUIET
@pytest.mark.usefixtures("_in_a_hurry")
async def test_openai_pays_three_videos_where_this_client_pays_one(gw: Emulator) -> None:
    """What stands under the table of its page."""
    gw.script("sora.create", *[testing.Drop()] * 5)
    async with openai.AsyncOpenAI(api_key=TEST_KEY, base_url=f"{gw.base_url}/v1") as client:
        with pytest.raises(openai.APIConnectionError):
            await openai_video(client)
    assert len(gw.paid) == 3
    gw.paid.clear()
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=FakeClock()) as ours:
        with pytest.raises(InDoubtError):
            await our_video(ours)
    assert len(gw.paid) == 1
