"""Values for JSON schemas."""

from typing import Any, Literal

import msgspec
import pytest

from tikhub_async.testing._schema import MAX_DEPTH, value_for


class Author(msgspec.Struct):
    name: str
    email: str | None = None


class Book(msgspec.Struct, kw_only=True):
    title: str
    pages: int
    price: float
    kind: Literal["novel", "essay"]
    authors: list[Author]
    tags: dict[str, int] = {}
    sold: bool = False


class Node(msgspec.Struct):
    value: int
    left: "Node | None" = None
    right: "Node | None" = None


@pytest.mark.parametrize("kind", [Book, Node, list[Book], dict[str, Author], tuple[int, str], int | None])
def test_a_value_made_for_a_type_decodes_into_it(kind: Any) -> None:
    value = value_for(msgspec.json.schema(kind))
    msgspec.json.decode(msgspec.json.encode(value), type=kind)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "value"),
        ({"type": "string", "minLength": 8}, "valuexxx"),
        ({"type": "string", "maxLength": 2}, "va"),
        ({"type": "string", "format": "date"}, "2026-02-26"),
        ({"type": "STRING", "nullable": True}, "value"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 5}, 5),
        ({"type": "integer"}, 1),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5}, 5),
        ({"type": "number", "minimum": 2.5}, 2.5),
        ({"type": "number", "maximum": 1}, 1),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "null"}, None),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["value_1", "value_2"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 0}, []),
        ({"properties": {"a": {"type": "string"}}}, {"a": "a"}),
        ({"type": "object", "required": ["x"]}, {"x": "x"}),
        (
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "null"}}}]},
            {"a": 1, "b": None},
        ),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "boolean"}}}, True),
    ],
)
def test_values(schema: dict[str, Any], value: Any) -> None:
    assert value_for(schema) == value


def test_a_schema_that_contains_itself_ends() -> None:
    value = value_for(msgspec.json.schema(Node))
    depth = 0
    while value is not None:
        value, depth = value.get("left"), depth + 1
    assert depth <= MAX_DEPTH
