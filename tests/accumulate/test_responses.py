"""The Responses accumulator: constructed streams for each rule, provider streams for their expected results."""

import json
import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tikhub_async._accumulate._text import joined
from tikhub_async._accumulate.responses import ResponsesAccumulator
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.types import responses as r
from tikhub_async.types.responses import ResponseObject, ResponseStreamEvent

TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def unframed(**members: Any) -> ResponseStreamEvent:
    """An event of any type or none, decoded as the session does it."""
    decoded: ResponseStreamEvent = codec.decode(json.dumps(members).encode(), ResponsesAccumulator.event_type)
    return decoded


def event(word: str, **members: Any) -> ResponseStreamEvent:
    """An event whose type is `response.` and the word."""
    return unframed(type=f"response.{word}", **members)


def state(word: str, **members: Any) -> ResponseStreamEvent:
    return event(word, response={"id": "resp_1", "model": "m", "status": word, **members})


def added(**item: Any) -> ResponseStreamEvent:
    return event("output_item.added", output_index=0, item=item)


def done(index: int = 0, **item: Any) -> ResponseStreamEvent:
    return event("output_item.done", output_index=index, item=item)


def text(delta: str, *, index: int = 0, part: int = 0) -> ResponseStreamEvent:
    return event("output_text.delta", output_index=index, content_index=part, delta=delta, item_id=f"msg_{index}")


