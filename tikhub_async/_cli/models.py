"""`tikhub-ai models`: what the key may use."""

from typing import TYPE_CHECKING

from tikhub_async._cli import output
from tikhub_async._cli.client import run
from tikhub_async._cli.options import BaseUrl, Json
from tikhub_async._cli.output import ExitCode, UsageError

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async.types.models import ModelList


def models(*, json: Json = False, base_url: BaseUrl = None) -> ExitCode:
    """List the models that the key may use, one name per line."""

    async def show(client: "TikHubAI") -> ExitCode:
        import msgspec

        resource = getattr(client, "models", None)
        if resource is None:
            raise UsageError("this version cannot list models yet")
        listed: ModelList = await resource.list()
        for model in listed.data:
            output.line(msgspec.json.encode(model).decode() if json else model.id)
        output.note(f"{len(listed.data)} models")
        return ExitCode.OK

    return run(show, base_url)
