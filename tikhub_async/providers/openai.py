"""OpenAI: chat completions, responses, embeddings, transcription.

| call | route | evidence |
|---|---|---|
| `chat.completions.create`, `.stream`, `.parse` | `POST /v1/chat/completions` | path inferred; page 411636868e0 |
| `responses.create`, `.stream`, `.parse` | `POST /v1/responses` | documented, 421251331e0 and 8175517m0 |
| `embeddings.create` | `POST /v1/embeddings` | path inferred; page 421251332e0 |
| `audio.transcriptions.create`, `.stream` | `POST /v1/audio/transcriptions` | documented, 421251333e0 |

The gateway decodes and re-encodes requests: fields it does not know are dropped, and by default also `service_tier`,
`safety_identifier` and `stream_options.include_obfuscation`.
"""

from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar, Unpack

from tikhub_async._accumulate.responses import ResponsesAccumulator
from tikhub_async._accumulate.transcription import TranscriptionAccumulator
from tikhub_async._streams import EventStream
from tikhub_async._tasks import Poller
from tikhub_async._wire.request import Endpoint, Kind, Request, Schema, body_of
from tikhub_async._wire.response import empty_answer, reported_error
from tikhub_async._wire.schema import OPENAI
from tikhub_async._wire.typed import form_of
from tikhub_async.providers._audio import read_file, transcription_form
from tikhub_async.providers._base import Provider
from tikhub_async.providers._chat import Chat, chat_endpoint
from tikhub_async.structured import ParsedResponse
from tikhub_async.structured._asking import ask_response
from tikhub_async.structured._reading import read_response
from tikhub_async.types.audio import TranscriptionParams, TranscriptionResponse, TranscriptionStreamEvent
from tikhub_async.types.embeddings import EmbeddingParams, EmbeddingResponse
from tikhub_async.types.responses import ResponseObject, ResponseParams, ResponseParseParams, ResponseStreamEvent

if TYPE_CHECKING:
    from tikhub_async._session.session import Session

__all__ = ["Audio", "Embeddings", "OpenAI", "Responses", "Transcriptions"]

CHAT = chat_endpoint("openai")
RESPONSES = Endpoint(name="openai.responses", method="POST", path="/v1/responses", kind=Kind.GENERATE)
EMBEDDINGS = Endpoint(
    name="openai.embeddings", method="POST", path="/v1/embeddings", kind=Kind.GENERATE, keep_body=False
)
TRANSCRIPTIONS = Endpoint(
    name="openai.audio.transcriptions", method="POST", path="/v1/audio/transcriptions", kind=Kind.GENERATE
)

RESPONSES_CREATE_PARAMS = Schema.of("openai.responses.create", ResponseParams)
RESPONSES_STREAM_PARAMS = Schema.of("openai.responses.stream", ResponseParams)
RESPONSES_PARSE_PARAMS = Schema.of("openai.responses.parse", ResponseParseParams)
EMBEDDINGS_CREATE_PARAMS = Schema.of("openai.embeddings.create", EmbeddingParams)
TRANSCRIPTIONS_CREATE_PARAMS = Schema.of("openai.audio.transcriptions.create", TranscriptionParams)
TRANSCRIPTIONS_STREAM_PARAMS = Schema.of("openai.audio.transcriptions.stream", TranscriptionParams)

T = TypeVar("T")
ResponsesStream = EventStream[ResponseStreamEvent, ResponseObject]
"""What `responses.stream` gives."""
TranscriptionStream = EventStream[TranscriptionStreamEvent, TranscriptionResponse]
"""What `audio.transcriptions.stream` gives."""


class Responses(Provider):
    """`client.openai.responses`.

    The gateway serves this route for OpenAI models only: Claude, Gemini and DeepSeek answer 500
    `convert_request_failed`. Stored responses cannot be retrieved, cancelled or deleted through it.
    """

    dialect: ClassVar[Literal["responses"]] = "responses"
    """What it speaks, for `tikhub_async.tools.run_tools`."""

    async def create(self, **params: Unpack[ResponseParams]) -> ResponseObject:
        """The whole response. Check `status`: `incomplete` says in `incomplete_details` what cut it.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.
            APIStatusError: The gateway or the provider refused, or the response came back as `failed`; then
                `partial` holds it.
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no response.

        Source: POST /v1/responses, https://ai-docs.tikhub.io/421251331e0.
        """
        RESPONSES_CREATE_PARAMS.check(params)
        return await self._respond(self._build(RESPONSES, params, body=body_of(params)))

    def stream(self, **params: Unpack[ResponseParams]) -> ResponsesStream:
        """The response as typed events; complete with `response.completed` or `response.incomplete`.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.

        Source: POST /v1/responses with `stream: true`, https://ai-docs.tikhub.io/8175517m0.
        """
        RESPONSES_STREAM_PARAMS.check(params)
        request = self._build(RESPONSES, params, body={**body_of(params), "stream": True}, stream=True)
        return self._stream(request, ResponsesAccumulator())

    async def parse(self, response_format: type[T], **params: Unpack[ResponseParseParams]) -> ParsedResponse[T]:
        """The response as an object: `.output` of the type `response_format`.

        Raises:
            ParameterError: As `create`; or the type has a part that OpenAI's strict mode cannot express.
            LengthError: The response was cut at `max_output_tokens`.
            RefusalError: The model refused.
            ContentFilterError: The provider's filter withheld the response.
            OutputDecodeError: The response is no such object; `path` says where.
            OutputError: The model called tools instead, or stopped for another reason.
            APIError: As `create`.

        Source: POST /v1/responses, https://ai-docs.tikhub.io/421251331e0.
        """
        RESPONSES_PARSE_PARAMS.check(params)
        form = form_of(response_format, OPENAI)
        request = self._build(RESPONSES, params, body=ask_response(form, body_of(params)))
        return read_response(form, await self._respond(request), request.where)

    async def _respond(self, request: Request) -> ResponseObject:
        response = await self._send(request, ResponseObject)
        if response.status == "failed":
            reason = {} if response.error is None else {"code": response.error.code, "message": response.error.message}
            raise reported_error({"error": reason}, response.headers, request, response, stage="response")
        if response.status is None and not response.output:
            raise empty_answer("output", response, request)
        return response