def message(words: str, **members: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": words, "annotations": []}
    return {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed", "content": [part], **members}


CREATED = state("created", status="in_progress", output=[])
STARTED = added(type="message", id="msg_0", status="in_progress", role="assistant", content=[])
USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
TOTALS = r.ResponseUsage(input_tokens=3, output_tokens=2, total_tokens=5)


def collect(*events: ResponseStreamEvent) -> ResponsesAccumulator:
    accumulator = ResponsesAccumulator()
    assert accumulator.feed(events) == len(events)
    return accumulator


def only_item(*events: ResponseStreamEvent) -> Any:
    [item] = collect(*events).snapshot().output
    return item


# the end


@pytest.mark.parametrize("word", ["completed", "incomplete"])
def test_the_last_event_carries_the_response(word: str) -> None:
    last = state(word, output=[message("whole")], usage=USAGE)
    accumulator = collect(CREATED, STARTED, text("half"), last)
    assert accumulator.complete
    assert accumulator.ended
    assert accumulator.error is None
    assert accumulator.problem() is None
    assert accumulator.snapshot().text == "whole"
    assert accumulator.snapshot().status == word
    assert accumulator.usage == accumulator.snapshot().usage == TOTALS


def test_a_cancelled_response_is_an_answer() -> None:
    accumulator = collect(CREATED, state("completed", status="cancelled"))
    assert accumulator.snapshot().status == "cancelled"
    assert accumulator.problem() is None


def test_a_last_event_without_status_says_it_by_its_type() -> None:
    assert collect(event("completed", response={"id": "r"})).snapshot().status == "completed"
    assert collect(event("incomplete")).snapshot().status == "incomplete"


def test_a_last_event_without_output_gets_what_was_streamed() -> None:
    whole, reasoning = message("whole"), {"type": "reasoning", "id": "rs_1", "summary": []}
    last = state("completed", output=[], usage=USAGE)
    response = collect(CREATED, done(1, **whole), done(0, **reasoning), last).snapshot()
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert (response.text, response.status) == ("whole", "completed")
    assert collect(text("only deltas"), last).snapshot().text == "only deltas"
    assert collect(CREATED, last).snapshot().output == []


def test_nothing_is_handed_out_after_the_end() -> None:
    accumulator = ResponsesAccumulator()
    assert accumulator.feed([CREATED, state("completed"), text("late")]) == 2


def test_an_empty_stream_is_not_complete() -> None:
    accumulator = collect()
    assert not accumulator.complete
    assert accumulator.usage is None
    assert accumulator.snapshot() == ResponseObject(status="in_progress")


# errors


def test_a_failed_response_is_an_error_and_keeps_what_arrived() -> None:
    error = {"code": "server_error", "message": "boom", "param": None}
    failed = state("failed", error=error, usage=USAGE)
    accumulator = ResponsesAccumulator()
    assert accumulator.feed([CREATED, text("so far"), failed, text("late")]) == 2
    assert accumulator.error == {"error": {"code": "server_error", "message": "boom"}}
    assert accumulator.complete
    assert accumulator.ended
    assert accumulator.snapshot().text == "so far"
    assert accumulator.snapshot().status == "failed"
    assert accumulator.usage == TOTALS


def test_a_failed_response_without_a_reason_is_an_error_too() -> None:
    accumulator = ResponsesAccumulator()
    assert accumulator.feed([state("failed", error=None)]) == 0
    assert accumulator.error == {"error": {"message": "the response failed and the provider gave no reason"}}


@pytest.mark.parametrize(
    "error",
    [
        {"type": "error", "code": "server_error", "message": "boom", "sequence_number": 2},
        {"type": "error", "error": {"type": "t", "code": "c", "message": "boom", "new": {"a": [1]}}},
        {"type": "error", "error": "boom"},
        {"error": {"message": "upstream timeout", "type": "upstream_error", "param": "", "code": 504}},
        {"error": "boom"},
        {"type": "upstream_error", "error": {"message": "boom"}},
    ],
    ids=["flat", "nested", "nested text", "without type", "text without type", "of another type"],
)
def test_an_error_event_is_an_error(error: dict[str, Any]) -> None:
    accumulator = ResponsesAccumulator()
    assert accumulator.feed([CREATED, STARTED, text("so far"), unframed(**error), text("late")]) == 3
    assert accumulator.error == error
    assert accumulator.ended
    assert not accumulator.complete
    assert accumulator.snapshot().text == "so far"


def test_events_of_a_newer_protocol_are_no_errors() -> None:
    newer = event("new_tool_call.failed", error={"message": "the tool, not the stream"})
    accumulator = collect(newer, unframed(type="brand_new", error=None), unframed(x="error"), text("a"))
    assert accumulator.error is None
    assert accumulator.snapshot().text == "a"


# a stream without its last event


def test_a_cut_stream_shows_all_text() -> None:
    accumulator = collect(CREATED, STARTED, text("Hel"), text("lo"))
    response = accumulator.snapshot()
    assert (response.id, response.model, response.status, response.text) == ("resp_1", "m", "in_progress", "Hello")
    assert not accumulator.complete
    assert not accumulator.ended
    assert response.output[0] == r.ResponseOutputMessage(
        id="msg_0", status="in_progress", content=[r.ResponseOutputText(text="Hello")]
    )


def test_a_snapshot_does_not_end_the_stream() -> None:
    accumulator = collect(CREATED, text("a"))
    assert accumulator.snapshot().text == "a"
    accumulator.feed([text("b")])
    assert accumulator.snapshot().text == "ab"


def test_items_and_parts_that_run_side_by_side_stay_apart() -> None:
    response = collect(
        text("c", index=2), text("b", part=1), text("a"), text("C", index=2), text("B", part=1)
    ).snapshot()
    first, second = response.output
    assert isinstance(first, r.ResponseOutputMessage)
    assert isinstance(second, r.ResponseOutputMessage)
    assert [part.text for part in first.content if isinstance(part, r.ResponseOutputText)] == ["a", "bB"]
    assert (first.id, second.id, second.text) == ("msg_0", "msg_2", "cC")


def test_an_item_keeps_its_place_when_its_id_changes() -> None:
    assert only_item(STARTED, text("a"), done(**message("b", id="another"))).text == "b"


def test_a_whole_text_replaces_its_deltas() -> None:
    assert only_item(text("gar"), event("output_text.done", text="whole")).text == "whole"


def test_a_whole_part_brings_annotations_and_logprobs() -> None:
    citation = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
    part = {"type": "output_text", "text": "ab", "annotations": [citation], "logprobs": [{"token": "ab", "logprob": 0}]}
    item = only_item(STARTED, text("a"), event("content_part.done", part=part))
    assert item.content[0].annotations == [r.ResponseUrlCitation(url="u", title="t", end_index=1)]
    assert item.content[0].logprobs == [r.ResponseLogprob(token="ab", logprob=0)]


def test_logprobs_come_with_deltas_or_with_the_whole_text() -> None:
    tokens = [{"token": word, "logprob": -1} for word in "ab"]
    deltas = [event("output_text.delta", delta=token["token"], logprobs=[token]) for token in tokens]
    expected = [r.ResponseLogprob(token=word, logprob=-1) for word in "ab"]
    assert only_item(*deltas).content == [r.ResponseOutputText(text="ab", logprobs=expected)]
    whole = event("output_text.done", text="ab", logprobs=tokens)
    assert only_item(deltas[0], whole).content == [r.ResponseOutputText(text="ab", logprobs=expected)]
    part = {"type": "output_text", "text": "ab", "annotations": [], "logprobs": []}
    assert only_item(*deltas, event("content_part.done", part=part)).content[0].logprobs == expected


def test_annotations_reach_an_unfinished_text() -> None:
    citation = {"type": "file_path", "file_id": "f", "index": 0}
    note = event("output_text.annotation.added", annotation=citation)
    item = only_item(STARTED, text("a"), note, event("output_text.annotation.added", annotation=None))
    assert item.content == [r.ResponseOutputText(text="a", annotations=[r.ResponseFilePath(file_id="f")])]


def test_a_part_that_only_began_is_there() -> None:
    item = only_item(STARTED, event("content_part.added", part={"type": "refusal", "refusal": ""}))
    assert item.content == [r.ResponseOutputRefusal()]


def test_refusals_are_not_text() -> None:
    response = collect(event("refusal.delta", delta="I "), event("refusal.delta", delta="can't")).snapshot()
    assert (response.text, response.refusal) == ("", "I can't")


def test_reasoning_and_its_summary_grow() -> None:
    item = only_item(
        event("reasoning_text.delta", delta="lo"),
        event("reasoning_text.delta", delta="ng"),
        event("reasoning_summary_part.added", summary_index=0, part={"type": "summary_text", "text": ""}),
        event("reasoning_summary_text.delta", summary_index=0, delta="a"),
        event("reasoning_summary_part.done", summary_index=0, part={"type": "summary_text", "text": "A"}),
        event("reasoning_summary_text.delta", summary_index=1, delta="b", item_id="rs_1"),
    )
    assert item == r.ResponseReasoningItem(
        id="rs_1",
        status="in_progress",
        content=[r.ResponseReasoningText(text="long")],
        summary=[r.ResponseSummaryText(text="A"), r.ResponseSummaryText(text="b")],
    )


GROWING = [
    ({"type": "function_call", "name": "f", "arguments": ""}, "function_call_arguments", "arguments", "arguments"),
    ({"type": "mcp_call", "name": "f", "arguments": ""}, "mcp_call_arguments", "arguments", "arguments"),
    ({"type": "custom_tool_call", "name": "f", "input": ""}, "custom_tool_call_input", "input", "input"),
    ({"type": "code_interpreter_call", "code": ""}, "code_interpreter_call_code", "code", "code"),
]


@pytest.mark.parametrize(("start", "word", "whole", "field"), GROWING, ids=[row[1] for row in GROWING])
def test_calls_grow(start: dict[str, Any], word: str, whole: str, field: str) -> None:
    deltas = [event(f"{word}.delta", delta=piece, item_id="i_1") for piece in ('{"a"', ":1}")]
    begun = only_item(added(**start), *deltas)
    assert getattr(begun, field) == '{"a":1}'
    assert begun.type == start["type"]
    assert getattr(only_item(added(**start), *deltas, event(f"{word}.done", **{whole: "{}"})), field) == "{}"
    implied = only_item(*deltas)
    assert (implied.type, implied.id, implied.status) == (start["type"], "i_1", "in_progress")
    assert getattr(implied, field) == '{"a":1}'


def test_a_call_without_deltas_keeps_what_it_began_with() -> None:
    assert only_item(added(type="function_call", name="f", arguments='{"a":1}')).arguments == '{"a":1}'


def test_shell_commands_grow() -> None:
    start: dict[str, Any] = {"type": "shell_call", "call_id": "c", "action": {"commands": [], "timeout_ms": 5}}
    item = only_item(
        added(**start),
        event("shell_call_command.added", command_index=0, command=""),
        event("shell_call_command.delta", command_index=0, delta="ls", obfuscation="xx"),
        event("shell_call_command.added", command_index=1, command="pw"),
        event("shell_call_command.delta", command_index=1, delta="d"),
        event("shell_call_command.done", command_index=0, command="ls -la"),
    )
    assert item.action == r.ShellAction(commands=["ls -la", "pwd"], timeout_ms=5)
    assert only_item(added(**start)).action.commands == []


def test_what_shell_commands_print_grows() -> None:
    ended = {"stdout": "all", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
    item = only_item(
        added(type="shell_call_output", call_id="c", output=[]),
        event("shell_call_output_content.delta", command_index=1, delta={"stdout": "a"}),
        event("shell_call_output_content.delta", command_index=1, delta={"stdout": "b", "stderr": "e"}),
        event("shell_call_output_content.delta", command_index=0, delta={"stdout": "al"}),
        event("shell_call_output_content.done", command_index=0, output=[ended]),
    )
    assert item.output == [
        r.ShellOutput(stdout="all", outcome=r.ShellOutcomeExit(exit_code=0)),
        r.ShellOutput(stdout="ab", stderr="e"),
    ]


def test_items_of_unknown_types_stay_as_they_came() -> None:
    brand_new = {"type": "brand_new", "payload": {"a": 1}}
    assert only_item(added(**brand_new), text("?")).data() == brand_new


def test_progress_sound_and_images_pass_through() -> None:
    response = collect(
        event("web_search_call.searching", output_index=0),
        event("image_generation_call.partial_image", output_index=0, partial_image_b64="AAAA"),
        event("audio.delta", delta="AAAA"),
        event("audio.transcript.done"),
    ).snapshot()
    assert response.output == []


def test_usage_may_come_before_the_end() -> None:
    assert collect(state("in_progress", usage=USAGE), text("a")).usage == TOTALS


def test_a_character_cut_in_two_is_whole_again() -> None:
    halves = [unframed(type="response.output_text.delta", delta=half) for half in ("a\ud83d", "\ude00é")]
    assert collect(*halves).snapshot().text == "a😀é"
    assert joined(["a\ud83d"]) == "a\ud83d"
    assert joined([]) == ""


def test_text_is_what_the_reader_sees() -> None:
    seen = [text("a"), event("output_text.done", text="a"), event("refusal.delta", delta="b"), CREATED]
    assert [ResponsesAccumulator.text(each) for each in seen] == ["a", "", "", ""]


# streams of providers


def stream(name: str) -> list[ResponseStreamEvent]:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider streams to read")
    decoder = SSEDecoder()
    sent = decoder.decode((Path(root) / name).read_bytes()) + decoder.flush()
    events: Any = [codec.decode(each.data, ResponsesAccumulator.event_type) for each in sent]
    return list(events)


def expected_results() -> dict[str, dict[str, Any]]:
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no expected results to read")
    results: dict[str, dict[str, Any]] = json.loads(
        (Path(root) / "fixtures/expected/openai_responses.json").read_text()
    )
    return results


def in_batches(
    events: Sequence[ResponseStreamEvent], seed: int
) -> tuple[ResponsesAccumulator, list[ResponseStreamEvent]]:
    """The accumulator after the stream in batches of random size, and the events it let through."""
    accumulator, dice, start = ResponsesAccumulator(), random.Random(seed), 0
    handed: list[ResponseStreamEvent] = []
    while start < len(events) and not accumulator.ended:
        batch = events[start : start + dice.randint(1, 12)]
        handed += batch[: accumulator.feed(batch)]
        start += len(batch)
    return accumulator, handed


def word_of(event: ResponseStreamEvent) -> str:
    return (event.name or "(no type)") if isinstance(event, r.UnknownResponseEvent) else event.type


def told(response: ResponseObject) -> dict[str, Any]:
    """What the expected results say of a response's output."""
    reasoning = [item for item in response.output if isinstance(item, r.ResponseReasoningItem)]
    return {
        "output_text": response.text,
        "refusal": response.refusal,
        "function_call_arguments": {
            str(index): item.arguments
            for index, item in enumerate(response.output)
            if isinstance(item, r.ResponseFunctionToolCall)
        },
        "reasoning_summary": [part.text for item in reasoning for part in item.summary if part.type == "summary_text"],
        "reasoning_text": [
            part.text for item in reasoning for part in item.content or [] if part.type == "reasoning_text"
        ],
    }


def test_streams_give_their_expected_results() -> None:
    for name, expected in expected_results().items():
        events = stream(f"fixtures/openai_responses/{name}")
        for seed in range(5):
            accumulator, handed = in_batches(events, seed)
            response = accumulator.snapshot()
            assert told(response) == {key: expected[key] for key in told(response)}, name
            assert accumulator.complete == (expected["terminal"] is not None), name
            assert accumulator.ended, name
            assert accumulator.problem() is None
            stopped = accumulator.error is not None
            assert stopped == ("error" in expected or expected.get("status") == "failed"), name
            assert "".join(map(ResponsesAccumulator.text, handed)) == expected["output_text"], name
            assert len(handed) == expected["events"] - stopped, name
            if expected["terminal"]:
                assert response.status == expected["status"], name
                types = [
                    item.name if isinstance(item, r.UnknownResponseItem) else item.type for item in response.output
                ]
                assert types == expected["output_types"], name
                assert accumulator.usage == msgspec.convert(expected["usage"], r.ResponseUsage | None), name
        assert Counter(map(word_of, events)) == Counter(expected["event_counts"]), name


def test_streams_without_their_last_event_keep_all_they_said() -> None:
    for name, expected in expected_results().items():
        events = [each for each in stream(f"fixtures/openai_responses/{name}") if word_of(each) not in TERMINAL]
        accumulator, _ = in_batches(events, seed=1)
        assert told(accumulator.snapshot()) == {key: expected[key] for key in told(accumulator.snapshot())}, name
        assert accumulator.snapshot().status == "in_progress", name
        assert not accumulator.complete


GROWN = {
    "message": "content",
    "reasoning": "summary",
    "function_call": "arguments",
    "mcp_call": "arguments",
    "custom_tool_call": "input",
    "code_interpreter_call": "code",
    "shell_call": "action",
    "shell_call_output": "output",
}


def comparable(item: Any, field: str) -> Any:
    """A field of an item; of logprobs the number only, for the provider rounds them in whole items."""
    value = msgspec.to_builtins(getattr(item, field))
    for part in value if field == "content" else ():
        part["logprobs"] = len(part.get("logprobs") or ())
    return value


def test_items_without_their_last_event_equal_the_whole_ones() -> None:
    seen: set[str] = set()
    for name in expected_results():
        events = stream(f"fixtures/openai_responses/{name}")
        whole = {each.output_index: each.item for each in events if isinstance(each, r.ResponseOutputItemDoneEvent)}
        ended = ("response.output_item.done", *TERMINAL)
        accumulator, _ = in_batches([each for each in events if word_of(each) not in ended], seed=2)
        items = accumulator.snapshot().output
        assert len(items) == len(whole), name
        for index, item in enumerate(items):
            if (field := GROWN.get(item.type)) is not None:
                assert comparable(item, field) == comparable(whole[index], field), (name, index)
                seen.add(item.type)
    assert seen == set(GROWN)


def test_recorded_gateway_streams_end_or_show_what_arrived() -> None:
    for name, outcome in {
        "stream": (True, None, "Hello from upstream."),
        "stream_crlf": (True, None, "2 + 2 equals 4."),
        "stream_incomplete": (True, None, "Once upon a"),
        "stream_failed": (True, "error", ""),
        "stream_error_flat": (False, "message", ""),
    }.items():
        accumulator, _ = in_batches(stream(f"recorded/streams/responses.{name}.sse"), seed=3)
        complete, error, words = outcome
        assert accumulator.complete == complete, name
        assert error is None if accumulator.error is None else error in accumulator.error, name
        assert accumulator.snapshot().text == words, name
