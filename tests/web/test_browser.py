"""The example application in a real browser: what its user sees, and what the gateway sees of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.serving import browsing, serving
from tikhub_async import TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, ErrorInStream, Stall

pytest.importorskip("starlette", reason="starlette is not installed: pip install '.[web]'")
pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install '.[web]'")
make_app = pytest.importorskip("examples.webapp.app").make_app

pytestmark = pytest.mark.slow
AT_ONCE = 0.1
"""Seconds from the click on Stop until the gateway sees the connection closed."""
SCREENSHOT = Path(__file__).parents[2] / "docs" / "webapp.png"
QUESTION = "Which of you can keep a secret, and for how long?"


@pytest.fixture
async def gw() -> AsyncIterator[Emulator]:
    """An emulator that speaks at a pace at which one can watch it."""
    async with Emulator(pace=0.05, task_seconds=1.5) as emulator:
        yield emulator
        await emulator.assert_no_leaks(timeout=3)


@pytest.fixture
async def url(gw: Emulator) -> AsyncIterator[str]:
    app = make_app(lambda: TikHubAI(api_key=TEST_KEY, base_url=gw.base_url), poll_interval=0.1, tell_all=True)
    async with serving(app) as served:
        yield served


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Of this scope, so that one browser serves all tests."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Any]:
    async with browsing() as launched:
        yield launched


@pytest.fixture
async def context(url: str, browser: Any) -> AsyncIterator[Any]:
    made = await browser.new_context(base_url=url, viewport={"width": 1160, "height": 720})
    made.set_default_timeout(15_000)
    yield made
    await made.close()


async def open_page(context: Any) -> Any:
    """A tab whose page has loaded, and that must not report an error."""
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto("/")
    await page.wait_for_selector("body[data-ready]")
    assert problems == []
    return page


async def ask(page: Any, question: str, provider: str = "OpenAI") -> None:
    await page.select_option("#chat-provider", provider)
    await page.fill("#question", question)
    await page.click("#send")


async def until(condition: Callable[[], object], limit: float = 5.0) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.001)


async def test_the_first_word_is_on_the_page_before_the_stream_ends(gw: Emulator, context: Any) -> None:
    page = await open_page(context)
    await ask(page, QUESTION)
    await so(page, "document.querySelector('.assistant .text')?.textContent.startsWith('You')")
    assert not gw.requests[0].finished
    shown = gw.requests[0].events_sent
    await so(page, "document.querySelector('.facts')?.textContent.includes('tokens')")
    print(f"the first word was on the page after {shown} of {gw.requests[0].events_sent} events")
    assert QUESTION in await page.text_content(".assistant .text")
    assert shown < gw.requests[0].events_sent / 2


async def test_every_provider_answers_in_the_same_page(gw: Emulator, context: Any) -> None:
    gw.pace = 0
    page = await open_page(context)
    providers = await page.eval_on_selector_all("#chat-provider option", "all => all.map(o => o.textContent)")
    assert len(providers) == 5
    for number, provider in enumerate(providers, 1):
        await ask(page, f"{provider}?", provider)
        await so(page, f"document.querySelectorAll('.facts:not(:empty)').length === {number}")
    answers = await page.eval_on_selector_all(".assistant .text", "all => all.map(o => o.textContent)")
    assert [
        provider for provider, answer in zip(providers, answers, strict=True) if f"{provider}?" in answer
    ] == providers
    thoughts = await page.eval_on_selector_all(".reasoning", "all => all.map(o => o.textContent)")
    assert any(thoughts)


@pytest.mark.parametrize("silent", [False, True], ids=["speaking", "thinking"])
async def test_stop_closes_the_upstream(gw: Emulator, context: Any, silent: bool) -> None:
    if silent:
        gw.script("chat.completions", Stall(after_events=4))
    page = await open_page(context)
    await ask(page, "[[words=2000]]")
    await so(page, "document.querySelector('.assistant .text')?.textContent.length > 3")
    # The click is timed where it happens: how long playwright takes to bring it there is not the application's time.
    clicked = page.evaluate("() => { document.querySelector('#stop').click(); }")
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.ensure_future(until(lambda: gw.requests[0].client_left))
    await clicked
    await waiting
    took = loop.time() - began
    print(f"stop: the upstream was closed {took * 1000:.0f} ms after the click ({'silent' if silent else 'speaking'})")
    assert took < AT_ONCE
    assert not gw.requests[0].finished
    await so(page, "document.querySelector('.facts').textContent === 'stopped'")


async def test_an_error_is_shown_behind_what_was_said(gw: Emulator, context: Any) -> None:
    gw.script("chat.completions", ErrorInStream(after_events=4, message="the model is overheated"))
    page = await open_page(context)
    await ask(page, QUESTION)
    await page.wait_for_selector(".facts.failed")
    assert "overheated" in await page.text_content(".facts")
    assert (await page.text_content(".assistant .text")).startswith("You")


async def test_text_of_a_model_is_never_taken_for_html(gw: Emulator, context: Any) -> None:
    gw.pace = 0
    page = await open_page(context)
    await ask(page, "<img src=x onerror=\"document.title='caught'\"> <b>bold</b>")
    await page.wait_for_selector(".facts:not(:empty)")
    assert await page.locator("#log img, #log b").count() == 0
    assert await page.title() != "caught"


async def so(page: Any, expression: str, limit: float = 15.0) -> None:
    """Until something is so on the page. Playwright's own `wait_for_function` needs an `eval` that the page forbids."""
    async with asyncio.timeout(limit):
        while not await page.evaluate(f"() => {expression}"):
            await asyncio.sleep(0.005)


