"""What every provider module stands on: a session and the steps build, send, wrap."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from tikhub_async._config import Config
from tikhub_async._streams import Accumulator, EventStream
from tikhub_async._tasks import Poller, TaskKind, VideoTask
from tikhub_async._wire import codec
from tikhub_async._wire.request import Endpoint, Request, build
from tikhub_async.errors import DecodeError
from tikhub_async.types._base import Response, request_id_of
from tikhub_async.types.task import TaskState

if TYPE_CHECKING:
    from tikhub_async._session.exchange import Answer
    from tikhub_async._session.session import Session

E = TypeVar("E")
R = TypeVar("R", bound=Response)
C = TypeVar("C", bound=Response)
T = TypeVar("T")


class Provider:
    """Base of the resources: endpoint methods build a request, send it, wrap the answer."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self._session = session
        self._poller = poller

    @property
    def _config(self) -> Config:
        return self._session.config

    def _build(self, endpoint: Endpoint, options: Mapping[str, Any], **parts: Any) -> Request:
        """A request of `endpoint`; `parts` as `tikhub_async._wire.request.build` takes them."""
        return build(endpoint, self._config, options, **parts)

    async def _send(self, request: Request, response: type[R]) -> R:
        """The decoded answer."""
        return self._decode(request, await self._session.send(request), response)

    def _decode(self, request: Request, answer: "Answer", response: type[T]) -> T:
        try:
            decoded = codec.decode(answer.body, response)
        except DecodeError as error:
            error.where = request.where
            error.request_id = request_id_of(answer.meta.headers)
            error.attempts = answer.meta.attempts
            error.maybe_billed = True
            raise
        if isinstance(decoded, Response):
            decoded.attach(answer.meta)
        return decoded

    def _stream(
        self,
        request: Request,
        accumulator: Accumulator[E, R],
        prepare: Callable[[Request], Awaitable[Request]] | None = None,
    ) -> EventStream[E, R]:
        """The answer as a stream of events; nothing is sent yet. `prepare` finishes the request before it leaves."""
        return EventStream(self._session, request, accumulator, prepare)

    async def _create(
        self,
        request: Request,
        created: type[C],
        kind: TaskKind[R],
        id_of: Callable[[C], str],
        state_of: Callable[[C], TaskState],
    ) -> VideoTask[R]:
        """The handle on a task that was just created.

        Raises:
            InDoubtError: The creation was sent, and the answer holds no task id.
        """
        answer = await self._session.send(request)
        problem = "the answer holds no task id"
        creation: C | None = None
        task_id = ""
        try:
            creation = codec.decode(answer.body, created)
            task_id = id_of(creation)
        except DecodeError as error:
            problem = error.message
        if creation is None or not task_id:
            raise self._session.in_doubt(request, problem, answer)
        creation.attach(answer.meta)
        task = VideoTask(
            kind,
            task_id,
            self._session,
            self._poller,
            state=state_of(creation),
            creation=creation,
            created_at=self._session.clock.time(),
        )
        task.tell()
        return task

    async def _retrieve(self, kind: TaskKind[R], task_id: str) -> VideoTask[R]:
        """A handle on a task, looked at once."""
        return await VideoTask(kind, task_id, self._session, self._poller).refresh()
