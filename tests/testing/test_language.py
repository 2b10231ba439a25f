"""Chat, Responses, Messages, Gemini, embeddings and transcriptions: what the models of the emulator say, byte by byte."""

import base64
import json
import struct
from typing import Any

import aiohttp
import pytest

from tests.testing.conftest import Answer, Caller

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
SHAPE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "pages": {"type": "integer", "minimum": 3}, "tags": {"type": "array"}},
    "required": ["name", "pages", "tags"],
}
GEMINI = "/v1beta/models/gemini-2.5-flash"


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def chat_text(answer: Answer) -> str:
    deltas = [choice["delta"] for event in answer.events[:-1] for choice in event["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


async def test_the_answer_quotes_the_prompt_and_is_the_same_every_time(call: Caller) -> None:
    first, second = await call.chat(messages=ask("Why blue?")), await call.chat(messages=ask("Why blue?"))
    content = first.json["choices"][0]["message"]["content"]
    assert "“Why blue?”" in content
    assert content == second.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize("model", ["gpt-4o", "claude-opus-4-6", "deepseek-chat", "gemini-2.5-flash"])
async def test_a_stream_says_what_the_plain_answer_says(call: Caller, model: str) -> None:
    plain, stream = await call.chat(model=model), await call.chat(model=model, stream=True)
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert chat_text(stream) == plain.json["choices"][0]["message"]["content"]
    assert stream.events[-1] == "[DONE]"
    assert stream.events[-2]["choices"] == []
    assert stream.events[-2]["usage"]["total_tokens"] == plain.json["usage"]["total_tokens"]
    assert stream.events[-3]["choices"][0]["finish_reason"] == "stop"


async def test_only_an_explicit_false_suppresses_the_usage_chunk(call: Caller) -> None:
    with_usage = await call.chat(stream=True, stream_options={})
    without = await call.chat(stream=True, stream_options={"include_usage": False})
    assert "usage" in with_usage.events[-2]
    assert [event for event in without.events[:-1] if event.get("usage")] == []


async def test_too_few_tokens_end_with_length(call: Caller) -> None:
    answer = await call.chat(max_tokens=3)
    choice = answer.json["choices"][0]
    assert (choice["finish_reason"], len(choice["message"]["content"].split())) == ("length", 3)
    assert answer.json["usage"]["completion_tokens"] == 3


async def test_words_make_an_answer_as_long_as_wished(call: Caller) -> None:
    answer = await call.chat(messages=ask("[[words=300]]"))
    assert len(answer.json["choices"][0]["message"]["content"].split()) == 300


async def test_several_choices_are_told_apart_by_index(call: Caller) -> None:
    answer = await call.chat(n=3, stream=True)
    indexes = [choice["index"] for event in answer.events[:-1] for choice in event["choices"]]
    assert sorted(set(indexes)) == [0, 1, 2]


async def test_a_mentioned_tool_is_called_with_arguments_that_fit(call: Caller) -> None:
    answer = await call.chat(messages=ask("How is the weather?"), tools=[CHAT_TOOL])
    choice = answer.json["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    (called,) = choice["message"]["tool_calls"]
    assert json.loads(called["function"]["arguments"]) == {"city": "city"}


async def test_streamed_arguments_arrive_in_pieces_with_one_id(call: Caller) -> None:
    tools = [CHAT_TOOL, {"type": "function", "function": {"name": "other", "parameters": WEATHER}}]
    answer = await call.chat(messages=ask("[[tool]]"), tools=tools, stream=True)
    parts = [part for event in answer.events[:-2] for part in event["choices"][0]["delta"].get("tool_calls", [])]
    assert [(part["index"], part["function"].get("name")) for part in parts if "id" in part] == [
        (0, "get_weather"),
        (1, "other"),
    ]
    for index in (0, 1):
        arguments = "".join(part["function"]["arguments"] for part in parts if part["index"] == index)
        assert json.loads(arguments) == {"city": "city"}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("auto", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "get_weather"}}, ["get_weather"]),
    ],
)
async def test_tool_choice_is_obeyed(call: Caller, choice: Any, called: list[str]) -> None:
    answer = await call.chat(tools=[CHAT_TOOL], tool_choice=choice)
    calls = answer.json["choices"][0]["message"].get("tool_calls", [])
    assert [item["function"]["name"] for item in calls] == called


