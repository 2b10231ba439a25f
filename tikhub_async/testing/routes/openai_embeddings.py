"""`POST /v1/embeddings`: unit vectors that depend on the text alone."""

import random
import struct
from base64 import b64encode
from math import sqrt
from typing import Any

import msgspec

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer
from tikhub_async.testing._json import as_list
from tikhub_async.testing._words import word_count

TYPES = {"encoding_format": "string", "dimensions": "int", "user": "string"}
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}


def vector_of(text: str, dimensions: int) -> list[float]:
    """The emulated embedding: same text, same vector, length 1 and exact in single precision."""
    source = random.Random(text)
    raw = [source.gauss(0.0, 1.0) for _ in range(dimensions)]
    length = sqrt(sum(value * value for value in raw)) or 1.0
    packed = struct.pack(f"<{dimensions}f", *(value / length for value in raw))
    return list(struct.unpack(f"<{dimensions}f", packed))


def _texts(given: Any) -> list[Any]:
    many = as_list(given)
    # A list of numbers is one text in tokens.
    return many if many and not isinstance(many[0], int) else [given]


def check(exchange: Exchange) -> None:
    """An input is required."""
    if not exchange.body.get("input"):
        refuse(exchange, "input is empty")


def embed(exchange: Exchange) -> Answer:
    """One vector per input, as numbers or as base64 of little-endian float32."""
    body = exchange.body
    dimensions = body.get("dimensions") or DIMENSIONS.get(exchange.model, 1536)
    rows: list[dict[str, Any]] = []
    for index, text in enumerate(_texts(body["input"])):
        vector: Any = vector_of(text if isinstance(text, str) else msgspec.json.encode(text).decode(), dimensions)
        if body.get("encoding_format") == "base64":
            vector = b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
        rows.append({"index": index, "vector": vector})
    name = "gemini/embeddings" if exchange.model.startswith("gemini-") else "openai/embeddings"
    return sample_answer(name, {"rows": rows, "model": exchange.model, "tokens": word_count(body["input"])})


ROUTES = (Route("embeddings", "POST", "/v1/embeddings", embed, "openai", check, TYPES),)
