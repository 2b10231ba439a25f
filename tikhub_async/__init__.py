"""Asyncio-first SDK for the TikHub AI Proxy: one key and one host for eight providers."""

from typing import TYPE_CHECKING, Any

from tikhub_async._client import TikHubAI
from tikhub_async._config import Limits, RetryPolicy, Timeouts
from tikhub_async._streams import EventStream, StreamStats
from tikhub_async._tasks import Tasks, Video, VideoTask
from tikhub_async._version import __version__
from tikhub_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BatchError,
    ConfigError,
    ConflictError,
    ContentFilterError,
    DecodeError,
    DownloadError,
    InDoubtError,
    InternalServerError,
    InvalidParameter,
    JournalError,
    LengthError,
    MissingParameter,
    NotFoundError,
    OutputDecodeError,
    OutputError,
    OverloadedError,
    ParameterError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    RefusalError,
    RequestTooLargeError,
    SpendLimitReached,
    StreamInterrupted,
    StreamTimeout,
    TaskCancelled,
    TaskError,
    TaskExpired,
    TaskFailed,
    TaskTimeout,
    TikHubError,
    TurnLimitReached,
    UnknownParameter,
    UnprocessableEntityError,
)
from tikhub_async.types import TaskState, TaskStatus

if TYPE_CHECKING:
    from tikhub_async.media import Media
    from tikhub_async.structured import Parsed
    from tikhub_async.tools import run_tools, tool

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "ConfigError",
    "ConflictError",
    "ContentFilterError",
    "DecodeError",
    "DownloadError",
    "EventStream",
    "InDoubtError",
    "InternalServerError",
    "InvalidParameter",
    "JournalError",
    "LengthError",
    "Limits",
    "Media",
    "MissingParameter",
    "NotFoundError",
    "OutputDecodeError",
    "OutputError",
    "OverloadedError",
    "ParameterError",
    "Parsed",
    "PermissionDeniedError",
    "ProtocolError",
    "QuotaError",
    "RateLimitError",
    "RefusalError",
    "RequestTooLargeError",
    "RetryPolicy",
    "SpendLimitReached",
    "StreamInterrupted",
    "StreamStats",
    "StreamTimeout",
    "TaskCancelled",
    "TaskError",
    "TaskExpired",
    "TaskFailed",
    "TaskState",
    "TaskStatus",
    "TaskTimeout",
    "Tasks",
    "TikHubAI",
    "TikHubError",
    "Timeouts",
    "TurnLimitReached",
    "UnknownParameter",
    "UnprocessableEntityError",
    "Video",
    "VideoTask",
    "__version__",
    "run_tools",
    "tool",
]

_LATER = {"Media": "media", "Parsed": "structured", "run_tools": "tools", "tool": "tools"}
"""Loaded when first used: they need the types of every provider."""


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
