"""Transcription types: every answer format, and words wherever they stand."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openai.types import Model as OfficialModel
from openai.types import audio as official
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsNonStreaming

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async.types.audio import (
    TranscriptionParams,
    TranscriptionRequest,
    TranscriptionResponse,
    TranscriptionStreamEvent,
)
from tikhub_async.types.models import ModelInfo, ModelList

WORDS = [{"word": "Hello", "start": 0, "end": 0.5}, {"word": "there.", "start": 0.5, "end": 1}]


def decode(body: dict[str, Any]) -> TranscriptionResponse:
    return codec.decode(json.dumps(body).encode(), TranscriptionResponse)


def fixtures() -> Path:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    return Path(root)


@pytest.mark.parametrize(
    "model", [official.Transcription, official.TranscriptionVerbose, official.TranscriptionDiarized]
)
def test_every_field_of_the_official_responses_is_reachable(model: type) -> None:
    assert missing_fields(model, TranscriptionResponse) == []


def test_every_field_of_the_official_events_is_reachable() -> None:
    assert missing_fields(official.TranscriptionStreamEvent, TranscriptionStreamEvent) == []


def test_every_request_key_of_the_official_sdk_is_there_but_stream() -> None:
    assert missing_keys(TranscriptionCreateParamsNonStreaming, TranscriptionRequest) == ["stream"]


def test_file_and_model_are_required_and_nothing_else() -> None:
    assert TranscriptionRequest.__required_keys__ == TranscriptionParams.__required_keys__ == {"file", "model"}


def test_plain_json_has_text_and_nothing_else() -> None:
    response = decode({"text": "Hello there."})
    assert response.text == "Hello there."
    assert (response.segments, response.all_words, response.usage, response.duration) == ([], [], None, None)


def test_words_beside_the_segments_are_found() -> None:
    response = decode({"text": "Hello there.", "words": WORDS})
    assert [word.word for word in response.all_words] == ["Hello", "there."]
    assert response.all_words[0].start == 0.0


def test_words_inside_the_segments_are_found_in_order() -> None:
    segments = [{"id": 0, "start": 0, "words": WORDS[:1]}, {"id": 1}, {"id": 2, "words": WORDS[1:]}]
    response = decode({"text": "Hello there.", "segments": segments})
    assert [word.word for word in response.all_words] == ["Hello", "there."]
    assert response.words == []


def test_whole_numbers_and_nulls_decode() -> None:
    segment = {
        "id": 0,
        "seek": 0.0,
        "start": 0,
        "end": 3,
        "temperature": 0,
        "no_speech_prob": 0,
        "words": None,
        "tokens": None,
    }
    response = decode({"text": "x", "duration": 8, "segments": [segment]})
    assert response.duration == 8.0
    assert response.segments[0].seek == 0
    assert response.segments[0].no_speech_prob == 0.0


def test_usage_is_tokens_or_seconds() -> None:
    seconds = decode({"text": "x", "usage": {"type": "duration", "seconds": 2}}).usage
    tokens = decode(
        {"text": "x", "usage": {"type": "tokens", "total_tokens": 19, "input_token_details": {"audio_tokens": 14}}}
    ).usage
    assert seconds is not None
    assert (seconds.type, seconds.seconds, seconds.total_tokens) == ("duration", 2.0, None)
    assert tokens is not None
    assert (tokens.type, tokens.seconds, tokens.total_tokens) == ("tokens", None, 19)


def test_diarized_segments_say_who_speaks() -> None:
    segment = {"type": "transcript.text.segment", "id": "seg_001", "speaker": "A", "text": "Hi.", "start": 0, "end": 1}
    response = decode({"task": "transcribe", "text": "Hi.", "segments": [segment]})
    assert (response.segments[0].id, response.segments[0].speaker) == ("seg_001", "A")


def test_recorded_answers_decode() -> None:
    files = sorted((fixtures() / "fixtures" / "openai_audio").glob("*.json"))
    assert len(files) == 5
    decoded = {file.stem: codec.decode(file.read_bytes(), TranscriptionResponse) for file in files}
    assert all(response.text for response in decoded.values())
    assert len(decoded["transcription_gateway_doc_example"].all_words) == 4
    assert len(decoded["transcription_verbose_words"].all_words) == 5
    assert [segment.speaker for segment in decoded["transcription_diarized"].segments] == ["A", "B"]
    assert len(decoded["transcription_json_tokens"].logprobs) == 2


def test_recorded_gateway_answers_decode() -> None:
    exchanges = json.loads((fixtures() / "recorded" / "exchanges.json").read_bytes())
    answers = {exchange["id"]: exchange["response"] for exchange in exchanges}
    for name in ("audio.json", "audio.verbose_json", "audio.fields", "audio.translations", "audio.broken_mp3"):
        assert codec.decode(answers[name]["body"].encode(), TranscriptionResponse).text == "Hello there."


def test_every_field_of_the_official_model_is_reachable() -> None:
    assert missing_fields(OfficialModel, ModelInfo) == []


def test_model_list_gives_the_ids() -> None:
    body = b'{"data":[{"id":"gpt-5","created":1,"supported_endpoint_types":null},{"id":"sora-2"}],"object":"list","success":true}'
    models = codec.decode(body, ModelList)
    assert models.ids == ["gpt-5", "sora-2"]
    assert models.data[0].supported_endpoint_types is None


def test_recorded_model_lists_decode() -> None:
    exchanges = json.loads((fixtures() / "recorded" / "exchanges.json").read_bytes())
    answers = {exchange["id"]: exchange["response"] for exchange in exchanges}
    assert "gpt-4o" in codec.decode(answers["models.list"]["body"].encode(), ModelList).ids
    assert codec.decode(answers["models.list_empty"]["body"].encode(), ModelList).ids == []
    assert "claude-opus-4-6" in codec.decode(answers["models.list_anthropic"]["body"].encode(), ModelList).ids
