"""What can happen to an open body; free of aiohttp, so that the layers above need not import it."""

from tikhub_async.errors import in_seconds

ONE_READER = "another task is reading this stream: one at a time, or share what one reads"


class BodyFailed(Exception):
    """The connection of an open body failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The transport's error class, as `ClientPayloadError`."""


class Stalled(Exception):
    """A limit of the body ran out while somebody was waiting for data."""

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(f"{phase} limit of {in_seconds(seconds)}")
        self.phase = phase
        """`idle` or `total`."""
        self.seconds = seconds
