"""A video line: create, wait by the one poller, save; each stage is taken up again by the next run."""

import asyncio
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import msgspec

from tikhub_async._tasks import VideoTask
from tikhub_async.batch import bodies
from tikhub_async.batch.formats import Line, response_line
from tikhub_async.batch.ledger import Open, key_of
from tikhub_async.batch.pacing import Ticket
from tikhub_async.batch.results import BatchResult, item_error
from tikhub_async.batch.work import Context, Hands, Job, result_of
from tikhub_async.errors import (
    AuthenticationError,
    InvalidParameter,
    JournalError,
    QuotaError,
    TaskCancelled,
    TaskExpired,
    TaskFailed,
    TikHubError,
)
from tikhub_async.types._base import Response
from tikhub_async.types.task import TaskState

ENDS = (TaskFailed, TaskCancelled, TaskExpired)
"""Errors that end a task for good. All others leave it: it goes on at the provider."""
NAME_LENGTH = 80
INLINE_KEPT = 65536
"""Bytes of an answer that are kept in the output when a video inside it was saved to a file."""


class VideoHands(Hands):
    """Does jobs of all kinds."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._downloads = asyncio.Semaphore(self._settings.downloads)
        self.places = asyncio.Semaphore(self._settings.open_videos)
        """Places among the open videos."""
        self.idle: set[asyncio.Task[None]] = set()
        """Jobs that only wait for a video, or save one: what they have is on disk, and they may be cancelled."""

    async def _do(self, job: Job, ticket: Ticket) -> None:
        if not job.is_video:
            await self._answer(job, ticket)
            return
        try:
            await self._video(job, ticket)
        finally:
            if job.has_place:
                job.has_place = False
                self.places.release()

    async def _video(self, job: Job, ticket: Ticket) -> None:
        task = job.task
        if task is None and job.call.route.kind == "file":
            task = self._file_task(job)
        if task is None:
            task = await self._created(job, ticket)
        if task is None:
            return
        self._gate.leave(ticket, refused=None)
        job.task = task
        if self._report.interrupted:
            return  # the next run waits for it
        self._report.open_videos += 1
        try:
            with self._idle():
                await self._finish(job, task)
        finally:
            self._report.open_videos -= 1

    async def _created(self, job: Job, ticket: Ticket) -> VideoTask[Any] | None:
        route = job.call.route
        assert route.create is not None
        try:
            params = bodies.video_params(job.line.body, route.known)
            await self._intent(job)
            task = await route.create(self._client, job.call.values, params)
        except JournalError:
            raise
        except TikHubError as caught:
            error = caught
        else:
            # No `await` between the answer and this line: a cancellation cannot come between them.
            self._store.accepted(job.line.custom_id, task.to_dict(), _request_id(task.creation))
            self._gate.leave(ticket)
            self._succeeded()
            if self._settings.fsync != "never":
                await self._store.commit()
            return task
        self._failed(job, error, ticket)
        return None

    def _file_task(self, job: Job) -> VideoTask[Any] | None:
        """The task whose content a line asks for, taken as finished."""
        task_id = job.call.values["task_id"]
        task = self._client.tasks.attach(("sora", task_id))
        task.state = TaskState(id=task_id, status="succeeded")
        return task

    async def _finish(self, job: Job, task: VideoTask[Any]) -> None:
        """Wait for a task and save its video."""
        settings = self._settings
        try:
            video = await task.wait(timeout=settings.video_timeout, poll_interval=settings.poll_interval)
            file = None if settings.videos is None else await self._save(job, task)
            if job.call.route.kind == "file" and file is None:
                raise InvalidParameter("url", "needs a folder for the file: videos= (--videos)", where="batch")
        except ENDS as ended:
            self._spending.settle(job.held, job.asked, quota=float(task.state.quota or 0))
            self._settle_error(job, ended)
            return
        except InvalidParameter as refused:
            self._spending.give_back(job.held)
            self._settle_error(job, refused)
            return
        except TikHubError as trouble:
            self._pending(job, task, trouble)
            return
        self._finished(job, video.task, file)

    async def _save(self, job: Job, task: VideoTask[Any]) -> str:
        assert self._settings.videos is not None
        path = os.path.join(self._settings.videos, video_name(job.line.custom_id, task.id))
        async with self._downloads:
            try:
                return await task.download(path)
            except FileExistsError:
                return path  # the name holds the task's id, and only whole files have final names

    def _finished(self, job: Job, task: VideoTask[Any], file: str | None) -> None:
        quota = float(task.state.quota or 0)
        self._report.quota += quota
        self._spending.settle(job.held, job.asked, quota=quota)
        line, response = job.line, task.response
        body = _body_of(task, saved=file is not None)
        handle = task.to_dict()
        facts: dict[str, Any] = {"task": handle} | ({} if file is None else {"file": file})
        request_id = _request_id(task.creation) or _request_id(response)
        text = response_line(line.custom_id, line.id_hash, body, request_id=request_id, facts=facts)
        result = BatchResult(
            custom_id=line.custom_id,
            number=line.number,
            outcome="ok",
            status_code=200,
            request_id=request_id,
            body=body,
            response=response,
            task=handle,
            file=file,
            attempts=max(job.attempts, 1),
        )
        self._settle(job, result, text, quota=quota)

    def _pending(self, job: Job, task: VideoTask[Any], trouble: TikHubError) -> None:
        """The task goes on; what could not be done is done by the next run."""
        self._spending.settle(job.held, job.asked)
        self._report.pending += 1
        error = item_error(trouble)
        self._report.errors[error.code] += 1
        if isinstance(trouble, AuthenticationError | QuotaError):
            self._context.stop(trouble)
        self._context.deliver(result_of(job, "pending", error, task))

    @contextmanager
    def _idle(self) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None
        self.idle.add(task)
        try:
            yield
        finally:
            self.idle.discard(task)


def video_name(custom_id: str, task_id: str) -> str:
    """A file name for a line's video that no `custom_id` can turn into another path, the same in every run."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", custom_id)[:NAME_LENGTH]
    return f"{safe}-{key_of(f'{custom_id} {task_id}'):016x}.mp4"


def line_of(lost: Open) -> Line:
    """The line of a task of an earlier run, whose input need not be at hand."""
    return Line(
        custom_id=lost.custom_id,
        method="POST",
        url=lost.url,
        body=b"",
        number=0,
        id_hash=key_of(lost.custom_id),
        body_hash=lost.body_hash,
    )


def _body_of(task: VideoTask[Any], *, saved: bool) -> bytes:
    response = task.response
    body = task.state.raw or (response.meta.body if response is not None else None) or b"null"
    if saved and task.state.inline and len(body) > INLINE_KEPT:
        handle = task.to_dict()
        return msgspec.json.encode({**handle, "usage": task.state.usage})
    return body


def _request_id(response: object) -> str | None:
    return response.request_id if isinstance(response, Response) else None
