"""Nouns of one exchange inside the emulator: the request as the routes see it, the route, the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal, Protocol

import msgspec

from tikhub_async.testing._catalog import Family
from tikhub_async.testing._json import is_object
from tikhub_async.testing._samples import Stream, sample
from tikhub_async.testing._tasks import TaskBook, VideoTask
from tikhub_async.testing.keys import Identity
from tikhub_async.testing.profiles import Behaviour
from tikhub_async.testing.records import RecordedRequest

Shape = Literal["openai", "claude", "gemini", "task", "content"]
"""Error shapes of the gateway: by route, not by provider. Gemini routes answer in OpenAI's, with an integer code."""


class World(Protocol):
    """What the routes may know of the emulator."""

    @property
    def behaviour(self) -> Behaviour:
        """The profile's column."""
        ...

    @property
    def models(self) -> Mapping[str, Family]:
        """Name → family of every model that is served."""
        ...

    @property
    def tasks(self) -> TaskBook:
        """All video tasks."""
        ...

    @property
    def base_url(self) -> str:
        """The gateway's own address."""
        ...

    @property
    def media_url(self) -> str:
        """Where result URLs point to."""
        ...

    def unix_time(self) -> float:
        """Seconds of the emulator's clock."""
        ...

    def charge(self, task_id: str, exchange: "Exchange") -> None:
        """Remember a paid creation."""
        ...


@dataclass(slots=True)
class Answer:
    """What a route says."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    stream: Stream | None = None
    task: VideoTask | None = None
    """The task that was created, for scripted task faults."""
    ending: list[bytes] = field(default_factory=list[bytes])
    """Events that the gateway adds itself when the provider's stream does not come to its end."""
    bare: bool = False
    """Sent by the router itself, before the gateway's own headers (request id, version) are on the answer."""
    chunked: bool = False
    """Without a length, as the gateway sends what it writes itself and is too long for one buffer."""


class Refused(Exception):
    """The request ends here; raised by checks, answered by the emulator."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _accept(exchange: "Exchange") -> None:
    """Nothing to refuse."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a route table."""

    name: str
    """As `Emulator.script` takes it."""
    method: str
    path: str
    """`{name}` matches one path segment; inside a segment it ends at a colon."""
    handle: Callable[["Exchange"], Answer]
    shape: Shape
    check: Callable[["Exchange"], None] = _accept
    """Refuses what the route itself misses in a request; runs before a scripted reply takes the route's place."""
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    """Body field → Go type of the gateway's request struct; a wrong JSON type is refused."""
    model: Literal["body", "form", "path", "empty", "none"] = "body"
    """Where the model is named. In a form it is missed late; `empty` names none, which a key with an allow list may not
    use; `none` skips the check.
    """
    model_keys: tuple[str, ...] = ("model",)
    """Fields of the body that can name it."""
    paid: bool = True
    """Costs money: refused for keys without balance."""
    keyless: bool = False
    needs: str = ""
    """Flag of `Behaviour` without which the route does not exist."""
    unless: str = ""
    """Flag of `Behaviour` with which it does not exist."""

    def exists(self, behaviour: Behaviour) -> bool:
        """Whether a gateway of that behaviour has the route."""
        return (not self.needs or bool(getattr(behaviour, self.needs))) and not (
            self.unless and getattr(behaviour, self.unless)
        )


@dataclass(slots=True)
class Exchange:
    """One request, read and checked."""

    world: World
    route: Route
    record: RecordedRequest
    request_id: str
    path_params: Mapping[str, str]
    identity: Identity
    created: int
    """Unix seconds of the answer."""
    stream: bool = False
    """The client asked for events."""
    model: str = ""
    family: Family = "openai"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body, or the text parts of a form."""
        return self.record.json if is_object(self.record.json) else dict(self.record.form)


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer of the gateway itself."""
    content = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Answer(status, msgspec.json.encode(value), content)


def sample_answer(name: str, values: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Answer:
    """A documented JSON answer."""
    case = sample(name)
    return Answer(case.status, case.body(values), {**case.headers, **(headers or {})})


def sample_stream(name: str, values: Mapping[str, Any], *, newline: str = "\n") -> Answer:
    """A documented stream."""
    case = sample(name)
    return Answer(case.status, b"", dict(case.headers), case.stream(values, newline=newline))


def http_date(seconds: float) -> str:
    """Unix seconds as HTTP writes them."""
    return formatdate(seconds, usegmt=True)
