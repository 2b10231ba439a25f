"""Counts of five protocols in one form."""

from typing import Any

import pytest

from tikhub_async.telemetry import Tokens, tokens_of
from tikhub_async.types.audio import TranscriptionUsage
from tikhub_async.types.claude import ClaudeUsage
from tikhub_async.types.gemini import GeminiUsage
from tikhub_async.types.responses import ResponseUsage
from tikhub_async.types.usage import CompletionTokensDetails, PromptTokensDetails, UsageInfo


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            UsageInfo(
                prompt_tokens=10,
                completion_tokens=5,
                total_tokens=15,
                prompt_tokens_details=PromptTokensDetails(cached_tokens=4),
                completion_tokens_details=CompletionTokensDetails(reasoning_tokens=2),
                input_tokens=0,
            ),
            Tokens(input_tokens=10, output_tokens=5, total_tokens=15, cached_tokens=4, reasoning_tokens=2),
        ),
        (
            UsageInfo(prompt_tokens=10, completion_tokens=5, total_tokens=15, prompt_cache_hit_tokens=8),
            Tokens(input_tokens=10, output_tokens=5, total_tokens=15, cached_tokens=8),
        ),
        # Embeddings have no output, which is known.
        (
            UsageInfo(prompt_tokens=7, total_tokens=7),
            Tokens(input_tokens=7, output_tokens=0, total_tokens=7),
        ),
        # Claude counts what a cache took and gave beside the input.
        (
            ClaudeUsage(input_tokens=3, output_tokens=9, cache_read_input_tokens=100, cache_creation_input_tokens=20),
            Tokens(input_tokens=123, output_tokens=9, total_tokens=132, cached_tokens=100),
        ),
        (
            ResponseUsage(input_tokens=30, output_tokens=9, total_tokens=39),
            Tokens(input_tokens=30, output_tokens=9, total_tokens=39),
        ),
        (
            GeminiUsage(prompt_token_count=11, candidates_token_count=5, thoughts_token_count=7, total_token_count=23),
            Tokens(input_tokens=11, output_tokens=12, total_tokens=23, reasoning_tokens=7),
        ),
        # Google leaves zeros out: an answer of no tokens.
        (
            GeminiUsage(prompt_token_count=11, total_token_count=11),
            Tokens(input_tokens=11, output_tokens=0, total_tokens=11),
        ),
        (TranscriptionUsage(type="duration", seconds=61.0), Tokens(seconds=61.0)),
        (
            TranscriptionUsage(type="tokens", input_tokens=14, output_tokens=45, total_tokens=59),
            Tokens(input_tokens=14, output_tokens=45, total_tokens=59),
        ),
        (None, Tokens()),
        ({}, Tokens()),
        ("many", Tokens()),
        ({"prompt_tokens": None, "completion_tokens": 5}, Tokens(output_tokens=5)),
        ({"input_tokens": True, "output_tokens": "7"}, Tokens()),
    ],
)
def test_counts_are_read_from_every_dialect(usage: Any, tokens: Tokens) -> None:
    assert tokens_of(usage) == tokens


def test_the_gateways_extra_zeros_do_not_stand_in_for_the_prompt() -> None:
    usage = UsageInfo(prompt_tokens=12, completion_tokens=3, total_tokens=15, input_tokens=0, output_tokens=0)
    assert tokens_of(usage).input_tokens == 12


@pytest.mark.parametrize(
    ("tokens", "known"),
    [
        (Tokens(), False),
        (Tokens(input_tokens=1), False),
        (Tokens(input_tokens=1, output_tokens=0), True),
        (Tokens(seconds=3.0), True),
    ],
)
def test_a_charge_is_known_when_both_sides_are(tokens: Tokens, known: bool) -> None:
    assert tokens.known is known
