"""What the project's own samples should bring."""

from dataclasses import replace
from typing import Any

from tests.conformance.expected.access import PAID_PAGE_IN_DOUBT, SWITCH
from tests.conformance.expected.common import (
    BAD,
    EMPTY,
    EMPTY_429,
    GUARD,
    INVALID,
    LOST,
    NO_MODEL,
    PAID_PAGE,
    PROVIDERS,
    QUEUED,
    WORDS,
    chat,
    cut,
    limited,
    message,
    nothing,
    response,
)
from tests.conformance.expected.language import UNMEASURED
from tests.conformance.expected.tasks import REMIX_PANICS, UPSTREAM_502
from tests.conformance.outcomes import Doubts, Gives, Loses, Outcome, Raises, Tells
from tikhub_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    InternalServerError,
    OverloadedError,
    ProtocolError,
    RateLimitError,
)
from tikhub_async.types.embeddings import EmbeddingResponse
from tikhub_async.types.models import ModelList

SOUND: dict[str, Any] = {
    "choices__0__message__tool_calls__0__function__name": "sound",
    "choices__0__message__tool_calls__0__function__arguments": '{"metres":11}',
}

OWN: tuple[tuple[str, Outcome], ...] = (
    ("own.chat.whole", chat(text="Very deep.", total=10)),
    ("own.chat.stream", chat(text="Very deep.", total=10)),
    ("own.chat.stream_cut", cut("Very deep", "said [DONE]", usage__total_tokens=9)),
    ("own.chat.stream_reset", cut("Very deep", "the connection failed")),
    ("own.chat.stream_short", cut("Very deep", "the connection failed")),
    ("own.chat.stream_page", nothing(7)),
    (
        "own.chat.stream_error",
        Raises(
            InternalServerError,
            200,
            facts={"stage": "stream", "type": "server_error"},
            says="The tide came in",
            billed=True,
            partial={"text": "Very deep"},
        ),
    ),
    ("own.chat.ping_then_429", Raises(RateLimitError, 200, "rate_limit_exceeded", says="Too many fish")),
    ("own.chat.finish_twice", chat("tool_calls", "", 10, **SOUND)),
    ("own.chat.refused_as_stream", Raises(BadRequestError, 400, "unsupported_parameter")),
    ("own.chat.rate_limit", limited()),
    ("own.chat.empty_429", EMPTY_429),
    ("own.chat.page", PAID_PAGE),
    (
        "own.chat.empty",
        Raises(ProtocolError, 200, says="the answer is empty", hint="may have been billed", billed=True),
    ),
    ("own.chat.cut", Raises(APIConnectionError, says="ClientPayloadError", billed=True, requests=2)),
    ("own.chat.bad_input", INVALID),
    ("own.chat.unknown_model", NO_MODEL),
    ("own.chat.providers_key", Raises(AuthenticationError, 401, "invalid_api_key", hint=PROVIDERS)),
    ("own.messages.stream", message(text="Very deep.", output=3)),
    ("own.messages.without_delta", message(None, "Very deep.", None)),
    (
        "own.messages.bare_error",
        Raises(
            OverloadedError,
            200,
            facts={"type": "overloaded_error", "stage": "stream"},
            says="The harbour is full",
            billed=True,
            partial={"text": "Very", "stop_reason": None},
        ),
    ),
    ("own.messages.restarted", cut("Very", "started the answer again")),
    ("own.messages.lost_code", LOST),
    ("own.messages.code_in_message", WORDS),
    ("own.messages.guard", replace(GUARD, code=None)),
    ("own.responses.stream", response(text="Very deep.", total=10)),
    ("own.responses.cut", cut("Very deep.")),
    (
        "own.responses.failed",
        Raises(
            InternalServerError, 200, "server_error", says="The tide came in", billed=True, partial={"status": "failed"}
        ),
    ),
    (
        "own.gemini.blocked",
        Raises(
            ContentFilterError,
            facts={"response.prompt_feedback.block_reason": "SAFETY", "usage.total_token_count": 7},
            says="blocked the prompt (SAFETY)",
            billed=True,
        ),
    ),
    ("own.gemini.empty", EMPTY),
    ("own.gemini.cut", cut("Very")),
    ("own.gemini.unread_4xx", Raises(BadRequestError, 400, "bad_response_status_code")),
    ("own.audio.unmeasured", UNMEASURED),
    ("own.embeddings.two", Gives(EmbeddingResponse, {"data.1.embedding": [0.0, 1.0], "usage.total_tokens": 2})),
    ("own.sora.created", QUEUED),
    ("own.sora.created_201", Doubts(InternalServerError, 201, "fail_to_fetch_task")),
    ("own.sora.created_cut", Doubts(APIConnectionError, says="ClientPayloadError")),
    ("own.sora.limited", Raises(RateLimitError, 429, "fail_to_fetch_task", requests=3)),
    ("own.sora.error_without_status", Tells("failed", "error", error="The tide came in")),
    ("own.sora.remix", REMIX_PANICS),
    ("own.seedance.page", PAID_PAGE_IN_DOUBT),
    ("own.seedance.cancelled", Tells("cancelled", "cancelled", 30)),
    ("own.kling.documented", Raises(BAD.error, 400, hint=SWITCH)),
    ("own.veo.content", UPSTREAM_502),
    ("own.content.cut", Loses("40 of 4000 bytes", APIConnectionError, received=40, expected=4000)),
    ("own.models.list", Gives(ModelList, {"ids": ["gpt-4o"]})),
)
