"""Video tasks of any provider: the handle, the one poller, safe downloads. Knows no provider."""

from tikhub_async._tasks.poller import Poller
from tikhub_async._tasks.task import TaskKind, Video, VideoTask
from tikhub_async._tasks.tasks import Tasks
from tikhub_async._tasks.updates import Updates

__all__ = ["Poller", "TaskKind", "Tasks", "Updates", "Video", "VideoTask"]
