"""A value for a JSON schema: what a model would answer when it is made to answer in JSON.

Covers what the providers accept for structured output: `$ref`, `anyOf`, `allOf`, `enum`, `const`, nested objects and
arrays, limits of numbers, lengths and counts, common string formats, and Gemini's upper-case types with `nullable`.
The same schema always gives the same value.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from tikhub_async.testing._json import as_object, is_list, is_object

MAX_DEPTH = 9
"""Deeper than this a recursive schema gets its shortest value."""

_FORMATS = {
    "date-time": "2026-02-26T08:42:57Z",
    "date": "2026-02-26",
    "time": "08:42:57Z",
    "duration": "PT5S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}


def value_for(schema: Mapping[str, Any], name: str = "value") -> Any:
    """A JSON value that satisfies `schema`; strings are named after their property."""
    return _Maker(schema).make(schema, name, 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def make(self, schema: Any, name: str, depth: int) -> Any:
        if not is_object(schema):
            return name
        node = schema
        if "$ref" in node:
            return self.make(
                {**self._resolve(node["$ref"]), **{k: v for k, v in node.items() if k != "$ref"}}, name, depth + 1
            )
        if "const" in node:
            return node["const"]
        if node.get("enum"):
            return node["enum"][0]
        for word in ("anyOf", "oneOf"):
            if node.get(word):
                return self.make(self._choose(node[word], depth), name, depth + 1)
        if node.get("allOf"):
            return self.make(self._merge(node), name, depth + 1)
        make = _MAKERS.get(self._type(node, depth))
        return make(self, node, name, depth) if make else None

    def _resolve(self, reference: str) -> Mapping[str, Any]:
        node: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part:
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return as_object(node)

    @staticmethod
    def _choose(options: Sequence[Mapping[str, Any]], depth: int) -> Mapping[str, Any]:
        # A null branch ends a recursion; elsewhere a value says more than null.
        nulls = [option for option in options if str(option.get("type", "")).lower() == "null"]
        if depth >= MAX_DEPTH and nulls:
            return nulls[0]
        return next((option for option in options if option not in nulls), options[0])

    @staticmethod
    def _merge(node: Mapping[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in node.items() if key != "allOf"}
        for part in node["allOf"]:
            for key, value in part.items():
                if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
                    merged[key] = {**merged[key], **value}
                elif isinstance(value, list) and isinstance(merged.get(key), list):
                    merged[key] = [*merged[key], *value]
                else:
                    merged[key] = value
        return merged

    @staticmethod
    def _type(node: Mapping[str, Any], depth: int) -> str:
        kind = node.get("type")
        if is_list(kind):
            words = [str(word).lower() for word in kind]
            kind = "null" if depth >= MAX_DEPTH and "null" in words else next((w for w in words if w != "null"), "null")
        if kind is None:
            kind = (
                "object" if "properties" in node else "array" if "items" in node or "prefixItems" in node else "string"
            )
        return str(kind).lower()

    def object(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        properties: Mapping[str, Any] = node.get("properties") or {}
        required: Sequence[str] = node.get("required") or ()
        names = [key for key in properties if depth < MAX_DEPTH or key in required]
        out = {key: self.make(properties[key], key, depth + 1) for key in names}
        extra = node.get("additionalProperties")
        missing = [key for key in required if key not in out]
        for key in missing or ([f"{name}_key"] if isinstance(extra, Mapping) and extra and not out else []):
            out[key] = self.make(extra if isinstance(extra, Mapping) else {}, key, depth + 1)
        return out

    def array(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        prefix: Sequence[Any] = node.get("prefixItems") or ()
        out = [self.make(item, name, depth + 1) for item in prefix]
        items = node.get("items")
        wanted = max(int(node.get("minItems") or 0), 1 if isinstance(items, Mapping) and depth < MAX_DEPTH else 0)
        wanted = min(wanted, int(node.get("maxItems", wanted)))
        while len(out) < wanted:
            out.append(self.make(items, f"{name}_{len(out) + 1}", depth + 1))
        return out

    def string(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        text = _FORMATS.get(str(node.get("format")), name)
        text = text.ljust(int(node.get("minLength") or 0), "x")
        return text[: int(node["maxLength"])] if "maxLength" in node else text

    def number(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        low, high = _limits(node, 0.5)
        value = low if low is not None else min(1.5, high) if high is not None else 1.5
        step = node.get("multipleOf")
        return ceil(value / step) * step if step else value

    def integer(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        low, high = _limits(node, 1)
        step = int(node.get("multipleOf") or 1)
        value = ceil(low) if low is not None else min(1, int(high)) if high is not None else 1
        return -(-value // step) * step

    def boolean(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        return True

    def null(self, node: Mapping[str, Any], name: str, depth: int) -> Any:
        return None


def _limits(node: Mapping[str, Any], inside: float) -> tuple[float | None, float | None]:
    """Lower and upper limit, both inclusive; `inside` is how far an exclusive limit is kept away from."""
    low, high = node.get("minimum"), node.get("maximum")
    if node.get("exclusiveMinimum") is not None:
        low = node["exclusiveMinimum"] + inside
    if node.get("exclusiveMaximum") is not None:
        high = node["exclusiveMaximum"] - inside
    return low, high


_MAKERS: dict[str, Callable[[_Maker, Mapping[str, Any], str, int], Any]] = {
    "object": _Maker.object,
    "array": _Maker.array,
    "string": _Maker.string,
    "number": _Maker.number,
    "integer": _Maker.integer,
    "boolean": _Maker.boolean,
    "null": _Maker.null,
}
