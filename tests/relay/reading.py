"""Server-sent events back into data, by rules of its own: what the tests compare is what a browser would see."""

import json
from collections.abc import AsyncIterator
from typing import Any

Event = tuple[str, Any]


def events_of(data: bytes) -> list[Event]:
    """(name, data) of each event; comments are left out, data that is no JSON stays text."""
    found: list[Event] = []
    for block in data.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        name = next((line[7:] for line in lines if line.startswith("event: ")), "message")
        text = "\n".join(line[6:] for line in lines if line.startswith("data: "))
        found.append((name, json.loads(text) if text.startswith("{") else text))
    return found


async def read(chunks: AsyncIterator[bytes]) -> list[Event]:
    """All events of a relay."""
    return events_of(b"".join([chunk async for chunk in chunks]))


def text_of(events: list[Event], name: str = "text") -> str:
    """The pieces of one kind, joined."""
    return "".join(data["text"] for kind, data in events if kind == name)
