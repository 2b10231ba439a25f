"""The application on http://127.0.0.1:8000, against an emulated gateway in this process.

    python -m examples.webapp
    python -m examples.webapp --port 9000
    python -m examples.webapp --live        # the real gateway, with the key of TIKHUB_AI_API_KEY: this costs money

It listens on this machine only.
"""

import argparse
import asyncio
import logging
from contextlib import AsyncExitStack, suppress

import uvicorn

from examples.webapp.app import make_app
from tikhub_async import TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator


async def main(port: int, *, live: bool) -> None:
    """Serve until Ctrl-C."""
    async with AsyncExitStack() as stack:
        if live:
            app = make_app()
        else:
            gateway = await stack.enter_async_context(Emulator(pace=0.05, task_seconds=8))
            app = make_app(
                lambda: TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url), poll_interval=0.5, tell_all=True
            )
        print(f"http://127.0.0.1:{port}, {'the real gateway' if live else 'an emulated gateway: no key, no cost'}")
        # This machine only: whoever reaches it spends the key's money.
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m examples.webapp", description="A chat and videos in the browser.")
    parser.add_argument("--port", type=int, default=8000, help="TCP port; default 8000")
    parser.add_argument("--live", action="store_true", help="use the real gateway and the key of TIKHUB_AI_API_KEY")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    with suppress(KeyboardInterrupt):  # the way it is meant to end
        asyncio.run(main(arguments.port, live=arguments.live))
