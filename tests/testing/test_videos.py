"""Video tasks of all families: creation, states by the clock, ends, downloads."""

import base64
import io
from typing import Any

import pytest

from tests.testing.conftest import SEEDANCE, Answer, Caller
from tikhub_async.testing import TEST_KEY, FakeClock
from tikhub_async.testing.routes.media import result_video

KLING = "/kling/v1/videos/text2video"
VEO = "/v1beta/models/veo-3.0-generate-001"
WALK = [(5, "NOT_START"), (10, "SUBMITTED"), (15, "QUEUED"), (40, "IN_PROGRESS"), (40, "SUCCESS")]
"""Seconds to advance (of 100) → state."""


async def poll(call: Caller, task_id: str) -> dict[str, Any]:
    answer = await call.get(f"{SEEDANCE}/{task_id}")
    assert (answer.status, answer.json["code"], answer.json["message"]) == (200, "success", "")
    data: dict[str, Any] = answer.json["data"]
    return data


async def kling(call: Caller, prompt: str = "A cat", **changes: Any) -> str:
    body = {"model_name": "kling-v2-6", "prompt": prompt, "duration": "5", **changes}
    answer = await call.post(KLING, body)
    assert (answer.status, answer.json["code"]) == (200, 0), answer.text
    return str(answer.json["data"]["task_id"])


async def sora(call: Caller, prompt: str = "A cat", **changes: Any) -> str:
    answer = await call.post("/v1/videos", {"model": "sora-2", "prompt": prompt, **changes})
    assert answer.status == 200, answer.text
    return str(answer.json["id"])


async def veo(call: Caller, prompt: str = "A cat", **parameters: Any) -> str:
    body = {"instances": [{"prompt": prompt}], "parameters": parameters}
    return str((await call.post(f"{VEO}:predictLongRunning", body)).json["name"])


async def fetch(call: Caller, name: str) -> Answer:
    return await call.post(f"{VEO}:fetchPredictOperation", {"operationName": name})


async def test_a_seedance_task_walks_through_its_states(call: Caller, clock: FakeClock) -> None:
    task_id = await call.seedance()
    seen: list[tuple[str, str, str | None]] = []
    for seconds, _ in WALK:
        await clock.advance(seconds)
        data = await poll(call, task_id)
        seen.append((data["status"], data["progress"], data["data"].get("status")))
    assert seen == [
        ("NOT_START", "0%", None),
        ("SUBMITTED", "10%", None),
        ("QUEUED", "10%", "queued"),
        ("IN_PROGRESS", "50%", "running"),
        ("SUCCESS", "100%", "succeeded"),
    ]


DOCUMENTED_KEYS = """id created_at updated_at task_id platform user_id group channel_id quota action status fail_reason
result_url submit_time start_time finish_time progress properties data"""
DOCUMENTED_INNER_KEYS = """content created_at draft duration execution_expires_after framespersecond generate_audio id model
ratio resolution seed service_tier status updated_at usage"""


async def test_a_finished_seedance_task_has_the_keys_of_the_documented_example(call: Caller, clock: FakeClock) -> None:
    task_id = await call.seedance(ratio="1:1", duration=10)
    await clock.advance(100)
    data = await poll(call, task_id)
    assert list(data) == DOCUMENTED_KEYS.split()
    assert sorted(data["data"]) == DOCUMENTED_INNER_KEYS.split()
    assert (data["task_id"], data["platform"]) == (task_id, "54")
    assert (data["data"]["ratio"], data["data"]["duration"]) == ("1:1", 10)
    assert data["result_url"] == data["data"]["content"]["video_url"]
    assert data["data"]["created_at"] == data["created_at"] - 2
    assert data["submit_time"] <= data["start_time"] < data["finish_time"]


async def test_times_are_zero_until_the_step_happened(call: Caller) -> None:
    data = await poll(call, await call.seedance())
    assert (data["start_time"], data["finish_time"], data["data"].keys()) == (0, 0, {"id"})
    assert "result_url" not in data


