"""Structured output: what `parse` sends to ask for a type, and how the answer becomes one.

| call | how the type is asked for | guaranteed by the provider |
|---|---|---|
| `openai.chat.completions.parse` | `response_format` `json_schema`, strict | yes |
| `openai.responses.parse` | `text.format` `json_schema`, strict | yes |
| `claude.messages.parse` | `output_config.format` `json_schema` | yes |
| `claude.chat.completions.parse` | a forced call of a function with the type as arguments | no |
| `deepseek.chat.completions.parse` | `response_format` `json_object`, the schema in a system message | JSON only |
| `gemini.models.parse` | `response_mime_type` and `response_json_schema` | yes |

The gateway software drops `response_format` on its way to Claude, and DeepSeek takes no `json_schema`: hence the two
other forms. Types are msgspec Structs, dataclasses, TypedDicts and NamedTuples, with containers, `Literal`, enums,
dates and unions inside; a type that is no object in JSON (`list[Step]`, `int`) is wrapped in one and unwrapped.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.schema import OPENAI, PLAIN, Dialect
from tikhub_async._wire.typed import NotFitting, TypeForm
from tikhub_async.errors import (
    ContentFilterError,
    InvalidParameter,
    LengthError,
    OutputDecodeError,
    OutputError,
    RefusalError,
    shorten,
)
from tikhub_async.types._base import Response, is_object
from tikhub_async.types.chat import ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse, ClaudeUsage
from tikhub_async.types.gemini import GeminiGenerateContentResponse, GeminiUsage
from tikhub_async.types.responses import ResponseObject, ResponseOutputMessage, ResponseUsage
from tikhub_async.types.usage import UsageInfo

__all__ = ["Parsed", "ParsedChatCompletion", "ParsedContent", "ParsedMessage", "ParsedResponse"]

T = TypeVar("T")
Body = dict[str, Any]


class Parsed(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What `parse` gives: the object, and the answer it came in."""

    output: T
    """The object, as the type that was asked for."""
    text: str
    """Its JSON, as the model wrote it."""
    response: Response
    """The whole answer, as `create` gives it."""
    usage: Any = None
    """The answer's usage; None means unknown, not zero."""

    @property
    def request_id(self) -> str | None:
        """The gateway's request id."""
        return self.response.request_id


