"""Task states: two vocabularies, four answer shapes, and texts that may be addresses or not."""

import copy
import json
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Video
from openai.types import VideoDeleteResponse as OfficialDeletion

from tests.types.answers import (
    CONTENT,
    PROVIDERS,
    TASK_ID,
    VIDEO,
    created,
    envelope,
    short,
    state,
    video_object,
)
from tests.types.coverage import missing_fields
from tikhub_async._tasks import state as rules
from tikhub_async._wire import codec
from tikhub_async.types import kling, seedance, sora, veo
from tikhub_async.types.kling import KlingTaskListResponse
from tikhub_async.types.seedance import SeedanceTaskListResponse, SeedanceTaskResponse
from tikhub_async.types.task import DONE, GatewayTask, TaskState, fitting

# --- the gateway's record ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NOT_START", "queued"),
        ("SUBMITTED", "queued"),
        ("QUEUED", "queued"),
        ("IN_PROGRESS", "running"),
        ("SUCCESS", "succeeded"),
        ("FAILURE", "failed"),
        ("UNKNOWN", "unknown"),
        ("success", "succeeded"),
        (" Success ", "succeeded"),
        ("succeeded", "succeeded"),
        ("succeed", "succeeded"),
        ("completed", "succeeded"),
        ("processing", "running"),
        ("canceled", "cancelled"),
        ("expired", "expired"),
        ("SUCCESSFUL", "unknown"),
        ("FINISHED", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_gateways_word_is_translated_for_every_provider(provider: str, word: str | None, status: str) -> None:
    told = state(provider, envelope(word, result_url=VIDEO))
    assert (told.status, told.word, told.id) == (status, word or "", TASK_ID)
    assert told.done == (status in {"succeeded", "failed", "cancelled", "expired"})
    assert told.url == (VIDEO if status == "succeeded" else None)


def test_the_record_brings_times_in_seconds_price_and_progress() -> None:
    told = state("seedance", envelope("SUCCESS", finish_time=1780000090, progress="100%", result_url=VIDEO))
    assert (told.created_at, told.started_at, told.finished_at) == (1780000000, 1780000010, 1780000090)
    assert (told.quota, told.progress) == (100000, 100)


def test_a_time_of_zero_is_not_yet() -> None:
    told = state("seedance", envelope("NOT_START", start_time=0, submit_time=0, created_at=0))
    assert (told.created_at, told.started_at, told.finished_at) == (None, None, None)


def test_a_failure_without_finish_time_ended_at_its_last_change() -> None:
    told = state("seedance", envelope("FAILURE", finish_time=0, updated_at=1780000050, fail_reason="channel removed"))
    assert told.finished_at == 1780000050


def test_a_running_task_has_no_end_even_where_the_record_has_a_last_change() -> None:
    assert state("seedance", envelope("IN_PROGRESS", updated_at=1780000050)).finished_at is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_data_null_is_unknown_and_names_no_id(provider: str) -> None:
    told = state(provider, {"code": "success", "data": None})
    assert (told.status, told.done, told.id, told.note) == ("unknown", False, "", None)


def test_an_error_word_in_the_envelope_is_no_state_of_the_task() -> None:
    told = state("seedance", {"code": "fail_to_fetch_task", "message": "upstream is busy", "data": None})
    assert (told.status, told.word, told.note) == ("unknown", "fail_to_fetch_task", "upstream is busy")
    assert told.error is None


def test_the_row_number_is_never_the_id() -> None:
    assert state("seedance", envelope("QUEUED", task_id=None)).id == ""


# --- addresses and sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "url"),
    [
        ({"result_url": VIDEO, "fail_reason": ""}, VIDEO),
        ({"result_url": VIDEO, "fail_reason": "https://media.example/other.mp4"}, VIDEO),
        ({"fail_reason": VIDEO}, VIDEO),
        ({"result_url": "", "fail_reason": VIDEO}, VIDEO),
        ({"result_url": "see the logs", "fail_reason": VIDEO}, VIDEO),
        ({"result_url": "HTTPS://media.example/v.mp4"}, "HTTPS://media.example/v.mp4"),
        ({"result_url": "data:video/mp4;base64,AAAA"}, "data:video/mp4;base64,AAAA"),
        ({"result_url": "data: none"}, None),
        ({"result_url": "gs://bucket/v.mp4"}, None),
        ({"result_url": "ftp://media.example/v.mp4"}, None),
        ({"result_url": "/v.mp4"}, None),
        ({"result_url": "https://"}, None),
        ({}, None),
    ],
)
def test_result_url_then_fail_reason_and_only_what_begins_like_an_address(
    members: dict[str, Any], url: str | None
) -> None:
    told = state("seedance", envelope("SUCCESS", **members))
    assert (told.status, told.url, told.urls) == ("succeeded", url, (url,) if url else ())


