"""The six example applications, each behind a real server on loopback, on the loop of the test."""

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

FRAMEWORKS = {
    "fastapi": ("uvicorn", "hypercorn"),
    "starlette": ("uvicorn", "hypercorn"),
    "litestar": ("uvicorn", "hypercorn"),
    "quart": ("uvicorn", "hypercorn"),
    "django": ("uvicorn", "hypercorn"),
    "aiohttp": ("aiohttp",),
}
PAIRS = [(framework, server) for framework, servers in FRAMEWORKS.items() for server in servers]
USUAL = [(framework, servers[0]) for framework, servers in FRAMEWORKS.items()]
"""One server for each."""


@asynccontextmanager
async def serving(framework: str, server: str) -> AsyncIterator[str]:
    """The base URL of an example that is being served; skips where one of the two is not installed."""
    for needed in (framework, server):
        pytest.importorskip(needed, reason=f"{needed} is not installed: pip install '.[web]' brings all of them")
    module = importlib.import_module(f"examples.relay.{framework}_app")
    if server == "aiohttp":
        async with _aiohttp(module.make_app()) as url:
            yield url
    elif server == "uvicorn":
        async with _uvicorn(module.app, lifespan="off" if framework == "django" else "on") as url:
            yield url
    else:
        async with _hypercorn(module.app) as url:
            yield url
    if framework == "django":
        await module.client().aclose()
        module.client.cache_clear()


@asynccontextmanager
async def _aiohttp(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    return listener


@asynccontextmanager
async def _uvicorn(app: Any, *, lifespan: Any) -> AsyncIterator[str]:
    import uvicorn

    config = uvicorn.Config(app, lifespan=lifespan, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with _listener() as listener:
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


@asynccontextmanager
async def _hypercorn(app: Any) -> AsyncIterator[str]:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    listener = _listener()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 1.0
    config.errorlog = None
    stop = asyncio.Event()
    running = asyncio.ensure_future(serve(app, config, shutdown_trigger=stop.wait, mode="asgi"))
    port = listener.getsockname()[1]
    try:
        await asyncio.sleep(0)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await running
        listener.detach()
