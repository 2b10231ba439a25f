"""A Python type → JSON schema, in the dialect that a provider takes.

Every rule of a dialect is applied while the type is walked, so that what it cannot say is refused with its path,
before anything is sent. A limit that a dialect has no keyword for is told to the model in the description; decoding
checks it all the same. msgspec's own schema is not used as it is: it gives datetimes no format, leaves optional keys
and free-form objects as they are, and shares definitions where inlining them is understood by more providers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import cleandoc
from typing import Any, NoReturn

import msgspec
from msgspec import inspect as shapes

from tikhub_async._wire.shape import is_nullable, spell
from tikhub_async.errors import InvalidParameter

Json = dict[str, Any]
Fields = shapes.StructType | shapes.TypedDictType | shapes.DataclassType | shapes.NamedTupleType


class Dialect(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a provider takes as a JSON schema."""

    name: str
    """As errors call it."""
    closed: bool = False
    """Objects list all their keys, and every value has a type: no `dict`, no `Any`."""
    complete: bool = False
    """All keys are required. One with a default may be null instead."""
    recursive: bool = True
    """Types may contain themselves."""
    positions: bool = True
    """Arrays may have another type at each position."""
    keywords: Mapping[str, float | None] = {}
    """Limits it knows, each with the largest value it takes (None: any)."""
    formats: frozenset[str] = frozenset()
    """Formats of texts it knows."""


