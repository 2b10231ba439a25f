"""The client side's only users of aiohttp: pools, one exchange, the retry loop around it."""

from tikhub_async._session.body import StreamBody
from tikhub_async._session.exchange import Answer
from tikhub_async._session.session import Orphan, Session
from tikhub_async._session.transport import Limits, Transport

__all__ = ["Answer", "Limits", "Orphan", "Session", "StreamBody", "Transport"]
