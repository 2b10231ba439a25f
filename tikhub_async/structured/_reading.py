"""The object in an answer, or the outcome that stands for there being none."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from tikhub_async._wire.typed import NotFitting, TypeForm
from tikhub_async.errors import (
    ContentFilterError,
    LengthError,
    OutputDecodeError,
    OutputError,
    RefusalError,
    shorten,
)
from tikhub_async.structured._results import ParsedChatCompletion, ParsedContent, ParsedMessage, ParsedResponse
from tikhub_async.types._base import Response
from tikhub_async.types.chat import ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.gemini import GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject, ResponseOutputMessage

T = TypeVar("T")


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
    if not end and response.status not in (None, "completed"):
        end = response.status
    answer = _Answer(text, response.usage, end, response.refusal, len(response.function_calls))
    output = _read(form, answer, response, where)
    return ParsedResponse(output=output, text=text, response=response, usage=response.usage)


def read_message(form: TypeForm[T], response: ClaudeMessageResponse, where: str) -> ParsedMessage[T]:
    """The object in a message.

    Raises:
        OutputError: There is none.
    """
    text = response.text
    details = response.stop_details
    refusal = (details.explanation if details is not None and response.stop_reason == "refusal" else None) or ""
    answer = _Answer(text, response.usage, response.stop_reason or "", refusal, len(response.tool_uses))
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
