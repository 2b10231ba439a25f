"""`client.batch.run_on_cluster`: shards on Dask distributed, one task each, repeated by Dask when its worker dies.

Dask recomputes what a dead worker held and does not stop running tasks when it cancels them; both do no harm here,
because a shard that is repeated does only what is left of it, and a stop flag beside the parts ends those that run.
"""

import asyncio
import importlib
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tikhub_async.batch.index import Index
from tikhub_async.batch.journal import SUFFIX
from tikhub_async.batch.lines import FileLines
from tikhub_async.batch.options import Settings
from tikhub_async.batch.parts import MergeReport, clear_stop, merge, parts_in, set_stop
from tikhub_async.batch.routes import Routes
from tikhub_async.batch.shard import Shard, ShardOptions, ShardReport, run_shard, split
from tikhub_async.errors import ConfigError, JournalError, SpendLimitReached, TikHubError

if TYPE_CHECKING:
    from tikhub_async._client import TikHubAI

RETRIES = 2
"""Times that Dask repeats a shard that raised; deaths of workers are repeated beyond that."""
PARTS = ".parts"
"""Appended to the output's name: the folder of parts."""

OnReport = Callable[[ShardReport], None]


class ClusterReport(msgspec.Struct, kw_only=True):
    """A batch on a cluster in figures."""

    shards: int = 0
    finished: int = 0
    """Shards that have reported."""
    unfinished: int = 0
    """Those among them that ended before their end, as by the stop flag."""
    workers: int = 0
    """Threads of the cluster: shards that run at once."""
    ok: int = 0
    failed: int = 0
    skipped: int = 0
    pending: int = 0
    in_doubt: list[str] = []
    """`custom_id` of lines whose outcome is unknown: `doubts(folder)` shows them, `decide(folder, …)` decides."""
    repeated: int = 0
    """Requests that followed one whose outcome is unknown: chats that were in flight when a worker died, and what the
    user chose to retry."""
    sent: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    quota: float = 0.0
    errors: dict[str, int] = {}
    stopped: TikHubError | None = None
    """What stopped it before its end."""
    merged: MergeReport | None = None
    folder: str = ""
    """Where the parts are."""

    @property
    def complete(self) -> bool:
        """True when every line has its answer or its error."""
        left = self.shards - self.finished + self.unfinished
        return self.stopped is None and not (left or self.in_doubt or self.pending)

    def add(self, report: ShardReport) -> None:
        """Take a shard's figures in."""
        self.finished += 1
        self.unfinished += report.stopped is not None
        for name in (
            "ok",
            "failed",
            "skipped",
            "pending",
            "repeated",
            "sent",
            "refused",
            "tokens_in",
            "tokens_out",
            "quota",
        ):
            setattr(self, name, getattr(self, name) + getattr(report, name))
        self.in_doubt += report.in_doubt
        for code, count in report.errors.items():
            self.errors[code] = self.errors.get(code, 0) + count

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for logs and machines."""
        data: dict[str, Any] = {
            name: getattr(self, name) for name in self.__struct_fields__ if name not in {"stopped", "merged"}
        }
        data["stopped"] = None if self.stopped is None else self.stopped.message
        data["merged"] = None if self.merged is None else msgspec.to_builtins(self.merged)
        data["complete"] = self.complete
        return data


async def run_on_cluster(
    cluster: str,
    source: str,
    output: str,
    settings: Settings,
    options: ShardOptions,
    *,
    routes: Routes,
    resume: bool,
    lines: int,
    on_report: OnReport | None,
) -> ClusterReport:
    """Run a batch on a cluster and merge its parts into `output`; see `Batch.run_on_cluster`."""
    distributed = _distributed()
    folder = f"{output}{PARTS}"
    _refuse_begun(output, folder, resume=resume)
    shards = await asyncio.to_thread(_prepare, source, folder, settings, routes, lines)
    report = ClusterReport(shards=len(shards), folder=folder)
    async with distributed.Client(cluster, asynchronous=True) as dask:
        report.workers = sum((await _threads(dask)).values()) or 1
        shared = _shared(options, settings, min(report.workers, len(shards) or 1))
        budgeted = _budgeted(shards, settings.max_items, lines)
        try:
            await _run_all(distributed, dask, budgeted, shared, settings, report, on_report)
        except BaseException:
            set_stop(folder)  # cancelling a Dask future does not reach into a task that runs
            raise
    if len(budgeted) < len(shards) and report.stopped is None:
        report.stopped = SpendLimitReached(f"max_items={settings.max_items}: later shards were not begun")
    if await asyncio.to_thread(parts_in, folder):
        report.merged = await asyncio.to_thread(merge, folder, output)
    return report


def _refuse_begun(output: str, folder: str, *, resume: bool) -> None:
    """Two ways to the same output would pay for everything twice."""
    if os.path.exists(output + SUFFIX):
        raise JournalError(
            f"{output} belongs to a batch that ran on one machine", hint="go on with it there, or name another output"
        )
    if not resume and (os.path.exists(folder) or os.path.exists(output)):
        raise JournalError(
            f"{output} belongs to a batch that has begun", hint="resume it (`tikhub-ai batch resume`), or name another"
        )


def _prepare(source: str, folder: str, settings: Settings, routes: Routes, lines: int) -> list[Shard]:
    """Check every line of the input, and cut it. Blocks."""
    found = FileLines(source, Index(), routes, settings.endpoint)
    try:
        found.look_through()
    finally:
        found.close()
    shards = split(source, folder, lines=lines)
    clear_stop(folder)
    return shards


def shard_options(
    client: "TikHubAI", given: Mapping[str, Any], settings: Settings, more: Mapping[str, Any]
) -> ShardOptions:
    """What the workers are told: how this client calls the gateway. Its key, headers and proxy stay here.

    Raises:
        ConfigError: A key was given for them.
    """
    if "api_key" in more:
        raise ConfigError(
            "a key would show in tasks, logs and dashboards: each worker takes that of its own environment",
            stage="batch",
        )
    config = client._config
    told = dict(given)
    if settings.videos is not None:
        told["videos"] = os.path.abspath(settings.videos)  # workers have folders of their own to be in
    calling = {
        "timeout": config.timeouts,
        "retries": config.retries,
        "routes": dict(config.routes),
        "key_header": config.key_header,
        "kling_metadata": config.kling_metadata,
        "max_json_bytes": config.max_json_bytes,
        "allow_insecure": config.base_url.startswith("http:"),  # it was accepted here
        "allow_private_media": client._session.transport.options.allow_private_media,
    }
    return ShardOptions(options=told, base_url=client.base_url, client={**calling, **more})


async def _threads(dask: Any) -> dict[str, int]:
    threads: dict[str, int] = await dask.nthreads()
    return threads


async def _run_all(
    distributed: Any,
    dask: Any,
    shards: list[Shard],
    options: ShardOptions,
    settings: Settings,
    report: ClusterReport,
    on_report: OnReport | None,
) -> None:
    futures = dask.map(run_shard, shards, options=options, pure=False, retries=RETRIES)
    async for future, found in distributed.as_completed(futures, with_results=True, raise_errors=True):
        report.add(found)
        future.release()
        if on_report is not None:
            on_report(found)
        stopped = _reason(found, settings, report)
        if stopped is not None and report.stopped is None:
            report.stopped = stopped
            set_stop(report.folder)


def _reason(found: ShardReport, settings: Settings, report: ClusterReport) -> TikHubError | None:
    """Why no other shard is to begin anything new."""
    if found.fatal:
        return found.error
    tokens = report.tokens_in + report.tokens_out
    if settings.max_tokens is not None and tokens >= settings.max_tokens:
        return SpendLimitReached(f"max_tokens={settings.max_tokens}: {tokens} tokens are used")
    if settings.max_quota is not None and report.quota >= settings.max_quota:
        return SpendLimitReached(f"max_quota={settings.max_quota:g}: {report.quota:g} units are used")
    return None


def _shared(options: ShardOptions, settings: Settings, at_once: int) -> ShardOptions:
    """What each shard is told: its share of the rates, and no limit that only the whole job can keep."""
    given = {name: value for name, value in options.options.items() if name not in {"max_items", "max_quota"}}
    for name in ("rpm", "tpm"):
        rate = getattr(settings, name)
        if rate is not None:
            given[name] = rate / at_once
    return msgspec.structs.replace(options, options=given)


def _budgeted(shards: list[Shard], max_items: int | None, lines: int) -> list[Shard]:
    """The shards that `max_items` allows, the last of them with what is left."""
    if max_items is None:
        return shards
    whole, rest = divmod(max_items, lines)
    cut = [msgspec.structs.replace(shard, max_items=rest) for shard in shards[whole : whole + 1] if rest]
    return [*shards[:whole], *cut]


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        pass
    raise ConfigError("distributed is not installed", hint="pip install 'tikhub-async[dask]'", stage="batch")