async def test_creations_are_counted_with_what_was_asked(call: Caller) -> None:
    task_id = await call.seedance("A cat")
    (paid,) = call.gw.paid
    assert (paid.id, paid.route, paid.body["content"][0]["text"]) == (task_id, "seedance.create", "A cat")
    await call.chat()
    assert len(call.gw.paid) == 1


async def test_a_failure_repeats_its_reason_where_the_url_would_be(call: Caller, clock: FakeClock) -> None:
    task_id = await call.seedance("A cat [[fail=no cats]]")
    await clock.advance(100)
    data = await poll(call, task_id)
    assert (data["status"], data["progress"]) == ("FAILURE", "100%")
    assert data["fail_reason"] == data["result_url"] == "no cats"
    assert data["data"]["error"]["message"] == "no cats"
    assert data["data"]["status"] == "failed"


@pytest.mark.parametrize(("mark", "word"), [("[[expire]]", "expired"), ("[[cancel]]", "cancelled")])
async def test_seedance_tells_of_expiry_and_cancellation_only_inside(
    call: Caller, clock: FakeClock, mark: str, word: str
) -> None:
    task_id = await call.seedance(f"A cat {mark}")
    await clock.advance(1000)
    data = await poll(call, task_id)
    assert (data["status"], data["progress"], data["data"]["status"]) == ("IN_PROGRESS", "30%", word)


async def test_a_task_that_hangs_never_ends(call: Caller, clock: FakeClock) -> None:
    task_id = await call.seedance("[[hang]] A cat")
    await clock.advance(100_000)
    data = await poll(call, task_id)
    assert (data["status"], data["progress"], data["data"]["status"]) == ("IN_PROGRESS", "50%", "running")


async def test_a_poll_that_fails_ends_a_sora_task_and_leaves_the_others_where_they_are(
    call: Caller, clock: FakeClock
) -> None:
    lost, gone = await sora(call, "[[lost]]"), await sora(call, "[[timeout]]")
    seedance, stuck = await call.seedance("[[lost]]"), await kling(call, "[[lost]]")
    await clock.advance(1000)
    assert set((await call.get(f"/v1/videos/{lost}")).json) == {"error", "id"}
    data = await poll(call, seedance)
    assert (data["status"], data["progress"], set(data["data"])) == ("IN_PROGRESS", "30%", {"error"})
    data = (await call.get(f"{KLING}/{stuck}")).json["data"]
    assert (data["status"], data["data"]["data"]["task_status"]) == ("NOT_START", "submitted")
    envelope = (await call.get(f"/v1/video/generations/{gone}")).json["data"]
    assert (envelope["status"], envelope["data"]["status"]) == ("FAILURE", "in_progress")
    assert envelope["fail_reason"] == envelope["result_url"] == "任务超时（24小时）"


async def test_veo_tells_of_a_failed_poll_at_once(call: Caller) -> None:
    answer = await fetch(call, await veo(call, "[[lost]]"))
    assert (answer.json["done"], answer.json["error"]["code"]) == (True, 14)


async def test_creations_say_what_their_price_is_multiplied_with(call: Caller) -> None:
    body = {"model": "sora-2-pro", "prompt": "A", "size": "1792x1024", "seconds": "8"}
    answer = await call.post("/v1/videos", body)
    assert answer.headers["X-New-Api-Other-Ratios"] == '{"seconds":8,"size":1.666667}'


async def test_a_form_in_a_url_is_read_like_any_other(call: Caller) -> None:
    answer = await call("POST", "/v1/videos", data={"model": "sora-2", "prompt": "A", "seconds": "8"})
    assert (answer.status, answer.json["seconds"]) == (200, "8")


async def test_kling_nests_data_three_deep_with_times_in_milliseconds(call: Caller, clock: FakeClock) -> None:
    task_id = await kling(call, external_task_id="mine")
    words: list[tuple[str, str, str]] = []
    for seconds, _ in WALK:
        await clock.advance(seconds)
        data = (await call.get(f"{KLING}/{task_id}")).json["data"]
        words.append((data["status"], data["progress"], data["data"]["data"]["task_status"]))
    assert words == [
        ("NOT_START", "0%", "submitted"),
        ("SUBMITTED", "10%", "submitted"),
        ("QUEUED", "20%", "submitted"),
        ("IN_PROGRESS", "30%", "processing"),
        ("SUCCESS", "100%", "succeed"),
    ]
    inner = data["data"]
    assert (inner["code"], data["action"], data["platform"]) == (0, "textGenerate", "50")
    assert inner["data"]["task_result"]["videos"][0]["url"] == data["result_url"]
    assert inner["data"]["task_result"]["videos"][0]["duration"] == "5"
    assert inner["data"]["task_info"] == {"external_task_id": "mine"}
    assert inner["data"]["created_at"] // 1000 == data["created_at"]


