"""From an exchange to the call of this package that makes its request.

Parameters are passed as keywords as far as the method knows them and accepts them; what it does not know, or refuses
before sending, goes through `extra_body`, which is merged over the body. A required parameter that the request lacks is
sent as null, which the gateway's decoder treats like an absent one.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from tests.conformance.exchanges import Exchange
from tests.conformance.params import Pair, Params, form_of, options_of, params_of, without
from tikhub_async import TikHubAI
from tikhub_async.errors import ParameterError
from tikhub_async.types.chat import ChatCompletionParams
from tikhub_async.types.claude import ClaudeMessageParams
from tikhub_async.types.embeddings import EmbeddingParams
from tikhub_async.types.gemini import GeminiGenerateContentParams
from tikhub_async.types.kling import KlingImage2VideoParams, KlingText2VideoParams
from tikhub_async.types.responses import ResponseParams
from tikhub_async.types.seedance import SeedanceTaskParams
from tikhub_async.types.sora import VideoCreateParams, VideoRemixParams
from tikhub_async.types.veo import VeoFetchOperationParams, VeoGenerateParams

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
RETRIES = 2
"""For looks and downloads too, which otherwise go on to their deadline."""
TEXT: Any = [{"type": "text", "text": "A cat"}]
HELLO: Any = [{"role": "user", "content": "Hi"}]


@dataclass(frozen=True)
class Call:
    """A call of this package."""

    make: Callable[[TikHubAI, Params], Any]
    """Starts it: an awaitable for whole answers, a stream or the bytes of a file for the rest."""
    params: Params
    refused: Params
    """The same request for a method that refuses `params`: all of it through `extra_body`."""
    kind: str = "whole"
    """`whole`, `stream`, `file` or `creation`."""
    routes: Mapping[str, str] = field(default_factory=dict)

    def start(self, client: TikHubAI) -> Any:
        """Make it on a client; parameters that are refused here are made again through `extra_body`."""
        if self.kind in {"stream", "file"}:
            try:
                return self.make(client, self.params)
            except ParameterError:
                return self.make(client, self.refused)
        return self._await(client)

    async def _await(self, client: TikHubAI) -> Any:
        try:
            return await self.make(client, self.params)
        except ParameterError:
            return await self.make(client, self.refused)


# ── which call ──────────────────────────────────────────────────────────────────────────────────────────────────────

Maker = Callable[[Exchange, str], Call]
"""Makes the call of an exchange; the text is what the route's pattern held in parentheses."""

VARIANTS: tuple[tuple[str, str, str, str], ...] = (
    # Exchange, method of this package, name in `routes=`, path: misspelt, doubled, older or newer paths of a route.
    ("routing.path.doubled_base", "chat", "openai.chat.completions", "/v1/v1/chat/completions"),
    ("routing.path.no_v1", "chat", "openai.chat.completions", "/chat/completions"),
    ("routing.path.trailing_slash", "chat", "openai.chat.completions", "/v1/chat/completions/"),
    ("routing.path.double_slash", "chat", "openai.chat.completions", "//v1/chat/completions"),
    ("routing.path.trailing_slash_get", "models", "models.list", "/v1/models/"),
    ("routing.path.root", "models", "models.list", "/"),
    ("routing.path.kling_unknown", "kling", "kling.text2video.create", "/kling/v1/videos/text2vide"),
    ("routing.path.doubled_kling", "kling", "kling.text2video.create", "/kling/kling/v1/videos/text2video"),
    ("models.list_v1beta_openai", "models", "models.list", "/v1beta/openai/models"),
    ("responses.compact", "responses", "openai.responses", "/v1/responses/compact"),
    ("audio.translations", "transcription", "openai.audio.transcriptions", "/v1/audio/translations"),
    ("gemini.v1_path", "gemini", "gemini.models.generate_content", "/v1/models/{model}:generateContent"),
    ("tikhub.seedance_post_api", "seedance", "seedance.create", "/api/v3/contents/generations/tasks"),
    ("tikhub.veo_predict_v1", "veo", "veo.generate", "/v1/models/{model}:predictLongRunning"),
    ("tikhub.veo_root", "veo", "veo.generate", "/veo/v1/videos/generate"),
    (
        "tikhub.vertex_path",
        "veo",
        "veo.generate",
        "/v1/projects/p/locations/l/publishers/google/models/{model}:predictLongRunning",
    ),
    ("get.trailing", "sora_look", "sora.retrieve", "/v1/videos/{video_id}/"),
)

