"""The profile of the unmodified software, where the documentation says otherwise."""

from dataclasses import fields

import aiohttp
import pytest

from tests.testing.conftest import SEEDANCE, Caller
from tikhub_async.testing import FakeClock
from tikhub_async.testing.profiles import BEHAVIOURS, Behaviour

VIDEO = {"model": "doubao-seedance-1-5-pro-251215", "prompt": "A cat"}
KLING = "/kling/v1/videos/text2video"


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
