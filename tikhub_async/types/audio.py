"""Transcription of speech, `POST /v1/audio/transcriptions`, a multipart form.

Source: https://ai-docs.tikhub.io/421251333e0. Its example asks for `json` and shows a verbose answer, with
words inside the segments; OpenAI answers `json` with the text alone and puts words beside the segments.
Both are read.
"""

import os
from collections.abc import Sequence
from typing import BinaryIO, ClassVar, Literal, Required, TypeAlias, TypedDict

from tikhub_async.types._base import Model, RequestOptions, Response, Unknown

AudioFile: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | tuple[str, bytes | BinaryIO]
"""A path, the bytes of a file, an open binary file, or any of the last two with a name: `("a.mp3", data)`.

The gateway tells formats by the name's suffix, in lower case: mp3, wav, flac, m4a, mp4, ogg, oga, opus,
aiff, aif, aifc, webm, aac. Bytes without a name cannot be sent to it as they are.
"""


class VoiceDetection(TypedDict, total=False):
    """How the audio is cut at silence."""

    type: Required[Literal["server_vad"]]
    prefix_padding_ms: int
    """Milliseconds kept before speech begins."""
    silence_duration_ms: int
    """Milliseconds of silence that end a piece."""
    threshold: float
    """0…1; higher needs louder speech."""


class TranscriptionRequest(TypedDict, total=False):
    """The form fields of a transcription."""

    file: Required[AudioFile]
    """The sound, at most 25 MB at OpenAI."""
    model: Required[str]
    """As `whisper-1`, `gpt-4o-transcribe`, `gpt-4o-transcribe-diarize`."""
    chunking_strategy: Literal["auto"] | VoiceDetection
    """How long audio is cut; the diarizing model needs it above 30 seconds."""
    include: Sequence[Literal["logprobs"] | str]
    """`logprobs`: `json` answers of the gpt-4o models only."""
    keywords: Sequence[str]
    """Words that are likely to occur, for models that take them."""
    known_speaker_names: Sequence[str]
    """Up to four names, in the order of `known_speaker_references`."""
    known_speaker_references: Sequence[str]
    """Samples of 2…10 seconds as `data:audio/…;base64,…`."""
    language: str
    """Two letters, as `en`; guessed when absent."""
    languages: Sequence[str]
    """Languages that may occur, for models that take several."""
    prompt: str
    """Text before the audio, or its style, in the audio's language."""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | str
    """Default `json`. With `text`, `srt` and `vtt` the response has `.text` only: the whole body."""
    temperature: float
    """0…1, default 0; higher is more random."""
    timestamp_granularities: Sequence[Literal["word", "segment"]]
    """What gets times, with `verbose_json` only; default segments."""


class TranscriptionParams(TranscriptionRequest, RequestOptions, total=False):
    """What `audio.transcriptions.create` takes."""


class TranscriptionWord(Model, frozen=True, kw_only=True, gc=False):
    """A spoken word."""

    word: str = ""
    start: float | None = None
    """Seconds from the beginning."""
    end: float | None = None
    """Seconds from the beginning. The last word may end before its segment does."""


class TranscriptionSegment(Model, frozen=True, kw_only=True):
    """A piece of the text with its times; `diarized_json` adds who speaks."""

    id: int | str | None = None
    """A number, or a word in diarized answers."""
    start: float | None = None
    """Seconds from the beginning."""
    end: float | None = None
    """Seconds from the beginning."""
    text: str = ""
    words: list[TranscriptionWord] = []
    """Where the gateway nests them; `TranscriptionResponse.all_words` looks everywhere."""
    speaker: str | None = None
    """Diarized answers: a known speaker's name, or `A`, `B`, …"""
    type: str | None = None
    """Diarized answers: `transcript.text.segment`."""
    seek: int | None = None
    """Offset in the audio, hundredths of a second."""
    tokens: list[int] = []
    temperature: float | None = None
    avg_logprob: float | None = None
    """Below −1: take the text for doubtful."""
    compression_ratio: float | None = None
    """Above 2.4: take the text for doubtful."""
    no_speech_prob: float | None = None
    """0…1; near 1 with a low `avg_logprob`: silence."""


