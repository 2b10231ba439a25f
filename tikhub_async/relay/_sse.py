"""Data → the bytes of a server-sent event."""

from collections.abc import Mapping
from typing import Any

from tikhub_async._wire import codec

PING = b": ping\n\n"
"""A comment: browsers ignore it, proxies see that the connection lives."""


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """A named event with JSON data. Half a surrogate pair goes out escaped: the browser joins it with the other half."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), codec.dumps(data))


def again(name: str, data: bytes) -> bytes:
    """A received event, written anew: same name, same data."""
    head = b"" if name == "message" else b"event: %s\n" % name.encode()
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    return b"%sdata: %s\n\n" % (head, data)
