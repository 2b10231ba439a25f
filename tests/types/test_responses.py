"""Responses types: requests as the official SDK has them, answers as tolerant as the gateway needs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from openai.types.responses import Response, ResponseInputItemParam, ToolParam
from openai.types.responses import ResponseOutputItem as OfficialItem
from openai.types.responses import ResponseStreamEvent as OfficialEvent
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming, ToolChoice

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder
from tikhub_async.types import responses
from tikhub_async.types._base import RequestOptions, ResponseMeta, Unknown, without_nulls
from tikhub_async.types.responses import (
    ResponseFunctionToolCall,
    ResponseInputItem,
    ResponseObject,
    ResponseOutputItem,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseParams,
    ResponseParseParams,
    ResponseReasoningItem,
    ResponseRequest,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    ResponseTool,
    ResponseToolChoice,
    UnknownResponseEvent,
    UnknownResponseItem,
)

ECHOED = [
    "*instructions",
    "tools",
    "*.response.tools",
    "*<additional_tools>.tools",
    "*<tool_search_output>.tools",
    "*tool_choice",
]
"""What the answer repeats of the request stays plain data: its keys are typed where they are written, in the
request's TypedDicts, which the tests below hold against the official ones."""

GIVEN_BACK = [
    "input.type *",  # calls of hosted tools are one TypedDict: they are given back as received, never written
    "input.action",
    "input.actions",
    "input.environment",
    "input.error",
    "input.operation",
    "input.outputs",
    "input.pending_safety_checks",
    "input.results",
    "input.svg_usage",
    "input.tools",
    "input.id",  # of an output message, which is paired with the input message here
    "input.content.*",  # likewise, and its annotations and logprobs are given back as received
]

ITEM_TYPES = [
    *("additional_tools", "apply_patch_call", "apply_patch_call_output", "code_interpreter_call", "compaction"),
    *("computer_call", "computer_call_output", "custom_tool_call", "custom_tool_call_output", "file_search_call"),
    *("function_call", "function_call_output", "image_generation_call", "local_shell_call", "local_shell_call_output"),
    *("mcp_approval_request", "mcp_approval_response", "mcp_call", "mcp_list_tools", "message", "program"),
    *("program_output", "reasoning", "shell_call", "shell_call_output", "tool_search_call", "tool_search_output"),
    "web_search_call",
]

DOCUMENTED = b"""{"id":"resp_1","object":"response","created_at":1741476542,"status":"completed","completed_at":1741476543,
"model":"gpt-4.1-2025-04-14","output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[
{"type":"output_text","text":"In a peaceful grove","annotations":[]}]}],
"usage":{"input_tokens":36,"output_tokens":87,"total_tokens":123}}"""
"""The keys of the one answer that the gateway's documentation shows."""


def fixtures(folder: str) -> Path:
    """A folder of optional data; the test says that it skipped where there is none."""
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    return Path(root) / folder


def answer(*output: Any, **members: Any) -> ResponseObject:
    """A response as the session would hand it out."""
    body = json.dumps({"id": "resp_1", "object": "response", "output": output, **members}).encode()
    response = codec.decode(body, ResponseObject)
    response.attach(ResponseMeta(body=body))
    return response


def event(**members: Any) -> Any:
    return codec.decode(json.dumps(members).encode(), ResponseStreamEvent)  # type: ignore[arg-type]


def tags(union: Any) -> list[str]:
    return sorted(member.type for member in get_args(union) if not issubclass(member, Unknown))