class TranscriptionLogprob(Model, frozen=True, kw_only=True, gc=False):
    """A token and how likely it was."""

    token: str | None = None
    logprob: float | None = None
    """Natural logarithm of its probability."""
    bytes: list[int] | None = None
    """Its UTF-8 bytes."""


class TranscriptionLanguage(Model, frozen=True, kw_only=True, gc=False):
    """A language that was heard."""

    code: str = ""
    """Two letters, as `en`."""


class TranscriptionTokenDetails(Model, frozen=True, kw_only=True, gc=False):
    """What the input tokens consist of."""

    audio_tokens: int | None = None
    text_tokens: int | None = None


class TranscriptionUsage(Model, frozen=True, kw_only=True, gc=False):
    """What is charged: seconds of audio (`type` is `duration`) or tokens (`tokens`)."""

    type: str = ""
    seconds: float | None = None
    """With `duration`: the audio's length, rounded up."""
    input_tokens: int | None = None
    """With `tokens`, as the other counts."""
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_token_details: TranscriptionTokenDetails | None = None


class TranscriptionResponse(Response, frozen=True, kw_only=True):
    """A transcript. Only `text` is always there; what else is depends on `response_format`."""

    text: str = ""
    """The transcript; the whole subtitle file for `srt` and `vtt`."""
    task: str | None = None
    """`transcribe`."""
    language: str | None = None
    """A code or an English name: `en` or `english`."""
    languages: list[TranscriptionLanguage] = []
    duration: float | None = None
    """Seconds of audio."""
    segments: list[TranscriptionSegment] = []
    words: list[TranscriptionWord] = []
    """Where OpenAI puts them; see `all_words`."""
    logprobs: list[TranscriptionLogprob] = []
    usage: TranscriptionUsage | None = None

    @property
    def all_words(self) -> list[TranscriptionWord]:
        """The words in order, whether they came beside the segments or inside them."""
        return self.words or [word for segment in self.segments for word in segment.words]


class TranscriptTextDelta(Model, frozen=True, kw_only=True, gc=False, tag_field="type", tag="transcript.text.delta"):
    """The next piece of the text."""

    type: ClassVar[Literal["transcript.text.delta"]] = "transcript.text.delta"
    delta: str = ""
    logprobs: list[TranscriptionLogprob] | None = None
    segment_id: str | None = None
    """Diarized streams: the segment this belongs to."""


class TranscriptTextSegment(
    Model, frozen=True, kw_only=True, gc=False, tag_field="type", tag="transcript.text.segment"
):
    """A finished piece and who said it; diarized streams only."""

    type: ClassVar[Literal["transcript.text.segment"]] = "transcript.text.segment"
    id: int | str | None = None
    start: float | None = None
    """Seconds from the beginning."""
    end: float | None = None
    """Seconds from the beginning."""
    text: str = ""
    speaker: str | None = None
    """A known speaker's name, or `A`, `B`, …"""


class TranscriptTextDone(Model, frozen=True, kw_only=True, gc=False, tag_field="type", tag="transcript.text.done"):
    """The whole text; the last event."""

    type: ClassVar[Literal["transcript.text.done"]] = "transcript.text.done"
    text: str | None = None
    languages: list[TranscriptionLanguage] | None = None
    logprobs: list[TranscriptionLogprob] | None = None
    usage: TranscriptionUsage | None = None


TranscriptionStreamEvent: TypeAlias = TranscriptTextDelta | TranscriptTextSegment | TranscriptTextDone | Unknown
"""An event of a streamed transcription. The gateway collects the stream, so all events come at once."""
