"""What the language routes should bring: chat, responses, messages, Gemini, embeddings, transcription, models."""

from dataclasses import replace
from typing import Any

from tests.conformance.expected.common import (
    BAD,
    EMPTY,
    EMPTY_429,
    GARBLED,
    GUARD,
    INVALID,
    LOST,
    NO_MODEL,
    NO_URL,
    PROVIDERS,
    TEXT,
    UNASKED,
    UNREACHED,
    UNSTREAMED,
    WORDS,
    chat,
    content,
    cut,
    failed,
    limited,
    message,
    nothing,
    response,
    unclear,
)
from tests.conformance.outcomes import Gives, Leaves, Outcome, Raises
from tikhub_async.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    DecodeError,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    RequestTooLargeError,
)
from tikhub_async.types.audio import TranscriptionResponse
from tikhub_async.types.embeddings import EmbeddingResponse
from tikhub_async.types.models import ModelList
from tikhub_async.types.raw import RawResponse

CITY = '{"city":"Paris"}'
TOOL: dict[str, Any] = {
    "choices__0__message__tool_calls__0__function__name": "get_weather",
    "choices__0__message__tool_calls__0__function__arguments": CITY,
}
UNSUPPORTED = Raises(BadRequestError, 400, "unsupported_parameter")
BROKEN = Raises(InternalServerError, 200, facts={"stage": "stream", "type": "server_error"}, billed=True)
"""A provider's error object inside a stream."""

