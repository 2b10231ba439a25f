"""Every answer on disk through the real client: decoded whole, or the right error; nothing is left out silently."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests import replay
from tests.accumulate.test_chat import as_expected
from tests.accumulate.test_claude import agrees, plain
from tests.accumulate.test_gemini import summary
from tests.accumulate.test_responses import told, word_of
from tests.replay import (
    CHAT,
    FILE,
    GEMINI,
    KEY,
    KLING,
    MESSAGES,
    RESPONSES,
    SPEECH,
    TASKS,
    VEO,
    Replayed,
    load,
    manifest,
)
from tests.servers import ScriptedServer, Steps, whole
from tests.wire.test_sse import assert_events
from tikhub_async import TikHubAI, errors
from tikhub_async._config import make_config
from tikhub_async._wire.request import Endpoint, Kind, Request, build
from tikhub_async._wire.response import error_of
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.types import responses as r
from tikhub_async.types._base import Headers, without_nulls
from tikhub_async.types.claude import ToolUseBlock
from tikhub_async.types.usage import UsageInfo

ROOTS = replay.roots()
each_root = pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)

RAISING: Mapping[str, type[errors.TikHubError]] = {
    # by status
    "openai_chat/error_unsupported_parameter.json": errors.BadRequestError,
    "openai_responses/error_quota.json": errors.RateLimitError,
    "deepseek/error_insufficient_balance.json": errors.QuotaError,
    "anthropic/error_effort.json": errors.BadRequestError,
    "gemini/error_404.json": errors.NotFoundError,
    "sora/error_not_found.json": errors.NotFoundError,
    "veo/error_400.json": errors.BadRequestError,
    "veo/error_400_array.json": errors.BadRequestError,
    # a 200 that brings no answer
    "gemini/response_prompt_blocked.json": errors.ContentFilterError,
    "gemini/stream_prompt_blocked.sse": errors.ContentFilterError,
    # inside a stream
    "openai_chat/stream_error_midstream.sse": errors.InternalServerError,
    "openai_responses/stream_error_flat.sse": errors.InternalServerError,
    "openai_responses/stream_error_object_without_type.sse": errors.InternalServerError,
    "openai_responses/stream_failed.sse": errors.InternalServerError,
    "anthropic/stream_error_overloaded.sse": errors.OverloadedError,
    "gemini/stream_error_raw_json_lines.sse": errors.InternalServerError,
    # a stream that was cut
    "openai_chat/stream_truncated_no_done.sse": errors.StreamInterrupted,
}
"""Answers that are errors, and their class; every other answer decodes."""

LISTED: Mapping[str, str] = {
    "requests.json": "bodies to send: test_each_request_body_is_sent_as_it_is",
    "errors.json": "a list of answers: test_each_error_answer_has_its_class, and through the client",
    "sse_edge/expected.json": "read beside the files of its folder",
    "expected/openai_chat.json": "read beside the streams that it describes",
    "expected/claude_chat.json": "read beside the streams that it describes",
    "expected/deepseek.json": "read beside the streams that it describes",
    "expected/openai_responses.json": "read beside the streams that it describes",
    "expected/anthropic.json": "read beside the streams that it describes",
    "expected/gemini.json": "read beside the streams that it describes",
}
"""Files of a manifest that are no answers, and which test reads them."""

OTHER_ROUTES = {"veo", "streaming Google endpoints", "GET /v1beta/{operation} (Gemini API flavour)"}
"""Endpoints of Google's own hosts, asked for by another route here."""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as made:
        yield made


@pytest.fixture
async def ai(server: ScriptedServer) -> AsyncIterator[TikHubAI]:
    async with TikHubAI(api_key=KEY, base_url=server.origin, max_retries=0) as made:
        yield made


# --- answers


@each_root
async def test_every_file_decodes_or_is_the_right_error_or_is_listed_with_its_reason(root: Path) -> None:
    counts: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for path, entry in manifest(root).items():
        try:
            counts[await look_at(root, path, entry)] += 1
        except Exception as failure:
            wrong[path] = f"{type(failure).__name__}: {failure}"
    assert wrong == {}
    print(f"{root.name}: {dict(counts)}")
    assert counts.total() == counts["decoded"] + counts["raised"] + counts["listed"] == len(manifest(root))


