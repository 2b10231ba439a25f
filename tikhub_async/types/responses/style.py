"""How the model is to think and to write: reasoning, text formats, verbosity."""

from collections.abc import Mapping
from typing import Any, Literal, Required, TypedDict


class ReasoningEffortParam(TypedDict, total=False):
    """How hard a reasoning model thinks."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str
    """Which words are taken, and the default, depend on the model."""


class ReasoningParam(ReasoningEffortParam, total=False):
    """How a reasoning model thinks, and what it shows of it."""

    summary: Literal["auto", "concise", "detailed"]
    """Asks for a summary of the reasoning. Default: none."""
    generate_summary: Literal["auto", "concise", "detailed"]
    """The older name of `summary`."""
    context: Literal["auto", "current_turn", "all_turns"] | str
    """Which earlier reasoning the model sees."""
    mode: Literal["standard", "pro"] | str


class ResponseTextFormat(TypedDict, total=False):
    """Plain text, the default, or any JSON object (which the input must then ask for in words)."""

    type: Required[Literal["text", "json_object"]]


class ResponseJSONSchemaFormat(TypedDict, total=False):
    """JSON that follows a schema. `parse` makes this from a type."""

    type: Required[Literal["json_schema"]]
    name: Required[str]
    """1–64 characters: letters, digits, `_`, `-`."""
    schema: Required[Mapping[str, Any]]
    description: str
    strict: bool | None
    """True guarantees the schema, of which it then allows a subset. Default: false."""


class ResponseTextStyle(TypedDict, total=False):
    """How text output is written, its format aside."""

    verbosity: Literal["low", "medium", "high"]
    """Default: medium."""


class ResponseTextConfigParam(ResponseTextStyle, total=False):
    """How text output is written."""

    format: ResponseTextFormat | ResponseJSONSchemaFormat
