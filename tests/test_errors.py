"""Every error of the tree: texts that help, copies and pickles that lose nothing, no secrets."""

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from tikhub_async import errors
from tikhub_async.types.task import TaskState

TASK = {"provider": "seedance", "id": "task_1"}
SAMPLES: list[errors.TikHubError] = [
    errors.TikHubError("it broke", hint="mend it", where="a POST /b", attempts=2, request_id="q", maybe_billed=True),
    errors.ConfigError("no key", hint="set one"),
    errors.ParameterError("refused"),
    errors.UnknownParameter("openai.chat.completions.create", "temprature", "temperature"),
    errors.MissingParameter("openai.chat.completions.create", ["model"]),
    errors.InvalidParameter("messages[0].content", "must be text", where="x", hint="y"),
    errors.APIError("no"),
    errors.APIConnectionError("reset", attempts=2),
    errors.APITimeoutError("late", phase="connect", seconds=10.0),
    errors.ProtocolError("html", status_code=200, body="<html>", headers={"a": "b"}),
    errors.DecodeError("bad", path="$.a[1]", event_number=3, body="{"),
    errors.InDoubtError("unknown", provider="seedance", sent="{}", sent_at=1.0, attempts=1),
    errors.StreamInterrupted("cut", partial=TaskState(id="x"), usage=None),
    errors.StreamTimeout("idle", phase="idle", seconds=300.0),
    errors.OutputError("none", text="t", usage=1, response=TaskState()),
    errors.LengthError("cut", text="t"),
    errors.RefusalError("refused", text="no"),
    errors.ContentFilterError("blocked"),
    errors.OutputDecodeError("misfit", path="$.a", text="{"),
    errors.TurnLimitReached("10 turns", messages=[{"role": "user"}], turns=10, text="t"),
    errors.TaskError("x", task=TASK),
    errors.TaskFailed("failed", task=TASK, state=TaskState(status="failed"), history=[(1.0, "FAILURE", 100)]),
    errors.TaskCancelled("cancelled", task=TASK),
    errors.TaskExpired("expired", task=TASK),
    errors.TaskTimeout("late", task=TASK),
    errors.DownloadError("short", path="/tmp/x", received=3, expected=10),
    errors.BatchError("x"),
    errors.JournalError("x"),
    errors.SpendLimitReached("x"),
    *(
        kind(
            "400 x", status_code=400, code="x", type="t", param="p", body={"a": 1}, headers={"h": "v"}, retry_after=1.0
        )
        for kind in (
            errors.APIStatusError,
            errors.BadRequestError,
            errors.AuthenticationError,
            errors.QuotaError,
            errors.PermissionDeniedError,
            errors.NotFoundError,
            errors.ConflictError,
            errors.RequestTooLargeError,
            errors.UnprocessableEntityError,
            errors.RateLimitError,
            errors.OverloadedError,
            errors.InternalServerError,
        )
    ),
]
CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.TikHubError)]


def facts(error: errors.TikHubError) -> dict[str, Any]:
    return {name: str(value) if name == "earlier" else value for name, value in vars(error).items()}


def test_there_is_a_sample_of_every_class() -> None:
    assert {type(sample) for sample in SAMPLES} == set(CLASSES)


def test_the_tree_in_the_module_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    drawn = set(re.findall(r"\b([A-Z][A-Za-z]+)\b(?= *\(|\s{2,}|\n)", errors.__doc__))
    assert {kind.__name__ for kind in CLASSES} <= drawn


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_copies_and_pickles_are_whole(error: errors.TikHubError) -> None:
    error.earlier = (errors.APIConnectionError("first"),)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert facts(twin) == facts(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_has_the_common_facts(error: errors.TikHubError) -> None:
    for name in ("message", "hint", "stage", "where", "attempts", "maybe_billed", "request_id", "earlier"):
        assert hasattr(error, name)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.UnknownParameter, TypeError),
        (errors.MissingParameter, TypeError),
        (errors.InvalidParameter, ValueError),
        (errors.APITimeoutError, TimeoutError),
        (errors.StreamTimeout, TimeoutError),
        (errors.TaskTimeout, TimeoutError),
    ],
)
def test_errors_are_caught_by_the_builtin_they_are(kind: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(kind, builtin)


def test_the_text_tells_what_where_and_what_next() -> None:
    assert str(SAMPLES[0]) == "it broke [a POST /b, 2 attempts, request id q, may have been billed]\n  → mend it"


def test_a_misspelt_parameter_names_the_nearest_one() -> None:
    text = str(errors.UnknownParameter("chat.create", "temprature", "temperature"))
    assert "did you mean 'temperature'?" in text
    assert "extra_body={'temprature': …}" in text


def test_long_texts_are_cut_in_messages() -> None:
    assert errors.shorten("x" * 500) == "x" * 200 + "… (500 characters)"
    assert errors.shorten("a\n  b") == "a b"
