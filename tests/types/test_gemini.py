"""Gemini's types: snake_case in, camelCase on the wire, and the way back."""

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any, get_type_hints

import google.genai.types as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.types.coverage import missing_fields, missing_keys
from tikhub_async._wire import codec
from tikhub_async._wire.gemini import camel, to_wire
from tikhub_async.errors import InvalidParameter
from tikhub_async.types import gemini as g
from tikhub_async.types._base import RequestOptions


def answer(*parts: dict[str, Any], **members: Any) -> g.GeminiGenerateContentResponse:
    whole = {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0}], **members}
    return codec.decode(json.dumps(whole).encode(), g.GeminiGenerateContentResponse)


def part(**members: Any) -> g.GeminiPart:
    return answer(members).parts[0]


def fixtures() -> Path:
    folder = os.environ.get("TIKHUB_FIXTURES")
    if not folder:
        pytest.skip("TIKHUB_FIXTURES is not set, so there are no recorded answers to read")
    return Path(folder)


# --- requests

SNAKE: g.GeminiGenerateContentRequest = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Look"},
                {"inline_data": {"mime_type": "image/png", "data": "iVBORw0KGgo="}},
                {
                    "file_data": {"file_uri": "https://example.com/v.mp4", "mime_type": "video/mp4"},
                    "video_metadata": {"start_offset": "1s", "end_offset": "4s"},
                },
            ],
        },
        {
            "role": "model",
            "parts": [
                {"function_call": {"name": "get_weather", "args": {"city_name": "Oslo"}}, "thought_signature": "CoYB"}
            ],
        },
        {
            "role": "user",
            "parts": [{"function_response": {"name": "get_weather", "response": {"temp_c": 3}}}],
        },
    ],
    "system_instruction": {"parts": [{"text": "Be brief."}]},
    "tools": [
        {
            "function_declarations": [
                {
                    "name": "get_weather",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"max_items": {"type": "ARRAY", "max_items": 3, "items": {"type": "STRING"}}},
                        "required": ["max_items"],
                        "property_ordering": ["max_items"],
                    },
                },
                {"name": "free", "parameters_json_schema": {"any_of": [{"property_ordering": 1}]}},
            ]
        },
        {"google_search": {"exclude_domains": ["example.com"]}},
        {"code_execution": {}},
        {"url_context": {}},
    ],
    "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["get_weather"]}},
    "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    "generation_config": {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 256,
        "stop_sequences": ["END_HERE"],
        "response_json_schema": {"additional_properties": False, "prefix_items": []},
        "thinking_config": {"include_thoughts": True, "thinking_budget": 512},
        "speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}},
    },
    "cached_content": "cachedContents/abc",
    "labels": {"cost_center": "a_b"},
}

CAMEL: dict[str, Any] = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Look"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                {
                    "fileData": {"fileUri": "https://example.com/v.mp4", "mimeType": "video/mp4"},
                    "videoMetadata": {"startOffset": "1s", "endOffset": "4s"},
                },
            ],
        },
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "get_weather", "args": {"city_name": "Oslo"}}, "thoughtSignature": "CoYB"}
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "get_weather", "response": {"temp_c": 3}}}],
        },
    ],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "get_weather",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"max_items": {"type": "ARRAY", "maxItems": 3, "items": {"type": "STRING"}}},
                        "required": ["max_items"],
                        "propertyOrdering": ["max_items"],
                    },
                },
                {"name": "free", "parametersJsonSchema": {"any_of": [{"property_ordering": 1}]}},
            ]
        },
        {"googleSearch": {"excludeDomains": ["example.com"]}},
        {"codeExecution": {}},
        {"urlContext": {}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "maxOutputTokens": 256,
        "stopSequences": ["END_HERE"],
        "responseJsonSchema": {"additional_properties": False, "prefix_items": []},
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 512},
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    },
    "cachedContent": "cachedContents/abc",
    "labels": {"cost_center": "a_b"},
}


def test_contents_and_model_are_required() -> None:
    assert g.GeminiGenerateContentRequest.__required_keys__ == {"contents"}
    assert g.GeminiGenerateContentParams.__required_keys__ == {"contents", "model"}


def test_params_are_the_request_the_model_and_the_options() -> None:
    request, options = get_type_hints(g.GeminiGenerateContentRequest), get_type_hints(RequestOptions)
    assert set(get_type_hints(g.GeminiGenerateContentParams)) == {*request, *options, "model"}


def test_declared_keys_are_renamed_and_free_form_data_is_not() -> None:
    assert to_wire(SNAKE) == CAMEL


def test_camel_case_passes_unchanged() -> None:
    assert to_wire(CAMEL) == CAMEL


def test_the_callers_data_is_not_changed() -> None:
    before = copy.deepcopy(SNAKE)
    to_wire(SNAKE)
    assert before == SNAKE


def test_keys_under_a_camel_case_key_are_renamed_too() -> None:
    assert to_wire({"contents": [], "generationConfig": {"max_output_tokens": 5}})["generationConfig"] == {
        "maxOutputTokens": 5
    }


