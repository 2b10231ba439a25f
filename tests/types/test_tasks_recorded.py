"""Task states of optional data: provider answers, and recorded answers of the gateway software."""

from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest

from tests.types.answers import PROVIDERS, created, shared, state
from tikhub_async._tasks import state as rules
from tikhub_async._wire import codec
from tikhub_async.types import sora
from tikhub_async.types.kling import KlingTaskListResponse
from tikhub_async.types.seedance import SeedanceTaskListResponse

FIXTURES: dict[str, tuple[str, str | None, str | None]] = {
    # status, url, error
    "sora/video_in_progress": ("running", None, None),
    "sora/video_completed": ("succeeded", None, None),
    "sora/video_failed": ("failed", None, "Your request was blocked by our moderation system."),
    "sora/video_remix": ("queued", None, None),
    "sora/gateway_video_completed": ("succeeded", "https://example.com/video.mp4", None),
    "sora/gateway_video_unknown_status": ("unknown", None, None),
    "kling/text2video_created": ("queued", None, None),
    "kling/task_processing": ("running", None, None),
    "kling/task_failed": ("failed", None, "Failure to pass the risk control system"),
    "kling/task_result_null_images": ("succeeded", "http://example.com/aigc.mp4", None),
    "kling/gateway_task_in_progress": ("running", None, None),
    "kling/gateway_task_failure": ("failed", None, "Failure to pass the risk control system"),
    "seedance/task_running": ("running", None, None),
    "seedance/task_succeeded": ("succeeded", "https://example.com/video.mp4", None),
    "seedance/task_succeeded_frames": ("succeeded", "https://example.com/video.mp4", None),
    "seedance/task_failed": (
        "failed",
        None,
        "The request failed because the output video may contain sensitive information."
        " Request id: 021772095375fixture",
    ),
    "seedance/task_expired": ("expired", None, None),
    "seedance/gateway_task_success": ("succeeded", "https://example.com/video.mp4", None),
    "seedance/gateway_task_queued": ("queued", None, None),
    "seedance/gateway_task_in_progress": ("running", None, None),
    "seedance/gateway_task_not_start": ("queued", None, None),
    "seedance/gateway_task_unknown": ("running", None, None),  # the inner word says more than UNKNOWN
    "seedance/gateway_created": ("queued", None, None),
    "seedance/created": ("unknown", None, None),  # a bare id, without a word
    "veo/operation_created": ("running", None, None),
    "veo/operation_done_gcs": ("succeeded", None, None),
    "veo/operation_done_bytes": ("succeeded", None, None),
    "veo/operation_error": (
        "failed",
        None,
        "The prompt could not be submitted because it contains words that violate the usage guidelines.",
    ),
    "veo/mldev_operation_pending": ("running", None, None),
    "veo/mldev_operation_done": (
        "succeeded",
        "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media",
        None,
    ),
    "veo/mldev_operation_rai_filtered": ("failed", None, "We encountered an issue with the audio for your prompt."),
    "veo/gateway_short_processing": ("running", None, None),
    "veo/gateway_short_failed": (
        "failed",
        None,
        "The prompt could not be submitted because it contains words that violate the usage guidelines.",
    ),
}
OTHER_SHAPES: dict[str, type[msgspec.Struct]] = {
    "sora/video_deleted": sora.VideoDeleteResponse,
    "kling/task_list": KlingTaskListResponse,
    "seedance/task_list": SeedanceTaskListResponse,
}


@pytest.mark.parametrize("name", FIXTURES)
def test_each_fixture_tells_the_state_that_a_reader_sees(name: str) -> None:
    told = state(name.partition("/")[0], shared("fixtures", f"{name}.json").read_bytes())
    assert (told.status, told.url, told.error) == FIXTURES[name]


def test_every_fixture_of_the_four_providers_is_in_a_table() -> None:
    for provider in PROVIDERS:
        for file in shared("fixtures", provider).glob("*.json"):
            name = f"{provider}/{file.stem}"
            if name in OTHER_SHAPES:
                codec.decode(file.read_bytes(), OTHER_SHAPES[name])
            else:
                assert name in FIXTURES or "/error_" in name, name


