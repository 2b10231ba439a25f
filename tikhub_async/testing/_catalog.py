"""The models that the emulated gateway serves; a name that is not here is unknown (503 `model_not_found`)."""

from typing import Literal

Family = Literal[
    "openai",
    "claude",
    "deepseek",
    "gemini",
    "embedding",
    "audio",
    "sora",
    "seedance",
    "kling",
    "veo",
    "unpriced",
    "dead",
]

OWNERS: dict[Family, str] = {
    "openai": "openai",
    "claude": "vertex-ai",
    "deepseek": "deepseek",
    "gemini": "google gemini",
    "embedding": "openai",
    "audio": "openai",
    "sora": "custom",
    "seedance": "custom",
    "kling": "custom",
    "veo": "custom",
    "unpriced": "custom",
    "dead": "custom",
}
ENDPOINT_TYPES: dict[Family, list[str]] = {
    "openai": ["openai"],
    "claude": ["anthropic", "openai"],
    "deepseek": ["openai"],
    "gemini": ["gemini", "openai"],
    "embedding": ["openai"],
    "audio": ["openai"],
    "sora": ["openai-video"],
    "seedance": ["openai"],
    "kling": ["openai"],
    "veo": ["openai-video"],
    "unpriced": ["openai"],
    "dead": ["openai"],
}
LANGUAGE: frozenset[Family] = frozenset({"openai", "claude", "deepseek", "gemini"})
"""Families that answer with text."""
VIDEO: frozenset[Family] = frozenset({"sora", "seedance", "kling", "veo"})

_NAMES: dict[Family, str] = {
    "openai": "gpt-4o gpt-4o-mini gpt-4.1 gpt-4.1-mini gpt-4.1-nano gpt-5 gpt-5-mini gpt-5-nano gpt-5.1 gpt-5.2 o3 o4-mini",
    "claude": (
        "claude-opus-4-6 claude-opus-4-5 claude-sonnet-4-6 claude-sonnet-4-5 claude-sonnet-4-5-20250929"
        " claude-haiku-4-5 claude-haiku-4-5-20251001"
    ),
    "deepseek": "deepseek-chat deepseek-reasoner deepseek-v4-flash deepseek-v4-pro",
    "gemini": "gemini-2.0-flash gemini-2.5-flash gemini-2.5-flash-lite gemini-2.5-pro gemini-3-pro-preview",
    "embedding": "text-embedding-3-small text-embedding-3-large text-embedding-ada-002 gemini-embedding-001",
    "audio": "whisper-1 gpt-4o-transcribe gpt-4o-mini-transcribe",
    "sora": "sora-2 sora-2-pro",
    "seedance": (
        "doubao-seedance-1-0-pro-250528 doubao-seedance-1-0-lite-t2v-250428 doubao-seedance-1-5-pro-251215"
        " doubao-seedance-2-0-260128"
    ),
    "kling": "kling-v1 kling-v1-5 kling-v1-6 kling-v2-master kling-v2-1 kling-v2-1-master kling-v2-5-turbo kling-v2-6 kling-v3",
    "veo": (
        "veo-2.0-generate-001 veo-3.0-generate-001 veo-3.0-generate-preview veo-3.0-fast-generate-001"
        " veo-3.1-generate-preview veo-3.1-fast-generate-preview"
    ),
    "unpriced": "unpriced-model",
    "dead": "dead-model",
}


def default_models() -> dict[str, Family]:
    """Name → family. `unpriced-model` has no price, behind `dead-model` nobody answers."""
    return {name: family for family, names in _NAMES.items() for name in names.split()}
