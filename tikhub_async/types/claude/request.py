"""What is sent to `POST /v1/messages`, as TypedDicts: an absent key is an absent key.

Source: https://ai-docs.tikhub.io/8175517m0 (Streaming API, read 2026-11-24) for `model`, `max_tokens` and
`messages`; the rest is Anthropic's Messages API, which the gateway decodes and re-encodes: what it does not
know is dropped, and so are `service_tier` and `inference_geo` unless its operator lets them through.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tikhub_async.types._base import RequestOptions
from tikhub_async.types.claude.params import CacheControlParam, CitationsParam, MessageParam, TextBlockParam


class ToolParam(TypedDict, total=False):
    """A tool that the caller runs."""

    name: Required[str]
    input_schema: Required[Mapping[str, Any]]
    """JSON schema of the input, an object at its root."""
    description: str
    type: Literal["custom"] | None
    strict: bool
    """True: inputs are guaranteed to fit the schema."""
    cache_control: CacheControlParam | None
    allowed_callers: Sequence[str]
    """`direct` and the code execution versions that may call it."""
    defer_loading: bool
    """True: left out of the prompt until a tool search finds it."""
    eager_input_streaming: bool | None
    input_examples: Sequence[Mapping[str, Any]]


class UserLocationParam(TypedDict, total=False):
    """Roughly where the user is."""

    type: Required[Literal["approximate"]]
    city: str | None
    region: str | None
    country: str | None
    """Two letters, ISO 3166-1."""
    timezone: str | None
    """As `Europe/Oslo`."""


class ServerToolParam(TypedDict, total=False):
    """A tool that the provider runs or defines, known by its dated `type`, as `web_search_20250305`."""

    type: Required[str]
    name: str
    """Fixed by the type, as `web_search`."""
    cache_control: CacheControlParam | None
    allowed_callers: Sequence[str]
    defer_loading: bool
    strict: bool
    input_examples: Sequence[Mapping[str, Any]]
    max_uses: int | None
    """Calls allowed in one request, >= 1 (web search, web fetch)."""
    allowed_domains: Sequence[str] | None
    blocked_domains: Sequence[str] | None
    """Not together with `allowed_domains`."""
    user_location: UserLocationParam | None
    """Web search."""
    citations: CitationsParam | None
    max_content_tokens: int | None
    """Tokens of one fetched page that reach the prompt, > 0 (web fetch)."""
    url_sources: Mapping[str, Any] | None
    """Which addresses may be fetched (web fetch)."""
    use_cache: bool
    response_inclusion: Literal["full", "excluded"]
    max_characters: int | None
    """Longest file view (text editor)."""
    configs: Mapping[str, Any] | None
    """Per-tool switches of a toolset (browser, computer)."""


class ToolChoiceParam(TypedDict, total=False):
    """Whether, and which, tool is to be called."""

    type: Required[Literal["auto", "any", "tool", "none"]]
    name: str
    """Required for `tool`."""
    disable_parallel_tool_use: bool
    """True: at most one call. Default False."""


class ThinkingParam(TypedDict, total=False):
    """Extended thinking."""

    type: Required[Literal["enabled", "adaptive", "between_tools", "disabled"]]
    budget_tokens: int
    """Required for `enabled`: >= 1024 and below `max_tokens`."""
    display: Literal["summarized", "omitted"] | None
    """`omitted` streams no thinking text, only its signature."""


class JsonOutputFormatParam(TypedDict):
    """The answer is to be JSON that fits a schema."""

    type: Literal["json_schema"]
    schema: Mapping[str, Any]


class EffortConfigParam(TypedDict, total=False):
    """How much work the model puts into an answer."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None


class OutputConfigParam(EffortConfigParam, total=False):
    """Effort and output format."""

    format: JsonOutputFormatParam | None


class MetadataParam(TypedDict, total=False):
    """Facts about the request."""

    user_id: str | None
    """An opaque id of the end user, for abuse detection; no name or address."""


class DiagnosticsParam(TypedDict, total=False):
    """Asks why the prompt cache was missed."""

    previous_message_id: str | None
    """The answer to compare with."""


class SkillParam(TypedDict):
    """A skill to load into the container."""

    skill_id: str
    type: Literal["anthropic", "custom"]
    version: str


class ContainerParam(TypedDict, total=False):
    """The code execution container."""

    id: str | None
    """A container of an earlier answer, to be used again."""
    skills: Sequence[SkillParam] | None


class _MessageKeys(TypedDict, total=False):
    model: Required[str]
    """As `claude-opus-4-6` or `claude-sonnet-4-5-20250929`."""
    max_tokens: Required[int]
    """Most tokens of the answer, thinking included; >= 1."""
    messages: Required[Sequence[MessageParam]]
    """Turns, oldest first. A last turn of the assistant is continued."""
    system: str | Sequence[TextBlockParam]
    tools: Sequence[ToolParam | ServerToolParam]
    tool_choice: ToolChoiceParam
    thinking: ThinkingParam
    stop_sequences: Sequence[str]
    temperature: float
    """0–1, default 1. Newer models refuse it, older ones take it; the same holds for `top_p` and `top_k`."""
    top_p: float
    """0–1. Not together with `temperature`."""
    top_k: int
    """>= 0."""
    metadata: MetadataParam
    service_tier: Literal["auto", "standard_only"]
    container: ContainerParam | str | None
    cache_control: CacheControlParam | None
    """Caches up to the last block that can be cached."""
    inference_geo: str | None
    speed: Literal["standard", "fast"] | None
    diagnostics: DiagnosticsParam | None
    user_profile_id: str
    """Sent as a header, see `HEADER_KEYS`."""
    workspace_id: str
    """Sent as a header, see `HEADER_KEYS`."""
    betas: Sequence[str]
    """Beta features, as `context-management-2025-06-27`. Sent as a header, see `HEADER_KEYS`."""
    context_management: Mapping[str, Any] | None
    """Beta: edits that clear old tool results or thinking from the context."""
    mcp_servers: Sequence[Mapping[str, Any]]
    """Beta: remote MCP servers the provider calls."""
    compaction: Mapping[str, Any] | None
    """Beta: summarise the context when it grows long."""
    fallbacks: Sequence[Mapping[str, Any]] | None
    """Beta: models that answer when this one refuses."""
    fallback_credit_token: str | None
    billing_policy: Mapping[str, Any] | None
    thread: Mapping[str, Any] | None


class ClaudeMessageRequest(_MessageKeys, total=False):
    """Body of `POST /v1/messages`."""

    output_config: OutputConfigParam


class ClaudeMessageParams(ClaudeMessageRequest, RequestOptions, total=False):
    """Keywords of `messages.create` and `messages.stream`."""


class ClaudeParseParams(_MessageKeys, RequestOptions, total=False):
    """Keywords of `messages.parse` beside `response_format`, which becomes `output_config.format`."""

    output_config: EffortConfigParam


HEADER_KEYS: Mapping[str, str] = {
    "betas": "anthropic-beta",
    "user_profile_id": "anthropic-user-profile-id",
    "workspace_id": "anthropic-workspace-id",
}
"""Request keys that travel as headers, as in Anthropic's own client; a list is joined by commas."""
