"""The object in an answer, or the outcome that stands for there being none."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from tikhub_async._wire.finish_reason import FinishReason, finish_reason
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


KEPT = "the answer was paid for: it is on .response, its text and usage on .text and .usage"

ENDS: Mapping[FinishReason, tuple[type[OutputError], str, str]] = {
    "length": (LengthError, "the answer was cut at the token limit", "raise the limit; reasoning counts in it too"),
    "content_filter": (ContentFilterError, "the content filter withheld the answer", "change the prompt"),
    "refusal": (RefusalError, "the model refused", "change the prompt"),
    "pause": (OutputError, "the model paused a long turn and wants to go on", "send the answer back to it as it is"),
    "other": (OutputError, "the answer ended before it was whole", "look at .response"),
}
"""Reasons that mean: there is no whole object. Each with its class, what happened, and what to do next."""


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
    }
    if answer.refusal:
        raise RefusalError(f"the model refused: {shorten(answer.refusal)!r}", hint=KEPT, **kept)
    reason = finish_reason(answer.end)
    if reason in ENDS:
        kind, message, advice = ENDS[reason]
        raise kind(f"{message} ({answer.end})", hint=f"{advice}; {KEPT}", **kept)
    if answer.calls and not answer.text.strip():
        raise OutputError(
            f"the model called tools instead of answering ({answer.calls})",
            hint=f"parse runs no tools: leave them out, or let tikhub_async.tools.run_tools run them; {KEPT}",
            **kept,
        )
    try:
        return form.decode(answer.text)
    except NotFitting as misfit:
        message = f"the answer is no {form.spelling}: at {misfit.path}: {misfit.problem}"
        path = misfit.path
    raise OutputDecodeError(f"{message}; got {shorten(answer.text)!r}", path=path, hint=KEPT, **kept)