def test_after_the_record_the_providers_address_is_taken() -> None:
    assert state("seedance", envelope("SUCCESS", {"content": {"video_url": VIDEO}})).url == VIDEO


def test_the_content_route_gives_way_to_the_providers_address() -> None:
    inner = {"status": "succeeded", "content": {"video_url": "data:video/mp4;base64,AAAA"}}
    told = state("seedance", envelope("SUCCESS", inner, result_url=CONTENT))
    assert told.urls == ("data:video/mp4;base64,AAAA",)
    assert state("seedance", envelope("SUCCESS", {}, result_url=CONTENT)).url == CONTENT


def test_the_gateways_address_replaces_the_first_of_the_providers() -> None:
    inner = {"code": 0, "data": {"task_status": "succeed", "task_result": {"videos": [{"url": u} for u in "ab"]}}}
    for number, video in enumerate(inner["data"]["task_result"]["videos"]):  # type: ignore[index]
        video["url"] = f"https://kling.example/{number}.mp4"
    mirrored = state("kling", envelope("SUCCESS", inner, result_url=VIDEO))
    assert mirrored.urls == (VIDEO, "https://kling.example/1.mp4")
    same = state("kling", envelope("SUCCESS", inner, result_url="https://kling.example/0.mp4"))
    assert same.urls == ("https://kling.example/0.mp4", "https://kling.example/1.mp4")


@pytest.mark.parametrize("status", ["NOT_START", "IN_PROGRESS", "FAILURE", "UNKNOWN", "cancelled", "whatever"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_success_there_is_no_address(provider: str, status: str) -> None:
    told = state(provider, envelope(status, result_url=VIDEO, fail_reason=VIDEO))
    assert (told.url, told.urls, told.error) == (None, (), None)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"fail_reason": "no credit", "result_url": "no credit"}, "no credit"),
        ({"fail_reason": "", "result_url": "no credit"}, "no credit"),
        ({"fail_reason": VIDEO, "result_url": "no credit"}, "no credit"),
        ({"fail_reason": " ", "result_url": None}, None),
        ({}, None),
    ],
)
def test_a_failure_has_the_reason_that_is_a_sentence(members: dict[str, Any], reason: str | None) -> None:
    told = state("seedance", envelope("FAILURE", **members))
    assert (told.error, told.url) == (reason, None)


@pytest.mark.parametrize(
    ("outer", "inner", "reason"),
    [
        ("task failed", "blocked by the filter", "blocked by the filter"),
        ("upstream returned error", "blocked by the filter", "blocked by the filter"),
        ("blocked by the filter", "blocked by the filter", "blocked by the filter"),
        ("blocked", "blocked by the filter", "blocked by the filter"),
        ("error: blocked by the filter", "blocked by the filter", "error: blocked by the filter"),
        ("timed out", "blocked by the filter", "timed out: blocked by the filter"),
        ("timed out", None, "timed out"),
        ("", "blocked by the filter", "blocked by the filter"),
    ],
)
def test_the_better_of_two_reasons_or_both(outer: str, inner: str | None, reason: str) -> None:
    body = {"status": "failed", "error": {"code": "Filter", "message": inner}}
    told = state("seedance", envelope("FAILURE", body, fail_reason=outer))
    assert (told.error, told.error_code) == (reason, "Filter")


