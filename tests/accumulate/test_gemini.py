"""The Gemini accumulator: constructed streams for each rule, recorded ones for their expected results."""

import json
import os
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._accumulate.gemini import GeminiAccumulator, blocked, json_path, put
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.errors import ContentFilterError
from tikhub_async.types import gemini as g
from tikhub_async.types._base import without_nulls


def chunk(*parts: dict[str, Any], index: int | None = None, finish: str | None = None, **top: Any) -> g.GeminiChunk:
    """A chunk with one candidate; no content without parts, no candidate without content or finish reason."""
    candidate: dict[str, Any] = {} if index is None else {"index": index}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish is not None:
        candidate["finishReason"] = finish
    return raw({"candidates": [candidate], **top} if candidate else top)


def raw(members: dict[str, Any]) -> g.GeminiChunk:
    return codec.decode(json.dumps(members).encode(), g.GeminiChunk)


def call(**members: Any) -> dict[str, Any]:
    return {"functionCall": members}


def piece(path: str, **value: Any) -> dict[str, Any]:
    """A part with one piece of one argument; the call goes on."""
    return call(partialArgs=[{"jsonPath": path, **value}], willContinue=True)


def collect(*chunks: g.GeminiChunk) -> GeminiAccumulator:
    accumulator = GeminiAccumulator()
    assert accumulator.feed(chunks) == len(chunks)
    return accumulator


def parts_of(*parts: dict[str, Any]) -> list[Any]:
    """The parts that a stream with one part per chunk ends up with, as sent back."""
    response = collect(*[chunk(part) for part in parts], chunk(finish="STOP")).snapshot()
    return list(response.to_param()["parts"])


# --- merging


def test_text_pieces_become_one_part() -> None:
    accumulator = collect(chunk({"text": "He"}), chunk({"text": "l"}, {"text": "lo"}), chunk(finish="STOP"))
    response = accumulator.snapshot()
    assert response.text == "Hello"
    assert response.parts == [g.GeminiPart(text="Hello")]
    assert response.candidates[0].finish_reason == "STOP"
    assert (accumulator.complete, accumulator.ended, accumulator.error, accumulator.problem()) == (
        True,
        False,
        None,
        None,
    )


def test_thoughts_are_parts_of_their_own() -> None:
    thought = {"thought": True}
    assert parts_of({"text": "h", **thought}, {"text": "m", **thought}, {"text": "a"}, {"text": "b"}) == [
        {"text": "hm", **thought},
        {"text": "ab"},
    ]


def test_other_parts_keep_their_place_between_texts() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    assert parts_of({"text": "a"}, image, {"text": "b"}, {"text": "c"}) == [{"text": "a"}, image, {"text": "bc"}]


def test_a_signature_stays_on_its_own_part() -> None:
    signed = {"text": "b", "thoughtSignature": "CoYB"}
    assert parts_of({"text": "a"}, signed, {"text": "c"}, {"text": "d"}) == [{"text": "a"}, signed, {"text": "cd"}]


def test_a_signature_on_an_empty_text_at_the_end_is_kept() -> None:
    tail = {"text": "", "thoughtSignature": "CoYB"}
    assert parts_of({"text": "a"}, tail) == [{"text": "a"}, tail]


def test_an_empty_text_without_a_signature_is_no_part() -> None:
    assert parts_of({"text": "a"}, call(name="f"), {"text": ""}) == [{"text": "a"}, call(name="f", args={})]


@pytest.mark.parametrize(
    "side", [{"partMetadata": {"a": None}}, {"xNewField": 1}, {"speechMetadata": {"speaker": "A"}}]
)
def test_text_with_a_side_key_is_not_merged_away(side: dict[str, Any]) -> None:
    assert parts_of({"text": "a"}, {"text": "b", **side}, {"text": "c"}) == [
        {"text": "a"},
        {"text": "b", **side},
        {"text": "c"},
    ]


