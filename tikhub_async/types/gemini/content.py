"""Parts of a Gemini answer.

A part is a one-of without a tag: exactly one of its keys says what it is, side keys (`thought`,
`thoughtSignature`, metadata) may stand beside it. So it is one struct whose `kind` names the key.

Invariant: parts and what is inside them refuse unknown fields, so that a part with one takes the lenient path
of decoding, which remembers it as received. A part without one is rebuilt from its fields. Both ways
`to_param` loses nothing.
"""

from typing import Any

from tikhub_async.types._base import Model, Number, Source
from tikhub_async.types.gemini.request import GeminiContent, GeminiPartParam


class _Exact(Model, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class GeminiBlob(_Exact, frozen=True, kw_only=True):
    """Bytes inside the answer: an image, audio."""

    mime_type: str | None = None
    data: str = ""
    """Base64."""
    display_name: str | None = None


class GeminiFileData(_Exact, frozen=True, kw_only=True):
    """A file by its address."""

    file_uri: str = ""
    mime_type: str | None = None
    display_name: str | None = None


class GeminiPartialArg(_Exact, frozen=True, kw_only=True):
    """A piece of one argument of a call whose arguments are streamed."""

    json_path: str = ""
    """Which argument, as `$.city` or `$.stops[0].name`."""
    string_value: str | None = None
    number_value: Number | None = None
    bool_value: bool | None = None
    null_value: str | None = None
    """`NULL_VALUE` when the argument is null."""
    will_continue: bool | None = None
    """True: more text for the same argument follows."""


class GeminiFunctionCall(_Exact, frozen=True, kw_only=True):
    """A call of one of the caller's functions; answer it with a `function_response` part."""

    id: str | None = None
    name: str = ""
    args: dict[str, Any] = {}
    partial_args: list[GeminiPartialArg] | None = None
    """Only in events of a stream with `stream_function_call_arguments`; the result has them in `args`."""
    will_continue: bool | None = None
    """True in a result: the stream ended inside this call, `args` are not whole and it must not be run."""


class GeminiPartMediaResolution(_Exact, frozen=True, kw_only=True):
    """How finely a media part is read."""

    level: str | None = None
    num_tokens: int | None = None


class GeminiVideoMetadata(_Exact, frozen=True, kw_only=True):
    """Which piece of a video."""

    start_offset: str | None = None
    """Seconds with an `s`, as `1.5s`; the same for `end_offset`."""
    end_offset: str | None = None
    fps: Number | None = None
    content_layers: list[str] | None = None


class GeminiDocumentMetadata(_Exact, frozen=True, kw_only=True):
    """Which pages of a document."""

    start_page: int | None = None
    end_page: int | None = None
    content_layers: list[str] | None = None


class GeminiSpreadsheetMetadata(_Exact, frozen=True, kw_only=True):
    """Which cells of a spreadsheet."""

    visible_cells: str | None = None
    sheet_index: int | None = None
    content_layers: list[str] | None = None


class GeminiAudioMetadata(_Exact, frozen=True, kw_only=True):
    """Which piece of a recording."""

    start_offset: str | None = None
    end_offset: str | None = None


class GeminiFunctionResponsePart(_Exact, frozen=True, kw_only=True):
    """Media inside a function response."""

    inline_data: GeminiBlob | None = None
    file_data: GeminiFileData | None = None
    media_processing: str | None = None
    media_resolution: GeminiPartMediaResolution | None = None
    video_metadata: GeminiVideoMetadata | None = None
    document_metadata: GeminiDocumentMetadata | None = None
    spreadsheet_metadata: GeminiSpreadsheetMetadata | None = None
    audio_metadata: GeminiAudioMetadata | None = None


class GeminiFunctionResponse(_Exact, frozen=True, kw_only=True):
    """What a function returned."""

    id: str | None = None
    name: str = ""
    response: dict[str, Any] = {}
    parts: list[GeminiFunctionResponsePart] | None = None
    scheduling: str | None = None
    will_continue: bool | None = None


class GeminiExecutableCode(_Exact, frozen=True, kw_only=True):
    """A program the model wrote and ran."""

    language: str | None = None
    """`PYTHON`."""
    code: str = ""
    id: str | None = None


class GeminiCodeExecutionResult(_Exact, frozen=True, kw_only=True):
    """What that program printed."""

    outcome: str | None = None
    """`OUTCOME_OK`, `OUTCOME_FAILED`, `OUTCOME_DEADLINE_EXCEEDED`."""
    output: str | None = None
    id: str | None = None


class GeminiToolCall(_Exact, frozen=True, kw_only=True):
    """A call of a tool that runs at the provider."""

    id: str | None = None
    tool_type: str | None = None
    args: dict[str, Any] | None = None


class GeminiToolResponse(_Exact, frozen=True, kw_only=True):
    """What that tool returned."""

    id: str | None = None
    tool_type: str | None = None
    response: dict[str, Any] | None = None


class GeminiWord(_Exact, frozen=True, kw_only=True):
    """One word of a transcription."""

    word: str = ""
    start_offset: str | None = None
    end_offset: str | None = None


class GeminiTranscription(_Exact, frozen=True, kw_only=True):
    """Speech as text."""

    text: str = ""
    finished: bool | None = None
    language_code: str | None = None
    speaker_label: str | None = None
    words: list[GeminiWord] | None = None
    start_offset: str | None = None
    end_offset: str | None = None


class GeminiSpeechMetadata(_Exact, frozen=True, kw_only=True):
    """Who speaks, and how."""

    speaker: str | None = None
    style: str | None = None


KINDS = (
    "text",
    "function_call",
    "inline_data",
    "executable_code",
    "code_execution_result",
    "file_data",
    "function_response",
    "tool_call",
    "tool_response",
    "audio_transcription",
)
"""Fields of a part that say what it is."""

FREE_FORM = (
    ("function_call", "functionCall", "args"),
    ("function_response", "functionResponse", "response"),
    ("tool_call", "toolCall", "args"),
    ("tool_response", "toolResponse", "response"),
)
"""Where nulls are the user's or the model's own data: field, wire key, member."""


class GeminiPart(Source, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One part of an answer: text, a call, an image, …; `kind` says which."""

    text: str | None = None
    thought: bool | None = None
    """True: this part is a summary of the model's thinking, not of the answer."""
    thought_signature: str | None = None
    """Base64 proof of the thinking before this part; must be sent back on this very part."""
    function_call: GeminiFunctionCall | None = None
    inline_data: GeminiBlob | None = None
    file_data: GeminiFileData | None = None
    executable_code: GeminiExecutableCode | None = None
    code_execution_result: GeminiCodeExecutionResult | None = None
    function_response: GeminiFunctionResponse | None = None
    tool_call: GeminiToolCall | None = None
    tool_response: GeminiToolResponse | None = None
    audio_transcription: GeminiTranscription | None = None
    video_metadata: GeminiVideoMetadata | None = None
    media_resolution: GeminiPartMediaResolution | None = None
    media_processing: str | None = None
    part_metadata: dict[str, Any] | None = None
    speech_metadata: GeminiSpeechMetadata | None = None
    document_metadata: GeminiDocumentMetadata | None = None
    spreadsheet_metadata: GeminiSpreadsheetMetadata | None = None
    audio_metadata: GeminiAudioMetadata | None = None

    @property
    def kind(self) -> str:
        """Which field holds the content, as `text` or `function_call`.

        For a kind this version does not know: the key on the wire (`wire()` has its content). `""` for a part
        with side keys only.
        """
        for name in KINDS:
            if getattr(self, name) is not None:
                return name
        known = set(type(self).__struct_encode_fields__)
        return next((key for key in self.wire() if key not in known), "")

    def to_param(self) -> GeminiPartParam:
        """This part for a request: in the wire's own keys, signature and unknown fields kept, without nulls."""
        part = self.wire()
        for name, key, member in FREE_FORM:
            if (struct := getattr(self, name)) is not None and (data := getattr(struct, member)) is not None:
                part[key][member] = data
        if self.part_metadata is not None:
            part["partMetadata"] = self.part_metadata
        return part  # type: ignore[no-any-return]


class GeminiCandidateContent(Model, frozen=True, kw_only=True, gc=False):
    """One turn of the model."""

    role: str | None = None
    """`model`."""
    parts: list[GeminiPart] = []

    def to_param(self) -> GeminiContent:
        """This turn for the next request's `contents`."""
        return {"role": "user" if self.role == "user" else "model", "parts": [part.to_param() for part in self.parts]}
