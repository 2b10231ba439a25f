"""`parse`: a type → what is asked, and what comes back → the type, or an outcome that keeps what was paid for."""

import copy
import pickle
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Required, TypedDict
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from tikhub_async import TikHubAI
from tikhub_async._wire.schema import CLAUDE, GEMINI, OPENAI, PLAIN, Dialect
from tikhub_async._wire.typed import NotFitting, TypeForm, form_of
from tikhub_async.errors import (
    ContentFilterError,
    InvalidParameter,
    LengthError,
    MissingParameter,
    OutputDecodeError,
    OutputError,
    RefusalError,
    UnknownParameter,
)
from tikhub_async.structured import Parsed
from tikhub_async.testing import Emulator, Reply
from tikhub_async.testing._schema import value_for


class Level(Enum):
    EASY = "easy"
    HARD = "hard"


class Step(msgspec.Struct):
    """One thing to do."""

    text: Annotated[str, Meta(description="In one sentence.", min_length=2)]
    minutes: Annotated[int, Meta(ge=0, le=600)] | None = None


class Boil(msgspec.Struct, tag="boil"):
    degrees: float


class Wait(msgspec.Struct, tag="wait", rename="camel"):
    how_long: int = 5


@dataclass
class Source:
    url: str
    read_on: date | None = None
    tags: set[str] = field(default_factory=set)


class Notes(TypedDict, total=False):
    author: Required[str]
    year: NotRequired[int]


class Recipe(msgspec.Struct):
    """How to cook something."""

    title: str
    steps: list[Step]
    level: Level = Level.EASY
    unit: Literal["g", "oz"] = "g"
    rating: Literal[1, 2, 3] | None = None
    action: Boil | Wait | None = None
    source: Source | None = None
    notes: Notes | None = None
    sizes: list[float] = []
    made: datetime | None = None
    price: Decimal | None = None
    id: UUID | None = None
    amounts: list[int | str] = []
    servings: Annotated[int, Meta(gt=0)] = 4


class Tree(msgspec.Struct):
    name: str
    children: list["Tree"] = []


class Point(NamedTuple):
    x: int
    y: int = 0


class Pair(msgspec.Struct, array_like=True):
    left: int
    right: str


class Free(msgspec.Struct):
    counts: dict[str, int]
    rest: Any = None


