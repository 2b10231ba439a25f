"""What can be told of a type from its shape, as `msgspec.inspect.type_info` gives it."""

from msgspec import inspect as shapes


def is_object_shape(shape: shapes.Type) -> bool:
    """Whether the JSON of a type is an object."""
    if isinstance(shape, shapes.Metadata):
        return is_object_shape(shape.type)
    if isinstance(shape, shapes.StructType):
        return not shape.array_like
    return isinstance(shape, shapes.TypedDictType | shapes.DataclassType | shapes.DictType)


def is_nullable(shape: shapes.Type) -> bool:
    """Whether null is a value of a type."""
    match shape:
        case shapes.Metadata():
            return is_nullable(shape.type)
        case shapes.UnionType():
            return any(is_nullable(member) for member in shape.types)
        case shapes.LiteralType():
            return None in shape.values
        case _:
            return isinstance(shape, shapes.NoneType | shapes.AnyType | shapes.RawType)


def spell(shape: shapes.Type) -> str:
    """A type in the words of Python, as `dict[str, int]`."""
    match shape:
        case shapes.Metadata():
            return spell(shape.type)
        case shapes.DictType():
            return f"dict[{spell(shape.key_type)}, {spell(shape.value_type)}]"
        case shapes.TupleType():
            return f"tuple[{', '.join(spell(item) for item in shape.item_types)}]"
        case shapes.UnionType():
            return " | ".join(spell(member) for member in shape.types)
        case shapes.ListType() | shapes.SetType() | shapes.FrozenSetType():
            return f"{kind_of(shape)}[{spell(shape.item_type)}]"
        case _:
            named = getattr(shape, "cls", None)
            return getattr(named, "__name__", None) or (str(named) if named is not None else kind_of(shape))


def kind_of(shape: shapes.Type) -> str:
    """The kind of a type, as `int`, `list` or `union`."""
    return type(shape).__name__.removesuffix("Type").lower()