CHAT: tuple[tuple[str, Outcome], ...] = (
    ("chat.stream_usage_false", chat(total=None)),
    ("chat.tools", chat("tool_calls", "", **TOOL)),
    ("chat.stream_tools", chat("tool_calls", "", **TOOL)),
    ("chat.claude_tools", chat("tool_calls", **TOOL)),
    ("chat.claude_stream_tools", chat("tool_calls", **TOOL)),
    ("chat.gemini_tools", chat("tool_calls", "", **TOOL)),
    # Two finish reasons, `tool_calls` and then `stop`: the first one says more.
    ("chat.gemini_stream_tools", chat("tool_calls", "Hello from", **TOOL)),
    ("chat.upstream_400*", UNSUPPORTED),
    ("chat.upstream_401*", Raises(AuthenticationError, 401, "invalid_api_key", hint=PROVIDERS)),
    ("chat.upstream_403*", Raises(PermissionDeniedError, 403, hint=PROVIDERS)),
    ("chat.upstream_404", Raises(NotFoundError, 404, "model_not_found")),
    # The operator maps 429 to 503 here: the status decides.
    ("chat.upstream_429_mapped", failed(503, "rate_limit_exceeded")),
    ("chat.upstream_429*", limited()),
    ("chat.upstream_500*", failed(500)),
    ("chat.upstream_502*", failed(502)),
    ("chat.upstream_503*", failed(503)),
    ("chat.upstream_504*", unclear(504)),
    ("chat.upstream_524*", unclear(524)),
    ("chat.upstream_html_502", unclear(502, "bad_response_status_code")),
    ("chat.upstream_text_503", unclear(503, "bad_response_status_code")),
    ("chat.upstream_empty_500", unclear(500, "bad_response_status_code")),
    ("chat.upstream_html_200", GARBLED),
    ("chat.upstream_empty_200", GARBLED),
    ("chat.upstream_drop*", UNREACHED),
    ("chat.upstream_err_200", Raises(QuotaError, 200, "insufficient_quota", hint=PROVIDERS)),
    (
        "chat.upstream_no_choices",
        Raises(ProtocolError, 200, says="the answer has no choices", billed=True),
    ),
    ("chat.upstream_html_200_stream", nothing(14)),
    ("chat.upstream_empty_200_stream", nothing(14)),
    ("chat.stream_only_done", nothing(35)),
    ("chat.stream_got_json", nothing(13)),
    ("chat.gemini_blocked_stream", nothing(22)),
    ("chat.stream_cut_*", cut("Hello from", "said [DONE]", usage__total_tokens=17)),
    ("chat.stream_end_early", cut("Hello from", "said [DONE]", usage__total_tokens=17)),
    ("chat.stream_done_without_finish", cut("Hello", "said [DONE]", usage__total_tokens=340)),
    ("chat.claude_stream_cut", cut("Hello", "said [DONE]", usage__total_tokens=11)),
    ("chat.gemini_stream_cut", cut("Hello", "said [DONE]", usage__total_tokens=14)),
    ("chat.fixture_stream_truncated_no_done", cut(None, "said [DONE]", usage__total_tokens=33)),
    ("chat.stream_error_event", replace(BROKEN, partial={"text": "Hel"})),
    ("chat.stream_error_first", replace(BROKEN, code="x", says="The server had an error")),
    ("chat.fixture_stream_error_midstream", replace(BROKEN, partial={"text": "The answer"})),
    (
        # The gateway stops without [DONE] and appends the error as bare JSON.
        "chat.claude_stream_error",
        Raises(
            OverloadedError,
            200,
            "overloaded_error",
            {"stage": "stream"},
            says="Overloaded",
            billed=True,
            partial={"text": "Hello wor"},
        ),
    ),
    (
        "chat.stream_bad_json_event",
        Raises(DecodeError, 200, facts={"event_number": 2}, says="event 2", billed=True, partial={"text": "Hel"}),
    ),
    ("chat.stream_multiline_data", Raises(DecodeError, 200, facts={"event_number": 1}, says="event 1", billed=True)),
    ("chat.stream_comments", chat(text="A", total=388)),
    ("chat.nonstream_got_sse", UNASKED),
    ("chat.stream_big_line", chat(text="x" * 70_000 + TEXT)),
    ("chat.stream_n3", Gives(chat().type, {f"choices.{n}.finish_reason": "stop" for n in range(3)})),
    ("chat.fixture_stream_text_crlf_ping", Gives(chat().type, {"choices.0.finish_reason": "stop"})),
    ("chat.fixture_stream_unknown_fields", chat("x_new_finish_reason", "ok", 19)),
    ("chat.fixture_stream_refusal", chat("stop", "", 90, choices__0__message__refusal=str)),
    (
        "chat.fixture_stream_parallel_tool_calls_short",
        chat(
            "tool_calls",
            "",
            404,
            choices__0__message__tool_calls__0__function__name="get_country",
            choices__0__message__tool_calls__1__function__name="get_product_name",
        ),
    ),
    ("chat.fixture_stream_content_filter", chat("content_filter", "Once", 19)),
    ("chat.claude_thinking", chat(choices__0__message__reasoning_content="First, think.")),
    ("chat.claude_fixture_thinking_stream", Gives(chat().type, {"usage.total_tokens": 281})),
    (
        "chat.claude_fixture_thinking",
        Gives(chat().type, {"usage.total_tokens": 102, "choices.0.message.reasoning_content": str}),
    ),
    ("chat.claude_max_tokens", Gives(chat().type, {"choices.0.finish_reason": "length", "usage.total_tokens": 574})),
    ("chat.claude_refusal", chat("content_filter", "", 23)),
    ("chat.claude_upstream_400", BAD),
    ("chat.claude_upstream_429", limited(None)),
    # Anthropic's own word for "no capacity": it did no work.
    ("chat.claude_upstream_529", Raises(OverloadedError, 529, facts={"type": "overloaded_error"}, requests=3)),
    ("chat.gemini_blocked", Raises(BadRequestError, 400, "prompt_blocked", hint="safety filter")),
    ("chat.gemini_safety", chat("content_filter", "")),
    ("chat.gemini_thinking", Gives(chat().type, {"choices.0.finish_reason": "stop", "usage.total_tokens": 296})),
    ("chat.gemini_upstream_400", Raises(BadRequestError, 400, 400)),
    ("chat.gemini_upstream_429", limited(429)),
    ("chat.gemini_error_array", Raises(BadRequestError, 400, "bad_response_status_code")),
    ("chat.deepseek_plain", chat(choices__0__message__reasoning_content="First, think.")),
    ("chat.deepseek_stream", chat(choices__0__message__reasoning_content="First, think.")),
    (
        "chat.deepseek_fixture",
        chat("tool_calls", "", 422, choices__0__message__tool_calls__0__function__name="weather"),
    ),
    ("chat.deepseek_402", Raises(QuotaError, 402, "invalid_request_error", hint=PROVIDERS)),
    ("chat.deepseek_leading_blank", Gives(chat().type, {"model": "deepseek-chat", "choices.0.message.content": str})),
    ("chat.*", chat()),
)

