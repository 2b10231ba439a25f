"""Provider answers on disk, replayed through the real client: which call asks for which file, and what came of it.

A *root* is a folder with `manifest.json`, `errors.json`, `requests.json`, `expected/` and the answers themselves. One is
in the project (`tests/samples`); `TIKHUB_FIXTURES` may name a folder that holds a larger one.
"""

import json
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.servers import ScriptedServer, Steps, chunk, head, whole
from tikhub_async import EventStream, TikHubAI, VideoTask
from tikhub_async.errors import TikHubError
from tikhub_async.types._base import Unknown
from tikhub_async.types.audio import TranscriptionResponse
from tikhub_async.types.chat import ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.embeddings import EmbeddingResponse
from tikhub_async.types.gemini import GeminiGenerateContentResponse
from tikhub_async.types.kling import KlingTaskDetailResponse, KlingTaskListResponse, KlingTaskResponse
from tikhub_async.types.responses import ResponseObject
from tikhub_async.types.seedance import SeedanceTaskCreateResponse, SeedanceTaskListResponse, SeedanceTaskResponse
from tikhub_async.types.sora import VideoDeleteResponse, VideoResponse
from tikhub_async.types.veo import VeoFetchOperationResponse, VeoOperationResponse

SAMPLES = Path(__file__).parent / "samples"
KEY = "sk-replay"

HI: Any = [{"role": "user", "content": "Hi"}]
VEO = "veo-3.0-generate-001"
OPERATION = f"projects/p/locations/l/publishers/google/models/{VEO}/operations/1"
SEEDANCE: Any = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "A cat"}]}
FILE = ("speech.mp3", b"ID3")
CHAT, RESPONSES, MESSAGES = "POST /v1/chat/completions", "POST /v1/responses", "POST /v1/messages"
SPEECH, GEMINI = "POST /v1/audio/transcriptions", "POST /v1beta/models/{model}:generateContent"
TASKS, KLING = "/seedance/v3/contents/generations/tasks", "/kling/v1/videos"

Call = Callable[[TikHubAI], Awaitable[Any]]


class Answer(NamedTuple):
    """The call that asks for an answer, and the type it decodes to."""

    type: type[Any]
    call: Call


