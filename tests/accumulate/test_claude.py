"""The Claude accumulator: constructed streams for each rule, recorded ones for their expected results."""

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._accumulate._text import joined
from tikhub_async._accumulate.claude import ClaudeAccumulator
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.errors import StreamInterrupted
from tikhub_async.types import claude as c

Event = c.MessageStreamEvent


def event(**members: Any) -> Event:
    decoded: Event = codec.decode(json.dumps(members).encode(), ClaudeAccumulator.event_type)
    return decoded


def start(message_id: str = "msg_1", **usage: Any) -> Event:
    message = {"id": message_id, "type": "message", "role": "assistant", "model": "m", "content": []}
    return event(type="message_start", message={**message, "stop_reason": None, "usage": usage or None})


def begin(block: dict[str, Any], index: int = 0) -> Event:
    return event(type="content_block_start", index=index, content_block=block)


def delta(kind: str, index: int = 0, **members: Any) -> Event:
    return event(type="content_block_delta", index=index, delta={"type": kind, **members})


def text(piece: str, index: int = 0) -> Event:
    return delta("text_delta", index, text=piece)


def arguments(*pieces: str, index: int = 0) -> list[Event]:
    return [delta("input_json_delta", index, partial_json=piece) for piece in pieces]


def stop(index: int = 0) -> Event:
    return event(type="content_block_stop", index=index)


def finish(reason: str = "end_turn", **usage: Any) -> Event:
    return event(type="message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage or None)


TEXT = {"type": "text", "text": ""}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
END = event(type="message_stop")
PING = event(type="ping")


def collect(*events: Event) -> ClaudeAccumulator:
    accumulator = ClaudeAccumulator()
    assert accumulator.feed(events) == len(events)
    return accumulator


def blocks_of(*events: Event) -> list[c.ContentBlock]:
    return collect(start(), *events, finish(), END).snapshot().content


def test_text_pieces_join_into_the_block() -> None:
    accumulator = collect(
        start(input_tokens=3), begin(TEXT), PING, text("He"), text("llo"), stop(), finish(output_tokens=2), END
    )
    message = accumulator.snapshot()
    assert message.text == "Hello"
    assert (message.id, message.model, message.role, message.stop_reason) == ("msg_1", "m", "assistant", "end_turn")
    assert message.usage == accumulator.usage == c.ClaudeUsage(input_tokens=3, output_tokens=2)
    assert (accumulator.complete, accumulator.ended, accumulator.error, accumulator.problem()) == (
        True,
        True,
        None,
        None,
    )


def test_the_text_of_events_is_the_text_of_the_message() -> None:
    events = [
        start(),
        begin({"type": "thinking", "thinking": "", "signature": ""}),
        delta("thinking_delta", thinking="hidden"),
        stop(),
        begin({"type": "text", "text": "already here "}, 1),
        text("a", 1),
        PING,
        text("b", 1),
        stop(1),
        END,
    ]
    shown = "".join(ClaudeAccumulator.text(one) for one in events)
    assert shown == collect(*events).snapshot().text == "already here ab"


def test_thinking_joins_and_its_signature_is_the_last_one() -> None:
    (block,) = blocks_of(
        begin({"type": "thinking", "thinking": "", "signature": ""}),
        delta("thinking_delta", thinking="one "),
        delta("thinking_delta", thinking=""),
        delta("thinking_delta", thinking="two"),
        delta("signature_delta", signature="c2ln"),
        stop(),
    )
    assert block == c.ThinkingBlock(thinking="one two", signature="c2ln")


def test_blocks_that_come_whole_stay_as_they_are() -> None:
    redacted = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    first, second = blocks_of(begin(redacted), stop(), begin(result, 1), stop(1))
    assert first == c.RedactedThinkingBlock(data="ZGF0YQ==")
    assert second == c.WebSearchToolResultBlock(tool_use_id="s")


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (['{"city": "Os', 'lo"}'], {"city": "Oslo"}),
        (["", '{"a"', ": 1}"], {"a": 1}),
        ([""], {}),
        ([], {}),
        (['{"a": "\\u', '00e9"}'], {"a": "é"}),
        (['{"a": "\\ud83d', '\\ude00"}'], {"a": "😀"}),
    ],
)
def test_tool_arguments_are_parsed_when_whole(pieces: list[str], expected: dict[str, Any]) -> None:
    (block,) = blocks_of(begin(TOOL), *arguments(*pieces), stop())
    assert block == c.ToolUseBlock(id="toolu_1", name="f", input=expected)


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
def test_arguments_join_for_each_kind_of_call(kind: str) -> None:
    (block,) = blocks_of(begin({**TOOL, "type": kind}), *arguments('{"q"', ":1}"), stop())
    assert getattr(block, "input") == {"q": 1}  # noqa: B009 - the union has blocks without it


