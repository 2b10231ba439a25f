"""Every exception of the package.

    TikHubError
    ├─ ConfigError (ValueError)                    key, base URL, client option
    ├─ ParameterError                              before anything is sent
    │  ├─ UnknownParameter (TypeError)             with the nearest known name
    │  ├─ MissingParameter (TypeError)
    │  └─ InvalidParameter (ValueError)            which rule, which provider
    ├─ APIError
    │  ├─ APIConnectionError                       no answer arrived
    │  │  └─ APITimeoutError (TimeoutError)
    │  ├─ APIStatusError                           the gateway answered with an error
    │  │  ├─ BadRequestError
    │  │  ├─ AuthenticationError
    │  │  ├─ QuotaError
    │  │  ├─ PermissionDeniedError
    │  │  ├─ NotFoundError
    │  │  ├─ ConflictError
    │  │  ├─ RequestTooLargeError
    │  │  ├─ UnprocessableEntityError
    │  │  ├─ RateLimitError
    │  │  ├─ OverloadedError
    │  │  └─ InternalServerError
    │  └─ ProtocolError                            the answer breaks the contract: HTML, empty, cut
    │     └─ DecodeError                           JSON that does not fit, with its path
    ├─ InDoubtError                                a paid creation whose outcome is unknown
    ├─ StreamInterrupted                           a stream ended before its protocol's end
    │  └─ StreamTimeout (TimeoutError)
    ├─ OutputError                                 an answer, but not what was asked for
    │  ├─ LengthError
    │  ├─ RefusalError
    │  ├─ ContentFilterError
    │  ├─ OutputDecodeError                        text that does not fit the type, with its path
    │  └─ TurnLimitReached                         a tool run that did not come to an end
    ├─ TaskError
    │  ├─ TaskFailed
    │  ├─ TaskCancelled
    │  ├─ TaskExpired
    │  └─ TaskTimeout (TimeoutError)
    ├─ DownloadError                               the task is untouched
    └─ BatchError
       ├─ JournalError
       └─ SpendLimitReached

Facts are attributes; the text is composed from them and never has to be parsed. Every error can be
copied and pickled whole, and none holds a key.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tikhub_async.types.task import TaskState

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
    "InDoubtError",
    "InternalServerError",
    "InvalidParameter",
    "JournalError",
    "LengthError",
    "MissingParameter",
    "NotFoundError",
    "OutputDecodeError",
    "OutputError",
    "OverloadedError",
    "ParameterError",
    "PermissionDeniedError",
    "ProtocolError",
    "QuotaError",
    "RateLimitError",
    "RefusalError",
    "RequestTooLargeError",
    "SpendLimitReached",
    "StreamInterrupted",
    "StreamTimeout",
    "TaskCancelled",
    "TaskError",
    "TaskExpired",
    "TaskFailed",
    "TaskTimeout",
    "TikHubError",
    "TurnLimitReached",
    "UnknownParameter",
    "UnprocessableEntityError",
]

BODY_SHOWN = 200
"""Characters of a body quoted in a message; the whole body is on the attribute."""


def shorten(text: str, limit: int = BODY_SHOWN) -> str:
    """`text` on one line, cut at `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}… ({len(text)} characters)"


def in_seconds(seconds: float) -> str:
    """A limit as people say it: what is left of a deadline has digits that mean nothing."""
    return f"{round(seconds, 3 if seconds < 10 else 1):g} s"


class TikHubError(Exception):
    """Base of every error of this package.

    Attributes:
        message: What happened, to which value.
        hint: What to do next, or None.
        stage: Where it happened: `config`, `parameters`, `request`, `certificate` (the gateway's was not accepted),
            `response`, `stream`, `task`, `download` or `batch`.
        where: The call, as `openai.chat.completions POST /v1/chat/completions`, or None.
        attempts: Requests sent before giving up, 0 when none left the machine.
        maybe_billed: True when the provider may have done, and charged, the work.
        request_id: The gateway's request id, to quote to its support.
        earlier: Errors of earlier attempts of the same call, oldest first.
    """

    stage: str = "request"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        stage: str | None = None,
        where: str | None = None,
        attempts: int = 0,
        maybe_billed: bool = False,
        request_id: str | None = None,
        earlier: "Sequence[TikHubError]" = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if stage is not None:
            self.stage = stage
        self.where = where
        self.attempts = attempts
        self.maybe_billed = maybe_billed
        self.request_id = request_id
        self.earlier = tuple(earlier)

    def __str__(self) -> str:
        facts = [self.where] if self.where else []
        if self.attempts > 1:
            facts.append(f"{self.attempts} attempts")
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        if self.maybe_billed:
            facts.append("may have been billed")
        text = f"{self.message} [{', '.join(facts)}]" if facts else self.message
        return f"{text}\n  → {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only constructors break the default pickling of exceptions.
        return (_rebuild, (type(self), self.args), self.__dict__)


def _rebuild(cls: type[TikHubError], args: tuple[Any, ...]) -> TikHubError:
    error = cls.__new__(cls)
    error.args = args
    return error


class ConfigError(TikHubError, ValueError):
    """A client option is missing or wrong: key, base URL, limit."""

    stage = "config"


class ParameterError(TikHubError):
    """A request was refused here, before anything was sent."""

    stage = "parameters"


class UnknownParameter(ParameterError, TypeError):
    """A keyword that the endpoint does not have; the nearest known name is in the text.

    Attributes:
        name: The keyword as written.
        nearest: The most similar known keyword, or None.
    """

    def __init__(self, where: str, name: str, nearest: str | None = None, *, hint: str | None = None) -> None:
        self.name = name
        self.nearest = nearest
        if hint is None:
            meant = f"did you mean {nearest!r}? " if nearest else ""
            hint = f"{meant}A field this version does not know goes into extra_body={{{name!r}: …}}"
        super().__init__(f"{where}() got an unknown parameter {name!r}", hint=hint, where=where)


class MissingParameter(ParameterError, TypeError):
    """A required keyword is missing.

    Attributes:
        names: The missing keywords, in alphabetical order.
    """

    def __init__(self, where: str, names: Sequence[str]) -> None:
        self.names = tuple(names)
        listed = ", ".join(repr(name) for name in names)
        super().__init__(f"{where}() is missing {listed}", where=where)


class InvalidParameter(ParameterError, ValueError):
    """A value that cannot be sent, or that the provider is known to refuse.

    Attributes:
        path: Where the value stands, as `messages[1].content`.
        rule: The rule it breaks.
    """

    def __init__(self, path: str, rule: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.path = path
        self.rule = rule
        super().__init__(f"{path}: {rule}", hint=hint, where=where)


class APIError(TikHubError):
    """A request was sent, or tried, and brought no usable answer."""


class APIConnectionError(APIError):
    """No answer arrived: DNS, refused, reset, closed.

    `maybe_billed` says what that means: False when nothing left the machine.
    """


class APITimeoutError(APIConnectionError, TimeoutError):
    """No answer in time.

    Attributes:
        phase: Which limit ran out: `pool`, `connect`, `first_byte`, `idle` or `total`.
        seconds: That limit.
    """

    def __init__(self, message: str, *, phase: str = "total", seconds: float | None = None, **facts: Any) -> None:
        self.phase = phase
        self.seconds = seconds
        super().__init__(message, **facts)


class APIStatusError(APIError):
    """The gateway answered with an error, by status, by body, or inside a stream.

    Attributes:
        status_code: The HTTP status; the status of the stream (200) for errors inside one.
        code: The gateway's or provider's code word or number, or None.
        type: The error type word, or None.
        param: The parameter the error speaks of, or None.
        body: The decoded body, or its text where it was not JSON, or None where empty.
        headers: Response headers, lower-case names.
        retry_after: Seconds the server asked to wait, or None.
        partial: For an error inside a stream: what had arrived, as the stream's result type.
    """

    stage = "response"

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | int | None = None,
        type: str | None = None,  # noqa: A002 - the wire's word
        param: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        partial: Any = None,
        **facts: Any,
    ) -> None:
        self.status_code = status_code
        self.code = code
        self.type = type
        self.param = param
        self.body = body
        self.headers = dict(headers or {})
        self.retry_after = retry_after
        self.partial = partial
        super().__init__(message, **facts)


class BadRequestError(APIStatusError):
    """400, or another status with a code that means bad input. Sending it again will not help."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, unknown, expired, disabled, or its own quota is used up."""


class QuotaError(APIStatusError):
    """403 (or 402) with a quota code: the balance or the key's quota is too low for this call."""


class PermissionDeniedError(APIStatusError):
    """403: this key may not use the model, the route, or this IP address."""


class NotFoundError(APIStatusError):
    """404, 400 `task_not_exist`, 503 `model_not_found`: no such route, task or model for this key."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of the resource."""


class RequestTooLargeError(APIStatusError):
    """413: the body is larger than the gateway accepts (128 MB by default)."""


class UnprocessableEntityError(APIStatusError):
    """422: the provider understood the request and refused its values."""


class RateLimitError(APIStatusError):
    """429: too many requests; sent again automatically within the retry limits."""


class OverloadedError(APIStatusError):
    """503, 529 or an overload code: the gateway or the provider has no capacity now."""


class InternalServerError(APIStatusError):
    """Any other 5xx: the gateway or the provider failed."""


class ProtocolError(APIError):
    """The answer breaks the contract: HTML, an empty body, a redirect, a wrong content type.

    Attributes:
        status_code: The HTTP status, 0 where unknown.
        body: The body as text, cut at 64 KiB.
        headers: Response headers, lower-case names.
        partial: For a stream: what had arrived, as the stream's result type.
    """

    stage = "response"

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        partial: Any = None,
        **facts: Any,
    ) -> None:
        self.status_code = status_code
        self.body = body
        self.headers = dict(headers or {})
        self.partial = partial
        super().__init__(message, **facts)


class DecodeError(ProtocolError):
    """JSON that is broken or does not fit the documented shape.

    Attributes:
        path: JSON path of the value that does not fit, as `$.choices[0].index`.
        event_number: For a stream: which event, counted from 1; None for a whole body.
    """

    def __init__(self, message: str, *, path: str = "$", event_number: int | None = None, **facts: Any) -> None:
        self.path = path
        self.event_number = event_number
        super().__init__(message, **facts)


class InDoubtError(TikHubError):
    """A paid creation was sent and its outcome is unknown. It was not, and will not be, sent again.

    Attributes:
        provider: Whose creation, as `seedance`.
        sent: The JSON body that was sent, as text, cut at 64 KiB.
        sent_at: When it was sent, Unix seconds.
    """

    def __init__(self, message: str, *, provider: str, sent: str, sent_at: float, **facts: Any) -> None:
        self.provider = provider
        self.sent = sent
        self.sent_at = sent_at
        facts.setdefault("maybe_billed", True)
        super().__init__(message, **facts)


class StreamInterrupted(TikHubError):
    """A stream ended before its protocol's end. What arrived is kept and was delivered.

    Attributes:
        partial: What arrived, as the stream's result type; None when nothing did.
        usage: The last usage the stream reported; None means unknown, not zero.
    """

    stage = "stream"

    def __init__(self, message: str, *, partial: Any = None, usage: Any = None, **facts: Any) -> None:
        self.partial = partial
        self.usage = usage
        facts.setdefault("maybe_billed", True)
        super().__init__(message, **facts)


class StreamTimeout(StreamInterrupted, TimeoutError):
    """No data event within the idle limit, or the stream outlived its total limit.

    Attributes:
        phase: `idle` or `total`.
        seconds: That limit.
    """

    def __init__(self, message: str, *, phase: str = "idle", seconds: float | None = None, **facts: Any) -> None:
        self.phase = phase
        self.seconds = seconds
        super().__init__(message, **facts)


class OutputError(TikHubError):
    """An answer arrived, but not what was asked for: no object for `parse`, no end of a tool run.

    The answer was paid for and is kept.

    Attributes:
        text: The text that arrived.
        usage: The answer's usage, None when unknown.
        response: The whole answer.
    """

    stage = "response"

    def __init__(self, message: str, *, text: str = "", usage: Any = None, response: Any = None, **facts: Any) -> None:
        self.text = text
        self.usage = usage
        self.response = response
        facts.setdefault("maybe_billed", True)
        super().__init__(message, **facts)


class LengthError(OutputError):
    """The output was cut at the token limit, so it cannot be decoded."""


class RefusalError(OutputError):
    """The model refused; `text` holds the refusal."""


class ContentFilterError(OutputError):
    """The provider's content filter withheld the output or blocked the prompt."""


class OutputDecodeError(OutputError):
    """The text is not JSON of the type that was asked for. It is on `text`, as the model wrote it.

    Attributes:
        path: JSON path of the value that does not fit, as `$.steps[0].minutes`; `$` where the text is no JSON.
    """

    def __init__(self, message: str, *, path: str = "$", **facts: Any) -> None:
        self.path = path
        super().__init__(message, **facts)


class TurnLimitReached(OutputError):
    """A tool run used up its turns while the model still called tools.

    Attributes:
        messages: The whole history, results of the last calls included: go on with it.
        turns: Answers of the model so far.
    """

    def __init__(self, message: str, *, messages: Sequence[Any] = (), turns: int = 0, **facts: Any) -> None:
        self.messages = list(messages)
        self.turns = turns
        super().__init__(message, **facts)


class TaskError(TikHubError):
    """A video task did not end in a video.

    Attributes:
        task: The saved handle, as `VideoTask.to_dict()`: give it to `client.tasks.attach`.
        state: The last state seen, None when there was none.
        history: One entry per change seen: (seconds since the wait began, status word, progress).
    """

    stage = "task"

    def __init__(
        self,
        message: str,
        *,
        task: Mapping[str, Any],
        state: "TaskState | None" = None,
        history: Sequence[tuple[float, str, int | None]] = (),
        **facts: Any,
    ) -> None:
        self.task = dict(task)
        self.state = state
        self.history = tuple(history)
        super().__init__(message, **facts)


class TaskFailed(TaskError):
    """The provider reported failure. Polling again will not help."""


class TaskCancelled(TaskError):
    """The task was cancelled at the provider."""


class TaskExpired(TaskError):
    """The task outlived the provider's own limit before it ran."""


class TaskTimeout(TaskError, TimeoutError):
    """The deadline of `wait` passed. The task lives on: attach again with `client.tasks.attach`."""


class DownloadError(TikHubError):
    """A result could not be fetched whole. The task is untouched: download again, never create again.

    Attributes:
        path: Where the file was to go, None for a byte iterator.
        received: Bytes received before the failure.
        expected: Bytes announced, None when unknown.
    """

    stage = "download"

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        received: int = 0,
        expected: int | None = None,
        **facts: Any,
    ) -> None:
        self.path = path
        self.received = received
        self.expected = expected
        super().__init__(message, **facts)


class BatchError(TikHubError):
    """A batch job could not start or had to stop."""

    stage = "batch"


class JournalError(BatchError):
    """The journal is damaged, held by another writer, or disagrees with the input."""


class SpendLimitReached(BatchError):
    """The batch stopped at the limit it was given; what was done is in the output."""
