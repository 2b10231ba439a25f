"""What is sent to `:generateContent` and `:streamGenerateContent`, as TypedDicts with snake_case keys.

The wire has camelCase keys; `_wire.gemini.to_wire` renames what these classes declare and nothing else.
camelCase keys pass unchanged, so pasted JSON works as it is.

Source: the body pages of the documentation (411630957e0) could not be read; fields are Google's. The gateway
drops `generation_config` in snake_case but keeps `system_instruction`, so nothing leaves in snake_case.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

from tikhub_async.types._base import RequestOptions
from tikhub_async.types.gemini.tools import GeminiSchema, GeminiTool, GeminiToolConfig

MediaLevel = (
    Literal[
        "MEDIA_RESOLUTION_LOW",
        "MEDIA_RESOLUTION_MEDIUM",
        "MEDIA_RESOLUTION_HIGH",
        "MEDIA_RESOLUTION_ULTRA_HIGH",
    ]
    | str
)
"""How finely an input is looked at, which is what it costs in tokens."""


class GeminiBlobParam(TypedDict, total=False):
    """Bytes inside the request."""

    mime_type: Required[str]
    data: Required[str]
    """Base64."""
    display_name: str


class GeminiFileDataParam(TypedDict, total=False):
    """A file that the provider fetches."""

    file_uri: Required[str]
    mime_type: str
    display_name: str


class GeminiMediaResolutionParam(TypedDict, total=False):
    """How finely one media part is read."""

    level: MediaLevel
    num_tokens: int


class GeminiVideoMetadataParam(TypedDict, total=False):
    """Which piece of a video, and how finely."""

    start_offset: str
    """Seconds with an `s`, as `1.5s`; the same for `end_offset`."""
    end_offset: str
    fps: float
    """Frames read per second, > 0, ≤ 24. Default 1."""
    content_layers: Sequence[str]


class GeminiDocumentMetadataParam(TypedDict, total=False):
    """Which pages of a document."""

    start_page: int
    end_page: int
    content_layers: Sequence[str]


class GeminiSpreadsheetMetadataParam(TypedDict, total=False):
    """Which cells of a spreadsheet."""

    visible_cells: str
    sheet_index: int
    content_layers: Sequence[str]


class GeminiAudioMetadataParam(TypedDict, total=False):
    """Which piece of a recording."""

    start_offset: str
    end_offset: str


class GeminiFunctionCallParam(TypedDict, total=False):
    """A call of an earlier turn."""

    id: str
    name: Required[str]
    args: Mapping[str, Any]
    """Sent unchanged."""


class GeminiFunctionResponsePartParam(TypedDict, total=False):
    """Media inside a function response."""

    inline_data: GeminiBlobParam
    file_data: GeminiFileDataParam
    media_resolution: GeminiMediaResolutionParam
    media_processing: str
    video_metadata: GeminiVideoMetadataParam
    document_metadata: GeminiDocumentMetadataParam
    spreadsheet_metadata: GeminiSpreadsheetMetadataParam
    audio_metadata: GeminiAudioMetadataParam


class GeminiFunctionResponseParam(TypedDict, total=False):
    """What a function returned, in the user turn after the call."""

    id: str
    """The call's id, where it had one."""
    name: Required[str]
    response: Required[Mapping[str, Any]]
    """An object, sent unchanged; by convention `{"output": …}` or `{"error": …}`."""
    parts: Sequence[GeminiFunctionResponsePartParam]
    scheduling: Literal["SILENT", "WHEN_IDLE", "INTERRUPT"]
    will_continue: bool


class GeminiExecutableCodeParam(TypedDict, total=False):
    """A program of an earlier turn."""

    language: str
    code: Required[str]
    id: str


class GeminiCodeExecutionResultParam(TypedDict, total=False):
    """What that program printed."""

    outcome: str
    output: str
    id: str


class GeminiToolCallParam(TypedDict, total=False):
    """A call of a provider's tool, sent back unchanged."""

    id: str
    tool_type: str
    args: Mapping[str, Any]


class GeminiToolResponseParam(TypedDict, total=False):
    """Its result, sent back unchanged."""

    id: str
    tool_type: str
    response: Mapping[str, Any]


class GeminiSpeechMetadataParam(TypedDict, total=False):
    """Who speaks, and how."""

    speaker: str
    style: str


