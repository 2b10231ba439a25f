"""Kling: its own answers, the text it wants for numbers, and what is refused before it costs money."""

import json
from typing import Any

import pytest

from tests.types.answers import VIDEO, envelope, request_bodies, state
from tikhub_async._wire.request import Schema
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import kling
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.kling import KlingImage2VideoParams, KlingText2VideoParams

GOOD: dict[str, Any] = {"model_name": "kling-v2-6", "prompt": "a rabbit reading a newspaper"}
IMAGE = "https://img.example/a.png"


def own(task_status: str | None = None, *, code: int = 0, message: str = "SUCCEED", **members: Any) -> dict[str, Any]:
    task = {"task_id": "831922345719271433", "task_status": task_status, "created_at": 1780000000000, **members}
    return {"code": code, "message": message, "request_id": "kreq-1", "data": task}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("submitted", "queued"),
        ("processing", "running"),
        ("succeed", "succeeded"),
        ("failed", "failed"),
        ("SUCCEED", "succeeded"),
        ("weird", "unknown"),
        (None, "unknown"),
    ],
)
def test_klings_own_words(word: str | None, status: str) -> None:
    told = state("kling", own(word))
    assert (told.status, told.word, told.id) == (status, word or "", "831922345719271433")


def test_a_finished_task_gives_every_video_and_its_marked_version() -> None:
    videos = [
        {"id": "1", "url": VIDEO, "watermark_url": "https://media.example/marked.mp4", "duration": "5.042"},
        {"id": "2", "url": "https://media.example/2.mp4", "watermark_url": "", "duration": 5},
    ]
    answer = own("succeed", task_result={"videos": videos, "images": None}, updated_at=1780000060000)
    told = state("kling", {**answer, "data": {**answer["data"], "final_unit_deduction": "10"}})
    assert told.urls == (VIDEO, "https://media.example/2.mp4")
    assert told.extras == {"watermark": "https://media.example/marked.mp4"}
    assert told.usage == {"final_unit_deduction": "10"}
    assert (told.created_at, told.finished_at) == (1780000000, 1780000060)


def test_times_in_seconds_stay_seconds() -> None:
    assert state("kling", own("processing", created_at=1775872087)).created_at == 1775872087


def test_a_failed_task_answers_200_with_code_0() -> None:
    told = state("kling", own("failed", task_status_msg="risk control", task_result={}))
    assert (told.status, told.error, told.error_code) == ("failed", "risk control", None)


@pytest.mark.parametrize("data", [None, {}, {"task_id": "1", "task_status": "processing"}])
def test_a_business_code_is_a_failure(data: Any) -> None:
    told = state("kling", {"code": 1301, "message": "content policy", "request_id": "k", "data": data})
    assert (told.status, told.word, told.error, told.error_code) == ("failed", "1301", "content policy", 1301)


@pytest.mark.parametrize("code", [1302, 1303, 5000, 5001, 5002])
def test_a_code_about_the_call_is_no_end_of_the_task(code: int) -> None:
    told = state("kling", {"code": code, "message": "try again", "data": None})
    assert (told.status, told.done, told.note) == ("unknown", False, "try again")


def test_a_business_code_inside_the_record_is_a_look_that_failed() -> None:
    told = state("kling", envelope("NOT_START", {"code": 1102, "message": "no balance", "data": None}))
    assert (told.status, told.note) == ("queued", "no balance")


def test_three_data_deep() -> None:
    inner = own("succeed", task_result={"videos": [{"url": VIDEO}]})
    told = state("kling", envelope("SUCCESS", inner))
    assert (told.url, told.word) == (VIDEO, "SUCCESS")


def test_milliseconds_of_the_video_object_become_seconds() -> None:
    answer = {"id": "task_1", "status": "completed", "created_at": 1772095377000, "completed_at": 1772095419000}
    told = state("kling", answer)
    assert (told.created_at, told.finished_at) == (1772095377, 1772095419)


# --- to the wire -------------------------------------------------------------------------------------------------


def test_numbers_are_sent_as_text_and_switches_as_words() -> None:
    body = kling.to_wire({**GOOD, "duration": 5, "sound": True, "timeout": 3.0, "extra_body": {"a": 1}})
    assert body == {**GOOD, "duration": "5", "sound": "on"}
    assert kling.to_wire({"sound": False, "duration": 10.0}) == {"sound": "off", "duration": "10"}
    assert kling.to_wire({"sound": "on", "duration": "10"}) == {"sound": "on", "duration": "10"}


