"""The video providers' calls over a real loopback socket: what is sent, and the handles that come back."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tikhub_async import TikHubAI
from tikhub_async._tasks import VideoTask
from tikhub_async.errors import (
    BadRequestError,
    InvalidParameter,
    MissingParameter,
    NotFoundError,
    TaskCancelled,
    TaskExpired,
    TaskFailed,
    UnknownParameter,
)
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock
from tikhub_async.types.kling import KlingTaskResponse
from tikhub_async.types.seedance import SeedanceTaskResponse

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
SEEDANCE_MODEL = "doubao-seedance-1-5-pro-251215"
VEO_MODEL = "veo-3.0-generate-001"

Create = Callable[[TikHubAI, str], Awaitable[VideoTask[Any]]]

CREATE: dict[str, Create] = {
    "seedance": lambda client, prompt: client.seedance.create(
        model=SEEDANCE_MODEL, content=[{"type": "text", "text": prompt}], ratio="16:9", duration=5, watermark=False
    ),
    "kling.text2video": lambda client, prompt: client.kling.text2video.create(
        model_name="kling-v2-6", prompt=prompt, duration=5, mode="pro", sound=True, aspect_ratio="16:9"
    ),
    "kling.image2video": lambda client, prompt: client.kling.image2video.create(
        model_name="kling-v2-6", prompt=prompt, image="https://img.example/a.png", duration="5"
    ),
    "sora": lambda client, prompt: client.sora.create(model="sora-2", prompt=prompt, seconds="8"),
    "veo": lambda client, prompt: client.veo.generate(
        model=VEO_MODEL, instances=[{"prompt": prompt}], parameters={"durationSeconds": 8}
    ),
}


@pytest.fixture
async def gw(clock: FakeClock) -> AsyncIterator[Emulator]:
    async with Emulator(clock=clock, pace=0, task_seconds=60) as emulator:
        yield emulator


@pytest.mark.parametrize("provider", CREATE)
async def test_a_creation_gives_a_handle_and_its_wait_the_video(gw: Emulator, client: TikHubAI, provider: str) -> None:
    task = await CREATE[provider](client, "a cat")
    assert (task.provider, task.status, task.response) == (provider, "queued", None)
    assert task.creation is not None
    video = await task.wait()
    assert task.status == "succeeded"
    assert video.url.startswith("http") or provider in {"sora", "veo"}
    assert len(gw.paid) == 1


@pytest.mark.parametrize(
    "provider",
    [
        "seedance",
        "kling.text2video",
        "kling.image2video",
        "sora",
        "veo",
    ],
)
async def test_a_task_that_fails_raises_its_reason(client: TikHubAI, provider: str) -> None:
    task = await CREATE[provider](client, "a cat [[fail=too many cats]]")
    with pytest.raises(TaskFailed) as caught:
        await task.wait()
    assert caught.value.state is not None
    assert caught.value.state.error == "too many cats"


@pytest.mark.parametrize("provider", ["seedance", "kling.text2video", "sora"])
async def test_cancelled_and_expired_are_ends_of_their_own(client: TikHubAI, provider: str) -> None:
    with pytest.raises(TaskCancelled):
        await (await CREATE[provider](client, "a cat [[cancel]]")).wait()
    with pytest.raises(TaskExpired):
        await (await CREATE[provider](client, "a cat [[expire]]")).wait()


async def test_an_operation_whose_videos_were_all_withheld_fails(client: TikHubAI) -> None:
    with pytest.raises(TaskFailed, match="filtered"):
        await (await CREATE["veo"](client, "a cat [[filter]]")).wait()


@pytest.mark.parametrize("provider", CREATE)
async def test_a_handle_is_taken_up_again_by_its_saved_form(client: TikHubAI, provider: str) -> None:
    saved = json.loads(json.dumps((await CREATE[provider](client, "a cat")).to_dict()))
    assert (await client.tasks.attach(saved).wait()).task.provider == provider


async def test_klings_tasks_are_taken_up_by_the_providers_name_alone(client: TikHubAI) -> None:
    task = await CREATE["kling.image2video"](client, "a cat")
    assert (await client.tasks.attach(("kling", task.id)).wait()).url.startswith("http")


async def test_a_look_gives_the_documented_answer(client: TikHubAI) -> None:
    created = await CREATE["seedance"](client, "a cat")
    await created.wait()
    task = await client.seedance.retrieve(created.id, extra_headers={"X-Trace": "1"})
    assert isinstance(task.response, SeedanceTaskResponse)
    assert task.response.data is not None
    assert task.response.task is not None
    assert (task.response.data.status, task.response.task.status) == ("SUCCESS", "succeeded")
    assert task.response.request_id is not None


async def test_each_retrieve_asks_its_own_route(gw: Emulator, client: TikHubAI) -> None:
    text = await CREATE["kling.text2video"](client, "a cat")
    image = await CREATE["kling.image2video"](client, "a cat")
    sora = await CREATE["sora"](client, "a cat")
    veo = await CREATE["veo"](client, "a cat")
    before = len(gw.requests)
    looks = (
        await client.kling.text2video.retrieve(text.id),
        await client.kling.image2video.retrieve(image.id),
        await client.sora.retrieve(sora.id),
        await client.veo.fetch(operationName=veo.id),
        await client.veo.fetch(operationName=veo.id, model=VEO_MODEL),
    )
    assert [look.done for look in looks] == [False] * 5
    assert [request.path for request in gw.requests[before:]] == [
        f"/kling/v1/videos/text2video/{text.id}",
        f"/kling/v1/videos/image2video/{image.id}",
        f"/v1/videos/{sora.id}",
        f"/v1beta/models/{VEO_MODEL}:fetchPredictOperation",
        f"/v1beta/models/{VEO_MODEL}:fetchPredictOperation",
    ]


async def test_an_operation_without_a_model_is_looked_up_as_a_video(gw: Emulator, client: TikHubAI) -> None:
    with pytest.raises(NotFoundError):
        await client.veo.fetch(operationName="task_none")
    assert gw.requests[-1].path == "/v1/videos/task_none"


@pytest.mark.parametrize("provider", ["seedance", "kling.text2video", "kling.image2video", "sora"])
async def test_an_unknown_id_is_not_found(client: TikHubAI, provider: str) -> None:
    look = {
        "seedance": client.seedance.retrieve,
        "kling.text2video": client.kling.text2video.retrieve,
        "kling.image2video": client.kling.image2video.retrieve,
        "sora": client.sora.retrieve,
    }[provider]
    with pytest.raises(NotFoundError):
        await look("task_none")
    with pytest.raises(InvalidParameter):
        await look("../models")
    with pytest.raises(UnknownParameter):
        await look("task_none", time_out=5)  # type: ignore[call-arg]


async def test_the_documented_bodies_are_what_is_sent(gw: Emulator, client: TikHubAI) -> None:
    for make in CREATE.values():
        await make(client, "a cat")
    assert [json.loads(request.body) for request in gw.requests] == [
        {
            "model": SEEDANCE_MODEL,
            "content": [{"type": "text", "text": "a cat"}],
            "ratio": "16:9",
            "duration": 5,
            "watermark": False,
        },
        {
            "model_name": "kling-v2-6",
            "prompt": "a cat",
            "duration": "5",
            "mode": "pro",
            "sound": "on",
            "aspect_ratio": "16:9",
        },
        {"model_name": "kling-v2-6", "prompt": "a cat", "image": "https://img.example/a.png", "duration": "5"},
        {"model": "sora-2", "prompt": "a cat", "seconds": "8"},
        {"instances": [{"prompt": "a cat"}], "parameters": {"durationSeconds": 8}},
    ]


async def test_kling_speaks_to_the_unmodified_software_when_told_to(clock: FakeClock) -> None:
    async with Emulator(clock=clock, task_seconds=60, profile="software") as gw:
        async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock, kling_metadata=True) as client:
            task = await client.kling.text2video.create(
                model_name="kling-v2-6", prompt="a cat", duration=5, mode="pro", aspect_ratio="16:9"
            )
            assert isinstance(task.creation, KlingTaskResponse)
            assert (task.creation.object, task.id) == ("video", task.creation.task_id)
            assert (await task.wait()).url.startswith("http")
            with pytest.raises(InvalidParameter, match="sound: would be lost"):
                await CREATE["kling.text2video"](client, "a cat")
        assert len(gw.paid) == 1
        assert json.loads(gw.requests[0].body) == {
            "model": "kling-v2-6",
            "model_name": "kling-v2-6",
            "prompt": "a cat",
            "duration": 5,
            "metadata": {"mode": "pro", "aspect_ratio": "16:9"},
        }


@pytest.mark.parametrize("more", [{}, {"model": "kling-v2-6"}], ids=["no model", "a duration as text"])
async def test_the_unmodified_softwares_refusal_of_klings_body_names_the_switch(
    clock: FakeClock, more: dict[str, Any]
) -> None:
    params: dict[str, Any] = {"model_name": "kling-v2-6", "prompt": "a cat", "duration": 5, **more}
    async with Emulator(clock=clock, profile="software") as gw:
        async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as client:
            with pytest.raises(BadRequestError) as caught:
                await client.kling.text2video.create(**params)
            assert "TikHubAI(kling_metadata=True)" in str(caught.value)
            assert not caught.value.maybe_billed
            await client.with_options(kling_metadata=True).kling.text2video.create(**params)
        assert len(gw.paid) == 1


@pytest.mark.parametrize("kind", ["path", "bytes", "open", "named bytes", "named open"])
async def test_a_first_frame_of_sora_is_uploaded_whatever_holds_it(
    gw: Emulator, client: TikHubAI, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "first.png"
    path.write_bytes(PNG)
    with path.open("rb") as opened:
        references: dict[str, Any] = {
            "path": path,
            "bytes": PNG,
            "open": opened,
            "named bytes": ("first.png", PNG),
            "named open": ("first.png", io.BytesIO(PNG)),
        }
        await client.sora.create(model="sora-2", prompt="a cat", seconds="8", input_reference=references[kind])
    body = gw.requests[0].body
    name = b"input_reference.png" if kind == "bytes" else b"first.png"
    assert gw.requests[0].headers["content-type"].startswith("multipart/form-data")
    assert PNG in body
    assert b'filename="' + name + b'"' in body
    assert b"image/png" in body
    assert b'name="seconds"' in body


async def test_what_is_no_image_is_not_uploaded(gw: Emulator, client: TikHubAI) -> None:
    with pytest.raises(InvalidParameter, match="JPEG, PNG or WebP"):
        await client.sora.create(model="sora-2", prompt="a cat", input_reference=b"GIF89a")
    assert gw.requests == []


async def test_a_remix_is_a_new_task(client: TikHubAI) -> None:
    original = await CREATE["sora"](client, "a cat")
    await original.wait()
    remix = await client.sora.remix(original.id, prompt="make it rain")
    assert remix.id != original.id
    assert (await remix.wait()).task.status == "succeeded"


async def test_videos_are_listed_and_deleted(client: TikHubAI) -> None:
    task = await CREATE["sora"](client, "a cat")
    page = await client.sora.list(limit=1, order="desc")
    assert [video.id for video in page.data] == [task.id]
    gone = await client.sora.delete(task.id)
    assert (gone.id, gone.deleted) == (task.id, True)
    with pytest.raises(NotFoundError):
        await client.sora.retrieve(task.id)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda client: client.seedance.create(model="m"), MissingParameter),
        (lambda client: client.seedance.create(model="m", content=[], durations=5), UnknownParameter),
        (lambda client: client.seedance.create(model="m", content=[]), InvalidParameter),
        (lambda client: client.kling.text2video.create(prompt="a"), MissingParameter),
        (lambda client: client.kling.text2video.create(model_name="m", prompt="a", image="x"), UnknownParameter),
        (lambda client: client.kling.image2video.create(model_name="m", prompt="a"), InvalidParameter),
        (lambda client: client.sora.create(model="sora-2", prompt="a", seconds=8), InvalidParameter),
        (lambda client: client.sora.remix("task_1"), MissingParameter),
        (lambda client: client.sora.list(limit=0), InvalidParameter),
        (lambda client: client.veo.generate(model="veo-3", instances=[]), InvalidParameter),
        (lambda client: client.veo.fetch(model="veo-3"), MissingParameter),
    ],
)
async def test_bad_parameters_never_leave(
    gw: Emulator, client: TikHubAI, call: Callable[[Any], Awaitable[Any]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await call(client)
    assert gw.requests == []


async def test_listing_walks_over_all_pages(gw: Emulator, client: TikHubAI) -> None:
    made = [(await CREATE["sora"](client, f"cat {number}")).id for number in range(5)]
    assert [video.id async for video in client.sora.list(limit=2, order="asc")] == made
    assert len(gw.seen("sora.list")) == 3
    assert [video.id for video in (await client.sora.list(limit=2, order="asc")).data] == made[:2]
