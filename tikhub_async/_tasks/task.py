"""`VideoTask`: a durable handle on a video that is being made; `Video`: what a finished one gives."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tikhub_async._tasks.failure import error_for
from tikhub_async._wire import codec
from tikhub_async._wire.request import Request
from tikhub_async.errors import ConfigError
from tikhub_async.telemetry import _watching as watching
from tikhub_async.types._base import Headers, Response, ResponseMeta
from tikhub_async.types.task import TaskState, TaskStatus

if TYPE_CHECKING:
    from tikhub_async._config import Secret
    from tikhub_async._session.session import Session
    from tikhub_async._session.transport import KeyState
    from tikhub_async._tasks.download import Progress, ResultBytes
    from tikhub_async._tasks.poller import Poller
    from tikhub_async._tasks.updates import Updates
    from tikhub_async.errors import TikHubError
    from tikhub_async.relay import TaskRelay

R = TypeVar("R", bound=Response)

DEFAULT_TIMEOUT = 1200.0
"""Seconds `wait` waits when not told otherwise; most videos take one to ten minutes."""
SAVED_VERSION = 1


@dataclass(frozen=True)
class TaskKind(Generic[R]):
    """How tasks of one route are looked at; each video provider makes one per route."""

    provider: str
    """As `seedance` or `kling.text2video`; the name in saved handles."""
    retrieve: Callable[["Session", str], Request]
    """The request that looks at a task."""
    response: type[R]
    """What that request answers."""
    state_of: Callable[[R], TaskState]
    """What that answer means."""
    content: Callable[["Session", str], Request] | None = None
    """The request for the file itself, where the gateway has a content route."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[R]):
    """What a look has shown."""

    state: TaskState
    response: R | None
    """The answer; None where it is to be decoded again when asked for."""
    facts: tuple[int, int, bytes]
    """Status, attempts and headers of the answer."""


def _packed(meta: ResponseMeta) -> tuple[int, int, bytes]:
    # Headers as one text: seven take 300 bytes so, and 2,300 as they came.
    headers = b"\n".join(b":".join(pair) for pair in meta.headers._raw)
    return meta.status_code, meta.attempts, headers


def _unpacked(facts: tuple[int, int, bytes], body: bytes) -> ResponseMeta:
    status, attempts, text = facts
    pairs = (line.partition(b":") for line in text.split(b"\n") if line)
    headers = Headers(tuple((name, value) for name, _, value in pairs))
    return ResponseMeta(status_code=status, headers=headers, attempts=attempts, body=body)


