"""Images, sound, PDFs and videos as input, in each provider's own form.

    photo = await Media.open("cat.jpg")            # a path, bytes, an open file, https://…, gs://…, data:…
    message = {"role": "user", "content": [{"type": "text", "text": "Who is this?"}, photo.chat()]}

| form | image | audio | PDF | video |
|---|---|---|---|---|
| `chat()` | bytes, URL | bytes | bytes | bytes, URL |
| `responses()` | bytes, URL | – | bytes, URL | – |
| `claude()` | bytes, URL | – | bytes, URL | – |
| `gemini()` | bytes, URL | bytes, URL | bytes, URL | bytes, URL |
| `seedance()` | bytes, URL | URL | – | URL |
| `kling()` | bytes, URL | – | – | – |
| `veo()` | bytes, gs:// | – | – | bytes, gs:// |

What a provider would refuse (a kind, a type, a size) is refused here, before it costs anything.
"""

import binascii
import mimetypes
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from typing import Any, BinaryIO, Literal, NoReturn, Self
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
import anyio.to_thread
import msgspec

from tikhub_async.errors import InvalidParameter, shorten
from tikhub_async.types.chat import AudioPart, FilePart, ImagePart, VideoPart
from tikhub_async.types.claude import Base64SourceParam, DocumentBlockParam, ImageBlockParam
from tikhub_async.types.gemini import GeminiPartParam
from tikhub_async.types.responses import ResponseInputFileParam, ResponseInputImageParam
from tikhub_async.types.seedance import SeedanceAudioPart, SeedanceImagePart, SeedanceVideoPart
from tikhub_async.types.veo import VeoMedia

__all__ = ["Kind", "Media"]

Kind = Literal["image", "audio", "pdf", "video"]
"""What a file is."""
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""Where it comes from: a path or an address as text, bytes, an open file."""

MB = 1_000_000
GATEWAY = 96 * MB
"""The gateway takes bodies of 128 MB; base64 is a third longer than the file."""

READ_FOR_TYPE = 8192
"""Bytes from which the type is told."""
LARGE = 256 * 1024
"""Bytes from which base64 is made in a thread: below, changing threads takes longer."""
PIECE = 3 * 256 * 1024
"""Bytes encoded at a time, a multiple of 3: one call holds the interpreter until it returns."""

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


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider takes of one kind."""

    types: frozenset[str] = frozenset()
    """Media types; empty for all of the kind."""
    limit: int = GATEWAY
    """Bytes of a file that is sent along."""
    inline: bool = True
    """Files may be sent along."""
    schemes: frozenset[str] = frozenset(("http", "https"))
    """Addresses it fetches from itself; empty for none."""


WEB_IMAGES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
STILLS = frozenset(("image/jpeg", "image/png"))
NO_SCHEMES: frozenset[str] = frozenset()
BUCKETS = frozenset(("gs",))

