"""Tools beside your own functions: run by the provider, or by you on the provider's terms.

Whether a model and the gateway's channel serve a hosted tool is decided there, not here: one that
is not served is refused with a 400 of the provider.

Source: OpenAI's Responses protocol as its Python SDK 3.57 types it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypedDict

ResponseToolCaller = Literal["direct", "programmatic"]
"""Who may call a tool: the model itself, or a program that the model writes."""


class ComparisonFilter(TypedDict, total=False):
    """One test on a file attribute."""

    type: Required[Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]]
    key: Required[str]
    value: Required[str | float | bool | Sequence[str | float]]


class CompoundFilter(TypedDict, total=False):
    """Several filters joined by `and` or `or`."""

    type: Required[Literal["and", "or"]]
    filters: Required[Sequence["ComparisonFilter | CompoundFilter"]]


class HybridSearchWeights(TypedDict, total=False):
    """How much embedding and keyword matches count against each other."""

    embedding_weight: Required[float]
    text_weight: Required[float]


class FileSearchRanking(TypedDict, total=False):
    """How file search ranks its results."""

    ranker: Literal["auto", "default-2024-11-15"] | str
    score_threshold: float
    """0–1; results below it are left out."""
    hybrid_search: HybridSearchWeights


class FileSearchToolParam(TypedDict, total=False):
    """Search in vector stores that exist at the provider."""

    type: Required[Literal["file_search"]]
    vector_store_ids: Required[Sequence[str]]
    filters: ComparisonFilter | CompoundFilter
    max_num_results: int
    """1–50."""
    ranking_options: FileSearchRanking


class SearchUserLocation(TypedDict, total=False):
    """Roughly where the person asking is."""

    type: Literal["approximate"]
    city: str
    country: str
    """ISO 3166-1, two letters."""
    region: str
    timezone: str
    """IANA name, as `Europe/Madrid`."""


class WebSearchFilters(TypedDict, total=False):
    """Which sites a web search may use."""

    allowed_domains: Sequence[str]
    """Subdomains included. Default: all."""


class WebSearchToolParam(TypedDict, total=False):
    """Web search, run by the provider."""

    type: Required[Literal["web_search", "web_search_2025_08_26"]]
    filters: WebSearchFilters
    search_context_size: Literal["low", "medium", "high"]
    """How much of the context window results may take. Default: medium."""
    user_location: SearchUserLocation
    external_web_access: bool
    """False answers from the provider's cache only. Default: true."""


class WebSearchPreviewToolParam(TypedDict, total=False):
    """The older web search tool."""

    type: Required[Literal["web_search_preview", "web_search_preview_2025_03_11"]]
    search_context_size: Literal["low", "medium", "high"]
    user_location: SearchUserLocation
    search_content_types: Sequence[Literal["text", "image"]]


class McpToolFilter(TypedDict, total=False):
    """Some tools of an MCP server, by name or by whether they only read."""

    tool_names: Sequence[str]
    read_only: bool


class McpApprovalFilter(TypedDict, total=False):
    """Which tools of an MCP server need your approval."""

    always: McpToolFilter
    never: McpToolFilter


class McpToolParam(TypedDict, total=False):
    """Tools of a remote MCP server, called by the provider. Give one of url, connector or tunnel."""

    type: Required[Literal["mcp"]]
    server_label: Required[str]
    """Your name for the server; tool calls carry it."""
    server_url: str
    connector_id: (
        Literal[
            "connector_dropbox",
            "connector_gmail",
            "connector_googlecalendar",
            "connector_googledrive",
            "connector_microsoftteams",
            "connector_outlookcalendar",
            "connector_outlookemail",
            "connector_sharepoint",
        ]
        | str
    )
    tunnel_id: str
    server_description: str
    authorization: str
    """OAuth token for that server; it is sent with every request and not stored."""
    headers: Mapping[str, str]
    allowed_tools: Sequence[str] | McpToolFilter
    require_approval: Literal["always", "never"] | McpApprovalFilter
    """Default: always. A tool that needs it gives an `mcp_approval_request` item."""
    allowed_callers: Sequence[ResponseToolCaller]
    defer_loading: bool


class NetworkPolicyDisabled(TypedDict, total=False):
    """No network in the container."""

    type: Required[Literal["disabled"]]


class NetworkDomainSecret(TypedDict, total=False):
    """A secret put into requests to one domain, never shown to the model."""

    domain: Required[str]
    name: Required[str]
    value: Required[str]


class NetworkPolicyAllowlist(TypedDict, total=False):
    """Network to listed domains only."""

    type: Required[Literal["allowlist"]]
    allowed_domains: Required[Sequence[str]]
    domain_secrets: Sequence[NetworkDomainSecret]