def test_unknown_keys_pass_with_all_they_hold() -> None:
    newer = {"x_new_key": {"max_output_tokens": 1}}
    assert to_wire({"contents": [], "generation_config": newer})["generationConfig"] == newer


def test_a_text_is_one_turn_of_the_user() -> None:
    assert to_wire({"contents": "Hi", "system_instruction": "Be brief."}) == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }


def test_tuples_are_lists() -> None:
    assert to_wire({"contents": ({"parts": ({"inline_data": {}},)},)}) == {
        "contents": [{"parts": [{"inlineData": {}}]}]
    }


def test_one_key_in_two_spellings_is_refused_with_its_place() -> None:
    config = {"top_p": 1, "topP": 0.5}
    with pytest.raises(InvalidParameter) as raised:
        to_wire({"contents": [], "generation_config": config})
    assert raised.value.path == "generation_config.topP"


FREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["max_items", "aB", "a_b"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["max_output_tokens", "inline_data", "x"]), FREE))
def test_arguments_schemas_and_metadata_are_never_touched(data: dict[str, Any]) -> None:
    call = {"function_call": {"name": "f", "args": data}, "part_metadata": data}
    body = to_wire({"contents": [{"parts": [call]}], "generation_config": {"response_json_schema": data}})
    assert body["contents"][0]["parts"] == [{"functionCall": {"name": "f", "args": data}, "partMetadata": data}]
    assert body["generationConfig"] == {"responseJsonSchema": data}


@pytest.mark.parametrize(
    ("snake", "wire"), [("top_p", "topP"), ("model", "model"), ("exa_ai_search", "exaAiSearch"), ("lat_lng", "latLng")]
)
def test_names_become_camel_case(snake: str, wire: str) -> None:
    assert camel(snake) == wire


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        (theirs.GenerationConfigDict, g.GeminiGenerationConfig),
        (theirs.ContentDict, g.GeminiContent),
        (theirs.ToolDict, g.GeminiTool),
        (theirs.ToolConfigDict, g.GeminiToolConfig),
        (theirs.SafetySettingDict, g.GeminiSafetySetting),
        (theirs.ImageConfigDict, g.GeminiImageConfig),
        (theirs.ModelArmorConfigDict, g.GeminiModelArmor),
    ],
)
def test_requests_have_the_keys_of_the_official_client(official: Any, ours: Any) -> None:
    deviations = [
        # Empty objects, sent as `{}`.
        "code_execution",
        "url_context",
        "google_search.search_types.*",
        "google_maps.grounding_types",
        "retrieval.external_api.simple_search_params",
        "audio_transcription_config.language_auto",
        # `$defs` and `$ref` are no parts of Google's subset; JSON schemas have keys of their own.
        "*.defs",
        "*.ref",
        # Only ever received: streamed arguments, transcriptions.
        "parts.function_call.partial_args",
        "parts.function_call.will_continue",
        "parts.audio_transcription",
    ]
    assert missing_keys(official, ours, ignore=deviations) == []


# --- answers


def test_every_field_of_the_official_answer_is_reachable() -> None:
    client_side = ["sdkHttpResponse", "automaticFunctionCallingHistory", "parsed"]  # never on the wire
    ours = g.GeminiGenerateContentResponse
    assert missing_fields(theirs.GenerateContentResponse, ours, ignore=client_side) == []


def test_text_leaves_thoughts_and_other_candidates_out() -> None:
    body = {
        "candidates": [
            {"index": 1, "content": {"parts": [{"text": "other"}]}},
            {"content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}, {"text": "b", "thought": False}]}},
        ]
    }
    response = codec.decode(json.dumps(body).encode(), g.GeminiGenerateContentResponse)
    assert (response.text, response.thoughts) == ("ab", "hm")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"candidates": []},
        {"candidates": None},
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"content": {}, "finishReason": "MAX_TOKENS"}]},
        {"candidates": [{"content": {"role": "model", "parts": None}}]},
        {"promptFeedback": {"blockReason": "SAFETY"}},
    ],
)
def test_any_key_can_be_missing(body: dict[str, Any]) -> None:
    response = codec.decode(json.dumps(body).encode(), g.GeminiGenerateContentResponse)
    assert (response.text, response.function_calls, response.parts) == ("", [], [])
    back: Any = response.to_param()
    assert back == {"role": "model", "parts": []}


def test_function_calls_are_gathered() -> None:
    response = answer({"text": "a"}, {"functionCall": {"name": "f", "args": {"n": 1}}}, {"functionCall": {"name": "g"}})
    assert [(call.name, call.args) for call in response.function_calls] == [("f", {"n": 1}), ("g", {})]


