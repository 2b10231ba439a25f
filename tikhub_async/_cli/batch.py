"""`tikhub-ai batch`: run files of requests, take them up again, decide what is in doubt, merge parts."""

import json
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from tikhub_async._cli import output
from tikhub_async._cli.batch_board import BatchBoard, make_batch_board, trouble_text
from tikhub_async._cli.client import run as run_with_client
from tikhub_async._cli.options import Flag
from tikhub_async._cli.output import ExitCode, UsageError

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async.batch import BatchReport, BatchRun, ClusterReport, InDoubt
    from tikhub_async.errors import TikHubError

batch = App(
    name="batch",
    help="Run files of requests in the OpenAI Batch format, each line paid once. A killed batch is taken up again.",
)

Output = Annotated[str, Parameter(alias="-o")]
"""The output file."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Running:
    """How a batch is run.

    Attributes:
        endpoint: Path of lines without a url. Default: lines with messages are chats.
        concurrency: Most requests in flight at once. Default 256.
        rpm: Requests per minute.
        tpm: Tokens per minute, input and output.
        max_items: Paid requests in all, earlier runs included.
        max_tokens: Tokens in all, earlier runs included.
        max_quota: Gateway units in all that videos may cost.
        max_in_doubt: Unknown outcomes in a row that stop it. Default 5.
        videos: Folder for finished videos. Default: they are not saved.
        open_videos: Most video tasks under way at once. Default 200.
        poll_interval: Seconds between looks at a video task.
        resend_chats: Send chats again that were in flight when the last run was killed.
        cluster: Address of a Dask scheduler, as tcp://scheduler:8786.
        lines_per_shard: On a cluster: lines that a worker takes at once. Default 256.
        json: Print a summary as JSON on stdout.
        base_url: The gateway. Default: TIKHUB_AI_BASE_URL, else https://ai.tikhub.io.
    """

    endpoint: str | None = None
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_items: int | None = None
    max_tokens: int | None = None
    max_quota: float | None = None
    max_in_doubt: int | None = None
    videos: str | None = None
    open_videos: int | None = None
    poll_interval: float | None = None
    resend_chats: Flag = False
    cluster: str | None = None
    lines_per_shard: int | None = None
    json: Flag = False
    base_url: str | None = None

    def options(self) -> dict[str, Any]:
        """As `BatchOptions`."""
        others = {"resend_chats", "cluster", "lines_per_shard", "json", "base_url"}
        given = {name: value for name, value in asdict(self).items() if name not in others and value is not None}
        return {**given, "resend": "chat"} if self.resend_chats else given


PLAIN = Running()
"""Nothing was asked for."""


@batch.command
def run(input: str, /, *, output: Output, running: Running = PLAIN) -> ExitCode:  # noqa: A002
    """Run a file of requests.

    A line is {"custom_id", "method", "url", "body"}; chats, embeddings, videos and all other routes may be mixed. All
    lines are checked before anything is sent. The first Ctrl-C lets what is in flight finish, the second one stops.

    Args:
        input: The file of requests.
        output: The file of answers; beside it a journal is kept.
        running: How it is run.
    """
    return _run(input, output, running, resume=False)


@batch.command
def resume(input: str, /, *, output: Output, running: Running = PLAIN) -> ExitCode:  # noqa: A002
    """Go on with a file of requests; begin if nothing was begun.

    Lines that have their answer are not sent again, video tasks that exist are waited for, and what is in doubt stays
    so: see `batch doubt`.

    Args:
        input: The file of requests.
        output: The file of answers.
        running: How it is run.
    """
    return _run(input, output, running, resume=True)


def _run(source: str, target: str, running: Running, *, resume: bool) -> ExitCode:
    if not Path(source).is_file():
        raise UsageError(f"there is no file {source}")
    if running.cluster is not None:
        return _run_on_cluster(running.cluster, source, target, running, resume=resume)

    async def action(client: "TikHubAI") -> ExitCode:
        found = client.batch.run(source, target, resume=resume, **running.options())
        stopped = await _follow(found)
        return _sum_up(found.report, stopped, target, running)

    return _refusing(action, running.base_url)


def _refusing(action: Any, base_url: str | None) -> ExitCode:
    """Run, and tell a refused input by its exit code: nothing was sent."""
    from tikhub_async.batch import InputRefused

    try:
        return run_with_client(action, base_url)
    except InputRefused as refused:
        output.report(refused)
        return ExitCode.USAGE


async def _follow(run: "BatchRun") -> "TikHubError | None":
    """Run to the end with figures on stderr; what stopped it."""
    from tikhub_async.batch import drain_on_signals
    from tikhub_async.errors import TikHubError

    stopped: TikHubError | None = None
    with make_batch_board() as board:
        async with run:
            with drain_on_signals(run, lambda count: board.note(SIGNALLED[min(count, 2)])):
                try:
                    await _shown(run.finish(), run, board)
                except TikHubError as error:
                    if run.report.stopped is not error:
                        raise
                    stopped = error
        board.show(run.report)
    return stopped


SIGNALLED = {
    1: "finishing what is in flight; Ctrl-C again stops at once and leaves it in doubt",
    2: "stopping",
}


async def _shown(work: Coroutine[Any, Any, Any], run: "BatchRun", board: BatchBoard) -> None:
    import asyncio

    task = asyncio.ensure_future(work)
    while True:
        board.show(run.report)
        done, _ = await asyncio.wait({task}, timeout=board.interval)
        if done:
            break
    await task


def _sum_up(report: "BatchReport", stopped: "TikHubError | None", target: str, running: Running) -> ExitCode:
    if stopped is not None:
        output.report(stopped)
    if report.doubts:
        output.note(f"in doubt: {_names([line.custom_id for line in report.doubts])}")
        output.note(f"  → tikhub-ai batch doubt {target}")
    _tell_repeated(report.repeated)
    if report.pending or stopped is not None or report.interrupted:
        output.note(f"to go on: tikhub-ai batch resume … -o {target}")
    output.note(f"{report.ok:,} answers, {report.failed:,} failures, {report.skipped:,} from before, in {target}")
    if running.json:
        output.line(json.dumps(report.to_dict()))
    return code_of_report(report, stopped)


def _tell_repeated(count: int) -> None:
    if count:
        output.note(f"{count:,} sent again after a request whose outcome is unknown: they may have been paid twice")


def code_of_report(report: "BatchReport", stopped: "TikHubError | None") -> ExitCode:
    """The exit code of a batch: the worst that happened."""
    if stopped is not None and output.code_of(stopped) is ExitCode.ACCESS:
        return ExitCode.ACCESS
    if report.in_doubt:
        return ExitCode.IN_DOUBT
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.ERROR if stopped is not None or report.failed or report.pending else ExitCode.OK


def _names(names: list[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


# ── more machines ───────────────────────────────────────────────────────────────────────────────────────────────────


def _run_on_cluster(cluster: str, source: str, target: str, running: Running, *, resume: bool) -> ExitCode:
    from tikhub_async.batch import ShardReport, drain_on_signals
    from tikhub_async.batch.shard import LINES

    def tell(report: "ShardReport") -> None:
        output.note(f"shard {report.number}: {report.ok:,} answers, {report.failed:,} failures{_more(report.stopped)}")

    options = running.options()
    if not running.resend_chats:
        options.pop("resend", None)  # nobody is there to ask: shards send chats again unless told otherwise

    async def action(client: "TikHubAI") -> ExitCode:
        job = client.batch.run_on_cluster(
            source,
            target,
            cluster=cluster,
            resume=resume,
            lines_per_shard=running.lines_per_shard or LINES,
            on_report=tell,
            **options,
        )
        with drain_on_signals(whole := OnCluster(job, target), lambda count: output.note(SIGNALLED[min(count, 2)])):
            report = await whole.task
        return _sum_up_cluster(report, target, running, whole.interrupted)

    return _refusing(action, running.base_url)


class OnCluster:
    """A batch on a cluster, which other machines are to end."""

    def __init__(self, job: Coroutine[Any, Any, "ClusterReport"], target: str) -> None:
        import asyncio

        self.task = asyncio.ensure_future(job)
        self.interrupted = False
        self._target = target

    def drain(self) -> None:
        """Let every worker finish what is in flight; their reports are waited for."""
        from tikhub_async.batch.dask import PARTS
        from tikhub_async.batch.parts import set_stop

        self.interrupted = True
        set_stop(f"{self._target}{PARTS}")

    def abort(self) -> None:
        """Leave; the workers finish what is in flight all the same."""
        self.task.cancel()


def _more(stopped: str | None) -> str:
    return f"; {stopped}" if stopped else ""


def _sum_up_cluster(report: "ClusterReport", target: str, running: Running, interrupted: bool) -> ExitCode:
    if report.stopped is not None:
        output.report(report.stopped)
    if trouble := trouble_text(report):
        output.note(trouble)
    if report.in_doubt:
        output.note(f"  → tikhub-ai batch doubt {report.folder}")
    _tell_repeated(report.repeated)
    lines = 0 if report.merged is None else report.merged.lines
    output.note(f"{report.finished:,} of {report.shards:,} shards; {lines:,} lines in {target}")
    if running.json:
        output.line(json.dumps(report.to_dict()))
    if not report.complete:
        output.note(f"to go on: tikhub-ai batch resume … -o {target} --cluster …")
    if report.stopped is not None and output.code_of(report.stopped) is ExitCode.ACCESS:
        return ExitCode.ACCESS
    if report.in_doubt:
        return ExitCode.IN_DOUBT
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if report.complete and not report.failed else ExitCode.ERROR


@batch.command
def merge(folder: str, /, *, output: Output) -> ExitCode:
    """Put the parts of a batch that ran on many machines together: the first line per custom_id.

    Args:
        folder: The folder of parts.
        output: The file of answers; it is replaced.
    """
    from tikhub_async._cli.output import note
    from tikhub_async.batch import merge as merge_parts

    report = merge_parts(folder, output)
    note(f"{report.lines:,} lines from {report.parts:,} parts in {output}; {report.repeated:,} repeats left out")
    return ExitCode.OK


# ── doubts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@batch.command
def doubt(
    path: str,
    /,
    *,
    retry: tuple[str, ...] = (),
    drop: tuple[str, ...] = (),
    adopt: tuple[str, ...] = (),
    retry_chats: Flag = False,
    json: Flag = False,
) -> ExitCode:
    """List the lines whose outcome is unknown, or decide about them; `batch resume` then acts on it.

    Look in the console for a task of that time before a video is retried: it would be paid again.

    Args:
        path: The file of answers, or the folder of parts.
        retry: Send this custom_id again. May be repeated.
        drop: Give this custom_id up; it gets an error in the answers. May be repeated.
        adopt: CUSTOM_ID=TASK_ID: this task belongs to that line. May be repeated.
        retry_chats: Send all lines in doubt again that are no videos.
        json: Print JSON, one object per line, with the requests.
    """
    from tikhub_async.batch import Decisions, decide, doubts

    found = doubts(path)
    again = [*retry, *(line.custom_id for line in found if retry_chats and not line.paid)]
    decisions = Decisions(retry=again, drop=list(drop), adopt=dict(map(_pair, adopt)))
    if decisions.retry or decisions.drop or decisions.adopt:
        output.note(f"{decide(path, decisions)} decided; `tikhub-ai batch resume` acts on it")
        return ExitCode.OK
    for line in found:
        output.line(_told(line, as_json=json))
    output.note(f"{len(found)} in doubt" + (HOW_TO_DECIDE if found else ""))
    if any(time.time() - line.sent_at < SETTLED_AFTER for line in found):
        output.note("  some left within the last minute and may still be on their way: look again before --retry")
    return ExitCode.IN_DOUBT if found else ExitCode.OK


SETTLED_AFTER = 60.0
"""Seconds: what a process sent before it died may still lie in a socket, and a task of it come after one was looked for."""
HOW_TO_DECIDE = "\n  → --adopt CUSTOM_ID=TASK_ID where the console shows a task, else --retry or --drop CUSTOM_ID"


def _pair(text: str) -> tuple[str, str]:
    custom_id, equals, task_id = text.rpartition("=")
    if not equals or not custom_id or not task_id:
        raise UsageError(f"--adopt {text}: write CUSTOM_ID=TASK_ID")
    return custom_id, task_id


def _told(line: "InDoubt", *, as_json: bool) -> str:
    if as_json:
        return json.dumps({name: getattr(line, name) for name in line.__struct_fields__}, ensure_ascii=False)
    sent = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.sent_at))
    return f"{line.custom_id}\t{sent}\t{line.url}\t{line.why}"
