"""The answer of `:generateContent`, and one chunk of `:streamGenerateContent?alt=sse`: the same object.

Source: https://ai-docs.tikhub.io/8175517m0 (Streaming API, read 2026-11-24) names the streaming route; the
object is Google's. Every key can be missing: no candidates (prompt blocked), no content (`SAFETY`, or
`MAX_TOKENS` while thinking), content without parts.
"""

from typing import Any

from tikhub_async.types._base import Number, Response
from tikhub_async.types.gemini.content import GeminiCandidateContent, GeminiFunctionCall, GeminiPart
from tikhub_async.types.gemini.grounding import (
    GeminiCitationMetadata,
    GeminiGroundingMetadata,
    GeminiModel,
    GeminiUrlContextMetadata,
)
from tikhub_async.types.gemini.request import GeminiContent


class GeminiSafetyRating(GeminiModel, frozen=True, kw_only=True):
    """How harmful a text was judged in one category."""

    category: str | None = None
    probability: str | None = None
    """`NEGLIGIBLE`, `LOW`, `MEDIUM`, `HIGH`."""
    probability_score: Number | None = None
    severity: str | None = None
    severity_score: Number | None = None
    blocked: bool | None = None
    overwritten_threshold: str | None = None


class GeminiLogprob(GeminiModel, frozen=True, kw_only=True, gc=False):
    """One token and its log probability."""

    token: str | None = None
    token_id: int | None = None
    log_probability: Number | None = None


class GeminiTopLogprobs(GeminiModel, frozen=True, kw_only=True):
    """The likeliest tokens of one step, likeliest first."""

    candidates: list[GeminiLogprob] = []


class GeminiLogprobsResult(GeminiModel, frozen=True, kw_only=True):
    """Log probabilities, one entry per token."""

    chosen_candidates: list[GeminiLogprob] | None = None
    top_candidates: list[GeminiTopLogprobs] | None = None
    log_probability_sum: Number | None = None


class GeminiCandidate(GeminiModel, frozen=True, kw_only=True, gc=False):
    """One of the answers."""

    index: int = 0
    """Which answer; not the position in the list."""
    content: GeminiCandidateContent | None = None
    finish_reason: str | None = None
    """`STOP`, `MAX_TOKENS`, `SAFETY`, `RECITATION`, `MALFORMED_FUNCTION_CALL`, …; open. None: not finished."""
    finish_message: str | None = None
    safety_ratings: list[GeminiSafetyRating] | None = None
    citation_metadata: GeminiCitationMetadata | None = None
    grounding_metadata: GeminiGroundingMetadata | None = None
    url_context_metadata: GeminiUrlContextMetadata | None = None
    avg_logprobs: Number | None = None
    logprobs_result: GeminiLogprobsResult | None = None
    token_count: int | None = None
    continuation_token: str | None = None


class GeminiPromptFeedback(GeminiModel, frozen=True, kw_only=True):
    """What was wrong with the prompt."""

    block_reason: str | None = None
    """`SAFETY`, `PROHIBITED_CONTENT`, `BLOCKLIST`, `MODEL_ARMOR`, `JAILBREAK`, …; open."""
    block_reason_message: str | None = None
    safety_ratings: list[GeminiSafetyRating] | None = None


class GeminiModalityTokens(GeminiModel, frozen=True, kw_only=True, gc=False):
    """Tokens of one kind of media."""

    modality: str | None = None
    token_count: int | None = None


class GeminiUsage(GeminiModel, frozen=True, kw_only=True, gc=False):
    """Tokens of one answer; None means unknown. In a stream each chunk's counts are totals so far."""

    prompt_token_count: int | None = None
    """Cached tokens included."""
    candidates_token_count: int | None = None
    """Thinking not included."""
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[GeminiModalityTokens] | None = None
    candidates_tokens_details: list[GeminiModalityTokens] | None = None
    cache_tokens_details: list[GeminiModalityTokens] | None = None
    tool_use_prompt_tokens_details: list[GeminiModalityTokens] | None = None
    traffic_type: str | None = None
    service_tier: str | None = None


class GeminiModelStatus(GeminiModel, frozen=True, kw_only=True):
    """How long the model will be there."""

    message: str | None = None
    model_stage: str | None = None
    retirement_time: str | None = None
    """ISO 8601."""


class GeminiGenerateContentResponse(Response, frozen=True, kw_only=True, rename="camel"):
    """A whole answer, or one chunk of a stream."""

    candidates: list[GeminiCandidate] = []
    prompt_feedback: GeminiPromptFeedback | None = None
    usage_metadata: GeminiUsage | None = None
    model_version: str | None = None
    response_id: str | None = None
    create_time: str | None = None
    """ISO 8601."""
    model_status: GeminiModelStatus | None = None

    @property
    def parts(self) -> list[GeminiPart]:
        """Parts of candidate 0; `[]` when it has none."""
        for candidate in self.candidates:
            if candidate.index == 0:
                return candidate.content.parts if candidate.content is not None else []
        return []

    @property
    def text(self) -> str:
        """The text of candidate 0 without its thoughts, joined; `""` when there is none."""
        parts = self.parts
        if len(parts) == 1:  # as in nearly all chunks
            return "" if parts[0].thought else parts[0].text or ""
        return "".join([part.text for part in parts if part.text and not part.thought])

    @property
    def thoughts(self) -> str:
        """The thought summaries of candidate 0, joined; `""` when there are none."""
        return "".join([part.text for part in self.parts if part.text and part.thought])

    @property
    def function_calls(self) -> list[GeminiFunctionCall]:
        """Calls of the caller's functions in candidate 0, in order."""
        return [part.function_call for part in self.parts if part.function_call is not None]

    def to_param(self) -> GeminiContent:
        """Candidate 0 for the next request's `contents`, signatures and unknown fields kept."""
        return GeminiCandidateContent(role="model", parts=self.parts).to_param()


class GeminiChunk(GeminiGenerateContentResponse, frozen=True, kw_only=True):
    """One event of a stream."""

    error: dict[str, Any] | str | None = None
    """`{"code", "message", "status"}`: the stream failed after HTTP 200. Raised, never handed out."""
