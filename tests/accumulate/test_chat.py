"""The chat accumulator: constructed streams for each rule, recorded ones for their expected results."""

import base64
import json
import os
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._accumulate.chat import ChatAccumulator, join_base64, join_text
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.types.chat import ChatCompletionChunk, ChatCompletionMessage, ChatCompletionResponse
from tikhub_async.types.usage import UsageInfo


def chunk(**members: Any) -> ChatCompletionChunk:
    return codec.decode(json.dumps(members).encode(), ChatCompletionChunk)


def part(delta: dict[str, Any] | None = None, *, index: int = 0, **members: Any) -> ChatCompletionChunk:
    """A chunk with one choice."""
    return chunk(id="c1", model="m1", created=5, choices=[{"index": index, "delta": delta or {}, **members}])


def calls(*deltas: dict[str, Any]) -> ChatCompletionChunk:
    return part({"tool_calls": list(deltas)})


def piece(arguments: str, *, name: str | None = None, **members: Any) -> dict[str, Any]:
    """A piece of a tool call."""
    return {"function": {"arguments": arguments, **({"name": name} if name else {})}, **members}


def collect(*chunks: ChatCompletionChunk) -> ChatAccumulator:
    accumulator = ChatAccumulator()
    assert accumulator.feed(chunks) == len(chunks)
    return accumulator


def message_of(*chunks: ChatCompletionChunk) -> ChatCompletionMessage:
    return collect(*chunks).snapshot().choices[0].message


FINISH = part(finish_reason="stop")


def test_text_pieces_join() -> None:
    response = collect(
        part({"role": "assistant", "content": ""}), part({"content": "He"}), part({"content": "llo"}), FINISH
    ).snapshot()
    assert response.text == "Hello"
    assert (response.id, response.model, response.created, response.object) == ("c1", "m1", 5, "chat.completion")
    assert response.choices[0].finish_reason == "stop"


def test_content_is_null_until_a_string_arrives() -> None:
    assert message_of(part({"role": "assistant", "content": None})).content is None
    assert message_of(part({"content": ""})).content == ""


def test_names_come_from_the_first_chunk_that_has_them() -> None:
    unnamed = {"id": "", "model": "", "created": 0, "choices": []}
    response = collect(
        chunk(**unnamed), chunk(id="a", model="", created=0), chunk(id="b", model="m", created=9)
    ).snapshot()
    assert (response.id, response.model, response.created) == ("a", "m", 9)
    assert collect(chunk(**unnamed)).snapshot().created is None


def test_last_usage_stands_and_is_not_summed() -> None:
    accumulator = collect(
        chunk(usage={"total_tokens": 3}),
        chunk(usage={"total_tokens": 5}),
        chunk(usage=None, moderation={"input": None}),
    )
    assert accumulator.usage is not None
    assert accumulator.usage.total_tokens == 5
    assert accumulator.snapshot().usage == accumulator.usage


def test_unknown_usage_is_none() -> None:
    assert collect(part({"content": "x"}), FINISH).usage is None


def test_answer_is_complete_when_each_choice_seen_has_finished() -> None:
    assert not ChatAccumulator().complete
    assert not collect(chunk(choices=[], usage={"total_tokens": 1})).complete
    accumulator = collect(part({"content": "a"}), part({"content": "b"}, index=1), FINISH)
    assert not accumulator.complete
    accumulator.feed([part(index=1, finish_reason="length")])
    assert accumulator.complete
    assert not accumulator.ended
    assert accumulator.problem() is None