async def test_only_an_image_makes_it_image_to_video(call: Caller) -> None:
    body = {"model_name": "kling-v2-6", "prompt": "A cat"}
    path = "/kling/v1/videos/image2video"
    without = (await call.post(path, body)).json["data"]["task_id"]
    with_image = (await call.post(path, {**body, "image": "https://example.com/a.png"})).json["data"]["task_id"]
    assert (await call.get(f"{path}/{without}")).json["data"]["action"] == "textGenerate"
    assert (await call.get(f"{KLING}/{with_image}")).json["data"]["action"] == "generate"


async def test_a_failed_kling_task_says_why_in_both_levels(call: Caller, clock: FakeClock) -> None:
    task_id = await kling(call, "A cat [[fail]]")
    await clock.advance(100)
    data = (await call.get(f"{KLING}/{task_id}")).json["data"]
    assert data["fail_reason"] == data["data"]["data"]["task_status_msg"] == "Failure to pass the risk control system"
    assert data["data"]["data"]["task_status"] == "failed"


async def test_sora_answers_with_the_video_object(call: Caller, clock: FakeClock) -> None:
    created = await call.post("/v1/videos", {"model": "sora-2", "prompt": "A cat", "seconds": "8", "size": "1280x720"})
    assert created.headers["X-New-Api-Other-Ratios"] == '{"seconds":8,"size":1}'
    video = created.json
    assert video["id"] == video["task_id"]
    words = []
    for seconds, _ in WALK:
        await clock.advance(seconds)
        video = (await call.get(f"/v1/videos/{video['id']}")).json
        words.append((video["status"], video["progress"]))
    assert words == [("queued", 0), ("queued", 0), ("queued", 0), ("in_progress", 40), ("completed", 100)]
    assert (video["seconds"], video["size"], video["error"]) == ("8", "1280x720", None)
    assert video["expires_at"] > video["completed_at"] > video["created_at"]


async def test_sora_failures_have_an_error_and_cancellations_the_raw_word(call: Caller, clock: FakeClock) -> None:
    failed, cancelled = await sora(call, "[[fail]] A cat"), await sora(call, "[[cancel]] A cat")
    await clock.advance(100)
    assert (await call.get(f"/v1/videos/{failed}")).json["error"]["code"] == "moderation_blocked"
    assert (await call.get(f"/v1/videos/{cancelled}")).json["status"] == "cancelled"


async def test_remix_keeps_the_original_in_mind(call: Caller) -> None:
    first = await sora(call, seconds="8")
    answer = await call.post(f"/v1/videos/{first}/remix", {"prompt": "Make it blue"})
    assert (answer.json["remixed_from_video_id"], answer.json["seconds"]) == (first, "8")
    assert len(call.gw.paid) == 2
    unknown = await call.post("/v1/videos/task_none/remix", {"prompt": "x"})
    assert (unknown.status, unknown.json["message"]) == (400, "task_origin_not_exist")