RESPONSES: tuple[tuple[str, Outcome], ...] = (
    (
        "responses.stream_failed",
        Raises(
            InternalServerError,
            200,
            "server_error",
            says="failed to generate",
            billed=True,
            partial={"status": "failed"},
        ),
    ),
    (
        "responses.stream_error_flat",
        Raises(
            InternalServerError,
            200,
            "server_error",
            {"stage": "stream"},
            says="The server had an error",
            billed=True,
            partial={"status": "in_progress"},
        ),
    ),
    (
        "responses.stream_error_object",
        Raises(
            InternalServerError,
            200,
            "bad_response_status_code",
            {"type": "upstream_error"},
            says="upstream timeout",
            billed=True,
            partial={"status": "in_progress"},
        ),
    ),
    (
        "responses.stream_incomplete",
        response("incomplete", None, 29, incomplete_details__reason="max_output_tokens"),
    ),
    ("responses.stream_unknown_events", response(text=None, total=29)),
    ("responses.stream_crlf", response(text=None, total=24)),
    ("responses.stream_function_call", response(text="", total=70, output__0__name="write_sql")),
    ("responses.stream_cut", cut("Hello")),
    # The gateway could not decode the first and the last event, and dropped them.
    ("responses.stream_undecodable", cut("Hi")),
    ("responses.stream_with_done", response(text="Hi", total=2)),
    ("responses.stream_got_json", EMPTY),
    ("responses.nonstream_got_sse", GARBLED),
    (
        "responses.failed_plain",
        Raises(
            InternalServerError,
            200,
            "server_error",
            {"stage": "response"},
            says="boom",
            billed=True,
            partial={"status": "failed"},
        ),
    ),
    ("responses.float_created_at", GARBLED),
    ("responses.upstream_400*", UNSUPPORTED),
    ("responses.upstream_429*", limited()),
    ("responses.upstream_500*", failed(500)),
    ("responses.*_model", Raises(BadRequestError, 500, "convert_request_failed", hint="the provider's own route")),
    ("responses.compact", NO_MODEL),
    ("responses.*", response()),
)

MESSAGES: tuple[tuple[str, Outcome], ...] = (
    (
        "messages.stream_thinking",
        message(content__0__thinking="First, think.", content__0__signature=str, content__1__text=TEXT),
    ),
    ("messages.thinking", message("tool_use", content__2__name="get_weather", content__0__thinking="First, think.")),
    (
        "messages.stream_error_event",
        Raises(
            OverloadedError,
            200,
            facts={"type": "overloaded_error", "stage": "stream"},
            says="Overloaded",
            billed=True,
            partial={"text": "Hello wor", "stop_reason": None},
        ),
    ),
    ("messages.stream_error_first", Raises(OverloadedError, 500, facts={"type": "overloaded_error"}, requests=3)),
    ("messages.stream_cut", cut("Hello", stop_reason=None)),
    ("messages.stream_fin", cut(TEXT, stop_reason=None)),
    ("messages.stream_unknown", message("brand_new_stop", "ok", 3)),
    ("messages.stream_web_search", Gives(message().type, {"stop_reason": "end_turn", "usage.output_tokens": 21})),
    ("messages.stream_redacted", Gives(message().type, {"stop_reason": "end_turn", "usage.output_tokens": 189})),
    ("messages.fixture_extras", Gives(message().type, {"usage.output_tokens": 162})),
    ("messages.stream_got_json", EMPTY),
    ("messages.nonstream_got_sse", UNASKED),
    ("messages.upstream_400", replace(BAD, facts={"type": "<nil>"})),
    ("messages.upstream_401", Raises(AuthenticationError, 401, facts={"type": "<nil>"}, hint=PROVIDERS)),
    ("messages.upstream_403", Raises(PermissionDeniedError, 403, facts={"type": "<nil>"}, hint=PROVIDERS)),
    ("messages.upstream_429*", limited(None)),
    ("messages.upstream_500", failed(500)),
    ("messages.upstream_529*", failed(529)),
    ("messages.upstream_html", unclear(502)),
    ("messages.upstream_empty", LOST),
    ("messages.upstream_200_error", Raises(OverloadedError, 500, facts={"type": "overloaded_error"}, requests=3)),
    ("messages.openai_model", message(model="gpt-4o")),
    # No `message_delta`: the stop reason is missing and usage is unknown, not zero.
    ("messages.openai_model_stream", message(None, output=None, model="gpt-4o")),
    ("messages.openai_model_stream_cut", cut("Hello from")),
    ("messages.openai_model_429", replace(limited(None), facts={"type": "rate_limit_exceeded"})),
    ("messages.gemini_model_400", replace(BAD, facts={"type": "400"})),
    ("messages.count_tokens", NO_URL),
    ("messages.*", message()),
)