class GeminiPartParam(TypedDict, total=False):
    """One part of a turn: one content key, as `text` or `inline_data`, and side keys."""

    text: str
    inline_data: GeminiBlobParam
    file_data: GeminiFileDataParam
    function_call: GeminiFunctionCallParam
    function_response: GeminiFunctionResponseParam
    executable_code: GeminiExecutableCodeParam
    code_execution_result: GeminiCodeExecutionResultParam
    tool_call: GeminiToolCallParam
    tool_response: GeminiToolResponseParam
    audio_transcription: Mapping[str, Any]
    """As received."""
    thought: bool
    thought_signature: str
    """Base64, as received, on the part it came with."""
    video_metadata: GeminiVideoMetadataParam
    media_resolution: GeminiMediaResolutionParam
    media_processing: str
    part_metadata: Mapping[str, Any]
    """Sent unchanged."""
    speech_metadata: GeminiSpeechMetadataParam
    document_metadata: GeminiDocumentMetadataParam
    spreadsheet_metadata: GeminiSpreadsheetMetadataParam
    audio_metadata: GeminiAudioMetadataParam


class GeminiContent(TypedDict, total=False):
    """One turn. Annotate a history kept in a variable: `history: list[GeminiContent] = [...]`."""

    role: Literal["user", "model"]
    parts: Required[Sequence[GeminiPartParam]]


class GeminiSafetySetting(TypedDict, total=False):
    """From which probability on a category of harm is blocked."""

    category: Required[
        Literal[
            "HARM_CATEGORY_HARASSMENT",
            "HARM_CATEGORY_HATE_SPEECH",
            "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "HARM_CATEGORY_DANGEROUS_CONTENT",
            "HARM_CATEGORY_CIVIC_INTEGRITY",
        ]
        | str
    ]
    threshold: Required[
        Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]
    ]
    method: Literal["SEVERITY", "PROBABILITY"]


