"""`tikhub-ai emulator`: the gateway in a box, for programs in any language."""

from typing import TYPE_CHECKING

from tikhub_async._cli import output
from tikhub_async._cli.output import ExitCode

if TYPE_CHECKING:
    from tikhub_async.testing import Emulator

DEFAULT_PORT = 8787
HISTORY = 1000
"""Requests that are kept in memory: it may run for days, and nobody looks back further."""


def emulator(*, port: int = DEFAULT_PORT, task_seconds: float = 3.0, pace: float = 0.02) -> ExitCode:
    """Serve the emulated gateway on this machine until Ctrl-C; no key, no cost.

    Every route of the gateway answers there: chats, streams, video tasks, downloads. Only this machine can reach it.

    Args:
        port: TCP port; 0 takes a free one.
        task_seconds: Seconds that a video task takes.
        pace: Seconds between two events of a stream.
    """
    import asyncio

    from tikhub_async.testing import Emulator

    async def serve() -> None:
        gateway = Emulator(task_seconds=task_seconds, pace=pace, history=HISTORY)
        await gateway.start(port)
        try:
            _tell(gateway)
            await asyncio.Event().wait()
        finally:
            await gateway.aclose()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        output.note("stopped")  # the way it is meant to end, so no error
    return ExitCode.OK


def _tell(gateway: "Emulator") -> None:
    from tikhub_async.testing import TEST_KEY

    output.line(f"base URL  {gateway.base_url}")
    output.line(f"key       {TEST_KEY}")
    output.line()
    output.line(f"export TIKHUB_AI_BASE_URL={gateway.base_url} TIKHUB_AI_API_KEY={TEST_KEY}")
    output.line()
    output.line(f"curl -N {gateway.base_url}/v1/chat/completions \\")
    output.line(f"  -H 'Authorization: Bearer {TEST_KEY}' -H 'Content-Type: application/json' \\")
    output.line("""  -d '{"model": "gpt-5", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'""")
    output.note("serving until Ctrl-C")