# --- outer against inner -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outer", "inner", "status", "word"),
    [
        ("IN_PROGRESS", "cancelled", "cancelled", "cancelled"),
        ("IN_PROGRESS", "expired", "expired", "expired"),
        ("IN_PROGRESS", "failed", "failed", "failed"),
        ("IN_PROGRESS", "running", "running", "IN_PROGRESS"),
        ("IN_PROGRESS", "queued", "running", "IN_PROGRESS"),
        ("IN_PROGRESS", "paused", "running", "IN_PROGRESS"),
        ("NOT_START", None, "queued", "NOT_START"),
        ("NOT_START", "cancelled", "cancelled", "cancelled"),
        ("UNKNOWN", "running", "running", "running"),
        ("UNKNOWN", "expired", "expired", "expired"),
        ("UNKNOWN", "paused", "unknown", "UNKNOWN"),
        ("PAUSED", "queued", "queued", "queued"),
        ("FAILURE", "running", "failed", "FAILURE"),
        ("FAILURE", "succeeded", "failed", "FAILURE"),
        ("FAILURE", "failed", "failed", "FAILURE"),
        ("FAILURE", "cancelled", "cancelled", "cancelled"),
        ("FAILURE", "expired", "expired", "expired"),
        ("SUCCESS", "succeeded", "succeeded", "SUCCESS"),
        ("SUCCESS", "running", "succeeded", "SUCCESS"),
        ("SUCCESS", "failed", "failed", "failed"),
    ],
)
def test_who_decides(outer: str, inner: str | None, status: str, word: str) -> None:
    told = state("seedance", envelope(outer, {"id": "cgt-1", "status": inner}, result_url=VIDEO))
    assert (told.status, told.word) == (status, word)
    assert told.url == (VIDEO if status == "succeeded" else None)


def test_a_providers_success_counts_before_the_gateways_only_with_its_url() -> None:
    without = state("seedance", envelope("IN_PROGRESS", {"status": "succeeded"}))
    assert (without.status, without.url) == ("running", None)
    told = state("seedance", envelope("IN_PROGRESS", {"status": "succeeded", "content": {"video_url": VIDEO}}))
    assert (told.status, told.word, told.url) == ("succeeded", "succeeded", VIDEO)


def test_an_error_at_the_gateways_last_look_is_a_note_and_no_end() -> None:
    inner = {"error": {"code": "NotFound", "message": "not found upstream"}}
    told = state("seedance", envelope("IN_PROGRESS", inner))
    assert (told.status, told.error, told.error_code, told.note) == ("running", None, None, "not found upstream")


def test_a_final_status_does_not_change_when_the_gateway_gives_up_later() -> None:
    inner = {"status": "expired"}
    before = state("seedance", envelope("IN_PROGRESS", inner))
    after = state("seedance", envelope("FAILURE", inner, fail_reason="timeout"))
    assert before.status == after.status == "expired"


@pytest.mark.parametrize("inner", [None, "", "text", 5, True, [], [{"error": "x"}], {}, {"status": 5}, {"data": []}])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_body_of_a_strange_kind_leaves_the_decision_to_the_gateway(provider: str, inner: Any) -> None:
    assert state(provider, envelope("SUCCESS", inner, result_url=VIDEO)).url == VIDEO
    assert state(provider, envelope("IN_PROGRESS", inner)).status == "running"


def test_one_strange_field_does_not_hide_the_others() -> None:
    inner = {"status": "expired", "seed": {"value": 5}, "content": 7, "usage": {"total_tokens": 3}}
    told = state("seedance", envelope("IN_PROGRESS", inner))
    assert (told.status, told.usage) == ("expired", {"total_tokens": 3})


def test_an_envelope_in_an_envelope_is_followed() -> None:
    inner = envelope("IN_PROGRESS", {"status": "expired"})
    assert state("seedance", envelope("IN_PROGRESS", inner)).status == "expired"


def test_envelopes_without_end_are_not_followed_without_end() -> None:
    answer: dict[str, Any] = {"status": "expired"}
    for _ in range(100):
        answer = envelope("IN_PROGRESS", answer)
    assert state("seedance", answer).status == "running"