GEMINI: tuple[tuple[str, Outcome], ...] = (
    ("gemini.stream_noalt", UNSTREAMED),
    ("gemini.stream_accept", UNSTREAMED),
    ("gemini.generate_alt_sse", UNASKED),
    (
        "gemini.blocked",
        Raises(
            ContentFilterError,
            facts={"response.prompt_feedback.block_reason": "MODEL_ARMOR"},
            says="blocked the prompt (MODEL_ARMOR)",
            hint="safety_settings",
            billed=True,
        ),
    ),
    (
        "gemini.blocked_stream",
        Raises(
            ContentFilterError,
            facts={"response.prompt_feedback.block_reason": "PROHIBITED_CONTENT", "usage.total_token_count": 8},
            says="blocked the prompt (PROHIBITED_CONTENT): The prompt was blocked.",
            billed=True,
        ),
    ),
    ("gemini.safety", content("SAFETY", "")),
    ("gemini.safety_stream", content("SAFETY", "Here is", 10)),
    ("gemini.full_features", Gives(content().type, {"model_version": "gemini-2.5-pro"})),
    ("gemini.max_tokens_empty", content("MAX_TOKENS", "", 17)),
    ("gemini.stream_unknown_fields", content("X_NEW_FINISH_REASON", "ok!", 11)),
    # The provider's bare error lines did not pass the gateway: all that is left is a stream without an end.
    ("gemini.stream_raw_error", cut("Hello")),
    (
        "gemini.stream_error_data",
        Raises(
            OverloadedError, 200, 503, {"type": "UNAVAILABLE"}, says="overloaded", billed=True, partial={"text": "Hi"}
        ),
    ),
    ("gemini.stream_undecodable", cut("A")),
    ("gemini.stream_cut", cut("Hello")),
    ("gemini.stream_empty", EMPTY),
    ("gemini.upstream_400*", Raises(BadRequestError, 400, 400)),
    ("gemini.upstream_403", Raises(PermissionDeniedError, 403, 403, hint=PROVIDERS)),
    ("gemini.upstream_404", Raises(NotFoundError, 404, 404)),
    ("gemini.upstream_429*", limited(429)),
    ("gemini.upstream_500", failed(500, 500)),
    ("gemini.upstream_503", failed(503, 503)),
    ("gemini.upstream_error_array", Raises(BadRequestError, 400, "bad_response_status_code")),
    ("gemini.upstream_html", unclear(502, "bad_response_status_code")),
    ("gemini.batch_embed", Gives(RawResponse, {"data.embeddings.0.values.0": 0.1})),
    ("gemini.embed*", Gives(RawResponse, {"data.embedding.values.0": 0.1})),
    ("gemini.openai_model_stream", content(total=1)),
    ("gemini.*", content()),
)


def heard(text: str = "Hello there.", **more: Any) -> Gives:
    """A transcription."""
    return Gives(TranscriptionResponse, {"text": text, **more})


UNMEASURED = Raises(BadRequestError, 500, "count_token_failed", hint="audio needs a file name with a known suffix")

