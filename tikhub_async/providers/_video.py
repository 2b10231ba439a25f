"""What the video providers share beside `_base`: looking with options, and the gateway's content route."""

from typing import TYPE_CHECKING, TypeVar

from tikhub_async._tasks import TaskKind, VideoTask
from tikhub_async._wire.request import Endpoint, Kind, Request, build
from tikhub_async.providers._base import Provider
from tikhub_async.types._base import Response

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

R = TypeVar("R", bound=Response)

CONTENT = Endpoint(name="sora.content", method="GET", path="/v1/videos/{task_id}/content", kind=Kind.READ)
"""Inferred. It serves finished tasks of every video provider, streams through the gateway, and needs the key."""


def content(session: "Session", task_id: str) -> Request:
    """The request for a finished task's file."""
    return build(CONTENT, session.config, {}, path={"task_id": task_id})


class VideoProvider(Provider):
    """Base of the video resources."""

    async def _looked(self, kind: TaskKind[R], task_id: str, request: Request) -> VideoTask[R]:
        """The handle on a task, with what `request` shows of it.

        Raises:
            APIError: The look failed; the task is not affected.
        """
        response = await self._send(request, kind.response)
        return VideoTask(kind, task_id, self._session, self._poller, state=kind.state_of(response), response=response)
