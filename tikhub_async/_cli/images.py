"""`--image`: a file or an address in the forms that the providers take."""

import base64
from dataclasses import dataclass
from pathlib import Path

from tikhub_async._cli.output import UsageError

ADDRESSES = ("https://", "http://", "data:", "gs://")
KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),
)
"""First bytes, where they stand, media type: what all providers read."""


@dataclass(frozen=True)
class Image:
    """A first frame."""

    url: str
    """`https://…`, or the file as `data:image/…;base64,…`."""
    mime_type: str = ""
    """`""` for an address."""
    encoded: str = ""
    """The file as base64; `""` for an address."""


def read_image(place: str) -> Image:
    """The image at a path, or behind an address (which is passed on as it is).

    Raises:
        UsageError: There is no such file, or it is no image that providers read.
    """
    if place.startswith(ADDRESSES):
        return Image(place)
    try:
        content = Path(place).read_bytes()
    except OSError as problem:
        raise UsageError(f"--image {place}: {problem.strerror or problem}") from None
    for magic, at, mime_type in KINDS:
        if content[at:].startswith(magic):
            encoded = base64.b64encode(content).decode()
            return Image(f"data:{mime_type};base64,{encoded}", mime_type, encoded)
    raise UsageError(f"--image {place}: neither PNG, JPEG nor WebP")
