"""Starlette: `uvicorn examples.relay.starlette_app:app`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tikhub_async import TikHubAI


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, Any], None]:
    """One client for the whole application."""
    async with TikHubAI() as client:
        yield {"client": client}


async def chat(request: Request) -> StreamingResponse:
    """An answer as it is written."""
    client: TikHubAI = request.state.client
    question = (await request.json())["question"]
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": question}])
    relay = stream.relay()
    return StreamingResponse(relay, headers=relay.headers)


async def video(request: Request) -> StreamingResponse:
    """How far a video is."""
    client: TikHubAI = request.state.client
    relay = client.tasks.attach((request.path_params["provider"], request.path_params["task_id"])).relay()
    return StreamingResponse(relay, headers=relay.headers)


app = Starlette(
    lifespan=lifespan,
    routes=[Route("/chat", chat, methods=["POST"]), Route("/videos/{provider}/{task_id}", video)],
)