async def start_video(page: Any, prompt: str, provider: str = "Seedance") -> None:
    await page.select_option("#video-provider", provider)
    await page.fill("#prompt", prompt)
    await page.click("#video button")
    await page.wait_for_selector(".film .status")


PLAYS = "() => [...document.querySelectorAll('.film video')].filter(v => v.currentTime > 0 && v.videoWidth > 0).length"


async def test_a_video_plays_and_the_page_shows_how_it_was_made(gw: Emulator, context: Any) -> None:
    page = await open_page(context)
    await page.evaluate("""() => {
        window.seen = new Set();
        new MutationObserver(() => {
            const text = document.querySelector('.film .status')?.textContent;
            if (text) window.seen.add(text);
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
    }""")
    await start_video(page, "A lighthouse in a storm")
    await page.wait_for_selector(".film video")
    seen = await page.evaluate("() => [...window.seen]")
    assert [text for text in seen if "running" in text]
    await page.evaluate("() => document.querySelector('.film video').play()")
    await so(page, f"({PLAYS})() === 1")
    assert await page.evaluate("() => document.querySelector('.film video').videoWidth") == 160
    assert len(gw.paid) == 1


async def test_every_maker_makes_a_video(gw: Emulator, context: Any) -> None:
    page = await open_page(context)
    makers = await page.eval_on_selector_all("#video-provider option", "all => all.map(o => o.textContent)")
    assert len(makers) == 4
    for maker in makers:
        await start_video(page, f"A lighthouse, by {maker}", maker)
    await so(page, "document.querySelectorAll('.film video').length === 4")
    assert len(gw.paid) == 4


async def test_a_video_that_fails_says_why(gw: Emulator, context: Any) -> None:
    page = await open_page(context)
    await start_video(page, "A lighthouse [[fail=too dark]]")
    await page.wait_for_selector(".film .status.failed")
    assert "too dark" in await page.text_content(".film .status")


async def test_a_reload_takes_up_a_running_task(gw: Emulator, context: Any) -> None:
    gw.tasks.task_seconds = 3
    page = await open_page(context)
    await start_video(page, "A tram at dawn")
    await so(page, "document.querySelector('.film .status').textContent.includes('running')")
    await page.reload()
    await so(page, "document.querySelector('.film .status')?.textContent.includes('running')")
    assert await page.text_content(".film .prompt") == "A tram at dawn"
    await page.wait_for_selector(".film video")
    assert len(gw.paid) == 1


async def test_two_tabs_at_once(gw: Emulator, context: Any) -> None:
    """Each with a chat of its own; both with the same video."""
    one, two = await open_page(context), await open_page(context)
    await asyncio.gather(ask(one, "[[words=60]] one"), ask(two, "[[words=60]] two", "Claude"))
    await start_video(one, "Rain on a window")
    await two.reload()
    await asyncio.gather(*(page.wait_for_selector(".film video") for page in (one, two)))
    await so(one, "document.querySelector('.facts')?.textContent.includes('tokens')")
    assert len(gw.paid) == 1
    asked = [request for request in gw.requests if request.route in ("chat.completions", "messages")]
    assert sum(request.finished for request in asked) == 1  # the reload of the second tab stopped its answer
    assert sum(request.client_left for request in asked) == 1


async def test_a_picture_of_it(gw: Emulator, context: Any, tmp_path: Path) -> None:
    """`TIKHUB_SCREENSHOT=1` keeps it as the README's."""
    page = await open_page(context)
    gw.tasks.task_seconds = 1.0
    await start_video(page, "A lighthouse in a storm, seen from the sea")
    await page.wait_for_selector(".film video")
    gw.tasks.task_seconds = 6.0
    await start_video(page, "A tram climbing a steep street at dawn", "Veo")
    await ask(page, "What is the sea made of?", "DeepSeek")
    await page.wait_for_selector(".facts:not(:empty)")
    await ask(page, "And who says so?", "Claude")
    await so(page, "document.querySelectorAll('.assistant .text')[1]?.textContent.length > 40")
    await so(page, "document.querySelector('.film .status').textContent.includes('running')")
    await page.evaluate("() => document.querySelector('.film video').play()")
    await so(page, f"({PLAYS})() === 1")
    place = SCREENSHOT if os.environ.get("TIKHUB_SCREENSHOT") else tmp_path / "webapp.png"
    await page.screenshot(path=str(place))
    assert place.stat().st_size > 10_000
