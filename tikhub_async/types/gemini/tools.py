"""Tools that a Gemini request may offer."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict


class GeminiSchema(TypedDict, total=False):
    """A value's shape in Google's subset of OpenAPI; names of properties are never changed."""

    type: Literal["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"] | str
    format: str
    title: str
    description: str
    nullable: bool
    enum: Sequence[str]
    items: "GeminiSchema"
    max_items: int
    min_items: int
    properties: "Mapping[str, GeminiSchema]"
    required: Sequence[str]
    min_properties: int
    max_properties: int
    minimum: float
    maximum: float
    min_length: int
    max_length: int
    pattern: str
    example: Any
    any_of: "Sequence[GeminiSchema]"
    property_ordering: Sequence[str]
    default: Any
    additional_properties: Any


class GeminiFunctionDeclaration(TypedDict, total=False):
    """A function that the caller runs."""

    name: Required[str]
    description: str
    parameters: GeminiSchema
    parameters_json_schema: Any
    """A JSON schema instead of `parameters`, sent unchanged."""
    response: GeminiSchema
    response_json_schema: Any
    """A JSON schema instead of `response`, sent unchanged."""
    behavior: Literal["BLOCKING", "NON_BLOCKING"]


class GeminiInterval(TypedDict, total=False):
    """A stretch of time."""

    start_time: str
    """ISO 8601, the same for `end_time`."""
    end_time: str


class GeminiSearchTypes(TypedDict, total=False):
    """What to search; each value is `{}`."""

    web_search: Mapping[str, Any]
    image_search: Mapping[str, Any]


class GeminiGoogleSearch(TypedDict, total=False):
    """Google Search at the provider."""

    search_types: GeminiSearchTypes
    time_range_filter: GeminiInterval
    exclude_domains: Sequence[str]
    blocking_confidence: str


class GeminiDynamicRetrieval(TypedDict, total=False):
    """When to search."""

    mode: Literal["MODE_UNSPECIFIED", "MODE_DYNAMIC"]
    dynamic_threshold: float


class GeminiGoogleSearchRetrieval(TypedDict, total=False):
    """Google Search for Gemini 1.5."""

    dynamic_retrieval_config: GeminiDynamicRetrieval


class GeminiEnterpriseWebSearch(TypedDict, total=False):
    """Web search for enterprises."""

    exclude_domains: Sequence[str]
    blocking_confidence: str


class GeminiComputerUse(TypedDict, total=False):
    """Control of a browser that the caller runs."""

    environment: Literal["ENVIRONMENT_BROWSER"] | str
    excluded_predefined_functions: Sequence[str]
    enable_prompt_injection_detection: bool
    disabled_safety_policies: Sequence[str]


class GeminiFileSearch(TypedDict, total=False):
    """Search in uploaded files."""

    file_search_store_names: Sequence[str]
    top_k: int
    metadata_filter: str


class GeminiApiKeyConfig(TypedDict, total=False):
    """A key for an outside service."""

    name: str
    api_key_secret: str
    api_key_string: str
    http_element_location: str


class GeminiGoogleServiceAccountConfig(TypedDict, total=False):
    """A service account for an outside service."""

    service_account: str


class GeminiHttpBasicAuthConfig(TypedDict, total=False):
    """User and password for an outside service, from a secret store."""

    credential_secret: str


class GeminiOauthConfig(TypedDict, total=False):
    """An OAuth token for an outside service."""

    access_token: str
    service_account: str


class GeminiOidcConfig(TypedDict, total=False):
    """An OpenID token for an outside service."""

    id_token: str
    service_account: str


class GeminiAuthConfig(TypedDict, total=False):
    """How the provider signs in at an outside service."""

    auth_type: str
    api_key: str
    api_key_config: GeminiApiKeyConfig
    google_service_account_config: GeminiGoogleServiceAccountConfig
    http_basic_auth_config: GeminiHttpBasicAuthConfig
    oauth_config: GeminiOauthConfig
    oidc_config: GeminiOidcConfig


class GeminiGoogleMaps(TypedDict, total=False):
    """Google Maps at the provider."""

    enable_widget: bool
    auth_config: GeminiAuthConfig
    grounding_types: Mapping[str, Any]
    """`{"places": {}, "routing": {}}`."""


class GeminiDataStoreSpec(TypedDict, total=False):
    """A store to search."""

    data_store: str
    filter: str


class GeminiVertexAiSearch(TypedDict, total=False):
    """Retrieval from Vertex AI Search."""

    datastore: str
    engine: str
    data_store_specs: Sequence[GeminiDataStoreSpec]
    filter: str
    max_results: int


class GeminiRagResource(TypedDict, total=False):
    """A corpus, or files of it."""

    rag_corpus: str
    rag_file_ids: Sequence[str]


class GeminiRagFilter(TypedDict, total=False):
    """Which passages count."""

    metadata_filter: str
    vector_distance_threshold: float
    vector_similarity_threshold: float


class GeminiRagRanker(TypedDict, total=False):
    """A model that orders passages."""

    model_name: str


class GeminiRagRanking(TypedDict, total=False):
    """How passages are ordered."""

    llm_ranker: GeminiRagRanker
    rank_service: GeminiRagRanker


class GeminiRagHybridSearch(TypedDict, total=False):
    """Vectors and words together."""

    alpha: float
    """0 words only … 1 vectors only."""


class GeminiRagRetrieval(TypedDict, total=False):
    """How a corpus is searched."""

    top_k: int
    filter: GeminiRagFilter
    hybrid_search: GeminiRagHybridSearch
    ranking: GeminiRagRanking


class GeminiVertexRagStore(TypedDict, total=False):
    """Retrieval from a Vertex RAG corpus."""

    rag_corpora: Sequence[str]
    rag_resources: Sequence[GeminiRagResource]
    rag_retrieval_config: GeminiRagRetrieval
    similarity_top_k: int
    vector_distance_threshold: float
    store_context: bool


class GeminiElasticSearch(TypedDict, total=False):
    """Which index of an Elasticsearch."""

    index: str
    num_hits: int
    search_template: str


class GeminiApiKeySecret(TypedDict, total=False):
    """A key kept in a secret store, or as text."""

    api_key_secret_version: str
    api_key_string: str


class GeminiApiAuth(TypedDict, total=False):
    """The older form of `auth_config`."""

    api_key_config: GeminiApiKeySecret


class GeminiExternalApi(TypedDict, total=False):
    """Retrieval from the caller's own search service."""

    endpoint: str
    api_spec: Literal["SIMPLE_SEARCH", "ELASTIC_SEARCH"] | str
    api_auth: GeminiApiAuth
    auth_config: GeminiAuthConfig
    elastic_search_params: GeminiElasticSearch
    simple_search_params: Mapping[str, Any]


