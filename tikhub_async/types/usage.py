"""Token counts of the OpenAI-shaped answers: chat completions (all providers) and embeddings."""

from tikhub_async.types._base import Model


class PromptTokensDetails(Model, frozen=True, kw_only=True, gc=False):
    """What the input tokens consist of; the parts may overlap."""

    cached_tokens: int | None = None
    """Read from the provider's prompt cache, charged at a lower price."""
    cache_write_tokens: int | None = None
    """Written to the prompt cache by this call."""
    audio_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionTokensDetails(Model, frozen=True, kw_only=True, gc=False):
    """What the output tokens consist of; the parts may overlap."""

    reasoning_tokens: int | None = None
    """Spent on thinking; charged as output although not shown."""
    audio_tokens: int | None = None
    text_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    """Predicted tokens that the answer did not contain; charged all the same."""


class UsageInfo(Model, frozen=True, kw_only=True, gc=False):
    """Tokens of one call as the gateway reports them.

    After a broken or converted stream the counts can be the gateway's own estimate; it then adds the
    `input_tokens` … `claude_cache_creation_1_h_tokens` group, mostly zeros. Count with `prompt_tokens`,
    `completion_tokens` and `total_tokens`.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """Absent for embeddings."""
    total_tokens: int | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek, and converted Claude: input tokens found in the prompt cache."""
    prompt_cache_miss_tokens: int | None = None
    """DeepSeek: input tokens not found there."""
    input_tokens: int | None = None
    """Gateway extra; 0 where it does not apply, so not a substitute for `prompt_tokens`."""
    output_tokens: int | None = None
    """Gateway extra; 0 where it does not apply."""
    input_tokens_details: PromptTokensDetails | None = None
    claude_cache_creation_5_m_tokens: int | None = None
    """Gateway extra: written to Claude's five-minute cache."""
    claude_cache_creation_1_h_tokens: int | None = None
    """Gateway extra: written to Claude's one-hour cache."""
