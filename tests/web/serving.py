"""The example application on loopback, on the loop of the test, and a browser for it."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
"""What a headless browser needs in a container, as root, without the internet."""


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The base URL of an ASGI application that is being served."""
    import uvicorn

    config = uvicorn.Config(app, lifespan="on", log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Not `serve()`, which takes over the signals of the process.
        running = asyncio.ensure_future(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.005)
            assert not running.done(), "the server did not start"
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


def chromium() -> str:
    """The system's Chromium; skips where there is none."""
    found = os.environ.get("TIKHUB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium here: `apt-get install chromium`, or name one in TIKHUB_CHROMIUM")
    return found


@asynccontextmanager
async def browsing() -> AsyncIterator[Any]:
    """A headless Chromium; skips where it or playwright is missing."""
    api = pytest.importorskip("playwright.async_api", reason="playwright is not installed: pip install '.[web]'")
    path = chromium()
    async with api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
