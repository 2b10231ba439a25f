"""What is printed where: data on stdout, everything else on stderr; which error ends in which exit code.

Cheap to import, because `--help` imports it: no client, no rich.
"""

import os
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import TextIO

from tikhub_async.errors import (
    AuthenticationError,
    ConfigError,
    InDoubtError,
    ParameterError,
    PermissionDeniedError,
    QuotaError,
    StreamInterrupted,
    TikHubError,
)


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    ERROR = 1
    USAGE = 2
    ACCESS = 3
    IN_DOUBT = 4
    INTERRUPTED = 130
    """128 + SIGINT, as shells count."""
    PIPE = 141
    """128 + SIGPIPE."""


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.ERROR: "the gateway refused, a task brought no video, or a file failed",
    ExitCode.USAGE: "wrong arguments; nothing was sent",
    ExitCode.ACCESS: "no key, a key that may not do this, or no balance",
    ExitCode.IN_DOUBT: "a stream broke off, or a paid creation's outcome is unknown",
    ExitCode.INTERRUPTED: "Ctrl-C",
    ExitCode.PIPE: "whoever read the output has gone",
}
"""As `--help` shows them."""


class UsageError(Exception):
    """Arguments that parse but cannot work; the text says what would."""

    exit_code = ExitCode.USAGE


class KeyMissing(ConfigError):
    """No key in the environment."""

    exit_code = ExitCode.ACCESS


CODES: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (AuthenticationError, ExitCode.ACCESS),
    (PermissionDeniedError, ExitCode.ACCESS),
    (QuotaError, ExitCode.ACCESS),
    (KeyMissing, ExitCode.ACCESS),
    (InDoubtError, ExitCode.IN_DOUBT),
    (StreamInterrupted, ExitCode.IN_DOUBT),
    (ParameterError, ExitCode.USAGE),
    (ConfigError, ExitCode.USAGE),
    (UsageError, ExitCode.USAGE),
)
"""The first class that fits decides; every other error is `ERROR`."""


def code_of(error: BaseException) -> ExitCode:
    """The exit code that an error ends a command with."""
    if isinstance(error, TikHubError) and error.stage == "stream":
        return ExitCode.IN_DOUBT  # whatever the error is, the text that was printed is not whole
    return next((code for kind, code in CODES if isinstance(error, kind)), ExitCode.ERROR)


def prepare_streams() -> None:
    """Keep a character that the console cannot show from ending a command that was paid for."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_live(stream: TextIO) -> bool:
    """True where somebody looks on and the cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


_STEERING = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """`text` without the characters that steer a terminal: models and gateways write what they like."""
    return text.translate(_STEERING)


def write(text: str) -> None:
    """Put data on stdout at once: as it is into a file or pipe, only what is visible on a terminal."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def line(text: str = "") -> None:
    """A line of data, on stdout."""
    write(f"{text}\n")


def note(text: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


def words_of(error: BaseException, about: str = "") -> str:
    """An error as text, its hint included; `about` says what it happened to, where there are several."""
    text = str(error) or type(error).__name__
    return visible(f"{about}: {text}" if about else text)


def report(error: BaseException, about: str = "") -> ExitCode:
    """Print an error and what to do about it, on stderr; its exit code."""
    red = is_live(sys.stderr) and not os.environ.get("NO_COLOR")
    word = "\x1b[1;31merror:\x1b[0m" if red else "error:"
    sys.stderr.write(f"{word} {words_of(error, about)}\n")
    sys.stderr.flush()
    return code_of(error)


def leave_quietly() -> ExitCode:
    """Give stdout up after its reader has left, so that flushing it at exit complains of nothing."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return ExitCode.PIPE  # stdout is no file, so there is nothing to flush
    return ExitCode.PIPE
