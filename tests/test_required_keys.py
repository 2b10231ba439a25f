"""The required parameters of every call, named here word for word.

`from __future__ import annotations` would leave `Required[…]` a string and every `__required_keys__` empty, without an
error anywhere: a call without its model would then be sent.
"""

import ast
import inspect
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import tikhub_async
from tests.surface import methods_of
from tikhub_async import TikHubAI
from tikhub_async.errors import MissingParameter
from tikhub_async.types._base import RequestOptions

REQUIRED: Mapping[str, set[str]] = {
    "openai.chat.completions.create": {"model", "messages"},
    "openai.chat.completions.stream": {"model", "messages"},
    "openai.chat.completions.parse": {"model", "messages"},
    "openai.responses.create": {"model", "input"},
    "openai.responses.stream": {"model", "input"},
    "openai.responses.parse": {"model", "input"},
    "openai.embeddings.create": {"model", "input"},
    "openai.audio.transcriptions.create": {"model", "file"},
    "openai.audio.transcriptions.stream": {"model", "file"},
    "claude.messages.create": {"model", "max_tokens", "messages"},
    "claude.messages.stream": {"model", "max_tokens", "messages"},
    "claude.messages.parse": {"model", "max_tokens", "messages"},
    "claude.chat.completions.create": {"model", "messages"},
    "claude.chat.completions.stream": {"model", "messages"},
    "claude.chat.completions.parse": {"model", "messages"},
    "deepseek.chat.completions.create": {"model", "messages"},
    "deepseek.chat.completions.stream": {"model", "messages"},
    "deepseek.chat.completions.parse": {"model", "messages"},
    "gemini.models.generate_content": {"model", "contents"},
    "gemini.models.generate_content_stream": {"model", "contents"},
    "gemini.models.parse": {"model", "contents"},
    "sora.create": {"model", "prompt"},
    "sora.remix": {"prompt"},
    "seedance.create": {"model", "content"},
    "kling.text2video.create": {"model_name"},
    "kling.image2video.create": {"model_name"},  # the image is a rule: `extra_body` may hold it
    "veo.generate": {"model", "instances"},
    "veo.fetch": {"operationName"},
}
"""Keywords without which a call is refused before anything is sent."""

POSITIONAL: Mapping[str, list[str]] = {
    "openai.chat.completions.parse": ["response_format"],
    "openai.responses.parse": ["response_format"],
    "claude.messages.parse": ["response_format"],
    "claude.chat.completions.parse": ["response_format"],
    "deepseek.chat.completions.parse": ["response_format"],
    "gemini.models.parse": ["response_format"],
    "sora.retrieve": ["video_id"],
    "sora.remix": ["video_id"],
    "sora.delete": ["video_id"],
    "sora.download_content": ["video_id"],
    "seedance.retrieve": ["task_id"],
    "kling.text2video.retrieve": ["task_id"],
    "kling.image2video.retrieve": ["task_id"],
    "get": ["path"],
    "post": ["path"],
}
"""Parameters of the signature itself, which Python asks for."""

NOTHING = {"models.list", "sora.list"}
"""Calls that need nothing."""

REQUESTS: Mapping[str, tuple[str, set[str]]] = {
    "ChatCompletionRequest": ("chat", {"model", "messages"}),
    "EmbeddingRequest": ("embeddings", {"model", "input"}),
    "TranscriptionRequest": ("audio", {"model", "file"}),
    "ClaudeMessageRequest": ("claude", {"model", "max_tokens", "messages"}),
    "ResponseRequest": ("responses", {"model", "input"}),
    "GeminiGenerateContentRequest": ("gemini", {"contents"}),
    "GeminiGenerationConfig": ("gemini", set()),
    "VideoCreateRequest": ("sora", {"model", "prompt"}),
    "VideoRemixRequest": ("sora", {"prompt"}),
    "SeedanceTaskRequest": ("seedance", {"model", "content"}),
    "KlingText2VideoRequest": ("kling", {"model_name"}),
    "KlingImage2VideoRequest": ("kling", {"model_name"}),
    "VeoGenerateRequest": ("veo", {"instances"}),
    "VeoFetchOperationRequest": ("veo", {"operationName"}),
}
"""The request schemas of the documentation: what their body must have."""


@pytest.fixture
def client() -> TikHubAI:
    return TikHubAI(api_key="sk-required", base_url="http://127.0.0.1:9")


def test_every_call_is_in_a_table(client: TikHubAI) -> None:
    assert set(methods_of(client)) == {*REQUIRED, *POSITIONAL, *NOTHING}


@pytest.mark.parametrize("name", REQUIRED)
async def test_a_call_names_what_it_lacks_before_anything_is_sent(client: TikHubAI, name: str) -> None:
    method = methods_of(client)[name]
    with pytest.raises(MissingParameter) as caught:
        await attempt(method, positional(name))
    assert set(caught.value.names) == REQUIRED[name]
    assert str(caught.value).startswith(f"{name}() is missing")


@pytest.mark.parametrize(("name", "lacking"), [(name, one) for name, keys in REQUIRED.items() for one in sorted(keys)])
async def test_each_required_parameter_is_missed_alone(client: TikHubAI, name: str, lacking: str) -> None:
    given: dict[str, Any] = dict.fromkeys(REQUIRED[name] - {lacking}, "x")
    with pytest.raises(MissingParameter) as caught:
        await attempt(methods_of(client)[name], positional(name), **given)
    assert caught.value.names == (lacking,)


def positional(name: str) -> list[Any]:
    return [str if parameter == "response_format" else "x_1" for parameter in POSITIONAL.get(name, [])]


async def attempt(method: Callable[..., Any], arguments: list[Any], **keywords: Any) -> None:
    result = method(*arguments, **keywords)
    if isinstance(result, Awaitable):
        await result


@pytest.mark.parametrize("name", POSITIONAL)
def test_what_python_asks_for_is_in_the_signature(client: TikHubAI, name: str) -> None:
    parameters = inspect.signature(methods_of(client)[name]).parameters.values()
    needed = [one.name for one in parameters if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    assert needed == POSITIONAL[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_each_request_schema_knows_what_it_requires(name: str) -> None:
    module, required = REQUESTS[name]
    schema = getattr(import_module(f"tikhub_async.types.{module}"), name)
    assert schema.__required_keys__ == required
    assert schema.__required_keys__ | schema.__optional_keys__ == set(get_type_hints(schema))


def test_options_are_never_required() -> None:
    assert RequestOptions.__required_keys__ == frozenset()
    assert RequestOptions.__optional_keys__ == {"timeout", "max_retries", "extra_headers", "extra_query", "extra_body"}


@pytest.mark.parametrize("folder", ["types", "providers", "_wire"])
def test_no_module_that_needs_its_annotations_postpones_them(folder: str) -> None:
    postponing = [
        path.name
        for path in (Path(tikhub_async.__file__).parent / folder).rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert postponing == []
