"""Whether a request that arrived is the one that was recorded: an answer is never replayed to another."""

import json
from collections.abc import Mapping
from typing import Any

from tests.conformance.exchanges import Exchange
from tests.conformance.params import form_of, options_of
from tests.conformance.server import Arrived

ADDED = frozenset({"content", "model", "model_name", "prompt", "instances", "stream_options"})
"""What a method adds to a body and the gateway software ignores at that place; `stream_options` asks for the usage
that it sends anyway, `model` stands there when a path in `routes=` has no place for it."""


def asks_the_same(exchange: Exchange, arrived: Arrived) -> list[str]:
    """What the request at the server has otherwise than the recorded one."""
    found: list[str] = []
    if (arrived.method, arrived.path) != (exchange.method, _expected_path(exchange)):
        found.append(f"asked {arrived.method} {arrived.path}, recorded {exchange.route}")
    for name, value in options_of(exchange).get("extra_headers", {}).items():
        if name not in {"connection", "expect"} and arrived.headers.get(name) != value:
            found.append(f"header {name}: {arrived.headers.get(name)!r}, recorded {value!r}")
    if isinstance(exchange.body, dict) and arrived.body[:1] == b"{":
        found += _body_differences(exchange, json.loads(arrived.body))
    elif exchange.form or exchange.raw[:2] == b"--":
        found += _form_differences(exchange, form_of(arrived.body))
    elif exchange.raw and exchange.raw != arrived.body and "expect" not in arrived.headers:
        found.append(f"sent {arrived.body[:80]!r}, recorded {exchange.raw[:80]!r}")
    return found


def _expected_path(exchange: Exchange) -> str:
    path, mark, query = exchange.path.partition("?")
    if ":streamGenerateContent" in path and not query:
        return f"{path}?alt=json"
    return f"{path}{mark}{query}"


def _body_differences(exchange: Exchange, sent: Mapping[str, Any]) -> list[str]:
    recorded: Mapping[str, Any] = exchange.body
    found = [
        f"{name}: sent {sent.get(name)!r:.80}, recorded {value!r:.80}"
        for name, value in recorded.items()
        if sent.get(name) != value or type(sent.get(name)) is not type(value)
    ]
    more = [name for name, value in sent.items() if name not in recorded and value is not None]
    return found + [f"{name}: sent, not recorded" for name in more if name not in ADDED]


def _form_differences(exchange: Exchange, sent: Mapping[str, tuple[str, str]]) -> list[str]:
    recorded = (
        dict(exchange.form) if exchange.form else {name: value for name, (_, value) in form_of(exchange.raw).items()}
    )
    missing = [name for name in recorded if name not in sent]
    other = [
        f"field {name}: sent {sent[name][1]!r:.60}, recorded {value!r:.60}"
        for name, value in recorded.items()
        if name in sent and name not in {"file", "input_reference"} and sent[name][1] != value
    ]
    return [f"field {name}: recorded, not sent" for name in missing] + other
