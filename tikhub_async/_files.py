"""Files that callers give, for an upload or as media: a path, bytes, or an open file. Disks are read off the event loop."""

import os
from pathlib import PurePath
from typing import Any, BinaryIO

import anyio
import anyio.to_thread

from tikhub_async.errors import InvalidParameter

File = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""Text is a path."""
NamedFile = tuple[str, bytes | BinaryIO]
"""A name that counts instead of the file's own."""


async def read_file(file: File | NamedFile, parameter: str) -> tuple[str, bytes]:
    """The file's name, `""` where it has none, and its bytes.

    Args:
        file: The file.
        parameter: Where the caller gave it, for errors.

    Raises:
        InvalidParameter: It cannot be read, or was opened as text.
    """
    name, source = file if isinstance(file, tuple) else ("", file)
    if isinstance(source, bytes | bytearray | memoryview):
        return name, bytes(source)
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        return name or PurePath(path).name, await _read_path(path, parameter)
    data: Any = await anyio.to_thread.run_sync(source.read)
    if not isinstance(data, bytes):
        raise InvalidParameter(parameter, "is a file opened as text", hint='open(path, "rb")')
    own_name: object = getattr(source, "name", None)  # an integer where a descriptor was opened
    return name or (PurePath(own_name).name if isinstance(own_name, str) else ""), data


async def _read_path(path: str, parameter: str) -> bytes:
    try:
        return await anyio.Path(path).read_bytes()
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the path
        reason = getattr(failure, "strerror", None) or str(failure)
    raise InvalidParameter(parameter, f"cannot read {path!r}: {reason}", hint="check the path and who may read it")