RECORDED = (
    # Exceptions first. The video object hides what ByteDance said; the record does not.
    ("doubao.cancelled.get_generations.1*", "cancelled"),
    ("doubao.cancelled.get_generations.last", "cancelled"),
    ("doubao.cancelled.get_videos.last", "running"),
    ("doubao.poll_404.*.last", "running"),
    ("sora.cancelled.get_generations.2_failure", "cancelled"),
    ("sora.cancelled.*.last", "cancelled"),
    ("sora.cancelled.get_videos.2_cancelled", "cancelled"),
    ("sora.poll_500.get_videos.1_none", "failed"),
    ("sora.poll_500.*.last", "failed"),
    ("kling.poll_500.get_kling.last", "queued"),
    ("kling.poll_500.get_videos.last", "unknown"),
    # Google's channels are asked on every look, so these had moved on when they were named.
    ("veo.ok.get_generations.0_processing", "succeeded"),
    ("veo.filtered.get_generations.0_processing", "succeeded"),
    ("veo.failed.get_videos.0_in_progress", "failed"),
    ("*_not_start", "queued"),
    ("*_submitted", "queued"),
    ("*_queued", "queued"),
    ("*.*_unknown", "unknown"),
    ("*_in_progress", "running"),
    ("*_success", "succeeded"),
    ("*_succeeded", "succeeded"),
    ("*_completed", "succeeded"),
    ("*_failure", "failed"),
    ("*_failed", "failed"),
    ("get.tiny_exhausted", "queued"),
    ("get.kling_on_generations", "succeeded"),
    ("get.sora_on_kling", "succeeded"),
    ("get.kling_*ctype*", "queued"),
    ("suno.fetch_one", "queued"),
    ("old.seedance_success.*", "succeeded"),
    ("old.kling_failure.*", "failed"),
    ("old.no_data.*", "unknown"),
    ("life.nourl.*", "succeeded"),
    ("life.data.*", "succeeded"),
    ("life.arkurl.*", "succeeded"),
    ("life.veofilter.*", "succeeded"),  # nothing in the answer says that all videos were withheld
    ("life.gonechan.*", "failed"),
    ("life.kling429.get_generations", "queued"),
    ("life.kling429.get_videos", "unknown"),
    ("life.disabled_channel.get", "running"),
    ("timeout.*.get_generations", "failed"),
    ("timeout.sora.get_videos", "running"),  # and so for ever: the caller's deadline ends it
    ("timeout.kling.get_videos", "failed"),
)
SPEAKERS = (
    ("*veo*", "veo"),
    ("*kling*", "kling"),
    ("life.nourl.*", "kling"),
    ("doubao.*", "seedance"),
    ("volc.*", "seedance"),
    ("*seedance*", "seedance"),
    ("life.data.*", "seedance"),
    ("life.arkurl.*", "seedance"),
    ("life.gonechan.*", "seedance"),
    ("get.tiny*", "seedance"),
    ("suno.*", "kling"),
    ("*", "sora"),
)


def first_match(table: tuple[tuple[str, str], ...], name: str) -> str:
    return next(value for pattern, value in table if fnmatchcase(name, pattern))


def recorded(method: str) -> list[dict[str, Any]]:
    exchanges = msgspec.json.decode(shared("recorded", "exchanges.json").read_bytes())
    return [
        exchange
        for exchange in exchanges
        if exchange["group"] in {"tasks", "lifecycle"}
        and exchange["request"]["method"] == method
        and 200 <= exchange["response"]["status"] < 300
        and "/content" not in exchange["request"]["path"]
        and exchange["response"].get("body", "").startswith("{")
    ]


def test_each_recorded_answer_tells_the_state_that_a_reader_sees() -> None:
    seen = recorded("GET")
    for exchange in seen:
        name = exchange["id"]
        told = state(first_match(SPEAKERS, name), exchange["response"]["body"])
        assert told.status == first_match(RECORDED, name), name
        assert told.id == exchange["request"]["path"].rpartition("/")[2], name
        if told.status != "succeeded":
            assert (told.url, told.urls, told.extras) == (None, (), {}), name
        if ".get_generations" in name and told.status == "succeeded":
            assert told.url is not None, name
        assert told.error is None or not rules.is_url(told.error), name
        for moment in (told.created_at, told.started_at, told.finished_at):
            assert moment is None or 1_700_000_000 < moment < 1_900_000_000, name
    assert len(seen) > 100


def test_what_the_recorded_failures_give_as_reason() -> None:
    reasons = {
        exchange["id"]: state(first_match(SPEAKERS, exchange["id"]), exchange["response"]["body"]).error
        for exchange in recorded("GET")
    }
    filtered = "The request failed because the output video may contain sensitive information."
    assert reasons["doubao.failed.get_generations.2_failure"] == filtered
    assert reasons["kling.failed.get_kling.2_failure"] == "Failure to pass the risk control system"
    assert reasons["sora.failed.get_videos.1_failed"] == "Your request was blocked by our moderation system."
    assert reasons["timeout.kling.get_generations"] == "任务超时（1分钟）"
    assert reasons["life.gonechan.get_generations"] == "Failed to get channel info, channel ID: 8"
    assert reasons["old.kling_failure.get_generations"] == "risk control"


def test_each_recorded_creation_gives_a_waiting_task_and_its_id() -> None:
    answers = [exchange for exchange in recorded("POST") if '"object":"video"' in exchange["response"]["body"]]
    for exchange in answers:
        for provider in PROVIDERS:
            told = created(provider, exchange["response"]["body"])
            assert (told.status, told.id[:5]) == ("queued", "task_"), exchange["id"]
    assert len(answers) > 40
