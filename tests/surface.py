"""The calls of a client, found by looking at it: `openai.chat.completions.create` → the bound method."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from tikhub_async import TikHubAI

OUR_OWN = {"tasks", "batch"}
"""Attributes that are no provider: they have no route of their own."""

OF_THE_CLIENT = {"get", "post"}
"""Calls on the client itself."""


def methods_of(client: TikHubAI) -> dict[str, Callable[..., Any]]:
    """Every public method that sends a request, by the name under which users call it."""
    resources = {name: value for name, value in vars(client).items() if not name.startswith("_")}
    found = {name: resources.pop(name) for name in OF_THE_CLIENT}
    for name, resource in resources.items():
        if name not in OUR_OWN:
            found.update(_calls(resource, name))
    return found


def _calls(resource: Any, path: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in vars(resource).items():
        if not name.startswith("_"):
            yield from _calls(value, f"{path}.{name}")
    for name, _ in inspect.getmembers(type(resource), inspect.isfunction):
        if not name.startswith("_"):
            yield f"{path}.{name}", getattr(resource, name)