class VideoTask(Generic[R]):
    """A video task of any provider: look at it, wait for it, download its result, save it for later.

    The handle outlives the program: `to_dict()` gives what `client.tasks.attach` takes up again. Losing it costs
    nothing at the provider; the task goes on.
    """

    def __init__(
        self,
        kind: TaskKind[R],
        task_id: str,
        session: "Session | None",
        poller: "Poller | None",
        *,
        state: TaskState | None = None,
        response: R | None = None,
        creation: Response | None = None,
        created_at: float | None = None,
    ) -> None:
        self.kind = kind
        self.id = task_id
        """The id to ask with."""
        self.state = state or TaskState(id=task_id)
        """The task as last seen."""
        self._response = response
        self._facts: tuple[int, int, bytes] | None = None
        """Of the last look, where its answer is not decoded yet: status, attempts, headers."""
        self.creation: Response | None = creation
        """The answer to the creation; None for a handle that was attached."""
        self.created_at = created_at
        """When the creation was answered, Unix seconds; None when unknown."""
        self._session = session
        self._poller = poller
        self._observers = () if session is None else watching.observers_of(session)

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def provider(self) -> str:
        """As `seedance`, `sora`, `kling.image2video`, `veo`."""
        return self.kind.provider

    @property
    def status(self) -> TaskStatus:
        """`queued`, `running`, `succeeded`, `failed`, `cancelled`, `expired` or `unknown`, as last seen."""
        return self.state.status

    @property
    def progress(self) -> int | None:
        """0…100 as last seen, coarse; None when the provider does not say."""
        return self.state.progress

    @property
    def url(self) -> str | None:
        """The video's address once the task has succeeded and the provider gave one."""
        return self.state.url

    @property
    def error(self) -> str | None:
        """Why it failed, in the provider's words."""
        return self.state.error

    @property
    def response(self) -> R | None:
        """The last answer to a look, as documented; None before the first."""
        # Decoded when asked for: ten thousand waiting tasks whose answers nobody reads would hold 60 MB of them.
        if self._facts is not None:
            response = codec.decode(self.state.raw, self.kind.response)
            response.attach(_unpacked(self._facts, self.state.raw))
            self._response, self._facts = response, None
        return self._response

    @property
    def seen(self) -> bool:
        """True once a look has shown the task."""
        return self._response is not None or self._facts is not None

    @property
    def raw(self) -> Any:
        """The last answer as plain data; None before the first look."""
        return codec.loads(self.state.raw) if self.state.raw else None

    @property
    def done(self) -> bool:
        """True once the task has ended, for better or worse."""
        return self.state.done

    def __repr__(self) -> str:
        progress = "" if self.progress is None else f" {self.progress}%"
        return f"<VideoTask {self.provider} {self.id} {self.status}{progress}>"

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def refresh(self) -> "VideoTask[R]":
        """Look once; the handle itself, updated.

        Raises:
            NotFoundError: The gateway does not know the id, or it belongs to another account.
            APIError: The look failed; the task is not affected.
        """
        self.apply(await self.look())
        return self

    async def look(self, *, retry: bool = True) -> Seen[R]:
        """Ask the gateway once and leave the handle as it is; `retry=False` sends exactly one request."""
        session = self._live()
        request = self.kind.retrieve(session, self.id)
        if not retry:
            request = request.with_retries(0)
        answer = await session.send(request)
        if not retry and self.state.raw and answer.body == self.state.raw:
            return Seen(self.state, None, _packed(answer.meta))  # as most looks: nothing has changed
        response = codec.decode(answer.body, self.kind.response)
        response.attach(answer.meta)
        return Seen(self.kind.state_of(response), response if retry else None, _packed(answer.meta))

    def apply(self, seen: Seen[R]) -> None:
        """Take over what a look has shown."""
        before, self.state = self.state, seen.state
        self._response, self._facts = seen.response, None if seen.response is not None else seen.facts
        if self._observers and (before.status, before.progress) != (self.status, self.progress):
            self.tell()

    def tell(self) -> None:
        """Tell those who watch the client how the task stands."""
        if self._observers:
            watching.task_seen(self, self._observers)

    async def wait(
        self,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        on_update: "Callable[[VideoTask[Any]], None] | None" = None,
    ) -> "Video":
        """The finished video.

        All waits of a client share one schedule, so thousands of them cost little and poll politely. Cancelling one
        disturbs neither the task nor anybody else who waits for it.

        Args:
            timeout: Seconds from now; None waits for ever.
            poll_interval: Seconds between looks; by default 5 s to the first, then 10 growing to 20. The gateway
                itself asks providers every 15 s or so: shorter brings nothing. With many tasks the client's
                `polls_per_second` makes it longer.
            on_update: Called with this handle whenever status or progress changed; what it raises ends this wait.

        Raises:
            TaskFailed, TaskCancelled, TaskExpired: The task ended without a video.
            TaskTimeout: The time is up. The task goes on; `error.task` attaches again.
            APIError: The gateway refuses to answer about this task (unknown id, key revoked or used up), or nothing but
                nonsense comes from its route. A look that fails otherwise is repeated until the time is up.
            InvalidParameter: `timeout` or `poll_interval` is no such time.
        """
        if not self.done:
            await self._watching().wait(self, timeout=timeout, interval=poll_interval, on_update=on_update)
        return self.video()

    def updates(self, *, timeout: float | None = DEFAULT_TIMEOUT, poll_interval: float | None = None) -> "Updates":
        """This handle after every change, as an async iterator that ends when the task does.

        Who comes late for an item sees the latest state. Dropping the iterator, as `break` does, ends the looking.

        Raises while iterating: as `wait`, but a failed task is yielded once and then ends the iteration.
        """
        return self._watching().updates(self, timeout=timeout, interval=poll_interval)

    def relay(
        self,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        poll_interval: float | None = None,
        heartbeat: float | None = 15.0,
        describe: "Callable[[TikHubError], Mapping[str, Any]] | None" = None,
        on_end: "Callable[[TaskRelay], object] | None" = None,
    ) -> "TaskRelay":
        """The progress as server-sent events for a browser: `progress` on every change, then `done` or `error`.

        How the task stands now comes at once, so a page that was loaded again shows it without waiting for a look.

        Args:
            timeout: Seconds from now; as `wait`.
            poll_interval: Seconds between looks; as `wait`.
            heartbeat: Seconds of silence before a comment is sent; None sends none.
            describe: What the browser is told of an error; default: `tikhub_async.relay.public_error`.
            on_end: Called once with the relay when it has ended, also when the browser left.
        """
        from tikhub_async.relay import TaskRelay  # a layer above

        return TaskRelay(
            self,
            timeout=timeout,
            poll_interval=poll_interval,
            heartbeat=heartbeat,
            describe=describe,
            on_end=on_end,
        )

    def video(self) -> "Video":
        """The result of a task that is done.

        Raises:
            TaskFailed, TaskCancelled, TaskExpired: It ended without a video.
            ConfigError: It is not done yet.
        """
        if not self.done:
            raise ConfigError(f"task {self.id} is {self.status}", hint="await task.wait() first", stage="task")
        if self.status != "succeeded":
            raise error_for(self.to_dict(), self.state)
        return Video(task=self)

    async def download(
        self,
        path: "str | os.PathLike[str]",
        *,
        overwrite: bool = False,
        progress: "Progress | None" = None,
        max_bytes: int | None = None,
    ) -> str:
        """Save the finished video; see `Video.download`."""
        return await self.video().download(path, overwrite=overwrite, progress=progress, max_bytes=max_bytes)

    # ── keeping ─────────────────────────────────────────────────────────────────────────────────────────────────

    def to_dict(self) -> dict[str, Any]:
        """The handle as JSON-ready data without secrets, for `client.tasks.attach`."""
        saved: dict[str, Any] = {"version": SAVED_VERSION, "provider": self.provider, "id": self.id}
        if self.created_at is not None:
            saved["created_at"] = self.created_at
        if self.status != "unknown":
            saved["status"] = self.status
        return saved

    def account(self) -> "tuple[Secret, KeyState]":
        """The key that looks at it, and what all calls with that key share."""
        session = self._live()
        key = session.config.api_key
        return key, session.transport.key_state(key)

    def watch_key(self) -> "tuple[Secret, str, str]":
        """What makes two handles the same task of the same client."""
        return (self._live().config.api_key, self.provider, self.id)

    def __getstate__(self) -> dict[str, Any]:
        # A pickled handle keeps what was seen, and neither connections nor keys.
        gone: dict[str, Any] = {"_session": None, "_poller": None, "_observers": (), "_facts": None}
        return {**self.__dict__, **gone, "_response": self.response}

    def _live(self) -> "Session":
        if self._session is None:
            raise ConfigError(
                "this handle has no client: it was unpickled", hint="client.tasks.attach(task.to_dict())", stage="task"
            )
        return self._session

    def _watching(self) -> "Poller":
        self._live()
        assert self._poller is not None
        return self._poller


