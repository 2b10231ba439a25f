"""`TypeForm`: a Python type as JSON schema, and texts that models wrote back into it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import inspect as shapes

from tikhub_async._wire import codec
from tikhub_async._wire.schema import Dialect, Json, write
from tikhub_async._wire.shape import is_nullable, is_object_shape, spell
from tikhub_async.errors import InvalidParameter
from tikhub_async.types._base import is_array, is_object

T = TypeVar("T")

FORMS_KEPT = 1024
"""Types whose schema and decoder are kept; a program has dozens, one that makes types at run time must not leak."""


class NotFitting(Exception):
    """A text that is not JSON of the type.

    Attributes:
        path: JSON path of the value that does not fit.
        problem: What is wrong with it.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class TypeForm(Generic[T]):
    """One type in one dialect.

    Attributes:
        name: The type's name, fit for an API: letters, digits, `_`, `-`, at most 64 characters.
        spelling: The type as Python writes it.
        schema: Its JSON schema, an object at the root.
        wrapped: True for a type that is no object in JSON: it then stands under the key `value`.
    """

    def __init__(self, type_: Any, dialect: Dialect, root: str) -> None:
        """Write the schema.

        Raises:
            InvalidParameter: The dialect cannot express the type.
        """
        shape = _shape(type_, root)
        self.spelling = spell(shape)
        self.name = re.sub(r"[^A-Za-z0-9_-]+", "_", self.spelling).strip("_")[:64] or "answer"
        self.wrapped = not is_object_shape(shape)
        if self.wrapped:
            type_ = msgspec.defstruct("Wrapped", [("value", type_)])
            shape = _shape(type_, root)
        try:
            self.schema: Json = write(shape, dialect, root)
        except InvalidParameter as failure:
            path = failure.path.replace(f"{root}.value", root, 1) if self.wrapped else failure.path
            raise InvalidParameter(path, failure.rule, hint=failure.hint) from None
        self._shape = shape
        self._decoder = codec.decoder_for(type_)

    def decode(self, text: str | bytes) -> T:
        """A model's JSON text as the type.

        What models are known to write is read for what it means: null for an optional key, `3.0` for a whole number,
        a code fence around the JSON.

        Raises:
            NotFitting: It is not JSON, or does not fit.
        """
        try:
            value = self._decoder.decode(text)
        except (*codec.FAILURES, UnicodeEncodeError):
            value = self._decode_repaired(text)
        return cast("T", value.value if self.wrapped else value)

    def _decode_repaired(self, text: str | bytes) -> Any:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if not data.strip():
            raise NotFitting("$", "the text is empty")
        try:
            plain = codec.loads(_unfenced(data))
        except (ValueError, RecursionError) as failure:
            raise NotFitting("$", f"not JSON: {failure}") from None
        try:
            return self._decoder.decode(codec.dumps(_repaired(plain, self._shape)))
        except codec.FAILURES as failure:
            problem, _, place = str(failure).partition(" - at `")
        path = place.rstrip("`") or "$"
        raise NotFitting(path.replace("$.value", "$", 1) if self.wrapped else path, problem)


ROOT = "response_format"
"""The parameter of `parse` that holds the type."""


@lru_cache(maxsize=FORMS_KEPT)
def _cached_form(type_: Any, dialect: Dialect) -> TypeForm[Any]:
    return TypeForm(type_, dialect, ROOT)


def form_of(type_: type[T], dialect: Dialect) -> TypeForm[T]:
    """The form of a type that `parse` is asked for, made once.

    Raises:
        InvalidParameter: The dialect cannot express the type.
    """
    try:
        return _cached_form(cast("Any", type_), dialect)
    except TypeError:  # a type that cannot be a key, as `Annotated` with a list in it
        return TypeForm(type_, dialect, ROOT)


def _shape(type_: Any, root: str) -> shapes.Type:
    try:
        return shapes.type_info(type_)
    except (TypeError, NameError) as failure:
        # msgspec's own sentences say which type it cannot read, and why.
        raise InvalidParameter(root, " ".join(str(failure).split())) from None


_FENCE = re.compile(rb"\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


def _unfenced(data: bytes) -> bytes:
    match = _FENCE.match(data)
    return match[1] if match else data


def _repaired(value: Any, shape: shapes.Type) -> Any:
    """`value` with null taken for "left out" where the type has no null, and whole floats as integers."""
    match shape:
        case shapes.Metadata():
            return _repaired(value, shape.type)
        case shapes.IntType() if isinstance(value, float) and value.is_integer():
            return int(value)
        case shapes.UnionType():
            return _repaired_member(value, shape)
        case shapes.DictType() if is_object(value):
            return {key: _repaired(member, shape.value_type) for key, member in value.items()}
        case shapes.StructType() | shapes.TypedDictType() | shapes.DataclassType() if is_object(value):
            fields = {field.encode_name: field for field in shape.fields}
            return {
                key: _repaired(member, fields[key].type) if key in fields else member
                for key, member in value.items()
                if member is not None or key not in fields or fields[key].required or is_nullable(fields[key].type)
            }
        case _:
            return _repaired_array(value, shape) if is_array(value) else value


def _repaired_array(value: Sequence[Any], shape: shapes.Type) -> list[Any]:
    items: list[shapes.Type]
    match shape:
        case shapes.TupleType():
            items = list(shape.item_types)
        case shapes.NamedTupleType():
            items = [field.type for field in shape.fields]
        case shapes.StructType():
            tag: list[shapes.Type] = [shapes.AnyType()] if shape.tag_field is not None else []
            items = [*tag, *(field.type for field in shape.fields)]
        case _:
            item: shapes.Type | None = getattr(shape, "item_type", None)
            items = [] if item is None else [item] * len(value)
    repaired = [_repaired(member, item) for member, item in zip(value, items, strict=False)]
    return [*repaired, *value[len(repaired) :]]


def _repaired_member(value: Any, shape: shapes.UnionType) -> Any:
    """A member of a union repaired: at most one untagged member is an object, and one an array (msgspec's rule)."""
    bare = [member.type if isinstance(member, shapes.Metadata) else member for member in shape.types]
    if isinstance(value, float) and any(isinstance(member, shapes.FloatType) for member in bare):
        return value
    for member in bare:
        tag_field = getattr(member, "tag_field", None)
        if tag_field is not None and not (is_object(value) and value.get(tag_field) == getattr(member, "tag", None)):
            continue
        repaired = _repaired(value, member)
        if repaired != value or type(repaired) is not type(value):
            return repaired
    return value