def test_shots_are_sent_with_text_lengths_and_the_callers_list_stays_untouched() -> None:
    shots = [{"index": 1, "prompt": "a", "duration": 2}, {"index": 2, "prompt": "b", "duration": "3"}]
    body = kling.to_wire({"multi_prompt": shots})
    assert body["multi_prompt"] == [{**shots[0], "duration": "2"}, shots[1]]
    assert shots[0]["duration"] == 2


def test_base64_is_sent_bare() -> None:
    data = "data:image/png;base64,iVBORw0KGgo="
    body = kling.to_wire(
        {"image": data, "image_tail": IMAGE, "static_mask": "AAAA", "dynamic_masks": [{"mask": data}, {"mask": IMAGE}]}
    )
    assert body == {
        "image": "iVBORw0KGgo=",
        "image_tail": IMAGE,
        "static_mask": "AAAA",
        "dynamic_masks": [{"mask": "iVBORw0KGgo="}, {"mask": IMAGE}],
    }


def test_the_unmodified_software_gets_a_number_and_the_rest_as_metadata() -> None:
    body = {"model_name": "kling-v1", "prompt": "a", "image": IMAGE, "image_tail": IMAGE, "metadata": {"mode": "pro"}}
    assert kling.to_metadata({**body, "mode": "std", "duration": "5", "sound": "off"}) == {
        "model": "kling-v1",
        "model_name": "kling-v1",
        "prompt": "a",
        "image": IMAGE,
        "duration": 5,
        "metadata": {"image_tail": IMAGE, "mode": "pro"},
    }
    assert kling.to_metadata({"model": "m", "model_name": "kling-v1"}) == {"model": "m", "model_name": "kling-v1"}


@pytest.mark.parametrize(
    "lost",
    [
        {"sound": "on"},
        {"multi_shot": True},
        {"shot_type": "customize"},
        {"multi_prompt": []},
        {"voice_list": []},
        {"element_list": []},
        {"watermark_info": {"enabled": True}},
    ],
)
def test_what_the_unmodified_software_would_lose_is_refused_here(lost: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match="would be lost") as caught:
        kling.to_metadata({**GOOD, **lost}, "kling.image2video.create")
    assert (caught.value.path, caught.value.where) == (next(iter(lost)), "kling.image2video.create")
    assert "extra_body" in str(caught.value.hint)


def test_every_parameter_of_kling_is_passed_on_or_refused_under_the_switch() -> None:
    known = KlingImage2VideoParams.__required_keys__ | KlingImage2VideoParams.__optional_keys__
    options = RequestOptions.__optional_keys__
    lost = {"sound", "multi_shot", "shot_type", "multi_prompt", "voice_list", "element_list", "watermark_info"}
    assert kling.TOP_LEVEL | kling.PASSED_ON | {"metadata"} | lost == known - options


def test_sample_bodies_pass_and_stay_as_they_are() -> None:
    for name, body in request_bodies("kling").items():
        image = "image2video" in name
        Schema.of(name, KlingImage2VideoParams if image else KlingText2VideoParams).check(body)
        kling.check(body, name, image=image)
        assert json.loads(json.dumps(kling.to_wire(body))) == body


# --- refused here ------------------------------------------------------------------------------------------------

SIMPLE = {"type": "simple", "config": {"zoom": 5}}
MASK = {"mask": IMAGE, "trajectories": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"duration": 5},
        {"duration": "10"},
        {"model_name": "kling-v3", "duration": 15},
        {"model_name": "kling-v9", "duration": 60},
        {"sound": "on"},
        {"model_name": "kling-v1", "sound": "off"},
        {"camera_control": SIMPLE},
        {"camera_control": {"type": "down_back"}},
        {"cfg_scale": 0},
        {"voice_list": [{"voice_id": "v"}], "sound": True},
        {"prompt": "", "multi_shot": True, "multi_prompt": [{"index": 1, "prompt": "a", "duration": 5}]},
        {"prompt": "", "extra_body": {"prompt": ""}},
    ],
)
def test_good_text_parameters_pass(params: dict[str, Any]) -> None:
    kling.check({**GOOD, **params})


