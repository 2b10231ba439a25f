"""bytes ↔ data: one cached msgspec coder per type; every failure becomes a `DecodeError` with its path.

Decoding has a fast path, msgspec alone, and a lenient one that runs on failure only: it walks the
type and repairs what gateways are known to send: unknown members of a union (kept raw as `Unknown`),
`null` where a value was promised, whole floats for integers, lone surrogates, raw control characters.
"""

import json
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, TypeVar, cast

import msgspec
from msgspec import inspect as shapes

from tikhub_async._wire.shape import is_nullable, kind_of
from tikhub_async.errors import DecodeError, shorten
from tikhub_async.types._base import Source, Unknown, is_array, is_object, without_nulls

T = TypeVar("T")

FAILURES = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""All that msgspec raises on bad input: deep nesting and bad UTF-8 are not errors of its own."""

encode = msgspec.json.Encoder().encode
"""Data → JSON bytes."""


@cache
def decoder_for(type_: Any) -> msgspec.json.Decoder[Any]:
    """The one decoder of a type; making one costs far more than using it."""
    return msgspec.json.Decoder(type_)


def decode(data: bytes | bytearray, type_: type[T]) -> T:
    """JSON bytes as `type_`, leniently where they must be read so.

    Raises:
        DecodeError: The bytes are not JSON, or do not fit even leniently; `path` says where.
    """
    try:
        return cast("T", decoder_for(cast("Any", type_)).decode(data))
    except FAILURES:
        pass
    return decode_lenient(data, type_)


def decode_lenient(data: bytes | bytearray, type_: type[T]) -> T:
    """As `decode`, straight on the slow path.

    Raises:
        DecodeError: As `decode`.
    """
    problem: str
    path = "$"
    try:
        return cast("T", _convert(loads(data), _plan(cast("Any", type_)), "$"))
    except _Misfit as misfit:
        problem, path = misfit.problem, misfit.path
    except FAILURES as failure:
        problem = str(failure) or type(failure).__name__
    except ValueError as failure:
        problem = f"not JSON: {failure}"
    text = bytes(data[:65536]).decode("utf-8", "replace")
    raise DecodeError(f"cannot decode the answer at {path}: {problem}; got {shorten(text)!r}", path=path, body=text)


def loads(data: bytes | bytearray) -> Any:
    """JSON as plain data; accepts lone surrogates and raw control characters, which msgspec does not.

    Raises:
        ValueError: Not JSON.
    """
    try:
        return msgspec.json.decode(data)
    except FAILURES:
        pass
    return json.loads(bytes(data).decode("utf-8", "replace"), strict=False)


def dumps(value: Any) -> bytes:
    """Plain data as JSON bytes, lone surrogates escaped."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


class _Misfit(Exception):
    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


@cache
def _plan(type_: Any) -> shapes.Type:
    return shapes.type_info(type_)


def _convert(value: Any, shape: shapes.Type, path: str) -> Any:
    """`value` as `shape`, repaired where that loses nothing."""
    match shape:
        case shapes.StructType():
            return _convert_struct(value, shape, path)
        case shapes.UnionType():
            return _convert_union(value, shape, path)
        case shapes.ListType(item_type=item) | shapes.CollectionType(item_type=item):
            if not is_array(value):
                raise _Misfit(path, f"expected an array, got {_word(value)}")
            return [_convert(member, item, f"{path}[{index}]") for index, member in enumerate(value)]
        case shapes.DictType(value_type=item):
            if not is_object(value):
                raise _Misfit(path, f"expected an object, got {_word(value)}")
            return {key: _convert(member, item, f"{path}.{key}") for key, member in value.items()}
        case shapes.Metadata(type=inner):
            return _convert(value, inner, path)
        case shapes.RawType():
            return msgspec.Raw(dumps(value))
        case shapes.AnyType():
            return value
        case shapes.StrType() if isinstance(value, str):
            return value  # also with lone surrogates, which msgspec.convert would refuse later
        case shapes.IntType() if isinstance(value, float) and value.is_integer():
            return int(value)
        case _:
            return _convert_scalar(value, shape, path)


def _convert_scalar(value: Any, shape: shapes.Type, path: str) -> Any:
    # Callers decode into types of their own, too: dataclasses, TypedDicts, enums are read as strictly as msgspec does.
    callers_own = getattr(shape, "cls", None)
    try:
        return msgspec.convert(value, callers_own or _python_type(shape), strict=True)
    except FAILURES as failure:
        problem = f"expected {kind_of(shape)}, got {_word(value)}" if callers_own is None else str(failure)
    except KeyError:
        problem = f"cannot read {kind_of(shape)} here"  # a type that no answer of ours has
    raise _Misfit(path, problem)


def _convert_struct(value: Any, shape: shapes.StructType, path: str) -> Any:
    if not is_object(value):
        raise _Misfit(path, f"expected an object, got {_word(value)}")
    fields: dict[str, Any] = {}
    for field in shape.fields:
        member = value.get(field.encode_name)
        if field.encode_name not in value or (member is None and not is_nullable(field.type)):
            if field.required:
                raise _Misfit(f"{path}.{field.encode_name}", f"missing in {shape.cls.__name__}")
            continue  # null where a value was promised: the default stands
        fields[field.name] = _convert(member, field.type, f"{path}.{field.encode_name}")
    struct = shape.cls(**fields)
    if isinstance(struct, Source) and struct.wire() != without_nulls(value):
        struct.remember(dumps(value))  # it has members without a field here, which must not be lost on the way back
    return struct


def _convert_union(value: Any, shape: shapes.UnionType, path: str) -> Any:
    if value is None and is_nullable(shape):
        return None
    structs = [member for member in shape.types if isinstance(member, shapes.StructType)]
    tagged = [member for member in structs if member.tag_field is not None]
    if is_object(value) and tagged:
        return _convert_tagged(value, tagged, path)
    misfit: _Misfit | None = None
    for member in shape.types:
        try:
            return _convert(value, member, path)
        except _Misfit as failure:
            if misfit is None or len(failure.path) > len(misfit.path):
                misfit = failure  # the member that fitted furthest says most
    assert misfit is not None
    raise misfit


def _convert_tagged(value: dict[str, Any], members: list[shapes.StructType], path: str) -> Any:
    tag_field = members[0].tag_field
    assert tag_field is not None
    tag = value.get(tag_field)
    unknown: type[Unknown] | None = None
    for member in members:
        if issubclass(member.cls, Unknown):
            unknown = member.cls
        elif member.tag == tag:
            return _convert_struct(value, member, path)
    if unknown is None:
        raise _Misfit(f"{path}.{tag_field}", f"unknown value {tag!r}")
    return unknown(name=tag if isinstance(tag, str) else "", raw=dumps(value))


_SCALARS: dict[type[shapes.Type], Any] = {
    shapes.IntType: int,
    shapes.FloatType: float,
    shapes.BoolType: bool,
    shapes.StrType: str,
    shapes.NoneType: None,
    shapes.DateTimeType: datetime,
    shapes.DateType: date,
}


def _python_type(shape: shapes.Type) -> Any:
    if isinstance(shape, shapes.LiteralType):
        return _literal(shape)
    return _SCALARS[type(shape)]


def _literal(shape: shapes.LiteralType) -> Any:
    return Literal[shape.values]


def _word(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value!r}"
        case str():
            return f"the text {shorten(value, 40)!r}"
        case list():
            return "an array"
        case _:
            return "an object"