@pytest.mark.parametrize("cut", ['{"city": "Os', '{"a": 1} trailing', "[1, 2]"])
def test_cut_tool_arguments_are_kept_as_text_and_not_as_input(cut: str) -> None:
    message = collect(start(), begin(TOOL), *arguments(cut), finish("max_tokens", output_tokens=9), END).snapshot()
    (block,) = message.tool_uses
    assert (block.input, block.input_json) == ({}, cut)
    assert message.stop_reason == "max_tokens"
    assert block.to_param() == TOOL


def test_arguments_that_came_with_the_start_stay_when_none_follow() -> None:
    (block,) = blocks_of(begin({**TOOL, "input": {"a": 1}}), *arguments(""), stop())
    assert block == c.ToolUseBlock(id="toolu_1", name="f", input={"a": 1})


def test_parallel_blocks_are_kept_apart_by_index() -> None:
    first, second = blocks_of(
        begin(TOOL, 0),
        begin({**TOOL, "id": "toolu_2"}, 1),
        *arguments('{"a"', index=0),
        *arguments('{"b"', index=1),
        *arguments(":1}", index=0),
        *arguments(":2}", index=1),
    )
    assert isinstance(first, c.ToolUseBlock)
    assert isinstance(second, c.ToolUseBlock)
    assert (first.input, second.input) == ({"a": 1}, {"b": 2})


def test_citations_append_known_or_not() -> None:
    known = {"type": "page_location", "cited_text": "x", "document_index": 1, "start_page_number": 2}
    unknown = {"type": "moon_location", "crater": 3}
    (block,) = blocks_of(
        begin(TEXT),
        text("Blue."),
        delta("citations_delta", citation=known),
        delta("citations_delta", citation=unknown),
        stop(),
    )
    assert isinstance(block, c.TextBlock)
    assert [citation.type for citation in block.citations or []] == ["page_location", "unknown"]
    back: Any = block.to_param()
    assert back["text"] == "Blue."
    assert back["citations"][0].items() >= known.items()
    assert back["citations"][1] == unknown


def test_compaction_takes_its_content_from_the_delta() -> None:
    (block,) = blocks_of(
        begin({"type": "compaction", "content": None, "encrypted_content": None}),
        delta("compaction_delta", content="summary", encrypted_content="e"),
    )
    assert block == c.CompactionBlock(content="summary", encrypted_content="e")


@given(st.text(), st.integers(0, 50))
def test_a_character_split_over_two_deltas_is_whole_again(words: str, place: int) -> None:
    units = words.encode("utf-16-le")
    cut = min(2 * place, len(units))
    pieces = [piece.decode("utf-16-le", "surrogatepass") for piece in (units[:cut], units[cut:])]
    assert joined(pieces) == words


def test_split_surrogates_on_the_wire_become_one_character() -> None:
    halves = [b"\\ud83d", b"\\ude00"]
    wire = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    pieces: list[Event] = [codec.decode(wire % half, ClaudeAccumulator.event_type) for half in halves]
    (block,) = blocks_of(begin(TEXT), *pieces)
    assert block == c.TextBlock(text="😀")


# --- usage and endings


