"""What a batch gives: a result per line as it is done, figures while it runs, a report at the end."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tikhub_async._wire import codec
from tikhub_async.batch.formats import ItemError
from tikhub_async.batch.ledger import Open
from tikhub_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ContentFilterError,
    DownloadError,
    InDoubtError,
    ParameterError,
    ProtocolError,
    TaskCancelled,
    TaskError,
    TaskExpired,
    TaskFailed,
    TaskTimeout,
    TikHubError,
)

if TYPE_CHECKING:
    from tikhub_async.types._base import Response

Outcome = Literal["ok", "failed", "in doubt", "pending"]
"""`pending` is a video that goes on at the provider, or that is finished and could not be saved: resume."""

WORDS: tuple[tuple[type[TikHubError], str], ...] = (
    (ParameterError, "invalid_parameter"),
    (InDoubtError, "in_doubt"),
    (TaskTimeout, "task_timeout"),
    (TaskCancelled, "task_cancelled"),
    (TaskExpired, "task_expired"),
    (TaskFailed, "task_failed"),
    (APITimeoutError, "timeout"),
    (APIConnectionError, "connection_error"),
    (ContentFilterError, "content_filter"),
    (DownloadError, "download_failed"),
    (ProtocolError, "unusable_answer"),
)
"""Codes of errors that bring none of their own; the first class that fits decides."""


def item_error(error: TikHubError) -> ItemError:
    """An error as the `error` of an output line."""
    word: str | int | None = None
    status: int | None = None
    if isinstance(error, APIStatusError):
        word, status = error.code or error.type, error.status_code
    elif isinstance(error, ProtocolError):
        status = error.status_code or None
    elif isinstance(error, TaskError) and error.state is not None:
        word = error.state.error_code
    if word in {None, ""}:
        word = next((code for kind, code in WORDS if isinstance(error, kind)), "error")
    return ItemError(
        code=str(word),
        message=error.message,
        type=type(error).__name__,
        status_code=status,
        request_id=error.request_id,
        maybe_billed=error.maybe_billed,
    )


class BatchResult(msgspec.Struct, kw_only=True, gc=False):
    """What became of one line."""

    custom_id: str
    number: int
    """Its place in the input, from 1; 0 for a video task that an earlier run had created."""
    outcome: Outcome
    status_code: int | None = None
    request_id: str | None = None
    body: bytes = b""
    """The answer as JSON; `b""` without one."""
    error: ItemError | None = None
    response: "Response | None" = None
    """The answer as the type that the call gives when made directly."""
    task: dict[str, Any] | None = None
    """The saved handle of a video task, for `client.tasks.attach`."""
    file: str | None = None
    """Where the video was saved."""
    attempts: int = 1
    """Times that the request was sent."""
    maybe_billed: bool = False
    """True when an earlier attempt may have been charged as well."""

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.outcome == "ok"

    @property
    def text(self) -> str:
        """The visible text of the answer, `""` when it has none."""
        text = getattr(self.response, "text", "")
        return text if isinstance(text, str) else ""

    def json(self) -> Any:
        """The answer as plain data, None without one."""
        return codec.loads(self.body) if self.body else None


class BatchReport(msgspec.Struct, kw_only=True):
    """A batch in figures; those of a batch that runs change."""

    total: int | None = None
    """Lines of the input, None while unknown."""
    skipped: int = 0
    """Lines that earlier runs had settled."""
    ok: int = 0
    failed: int = 0
    pending: int = 0
    """Videos that go on at the provider, or could not be saved. Resume to get them."""
    in_doubt: int = 0
    """Lines whose outcome is unknown, those of earlier runs included."""
    doubts: list[Open] = []
    """They, at the end."""
    in_flight: int = 0
    """Requests in flight."""
    open_videos: int = 0
    """Video tasks under way."""
    limit: int = 0
    """How many requests the batch dares to have in flight."""
    sent: int = 0
    """Requests that left in this run."""
    refused: int = 0
    """429s and the like among them."""
    repeated: int = 0
    """Requests that were sent again although the first attempt may have been charged."""
    tokens_in: int = 0
    tokens_out: int = 0
    quota: float = 0.0
    """Gateway units that videos have cost."""
    seconds: float = 0.0
    errors: Counter[str] = msgspec.field(default_factory=Counter[str])
    """Failures by code."""
    stopped: TikHubError | None = None
    """What stopped it before its end."""
    interrupted: bool = False
    """True after `drain` or `abort`."""

    @property
    def settled(self) -> int:
        """Lines that have their output line."""
        return self.skipped + self.ok + self.failed

    @property
    def complete(self) -> bool:
        """True when every line has its answer or its error."""
        return self.stopped is None and not (self.interrupted or self.in_doubt or self.pending)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for logs and machines."""
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if name not in {"doubts", "errors", "stopped", "in_flight", "open_videos"}
        }
        data["seconds"] = round(self.seconds, 3)
        data["errors"] = dict(self.errors.most_common())
        data["stopped"] = None if self.stopped is None else self.stopped.message
        data["doubts"] = [line.custom_id for line in self.doubts]
        data["complete"] = self.complete
        return data


INSIDE = ("prompt_tokens", "input_tokens", "prompt_token_count")
OUTSIDE = ("completion_tokens", "output_tokens", "candidates_token_count")
BESIDE_INSIDE = ("cache_read_input_tokens", "cache_creation_input_tokens")
BESIDE_OUTSIDE = ("thoughts_token_count",)
"""Names of counts in the dialects: one of the first two each, and what comes on top."""


def tokens_of(response: "Response") -> tuple[int, int]:
    """Input and output tokens of an answer of any dialect; 0 where it does not say."""
    usage: object = getattr(response, "usage", None) or getattr(response, "usage_metadata", None)
    if usage is None:
        return 0, 0
    inside, outside = _NAMES.get(type(usage)) or _NAMES.setdefault(type(usage), _names_in(type(usage)))
    return _sum(usage, inside), _sum(usage, outside)


Names = tuple[str, ...]
_NAMES: dict[type, tuple[Names, Names]] = {}
"""Which of the names a type has: looked up once, because this runs for every answer."""


def _names_in(usage: type) -> tuple[Names, Names]:
    return _present(usage, INSIDE)[:1] + _present(usage, BESIDE_INSIDE), (
        _present(usage, OUTSIDE)[:1] + _present(usage, BESIDE_OUTSIDE)
    )


def _present(usage: type, names: Names) -> Names:
    return tuple(name for name in names if hasattr(usage, name))


def _sum(usage: object, names: Names) -> int:
    total = 0
    for name in names:
        value = getattr(usage, name)
        if isinstance(value, int):
            total += value
    return total
