"""Veo: operations that are done or not, videos that are withheld, and what is refused before it costs money."""

import json
from typing import Any

import pytest

from tests.types.answers import CONTENT, TASK_ID, VIDEO, created, envelope, request_bodies, state
from tikhub_async._tasks.state import inline_media
from tikhub_async._wire.request import Schema
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import veo
from tikhub_async.types.veo import VeoFetchOperationParams, VeoGenerateParams

NAME = "projects/p/locations/us-central1/publishers/google/models/veo-3.0-generate-001/operations/2f0c"
IMAGE = {"gcsUri": "gs://bucket/a.png", "mimeType": "image/png"}


def operation(**members: Any) -> dict[str, Any]:
    return {"name": NAME, **members}


def done(**response: Any) -> dict[str, Any]:
    return operation(done=True, response={"@type": "type.googleapis.com/x", **response})


@pytest.mark.parametrize(
    "answer", [operation(), operation(done=False), operation(done=None), operation(metadata={"a": 1})]
)
def test_an_absent_done_means_running(answer: dict[str, Any]) -> None:
    told = state("veo", answer)
    assert (told.id, told.status, told.error) == (NAME, "running", None)


def test_an_error_is_a_failure_with_googles_number() -> None:
    told = state("veo", operation(done=True, error={"code": 3, "message": "refused", "details": []}))
    assert (told.status, told.error, told.error_code) == ("failed", "refused", 3)


@pytest.mark.parametrize(("code", "status"), [(1, "cancelled"), (4, "expired"), (13, "failed"), (None, "failed")])
def test_googles_number_tells_a_cancelled_operation_from_a_failed_one(code: int | None, status: str) -> None:
    assert state("veo", operation(done=True, error={"code": code, "message": "over"})).status == status


def test_videos_in_a_bucket_are_a_success_without_an_address_to_fetch() -> None:
    videos = [{"gcsUri": f"gs://bucket/{number}.mp4", "mimeType": "video/mp4"} for number in range(2)]
    told = state("veo", done(videos=videos, raiMediaFilteredCount=0))
    assert (told.status, told.url, told.urls, told.inline) == ("succeeded", None, (), False)
    assert told.extras == {"gcs": "gs://bucket/0.mp4", "gcs_2": "gs://bucket/1.mp4"}


def test_an_inline_video_is_said_to_be_inside_raw() -> None:
    told = state("veo", done(videos=[{"bytesBase64Encoded": "AAAAGGZ0", "mimeType": "video/mp4"}]))
    assert (told.status, told.url, told.inline) == ("succeeded", None, True)
    assert inline_media(told.raw) == ["AAAAGGZ0"]


def test_the_gemini_flavour_is_read_too() -> None:
    samples = {"generatedSamples": [{"video": {"uri": VIDEO}}, {"video": {"uri": "https://media.example/2.mp4"}}]}
    told = state("veo", done(generateVideoResponse=samples))
    assert told.urls == (VIDEO, "https://media.example/2.mp4")
    inline = state("veo", done(generateVideoResponse={"generatedSamples": [{"video": {"encodedVideo": "AAAA"}}]}))
    assert (inline.status, inline.inline) == ("succeeded", True)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({}, veo.WITHHELD),
        ({"videos": []}, veo.WITHHELD),
        ({"videos": None, "raiMediaFilteredCount": 2}, veo.WITHHELD),
        ({"videos": [{"mimeType": "video/mp4"}]}, veo.WITHHELD),
        ({"raiMediaFilteredCount": 2, "raiMediaFilteredReasons": ["violence", "a face"]}, "violence; a face"),
        ({"generateVideoResponse": {"raiMediaFilteredReasons": ["the audio"]}}, "the audio"),
        ({"generateVideoResponse": {"generatedSamples": [{}]}}, veo.WITHHELD),
    ],
)
def test_done_without_videos_is_a_failure_with_the_filters_reasons(response: dict[str, Any], reason: str) -> None:
    told = state("veo", done(**response))
    assert (told.status, told.error, told.word) == ("failed", reason, "done")


def test_done_without_anything_is_a_failure() -> None:
    assert state("veo", operation(done=True)).error == veo.WITHHELD


def test_videos_withheld_beside_others_are_a_note() -> None:
    videos = [{"bytesBase64Encoded": "AAAA"}]
    told = state("veo", done(videos=videos, raiMediaFilteredCount=1, raiMediaFilteredReasons=["a face"]))
    assert (told.status, told.error, told.note) == ("succeeded", None, "a face")


def test_the_gateways_success_over_an_operation_without_videos_is_a_failure() -> None:
    told = state("veo", envelope("SUCCESS", done(raiMediaFilteredReasons=["a face"]), result_url=CONTENT))
    assert (told.status, told.error, told.url) == ("failed", "a face", None)


def test_the_operation_inside_the_record_gives_its_inline_video() -> None:
    told = state("veo", envelope("SUCCESS", done(videos=[{"bytesBase64Encoded": "AAAA"}])))
    assert (told.status, told.inline, told.id) == ("succeeded", True, TASK_ID)
    assert inline_media(told.raw) == ["AAAA"]


def test_an_inline_video_ends_the_task_before_the_gateway_sees_it() -> None:
    told = state("veo", envelope("IN_PROGRESS", done(videos=[{"bytesBase64Encoded": "AAAA"}])))
    assert (told.status, told.inline) == ("succeeded", True)


