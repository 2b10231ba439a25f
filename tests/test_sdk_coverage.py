"""How much of the official SDKs' types is reachable by name on ours: everything but what is listed here with its reason.

`pytest -s tests/test_sdk_coverage.py` or `python -m tests.test_sdk_coverage` prints the table. The tests of each module
(`tests/types`) hold single parts against their counterpart; this one is the whole.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import anthropic.types as claude_sdk
import anthropic.types.beta as claude_beta
import google.genai.types as genai
import openai.types as openai_sdk
import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types import audio as openai_audio
from openai.types import chat as openai_chat
from openai.types import responses as openai_responses
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsNonStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from typing_extensions import get_type_hints

from tests.types.coverage import _Walk, missing_keys
from tests.types.test_responses import ECHOED, GIVEN_BACK
from tikhub_async.types import audio, chat, claude, embeddings, gemini, models, responses, sora

AS_PLAIN_DATA = "what the answer repeats of the request stays plain data; its keys are typed where they are written"
AS_RECEIVED = "calls and results of the provider's own tools go back as received, nobody writes them"
BY_METHOD = {"stream": "`create` never streams, `stream()` always does"}
EMPTY_OBJECT = "an empty object, sent as {}"
ONE_SPELLING = "Python's spelling of $defs and $ref, which Google's subset of JSON schema does not have"
RECEIVED_ONLY = "only ever received"


class Row(NamedTuple):
    """A type of an official SDK, ours, and what is lacking on purpose: pattern → reason."""

    name: str
    theirs: Any
    ours: Any
    deviations: Mapping[str, str] = {}


ANSWERS = [
    Row("openai ChatCompletion", openai_chat.ChatCompletion, chat.ChatCompletionResponse),
    Row("openai ChatCompletionChunk", openai_chat.ChatCompletionChunk, chat.ChatCompletionChunk),
    Row(
        "openai Response",
        openai_responses.Response,
        responses.ResponseObject,
        dict.fromkeys(("instructions[]", "tools[]", "tool_choice", "*<*>.tools[]"), AS_PLAIN_DATA),
    ),
    Row(
        "openai ResponseStreamEvent",
        openai_responses.ResponseStreamEvent,
        responses.ResponseStreamEvent,
        dict.fromkeys(("*.instructions[]", "*.tools[]", "*.tool_choice"), AS_PLAIN_DATA),
    ),
    Row("openai CreateEmbeddingResponse", openai_sdk.CreateEmbeddingResponse, embeddings.EmbeddingResponse),
    Row("openai Transcription", openai_audio.Transcription, audio.TranscriptionResponse),
    Row("openai TranscriptionVerbose", openai_audio.TranscriptionVerbose, audio.TranscriptionResponse),
    Row("openai TranscriptionDiarized", openai_audio.TranscriptionDiarized, audio.TranscriptionResponse),
    Row("openai TranscriptionStreamEvent", openai_audio.TranscriptionStreamEvent, audio.TranscriptionStreamEvent),
    Row("openai Video", openai_sdk.Video, sora.VideoResponse),
    Row("openai VideoDeleteResponse", openai_sdk.VideoDeleteResponse, sora.VideoDeleteResponse),
    Row("openai Model", openai_sdk.Model, models.ModelInfo),
    Row("anthropic Message", claude_sdk.Message, claude.ClaudeMessageResponse),
    Row("anthropic RawMessageStreamEvent", claude_sdk.RawMessageStreamEvent, claude.MessageStreamEvent),
    Row(
        "google-genai GenerateContentResponse",
        genai.GenerateContentResponse,
        gemini.GeminiGenerateContentResponse,
        {
            "sdkHttpResponse": "never on the wire; `.meta` is ours",
            "automaticFunctionCallingHistory": "never on the wire; `run_tools` keeps the history",
            "parsed": "never on the wire; `parse` gives it",
        },
    ),
]
"""What is generally available: every field, but for what is listed."""

BETA = [
    Row(
        "anthropic BetaMessage",
        claude_beta.BetaMessage,
        claude.ClaudeMessageResponse,
        dict.fromkeys(
            ("*tool_changes*", "*context_management*", "*fallback_credit*", "*input_transformations*"),
            "beta, still changing: kept in the raw body",
        ),
    ),
    Row(
        "anthropic BetaRawMessageStreamEvent",
        claude_beta.BetaRawMessageStreamEvent,
        claude.MessageStreamEvent,
        dict.fromkeys(
            ("*tool_changes*", "*context_management*", "*fallback_credit*", "*input_transformations*"),
            "beta, still changing: kept in the raw event",
        ),
    ),
]
"""What the vendor may change any day: looked at so that the gaps are known."""

REQUESTS = [
    Row("openai chat.completions.create", CompletionCreateParamsNonStreaming, chat.ChatCompletionRequest, BY_METHOD),
    Row(
        "openai responses.create",
        ResponseCreateParamsNonStreaming,
        responses.ResponseRequest,
        BY_METHOD | dict.fromkeys(GIVEN_BACK, AS_RECEIVED),
    ),
    Row("openai embeddings.create", openai_sdk.EmbeddingCreateParams, embeddings.EmbeddingRequest),
    Row(
        "openai audio.transcriptions.create",
        TranscriptionCreateParamsNonStreaming,
        audio.TranscriptionRequest,
        BY_METHOD,
    ),
    Row("openai videos.create", openai_sdk.VideoCreateParams, sora.VideoCreateRequest),
    Row("openai videos.remix", openai_sdk.VideoRemixParams, sora.VideoRemixRequest),
    Row("openai videos.list", openai_sdk.VideoListParams, sora.VideoListParams),
    Row("openai videos.download_content", openai_sdk.VideoDownloadContentParams, sora.VideoContentParams),
    Row(
        "anthropic messages.create",
        MessageCreateParamsNonStreaming,
        claude.ClaudeMessageRequest,
        BY_METHOD
        | {
            "messages.content.content*": AS_RECEIVED,
            "messages.content.tool_use_id": AS_RECEIVED,
            "messages.content.type (other words: *_tool_result)": AS_RECEIVED,
            "tools.input_schema": "any JSON schema",
            "tools*.configs": "switches of every tool of a toolset: open in `ServerToolParam`",
            "tools.url_sources": "open in `ServerToolParam`",
        },
    ),
    Row(
        "google-genai GenerationConfig",
        genai.GenerationConfigDict,
        gemini.GeminiGenerationConfig,
        {
            "response_schema.defs": ONE_SPELLING,
            "response_schema.ref": ONE_SPELLING,
            "audio_transcription_config.language_auto": EMPTY_OBJECT,
        },
    ),
    Row(
        "google-genai Content",
        genai.ContentDict,
        gemini.GeminiContent,
        {
            "parts.function_call.partial_args": RECEIVED_ONLY,
            "parts.function_call.will_continue": RECEIVED_ONLY,
            "parts.audio_transcription": RECEIVED_ONLY,
        },
    ),
    Row(
        "google-genai Tool",
        genai.ToolDict,
        gemini.GeminiTool,
        {
            "*.defs": ONE_SPELLING,
            "*.ref": ONE_SPELLING,
            "code_execution": EMPTY_OBJECT,
            "url_context": EMPTY_OBJECT,
            "google_search.search_types.*": EMPTY_OBJECT,
            "google_maps.grounding_types": EMPTY_OBJECT,
            "retrieval.external_api.simple_search_params": EMPTY_OBJECT,
        },
    ),
    Row("google-genai ToolConfig", genai.ToolConfigDict, gemini.GeminiToolConfig),
    Row("google-genai SafetySetting", genai.SafetySettingDict, gemini.GeminiSafetySetting),
]

GENAI_CONFIG: Mapping[str, str] = {
    "http_options": "`RequestOptions` are ours",
    "should_return_http_response": "`.meta` is always there",
    "automatic_function_calling": "`run_tools` is ours",
    "automatic_continuation": "that client asks again by itself; here `continuation_token` does it",
    "generation_output_config": "Python's name of `output_config`",
}
"""Keywords of google-genai's one flat config that are no members of the body."""


