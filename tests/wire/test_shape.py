"""What can be told of a type from its shape."""

from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest
from msgspec import inspect as shapes

from tikhub_async._wire.shape import is_nullable, is_object_shape, kind_of, spell


class Point(msgspec.Struct):
    x: int


class Row(msgspec.Struct, array_like=True):
    x: int


class Pair(NamedTuple):
    x: int


class Keys(TypedDict):
    x: int


NULLABLE: list[tuple[Any, bool]] = [
    (None, True),
    (int | None, True),
    (Any, True),
    (msgspec.Raw, True),
    (Literal["a", None], True),
    (Annotated[int | None, msgspec.Meta(description="a count")], True),
    (int, False),
    (Literal["a"], False),
    (int | str, False),
    (Point, False),
]

OBJECTS: list[tuple[Any, bool]] = [
    (Point, True),
    (Keys, True),
    (dict[str, int], True),
    (Annotated[Point, msgspec.Meta(description="a point")], True),
    (Row, False),
    (Pair, False),
    (list[Point], False),
    (int, False),
]

SPELLINGS: list[tuple[Any, str]] = [
    (int, "int"),
    (list[int], "list[int]"),
    (dict[str, list[Point]], "dict[str, list[Point]]"),
    (tuple[int, str], "tuple[int, str]"),
    (Annotated[int, msgspec.Meta(ge=0)], "int"),
]


@pytest.mark.parametrize(("type_", "nullable"), NULLABLE, ids=str)
def test_null_is_a_value_where_the_type_says_so(type_: Any, nullable: bool) -> None:
    assert is_nullable(shapes.type_info(type_)) is nullable


@pytest.mark.parametrize(("type_", "is_object"), OBJECTS, ids=str)
def test_the_json_of_a_type_is_an_object_or_not(type_: Any, is_object: bool) -> None:
    assert is_object_shape(shapes.type_info(type_)) is is_object


@pytest.mark.parametrize(("type_", "spelling"), SPELLINGS, ids=str)
def test_a_type_is_spelt_as_python_writes_it(type_: Any, spelling: str) -> None:
    assert spell(shapes.type_info(type_)) == spelling


def test_a_kind_is_one_plain_word() -> None:
    assert (kind_of(shapes.IntType()), kind_of(shapes.type_info(int | str))) == ("int", "union")
