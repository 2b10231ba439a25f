"""What a source holds: the scheme of its address, its bytes as base64, its media type."""

import binascii
import mimetypes
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal, NoReturn

import anyio.to_thread

from tikhub_async.errors import InvalidParameter

Kind = Literal["image", "audio", "pdf", "video"]
"""What a file is."""

READ_FOR_TYPE = 8192
"""Bytes from which the type is told."""
LARGE = 256 * 1024
"""Bytes from which base64 is made in a thread: below, changing threads takes longer."""
PIECE = 3 * 256 * 1024
"""Bytes encoded at a time, a multiple of 3: one call holds the interpreter until it returns."""

KINDS: tuple[Literal["image", "audio", "video"], ...] = ("image", "audio", "video")
"""Kinds that media types begin with."""

ALIASES: Mapping[str, str] = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": "audio/mp4",
    "image/jpg": "image/jpeg",
    "image/x-ms-bmp": "image/bmp",
    "video/mov": "video/quicktime",
    "application/x-pdf": "application/pdf",
}
"""Other spellings of media types."""


def scheme_of(text: str) -> str:
    """The scheme of an address; "" for a path."""
    scheme = text.partition(":")[0].lower()
    return scheme if scheme == "data" or (scheme in ("http", "https", "gs") and "://" in text) else ""


async def encode(data: bytes) -> str:
    """The bytes as base64; large ones are encoded off the event loop."""
    if len(data) < LARGE:
        return _base64(data)
    return await anyio.to_thread.run_sync(_base64, data)


def _base64(data: bytes) -> str:
    pieces = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join(binascii.b2a_base64(piece, newline=False) for piece in pieces).decode("ascii")


def decode(text: str) -> bytes:
    """The bytes that base64 stands for.

    Raises:
        InvalidParameter: It is no base64.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as failure:
        reason = str(failure)
    raise InvalidParameter("source", f"the data URL holds no base64: {reason}")


def by_content(head: bytes) -> str:
    """The media type that a file's first bytes tell; "" where they do not, or `filetype` is not installed."""
    try:
        filetype: Any = import_module("filetype")
    except ImportError:
        return ""
    found: str | None = filetype.guess_mime(head)
    return found or ""


def by_name(name: str) -> str:
    """The media type that a name's suffix tells; "" for none."""
    return mimetypes.guess_type(name)[0] or ""


def kind_of(mime: str) -> Kind | None:
    """What a media type is a type of; None for what is no input."""
    if mime == "application/pdf":
        return "pdf"
    for kind in KINDS:
        if mime.startswith(f"{kind}/"):
            return kind
    return None


def refuse_type(mime: str, label: str) -> NoReturn:
    """Refuse what is no input.

    Raises:
        InvalidParameter: Always.
    """
    if mime:
        raise InvalidParameter("source", f"{label} is {mime}: neither image, audio, PDF nor video")
    raise InvalidParameter(
        "source",
        f"cannot tell what {label} holds",
        hint="give mime=, as mime='image/png'; tikhub-async[media] tells it from bytes",
    )
