"""The transcription accumulator."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tikhub_async._accumulate.transcription import TranscriptionAccumulator
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.types._base import Unknown
from tikhub_async.types.audio import TranscriptionStreamEvent


def event(**members: Any) -> TranscriptionStreamEvent:
    found: TranscriptionStreamEvent = codec.decode(json.dumps(members).encode(), TranscriptionAccumulator.event_type)
    return found


def delta(text: str, **members: Any) -> TranscriptionStreamEvent:
    return event(type="transcript.text.delta", delta=text, **members)


def collect(*events: TranscriptionStreamEvent) -> TranscriptionAccumulator:
    accumulator = TranscriptionAccumulator()
    assert accumulator.feed(events) == len(events)
    return accumulator


def test_done_event_ends_it_with_the_whole_text_and_usage() -> None:
    accumulator = collect(
        delta("Hel", logprobs=[{"token": "Hel"}]),
        delta("lo"),
        event(
            type="transcript.text.done",
            text="Hello.",
            usage={"type": "tokens", "total_tokens": 3},
            languages=[{"code": "en"}],
        ),
    )
    response = accumulator.snapshot()
    assert accumulator.complete
    assert accumulator.ended
    assert response.text == "Hello."
    assert accumulator.usage is not None
    assert accumulator.usage.total_tokens == 3
    assert [language.code for language in response.languages] == ["en"]
    assert [token.token for token in response.logprobs] == ["Hel"]
    assert accumulator.problem() is None


def test_what_follows_the_end_is_not_handed_out() -> None:
    accumulator = TranscriptionAccumulator()
    done = event(type="transcript.text.done", text="Hello.")
    assert accumulator.feed([delta("Hello."), done, delta("again")]) == 2
    assert accumulator.snapshot().text == "Hello."


def test_log_probabilities_of_the_done_event_replace_those_of_the_deltas() -> None:
    tokens = [{"token": "a"}, {"token": "b"}]
    response = collect(
        delta("a", logprobs=tokens[:1]), event(type="transcript.text.done", text="ab", logprobs=tokens)
    ).snapshot()
    assert [token.token for token in response.logprobs] == ["a", "b"]


def test_cut_stream_keeps_the_pieces() -> None:
    accumulator = collect(delta("Hel"), delta("lo"))
    assert accumulator.snapshot().text == "Hello"
    assert not accumulator.complete
    assert not accumulator.ended
    assert accumulator.usage is None


def test_done_event_without_text_leaves_the_pieces() -> None:
    assert collect(delta("Hello"), event(type="transcript.text.done")).snapshot().text == "Hello"


def test_segments_are_collected_with_their_speakers() -> None:
    segment = {"type": "transcript.text.segment", "id": "s1", "start": 0, "end": 2, "text": "Hi.", "speaker": "A"}
    found = collect(event(**segment)).snapshot().segments
    assert [(one.id, one.speaker, one.end) for one in found] == [("s1", "A", 2.0)]


@pytest.mark.parametrize("members", [{"error": {"message": "m"}}, {"type": "error", "message": "m"}, {"error": "m"}])
def test_error_event_is_kept_and_what_came_before_it_counts(members: dict[str, Any]) -> None:
    accumulator = TranscriptionAccumulator()
    assert accumulator.feed([delta("a"), event(**members), delta("b")]) == 1
    assert accumulator.error == members
    assert accumulator.snapshot().text == "a"


def test_event_of_unknown_type_is_handed_on() -> None:
    strange = event(type="transcript.text.new", x=1)
    assert isinstance(strange, Unknown)
    assert collect(strange).error is None
    assert TranscriptionAccumulator.text(strange) == ""
    assert TranscriptionAccumulator.text(delta("a")) == "a"


def test_recorded_stream_gives_text_segments_and_usage() -> None:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there is no recorded stream to read")
    decoder = SSEDecoder()
    body = (Path(root) / "fixtures" / "openai_audio" / "stream_transcription.sse").read_bytes()
    events = [*decoder.decode(body), *decoder.flush()]
    accumulator = TranscriptionAccumulator()
    for one in events:
        if one.data != b"[DONE]":
            accumulator.feed([codec.decode(one.data, TranscriptionAccumulator.event_type)])
    response = accumulator.snapshot()
    assert (response.text, len(response.segments), len(response.logprobs)) == ("Hello there.", 1, 1)
    assert response.usage is not None
    assert response.usage.total_tokens == 19
    assert accumulator.complete
