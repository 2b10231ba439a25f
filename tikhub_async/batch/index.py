"""What is known of each `custom_id`, in 16 bytes: a hash table in two arrays, so that ten million lines fit in memory.

A `dict` of two whole numbers costs 160 bytes per entry. Keys are 64-bit hashes; the other word holds 60 bits of the
body's hash and the state. Two ids whose hashes are equal (one chance in 400,000 among ten million lines) have other
bodies all but certainly, so they show up as a changed body and are refused: no line is ever left out without a word.
"""

from array import array
from collections.abc import Iterator
from enum import IntEnum

SMALLEST = 1024
LOAD = 0.7
"""Share of the slots that may be taken."""
SEEN = 8
"""Bit of the state word: the line was met in this run's input."""
STATE_BITS = 4
BODY_MASK = (1 << 60) - 1
EMPTY = 0


class State(IntEnum):
    """Where a line stands."""

    TODO = 0
    """Not sent, or known to have had no effect."""
    SENT = 1
    """An intent without an outcome; after a restart it is in doubt."""
    DOUBT = 2
    """Whether it took effect is unknown; the user decides."""
    ACCEPTED = 3
    """A video task exists."""
    DONE = 4
    """It has its output line."""


STATES = tuple(State)
"""By number; `State(number)` would look it up five times as slowly."""


class Index:
    """`custom_id` hash → body hash, state, and whether this run has met the line."""

    def __init__(self, expected: int = 0) -> None:
        """Make one; with the number of lines known it never grows."""
        size = SMALLEST
        while size * LOAD < expected:
            size *= 2
        self._count = 0
        self._allocate(size)

    def _allocate(self, size: int) -> None:
        self._mask = size - 1
        self._limit = int(size * LOAD)
        self._keys = array("Q", bytes(8 * size))
        self._words = array("Q", bytes(8 * size))

    def __len__(self) -> int:
        return self._count

    @property
    def bytes_used(self) -> int:
        """Bytes that the table takes."""
        return 16 * (self._mask + 1)

    def _place(self, key: int) -> int:
        """The slot of a key, or the free one where it belongs."""
        keys, mask = self._keys, self._mask
        place = key & mask
        while (found := keys[place]) != key and found != EMPTY:
            place = (place + 1) & mask
        return place

    def get(self, id_hash: int) -> tuple[int, State, bool] | None:
        """Body hash, state and whether it was met; None for an id that is not here."""
        key = id_hash or 1
        place = self._place(key)
        if self._keys[place] == EMPTY:
            return None
        word = self._words[place]
        return word >> STATE_BITS, STATES[word & 7], bool(word & SEEN)

    def put(self, id_hash: int, body_hash: int, state: State, *, seen: bool = False) -> None:
        """Enter or replace what is known of an id; that it was met stays."""
        key = id_hash or 1
        place = self._place(key)
        if self._keys[place] == EMPTY:
            if self._count >= self._limit:
                self._grow()
                place = self._place(key)
            self._keys[place] = key
            self._count += 1
        met = SEEN if seen else self._words[place] & SEEN
        self._words[place] = (shortened(body_hash) << STATE_BITS) | state | met

    def set_state(self, id_hash: int, state: State) -> None:
        """Change the state of an id that is here."""
        place = self._place(id_hash or 1)
        self._words[place] = (self._words[place] & ~7) | state

    def _grow(self) -> None:
        keys, words = self._keys, self._words
        self._allocate(2 * (self._mask + 1))
        for key, word in zip(keys, words, strict=True):
            if key != EMPTY:
                place = self._place(key)
                self._keys[place], self._words[place] = key, word

    def counts(self) -> dict[State, int]:
        """How many ids are in each state."""
        found = dict.fromkeys(State, 0)
        for _, word in self._items():
            found[STATES[word & 7]] += 1
        return found

    def _items(self) -> Iterator[tuple[int, int]]:
        return ((key, word) for key, word in zip(self._keys, self._words, strict=True) if key != EMPTY)


def shortened(body_hash: int) -> int:
    """The part of a body's hash that is kept."""
    return body_hash & BODY_MASK
