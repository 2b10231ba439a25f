"""Seedance: ByteDance's own answers, and what is refused before it costs money."""

import json
from typing import Any

import pytest

from tests.types.answers import VIDEO, envelope, request_bodies, state
from tikhub_async._wire.request import Schema, body_of
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import seedance
from tikhub_async.types.seedance import SeedanceTaskParams

TEXT = {"type": "text", "text": "a girl in a meadow"}
GOOD: dict[str, Any] = {"model": "doubao-seedance-1-5-pro-251215", "content": [TEXT]}


def image(role: str | None = None, url: str = "https://img.example/a.png") -> dict[str, Any]:
    part: dict[str, Any] = {"type": "image_url", "image_url": {"url": url}}
    return part if role is None else {**part, "role": role}


def other(kind: str) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": "https://media.example/a"}, "role": f"reference_{kind}"}


@pytest.mark.parametrize("word", ["queued", "running", "succeeded", "failed", "cancelled", "expired"])
def test_bytedances_own_words_are_ours(word: str) -> None:
    assert state("seedance", {"id": "cgt-1", "status": word}).status == word


def test_a_finished_task_gives_url_last_frame_usage_and_times() -> None:
    told = state(
        "seedance",
        {
            "id": "cgt-1",
            "status": "succeeded",
            "created_at": 1780000000,
            "updated_at": 1780000060,
            "content": {"video_url": VIDEO, "last_frame_url": "https://img.example/last.png"},
            "usage": {"completion_tokens": 108900, "total_tokens": 108900, "tool_usage": {"web_search": 1}},
            "error": None,
        },
    )
    assert (told.id, told.url, told.urls) == ("cgt-1", VIDEO, (VIDEO,))
    assert told.extras == {"last_frame": "https://img.example/last.png"}
    assert told.usage == {"completion_tokens": 108900, "total_tokens": 108900, "tool_usage": {"web_search": 1}}
    assert (told.created_at, told.finished_at, told.progress) == (1780000000, 1780000060, 100)


def test_the_record_and_bytedance_are_read_together() -> None:
    inner = {
        "status": "succeeded",
        "content": {"video_url": VIDEO, "last_frame_url": "https://img.example/last.png"},
        "usage": {"total_tokens": 108900},
    }
    told = state("seedance", envelope("SUCCESS", inner, result_url=VIDEO, progress="100%"))
    assert (told.urls, told.quota, told.usage) == ((VIDEO,), 100000, {"total_tokens": 108900})
    assert told.extras == {"last_frame": "https://img.example/last.png"}


def test_other_results_too_come_with_success_only() -> None:
    content = {"video_url": VIDEO, "last_frame_url": "https://img.example/last.png"}
    told = state("seedance", {"id": "c", "status": "failed", "content": content})
    assert (told.url, told.urls, told.extras) == (None, (), {})


def test_a_failed_task_has_bytedances_reason_and_code() -> None:
    told = state("seedance", {"id": "c", "status": "failed", "error": {"code": "Sensitive", "message": "refused"}})
    assert (told.status, told.error, told.error_code) == ("failed", "refused", "Sensitive")


def test_an_error_without_a_status_is_no_end() -> None:
    told = state("seedance", {"error": {"code": "NotFound", "message": "not found"}})
    assert (told.status, told.note) == ("unknown", "not found")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"duration": 4},
        {"duration": -1},
        {"model": "doubao-seedance-1-0-pro-250528", "frames": 121},
        {"model": "doubao-seedance-1-0-pro-250528", "duration": 2},
        {"model": "doubao-seedance-9", "duration": 60},
        {"seed": -1},
        {"seed": 2**32 - 1},
        {"content": [TEXT, image()]},
        {"content": [image("first_frame"), image("last_frame")]},
        {"content": [image(url="data:image/png;base64,iVBORw0KGgo=")]},
        {"content": [TEXT, image("reference_image"), other("video"), other("audio")]},
        {"content": [image("reference_image")] * 9},
        {"content": [{"type": "draft_task", "draft_task": {"id": "cgt-1"}}]},
        {"content": [{"type": "hologram", "hologram": {}}]},
        {"content": (TEXT,)},
    ],
)
def test_good_parameters_pass(params: dict[str, Any]) -> None:
    seedance.check({**GOOD, **params})


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"content": []}, "content", "non-empty list"),
        ({"content": "a girl in a meadow"}, "content", "non-empty list"),
        ({"content": None}, "content", "non-empty list"),
        ({"content": [{"type": "text", "text": " "}]}, "content", "empty texts"),
        ({"duration": 5, "frames": 121}, "frames", "combined with duration"),
        ({"duration": "5"}, "duration", "whole number"),
        ({"duration": 5.5}, "duration", "whole number"),
        ({"duration": True}, "duration", "whole number"),
        ({"duration": 3}, "duration", "4…12 or -1 seconds"),
        ({"model": "doubao-seedance-1-0-pro-250528", "duration": -1}, "duration", "2…12 seconds"),
        ({"model": "doubao-seedance-2-0-260128", "duration": 16}, "duration", "4…15 or -1"),
        ({"frames": 30}, "frames", "25 + 4n"),
        ({"frames": 25}, "frames", "29…289"),
        ({"seed": -2}, "seed", "-1…4294967295"),
        ({"execution_expires_after": 60}, "execution_expires_after", "3600…259200"),
        ({"safety_identifier": "x" * 65}, "safety_identifier", "64 characters"),
        ({"content": [image(), image()]}, "content[1]", "second first_frame"),
        ({"content": [image("first_frame"), image("last_frame"), image("last_frame")]}, "content[2]", "second last"),
        ({"content": [TEXT, image("last_frame")]}, "content[1]", "without a first_frame"),
        ({"content": [image(), image("reference_image")]}, "content[1]", "the frame in content[0]"),
        ({"content": [image("first_frame"), other("video")]}, "content[1]", "the frame in content[0]"),
        ({"content": [image("reference_image")] * 10}, "content[9]", "at most 9"),
        ({"content": [image("reference_image"), *[other("video")] * 4]}, "content[4]", "at most 3"),
        ({"content": [TEXT, other("audio")]}, "content[1]", "sound alone"),
        ({"content": [image(url="iVBORw0KGgo=")]}, "content[0].image_url.url", "https://"),
        ({"content": [image(url="data:IMAGE/PNG;base64,AA")]}, "content[0].image_url.url", "lower case"),
    ],
)
def test_what_bytedance_would_refuse_is_refused_here(params: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        seedance.check({**GOOD, **params})
    assert caught.value.path == path
    assert rule in caught.value.rule
    assert caught.value.where == "seedance.create"


def test_text_for_a_number_gets_the_right_spelling() -> None:
    with pytest.raises(InvalidParameter) as caught:
        seedance.check({**GOOD, "duration": "5"})
    assert caught.value.hint == "duration=5"


def test_what_stands_in_extra_body_is_not_looked_at() -> None:
    seedance.check({"model": "m", "extra_body": {"content": [], "duration": "x"}})


def test_sample_bodies_pass_and_stay_as_they_are() -> None:
    schema = Schema.of("seedance.create", SeedanceTaskParams)
    for body in request_bodies("seedance").values():
        schema.check(body)
        seedance.check(body)
        assert json.loads(json.dumps(body_of({**body, "timeout": 5.0}))) == body