def test_interleaved_choices_are_told_apart_and_ordered() -> None:
    response = collect(
        part({"content": "b"}, index=2), part({"content": "a"}), part({"content": "b"}, index=2)
    ).snapshot()
    assert [(choice.index, choice.message.content) for choice in response.choices] == [(0, "a"), (2, "bb")]


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["tool_calls", "stop"], "tool_calls"),
        (["length", "stop"], "length"),
        (["stop", "tool_calls"], "tool_calls"),
        (["tool_calls", "length"], "tool_calls"),
        (["stop", None, ""], "stop"),
        (["insufficient_system_resource"], "insufficient_system_resource"),
    ],
)
def test_finish_reason_that_says_more_stands(reasons: list[str | None], expected: str) -> None:
    response = collect(*[part(finish_reason=reason) for reason in reasons]).snapshot()
    assert response.choices[0].finish_reason == expected


def test_tool_call_arguments_join_by_index() -> None:
    message = message_of(
        calls({"index": 0, "id": "call_a", "type": "function", **piece("", name="f")}),
        calls(piece('{"a":', index=0)),
        calls({"index": 1, "id": "call_b", "type": "function", **piece('{"b"', name="g")}),
        calls(piece("1}", index=0), piece(":2}", index=1)),
    )
    assert [(call.id, call.name, call.arguments, call.index) for call in message.tool_calls] == [
        ("call_a", "f", '{"a":1}', 0),
        ("call_b", "g", '{"b":2}', 1),
    ]


def test_calls_come_in_the_order_of_their_index() -> None:
    message = message_of(calls({"index": 1, "id": "b", **piece("2")}, {"index": 0, "id": "a", **piece("1")}))
    assert [call.id for call in message.tool_calls] == ["a", "b"]


def test_only_call_may_have_index_one() -> None:
    message = message_of(calls({"index": 1, "id": "t", **piece("{", name="f")}), calls(piece("}", index=1)))
    assert [(call.index, call.arguments, call.type) for call in message.tool_calls] == [(1, "{}", "function")]


def test_calls_of_different_choices_do_not_mix() -> None:
    first = part({"tool_calls": [{"index": 0, "id": "a", **piece("1", name="f")}]})
    second = part({"tool_calls": [{"index": 0, "id": "b", **piece("2", name="f")}]}, index=1)
    response = collect(first, second, first).snapshot()
    assert [choice.message.tool_calls[0].arguments for choice in response.choices] == ["11", "2"]


def test_calls_without_index_go_by_id_then_by_order() -> None:
    message = message_of(
        calls({"id": "a", **piece("1", name="f")}),
        calls(piece("2")),
        calls({"index": None, "id": "b", **piece("3", name="g")}),
        calls(piece("4")),
        calls({"id": "a", **piece("5")}),
        calls(piece("6"), piece("7")),
    )
    assert [(call.id, call.arguments, call.index) for call in message.tool_calls] == [
        ("a", "1256", None),
        ("b", "347", None),
    ]


def test_whole_calls_that_all_have_index_zero_stay_apart() -> None:
    message = message_of(
        calls({"index": 0, "id": "a", **piece("{}", name="f")}),
        calls({"index": 0, "id": "b", **piece("{", name="f")}),
        calls(piece("}", index=0)),
    )
    assert [(call.id, call.arguments) for call in message.tool_calls] == [("a", "{}"), ("b", "{}")]


def test_repeated_id_type_and_name_are_taken_once() -> None:
    delta = {"index": 0, "id": "a", "type": "function", **piece("1", name="f")}
    message = message_of(calls(delta), calls(delta))
    assert [(call.id, call.type, call.name, call.arguments) for call in message.tool_calls] == [
        ("a", "function", "f", "11")
    ]


def test_custom_tool_input_joins() -> None:
    message = message_of(
        calls({"index": 0, "id": "a", "type": "custom", "custom": {"name": "shell", "input": "l"}}),
        calls({"index": 0, "custom": {"input": "s"}}),
    )
    assert message.tool_calls[0].custom is not None
    assert (message.tool_calls[0].name, message.tool_calls[0].arguments) == ("shell", "ls")
    assert message.tool_calls[0].to_param() == {"type": "custom", "id": "a", "custom": {"name": "shell", "input": "ls"}}


