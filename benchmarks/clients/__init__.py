"""The clients that are compared: each module has a `Client(base_url)` whose methods are the operations it can do.

An operation is one request and gives the number of units in it: text deltas of a stream, else 1. What a client has no
method for is a dash in the tables. All of them read every event and look at its text, none collects it on purpose.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, runtime_checkable

Operation = Callable[[], Awaitable[int]]

OURS, FLOOR, BARE = "tikhub_async", "floor", "bare"
CLIENTS = {
    OURS: "ours",
    "tikhub_async[speed]": "ours",
    FLOOR: "floor",
    BARE: "bare",
    "httpx + json": "by_hand",
    "openai": "openai_httpx",
    "openai[aiohttp]": "openai_aiohttp",
    "anthropic": "anthropic_httpx",
    "anthropic[aiohttp]": "anthropic_aiohttp",
    "google-genai": "genai",
    "litellm": "litellm_",
}
"""Name in the tables → module."""
WITH_UVLOOP = frozenset({"tikhub_async[speed]"})

DISTRIBUTIONS = ("aiohttp", "msgspec", "openai", "anthropic", "google-genai", "litellm", "httpx", "httpx2", "uvloop")
"""Packages whose versions stand beside the results."""

MODEL = "gpt-5"
TASK = "video_123"


@runtime_checkable
class HasIds(Protocol):
    """A client that can say which chunks it sees, for lags."""

    def ids(self) -> AsyncIterator[str]:
        """The ids of a chat stream's chunks."""
        ...


def make(name: str, base_url: str) -> object:
    """A client by its name in the tables.

    Raises:
        ImportError: Its package is not installed.
    """
    module = importlib.import_module(f"benchmarks.clients.{CLIENTS[name]}")
    client: object = module.Client(base_url)
    return client


def operation_of(client: object, name: str) -> Operation | None:
    """One of its operations, None when it has no such."""
    found: Operation | None = getattr(client, name, None)
    return found
