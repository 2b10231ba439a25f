"""A client for one command: the key from the environment, an event loop, a clean end.

The SDK is imported inside: `--help` must not pay for it.
"""

import json
import os
import shlex
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tikhub_async._cli import output
from tikhub_async._cli.output import ExitCode, KeyMissing

if TYPE_CHECKING:
    from tikhub_async import TikHubAI


def make_client(base_url: str | None) -> "TikHubAI":
    """A client with the key of the environment.

    Raises:
        KeyMissing: There is none.
        ConfigError: The key or the base URL cannot work.
    """
    from tikhub_async import TikHubAI
    from tikhub_async._config import KEY_VARIABLES

    if not any(os.environ.get(name) for name in KEY_VARIABLES):
        raise KeyMissing(
            f"no API key: {' or '.join(KEY_VARIABLES)} must be set",
            hint="the key is taken from the environment only; without one, try `tikhub-ai demo`",
        )
    return TikHubAI(base_url=base_url)


def run(action: "Callable[[TikHubAI], Awaitable[ExitCode]]", base_url: str | None) -> ExitCode:
    """Do something with a client, on an event loop of its own; the exit code.

    Creations that Ctrl-C caught in flight are let finish, and their ids are printed: they are paid for.
    """
    import asyncio

    async def main() -> ExitCode:
        client = make_client(base_url)
        try:
            async with client:
                return await action(client)
        finally:
            _tell_of_orphans(client, base_url)

    return asyncio.run(main())


def attach_command(provider: str, task_id: str, base_url: str | None = None) -> str:
    """What to type to take a task up again."""
    where = f" --base-url {shlex.quote(base_url)}" if base_url else ""
    return f"tikhub-ai video attach {shlex.quote(provider)} {shlex.quote(task_id)} --wait{where}"


def _tell_of_orphans(client: "TikHubAI", base_url: str | None) -> None:
    for orphan in client.tasks.orphans():
        if orphan.error is not None:
            output.report(orphan.error)
            continue
        provider = orphan.endpoint.rpartition(".")[0]
        body = b"" if orphan.answer is None else orphan.answer.body
        task_id = _id_in(body)
        if task_id:
            output.note(f"created all the same: {attach_command(provider, task_id, base_url)}")
        else:
            output.note(f"a {provider} creation was accepted all the same: {body[:400].decode('utf-8', 'replace')}")


def _id_in(body: bytes) -> str:
    """The task id in the answer to a creation of any provider; `""` when there is none."""
    from tikhub_async.types._base import is_object

    try:
        answer: object = json.loads(body)
    except ValueError:
        return ""
    places = (answer, answer.get("data")) if is_object(answer) else ()
    found = (place.get(name) for place in places if is_object(place) for name in ("task_id", "id", "name"))
    return next((value for value in found if isinstance(value, str) and value), "")
