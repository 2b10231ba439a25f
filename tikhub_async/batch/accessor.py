"""`client.batch`."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from tikhub_async.batch.dask import ClusterReport, OnReport, run_on_cluster, shard_options
from tikhub_async.batch.lines import Source
from tikhub_async.batch.options import BatchOptions, settings_of
from tikhub_async.batch.routes import Routes
from tikhub_async.batch.runner import BatchRun
from tikhub_async.batch.shard import LINES

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

    async def run_on_cluster(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        cluster: str,
        resume: bool = False,
        lines_per_shard: int = LINES,
        on_report: OnReport | None = None,
        worker_client: Mapping[str, Any] | None = None,
        **options: Unpack[BatchOptions],
    ) -> ClusterReport:
        """The report of a file run on the workers of a Dask cluster, its output merged. Needs the extra `[dask]`.

        Every line is checked here before anything is sent. The workers call the gateway as this client does, each with
        the key of its own environment; this client's key, headers and proxy do not leave this machine.

        Args:
            source: An OpenAI-Batch JSONL file; all workers must see it, and the folder `<output>.parts`, under the same
                names.
            output: Where the merged output goes.
            cluster: Address of the scheduler, as `tcp://scheduler:8786`.
            resume: Go on with an output that has begun; begin it if it has not. Without it, such an output is refused.
            lines_per_shard: Lines that a worker takes at once; the same again when it is resumed.
            on_report: Called as each shard ends.
            worker_client: More arguments of the workers' `TikHubAI`, as `polls_per_second`.
            options: See `BatchOptions`. `rpm`, `tpm` and `max_items` are those of the whole job, `concurrency` that of a
                shard. `max_tokens` and `max_quota` are looked at as shards end, and count this call only. `resend` is
                `chat` unless given, because nobody is there to ask.

        Raises:
            ConfigError: distributed is not installed, or an option cannot work.
            InputRefused: Lines cannot be run, or share an id; nothing was sent.
            JournalError: The output has begun already, or its input has changed since.
            TikHubError: A shard raised: its journal, or its machine's environment. The others end what is in flight.
        """
        settings = settings_of(options)
        shards = shard_options(self._client, options, settings, worker_client or {})
        return await run_on_cluster(
            cluster,
            os.fspath(source),
            os.fspath(output),
            settings,
            shards,
            routes=Routes(self._client._config),
            resume=resume,
            lines=lines_per_shard,
            on_report=on_report,
        )
