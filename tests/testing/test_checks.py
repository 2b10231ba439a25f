"""What the gateway refuses, in its order, shapes and words."""

from typing import Any

import pytest

from tests.testing.conftest import CHAT, SEEDANCE, Caller
from tikhub_async.testing import (
    BANNED_KEY,
    BLOCKED_IP_KEY,
    BROKE_KEY,
    DISABLED_KEY,
    EXHAUSTED_KEY,
    EXPIRED_KEY,
    LIMITED_KEY,
    LOW_QUOTA_KEY,
    OTHER_KEY,
    TEST_KEY,
)

WRONG = "sk-" + "x" * 48
CLAUDE = {"model": "claude-opus-4-6", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
GEMINI_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"
VIDEO = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "A cat"}]}


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 401, ""),
        ("", 401, ""),
        (WRONG, 401, ""),
        (EXPIRED_KEY, 401, ""),
        (EXHAUSTED_KEY, 401, ""),
        (DISABLED_KEY, 401, ""),
        (BLOCKED_IP_KEY, 403, "access_denied"),
        (BANNED_KEY, 403, ""),
        (f"{TEST_KEY}-5", 403, ""),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", GEMINI_PATH, SEEDANCE])
async def test_a_bad_key_gets_the_same_shape_on_every_route(
    call: Caller, path: str, key: str | None, status: int, code: str
) -> None:
    answer = await call.post(path, CHAT, key=None, headers={} if key is None else {"Authorization": f"Bearer {key}"})
    assert answer.status == status
    error = answer.json["error"]
    assert list(error) == ["code", "message", "type"]
    assert (error["code"], error["type"]) == (code, "new_api_error")
    assert f"(request id: {answer.headers['X-Oneapi-Request-Id']})" in error["message"]


@pytest.mark.parametrize(
    "header", [f"Bearer {TEST_KEY}", f"bearer {TEST_KEY}", TEST_KEY, f"Bearer {TEST_KEY[3:]}", f"Bearer   {TEST_KEY}  "]
)
async def test_spellings_of_a_good_key(call: Caller, header: str) -> None:
    assert (await call.post("/v1/chat/completions", CHAT, key=None, headers={"Authorization": header})).status == 200


