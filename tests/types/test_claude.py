"""Claude's types: what is sent, what is received, and the way back."""

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any, get_args, get_type_hints

import anthropic.types as theirs
import anthropic.types.beta as theirs_beta
import msgspec
import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async.errors import DecodeError
from tikhub_async.types import claude as c
from tikhub_async.types._base import RequestOptions, Unknown, without_nulls

REQUIRED = {"model", "max_tokens", "messages"}


def message(*blocks: dict[str, Any], **members: Any) -> c.ClaudeMessageResponse:
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": list(blocks), **members}
    return codec.decode(json.dumps(whole).encode(), c.ClaudeMessageResponse)


def fixtures() -> Path:
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no recorded answers to read")
    return Path(folder)


# --- requests


@pytest.mark.parametrize("params", [c.ClaudeMessageRequest, c.ClaudeMessageParams, c.ClaudeParseParams])
def test_model_max_tokens_and_messages_are_required(params: Any) -> None:
    assert params.__required_keys__ == REQUIRED


def test_params_are_the_request_and_the_options() -> None:
    options = set(get_type_hints(RequestOptions))
    assert set(get_type_hints(c.ClaudeMessageParams)) == set(get_type_hints(c.ClaudeMessageRequest)) | options
    assert "stream" not in get_type_hints(c.ClaudeMessageParams)


def test_parse_leaves_the_output_format_to_response_format() -> None:
    assert set(get_type_hints(get_type_hints(c.ClaudeParseParams)["output_config"])) == {"effort"}
    assert set(get_type_hints(get_type_hints(c.ClaudeMessageParams)["output_config"])) == {"effort", "format"}
    assert "response_format" not in get_type_hints(c.ClaudeParseParams)


def test_sampling_keys_that_the_official_client_dropped_are_offered() -> None:
    assert {"temperature", "top_p", "top_k"} <= set(get_type_hints(c.ClaudeMessageRequest))


def test_keys_that_travel_as_headers_are_request_keys() -> None:
    assert set(c.HEADER_KEYS) <= set(get_type_hints(c.ClaudeMessageRequest))


def test_requests_have_the_keys_of_the_official_client() -> None:
    deviations = [
        "stream",  # `create` never streams, `stream` always does
        "tools.input_schema",  # any JSON schema
        "tools*.configs",  # switches of every tool of a toolset: left open in `ServerToolParam`
        "tools.url_sources",  # left open there too
        "messages.content.content*",  # results of the provider's tools are sent back as received, not written
        "messages.content.tool_use_id",
        "messages.content.type (other words: *_tool_result)",
    ]
    assert missing_keys(MessageCreateParamsNonStreaming, c.ClaudeMessageRequest, ignore=deviations) == []


# --- coverage


def test_every_field_of_the_official_message_is_reachable() -> None:
    assert missing_fields(theirs.Message, c.ClaudeMessageResponse) == []


def test_every_field_of_the_official_events_is_reachable() -> None:
    assert missing_fields(theirs.RawMessageStreamEvent, c.MessageStreamEvent) == []


def test_beta_fields_are_reachable_too() -> None:
    free_form = ["*.tool_changes*", "*context_management*", "*.fallback_credit*", "*input_transformations*"]
    assert missing_fields(theirs_beta.BetaMessage, c.ClaudeMessageResponse, ignore=free_form) == []
    assert missing_fields(theirs_beta.BetaRawMessageStreamEvent, c.MessageStreamEvent, ignore=free_form) == []


# --- blocks

BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Hi", "citations": [{"type": "char_location", "cited_text": "x", "document_index": 0}]},
    {"type": "thinking", "thinking": "t", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, None]}, "caller": {"type": "direct"}},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e", "page_age": "1"}],
    },
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
    },
    {
        "type": "web_fetch_tool_result",
        "tool_use_id": "srvtoolu_2",
        "content": {
            "type": "web_fetch_result",
            "url": "u",
            "content": {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                "citations": {"enabled": True},
            },
        },
    },
    {
        "type": "code_execution_tool_result",
        "tool_use_id": "srvtoolu_3",
        "content": {
            "type": "code_execution_result",
            "stdout": "1",
            "stderr": "",
            "return_code": 0,
            "content": [{"type": "code_execution_output", "file_id": "f"}],
        },
    },
    {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "srvtoolu_4",
        "content": {"type": "bash_code_execution_tool_result_error", "error_code": "unavailable"},
    },
    {
        "type": "text_editor_code_execution_tool_result",
        "tool_use_id": "srvtoolu_5",
        "content": {"type": "text_editor_code_execution_create_result", "is_file_update": False},
    },
    {
        "type": "tool_search_tool_result",
        "tool_use_id": "srvtoolu_6",
        "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": "f"}],
        },
    },
    {"type": "container_upload", "file_id": "file_1"},
    {"type": "mcp_tool_use", "id": "m1", "name": "echo", "input": {}, "server_name": "s"},
    {"type": "mcp_tool_result", "tool_use_id": "m1", "content": [{"type": "text", "text": "x"}], "is_error": False},
    {"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [{"name": "echo", "input_schema": {}}]},
    {"type": "compaction", "content": "summary", "encrypted_content": "e"},
    {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}, "trigger": {"type": "refusal"}},
    {"type": "advisor_tool_result", "tool_use_id": "s", "content": {"type": "advisor_result", "text": "advice"}},
]


def test_the_table_below_holds_every_kind_of_block() -> None:
    kinds = {kind.__struct_config__.tag for kind in get_args(c.ContentBlock)} - {"unknown"}
    assert {block["type"] for block in BLOCKS} == kinds


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_a_block_decodes_to_its_class_without_the_lenient_path(block: dict[str, Any]) -> None:
    decoded = codec.decoder_for(c.ClaudeMessageResponse).decode(json.dumps({"content": [block]}).encode())
    assert decoded.content[0].type == block["type"]
    assert not isinstance(getattr(decoded.content[0], "content", None), Unknown)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_a_block_goes_back_as_it_came(block: dict[str, Any]) -> None:
    back = message(block).content[0].to_param()
    assert {key: value for key, value in back.items() if key in block} == block or back == _defaults(block, back)


def _defaults(block: dict[str, Any], back: Any) -> Any:
    """`block` with the zero defaults that a rebuilt inner struct spells out."""
    if isinstance(block, dict):
        return {key: _defaults(block[key], value) if key in block else value for key, value in back.items()}
    if isinstance(block, list):
        return [_defaults(*pair) for pair in zip(block, back, strict=True)]
    return block


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_a_field_this_version_does_not_know_goes_back_too(block: dict[str, Any]) -> None:
    newer = {**block, "x_new": {"deep": [1]}}
    assert message(newer).content[0].to_param() == newer


@pytest.mark.parametrize(
    ("citation", "kind"),
    [
        ({"type": "char_location", "start_char_index": 1, "end_char_index": 2}, c.CitationCharLocation),
        ({"type": "page_location", "start_page_number": 1, "end_page_number": 2}, c.CitationPageLocation),
        ({"type": "content_block_location", "start_block_index": 0}, c.CitationContentBlockLocation),
        ({"type": "web_search_result_location", "encrypted_index": "e"}, c.CitationWebSearchResultLocation),
        ({"type": "search_result_location", "source": "s"}, c.CitationSearchResultLocation),
        ({"type": "moon_location", "crater": 3}, Unknown),
    ],
)
def test_citations_decode_by_their_type(citation: dict[str, Any], kind: type) -> None:
    block = message({"type": "text", "text": "t", "citations": [{"cited_text": "x", **citation}]}).content[0]
    assert isinstance(block, c.TextBlock)
    assert [type(found) for found in block.citations or []] == [kind]
    back: Any = block.to_param()
    assert back["citations"][0].items() >= citation.items()


def test_an_unknown_block_is_kept_and_goes_back() -> None:
    unknown = {"type": "brand_new_block", "payload": {"a": None}}
    answer = message({"type": "text", "text": "ok"}, unknown)
    block = answer.content[1]
    assert isinstance(block, c.UnknownBlock)
    assert (block.type, block.name, block.data()) == ("unknown", "brand_new_block", unknown)
    assert answer.to_param()["content"] == [{"type": "text", "text": "ok"}, unknown]
    assert answer.text == "ok"


