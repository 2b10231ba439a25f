"""Reading free-form JSON without trusting it: what has the wrong type counts as absent."""

from typing import Any, TypeGuard

NOTHING: dict[str, Any] = {}


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def as_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if is_object(value) else NOTHING.copy()


def as_list(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if is_list(value) else list[Any]()


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in an array."""
    return [item for item in as_list(value) if is_object(item)]


def text_of(content: object) -> str:
    """The text in a message's content: a string, or parts with a `text`."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in objects(content) if isinstance(part.get("text"), str))
