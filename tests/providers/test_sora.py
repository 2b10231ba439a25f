"""Sora: the video object with its traps, and what is refused before it costs money."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.types.answers import CONTENT, TASK_ID, VIDEO, envelope, request_bodies, state, video_object
from tikhub_async._wire.request import Schema, body_of
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import sora
from tikhub_async.types.sora import VideoCreateParams, VideoRemixParams

GOOD: dict[str, Any] = {"model": "sora-2", "prompt": "a calico cat playing a piano on stage"}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", "queued"),
        ("in_progress", "running"),
        ("completed", "succeeded"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_openais_own_words(word: str, status: str) -> None:
    assert state("sora", video_object(word)).status == status


def test_a_finished_video_has_no_address_of_its_own() -> None:
    told = state("sora", video_object("completed", progress=100, completed_at=1780000090, expires_at=1780003690))
    assert (told.status, told.url, told.finished_at) == ("succeeded", None, 1780000090)


def test_the_gateways_address_is_taken_on_success_only() -> None:
    assert state("sora", video_object("completed", metadata={"url": VIDEO})).url == VIDEO
    assert state("sora", video_object("in_progress", metadata={"url": VIDEO})).url is None
    assert state("sora", video_object("completed", metadata={"url": ["a list"]})).url is None


def test_an_error_in_place_of_a_status_is_a_failure() -> None:
    told = state("sora", {"error": {"code": None, "message": "server error", "type": "server_error"}, "id": TASK_ID})
    assert (told.id, told.status, told.error, told.note) == (TASK_ID, "failed", "server error", None)
    assert state("sora", {"error": "server error", "id": TASK_ID}).error == "server error"


def test_an_error_beside_a_running_status_is_no_end() -> None:
    told = state("sora", video_object("in_progress", error={"code": "slow", "message": "slow"}))
    assert (told.status, told.error, told.note) == ("running", None, "slow")


def test_an_error_inside_the_record_leaves_the_end_to_the_gateway() -> None:
    error = {"error": {"message": "server error"}}
    assert state("sora", envelope("IN_PROGRESS", error)).status == "running"
    failed = state("sora", envelope("FAILURE", error, fail_reason="upstream returned error"))
    assert (failed.status, failed.error) == ("failed", "server error")


def test_an_error_beside_an_error_word_of_the_gateway_is_no_end() -> None:
    told = state("sora", {"code": "busy", "message": "try again", "data": None, "error": {"message": "busy"}})
    assert (told.status, told.note) == ("unknown", "try again")


def test_an_id_alone_says_nothing() -> None:
    assert state("sora", {"id": "video_old"}).status == "unknown"


def test_the_record_of_a_success_points_to_the_content_route() -> None:
    told = state("sora", envelope("SUCCESS", video_object("completed"), result_url=CONTENT))
    assert (told.url, told.id) == (CONTENT, TASK_ID)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"seconds": "12", "size": "720x1280"},
        {"model": "sora-2-pro", "size": "1792x1024"},
        {"model": "sora-2-pro-2025-10-06", "size": "1024x1792"},
        {"model": "sora-9", "seconds": "60", "size": "4096x2160"},
        {"input_reference": "https://img.example/a.png"},
        {"input_reference": "data:image/png;base64,AAAA"},
        {"input_reference": {"image_url": "https://img.example/a.png"}},
        {"input_reference": {"file_id": "file-1"}},
        {"input_reference": Path("a.png")},
        {"input_reference": b"\x89PNG"},
        {"input_reference": io.BytesIO(b"\x89PNG")},
        {"input_reference": ("a.png", b"\x89PNG")},
    ],
)
def test_good_parameters_pass(params: dict[str, Any]) -> None:
    sora.check({**GOOD, **params})


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"prompt": ""}, "prompt", "must not be empty"),
        ({"prompt": "x" * 32_001}, "prompt", "32000"),
        ({"seconds": 8}, "seconds", "must be text"),
        ({"seconds": "8s"}, "seconds", "one of 4, 8, 12"),
        ({"seconds": "5"}, "seconds", "one of 4, 8, 12"),
        ({"model": "sora-9", "seconds": "long"}, "seconds", "one of"),
        ({"size": "1080p"}, "size", "width x height"),
        ({"size": (1280, 720)}, "size", "width x height"),
        ({"size": "1792x1024"}, "size", "for sora-2"),
        ({"model": "sora-2-pro", "size": "640x480"}, "size", "1024x1792"),
        ({"input_reference": "a.png"}, "input_reference", "https://"),
        ({"input_reference": {}}, "input_reference", "either"),
        ({"input_reference": {"image_url": "https://a", "file_id": "b"}}, "input_reference", "either"),
        ({"input_reference": {"url": "https://a"}}, "input_reference", "either"),
    ],
)
def test_what_openai_would_refuse_is_refused_here(params: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        sora.check({**GOOD, **params})
    assert (caught.value.path, caught.value.where) == (path, "sora.create")
    assert rule in caught.value.rule


def test_a_number_of_seconds_gets_the_right_spelling() -> None:
    with pytest.raises(InvalidParameter) as caught:
        sora.check({**GOOD, "seconds": 8})
    assert caught.value.hint == 'seconds="8"'


def test_a_remix_needs_a_prompt_and_a_page_a_size() -> None:
    sora.check_remix({"prompt": "make it rain"})
    sora.check_list({"limit": 100})
    with pytest.raises(InvalidParameter, match="must not be empty"):
        sora.check_remix({"prompt": " "})
    with pytest.raises(InvalidParameter, match="1…100"):
        sora.check_list({"limit": 0})


def test_sample_bodies_pass_and_stay_as_they_are() -> None:
    bodies = request_bodies("sora")
    Schema.of("sora.create", VideoCreateParams).check(bodies["sora_create"])
    sora.check(bodies["sora_create"])
    Schema.of("sora.remix", VideoRemixParams).check(bodies["sora_remix"])
    sora.check_remix(bodies["sora_remix"])
    for body in bodies.values():
        assert json.loads(json.dumps(body_of({**body, "max_retries": 1}))) == body
