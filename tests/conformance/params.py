"""From an exchange's request to keywords of a method."""

import re
from typing import Any

from tests.conformance.exchanges import Exchange

Params = dict[str, Any]
Pair = tuple[Params, Params]
"""Keywords for a method, and the same request all through `extra_body`."""
NOT_AN_OPTION = frozenset({"authorization", "x-api-key", "x-goog-api-key", "content-length", "host"})
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"


def params_of(exchange: Exchange, type_: type, stand_in: Params, *, as_recorded: bool = False, **path: str) -> Pair:
    """Keywords for a method, and the same through `extra_body`.

    Args:
        exchange: Its body is what is to be sent.
        type_: The method's params.
        stand_in: Good values of what the method requires.
        as_recorded: Nothing as keyword: the method would write it in another way.
        path: Keywords that go into the path.
    """
    body = dict(exchange.body) if isinstance(exchange.body, dict) else {}
    if isinstance(body.get("stream"), bool):
        del body["stream"]  # the method's name says it
    known = frozenset(type_.__optional_keys__ | type_.__required_keys__)  # type: ignore[attr-defined]
    options = options_of(exchange)
    nulls = {name: None for name in stand_in if name not in body}
    everything = {**stand_in, **path, **options, "extra_body": {**nulls, **body}}
    keywords = {name: value for name, value in body.items() if name in known and value is not None}
    rest = {name: value for name, value in {**nulls, **body}.items() if name not in keywords}
    extra = {"extra_body": rest} if rest else {}
    return everything if as_recorded else {**stand_in, **keywords, **path, **options, **extra}, everything


def options_of(exchange: Exchange) -> Params:
    """Per-call options: headers of the request that are not the client's own, and its query."""
    headers = {name: value for name, value in exchange.headers.items() if name not in NOT_AN_OPTION}
    kind = headers.get("content-type", "")
    if kind == JSON_TYPE or kind.startswith(FORM_TYPE):
        del headers["content-type"]
    query = exchange.path.partition("?")[2]
    pairs = {} if "key=" in query else dict(pair.split("=", 1) for pair in query.split("&") if pair)
    return {**({"extra_headers": headers} if headers else {}), **({"extra_query": pairs} if pairs else {})}


def client_options(exchange: Exchange) -> Params:
    """Options of the client that sends the exchange's credential.

    The gateway takes Bearer on every route, so what was recorded with `x-goog-api-key` is asked that way; `x-api-key` is
    an option of the client.
    """
    headers = exchange.headers
    if "x-api-key" in headers and "authorization" not in headers:
        return {"api_key": headers["x-api-key"], "key_header": "x-api-key"}
    return {"api_key": headers.get("authorization", headers.get("x-goog-api-key", "")).removeprefix("Bearer ")}


def without(params: Pair, name: str) -> Pair:
    """Params that do not set a member to null: there the gateway software ignores it."""
    first, second = (_without(given, name) for given in params)
    return first, second


def _without(given: Params, name: str) -> Params:
    extra = given.get("extra_body", {})
    return {**given, "extra_body": {key: value for key, value in extra.items() if key != name or value is not None}}


def form_of(body: bytes) -> dict[str, tuple[str, str]]:
    """The fields of a multipart body: file name (`""` for none) and text."""
    boundary = body.partition(b"\r\n")[0]
    fields: dict[str, tuple[str, str]] = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        file = re.search(rb'filename="([^"]*)"', head)
        if name is not None:
            text = content.removesuffix(b"\r\n").decode("latin-1")
            fields[name[1].decode()] = (file[1].decode() if file else "", text)
    return fields