ALL = (PLAIN, OPENAI, CLAUDE, GEMINI)
TYPES: tuple[Any, ...] = (Recipe, Source, Notes, list[Step], int, Boil | Wait, tuple[int, int], Literal["a", 1], Point)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object schema inside a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for member in schema.values():
            yield from objects(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from objects(member)


def form(type_: Any, dialect: Dialect) -> TypeForm[Any]:
    return form_of(type_, dialect)


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_openai_gets_closed_objects_with_all_keys_required(type_: Any) -> None:
    schema = form(type_, OPENAI).schema
    assert schema["type"] == "object"
    assert "$ref" not in schema
    for node in objects(schema):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        for member in node["properties"].values():
            assert not {"default", "title", "discriminator"} & set(member)


def test_an_optional_key_may_be_null_for_openai_and_then_has_its_default() -> None:
    made = form(Wait, OPENAI)
    assert made.schema["properties"]["howLong"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert made.decode('{"type": "wait", "howLong": null}') == Wait(5)


def test_an_optional_key_stays_optional_for_claude_and_gemini() -> None:
    for dialect in (CLAUDE, GEMINI):
        assert form(Step, dialect).schema["required"] == ["text"]


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_value_made_from_the_schema_is_of_the_type(type_: Any, dialect: Dialect) -> None:
    if dialect is CLAUDE and "tuple" in str(type_):
        return  # how many members there are is only told there
    made = form(type_, dialect)
    value = made.decode(msgspec.json.encode(value_for(made.schema)))
    again = {"value": value} if made.wrapped else value
    assert made.decode(msgspec.json.encode(again)) == value


def test_openais_own_client_has_nothing_to_add() -> None:
    official = pytest.importorskip("openai.lib._pydantic")
    for type_ in (*TYPES, Tree):
        schema = form(type_, OPENAI).schema
        ours = copy.deepcopy(schema)
        assert official._ensure_strict_json_schema(ours, path=(), root=ours) == schema


def test_anthropics_own_client_has_nothing_to_change() -> None:
    official = pytest.importorskip("anthropic.lib._parse._transform")
    for type_ in TYPES:
        schema = form(type_, CLAUDE).schema
        theirs = official.transform_schema(copy.deepcopy(schema))
        assert list(objects(theirs)) == [*objects(_without_type_of_enums(schema))]


def _without_type_of_enums(schema: Any) -> Any:
    if isinstance(schema, dict):
        drop = "type" if "enum" in schema else ""
        return {key: _without_type_of_enums(value) for key, value in schema.items() if key != drop}
    return [_without_type_of_enums(member) for member in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize(
    ("type_", "dialect", "path", "rule"),
    [
        (Free, OPENAI, "response_format.counts", "dict[str, int] cannot be expressed in OpenAI's strict mode"),
        (Free, CLAUDE, "response_format.counts", "dict[str, int] cannot be expressed in Claude"),
        (list[dict[str, int]], OPENAI, "response_format[]", "objects list all their keys"),
        (dict[str, Any], OPENAI, "response_format", "dict[str, any]"),
        (list[Any], CLAUDE, "response_format[]", "Any cannot be expressed"),
        (Tree, CLAUDE, "response_format.children[]", "Tree inside itself"),
        (tuple[int, str], OPENAI, "response_format", "tuple[int, str]"),
        (Pair, OPENAI, "response_format", "Pair"),
        (list[complex], PLAIN, "response_format[]", "complex has no JSON schema"),
        (Boil | Free, PLAIN, "response_format", "type union contains multiple Struct types"),
    ],
)
def test_what_a_dialect_cannot_say_is_refused_with_its_path(type_: Any, dialect: Dialect, path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        form(type_, dialect)
    assert caught.value.path == path
    assert rule in caught.value.rule
    assert caught.value.hint or "union" in rule


def test_gemini_takes_free_objects_and_positions() -> None:
    assert form(Free, GEMINI).schema["properties"]["counts"] == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }
    pair = form(tuple[int, str], GEMINI).schema["properties"]["value"]
    assert pair["prefixItems"] == [{"type": "integer"}, {"type": "string"}]


def test_a_type_inside_itself_is_a_definition_and_the_root_still_an_object() -> None:
    schema = form(Tree, OPENAI).schema
    assert schema["type"] == "object"
    assert schema["$defs"]["Tree"]["properties"]["children"]["anyOf"][0]["items"] == {"$ref": "#/$defs/Tree"}
    assert "$defs" not in form(Recipe, OPENAI).schema


def test_limits_are_keywords_where_they_are_known_and_told_where_not() -> None:
    openai = form(Step, OPENAI).schema["properties"]
    assert openai["minutes"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 600}
    assert openai["text"] == {"type": "string", "description": "In one sentence. (minLength: 2)"}
    claude = form(Step, CLAUDE).schema["properties"]
    assert claude["minutes"]["anyOf"][0] == {"type": "integer", "description": "(minimum: 0, maximum: 600)"}
    assert form(Step, PLAIN).schema["properties"]["text"]["minLength"] == 2


def test_texts_come_from_docstrings_and_annotations() -> None:
    schema = form(Recipe, OPENAI).schema
    assert schema["description"] == "How to cook something."
    assert schema["properties"]["steps"]["items"]["description"] == "One thing to do."
    assert "description" not in form(Source, OPENAI).schema  # what @dataclass makes is no text


def test_dates_have_their_format_and_choices_their_type() -> None:
    properties = form(Recipe, OPENAI).schema["properties"]
    assert properties["made"]["anyOf"][0] == {"type": "string", "format": "date-time"}
    assert properties["id"]["anyOf"][0] == {"type": "string", "format": "uuid"}
    assert properties["unit"]["anyOf"][0] == {"type": "string", "enum": ["g", "oz"]}
    mixed = form(Literal["a", 1, None], OPENAI).schema["properties"]["value"]["anyOf"]
    assert mixed == [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}, {"type": "null"}]


def test_a_form_is_made_once_and_has_a_name_that_apis_take() -> None:
    assert form_of(Recipe, OPENAI) is form_of(Recipe, OPENAI)
    assert form(list[Step], OPENAI).name == "list_Step"
    assert form(Recipe, OPENAI).name == "Recipe"


def test_a_type_that_cannot_be_a_key_works_too() -> None:
    listed: Any = Annotated[list[int], Meta(extra_json_schema={"examples": [[1]]})]
    assert form(listed, OPENAI).decode('{"value": [1]}') == [1]


# ── decoding ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (list[Step], '{"value": [{"text": "Stir."}]}', [Step("Stir.")]),
        (int, '{"value": 3.0}', 3),
        (int | float, '{"value": 3.0}', 3.0),
        (Wait, '{"type": "wait", "howLong": 2.0}', Wait(2)),
        (list[Boil | Wait], '{"value": [{"type": "wait", "howLong": null}]}', [Wait()]),
        (Source, '{"url": "u", "read_on": null, "tags": null}', Source("u")),
        (Notes, '{"author": "Ann", "year": null}', {"author": "Ann"}),
        (Free, '{"counts": {"a": 1.0}, "rest": null}', Free({"a": 1})),
        (Point, '{"value": [1.0, 2]}', Point(1, 2)),
        (tuple[int, str], '{"value": [1.0, "a"]}', (1, "a")),
        (Pair, '{"value": [1.0, "a", "more"]}', Pair(1, "a")),
        (str, '{"value": "\ud83d"}', "\ufffd\ufffd\ufffd"),
        (Decimal, '{"value": 12.990}', Decimal("12.990")),
        (Step, '```json\n{"text": "Stir."}\n```', Step("Stir.")),
        (Step, '{"text": "a\nb"}', Step("a\nb")),
    ],
)
def test_what_models_are_known_to_write_is_read_for_what_it_means(type_: Any, text: str, value: Any) -> None:
    decoded = form(type_, GEMINI).decode(text)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "path", "problem"),
    [
        (Recipe, "", "$", "the text is empty"),
        (Recipe, "Sure! Here is", "$", "not JSON"),
        (Recipe, '{"title": "x"', "$", "not JSON"),
        (Recipe, '{"title": "x"}', "$", "missing required field `steps`"),
        (Recipe, '{"title": "x", "steps": [{"text": 5}]}', "$.steps[0].text", "Expected `str`, got `int`"),
        (Recipe, '{"title": "x", "steps": [], "servings": 0}', "$.servings", "Expected `int` >= 1"),
        (Recipe, '{"title": null, "steps": []}', "$.title", "got `null`"),
        (list[int], '{"value": [1, "b"]}', "$[1]", "Expected `int`, got `str`"),
        (Boil | Wait, '{"value": {"type": "fry"}}', "$.type", "Invalid value 'fry'"),
    ],
)
def test_a_misfit_names_its_path(type_: Any, text: str, path: str, problem: str) -> None:
    with pytest.raises(NotFitting) as caught:
        form(type_, OPENAI).decode(text)
    assert caught.value.path == path
    assert problem in caught.value.problem


# ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────────

Parse = Callable[[TikHubAI, Any, str], Awaitable[Parsed[Any]]]

CALLS: dict[str, Parse] = {
    "openai": lambda client, type_, prompt: client.openai.chat.completions.parse(
        type_, model="gpt-5", messages=[{"role": "user", "content": prompt}]
    ),
    "claude chat": lambda client, type_, prompt: client.claude.chat.completions.parse(
        type_, model="claude-sonnet-4-5", messages=[{"role": "user", "content": prompt}]
    ),
    "deepseek": lambda client, type_, prompt: client.deepseek.chat.completions.parse(
        type_, model="deepseek-chat", messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
    ),
    "responses": lambda client, type_, prompt: client.openai.responses.parse(type_, model="gpt-5", input=prompt),
    "claude": lambda client, type_, prompt: client.claude.messages.parse(
        type_, model="claude-sonnet-4-5", max_tokens=5000, messages=[{"role": "user", "content": prompt}]
    ),
    "gemini": lambda client, type_, prompt: client.gemini.models.parse(
        type_, model="gemini-2.5-flash", contents=prompt, generation_config={"max_output_tokens": 5000}
    ),
}  # fmt: skip
ROUTES = {
    "openai": "chat.completions",
    "claude chat": "chat.completions",
    "deepseek": "chat.completions",
    "responses": "responses",
    "claude": "messages",
    "gemini": "gemini.generate_content",
}
USAGE: dict[str, Any] = {
    "chat.completions": {"usage": {"prompt_tokens": 7}},
    "responses": {"usage": {"input_tokens": 7}},
    "messages": {"usage": {"input_tokens": 7}},
    "gemini.generate_content": {"usageMetadata": {"promptTokenCount": 7}},
}


