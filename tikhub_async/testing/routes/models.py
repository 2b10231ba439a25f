"""`GET /v1/models`: what the key may use. Not in TikHub's documentation, but part of the gateway software."""

from typing import Any

from tikhub_async.testing._catalog import ENDPOINT_TYPES, OWNERS
from tikhub_async.testing._exchange import Answer, Exchange, Route, json_answer, sample_answer

BUFFER_BYTES = 2048
"""What the gateway's server holds back to learn a body's length; a longer one goes out chunked."""


def _rows(exchange: Exchange) -> list[dict[str, Any]]:
    allowed = exchange.identity.models
    return [
        {"id": name, "owner": OWNERS[family], "endpoints": ENDPOINT_TYPES[family]}
        for name, family in sorted(exchange.world.models.items())
        if allowed is None or name in allowed
    ]


def _anthropic(exchange: Exchange) -> bool:
    headers = exchange.record.headers
    return "x-api-key" in headers and "anthropic-version" in headers


def list_models(exchange: Exchange) -> Answer:
    """All models, in Anthropic's form for a client that looks like Anthropic's."""
    if "x-goog-api-key" in exchange.record.headers or "key" in exchange.record.query:
        # The software takes such a request for a single model without a name.
        return _unknown("")
    rows = _rows(exchange)
    if _anthropic(exchange):
        values = {"models": rows, "first": rows[0]["id"], "last": rows[-1]["id"]}
        return _written(sample_answer("models/list_anthropic", values))
    return _written(sample_answer("models/list", {"models": rows}))


def _written(answer: Answer) -> Answer:
    answer.chunked = len(answer.body) > BUFFER_BYTES
    return answer


def retrieve(exchange: Exchange) -> Answer:
    """One model; an unknown one is an error object with status 200."""
    name = exchange.path_params["id"]
    family = exchange.world.models.get(name)
    if family is None:
        return _unknown(name)
    if _anthropic(exchange):
        created = "2021-07-20T10:40:00Z"
        return json_answer({"id": name, "created_at": created, "display_name": name, "type": "model"})
    row = {
        "id": name,
        "object": "model",
        "created": 1626777600,
        "owned_by": OWNERS[family],
        "supported_endpoint_types": None,
    }
    return json_answer(row)


def list_google(exchange: Exchange) -> Answer:
    """All models in Google's form: names without `models/`, nearly everything null."""
    empty = [
        "version",
        "description",
        "inputTokenLimit",
        "outputTokenLimit",
        "supportedGenerationMethods",
        "thinking",
        "temperature",
        "maxTemperature",
        "topP",
        "topK",
    ]
    rows = [
        {"name": row["id"], "baseModelId": None, "displayName": row["id"], **dict.fromkeys(empty)}
        for row in _rows(exchange)
    ]
    return _written(json_answer({"models": rows, "nextPageToken": None}))


def _unknown(name: str) -> Answer:
    text = f"The model '{name}' does not exist"
    return json_answer(
        {"error": {"message": text, "type": "invalid_request_error", "param": "model", "code": "model_not_found"}}
    )


ROUTES = (
    Route("models.list", "GET", "/v1/models", list_models, "openai", model="none", paid=False),
    Route("models.retrieve", "GET", "/v1/models/{id}", retrieve, "openai", model="none", paid=False),
    Route("models.list_google", "GET", "/v1beta/models", list_google, "openai", model="none", paid=False),
)
