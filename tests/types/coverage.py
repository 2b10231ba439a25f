"""How much of an official SDK's types is reachable, by name, on ours.

`missing_fields` walks a pydantic model and a msgspec struct side by side, over wire names, through lists,
mappings and unions (members of tagged unions are paired by their tag), and names every field that a user of
the official SDK would look for in vain. A field that exists but is free-form (`Any`, a plain `dict`,
`msgspec.Raw`) where the official SDK has a model counts as missing too, marked `(untyped)`.
`missing_keys` does the same for request TypedDicts.
"""

import types
import typing
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec
from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

from tikhub_async.types._base import Unknown


def missing_fields(pydantic_model: Any, struct: Any, *, ignore: Sequence[str] = ()) -> list[str]:
    """Paths of the fields of `pydantic_model` that `struct` lacks; prints how many were looked at.

    Args:
        pydantic_model: A pydantic model, or a union (alias) of models such as an event union.
        struct: A msgspec struct, or a union of structs.
        ignore: Patterns (`fnmatch`) of paths that are not to be reported nor entered, for what only the
            other SDK adds, as `sdk_http_response`.

    Returns:
        Paths as `choices[].message.audio`; `items[]<web_search_call>` names a member of a tagged union, a
        trailing `(untyped)` a field without a type of ours. Empty when everything is there.
    """
    walk = _Walk(tuple(ignore))
    walk.pair(pydantic_model, struct, "")
    assert walk.seen, f"{pydantic_model} is not a pydantic model with fields"
    missing = list(dict.fromkeys(walk.missing))
    name = getattr(pydantic_model, "__name__", str(pydantic_model)[:60])
    print(f"{name}: {walk.seen - len(missing)}/{walk.seen} fields reachable")
    return missing


def missing_keys(theirs: Any, ours: Any, *, ignore: Sequence[str] = ()) -> list[str]:
    """Paths of the keys of the TypedDict `theirs`, or of those in a union of them, that `ours` lacks.

    Members of a union are paired with the member of ours that lacks least.
    """
    missing = _missing_keys(theirs, ours, "", tuple(ignore), frozenset())
    return list(dict.fromkeys(missing))


def _missing_keys(theirs: Any, ours: Any, path: str, ignore: tuple[str, ...], done: frozenset[Any]) -> list[str]:
    missing: list[str] = []
    candidates = [part for part in _leaves(ours) if is_typeddict(part)]
    for wanted in [part for part in _leaves(theirs) if is_typeddict(part)]:
        if not candidates:
            missing.append(f"{path} (untyped)")
            continue
        trials = [_missing_pair(wanted, candidate, path, ignore, done) for candidate in candidates]
        best: list[str] = min(trials, key=len)
        missing += best
    return missing


def _missing_pair(theirs: Any, ours: Any, path: str, ignore: tuple[str, ...], done: frozenset[Any]) -> list[str]:
    if (theirs, ours) in done:
        return []
    missing: list[str] = []
    known = get_type_hints(ours, include_extras=True)
    for key, annotation in get_type_hints(theirs, include_extras=True).items():
        key_path = f"{path}.{key}" if path else key
        if any(fnmatchcase(key_path, pattern) for pattern in ignore):
            continue
        if key not in known:
            missing.append(key_path)
        elif not _words(annotation) or not _words(known[key]) or _words(annotation) & _words(known[key]):
            missing += _missing_keys(annotation, known[key], key_path, ignore, done | {(theirs, ours)})
        else:
            missing.append(f"{key_path} (other words: {', '.join(sorted(_words(annotation)))})")
    return missing


def _words(annotation: Any) -> set[str]:
    """The literals of an annotation that is nothing but literals: a tag."""
    parts = list(_leaves(annotation))
    words = {str(word) for part in parts if typing.get_origin(part) is Literal for word in typing.get_args(part)}
    return words if all(typing.get_origin(part) is Literal for part in parts) else set()


