"""Gemini: snake_case request parameters → the camelCase body.

Driven by the request TypedDicts: a key is renamed where its class declares it, and only there. What a
class leaves open (arguments of calls, JSON schemas, labels, metadata, names of properties) passes as it is.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Union, cast, get_args, get_origin

from tikhub_async.errors import InvalidParameter
from tikhub_async.types.gemini.request import GeminiGenerateContentRequest


def to_wire(params: Mapping[str, Any]) -> dict[str, Any]:
    """The body for Gemini.

    Args:
        params: Keys of `GeminiGenerateContentRequest`; camelCase spellings pass unchanged. A text as
            `contents` becomes one turn of the user, a text as `system_instruction` a turn without a role.

    Raises:
        InvalidParameter: A key is given in both spellings.
    """
    body = _object(params, GeminiGenerateContentRequest, "")
    if isinstance(contents := body.get("contents"), str):
        body["contents"] = [{"role": "user", "parts": [{"text": contents}]}]
    if isinstance(instruction := body.get("systemInstruction"), str):
        body["systemInstruction"] = {"parts": [{"text": instruction}]}
    return body


def camel(name: str) -> str:
    """`max_output_tokens` → `maxOutputTokens`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _object(value: Mapping[str, Any], schema: type, path: str) -> dict[str, Any]:
    members = _members(schema)
    wire: dict[str, Any] = {}
    for key, member in value.items():
        member_path = f"{path}.{key}" if path else key
        name, hint = members.get(key, (key, Any))
        if name in wire:
            raise InvalidParameter(member_path, f"given twice, as {key!r} and in its other spelling")
        wire[name] = _value(member, hint, member_path)
    return wire


def _value(value: Any, hint: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return _mapping(cast("Mapping[str, Any]", value), hint, path)
    if isinstance(value, list | tuple):
        return _list(cast("Sequence[Any]", value), hint, path)
    return value


def _mapping(value: Mapping[str, Any], hint: Any, path: str) -> Mapping[str, Any]:
    for part in _alternatives(hint):
        if typing.is_typeddict(part):
            return _object(value, part, path)
        if get_origin(part) is Mapping:
            return {key: _value(member, get_args(part)[1], f"{path}.{key}") for key, member in value.items()}
    return value


def _list(value: Sequence[Any], hint: Any, path: str) -> Sequence[Any]:
    for part in _alternatives(hint):
        if get_origin(part) is Sequence:
            return [_value(member, get_args(part)[0], f"{path}[{index}]") for index, member in enumerate(value)]
    return value


@cache
def _members(schema: type) -> dict[str, tuple[str, Any]]:
    """Both spellings of each key of a TypedDict → its name on the wire and its type."""
    members: dict[str, tuple[str, Any]] = {}
    for name, hint in typing.get_type_hints(schema).items():
        members[name] = members[camel(name)] = (camel(name), hint)
    return members


@cache
def _alternatives(hint: Any) -> tuple[Any, ...]:
    """Members of a union, else the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