class GeminiThinkingConfig(TypedDict, total=False):
    """How much the model thinks, and whether it shows a summary."""

    include_thoughts: bool
    thinking_budget: int
    """Tokens; 0 off, -1 as the model likes."""
    thinking_level: Literal["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] | str
    """Newer models; not together with `thinking_budget`."""


class GeminiImageOutputOptions(TypedDict, total=False):
    """File format of generated images."""

    mime_type: str
    compression_quality: int
    """0–100."""


class GeminiImageConfig(TypedDict, total=False):
    """Generated images."""

    aspect_ratio: Literal["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "21:9"] | str
    image_size: Literal["1K", "2K", "4K"] | str
    person_generation: str
    prominent_people: str
    output_mime_type: str
    output_compression_quality: int
    image_output_options: GeminiImageOutputOptions


class GeminiPrebuiltVoice(TypedDict, total=False):
    """One of the provider's voices."""

    voice_name: str
    """As `Kore`."""


class GeminiVoiceConsent(TypedDict, total=False):
    """Proof of a speaker's consent."""

    signature: str


class GeminiReplicatedVoice(TypedDict, total=False):
    """A voice made from a sample."""

    mime_type: str
    voice_sample_audio: str
    """Base64, the same for `consent_audio`."""
    consent_audio: str
    voice_consent_signature: GeminiVoiceConsent


class GeminiVoiceConfig(TypedDict, total=False):
    """A voice."""

    prebuilt_voice_config: GeminiPrebuiltVoice
    replicated_voice_config: GeminiReplicatedVoice
    voice: str


class GeminiSpeakerVoice(TypedDict, total=False):
    """The voice of one speaker of the prompt."""

    speaker: str
    voice_config: GeminiVoiceConfig


class GeminiMultiSpeakerVoice(TypedDict, total=False):
    """A voice for each speaker."""

    speaker_voice_configs: Sequence[GeminiSpeakerVoice]


class GeminiSpeechConfig(TypedDict, total=False):
    """Generated speech."""

    voice_config: GeminiVoiceConfig
    multi_speaker_voice_config: GeminiMultiSpeakerVoice
    language_code: str


class GeminiAutoRouting(TypedDict, total=False):
    """The provider picks the model."""

    model_routing_preference: Literal["UNKNOWN", "PRIORITIZE_QUALITY", "BALANCED", "PRIORITIZE_COST"]


class GeminiManualRouting(TypedDict, total=False):
    """The caller picks the model."""

    model_name: str


class GeminiRoutingConfig(TypedDict, total=False):
    """Which model answers (Vertex hosts only)."""

    auto_mode: GeminiAutoRouting
    manual_mode: GeminiManualRouting


class GeminiModelSelection(TypedDict, total=False):
    """What matters in choosing a model (Vertex hosts only)."""

    feature_selection_preference: str


class GeminiTranslationConfig(TypedDict, total=False):
    """Translated speech."""

    target_language_code: str
    echo_target_language: bool


class GeminiLanguageHints(TypedDict, total=False):
    """Languages that are likely."""

    language_codes: Sequence[str]


class GeminiTranscriptionConfig(TypedDict, total=False):
    """Speech to text."""

    language_codes: Sequence[str]
    language_auto: Mapping[str, Any]
    language_hints: GeminiLanguageHints
    custom_vocabulary: Sequence[str]
    adaptation_phrases: Sequence[str]
    word_timestamp: bool
    diarization: bool
    mode: str
    source_text: str


class GeminiMediaFormat(TypedDict, total=False):
    """Format of one kind of output; each kind uses the keys it knows."""

    mime_type: str
    delivery: str
    bit_rate: int
    sample_rate: int
    """Hz."""
    aspect_ratio: str
    image_size: str
    duration: str
    """Seconds with an `s`."""
    resolution: str
    gcs_uri: str
    schema: Any
    """A JSON schema, sent unchanged (text)."""


class GeminiResponseFormat(TypedDict, total=False):
    """Format of one output."""

    text: GeminiMediaFormat
    image: GeminiMediaFormat
    audio: GeminiMediaFormat
    video: GeminiMediaFormat


class GeminiGenerationSettings(TypedDict, total=False):
    """How the answer is generated, its format aside."""

    temperature: float
    """0–2."""
    top_p: float
    """0–1."""
    top_k: int
    candidate_count: int
    """Answers to generate, 1–8. Default 1."""
    max_output_tokens: int
    """Thinking included."""
    stop_sequences: Sequence[str]
    """At most 5."""
    presence_penalty: float
    frequency_penalty: float
    seed: int
    response_logprobs: bool
    logprobs: int
    """Likeliest tokens per step, 0–20; needs `response_logprobs`."""
    response_modalities: Sequence[Literal["TEXT", "IMAGE", "AUDIO", "VIDEO"] | str]
    thinking_config: GeminiThinkingConfig
    image_config: GeminiImageConfig
    speech_config: GeminiSpeechConfig
    media_resolution: MediaLevel
    audio_timestamp: bool
    routing_config: GeminiRoutingConfig
    model_selection_config: GeminiModelSelection
    enable_affective_dialog: bool
    enable_enhanced_civic_answers: bool
    response_format: Sequence[GeminiResponseFormat]
    translation_config: GeminiTranslationConfig
    audio_transcription_config: GeminiTranscriptionConfig


class GeminiGenerationConfig(GeminiGenerationSettings, total=False):
    """How the answer is generated."""

    response_mime_type: Literal["text/plain", "application/json", "text/x.enum"] | str
    response_schema: GeminiSchema
    """Needs `response_mime_type` `application/json`."""
    response_json_schema: Any
    """A JSON schema instead of `response_schema`, sent unchanged."""


class GeminiModelArmor(TypedDict, total=False):
    """Filters of Model Armor (Vertex hosts only)."""

    prompt_template_name: str
    response_template_name: str


class GeminiOutputConfig(TypedDict, total=False):
    """Where generated media goes (Vertex hosts only)."""

    output_uri_prefix: str
    """`gs://bucket/prefix/`; the answer then has `file_data` in place of inline bytes."""


class _ContentKeys(TypedDict, total=False):
    contents: Required[str | Sequence[GeminiContent]]
    """Turns, oldest first; a text is one turn of the user."""
    system_instruction: str | GeminiContent
    tools: Sequence[GeminiTool]
    tool_config: GeminiToolConfig
    safety_settings: Sequence[GeminiSafetySetting]
    cached_content: str
    """As `cachedContents/abc`."""
    labels: Mapping[str, str]
    """Sent unchanged (Vertex hosts only)."""
    service_tier: Literal["standard", "flex", "priority"] | str
    store: bool
    model_armor_config: GeminiModelArmor
    continuation_token: str
    """`candidates[0].continuation_token` of an answer that stopped with `CONTINUATION`, as it came: goes on with it."""
    output_config: GeminiOutputConfig


class GeminiGenerateContentRequest(_ContentKeys, total=False):
    """Body of `POST /v1beta/models/{model}:generateContent`."""

    generation_config: GeminiGenerationConfig


class GeminiGenerateContentParams(GeminiGenerateContentRequest, RequestOptions, total=False):
    """Keywords of `models.generate_content` and `models.generate_content_stream`."""

    model: Required[str]
    """As `gemini-2.5-flash`; stands in the path, not in the body."""


class GeminiParseParams(_ContentKeys, RequestOptions, total=False):
    """Keywords of `models.parse` beside `response_format`, which fills `response_json_schema`."""

    model: Required[str]
    """As `gemini-2.5-flash`; stands in the path, not in the body."""
    generation_config: GeminiGenerationSettings