class _Walk:
    def __init__(self, ignore: tuple[str, ...]) -> None:
        self.ignore = ignore
        self.missing: list[str] = []
        self.seen = 0
        self._done: set[tuple[type, type]] = set()

    def ignored(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.ignore)

    def pair(self, theirs: Any, ours: Any, path: str) -> None:
        """Look at every model inside the annotation `theirs` against the structs inside `ours`."""
        models = [part for part in _leaves(theirs) if _is_a(part, BaseModel)]
        if not models:
            return
        structs = [part for part in _leaves(ours) if _is_a(part, msgspec.Struct)]
        members = [part for part in structs if not issubclass(part, Unknown)]
        if not members:
            self.missing.append(f"{path} (untyped)")
            return
        for model in models:
            self._member(model, members, path)

    def _member(self, model: type[BaseModel], members: list[type[msgspec.Struct]], path: str) -> None:
        by_tag = {member.__struct_config__.tag: member for member in members}
        plain = [member for member in members if member.__struct_config__.tag_field is None]
        tag_fields = {member.__struct_config__.tag_field for member in members} - {None}
        words = {word for name in sorted(map(str, tag_fields)) for word in _literals(model, name)}
        if not words or (plain and not words & by_tag.keys()):
            self._best(model, plain or members, path)
            return
        for word in sorted(words):
            self.seen += 1
            member_path = f"{path}<{word}>"
            if self.ignored(member_path):
                continue
            if word in by_tag:
                self._fields(model, by_tag[word], member_path)
            else:
                self.missing.append(member_path)

    def _best(self, model: type[BaseModel], members: list[type[msgspec.Struct]], path: str) -> None:
        """Without tags, the member that lacks least is the one meant."""
        trials: list[_Walk] = []
        for member in members:
            trial = _Walk(self.ignore)
            trial._done = set(self._done)
            trial._fields(model, member, path)
            trials.append(trial)
        best = min(trials, key=lambda trial: len(trial.missing))
        self.missing += best.missing
        self.seen += best.seen
        self._done |= best._done

    def _fields(self, model: type[BaseModel], struct: type[msgspec.Struct], path: str) -> None:
        if (model, struct) in self._done:
            return
        self._done.add((model, struct))
        ours = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
        if (tag_field := struct.__struct_config__.tag_field) is not None:
            ours[tag_field] = str
        for name, field in model.model_fields.items():
            wire_name = field.serialization_alias or field.alias or name
            field_path = f"{path}.{wire_name}" if path else wire_name
            if self.ignored(field_path):
                continue
            self.seen += 1
            if wire_name not in ours:
                self.missing.append(field_path)
                continue
            many = "[]" if any(typing.get_origin(part) is list for part in _parts(field.annotation)) else ""
            self.pair(field.annotation, ours[wire_name], field_path + many)


def _is_a(part: Any, base: type) -> bool:
    return isinstance(part, type) and issubclass(part, base)


def _parts(annotation: Any) -> Iterator[Any]:
    """The members of a union, aliases and `Annotated` opened; the annotation itself where it is none."""
    annotation = getattr(annotation, "__value__", annotation)
    origin = typing.get_origin(annotation)
    if origin in (typing.Annotated, typing.Required, typing.NotRequired):
        yield from _parts(typing.get_args(annotation)[0])
    elif origin is typing.Union or origin is types.UnionType:
        for part in typing.get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _leaves(annotation: Any) -> Iterator[Any]:
    """Every type in an annotation: union members, items of lists, values of mappings."""
    for part in _parts(annotation):
        arguments = typing.get_args(part)
        if not arguments or typing.get_origin(part) is Literal or is_typeddict(part):
            yield part
        elif _is_a(part, BaseModel) or _is_a(typing.get_origin(part), BaseModel):
            yield typing.get_origin(part) or part
        else:
            for argument in arguments:
                yield from _leaves(argument)


def _literals(model: type[BaseModel], wire_name: str) -> list[str]:
    """The words that a model's tag can be, none where it is not a literal."""
    for name, field in model.model_fields.items():
        if wire_name in (field.alias, name):
            return [
                word
                for part in _parts(field.annotation)
                if typing.get_origin(part) is Literal
                for word in typing.get_args(part)
            ]
    return []