def test_old_function_call_joins() -> None:
    message = message_of(
        part({"function_call": {"name": "f", "arguments": ""}}), part({"function_call": {"arguments": "{}"}})
    )
    assert message.function_call is not None
    assert (message.function_call.name, message.function_call.arguments) == ("f", "{}")


def test_reasoning_and_refusal_join_beside_the_text() -> None:
    message = message_of(
        part({"reasoning_content": "thi", "content": None}),
        part({"reasoning_content": "nk"}),
        part({"content": "x", "reasoning_content": None}),
        part({"refusal": "No"}),
        part({"refusal": "."}),
    )
    assert (message.reasoning_content, message.content, message.refusal) == ("think", "x", "No.")


def test_logprobs_concatenate() -> None:
    tokens = [{"token": "a", "logprob": 0}, {"token": "b", "logprob": -0.5}]
    response = collect(
        part({"content": "a"}, logprobs={"content": tokens[:1], "refusal": None}),
        part({"content": "b"}, logprobs={"content": tokens[1:]}),
        part({"refusal": "c"}, logprobs={"refusal": tokens[:1]}),
    ).snapshot()
    logprobs = response.choices[0].logprobs
    assert logprobs is not None
    assert [token.token for token in logprobs.content or []] == ["a", "b"]
    assert [token.token for token in logprobs.refusal or []] == ["a"]


def test_partial_results_do_not_grow_afterwards() -> None:
    accumulator = collect(part({"content": "a"}, logprobs={"content": [{"token": "a"}]}))
    early = accumulator.snapshot()
    accumulator.feed([part({"content": "b", "annotations": [{}]}, logprobs={"content": [{"token": "b"}]})])
    logprobs = early.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs.content or []) == 1
    assert (early.text, early.choices[0].message.annotations) == ("a", [])
    assert accumulator.snapshot().text == "ab"


def test_audio_members_come_in_separate_chunks() -> None:
    message = message_of(
        part({"audio": {"id": "audio_1", "transcript": "He"}}),
        part({"audio": {"data": "AAEC"}}),
        part({"audio": {"data": "AwQF", "transcript": "llo"}}),
        part({"audio": {"expires_at": 7}}),
    )
    assert message.audio is not None
    assert (message.audio.id, message.audio.transcript, message.audio.expires_at) == ("audio_1", "Hello", 7)
    assert message.audio.to_bytes() == bytes(range(6))


@given(st.lists(st.binary(max_size=9), max_size=6))
def test_sound_encoded_piece_by_piece_is_whole(pieces: list[bytes]) -> None:
    encoded = [base64.b64encode(piece).decode() for piece in pieces]
    assert base64.b64decode(join_base64(encoded)) == b"".join(pieces)


@given(st.binary(max_size=40), st.lists(st.integers(0, 60)))
def test_sound_encoded_once_and_cut_anywhere_is_whole(sound: bytes, cuts: list[int]) -> None:
    text = base64.b64encode(sound).decode()
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(edges)]
    assert join_base64(pieces) == text


def test_sound_that_was_cut_short_is_kept_as_it_came() -> None:
    assert join_base64(["AA==", "A"]) == "AA==A"
    assert join_base64(["AA==", "\ufffdA="]) == "AA==\ufffdA="


@given(st.text(st.characters(exclude_categories=())))
def test_characters_split_between_pieces_are_rejoined(text: str) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    pieces = [units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2)]
    expected = units.decode("utf-16-le", "surrogatepass")
    assert (join_text(pieces) or "") == expected


def test_character_split_between_chunks_is_one_character() -> None:
    halves = [rb'{"choices":[{"delta":{"content":"a\ud83d"}}]}', rb'{"choices":[{"delta":{"content":"\ude00b"}}]}']
    assert message_of(*[codec.decode(half, ChatCompletionChunk) for half in halves]).content == "a😀b"