class GeminiRetrieval(TypedDict, total=False):
    """Retrieval from the caller's own data."""

    vertex_ai_search: GeminiVertexAiSearch
    vertex_rag_store: GeminiVertexRagStore
    external_api: GeminiExternalApi
    disable_attribution: bool


class GeminiParallelAiSearch(TypedDict, total=False):
    """Search by parallel.ai."""

    api_key: str
    custom_configs: Mapping[str, Any]
    enable_data_retention: bool
    enable_zero_data_retention: bool


class GeminiExaAiSearch(TypedDict, total=False):
    """Search by exa.ai."""

    api_key: str
    custom_configs: Mapping[str, Any]


class GeminiMcpTransport(TypedDict, total=False):
    """Where an MCP server is."""

    url: str
    headers: Mapping[str, str]
    timeout: str
    """Seconds with an `s`, the same for `sse_read_timeout`."""
    sse_read_timeout: str
    terminate_on_close: bool


class GeminiMcpServer(TypedDict, total=False):
    """An MCP server that the provider calls."""

    name: str
    streamable_http_transport: GeminiMcpTransport


class GeminiTool(TypedDict, total=False):
    """Tools; one key per entry of the list, as `{"google_search": {}}`."""

    function_declarations: Sequence[GeminiFunctionDeclaration]
    google_search: GeminiGoogleSearch
    google_search_retrieval: GeminiGoogleSearchRetrieval
    enterprise_web_search: GeminiEnterpriseWebSearch
    code_execution: Mapping[str, Any]
    url_context: Mapping[str, Any]
    google_maps: GeminiGoogleMaps
    file_search: GeminiFileSearch
    computer_use: GeminiComputerUse
    retrieval: GeminiRetrieval
    parallel_ai_search: GeminiParallelAiSearch
    exa_ai_search: GeminiExaAiSearch
    mcp_servers: Sequence[GeminiMcpServer]


class GeminiFunctionCalling(TypedDict, total=False):
    """Whether, and which, function is to be called."""

    mode: Literal["AUTO", "ANY", "NONE", "VALIDATED"] | str
    allowed_function_names: Sequence[str]
    """Only with `ANY` and `VALIDATED`."""
    stream_function_call_arguments: bool
    """True: arguments arrive piece by piece (Vertex hosts only)."""


class GeminiLatLng(TypedDict, total=False):
    """A point on the map, in degrees."""

    latitude: float
    longitude: float


class GeminiRetrievalConfig(TypedDict, total=False):
    """Where and in which language the user is."""

    lat_lng: GeminiLatLng
    language_code: str


class GeminiToolConfig(TypedDict, total=False):
    """How tools are used."""

    function_calling_config: GeminiFunctionCalling
    retrieval_config: GeminiRetrievalConfig
    include_server_side_tool_invocations: bool