@pytest.mark.parametrize(
    "params", [{"image_tail": IMAGE}, {"static_mask": IMAGE, "dynamic_masks": [MASK]}, {"camera_control": SIMPLE}, {}]
)
def test_good_image_parameters_pass(params: dict[str, Any]) -> None:
    kling.check({**GOOD, "image": IMAGE, **params}, "kling.image2video.create", image=True)


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"prompt": ""}, "prompt", "must not be empty"),
        ({"prompt": "  "}, "prompt", "must not be empty"),
        ({"prompt": None}, "prompt", "must not be empty"),
        ({"prompt": "x" * 2501}, "prompt", "2500 characters, got 2501"),
        ({"negative_prompt": "x" * 2501}, "negative_prompt", "2500"),
        ({"cfg_scale": 1.5}, "cfg_scale", "0…1"),
        ({"duration": 7}, "duration", "5 or 10 seconds for kling-v2-6"),
        ({"model_name": "kling-v1", "duration": "15"}, "duration", "5 or 10"),
        ({"model_name": "kling-v3", "duration": 2}, "duration", "3…15"),
        ({"duration": 5.5}, "duration", "whole seconds"),
        ({"duration": "5s"}, "duration", "whole seconds"),
        ({"duration": True}, "duration", "whole seconds"),
        ({"model_name": "kling-v2-5-turbo", "sound": "on"}, "sound", "kling-v2-6"),
        ({"model_name": "kling-v1-6", "sound": True}, "sound", "kling-v2-6"),
        ({"voice_list": [{"voice_id": "v"}]}, "voice_list", "needs sound"),
        ({"voice_list": [{"voice_id": "v"}], "sound": "off"}, "voice_list", "needs sound"),
        ({"voice_list": [{"voice_id": "v"}] * 3, "sound": "on"}, "voice_list", "2 members, got 3"),
        ({"camera_control": {"type": "simple"}}, "camera_control.config", "must be given"),
        ({"camera_control": {"type": "simple", "config": {"pan": 1, "zoom": 5}}}, "camera_control.config", "one value"),
        ({"camera_control": {"type": "simple", "config": {"zoom": 0}}}, "camera_control.config", "one value"),
        ({"camera_control": {"type": "simple", "config": {"zoom": 11}}}, "camera_control.config.zoom", "-10…10"),
        ({"camera_control": {"type": "forward_up", "config": {"zoom": 1}}}, "camera_control.config", "'simple'"),
        ({"multi_shot": True, "multi_prompt": [{"prompt": "a", "duration": 1}] * 7}, "multi_prompt", "6 members"),
        (
            {"multi_shot": True, "duration": 10, "multi_prompt": [{"prompt": "a", "duration": "4"}] * 2},
            "multi_prompt",
            "add up to the duration of 10 seconds, got 8",
        ),
        ({"multi_shot": True, "multi_prompt": [{"prompt": "a", "duration": "x"}]}, "multi_prompt[0].duration", "whole"),
        ({"multi_shot": True, "multi_prompt": [{"prompt": "x" * 513, "duration": 5}]}, "multi_prompt[0].prompt", "512"),
    ],
)
def test_what_kling_would_refuse_is_refused_here(params: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        kling.check({**GOOD, **params})
    assert caught.value.path == path
    assert rule in caught.value.rule
    assert caught.value.where == "kling.text2video.create"


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"image": None}, "image", "must be given"),
        ({"image": "", "image_tail": IMAGE}, "image", "must be given"),
        ({"image_tail": IMAGE, "static_mask": IMAGE}, "static_mask", "cannot be combined with image_tail"),
        ({"image_tail": IMAGE, "dynamic_masks": [MASK]}, "dynamic_masks", "cannot be combined with image_tail"),
        ({"image_tail": IMAGE, "camera_control": SIMPLE}, "camera_control", "cannot be combined with image_tail"),
        ({"static_mask": IMAGE, "camera_control": SIMPLE}, "static_mask", "cannot be combined with camera_control"),
        ({"dynamic_masks": [MASK] * 7}, "dynamic_masks", "6 members"),
        ({"dynamic_masks": [{**MASK, "trajectories": [{"x": 1, "y": 1}]}]}, "dynamic_masks[0].trajectories", "2…77"),
        ({"element_list": [{"element_id": 1}] * 4}, "element_list", "3 members"),
        (
            {"element_list": [{"element_id": 1}], "voice_list": [{"voice_id": "v"}], "sound": "on"},
            "element_list",
            "cannot be combined with voice_list",
        ),
    ],
)
def test_what_kling_would_refuse_of_images_is_refused_here(params: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        kling.check({**GOOD, "image": IMAGE, **params}, "kling.image2video.create", image=True)
    assert (caught.value.path, caught.value.where) == (path, "kling.image2video.create")
    assert rule in caught.value.rule


def test_a_last_frame_alone_says_what_the_gateway_would_do() -> None:
    with pytest.raises(InvalidParameter) as caught:
        kling.check({**GOOD, "image_tail": IMAGE}, image=True)
    assert "from the text alone" in str(caught.value.hint)
