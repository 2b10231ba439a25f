"""Which call a line means: one table over the routes of all providers.

generate   paid, answered in one go; the body leaves as it came in
video      paid, makes a task that is waited for and saved; checked as `create` does, unknown members go along
free       looks and lists: sent again as needed, never in doubt
file       the content route: saved as a video is
"""

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

import msgspec

from tikhub_async._config import Config
from tikhub_async._tasks import VideoTask
from tikhub_async._wire import codec
from tikhub_async._wire.request import Endpoint, Request, Schema, build
from tikhub_async.batch import bodies
from tikhub_async.batch.formats import Line, LineProblem
from tikhub_async.batch.spending import Asked
from tikhub_async.providers import claude, gemini, kling, models, openai, seedance, sora, veo
from tikhub_async.providers._video import CONTENT
from tikhub_async.types._base import Response
from tikhub_async.types.audio import TranscriptionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.embeddings import EmbeddingResponse
from tikhub_async.types.kling import KlingTaskDetailResponse
from tikhub_async.types.models import ModelList
from tikhub_async.types.seedance import SeedanceTaskResponse
from tikhub_async.types.sora import VideoDeleteResponse, VideoListResponse, VideoResponse
from tikhub_async.types.veo import VeoFetchOperationResponse

if TYPE_CHECKING:
    from tikhub_async._client import TikHubAI

Kind = Literal["generate", "video", "free", "file"]
Values = Mapping[str, str]
Answer = Callable[["TikHubAI", Request], Awaitable[Response]]
Create = Callable[["TikHubAI", Values, dict[str, Any]], Awaitable[VideoTask[Any]]]
Prepare = Callable[[Config, Endpoint, Values, bytes], Awaitable[Request]]


@dataclass(frozen=True)
class Route:
    """One route, and how its lines are run."""

    endpoint: Endpoint
    kind: Kind
    answer: Answer | None = None
    """For `generate` and `free`: the checked answer to a request."""
    prepare: Prepare | None = None
    """For bodies that do not leave as they came in."""
    create: Create | None = None
    """For `video`: the task that a body makes."""
    known: frozenset[str] = frozenset()
    """For `video`: names that `create` knows."""

    @property
    def is_paid(self) -> bool:
        """Whether a lost outcome may have cost something."""
        return self.kind in {"generate", "video"}


@dataclass(frozen=True)
class Call:
    """A route with what the url of a line says beyond it."""

    route: Route
    values: Values
    query: Values
    template: Request
    """The request without a body."""


async def _transcribed(client: "TikHubAI", request: Request) -> Response:
    answer = await client._session.send(request)
    if answer.body.lstrip()[:1] == b"{":
        return client.models._decode(request, answer, TranscriptionResponse)
    text = TranscriptionResponse(text=answer.body.decode("utf-8", "replace"))
    text.attach(msgspec.structs.replace(answer.meta, body=codec.encode({"text": text.text})))
    return text


async def _veo(client: "TikHubAI", values: Values, body: dict[str, Any]) -> VideoTask[Any]:
    body["model"] = values["model"]  # it stands in the path
    return await client.veo.generate(**body)


def _as(response: type[Response]) -> Answer:
    """Sends a request and decodes its answer as a type."""

    async def send(client: "TikHubAI", request: Request) -> Response:
        return await client.models._send(request, response)

    return send


def _video(endpoint: Endpoint, create: Create, schema: Schema) -> Route:
    return Route(endpoint, "video", create=create, known=schema.known)