ANSWERS: Mapping[tuple[str, str], Answer] = {
    ("openai_chat", CHAT): Answer(
        ChatCompletionResponse, lambda ai: ai.openai.chat.completions.create(model="m", messages=HI)
    ),
    ("claude_chat", CHAT): Answer(
        ChatCompletionResponse, lambda ai: ai.claude.chat.completions.create(model="m", messages=HI)
    ),
    ("deepseek", CHAT): Answer(
        ChatCompletionResponse, lambda ai: ai.deepseek.chat.completions.create(model="m", messages=HI)
    ),
    ("openai_responses", RESPONSES): Answer(
        ResponseObject, lambda ai: ai.openai.responses.create(model="m", input="Hi")
    ),
    ("openai_embeddings", "POST /v1/embeddings"): Answer(
        EmbeddingResponse, lambda ai: ai.openai.embeddings.create(model="m", input="Hi")
    ),
    ("openai_audio", SPEECH): Answer(
        TranscriptionResponse, lambda ai: ai.openai.audio.transcriptions.create(model="m", file=FILE)
    ),
    ("anthropic", MESSAGES): Answer(
        ClaudeMessageResponse, lambda ai: ai.claude.messages.create(model="m", max_tokens=9, messages=HI)
    ),
    ("gemini", GEMINI): Answer(
        GeminiGenerateContentResponse, lambda ai: ai.gemini.models.generate_content(model="m", contents="Hi")
    ),
    ("sora", "GET /v1/videos/{id}"): Answer(VideoResponse, lambda ai: ai.sora.retrieve("video_1")),
    ("sora", "POST /v1/videos/{id}/remix"): Answer(VideoResponse, lambda ai: ai.sora.remix("video_1", prompt="Rain")),
    ("sora", "DELETE /v1/videos/{id}"): Answer(VideoDeleteResponse, lambda ai: ai.sora.delete("video_1")),
    ("kling", f"POST {KLING}/text2video"): Answer(
        KlingTaskResponse, lambda ai: ai.kling.text2video.create(model_name="kling-v2-6", prompt="A cat")
    ),
    ("kling", f"GET {KLING}/text2video/{{task_id}}"): Answer(
        KlingTaskDetailResponse, lambda ai: ai.kling.text2video.retrieve("task_1")
    ),
    ("kling", f"GET {KLING}/image2video/{{task_id}}"): Answer(
        KlingTaskDetailResponse, lambda ai: ai.kling.image2video.retrieve("task_1")
    ),
    ("kling", f"GET {KLING}/text2video?pageNum=1&pageSize=30"): Answer(
        KlingTaskListResponse,
        lambda ai: ai.get(
            f"{KLING}/text2video", cast_to=KlingTaskListResponse, extra_query={"pageNum": "1", "pageSize": "30"}
        ),
    ),
    ("seedance", f"POST {TASKS}"): Answer(SeedanceTaskCreateResponse, lambda ai: ai.seedance.create(**SEEDANCE)),
    ("seedance", f"GET {TASKS}/{{id}}"): Answer(SeedanceTaskResponse, lambda ai: ai.seedance.retrieve("task_1")),
    ("seedance", f"GET {TASKS}"): Answer(
        SeedanceTaskListResponse, lambda ai: ai.get(TASKS, cast_to=SeedanceTaskListResponse)
    ),
    ("veo", "POST …/models/{model}:predictLongRunning"): Answer(
        VeoOperationResponse, lambda ai: ai.veo.generate(model=VEO, instances=[{"prompt": "A cat"}])
    ),
    ("veo", "POST …/models/{model}:fetchPredictOperation"): Answer(
        VeoFetchOperationResponse, lambda ai: ai.veo.fetch(operationName=OPERATION)
    ),
    # The Gemini API asks with a GET of the operation's name; the answer is the same object with other members.
    ("veo", "GET /v1beta/{operation} (Gemini API flavour)"): Answer(
        VeoFetchOperationResponse, lambda ai: ai.veo.fetch(operationName="operations/1", model=VEO)
    ),
    ("veo", "GET …/{task_id} (short gateway form, Google channels)"): Answer(
        VeoFetchOperationResponse, lambda ai: ai.veo.fetch(operationName="task_1")
    ),
}
"""By provider and endpoint, as the manifest writes them; ` (gateway form)` behind an endpoint changes nothing."""

STREAMS: Mapping[tuple[str, str], Callable[[TikHubAI], EventStream[Any, Any]]] = {
    ("openai_chat", CHAT): lambda ai: ai.openai.chat.completions.stream(model="m", messages=HI),
    ("claude_chat", CHAT): lambda ai: ai.claude.chat.completions.stream(model="m", messages=HI),
    ("deepseek", CHAT): lambda ai: ai.deepseek.chat.completions.stream(model="m", messages=HI),
    ("openai_responses", RESPONSES): lambda ai: ai.openai.responses.stream(model="m", input="Hi"),
    ("openai_audio", SPEECH): lambda ai: ai.openai.audio.transcriptions.stream(model="m", file=FILE),
    ("anthropic", MESSAGES): lambda ai: ai.claude.messages.stream(model="m", max_tokens=9, messages=HI),
    ("gemini", "POST /v1beta/models/{model}:streamGenerateContent?alt=sse"): (
        lambda ai: ai.gemini.models.generate_content_stream(model="m", contents="Hi")
    ),
    ("veo", "streaming Google endpoints"): (
        lambda ai: ai.gemini.models.generate_content_stream(model="m", contents="Hi")
    ),
}


