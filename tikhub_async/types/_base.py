"""Bases of all data, and the msgspec options chosen once for the whole package.

What is *sent* is a `TypedDict` (an absent key is an absent key), what is *received* is a frozen
`msgspec.Struct` that tolerates what a gateway may change: unknown fields are ignored, every field
it could drop or null has a default, words are `str`, whole numbers may arrive as floats.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypedDict, TypeGuard, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

Number = int | float
"""A JSON number: whole numbers lose their decimal point on this gateway."""


class Headers(Mapping[str, str]):
    """Response headers: read-only, names compared without case, repeated headers joined by `, `."""

    __slots__ = ("_items", "_raw")

    def __init__(self, raw: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self._raw = raw
        self._items: dict[str, str] | None = None

    def _mapping(self) -> dict[str, str]:
        # Built on first use: most answers are read for their body only.
        if self._items is None:
            items: dict[str, str] = {}
            for raw_name, raw_value in self._raw:
                name = raw_name.decode("latin-1").lower()
                value = raw_value.decode("utf-8", "replace")
                items[name] = f"{items[name]}, {value}" if name in items else value
            self._items = items
        return self._items

    def __getitem__(self, name: str) -> str:
        return self._mapping()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping())

    def __len__(self) -> int:
        return len(self._mapping())

    def __repr__(self) -> str:
        return f"Headers({self._mapping()!r})"

    def __reduce__(self) -> tuple[type["Headers"], tuple[tuple[tuple[bytes, bytes], ...]]]:
        return (Headers, (self._raw,))

    @classmethod
    def of(cls, pairs: Mapping[str, str]) -> "Headers":
        """Headers from text, for tests and for hand-made answers."""
        return cls(tuple((name.encode("latin-1"), value.encode()) for name, value in pairs.items()))


REQUEST_ID_HEADERS = ("x-oneapi-request-id", "x-request-id", "request-id")
"""The gateway's own id first; the provider's is kept where the gateway's is missing."""


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The id to quote to the gateway's support, if the answer carried one."""
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value
    return None


class ResponseMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a response beside its JSON."""

    status_code: int = 200
    headers: Headers = msgspec.field(default_factory=Headers)
    attempts: int = 1
    """Requests sent for this answer, the first one included."""
    maybe_billed: bool = False
    """True when an earlier attempt may have been charged as well."""
    body: bytes | None = None
    """The body as received; None where it was not kept (embeddings, inline videos)."""


class Model(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Base of everything received: immutable, keyword-only, unknown fields ignored."""


def fields_of(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields of a struct by name; the structs in them as they are."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


class WithFacts(Model, frozen=True, kw_only=True, dict=True):
    """Base of what carries facts beside its fields, outside equality, repr and JSON; copies and pickles keep them."""

    def __copy__(self) -> Self:
        return _restore(type(self), fields_of(self), dict(vars(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), fields_of(self), dict(vars(self))))


def _restore(cls: type[S], fields: dict[str, Any], facts: dict[str, Any]) -> S:
    restored = cls(**fields)
    vars(restored).update(facts)
    return restored


NO_META = ResponseMeta()


class Response(WithFacts, frozen=True, kw_only=True):
    """Base of whole answers. Carries the facts of the exchange."""

    @property
    def meta(self) -> ResponseMeta:
        """Status, headers, attempts and raw body of the exchange."""
        meta = vars(self).get("_meta", NO_META)
        assert isinstance(meta, ResponseMeta)
        return meta

    @property
    def request_id(self) -> str | None:
        """The gateway's request id (`X-Oneapi-Request-Id`)."""
        return request_id_of(self.meta.headers)

    @property
    def headers(self) -> Headers:
        """Response headers."""
        return self.meta.headers

    @property
    def attempts(self) -> int:
        """Requests sent for this answer, the first one included."""
        return self.meta.attempts

    @property
    def maybe_billed(self) -> bool:
        """True when an earlier, failed attempt may have been charged as well."""
        return self.meta.maybe_billed

    def attach(self, meta: ResponseMeta) -> None:
        """Keep the facts of the exchange; called once by the session after decoding."""
        vars(self)["_meta"] = meta


class Unknown(Model, frozen=True, kw_only=True, tag_field="type", tag="unknown"):
    """A union member this version does not know: an event, block, item, part … kept as it arrived.

    Put last in a union of tagged structs; the codec fills it when no other member fits.
    """

    type: ClassVar[Literal["unknown"]] = "unknown"
    name: str = ""
    """The word on the wire, `""` where it was missing or not text."""
    raw: bytes
    """The member as JSON."""

    def data(self) -> Any:
        """The member as plain Python data."""
        try:
            return msgspec.json.decode(self.raw)
        except msgspec.MsgspecError:  # half a surrogate pair, as streams may cut it
            return json.loads(self.raw)


class Source(WithFacts, frozen=True, kw_only=True):
    """Base of received objects that go back into requests (a message, a content block)."""

    def remember(self, body: bytes, *path: str | int) -> None:
        """Note where in the answer this object stood, so that `to_param` can keep unknown fields."""
        vars(self)["_source"] = (body, path)

    def wire(self) -> Any:
        """This object as plain data: as received where the answer is at hand, else rebuilt."""
        source = vars(self).get("_source")
        if source is None:
            return without_nulls(msgspec.to_builtins(self))
        body, path = source
        try:
            data = msgspec.json.decode(body)
            for step in path:
                data = data[step]
        except (msgspec.MsgspecError, UnicodeDecodeError, LookupError, TypeError):
            # A body that only the lenient decoder reads, or an object that a default stands in for.
            data = msgspec.to_builtins(self)
        return without_nulls(data)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """True for a decoded JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[Sequence[Any]]:
    """True for a decoded JSON array, and for what becomes one."""
    return isinstance(value, list | tuple)


def without_nulls(data: Any) -> Any:
    """`data` with null members of objects left out, at every depth; lists keep theirs."""
    if is_object(data):
        return {key: without_nulls(value) for key, value in data.items() if value is not None}
    if is_array(data):
        return [without_nulls(value) for value in data]
    return data


class RequestOptions(TypedDict, total=False):
    """Per-call options that every method takes beside the provider's own parameters."""

    timeout: float
    """Total seconds for this call, retries and waiting included; > 0. Default: the client's."""
    max_retries: int
    """Attempts after the first one, >= 0. Default: the client's."""
    extra_headers: Mapping[str, str]
    """Headers added to this request. The key cannot be replaced here: use `with_options`."""
    extra_query: Mapping[str, str]
    """Query parameters added to this request."""
    extra_body: Mapping[str, Any]
    """Members merged over the JSON body, for fields this version does not know."""
