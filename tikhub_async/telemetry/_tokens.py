"""Token counts of five protocols in one form. None means unknown, which is not zero."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tikhub_async.types._base import is_object


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer cost, in tokens. None means unknown."""

    input_tokens: int | None = None
    """The prompt, what was read from or written to a cache included."""
    output_tokens: int | None = None
    """The answer, thinking included."""
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    """Part of the output: thinking."""
    cached_tokens: int | None = None
    """Part of the input: read from the provider's cache, charged at a lower price."""
    seconds: float | None = None
    """Audio that is charged by its length."""

    @property
    def known(self) -> bool:
        """Whether the charge can be told from this."""
        return self.seconds is not None or (self.input_tokens is not None and self.output_tokens is not None)


UNKNOWN = Tokens()


def tokens_of(usage: Any) -> Tokens:
    """The counts in a provider's usage: a struct of ours, or its JSON as plain data; None is unknown."""
    counts = msgspec.to_builtins(usage) if isinstance(usage, msgspec.Struct) else usage
    if not is_object(counts):
        return UNKNOWN
    if "promptTokenCount" in counts or "totalTokenCount" in counts:
        return _google(counts)
    if counts.get("type") == "duration":
        seconds = counts.get("seconds")
        return Tokens(seconds=seconds if isinstance(seconds, int | float) else None)
    if "prompt_tokens" in counts:
        return _chat(counts)
    return _input_output(counts)


def _google(counts: Mapping[str, Any]) -> Tokens:
    total, prompt = _count(counts, "totalTokenCount"), _sum(counts, "promptTokenCount", "toolUsePromptTokenCount")
    # Zero counts are left out of this JSON, so what is missing is none, as long as the prompt was counted.
    output = _sum(counts, "candidatesTokenCount", "thoughtsTokenCount")
    if output is None and prompt is not None and total is not None:
        output = total - prompt
    return Tokens(
        input_tokens=prompt,
        output_tokens=output,
        total_tokens=total,
        reasoning_tokens=_count(counts, "thoughtsTokenCount"),
        cached_tokens=_count(counts, "cachedContentTokenCount"),
    )


def _chat(counts: Mapping[str, Any]) -> Tokens:
    # `input_tokens` beside these is an extra of the gateway, 0 where it does not apply.
    prompt, output, total = (_count(counts, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if output is None and prompt is not None and total == prompt:
        output = 0  # embeddings
    return Tokens(
        input_tokens=prompt,
        output_tokens=output,
        total_tokens=total,
        reasoning_tokens=_detail(counts, "completion_tokens_details", "reasoning_tokens"),
        cached_tokens=_first(
            _detail(counts, "prompt_tokens_details", "cached_tokens"), _count(counts, "prompt_cache_hit_tokens")
        ),
    )


def _input_output(counts: Mapping[str, Any]) -> Tokens:
    # Claude counts what a cache took or gave beside the input; Responses and transcriptions count it inside.
    prompt = _count(counts, "input_tokens")
    if prompt is not None:
        prompt = _sum(counts, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    output = _count(counts, "output_tokens")
    both = prompt + output if prompt is not None and output is not None else None
    return Tokens(
        input_tokens=prompt,
        output_tokens=output,
        total_tokens=_first(_count(counts, "total_tokens"), both),
        reasoning_tokens=_first(
            _detail(counts, "output_tokens_details", "reasoning_tokens"),
            _detail(counts, "output_tokens_details", "thinking_tokens"),
        ),
        cached_tokens=_first(
            _count(counts, "cache_read_input_tokens"), _detail(counts, "input_tokens_details", "cached_tokens")
        ),
    )


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _detail(counts: Mapping[str, Any], group: str, name: str) -> int | None:
    details = counts.get(group)
    return _count(details, name) if is_object(details) else None


def _sum(counts: Mapping[str, Any], *names: str) -> int | None:
    found = [count for name in names if (count := _count(counts, name)) is not None]
    return sum(found) if found else None


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
