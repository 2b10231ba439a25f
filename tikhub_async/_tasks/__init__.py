"""Video tasks of any provider: the handle, the one poller, safe downloads. Knows no provider."""

from tikhub_async._tasks.poller import Poller, Updates
from tikhub_async._tasks.task import TaskKind, Video, VideoTask
from tikhub_async._tasks.tasks import Tasks

__all__ = ["Poller", "TaskKind", "Tasks", "Updates", "Video", "VideoTask"]