class Embeddings(Provider):
    """`client.openai.embeddings`."""

    async def create(self, **params: Unpack[EmbeddingParams]) -> EmbeddingResponse:
        """One vector for each input, in their order.

        `encoding_format="base64"` costs a third of the bytes and a fifth of the CPU; `floats()` reads either.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent; nothing was sent.
            APIStatusError: The gateway or the provider refused.
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no list of vectors.

        Source: POST /v1/embeddings, path inferred; https://ai-docs.tikhub.io/421251332e0.
        """
        EMBEDDINGS_CREATE_PARAMS.check(params)
        request = self._build(EMBEDDINGS, params, body=body_of(params))
        response = await self._send(request, EmbeddingResponse)
        if not response.data:
            raise empty_answer("data", response, request)
        return response


class Transcriptions(Provider):
    """`client.openai.audio.transcriptions`."""

    async def create(self, **params: Unpack[TranscriptionParams]) -> TranscriptionResponse:
        """The text of a recording. With `response_format` `text`, `srt` or `vtt` only `.text` is filled.

        Raises:
            ParameterError: A parameter is unknown, missing or cannot be sent, or the file cannot be read, or its name
                has no suffix that the gateway knows; nothing was sent.
            BadRequestError: The gateway could not measure the audio (`count_token_failed`), or another refusal.
            APIStatusError: The gateway or the provider refused.
            APIConnectionError: No answer arrived; `maybe_billed` says what that means.
            ProtocolError: The answer is no transcription.

        Source: POST /v1/audio/transcriptions, multipart form, https://ai-docs.tikhub.io/421251333e0.
        """
        TRANSCRIPTIONS_CREATE_PARAMS.check(params)
        file = await read_file(params["file"])
        request = self._build(TRANSCRIPTIONS, params, form=transcription_form(params, file))
        answer = await self._session.send(request)
        if answer.body.lstrip()[:1] == b"{":
            response = self._decode(request, answer, TranscriptionResponse)
            if not response.text and b'"text"' not in answer.body:  # silence has a text, which is empty
                raise empty_answer("text", response, request)
            return response
        plain = TranscriptionResponse(text=answer.body.decode("utf-8", "replace"))
        plain.attach(answer.meta)
        return plain

    def stream(self, **params: Unpack[TranscriptionParams]) -> TranscriptionStream:
        """The text as events. The gateway software collects the provider's stream first, so it comes in one piece.

        The file is read, and the request sent, on `async with` or with the first event.

        Raises:
            ParameterError: A parameter is unknown or missing; nothing was sent. When the request leaves: the file cannot
                be read, or its name has no suffix that the gateway knows.

        Source: POST /v1/audio/transcriptions with `stream: true`.
        """
        TRANSCRIPTIONS_STREAM_PARAMS.check(params)

        async def with_file(_: Request) -> Request:
            form = transcription_form(params, await read_file(params["file"]), stream=True)
            return self._build(TRANSCRIPTIONS, params, form=form, stream=True)

        empty = self._build(TRANSCRIPTIONS, params, stream=True)
        return self._stream(empty, TranscriptionAccumulator(), with_file)


class Audio:
    """`client.openai.audio`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.transcriptions = Transcriptions(session, poller)
        """Speech to text."""


class OpenAI:
    """`client.openai`."""

    def __init__(self, session: "Session", poller: Poller) -> None:
        self.chat = Chat(session, poller, CHAT)
        """Chat completions."""
        self.responses = Responses(session, poller)
        """Responses."""
        self.embeddings = Embeddings(session, poller)
        """Embeddings."""
        self.audio = Audio(session, poller)
        """Transcription."""