RULES: Mapping[str, tuple[str, Mapping[Kind, Rule]]] = {
    "chat": (
        "OpenAI's chat",
        {
            "image": Rule(types=WEB_IMAGES, limit=50 * MB),
            "audio": Rule(types=frozenset(("audio/wav", "audio/mpeg")), schemes=NO_SCHEMES),
            "pdf": Rule(limit=50 * MB, schemes=NO_SCHEMES),
            "video": Rule(),
        },
    ),
    "responses": (
        "OpenAI's Responses",
        {"image": Rule(types=WEB_IMAGES, limit=50 * MB), "pdf": Rule(limit=50 * MB)},
    ),
    "claude": (
        "Claude",
        # Images: 5 MiB of base64. PDFs: 32 MB for the whole request.
        {"image": Rule(types=WEB_IMAGES, limit=5 * 1024 * 1024 * 3 // 4), "pdf": Rule(limit=24 * MB)},
    ),
    "gemini": (
        "Gemini",
        # 100 MB for the whole request; older hosts take 20 MB.
        {kind: Rule(limit=75 * MB, schemes=frozenset(("http", "https", "gs"))) for kind in ("image", "audio", "pdf", "video")},
    ),
    "seedance": (
        "Seedance",
        {
            "image": Rule(
                types=WEB_IMAGES | {"image/bmp", "image/tiff", "image/heic", "image/heif"}, limit=30 * MB
            ),
            "audio": Rule(types=frozenset(("audio/wav", "audio/mpeg")), inline=False),
            "video": Rule(types=frozenset(("video/mp4", "video/quicktime")), inline=False),
        },
    ),
    "kling": ("Kling", {"image": Rule(types=STILLS, limit=10 * MB)}),
    "veo": (
        "Veo",
        {"image": Rule(types=STILLS, limit=20 * MB, schemes=BUCKETS), "video": Rule(schemes=BUCKETS)},
    ),
}  # fmt: skip
"""Form → how errors call the provider, and what it takes. Limits are the providers' documented ones."""


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """One input, ready for every provider. Made by `Media.open`."""

    kind: Kind
    mime: str
    """Media type, as `image/png`."""
    name: str
    """File name; made up where there is none."""
    url: str | None = None
    """Its address; None for bytes."""
    base64: str | None = None
    """Its bytes as base64; None for an address."""
    size: int = 0
    """Bytes; 0 for an address."""

    @classmethod
    async def open(cls, source: Source, *, mime: str | None = None, name: str | None = None) -> Self:
        """The input from a path, bytes, an open binary file, or an address (`https://`, `gs://`, `data:`).

        Files are read, and large ones encoded, off the event loop. What stands behind an address is not fetched: the
        provider does that. The type is told from the bytes where `filetype` is installed (the extra `media`), else
        from the name.

        Args:
            source: What to send. A text is an address if it begins like one, else a path.
            mime: The media type, instead of finding it out.
            name: The file name, instead of the source's own.

        Raises:
            InvalidParameter: The file cannot be read or is empty, the type is not known, or is neither image, audio,
                PDF nor video.
        """
        if isinstance(source, str) and (scheme := _scheme(source)):
            if scheme == "data":
                return await cls._open_data_url(source, mime, name)
            name = name or PurePath(urlsplit(source).path).name
            return cls._make(mime or _by_name(name), name, shorten(source, 60), url=source)
        data, own_name = await _read(source)
        name = name or own_name
        label = name or "the bytes"
        if not data:
            raise InvalidParameter("source", f"{label} is empty")
        found = mime or _by_content(data[:READ_FOR_TYPE]) or _by_name(name)
        return cls._make(found, name, label, base64=await _encode(data), size=len(data))

    @classmethod
    async def _open_data_url(cls, source: str, mime: str | None, name: str | None) -> Self:
        head, comma, body = source[5:].partition(",")
        *parameters, last = head.split(";") if head else ["", ""]
        if not comma:
            raise InvalidParameter("source", f"{shorten(source, 40)!r} is no data URL: it has no comma")
        if last.strip().lower() == "base64":
            data = await anyio.to_thread.run_sync(_decode, body)
        else:
            parameters, data = head.split(";"), unquote_to_bytes(body)
        found = mime or next(iter(parameters), "").strip().lower()
        return cls._make(found, name or "", "the data URL", base64=await _encode(data), size=len(data))

    @classmethod
    def _make(cls, mime: str, name: str, label: str, **facts: Any) -> Self:
        mime = ALIASES.get(mime.lower(), mime.lower())
        kind = _kind(mime)
        if kind is None:
            _refuse_type(mime, label)
        suffix = mimetypes.guess_extension(mime) or f".{mime.partition('/')[2]}"
        return cls(kind=kind, mime=mime, name=name or f"{kind}{suffix}", **facts)

    def __repr__(self) -> str:
        where = shorten(self.url, 60) if self.url is not None else f"{self.size} bytes"
        return f"<Media {self.mime} {self.name!r} {where}>"

    @property
    def data_url(self) -> str:
        """The bytes as `data:image/png;base64,…`; an address as it is."""
        return self.url if self.url is not None else f"data:{self.mime};base64,{self.base64}"

    # ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────

    def chat(self, *, detail: str | None = None) -> ImagePart | AudioPart | FilePart | VideoPart:
        """A content part for chat completions.

        Videos are no part of OpenAI's protocol: the gateway takes them for models that can watch (Gemini).

        Args:
            detail: How closely an image is looked at: `low`, `high`, `original`; default `auto`.

        Raises:
            InvalidParameter: Chat does not take it: the type, the size, or an address of this kind.
        """
        self._check("chat")
        match self.kind:
            case "image":
                image: ImagePart = {"type": "image_url", "image_url": {"url": self.data_url}}
                if detail is not None:
                    image["image_url"]["detail"] = detail
                return image
            case "audio":
                sound = "mp3" if self.mime == "audio/mpeg" else "wav"
                return {"type": "input_audio", "input_audio": {"data": self.base64 or "", "format": sound}}
            case "pdf":
                return {"type": "file", "file": {"filename": self.name, "file_data": self.data_url}}
            case "video":
                return {"type": "video_url", "video_url": {"url": self.data_url}}

    def responses(
        self, *, detail: Literal["low", "high", "auto", "original"] | None = None
    ) -> ResponseInputImageParam | ResponseInputFileParam:
        """A content part for OpenAI's Responses: an image or a PDF.

        Args:
            detail: How closely an image is looked at; default `auto`.

        Raises:
            InvalidParameter: Responses does not take it.
        """
        self._check("responses")
        if self.kind == "image":
            image: ResponseInputImageParam = {"type": "input_image", "image_url": self.data_url}
            if detail is not None:
                image["detail"] = detail
            return image
        if self.url is not None:
            return {"type": "input_file", "file_url": self.url}
        return {"type": "input_file", "filename": self.name, "file_data": self.data_url}

    def claude(self) -> ImageBlockParam | DocumentBlockParam:
        """A content block for Claude's messages: an image or a PDF.

        Raises:
            InvalidParameter: Claude does not take it.
        """
        self._check("claude")
        if self.kind == "image":
            if self.url is not None:
                return {"type": "image", "source": {"type": "url", "url": self.url}}
            return {"type": "image", "source": {"type": "base64", "media_type": self.mime, "data": self.base64 or ""}}
        if self.url is not None:
            return {"type": "document", "source": {"type": "url", "url": self.url}}
        source: Base64SourceParam = {"type": "base64", "media_type": self.mime, "data": self.base64 or ""}
        return {"type": "document", "title": self.name, "source": source}

    def gemini(self) -> GeminiPartParam:
        """A part for Gemini: bytes as `inline_data`, an address as `file_data`.

        Raises:
            InvalidParameter: It is too large to be sent along.
        """
        self._check("gemini")
        if self.url is not None:
            return {"file_data": {"file_uri": self.url, "mime_type": self.mime}}
        return {"inline_data": {"mime_type": self.mime, "data": self.base64 or ""}}

    def seedance(self, *, role: str | None = None) -> SeedanceImagePart | SeedanceVideoPart | SeedanceAudioPart:
        """A content part for Seedance.

        Args:
            role: Of an image `first_frame`, `last_frame` or `reference_image`; default: none, which is a first frame.
                A video is a `reference_video`, a sound a `reference_audio`.

        Raises:
            InvalidParameter: Seedance does not take it, or not in that role.
        """
        self._check("seedance")
        if role is not None and (self.kind == "image") == (role in ("reference_video", "reference_audio")):
            raise InvalidParameter("role", f"{role!r} is no role of {_one(self.kind)}", where="Media.seedance")
        if self.kind == "video":
            return {"type": "video_url", "video_url": {"url": self.data_url}, "role": role or "reference_video"}
        if self.kind == "audio":
            return {"type": "audio_url", "audio_url": {"url": self.data_url}, "role": role or "reference_audio"}
        image: SeedanceImagePart = {"type": "image_url", "image_url": {"url": self.data_url}}
        if role is not None:
            image["role"] = role
        return image

    def kling(self) -> str:
        """The image for Kling's `image` or `image_tail`: its address, or base64 without a prefix.

        Raises:
            InvalidParameter: Kling does not take it.
        """
        self._check("kling")
        return self.url if self.url is not None else self.base64 or ""

    def veo(self) -> VeoMedia:
        """The image or video for an instance of Veo's: bytes, or an address in a bucket (`gs://`).

        Raises:
            InvalidParameter: Veo does not take it.
        """
        self._check("veo")
        if self.url is not None:
            return {"gcsUri": self.url, "mimeType": self.mime}
        return {"bytesBase64Encoded": self.base64 or "", "mimeType": self.mime}

    def _check(self, form: str) -> None:
        provider, rules = RULES[form]
        where = f"Media.{form}"
        rule = rules.get(self.kind)
        if rule is None:
            takes = ", ".join(_many(kind) for kind in rules)
            raise InvalidParameter(self.name, f"{provider} takes no {_many(self.kind)}, only {takes}", where=where)
        if rule.types and self.mime not in rule.types:
            types = ", ".join(sorted(rule.types))
            raise InvalidParameter(
                self.name, f"is {self.mime}; {provider} takes {_many(self.kind)} as {types}", where=where
            )
        if self.url is not None:
            self._check_address(provider, rule, where)
        elif not rule.inline:
            raise InvalidParameter(
                self.name,
                f"{provider} takes {_many(self.kind)} by address only",
                where=where,
                hint='put the file on the web: Media.open("https://…")',
            )
        elif self.size > rule.limit:
            raise InvalidParameter(
                self.name,
                f"has {_megabytes(self.size)}; {provider} takes {_many(self.kind)} up to {_megabytes(rule.limit)}",
                where=where,
                hint="make it smaller" + (", or give its address" if rule.schemes else ""),
            )

    def _check_address(self, provider: str, rule: Rule, where: str) -> None:
        if _scheme(self.url or "") in rule.schemes:
            return
        takes = ", ".join(f"{scheme}://" for scheme in sorted(rule.schemes)) or "no addresses"
        raise InvalidParameter(
            self.name,
            f"{provider} takes {takes} for {_many(self.kind)}, got {shorten(self.url or '', 60)!r}",
            where=where,
            hint="give the bytes: Media.open(path)",
        )


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _scheme(text: str) -> str:
    """The scheme of an address; "" for a path."""
    scheme = text.partition(":")[0].lower()
    return scheme if scheme == "data" or (scheme in ("http", "https", "gs") and "://" in text) else ""


async def _read(source: Source) -> tuple[bytes, str]:
    """The bytes, and the file's name."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), ""
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        try:
            return await anyio.Path(path).read_bytes(), PurePath(path).name
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "strerror", None) or str(failure)
        raise InvalidParameter("source", f"cannot read {path!r}: {reason}")
    data: Any = await anyio.to_thread.run_sync(source.read)
    if not isinstance(data, bytes):
        raise InvalidParameter("source", "is a file opened as text", hint='open(path, "rb")')
    name = getattr(source, "name", None)
    return data, PurePath(name).name if isinstance(name, str) else ""


async def _encode(data: bytes) -> str:
    if len(data) < LARGE:
        return _base64(data)
    return await anyio.to_thread.run_sync(_base64, data)


def _base64(data: bytes) -> str:
    pieces = (data[start : start + PIECE] for start in range(0, len(data), PIECE))
    return b"".join(binascii.b2a_base64(piece, newline=False) for piece in pieces).decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as failure:
        reason = str(failure)
    raise InvalidParameter("source", f"the data URL holds no base64: {reason}")


def _by_content(head: bytes) -> str:
    try:
        filetype: Any = import_module("filetype")
    except ImportError:
        return ""
    found: str | None = filetype.guess_mime(head)
    return found or ""


def _by_name(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ""


def _kind(mime: str) -> Kind | None:
    if mime == "application/pdf":
        return "pdf"
    for kind in _KINDS:
        if mime.startswith(f"{kind}/"):
            return kind
    return None


_KINDS: tuple[Literal["image", "audio", "video"], ...] = ("image", "audio", "video")


def _refuse_type(mime: str, label: str) -> NoReturn:
    if mime:
        raise InvalidParameter("source", f"{label} is {mime}: neither image, audio, PDF nor video")
    raise InvalidParameter(
        "source",
        f"cannot tell what {label} holds",
        hint="give mime=, as mime='image/png'; tikhub-async[media] tells it from bytes",
    )


def _many(kind: Kind) -> str:
    return {"image": "images", "audio": "audio", "pdf": "PDFs", "video": "videos"}[kind]


def _one(kind: Kind) -> str:
    return {"image": "an image", "audio": "audio", "pdf": "a PDF", "video": "a video"}[kind]


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB"