def test_usage_of_message_delta_overwrites_key_by_key() -> None:
    accumulator = collect(
        start(input_tokens=25, output_tokens=1, cache_read_input_tokens=7, service_tier="standard"),
        finish(output_tokens=9, cache_read_input_tokens=None),
        finish(input_tokens=0, output_tokens=12),
        END,
    )
    expected = c.ClaudeUsage(input_tokens=0, output_tokens=12, cache_read_input_tokens=7, service_tier="standard")
    assert accumulator.usage == expected
    assert accumulator.snapshot().usage == expected


def test_a_stream_without_message_delta_is_complete_but_its_usage_is_unknown() -> None:
    accumulator = collect(start(input_tokens=3, output_tokens=0), begin(TEXT), text("Hi"), stop(), END)
    message = accumulator.snapshot()
    assert (accumulator.complete, message.text, message.stop_reason) == (True, "Hi", None)
    assert accumulator.usage is None
    assert message.usage is None


def test_a_zero_before_the_end_is_no_count() -> None:
    assert collect(start(input_tokens=3, output_tokens=0)).usage == c.ClaudeUsage(input_tokens=3)
    assert collect(start(input_tokens=3), finish(output_tokens=0)).usage == c.ClaudeUsage(
        input_tokens=3, output_tokens=0
    )


def test_container_and_stop_details_come_with_the_end() -> None:
    ending = {"stop_reason": "refusal", "stop_details": {"type": "refusal"}, "container": {"id": "c1"}}
    message = collect(start(), event(type="message_delta", delta=ending), END).snapshot()
    assert message.stop_details == c.StopDetails(type="refusal")
    assert message.container == c.ClaudeContainer(id="c1")


def test_a_cut_stream_is_not_complete_and_keeps_what_came() -> None:
    accumulator = collect(start(input_tokens=3, output_tokens=1), begin(TEXT), text("Hel"))
    assert (accumulator.complete, accumulator.ended) == (False, False)
    assert accumulator.snapshot().text == "Hel"
    assert accumulator.usage == c.ClaudeUsage(input_tokens=3, output_tokens=1)


def test_an_empty_stream_has_an_empty_message() -> None:
    accumulator = ClaudeAccumulator()
    assert accumulator.feed([]) == 0
    assert (accumulator.complete, accumulator.usage, accumulator.snapshot().content) == (False, None, [])


def test_nothing_after_the_end_is_handed_out() -> None:
    accumulator = ClaudeAccumulator()
    assert accumulator.feed([start(), END, PING, start("msg_2")]) == 2
    assert accumulator.problem() is None


def test_looking_at_the_message_does_not_disturb_it() -> None:
    accumulator = ClaudeAccumulator()
    seen = []
    for one in (start(), begin(TEXT), text("a"), text("b"), stop(), END):
        accumulator.feed([one])
        seen.append(accumulator.snapshot().text)
    assert seen == ["", "", "a", "ab", "ab", "ab"]


# --- repeated starts


def test_a_message_start_repeated_before_any_block_is_ignored() -> None:
    accumulator = collect(start(input_tokens=17), start(input_tokens=0), begin(TEXT), text("Hi"), finish(), END)
    assert accumulator.snapshot().text == "Hi"
    assert accumulator.complete


def test_of_two_messages_the_one_that_answers_counts() -> None:
    message = collect(
        start("msg_lost", input_tokens=1), start("msg_2", input_tokens=2), begin(TEXT), text("Hi")
    ).snapshot()
    assert message.id == "msg_2"
    assert message.usage == c.ClaudeUsage(input_tokens=2)


@pytest.mark.parametrize("second_id", ["msg_1", "msg_2"])
def test_an_answer_that_begins_again_in_the_middle_is_broken_off(second_id: str) -> None:
    """The gateway retried: two answers must never be mixed, and the first one is only a half."""
    events = [
        start(input_tokens=3),
        begin(TEXT),
        text("Hel"),
        start(second_id),
        begin(TEXT),
        text("Hello"),
        stop(),
        END,
    ]
    accumulator = ClaudeAccumulator()
    assert accumulator.feed(events) == 3
    assert (accumulator.complete, accumulator.ended, accumulator.error) == (False, True, None)
    problem = accumulator.problem()
    assert isinstance(problem, StreamInterrupted)
    assert problem.partial.text == accumulator.snapshot().text == "Hel"
    assert problem.usage == c.ClaudeUsage(input_tokens=3)
    assert problem.maybe_billed