_FORMATS = frozenset(("date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))
_NUMBERS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")

PLAIN = Dialect(
    name="JSON schema",
    keywords=dict.fromkeys(
        (*_NUMBERS, "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
    ),
    formats=_FORMATS | {"uri"},
)
"""All of it: arguments of functions, and schemas that stand in a prompt."""

OPENAI = Dialect(
    name="OpenAI's strict mode",
    closed=True,
    complete=True,
    positions=False,
    keywords=dict.fromkeys((*_NUMBERS, "pattern", "minItems", "maxItems")),
    formats=_FORMATS,
)
"""https://platform.openai.com/docs/guides/structured-outputs, supported schemas."""

CLAUDE = Dialect(
    name="Claude's structured output",
    closed=True,
    recursive=False,
    positions=False,
    keywords={"minItems": 1},
    formats=_FORMATS | {"uri"},
)
"""https://platform.claude.com/docs/en/build-with-claude/structured-outputs, limitations of JSON schemas."""

GEMINI = Dialect(
    name="Gemini's structured output",
    keywords=dict.fromkeys(("minimum", "maximum", "minItems", "maxItems")),
    formats=_FORMATS,
)
"""https://ai.google.dev/api/generate-content, `responseJsonSchema`."""


def write(shape: shapes.Type, dialect: Dialect, root: str) -> Json:
    """The schema of a type whose JSON is an object.

    Args:
        shape: The type, as `msgspec.inspect.type_info` gives it.
        dialect: What the provider takes.
        root: How errors name the type, as `response_format`.

    Raises:
        InvalidParameter: The dialect cannot express a part of the type; `path` says which.
    """
    writer = _Writer(dialect)
    schema = writer.write(shape, root)
    if "$ref" in schema:  # the root itself must be an object
        schema = dict(writer.definitions[schema["$ref"].removeprefix(_REFERENCE)])
    return {**schema, "$defs": writer.definitions} if writer.definitions else schema


_REFERENCE = "#/$defs/"
_NULL: Json = {"type": "null"}

_NUMBER_LIMITS = (
    ("ge", "minimum"),
    ("gt", "exclusiveMinimum"),
    ("le", "maximum"),
    ("lt", "exclusiveMaximum"),
    ("multiple_of", "multipleOf"),
)
_TEXT_LIMITS = (("min_length", "minLength"), ("max_length", "maxLength"), ("pattern", "pattern"))
_BYTES_LIMITS = (("min_length", "minLength"), ("max_length", "maxLength"))
_ARRAY_LIMITS = (("min_length", "minItems"), ("max_length", "maxItems"))
_DICT_LIMITS = (("min_length", "minProperties"), ("max_length", "maxProperties"))

_SCALARS: Mapping[type[shapes.Type], tuple[str, str, Sequence[tuple[str, str]]]] = {
    shapes.NoneType: ("null", "", ()),
    shapes.BoolType: ("boolean", "", ()),
    shapes.IntType: ("integer", "", _NUMBER_LIMITS),
    shapes.FloatType: ("number", "", _NUMBER_LIMITS),
    shapes.StrType: ("string", "", _TEXT_LIMITS),
    shapes.BytesType: ("string", "base64", _BYTES_LIMITS),
    shapes.ByteArrayType: ("string", "base64", _BYTES_LIMITS),
    shapes.MemoryViewType: ("string", "base64", _BYTES_LIMITS),
    shapes.DateTimeType: ("string", "date-time", ()),
    shapes.DateType: ("string", "date", ()),
    shapes.TimeType: ("string", "time", ()),
    shapes.TimeDeltaType: ("string", "duration", ()),
    shapes.UUIDType: ("string", "uuid", ()),
    shapes.DecimalType: ("number", "", ()),
}
"""Shape → JSON type, format, limits. A format that a dialect does not know goes into the description."""

_WORDS: tuple[tuple[type, str], ...] = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))


class _Writer:
    def __init__(self, dialect: Dialect) -> None:
        self.definitions: dict[str, Json] = {}
        self._dialect = dialect
        self._names: dict[int, str] = {}
        self._open: set[str] = set()
        self._referred: set[str] = set()

    def write(self, shape: shapes.Type, path: str) -> Json:
        """The schema of a type that stands at `path`."""
        if type(shape) in _SCALARS:
            return self._scalar(shape)
        writer = _COMPOUNDS.get(type(shape))
        if writer is None:
            self._refuse(path, f"{spell(shape)} has no JSON schema")
        return writer(self, shape, path)

    def _scalar(self, shape: shapes.Type) -> Json:
        word, text_format, limits = _SCALARS[type(shape)]
        schema: Json = {"type": word}
        if text_format in self._dialect.formats:
            schema["format"] = text_format
        elif text_format:
            _tell(schema, f"({text_format})")
        return self._limit(schema, shape, limits)

    def metadata(self, shape: shapes.Metadata, path: str) -> Json:
        schema = self.write(shape.type, path)
        extra: Json = getattr(shape, "extra_json_schema") or {}  # noqa: B009 - msgspec types it as a bare dict
        text = extra.get("description", "")
        told: list[str] = []
        for keyword, value in extra.items():
            if keyword in _REMARKS:
                continue
            if (keyword == "format" and value in self._dialect.formats) or self._takes(keyword, value):
                schema[keyword] = value
            else:
                told.append(f"{keyword}: {value}")
        _tell(schema, f"({', '.join(told)})" if told else "")
        if text and "$ref" not in schema:  # beside a reference nothing else may stand
            own = schema.get("description", "")
            # A type's own text gives way to the field's; told limits stay.
            schema["description"] = f"{text} {own}" if own.startswith("(") else text
        return schema

    def union(self, shape: shapes.UnionType, path: str) -> Json:
        members = [self.write(member, path) for member in shape.types]
        return members[0] if len(members) == 1 else {"anyOf": members}

    def choice(self, shape: shapes.LiteralType | shapes.EnumType, path: str) -> Json:
        values: Sequence[Any]
        if isinstance(shape, shapes.EnumType):
            values = [member.value for member in shape.cls]
        else:
            values = shape.values
        members = [
            {"type": word, "enum": fitting}
            for kind, word in _WORDS
            if (fitting := [value for value in values if _is(value, kind)])
        ]
        if None in values:
            members.append(_NULL)
        return members[0] if len(members) == 1 else {"anyOf": members}

    def anything(self, shape: shapes.Type, path: str) -> Json:
        if self._dialect.closed:
            self._cannot(path, "Any", "every value has a type there")
        return {}

    def array(self, shape: shapes.ListType, path: str) -> Json:
        schema: Json = {"type": "array", "items": self.write(shape.item_type, f"{path}[]")}
        return self._limit(schema, shape, _ARRAY_LIMITS)

    def pair(self, shape: shapes.TupleType, path: str) -> Json:
        items = [self.write(item, f"{path}[{index}]") for index, item in enumerate(shape.item_types)]
        return self._positions(items, len(items), spell(shape), path)

    def free(self, shape: shapes.DictType, path: str) -> Json:
        if self._dialect.closed:
            self._cannot(
                path,
                spell(shape),
                "objects list all their keys there",
                hint="use a list of objects with a key and a value, or name the keys in a type",
            )
        schema: Json = {"type": "object", "additionalProperties": self.write(shape.value_type, f"{path}[*]")}
        return self._limit(schema, shape, _DICT_LIMITS)

    def struct(self, shape: Fields, path: str) -> Json:
        name = self._name(shape)
        if name in self._open:
            if not self._dialect.recursive:
                self._cannot(path, f"{spell(shape)} inside itself", "types cannot be recursive there")
            self._referred.add(name)
        if name in self._open or name in self.definitions:
            return {"$ref": f"{_REFERENCE}{name}"}
        self._open.add(name)
        schema = self._members(shape, path)
        self._open.remove(name)
        if name not in self._referred:
            return schema
        self.definitions[name] = schema
        return {"$ref": f"{_REFERENCE}{name}"}

    def _members(self, shape: Fields, path: str) -> Json:
        properties = _tag(shape)
        if isinstance(shape, shapes.NamedTupleType) or getattr(shape, "array_like", False):
            items = [self.write(field.type, f"{path}.{field.name}") for field in shape.fields]
            required = len(properties) + sum(field.required for field in shape.fields)
            return self._positions([*properties.values(), *items], required, spell(shape), path)
        required_names = list(properties)
        for field in shape.fields:
            schema = self.write(field.type, f"{path}.{field.encode_name}")
            if self._dialect.complete and not field.required and not is_nullable(field.type):
                schema = _or_null(schema)
            if field.required or self._dialect.complete:
                required_names.append(field.encode_name)
            properties[field.encode_name] = schema
        out: Json = {"type": "object", "properties": properties, "required": required_names}
        if self._dialect.closed or getattr(shape, "forbid_unknown_fields", False):
            out["additionalProperties"] = False
        _tell(out, _doc(shape.cls))
        return out

    def _positions(self, items: list[Json], required: int, spelling: str, path: str) -> Json:
        count = {"minItems": required, "maxItems": len(items)}
        if self._dialect.positions:
            return {"type": "array", "prefixItems": items, "items": False, **count}
        if not items or any(item != items[0] for item in items):
            self._cannot(path, spelling, "all members of an array have one type there", hint="name them: use a type")
        schema: Json = {"type": "array", "items": items[0]}
        told = [f"{keyword}: {value}" for keyword, value in count.items() if not self._takes(keyword, value)]
        schema |= {keyword: value for keyword, value in count.items() if self._takes(keyword, value)}
        return _tell(schema, f"({', '.join(told)})" if told else "")

    def _limit(self, schema: Json, shape: shapes.Type, limits: Sequence[tuple[str, str]]) -> Json:
        told: list[str] = []
        for attribute, keyword in limits:
            value = getattr(shape, attribute)
            if value is None:
                continue
            if self._takes(keyword, value):
                schema[keyword] = value
            else:
                told.append(f"{keyword}: {value}")
        return _tell(schema, f"({', '.join(told)})" if told else "")

    def _takes(self, keyword: str, value: Any) -> bool:
        keywords = self._dialect.keywords
        if keyword not in keywords:
            return False
        most = keywords[keyword]
        return most is None or value <= most

    def _name(self, shape: Fields) -> str:
        # By identity: a type that contains itself is the same shape object again.
        if id(shape) not in self._names:
            plain = name = re.sub(r"\W+", "_", spell(shape)).strip("_")
            number = 1
            while name in self._names.values():
                number += 1
                name = f"{plain}_{number}"
            self._names[id(shape)] = name
        return self._names[id(shape)]

    def _cannot(self, path: str, spelling: str, reason: str, hint: str | None = None) -> NoReturn:
        self._refuse(path, f"{spelling} cannot be expressed in {self._dialect.name}: {reason}", hint)

    def _refuse(self, path: str, rule: str, hint: str | None = None) -> NoReturn:
        usual = "use msgspec Structs, dataclasses or TypedDicts of plain types"
        raise InvalidParameter(path, rule, hint=hint or usual)


_REMARKS = frozenset(("description", "title", "examples", "default", "deprecated"))
"""Words of `msgspec.Meta` that bind no model; some dialects refuse them."""

_COMPOUNDS: Mapping[type[shapes.Type], Callable[[_Writer, Any, str], Json]] = {
    shapes.Metadata: _Writer.metadata,
    shapes.UnionType: _Writer.union,
    shapes.LiteralType: _Writer.choice,
    shapes.EnumType: _Writer.choice,
    shapes.AnyType: _Writer.anything,
    shapes.RawType: _Writer.anything,
    shapes.ListType: _Writer.array,
    shapes.SetType: _Writer.array,
    shapes.FrozenSetType: _Writer.array,
    shapes.VarTupleType: _Writer.array,
    shapes.CollectionType: _Writer.array,
    shapes.TupleType: _Writer.pair,
    shapes.NamedTupleType: _Writer.struct,
    shapes.DictType: _Writer.free,
    shapes.StructType: _Writer.struct,
    shapes.TypedDictType: _Writer.struct,
    shapes.DataclassType: _Writer.struct,
}


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def _tag(shape: shapes.Type) -> dict[str, Json]:
    """The key that tells a Struct from others of its union; none for an untagged type."""
    if not isinstance(shape, shapes.StructType) or shape.tag_field is None:
        return {}
    return {shape.tag_field: {"type": "string" if isinstance(shape.tag, str) else "integer", "enum": [shape.tag]}}


def _or_null(schema: Json) -> Json:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], _NULL]}
    text = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [{key: value for key, value in schema.items() if key != "description"}, _NULL], **text}


def _tell(schema: Json, text: str) -> Json:
    """`schema` with a text added to its description."""
    if text and "$ref" not in schema:
        schema["description"] = f"{schema['description']} {text}" if "description" in schema else text
    return schema


def _doc(cls: Any) -> str:
    """The docstring that was written for a class; not an inherited one, nor the one `dataclass` makes."""
    origin: Any = getattr(cls, "__origin__", cls)
    text = vars(origin).get("__doc__") if isinstance(origin, type) else None
    if not isinstance(text, str) or text.startswith(f"{origin.__name__}("):
        return ""
    return cleandoc(text)
