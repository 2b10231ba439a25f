"""Whether an MP4 file is whole, told from its boxes: for bodies that come without a length.

A gateway that breaks off a download ends a chunked body properly, so that nothing on the wire tells a half from a whole.
An MP4 file is a row of boxes that each begin with their size: a whole file ends where its last box ends.
"""

FIRST = b"ftyp"
"""The type of the first box of every MP4 file."""


class BoxWalk:
    """Follows the top-level boxes of a file that arrives in pieces; keeps 16 bytes of it at most."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._known: bool | None = None
        """None before the first box, False once it is not MP4 or its last box is open-ended."""

    def feed(self, data: bytes) -> None:
        """Take in the next piece."""
        at = 0
        while at < len(data) and self._known is not False:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
            else:
                step = min(self._wanted() - len(self._head), len(data) - at)
                self._head += data[at : at + step]
                if len(self._head) == self._wanted():
                    self._enter()
            at += step

    def _wanted(self) -> int:
        return 16 if self._head[:4] == b"\0\0\0\1" else 8

    def _enter(self) -> None:
        head, self._head = self._head, b""
        size = int.from_bytes(head[8:] or head[:4])
        first = self._known is None
        # Size 0 means "to the end of the file", which every end fulfils.
        self._known = size >= len(head) and not (first and head[4:8] != FIRST)
        self._left = size - len(head) if self._known else 0

    @property
    def whole(self) -> bool | None:
        """Whether the file may end here; None when this is no MP4 file, or none that says."""
        if self._known is not True:
            return None
        return not self._left and not self._head
