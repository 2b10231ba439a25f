"""The answer of `POST /v1/responses`, plain or as a stream assembles it."""

from typing import Any

import msgspec

from tikhub_async.types._base import Model, Number, Response, ResponseMeta, Source, Unknown
from tikhub_async.types.responses.input_items import ResponseInputItem
from tikhub_async.types.responses.items import (
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
)
from tikhub_async.types.responses.settings import (
    CacheComparisonNotFound,
    CacheDiagnosticsUnavailable,
    CacheHit,
    CacheMiss,
    InputTransformation,
    ResponseAccess,
    ResponseConversation,
    ResponseImage,
    ResponseModeration,
    ResponsePrompt,
    ResponsePromptCacheOptions,
    ResponseReasoning,
    ResponseTextConfig,
    ResponseToolUsage,
)


class CacheWriteTokensDetails(Model, frozen=True, kw_only=True):
    """Prompt tokens written to the cache, by lifetime."""

    ttl_12h_tokens: int | None = None
    ttl_30m_tokens: int | None = None


class ResponseInputTokensDetails(Model, frozen=True, kw_only=True):
    """What the input tokens were."""

    cached_tokens: int | None = None
    """Read from the cache; part of `input_tokens`."""
    cache_write_tokens: int | None = None
    cache_write_tokens_details: CacheWriteTokensDetails | None = None


class ResponseOutputTokensDetails(Model, frozen=True, kw_only=True):
    """What the output tokens were."""

    reasoning_tokens: int | None = None
    """Part of `output_tokens`."""


class ResponseUsage(Model, frozen=True, kw_only=True):
    """Tokens of one response; None means unknown. The gateway may leave both details out."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: ResponseInputTokensDetails | None = None
    output_tokens_details: ResponseOutputTokensDetails | None = None


class MisalignmentSteer(Model, frozen=True, kw_only=True):
    """How the model was told to go on instead."""

    message: str = ""


class Misalignment(Model, frozen=True, kw_only=True):
    """What the model was about to do that it should not."""

    detailed_explanation: str | None = None
    error_type: str | None = None
    review_target: str | None = None
    steer: MisalignmentSteer | None = None


class ResponseError(Model, frozen=True, kw_only=True):
    """Why a response failed."""

    code: str | int | None = None
    """As server_error, rate_limit_exceeded, invalid_prompt; also words no list has, as insufficient_quota."""
    message: str = ""
    type: str | None = None
    param: str | None = None
    misalignment: Misalignment | None = None


class IncompleteDetails(Model, frozen=True, kw_only=True):
    """Why a response stopped early."""

    reason: str | None = None
    """max_output_tokens, max_messages, content_filter or steered."""


class ResponseObject(Response, frozen=True, kw_only=True):
    """A response: its output items in order, how it ended, and the settings it was made with."""

    id: str = ""
    object: str = "response"
    created_at: Number | None = None
    """Unix seconds."""
    completed_at: Number | None = None
    """Unix seconds."""
    status: str | None = None
    """completed, incomplete (see `incomplete_details`), failed (see `error`), cancelled, queued or in_progress."""
    model: str = ""
    """Usually with a date behind the name that was asked for."""
    output: list[ResponseOutputItem] = []
    usage: ResponseUsage | None = None
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | list[dict[str, Any]] | None = None
    """As they were sent; items where a prompt template holds them."""
    metadata: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    tool_choice: str | dict[str, Any] | None = None
    """As it was sent: `ResponseToolChoice` has the keys."""
    tools: list[dict[str, Any]] | None = None
    """As they were sent: `ResponseTool` has the keys."""
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    top_logprobs: int | None = None
    frequency_penalty: Number | None = None
    presence_penalty: Number | None = None
    reasoning: ResponseReasoning | None = None
    text_config: ResponseTextConfig | None = msgspec.field(default=None, name="text")
    """`text` on the wire; here `text` is what the model wrote."""
    truncation: str | None = None
    previous_response_id: str | None = None
    conversation: ResponseConversation | None = None
    prompt: ResponsePrompt | None = None
    background: bool | None = None
    store: bool | None = None
    service_tier: str | None = None
    """The tier that really served the request."""
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: ResponsePromptCacheOptions | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_diagnostics: (
        CacheMiss | CacheHit | CacheComparisonNotFound | CacheDiagnosticsUnavailable | Unknown | None
    ) = None
    moderation: ResponseModeration | None = None
    input_transformations: list[InputTransformation] | None = None
    tool_usage: ResponseToolUsage | None = None
    image: ResponseImage | None = None
    access_programs: ResponseAccess | None = None
    content_filters: list[dict[str, Any]] | None = None
    """Of Azure-hosted models; undocumented."""
    billing: dict[str, Any] | None = None
    """As `{"payer": "developer"}`; undocumented."""
    user: str | None = None

    @property
    def text(self) -> str:
        """The visible text of all messages, joined; "" when there is none. Refusals are not text."""
        return "".join([item.text for item in self.output if isinstance(item, ResponseOutputMessage)])

    @property
    def output_text(self) -> str:
        """The same as `text`, under the name that OpenAI's SDK gives it."""
        return self.text

    @property
    def refusal(self) -> str:
        """The refusals of all messages, joined; "" when the model did not refuse."""
        return "".join([item.refusal for item in self.output if isinstance(item, ResponseOutputMessage)])

    @property
    def function_calls(self) -> list[ResponseFunctionToolCall]:
        """The calls of your functions, in order; each waits for a `function_call_output` item."""
        return [item for item in self.output if isinstance(item, ResponseFunctionToolCall)]

    def to_input(self) -> list[ResponseInputItem]:
        """All output items for the `input` of the next request, as they were on the wire."""
        return [item.to_param() for item in self.output]

    def attach(self, meta: ResponseMeta) -> None:
        """Keep the facts of the exchange, and for every item where it stands in the body."""
        super().attach(meta)
        if meta.body is not None:
            self.remember_items(meta.body)

    def remember_items(self, body: bytes, *path: str | int) -> None:
        """Let the items keep their own JSON, which stands in `body` under `path`, for `to_param`."""
        for index, item in enumerate(self.output):
            if isinstance(item, Source):
                item.remember(body, *path, "output", index)