def answer(name: str, text: str, end: str = "", **more: Any) -> Reply:
    """An answer in the shape of a call's route."""
    route = ROUTES[name]
    bodies: dict[str, dict[str, Any]] = {
        "chat.completions": {
            "choices": [{"message": {"content": text, **more}, "finish_reason": end or "stop"}],
        },
        "responses": {
            "status": "incomplete" if end else "completed",
            "incomplete_details": {"reason": end} if end else None,
            "output": [{"type": "message", "content": [{"type": "output_text", "text": text}]}],
            **more,
        },
        "messages": {"content": [{"type": "text", "text": text}], "stop_reason": end or "end_turn", **more},
        "gemini.generate_content": {
            "candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": end or "STOP"}],
            **more,
        },
    }
    return Reply(json={**bodies[route], **USAGE[route]})


@pytest.mark.parametrize("name", [name for name in CALLS if name != "deepseek"])
@pytest.mark.parametrize("type_", [Recipe, Source, Notes, list[Step], int], ids=str)
async def test_every_call_gives_an_object_of_the_type(client: TikHubAI, name: str, type_: Any) -> None:
    parsed = await CALLS[name](client, type_, "Cook!")
    assert isinstance(parsed.output, getattr(type_, "__origin__", dict if type_ is Notes else type_))
    assert parsed.text.startswith("{")
    assert parsed.usage is not None
    assert parsed.request_id == parsed.response.request_id
    assert parsed.request_id