def test_an_unknown_kind_of_part_is_kept() -> None:
    assert parts_of({"text": "a"}, {"xBrandNewPart": {"a": 1}}) == [{"text": "a"}, {"xBrandNewPart": {"a": 1}}]


def test_candidates_are_merged_by_index_not_by_position() -> None:
    response = collect(
        chunk({"text": "B"}, index=1),
        chunk({"text": "A"}, index=0),
        raw({"candidates": [{"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}),
        chunk({"text": "a"}, finish="MAX_TOKENS"),
    ).snapshot()
    assert [candidate.index for candidate in response.candidates] == [0, 1]
    assert [candidate.finish_reason for candidate in response.candidates] == ["MAX_TOKENS", "STOP"]
    assert response.text == "Aa"
    second = response.candidates[1].content
    assert second is not None
    assert second.parts == [g.GeminiPart(text="Bb")]


def test_metadata_and_usage_are_those_of_the_last_chunk_that_had_them() -> None:
    first = {"promptTokenCount": 3, "totalTokenCount": 3}
    last = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    accumulator = collect(
        chunk({"text": "a"}, usageMetadata=first, modelVersion="m1", responseId="r", createTime="t"),
        raw({"candidates": [{"groundingMetadata": {"webSearchQueries": ["q"]}, "safetyRatings": [{"category": "c"}]}]}),
        raw({"candidates": [{"finishReason": "STOP", "safetyRatings": [], "tokenCount": 2}]}),
        raw({"usageMetadata": last, "modelVersion": "m2"}),
    )
    response = accumulator.snapshot()
    assert accumulator.usage == response.usage_metadata
    assert response.usage_metadata == g.GeminiUsage(prompt_token_count=3, candidates_token_count=2, total_token_count=5)
    assert (response.model_version, response.response_id, response.create_time) == ("m2", "r", "t")
    (candidate,) = response.candidates
    assert candidate.grounding_metadata == g.GeminiGroundingMetadata(web_search_queries=["q"])
    assert candidate.safety_ratings == [g.GeminiSafetyRating(category="c")]
    assert candidate.token_count == 2


def test_a_candidate_without_content_has_none() -> None:
    (candidate,) = collect(chunk(finish="SAFETY")).snapshot().candidates
    assert candidate == g.GeminiCandidate(finish_reason="SAFETY")


def test_the_text_of_chunks_is_the_text_of_the_answer() -> None:
    chunks = [
        chunk({"text": "hm", "thought": True}, {"text": "a"}),
        chunk({"text": "other"}, index=1),
        chunk({"text": "b", "thoughtSignature": "CoYB"}, finish="STOP"),
    ]
    assert "".join(GeminiAccumulator.text(one) for one in chunks) == collect(*chunks).snapshot().text == "ab"


def test_split_surrogates_on_the_wire_become_one_character() -> None:
    wire = b'{"candidates":[{"content":{"parts":[{"text":"%s"}]}}]}'
    chunks = [codec.decode(wire % half, g.GeminiChunk) for half in (b"\\ud83d", b"\\ude00")]
    assert collect(*chunks).snapshot().text == "😀"


def test_looking_at_the_answer_does_not_disturb_it() -> None:
    accumulator = GeminiAccumulator()
    seen = []
    for one in (chunk({"text": "a"}), chunk({"text": "b"}), chunk(call(name="f", willContinue=True))):
        accumulator.feed([one])
        seen.append(accumulator.snapshot())
    accumulator.feed([chunk(piece("$.x", numberValue=1)), chunk(call())])
    assert [response.text for response in seen] == ["a", "ab", "ab"]
    assert seen[-1].function_calls[0].args == {}
    assert accumulator.snapshot().function_calls[0].args == {"x": 1}


# --- calls whose arguments are streamed


def test_a_call_that_comes_whole_is_one_part() -> None:
    whole = {**call(id="1", name="f", args={"a": None}), "thoughtSignature": "CoYB"}
    assert parts_of(whole, call(name="g", args={})) == [whole, call(name="g", args={})]


def test_streamed_arguments_become_whole_ones() -> None:
    (part,) = parts_of(
        {**call(name="book", id="1", willContinue=True), "thoughtSignature": "CoYB"},
        piece("$.city", stringValue="Os", willContinue=True),
        piece("$.city", stringValue="lo"),
        piece("$.nights", numberValue=2),
        piece("$.late", boolValue=False),
        piece("$.note", nullValue="NULL_VALUE"),
        piece("$.stops[1].name", stringValue="B"),
        piece("$.stops[0]['full name']", stringValue="A"),
        call(),
    )
    args = {
        "city": "Oslo",
        "nights": 2,
        "late": False,
        "note": None,
        "stops": [{"full name": "A"}, {"name": "B"}],
    }
    assert part == {**call(name="book", id="1", args=args), "thoughtSignature": "CoYB"}


def test_a_streamed_call_ends_with_the_piece_that_does_not_go_on() -> None:
    assert parts_of(
        call(name="f", willContinue=True),
        call(partialArgs=[{"jsonPath": "$.a", "numberValue": 1}]),
        call(name="f", args={}),
    ) == [call(name="f", args={"a": 1}), call(name="f", args={})]


def test_two_streamed_calls_are_kept_apart() -> None:
    assert parts_of(
        call(name="f", willContinue=True),
        piece("$.a", stringValue="x"),
        call(),
        call(name="f", willContinue=True),
        piece("$.a", stringValue="y"),
        call(),
    ) == [call(name="f", args={"a": "x"}), call(name="f", args={"a": "y"})]


def test_a_call_of_another_name_ends_the_one_before() -> None:
    calls = (
        collect(
            chunk(call(name="f", willContinue=True)),
            chunk(call(name="g", willContinue=True)),
            chunk(piece("$.a", numberValue=1)),
        )
        .snapshot()
        .function_calls
    )
    assert [(made.name, made.args, made.will_continue) for made in calls] == [("f", {}, True), ("g", {"a": 1}, True)]


def test_a_call_that_was_cut_says_so() -> None:
    accumulator = collect(
        chunk(call(name="f", willContinue=True)), chunk(piece("$.a", stringValue="x", willContinue=True))
    )
    (made,) = accumulator.snapshot().function_calls
    assert (made.args, made.will_continue, accumulator.complete) == ({"a": "x"}, True, False)


def test_a_piece_whose_path_names_nothing_is_kept_beside_the_arguments() -> None:
    (made,) = (
        collect(
            chunk(call(name="f", willContinue=True)),
            chunk(piece("$..a", numberValue=1)),
            chunk(piece("$.a", numberValue=2)),
            chunk(piece("$.a.b", numberValue=3)),
            chunk(call()),
        )
        .snapshot()
        .function_calls
    )
    assert made.args == {"a": 2}
    assert [lost.json_path for lost in made.partial_args or []] == ["$..a", "$.a.b"]


def test_unknown_fields_of_a_streamed_call_go_back() -> None:
    first = {**call(name="f", willContinue=True, xInner=2), "xNew": 1, "thoughtSignature": "CoYB"}
    assert parts_of(first, piece("$.a", numberValue=1), call()) == [
        {**call(name="f", args={"a": 1}, xInner=2), "xNew": 1, "thoughtSignature": "CoYB"}
    ]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$.a", ["a"]),
        ("$.a_b.c-d[0].e", ["a_b", "c-d", 0, "e"]),
        ("$['a b']", ["a b"]),
        ('$["a.b"][12]', ["a.b", 12]),
        (r"$['it\'s']", ["it's"]),
        ("$", []),
        ("a.b", []),
        ("$.a[*]", []),
        ("$..a", []),
        ("$.a[", []),
        ("", []),
    ],
)
def test_json_paths_of_one_value_are_read(path: str, steps: list[str | int]) -> None:
    assert json_path(path) == steps


def test_an_array_is_not_filled_up_to_an_absurd_place() -> None:
    root: dict[str, Any] = {}
    assert put(root, ["a", 10**9], 1) is False
    assert put(root, ["a", 2], 1) is True
    assert root == {"a": [None, None, 1]}


# --- how streams end


def test_an_answer_without_a_finish_reason_is_not_complete() -> None:
    accumulator = collect(chunk({"text": "Hel"}, usageMetadata={"promptTokenCount": 3}))
    assert (accumulator.complete, accumulator.snapshot().text) == (False, "Hel")
    assert accumulator.usage == g.GeminiUsage(prompt_token_count=3)


def test_every_candidate_seen_needs_a_finish_reason() -> None:
    accumulator = collect(chunk({"text": "a"}, finish="STOP"), chunk({"text": "b"}, index=1))
    assert accumulator.complete is False
    accumulator.feed([chunk(index=1, finish="STOP")])
    assert accumulator.complete is True


@pytest.mark.parametrize("chunks", [[], [raw({})], [raw({"usageMetadata": {"promptTokenCount": 1}})]])
def test_a_stream_without_an_answer_is_not_complete(chunks: list[g.GeminiChunk]) -> None:
    accumulator = collect(*chunks)
    assert (accumulator.complete, accumulator.problem(), accumulator.snapshot().candidates) == (False, None, [])


def test_a_blocked_prompt_is_an_answer_and_an_error() -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "No."}
    accumulator = collect(raw({"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 8}}))
    assert accumulator.complete
    problem = accumulator.problem()
    assert isinstance(problem, ContentFilterError)
    assert problem.message == "Gemini blocked the prompt (PROHIBITED_CONTENT): No."
    assert problem.response == accumulator.snapshot()
    assert problem.usage == g.GeminiUsage(prompt_token_count=8)
    assert pickle.loads(pickle.dumps(problem)).response == problem.response


def test_a_blocked_prompt_is_the_same_error_without_a_stream() -> None:
    response = codec.decode(b'{"promptFeedback":{"blockReason":"SAFETY"}}', g.GeminiGenerateContentResponse)
    error = blocked(response)
    assert error is not None
    assert error.response is response
    assert error.message == "Gemini blocked the prompt (SAFETY)"


@pytest.mark.parametrize(
    "members",
    [
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"finishReason": "STOP"}], "promptFeedback": {"blockReason": "SAFETY"}},
        {"promptFeedback": {"safetyRatings": []}},
    ],
)
def test_an_answer_is_not_a_blocked_prompt(members: dict[str, Any]) -> None:
    assert blocked(raw(members)) is None


@pytest.mark.parametrize(
    "error", [{"code": 503, "message": "overloaded", "status": "UNAVAILABLE", "details": []}, "boom"]
)
def test_an_error_payload_stops_the_stream_and_is_kept_whole(error: Any) -> None:
    accumulator = GeminiAccumulator()
    chunks = [
        chunk({"text": "Hi"}, usageMetadata={"totalTokenCount": 1}),
        raw({"error": error}),
        chunk({"text": "never"}),
    ]
    assert accumulator.feed(chunks) == 1
    assert accumulator.error == {"error": error}
    assert (accumulator.complete, accumulator.snapshot().text) == (False, "Hi")
    assert accumulator.usage == g.GeminiUsage(total_token_count=1)


@given(st.lists(st.tuples(st.sampled_from("abc "), st.booleans()), max_size=12), st.integers(0, 2**16))
def test_batching_makes_no_difference(pieces: list[tuple[str, bool]], seed: int) -> None:
    chunks = [chunk({"text": text, "thought": thought}) for text, thought in pieces]
    batched = GeminiAccumulator()
    for part in batches(chunks, random.Random(seed)):
        batched.feed(part)
    assert batched.snapshot() == collect(*chunks).snapshot()


# --- recorded streams


def batches(chunks: Sequence[g.GeminiChunk], chance: random.Random) -> list[Sequence[g.GeminiChunk]]:
    parts, rest = [], chunks
    while rest:
        size = chance.randint(1, 9)
        parts.append(rest[:size])
        rest = rest[size:]
    return parts


def fixtures() -> Path:
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no recorded streams to read")
    return Path(folder)


def chunks_of(body: bytes) -> list[g.GeminiChunk]:
    decoder = SSEDecoder()
    framed = [*decoder.decode(body), *decoder.flush()]
    return [codec.decode(one.data, g.GeminiChunk) for one in framed]


def summary(candidate: g.GeminiCandidate) -> dict[str, Any]:
    """A candidate in the words of the expected results."""
    parts = candidate.content.parts if candidate.content else []
    found: dict[str, Any] = {
        "index": candidate.index,
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thought_text": "".join(part.text or "" for part in parts if part.thought),
        "function_calls": [
            {"name": part.function_call.name, "args": part.function_call.args} for part in parts if part.function_call
        ],
        "finishReason": candidate.finish_reason,
        "signatures": sum(part.thought_signature is not None for part in parts),
    }
    for name in ("grounding_metadata", "url_context_metadata", "safety_ratings"):
        if getattr(candidate, name):
            head, tail = name.split("_", 1)
            found[f"has_{head}{tail.title().replace('_', '')}"] = True
    return found


def test_recorded_streams_give_the_expected_answers_however_they_are_cut() -> None:
    folder = fixtures() / "fixtures"
    expected = json.loads((folder / "expected/gemini.json").read_bytes())
    assert expected
    chance = random.Random(7)
    for name, wanted in expected.items():
        chunks = chunks_of((folder / "gemini" / name).read_bytes())
        assert len(chunks) == wanted["chunks"], name
        candidates = [{k: v for k, v in each.items() if k != "parts_seen"} for each in wanted["candidates"]]
        usage = {key: value for key, value in wanted["usageMetadata"].items() if not key.startswith("xNew")}
        for parts in ([chunks], [[one] for one in chunks], batches(chunks, chance)):
            accumulator = GeminiAccumulator()
            for part in parts:
                assert accumulator.feed(part) == len(part)
            response = accumulator.snapshot()
            assert [summary(each) for each in response.candidates] == candidates, name
            assert without_nulls(msgspec.to_builtins(accumulator.usage)) == usage, name
            assert accumulator.complete is all(each["finishReason"] for each in candidates), name
            feedback = without_nulls(msgspec.to_builtins(response.prompt_feedback))
            assert feedback == wanted.get("promptFeedback"), name
            assert isinstance(accumulator.problem(), ContentFilterError) is ("promptFeedback" in wanted), name


def recorded(exchange_id: str) -> GeminiAccumulator:
    folder = fixtures() / "recorded"
    (response,) = [
        exchange["response"]
        for exchange in json.loads((folder / "exchanges.json").read_bytes())
        if exchange["id"] == exchange_id
    ]
    body = (
        (folder / str(response["body_file"])).read_bytes()
        if "body_file" in response
        else str(response["body"]).encode()
    )
    accumulator = GeminiAccumulator()
    accumulator.feed(chunks_of(body))
    return accumulator


@pytest.mark.parametrize("exchange_id", ["gemini.stream_sse", "gemini.openai_model_stream"])
def test_recorded_whole_streams_are_complete(exchange_id: str) -> None:
    accumulator = recorded(exchange_id)
    assert (accumulator.complete, accumulator.snapshot().text) == (True, "Hello from upstream.")


@pytest.mark.parametrize(
    "exchange_id",
    ["gemini.stream_cut", "gemini.stream_empty", "gemini.stream_undecodable", "gemini.stream_raw_error"],
)
def test_recorded_cut_streams_are_not_complete(exchange_id: str) -> None:
    assert recorded(exchange_id).complete is False


def test_a_recorded_error_in_the_stream_is_found() -> None:
    error = recorded("gemini.stream_error_data").error
    assert error == {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


def test_a_recorded_blocked_prompt_is_an_error() -> None:
    assert isinstance(recorded("gemini.blocked_stream").problem(), ContentFilterError)