def allowed(mode: str) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": "get_time"}}]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@pytest.mark.parametrize(("mode", "text", "called"), [
    ("auto", "Hi", []),
    ("auto", "What is the weather, what the time?", ["get_time"]),
    ("required", "Hi", ["get_time"]),
])  # fmt: skip
async def test_allowed_tools_leave_the_choice_unless_one_is_required(
    call: Caller, mode: str, text: str, called: list[str]
) -> None:
    tools = [CHAT_TOOL, {"type": "function", "function": {"name": "get_time"}}]
    answer = await call.chat(messages=ask(text), tools=tools, tool_choice=allowed(mode))
    calls = answer.json["choices"][0]["message"].get("tool_calls") or []
    assert [one["function"]["name"] for one in calls] == called
    flat = {"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": "get_time"}]}
    tools = [{"type": "function", **tool["function"]} for tool in tools]  # type: ignore[dict-item]
    answer = await call.post("/v1/responses", {"model": "gpt-4o", "input": text, "tools": tools, "tool_choice": flat})
    assert [item["name"] for item in answer.json["output"] if item["type"] == "function_call"] == called


async def test_after_a_tool_result_the_model_speaks(call: Caller) -> None:
    messages = [*ask("How is the weather?"), {"role": "tool", "tool_call_id": "call_1", "content": "Rain"}]
    answer = await call.chat(messages=messages, tools=[CHAT_TOOL])
    assert "“Rain”" in answer.json["choices"][0]["message"]["content"]


async def test_json_that_was_asked_for_fits_its_schema(call: Caller) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "book", "schema": SHAPE}}
    answer = await call.chat(response_format=wanted)
    assert json.loads(answer.json["choices"][0]["message"]["content"]) == {"name": "name", "pages": 3, "tags": []}
    free = await call.chat(response_format={"type": "json_object"}, stream=True)
    assert json.loads(chat_text(free)) == {"answer": "Hello there"}


@pytest.mark.parametrize("model", ["deepseek-reasoner", "deepseek-v4-pro"])
async def test_deepseek_thinks_unless_told_otherwise(call: Caller, model: str) -> None:
    answer = await call.chat(model=model)
    assert answer.json["choices"][0]["message"]["reasoning_content"]
    assert answer.json["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    quiet = await call.chat(model=model, thinking={"type": "disabled"})
    assert "reasoning_content" not in quiet.json["choices"][0]["message"]


async def test_claude_on_chat_thinks_by_effort_and_drops_the_thinking_object(call: Caller) -> None:
    dropped = await call.chat(model="claude-opus-4-6", thinking={"type": "enabled", "budget_tokens": 1024})
    assert "reasoning_content" not in dropped.json["choices"][0]["message"]
    answer = await call.chat(model="claude-opus-4-6", reasoning_effort="low", stream=True)
    deltas = [event["choices"][0]["delta"] for event in answer.events[:-2]]
    thoughts = [index for index, delta in enumerate(deltas) if "reasoning_content" in delta]
    words = [index for index, delta in enumerate(deltas) if delta.get("content")]
    assert max(thoughts) < min(words)


async def test_refusals_and_filters(call: Caller) -> None:
    refused = await call.chat(messages=ask("[[refuse]]"))
    assert refused.json["choices"][0]["message"]["refusal"]
    assert refused.json["choices"][0]["message"]["content"] is None
    filtered = await call.chat(messages=ask("[[filter]]"))
    assert filtered.json["choices"][0]["finish_reason"] == "content_filter"


async def test_gemini_streamed_as_chat_takes_its_finish_reason_back_after_a_tool_call(call: Caller) -> None:
    answer = await call.chat(model="gemini-2.5-flash", messages=ask("weather"), tools=[CHAT_TOOL], stream=True)
    ends = [choice["finish_reason"] for event in answer.events[:-1] for choice in event["choices"]]
    assert ends == [None, "tool_calls", "stop"]


async def test_a_prompt_that_gemini_blocks_is_an_error_plain_and_leaves_no_trace_streamed(call: Caller) -> None:
    plain = await call.chat(model="gemini-2.5-flash", messages=ask("[[filter]]"))
    assert (plain.status, plain.json["error"]["code"]) == (400, "prompt_blocked")
    stream = await call.chat(model="gemini-2.5-flash", messages=ask("[[filter]]"), stream=True)
    assert chat_text(stream) == ""
    ends = [choice["finish_reason"] for event in stream.events[:-1] for choice in event["choices"]]
    assert (stream.status, ends, stream.events[-1]) == (200, [None], "[DONE]")


async def test_responses_plain_and_streamed_are_one_object(call: Caller) -> None:
    body = {"model": "gpt-5", "input": "Hello", "reasoning": {"effort": "low"}}
    plain = (await call.post("/v1/responses", body)).json
    assert [item["type"] for item in plain["output"]] == ["reasoning", "message"]
    events = (await call.post("/v1/responses", {**body, "stream": True})).events
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    final = events[-1]["response"]
    assert {key for key in final if key not in plain} == set()
    assert final["output"][1]["content"] == plain["output"][1]["content"]
    deltas = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert deltas == final["output"][1]["content"][0]["text"]


async def test_event_lines_of_responses_repeat_the_type(call: Caller) -> None:
    answer = await call.post("/v1/responses", {"model": "gpt-4o", "input": "Hi", "stream": True})
    names = [line[7:] for line in answer.text.split("\n") if line.startswith("event: ")]
    assert names == [event["type"] for event in answer.events]
    assert "[DONE]" not in answer.text


async def test_responses_that_run_out_of_tokens_are_incomplete(call: Caller) -> None:
    body = {"model": "gpt-4o", "input": "Hi", "max_output_tokens": 2}
    assert (await call.post("/v1/responses", body)).json["incomplete_details"] == {"reason": "max_output_tokens"}
    events = (await call.post("/v1/responses", {**body, "stream": True})).events
    assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.incomplete", "incomplete")


async def test_responses_call_functions(call: Caller) -> None:
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER}
    body = {"model": "gpt-4o", "input": "weather?", "tools": [tool], "stream": True}
    events = (await call.post("/v1/responses", body)).events
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], json.loads(item["arguments"])) == ("function_call", {"city": "city"})
    back = [{"role": "user", "content": "weather?"}, item, {"type": "function_call_output", "output": "Rain"}]
    answer = await call.post("/v1/responses", {**body, "input": back, "stream": False})
    assert "“Rain”" in answer.json["output"][0]["content"][0]["text"]


