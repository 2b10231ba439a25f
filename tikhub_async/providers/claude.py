"""Claude: messages, and chat completions converted by the gateway.

    POST /v1/chat/completions        path inferred from the gateway software; the page was not readable
"""

from tikhub_async._session import Session
from tikhub_async._tasks import Poller
from tikhub_async.providers._chat import Chat, chat_endpoint

__all__ = ["Claude"]

CHAT = chat_endpoint("claude")


class Claude:
    """`client.claude`."""

    def __init__(self, session: Session, poller: Poller) -> None:
        self.chat = Chat(session, poller, CHAT)
        """Chat completions."""
