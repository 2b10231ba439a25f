"""What video routes should bring: creations, looks, files."""

from dataclasses import replace

from tests.conformance.expected.common import BAD, FORBIDDEN, NO_KEY, NO_MODEL, NO_TASK, NO_URL, PROVIDERS, QUEUED
from tests.conformance.outcomes import Doubts, Gives, Loses, Outcome, Raises, Saves, Tells
from tikhub_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from tikhub_async.types.models import ModelList
from tikhub_async.types.raw import RawResponse

CONTENT = "http://gateway.test/v1/videos/{id}/content"
"""The gateway's own download route, under whatever host its operator has set."""
SENSITIVE = "The request failed because the output video may contain sensitive information."
MODERATED = "Your request was blocked by our moderation system."
RISK = "Failure to pass the risk control system"
SERVER_ERROR = "The server had an error upstream at https://api.upstream.test/v1"
INLINE = "data:video/mp4;base64,AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29t"
TIMED_OUT = "任务超时（1分钟）"
MOVIE = Saves(64)
UNFINISHED = Loses(cause=BadRequestError, status=400)
REMIX_PANICS = Raises(
    InternalServerError, 500, facts={"type": "new_api_panic"}, hint="remix does not work on this gateway"
)
"""For every task that exists, before it reaches the provider: refused, not in doubt."""
UPSTREAM_502 = Loses(cause=InternalServerError, status=502, requests=3)


def file(name: str) -> str:
    """A result on the provider's host."""
    return f"http://upstream.test/files/{name}.mp4"


CREATIONS: tuple[tuple[str, Outcome], ...] = (
    ("limits.videos", QUEUED),
    ("limits.models", Gives(ModelList, {"data.0.id": "claude-opus-4-6"})),
    ("overload.videos", QUEUED),
    ("overload.models", Gives(ModelList, {"data.0.id": "claude-opus-4-6"})),
    # The word list is not asked for videos.
    ("sensitive.videos", QUEUED),
    ("life.disabled_channel.submit", NO_MODEL),
    ("*.submit", QUEUED),
    ("params.text_plain", BAD),
    ("params.*", QUEUED),
    ("submit.no_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.blank_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.native_no_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.doubao_no_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.kling_no_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.duration_float*", Raises(BadRequestError, 400, "invalid_request")),
    ("submit.no_model", BAD),
    ("submit.unknown_model", NO_MODEL),
    ("submit.size_dated", NO_MODEL),
    ("submit.seconds_int", Raises(BadRequestError, 400, "invalid_json")),
    ("submit.duration_string", Raises(BadRequestError, 400, "invalid_json")),
    ("submit.input_reference_object", Raises(BadRequestError, 400, "invalid_json")),
    ("submit.size_bad", Raises(BadRequestError, 400, "invalid_size")),
    ("submit.size_pro_only", Raises(BadRequestError, 400, "invalid_size")),
    ("submit.metadata_bad_type", Raises(BadRequestError, 500, "build_request_failed")),
    ("submit.kling_bad_cfg", Raises(BadRequestError, 500, "build_request_failed")),
    ("submit.wrong_model_kind", Raises(BadRequestError, 400, "model_price_error")),
    ("submit.deepseek_video", Raises(BadRequestError, 400, "invalid_api_platform")),
    ("submit.claude_video", Raises(BadRequestError, 400, "invalid_api_platform")),
    ("submit.kling_1102", Raises(BadRequestError, 400, "task_failed")),
    # A provider's 4xx is a refusal; whose key was refused is not the caller's affair.
    ("submit.upstream_400", Raises(BadRequestError, 400, "fail_to_fetch_task")),
    ("submit.doubao_400", Raises(BadRequestError, 400, "fail_to_fetch_task")),
    ("submit.doubao_401", Raises(AuthenticationError, 401, "fail_to_fetch_task", hint=PROVIDERS)),
    ("submit.kling_401", Raises(AuthenticationError, 401, "fail_to_fetch_task", hint=PROVIDERS)),
    # A 429 is the one answer after which a creation is sent again.
    ("submit.*_429", Raises(RateLimitError, 429, "fail_to_fetch_task", requests=3, hint="slow down")),
    ("retry.videos_429", Raises(RateLimitError, 429, "fail_to_fetch_task", requests=3)),
    # What the gateway says after it called the provider: the job may exist.
    ("retry.videos_500", Doubts(InternalServerError, 500, "fail_to_fetch_task")),
    ("retry.videos_drop", Doubts(InternalServerError, 500, "do_request_failed")),
    ("submit.upstream_500", Doubts(InternalServerError, 500, "fail_to_fetch_task")),
    ("submit.kling_500", Doubts(InternalServerError, 500, "fail_to_fetch_task")),
    ("submit.upstream_html", Doubts(InternalServerError, 502, "fail_to_fetch_task")),
    ("submit.upstream_html200", Doubts(InternalServerError, 500, "unmarshal_response_body_failed")),
    (
        "submit.upstream_empty",
        Doubts(InternalServerError, 500, "unmarshal_response_body_failed", says="unexpected end"),
    ),
    ("submit.upstream_progress_float", Doubts(InternalServerError, 500, "unmarshal_response_body_failed")),
    ("submit.upstream_no_id", Doubts(InternalServerError, 500, "invalid_response")),
    ("submit.upstream_drop", Doubts(InternalServerError, 500, "do_request_failed")),
    ("submit.dead", Doubts(InternalServerError, 500, "do_request_failed")),
    # A 2xx that is an error; the provider did create a video.
    ("submit.upstream_201", Doubts(InternalServerError, 201, "fail_to_fetch_task")),
    ("submit.*", QUEUED),
    ("remix.before", REMIX_PANICS),
    ("remix.after", REMIX_PANICS),
    ("remix.*", NO_TASK),
    ("life.disabled_channel.remix", Raises(BadRequestError, 400, "task_channel_disable")),
)