async def look_at(root: Path, path: str, entry: Mapping[str, Any]) -> str:
    if path in LISTED:
        return "listed"
    body = (root / path).read_bytes()
    if entry["provider"] == "sse_edge":
        framing_is_read(body, load(root, "sse_edge/expected.json"), path)
        return "decoded"
    async with ScriptedServer() as server, TikHubAI(api_key=KEY, base_url=server.origin, max_retries=0) as client:
        found = await replay.replay(entry, body, server, client)
    if entry["endpoint"] not in OTHER_ROUTES:
        assert replay.asks(replay.endpoint_of(entry)[1]).match(found.asked), found.asked
    if "expected" in entry:
        file, _, name = entry["expected"].partition("#")
        EXPECTED[entry["provider"]](load(root, file)[name], found)
    if path in RAISING:
        assert type(found.error) is RAISING[path], repr(found.error)
        return "raised"
    assert found.error is None, found.error
    if not path.endswith(".sse"):
        answer_is_whole(entry, body, found)
    return "decoded"


def framing_is_read(body: bytes, described: list[dict[str, Any]], path: str) -> None:
    [case] = [case for case in described if path == f"sse_edge/{case['file']}"]
    decoder = SSEDecoder()
    assert_events(decoder.decode(body), case["events"])
    assert decoder.retry == case["retry"]


def answer_is_whole(entry: Mapping[str, Any], body: bytes, found: Replayed) -> None:
    assert type(found.value) is replay.ANSWERS[replay.endpoint_of(entry)].type
    assert found.value.meta.status_code == entry["http_status"]
    if entry["content_type"].startswith("text/"):
        assert found.value.text == body.decode()
    else:
        assert list(replay.lost(json.loads(body), found.value)) == []


@each_root
def test_every_file_on_disk_is_in_the_manifest_and_the_other_way_round(root: Path) -> None:
    found = {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}
    assert found - {".gitattributes", "README.md", "NOTICE.md", "manifest.json"} == set(manifest(root))


@each_root
def test_every_expected_result_belongs_to_a_file(root: Path) -> None:
    files = [path for path in manifest(root) if path.startswith("expected/")]
    described = {f"{path}#{name}" for path in files for name in load(root, path)}
    pointed = {entry["expected"] for entry in manifest(root).values() if "expected" in entry}
    assert described == {pointer for pointer in pointed if pointer.startswith("expected/")}
    assert described


def test_the_tables_of_this_file_name_no_file_that_is_not_there() -> None:
    there = {path for root in ROOTS for path in manifest(root)}
    if len(ROOTS) == 1:
        pytest.skip("TIKHUB_FIXTURES is not set: the files of the larger set cannot be looked for")
    assert {*RAISING, *LISTED} <= there


# --- expected results


def reported_as(wanted: Any, found: Replayed) -> None:
    """An error inside the stream is raised with what it said."""
    assert (found.error.body["error"] if isinstance(found.error, errors.APIStatusError) else None) == wanted


def chat_is(wanted: dict[str, Any], found: Replayed) -> None:
    response = found.value
    assert as_expected(response) == {key: wanted[key] for key in ("id", "created", "model", "choices")}
    for key in ("service_tier", "system_fingerprint"):
        assert getattr(response, key) == wanted.get(key), key
    assert response.usage == msgspec.convert(wanted["usage"], UsageInfo | None)
    assert (response.moderation is not None) == ("moderation" in wanted)
    assert len(found.events) == wanted["chunks"]
    reported_as(wanted.get("error"), found)


def responses_are(wanted: dict[str, Any], found: Replayed) -> None:
    response = found.value
    assert told(response) == {key: wanted[key] for key in told(response)}
    failed = isinstance(found.error, errors.APIStatusError)
    assert failed == ("error" in wanted or wanted.get("status") == "failed")
    assert len(found.events) == wanted["events"] - failed
    if not failed:
        assert Counter(map(word_of, found.events)) == Counter(wanted["event_counts"])
    if wanted["terminal"]:
        assert response.status == wanted["status"]
        assert response.usage == msgspec.convert(wanted["usage"], r.ResponseUsage | None)
        words = [item.name if isinstance(item, r.UnknownResponseItem) else item.type for item in response.output]
        assert words == wanted["output_types"]


def message_is(wanted: dict[str, Any], found: Replayed) -> None:
    assert agrees(wanted["message"], plain(found.value))
    assert (found.error is None) == wanted["saw_message_stop"]
    cut = {
        str(index): block.input_json
        for index, block in enumerate(found.value.content)
        if isinstance(block, ToolUseBlock) and block.input_json is not None
    }
    assert cut == wanted.get("unfinished_tool_input_json", {})
    counted = Counter(event_word(event) for event in found.events)
    assert counted == {word: count for word, count in wanted["event_counts"].items() if word != "error"}
    reported_as(wanted.get("error"), found)


def event_word(event: Any) -> str:
    if event.type == "content_block_delta":
        return f"{event.type}/{getattr(event.delta, 'name', event.delta.type)}"
    return str(getattr(event, "name", event.type))


