"""The answer of `POST /v1/messages`: a message of content blocks.

Source: Anthropic's Messages API as the gateway hands it on. Keys may be missing: answers converted from
other providers have no `stop_sequence`, and their usage has extra `claude_cache_creation_…` keys.
"""

from typing import Any

from tikhub_async.types._base import Model, Response
from tikhub_async.types.claude.blocks import ContentBlock, TextBlock, ToolUseBlock
from tikhub_async.types.claude.params import MessageParam


class CacheCreation(Model, frozen=True, kw_only=True):
    """Prompt tokens written to the cache, by how long they are kept."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class ServerToolUsage(Model, frozen=True, kw_only=True):
    """Calls of tools that ran at the provider."""

    web_search_requests: int | None = None
    web_fetch_requests: int | None = None


class OutputTokensDetails(Model, frozen=True, kw_only=True):
    """Parts of the output tokens."""

    thinking_tokens: int | None = None


class UsageIteration(Model, frozen=True, kw_only=True):
    """Beta: tokens of one run of a model inside one answer."""

    type: str = ""
    """`message`, `compaction`, `advisor_message`, `fallback_message`."""
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None


class ClaudeUsage(Model, frozen=True, kw_only=True):
    """Tokens of one answer; None means unknown."""

    input_tokens: int | None = None
    """Prompt tokens that were neither read from nor written to the cache."""
    output_tokens: int | None = None
    """Thinking included."""
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputTokensDetails | None = None
    server_tool_use: ServerToolUsage | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: list[UsageIteration] | None = None
    fallback_credit: dict[str, Any] | None = None
    claude_cache_creation_5_m_tokens: int | None = None
    """Added by the gateway to answers that it converted."""
    claude_cache_creation_1_h_tokens: int | None = None
    """Added by the gateway to answers that it converted."""


class ContainerSkill(Model, frozen=True, kw_only=True):
    """A skill loaded into the container."""

    skill_id: str = ""
    type: str = ""
    """`anthropic` or `custom`."""
    version: str = ""


class ClaudeContainer(Model, frozen=True, kw_only=True):
    """The code execution container of an answer; its id can be sent with the next request."""

    id: str = ""
    expires_at: str | None = None
    """ISO 8601."""
    skills: list[ContainerSkill] | None = None


class StopDetails(Model, frozen=True, kw_only=True):
    """More about the stop reason `refusal`."""

    type: str = ""
    category: str | None = None
    explanation: str | None = None
    recommended_model: str | None = None
    fallback_credit_token: str | None = None
    fallback_has_prefill_claim: bool | None = None


class CacheMissReason(Model, frozen=True, kw_only=True):
    """Why the prompt cache was missed."""

    type: str = ""
    """`model_changed`, `system_changed`, `tools_changed`, `messages_changed`, `previous_message_not_found`,
    `unavailable`."""
    cache_missed_input_tokens: int | None = None


class Diagnostics(Model, frozen=True, kw_only=True):
    """Present when the request asked for it."""

    cache_miss_reason: CacheMissReason | None = None


class _Message(Response, frozen=True, kw_only=True):
    id: str = ""
    type: str = "message"
    role: str = "assistant"
    model: str = ""
    stop_reason: str | None = None
    """`end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `pause_turn` (send the content back and go on),
    `refusal`, `model_context_window_exceeded`; open. None: not told."""
    stop_sequence: str | None = None
    """Which of the request's `stop_sequences` was met."""
    stop_details: StopDetails | None = None
    container: ClaudeContainer | None = None
    usage: ClaudeUsage | None = None
    diagnostics: Diagnostics | None = None
    context_management: dict[str, Any] | None = None
    """Beta: edits that were applied to the context."""
    input_transformations: list[dict[str, Any]] | None = None
    """Beta: thinking blocks of the request that were not used as they stood."""


class StartedMessage(_Message, frozen=True, kw_only=True):
    """A message that has begun: what the event `message_start` holds."""

    content: list[ContentBlock] = []
    """Empty: blocks have events of their own."""


class ClaudeMessageResponse(_Message, frozen=True, kw_only=True):
    """A whole answer. An answer without `content` is not one: decoding it fails."""

    content: list[ContentBlock]
    """`[]` is possible, with a refusal or a tool-only stop."""

    @property
    def text(self) -> str:
        """The text blocks, joined; `""` when there are none."""
        return "".join([block.text for block in self.content if type(block) is TextBlock])

    @property
    def thinking(self) -> str:
        """The thinking blocks, joined; `""` when there are none."""
        return "".join([block.thinking for block in self.content if block.type == "thinking"])

    @property
    def tool_uses(self) -> list[ToolUseBlock]:
        """Calls of the caller's own tools, in order."""
        return [block for block in self.content if type(block) is ToolUseBlock]

    def to_param(self) -> MessageParam:
        """This message for the next request's `messages`: role and blocks, signatures and unknown fields kept."""
        return {
            "role": "user" if self.role == "user" else "assistant",
            "content": [block.to_param() for block in self.content],
        }
