"""The request of `POST /v1/chat/completions`: OpenAI, Claude and DeepSeek models alike.

The gateway decodes a request and encodes it again: members it does not know are lost on the way, and by
default so are `service_tier`, `safety_identifier` and `stream_options.include_obfuscation`. For Claude
models a `thinking` object is lost too, `reasoning_effort` becomes a thinking budget.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypeAlias, TypedDict

from tikhub_async.types._base import RequestOptions
from tikhub_async.types.chat.messages import ChatMessage, TextPart


class FunctionDefinition(TypedDict, total=False):
    """A function the model may call."""

    name: Required[str]
    """Letters, digits, `_` and `-`, at most 64 characters."""
    description: str
    parameters: Mapping[str, Any]
    """A JSON schema of type `object`; absent means no parameters."""
    strict: bool
    """True makes the arguments follow the schema exactly; it must then use the strict subset."""


class FunctionTool(TypedDict):
    """A function tool."""

    type: Literal["function"]
    function: FunctionDefinition


class Grammar(TypedDict):
    """A grammar that a custom tool's input follows."""

    syntax: Literal["lark", "regex"] | str
    definition: str


class TextFormat(TypedDict):
    """Free text."""

    type: Literal["text"]


class GrammarFormat(TypedDict):
    """Text that follows a grammar."""

    type: Literal["grammar"]
    grammar: Grammar


class CustomDefinition(TypedDict, total=False):
    """A tool whose input is text, not JSON."""

    name: Required[str]
    description: str
    format: TextFormat | GrammarFormat
    """Default: free text."""


class CustomTool(TypedDict):
    """A custom tool."""

    type: Literal["custom"]
    custom: CustomDefinition


Tool: TypeAlias = FunctionTool | CustomTool
"""One entry of `tools`."""


class ToolName(TypedDict):
    """A tool by its name."""

    name: str


class FunctionChoice(TypedDict):
    """Makes the model call this function."""

    type: Literal["function"]
    function: ToolName


class CustomChoice(TypedDict):
    """Makes the model call this custom tool."""

    type: Literal["custom"]
    custom: ToolName


class AllowedTools(TypedDict):
    """A subset of `tools`."""

    mode: Literal["auto", "required"]
    """`required`: one of them must be called."""
    tools: Sequence[Mapping[str, Any]]
    """As `{"type": "function", "function": {"name": "…"}}`."""


class AllowedToolsChoice(TypedDict):
    """Restricts the model to some of `tools`, without breaking the prompt cache."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ToolChoice: TypeAlias = Literal["none", "auto", "required"] | FunctionChoice | CustomChoice | AllowedToolsChoice
"""Which tool is called: none, the model's choice, any one, or a named one."""


class JSONSchemaDefinition(TypedDict, total=False):
    """A named JSON schema."""

    name: Required[str]
    """Letters, digits, `_` and `-`, at most 64 characters."""
    description: str
    schema: Mapping[str, Any]
    strict: bool
    """True makes the answer follow the schema exactly."""


class JSONSchemaFormat(TypedDict):
    """The answer is JSON that fits a schema."""

    type: Literal["json_schema"]
    json_schema: JSONSchemaDefinition


class JSONObjectFormat(TypedDict):
    """The answer is some JSON object; the prompt must ask for JSON."""

    type: Literal["json_object"]


ResponseFormat: TypeAlias = TextFormat | JSONObjectFormat | JSONSchemaFormat
"""What the answer's text is."""


class VoiceID(TypedDict):
    """A custom voice."""

    id: str


class AudioOutput(TypedDict):
    """How a spoken answer sounds."""

    voice: Literal["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse"] | str | VoiceID
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"] | str
    """Only `pcm16` can be streamed."""


class Prediction(TypedDict):
    """Text that the answer will mostly repeat, for speed."""

    type: Literal["content"]
    content: str | Sequence[TextPart]


class StreamOptions(TypedDict, total=False):
    """Options of a streamed answer."""

    include_usage: bool
    """Default true here: the gateway sends a last chunk with usage unless this is false."""
    include_obfuscation: bool
    """False leaves out the padding that hides token lengths from listeners."""


class ApproximateLocation(TypedDict, total=False):
    """Where the user is, roughly."""

    city: str
    country: str
    """Two letters, as `US`."""
    region: str
    timezone: str
    """IANA name, as `America/Los_Angeles`."""


class UserLocation(TypedDict):
    """Where the user is."""

    type: Literal["approximate"]
    approximate: ApproximateLocation