async def test_videos_are_listed_page_by_page_newest_first_and_deleted(call: Caller) -> None:
    ids = [await sora(call) for _ in range(3)]
    page = (await call.get("/v1/videos?limit=2")).json
    assert ([video["id"] for video in page["data"]], page["has_more"]) == ([ids[2], ids[1]], True)
    rest = (await call.get(f"/v1/videos?limit=2&after={page['last_id']}")).json
    assert ([video["id"] for video in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    assert (await call("DELETE", f"/v1/videos/{ids[0]}")).json == {
        "id": ids[0],
        "object": "video.deleted",
        "deleted": True,
    }
    assert (await call.get(f"/v1/videos/{ids[0]}")).json["code"] == "task_not_exist"
    assert (await call.get("/v1/videos?order=asc")).json["first_id"] == ids[1]


async def test_veo_is_an_operation_that_has_no_done_while_it_runs(call: Caller, clock: FakeClock) -> None:
    name = await veo(call)
    assert "/operations/" in name
    assert (await fetch(call, name)).json == {"name": name}
    await clock.advance(100)
    done = (await fetch(call, name)).json
    (video,) = done["response"]["videos"]
    assert (done["done"], video["mimeType"]) == (True, "video/mp4")
    assert base64.b64decode(video["bytesBase64Encoded"]) == result_video()


async def test_veo_writes_to_a_bucket_when_told_to(call: Caller, clock: FakeClock) -> None:
    name = await veo(call, storageUri="gs://bucket/", sampleCount=2)
    await clock.advance(100)
    videos = (await fetch(call, name)).json["response"]["videos"]
    assert [set(video) for video in videos] == [{"mimeType", "gcsUri"}] * 2


async def test_veo_fails_with_a_number_and_filters_without_an_error(call: Caller, clock: FakeClock) -> None:
    failed, filtered = await veo(call, "[[fail=no]]"), await veo(call, "[[filter]] A cat")
    await clock.advance(100)
    assert (await fetch(call, failed)).json["error"] == {"code": 3, "message": "no"}
    response = (await fetch(call, filtered)).json["response"]
    assert (response["videos"], response["raiMediaFilteredCount"]) == ([], 1)
    assert (await fetch(call, "projects/none")).status == 404


async def test_the_result_is_a_playable_video(call: Caller) -> None:
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(result_video())) as container:
        frames = list(container.decode(video=0))
    assert (len(frames), frames[0].width, frames[0].height) == (12, 160, 90)


async def test_the_media_host_needs_no_key_and_knows_ranges(call: Caller, clock: FakeClock) -> None:
    task_id = await call.seedance()
    await clock.advance(100)
    path = (await poll(call, task_id))["result_url"].removeprefix(call.gw.base_url)
    whole = await call.get(path, key=None)
    assert (whole.status, whole.body, whole.headers["Content-Length"]) == (
        200,
        result_video(),
        str(len(result_video())),
    )
    ranged = {"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]}
    rest = await call.get(path, key=None, headers=ranged)
    assert (rest.status, rest.body) == (206, result_video()[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(result_video()) - 1}/{len(result_video())}"
    assert (await call.get(path, headers={"Range": "bytes=-5"})).body == result_video()[-5:]
    assert (await call.get(path, headers={"Range": "bytes=999999-"})).status == 416
    assert (await call.get(path, headers={**ranged, "If-Range": '"other"'})).status == 200
    assert (await call("HEAD", path)).headers["Content-Length"] == str(len(result_video()))


async def test_the_media_host_can_be_another_one(call: Caller, clock: FakeClock) -> None:
    call.gw.media_url = "http://media.test"
    task_id = await call.seedance()
    await clock.advance(100)
    assert (await poll(call, task_id))["result_url"].startswith("http://media.test/")


async def test_content_needs_the_key_and_ignores_ranges(call: Caller, clock: FakeClock) -> None:
    task_id = await sora(call)
    path = f"/v1/videos/{task_id}/content"
    early = await call.get(path)
    message = "Task is not completed yet, current status: NOT_START"
    assert (early.status, early.json) == (400, {"error": {"message": message, "type": "invalid_request_error"}})
    await clock.advance(100)
    answer = await call.get(f"{path}?variant=thumbnail", headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, result_video(), "video/mp4")
    assert (await call.get(path, key=None)).status == 401
    assert (await call("HEAD", path)).status == 404
    assert (await call.get("/v1/videos/task_none/content")).json["error"]["message"] == "Task not found"


async def test_every_family_has_content(call: Caller, clock: FakeClock) -> None:
    ids = [await call.seedance(), await kling(call), await sora(call)]
    await clock.advance(100)
    for task_id in ids:
        assert (await call.get(f"/v1/videos/{task_id}/content", key=TEST_KEY)).body == result_video()