async def test_deepseek_is_told_the_schema_and_asked_for_json(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", answer("deepseek", '{"text": "Stir."}'))
    parsed = await CALLS["deepseek"](client, Step, "Cook!")
    assert parsed.output == Step("Stir.")
    body = gw.requests[0].json
    assert body["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in body["messages"]] == ["system", "system", "user"]
    assert '"In one sentence."' in body["messages"][1]["content"]


async def test_claude_over_chat_is_asked_by_a_forced_call(client: TikHubAI, gw: Emulator) -> None:
    parsed = await CALLS["claude chat"](client, Step, "Cook!")
    assert isinstance(parsed.output, Step)
    body = gw.requests[0].json
    assert body["tool_choice"] == {"type": "function", "function": {"name": "Step"}}
    assert body["tools"][0]["function"]["parameters"] == form(Step, PLAIN).schema
    extras: list[dict[str, Any]] = [{"reasoning_effort": "high"}, {"tool_choice": "auto"}]
    for extra in extras:
        with pytest.raises(InvalidParameter, match="cannot be combined with parse"):
            await client.claude.chat.completions.parse(Step, model="claude-sonnet-4-5", messages=[], **extra)


async def test_the_type_goes_where_each_provider_looks_for_it(client: TikHubAI, gw: Emulator) -> None:
    for name in ("openai", "responses", "claude", "gemini"):
        await CALLS[name](client, Step, "Cook!")
    chat, responses, claude, gemini = (request.json for request in gw.requests)
    strict = {"name": "Step", "schema": form(Step, OPENAI).schema, "strict": True}
    assert chat["response_format"] == {"type": "json_schema", "json_schema": strict}
    assert responses["text"] == {"format": {"type": "json_schema", **strict}}
    assert claude["output_config"] == {"format": {"type": "json_schema", "schema": form(Step, CLAUDE).schema}}
    assert gemini["generationConfig"] == {
        "maxOutputTokens": 5000,
        "responseMimeType": "application/json",
        "responseJsonSchema": form(Step, GEMINI).schema,
    }


async def test_what_stands_beside_the_format_is_kept(client: TikHubAI, gw: Emulator) -> None:
    await client.openai.responses.parse(Step, model="gpt-5", input="Cook!", text={"verbosity": "low"})
    await client.claude.messages.parse(
        Step, model="claude-sonnet-4-5", max_tokens=99, messages=[{"role": "user", "content": "Hi"}],
        output_config={"effort": "low"}, betas=["x-2026"],
    )  # fmt: skip
    assert gw.requests[0].json["text"]["verbosity"] == "low"
    assert gw.requests[1].json["output_config"]["effort"] == "low"
    assert gw.requests[1].headers["anthropic-beta"] == "x-2026"
    assert "betas" not in gw.requests[1].json


async def test_a_format_of_your_own_is_refused(client: TikHubAI) -> None:
    untyped: Any = {"format": {"type": "text"}}
    with pytest.raises(InvalidParameter, match=r"text\.format"):
        await client.openai.responses.parse(Step, model="gpt-5", input="Hi", text=untyped)
    with pytest.raises(InvalidParameter, match=r"output_config\.format"):
        await client.claude.messages.parse(Step, model="c", max_tokens=9, messages=[], output_config=untyped)
    schema: Any = {"response_schema": {"type": "OBJECT"}}
    with pytest.raises(InvalidParameter, match=r"generationConfig\.responseSchema"):
        await client.gemini.models.parse(Step, model="gemini-2.5-flash", contents="Hi", generation_config=schema)


@pytest.mark.parametrize("name", CALLS)
async def test_a_type_that_cannot_be_asked_for_sends_nothing(client: TikHubAI, gw: Emulator, name: str) -> None:
    with pytest.raises(InvalidParameter, match="has no JSON schema"):
        await CALLS[name](client, complex, "Hi")
    assert not gw.requests


async def test_parameters_are_checked_under_the_name_of_parse(client: TikHubAI) -> None:
    call: Any = client.openai.chat.completions.parse
    with pytest.raises(MissingParameter, match=r"openai\.chat\.completions\.parse\(\) is missing 'messages'"):
        await call(Step, model="gpt-5")
    with pytest.raises(UnknownParameter, match=r"parse never streams: call openai\.chat\.completions\.stream"):
        await call(Step, model="gpt-5", messages=[], stream=True)
    generate: Any = client.gemini.models.parse
    with pytest.raises(UnknownParameter, match=r"gemini\.models\.generate_content_stream"):
        await generate(Step, model="gemini-2.5-flash", contents="Hi", stream=True)


OUTCOMES: list[tuple[str, dict[str, Any], type[OutputError]]] = [
    ("openai", {"end": "length"}, LengthError),
    ("openai", {"end": "content_filter"}, ContentFilterError),
    ("openai", {"refusal": "I'd rather not."}, RefusalError),
    ("openai", {"end": "insufficient_system_resource"}, OutputError),
    ("claude chat", {"end": "length"}, LengthError),
    ("deepseek", {"end": "insufficient_system_resource"}, OutputError),
    ("responses", {"end": "max_output_tokens"}, LengthError),
    ("responses", {"end": "content_filter"}, ContentFilterError),
    ("responses", {"end": "steered"}, OutputError),
    ("responses", {"status": "in_progress"}, OutputError),
    ("responses", {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]}, RefusalError),
    ("claude", {"end": "max_tokens"}, LengthError),
    ("claude", {"end": "model_context_window_exceeded"}, LengthError),
    ("claude", {"end": "refusal", "content": []}, RefusalError),
    ("claude", {"end": "pause_turn"}, OutputError),
    ("gemini", {"end": "MAX_TOKENS"}, LengthError),
    ("gemini", {"end": "SAFETY"}, ContentFilterError),
    ("gemini", {"end": "RECITATION"}, ContentFilterError),
    ("gemini", {"end": "MALFORMED_FUNCTION_CALL"}, OutputError),
    ("gemini", {"candidates": [], "promptFeedback": {"blockReason": "SAFETY"}}, ContentFilterError),
    *((name, {}, OutputDecodeError) for name in CALLS),
]


@pytest.mark.parametrize(("name", "what", "kind"), OUTCOMES)
async def test_an_outcome_without_an_object_keeps_text_usage_and_answer(
    client: TikHubAI, gw: Emulator, name: str, what: dict[str, Any], kind: type[OutputError]
) -> None:
    gw.script(ROUTES[name], answer(name, '{"text": "St', **what))
    with pytest.raises(OutputError) as caught:
        await CALLS[name](client, Step, "Cook!")
    error = caught.value
    assert type(error) is kind
    assert error.maybe_billed
    assert error.request_id
    assert error.attempts == 1
    assert error.where
    assert 7 in msgspec.structs.astuple(error.usage)
    if "content" not in what and "candidates" not in what:
        assert error.text
    assert error.response is not None
    assert type(pickle.loads(pickle.dumps(error))) is kind


async def test_a_misfit_says_what_and_where(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", answer("openai", '{"title": "Tea", "steps": [{"text": "Boil"}, {"text": 3}]}'))
    with pytest.raises(OutputDecodeError) as caught:
        await CALLS["openai"](client, Recipe, "Tea!")
    assert caught.value.path == "$.steps[1].text"
    assert "the answer is no Recipe: at $.steps[1].text: Expected `str`, got `int`" in str(caught.value)


async def test_a_call_of_a_tool_is_no_object(client: TikHubAI, gw: Emulator) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    gw.script("chat.completions", answer("openai", "", "tool_calls", tool_calls=[call]))
    with pytest.raises(OutputError, match="called tools instead"):
        await CALLS["openai"](client, Step, "Cook!")


async def test_remarks_on_the_way_are_no_part_of_the_object(client: TikHubAI, gw: Emulator) -> None:
    texts = [("commentary", "Let me think."), ("final_answer", '{"text": "Stir."}')]
    output = [
        {"type": "message", "phase": phase, "content": [{"type": "output_text", "text": text}]} for phase, text in texts
    ]
    gw.script("responses", answer("responses", "", output=output))
    assert (await CALLS["responses"](client, Step, "Cook!")).output == Step("Stir.")


async def test_the_emulators_own_refusals_and_filters_are_outcomes(client: TikHubAI) -> None:
    for name, mark, kind in (
        ("openai", "refuse", RefusalError),
        ("openai", "filter", ContentFilterError),
        ("claude", "refuse", RefusalError),
        ("gemini", "filter", ContentFilterError),
    ):
        with pytest.raises(kind):
            await CALLS[name](client, Step, f"[[{mark}]]")
