"""One schedule for all waiting tasks of a client.

It starts with the first waiter and ends with the last. Looks are spread under a budget of requests per second and key,
and a bound on connections; a task that is waited for twice is looked at once; a cancelled waiter disturbs no other. An
error while looking is not a failure of the task: only an end of the task, a refusal by the gateway, or the waiter's
deadline ends a wait (`_tasks.verdict`).

Each task is looked at by a request of its own: the gateway has no route that lists several. (`GET /v1/videos` is in the
documentation's menu and a 404 in every version of the software; the one that takes many ids is for music.)
"""

import asyncio
import math
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tikhub_async._clock import Clock
from tikhub_async._tasks.crowd import Crowd
from tikhub_async._tasks.schedule import Schedule
from tikhub_async._tasks.updates import Updates
from tikhub_async._tasks.watch import OnUpdate, Waiter
from tikhub_async.errors import ConfigError, InvalidParameter

if TYPE_CHECKING:
    from tikhub_async._tasks.task import VideoTask

BUDGET = 20.0
"""Looks per second and key."""
SLOW_ANSWER = 0.8
"""Seconds an answer may take with the budget still kept."""
FEWEST_CONNECTIONS = 4


class Poller:
    """Looks at tasks for everybody who waits: a `Schedule` for each event loop that somebody waits on."""

    def __init__(self, clock: Clock, *, budget: float = BUDGET, connections: int | None = None) -> None:
        """Make a poller; it does nothing until somebody waits.

        Args:
            clock: Where time comes from.
            budget: Looks per second and key, over all its tasks.
            connections: Looks in flight at once. Default: as many as carry the budget when an answer takes 0.8 s, so 16
                for 20 looks a second.

        Raises:
            ConfigError: The budget is not above 0.
        """
        if not 0 < budget < math.inf:
            raise ConfigError(f"polls_per_second must be > 0, got {budget!r}")
        self.budget = budget
        self.connections = connections or max(FEWEST_CONNECTIONS, math.ceil(budget * SLOW_ANSWER))
        self._clock = clock
        self._schedules: dict[int, Schedule] = {}
        self._lock = threading.Lock()

    def schedule(self) -> Schedule:
        """The running loop's; those of closed loops are dropped."""
        loop = asyncio.get_running_loop()
        schedule = self._schedules.get(id(loop))
        if schedule is not None and schedule.loop is loop:
            return schedule
        made = Schedule(self._clock, budget=self.budget, connections=self.connections)
        with self._lock:  # another thread may run another loop
            alive = {key: kept for key, kept in self._schedules.items() if not kept.loop.is_closed()}
            self._schedules = {**alive, id(loop): made}
        return made

    @property
    def looks(self) -> int:
        """Looks sent so far on the running loop."""
        return self.schedule().looks

    @property
    def is_quiet(self) -> bool:
        """True when nobody waits on the running loop and no look is in flight there."""
        return self.schedule().is_quiet

    async def wait(
        self,
        task: "VideoTask[Any]",
        *,
        timeout: float | None,
        interval: float | None,
        on_update: OnUpdate | None = None,
    ) -> None:
        """Until the task is done. Raises the error that ended the wait."""
        check_times(timeout, interval, "wait")
        schedule = self.schedule()
        watch = Waiter(
            schedule.loop.create_future(),
            task,
            started=self._clock.now(),
            timeout=timeout,
            interval=interval,
            on_update=on_update,
        )
        schedule.add(watch)
        try:
            await watch.future
        finally:
            schedule.leave((watch,))
        error = watch.error
        del watch  # the error's frames must not hold what holds the error
        if error is not None:
            try:
                raise error
            finally:
                del error

    def updates(self, task: "VideoTask[Any]", *, timeout: float | None, interval: float | None) -> Updates:
        """Every change of a task, as an async iterator."""
        check_times(timeout, interval, "updates")
        return Updates(self.schedule, self._clock, task, timeout, interval)

    def crowd(
        self,
        tasks: "Iterable[VideoTask[Any]]",
        *,
        timeout: float | None,
        interval: float | None,
        on_update: OnUpdate | None = None,
    ) -> Crowd:
        """Many waits at once."""
        check_times(timeout, interval, "client.tasks")
        listed: Sequence[VideoTask[Any]] = list(tasks)
        return Crowd(self.schedule, self._clock, listed, timeout, interval, on_update)

    async def aclose(self) -> None:
        """Stop looking on the running loop; whoever still waits there gets an error that says so."""
        with self._lock:
            schedule = self._schedules.pop(id(asyncio.get_running_loop()), None)
        if schedule is not None:
            await schedule.aclose()


def check_times(timeout: float | None, interval: float | None, where: str) -> None:
    """Refuse times that are none.

    Raises:
        InvalidParameter: `timeout` is negative, `interval` not above 0, or either is no number.
    """
    if timeout is not None and not timeout >= 0:
        raise InvalidParameter("timeout", f"must be >= 0 seconds or None, got {timeout!r}", where=where)
    if interval is not None and not 0 < interval < math.inf:
        raise InvalidParameter("poll_interval", f"must be > 0 seconds, got {interval!r}", where=where)
