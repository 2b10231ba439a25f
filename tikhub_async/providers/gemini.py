"""Gemini: generateContent, whole or streamed.

| call | route | evidence |
|---|---|---|
| `models.generate_content`, `models.parse` | `POST /v1beta/models/{model}:generateContent` | path inferred; page 411630957e0 |
| `models.generate_content_stream` | `POST /v1beta/models/{model}:streamGenerateContent?alt=sse` | documented, 8175517m0 |

Parameters are snake_case, as in Google's own Python client, and go out in camelCase: the gateway software drops
`generation_config` in snake case without a word.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, Unpack

from tikhub_async._accumulate.gemini import GeminiAccumulator, blocked
from tikhub_async._streams import EventStream
from tikhub_async._tasks import Poller
from tikhub_async._wire.gemini import to_wire
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of
from tikhub_async._wire.response import empty_answer
from tikhub_async._wire.schema import GEMINI
from tikhub_async._wire.typed import form_of
from tikhub_async.providers._base import Provider
from tikhub_async.structured import ParsedContent
from tikhub_async.structured._asking import ask_content
from tikhub_async.structured._reading import read_content
from tikhub_async.types.gemini import (
    GeminiChunk,
    GeminiGenerateContentParams,
    GeminiGenerateContentResponse,
    GeminiParseParams,
)

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Gemini", "Models"]

GENERATE = Endpoint(
    name="gemini.models.generate_content",
    method="POST",
    path="/v1beta/models/{model}:generateContent",
    kind=Kind.GENERATE,
)
STREAM = Endpoint(
    name="gemini.models.generate_content_stream",
    method="POST",
    path="/v1beta/models/{model}:streamGenerateContent",
    kind=Kind.GENERATE,
)

GENERATE_PARAMS = Schema.of(GENERATE.name, GeminiGenerateContentParams)
STREAM_PARAMS = Schema.of(STREAM.name, GeminiGenerateContentParams)
PARSE_PARAMS = Schema.of("gemini.models.parse", GeminiParseParams)

T = TypeVar("T")
GeminiStream = EventStream[GeminiChunk, GeminiGenerateContentResponse]
"""What `models.generate_content_stream` gives: each event is a response with the part that is new."""


class Models(Provider):
    """`client.gemini.models`."""

    dialect: ClassVar[Literal["gemini"]] = "gemini"
    """What it speaks, for `tikhub_async.tools.run_tools`."""

    async def generate_content(self, **params: Unpack[GeminiGenerateContentParams]) -> GeminiGenerateContentResponse:
        """The whole answer. Check `candidates[i].finish_reason`: every word but `STOP` means something is missing.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.
            ContentFilterError: The prompt was blocked; `response.prompt_feedback` says why.
            APIStatusError: The gateway or the provider refused.
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no response.

        Source: POST /v1beta/models/{model}:generateContent, https://ai-docs.tikhub.io/411630957e0.
        """
        GENERATE_PARAMS.check(params)
        return await self._generate(self._request(GENERATE, to_wire(body_of(params, "model")), params))

    def generate_content_stream(self, **params: Unpack[GeminiGenerateContentParams]) -> GeminiStream:
        """The answer as it is written; complete once every candidate has its `finish_reason`.

        A prompt that is blocked ends in `ContentFilterError`.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.

        Source: POST /v1beta/models/{model}:streamGenerateContent?alt=sse, https://ai-docs.tikhub.io/8175517m0.
        """
        STREAM_PARAMS.check(params)
        request = self._request(STREAM, to_wire(body_of(params, "model")), params, stream=True)
        return self._stream(request, GeminiAccumulator())

    async def parse(self, response_format: type[T], **params: Unpack[GeminiParseParams]) -> ParsedContent[T]:
        """The answer as an object: `.output` of the type `response_format`, of candidate 0.

        Raises:
            ParameterError: As `generate_content`; or the type has a part that has no JSON schema.
            LengthError: The answer was cut at `max_output_tokens`, thinking included.
            ContentFilterError: The prompt was blocked, or the provider's filter withheld the answer.
            OutputDecodeError: The answer is no such object; `path` says where.
            OutputError: The model called functions instead, or stopped for another reason.
            APIError: As `generate_content`.

        Source: POST /v1beta/models/{model}:generateContent, https://ai-docs.tikhub.io/411630957e0.
        """
        PARSE_PARAMS.check(params)
        form = form_of(response_format, GEMINI)
        request = self._request(GENERATE, ask_content(form, to_wire(body_of(params, "model"))), params)
        return read_content(form, await self._generate(request), request.where)

    async def _generate(self, request: Request) -> GeminiGenerateContentResponse:
        response = await self._send(request, GeminiGenerateContentResponse)
        error = blocked(response)
        if error is not None:
            error.where, error.request_id, error.attempts = request.where, response.request_id, response.attempts
            raise error
        if not response.candidates:
            raise empty_answer("candidates", response, request)
        return response

    def _request(
        self, endpoint: Endpoint, body: Mapping[str, Any], params: Mapping[str, Any], *, stream: bool = False
    ) -> Request:
        return self._build(
            endpoint,
            params,
            body=body,
            path={"model": params["model"].removeprefix("models/")},
            # Without alt=sse this gateway's stream route answers one plain object.
            query={"alt": "sse"} if stream else None,
            stream=stream,
        )


class Gemini:
    """`client.gemini`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.models = Models(session, poller)
        """Content generation."""
