"""FastAPI: `uvicorn examples.relay.fastapi_app:app`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from starlette.responses import StreamingResponse

from tikhub_async import TikHubAI


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Any], None]:
    """One client for the whole application."""
    async with TikHubAI() as client:
        yield {"client": client}


app = FastAPI(lifespan=lifespan)


@app.post("/chat")
async def chat(request: Request, question: Annotated[str, Body(embed=True)]) -> StreamingResponse:
    """An answer as it is written."""
    client: TikHubAI = request.state.client
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": question}])
    relay = stream.relay()
    return StreamingResponse(relay, headers=relay.headers)


@app.get("/videos/{provider}/{task_id}")
async def video(request: Request, provider: str, task_id: str) -> StreamingResponse:
    """How far a video is."""
    client: TikHubAI = request.state.client
    relay = client.tasks.attach((provider, task_id)).relay()
    return StreamingResponse(relay, headers=relay.headers)
