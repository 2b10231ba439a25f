"""What a browser is told of an error.

Texts of the gateway quote prompts, balances and channel names, so by default a browser gets the error's class and a
sentence of ours; the whole error is on `Relay.error` for the server's own log.
"""

from collections.abc import Mapping
from typing import Any

from tikhub_async import errors as e

SENTENCES: Mapping[type[e.TikHubError], str] = {
    e.RateLimitError: "The service is busy. Try again in a moment.",
    e.OverloadedError: "The service is busy. Try again in a moment.",
    e.QuotaError: "The service is not available at the moment.",
    e.AuthenticationError: "The service is not available at the moment.",
    e.PermissionDeniedError: "The service is not available at the moment.",
    e.ConfigError: "The service is not available at the moment.",
    e.NotFoundError: "There is no such model or task.",
    e.BadRequestError: "The request was refused.",
    e.UnprocessableEntityError: "The request was refused.",
    e.ParameterError: "The request was refused.",
    e.RequestTooLargeError: "The request is too large.",
    e.ContentFilterError: "The content filter withheld the answer.",
    e.RefusalError: "The model refused.",
    e.APITimeoutError: "No answer came in time.",
    e.StreamTimeout: "The answer stopped for too long.",
    e.StreamInterrupted: "The answer broke off.",
    e.APIConnectionError: "The service could not be reached.",
    e.TaskFailed: "The video could not be made.",
    e.TaskCancelled: "The video was cancelled.",
    e.TaskExpired: "The video waited too long and was given up.",
    e.TaskTimeout: "The video is not done yet. It is still being made.",
}
"""The nearest class decides."""
OTHERWISE = "Something went wrong."


def public_error(error: e.TikHubError) -> dict[str, Any]:
    """What a stranger may know: the class, a sentence, seconds to wait, the id to quote to support."""
    sentence = next((SENTENCES[kind] for kind in type(error).__mro__ if kind in SENTENCES), OTHERWISE)
    facts = {
        "type": type(error).__name__,
        "message": sentence,
        "retry_after": getattr(error, "retry_after", None),
        "request_id": error.request_id,
    }
    return {name: value for name, value in facts.items() if value is not None}


def full_error(error: e.TikHubError) -> dict[str, Any]:
    """The same with the error's own text, for tools of your own team: it may quote the gateway and the prompt."""
    return {**public_error(error), "message": error.message}
