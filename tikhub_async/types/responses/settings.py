"""What a response says about its settings, its cache, its moderation and its tools beside the output."""

from typing import Any, ClassVar, Literal

from tikhub_async.types._base import Model, Number, Unknown
from tikhub_async.types.responses.content import ResponseToolOutput


class ResponseReasoning(Model, frozen=True, kw_only=True):
    """How the model was set to reason, defaults filled in."""

    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class ResponseFormatText(Model, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Plain text."""

    type: ClassVar[Literal["text"]] = "text"


class ResponseFormatJSONObject(Model, frozen=True, kw_only=True, tag_field="type", tag="json_object"):
    """Any JSON object."""

    type: ClassVar[Literal["json_object"]] = "json_object"


class ResponseFormatJSONSchema(Model, frozen=True, kw_only=True, tag_field="type", tag="json_schema"):
    """JSON by a schema."""

    type: ClassVar[Literal["json_schema"]] = "json_schema"
    name: str = ""
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class ResponseTextConfig(Model, frozen=True, kw_only=True):
    """How text was to be written, defaults filled in."""

    format: ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema | Unknown | None = None
    verbosity: str | None = None


class ResponseConversation(Model, frozen=True, kw_only=True):
    """The stored conversation that this response belongs to."""

    id: str = ""


class ResponsePrompt(Model, frozen=True, kw_only=True):
    """The prompt template that was used."""

    id: str = ""
    version: str | None = None
    variables: dict[str, str | ResponseToolOutput] | None = None


class ResponseImage(Model, frozen=True, kw_only=True):
    """What happened to images in the context."""

    context_compression: str | None = None
    """enabled or disabled."""


class ResponseAccess(Model, frozen=True, kw_only=True):
    """Programs of restricted access that were used."""

    cyber: str | None = None


class InputTransformation(Model, frozen=True, kw_only=True):
    """An input item that the provider changed before the model saw it."""

    type: str = "reasoning"
    id: str = ""
    action: str | None = None
    """removed."""
    reason: str | None = None
    """As model_mismatch, prefix_mismatch or turn_boundary."""


class ResponseModerationResult(Model, frozen=True, kw_only=True, tag_field="type", tag="moderation_result"):
    """What moderation found, by category."""

    type: ClassVar[Literal["moderation_result"]] = "moderation_result"
    flagged: bool | None = None
    categories: dict[str, bool] = {}
    category_scores: dict[str, Number] = {}
    """0–1."""
    category_applied_input_types: dict[str, list[str]] = {}
    """text and image, per category."""
    model: str | None = None


class ResponseModerationError(Model, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """Why moderation found nothing out."""

    type: ClassVar[Literal["error"]] = "error"
    code: str | None = None
    message: str = ""


class ResponseModeration(Model, frozen=True, kw_only=True):
    """Moderation of both sides; None where not asked for."""

    input: ResponseModerationResult | ResponseModerationError | Unknown | None = None
    output: ResponseModerationResult | ResponseModerationError | Unknown | None = None


class CacheMiss(Model, frozen=True, kw_only=True, tag_field="type", tag="cache_miss"):
    """The cache could not be used."""

    type: ClassVar[Literal["cache_miss"]] = "cache_miss"
    reason: str | None = None
    """As model_changed, tools_changed or input_changed."""
    cache_missed_tokens: int | None = None
    comparison_reusable_tokens: int | None = None


class CacheHit(Model, frozen=True, kw_only=True, tag_field="type", tag="cache_hit"):
    """The cache was used."""

    type: ClassVar[Literal["cache_hit"]] = "cache_hit"


class CacheComparisonNotFound(Model, frozen=True, kw_only=True, tag_field="type", tag="comparison_response_not_found"):
    """The response to compare with is not known."""

    type: ClassVar[Literal["comparison_response_not_found"]] = "comparison_response_not_found"


class CacheDiagnosticsUnavailable(Model, frozen=True, kw_only=True, tag_field="type", tag="unavailable"):
    """Nothing can be said about the cache."""

    type: ClassVar[Literal["unavailable"]] = "unavailable"


class ResponsePromptCacheOptions(Model, frozen=True, kw_only=True):
    """How the prompt was cached."""

    mode: str | None = None
    ttl: str | None = None
    comparison_response_id: str | None = None


class ImageTokens(Model, frozen=True, kw_only=True):
    """Tokens of the image tool by kind."""

    image_tokens: int | None = None
    text_tokens: int | None = None


class CachedImageTokens(Model, frozen=True, kw_only=True):
    """Tokens of the image tool that came from the cache, by kind."""

    cached_image_tokens: int | None = None
    cached_text_tokens: int | None = None


class ImageToolUsage(Model, frozen=True, kw_only=True):
    """Tokens spent by the image tool."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    input_tokens_details: ImageTokens | None = None
    output_tokens_details: ImageTokens | None = None
    cached_tokens_details: CachedImageTokens | None = None


class WebSearchUsage(Model, frozen=True, kw_only=True):
    """Searches that were run."""

    num_requests: int | None = None


class ResponseToolUsage(Model, frozen=True, kw_only=True):
    """What hosted tools used, beside `usage`."""

    image_gen: ImageToolUsage | None = None
    web_search: WebSearchUsage | None = None
