"""Texts and classes of the errors that end a wait."""

from collections.abc import Mapping, Sequence
from typing import Any

from tikhub_async.errors import TaskCancelled, TaskError, TaskExpired, TaskFailed, TaskTimeout, shorten
from tikhub_async.types.task import TaskState, TaskStatus

Event = tuple[float, str, int | None]
"""A change: seconds since the wait began, status word, progress."""
History = Sequence[Event]

ENDS: Mapping[TaskStatus, type[TaskError]] = {
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
    "expired": TaskExpired,
}
NEXT: Mapping[TaskStatus, str] = {
    "failed": "polling again will not help; change the request if the reason asks for it, and create a new task",
    "cancelled": "somebody cancelled it at the provider; create a new task if the video is still wanted",
    "expired": "it waited longer than the provider allows; create a new task, at a quieter hour or with a longer "
    "execution_expires_after",
}


def error_for(task: Mapping[str, Any], state: TaskState, history: History = (), polls: int = 0) -> TaskError:
    """The error of a task that ended without a video."""
    reason = f": {shorten(state.error)!r}" if state.error else " without a reason"
    code = f" ({state.error_code})" if state.error_code not in {None, ""} else ""
    return ENDS[state.status](
        f"{task['provider']} task {task['id']} {state.status}{reason}{code}{_effort(history, polls)}",
        task=task,
        state=state,
        history=history,
        hint=NEXT[state.status],
    )


def timeout_for(
    task: Mapping[str, Any], state: TaskState, history: History, *, waited: float, still: float, trouble: str | None
) -> TaskTimeout:
    """The error at the deadline of a wait: what was last seen, and for how long nothing moved."""
    progress = "" if state.progress is None else f", {state.progress} %"
    seen = f"last seen {state.status} ({state.word}{progress})" if state.word else "never seen by the gateway yet"
    note = f"; {shorten(trouble or state.note or '')}" if trouble or state.note else ""
    return TaskTimeout(
        f"{task['provider']} task {task['id']} is not done after {waited:.0f} s: {seen}, "
        f"nothing moved for {still:.0f} s{note}",
        task=task,
        state=state,
        history=history,
        hint="the task goes on at the provider: client.tasks.attach(error.task) takes it up again, at no cost",
    )


def _effort(history: History, polls: int) -> str:
    return f" (poll {polls}, {history[-1][0]:.0f} s)" if history and polls else ""