ROUTES: tuple[Route, ...] = (
    Route(openai.CHAT, "generate", lambda client, request: client.openai.chat.completions._complete(request)),
    Route(openai.RESPONSES, "generate", lambda client, request: client.openai.responses._respond(request)),
    Route(msgspec.structs.replace(openai.EMBEDDINGS, keep_body=True), "generate", _as(EmbeddingResponse)),
    Route(openai.TRANSCRIPTIONS, "generate", _transcribed, bodies.transcription_request),
    Route(claude.MESSAGES, "generate", _as(ClaudeMessageResponse), bodies.claude_request),
    Route(
        gemini.GENERATE,
        "generate",
        lambda client, request: client.gemini.models._generate(request),
        bodies.gemini_request,
    ),
    _video(seedance.CREATE, lambda client, _, body: client.seedance.create(**body), seedance.PARAMS),
    _video(kling.TEXT_CREATE, lambda client, _, body: client.kling.text2video.create(**body), kling.TEXT_PARAMS),
    _video(kling.IMAGE_CREATE, lambda client, _, body: client.kling.image2video.create(**body), kling.IMAGE_PARAMS),
    _video(sora.CREATE, lambda client, _, body: client.sora.create(**body), sora.CREATE_PARAMS),
    _video(sora.REMIX, lambda client, values, body: client.sora.remix(values["video_id"], **body), sora.REMIX_PARAMS),
    _video(veo.GENERATE, _veo, veo.GENERATE_PARAMS),
    Route(veo.FETCH, "free", _as(VeoFetchOperationResponse)),
    Route(models.LIST, "free", _as(ModelList)),
    Route(sora.LIST, "free", _as(VideoListResponse)),
    Route(sora.RETRIEVE, "free", _as(VideoResponse)),
    Route(sora.DELETE, "free", _as(VideoDeleteResponse)),
    Route(seedance.RETRIEVE, "free", _as(SeedanceTaskResponse)),
    Route(kling.TEXT_RETRIEVE, "free", _as(KlingTaskDetailResponse)),
    Route(kling.IMAGE_RETRIEVE, "free", _as(KlingTaskDetailResponse)),
    Route(CONTENT, "file"),
)
"""Every route of this package. Which provider's chat it is depends on the model alone."""

STREAMING_PATH = ":streamGenerateContent"
CALLS_KEPT = 1000


class Routes:
    """The table for one client, whose `routes` may have other paths."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._table = [(route, pattern) for route in ROUTES for pattern in _patterns(route.endpoint, config)]
        self._calls: dict[tuple[str, str], Call] = {}

    def call(self, line: Line) -> Call:
        """What a line calls.

        Raises:
            LineProblem: No route has that method and url.
        """
        key = (line.method, line.url)
        call = self._calls.get(key)
        if call is None:
            call = self._find(line)
            if len(self._calls) < CALLS_KEPT:
                self._calls[key] = call
        return call

    def _find(self, line: Line) -> Call:
        path, _, query = line.url.partition("?")
        for route, pattern in self._table:
            if route.endpoint.method == line.method and (match := pattern.fullmatch(path)):
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                pairs = dict(parse_qsl(query))
                template = build(route.endpoint, self._config, {"extra_query": pairs}, path=values)
                return Call(route, values, pairs, template)
        raise LineProblem(f"calls {line.method} {path}, which is no route of the gateway{self._nearest(line, path)}")

    def _nearest(self, line: Line, path: str) -> str:
        if STREAMING_PATH in path:
            return ": batches do not stream; :generateContent gives the whole answer"
        paths = sorted({route.endpoint.path for route in ROUTES if route.endpoint.method == line.method})
        near = difflib.get_close_matches(path, paths, n=1, cutoff=0.5)
        return f"; did you mean {near[0]}?" if near else ""

    def asked(self, line: Line, call: Call) -> Asked:
        """What a line's body says about its cost.

        Raises:
            LineProblem: It asks for a stream.
        """
        try:
            shape = _SHAPE.decode(line.body) if line.body else _Shape()
        except codec.FAILURES:
            shape = _Shape()  # the gateway says what it thinks of such a body
        if shape.stream:
            raise LineProblem("asks for a stream; a batch has whole answers: leave `stream` out")
        return Asked(
            model=call.values.get("model") or _text(shape.model) or _text(shape.model_name),
            size=len(line.body),
            most=shape.most(),
            is_video=call.route.kind in {"video", "file"},
        )


def _patterns(endpoint: Endpoint, config: Config) -> list["re.Pattern[str]"]:
    paths = dict.fromkeys((endpoint.path, config.route(endpoint.name, endpoint.path)))
    return [_pattern(path) for path in paths]


def _pattern(path: str) -> "re.Pattern[str]":
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


class _Generation(msgspec.Struct):
    maxOutputTokens: Any = None  # noqa: N815 - the wire's word
    max_output_tokens: Any = None


class _Shape(msgspec.Struct):
    model: Any = None
    model_name: Any = None
    stream: Any = None
    n: Any = None
    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    generationConfig: _Generation | None = None  # noqa: N815

    def most(self) -> int | None:
        """The limit on the answer's tokens, None where there is none."""
        config = self.generationConfig or _Generation()
        limits = (
            self.max_completion_tokens,
            self.max_tokens,
            self.max_output_tokens,
            config.maxOutputTokens,
            config.max_output_tokens,
        )
        most = next((limit for limit in limits if isinstance(limit, int)), None)
        return most if most is None or not isinstance(self.n, int) else most * max(self.n, 1)


_SHAPE = msgspec.json.Decoder(_Shape)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