@dataclass(frozen=True, repr=False)
class Video:
    """A finished video."""

    task: VideoTask[Any]
    """Its task."""
    urls: tuple[str, ...] = field(init=False)
    """Every result of the task; may be empty when the file came inside the answer or has a content route only."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "urls", self.task.state.urls)

    @property
    def url(self) -> str:
        """Where the video is; `""` when it came inside the answer, or only through the gateway's content route.

        Results expire (commonly after 24 hours): download soon.
        """
        return self.task.state.url or ""

    @property
    def extras(self) -> dict[str, str]:
        """Other results by name: `last_frame`, `thumbnail` …"""
        return self.task.state.extras

    @property
    def usage(self) -> dict[str, Any] | None:
        """What the provider counted, under its own names; None means unknown."""
        return self.task.state.usage

    def __repr__(self) -> str:
        return f"<Video of {self.task.provider} {self.task.id}>"

    async def download(
        self,
        path: "str | os.PathLike[str]",
        *,
        overwrite: bool = False,
        progress: "Progress | None" = None,
        which: int | str = 0,
        max_bytes: int | None = None,
    ) -> str:
        """Save the video and return the path of the file.

        Written to `path.part`, checked against the announced length, synced to disk, then renamed: a file under the final
        name is whole. What a failed or cancelled download has fetched stays in `path.part` with a `path.part.note` beside
        it where the server can go on from a byte, and the next download to the same path goes on there; elsewhere it is
        removed. The key goes to the gateway only. A failed download never affects the task: call again.

        Where the video's own address has expired, the gateway's content route is tried.

        Args:
            path: The file, in a folder that exists; or a folder: the name is then made of the task id and the content
                type.
            overwrite: Replace a file that is there. A symbolic link is replaced itself, never what it points to.
            progress: Called with (bytes so far, bytes in all or None).
            which: Number of the result when there are several, or the name of an extra (`"last_frame"`).
            max_bytes: Largest file that is fetched; None for any.

        Raises:
            DownloadError: The file could not be fetched whole, or is larger than `max_bytes`.
            FileExistsError: `path` exists and `overwrite` is False.
        """
        from tikhub_async._tasks.download import download_to  # needs aiohttp, which loads with the first client

        return await download_to(
            self.task, path, which=which, overwrite=overwrite, progress=progress, max_bytes=max_bytes
        )

    def open(self, *, which: int | str = 0, max_bytes: int | None = None) -> "ResultBytes":
        """The video as an async iterator of bytes, for relaying without a file; use it as a context manager."""
        from tikhub_async._tasks.download import open_result

        return open_result(self.task, which=which, max_bytes=max_bytes)
