"""A stream or a video task as server-sent events for a browser: ready bytes, whatever the web framework.

    relay = client.claude.messages.stream(…).relay()
    response = StreamingResponse(relay, headers=relay.headers)  # Starlette, FastAPI; others in docs/web.md

A relay is an async iterator of bytes. It sends heartbeats while the model thinks, reads from the provider only as fast as
the browser takes, turns errors into events, and drops the provider's connection in the moment in which the browser leaves.
"""

from tikhub_async.relay._base import HEADERS, HEARTBEAT, Relay
from tikhub_async.relay._errors import full_error, public_error
from tikhub_async.relay._stream import StreamRelay
from tikhub_async.relay._task import TaskRelay

__all__ = [
    "HEADERS",
    "HEARTBEAT",
    "Relay",
    "StreamRelay",
    "TaskRelay",
    "full_error",
    "public_error",
]
