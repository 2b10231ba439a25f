"""`client.batch`."""

import os
from typing import TYPE_CHECKING, Unpack

from tikhub_async.batch.lines import Source
from tikhub_async.batch.options import BatchOptions, settings_of
from tikhub_async.batch.runner import BatchRun

if TYPE_CHECKING:
    from tikhub_async._client import TikHubAI


class Batch:
    """`client.batch`: many requests, each paid once."""

    def __init__(self, client: "TikHubAI") -> None:
        self._client = client

    def run(
        self,
        source: Source,
        output: str | os.PathLike[str] | None = None,
        *,
        resume: bool = False,
        **options: Unpack[BatchOptions],
    ) -> BatchRun:
        """A batch, which begins when it is entered or iterated. Results come as they are done.

        Args:
            source: An OpenAI-Batch JSONL file; or an iterable, plain or async, of mappings with the same members
                (`custom_id`, `method`, `url`, `body`). Every route may be mixed with every other.
            output: Where the output lines go. Beside it stands `<output>.journal`, from which a killed run is taken
                up again. None keeps nothing: what is not read from the run is lost.
            resume: Go on with an output that has begun; begin it if it has not. Without it, such an output is refused.
            options: See `BatchOptions`.

        Raises:
            ConfigError: An option cannot work.
        """
        return BatchRun(self._client, source, output, settings_of(options), resume=resume)
