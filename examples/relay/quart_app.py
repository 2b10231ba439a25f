"""Quart: `hypercorn examples.relay.quart_app:app`."""

from quart import Quart, Response, request

from tikhub_async import TikHubAI
from tikhub_async.relay import Relay

app = Quart(__name__)


@app.before_serving
async def open_client() -> None:
    """One client for the whole application."""
    app.extensions["tikhub"] = TikHubAI()


@app.after_serving
async def close_client() -> None:
    """Give its connections back."""
    await app.extensions["tikhub"].aclose()


def respond(relay: Relay) -> Response:
    """A response that lasts as long as the relay does."""
    response = Response(relay, headers=dict(relay.headers))
    response.timeout = None  # Quart ends responses after a minute
    return response


@app.post("/chat")
async def chat() -> Response:
    """An answer as it is written."""
    client: TikHubAI = app.extensions["tikhub"]
    question = (await request.get_json())["question"]
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": question}])
    return respond(stream.relay())


@app.get("/videos/<provider>/<task_id>")
async def video(provider: str, task_id: str) -> Response:
    """How far a video is."""
    client: TikHubAI = app.extensions["tikhub"]
    return respond(client.tasks.attach((provider, task_id)).relay())