FAMILIES: tuple[tuple[str, str], ...] = (
    # Whose task an exchange is about, where neither its path nor its model says so.
    ("*veo*", "veo"),
    ("*kling*", "kling"),
    ("life.nourl.*", "kling"),
    ("doubao.*", "seedance"),
    ("volc.*", "seedance"),
    ("*seedance*", "seedance"),
    ("life.data.*", "seedance"),
    ("life.arkurl.*", "seedance"),
    ("life.gonechan.*", "seedance"),
    ("*tiny*", "seedance"),
    ("get.limited_generations", "seedance"),
    ("*", "sora"),
)
MODELS: tuple[tuple[str, str], ...] = (("doubao*", "seedance"), ("kling*", "kling"), ("veo*", "veo"), ("*", "sora"))
LOOKS: Mapping[str, tuple[str, str]] = {
    # Name in `routes=`, and how it calls the id.
    "sora": ("sora.retrieve", "{video_id}"),
    "seedance": ("seedance.retrieve", "{task_id}"),
    "kling": ("kling.text2video.retrieve", "{task_id}"),
    "veo": ("veo.fetch_video", "{task_id}"),
}
CREATIONS: Mapping[str, str] = {
    "sora": "sora.create",
    "seedance": "seedance.create",
    "kling": "kling.text2video.create",
    "veo": "veo.generate",
}


def call_for(exchange: Exchange) -> Call:
    """The call that makes an exchange's request."""
    for name, maker, endpoint, path in VARIANTS:
        if exchange.id == name:
            return _routed(MAKERS[maker](exchange, _model_in(exchange.path)), endpoint, path)
    for pattern, maker in ROUTES:
        match = re.fullmatch(pattern, exchange.route)
        if match is not None:
            return MAKERS[maker](exchange, match[1] if match.re.groups else "")
    return _custom(exchange, "")


def _call(make: Callable[[TikHubAI, Params], Any], params: Pair, kind: str = "whole") -> Call:
    return Call(make, *params, kind=kind)


def _routed(call: Call, endpoint: str, path: str) -> Call:
    return replace(call, routes={endpoint: path})


def _model_in(path: str) -> str:
    """The model or the task that a path names; some model where none is."""
    match = re.search(r"/models/([^/:]+):|/v1/videos/(task_[^/]+)", path)
    return match[1] or match[2] if match else "veo-3.0-generate-preview"


def _asked_model(exchange: Exchange) -> str:
    return str(exchange.body.get("model", "")) if isinstance(exchange.body, dict) else ""


# ── the methods ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _chat(exchange: Exchange, _: str) -> Call:
    params = params_of(exchange, ChatCompletionParams, {"model": "gpt-4o", "messages": HELLO})
    model = _asked_model(exchange)
    provider = model.partition("-")[0] if model.startswith(("claude-", "deepseek-")) else "openai"
    if exchange.streams:
        return _call(lambda client, given: getattr(client, provider).chat.completions.stream(**given), params, "stream")
    return _call(lambda client, given: getattr(client, provider).chat.completions.create(**given), params)


def _responses(exchange: Exchange, _: str) -> Call:
    params = params_of(exchange, ResponseParams, {"model": "gpt-4o", "input": "Hi"})
    if exchange.streams:
        return _call(lambda client, given: client.openai.responses.stream(**given), params, "stream")
    return _call(lambda client, given: client.openai.responses.create(**given), params)


def _messages(exchange: Exchange, _: str) -> Call:
    params = params_of(exchange, ClaudeMessageParams, {"model": "claude", "max_tokens": 9, "messages": HELLO})
    if exchange.streams:
        return _call(lambda client, given: client.claude.messages.stream(**given), params, "stream")
    return _call(lambda client, given: client.claude.messages.create(**given), params)


def _gemini(exchange: Exchange, model: str) -> Call:
    # Keywords in snake case leave in camel case: what was recorded in snake case goes out as it is.
    snake = isinstance(exchange.body, dict) and any("_" in name for name in exchange.body)
    params = params_of(exchange, GeminiGenerateContentParams, {"contents": "Hi"}, as_recorded=snake, model=model)
    if exchange.streams:
        for given in params:
            # This package always asks for events, which another word of `alt` does not.
            given["extra_query"] = given.get("extra_query") or {"alt": "json"}
        return _call(lambda client, given: client.gemini.models.generate_content_stream(**given), params, "stream")
    return _call(lambda client, given: client.gemini.models.generate_content(**given), params)


def _embeddings(exchange: Exchange, _: str) -> Call:
    params = params_of(exchange, EmbeddingParams, {"model": "text-embedding-3-small", "input": "Hi"})
    return _call(lambda client, given: client.openai.embeddings.create(**given), params)


