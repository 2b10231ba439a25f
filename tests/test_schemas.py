"""The documentation's 37 schemas and 22 endpoints: all there, and `docs/endpoints.md` says of them what the code does."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from typing_extensions import is_typeddict

import tikhub_async.providers
from tests.surface import methods_of
from tikhub_async import TikHubAI, types
from tikhub_async._wire.request import Endpoint

PAGE = Path(__file__).parent.parent / "docs" / "endpoints.md"

SCHEMAS = [
    *("ChatCompletionRequest", "ChatMessage", "Tool", "ToolCall", "ChatCompletionResponse", "ChatCompletionChoice"),
    *("ContentFilterResults", "UsageInfo", "EmbeddingRequest", "EmbeddingResponse", "TranscriptionRequest"),
    *("TranscriptionResponse", "ClaudeMessageRequest", "ClaudeMessageResponse", "VideoCreateRequest", "VideoResponse"),
    *("VideoRemixRequest", "GeminiGenerateContentRequest", "VideoListResponse", "GeminiContent", "VideoDeleteResponse"),
    *("GeminiGenerationConfig", "ResponseRequest", "GeminiGenerateContentResponse", "ResponseObject"),
    *("SeedanceTaskRequest", "SeedanceTaskCreateResponse", "SeedanceTaskResponse", "KlingText2VideoRequest"),
    *("KlingImage2VideoRequest", "KlingTaskResponse", "KlingTaskDetailResponse", "KlingTaskListResponse"),
    *("VeoGenerateRequest", "VeoOperationResponse", "VeoFetchOperationRequest", "VeoFetchOperationResponse"),
]
"""In the order of the documentation's menu."""

EVIDENCE = re.compile(r"inferred|guess|documented, (\d+e0|\d+m0)")


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of the page, code marks removed."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    lines = rest.partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [[cell.replace("`", "") for cell in row] for row in rows[2:]]


ENDPOINTS = table("The 22 endpoints")
BESIDE = table("Beside them")
NAMED = table("The 37 schemas")


def endpoints_in_code() -> Iterator[Endpoint]:
    """Every endpoint constant of the providers."""
    for module in pkgutil.iter_modules(tikhub_async.providers.__path__):
        for value in vars(import_module(f"tikhub_async.providers.{module.name}")).values():
            if isinstance(value, Endpoint):
                yield value


@pytest.fixture(scope="module")
def calls() -> dict[str, Any]:
    return methods_of(TikHubAI(api_key="sk-schemas"))


def test_all_37_schemas_are_types() -> None:
    assert len(SCHEMAS) == len(set(SCHEMAS)) == 37
    assert set(SCHEMAS) <= set(types.__all__)
    assert all(hasattr(types, name) for name in SCHEMAS)


def test_the_page_names_all_37_in_the_documentations_order() -> None:
    assert [row[1] for row in NAMED] == SCHEMAS
    assert [row[0] for row in NAMED] == [str(number) for number in range(1, 38)]


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row[1])
def test_a_schema_is_where_and_what_the_page_says(row: list[str]) -> None:
    _, name, module, what, endpoints = row
    schema = getattr(import_module(f"tikhub_async.types.{module}"), name)
    assert schema is getattr(types, name)
    members = get_args(schema) or (schema,)
    if what.startswith("sent"):
        assert all(is_typeddict(member) for member in members)
    else:
        assert what.startswith("received")
        assert issubclass(schema, msgspec.Struct)
    numbers = [] if endpoints == "none documented" else endpoints.split(", ")
    assert set(numbers) <= {endpoint[0] for endpoint in ENDPOINTS}


def test_the_page_has_the_22_endpoints_and_each_has_its_schemas() -> None:
    assert [row[0] for row in ENDPOINTS] == [str(number) for number in range(1, 23)]
    assert len({row[1] for row in ENDPOINTS}) == 22
    received = {number for row in NAMED if row[3] == "received" for number in row[4].split(", ")}
    assert {row[0] for row in ENDPOINTS} - received == {"10"}  # a file


@pytest.mark.parametrize("row", [*(row[1:] for row in ENDPOINTS), *BESIDE], ids=lambda row: row[4])
def test_an_endpoint_is_what_the_page_says(row: list[str], calls: dict[str, Any]) -> None:
    _, method, path, evidence, route, users = row
    [endpoint] = {endpoint for endpoint in endpoints_in_code() if endpoint.name == route}
    assert (endpoint.method, endpoint.path) == (method, path)
    assert EVIDENCE.fullmatch(evidence)
    assert set(users.split(", ")) <= set(calls)


def test_every_endpoint_and_every_call_is_on_the_page(calls: dict[str, Any]) -> None:
    rows = [*(row[1:] for row in ENDPOINTS), *BESIDE]
    assert {row[4] for row in rows} == {endpoint.name for endpoint in endpoints_in_code()}
    assert {call for row in rows for call in row[5].split(", ")} == set(calls) - {"get", "post"}


def test_an_endpoint_that_the_page_calls_documented_names_its_page_in_the_code(calls: dict[str, Any]) -> None:
    for _, _, _, evidence, _, users in (*(row[1:] for row in ENDPOINTS), *BESIDE):
        if evidence.startswith("documented"):
            page = evidence.partition(", ")[2]
            described = f"{inspect.getdoc(calls[users.partition(', ')[0]])}"
            assert page in described, users


@pytest.mark.parametrize("row", [row for row in NAMED if row[3] == "sent"], ids=lambda row: row[1])
def test_the_keys_of_a_request_are_keywords_of_its_calls(row: list[str], calls: dict[str, Any]) -> None:
    keys = set(get_type_hints(getattr(types, row[1])))
    numbers = row[4].split(", ")
    users = [call for endpoint in ENDPOINTS if endpoint[0] in numbers for call in endpoint[6].split(", ")]
    for call in users:
        if not call.endswith(".parse"):
            [unpacked] = get_args(inspect.signature(calls[call]).parameters["params"].annotation)
            assert keys <= set(get_type_hints(unpacked)), call
