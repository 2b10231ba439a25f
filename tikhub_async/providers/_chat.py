"""Chat completions: one dialect, three providers (`client.openai`, `client.claude`, `client.deepseek`).

POST /v1/chat/completions. The path is inferred from the gateway software and used by a public client; the pages are
https://ai-docs.tikhub.io/411636868e0 (OpenAI) and its neighbours, whose bodies were not readable.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, Unpack

from tikhub_async._accumulate.chat import ChatAccumulator
from tikhub_async._streams import EventStream
from tikhub_async._tasks import Poller
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of
from tikhub_async._wire.response import empty_answer
from tikhub_async._wire.typed import form_of
from tikhub_async.providers._base import Provider
from tikhub_async.structured import ParsedChatCompletion
from tikhub_async.structured._asking import CHAT_STYLES
from tikhub_async.structured._reading import read_chat
from tikhub_async.types.chat import (
    ChatCompletionChunk,
    ChatCompletionParams,
    ChatCompletionParseParams,
    ChatCompletionResponse,
)

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

T = TypeVar("T")

ChatStream = EventStream[ChatCompletionChunk, ChatCompletionResponse]
"""What `chat.completions.stream` gives."""


def chat_endpoint(provider: str) -> Endpoint:
    """The chat route under a provider's name."""
    return Endpoint(name=f"{provider}.chat.completions", method="POST", path="/v1/chat/completions", kind=Kind.GENERATE)


class ChatCompletions(Provider):
    """`client.<provider>.chat.completions`."""

    dialect: ClassVar[Literal["chat"]] = "chat"
    """What it speaks, for `tikhub_async.tools.run_tools`."""

    def __init__(self, session: "Session", poller: Poller, endpoint: Endpoint) -> None:
        super().__init__(session, poller)
        self._endpoint = endpoint
        self._create_schema = Schema.of(f"{endpoint.name}.create", ChatCompletionParams)
        self._stream_schema = Schema.of(f"{endpoint.name}.stream", ChatCompletionParams)
        self._parse_schema = Schema.of(f"{endpoint.name}.parse", ChatCompletionParseParams)
        self._style = CHAT_STYLES[endpoint.name.partition(".")[0]]

    async def create(self, **params: Unpack[ChatCompletionParams]) -> ChatCompletionResponse:
        """The whole completion.

        Check `choices[i].finish_reason`: `length` means that the token limit cut the text.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.
            APIStatusError: The gateway or the provider refused.
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no completion.

        Source: POST /v1/chat/completions.
        """
        self._create_schema.check(params)
        return await self._complete(self._request(params))

    def stream(self, **params: Unpack[ChatCompletionParams]) -> ChatStream:
        """The completion as it is written.

        Usage is asked for (`stream_options.include_usage`) unless `stream_options` says otherwise. The stream is
        complete once every choice has its `finish_reason`.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.

        Source: POST /v1/chat/completions with `stream: true`.
        """
        self._stream_schema.check(params)
        return self._stream(self._request(params, stream=True), ChatAccumulator())

    async def parse(
        self, response_format: type[T], **params: Unpack[ChatCompletionParseParams]
    ) -> ParsedChatCompletion[T]:
        """The completion as an object: `.output` of the type `response_format`, of the first choice.

        How the type is asked for depends on the provider, see `tikhub_async.structured`; where the provider does not
        guarantee it, the answer is still checked.

        Raises:
            ParameterError: As `create`; or the type has a part that the provider's schemas cannot express.
            LengthError: The answer was cut at the token limit.
            RefusalError: The model refused.
            ContentFilterError: The provider's filter withheld the answer.
            OutputDecodeError: The answer is no such object; `path` says where.
            OutputError: The model called tools instead, or stopped for another reason.
            APIError: As `create`.

        Source: POST /v1/chat/completions.
        """
        self._parse_schema.check(params)
        form = form_of(response_format, self._style.dialect)
        body = self._style.ask(form, body_of(params))
        request = self._build(self._endpoint, params, body=body)
        return read_chat(form, self._style.calls, await self._complete(request), request.where)

    async def _complete(self, request: Request) -> ChatCompletionResponse:
        response = await self._send(request, ChatCompletionResponse)
        if not response.choices:
            raise empty_answer("choices", response, request)
        return response

    def _request(self, params: ChatCompletionParams, *, stream: bool = False) -> Request:
        body: dict[str, Any] = body_of(params)
        if stream:
            body["stream"] = True
            body.setdefault("stream_options", {"include_usage": True})
        return self._build(self._endpoint, params, body=body, stream=stream)


class Chat:
    """`client.<provider>.chat`."""

    def __init__(self, session: "Session", poller: Poller, endpoint: Endpoint) -> None:
        self.completions = ChatCompletions(session, poller, endpoint)
        """Chat completions, whole or streamed."""
