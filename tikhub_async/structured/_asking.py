"""A body that asks for a type, in each provider's way."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tikhub_async._wire import codec
from tikhub_async._wire.schema import OPENAI, PLAIN, Dialect
from tikhub_async._wire.typed import TypeForm
from tikhub_async.errors import InvalidParameter
from tikhub_async.types._base import is_object

Body = dict[str, Any]


class ChatStyle(NamedTuple):
    """How a provider is asked for a type over chat completions."""

    dialect: Dialect
    ask: Callable[[TypeForm[Any], Body], Body]
    """The body with what asks for the type."""
    calls: bool = False
    """True: the answer is a call of a function with the type's name."""


def _ask_by_schema(form: TypeForm[Any], body: Body) -> Body:
    schema = {"name": form.name, "schema": form.schema, "strict": True}
    return {**body, "response_format": {"type": "json_schema", "json_schema": schema}}


def _ask_by_call(form: TypeForm[Any], body: Body) -> Body:
    for name, harmless in (("tool_choice", ()), ("reasoning_effort", ("none",))):
        if name in body and body[name] not in harmless:
            raise InvalidParameter(
                name,
                "cannot be combined with parse here: Claude is made to answer by a forced function call",
                hint="client.claude.messages.parse(…) needs no such call",
            )
    function = {"name": form.name, "description": "Give the answer.", "parameters": form.schema}
    tools = [*body.get("tools", ()), {"type": "function", "function": function}]
    return {**body, "tools": tools, "tool_choice": {"type": "function", "function": {"name": form.name}}}


def _ask_by_prompt(form: TypeForm[Any], body: Body) -> Body:
    schema = codec.encode(form.schema).decode()
    text = f"Answer with one JSON object that fits this JSON schema, and with nothing else:\n{schema}"
    messages = list(body["messages"])
    # Behind the caller's own instructions, which stay the beginning of the prompt for the provider's cache.
    place = next((at for at, message in enumerate(messages) if not _instructs(message)), len(messages))
    messages.insert(place, {"role": "system", "content": text})
    return {**body, "messages": messages, "response_format": {"type": "json_object"}}


def _instructs(message: Any) -> bool:
    return is_object(message) and message.get("role") in ("system", "developer")


CHAT_STYLES: Mapping[str, ChatStyle] = {
    "openai": ChatStyle(OPENAI, _ask_by_schema),
    "claude": ChatStyle(PLAIN, _ask_by_call, calls=True),
    "deepseek": ChatStyle(PLAIN, _ask_by_prompt),
}
"""Provider → how it is asked."""


def ask_response(form: TypeForm[Any], body: Body) -> Body:
    """A Responses body that asks for a type."""
    schema = {"type": "json_schema", "name": form.name, "schema": form.schema, "strict": True}
    return {**body, "text": _with(body, "text", {"format": schema})}


def ask_message(form: TypeForm[Any], body: Body) -> Body:
    """A Claude body that asks for a type."""
    schema = {"type": "json_schema", "schema": form.schema}
    return {**body, "output_config": _with(body, "output_config", {"format": schema})}


def ask_content(form: TypeForm[Any], body: Body) -> Body:
    """A Gemini body, its keys as on the wire, that asks for a type."""
    asked = {"responseMimeType": "application/json", "responseJsonSchema": form.schema}
    return {**body, "generationConfig": _with(body, "generationConfig", asked, "responseSchema")}


def _with(body: Body, name: str, members: Body, *also: str) -> Body:
    """The object at `name` with `members`, which the caller must not have given.

    Raises:
        InvalidParameter: One of them is there already.
    """
    given: Mapping[str, Any] = body.get(name) or {}
    for member in (*members, *also):
        if member in given:
            raise InvalidParameter(
                f"{name}.{member}", "is made by parse from response_format", hint="leave it out, or call create"
            )
    return {**given, **members}