def test_an_unknown_kind_of_tool_result_costs_only_itself() -> None:
    inner = {"type": "web_search_video", "url": "u"}
    answer = message({"type": "web_search_tool_result", "tool_use_id": "s", "content": [inner]})
    block = answer.content[0]
    assert isinstance(block, c.WebSearchToolResultBlock)
    assert isinstance(block.content, list)
    assert isinstance(block.content[0], Unknown)
    back: Any = block.to_param()
    assert back["content"] == [inner]


# --- messages


def test_text_thinking_and_tool_uses_are_gathered() -> None:
    answer = message(
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "a"},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
        {"type": "text", "text": "b"},
    )
    assert (answer.text, answer.thinking) == ("ab", "hm")
    assert [(call.id, call.input) for call in answer.tool_uses] == [("t1", {"x": 1})]


def test_a_message_without_text_has_the_empty_text() -> None:
    assert message().text == ""


def test_a_message_goes_back_with_signatures_and_without_nulls() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    answer = message(thinking, {"type": "text", "text": "a", "citations": None}, stop_reason="end_turn")
    assert answer.to_param() == {"role": "assistant", "content": [thinking, {"type": "text", "text": "a"}]}


def test_nulls_inside_tool_arguments_are_arguments() -> None:
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"unit": None, "deep": {"a": [None]}}}
    assert message(call).to_param()["content"] == [call]
    assert message({**call, "x_new": 1}).to_param()["content"] == [{**call, "x_new": 1}]


def test_what_the_gateway_drops_or_adds_does_not_matter() -> None:
    answer = codec.decode(
        b'{"id":"chatcmpl-1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],'
        b'"stop_reason":"end_turn","model":"gpt-4o","usage":{"input_tokens":9.0,"output_tokens":5,'
        b'"cache_creation":null,"claude_cache_creation_5_m_tokens":0,"x_new":1}}',
        c.ClaudeMessageResponse,
    )
    assert answer.stop_sequence is None
    assert answer.usage == c.ClaudeUsage(input_tokens=9, output_tokens=5, claude_cache_creation_5_m_tokens=0)


@pytest.mark.parametrize("body", [b"{}", b'{"data":{}}', b'{"content":null}'])
def test_an_object_without_content_is_no_message(body: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.decode(body, c.ClaudeMessageResponse)


def test_words_that_are_new_do_not_break_decoding() -> None:
    answer = message(stop_reason="brand_new_stop", usage={"service_tier": "gold"}, stop_details={"type": "new"})
    assert answer.stop_reason == "brand_new_stop"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copied_message_still_goes_back_whole(copied: Any) -> None:
    answer = message({"type": "text", "text": "a", "x_new": 1}, {"type": "new_block"})
    assert copied(answer) == answer
    assert copied(answer).to_param() == answer.to_param()
    assert copied(answer.content[0]).to_param() == {"type": "text", "text": "a", "x_new": 1}


# --- recorded answers


def test_recorded_messages_decode_and_go_back_as_they_came() -> None:
    paths = sorted((fixtures() / "fixtures/anthropic").glob("message_*.json"))
    assert paths
    for path in paths:
        wire = json.loads(path.read_bytes())
        answer = codec.decoder_for(c.ClaudeMessageResponse).decode(path.read_bytes())
        assert answer.to_param()["content"] == [without_nulls(block) for block in wire["content"]], path.name


def test_messages_recorded_at_the_gateway_decode() -> None:
    exchanges = json.loads((fixtures() / "recorded/exchanges.json").read_bytes())
    bodies = [
        exchange["response"]["body"]
        for exchange in exchanges
        if exchange["group"] == "messages"
        and exchange["response"]["status"] == 200
        and exchange["response"].get("body", "").lstrip().startswith('{"id"')
    ]
    assert bodies
    for body in bodies:
        answer = codec.decode(body.encode(), c.ClaudeMessageResponse)
        assert answer.content
        assert msgspec.json.encode(answer)
