"""The one table of what the emulator does otherwise than the recorded software on purpose, and what it does not do at all."""

import re
from fnmatch import fnmatchcase

NO_ROUTE = "a route that neither TikHub documents nor a video task needs: files, images, billing, Gemini's embeddings …"
NO_KEY = (
    "a kind of key that the emulator has none of: an administrator's, a forbidden group's, one that runs out in between"
)
OWN_WORDS = (
    "what the provider says is the point, byte by byte; the emulator makes its answers up, a test gives such ones as "
    "`Reply` or `Raw`"
)
OTHER_GATEWAY = (
    "another life or setting of the gateway: body limit, rows of older releases, channels switched off or removed"
)
LEFT = "the client left before the end, and nobody saw the answer"
IDLE = "silence up to the gateway's idle limit, in real time"
NO_ZSTD = "a request body in zstd, which the server below the emulator reads only with a further package"

NOT_SERVED: tuple[tuple[str, str], ...] = (
    ("routing.path.files*", NO_ROUTE),
    ("routing.path.variations", NO_ROUTE),
    ("routing.path.models_delete", NO_ROUTE),
    ("routing.path.status", NO_ROUTE),
    ("models.list_v1beta_openai", NO_ROUTE),
    ("models.billing_*", NO_ROUTE),
    ("models.token_*", NO_ROUTE),
    ("responses.compact", NO_ROUTE),
    ("gemini.*embed*", NO_ROUTE),
    ("audio.translations", NO_ROUTE),
    ("suno.*", NO_ROUTE),
    ("auth.*.group", NO_KEY),
    ("auth.chat.admin_dash", NO_KEY),
    ("models.list_empty*", NO_KEY),
    ("models.chat_empty_list", NO_KEY),
    ("get.tiny_zero*", NO_KEY),
    ("chat.upstream_err_200", OWN_WORDS),
    ("chat.upstream_no_choices", OWN_WORDS),
    ("*.nonstream_got_sse", OWN_WORDS),
    ("submit.upstream_unknown_fields", OWN_WORDS),
    ("life.nourl.*", OWN_WORDS),
    ("life.data.*", OWN_WORDS),
    ("life.arkurl.*", OWN_WORDS),
    ("life.veogone.content", OWN_WORDS),
    ("kling.no_url.*", OWN_WORDS),
    ("bigbody.*", OTHER_GATEWAY),
    ("old.*", OTHER_GATEWAY),
    ("life.gonechan.*", OTHER_GATEWAY),
    ("life.disabled_channel.submit", OTHER_GATEWAY),
    ("life.disabled_channel.remix", OTHER_GATEWAY),
    ("headers.disconnect_*", LEFT),
    ("ping.idle_limit*", IDLE),
    ("headers.req_zstd", NO_ZSTD),
)
"""Exchanges, by pattern of their id, that the emulator is not asked, with the reason."""

MEMBERS = "members of the provider's own object, passed on as they come: the emulator sends those that are documented"
EVENTS = "events that the recording's provider left out, or sent beside; the emulator sends those that are documented"
BOTH = "a text and a tool call in one answer: the emulated model speaks or calls"
THINKS = "asked to reason, the emulated model does"
BLOCK = "the word for what was blocked is the provider's"
TYPE = "the provider's own content type"
MONEY = "no prices: the amount in the text is always the same"
FIRST = "the first use of a key that has just run out has another text than all later ones"
CHINESE = "routing texts are in English, whatever `Accept-Language` says"
PLAIN = "no answer is compressed"
NO_METADATA_TYPES = "types inside `metadata` are not looked at"
CHANNEL = "one channel a family: OpenAI's own for Sora and Volcengine's for Seedance have other numbers"
NO_RATIOS = "a creation that fails behind the gateway's sums does not say their factors"
TRACKER = "without the address of the software's issue tracker"
OVERLOAD = "an overload comes as any other error of the route, and after the key was looked at"
RETRIES = "`RepeatStart` begins again once, and then ends well"
COPIED = "a provider's headers are not copied: those of a plain answer stand in its sample"
ITS_ERROR = "what the provider answers to a failed poll is its own, and OpenAI's here"