# --- the other shapes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_short_envelope_is_read_for_every_provider(provider: str) -> None:
    assert state(provider, short("queued")).status == "queued"
    assert state(provider, short("processing")).status == "running"
    done = state(provider, short("succeeded", VIDEO))
    assert (done.status, done.url, done.id, done.progress) == ("succeeded", VIDEO, TASK_ID, 100)
    failed = state(provider, short("failed", "the prompt was refused"))
    assert (failed.status, failed.url, failed.error) == ("failed", None, "the prompt was refused")
    with_error = state(provider, short("failed", "", {"code": 3, "message": "refused"}))
    assert (with_error.error, with_error.error_code) == ("refused", 3)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_video_object_is_read_for_every_provider(provider: str) -> None:
    assert state(provider, video_object("unknown")).status == "unknown"
    running = state(provider, video_object("in_progress", progress=50, completed_at=1780000050, metadata={"url": ""}))
    assert (running.status, running.progress, running.finished_at, running.url) == ("running", 50, None, None)
    done = state(provider, video_object("completed", progress=100, metadata={"url": VIDEO}))
    assert (done.status, done.url, done.id) == ("succeeded", VIDEO, TASK_ID)
    failed = state(provider, video_object("failed", error={"code": "", "message": "refused"}, metadata={"url": VIDEO}))
    assert (failed.status, failed.error, failed.error_code, failed.url) == ("failed", "refused", None, None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_flat_object_of_newer_versions_is_read_for_every_provider(provider: str) -> None:
    flat = {"task_id": TASK_ID, "platform": "55", "progress": "100%", "created_at": 1780000000}
    done = state(provider, {**flat, "status": "SUCCESS", "fail_reason": "", "finished_at": 1780000090})
    assert (done.id, done.status, done.word, done.progress) == (TASK_ID, "succeeded", "SUCCESS", 100)
    assert (done.url, done.created_at, done.finished_at) == (None, 1780000000, 1780000090)
    failed = state(provider, {**flat, "status": "FAILURE", "fail_reason": "no credit", "finished_at": 0})
    assert (failed.status, failed.error) == ("failed", "no credit")


def test_milliseconds_become_seconds() -> None:
    told = state("sora", video_object("completed", created_at=1764347090922, completed_at=1764347190000))
    assert (told.created_at, told.finished_at) == (1764347090.922, 1764347190)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0%", 0),
        ("100%", 100),
        ("33.9%", 33),
        (" 7 % ", 7),
        ("120%", 100),
        ("9" * 5000, None),
        ("-5%", None),
        ("half", None),
        ("", None),
        ("٣%", None),
        (None, None),
        (40, 40),
        (40.9, 40),
        (-3, 0),
        (10**400, 100),
        (float("inf"), 100),
        (float("nan"), None),
    ],
)
def test_progress_is_a_whole_number_of_percent_or_nothing(value: Any, expected: int | None) -> None:
    assert rules.percent(value) == expected


@pytest.mark.parametrize("value", [0, -1, None, 10**400, float("nan"), float("inf"), 10**16])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert rules.seconds(value) is None


def test_the_content_route_is_known_on_any_host_and_with_any_id() -> None:
    assert rules.is_content_route(CONTENT)
    assert rules.is_content_route("http://localhost:3000/sub/v1/videos/cgt-1/content?access=x")
    assert not rules.is_content_route("https://media.example/content")
    assert not rules.is_content_route("https://media.example/v1/videos/task_1")
    assert not rules.is_content_route("http://[")


# --- creations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", ["queued", "", None, "unknown", "NOT_START", "brand_new"])
def test_an_accepted_creation_waits_whatever_its_word(provider: str, status: str | None) -> None:
    told = created(provider, video_object(status, task_id=TASK_ID))
    assert (told.id, told.status, told.done) == (TASK_ID, "queued", False)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("answer", "task_id"),
    [
        ({"task_id": "task_1", "id": "task_2"}, "task_1"),
        ({"id": "cgt-1"}, "cgt-1"),
        ({"task_id": "task_1"}, "task_1"),
        ({"code": "success", "data": {"task_id": "task_1", "id": 5}}, "task_1"),
        ({"code": "success", "data": {"id": "task_2"}}, "task_2"),
        ({"code": "success", "data": {"id": 5}}, ""),
        ({"code": 0, "data": {"task_id": "831"}}, "831"),
        ({"id": ""}, ""),
        ({}, ""),
    ],
)
def test_the_id_comes_from_the_first_place_that_has_one(provider: str, answer: dict[str, Any], task_id: str) -> None:
    assert created(provider, answer).id == task_id


