"""What is due when: a heap whose members can be taken back."""

import heapq
from itertools import count
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Ticket = list[Any]
"""A place in an agenda: when, order of arrival, what; None for what was taken back. Lists compare in C."""

FEW = 64
"""Members that were taken back and are not worth a clean-up yet."""
WHEN, _, WHAT = range(3)
NEVER = float("inf")


class Agenda(Generic[T]):
    """Members in the order of their times, those of the same time in the order of their arrival."""

    __slots__ = ("_heap", "_order", "_stale")

    def __init__(self) -> None:
        self._heap: list[Ticket] = []
        self._order = count()
        self._stale = 0

    def __len__(self) -> int:
        return len(self._heap) - self._stale

    @property
    def first(self) -> float:
        """When the first one is due; `NEVER` when there is none."""
        heap = self._heap
        while heap:
            if heap[0][WHAT] is not None:
                when: float = heap[0][WHEN]
                return when
            heapq.heappop(heap)
            self._stale -= 1
        return NEVER

    def add(self, when: float, what: T) -> Ticket:
        """Put in; the ticket takes it out again."""
        ticket: Ticket = [when, next(self._order), what]
        heapq.heappush(self._heap, ticket)
        return ticket

    def pop(self) -> T:
        """Take out the first one. There must be one."""
        while True:
            what: T | None = heapq.heappop(self._heap)[WHAT]
            if what is not None:
                return what
            self._stale -= 1

    def drop(self, ticket: Ticket) -> None:
        """Take one out that is still in."""
        ticket[WHAT] = None
        self._stale += 1
        if self._stale > FEW and self._stale * 2 > len(self._heap):
            # Otherwise whoever leaves long before their time would be kept until then.
            self._heap = [kept for kept in self._heap if kept[WHAT] is not None]
            heapq.heapify(self._heap)
            self._stale = 0
