"""The answer of a route that this package has no types for."""

from typing import Any

from tikhub_async.types._base import Response


class RawResponse(Response, frozen=True, kw_only=True):
    """What `client.get` and `client.post` give: the facts of the exchange, and the body as it came."""

    data: Any = None
    """The body as plain data; None where it is no JSON."""

    @property
    def body(self) -> bytes:
        """The body as received."""
        return self.meta.body or b""

    @property
    def status_code(self) -> int:
        """The HTTP status, 2xx."""
        return self.meta.status_code