def test_a_creation_that_failed_at_once_is_a_failure() -> None:
    told = created("seedance", video_object("failed", error={"code": "x", "message": "refused"}))
    assert (told.status, told.error) == ("failed", "refused")


# --- the raw answer ----------------------------------------------------------------------------------------------


def test_raw_is_the_answer_as_it_came_or_else_as_json() -> None:
    body = b'{"id": "cgt-1",  "status": "running", "later_field": 1}'
    assert state("seedance", body).raw == body
    bare = codec.decode(body, SeedanceTaskResponse)
    raw = PROVIDERS["seedance"].state_of(bare).raw
    assert json.loads(raw)["status"] == "running"


def test_inline_media_is_found_at_any_depth() -> None:
    operation = {"response": {"videos": [{"bytesBase64Encoded": "AAAA"}, {"bytesBase64Encoded": "BBBB"}]}}
    assert rules.inline_media(json.dumps(envelope("SUCCESS", operation)).encode()) == ["AAAA", "BBBB"]
    assert rules.inline_media(b"{}") == []


def test_a_state_survives_pickle_copy_and_json() -> None:
    told = state("seedance", envelope("SUCCESS", {"content": {"last_frame_url": VIDEO}}, result_url=VIDEO))
    assert pickle.loads(pickle.dumps(told)) == copy.deepcopy(told) == told
    assert msgspec.json.decode(msgspec.json.encode(told), type=TaskState) == told


# --- the types ---------------------------------------------------------------------------------------------------


def test_every_schema_name_of_the_documentation_exists() -> None:
    names = {
        sora: "VideoCreateRequest VideoResponse VideoRemixRequest VideoListResponse VideoDeleteResponse",
        seedance: "SeedanceTaskRequest SeedanceTaskCreateResponse SeedanceTaskResponse",
        kling: "KlingText2VideoRequest KlingImage2VideoRequest KlingTaskResponse KlingTaskDetailResponse"
        " KlingTaskListResponse",
        veo: "VeoGenerateRequest VeoOperationResponse VeoFetchOperationRequest VeoFetchOperationResponse",
    }
    missing = [name for module, listed in names.items() for name in listed.split() if not hasattr(module, name)]
    assert missing == []


@pytest.mark.parametrize(
    ("params", "required"),
    [
        (sora.VideoCreateParams, {"model", "prompt"}),
        (sora.VideoRemixParams, {"prompt"}),
        (sora.VideoListParams, set()),
        (sora.VideoContentParams, set()),
        (seedance.SeedanceTaskParams, {"model", "content"}),
        (kling.KlingText2VideoParams, {"model_name"}),
        (kling.KlingImage2VideoParams, {"model_name"}),
        (veo.VeoGenerateParams, {"model", "instances"}),
        (veo.VeoFetchOperationParams, {"operationName"}),
    ],
)
def test_each_endpoint_requires_what_it_must(params: Any, required: set[str]) -> None:
    assert params.__required_keys__ == required


def test_sora_has_every_field_of_the_official_sdk() -> None:
    assert missing_fields(Video, sora.VideoResponse) == []
    assert missing_fields(OfficialDeletion, sora.VideoDeleteResponse) == []


def test_seedance_and_kling_answers_give_the_providers_own_object_from_either_shape() -> None:
    ark = {"id": "cgt-1", "status": "running", "ratio": "16:9"}
    for answer in (ark, envelope("IN_PROGRESS", ark)):
        task = codec.decode(json.dumps(answer).encode(), SeedanceTaskResponse).task
        assert task is not None
        assert (task.id, task.ratio) == ("cgt-1", "16:9")
    own = {"code": 0, "data": {"task_id": "831", "task_status": "processing"}}
    for answer in (own, envelope("IN_PROGRESS", own)):
        found = codec.decode(json.dumps(answer).encode(), kling.KlingTaskDetailResponse).task
        assert found is not None
        assert (found.task_id, found.task_status) == ("831", "processing")
    assert codec.decode(b'{"code":"success","data":null}', SeedanceTaskResponse).task is None
    assert codec.decode(b'{"code":"success","data":null}', kling.KlingTaskDetailResponse).task is None


