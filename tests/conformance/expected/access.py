"""What keys, balances, models and paths should bring, on every route."""

from dataclasses import replace

from tests.conformance.expected.common import (
    BAD,
    FORBIDDEN,
    INVALID,
    LOST,
    NO_ADDRESS,
    NO_KEY,
    NO_MODEL,
    NO_URL,
    PAGE,
    PAID_PAGE,
    QUEUED,
    UNREACHED,
    chat,
    content,
    message,
)
from tests.conformance.outcomes import Doubts, Gives, Loses, Outcome, Raises
from tikhub_async.errors import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    TikHubError,
)
from tikhub_async.types.models import ModelList
from tikhub_async.types.raw import RawResponse

NO_BALANCE = Raises(QuotaError, 403, "insufficient_user_quota", hint="top up")
NO_KEY_QUOTA = Raises(QuotaError, 403, "pre_consume_token_quota_failed", hint="top up")
MOVED = Raises(ProtocolError, says="a redirect", hint="do not follow redirects")
UNIMPLEMENTED = Raises(NotFoundError, 501, "api_not_implemented")
PAID_PAGE_IN_DOUBT = Doubts(ProtocolError, 200, says="the answer is an HTML page")
SWITCH = "kling_metadata=True"

AUTH: tuple[tuple[str, Outcome], ...] = (
    ("auth.content_get.ip", Loses(cause=PermissionDeniedError, status=403)),
    ("auth.content_get.dash", Loses(cause=PermissionDeniedError, status=403)),
    # An allow-list key may download, so this is only an unknown id.
    ("auth.content_get.model_not_allowed", Loses(cause=NotFoundError, status=404)),
    ("auth.content_get.*", Loses(cause=AuthenticationError, status=401)),
    ("auth.*.wrong_key", NO_KEY),
    ("auth.*.expired", NO_KEY),
    ("auth.*.exhausted", replace(NO_KEY, hint="the key's own quota is used up")),
    ("auth.*.disabled", NO_KEY),
    ("auth.*.lang_*", NO_KEY),
    ("auth.*.ip", NO_ADDRESS),
    ("auth.*.banned", FORBIDDEN),
    ("auth.*.group", FORBIDDEN),
    ("auth.*.dash", FORBIDDEN),
    ("auth.models.model_not_allowed", Gives(ModelList, {"data.0.id": "gpt-4o"})),
    ("auth.*.model_not_allowed", replace(FORBIDDEN, hint="model list")),
    ("auth.messages.*", message()),
    ("auth.gemini.bearer_gemini", content()),
    ("auth.chat.no_sk", chat()),
    ("auth.chat.admin_dash", chat()),
)

QUOTA: tuple[tuple[str, Outcome], ...] = (
    ("quota.*.broke", NO_BALANCE),
    # The one 403 that comes after routing: on this route without its code.
    ("quota.messages.lowquota", replace(NO_KEY_QUOTA, code=None)),
    ("quota.*.lowquota", NO_KEY_QUOTA),
)

ROUTING: tuple[tuple[str, Outcome], ...] = (
    ("routing.*unknown_model*", NO_MODEL),
    ("routing.chat.missing_model", BAD),
    ("routing.chat.null_model", BAD),
    ("routing.chat.model_number", BAD),
    ("routing.chat.text_plain", BAD),
    ("routing.chat.json_suffix", BAD),
    ("routing.chat.json_charset", chat()),
    ("routing.chat.unpriced", Raises(BadRequestError, 500, "model_price_error")),
    ("routing.chat.dead*", UNREACHED),
    ("routing.chat.*", INVALID),
    ("routing.messages.missing_max_tokens", message()),
    ("routing.messages.*", LOST),
    ("routing.gemini.missing_contents", INVALID),
    ("routing.gemini.count_tokens", Gives(RawResponse, {"data.candidates.0.finishReason": "STOP"})),
    ("routing.gemini.*", content()),
    ("routing.responses.missing_input", INVALID),
    ("routing.embeddings.missing_input", INVALID),
    ("routing.path.trailing_slash", replace(MOVED, status=307)),
    ("routing.path.trailing_slash_get", replace(MOVED, status=301)),
    ("models.token_usage_noslash", replace(MOVED, status=301)),
    ("get.trailing", replace(MOVED, status=301)),
    # The dashboard's page, 200, for what is not a route.
    ("routing.path.kling_unknown", PAID_PAGE_IN_DOUBT),
    ("routing.path.doubled_kling", PAID_PAGE_IN_DOUBT),
    ("routing.path.no_v1", PAID_PAGE),
    ("routing.path.double_slash", PAID_PAGE),
    ("routing.path.seedance_unknown", PAGE),
    ("routing.path.root*", PAGE),
    ("routing.path.get_kling", PAGE),
    ("routing.path.kling_unknown_gzip", PAGE),
    ("routing.path.files", BAD),
    ("routing.path.files_post", UNIMPLEMENTED),
    ("routing.path.variations", UNIMPLEMENTED),
    ("routing.path.status", Gives(RawResponse, {"data.success": True})),
    # Read only after undoing its gzip: own words are those of the plain exchange.
    ("routing.path.v1_unknown_gzip", replace(NO_URL, says="Invalid URL (GET /v1/unknown)")),
    ("routing.path.*", NO_URL),
)

TIKHUB: tuple[tuple[str, Outcome], ...] = (
    ("tikhub.seedance_post", PAID_PAGE_IN_DOUBT),
    ("tikhub.veo_root", PAID_PAGE_IN_DOUBT),
    ("tikhub.seedance_get", PAGE),
    ("tikhub.seedance_post_api", NO_URL),
    ("tikhub.videos_*", NO_URL),
    ("tikhub.veo_operation_get", NO_URL),
    ("tikhub.vertex_path", NO_URL),
    # Run, and charged, as generateContent: an answer without a task.
    ("tikhub.veo_predict_contents", Doubts(TikHubError, says="no task id")),
    ("tikhub.veo_*", INVALID),
    # Kling's documented body, refused before any charge: the hint names the switch.
    ("tikhub.kling_documented", replace(BAD, hint=SWITCH)),
    ("tikhub.kling_model_name_only", replace(BAD, hint=SWITCH)),
    ("tikhub.kling_duration_string", Raises(BadRequestError, 400, "invalid_request", hint=SWITCH)),
    ("tikhub.kling_image_no_prompt", Raises(BadRequestError, 400, "invalid_request")),
    ("tikhub.kling_metadata_duration_int", Raises(BadRequestError, 500, "build_request_failed")),
    ("tikhub.kling_*", QUEUED),
)
