"""DeepSeek: chat completions with reasoning.

    POST /v1/chat/completions    path inferred from the gateway software; the page was not readable

`message.reasoning_content` and `delta.reasoning_content` hold the thoughts, `usage.prompt_cache_hit_tokens` the cached
part of the prompt. `finish_reason` may be `insufficient_system_resource`. While a request waits in the provider's
queue, streams carry comments and plain answers begin with blank lines: both are read over.
"""

from typing import TYPE_CHECKING

from tikhub_async._tasks import Poller
from tikhub_async.providers._chat import Chat, chat_endpoint

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["DeepSeek"]

CHAT = chat_endpoint("deepseek")


class DeepSeek:
    """`client.deepseek`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.chat = Chat(session, poller, CHAT)
        """Chat completions."""
