"""Bodies that do not leave as they came in: Gemini's spelling, Anthropic's headers, a file to transcribe, a video."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tikhub_async._config import Config
from tikhub_async._wire import codec
from tikhub_async._wire.gemini import to_wire
from tikhub_async._wire.request import OPTION_NAMES, Endpoint, Request, build
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import claude
from tikhub_async.providers._audio import read_file, transcription_form
from tikhub_async.types.claude import HEADER_KEYS

SUFFIXES = {"mpeg": "mp3", "x-wav": "wav", "x-m4a": "m4a", "mp4": "m4a"}
"""Of media types whose second half is no suffix that the gateway knows."""

_HEADER_MARKS = tuple(b'"%s"' % key.encode() for key in HEADER_KEYS)


def plain(body: bytes) -> dict[str, Any]:
    """A line's body as plain data; a body that is no object was refused when the line was read."""
    data: dict[str, Any] = codec.loads(body) if body else {}
    return data


async def gemini_request(config: Config, endpoint: Endpoint, values: Mapping[str, str], body: bytes) -> Request:
    """Snake case becomes camel case: the gateway drops the other without a word."""
    wire = to_wire({name: value for name, value in plain(body).items() if name != "model"})
    return build(endpoint, config, {}, path=values, body=wire)


async def claude_request(config: Config, endpoint: Endpoint, values: Mapping[str, str], body: bytes) -> Request:
    """What Anthropic takes as headers becomes headers; all else leaves as it is."""
    if not any(mark in body for mark in _HEADER_MARKS):
        return raw_request(build(endpoint, config, {}, headers=claude.VERSION), body)
    data = plain(body)
    headers = {**claude.VERSION, **claude._headers(data)}
    left = {name: value for name, value in data.items() if name not in HEADER_KEYS}
    return build(endpoint, config, {}, body=left, headers=headers)


async def transcription_request(config: Config, endpoint: Endpoint, values: Mapping[str, str], body: bytes) -> Request:
    """A form with the file, which the body names as a path or holds as `data:` URL.

    Raises:
        InvalidParameter: It does neither, or the file cannot be read.
    """
    data = plain(body)
    given = data.pop("file", None) or data.pop("file_url", None)
    if not isinstance(given, str) or "://" in given[:16]:
        hint = "as a path, or as data:audio/mpeg;base64,…"
        raise InvalidParameter("file", f"must be a file, got {given!r:.60}", where=endpoint.name, hint=hint)
    file = await read_file(_data_url(given, endpoint.name) if given.startswith("data:") else given)
    return build(endpoint, config, {}, form=transcription_form(data, file))


def raw_request(template: Request, body: bytes) -> Request:
    """A request with a body of JSON as it is, to be sent once."""
    return Request(
        endpoint=template.endpoint,
        url=template.url,
        headers=template.headers,
        body=body or None,
        timeout=template.timeout,
        max_retries=0,
    )


def video_params(body: bytes, known: frozenset[str]) -> dict[str, Any]:
    """A body as keywords of `create`, to be sent once; what it does not know goes along as `extra_body`."""
    data = plain(body)
    params = {name: value for name, value in data.items() if name in known and name not in OPTION_NAMES}
    extra = {name: value for name, value in data.items() if name not in params}
    params["max_retries"] = 0
    return {**params, "extra_body": extra} if extra else params


def _data_url(url: str, where: str) -> tuple[str, bytes]:
    head, _, data = url.partition(",")
    kind = head.removeprefix("data:").partition(";")[0].partition("/")[2]
    try:
        return f"file.{SUFFIXES.get(kind, kind)}", base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise InvalidParameter("file", "holds no valid base64", where=where)