class WebSearchOptions(TypedDict, total=False):
    """Options of search models."""

    search_context_size: Literal["low", "medium", "high"] | str
    """How much of the pages found is read, default `medium`."""
    user_location: UserLocation


class PromptCacheOptions(TypedDict, total=False):
    """How OpenAI's prompt cache is used."""

    mode: Literal["implicit", "explicit"] | str
    """`explicit`: only at breakpoints marked in the messages. Default `implicit`."""
    ttl: Literal["30m"] | str
    """Minimum lifetime of entries."""


class ModerationMode(TypedDict):
    """What moderation does: report scores, or block."""

    mode: Literal["score", "block"] | str


class ModerationPolicy(TypedDict, total=False):
    """What moderation does to each side."""

    input: ModerationMode
    output: ModerationMode


class ModerationOptions(TypedDict, total=False):
    """Moderation of input and output beside the answer."""

    model: Required[str]
    """A moderation model, as `omni-moderation-latest`."""
    policy: ModerationPolicy


class Thinking(TypedDict):
    """DeepSeek: whether the model thinks before it answers."""

    type: Literal["enabled", "disabled"] | str


class ChatCompletionFields(TypedDict, total=False):
    """All of the request but `response_format`, which `parse` makes from a type."""

    model: Required[str]
    """As `gpt-5`, `claude-sonnet-4-5-20250929`, `deepseek-chat`; `client.models.list()` names yours."""
    messages: Required[Sequence[ChatMessage]]
    """The conversation, oldest first."""
    audio: AudioOutput
    """Required when `modalities` holds `audio`."""
    frequency_penalty: float
    """−2…2, default 0; above 0 discourages repeated words."""
    function_call: Literal["none", "auto"] | ToolName
    """Old form of `tool_choice`."""
    functions: Sequence[FunctionDefinition]
    """Old form of `tools`."""
    logit_bias: Mapping[str, int]
    """Token id (as text) → −100…100, added to its logit."""
    logprobs: bool
    """True returns the log probability of each output token."""
    max_completion_tokens: int
    """Limit of output tokens, thinking included."""
    max_tokens: int
    """Older limit of output tokens; OpenAI's reasoning models refuse it, DeepSeek wants it."""
    metadata: Mapping[str, str]
    """Up to 16 pairs, keys up to 64 and values up to 512 characters."""
    modalities: Sequence[Literal["text", "audio"] | str]
    """Kinds of output, default `["text"]`."""
    moderation: ModerationOptions
    n: int
    """Number of alternative answers, 1…128, default 1; each is paid for."""
    parallel_tool_calls: bool
    """False allows one tool call per answer, default true."""
    prediction: Prediction
    presence_penalty: float
    """−2…2, default 0; above 0 encourages new topics."""
    prompt_cache_key: str
    """Groups requests with a common prefix, for more cache hits."""
    prompt_cache_options: PromptCacheOptions
    prompt_cache_retention: Literal["in_memory", "24h"] | str
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str
    """How long a reasoning model thinks; which words it takes depends on the model."""
    safety_identifier: str
    """A stable, anonymous id of your user."""
    seed: int
    """Same seed and request: mostly the same answer. No guarantee."""
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | str
    stop: str | Sequence[str]
    """Up to four texts at which the output ends; they are not part of it."""
    store: bool
    """True keeps the answer at the provider for later use there."""
    stream_options: StreamOptions
    """Streams only."""
    temperature: float
    """0…2, default 1; higher is more random. Reasoning models take only their default."""
    thinking: Thinking
    """DeepSeek only."""
    tool_choice: ToolChoice
    """Default `auto` with tools, `none` without."""
    tools: Sequence[Tool]
    """Up to 128."""
    top_logprobs: int
    """0…20 alternatives per token; needs `logprobs=True`."""
    top_p: float
    """0…1, default 1: only the most likely tokens that make up this share are considered."""
    user: str
    """Older form of `safety_identifier` and `prompt_cache_key`."""
    verbosity: Literal["low", "medium", "high"] | str
    """How long the answers are, default `medium`."""
    web_search_options: WebSearchOptions
    """Search models only."""


class ChatCompletionRequest(ChatCompletionFields, total=False):
    """The JSON body of a chat completion."""

    response_format: ResponseFormat
    """What the text of the answer is, default free text."""


class ChatCompletionParams(ChatCompletionRequest, RequestOptions, total=False):
    """What `chat.completions.create` and `stream` take."""


class ChatCompletionParseParams(ChatCompletionFields, RequestOptions, total=False):
    """What `chat.completions.parse` takes beside the type."""