class Replayed(NamedTuple):
    """What came of one answer."""

    value: Any
    """The decoded answer; for an error, what it kept of it."""
    error: TikHubError | None
    events: list[Any]
    """Of a stream, those that were handed out."""
    asked: str
    """Method and path of the request that the server saw."""


def roots() -> list[Path]:
    """The roots there are, the project's own first."""
    folder = os.environ.get("TIKHUB_FIXTURES")
    return [SAMPLES, *([Path(folder) / "fixtures"] if folder else [])]


def manifest(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of a root's manifest, by path."""
    return {entry["path"]: entry for entry in load(root, "manifest.json")["files"]}


def load(root: Path, path: str) -> Any:
    """A JSON file of a root."""
    return json.loads((root / path).read_text("utf-8"))


def endpoint_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The key of an entry in the tables above."""
    return entry["provider"], (entry.get("endpoint") or "").removesuffix(" (gateway form)")


async def replay(entry: Mapping[str, Any], body: bytes, server: ScriptedServer, ai: TikHubAI) -> Replayed:
    """What the client makes of an answer; events go out in small pieces."""
    said: str = entry["content_type"]
    streamed = said.startswith("text/event-stream")
    server.script("*", in_pieces(body, said) if streamed else whole(body, entry["http_status"], content_type=said))
    before = server.count
    value, error, events = None, None, list[Any]()
    key = endpoint_of(entry)
    try:
        if streamed or key not in ANSWERS:
            value = await _read(STREAMS[key](ai), events)
        else:
            value = await ANSWERS[key].call(ai)
    except TikHubError as caught:
        error = caught
        value = getattr(caught, "partial", None) or getattr(caught, "response", None)
    if isinstance(value, VideoTask):
        value = value.creation if value.response is None else value.response
    [seen] = server.seen[before:]
    return Replayed(value, error, events, f"{seen.method} {seen.target}")


async def _read(stream: EventStream[Any, Any], events: list[Any]) -> Any:
    async with stream:
        async for event in stream:
            events.append(event)
    return await stream.final()


def in_pieces(body: bytes, content_type: str, size: int = 211) -> Steps:
    """A chunked answer that breaks events, lines and characters in the middle."""
    pieces = [chunk(body[start : start + size]) for start in range(0, len(body), size)]
    return [head(200, chunked=True, content_type=content_type), *pieces, chunk(b"")]


def asks(endpoint: str) -> re.Pattern[str]:
    """Requests of an endpoint as the manifest writes it."""
    plain = endpoint.partition(" (")[0]
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(plain)).replace("…", ".*") + r"\Z")


def lost(wire: Any, value: Any, path: str = "$") -> Iterator[str]:
    """Paths where a decoded answer differs from its JSON in a member that it has a field for.

    Nulls and members without a field are left out; an unknown member of a union must have its JSON.
    """
    match value:
        case Unknown():
            if value.data() != wire:
                yield path
        case msgspec.Raw():
            if msgspec.json.decode(value) != wire:
                yield path
        case msgspec.Struct():
            tag_field, tag = value.__struct_config__.tag_field, value.__struct_config__.tag
            if not isinstance(wire, dict) or (tag_field is not None and wire.get(tag_field) != tag):
                yield path
                return
            for field in msgspec.structs.fields(value):
                if wire.get(field.encode_name) is not None:
                    yield from lost(wire[field.encode_name], getattr(value, field.name), f"{path}.{field.encode_name}")
        case list() if isinstance(wire, list) and len(wire) == len(value):
            for index, (theirs, ours) in enumerate(zip(wire, value, strict=True)):
                yield from lost(theirs, ours, f"{path}[{index}]")
        case dict() if isinstance(wire, dict) and wire.keys() == value.keys():
            for name, theirs in wire.items():
                yield from lost(theirs, value[name], f"{path}.{name}")
        case _:
            if value != wire:
                yield path