def test_a_block_announced_twice_is_one_block() -> None:
    assert blocks_of(begin(TEXT), begin(TEXT), text("a"), stop()) == [c.TextBlock(text="a")]


def test_an_index_that_is_used_again_is_a_block_of_its_own() -> None:
    assert blocks_of(begin(TEXT), text("a"), stop(), begin(TEXT), text("b"), stop()) == [
        c.TextBlock(text="a"),
        c.TextBlock(text="b"),
    ]


@pytest.mark.parametrize(
    ("lone", "block"),
    [
        (text("a"), c.TextBlock(text="a")),
        (delta("thinking_delta", thinking="t"), c.ThinkingBlock(thinking="t")),
        (delta("input_json_delta", partial_json="{}"), c.ToolUseBlock()),
        (delta("compaction_delta", content="s"), c.CompactionBlock(content="s")),
    ],
)
def test_a_delta_whose_start_was_lost_is_not(lone: Event, block: c.ContentBlock) -> None:
    assert blocks_of(lone) == [block]


# --- errors and unknown events


@pytest.mark.parametrize(
    "failure",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded", "details": {"x": 1}}},
        {"type": "error", "error": "overloaded"},
        {"error": {"message": "boom", "code": "do_request_failed"}},
        {"type": "x_new_failure", "error": {"message": "boom"}},
    ],
)
def test_an_error_event_stops_the_stream_and_is_kept_whole(failure: dict[str, Any]) -> None:
    accumulator = ClaudeAccumulator()
    assert accumulator.feed([start(), begin(TEXT), text("Hi"), event(**failure), text("never")]) == 3
    assert accumulator.error is not None
    assert {key: value for key, value in accumulator.error.items() if value is not None} == failure
    assert (accumulator.complete, accumulator.snapshot().text) == (False, "Hi")


def test_events_of_unknown_type_pass_through() -> None:
    unknown = event(type="brand_new_event", error=None, x=1)
    assert collect(start(), unknown, begin(TEXT), text("ok"), END).snapshot().text == "ok"
    assert ClaudeAccumulator.text(unknown) == ""


def test_an_unknown_block_grows_by_what_is_known() -> None:
    (block,) = blocks_of(
        begin({"type": "new_call", "id": "n1", "text": "", "input": {}}),
        text("a"),
        *arguments('{"x":', "1}"),
        delta("citations_delta", citation={"type": "moon_location"}),
        delta("signature_delta", signature="s"),
        delta("brand_new_delta", z=1),
        stop(),
    )
    assert isinstance(block, c.UnknownBlock)
    assert block.data() == {
        "type": "new_call",
        "id": "n1",
        "text": "a",
        "input": {"x": 1},
        "citations": [{"type": "moon_location"}],
        "signature": "s",
    }


def test_an_unknown_block_with_unknown_deltas_stays_as_it_started() -> None:
    (block,) = blocks_of(begin({"type": "new", "payload": {"a": 1}}), delta("brand_new_delta", z=1), stop())
    assert isinstance(block, c.UnknownBlock)
    assert block.data() == {"type": "new", "payload": {"a": 1}}


def test_unknown_fields_of_a_streamed_block_go_back() -> None:
    message = collect(
        start(),
        begin({**TEXT, "x_new": 1}),
        text("Hi"),
        stop(),
        begin({**TOOL, "x_new": 2}, 1),
        *arguments('{"a": null}', index=1),
        stop(1),
        END,
    ).snapshot()
    assert message.to_param()["content"] == [
        {"type": "text", "text": "Hi", "x_new": 1},
        {**TOOL, "input": {"a": None}, "x_new": 2},
    ]