async def test_bearer_in_capitals_is_not_understood(call: Caller) -> None:
    answer = await call.post("/v1/chat/completions", CHAT, key=None, headers={"Authorization": f"BEARER {TEST_KEY}"})
    assert answer.status == 401


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/messages", CLAUDE, {"x-api-key": TEST_KEY}, 200),
        ("/v1/messages", CLAUDE, {"x-api-key": WRONG, "Authorization": f"Bearer {TEST_KEY}"}, 401),
        ("/v1/messages", CLAUDE, {"x-api-key": TEST_KEY, "Authorization": f"Bearer {WRONG}"}, 200),
        ("/v1/chat/completions", CHAT, {"x-api-key": TEST_KEY}, 401),
        (GEMINI_PATH, GEMINI, {"x-goog-api-key": TEST_KEY}, 200),
        (GEMINI_PATH, GEMINI, {"x-goog-api-key": WRONG, "Authorization": f"Bearer {TEST_KEY}"}, 401),
        (GEMINI_PATH, GEMINI, {"x-api-key": TEST_KEY}, 401),
        (f"{GEMINI_PATH}?key={WRONG}", GEMINI, {"x-goog-api-key": TEST_KEY}, 200),
        (SEEDANCE, VIDEO, {"x-goog-api-key": TEST_KEY}, 401),
    ],
)
async def test_a_family_header_counts_on_its_own_paths_only(
    call: Caller, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    assert (await call.post(path, body, key=None, headers=headers)).status == status


async def test_models_take_the_header_of_anthropic_but_not_of_google(call: Caller) -> None:
    assert (await call.get("/v1/models", key=None, headers={"x-api-key": TEST_KEY})).status == 200
    assert (await call.get("/v1/models", key=None, headers={"x-goog-api-key": TEST_KEY})).status == 401


@pytest.mark.parametrize(
    ("key", "code"), [(BROKE_KEY, "insufficient_user_quota"), (LOW_QUOTA_KEY, "pre_consume_token_quota_failed")]
)
async def test_no_money_is_403_in_the_shape_of_the_route(call: Caller, key: str, code: str) -> None:
    chat = await call.post("/v1/chat/completions", CHAT, key=key)
    claude = await call.post("/v1/messages", CLAUDE, key=key)
    video = await call.post(SEEDANCE, VIDEO, key=key)
    assert [answer.status for answer in (chat, claude, video)] == [403, 403, 403]
    assert (chat.json["error"]["code"], chat.json["error"]["param"]) == (code, "")
    assert list(claude.json) == ["error", "type"]
    assert (video.json["code"], video.json["data"]) == (code, None)
    assert call.gw.paid == []


async def test_a_broke_account_can_still_read(call: Caller) -> None:
    assert (await call.get("/v1/models", key=BROKE_KEY)).status == 200


async def test_a_key_with_an_allow_list_cannot_poll(call: Caller) -> None:
    task_id = (await call.post(SEEDANCE, VIDEO, key=LIMITED_KEY)).json["id"]
    polled = await call.get(f"{SEEDANCE}/{task_id}", key=LIMITED_KEY)
    assert (polled.status, "no access to model  (" in polled.text) == (403, True)
    other = await call.post("/v1/chat/completions", {**CHAT, "model": "gpt-4.1"}, key=LIMITED_KEY)
    assert (other.status, "no access to model gpt-4.1" in other.text) == (403, True)


async def test_another_accounts_task_does_not_exist(call: Caller) -> None:
    task_id = await call.seedance()
    answer = await call.get(f"{SEEDANCE}/{task_id}", key=OTHER_KEY)
    assert (answer.status, answer.json) == (400, {"code": "task_not_exist", "message": "task_not_exist", "data": None})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"messages": CHAT["messages"]}, 400, ""),
        ({**CHAT, "model": None}, 400, ""),
        ({**CHAT, "model": 5}, 400, ""),
        ([1, 2], 400, ""),
        ({**CHAT, "model": "no-such-model"}, 503, "model_not_found"),
        ({**CHAT, "model": "unpriced-model"}, 500, "model_price_error"),
        ({**CHAT, "model": "dead-model"}, 500, "do_request_failed"),
        ({"model": "gpt-4o"}, 500, "invalid_request"),
        ({"model": "gpt-4o", "messages": []}, 500, "invalid_request"),
        ({"model": "gpt-4o", "messages": "hi"}, 500, "invalid_request"),
        ({**CHAT, "stream": "yes"}, 500, "invalid_request"),
        ({**CHAT, "max_tokens": 5.0}, 500, "invalid_request"),
        ({**CHAT, "n": True}, 500, "invalid_request"),
    ],
)
async def test_bad_chat_bodies(call: Caller, body: Any, status: int, code: str) -> None:
    answer = await call.post("/v1/chat/completions", body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize("content_type", ["text/plain", "application/vnd.api+json", None])
async def test_any_other_content_type_hides_the_body(call: Caller, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await call(
        "POST", "/v1/chat/completions", data=b'{"model":"gpt-4o"}', headers=headers, skip_auto_headers=["Content-Type"]
    )
    assert (answer.status, "Model name not specified" in answer.text) == (400, True)


@pytest.mark.parametrize("body", [b"", b"{", b'{"model":"gpt-4o",'])
async def test_broken_json_is_400_before_the_route_is_reached(call: Caller, body: bytes) -> None:
    answer = await call("POST", "/v1/messages", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["error"]["type"]) == (400, "new_api_error")


async def test_broken_json_on_gemini_is_500_because_the_model_is_in_the_path(call: Caller) -> None:
    answer = await call("POST", GEMINI_PATH, data=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["error"]["code"]) == (500, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (SEEDANCE, {"model": VIDEO["model"]}, 400, "invalid_request"),
        (SEEDANCE, {**VIDEO, "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, 400, "invalid_request"),
        (SEEDANCE, {**VIDEO, "duration": "5"}, 400, "invalid_request"),
        (SEEDANCE, {**VIDEO, "duration": 5.0}, 400, "invalid_request"),
        (SEEDANCE, {**VIDEO, "watermark": "false"}, 400, "invalid_request"),
        (SEEDANCE, {**VIDEO, "model": "gpt-4o"}, 400, "model_price_error"),
        (SEEDANCE, {**VIDEO, "model": "deepseek-chat"}, 400, "invalid_api_platform"),
        ("/v1/videos", {"model": "sora-2"}, 400, "invalid_request"),
        ("/v1/videos", {"model": "sora-2", "prompt": "  "}, 400, "invalid_request"),
        ("/v1/videos", {"model": "sora-2", "prompt": "A", "seconds": 4}, 400, "invalid_json"),
        ("/v1/videos", {"model": "sora-2", "prompt": "A", "duration": "4"}, 400, "invalid_json"),
        ("/v1/videos", {"model": "sora-2", "prompt": "A", "input_reference": {"image_url": "x"}}, 400, "invalid_json"),
        ("/v1/videos", {"model": "sora-2", "prompt": "A", "size": "1x1"}, 400, "invalid_size"),
        ("/v1/videos", {"model": "sora-2", "prompt": "A", "size": "1792x1024"}, 400, "invalid_size"),
        ("/kling/v1/videos/text2video", {"model_name": "kling-v2-6"}, 400, "invalid_request"),
        (
            "/kling/v1/videos/text2video",
            {"model_name": "kling-v2-6", "prompt": "A", "duration": 5},
            400,
            "invalid_request",
        ),
        ("/kling/v1/videos/image2video", {"model_name": "kling-v2-6", "image": "x"}, 400, "invalid_request"),
    ],
)
async def test_bad_video_bodies_create_nothing(call: Caller, path: str, body: Any, status: int, code: str) -> None:
    answer = await call.post(path, body)
    assert (answer.status, answer.json["code"], answer.json["data"]) == (status, code, None)
    assert call.gw.paid == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/responses", {"model": "gpt-4o"}, "input is required"),
        ("/v1/responses", {"model": "claude-opus-4-6", "input": "Hi"}, "not implemented"),
        ("/v1/embeddings", {"model": "text-embedding-3-small"}, "input is empty"),
        ("/v1/messages", {"model": "claude-opus-4-6", "max_tokens": 5}, "field messages is required"),
        (GEMINI_PATH, {"x": 1}, "contents is required"),
        ("/v1beta/models/veo-3.0-generate-001:predictLongRunning", {"contents": []}, "instances is required"),
        ("/v1beta/models/veo-3.0-generate-001:predictLongRunning", {"instances": [{}]}, "prompt is required"),
        ("/v1beta/models/veo-3.0-generate-001:fetchPredictOperation", {}, "operationName is required"),
    ],
)
async def test_what_a_route_misses_is_500(call: Caller, path: str, body: Any, message: str) -> None:
    answer = await call.post(path, body)
    assert (answer.status, answer.json["error"]["message"].startswith(message)) == (500, True)


async def test_errors_of_messages_have_the_shape_of_anthropic_without_its_words(call: Caller) -> None:
    answer = await call.post("/v1/messages", {"model": "claude-opus-4-6"})
    assert list(answer.json) == ["error", "type"]
    assert answer.json["error"]["type"] == "new_api_error"


async def test_a_provider_that_is_down_answers_streams_with_json_under_the_type_of_a_stream(call: Caller) -> None:
    answer = await call.chat(model="dead-model", stream=True)
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/event-stream")
    assert answer.json["error"]["code"] == "do_request_failed"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("audio", b"", "count_token_failed"),
        ("A.WAV", b"RIFF", "count_token_failed"),
        ("a.amr", b"", "count_token_failed"),
        ("a.wav", b"nothing", "count_token_failed"),
        (None, b"", "convert_request_failed"),
    ],
)
async def test_audio_that_the_gateway_cannot_measure(call: Caller, name: str | None, content: bytes, code: str) -> None:
    import aiohttp

    form = aiohttp.FormData({"model": "whisper-1"}, default_to_multipart=True)
    if name is not None:
        form.add_field("file", content, filename=name)
    answer = await call("POST", "/v1/audio/transcriptions", data=form)
    assert (answer.status, answer.json["error"]["code"]) == (500, code)


async def test_a_transcription_needs_a_form_and_a_model(call: Caller) -> None:
    import aiohttp

    answer = await call.post("/v1/audio/transcriptions", {"model": "whisper-1"})
    assert (answer.status, "multipart boundary not found" in answer.text) == (500, True)
    form = aiohttp.FormData({"language": "en"}, default_to_multipart=True)
    answer = await call("POST", "/v1/audio/transcriptions", data=form)
    assert (answer.status, "model is required" in answer.text) == (500, True)
