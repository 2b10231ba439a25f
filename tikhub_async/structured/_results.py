"""What `parse` gives, by endpoint."""

from typing import Any, Generic, TypeVar

import msgspec

from tikhub_async.types._base import Response
from tikhub_async.types.chat import ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse, ClaudeUsage
from tikhub_async.types.gemini import GeminiGenerateContentResponse, GeminiUsage
from tikhub_async.types.responses import ResponseObject, ResponseUsage
from tikhub_async.types.usage import UsageInfo

T = TypeVar("T")


class Parsed(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What `parse` gives: the object, and the answer it came in."""

    output: T
    """The object, as the type that was asked for."""
    text: str
    """Its JSON, as the model wrote it."""
    response: Response
    """The whole answer, as `create` gives it."""
    usage: Any = None
    """The answer's usage; None means unknown, not zero."""

    @property
    def request_id(self) -> str | None:
        """The gateway's request id."""
        return self.response.request_id


class ParsedChatCompletion(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `chat.completions.parse` gives."""

    response: ChatCompletionResponse
    usage: UsageInfo | None = None


class ParsedResponse(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `openai.responses.parse` gives."""

    response: ResponseObject
    usage: ResponseUsage | None = None


class ParsedMessage(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `claude.messages.parse` gives."""

    response: ClaudeMessageResponse
    usage: ClaudeUsage | None = None


class ParsedContent(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `gemini.models.parse` gives."""

    response: GeminiGenerateContentResponse
    usage: GeminiUsage | None = None