def test_filter_and_moderation_verdicts_are_kept() -> None:
    verdict = {"hate": {"filtered": True}}
    response = collect(
        chunk(choices=[], prompt_filter_results=[{"prompt_index": 0, "content_filter_results": verdict}]),
        part({"content": "x"}, content_filter_results=verdict),
        part({}, content_filter_results={}, finish_reason="content_filter"),
        chunk(
            choices=[],
            moderation={"output": {"type": "error", "code": "c"}},
            service_tier="flex",
            system_fingerprint="fp",
        ),
        chunk(choices=[], system_fingerprint=""),
    ).snapshot()
    results = response.choices[0].content_filter_results
    assert results is not None
    assert results.filtered == ["hate"]
    assert response.prompt_filter_results is not None
    assert response.moderation is not None
    assert (response.service_tier, response.system_fingerprint) == ("flex", "fp")


def test_azure_choice_without_delta_is_no_content() -> None:
    filtered = chunk(choices=[{"index": 0, "finish_reason": None, "content_filter_results": {}}])
    assert message_of(part({"content": "x"}), filtered).content == "x"


def test_annotations_are_collected() -> None:
    note = {"type": "url_citation", "url_citation": {"url": "u"}}
    assert len(message_of(part({"annotations": [note]}), part({"annotations": [note]})).annotations) == 2


def test_error_is_kept_and_what_came_before_it_counts() -> None:
    accumulator = ChatAccumulator()
    events = [part({"content": "a"}), chunk(error={"message": "m", "code": None}), part({"content": "b"})]
    assert accumulator.feed(events) == 1
    assert accumulator.error == {"error": {"message": "m", "code": None}}
    assert accumulator.snapshot().text == "a"
    assert not accumulator.complete


def test_null_error_member_is_no_error() -> None:
    assert collect(chunk(error=None, choices=[{"delta": {"content": "a"}}])).error is None


def test_text_of_an_event_is_that_of_the_first_choice() -> None:
    assert ChatAccumulator.text(part({"content": "a"})) == "a"
    assert ChatAccumulator.text(part({"content": "a"}, index=1)) == ""
    assert ChatAccumulator.text(chunk(choices=[])) == ""


def test_nothing_is_an_empty_answer() -> None:
    response = ChatAccumulator().snapshot()
    assert (response.choices, response.text, response.usage) == ([], "", None)


def root() -> Path:
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no recorded streams to read")
    return Path(folder)


def chunks_of(body: bytes) -> list[ChatCompletionChunk]:
    decoder = SSEDecoder()
    events = [*decoder.decode(body), *decoder.flush()]
    return [codec.decode(event.data, ChatCompletionChunk) for event in events if event.data != b"[DONE]"]


def feed_all(chunks: Sequence[ChatCompletionChunk], batches: random.Random) -> ChatAccumulator:
    """Feeds in batches of random size, stopping at an error as a stream does."""
    accumulator = ChatAccumulator()
    rest = list(chunks)
    while rest:
        size = batches.randint(1, 9)
        batch, rest = rest[:size], rest[size:]
        if accumulator.feed(batch) < len(batch):
            break
    return accumulator


def as_expected(response: ChatCompletionResponse) -> dict[str, Any]:
    """Our result in the shape of the expected one."""
    choices: list[dict[str, Any]] = []
    for choice in response.choices:
        message = choice.message
        found: dict[str, Any] = {
            "index": choice.index,
            "role": message.role,
            "content": message.content,
            "refusal": message.refusal,
            "reasoning_content": message.reasoning_content,
            "tool_calls": [
                {"index": call.index, "id": call.id, "type": call.type, "name": call.name, "arguments": call.arguments}
                for call in message.tool_calls
            ],
            "finish_reason": choice.finish_reason,
        }
        if message.audio is not None:
            audio = message.audio
            found["audio"] = {name: getattr(audio, name) for name in ("id", "data", "transcript", "expires_at")}
        choices.append(found)
    return {"id": response.id, "created": response.created, "model": response.model, "choices": choices}