class Found(NamedTuple):
    """What a comparison found."""

    seen: int
    missing: list[str]


def answer_fields(row: Row) -> Found:
    walk = _Walk(())
    walk.pair(row.theirs, row.ours, "")
    return Found(walk.seen, list(dict.fromkeys(walk.missing)))


def request_keys(row: Row) -> Found:
    """Keys are counted at the top; the missing ones are looked for at every depth."""
    return Found(len(get_type_hints(row.theirs)), missing_keys(row.theirs, row.ours))


def explained(row: Row, path: str) -> str | None:
    """The reason why a path is missing, None where there is none."""
    return next((reason for pattern, reason in row.deviations.items() if matches(path, pattern)), None)


def matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path.removesuffix(" (untyped)"), pattern)


def unexplained(row: Row, found: Found) -> list[str]:
    return [path for path in found.missing if explained(row, path) is None]


def report(rows: list[Row], found: list[Found]) -> list[str]:
    """One line for each row, and one for each reason."""
    lines: list[str] = []
    for row, (seen, missing) in zip(rows, found, strict=True):
        reasons: dict[str, list[str]] = {}
        for path in missing:
            reasons.setdefault(explained(row, path) or "MISSING", []).append(path)
        share = 100 * (seen - len(unexplained(row, Found(seen, missing)))) / seen
        listed = f", {len(missing)} as listed" if missing else ""
        lines.append(f"{row.name:40} {seen:5} names: {share:.0f} %{listed}")
        lines += [f"      {', '.join(paths)}: {reason}" for reason, paths in reasons.items()]
    return lines


def row_ids(row: Row) -> str:
    return row.name


@pytest.mark.parametrize("row", [*ANSWERS, *BETA], ids=row_ids)
def test_every_field_of_an_answer_is_reachable_but_what_is_listed(row: Row) -> None:
    found = answer_fields(row)
    print("\n".join(report([row], [found])))
    assert unexplained(row, found) == []
    assert stale(row, found) == []


@pytest.mark.parametrize("row", REQUESTS, ids=row_ids)
def test_every_key_of_a_request_can_be_written_but_what_is_listed(row: Row) -> None:
    found = request_keys(row)
    print("\n".join(report([row], [found])))
    assert unexplained(row, found) == []


def stale(row: Row, found: Found) -> list[str]:
    """Deviations that are none any more."""
    return [pattern for pattern in row.deviations if not any(matches(path, pattern) for path in found.missing)]


def test_every_keyword_of_googles_flat_config_has_its_place() -> None:
    ours = set(get_type_hints(gemini.GeminiGenerationConfig)) | set(get_type_hints(gemini.GeminiGenerateContentRequest))
    theirs = set(get_type_hints(genai.GenerateContentConfigDict))
    assert theirs - ours == set(GENAI_CONFIG)


def test_the_patterns_of_the_modules_tests_are_those_of_this_table() -> None:
    row = next(row for row in ANSWERS if row.name == "openai Response")
    bare = [path.removesuffix(" (untyped)").removesuffix("[]") for path in answer_fields(row).missing]
    assert all(any(fnmatchcase(path, pattern) for pattern in ECHOED) for path in bare)


if __name__ == "__main__":
    print("\n".join(report([*ANSWERS, *BETA], [answer_fields(row) for row in [*ANSWERS, *BETA]])))
    print("\n".join(report(REQUESTS, [request_keys(row) for row in REQUESTS])))
