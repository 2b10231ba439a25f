"""What a batch can be told, checked once."""

import os
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import msgspec

from tikhub_async._wire.request import Schema
from tikhub_async.errors import ConfigError

Fsync = Literal["paid", "all", "never"]
Resend = Literal["never", "chat"]


class BatchOptions(TypedDict, total=False):
    """Options of a batch; all have defaults."""

    endpoint: str
    """Path of lines that name no `url`, as `/v1/chat/completions`. Default: lines with `messages` are chats."""
    concurrency: int
    """Most requests in flight at once, >= 1. Default 256; the limit that is found by trying stays below."""
    start_concurrency: int
    """Requests in flight to begin with, >= 1. Default 16."""
    adaptive: bool
    """False keeps `concurrency` in flight whatever the gateway says. Default True."""
    rpm: float
    """Requests per minute, evenly spread. Default: no limit."""
    tpm: float
    """Tokens per minute, input and output. Default: no limit."""
    max_items: int
    """Paid requests in all, earlier runs of the same output included. Default: no limit."""
    max_tokens: int
    """Tokens in all, likewise. Reached from below: what is in flight is counted by estimate."""
    max_quota: float
    """Gateway units in all, likewise (500,000 to the US dollar by default). Only videos report theirs."""
    prices: Mapping[str, float]
    """Gateway units per video by model, for `max_quota`. Default: the highest price met so far."""
    max_in_doubt: int
    """Outcomes that are unknown in a row before the batch stops, >= 1. Default 5."""
    resend: Resend
    """What a resumed batch does with chats, embeddings and transcriptions that were in flight when the last run was
    killed: `never` (default) leaves them in doubt, `chat` sends them once more."""
    videos: str | os.PathLike[str]
    """Folder into which finished videos are saved. Default: they are waited for and not saved."""
    open_videos: int
    """Most video tasks under way at once, >= 1. Default 200."""
    video_timeout: float
    """Seconds that one run waits for a video, > 0. Default 3600; a resumed run waits again."""
    poll_interval: float
    """Seconds between looks at a video task. Default: as `VideoTask.wait`."""
    downloads: int
    """Videos saved at once, >= 1. Default 8."""
    fsync: Fsync
    """`paid` (default): intents of videos are on the disk itself before they leave; `all`: every intent; `never`:
    a kill loses nothing, a power cut may."""
    patience: float
    """Seconds without a single success after which the batch stops, > 0. Default 900."""
    drain_seconds: float
    """Seconds that a stop waits for answers in flight, >= 0. Default 25."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Checked options."""

    endpoint: str | None = None
    concurrency: int = 256
    start_concurrency: int = 16
    adaptive: bool = True
    rpm: float | None = None
    tpm: float | None = None
    max_items: int | None = None
    max_tokens: int | None = None
    max_quota: float | None = None
    prices: dict[str, float] = {}
    max_in_doubt: int = 5
    resend: Resend = "never"
    videos: str | None = None
    open_videos: int = 200
    video_timeout: float = 3600.0
    poll_interval: float | None = None
    downloads: int = 8
    fsync: Fsync = "paid"
    patience: float = 900.0
    drain_seconds: float = 25.0


_SCHEMA = Schema.of("client.batch.run", BatchOptions)
_AT_LEAST_ONE = ("concurrency", "start_concurrency", "max_in_doubt", "open_videos", "downloads")
_ABOVE_ZERO = ("rpm", "tpm", "max_tokens", "max_quota", "video_timeout", "poll_interval", "patience")


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The options of a call, checked; None counts as absent.

    Raises:
        UnknownParameter: A name is none of them.
        ConfigError: A value cannot work.
    """
    _SCHEMA.check(options)
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(given.get("videos"), os.PathLike):
        given["videos"] = os.fspath(given["videos"])
    problem = ""
    try:
        settings = msgspec.convert(given, Settings)
    except msgspec.ValidationError as failure:
        problem = str(failure)
    else:
        _check(settings)
        return settings
    raise ConfigError(f"a batch option cannot work: {problem}", stage="batch")


def _check(settings: Settings) -> None:
    for names, least, words in ((_AT_LEAST_ONE, 1, ">= 1"), (("max_items", "drain_seconds"), 0, ">= 0")):
        for name in names:
            value = getattr(settings, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be {words}, got {value!r}", stage="batch")
    for name in _ABOVE_ZERO:
        value = getattr(settings, name)
        if value is not None and not value > 0:
            raise ConfigError(f"{name} must be > 0, got {value!r}", stage="batch")
    if settings.endpoint is not None and not settings.endpoint.startswith("/"):
        raise ConfigError(f"endpoint must be a path, as '/v1/messages', got {settings.endpoint!r}", stage="batch")
