"""One line, from its request to its output line; what an error makes of it is in `judging`."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tikhub_async._config import RetryPolicy
from tikhub_async._tasks import VideoTask
from tikhub_async._wire.request import Request
from tikhub_async.batch import bodies
from tikhub_async.batch.formats import ItemError, Line, error_line, response_line
from tikhub_async.batch.judging import Fate, Verdict, judge
from tikhub_async.batch.options import Settings
from tikhub_async.batch.pacing import Pacer, Ticket
from tikhub_async.batch.results import BatchReport, BatchResult, Outcome, item_error, tokens_of
from tikhub_async.batch.routes import Call
from tikhub_async.batch.spending import Asked, Held, Spending
from tikhub_async.batch.store import Store
from tikhub_async.errors import BatchError, JournalError, ParameterError, TikHubError
from tikhub_async.types._base import Response

if TYPE_CHECKING:
    from tikhub_async._client import TikHubAI


class Job(msgspec.Struct, kw_only=True, gc=False):
    """A line on its way."""

    line: Line
    call: Call
    asked: Asked
    task: VideoTask[Any] | None = None
    """Of an earlier run: wait for it and save it."""
    held: Held = Held(items=0)
    has_place: bool = False
    """Among the open videos."""
    attempts: int = 0
    tries: int = 0
    doubts: int = 0
    successes: int = -1
    """Of everybody, when this line was last refused."""
    sent_at: float = 0.0
    """When its last request left, by the clock."""
    refused_at: float | None = None
    """When it was first refused for now."""

    @property
    def is_video(self) -> bool:
        """Whether a task is waited for."""
        return self.call.route.kind in {"video", "file"}


class Superseded(JournalError):
    """A newer attempt at the same lines has begun on another machine; this one has sent nothing more."""


class Fence(Protocol):
    """Whether this attempt at its lines may go on; see `parts`."""

    def stopped(self) -> bool:
        """Whether nothing new is to be begun."""
        ...

    def superseded(self) -> bool:
        """Whether a newer attempt has begun."""
        ...


class NoFence:
    """A batch on one machine: the journal's lock is enough."""

    def stopped(self) -> bool:
        """Never."""
        return False

    def superseded(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Context:
    """What the jobs of a run share."""

    client: "TikHubAI"
    settings: Settings
    store: Store
    pacer: Pacer
    spending: Spending
    report: BatchReport
    """Figures, kept up by the jobs."""
    policy: RetryPolicy
    deliver: Callable[[BatchResult], None]
    """Takes results."""
    again: Callable[[Job, float], None]
    """Takes jobs that go again after some seconds."""
    stop: Callable[[TikHubError], None]
    """Ends the batch."""
    fence: Fence


class Hands:
    """Does jobs that are answered in one go."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client
        self._settings = context.settings
        self._store = context.store
        self._pacer = context.pacer
        self._gate = context.pacer.gate
        self._spending = context.spending
        self._report = context.report
        self._doubts_in_row = 0

    async def work(self, job: Job, ticket: Ticket) -> None:
        """Do a job. Its ticket is given back, unless it was served to its end: then the place may go on to the next."""
        try:
            await self._do(job, ticket)
        except BaseException:
            self._gate.leave(ticket, refused=None)
            raise

    async def _do(self, job: Job, ticket: Ticket) -> None:
        await self._answer(job, ticket)

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, job: Job, ticket: Ticket) -> None:
        route = job.call.route
        assert route.answer is not None
        try:
            request = await self._request(job)
            await self._intent(job)
            response = await route.answer(self._client, request)
        except JournalError:
            raise
        except TikHubError as caught:
            error = caught
        else:
            self._answered(job, response)
            return
        self._failed(job, error, ticket)

    async def _request(self, job: Job) -> Request:
        route, line = job.call.route, job.line
        if route.prepare is None:
            return bodies.raw_request(job.call.template, line.body)
        request = await route.prepare(self._client._config, route.endpoint, job.call.values, line.body)
        return request.with_retries(0)  # attempts are counted here, and paced

    async def _intent(self, job: Job) -> None:
        """The journal knows before the request leaves."""
        route = job.call.route
        job.attempts += 1
        job.sent_at = self._pacer.now()
        self._report.sent += 1
        if not route.is_paid:
            return
        if self._store.full:
            raise JournalError("the disk is full; the request was not sent", hint="make room on the disk, then resume")
        paid = route.kind == "video"
        self._store.intent(job.line, paid=paid)
        if self._settings.fsync == "all" or (paid and self._settings.fsync == "paid"):
            try:
                await self._store.commit()
            except asyncio.CancelledError:
                self._take_back(job, "cancelled before it was sent")
                raise
        # Only now: whoever takes over has read this intent, or is seen here.
        if self._context.fence.superseded():
            self._take_back(job, "superseded")
            raise Superseded(
                f"another attempt at these lines has begun; {job.line.custom_id!r} was not sent from here",
                hint="nothing is lost: the newer attempt runs them",
            )

    def _take_back(self, job: Job, why: str) -> None:
        """The intent was not followed by a request."""
        if not job.doubts:
            self._store.void(job.line.custom_id, why)

    def _answered(self, job: Job, response: Response) -> None:
        self._succeeded()
        inside, outside = tokens_of(response)
        self._report.tokens_in += inside
        self._report.tokens_out += outside
        self._pacer.settle(job.held.tokens, inside + outside)
        self._spending.settle(job.held, job.asked, tokens=inside + outside, answer=outside)
        line, meta = job.line, response.meta
        body, request_id = meta.body or b"null", response.request_id
        text = response_line(line.custom_id, line.id_hash, body, status_code=meta.status_code, request_id=request_id)
        result = BatchResult(
            custom_id=line.custom_id,
            number=line.number,
            outcome="ok",
            status_code=meta.status_code,
            request_id=request_id,
            body=body,
            response=response,
            attempts=job.attempts,
            maybe_billed=job.doubts > 0,
        )
        self._settle(job, result, text, tokens=inside + outside)

    # ── failures ────────────────────────────────────────────────────────────────────────────────────────────────

    def _failed(self, job: Job, error: TikHubError, ticket: Ticket) -> None:
        if self._pacer.successes != job.successes:
            job.tries += 1  # a refusal that meets everybody says nothing about this line
            job.successes = self._pacer.successes
        now = self._pacer.now()
        job.refused_at = now if job.refused_at is None else job.refused_at
        verdict = judge(
            error,
            job.call.route.endpoint.kind,
            tries=job.tries,
            doubts=job.doubts,
            in_time=now - job.refused_at < self._settings.patience,
            policy=self._context.policy,
            random=random.random,
        )
        self._gate.leave(ticket, refused=True if verdict.too_fast else None)
        if verdict.for_now:
            self._report.refused += 1
            self._pacer.refused(error, job.sent_at)
        match verdict.fate:
            case Fate.STOP:
                self._void(job, error)
                self._context.stop(error)
            case Fate.AGAIN:
                self._send_again(job, error, verdict)
            case Fate.DOUBT:
                self._doubt(job, error)
            case Fate.FAIL:
                if verdict.doubtful:
                    self._count_doubt(error)
                if isinstance(error, ParameterError):
                    self._void(job, error)  # refused here, before anything left
                else:
                    self._spending.settle(job.held, job.asked)
                self._settle_error(job, error)

    def _send_again(self, job: Job, error: TikHubError, verdict: Verdict) -> None:
        silence = max(self._pacer.silent_for, self._pacer.held_for)
        if verdict.for_now and silence > self._settings.patience:
            self._void(job, error)
            self._context.stop(
                BatchError(
                    f"nothing has got through, or may get through, for {silence:.0f} s: {error.message}",
                    hint="lines that were refused are not lost: resume later",
                )
            )
            return
        if verdict.doubtful:
            job.doubts += 1
            self._report.repeated += 1
            self._spending.settle(job.held, job.asked)
        else:
            self._void(job, error)
        job.held = Held(items=0)
        self._context.again(job, verdict.seconds)

    def _void(self, job: Job, error: TikHubError) -> None:
        self._spending.give_back(job.held)
        if self._was_sent(job):
            self._take_back(job, item_error(error).code)

    def _doubt(self, job: Job, error: TikHubError) -> None:
        self._spending.settle(job.held, job.asked)
        self._store.doubt(job.line.custom_id, error.message, error.request_id)
        self._report.in_doubt += 1
        self._context.deliver(result_of(job, "in doubt", item_error(error), None))
        self._count_doubt(error)

    def _count_doubt(self, error: TikHubError) -> None:
        self._doubts_in_row += 1
        if self._doubts_in_row >= self._settings.max_in_doubt:
            self._context.stop(
                BatchError(
                    f"the outcome of {self._doubts_in_row} requests in a row is unknown; the last one: {error.message}",
                    hint="find out what is wrong before more is paid for; then look at the lines in doubt and resume",
                )
            )

    def _succeeded(self) -> None:
        self._doubts_in_row = 0
        self._pacer.succeeded()

    def _was_sent(self, job: Job) -> bool:
        """Whether the journal holds an intent of it: it was paid for, or may have been."""
        return job.line.custom_id in self._store.ledger.open

    # ── output ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _settle_error(self, job: Job, error: TikHubError) -> None:
        line, words = job.line, item_error(error)
        self._report.errors[words.code] += 1
        self._settle(job, result_of(job, "failed", words, job.task), error_line(line.custom_id, line.id_hash, words))

    def _settle(self, job: Job, result: BatchResult, text: bytes, *, tokens: int = 0, quota: float = 0.0) -> None:
        if not self._was_sent(job):
            # It needed no intent, but the journal must know the line that an output line belongs to.
            self._store.intent(job.line, paid=False)
            self._store.void(job.line.custom_id, "not paid")
        try:
            line = job.line
            self._store.done(line.custom_id, text, ok=result.ok, tokens=tokens, quota=quota, id_hash=line.id_hash)
        finally:
            # Even when it cannot be written: the one copy that is left goes to the caller.
            self._report.ok += result.ok
            self._report.failed += not result.ok
            self._context.deliver(result)


def result_of(job: Job, outcome: Outcome, error: ItemError, task: VideoTask[Any] | None) -> BatchResult:
    """The result of a line without an answer."""
    return BatchResult(
        custom_id=job.line.custom_id,
        number=job.line.number,
        outcome=outcome,
        status_code=error.status_code,
        request_id=error.request_id,
        error=error,
        task=None if task is None else task.to_dict(),
        attempts=max(job.attempts, 1),
        maybe_billed=job.doubts > 0 or error.maybe_billed,
    )