class ParsedChatCompletion(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `chat.completions.parse` gives."""

    response: ChatCompletionResponse
    usage: UsageInfo | None = None


class ParsedResponse(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `openai.responses.parse` gives."""

    response: ResponseObject
    usage: ResponseUsage | None = None


class ParsedMessage(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `claude.messages.parse` gives."""

    response: ClaudeMessageResponse
    usage: ClaudeUsage | None = None


class ParsedContent(Parsed[T], Generic[T], frozen=True, kw_only=True):
    """What `gemini.models.parse` gives."""

    response: GeminiGenerateContentResponse
    usage: GeminiUsage | None = None


# ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
            raise InvalidParameter(f"{name}.{member}", "is made by parse from response_format")
    return {**given, **members}


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Answer(NamedTuple):
    text: str
    usage: Any
    end: str
    """Why the model stopped, in its own words."""
    refusal: str = ""
    calls: int = 0
    """Function calls in the answer."""


CUT, FILTERED, REFUSED = LengthError, ContentFilterError, RefusalError

ENDS: Mapping[str, tuple[type[OutputError], str]] = {
    "length": (CUT, "the answer was cut at the token limit"),
    "max_output_tokens": (CUT, "the answer was cut at max_output_tokens"),
    "max_tokens": (CUT, "the answer was cut at max_tokens"),
    "MAX_TOKENS": (CUT, "the answer was cut at max_output_tokens"),
    "model_context_window_exceeded": (CUT, "the answer was cut at the end of the context window"),
    "content_filter": (FILTERED, "the content filter withheld the answer"),
    "refusal": (REFUSED, "the model refused"),
    "pause_turn": (OutputError, "the model paused a long turn and wants to go on"),
    **{
        word: (FILTERED, f"the content filter withheld the answer ({word})")
        for word in (
            "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR",
            "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
        )
    },
}  # fmt: skip
"""Stop words of all providers that mean: there is no whole object."""

WHOLE = frozenset(("", "stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence", "STOP"))
"""Stop words after which the text is looked at; "" where a gateway lost the word."""


def read_chat(form: TypeForm[T], calls: bool, response: ChatCompletionResponse, where: str) -> ParsedChatCompletion[T]:
    """The object in the first choice of a completion.

    Raises:
        OutputError: There is none.
    """
    choice = response.choices[0]
    message = choice.message
    text = message.content or ""
    called = [call.arguments for call in message.tool_calls if call.name == form.name] if calls else []
    if called:
        text = called[0]
    others = len(message.tool_calls) - len(called)
    answer = _Answer(text, response.usage, choice.finish_reason or "", message.refusal or "", others)
    output = _read(form, answer, response, where)
    return ParsedChatCompletion(output=output, text=text, response=response, usage=response.usage)


def read_response(form: TypeForm[T], response: ResponseObject, where: str) -> ParsedResponse[T]:
    """The object in a response.

    Raises:
        OutputError: There is none.
    """
    messages = [item for item in response.output if isinstance(item, ResponseOutputMessage)]
    # Remarks on the way are no part of the object.
    text = "".join([message.text for message in messages if message.phase != "commentary"])
    details = response.incomplete_details
    end = (details.reason if details is not None else None) or ""
    if response.status == "incomplete" and not end:
        end = "incomplete"
    answer = _Answer(text, response.usage, end, response.refusal, len(response.function_calls))
    output = _read(form, answer, response, where)
    return ParsedResponse(output=output, text=text, response=response, usage=response.usage)


def read_message(form: TypeForm[T], response: ClaudeMessageResponse, where: str) -> ParsedMessage[T]:
    """The object in a message.

    Raises:
        OutputError: There is none.
    """
    text = response.text
    answer = _Answer(text, response.usage, response.stop_reason or "", calls=len(response.tool_uses))
    output = _read(form, answer, response, where)
    return ParsedMessage(output=output, text=text, response=response, usage=response.usage)


def read_content(form: TypeForm[T], response: GeminiGenerateContentResponse, where: str) -> ParsedContent[T]:
    """The object in candidate 0.

    Raises:
        OutputError: There is none.
    """
    text = response.text
    end = next((candidate.finish_reason for candidate in response.candidates if candidate.index == 0), None)
    answer = _Answer(text, response.usage_metadata, end or "", calls=len(response.function_calls))
    output = _read(form, answer, response, where)
    return ParsedContent(output=output, text=text, response=response, usage=response.usage_metadata)


def _read(form: TypeForm[T], answer: _Answer, response: Response, where: str) -> T:
    kept: dict[str, Any] = {
        "text": answer.text or answer.refusal,
        "usage": answer.usage,
        "response": response,
        "where": where,
        "request_id": response.request_id,
        "attempts": response.attempts,
        "hint": "the answer was paid for: it is on .response, its text and usage on .text and .usage",
    }
    if answer.refusal:
        raise RefusalError(f"the model refused: {shorten(answer.refusal)!r}", **kept)
    if answer.end in ENDS:
        kind, message = ENDS[answer.end]
        raise kind(message, **kept)
    if answer.end not in WHOLE:
        raise OutputError(f"the answer ended with {answer.end!r}", **kept)
    if answer.calls and not answer.text.strip():
        raise OutputError(f"the model called tools instead of answering ({answer.calls})", **kept)
    try:
        return form.decode(answer.text)
    except NotFitting as misfit:
        message = f"the answer is no {form.spelling}: at {misfit.path}: {misfit.problem}"
        path = misfit.path
    raise OutputDecodeError(f"{message}; got {shorten(answer.text)!r}", path=path, **kept)