def test_klings_request_id_does_not_hide_the_gateways() -> None:
    answer = codec.decode(b'{"code":0,"request_id":"kreq-1","data":null}', kling.KlingTaskDetailResponse)
    assert (answer.kling_request_id, answer.request_id) == ("kreq-1", None)


def test_fitting_leaves_out_what_does_not_fit() -> None:
    assert fitting({"status": "SUCCESS", "quota": "free", "properties": []}, GatewayTask) == GatewayTask(
        status="SUCCESS"
    )
    assert fitting([], GatewayTask) is None


def test_lists_of_both_providers_decode() -> None:
    page = codec.decode(b'{"total":1,"items":[{"id":"cgt-1","status":"queued"}]}', SeedanceTaskListResponse)
    assert [task.status for task in page.items] == ["queued"]
    listed = codec.decode(b'{"code":0,"data":[{"task_id":"1","task_status":"succeed"}]}', KlingTaskListResponse)
    assert [task.task_status for task in listed.data] == ["succeed"]


# --- anything at all ---------------------------------------------------------------------------------------------

KNOWN = set(rules.GATEWAY_WORDS)
WORDS = st.one_of(
    st.none(), st.text(), st.sampled_from(["PAUSED", "finished", "success!", "完成", "succeeded_"])
).filter(lambda word: word is None or word.strip().lower() not in KNOWN)


@given(st.sampled_from(sorted(PROVIDERS)), WORDS, WORDS)
def test_words_that_nobody_knows_never_end_a_task(provider: str, outer: str | None, inner: str | None) -> None:
    kling_body = {"code": 0, "data": {"task_status": inner}}
    for body in ({"status": inner}, kling_body):
        told = state(provider, envelope(outer, body, result_url=VIDEO))
        assert (told.done, told.url) == (False, None)
    assert not state(provider, video_object(outer, metadata={"url": VIDEO})).done
    assert not state(provider, short(outer or "", VIDEO)).done
    assert created(provider, video_object(outer)).status == "queued"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "id",
    "task_id",
    "code",
    "message",
    "data",
    "status",
    "error",
    "task_status",
    "task_result",
    "videos",
    "content",
    "video_url",
    "metadata",
    "url",
    "done",
    "name",
    "response",
    "progress",
    "created_at",
    "usage",
    "fail_reason",
    "result_url",
]


@given(st.sampled_from(sorted(PROVIDERS)), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6))
def test_any_body_inside_the_record_is_read_without_raising(provider: str, inner: dict[str, Any]) -> None:
    told = state(provider, envelope("IN_PROGRESS", inner))
    assert told.status in DONE | {"running"}
    assert state(provider, envelope("SUCCESS", inner, result_url=VIDEO)).done


RUNNING: dict[str, dict[str, Any]] = {
    "seedance": envelope("IN_PROGRESS", {"id": "c", "status": "running", "content": {"video_url": VIDEO}, "seed": 1}),
    "kling": {"code": 0, "data": {"task_id": "8", "task_status": "processing", "task_result": {"videos": []}}},
    "sora": video_object("in_progress", metadata={"url": ""}, error=None),
    "veo": {"name": "models/veo/operations/1", "done": False, "metadata": {}},
}


def nulled(value: Any, draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 4)) == 0:
        return None
    if isinstance(value, dict):
        return {key: nulled(member, draw) for key, member in value.items()}
    return value


@st.composite
def running_with_nulls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    provider = draw(st.sampled_from(sorted(RUNNING)))
    return provider, {key: nulled(member, draw) for key, member in RUNNING[provider].items()}


@given(running_with_nulls())
def test_nulls_anywhere_in_a_running_answer_never_end_it(sample: tuple[str, dict[str, Any]]) -> None:
    assert not state(*sample).done