@pytest.mark.parametrize("provider", ["openai_chat", "claude_chat", "deepseek"])
@pytest.mark.parametrize("seed", range(5))
def test_recorded_streams_give_the_expected_results(provider: str, seed: int) -> None:
    folder = root() / "fixtures"
    expected = json.loads((folder / "expected" / f"{provider}.json").read_bytes())
    assert expected
    for name, wire in expected.items():
        accumulator = feed_all(chunks_of((folder / provider / name).read_bytes()), random.Random(seed))
        response = accumulator.snapshot()
        shared = {key: wire[key] for key in ("id", "created", "model", "choices")}
        assert as_expected(response) == shared, name
        for key in ("service_tier", "system_fingerprint"):
            assert getattr(response, key) == wire.get(key), (name, key)
        usage = wire["usage"]
        if usage is None:
            assert accumulator.usage is None, name
        else:
            assert response.usage == codec.decode(json.dumps(usage).encode(), UsageInfo), name
        assert (response.moderation is not None) == ("moderation" in wire), name
        assert (accumulator.error or {}).get("error") == wire.get("error"), name
        finished = all(choice["finish_reason"] for choice in wire["choices"])
        assert accumulator.complete == finished, name


def test_every_recorded_stream_of_these_providers_has_an_expected_result() -> None:
    folder = root() / "fixtures"
    for provider in ("openai_chat", "claude_chat", "deepseek"):
        expected = json.loads((folder / "expected" / f"{provider}.json").read_bytes())
        assert {file.name for file in (folder / provider).glob("*.sse")} == set(expected)


INCOMPLETE = {
    "chat.stream_cut_rst",
    "chat.stream_cut_fin",
    "chat.stream_end_early",
    "chat.stream_done_without_finish",
    "chat.stream_only_done",
    "chat.stream_error_event",
    "chat.stream_error_first",
    "chat.stream_got_json",
    "chat.upstream_html_200_stream",
    "chat.upstream_empty_200_stream",
    "chat.fixture_stream_truncated_no_done",
    "chat.fixture_stream_error_midstream",
    "chat.claude_stream_error",
    "chat.claude_stream_cut",
    "chat.gemini_blocked_stream",
    "chat.gemini_stream_cut",
}
"""Recorded streams that end with `[DONE]`, most of them, and yet are not whole."""

NOT_CHUNKS = {"chat.stream_bad_json_event", "chat.stream_multiline_data"}
"""Recorded streams that hold an event which is not JSON."""


def recorded_streams() -> dict[str, bytes]:
    folder = root() / "recorded"
    streams: dict[str, bytes] = {}
    for exchange in json.loads((folder / "exchanges.json").read_bytes()):
        answer = exchange["response"]
        if exchange["group"] != "chat" or answer["status"] != 200:
            continue
        body = (
            (folder / answer["body_file"]).read_bytes()
            if "body_file" in answer
            else (answer.get("body") or "").encode()
        )
        if b"data:" in body[:400] and not body.lstrip().startswith(b"{"):
            streams[exchange["id"]] = body
    return streams


def test_recorded_gateway_streams_are_told_whole_from_cut() -> None:
    streams = recorded_streams()
    assert len(streams) > 30
    incomplete = {
        name
        for name, body in streams.items()
        if name not in NOT_CHUNKS and not feed_all(chunks_of(body), random.Random(1)).complete
    }
    assert incomplete == INCOMPLETE


def test_recorded_gemini_tool_call_keeps_its_finish_reason() -> None:
    response = feed_all(chunks_of(recorded_streams()["chat.gemini_stream_tools"]), random.Random(1)).snapshot()
    assert response.choices[0].finish_reason == "tool_calls"
    assert [(call.name, call.arguments) for call in response.choices[0].message.tool_calls] == [
        ("get_weather", '{"city":"Paris"}')
    ]