REST: tuple[tuple[str, Outcome], ...] = (
    ("embeddings.base64", Gives(EmbeddingResponse, {"data.0.embedding": "AAAAPwAAgL4AAAA+", "usage.total_tokens": 3})),
    ("embeddings.gemini_model", Gives(EmbeddingResponse, {"data.0.embedding": [0.1, -0.2, 0.3]})),
    ("embeddings.upstream_429", limited()),
    ("embeddings.upstream_400", UNSUPPORTED),
    ("embeddings.*", Gives(EmbeddingResponse, {"data.0.embedding": [0.5, -0.25, 0.125], "usage.total_tokens": 3})),
    ("audio.verbose_json", heard(duration=1.0)),
    ("audio.fields", heard(duration=1.0)),
    ("audio.text", heard("Hello there.\n")),
    ("audio.srt", heard("1\n00:00:00,000 --> 00:00:01,000\nHello there.\n\n\n")),
    ("audio.broken_wav", UNMEASURED),
    ("audio.no_model", INVALID),
    ("audio.upstream_400", UNSUPPORTED),
    ("audio.upstream_429", limited()),
    ("audio.*", heard()),
    ("headers.accept_encoding_error", NO_MODEL),
    ("headers.upstream_headers_error", limited()),
    ("headers.messages*", message()),
    ("headers.gemini", content()),
    ("headers.expect_bad_key", Raises(AuthenticationError, 401, hint="check the key")),
    ("headers.req_gzip_broken", replace(BAD, says="the body is empty")),
    ("headers.upstream_gzip*", chat(text="zipped", total=2, id="g")),
    ("headers.disconnect_stream", Leaves("t0 ")),
    ("headers.disconnect_*", Leaves()),
    ("headers.*", chat()),
    (
        # Comments, then an error without `data:`. Nothing came before it, and a 429 is no work.
        "ping.chat_then_429",
        Raises(RateLimitError, 200, "rate_limit_exceeded", {"stage": "stream"}, says="Rate limit reached"),
    ),
    (
        "ping.messages_then_529",
        Raises(InternalServerError, 200, facts={"type": "<nil>"}, says="Overloaded", billed=True),
    ),
    ("ping.messages", message()),
    ("ping.responses", response()),
    ("ping.gemini*", content()),
    ("ping.idle_limit", cut("Hello", "said [DONE]", usage__total_tokens=21)),
    ("ping.idle_limit_*", cut("Hello")),
    ("ping.*", chat()),
    ("limits.chat_0", chat()),
    ("limits.chat_1", chat()),
    ("limits.chat_*", EMPTY_429),
    ("limits.messages", EMPTY_429),
    ("limits.gemini", EMPTY_429),
    ("retry.chat_400", UNSUPPORTED),
    ("retry.chat_429", limited()),
    ("retry.chat_500", failed(500)),
    ("retry.chat_503", failed(503)),
    ("retry.chat_504", unclear(504)),
    # The gateway lost the provider and began the answer again, twice, in the same body.
    ("retry.messages_cut", cut("Hello wor", "started the answer again")),
    ("bigbody.gemini", Raises(RequestTooLargeError, 413, "read_request_body_failed", hint="by URL")),
    ("bigbody.*", BAD),
    # The same guard, in the shape of /v1/messages without a code.
    ("overload.messages", replace(GUARD, code=None)),
    ("overload.chat", GUARD),
    ("overload.gemini", GUARD),
    # Claude's shape has no code, but the message consists of it.
    ("sensitive.messages", WORDS),
    ("sensitive.chat*", WORDS),
    ("sensitive.responses", WORDS),
    ("models.list_empty", Gives(ModelList, {"ids": [], "success": True})),
    ("models.list_limited", Gives(ModelList, {"data.0.id": "gpt-4o", "data.1.id": "sora-2"})),
    ("models.list_v1beta", Gives(RawResponse, {"data.models.0.name": "claude-opus-4-6"})),
    ("models.list*", Gives(ModelList, {"data.0.id": "claude-opus-4-6", "success": True})),
    ("models.get_known", Gives(RawResponse, {"data.id": "gpt-4o"})),
    # 200 for a model that is not there.
    ("models.get_unknown", Raises(NotFoundError, 200, "model_not_found")),
    ("models.get_served_not_builtin", Raises(NotFoundError, 200, "model_not_found")),
    ("models.get_v1beta", NO_URL),
    ("models.chat_empty_list", Raises(PermissionDeniedError, 403, hint="model list")),
    ("models.billing_subscription", Gives(RawResponse, {"data.object": "billing_subscription"})),
    ("models.billing_usage", Gives(RawResponse, {"data.total_usage": 0})),
    ("models.token_usage", Gives(RawResponse, {"data.data.total_available": 10})),
    ("models.token_usage_expired", Gives(RawResponse, {"data.data.expires_at": 1700000000})),
    ("models.token_usage_bad", Raises(AuthenticationError, 401, hint="check the key")),
)
