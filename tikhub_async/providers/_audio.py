"""The transcription form: its file, and the fields as the wire spells them."""

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, cast

import anyio
import anyio.to_thread

from tikhub_async._wire import codec
from tikhub_async._wire.request import Part, body_of
from tikhub_async.errors import InvalidParameter
from tikhub_async.types.audio import AudioFile

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
    name: str | None = None
    source: Any = file
    if isinstance(file, tuple):
        name, source = file
    if isinstance(source, str | os.PathLike):
        path = os.fspath(cast("str | os.PathLike[str]", source))
        return _part(name or PurePath(path).name, await _read_path(path))
    if isinstance(source, bytes):
        return _part(name, source)
    opened = cast("BinaryIO", source)
    content = await anyio.to_thread.run_sync(opened.read)
    return _part(name or _name_of(opened), content)


async def _read_path(path: str) -> bytes:
    try:
        return await anyio.Path(path).read_bytes()
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
    raise InvalidParameter("file", f"cannot read {path!r}: {reason}")


def _name_of(file: BinaryIO) -> str | None:
    name = getattr(file, "name", None)
    return PurePath(name).name if isinstance(name, str) else None


def _part(name: str | None, content: bytes) -> Part:
    suffix = PurePath(name or "").suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        raise InvalidParameter(
            "file",
            f"needs a name with a known suffix, got {name!r}",
            hint=f'pass ("speech.mp3", data); the gateway tells formats by suffix: {", ".join(sorted(SUFFIXES))}',
        )
    stem = PurePath(name or "").stem
    # The gateway compares suffixes in lower case only.
    return Part("file", content, f"{stem}.{suffix}", "application/octet-stream")


def transcription_form(params: Mapping[str, Any], file: Part, *, stream: bool = False) -> list[Part]:
    """The form of a transcription: text fields first, lists repeated, the file last."""
    parts: list[Part] = []
    for name, value in body_of(params, "file").items():
        if name in REPEATED and not isinstance(value, str):
            parts += [Part(REPEATED[name], str(member)) for member in value]
        elif isinstance(value, Mapping):
            parts.append(Part(name, codec.encode(value).decode()))
        else:
            parts.append(Part(name, str(value)))
    if stream:
        parts.append(Part("stream", "true"))
    return [*parts, file]
