"""The two profiles: where documentation and software differ, and how close `software` comes to the recorded software."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.testing.conftest import SEEDANCE, Caller
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
    Emulator,
    FakeClock,
)
from tikhub_async.testing.profiles import BEHAVIOURS, Behaviour

VIDEO = {"model": "doubao-seedance-1-5-pro-251215", "prompt": "A cat"}
KLING = "/kling/v1/videos/text2video"

RECORDED_KEYS = {
    "normal": TEST_KEY,
    "second": OTHER_KEY,
    "broke": BROKE_KEY,
    "lowquota": LOW_QUOTA_KEY,
    "limited": LIMITED_KEY,
    "expired": EXPIRED_KEY,
    "exhausted": EXHAUSTED_KEY,
    "disabled": DISABLED_KEY,
    "ip": BLOCKED_IP_KEY,
    "banned": BANNED_KEY,
}
COMPARED: tuple[str, ...] = (
    *("auth.*", "quota.*", "routing.*", "tikhub.*", "models.*", "chat.*", "responses.*", "messages.*", "gemini.*"),
    *("embeddings.*", "submit.*", "get.unknown*", "content.unknown", "remix.unknown"),
)
"""Recorded exchanges that need no provider and no earlier task."""
NOT_EMULATED = {
    # Routes beyond the documented ones.
    *("routing.path.files", "routing.path.files_post", "routing.path.variations", "routing.path.models_delete"),
    *("routing.path.status", "models.list_v1beta_openai", "models.billing_*", "models.token_*", "responses.compact"),
    *("gemini.embed", "gemini.embed_only_content", "gemini.batch_embed"),
    # Types inside a video request's metadata, a second model without a provider, translated routing texts.
    *("tikhub.kling_metadata_duration_int", "submit.metadata_bad_type", "submit.kling_bad_cfg", "submit.dead"),
    "routing.unknown_model_lang_zh_cn",
    # The first use of an exhausted key has another text; the price in the text differs.
    *("auth.chat.exhausted", "quota.videos.lowquota"),
}


@pytest.fixture
def profile() -> str:
    return "software"


def test_the_profiles_differ_in_every_row() -> None:
    documented, software = BEHAVIOURS["documented"], BEHAVIOURS["software"]
    same = [row.name for row in fields(Behaviour) if getattr(documented, row.name) == getattr(software, row.name)]
    assert same == []


async def test_documented_seedance_paths_are_the_dashboard(call: Caller) -> None:
    for answer in (await call.post(SEEDANCE, VIDEO), await call.get(f"{SEEDANCE}/task_x")):
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


async def test_lists_and_deletions_are_404_and_a_remix_panics(call: Caller) -> None:
    video = (await call.post("/v1/videos", {"model": "sora-2", "prompt": "A cat"})).json["id"]
    assert (await call.get("/v1/videos")).status == 404
    assert (await call("DELETE", f"/v1/videos/{video}")).status == 404
    answer = await call.post(f"/v1/videos/{video}/remix", {"prompt": "Blue"})
    assert (answer.status, answer.json["error"]["type"]) == (500, "new_api_panic")
    assert len(call.gw.paid) == 1


async def test_klings_own_body_is_refused_and_the_softwares_is_taken(call: Caller) -> None:
    native = {"model_name": "kling-v2-6", "prompt": "A cat", "duration": "5"}
    assert (await call.post(KLING, native)).status == 400
    assert (await call.post(KLING, {**native, "model": "kling-v2-6"})).json["code"] == "invalid_request"
    created = await call.post(KLING, {**native, "model": "kling-v2-6", "duration": 5})
    assert (created.json["object"], created.json["status"]) == ("video", "queued")
    assert created.headers["X-New-Api-Other-Ratios"] == "{}"


async def test_every_video_family_is_created_at_v1_videos_and_read_in_both_forms(
    call: Caller, clock: FakeClock
) -> None:
    models = {"doubao-seedance-1-5-pro-251215": "54", "kling-v2-6": "50", "sora-2": "55"}
    for model, platform in models.items():
        created = (await call.post("/v1/videos", {"model": model, "prompt": "A cat"})).json
        await clock.advance(100)
        envelope = (await call.get(f"/v1/video/generations/{created['id']}")).json["data"]
        assert (envelope["status"], envelope["platform"]) == ("SUCCESS", platform)
        assert (await call.get(f"/v1/videos/{created['id']}")).json["status"] == "completed"


async def test_a_fresh_task_of_another_family_is_unknown_to_the_video_route(call: Caller) -> None:
    seedance = (await call.post("/v1/videos", VIDEO)).json["id"]
    kling = (await call.post("/v1/videos", {"model": "kling-v2-6", "prompt": "A cat"})).json["id"]
    first, second = (await call.get(f"/v1/videos/{seedance}")).json, (await call.get(f"/v1/videos/{kling}")).json
    assert (first["status"], first["metadata"], first["task_id"]) == ("unknown", {"url": ""}, seedance)
    assert (second["status"], second["model"], "task_id" in second) == ("unknown", "", False)
    assert second["created_at"] > 10**12


async def test_veo_has_a_short_envelope_on_the_softwares_route(call: Caller, clock: FakeClock) -> None:
    task = (await call.post("/v1/video/generations", {"model": "veo-3.0-generate-001", "prompt": "A cat"})).json["id"]
    data = (await call.get(f"/v1/video/generations/{task}")).json["data"]
    assert (data["status"], data["url"]) == ("processing", "")
    await clock.advance(100)
    data = (await call.get(f"/v1/video/generations/{task}")).json["data"]
    assert data["url"] == f"{call.gw.base_url}/v1/videos/{task}/content"


async def test_veos_documented_verbs_ask_for_contents(call: Caller) -> None:
    for verb in ("predictLongRunning", "fetchPredictOperation"):
        answer = await call.post(f"/v1beta/models/veo-3.0-generate-001:{verb}", {"instances": [{"prompt": "A"}]})
        assert (answer.status, "contents is required" in answer.text) == (500, True)


async def test_transcriptions_are_the_providers_and_buffered(call: Caller) -> None:
    form = aiohttp.FormData({"model": "whisper-1"})
    form.add_field("file", b"RIFF", filename="a.wav")
    assert set((await call("POST", "/v1/audio/transcriptions", data=form)).json) == {"text", "usage"}
    form = aiohttp.FormData({"model": "gpt-4o-transcribe", "stream": "true"})
    form.add_field("file", b"RIFF", filename="a.wav")
    answer = await call("POST", "/v1/audio/transcriptions", data=form)
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.events[-1]["type"] == "transcript.text.done"


async def test_gemini_streams_are_written_anew_with_lf(call: Caller) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}
    answer = await call.post("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", body)
    assert b"\r" not in answer.body


def recorded(folder: Path) -> Iterator[dict[str, Any]]:
    for exchange in all_recorded(folder):
        body = exchange["request"].get("body") or ""
        staged = "[[" in (body if isinstance(body, str) else json.dumps(body))
        binary = "form" in exchange["request"] or "body_base64" in exchange["request"]
        if any(fnmatch(exchange["id"], wanted) for wanted in COMPARED) and not (
            staged or binary or any(fnmatch(exchange["id"], skipped) for skipped in NOT_EMULATED)
        ):
            yield exchange


def with_our_key(value: str) -> str | None:
    """A header or path with the recorded key replaced; None where there is no such key here."""
    match = re.search(r"TEST([a-z]+?)0*(-\d+)?(\s*)$", value)
    if match is None:
        return value
    key = RECORDED_KEYS.get(match[1])
    return None if key is None else f"{value[: match.start()]}{key[3:]}{match[2] or ''}{match[3]}"


def without_ids(text: str) -> str:
    text = re.sub(r"\(request id: \w+\)", "(request id)", text)
    return re.sub(r"\[sk-TES\*\*\*\w+\]", "[key]", text)


def differences(want: dict[str, Any], status: int, content_type: str, text: str) -> Iterator[str]:
    if status != want["status"]:
        yield f"status {status}, recorded {want['status']}"
        return
    wanted_type = dict(want["headers"]).get("Content-Type", "").split(";")[0].lower()
    if content_type.split(";")[0].lower() != wanted_type:
        yield f"content type {content_type}, recorded {wanted_type}"
    body = want.get("body") or ""
    body = body if isinstance(body, str) else json.dumps(body)
    if status >= 400 and without_ids(body) != without_ids(text):
        yield f"{without_ids(text)}\n  recorded {without_ids(body)}"


async def test_refusals_are_those_of_the_recorded_software(fixtures: Path) -> None:
    found: list[str] = []
    compared = 0
    async with (
        Emulator(profile="software", pace=0, task_seconds=0) as gw,
        aiohttp.ClientSession(auto_decompress=False, skip_auto_headers={"Content-Type", "Accept-Encoding"}) as session,
    ):
        for exchange in recorded(fixtures):
            request = exchange["request"]
            headers = {name: with_our_key(value) for name, value in request["headers"]}
            path = with_our_key(request["path"])
            if path is None or None in headers.values() or headers.get("Accept-Encoding"):
                continue
            body = request.get("body") or None
            async with session.request(
                request["method"],
                URL(gw.base_url + path, encoded=True),
                headers={name: value for name, value in headers.items() if value is not None},
                data=body.encode() if isinstance(body, str) else body and json.dumps(body).encode(),
                allow_redirects=False,
            ) as answer:
                text = (await answer.read()).decode("utf-8", "replace")
                kind = answer.headers.get("Content-Type", "")
            compared += 1
            found += [
                f"{exchange['id']}: {line}" for line in differences(exchange["response"], answer.status, kind, text)
            ]
    assert found == []
    assert compared > 200


async def test_polls_have_the_keys_of_the_recorded_software(fixtures: Path) -> None:
    want = {exchange["id"]: exchange for exchange in all_recorded(fixtures)}
    clock = FakeClock(auto=False)
    async with (
        Emulator(profile="software", clock=clock, task_seconds=100) as gw,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TEST_KEY}"}) as session,
    ):
        for family, model, states in (
            ("doubao", VIDEO["model"], {15: "0_not_start", 35: "1_queued", 60: "2_in_progress", 100: "3_success"}),
            ("sora", "sora-2", {15: "0_not_start", 35: "1_queued", 60: "2_in_progress", 100: "3_success"}),
        ):
            async with session.post(f"{gw.base_url}/v1/videos", json={"model": model, "prompt": "A cat"}) as answer:
                task_id = (await answer.json())["id"]
            started = clock.now()
            for seconds, state in states.items():
                # A little before the state ends.
                await clock.advance(started + seconds - 6 * (seconds < 100) - clock.now())
                async with session.get(f"{gw.base_url}/v1/video/generations/{task_id}") as answer:
                    got = await answer.json()
                recorded_body = json.loads(want[f"{family}.ok.get_generations.{state}"]["response"]["body"])
                assert shape(got) == shape(recorded_body), f"{family} {state}"


@pytest.mark.parametrize(
    "name",
    [
        "chat.stream_default",
        "chat.stream_tools",
        "chat.stream_usage_false",
        "chat.claude_stream",
        "chat.claude_stream_tools",
        "chat.gemini_stream",
        "messages.stream",
        "messages.stream_thinking",
        "messages.openai_model_stream",
        "gemini.stream_sse",
    ],
)
async def test_events_have_the_keys_of_the_recorded_software(fixtures: Path, call: Caller, name: str) -> None:
    exchange = next(exchange for exchange in all_recorded(fixtures) if exchange["id"] == name)
    request, response = exchange["request"], exchange["response"]
    body = json.loads(request["body"]) if isinstance(request["body"], str) else request["body"]
    if "tools" in body:
        body["messages"][0]["content"] = "weather"
    want = response.get("body") or (fixtures / "recorded" / response["body_file"]).read_text("utf-8")
    assert event_shapes((await call.post(request["path"], body)).text) == event_shapes(want)


def event_shapes(text: str) -> list[Any]:
    """Each distinct event, in order of its first appearance."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith(("data: ", "event: "))]
    shapes: list[Any] = []
    for line in lines:
        form = shape(json.loads(line)) if line.startswith("{") else line
        if form not in shapes:
            shapes.append(form)
    return shapes


def all_recorded(folder: Path) -> list[dict[str, Any]]:
    path = folder / "recorded" / "exchanges.json"
    if not path.is_file():
        pytest.skip(f"{path} is missing: this test compares with recorded exchanges that are not part of the project")
    exchanges: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return exchanges


def shape(value: Any) -> Any:
    """Keys and the names of types; numbers, texts and nulls look alike within their kind."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return "null" if value is None else type(value).__name__
