"""aiohttp.web: `python -m examples.relay.aiohttp_app`."""

from collections.abc import AsyncIterator

from aiohttp import web

from tikhub_async import TikHubAI
from tikhub_async.relay import Relay

CLIENT = web.AppKey("client", TikHubAI)


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """One client for the whole application."""
    async with TikHubAI() as client:
        app[CLIENT] = client
        yield


async def respond(request: web.Request, relay: Relay) -> web.StreamResponse:
    """Send a relay to its end, or to the browser's."""
    async with relay:
        response = web.StreamResponse(headers=relay.headers)
        await response.prepare(request)
        async for chunk in relay:
            await response.write(chunk)
    return response


async def chat(request: web.Request) -> web.StreamResponse:
    """An answer as it is written."""
    question = (await request.json())["question"]
    stream = request.app[CLIENT].openai.chat.completions.stream(
        model="gpt-5", messages=[{"role": "user", "content": question}]
    )
    return await respond(request, stream.relay())


async def video(request: web.Request) -> web.StreamResponse:
    """How far a video is."""
    task = request.app[CLIENT].tasks.attach((request.match_info["provider"], request.match_info["task_id"]))
    return await respond(request, task.relay())


def make_app() -> web.Application:
    """The application."""
    app = web.Application()
    app.cleanup_ctx.append(lifespan)
    app.add_routes([web.post("/chat", chat), web.get("/videos/{provider}/{task_id}", video)])
    return app


if __name__ == "__main__":
    # Without handler_cancellation aiohttp notices a browser that left at the next write only; a model that thinks for a
    # minute would be paid for that minute.
    web.run_app(make_app(), handler_cancellation=True)