async def test_messages_have_thinking_text_and_tools_as_blocks(call: Caller) -> None:
    body: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": ask("How is the weather?")}
    body |= {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    plain = (await call.post("/v1/messages", body)).json
    assert [block["type"] for block in plain["content"]] == ["thinking", "text"]
    body |= {"tools": [{"name": "get_weather", "input_schema": WEATHER}]}
    tooled = (await call.post("/v1/messages", body)).json
    assert tooled["stop_reason"] == "tool_use"
    assert tooled["content"][-1]["input"] == {"city": "city"}


async def test_message_streams_follow_the_order_of_anthropic(call: Caller) -> None:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": ask("Hi"), "stream": True}
    answer = await call.post("/v1/messages", body)
    kinds = [event["type"] for event in answer.events]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert answer.text.count("event: ") == len(kinds)
    assert answer.events[-2]["delta"]["stop_reason"] == "end_turn"


async def test_other_families_streamed_as_messages_lose_their_stop_reason(call: Caller) -> None:
    body = {"model": "gpt-4o", "max_tokens": 500, "messages": ask("Hi"), "stream": True}
    kinds = [event["type"] for event in (await call.post("/v1/messages", body)).events]
    assert kinds[-1] == "message_stop"
    assert "message_delta" not in kinds


async def test_messages_answer_in_json_when_asked(call: Caller) -> None:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": ask("Hi")}
    body |= {"output_config": {"format": {"type": "json_schema", "schema": SHAPE}}}
    answer = await call.post("/v1/messages", body)
    assert json.loads(answer.json["content"][0]["text"])["pages"] == 3


async def test_gemini_streams_whole_responses_with_crlf_and_no_done(call: Caller) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    plain = (await call.post(f"{GEMINI}:generateContent", body)).json
    stream = await call.post(f"{GEMINI}:streamGenerateContent?alt=sse", body)
    texts = [event["candidates"][0]["content"]["parts"][0]["text"] for event in stream.events]
    assert "".join(texts) == plain["candidates"][0]["content"]["parts"][0]["text"]
    assert stream.body.endswith(b"}\r\n\r\n")
    assert [event["candidates"][0].get("finishReason") for event in stream.events] == [None] * (len(texts) - 1) + [
        "STOP"
    ]
    assert stream.events[-1]["usageMetadata"] == plain["usageMetadata"]


async def test_alt_sse_alone_decides_whether_gemini_streams(call: Caller) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    assert (
        (await call.post(f"{GEMINI}:streamGenerateContent", body))
        .headers["Content-Type"]
        .startswith("application/json")
    )
    assert (await call.post(f"{GEMINI}:generateContent?alt=sse", body)).headers["Content-Type"] == "text/event-stream"


async def test_gemini_functions_schemas_thoughts_and_blocks(call: Caller) -> None:
    def contents(text: str) -> dict[str, Any]:
        return {"contents": [{"role": "user", "parts": [{"text": text}]}]}

    path = f"{GEMINI}:generateContent"
    tools = [{"functionDeclarations": [{"name": "get_weather", "parameters": {"type": "OBJECT", "properties": {}}}]}]
    called = (await call.post(path, {**contents("weather"), "tools": tools})).json["candidates"][0]["content"]["parts"]
    assert called == [{"functionCall": {"name": "get_weather", "args": {}}}]
    config = {"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY", "items": {"type": "INTEGER"}}}
    value = (await call.post(path, {**contents("Hi"), "generationConfig": config})).json
    assert json.loads(value["candidates"][0]["content"]["parts"][0]["text"]) == [1]
    config = {"thinkingConfig": {"includeThoughts": True}}
    thought = (await call.post(path, {**contents("Hi"), "generationConfig": config})).json
    assert thought["candidates"][0]["content"]["parts"][0]["thought"] is True
    assert thought["usageMetadata"]["thoughtsTokenCount"] > 0
    blocked = (await call.post(path, contents("[[filter]]"))).json
    assert "candidates" not in blocked
    assert blocked["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"


@pytest.mark.parametrize(
    ("model", "config", "signed"),
    [
        ("gemini-3-pro-preview", {}, True),
        ("gemini-2.5-flash", {"thinkingConfig": {"includeThoughts": True}}, True),
        ("gemini-2.5-flash", {}, False),
    ],
)
async def test_a_thinking_gemini_model_signs_its_first_call(
    call: Caller, model: str, config: dict[str, Any], signed: bool
) -> None:
    declared = [{"name": "get_weather", "parameters": WEATHER}, {"name": "get_wind", "parameters": WEATHER}]
    body = {
        "contents": [{"parts": [{"text": "[[tool]] Go"}]}],
        "tools": [{"functionDeclarations": declared}],
        "generationConfig": config,
    }
    for verb in ("generateContent", "streamGenerateContent?alt=sse"):
        answer = await call.post(f"/v1beta/models/{model}:{verb}", body)
        chunks = answer.events or [answer.json]
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        calls = [part for part in parts if "functionCall" in part]
        assert ["thoughtSignature" in part for part in calls] == [signed, False]


async def test_gemini_3_signs_the_last_text_of_an_answer_without_calls(call: Caller) -> None:
    answer = await call.post(
        "/v1beta/models/gemini-3-pro-preview:generateContent", {"contents": [{"parts": [{"text": "Hi"}]}]}
    )
    assert list(answer.json["candidates"][0]["content"]["parts"][-1]) == ["text", "thoughtSignature"]


async def test_embeddings_are_the_same_vector_in_both_encodings(call: Caller) -> None:
    body = {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 8}
    floats = (await call.post("/v1/embeddings", body)).json["data"]
    packed = (await call.post("/v1/embeddings", {**body, "encoding_format": "base64"})).json["data"]
    assert [row["index"] for row in floats] == [0, 1]
    assert floats[0]["embedding"] != floats[1]["embedding"]
    for row, coded in zip(floats, packed, strict=True):
        assert list(struct.unpack("<8f", base64.b64decode(coded["embedding"]))) == row["embedding"]
        assert abs(sum(value * value for value in row["embedding"]) - 1) < 1e-6


async def test_tokens_count_as_one_text(call: Caller) -> None:
    body = {"model": "text-embedding-3-small", "dimensions": 2}
    assert len((await call.post("/v1/embeddings", {**body, "input": [1, 2]})).json["data"]) == 1
    assert len((await call.post("/v1/embeddings", {**body, "input": [[1, 2], [3]]})).json["data"]) == 2


async def transcribe(call: Caller, **fields: str) -> Answer:
    form = aiohttp.FormData({"model": "whisper-1", **fields})
    form.add_field("file", b"RIFF....", filename="talk.wav")
    return await call("POST", "/v1/audio/transcriptions", data=form)


async def test_a_transcription_names_the_file_and_nests_its_words(call: Caller) -> None:
    answer = (await transcribe(call)).json
    assert answer["text"] == "This is what whisper-1 heard in talk.wav. The file has 8 bytes."
    words = [word["word"] for segment in answer["segments"] for word in segment["words"]]
    assert " ".join(words) == answer["text"]
    assert type(answer["segments"][0]["start"]) is int


async def test_subtitles_and_text_are_not_json(call: Caller) -> None:
    assert (await transcribe(call, response_format="text")).headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (await transcribe(call, response_format="vtt")).text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert (await transcribe(call, response_format="srt")).text.startswith("1\n00:00:00,000 --> ")


async def test_a_streamed_transcription_ends_with_its_done_event(call: Caller) -> None:
    events = (await transcribe(call, stream="true")).events
    assert "".join(event["delta"] for event in events[:-1]) == events[-1]["text"]
    assert events[-1]["type"] == "transcript.text.done"


async def test_models_are_listed_in_the_form_the_client_looks_for(call: Caller) -> None:
    rows = (await call.get("/v1/models")).json["data"]
    assert rows[0]["supported_endpoint_types"] == ["anthropic", "openai"]
    headers = {"x-api-key": "sk-TESTnormal" + "0" * 38, "anthropic-version": "2023-06-01"}
    assert "display_name" in (await call.get("/v1/models", headers=headers)).json["data"][0]
    assert (await call.get("/v1/models/no-such")).json["error"]["code"] == "model_not_found"
    assert (await call.get("/v1/models/gpt-4o")).json["owned_by"] == "openai"
