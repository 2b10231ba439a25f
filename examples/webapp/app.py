"""The application: one client by lifespan, seven routes.

A stranger who reaches it spends the money of its key: an application of your own asks who is there first. What it does
take care of: a foreign page cannot post to it (only JSON is read, which browsers do not send across sites unasked), texts
are limited, and what the gateway says of an error stays in the server's log.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from examples.webapp.providers import CHATS, VIDEOS, Turn
from tikhub_async import InDoubtError, ParameterError, TikHubAI, TikHubError, VideoTask
from tikhub_async.relay import StreamRelay, full_error, public_error

HERE = Path(__file__).parent
LONGEST_BODY = 200_000
"""Bytes of a request."""

log = logging.getLogger("webapp")
T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]


class Spoken(msgspec.Struct):
    """A turn of the conversation."""

    role: Literal["user", "assistant"]
    content: Text


class ChatForm(msgspec.Struct):
    """What the chat form sends."""

    provider: str
    turns: Annotated[list[Spoken], msgspec.Meta(min_length=1, max_length=100)]


class VideoForm(msgspec.Struct):
    """What the video form sends."""

    provider: str
    prompt: Text


@dataclass
class Shop:
    """What the routes share."""

    client: TikHubAI
    poll_interval: float | None
    describe: Callable[[TikHubError], dict[str, Any]]
    videos: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Key of a video → its saved handle and prompt. A database in a real application: with it a restart loses nothing."""

    def task(self, request: Request) -> VideoTask[Any]:
        """The handle of the video that a path names."""
        saved = self.videos.get(request.path_params["key"])
        if saved is None:
            raise HTTPException(404, "There is no such video.")
        return self.client.tasks.attach(saved["task"])


async def page(request: Request) -> Response:
    """The page itself."""
    return FileResponse(HERE / "static" / "page.html")


async def choices(request: Request) -> Response:
    """The providers to choose from, and the videos there are: what a page needs when it is loaded, or loaded again."""
    shop: Shop = request.state.shop
    videos = [
        {"key": key, "provider": saved["provider"], "prompt": saved["prompt"]} for key, saved in shop.videos.items()
    ]
    return JSONResponse({"chats": list(CHATS), "makers": list(VIDEOS), "videos": videos})


async def chat(request: Request) -> Response:
    """An answer as it is written. A browser that aborts the request stops the provider."""
    shop: Shop = request.state.shop
    form = await read(request, ChatForm)
    turns: list[Turn] = [{"role": turn.role, "content": turn.content} for turn in form.turns]
    stream = known(CHATS, form.provider)(shop.client, turns)
    relay = stream.relay(describe=shop.describe, on_end=book)
    return StreamingResponse(relay, headers=relay.headers)


def book(relay: StreamRelay) -> None:
    """Where an application notes what a user has spent."""
    how = "left" if relay.left else f"failed: {relay.error}" if relay.error else "done"
    log.info("chat %s after %d events, usage %s", how, relay.stream.stats.events, relay.usage)


async def create(request: Request) -> Response:
    """Start a video."""
    shop: Shop = request.state.shop
    form = await read(request, VideoForm)
    task = await known(VIDEOS, form.provider)(shop.client, form.prompt)
    key = uuid4().hex
    # At once: from here on the video is paid for, and this is what it can be found by.
    shop.videos[key] = {"task": task.to_dict(), "provider": form.provider, "prompt": form.prompt}
    return JSONResponse({"key": key, "provider": form.provider, "prompt": form.prompt}, 201)


async def progress(request: Request) -> Response:
    """How far a video is, live. Any number of pages may look; they cost no more than one."""
    shop: Shop = request.state.shop
    relay = shop.task(request).relay(poll_interval=shop.poll_interval, describe=shop.describe)
    return StreamingResponse(relay, headers=relay.headers)


async def film(request: Request) -> Response:
    """The video, handed on while it is fetched: providers' addresses expire, and some need the key."""
    shop: Shop = request.state.shop
    task = shop.task(request)
    await task.wait(timeout=30, poll_interval=shop.poll_interval)
    result = task.video().open()
    await result.__aenter__()  # the head of the answer, so that an error is still an error

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in result:
                yield piece
        finally:
            await result.aclose()  # players leave in the middle

    length = {} if result.total is None else {"Content-Length": str(result.total)}
    return StreamingResponse(pieces(), media_type=result.content_type or "video/mp4", headers=length)


async def read(request: Request, form: type[T]) -> T:
    """The body as a form."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "Send JSON.")
    if int(request.headers.get("content-length") or LONGEST_BODY + 1) > LONGEST_BODY:
        raise HTTPException(413, "That is too long.")
    try:
        return msgspec.json.decode(await request.body(), type=form)
    except msgspec.MsgspecError as problem:
        raise HTTPException(400, str(problem)) from None


def known(table: Any, name: str) -> Any:
    """An entry of one of the tables of providers."""
    if name not in table:
        raise HTTPException(400, f"There is no provider {name!r}.")
    return table[name]


async def refused(request: Request, error: Exception) -> Response:
    """An error of the SDK as JSON."""
    assert isinstance(error, TikHubError)
    log.warning("%s: %s", request.url.path, error)
    told = request.state.shop.describe(error)
    if isinstance(error, InDoubtError):
        told["message"] = (
            "The gateway did not answer. A video may be on its way all the same: look before you try again."
        )
    return JSONResponse(told, 400 if isinstance(error, ParameterError) else 502)


async def said(request: Request, error: Exception) -> Response:
    """An error of ours in the same form."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"message": error.detail}, error.status_code)


def make_app(
    make_client: Callable[[], TikHubAI] = TikHubAI, *, poll_interval: float | None = None, tell_all: bool = False
) -> Starlette:
    """The application.

    Args:
        make_client: Called once, when the server starts.
        poll_interval: Seconds between looks at a video; None is right for the real gateway.
        tell_all: Show the gateway's own error texts on the page.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, Any], None]:
        async with make_client() as client:
            yield {"shop": Shop(client, poll_interval, full_error if tell_all else public_error)}

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", page),
            Route("/choices", choices),
            Route("/chat", chat, methods=["POST"]),
            Route("/videos", create, methods=["POST"]),
            Route("/videos/{key}/progress", progress),
            Route("/videos/{key}/film", film),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={TikHubError: refused, HTTPException: said},
    )