def content_is(wanted: dict[str, Any], found: Replayed) -> None:
    candidates = [{key: value for key, value in one.items() if key != "parts_seen"} for one in wanted["candidates"]]
    assert [summary(candidate) for candidate in found.value.candidates] == candidates
    usage = {key: value for key, value in wanted["usageMetadata"].items() if not key.startswith("xNew")}
    assert without_nulls(msgspec.to_builtins(found.value.usage_metadata)) == usage
    assert without_nulls(msgspec.to_builtins(found.value.prompt_feedback)) == wanted.get("promptFeedback")
    assert len(found.events) == wanted["chunks"]
    reported_as(wanted.get("error_as_bare_json_lines"), found)


EXPECTED: Mapping[str, Callable[[dict[str, Any], Replayed], None]] = {
    "openai_chat": chat_is,
    "claude_chat": chat_is,
    "deepseek": chat_is,
    "openai_responses": responses_are,
    "anthropic": message_is,
    "gemini": content_is,
}


# --- errors

ERRORS: Mapping[str, type[errors.APIError]] = {
    "anthropic_400": errors.BadRequestError,
    "anthropic_401": errors.AuthenticationError,
    "anthropic_402": errors.QuotaError,
    "anthropic_403": errors.PermissionDeniedError,
    "anthropic_404": errors.NotFoundError,
    "anthropic_413": errors.RequestTooLargeError,
    "anthropic_500": errors.InternalServerError,
    "anthropic_504": errors.InternalServerError,
    "anthropic_529": errors.OverloadedError,
    "kling_1002": errors.AuthenticationError,
    "kling_1102": errors.RateLimitError,  # the balance is the gateway's at Kling, not the caller's
    "kling_1201": errors.BadRequestError,
    "kling_1301": errors.BadRequestError,
    "kling_1303": errors.RateLimitError,
    "kling_5000": errors.InternalServerError,
    "kling_5001": errors.OverloadedError,
    "kling_5002": errors.InternalServerError,
    "seedance_401": errors.AuthenticationError,
    "seedance_404": errors.NotFoundError,
    "seedance_429": errors.RateLimitError,
    "openai_401": errors.AuthenticationError,
    "openai_429_rate_limit": errors.RateLimitError,
    "openai_500": errors.InternalServerError,
    "gateway_401": errors.AuthenticationError,
    "gateway_503_no_channel": errors.NotFoundError,
    "gateway_task_500": errors.InternalServerError,
    "gemini_400": errors.BadRequestError,
    "empty_500.txt": errors.InternalServerError,
    "openai_error_with_http_200": errors.InternalServerError,
    "html_with_200.html": errors.ProtocolError,
}

ASKED: Mapping[str, replay.Call] = {
    "anthropic": replay.ANSWERS["anthropic", MESSAGES].call,
    "kling": replay.ANSWERS["kling", f"GET {KLING}/text2video/{{task_id}}"].call,
    "seedance": replay.ANSWERS["seedance", f"GET {TASKS}/{{id}}"].call,
    "gateway_task_500": replay.ANSWERS["seedance", f"GET {TASKS}/{{id}}"].call,
    "gemini": replay.ANSWERS["gemini", GEMINI].call,
}
"""By the beginning of an error's name; chat asks for the rest."""


def body_of(case: Mapping[str, Any]) -> bytes:
    return case["raw_body"].encode() if "raw_body" in case else json.dumps(case["body"]).encode()


def request(kind: Kind = Kind.GENERATE) -> Request:
    endpoint = Endpoint(name="openai.chat.completions", method="POST", path="/v1/chat/completions", kind=kind)
    return build(endpoint, make_config(api_key=KEY), {}, body={})


@each_root
def test_each_error_answer_has_its_class(root: Path) -> None:
    cases = load(root, "errors.json")
    assert {case["name"] for case in cases} == set(ERRORS)
    for case in cases:
        headers = Headers.of({"content-type": case["content_type"], **case.get("headers", {})})
        error = error_of(case["http_status"], headers, body_of(case), request())
        assert type(error) is ERRORS[case["name"]], case["name"]
        if isinstance(error, errors.APIStatusError):
            assert (error.status_code, error.body) == (case["http_status"], case.get("body")), case["name"]


@each_root
async def test_each_error_answer_has_its_class_through_the_client(
    root: Path, server: ScriptedServer, ai: TikHubAI
) -> None:
    reply: list[Steps] = []
    server.script("*", lambda _: reply[-1])
    for number, case in enumerate(load(root, "errors.json")):
        name = case["name"]
        reply.append(whole(body_of(case), case["http_status"], content_type=case["content_type"]))
        for call in (asked_by(name), stream_of) if name == "openai_error_with_http_200" else (asked_by(name),):
            with pytest.raises(ERRORS[name]) as caught:
                await call(ai.with_options(api_key=f"{KEY}-{number}"))  # a 429 holds its key back
            assert (type(caught.value), caught.value.attempts) == (ERRORS[name], 1), name


