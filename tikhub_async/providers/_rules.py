"""Checks that the video providers share: what a provider would refuse after the gateway has taken the money.

A rule looks at what is there and says nothing about what is missing. What a caller puts into `extra_body` is on its
way past these rules on purpose: it counts as present and is not looked at.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeGuard

from tikhub_async.errors import InvalidParameter, shorten

Params = Mapping[str, object]


def refuse(where: str, path: str, rule: str, hint: str | None = None) -> NoReturn:
    """Raise the refusal.

    Raises:
        InvalidParameter: Always.
    """
    raise InvalidParameter(path, rule, where=where, hint=hint)


def is_object(value: object) -> TypeGuard[Params]:
    """Whether a value becomes a JSON object."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value becomes a JSON array."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def has(params: Params, name: str) -> bool:
    """Whether a parameter is given: not absent, null, or empty; `extra_body` counts."""
    extra = params.get("extra_body")
    return bool(params.get(name)) or (is_object(extra) and name in extra)


def needs_text(where: str, params: Params, name: str, limit: int, hint: str | None = None) -> None:
    """Refuse a missing, blank or too long text.

    Raises:
        InvalidParameter: It is one of these.
    """
    value = params.get(name)
    if not has(params, name) or (isinstance(value, str) and value.isspace()):
        refuse(where, name, "must not be empty", hint)
    short_text(where, params, name, limit)


def short_text(where: str, params: Params, name: str, limit: int, *, path: str | None = None) -> None:
    """Refuse a text of more than `limit` characters.

    Raises:
        InvalidParameter: It is longer.
    """
    value = params.get(name)
    if isinstance(value, str) and len(value) > limit:
        refuse(where, path or name, f"must not be longer than {limit} characters, got {len(value)}")


def few(where: str, params: Params, name: str, limit: int) -> None:
    """Refuse a list of more than `limit` members.

    Raises:
        InvalidParameter: It is longer.
    """
    value = params.get(name)
    if is_list(value) and len(value) > limit:
        refuse(where, name, f"must not have more than {limit} members, got {len(value)}")


def number_within(where: str, params: Params, name: str, low: float, high: float, *, path: str | None = None) -> None:
    """Refuse a number outside `low`…`high`, both included.

    Raises:
        InvalidParameter: It is outside.
    """
    value = params.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and not low <= value <= high:
        refuse(where, path or name, f"must be {low:.12g}…{high:.12g}, got {value!r}")


def whole_number(where: str, params: Params, name: str, *, path: str | None = None) -> int | None:
    """The integer at `name`, None when absent.

    Raises:
        InvalidParameter: Text or a fraction is there: this provider takes numbers.
    """
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f"{name}={value}" if isinstance(value, str) and value.isascii() and value.isdigit() else None
        refuse(where, path or name, f"must be a whole number, got {value!r}", hint)
    return value


def one_at_most(where: str, params: Params, *names: str, hint: str | None = None) -> None:
    """Refuse parameters that exclude each other.

    Raises:
        InvalidParameter: More than one is there.
    """
    given = [name for name in names if params.get(name)]
    if len(given) > 1:
        refuse(where, given[1], f"cannot be combined with {given[0]}", hint)


def address(where: str, value: object, path: str) -> None:
    """Refuse a text that is neither an address nor a `data:` URL.

    Raises:
        InvalidParameter: It is a bare base64 text, a file name, or a data URL with a type in capitals.
    """
    if not isinstance(value, str):
        return
    if value[:5].lower() == "data:":
        kind = value[:64].partition(",")[0]
        if kind != kind.lower():
            refuse(where, path, f"must spell the type in lower case, got {kind!r}")
    elif "://" not in value[:64]:
        hint = "base64 goes into a data URL: data:image/png;base64,…"
        refuse(where, path, f"must be https://… or data:…, got {shorten(value, 40)!r}", hint)
