"""`tikhub-ai models`: what the key may use."""

from typing import TYPE_CHECKING

from tikhub_async._cli import output
from tikhub_async._cli.client import run
from tikhub_async._cli.options import Flag
from tikhub_async._cli.output import ExitCode

if TYPE_CHECKING:
    from tikhub_async import TikHubAI


def models(*, json: Flag = False, base_url: str | None = None) -> ExitCode:
    """List the models that the key may use, one name per line.

    Args:
        json: Print JSON, one object per line.
        base_url: The gateway. Default: TIKHUB_AI_BASE_URL, else https://ai.tikhub.io.
    """

    async def show(client: "TikHubAI") -> ExitCode:
        import msgspec

        listed = await client.models.list()
        for model in listed.data:
            output.line(msgspec.json.encode(model).decode() if json else model.id)
        output.note(f"{len(listed.data)} models")
        return ExitCode.OK

    return run(show, base_url)