def _transcription(exchange: Exchange, _: str) -> Call:
    fields: Params = {"model": ""}
    for name, value in exchange.form:
        if name.endswith("[]"):
            fields.setdefault(name[:-2], []).append(value)
        elif name == "file":
            fields["file"] = (value[1:].partition(",")[0], b"RIFF\x00\x00\x00\x00")
        elif name != "stream":
            fields[name] = value
    if exchange.streams:
        return _call(
            lambda client, given: client.openai.audio.transcriptions.stream(**given), (fields, fields), "stream"
        )
    return _call(lambda client, given: client.openai.audio.transcriptions.create(**given), (fields, fields))


def _models(exchange: Exchange, _: str) -> Call:
    options = {**options_of(exchange), "max_retries": RETRIES}
    return _call(lambda client, given: client.models.list(**given), (options, options))


def _create(exchange: Exchange, _: str) -> Call:
    """A creation on one of the unified routes, by the method of the model's provider."""
    if exchange.body is None:
        return _upload(exchange)
    family = _first(MODELS, _asked_model(exchange))
    call = MAKERS[family](exchange, _model_in(""))
    path = exchange.path.partition("?")[0]
    return call if family == "sora" and path == "/v1/videos" else _routed(call, CREATIONS[family], path)


def _sora(exchange: Exchange, _: str) -> Call:
    params = params_of(exchange, VideoCreateParams, {"model": "sora-2", "prompt": "A cat"})
    return _call(lambda client, given: client.sora.create(**given), params, "creation")


def _seedance(exchange: Exchange, _: str) -> Call:
    native = isinstance(exchange.body, dict) and exchange.path.startswith("/seedance")
    stand_in = {"model": "doubao-seedance-1-5-pro-251215", "content": TEXT}
    params = without(params_of(exchange, SeedanceTaskParams, stand_in, as_recorded=not native), "content")
    return _call(lambda client, given: client.seedance.create(**given), params, "creation")


def _kling(exchange: Exchange, _: str) -> Call:
    body = exchange.body if isinstance(exchange.body, dict) else {}
    image = "image2video" in exchange.path
    # A number of seconds would be sent as text, as documented.
    as_recorded = not exchange.path.startswith("/kling/v1") or not isinstance(body.get("duration", ""), str)
    stand_in = {"model_name": "kling-v1", "prompt": "A cat", **({"image": "https://img.test/a.png"} if image else {})}
    type_ = KlingImage2VideoParams if image else KlingText2VideoParams
    params = params_of(exchange, type_, stand_in, as_recorded=as_recorded)
    if "model_name" not in body:
        params = without(params, "model_name")
    if image:
        return _call(lambda client, given: client.kling.image2video.create(**given), params, "creation")
    return _call(lambda client, given: client.kling.text2video.create(**given), params, "creation")


def _veo(exchange: Exchange, model: str) -> Call:
    native = ":predictLongRunning" in exchange.path
    stand_in = {"instances": [{"prompt": "A cat"}]}
    params = params_of(exchange, VeoGenerateParams, stand_in, as_recorded=not native, model=model)
    return _call(lambda client, given: client.veo.generate(**given), without(params, "instances"), "creation")


def _upload(exchange: Exchange) -> Call:
    fields = form_of(exchange.raw)
    given: Params = {name: value for name, (_, value) in fields.items() if name != "input_reference"}
    given["input_reference"] = (fields["input_reference"][0], PNG)
    return _call(lambda client, params: client.sora.create(**params), (given, given), "creation")


def _remix(exchange: Exchange, video_id: str) -> Call:
    params = params_of(exchange, VideoRemixParams, {"prompt": "x"})
    return _call(lambda client, given: client.sora.remix(video_id, **given), params, "creation")


def _veo_fetch(exchange: Exchange, model: str) -> Call:
    params = params_of(exchange, VeoFetchOperationParams, {"operationName": "x"}, model=model)
    first, second = ({**given, "max_retries": RETRIES} for given in params)
    return _call(lambda client, given: client.veo.fetch(**given), (first, second))


def _look(exchange: Exchange, task_id: str) -> Call:
    """A look at a task, by the method of its provider on whatever route was recorded."""
    path = exchange.path.rpartition("/")[0]
    family = "kling" if path.startswith("/kling") else _first(FAMILIES, exchange.id)
    name, place = LOOKS[family]
    call = MAKERS[f"{family}_look"](exchange, task_id)
    native = {"sora": "/v1/videos", "veo": "/v1/videos", "kling": "/kling/v1/videos/text2video"}
    if path == native.get(family) or path.endswith("/image2video"):
        return call
    return _routed(call, name, f"{path}/{place}")


