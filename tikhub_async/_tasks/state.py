"""What an answer about a task says: pure, knows the gateway and no provider.

Two vocabularies arrive at once, the gateway's (`SUCCESS`) and, one level deeper, the provider's (`succeeded`). Each
layer is read into a `TaskState` of its own, then the two are weighed. The rules:

1. A word that is not in a table is `unknown`, and `unknown` never ends a task: the caller's deadline does.
2. The gateway's end stands. Its record of the provider's body goes stale when it gives a task up, so an inner
   `running` under an outer `FAILURE` says nothing.
3. While the gateway sees no end, the provider's end counts: the gateway does not know `cancelled` and `expired`.
   A provider's success counts only once it brings a URL.
4. No success under a provider's failure: the gateway reports a Google operation whose videos were all withheld as
   one. And a gateway's `FAILURE` is told as the provider's `cancelled` or `expired` where that is what happened, so
   that a final status never changes.
5. A text is a URL only under a success, and only with a URL's beginning: both `result_url` and `fail_reason` can hold
   either an address or a sentence.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from tikhub_async._wire import codec
from tikhub_async.types._base import Number, is_array, is_object
from tikhub_async.types.task import FAILING, GatewayTask, TaskAnswer, TaskProblem, TaskState, TaskStatus, fitting

A = TypeVar("A", bound=TaskAnswer)

GATEWAY_WORDS: Mapping[str, TaskStatus] = {
    "not_start": "queued",
    "submitted": "queued",
    "queued": "queued",
    "in_progress": "running",
    "success": "succeeded",
    "failure": "failed",
    "unknown": "unknown",
    # The short form, the OpenAI video object, and synonyms seen on other gateways of the family.
    "pending": "queued",
    "processing": "running",
    "running": "running",
    "completed": "succeeded",
    "succeed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "expired": "expired",
}
"""The gateway's words, lower-case; what is not here is `unknown`."""

EMPTY_REASONS = frozenset({"", "failed", "task failed", "upstream returned error"})
"""Reasons in which the gateway only says that there is one; the provider's own words are better."""

MILLISECONDS_FROM = 100_000_000_000
"""Later than any second that matters (year 5138) and earlier than any millisecond that does (1973)."""

MAX_ENVELOPES = 4
"""A gateway whose channel is a gateway wraps twice; more is not worth following."""

LATEST = 10_000 * MILLISECONDS_FROM
"""Beyond it a number is no time in either unit."""

_PERCENT = re.compile(r"\s*([0-9]{1,9})(?:\.[0-9]*)?\s*%?\s*\Z", re.ASCII)
_URL = re.compile(r"\s*(?:https?://\S|data:[^\s,]*,)", re.IGNORECASE)
_CONTENT_ROUTE = re.compile(r"/v1/videos/[^/]+/content/?\Z")
_INLINE_KEYS = frozenset({"bytesBase64Encoded", "encodedVideo", "videoBytes"})


def status_of(word: str | None, words: Mapping[str, TaskStatus] = GATEWAY_WORDS) -> TaskStatus:
    """Ours for a word on the wire: from a provider's table, then from the gateway's; upper and lower case alike."""
    key = (word or "").strip().lower()
    return words.get(key) or GATEWAY_WORDS.get(key, "unknown")


def percent(value: Number | str | None) -> int | None:
    """`"50%"`, `50` or `50.4` as 50, held within 0…100; None for anything else."""
    if isinstance(value, str):
        match = _PERCENT.match(value)
        return min(100, int(match[1])) if match else None
    if value is None or value != value:  # NaN, which only the lenient decoder lets through
        return None
    return int(max(0, min(100, value)))


def seconds(value: Number | None) -> Number | None:
    """A time in Unix seconds, whether it came in seconds or milliseconds; None for 0, the gateway's "not yet"."""
    if value is None or not 0 < value < LATEST:
        return None
    return value / 1000 if value >= MILLISECONDS_FROM else value


def is_url(text: str | None) -> bool:
    """Whether a text can be an address of a result at all."""
    return text is not None and _URL.match(text) is not None


def is_content_route(url: str) -> bool:
    """Whether an address is the gateway's own download route, which needs the key.

    Its host is the operator's setting and may be wrong: build the address from the base URL and the id instead.
    """
    try:
        return _CONTENT_ROUTE.search(urlsplit(url).path) is not None
    except ValueError:  # a broken address, as `http://[`
        return False


def links(*texts: str | None) -> tuple[str, ...]:
    """Those of the texts that are addresses, in order, each once."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text is not None and is_url(text)))


def sentence(*texts: str | None) -> str | None:
    """The first text that says something and is no address."""
    return next((text for text in texts if text and text.strip() and not is_url(text)), None)


def problem_of(error: TaskProblem | str | None) -> tuple[str | None, str | int | None]:
    """Reason and code of an error object; `""` counts as absent."""
    if isinstance(error, TaskProblem):
        return sentence(error.message, error.status, error.type), None if error.code == "" else error.code
    return sentence(error), None


def gateway_state(task: GatewayTask) -> TaskState:
    """What the gateway's record says by itself, in its long or its short form."""
    reason, code = problem_of(task.error)
    return TaskState(
        id=task.task_id or (task.id if isinstance(task.id, str) else ""),
        status=status_of(task.status),
        word=task.status or "",
        progress=percent(task.progress),
        urls=links(task.result_url, task.fail_reason, task.url)[:1],
        error=sentence(task.fail_reason, reason, task.result_url, task.url),
        error_code=code,
        quota=task.quota,
        created_at=seconds(task.submit_time) or seconds(task.created_at),
        started_at=seconds(task.start_time),
        # A task whose channel was removed fails with finish_time 0.
        finished_at=seconds(task.finish_time) or seconds(task.updated_at),
    )


