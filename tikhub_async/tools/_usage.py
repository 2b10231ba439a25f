"""Usage of several answers added up. Unknown stays unknown: one answer without a count leaves the sum without it."""

from collections.abc import Sequence
from typing import Any

import msgspec


def total(usages: Sequence[Any]) -> Any:
    """The sum of usages of one type, as that type; None when one of them is unknown, or there is none."""
    if not usages or any(usage is None for usage in usages):
        return None
    summed = usages[0]
    for usage in usages[1:]:
        summed = _add(summed, usage)
    return summed


def _add(left: Any, right: Any) -> Any:
    match left, right:
        case (int() | float(), int() | float()):
            return left + right
        case (msgspec.Struct(), msgspec.Struct()) if type(left) is type(right):
            names = left.__struct_fields__
            return type(left)(**{name: _add(getattr(left, name), getattr(right, name)) for name in names})
        case (list(), list()):
            return _add_lists([*left, *right])
        case _:
            return left if left == right else None  # words, as the tier: only where both say the same


def _add_lists(members: list[Any]) -> list[Any]:
    """Members that agree in their words, as the modality, become one."""
    sums: dict[Any, Any] = {}
    for member in members:
        key = _words(member)
        sums[key] = _add(sums[key], member) if key in sums else member
    return list(sums.values())


def _words(member: Any) -> tuple[Any, ...]:
    if not isinstance(member, msgspec.Struct):
        return (id(member),)
    return tuple(value for value in msgspec.structs.astuple(member) if isinstance(value, str))