LOOKS: tuple[tuple[str, Outcome], ...] = (
    ("get.unknown*", NO_TASK),
    ("get.foreign", NO_TASK),
    ("get.upstream_id", NO_TASK),
    ("get.encoded", NO_URL),
    # A key with a model list cannot poll in this version, although the model is in it.
    ("get.limited_*", replace(FORBIDDEN, hint="model list")),
    ("get.tiny_exhausted", Tells("queued", "NOT_START", 0)),
    # A key whose quota is used up can poll no more.
    ("get.tiny_zero_content", Loses(cause=AuthenticationError, status=401)),
    ("get.tiny_zero*", replace(NO_KEY, hint="running tasks cannot be polled until it is topped up")),
    ("get.kling_on_generations", Tells("succeeded", "SUCCESS", 100, file("867283741700000016"))),
    ("get.sora_on_kling", Tells("succeeded", "SUCCESS", 100, CONTENT)),
    ("get.kling_*ctype*", Tells("queued", "NOT_START", 0)),
    # OpenAI's object: the gateway passes the provider's words on.
    ("sora.poll_500.get_videos.0_queued", Tells("queued", "queued", 0)),
    ("sora.poll_500.get_videos.*", Tells("failed", "error", error=SERVER_ERROR)),
    ("sora.poll_500.get_generations.0_not_start", Tells("queued", "NOT_START", 0)),
    ("sora.poll_500.get_generations.*", Tells("failed", "FAILURE", 100, error=SERVER_ERROR)),
    ("sora.failed.get_videos.1_failed", Tells("failed", "failed", 0, error=MODERATED, code="moderation_blocked")),
    (
        "sora.failed.get_generations.2_failure",
        Tells("failed", "FAILURE", 100, error=MODERATED, code="moderation_blocked"),
    ),
    ("sora.cancelled.get_videos.2_cancelled", Tells("cancelled", "cancelled", 0)),
    ("sora.cancelled.get_videos.last", Tells("cancelled", "cancelled", 0)),
    ("sora.cancelled.get_generations.2_failure", Tells("cancelled", "cancelled", 100, error="task failed")),
    ("sora.cancelled.get_generations.last", Tells("cancelled", "cancelled", 100, error="task failed")),
    ("sora.*.get_videos.*_queued", Tells("queued", "queued", 0)),
    ("openai.*.get_videos.*_queued", Tells("queued", "queued", 0)),
    ("sora.*.get_videos.*_in_progress", Tells("running", "in_progress", 40)),
    ("openai.*.get_videos.*_in_progress", Tells("running", "in_progress", 40)),
    ("sora.*.get_videos.*_completed", Tells("succeeded", "completed", 100)),
    ("openai.*.get_videos.*_completed", Tells("succeeded", "completed", 100)),
    ("sora.*.get_generations.*_in_progress", Tells("running", "IN_PROGRESS", 40)),
    ("openai.*.get_generations.*_in_progress", Tells("running", "IN_PROGRESS", 40)),
    ("sora.*.get_generations.*_queued", Tells("queued", "QUEUED", 20)),
    ("openai.*.get_generations.*_queued", Tells("queued", "QUEUED", 20)),
    ("sora.ok.get_generations.3_success", Tells("succeeded", "SUCCESS", 100, CONTENT)),
    ("openai.ok.get_generations.3_success", Tells("succeeded", "SUCCESS", 100, CONTENT)),
    # Seedance: the gateway never ends what ByteDance cancelled; only the inner word tells.
    ("doubao.cancelled.get_generations.1_in_progress", Tells("cancelled", "cancelled", 30)),
    ("doubao.cancelled.get_generations.last", Tells("cancelled", "cancelled", 30)),
    ("doubao.cancelled.get_videos.1_in_progress", Tells("running", "in_progress", 30)),
    ("doubao.cancelled.get_videos.last", Tells("running", "in_progress", 30)),
    # The provider's poll failed: the gateway stays at 30 % for ever.
    ("doubao.poll_404.get_generations.1_in_progress", Tells("running", "IN_PROGRESS", 30, note="Not found upstream")),
    ("doubao.poll_404.get_generations.last", Tells("running", "IN_PROGRESS", 30, note="Not found upstream")),
    ("doubao.poll_404.get_videos.1_in_progress", Tells("running", "in_progress", 30)),
    ("doubao.poll_404.get_videos.last", Tells("running", "in_progress", 30)),
    (
        "doubao.failed.get_generations.2_failure",
        Tells("failed", "FAILURE", 100, error=SENSITIVE, code="OutputVideoSensitiveContentDetected"),
    ),
    # The video object hides the reason.
    ("doubao.failed.get_videos.2_failed", Tells("failed", "failed", 100, error="task failed", code="failed")),
    ("doubao.ok.get_generations.3_success", Tells("succeeded", "SUCCESS", 100, file("cgt-20260302000000-00009"))),
    ("doubao.ok.get_videos.3_completed", Tells("succeeded", "completed", 100, file("cgt-20260302000000-00009"))),
    (
        "doubao.videos_route.get_videos.2_completed",
        Tells("succeeded", "completed", 100, file("cgt-20260302000000-00015")),
    ),
    ("volc.ok.get_generations.1_success", Tells("succeeded", "SUCCESS", 100, file("cgt-20260302000000-00014"))),
    ("volc.ok.get_videos.1_completed", Tells("succeeded", "completed", 100, file("cgt-20260302000000-00014"))),
    ("doubao.*.get_generations.*_queued", Tells("queued", "QUEUED", 10)),
    ("doubao.*.get_videos.*_queued", Tells("queued", "queued", 10)),
    ("doubao.*.get_generations.*_in_progress", Tells("running", "IN_PROGRESS", 50)),
    ("doubao.*.get_videos.*_in_progress", Tells("running", "in_progress", 50)),
    # Kling: unchanged for ever after a failed poll.
    ("kling.poll_500.get_kling.last", Tells("queued", "NOT_START", 0)),
    ("kling.poll_500.get_videos.last", Tells("unknown", "unknown", 0)),
    ("kling.failed.get_kling.2_failure", Tells("failed", "FAILURE", 100, error=RISK)),
    ("kling.failed.get_videos.2_failed", Tells("failed", "failed", 100)),
    ("kling.ok.get_kling.3_success", Tells("succeeded", "SUCCESS", 100, file("867283741700000016"))),
    ("kling.ok.get_videos.3_completed", Tells("succeeded", "completed", 100, file("867283741700000016"))),
    ("kling.image_ok.get_kling_*.2_success", Tells("succeeded", "SUCCESS", 100, file("867283741700000018"))),
    ("kling.no_url.get_kling.1_success", Tells("succeeded", "SUCCESS", 100, file("867283741700000020"))),
    ("kling.no_url.get_videos.1_completed", Tells("succeeded", "completed", 100, file("867283741700000020"))),
    ("kling.*.get_kling*_submitted", Tells("queued", "SUBMITTED", 10)),
    ("kling.*.get_videos.*_queued", Tells("queued", "queued", 10)),
    ("kling.*.get_kling*_in_progress", Tells("running", "IN_PROGRESS", 30)),
    ("kling.*.get_videos.*_in_progress", Tells("running", "in_progress", 30)),
    # Veo: the provider is asked on every look, so the first two had moved on when they were named.
    ("veo.ok.get_videos.0_in_progress", Tells("running", "in_progress", 50)),
    ("veo.ok.get_videos.1_completed", Tells("succeeded", "completed", 100)),
    ("veo.ok.get_generations.*", Tells("succeeded", "succeeded", 100, CONTENT)),
    ("veo.failed.get_videos.*", Tells("failed", "failed", 100)),
    ("veo.failed.get_generations.*", Tells("failed", "failed")),
    # Everything was filtered, and nothing in the answer says so.
    ("veo.filtered.*", Tells("succeeded", "succeeded", 100, CONTENT)),
    ("veo.poll_500.*", Tells("failed", "failed")),
    # Before the first look of the gateway.
    ("*.get_*_not_start", Tells("queued", "NOT_START", 0)),
    ("*.get_videos.0_unknown", Tells("unknown", "unknown", 0)),
    # Rows of an older release: the address is in `fail_reason`, or there is nothing.
    ("old.seedance_success.content", UPSTREAM_502),
    ("old.seedance_success.get_generations", Tells("succeeded", "SUCCESS", 100, "https://media.test/old.mp4")),
    ("old.seedance_success.get_videos", Tells("succeeded", "completed", 100, "https://media.test/old.mp4")),
    ("old.kling_failure.get_generations", Tells("failed", "FAILURE", 100, error="risk control")),
    ("old.kling_failure.get_videos", Tells("failed", "failed", 100)),
    ("old.no_data.get_generations", Tells("unknown", "UNKNOWN")),
    ("old.no_data.get_videos", Tells("unknown")),
    ("suno.fetch_list", Gives(RawResponse, {"data.data.0.status": "NOT_START"})),
    ("suno.fetch_one", Gives(RawResponse, {"data.data.status": "NOT_START"})),
    # A success without an address: the gateway names its own download route, which answers 502.
    ("life.nourl.get_generations", Tells("succeeded", "SUCCESS", 100, CONTENT)),
    ("life.nourl.get_videos", Tells("succeeded", "completed", 100)),
    # The address is the file itself: the gateway's own route answers 502 here.
    ("life.data.get_generations", Tells("succeeded", "SUCCESS", 100, INLINE)),
    ("life.data.get_videos", Tells("succeeded", "completed", 100, INLINE)),
    (
        "life.gonechan.get_generations",
        Tells("failed", "FAILURE", 100, error="Failed to get channel info, channel ID: 8"),
    ),
    ("life.gonechan.get_videos", Tells("failed", "failed", 100)),
    ("life.gonechan.content", UNFINISHED),
    ("life.kling429.get_generations", Tells("queued", "NOT_START", 0)),
    ("life.kling429.get_videos", Tells("unknown", "unknown", 0)),
    ("life.kling429.content", UNFINISHED),
    # Signs of a signature are kept as they are.
    ("life.arkurl.get_generations", Tells("succeeded", "SUCCESS", 100, "https://media.test/x.mp4?sign=a%2Fb&t=1")),
    ("life.arkurl.get_videos", Tells("succeeded", "completed", 100, "https://media.test/x.mp4?sign=a%2Fb&t=1")),
    ("life.veofilter.get_generations", Tells("succeeded", "succeeded", 100, CONTENT)),
    ("life.veofilter.get_videos", Tells("succeeded", "completed", 100)),
    ("life.disabled_channel.get", Tells("running", "in_progress", 40)),
    ("life.disabled_channel.content", MOVIE),
    ("life.redirect.content", MOVIE),
    ("life.slow.content", Loses("120 of 160 bytes", APIConnectionError, received=120, expected=160)),
    ("life.*.content", UPSTREAM_502),
    ("timeout.*.get_generations", Tells("failed", "FAILURE", 100, error=TIMED_OUT)),
    # The provider still says so, and will for ever.
    ("timeout.sora.get_videos", Tells("running", "in_progress", 40)),
    ("timeout.kling.get_videos", Tells("failed", "failed", 100)),
    ("content.before", UNFINISHED),
    ("content.failed_doubao", UNFINISHED),
    ("get.foreign_content", UNFINISHED),
    ("content.unknown", Loses(cause=NotFoundError, status=404)),
    ("content.upstream_403", UPSTREAM_502),
    ("content.upstream_cut", Loses("96 of 100000 bytes", APIConnectionError, received=96, expected=100_000)),
    ("content.*", MOVIE),
)