def unknowns(value: Any) -> Iterator[Unknown]:
    """Every `Unknown` inside a decoded value."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from unknowns(getattr(value, name))
    elif isinstance(value, list):
        members: list[Any] = value
        for member in members:
            yield from unknowns(member)


# what is sent


def test_every_request_key_of_the_official_sdk_is_there_but_stream() -> None:
    assert missing_keys(ResponseCreateParamsNonStreaming, ResponseRequest, ignore=GIVEN_BACK) == ["stream"]


def test_model_and_input_are_required_and_nothing_else() -> None:
    for params in (ResponseRequest, ResponseParams, ResponseParseParams):
        assert params.__required_keys__ == {"model", "input"}


def test_params_are_the_request_and_the_options() -> None:
    request, options = set(get_type_hints(ResponseRequest)), set(get_type_hints(RequestOptions))
    assert set(get_type_hints(ResponseParams)) == request | options
    assert len(request) == 33


def test_parse_leaves_the_text_format_to_the_type() -> None:
    assert set(get_type_hints(ResponseParseParams)) == set(get_type_hints(ResponseParams))
    assert set(get_type_hints(get_type_hints(ResponseParseParams)["text"])) == {"verbosity"}


def test_every_tool_and_tool_choice_has_every_key_of_the_official_sdk() -> None:
    assert missing_keys(ToolParam, ResponseTool) == []
    assert missing_keys(ToolChoice, ResponseToolChoice) == []


def words_of(member: Any) -> set[str]:
    """The types that an input item TypedDict can have."""
    hints = get_type_hints(member)
    return set(get_args(hints["type"])) - {type(None)} if "type" in hints else set()


def test_every_input_item_of_the_official_sdk_has_its_keys() -> None:
    ours: dict[str, set[str]] = {}
    for member in get_args(ResponseInputItem):
        for word in words_of(member):
            ours.setdefault(word, set()).update(get_type_hints(member))
    lacking: dict[str, set[str]] = {}
    for member in get_args(ResponseInputItemParam):
        keys = set(get_type_hints(member))
        for word in words_of(member) or {"item_reference"}:
            if isinstance(word, str) and (missing := keys - ours.get(word, set())):
                lacking[word] = missing
    assert lacking == {}


# what is received


def test_every_response_field_of_the_official_sdk_is_there_but_what_is_echoed() -> None:
    assert missing_fields(Response, ResponseObject, ignore=ECHOED) == []
    assert missing_fields(Response, ResponseObject) == [
        "instructions[] (untyped)",
        "output[]<tool_search_output>.tools[] (untyped)",
        "output[]<additional_tools>.tools[] (untyped)",
        "tool_choice (untyped)",
        "tools[] (untyped)",
    ]


def test_every_event_and_item_of_the_official_sdk_is_there_but_what_is_echoed() -> None:
    assert missing_fields(OfficialEvent, ResponseStreamEvent, ignore=ECHOED) == []
    assert missing_fields(OfficialItem, ResponseOutputItem, ignore=ECHOED) == []


def test_there_are_28_items_and_59_events() -> None:
    assert tags(ResponseOutputItem) == ITEM_TYPES
    assert len(tags(ResponseStreamEvent)) == len(set(tags(ResponseStreamEvent))) == 59


@pytest.mark.parametrize("word", ITEM_TYPES)
def test_an_item_may_lack_everything_but_its_type(word: str) -> None:
    [item] = answer({"type": word}).output
    assert item.type == word
    assert item.to_param() == {"type": word}


@pytest.mark.parametrize("word", tags(ResponseStreamEvent))
def test_an_event_may_lack_everything_but_its_type(word: str) -> None:
    assert event(type=word).type == word


def test_documented_answer_needs_no_repair() -> None:
    response = codec.decoder_for(ResponseObject).decode(DOCUMENTED)
    assert isinstance(response, ResponseObject)
    assert response.text == response.output_text == "In a peaceful grove"
    assert response.usage is not None
    assert (response.usage.total_tokens, response.usage.input_tokens_details) == (123, None)
    assert (response.tools, response.tool_choice, response.parallel_tool_calls) == (None, None, None)


def test_an_empty_object_is_a_response() -> None:
    assert codec.decode(b"{}", ResponseObject).text == ""


def test_nulls_floats_and_new_words_do_not_cost_the_answer() -> None:
    response = answer(
        {"type": "message", "content": [{"type": "output_text", "text": "a", "annotations": None}], "status": "new"},
        {"type": "reasoning", "summary": None},
        created_at=1772095377.5,
        status="brand_new",
        usage={"input_tokens": 3.0, "output_tokens": None},
        error=None,
        metadata=None,
    )
    assert (response.text, response.created_at, response.status) == ("a", 1772095377.5, "brand_new")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, None)
    assert answer(output=None).output == []


def test_text_joins_all_messages_and_leaves_refusals_and_reasoning_out() -> None:
    response = answer(
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": "no"}, {"type": "output_text", "text": "c"}]},
    )
    assert (response.text, response.refusal) == ("abc", "no")
    assert answer().text == answer().refusal == ""


def test_reasoning_text_is_the_content_or_else_the_summary() -> None:
    parts = {"summary": [{"type": "summary_text", "text": "short"}, {"type": "summary_text", "text": "more"}]}
    content = {"content": [{"type": "reasoning_text", "text": "long"}, {"type": "new_thing"}]}
    short, long = answer({"type": "reasoning", **parts}, {"type": "reasoning", **parts, **content}).output
    assert isinstance(short, ResponseReasoningItem)
    assert isinstance(long, ResponseReasoningItem)
    assert (short.text, long.text) == ("short\n\nmore", "long")


def test_function_calls_are_the_calls_of_own_functions() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "async": True}
    response = answer({"type": "web_search_call"}, call)
    assert [(made.name, made.call_id, made.async_) for made in response.function_calls] == [("f", "c1", True)]


def test_text_settings_are_not_the_text() -> None:
    response = answer(text={"format": {"type": "json_schema", "name": "n", "schema": {"a": 1}}, "verbosity": "low"})
    assert response.text == ""
    assert response.text_config is not None
    assert response.text_config.format == responses.ResponseFormatJSONSchema(name="n", schema={"a": 1})


def test_a_failed_answer_keeps_codes_that_no_list_has() -> None:
    response = answer(status="failed", error={"code": "insufficient_quota", "message": "boom", "new": 1})
    assert response.error == responses.ResponseError(code="insufficient_quota", message="boom")


def test_an_error_of_an_mcp_call_is_text_or_an_object_or_new() -> None:
    errors = ["old", {"type": "http_error", "code": 502, "message": "m"}, {"type": "newer", "x": 1}]
    calls = answer(*({"type": "mcp_call", "error": error} for error in errors)).output
    old, http, newer = (call.error for call in calls if isinstance(call, responses.McpCall))
    assert old == "old"
    assert http == responses.McpHTTPError(code=502, message="m")
    assert isinstance(newer, Unknown)
    assert newer.data() == errors[2]


def test_unknown_items_and_events_keep_their_json() -> None:
    brand_new = {"type": "brand_new", "payload": {"a": 1}}
    [item] = answer(brand_new).output
    assert isinstance(item, UnknownResponseItem)
    assert (item.name, item.data(), item.to_param()) == ("brand_new", brand_new, brand_new)
    unknown = event(**brand_new)
    assert isinstance(unknown, UnknownResponseEvent)
    assert (unknown.name, unknown.data()) == ("brand_new", brand_new)


SENT_BACK: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA", "status": None, "new": {"k": 1}},
    {
        "type": "message",
        "id": "m_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "x", "annotations": [], "new": 2}, {"type": "new_part", "y": 3}],
    },
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":null}', "caller": {"type": "direct"}},
]


def test_items_go_back_as_received_without_nulls() -> None:
    assert answer(*SENT_BACK).to_input() == without_nulls(SENT_BACK)


def test_items_of_a_stream_go_back_as_received_too() -> None:
    for item in SENT_BACK:
        done = event(type="response.output_item.done", output_index=0, item=item)
        assert isinstance(done, ResponseOutputItemDoneEvent)
        assert done.item.to_param() == without_nulls(item)


def test_items_made_by_hand_go_back_from_their_fields() -> None:
    call = ResponseFunctionToolCall(call_id="c", name="f", arguments="{}")
    assert call.to_param() == {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    message = ResponseOutputMessage(content=[responses.ResponseOutputText(text="x")])
    part = {"type": "output_text", "text": "x", "annotations": []}
    assert message.to_param() == {"type": "message", "role": "assistant", "content": [part]}


def test_new_fields_of_logprobs_do_not_slow_deltas_down() -> None:
    delta = b'{"type":"response.output_text.delta","delta":"a","logprobs":[{"token":"a","logprob":-1,"new":1}],"new":2}'
    decoded = codec.decoder_for(ResponseStreamEvent).decode(delta)
    assert isinstance(decoded, ResponseTextDeltaEvent)
    assert decoded.logprobs == [responses.ResponseLogprob(token="a", logprob=-1)]


def test_all_is_sorted_and_complete() -> None:
    assert responses.__all__ == sorted(responses.__all__)
    assert all(hasattr(responses, name) for name in responses.__all__)


# answers of providers


def test_provider_answers_need_no_repair() -> None:
    folder = fixtures("fixtures/openai_responses")
    seen: set[str] = set()
    for file in sorted(folder.glob("response_*.json")):
        body = file.read_bytes()
        response = codec.decoder_for(ResponseObject).decode(body)
        assert isinstance(response, ResponseObject)
        assert list(unknowns(response)) == [], file.name
        response.attach(ResponseMeta(body=body))
        for item, wire in zip(response.output, json.loads(body)["output"], strict=True):
            assert item.to_param() == without_nulls(wire)
            seen.add(item.type)
    assert len(seen) > 20


UNKNOWN_IN_STREAMS = {
    "stream_apply_patch_unlisted_events.sse": {
        "response.apply_patch_call_operation_diff.delta",
        "response.apply_patch_call_operation_diff.done",
    },
    "stream_unknown_events.sse": {"response.brand_new_thing.delta", "brand_new_item"},
    "stream_error_object_without_type.sse": {""},
}


def test_streams_hold_unknown_events_only_where_they_deviate() -> None:
    seen: set[str] = set()
    for file in sorted(fixtures("fixtures/openai_responses").glob("stream_*.sse")):
        decoder = SSEDecoder()
        names: set[str] = set()
        for sent in decoder.decode(file.read_bytes()) + decoder.flush():
            decoded: Any = codec.decode(sent.data, ResponseStreamEvent)  # type: ignore[arg-type]
            names |= {unknown.name for unknown in unknowns(decoded)}
            seen.add(decoded.type)
        assert names == UNKNOWN_IN_STREAMS.get(file.name, set()), file.name
    assert seen >= {"error", "response.completed", "response.failed", "response.incomplete"}


def test_recorded_answers_decode() -> None:
    exchanges: list[dict[str, Any]] = json.loads((fixtures("recorded") / "exchanges.json").read_text())
    texts: dict[str, str] = {}
    for exchange in exchanges:
        answered = exchange["response"]
        body = answered.get("body") or ""
        if exchange["group"] == "responses" and answered["status"] == 200 and body.startswith("{"):
            texts[exchange["id"]] = codec.decode(body.encode(), ResponseObject).text
    assert texts["responses.plain"] == "Hello from upstream."
    assert texts["responses.failed_plain"] == ""