_BODY = r"^(?:\$|event )"
"""Any difference in the body: status and headers have to be the same."""
_MEMBER = r"\.(?:{}) is (?:missing|not recorded)$"
_CHAT = _MEMBER.format(
    "x_unknown|service_tier|system_fingerprint|logprobs|refusal|obfuscation|audio_tokens|prompt_tokens_details|"
    "completion_tokens_details|accepted_prediction_tokens|rejected_prediction_tokens|prompt_cache_(?:hit|miss)_tokens"
)
_RESPONSES = _MEMBER.format(
    "background|completed_at|max_output_tokens|previous_response_id|reasoning|service_tier|store|temperature|text|top_p|"
    "truncation|user|logprobs|obfuscation|max_tool_calls|prompt_cache_key|prompt_cache_retention|safety_identifier|"
    "top_logprobs|cache_write_tokens|a"
)
_MESSAGES = _MEMBER.format("cache_creation|service_tier|inference_geo")
_GEMINI = _MEMBER.format(
    "createTime|blockReasonMessage|safetyRatings|promptTokenCount|totalTokenCount|promptTokensDetails|trafficType"
)

ON_PURPOSE: tuple[tuple[str, str, str], ...] = (
    ("chat.stream_bad_json_event", _BODY, OWN_WORDS),
    ("chat.stream_comments", _BODY, OWN_WORDS),
    ("chat.stream_multiline_data", _BODY, OWN_WORDS),
    ("chat.stream_big_line", _BODY, OWN_WORDS),
    ("chat.stream_n3", _BODY, OWN_WORDS),
    ("chat.fixture_stream_unknown_fields", _BODY, OWN_WORDS),
    ("chat.fixture_stream_error_midstream", _BODY, OWN_WORDS),
    ("chat.fixture_stream_parallel_tool_calls_short", _BODY, OWN_WORDS),
    ("chat.claude_fixture_*", _BODY, OWN_WORDS),
    ("chat.claude_max_tokens", _BODY, OWN_WORDS),
    ("chat.deepseek_fixture", _BODY, OWN_WORDS),
    ("chat.deepseek_leading_blank", _BODY, OWN_WORDS),
    ("chat.gemini_safety", _BODY, OWN_WORDS),
    ("responses.failed_plain", _BODY, OWN_WORDS),
    ("responses.stream_failed", _BODY, OWN_WORDS),
    ("responses.stream_error_object", _BODY, OWN_WORDS),
    ("responses.stream_unknown_events", _BODY, OWN_WORDS),
    ("responses.stream_crlf", _BODY, OWN_WORDS),
    ("responses.stream_function_call", _BODY, OWN_WORDS),
    ("responses.stream_undecodable", _BODY, OWN_WORDS),
    ("responses.stream_with_done", _BODY, OWN_WORDS),
    ("messages.stream_unknown", _BODY, OWN_WORDS),
    ("messages.stream_web_search", _BODY, OWN_WORDS),
    ("messages.stream_redacted", _BODY, OWN_WORDS),
    ("messages.fixture_extras", _BODY, OWN_WORDS),
    ("gemini.safety*", _BODY, OWN_WORDS),
    ("gemini.full_features", _BODY, OWN_WORDS),
    ("gemini.max_tokens_empty", _BODY, OWN_WORDS),
    ("gemini.stream_unknown_fields", _BODY, OWN_WORDS),
    ("gemini.stream_raw_error", _BODY, OWN_WORDS),
    ("gemini.stream_undecodable", _BODY, OWN_WORDS),
    ("auth.chat.exhausted", "TokenStatusExhausted", FIRST),
    ("quota.videos.lowquota", "need quota", MONEY),
    ("routing.unknown_model_lang_zh_cn", "no-such-model", CHINESE),
    ("routing.path.v1_unknown_gzip", "Invalid URL", PLAIN),
    ("tikhub.kling_metadata_duration_int", "^status 200, recorded 500", NO_METADATA_TYPES),
    ("submit.metadata_bad_type", "^status 200, recorded 500", NO_METADATA_TYPES),
    ("submit.kling_bad_cfg", "^status 200, recorded 500", NO_METADATA_TYPES),
    ("chat.gemini_stream_tools", "^event data content is missing", BOTH),
    ("chat.gemini_blocked", "PROHIBITED_CONTENT", BLOCK),
    ("chat.gemini_thinking", "^content-type", TYPE),
    ("chat.gemini_safety", "^content-type", TYPE),
    ("gemini.safety", "^content-type", TYPE),
    ("gemini.full_features", "^content-type", TYPE),
    ("gemini.max_tokens_empty", "^content-type", TYPE),
    ("chat.fixture_stream_refusal", r"\.delta\.content is 'str', recorded 'null'", MEMBERS),
    ("chat.fixture_*", r"\]\.usage is missing$", MEMBERS),
    ("chat.deepseek_stream", r"\.delta\.content is not recorded", MEMBERS),
    ("headers.upstream_headers", "^retry-after", COPIED),
    ("auth.chat.*", _CHAT, MEMBERS),
    ("routing.chat.*", _CHAT, MEMBERS),
    ("chat.*", _CHAT, MEMBERS),
    ("headers.*", _CHAT, MEMBERS),
    ("ping.chat_plain", _CHAT, MEMBERS),
    ("limits.chat_*", _CHAT, MEMBERS),
    ("responses.plain_fields", r"\$\[0\]\.output is ", THINKS),
    ("responses.*", r"\.(?:effort|max_output_tokens) is 'null', recorded '(?:str|number)'", MEMBERS),
    ("responses.*", _RESPONSES, MEMBERS),
    ("responses.*", r"^event event: response\.\w+\.(?:added|done) is not recorded", EVENTS),
    ("ping.responses", _RESPONSES, MEMBERS),
    ("ping.responses", r"^event event: response\.\w+\.done is not recorded", EVENTS),
    ("messages.thinking", r"\.content is ", BOTH),
    ("messages.*", _MESSAGES, MEMBERS),
    ("retry.messages_cut", _MESSAGES, MEMBERS),
    ("retry.messages_cut", "^event ", RETRIES),
    ("gemini.blocked", "^content-type", TYPE),
    ("gemini.blocked", r"\.blockReason is ", BLOCK),
    ("gemini.blocked*", _GEMINI, MEMBERS),
    ("gemini.stream_error_data", _MEMBER.format("usageMetadata|modelVersion|responseId"), MEMBERS),
    ("audio.stream", _MEMBER.format("usage"), MEMBERS),
    ("overload.messages", "system disk overloaded", OVERLOAD),
    ("overload.nokey", "^status 401, recorded 503", OVERLOAD),
    ("openai.ok.get_generations.*", r"\.platform is '=55', recorded '=1'", CHANNEL),
    ("volc.ok.get_generations.*", r"\.platform is '=54', recorded '=45'", CHANNEL),
    ("remix.*", "new_api_panic", TRACKER),
    ("submit.*", "^x-new-api-other-ratios None", NO_RATIOS),
    ("doubao.poll_404.get_generations.*", r"\.error\.(?:code|param|type) is ", ITS_ERROR),
)
"""Exchanges, by pattern of their id, and a regular expression for a difference, with the reason."""


def not_served(name: str) -> str | None:
    """Why the emulator is not asked an exchange; None if it is."""
    return next((reason for pattern, reason in NOT_SERVED if fnmatchcase(name, pattern)), None)


def purpose_of(name: str, difference: str) -> tuple[str, str, str] | None:
    """The row that explains a difference, None if it is a mistake."""
    return next(
        (row for row in ON_PURPOSE if fnmatchcase(name, row[0]) and re.search(row[1], difference)),
        None,
    )