def asked_by(name: str) -> replay.Call:
    found = (call for beginning, call in ASKED.items() if name.startswith(beginning))
    return next(found, replay.ANSWERS["openai_chat", CHAT].call)


async def stream_of(ai: TikHubAI) -> Any:
    return await replay.STREAMS["openai_chat", CHAT](ai).final()


@pytest.mark.parametrize(("status", "billed"), [(429, False), (503, True), (500, True), (401, False)])
async def test_an_error_on_a_paid_creation_is_a_refusal_or_in_doubt(
    server: ScriptedServer, ai: TikHubAI, status: int, billed: bool
) -> None:
    server.script("*", whole(b'{"code":5000,"message":"no"}', status, content_type="application/json"))
    with pytest.raises(errors.InDoubtError if billed else errors.APIStatusError) as caught:
        await replay.ANSWERS["kling", f"POST {KLING}/text2video"].call(ai)
    assert (server.count, caught.value.maybe_billed) == (1, billed)


# --- requests

Send = Callable[[TikHubAI, dict[str, Any]], Awaitable[Any]]

SENT: Mapping[tuple[str, str], Send] = {
    ("openai_chat", CHAT): lambda ai, body: either(ai.openai.chat.completions, body),
    ("deepseek", CHAT): lambda ai, body: either(ai.deepseek.chat.completions, body),
    ("openai_responses", RESPONSES): lambda ai, body: either(ai.openai.responses, body),
    ("openai_embeddings", "POST /v1/embeddings"): lambda ai, body: ai.openai.embeddings.create(**body),
    ("openai_audio", SPEECH): lambda ai, body: ai.openai.audio.transcriptions.create(file=FILE, **body),
    ("anthropic", MESSAGES): lambda ai, body: either(ai.claude.messages, body),
    ("gemini", GEMINI): lambda ai, body: ai.gemini.models.generate_content(model="m", **snake(body)),
    ("sora", "POST /v1/videos"): lambda ai, body: ai.sora.create(**body),
    ("sora", "POST /v1/videos/{id}/remix"): lambda ai, body: ai.sora.remix("video_1", **body),
    ("kling", f"POST {KLING}/text2video"): lambda ai, body: ai.kling.text2video.create(**body),
    ("kling", f"POST {KLING}/image2video"): lambda ai, body: ai.kling.image2video.create(**body),
    ("seedance", f"POST {TASKS}"): lambda ai, body: ai.seedance.create(**body),
    ("veo", "POST …/models/{model}:predictLongRunning"): lambda ai, body: ai.veo.generate(model=VEO, **body),
    ("veo", "POST …/models/{model}:fetchPredictOperation"): lambda ai, body: ai.veo.fetch(**body),
}


def snake(body: dict[str, Any]) -> dict[str, Any]:
    """Keywords in Python's spelling; what is below them may stay in the wire's."""
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value for key, value in body.items()}


def either(resource: Any, body: dict[str, Any]) -> Awaitable[Any]:
    """`create`, or `stream` for a body that asks for one: the method says so, not a keyword."""
    if "stream" not in body:
        return resource.create(**body)  # type: ignore[no-any-return]
    assert body["stream"] is True
    keywords = {key: value for key, value in body.items() if key != "stream"}
    return resource.stream(**keywords).final()  # type: ignore[no-any-return]


@each_root
async def test_each_request_body_is_sent_as_it_is(root: Path, server: ScriptedServer, ai: TikHubAI) -> None:
    server.script("*", whole(b'{"error":{"message":"enough"}}', 400, content_type="application/json"))
    cases = load(root, "requests.json")
    for case in cases:
        with pytest.raises(errors.BadRequestError):
            await SENT[case["provider"], case["endpoint"]](ai, case["body"])
        seen = server.seen[-1]
        assert replay.asks(case["endpoint"]).match(f"{seen.method} {seen.target}"), case["name"]
        if case["provider"] == "openai_audio":
            assert form_in(seen.headers["content-type"], seen.body) == as_form(case["body"]), case["name"]
        else:
            assert json.loads(seen.body) == case["body"], case["name"]
    assert server.count == len(cases)


def form_in(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Names and values of a multipart body, in order."""
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: list[tuple[str, str]] = []
    for part in form.walk():
        if not part.is_multipart():
            value = part.get_payload(decode=True)
            assert isinstance(value, bytes)
            fields.append((str(part.get_param("name", header="content-disposition")), value.decode()))
    return fields


def as_form(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The form of a body: lists repeat their name with brackets, the file comes last."""
    fields: list[tuple[str, str]] = []
    for name, value in body.items():
        many = isinstance(value, list)
        fields += [(f"{name}[]" if many else name, str(one)) for one in (value if many else [value])]
    return [*fields, ("file", FILE[1].decode())]
