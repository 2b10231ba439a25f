"""Why a model stopped: the providers' words → ours, in one table for structured output, tools and relays."""

from collections.abc import Mapping
from typing import Literal

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "other"]

FINISH_REASONS: Mapping[str, FinishReason] = {
    "": "stop",  # some gateways lose the word
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "STOP": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "MAX_TOKENS": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "content_filter": "content_filter",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "pause_turn": "pause",
}


def finish_reason(word: str | None) -> FinishReason:
    """Ours for a provider's word; `other` for one that is not in the table: never taken for a whole answer."""
    return FINISH_REASONS.get(word or "", "other")
