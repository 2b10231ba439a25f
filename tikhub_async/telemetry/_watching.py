"""Who watches what begins here and now: the client's hooks, the meters around it, the log."""

import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tikhub_async._wire.request import Request
from tikhub_async.telemetry._calls import Call, Hooks, tell
from tikhub_async.telemetry._logs import LOG, logs_calls

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async._tasks import VideoTask


class Scope(Hooks):
    """A hook for a part of a program: it watches the calls of one client that begin inside."""

    transport: "weakref.ref[Any]"
    """What the client and its copies share."""


SCOPES: ContextVar[tuple[Scope, ...]] = ContextVar("tikhub_async_scopes", default=())
"""Those that were entered around here; a task that is started inside inherits them."""


def observers_of(session: "Session") -> tuple[Hooks, ...]:
    """Who watches a call that begins here."""
    observers = session.config.hooks
    if scopes := SCOPES.get():
        observers = (*observers, *(scope for scope in scopes if scope.transport() is session.transport))
    return (*observers, LOG) if logs_calls() else observers


def begin(session: "Session", request: Request, observers: tuple[Hooks, ...]) -> Call | None:
    """A call that has begun; None when nobody watches."""
    if not observers:
        return None
    call = Call(session, request, observers)
    tell(observers, "on_start", call)
    return call


def task_seen(task: "VideoTask[Any]", observers: tuple[Hooks, ...]) -> None:
    """A task was created, or stands differently."""
    tell(observers, "on_task", task)
