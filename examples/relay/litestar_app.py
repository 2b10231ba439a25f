"""Litestar: `uvicorn examples.relay.litestar_app:app`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, get, post
from litestar.response import Stream

from tikhub_async import TikHubAI
from tikhub_async.relay import Relay


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
    """One client for the whole application."""
    async with TikHubAI() as client:
        app.state.client = client
        yield


def respond(relay: Relay) -> Stream:
    """A response that is sent while it is made. Litestar's own `ServerSentEvent` would frame the bytes once more."""
    return Stream(relay, headers=dict(relay.headers), media_type=relay.headers["Content-Type"])


@post("/chat", status_code=200)
async def chat(request: Request[Any, Any, Any]) -> Stream:
    """An answer as it is written."""
    client: TikHubAI = request.app.state.client
    question = (await request.json())["question"]
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": question}])
    return respond(stream.relay())


@get("/videos/{provider:str}/{task_id:str}")
async def video(request: Request[Any, Any, Any]) -> Stream:
    """How far a video is."""
    client: TikHubAI = request.app.state.client
    return respond(client.tasks.attach((request.path_params["provider"], request.path_params["task_id"])).relay())


app = Litestar([chat, video], lifespan=[lifespan])
