"""OpenAI: chat completions, responses, embeddings, transcription.

    POST /v1/chat/completions        path inferred from the gateway software; page 411636868e0 not readable
"""

from tikhub_async._session import Session
from tikhub_async._tasks import Poller
from tikhub_async.providers._chat import Chat, chat_endpoint

__all__ = ["OpenAI"]

CHAT = chat_endpoint("openai")


class OpenAI:
    """`client.openai`."""

    def __init__(self, session: Session, poller: Poller) -> None:
        self.chat = Chat(session, poller, CHAT)
        """Chat completions."""
