"""Claude: messages in Anthropic's own protocol, and chat completions converted by the gateway.

| call | route | evidence |
|---|---|---|
| `messages.create`, `.stream`, `.parse` | `POST /v1/messages` | documented, 8175517m0 |
| `chat.completions.create`, `.stream`, `.parse` | `POST /v1/chat/completions` | path inferred; the page was not readable |

On the chat route a `thinking` object is dropped by the gateway software; `reasoning_effort` becomes a thinking budget.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, Unpack

from tikhub_async._accumulate.claude import ClaudeAccumulator
from tikhub_async._streams import EventStream
from tikhub_async._tasks import Poller
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of
from tikhub_async._wire.schema import CLAUDE
from tikhub_async._wire.typed import form_of
from tikhub_async.providers._base import Provider
from tikhub_async.providers._chat import Chat, chat_endpoint
from tikhub_async.structured import ParsedMessage
from tikhub_async.structured._asking import ask_message
from tikhub_async.structured._reading import read_message
from tikhub_async.types.claude import (
    HEADER_KEYS,
    ClaudeMessageParams,
    ClaudeMessageResponse,
    ClaudeParseParams,
    MessageStreamEvent,
)

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Claude", "Messages"]

CHAT = chat_endpoint("claude")
MESSAGES = Endpoint(name="claude.messages", method="POST", path="/v1/messages", kind=Kind.GENERATE)
VERSION = {"anthropic-version": "2023-06-01"}
"""Anthropic's only version; the gateway fills it in when absent, other deployments may not."""

CREATE_PARAMS = Schema.of("claude.messages.create", ClaudeMessageParams)
STREAM_PARAMS = Schema.of("claude.messages.stream", ClaudeMessageParams)
PARSE_PARAMS = Schema.of("claude.messages.parse", ClaudeParseParams)

T = TypeVar("T")
MessageStream = EventStream[MessageStreamEvent, ClaudeMessageResponse]
"""What `messages.stream` gives."""


class Messages(Provider):
    """`client.claude.messages`. The gateway converts it for OpenAI and Gemini models too.

    The key travels as `Authorization: Bearer`; `TikHubAI(key_header="x-api-key")` sends it as TikHub's streaming page
    shows. Never both: the gateway would let `x-api-key` win without a word.
    """

    dialect: ClassVar[Literal["messages"]] = "messages"
    """What it speaks, for `tikhub_async.tools.run_tools`."""

    async def create(self, **params: Unpack[ClaudeMessageParams]) -> ClaudeMessageResponse:
        """The whole message.

        Check `stop_reason`: `max_tokens` means that the limit cut it, `pause_turn` that it wants to be sent back.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.
            APIStatusError: The gateway or the provider refused. Judge by class: the gateway loses Anthropic's own
                error type (`error.type` may be `<nil>`).
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no message.

        Source: POST /v1/messages, https://ai-docs.tikhub.io/8175517m0.
        """
        CREATE_PARAMS.check(params)
        return await self._send(self._request(body_of(params, *HEADER_KEYS), params), ClaudeMessageResponse)

    def stream(self, **params: Unpack[ClaudeMessageParams]) -> MessageStream:
        """The message as typed events; complete with `message_stop`.

        For OpenAI and Gemini models the gateway sends no `message_delta`: then `stop_reason` is None and usage is
        unknown, which is not zero.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.

        Source: POST /v1/messages with `stream: true`, https://ai-docs.tikhub.io/8175517m0.
        """
        STREAM_PARAMS.check(params)
        body = {**body_of(params, *HEADER_KEYS), "stream": True}
        return self._stream(self._request(body, params, stream=True), ClaudeAccumulator())

    async def parse(self, response_format: type[T], **params: Unpack[ClaudeParseParams]) -> ParsedMessage[T]:
        """The message as an object: `.output` of the type `response_format`.

        For Claude models only: the gateway's conversion for other models drops what asks for the type.

        Raises:
            ParameterError: As `create`; or the type has a part that Claude's schemas cannot express.
            LengthError: The message was cut at `max_tokens`, or at the end of the context window.
            RefusalError: The model refused; mostly without a text.
            OutputDecodeError: The message is no such object; `path` says where.
            OutputError: The model called tools instead, or stopped for another reason.
            APIError: As `create`.

        Source: POST /v1/messages, https://ai-docs.tikhub.io/8175517m0.
        """
        PARSE_PARAMS.check(params)
        form = form_of(response_format, CLAUDE)
        request = self._request(ask_message(form, body_of(params, *HEADER_KEYS)), params)
        return read_message(form, await self._send(request, ClaudeMessageResponse), request.where)

    def _request(self, body: Mapping[str, Any], params: Mapping[str, Any], *, stream: bool = False) -> Request:
        return self._build(MESSAGES, params, body=body, headers={**VERSION, **_headers(params)}, stream=stream)


def _headers(params: Mapping[str, Any]) -> dict[str, str]:
    found = {header: params[key] for key, header in HEADER_KEYS.items() if key in params}
    return {header: value if isinstance(value, str) else ",".join(value) for header, value in found.items()}


class Claude:
    """`client.claude`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.messages = Messages(session, poller)
        """Messages in Anthropic's own protocol."""
        self.chat = Chat(session, poller, CHAT)
        """Chat completions."""
