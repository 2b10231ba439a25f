"""Video tasks of the emulator: created once, walked through their states by the clock, never stored longer than it runs.

    NOT_START 0% → SUBMITTED → QUEUED → IN_PROGRESS → SUCCESS or FAILURE 100%

Marks in a prompt choose another end: `[[fail]]` or `[[fail=reason]]`, `[[expire]]`, `[[cancel]]`, `[[hang]]`, `[[filter]]`
(done, but every sample was filtered; Veo only), `[[lost]]` (the provider answers every poll of the gateway with an
error), and `[[timeout]]` (the gateway gives up; the provider does not know).
"""

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tikhub_async.testing._catalog import Family
from tikhub_async.testing._words import marks_in

Outcome = Literal["success", "fail", "expired", "cancelled", "hang", "filtered", "lost", "timeout"]

STEPS: tuple[tuple[float, str], ...] = (
    (0.1, "NOT_START"),
    (0.2, "SUBMITTED"),
    (0.4, "QUEUED"),
    (1.0, "IN_PROGRESS"),
)
"""Until which part of a task's time each state lasts."""

PROGRESS: dict[str, dict[str, str]] = {
    "": {
        "NOT_START": "0%",
        "SUBMITTED": "10%",
        "QUEUED": "20%",
        "IN_PROGRESS": "30%",
        "SUCCESS": "100%",
        "FAILURE": "100%",
    },
    "seedance": {"QUEUED": "10%", "IN_PROGRESS": "50%"},
    "sora": {"IN_PROGRESS": "40%"},
    "veo": {"IN_PROGRESS": "50%"},
}
"""The gateway's progress words per family; "" holds the common ones."""

PLATFORMS: dict[str, str] = {"sora": "55", "seedance": "54", "kling": "50", "veo": "24"}
"""Channel numbers of the software."""
LOST_PROGRESS = "30%"
"""What the gateway shows for a provider status that it does not know."""
LOST: dict[str, tuple[str, float]] = {
    "sora": ("FAILURE", STEPS[0][0]),
    "seedance": ("IN_PROGRESS", STEPS[0][0]),
    "kling": ("NOT_START", STEPS[0][0]),
    "veo": ("FAILURE", 0.0),
}
"""Where a task stays when the provider answers polls with an error, and from which part of its time on: the gateway's
first poll, and for Google's channels every look at the task is one.
"""
LOST_ERROR: dict[str, Any] = {
    "error": {"code": None, "message": "The server had an error", "param": None, "type": "server_error"}
}
"""What the provider says instead."""

_WORDS: dict[str, dict[str, str]] = {
    "seedance": {"QUEUED": "queued", "IN_PROGRESS": "running", "SUCCESS": "succeeded", "FAILURE": "failed"},
    "kling": {
        "NOT_START": "submitted", "SUBMITTED": "submitted", "QUEUED": "submitted", "IN_PROGRESS": "processing",
        "SUCCESS": "succeed", "FAILURE": "failed",
    },
    "sora": {
        "NOT_START": "queued", "SUBMITTED": "queued", "QUEUED": "queued", "IN_PROGRESS": "in_progress",
        "SUCCESS": "completed", "FAILURE": "failed",
    },
}  # fmt: skip
"""The provider's own word for each state; a missing one means that the provider has said nothing yet."""

REASONS: dict[str, tuple[str, str]] = {
    "sora": ("moderation_blocked", "Your request was blocked by our moderation system."),
    "seedance": (
        "OutputVideoSensitiveContentDetected",
        "The request failed because the output video may contain sensitive information.",
    ),
    "kling": ("", "Failure to pass the risk control system"),
    "veo": ("3", "The prompt could not be submitted. It might violate the usage guidelines."),
}
"""Code and text of a failure where the prompt gives none."""