def _looks(method: Callable[[TikHubAI], Callable[..., Awaitable[Any]]]) -> Maker:
    def make(exchange: Exchange, task_id: str) -> Call:
        options = {**options_of(exchange), "max_retries": RETRIES}
        wanted = task_id or exchange.path.rstrip("/").rpartition("/")[2]
        return _call(lambda client, given: method(client)(wanted, **given), (options, options))

    return make


def _kling_look(exchange: Exchange, task_id: str) -> Call:
    options = {**options_of(exchange), "max_retries": RETRIES}
    if "/image2video/" in exchange.path:
        return _call(lambda client, given: client.kling.image2video.retrieve(task_id, **given), (options, options))
    return _call(lambda client, given: client.kling.text2video.retrieve(task_id, **given), (options, options))


def _veo_look(exchange: Exchange, task_id: str) -> Call:
    options = {**options_of(exchange), "operationName": task_id, "max_retries": RETRIES}
    return _call(lambda client, given: client.veo.fetch(**given), (options, options))


def _content(exchange: Exchange, task_id: str) -> Call:
    options = options_of(exchange)
    query = options.pop("extra_query", {})
    params = {**options, **query, "max_retries": RETRIES}
    return _call(lambda client, given: client.sora.download_content(task_id, **given), (params, params), "file")


def _list(exchange: Exchange, _: str) -> Call:
    query = options_of(exchange).get("extra_query", {})
    params = {**{name: int(value) for name, value in query.items()}, "max_retries": RETRIES}
    return _call(lambda client, given: client.sora.list(**given), (params, params))


def _delete(exchange: Exchange, video_id: str) -> Call:
    return _call(lambda client, given: client.sora.delete(video_id, **given), ({}, {}))


def _custom(exchange: Exchange, _: str) -> Call:
    """A route without a method of its own."""
    options = options_of(exchange)
    path = exchange.path.partition("?")[0]
    if exchange.method == "GET":
        options["max_retries"] = RETRIES
        return _call(lambda client, given: client.get(path, **given), (options, options))
    return _call(lambda client, given: client.post(path, body=exchange.body, **given), (options, options))


MAKERS: Mapping[str, Maker] = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "gemini": _gemini,
    "embeddings": _embeddings,
    "transcription": _transcription,
    "models": _models,
    "create": _create,
    "sora": _sora,
    "seedance": _seedance,
    "kling": _kling,
    "veo": _veo,
    "remix": _remix,
    "veo_fetch": _veo_fetch,
    "look": _look,
    "sora_look": _looks(lambda client: client.sora.retrieve),
    "seedance_look": _looks(lambda client: client.seedance.retrieve),
    "kling_look": _kling_look,
    "veo_look": _veo_look,
    "content": _content,
    "list": _list,
    "delete": _delete,
}

ROUTES: tuple[tuple[str, str], ...] = (
    (r"POST /v1/chat/completions", "chat"),
    (r"POST /v1/responses", "responses"),
    (r"POST /v1/messages", "messages"),
    (r"POST /v1beta/models/([^/:]+):(?:generateContent|streamGenerateContent)", "gemini"),
    (r"POST /v1beta/models/([^/:]+):predictLongRunning", "veo"),
    (r"POST /v1beta/models/([^/:]+):fetchPredictOperation", "veo_fetch"),
    (r"POST /v1/embeddings", "embeddings"),
    (r"POST /v1/audio/transcriptions", "transcription"),
    (r"GET /v1/models", "models"),
    (r"POST /v1/videos", "create"),
    (r"POST /v1/video/generations", "create"),
    (r"POST /seedance/v3/contents/generations/tasks", "seedance"),
    (r"GET /seedance/v3/contents/generations/tasks/([^/]+)", "seedance_look"),
    (r"POST /kling/v1/videos/(?:text|image)2video", "kling"),
    (r"POST /v1/videos/([^/]+)/remix", "remix"),
    (r"GET /v1/videos/([^/]+)/content", "content"),
    (r"GET /v1/videos", "list"),
    (r"DELETE /v1/videos/([^/]+)", "delete"),
    (r"GET /(?:v1/videos|v1/video/generations|kling/v1/videos/(?:text|image)2video)/([^/%]+)", "look"),
)


def _first(table: tuple[tuple[str, str], ...], name: str) -> str:
    return next(value for pattern, value in table if fnmatchcase(name, pattern))