PARTS: list[tuple[str, dict[str, Any]]] = [
    ("text", {"text": "Hi"}),
    ("text", {"text": "hm", "thought": True}),
    ("text", {"text": "", "thoughtSignature": "CoYB"}),
    ("inline_data", {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}),
    ("file_data", {"fileData": {"fileUri": "u", "mimeType": "video/mp4"}, "videoMetadata": {"fps": 1.5}}),
    ("function_call", {"functionCall": {"id": "1", "name": "f", "args": {"a": None}}, "thoughtSignature": "CoYB"}),
    ("function_response", {"functionResponse": {"name": "f", "response": {"a": None}}}),
    ("executable_code", {"executableCode": {"language": "PYTHON", "code": "1"}}),
    ("code_execution_result", {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
    ("tool_call", {"toolCall": {"id": "1", "toolType": "T", "args": {"a": None}}}),
    ("tool_response", {"toolResponse": {"id": "1", "toolType": "T", "response": {"a": None}}}),
    ("audio_transcription", {"audioTranscription": {"text": "Hi", "languageCode": "en"}}),
    ("xBrandNewPart", {"xBrandNewPart": {"a": [1]}}),
    ("", {"thoughtSignature": "CoYB"}),
    ("", {"partMetadata": {"a": None}}),
]


@pytest.mark.parametrize(("kind", "wire"), PARTS)
def test_a_part_names_its_kind_and_goes_back_as_it_came(kind: str, wire: dict[str, Any]) -> None:
    received = part(**wire)
    assert received.kind == kind
    assert received.to_param() == wire


@pytest.mark.parametrize(("kind", "wire"), PARTS)
def test_a_field_this_version_does_not_know_goes_back_too(kind: str, wire: dict[str, Any]) -> None:
    newer: dict[str, Any] = {**wire, "xNewField": {"deep": 1}}
    back: Any = part(**newer).to_param()
    assert back == newer
    assert answer(newer, {"text": "a"}).text.endswith("a")


def test_an_unknown_field_inside_a_call_goes_back_too() -> None:
    wire = {"functionCall": {"name": "f", "args": {"a": None}, "xNew": 1}}
    assert part(**wire).to_param() == wire


def test_an_answer_goes_into_the_next_request_as_it_is() -> None:
    signed = {"functionCall": {"name": "f", "args": {"city_name": "Oslo"}}, "thoughtSignature": "CoYB"}
    response = answer({"text": "hm", "thought": True}, signed)
    turn = response.to_param()
    assert turn == {"role": "model", "parts": [{"text": "hm", "thought": True}, signed]}
    assert to_wire({"contents": [turn]}) == {"contents": [turn]}
    content = response.candidates[0].content
    assert content is not None
    assert content.to_param() == turn


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_copied_answer_still_goes_back_whole(copied: Any) -> None:
    response = answer({"text": "a", "xNew": 1})
    assert copied(response) == response
    assert copied(response).to_param()["parts"] == [{"text": "a", "xNew": 1}]


def test_signatures_and_data_stay_base64_text() -> None:
    received = part(inlineData={"data": "AAEC"}, thoughtSignature="CoYB")
    assert received.inline_data is not None
    assert (received.inline_data.data, received.thought_signature) == ("AAEC", "CoYB")


def test_converted_answers_with_null_details_decode_on_the_fast_path() -> None:
    body = (
        b'{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0,'
        b'"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":9,"toolUsePromptTokenCount":0,'
        b'"candidatesTokenCount":5,"totalTokenCount":14,"promptTokensDetails":null,'
        b'"toolUsePromptTokensDetails":null}}'
    )
    response = codec.decoder_for(g.GeminiGenerateContentResponse).decode(body)
    assert response.usage_metadata == g.GeminiUsage(
        prompt_token_count=9, tool_use_prompt_token_count=0, candidates_token_count=5, total_token_count=14
    )


# --- recorded answers


def test_recorded_answers_decode_and_go_back_as_they_came() -> None:
    paths = sorted((fixtures() / "fixtures/gemini").glob("response_*.json"))
    assert paths
    for path in paths:
        response = codec.decode(path.read_bytes(), g.GeminiGenerateContentResponse)
        candidates = json.loads(path.read_bytes()).get("candidates") or [{}]
        sent = (candidates[0].get("content") or {}).get("parts") or []
        assert response.to_param()["parts"] == sent, path.name


def test_recorded_requests_pass_unchanged() -> None:
    requests = json.loads((fixtures() / "fixtures/requests.json").read_bytes())
    bodies = [request["body"] for request in requests if request["provider"] == "gemini"]
    assert bodies
    for body in bodies:
        assert to_wire(body) == body


def test_answers_recorded_at_the_gateway_decode() -> None:
    exchanges = json.loads((fixtures() / "recorded/exchanges.json").read_bytes())
    bodies = [
        exchange["response"]["body"]
        for exchange in exchanges
        if exchange["group"] == "gemini" and exchange["response"].get("body", "").lstrip().startswith("{")
        if exchange["response"]["status"] == 200 and "generate" in exchange["request"]["path"].lower()
    ]
    assert bodies
    for body in bodies:
        response = codec.decode(body.encode(), g.GeminiGenerateContentResponse)
        assert response.candidates or response.prompt_feedback