@dataclass(slots=True)
class VideoTask:
    """One video job."""

    number: int
    id: str
    family: Family
    model: str
    route: str
    user: int
    body: dict[str, Any]
    prompt: str
    created: float
    """Unix seconds."""
    created_at: float
    """Seconds of the clock's `now()`."""
    seconds: float
    """Time from creation to the end."""
    outcome: Outcome = "success"
    code: str = ""
    reason: str = ""
    remixed_from: str | None = None
    deleted: bool = False

    @property
    def provider_id(self) -> str:
        """The provider's own id, which polls do not take."""
        return f"{'cgt-20260226164255-' if self.family == 'seedance' else '8672837417'}{self.number:05d}"

    def state(self, now: float) -> str:
        """Outer status at that moment of the clock."""
        part = (now - self.created_at) / self.seconds if self.seconds > 0 else 1.0
        if self.lost(now):
            return LOST[self.family][0]
        for until, word in STEPS:
            if part < until:
                return word
        if self.outcome == "success" or self.outcome == "filtered":
            return "SUCCESS"
        if self.outcome in {"fail", "timeout"} or (self.family == "sora" and self.outcome == "cancelled"):
            return "FAILURE"
        return "IN_PROGRESS"

    def lost(self, now: float) -> bool:
        """The provider has begun to answer polls with an error."""
        return self.outcome == "lost" and now - self.created_at >= LOST[self.family][1] * self.seconds

    def ended(self, now: float) -> bool:
        """Nothing will change any more."""
        return self.lost(now) or (self.outcome != "hang" and now - self.created_at >= self.seconds)

    def progress(self, now: float) -> str:
        """Progress as the gateway words it."""
        if self.state(now) == "IN_PROGRESS" and self.ended(now):
            return LOST_PROGRESS
        state = self.state(now)
        return PROGRESS.get(self.family, {}).get(state) or PROGRESS[""][state]

    def word(self, now: float) -> str | None:
        """Status in the provider's own word; None while the provider has said nothing."""
        if self.ended(now) and self.outcome in {"expired", "cancelled"}:
            return self.outcome
        if self.ended(now) and self.outcome == "timeout":
            return _WORDS.get(self.family, {}).get("NOT_START" if self.family == "kling" else "IN_PROGRESS")
        return _WORDS.get(self.family, {}).get(self.state(now))

    def times(self, now: float) -> dict[str, int]:
        """The gateway's time stamps, Unix seconds, 0 = has not happened."""
        started = self.created_at + STEPS[2][0] * self.seconds
        state = self.state(now)
        final = state in {"SUCCESS", "FAILURE"}
        offset = self.created - self.created_at
        return {
            "created_at": int(self.created),
            "submit_time": int(self.created),
            "updated_at": int(min(now, self.created_at + self.seconds) + offset),
            "start_time": int(started + offset) if final or state == "IN_PROGRESS" else 0,
            "finish_time": int(self.created + self.seconds) if final else 0,
        }

    def fail(self, reason: str, code: str) -> None:
        """Let the task end in failure."""
        self.outcome, self.reason, self.code = "fail", reason, code


@dataclass(slots=True)
class TaskBook:
    """All tasks of one emulator."""

    now: Callable[[], float]
    unix_time: Callable[[], float]
    task_seconds: float
    _tasks: dict[str, VideoTask] = field(default_factory=dict[str, VideoTask])
    _random: random.Random = field(default_factory=random.Random)

    def create(self, family: Family, model: str, route: str, user: int, body: dict[str, Any], prompt: str) -> VideoTask:
        """A new task; its end is chosen by the marks in the prompt."""
        number = len(self._tasks) + 1
        token = "".join(self._random.choices(string.ascii_letters + string.digits, k=32))
        task_id = f"projects/tikhub/locations/us-central1/publishers/google/models/{model}/operations/{token}"
        task = VideoTask(
            number, task_id if route.startswith("veo.") else f"task_{token}", family, model, route, user, body, prompt,
            self.unix_time(), self.now(), self.task_seconds,
        )  # fmt: skip
        marks = marks_in(prompt)
        task.code, task.reason = REASONS[family]
        if "fail" in marks:
            task.fail(marks["fail"] or task.reason, task.code)
        for mark, outcome in _OUTCOMES.items():
            if mark in marks:
                task.outcome = outcome
        if task.outcome == "lost":
            task.reason = "upstream returned error"
        elif task.outcome == "timeout":
            task.reason = "任务超时（24小时）"
        self._tasks[task.id] = task
        return task

    def find(self, task_id: str, *, user: int | None = None) -> VideoTask | None:
        """The task of that id, if it exists and belongs to `user` (None: anybody's)."""
        task = self._tasks.get(task_id)
        if task is None or task.deleted or (user is not None and task.user != user):
            return None
        return task

    def __iter__(self) -> Iterator[VideoTask]:
        return iter([task for task in self._tasks.values() if not task.deleted])


_OUTCOMES: dict[str, Outcome] = {
    "expire": "expired",
    "cancel": "cancelled",
    "hang": "hang",
    "filter": "filtered",
    "lost": "lost",
    "timeout": "timeout",
}
