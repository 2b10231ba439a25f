"""The body of `POST /v1/responses`.

Facts marked "the gateway" were observed on the unmodified gateway software: it removes
`background`, `service_tier`, `safety_identifier`, `stream_options` and keys it does not know, and
has no route for stored responses (retrieve, cancel, delete).

Source: page 421251331e0 of the TikHub documentation (`model` and `input`, both required); the other
keys as OpenAI's Python SDK 3.57 types them.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypedDict

from tikhub_async.types._base import RequestOptions
from tikhub_async.types.responses.input_items import ResponseInputContent, ResponseInputItem
from tikhub_async.types.responses.style import ReasoningParam, ResponseTextConfigParam, ResponseTextStyle
from tikhub_async.types.responses.tools import ResponseTool, ResponseToolChoice

ResponseIncludable = (
    Literal[
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
        "file_search_call.results",
        "message.input_image.image_url",
        "message.output_text.logprobs",
        "reasoning.encrypted_content",
        "web_search_call.action.sources",
        "web_search_call.results",
    ]
    | str
)
"""Output that is left out of the answer unless asked for."""


class ResponsePromptParam(TypedDict, total=False):
    """A prompt template stored at the provider."""

    id: Required[str]
    version: str
    variables: Mapping[str, str | ResponseInputContent]


class ResponseConversationParam(TypedDict, total=False):
    """A conversation stored at the provider."""

    id: Required[str]


class ResponseContextManagement(TypedDict, total=False):
    """When the provider compacts a long conversation."""

    type: Required[Literal["compaction"] | str]
    compact_threshold: int
    """Tokens."""


class ResponsePromptCacheOptionsParam(TypedDict, total=False):
    """How the prompt is cached."""

    mode: Literal["implicit", "explicit"]
    """`explicit` caches at `prompt_cache_breakpoint`s only. Default: implicit."""
    ttl: Literal["30m", "12h"]
    """Shortest lifetime. Default: 30m."""
    comparison_response_id: str
    """An earlier response to explain a cache miss against."""
    prewarm: bool


class ResponseModerationRule(TypedDict, total=False):
    """Whether flagged content is only scored or blocked."""

    mode: Required[Literal["score", "block"]]


class ResponseModerationPolicy(TypedDict, total=False):
    """What moderation does on each side."""

    input: ResponseModerationRule
    output: ResponseModerationRule


class ResponseModerationParam(TypedDict, total=False):
    """Moderation of this request's input and output."""

    model: Required[str]
    policy: ResponseModerationPolicy


class ResponseBackgroundOptions(TypedDict, total=False):
    """When a background response has to be ready."""

    completion_window: Literal["soonest", "2h", "8h"]
    continuation_id: str
    """Your name for related requests, at most that: it adds no history."""


class ResponseImageOptions(TypedDict, total=False):
    """What may happen to images in the context."""

    context_compression: Literal["auto", "enabled", "disabled"]


class ResponseAccessPrograms(TypedDict, total=False):
    """Programs of restricted access to use."""

    cyber: Literal["standard", "daybreak_blue", "daybreak_red"] | str


class ResponseStreamOptions(TypedDict, total=False):
    """What a stream carries beside its content."""

    include_obfuscation: bool
    """False leaves the padding out of delta events. Default: true. The gateway removes it."""


class _ResponseFields(TypedDict, total=False):
    """Every key but `text`, whose shape differs between `create` and `parse`."""

    model: Required[str]
    """As `gpt-5` or `gpt-4.1`. The gateway serves this endpoint for OpenAI models only."""
    input: Required[str | Sequence[ResponseInputItem]]
    """A user's text, or the items of a conversation in order."""
    instructions: str
    """System message of this request; not carried over by `previous_response_id`."""
    tools: Sequence[ResponseTool]
    tool_choice: ResponseToolChoice
    parallel_tool_calls: bool
    """Default: true."""
    max_tool_calls: int
    """Limit on calls to hosted tools, all together; further ones are ignored."""
    reasoning: ReasoningParam
    include: Sequence[ResponseIncludable]
    """`reasoning.encrypted_content` with `store=False` is what multi-turn reasoning needs."""
    max_output_tokens: int
    """Limit on tokens written, reasoning included; > 0. At the limit the status is `incomplete`."""
    temperature: float
    """0–2. Default: 1."""
    top_p: float
    """0–1. Default: 1. Change this or `temperature`, not both."""
    top_logprobs: int
    """0–20 alternatives per token; `include` must ask for logprobs."""
    truncation: Literal["auto", "disabled"]
    """`auto` drops the oldest items when the context is full; `disabled`, the default, fails with 400."""
    previous_response_id: str
    """Continues a stored response; not together with `conversation`."""
    conversation: str | ResponseConversationParam
    """Id of a stored conversation, which grows by this request; not with `previous_response_id`."""
    prompt: ResponsePromptParam
    store: bool
    """Whether the provider keeps the response. Default: true."""
    metadata: Mapping[str, str]
    """At most 16 pairs; keys up to 64 characters, values up to 512."""
    prompt_cache_key: str
    """The same key on similar requests makes cache hits likelier."""
    prompt_cache_options: ResponsePromptCacheOptionsParam
    prompt_cache_retention: Literal["in_memory", "24h"]
    """The older form of `prompt_cache_options`."""
    context_management: Sequence[ResponseContextManagement]
    moderation: ResponseModerationParam
    image: ResponseImageOptions
    access_programs: ResponseAccessPrograms
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | str
    """The gateway removes it."""
    safety_identifier: str
    """A hash that stands for your user, up to 128 characters. The gateway removes it."""
    background: bool
    """The gateway removes it; nor could the response be fetched later through it."""
    background_options: ResponseBackgroundOptions
    stream_options: ResponseStreamOptions
    user: str
    """The older form of `prompt_cache_key` and `safety_identifier`."""


class ResponseRequest(_ResponseFields, total=False):
    """Body of `POST /v1/responses`, without `stream`: `create` never streams, `stream` always does."""

    text: ResponseTextConfigParam


class ResponseParams(ResponseRequest, RequestOptions, total=False):
    """Keywords of `responses.create` and `responses.stream`."""


class ResponseParseParams(_ResponseFields, RequestOptions, total=False):
    """Keywords of `responses.parse` beside `response_format`, which fills `text.format`."""

    text: ResponseTextStyle
