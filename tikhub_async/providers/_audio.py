"""The transcription form: its file, and the fields as the wire spells them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tikhub_async import _files
from tikhub_async._wire.request import Part, body_of, form_part
from tikhub_async.errors import InvalidParameter
from tikhub_async.types.audio import AudioFile

WHERE = "openai.audio.transcriptions"

SUFFIXES = frozenset(
    {"mp3", "wav", "flac", "m4a", "mp4", "ogg", "oga", "opus", "aiff", "aif", "aifc", "webm", "aac", "mpeg", "mpga"}
)
"""What the gateway tells formats by; another suffix is answered with 500 `count_token_failed`."""

REPEATED = {
    "timestamp_granularities": "timestamp_granularities[]",
    "include": "include[]",
    "keywords": "keywords[]",
    "languages": "languages[]",
    "known_speaker_names": "known_speaker_names[]",
    "known_speaker_references": "known_speaker_references[]",
}
"""Lists, repeated under OpenAI's spelling. TikHub's page writes `timestamp_granularities` without brackets; for that
spelling pass `extra_body={"timestamp_granularities": "word"}`."""


async def read_file(file: AudioFile) -> Part:
    """The file as a form part; paths and open files are read off the event loop.

    Raises:
        InvalidParameter: The file has no name with a suffix that the gateway knows, or cannot be read.
    """
    name, content = await _files.read_file(file, "file")
    path = PurePath(name)
    suffix = path.suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        raise InvalidParameter(
            "file",
            f"needs a name with a known suffix, got {name!r}" if name else "needs a name with a known suffix",
            hint=f'pass ("speech.mp3", data); the gateway tells formats by suffix: {", ".join(sorted(SUFFIXES))}',
        )
    # The gateway compares suffixes in lower case only.
    return Part("file", content, f"{path.stem}.{suffix}", "application/octet-stream")


def transcription_form(params: Mapping[str, Any], file: Part, *, stream: bool = False) -> list[Part]:
    """The form of a transcription: text fields first, lists repeated, the file last."""
    parts: list[Part] = []
    for name, value in body_of(params, "file").items():
        if name in REPEATED and not isinstance(value, str):
            parts += [Part(REPEATED[name], str(member)) for member in value]
        else:
            parts.append(form_part(name, value, WHERE))
    if stream:
        parts.append(Part("stream", "true"))
    return [*parts, file]