# --- recorded streams


def fixtures() -> Path:
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no recorded streams to read")
    return Path(folder)


def events_of(body: bytes) -> list[Event]:
    decoder = SSEDecoder()
    framed = [*decoder.decode(body), *decoder.flush()]
    return [codec.decode(one.data, ClaudeAccumulator.event_type) for one in framed]


def batches(events: Sequence[Event], chance: random.Random) -> list[Sequence[Event]]:
    parts, rest = [], events
    while rest:
        size = chance.randint(1, 9)
        parts.append(rest[:size])
        rest = rest[size:]
    return parts


def agrees(expected: Any, got: Any) -> bool:
    """Whether `got` has all of `expected`; a long text may be given by its length and ends."""
    match expected:
        case {"len": length, "head": head, "tail": tail}:
            return bool(len(got) == length and got.startswith(head) and got.endswith(tail))
        case dict():
            return all(agrees(value, got.get(key)) for key, value in expected.items())
        case list():
            return len(expected) == len(got) and all(map(agrees, expected, got))
        case _:
            return bool(expected == got)


def plain(message: c.ClaudeMessageResponse) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(message)
    return {**built, "content": [block.to_param() for block in message.content]}


def test_recorded_streams_give_the_expected_messages_however_they_are_cut() -> None:
    folder = fixtures() / "fixtures"
    expected = json.loads((folder / "expected/anthropic.json").read_bytes())
    assert expected
    chance = random.Random(7)
    for name, wanted in expected.items():
        events = events_of((folder / "anthropic" / name).read_bytes())
        for parts in ([events], [[one] for one in events], batches(events, chance)):
            accumulator = ClaudeAccumulator()
            for part in parts:
                if accumulator.feed(part) < len(part):
                    break
            message = accumulator.snapshot()
            assert agrees(wanted["message"], plain(message)), name
            assert accumulator.complete is wanted["saw_message_stop"], name
            assert (accumulator.error or {}).get("error") == wanted.get("error"), name
            cut = {
                str(index): block.input_json
                for index, block in enumerate(message.content)
                if isinstance(block, c.ToolUseBlock) and block.input_json is not None
            }
            assert cut == wanted.get("unfinished_tool_input_json", {}), name


def recorded(exchange_id: str) -> bytes:
    folder = fixtures() / "recorded"
    (response,) = [
        exchange["response"]
        for exchange in json.loads((folder / "exchanges.json").read_bytes())
        if exchange["id"] == exchange_id
    ]
    if "body_file" in response:
        return (folder / str(response["body_file"])).read_bytes()
    return str(response["body"]).encode()


def read(exchange_id: str) -> ClaudeAccumulator:
    accumulator = ClaudeAccumulator()
    accumulator.feed(events_of(recorded(exchange_id)))
    return accumulator


def test_a_recorded_gateway_retry_yields_the_first_half_and_a_problem() -> None:
    accumulator = read("retry.messages_cut")
    assert (accumulator.complete, accumulator.snapshot().text) == (False, "Hello wor")
    assert isinstance(accumulator.problem(), StreamInterrupted)


def test_a_recorded_converted_stream_is_complete_without_usage() -> None:
    accumulator = read("messages.openai_model_stream")
    assert (accumulator.complete, accumulator.snapshot().text) == (True, "Hello from upstream.")
    assert accumulator.usage is None


@pytest.mark.parametrize(
    "exchange_id", ["messages.openai_model_stream_cut", "messages.stream_cut", "messages.stream_fin"]
)
def test_recorded_cut_streams_are_not_complete(exchange_id: str) -> None:
    accumulator = read(exchange_id)
    assert accumulator.complete is False
    assert accumulator.snapshot().text.startswith("Hello")


@pytest.mark.parametrize("exchange_id", ["messages.stream", "messages.stream_thinking", "messages.stream_redacted"])
def test_recorded_whole_streams_are_complete(exchange_id: str) -> None:
    accumulator = read(exchange_id)
    assert accumulator.complete
    assert accumulator.usage is not None
