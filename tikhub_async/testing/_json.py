"""Reading free-form JSON without trusting it: what has the wrong type counts as absent."""

from collections.abc import Mapping
from typing import Any, cast


def as_object(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects in an array."""
    return [as_object(item) for item in as_list(value) if isinstance(item, Mapping)]


def text_of(content: object) -> str:
    """The text in a message's content: a string, or parts with a `text`."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in objects(content) if isinstance(part.get("text"), str))
