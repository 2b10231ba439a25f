"""Chat types: requests as the official SDK has them, responses as tolerant as the gateway needs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion
from openai.types.chat import ChatCompletionChunk as OfficialChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async.types._base import RequestOptions, ResponseMeta
from tikhub_async.types.chat import (
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionParams,
    ChatCompletionParseParams,
    ChatCompletionRequest,
    ChatCompletionResponse,
    ChatMessage,
    ModerationFailure,
    ModerationResults,
    ToolCall,
)


def fixtures(folder: str) -> Path:
    """A folder of optional data; the test says that it skipped where there is none."""
    root = os.environ.get("TIKHUB_FIXTURES")
    if not root:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no provider answers to read")
    return Path(root) / folder


def answer(message: dict[str, Any], **members: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return json.dumps({"id": "c1", "object": "chat.completion", "choices": [choice], **members}).encode()


def received(message: dict[str, Any], **members: Any) -> ChatCompletionResponse:
    """An answer as the session hands it out: decoded, then attached."""
    body = answer(message, **members)
    response = codec.decode(body, ChatCompletionResponse)
    response.attach(ResponseMeta(body=body))
    return response


CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def test_every_field_of_the_official_response_is_reachable() -> None:
    assert missing_fields(ChatCompletion, ChatCompletionResponse) == []


def test_every_field_of_the_official_chunk_is_reachable() -> None:
    assert missing_fields(OfficialChunk, ChatCompletionChunk) == []


def test_every_request_key_of_the_official_sdk_is_there_but_stream() -> None:
    assert missing_keys(CompletionCreateParamsNonStreaming, ChatCompletionRequest) == ["stream"]


def test_model_and_messages_are_required_and_nothing_else() -> None:
    for params in (ChatCompletionRequest, ChatCompletionParams, ChatCompletionParseParams):
        assert params.__required_keys__ == {"model", "messages"}


def test_params_are_the_request_and_the_options() -> None:
    request, options = set(ChatCompletionRequest.__annotations__), set(RequestOptions.__annotations__)
    assert set(ChatCompletionParams.__annotations__) == request | options
    assert set(ChatCompletionParseParams.__annotations__) == (request | options) - {"response_format"}
    assert len(request) == 37
    assert "thinking" in request


def test_sparsest_answer_decodes() -> None:
    response = codec.decode(b'{"choices":[{"message":{"content":"hi"}}]}', ChatCompletionResponse)
    assert response.text == "hi"
    assert response.choices[0].message.role == "assistant"
    assert response.usage is None


@pytest.mark.parametrize("body", [b"{}", b'{"choices":[]}', b'{"choices":null}', b'{"choices":[{}]}'])
def test_answer_without_text_has_empty_text(body: bytes) -> None:
    assert codec.decode(body, ChatCompletionResponse).text == ""


def test_null_content_stays_null_and_empty_content_stays_empty() -> None:
    assert received({"content": None}).choices[0].message.content is None
    assert received({"content": ""}).choices[0].message.content == ""


def test_leading_blank_lines_of_a_queued_answer_do_not_matter() -> None:
    assert codec.decode(b"\n\n\n" + answer({"content": "hi"}), ChatCompletionResponse).text == "hi"


def test_null_lists_and_whole_floats_are_repaired() -> None:
    response = received(
        {"content": "x", "tool_calls": None, "annotations": None}, created=5.0, usage={"total_tokens": 3.0}
    )
    assert response.choices[0].message.tool_calls == []
    assert response.usage is not None
    assert response.usage.total_tokens == 3


def test_function_and_custom_calls_read_alike() -> None:
    custom = {"id": "call_2", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    function, other = received({"tool_calls": [CALL, custom]}).choices[0].message.tool_calls
    assert (function.name, function.arguments) == ("f", '{"a":1}')
    assert (other.type, other.name, other.arguments) == ("custom", "shell", "ls")
    assert (ToolCall().name, ToolCall().arguments) == ("", "")


def test_gateway_usage_extras_are_kept() -> None:
    usage = received(
        {"content": ""},
        usage={
            "prompt_tokens": 1,
            "prompt_cache_hit_tokens": 2,
            "claude_cache_creation_5_m_tokens": 3,
            "input_tokens_details": None,
        },
    ).usage
    assert usage is not None
    assert (usage.prompt_cache_hit_tokens, usage.claude_cache_creation_5_m_tokens) == (2, 3)


def test_content_filter_names_the_categories_that_withheld_text() -> None:
    filters = {
        "hate": {"filtered": False, "severity": "safe"},
        "violence": {"filtered": True, "severity": "high"},
        "protected_material_code": {"filtered": False, "detected": True, "citation": {"URL": "u", "license": "MIT"}},
        "custom_blocklists": {"filtered": True, "details": [{"id": "b", "filtered": True}]},
    }
    body = {"choices": [{"content_filter_results": filters}], "prompt_filter_results": [{"prompt_index": 0}]}
    response = codec.decode(json.dumps(body).encode(), ChatCompletionResponse)
    results = response.choices[0].content_filter_results
    assert results is not None
    assert results.filtered == ["violence", "custom_blocklists"]
    code = results.protected_material_code
    assert code is not None
    assert code.citation is not None
    assert code.citation.url == "u"


def test_moderation_tells_results_from_failure() -> None:
    result = {"type": "moderation_result", "flagged": True, "category_scores": {"self-harm/intent": 1}}
    moderation = received(
        {},
        moderation={
            "input": {"type": "moderation_results", "results": [result]},
            "output": {"type": "error", "code": "c", "message": "m"},
        },
    ).moderation
    assert moderation is not None
    assert isinstance(moderation.input, ModerationResults)
    assert moderation.input.results[0].category_scores == {"self-harm/intent": 1.0}
    assert isinstance(moderation.output, ModerationFailure)
    assert (moderation.output.type, moderation.output.code) == ("error", "c")


def test_message_goes_back_with_what_this_version_does_not_know() -> None:
    message: dict[str, Any] = {
        "content": "x",
        "refusal": None,
        "reasoning_content": "think",
        "x_signature": "s",
        "annotations": [{}],
    }
    assert received(message).choices[0].message.to_param() == {
        "role": "assistant",
        "content": "x",
        "reasoning_content": "think",
        "x_signature": "s",
    }


def test_tool_calls_go_back_without_their_index() -> None:
    call = {**CALL, "x_signature": "s"}
    message = received({"content": None, "tool_calls": [call]}).choices[0].message
    expected = {key: value for key, value in call.items() if key != "index"}
    assert message.to_param() == {"role": "assistant", "content": None, "tool_calls": [expected]}
    assert message.tool_calls[0].to_param() == expected


def test_empty_tool_calls_do_not_go_back() -> None:
    assert received({"content": "x", "tool_calls": []}).choices[0].message.to_param() == {
        "role": "assistant",
        "content": "x",
    }


def test_spoken_answer_goes_back_as_its_id() -> None:
    message = (
        received({"content": None, "audio": {"id": "audio_1", "data": "AAEC", "transcript": "t"}}).choices[0].message
    )
    assert message.to_param().get("audio") == {"id": "audio_1"}
    assert message.audio is not None
    assert message.audio.to_bytes() == b"\x00\x01\x02"


def test_message_that_was_never_on_the_wire_goes_back_too() -> None:
    call = codec.decode(json.dumps(CALL).encode(), ToolCall)
    message = ChatCompletionMessage(content="x", tool_calls=[call])
    history: list[ChatMessage] = [{"role": "user", "content": "Hi"}, message.to_param()]
    assert history[1] == {
        "role": "assistant",
        "content": "x",
        "tool_calls": [{key: value for key, value in CALL.items() if key != "index"}],
    }


def test_message_of_a_body_that_only_lenient_decoding_reads_goes_back() -> None:
    body = rb'{"choices":[{"message":{"role":"assistant","content":"half \ud83d"}},{}]}'
    response = codec.decode(body, ChatCompletionResponse)
    response.attach(ResponseMeta(body=body))
    assert response.choices[0].message.to_param().get("content") == "half \ud83d"
    assert response.choices[1].message.to_param() == {"role": "assistant", "content": None}


def test_chunk_text_is_that_of_the_first_choice() -> None:
    body = b'{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}'
    assert codec.decode(body, ChatCompletionChunk).text == "a"
    assert codec.decode(b'{"choices":[{"index":0,"finish_reason":"stop"}]}', ChatCompletionChunk).text == ""


def test_error_in_the_place_of_a_chunk_decodes() -> None:
    for body in (b'{"error":{"message":"m","code":null}}', b'{"error":"m"}', b'{"type":"error","error":{"code":500}}'):
        assert codec.decode(body, ChatCompletionChunk).error


@pytest.mark.parametrize("provider", ["openai_chat", "claude_chat", "deepseek"])
def test_recorded_answers_decode_and_go_back(provider: str) -> None:
    files = sorted((fixtures("fixtures") / provider).glob("completion_*.json"))
    assert files
    for file in files:
        body = file.read_bytes()
        wire = json.loads(body)
        response = codec.decode(body, ChatCompletionResponse)
        response.attach(ResponseMeta(body=body))
        for choice, wire_choice in zip(response.choices, wire["choices"], strict=True):
            assert choice.message.content == wire_choice["message"]["content"], file.name
            assert choice.finish_reason == wire_choice["finish_reason"], file.name
            assert choice.message.to_param().get("reasoning_content") == wire_choice["message"].get("reasoning_content")
        assert response.usage is not None
        assert response.usage.total_tokens == wire["usage"]["total_tokens"]


def test_recorded_gateway_answers_decode() -> None:
    exchanges = json.loads((fixtures("recorded") / "exchanges.json").read_bytes())
    decoded = 0
    for exchange in exchanges:
        body = exchange["response"].get("body") or ""
        if exchange["group"] == "chat" and exchange["response"]["status"] == 200 and '"choices"' in body[:400]:
            if not body.lstrip().startswith("{"):
                continue
            response = codec.decode(body.encode(), ChatCompletionResponse)
            assert response.choices, exchange["id"]
            assert response.choices[0].finish_reason, exchange["id"]
            decoded += 1
    assert decoded >= 10