class CodeInterpreterContainer(TypedDict, total=False):
    """A container made for this request."""

    type: Required[Literal["auto"]]
    file_ids: Sequence[str]
    memory_limit: Literal["1g", "4g", "16g", "64g"]
    network_policy: NetworkPolicyDisabled | NetworkPolicyAllowlist


class CodeInterpreterToolParam(TypedDict, total=False):
    """Python, written by the model and run by the provider."""

    type: Required[Literal["code_interpreter"]]
    container: Required[str | CodeInterpreterContainer]
    """The id of a container, or the wish for a new one."""
    allowed_callers: Sequence[ResponseToolCaller]


class ProgrammaticToolCallingParam(TypedDict, total=False):
    """Lets the model call tools from a program that it writes."""

    type: Required[Literal["programmatic_tool_calling"]]


class ImageMask(TypedDict, total=False):
    """The mask of an image edit; one of both."""

    file_id: str
    image_url: str
    """Also a data URL with base64."""


class SvgReasoning(TypedDict, total=False):
    """How hard the SVG model thinks."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str


class SvgOptions(TypedDict, total=False):
    """How SVG images are made."""

    model: str
    reasoning: SvgReasoning


class ImageGenerationToolParam(TypedDict, total=False):
    """Image generation, run by the provider; the answer holds an `image_generation_call` item."""

    type: Required[Literal["image_generation"]]
    model: Literal["gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2"] | str
    action: Literal["generate", "edit", "auto"]
    background: Literal["transparent", "opaque", "auto"]
    complexity: Literal["low", "medium", "high"]
    frame_count: int
    frame_duration_ms: int
    input_fidelity: Literal["high", "low"]
    input_image_mask: ImageMask
    moderation: Literal["auto", "low"]
    output_compression: int
    """0–100, for webp and jpeg. Default: 100."""
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"]
    partial_images: int
    """0–3 previews while streaming. Default: 0."""
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"]
    size: Literal["1024x1024", "1024x1536", "1536x1024", "auto"] | str
    svg: SvgOptions


class ComputerToolParam(TypedDict, total=False):
    """A screen, mouse and keyboard that you operate for the model."""

    type: Required[Literal["computer"]]


class ComputerUsePreviewToolParam(TypedDict, total=False):
    """The older computer tool; sizes in pixels."""

    type: Required[Literal["computer_use_preview"]]
    display_height: Required[int]
    display_width: Required[int]
    environment: Required[Literal["windows", "mac", "linux", "ubuntu", "browser"]]


class LocalShellToolParam(TypedDict, total=False):
    """Shell commands that you run; the answer holds `local_shell_call` items."""

    type: Required[Literal["local_shell"]]


class SkillReference(TypedDict, total=False):
    """A skill stored at the provider."""

    type: Required[Literal["skill_reference"]]
    skill_id: Required[str]
    version: str
    """A whole number or `latest`."""


class InlineSkillSource(TypedDict, total=False):
    """A zipped skill."""

    type: Required[Literal["base64"]]
    media_type: Required[Literal["application/zip"]]
    data: Required[str]
    """The zip file as base64."""


class InlineSkill(TypedDict, total=False):
    """A skill sent with the request."""

    type: Required[Literal["inline"]]
    name: Required[str]
    description: Required[str]
    source: Required[InlineSkillSource]


class ShellContainer(TypedDict, total=False):
    """A container made for this request, in which the provider runs the commands."""

    type: Required[Literal["container_auto"]]
    file_ids: Sequence[str]
    memory_limit: Literal["1g", "4g", "16g", "64g"]
    network_policy: NetworkPolicyDisabled | NetworkPolicyAllowlist
    skills: Sequence[SkillReference | InlineSkill]


class ShellContainerReference(TypedDict, total=False):
    """A container that exists at the provider."""

    type: Required[Literal["container_reference"]]
    container_id: Required[str]


class LocalSkill(TypedDict, total=False):
    """A skill on your machine."""

    name: Required[str]
    description: Required[str]
    path: Required[str]
    """Its directory."""


class ShellLocalEnvironment(TypedDict, total=False):
    """Your own machine: you run the commands."""

    type: Required[Literal["local"]]
    skills: Sequence[LocalSkill]


class ShellToolParam(TypedDict, total=False):
    """Shell commands, run by the provider or by you; the answer holds `shell_call` items."""

    type: Required[Literal["shell"]]
    environment: ShellContainer | ShellLocalEnvironment | ShellContainerReference
    allowed_callers: Sequence[ResponseToolCaller]


class ApplyPatchToolParam(TypedDict, total=False):
    """File changes as diffs that you apply; the answer holds `apply_patch_call` items."""

    type: Required[Literal["apply_patch"]]
    allowed_callers: Sequence[ResponseToolCaller]