def object_state(body: TaskAnswer, words: Mapping[str, TaskStatus] = GATEWAY_WORDS) -> TaskState:
    """What an object without envelope says: the OpenAI video object, the flat object, and any that shares its names."""
    reason, code = problem_of(body.error)
    address = body.metadata.get("url") if body.metadata else None
    return TaskState(
        id=body.task_id or (body.id if isinstance(body.id, str) else ""),
        status=status_of(body.status, words),
        word=body.status or "",
        progress=percent(body.progress),
        urls=links(address if isinstance(address, str) else None, body.fail_reason),
        error=sentence(body.fail_reason, reason),
        error_code=code,
        created_at=seconds(body.created_at),
        finished_at=seconds(body.completed_at) or seconds(body.finished_at),
    )


def state_from(body: A, native: Callable[[A], TaskState]) -> TaskState:
    """The state that an answer tells, in whatever form it came.

    Args:
        body: The answer.
        native: Reads the provider's own form, which is also what lies inside an envelope.
    """
    return settle(_weighed(body, native, 0), body)


def _weighed(body: A, native: Callable[[A], TaskState], depth: int) -> TaskState:
    if not body.in_envelope:
        return native(body)
    if body.data is None:
        code = body.code if status_of(str(body.code)) != "succeeded" else None
        return TaskState(word=str(code or ""), error=sentence(body.message), error_code=code)
    outer = gateway_state(body.data)
    inner = fitting(body.data.data, type(body)) if depth < MAX_ENVELOPES else None
    return merge(outer, _weighed(inner, native, depth + 1)) if inner is not None else outer


def merge(outer: TaskState, inner: TaskState) -> TaskState:
    """One state from the gateway's record and the provider's body inside it."""
    decider, other = (inner, outer) if _inner_decides(outer, inner) else (outer, inner)
    return TaskState(
        id=outer.id,  # the inner one is the provider's and cannot be asked with
        status=decider.status,
        word=decider.word,
        progress=outer.progress if outer.progress is not None else inner.progress,
        urls=_joined(outer.urls, inner.urls),
        extras=inner.extras,
        error=_reason(outer.error, inner.error),
        error_code=inner.error_code if inner.error_code is not None else outer.error_code,
        quota=outer.quota,
        usage=inner.usage,
        created_at=outer.created_at or inner.created_at,
        started_at=outer.started_at or inner.started_at,
        finished_at=decider.finished_at or other.finished_at,
        inline=inner.inline,
    )


def _inner_decides(outer: TaskState, inner: TaskState) -> bool:
    if outer.status == "succeeded":
        return inner.status in FAILING
    if outer.status in FAILING:
        return outer.status == "failed" and inner.status in {"cancelled", "expired"}
    if inner.status == "succeeded":
        return bool(inner.urls) or inner.inline
    return inner.status in FAILING or (outer.status == "unknown" and inner.status != "unknown")


def _joined(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    """The gateway's address first, the provider's others after it."""
    if not outer or (inner and is_content_route(outer[0])):
        # The content route answers 502 where the provider's address is a data: URL or missing.
        return inner
    others = inner if outer[0] in inner else inner[1:]
    return tuple(dict.fromkeys((*outer, *others)))


def _reason(outer: str | None, inner: str | None) -> str | None:
    if inner is None or outer is None:
        return outer if inner is None else inner
    if outer.strip().lower() in EMPTY_REASONS or outer in inner:
        return inner
    return outer if inner in outer else f"{outer}: {inner}"


def settle(state: TaskState, body: TaskAnswer) -> TaskState:
    """`state` with what its status allows: addresses only under a success, a reason only under a failure."""
    failing, succeeded = state.status in FAILING, state.status == "succeeded"
    urls = state.urls if succeeded else ()
    kept = body.meta.body
    return msgspec.structs.replace(
        state,
        progress=100 if succeeded and state.progress is None else state.progress,
        url=urls[0] if urls else None,
        urls=urls,
        extras=state.extras if succeeded else {},
        error=state.error if failing else None,
        error_code=state.error_code if failing else None,
        note=None if failing else state.error,
        finished_at=state.finished_at if failing or succeeded else None,
        inline=state.inline and succeeded and not urls,
        raw=kept if kept is not None else codec.dumps(body),
    )


def created_from(body: A, native: Callable[[A], TaskState]) -> TaskState:
    """The state after a creation: an answer with an id and no telling word is a task that waits."""
    state = state_from(body, native)
    status: TaskStatus = "queued" if state.status == "unknown" else state.status
    return msgspec.structs.replace(state, id=first_id(body), status=status)


def first_id(body: TaskAnswer) -> str:
    """The id to ask with: the first of `task_id`, `id`, `data.task_id`, `data.id` that is text; `""` if none is."""
    record = body.data
    candidates = (body.task_id, body.id, *((record.task_id, record.id) if record is not None else ()))
    return next((value for value in candidates if isinstance(value, str) and value), "")


def inline_media(raw: bytes) -> list[str]:
    """The base64 texts of videos that came inside an answer, in order, whatever wraps them.

    Raises:
        ValueError: `raw` is not JSON.
    """
    found: list[str] = []
    _collect(codec.loads(raw), found)
    return found


def _collect(value: object, found: list[str]) -> None:
    if is_object(value):
        for name, member in value.items():
            if name in _INLINE_KEYS and isinstance(member, str):
                found.append(member)
            else:
                _collect(member, found)
    elif is_array(value):
        for item in value:
            _collect(item, found)