def test_an_error_body_without_an_operation_says_nothing_of_the_task() -> None:
    told = state("veo", {"error": {"code": 400, "message": "bad request", "status": "INVALID_ARGUMENT"}})
    assert (told.status, told.note) == ("unknown", "bad request")


def test_a_creation_gives_the_operations_name_or_the_gateways_id() -> None:
    assert created("veo", operation()).id == NAME
    told = created("veo", {"id": TASK_ID, "task_id": TASK_ID, "object": "video", "status": "queued"})
    assert (told.id, told.status) == (TASK_ID, "queued")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        (NAME, "veo-3.0-generate-001"),
        ("models/veo-3.0-generate-preview/operations/mg3p", "veo-3.0-generate-preview"),
        ("operations/mg3p", None),
        (TASK_ID, None),
    ],
)
def test_the_model_is_read_from_the_operations_name(name: str, model: str | None) -> None:
    assert veo.model_of(name) == model


def generate(instance: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {"model": "veo-3.0-generate-001", "instances": [instance], "parameters": parameters}


@pytest.mark.parametrize(
    "params",
    [
        generate({"prompt": "a butterfly"}),
        generate({"prompt": "a"}, sampleCount=4, durationSeconds=8, seed=0, storageUri="gs://b/out/"),
        generate({"image": IMAGE, "lastFrame": IMAGE}),
        generate({"video": {"bytesBase64Encoded": "AAAA", "mimeType": "video/mp4"}}),
        generate({"prompt": "a", "referenceImages": [{"image": IMAGE, "referenceType": "asset"}]}),
        {"model": "veo-2.0-generate-001", "instances": [{"prompt": "a"}], "parameters": {"durationSeconds": 5}},
        {"model": "veo-9", "instances": [{"prompt": "a"}], "parameters": {"durationSeconds": 60}},
        {"model": "veo-9", "instances": ({"prompt": "a"},)},
    ],
)
def test_good_parameters_pass(params: dict[str, Any]) -> None:
    veo.check(params)


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"model": "veo-3", "instances": []}, "instances", "exactly one"),
        ({"model": "veo-3", "instances": [{"prompt": "a"}] * 2}, "instances", "got 2"),
        ({"model": "veo-3", "instances": {"prompt": "a"}}, "instances", "must be a list"),
        (generate({}), "instances[0].prompt", "must not be empty"),
        (generate({"prompt": " "}), "instances[0].prompt", "must not be empty"),
        (generate({"prompt": "a", "lastFrame": IMAGE}), "instances[0].lastFrame", "needs image"),
        (
            generate({"prompt": "a", "image": IMAGE, "referenceImages": [{"image": IMAGE}]}),
            "instances[0].referenceImages",
            "combined with image",
        ),
        (generate({"image": {"mimeType": "image/png"}}), "instances[0].image", "either"),
        (generate({"image": {**IMAGE, "bytesBase64Encoded": "AAAA"}}), "instances[0].image", "either"),
        (generate({"image": {"gcsUri": "gs://b/a.png"}}), "instances[0].image.mimeType", "must be given"),
        (generate({"image": {**IMAGE, "gcsUri": "https://b/a.png"}}), "instances[0].image.gcsUri", "gs://"),
        (
            generate({"image": {"bytesBase64Encoded": "data:image/png;base64,AA", "mimeType": "image/png"}}),
            "instances[0].image.bytesBase64Encoded",
            "without a data: prefix",
        ),
        (
            generate({"prompt": "a", "referenceImages": [{"image": {"mimeType": "image/png"}}]}),
            "instances[0].referenceImages[0].image",
            "either",
        ),
        (generate({"prompt": "a"}, sampleCount=5), "parameters.sampleCount", "1…4"),
        (generate({"prompt": "a"}, sampleCount=0), "parameters.sampleCount", "1…4"),
        (generate({"prompt": "a"}, sampleCount="2"), "parameters.sampleCount", "whole number"),
        (generate({"prompt": "a"}, seed=-1), "parameters.seed", "0…4294967295"),
        (generate({"prompt": "a"}, durationSeconds=5), "parameters.durationSeconds", "4, 6, 8 seconds"),
        (generate({"prompt": "a"}, durationSeconds="8"), "parameters.durationSeconds", "whole number"),
        (generate({"prompt": "a"}, storageUri="s3://b/"), "parameters.storageUri", "gs://"),
    ],
)
def test_what_google_would_refuse_is_refused_here(params: dict[str, Any], path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        veo.check(params)
    assert (caught.value.path, caught.value.where) == (path, "veo.generate")
    assert rule in caught.value.rule


def test_the_model_goes_into_the_path_and_not_into_the_body() -> None:
    assert veo.to_wire({**generate({"prompt": "a"}), "timeout": 5.0}) == {
        "instances": [{"prompt": "a"}],
        "parameters": {},
    }


def test_sample_bodies_pass_and_stay_as_they_are() -> None:
    bodies = request_bodies("veo")
    fetch = bodies.pop("veo_fetch")
    Schema.of("veo.fetch", VeoFetchOperationParams).check(fetch)
    schema = Schema.of("veo.generate", VeoGenerateParams)
    for body in bodies.values():
        params = {"model": "veo-3.0-generate-001", **body}
        schema.check(params)
        veo.check(params)
        assert json.loads(json.dumps(veo.to_wire(params))) == body
