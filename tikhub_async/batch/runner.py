"""`BatchRun`: a batch under way. Results as they are done; figures, drain and abort from outside."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import anyio

from tikhub_async._clock import Timer
from tikhub_async._wire.request import Request
from tikhub_async.batch.index import State
from tikhub_async.batch.ledger import Ledger
from tikhub_async.batch.lines import FileLines, Item, ItemLines, Range, Source
from tikhub_async.batch.options import Settings
from tikhub_async.batch.pacing import Pacer
from tikhub_async.batch.results import BatchReport, BatchResult
from tikhub_async.batch.routes import ROUTES, Call, Routes
from tikhub_async.batch.scheduler import Scheduler
from tikhub_async.batch.spending import Asked, Spending
from tikhub_async.batch.store import Store
from tikhub_async.batch.videos import VideoHands, line_of
from tikhub_async.batch.work import Context, Fence, Job, NoFence
from tikhub_async.errors import ConfigError, SpendLimitReached, TikHubError

if TYPE_CHECKING:
    from tikhub_async._client import TikHubAI

FLUSH_SECONDS = 1.0
"""How often answers are put on the disk itself."""
UNREAD = 64
"""Results that wait for their reader before no new lines are begun, beside as many as are in flight."""
UNWEIGHED = Asked()
"""What a line asks for, where no limit and no rate counts that."""


class BatchRun:
    """A batch: an async iterator of results, and a context manager.

        async with client.batch.run("in.jsonl", "out.jsonl") as run:
            async for result in run:
                print(result.custom_id, result.text)
        print(run.report)

    `await run.finish()` runs it without looking at results. The file, the journal and every line are checked before the
    first request leaves. Leaving the block early drains: no new lines, those in flight are waited for and written.

    Raises while entered or iterated:
        InputRefused: The input cannot be run as it is.
        JournalError: The output has begun already, is written by another process, or disagrees with the input.
        SpendLimitReached: A limit was reached; raised after the last result.
        AuthenticationError, QuotaError: The key or its balance ended it; likewise.
        BatchError: Too many unknown outcomes in a row, or nothing got through; likewise.
    """

    def __init__(
        self,
        client: "TikHubAI",
        source: Source,
        output: str | os.PathLike[str] | None,
        settings: Settings,
        *,
        resume: bool = False,
        part: Range | None = None,
        earlier: tuple[str, ...] = (),
        fence: Fence | None = None,
    ) -> None:
        if resume and output is None:
            raise ConfigError("resume needs the output of the run that is taken up again", stage="batch")
        self._report = BatchReport()
        self.settings = settings
        self._client = client
        self._clock = client._session.clock
        self._source = source
        self._output = None if output is None else os.fspath(output)
        self._resume = resume
        self._part = part or Range()
        self._earlier = earlier
        self._fence = fence or NoFence()
        self._main: asyncio.Task[None] | None = None
        self._store: Store
        self._pacer: Pacer
        self._spending: Spending
        self._hands: VideoHands
        self._scheduler: Scheduler[Job]
        self._lines: FileLines | ItemLines
        self._file: FileLines | None = None
        self._routes = Routes(client._config)
        self._tasks: deque[Job] = deque()
        self._ready: deque[BatchResult] = deque()
        self._reading = True
        self._wake: asyncio.Future[None] | None = None
        self._moved = asyncio.Event()
        self._flush_timer: Timer | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._drain_timer: Timer | None = None
        self._started = 0.0
        self._raised = False

    @property
    def report(self) -> BatchReport:
        """Figures so far; the same object every time."""
        if self._main is not None and not self._main.done():
            self._refresh()
        return self._report

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchResult:
        await self._start()
        assert self._main is not None
        while not self._ready:
            if self._main.done():
                self._main.result()
                self._raise_once()
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._wake, self._main}, return_when=asyncio.FIRST_COMPLETED)
        self._moved.set()
        return self._ready.popleft()

    async def finish(self) -> BatchReport:
        """Run to the end without looking at results; the report.

        Raises: as iterating. The report is on `report` all the same.
        """
        await self._start()
        assert self._main is not None
        self._reading = False
        self._ready.clear()
        self._moved.set()
        try:
            await asyncio.shield(self._main)
        except asyncio.CancelledError:
            await self.aclose()
            raise
        self._raise_once()
        return self._report

    async def aclose(self) -> None:
        """Drain and close. Cancelled meanwhile, it aborts."""
        main = self._main
        if main is None:
            return
        self._reading = False
        self._moved.set()
        if not main.done():
            self.drain()
        try:
            with anyio.CancelScope(shield=True):
                await asyncio.wait({main})
        except asyncio.CancelledError:
            self.abort()
            await asyncio.wait({main})
            raise

    def drain(self) -> None:
        """Begin nothing more. What is in flight has `drain_seconds` to end; videos are left to the next run."""
        if self._main is None or self._main.done() or self._report.interrupted:
            return
        self._report.interrupted = True
        self._scheduler.stop()
        self._scheduler.cancel(self._hands.idle)
        self._drain_timer = self._clock.call_later(self.settings.drain_seconds, self._scheduler.cancel)

    def abort(self) -> None:
        """Stop at once: requests in flight are given up, and are in doubt."""
        self.drain()
        if self._main is not None and not self._main.done():
            self._scheduler.cancel()

    def _raise_once(self) -> None:
        if self._report.stopped is not None and not self._raised:
            self._raised = True
            raise self._report.stopped

    # ── beginning ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _start(self) -> None:
        if self._main is not None:
            return
        opening = asyncio.get_running_loop().create_task(self._open())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            # A thread may hold the journal's lock by now: let it finish, then let go.
            with contextlib.suppress(Exception):
                await opening
                self._let_go()
            raise
        self._main = asyncio.get_running_loop().create_task(self._run())
        self._main.add_done_callback(_retrieved)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        path = os.fspath(self._source) if isinstance(self._source, str | os.PathLike) else None
        self._store = await loop.run_in_executor(None, self._open_store, path)
        try:
            index = self._store.ledger.index
            if path is not None:
                self._lines = self._file = FileLines(path, index, self._routes, self.settings.endpoint, self._part)
                await loop.run_in_executor(None, self._file.look_through)
            else:
                items = cast("Iterable[Item] | AsyncIterable[Item]", self._source)
                self._lines = ItemLines(items, index, self._routes, self.settings.endpoint)
            self._set_up()
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        self._store.close()
        if self._file is not None:
            self._file.close()

    def _open_store(self, path: str | None) -> Store:
        if self.settings.videos is not None:
            Path(self.settings.videos).mkdir(parents=True, exist_ok=True)
        if self._output is None:
            return Store(Ledger(), self._clock)
        source = None if path is None else os.path.abspath(path)
        return Store.open(self._output, self._clock, resume=self._resume, source=source, earlier=self._earlier)

    def _set_up(self) -> None:
        ledger = self._store.ledger
        self._take_up()
        self._pacer = Pacer.of(self._client._session)
        self._pacer.join(self.settings)
        self._spending = Spending(self.settings, items=ledger.sent, tokens=ledger.tokens, quota=ledger.quota)
        self._scheduler = Scheduler(
            self._clock,
            self._pacer.gate,
            fetch=self._fetch,
            admit=self._admit,
            admit_at_once=self._admit_at_once,
            work=lambda job, ticket: self._hands.work(job, ticket),
            ended=self._moved.set,
        )
        self._hands = VideoHands(
            Context(
                client=self._client,
                settings=self.settings,
                store=self._store,
                pacer=self._pacer,
                spending=self._spending,
                report=self._report,
                policy=self._client._config.retries,
                deliver=self._deliver,
                again=self._scheduler.again,
                stop=self._stop,
                fence=self._fence,
            )
        )
        self._started = self._clock.now()
        self._refresh()

    def _take_up(self) -> None:
        """What earlier runs left open: tasks are waited for; doubts are the user's, or sent once more where allowed."""
        store = self._store
        for lost in store.ledger.in_state(State.DOUBT):
            if not lost.paid and self.settings.resend == "chat":
                store.decide(lost.custom_id, "retry")
                self._report.repeated += 1
            else:
                self._report.in_doubt += 1
        for open_ in store.ledger.in_state(State.ACCEPTED):
            assert open_.task is not None
            task = self._client.tasks.attach(open_.task)
            self._tasks.append(Job(line=line_of(open_), call=_WAITING, asked=Asked(is_video=True), task=task))

    # ── the middle ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        failure: BaseException | None = None
        try:
            self._flush_later()
            try:
                await self._scheduler.run()
            except Exception as caught:  # of the source: what is in flight is paid for, and ends first
                failure = caught
            await self._scheduler.settle(None)
            self._leave_in_doubt()
        finally:
            await self._close()
        failure = failure or self._scheduler.failure
        if failure is not None and not isinstance(failure, TikHubError):
            raise failure
        if failure is not None and self._report.stopped is None:
            self._report.stopped = failure

    async def _fetch(self) -> list[Job]:
        jobs = list(self._tasks)
        self._tasks.clear()
        if jobs:
            return jobs
        for line in await self._lines.fetch():
            call = self._routes.call(line)
            asked = self._routes.asked(line, call) if self._spending.weighs else UNWEIGHED
            jobs.append(Job(line=line, call=call, asked=asked))
        self._refresh()
        return jobs

    def _admit_at_once(self, job: Job) -> bool:
        """`_admit` where there is nothing to wait for; False leaves it to that."""
        if job.is_video or self._fence.stopped():
            return False
        if self._reading and len(self._ready) >= UNREAD + self._pacer.gate.in_flight:
            return False
        if job.call.route.is_paid:
            held = self._spending.estimate(job.asked)
            if self._spending.objection(held) is not None or not self._pacer.admit_at_once():
                return False
            self._spending.hold(held)
            job.held = held
        return True

    async def _admit(self, job: Job) -> bool:
        """Wait until a job may leave: its reader, its place, its limits, its pace."""
        while self._reading and len(self._ready) >= UNREAD + self._pacer.gate.in_flight:
            await self._next_move()
        if self._fence.stopped():
            self.drain()
            return False
        if job.is_video and not job.has_place and job.task is None:
            await self._hands.places.acquire()
            job.has_place = True
        if job.task is not None or not job.call.route.is_paid:
            return True
        held = self._spending.estimate(job.asked)
        while (objection := self._spending.objection(held)) is not None:
            if not self._scheduler.in_flight:
                self._stop(SpendLimitReached(objection, hint="raise the limit and resume to go on"))
                return False
            await self._next_move()  # what is set aside for requests in flight may turn out to be too much
        await self._pacer.admit(held.tokens)
        self._spending.hold(held)
        job.held = held
        return True

    async def _next_move(self) -> None:
        """Until a job has ended, or a result was read."""
        self._moved.clear()
        await self._moved.wait()

    def _deliver(self, result: BatchResult) -> None:
        if not self._reading:
            return
        self._ready.append(result)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _stop(self, error: TikHubError) -> None:
        if self._report.stopped is None:
            self._report.stopped = error
        self._scheduler.stop()

    def _refresh(self) -> None:
        report, gate = self._report, self._pacer.gate
        report.total = self._lines.total
        report.skipped = self._lines.skipped
        report.in_flight = gate.in_flight
        report.limit = int(gate.width)
        report.seconds = self._clock.now() - self._started

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _leave_in_doubt(self) -> None:
        """Chats that may have been charged and were not sent again before the end."""
        for job in self._scheduler.left():
            if job.doubts:
                self._store.doubt(job.line.custom_id, "the batch ended before it was sent again", None)
                self._report.in_doubt += 1

    async def _close(self) -> None:
        for timer in (self._flush_timer, self._drain_timer):
            if timer is not None:
                timer.cancel()
        try:
            if self._flushing is not None:
                await asyncio.wait({self._flushing})
            with contextlib.suppress(OSError):
                await self._store.flush()
        finally:
            self._report.doubts = [*self._store.ledger.in_state(State.DOUBT), *self._store.ledger.in_state(State.SENT)]
            self._report.in_doubt = len(self._report.doubts)
            self._refresh()
            self._pacer.quit()
            self._store.close()
            await self._lines.aclose()

    def _flush_later(self) -> None:
        """Put answers on the disk itself every second: a power cut then costs a second of them."""
        if self.settings.fsync != "never" and self._output is not None:
            self._flush_timer = self._clock.call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._store.flush())
            self._flushing.add_done_callback(_retrieved)
        self._flush_later()


def _retrieved(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


def _waiting_call() -> Call:
    route = next(route for route in ROUTES if route.kind == "video")
    return Call(route, {}, {}, Request(endpoint=route.endpoint, url=""))


_WAITING = _waiting_call()
"""The call of tasks that exist already: nothing is sent for them but looks."""
