"""`Media`: one input, in the form of every provider that takes it."""

import mimetypes
from pathlib import PurePath
from typing import Any, Literal, Self
from urllib.parse import unquote_to_bytes, urlsplit

import anyio.to_thread
import msgspec

from tikhub_async._files import File, read_file
from tikhub_async.errors import InvalidParameter, shorten
from tikhub_async.media._content import (
    ALIASES,
    READ_FOR_TYPE,
    Kind,
    by_content,
    by_name,
    decode,
    encode,
    kind_of,
    refuse_type,
    scheme_of,
)
from tikhub_async.media._rules import check, one
from tikhub_async.types.chat import AudioPart, FilePart, ImagePart, VideoPart
from tikhub_async.types.claude import Base64SourceParam, DocumentBlockParam, ImageBlockParam
from tikhub_async.types.gemini import GeminiPartParam
from tikhub_async.types.responses import ResponseInputFileParam, ResponseInputImageParam
from tikhub_async.types.seedance import SeedanceAudioPart, SeedanceImagePart, SeedanceVideoPart
from tikhub_async.types.veo import VeoMedia


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
    async def open(cls, source: File, *, mime: str | None = None, name: str | None = None) -> Self:
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
        if isinstance(source, str) and (scheme := scheme_of(source)):
            if scheme == "data":
                return await cls._open_data_url(source, mime, name)
            name = name or PurePath(urlsplit(source).path).name
            return cls._make(mime or by_name(name), name, shorten(source, 60), url=source)
        own_name, data = await read_file(source, "source")
        name = name or own_name
        label = name or "the bytes"
        if not data:
            raise InvalidParameter("source", f"{label} is empty")
        found = mime or by_content(data[:READ_FOR_TYPE]) or by_name(name)
        return cls._make(found, name, label, base64=await encode(data), size=len(data))

    @classmethod
    async def _open_data_url(cls, source: str, mime: str | None, name: str | None) -> Self:
        head, comma, body = source[5:].partition(",")
        *parameters, last = head.split(";") if head else ["", ""]
        if not comma:
            raise InvalidParameter("source", f"{shorten(source, 40)!r} is no data URL: it has no comma")
        if last.strip().lower() == "base64":
            data = await anyio.to_thread.run_sync(decode, body)
        else:
            parameters, data = head.split(";"), unquote_to_bytes(body)
        found = mime or next(iter(parameters), "").strip().lower()
        return cls._make(found, name or "", "the data URL", base64=await encode(data), size=len(data))

    @classmethod
    def _make(cls, mime: str, name: str, label: str, **facts: Any) -> Self:
        mime = ALIASES.get(mime.lower(), mime.lower())
        kind = kind_of(mime)
        if kind is None:
            refuse_type(mime, label)
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
        check(self, "chat")
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
        check(self, "responses")
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
        check(self, "claude")
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
        check(self, "gemini")
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
        check(self, "seedance")
        if role is not None and (self.kind == "image") == (role in ("reference_video", "reference_audio")):
            raise InvalidParameter("role", f"{role!r} is no role of {one(self.kind)}", where="Media.seedance")
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
        check(self, "kling")
        return self.url if self.url is not None else self.base64 or ""

    def veo(self) -> VeoMedia:
        """The image or video for an instance of Veo's: bytes, or an address in a bucket (`gs://`).

        Raises:
            InvalidParameter: Veo does not take it.
        """
        check(self, "veo")
        if self.url is not None:
            return {"gcsUri": self.url, "mimeType": self.mime}
        return {"bytesBase64Encoded": self.base64 or "", "mimeType": self.mime}
