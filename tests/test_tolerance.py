"""What providers and gateways may change: new words, new members, nulls, floats. Everything decodes, nothing is lost.

The types themselves say what to try: every struct that an answer or an event can hold is walked, and every field of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as shapes

from tests.replay import lost
from tests.types.answers import PROVIDERS, state
from tikhub_async._accumulate.chat import ChatAccumulator
from tikhub_async._accumulate.claude import ClaudeAccumulator
from tikhub_async._accumulate.gemini import GeminiAccumulator
from tikhub_async._accumulate.responses import ResponsesAccumulator
from tikhub_async._accumulate.transcription import TranscriptionAccumulator
from tikhub_async._wire import codec
from tikhub_async.types import audio, chat, claude, embeddings, gemini, kling, models, responses, seedance, sora, veo
from tikhub_async.types._base import Response, ResponseMeta, Unknown

ANSWERS: list[type[Response]] = [
    chat.ChatCompletionResponse,
    claude.ClaudeMessageResponse,
    responses.ResponseObject,
    gemini.GeminiGenerateContentResponse,
    embeddings.EmbeddingResponse,
    audio.TranscriptionResponse,
    models.ModelList,
    sora.VideoResponse,
    sora.VideoListResponse,
    sora.VideoDeleteResponse,
    seedance.SeedanceTaskCreateResponse,
    seedance.SeedanceTaskResponse,
    seedance.SeedanceTaskListResponse,
    kling.KlingTaskResponse,
    kling.KlingTaskDetailResponse,
    kling.KlingTaskListResponse,
    veo.VeoOperationResponse,
    veo.VeoFetchOperationResponse,
]
"""Every type that a call gives."""

ACCUMULATORS: list[type[Any]] = [
    ChatAccumulator,
    ClaudeAccumulator,
    ResponsesAccumulator,
    GeminiAccumulator,
    TranscriptionAccumulator,
]
"""Every kind of stream; `event_type` is the type of its events."""

EVENT_UNIONS: list[Any] = [responses.ResponseStreamEvent, claude.MessageStreamEvent, audio.TranscriptionStreamEvent]

TASKS = {answer: name for name, provider in PROVIDERS.items() for answer in (provider.retrieved, provider.accepted)}

NEEDED: Mapping[tuple[type[msgspec.Struct], str], str] = {
    (claude.ClaudeMessageResponse, "content"): "tells a message from an envelope with nothing in it",
    (claude.MessageStartEvent, "message"): "is all that the event says",
    (claude.ContentBlockStartEvent, "content_block"): "is all that the event says",
    (claude.ContentBlockDeltaEvent, "delta"): "is all that the event says",
    (claude.CitationsDelta, "citation"): "is all that the delta says",
}
"""Fields that must be there. All others may be absent or null."""

NEW: dict[str, Any] = {"type": "x_brand_new", "payload": {"deep": [1, None, "a"]}}


# --- the types, walked


def walked(*types: Any) -> dict[type[msgspec.Struct], shapes.StructType]:
    """Every struct inside the types, themselves included."""
    found: dict[type[msgspec.Struct], shapes.StructType] = {}
    waiting = [shapes.type_info(type_) for type_ in types]
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, shapes.StructType):
            if shape.cls in found or issubclass(shape.cls, Unknown):
                continue
            found[shape.cls] = shape
        waiting += inner(shape)
    return found


def inner(shape: shapes.Type) -> list[shapes.Type]:
    match shape:
        case shapes.StructType(fields=fields):
            return [field.type for field in fields]
        case shapes.UnionType(types=types):
            return list(types)
        case shapes.CollectionType(item_type=item) | shapes.DictType(value_type=item):
            return [item]
        case _:
            return []


STRUCTS = walked(*ANSWERS, *(kind.event_type for kind in ACCUMULATORS))


def test_there_is_something_to_walk() -> None:
    assert len(STRUCTS) > 350
    assert sum(len(shape.fields) for shape in STRUCTS.values()) > 1500


def parts(shape: shapes.Type) -> list[shapes.Type]:
    """A type with what it is made of, short of the fields of structs."""
    if isinstance(shape, shapes.StructType):
        return [shape]
    return [shape, *(deep for one in inner(shape) for deep in parts(one))]


def is_a(shape: shapes.Type, *kinds: type[shapes.Type]) -> bool:
    """Whether a type is, or may be, one of these."""
    return isinstance(shape, kinds) or (
        isinstance(shape, shapes.UnionType) and any(is_a(m, *kinds) for m in shape.types)
    )


def knows_unknown(shape: shapes.Type) -> bool:
    """Whether a type is a union with a member for what is new."""
    members = shape.types if isinstance(shape, shapes.UnionType) else ()
    return any(isinstance(member, shapes.StructType) and issubclass(member.cls, Unknown) for member in members)


def smallest(shape: shapes.StructType) -> dict[str, Any]:
    """An object with its tag and what it must have."""
    made = {} if shape.tag_field is None else {shape.tag_field: shape.tag}
    return made | {field.encode_name: dict(NEW) for field in shape.fields if field.required and field.name != "content"}


def decode(shape: shapes.StructType, **members: Any) -> Any:
    wire = smallest(shape) | ({"content": []} if (shape.cls, "content") in NEEDED else {}) | members
    return codec.decode(json.dumps(wire).encode(), shape.cls)


def unknowns(value: Any) -> Iterator[Unknown]:
    """Every `Unknown` inside a decoded value."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from unknowns(getattr(value, name))
    elif isinstance(value, list | dict):
        members: list[Any] = list(value.values()) if isinstance(value, dict) else value
        for member in members:
            yield from unknowns(member)


FIELDS = [(shape, field) for shape in STRUCTS.values() for field in shape.fields]


def failures(*tried: tuple[shapes.StructType, shapes.Field, bool]) -> list[str]:
    return [f"{shape.cls.__name__}.{field.encode_name}" for shape, field, good in tried if not good]


def test_nothing_must_be_there_but_what_is_listed() -> None:
    assert {(shape.cls, field.name) for shape, field in FIELDS if field.required} == set(NEEDED)


def test_every_tagged_union_has_a_member_for_what_is_new() -> None:
    closed: list[str] = []
    for shape, field in FIELDS:
        for part in parts(field.type):
            tagged = [m for m in inner(part) if isinstance(m, shapes.StructType) and m.tag_field is not None]
            if isinstance(part, shapes.UnionType) and tagged and not knows_unknown(part):
                closed.append(f"{shape.cls.__name__}.{field.name}")
    assert closed == []
    assert all(issubclass(get_args(union)[-1], Unknown) for union in EVENT_UNIONS)


def test_every_field_may_be_null() -> None:
    tried = []
    for shape, field in FIELDS:
        if not field.required:
            value = getattr(decode(shape, **{field.encode_name: None}), field.name)
            wanted = None if is_a(field.type, shapes.NoneType, shapes.AnyType) else field_default(field)
            tried.append((shape, field, value == wanted))
    assert failures(*tried) == []


def field_default(field: shapes.Field) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def test_every_list_may_be_null_or_empty() -> None:
    lists = [(shape, field) for shape, field in FIELDS if is_a(field.type, shapes.ListType)]
    assert len(lists) > 80
    tried = []
    for shape, field in lists:
        empty = getattr(decode(shape, **{field.encode_name: []}), field.name)
        null = None if field.required else getattr(decode(shape, **{field.encode_name: None}), field.name)
        tried.append((shape, field, empty == [] and not null))
    assert failures(*tried) == []


def test_every_whole_number_may_come_as_a_float() -> None:
    numbers = [(shape, field) for shape, field in FIELDS if is_a(field.type, shapes.IntType)]
    assert len(numbers) > 200
    tried = [
        (shape, field, getattr(decode(shape, **{field.encode_name: 7.0}), field.name) == 7) for shape, field in numbers
    ]
    assert failures(*tried) == []


def test_every_float_may_come_as_a_whole_number() -> None:
    numbers = [(shape, field) for shape, field in FIELDS if is_a(field.type, shapes.FloatType)]
    assert len(numbers) > 30
    tried = [
        (shape, field, getattr(decode(shape, **{field.encode_name: 7}), field.name) == 7) for shape, field in numbers
    ]
    assert failures(*tried) == []


def test_every_word_may_be_new() -> None:
    """Statuses, finish reasons, roles, codes: no field of text is a closed list."""
    assert [
        f"{shape.cls.__name__}.{field.name}"
        for shape, field in FIELDS
        if is_a(field.type, shapes.LiteralType, shapes.EnumType)
    ] == []
    words = [(shape, field) for shape, field in FIELDS if is_a(field.type, shapes.StrType)]
    tried = [
        (shape, field, getattr(decode(shape, **{field.encode_name: "x_new"}), field.name) == "x_new")
        for shape, field in words
    ]
    assert failures(*tried) == []


def test_every_object_may_have_a_new_member() -> None:
    for shape in STRUCTS.values():
        assert decode(shape, x_new_member=NEW) == decode(shape)


def test_every_union_keeps_a_new_member_with_its_json() -> None:
    unions = [(shape, field, part) for shape, field in FIELDS for part in parts(field.type) if knows_unknown(part)]
    assert len(unions) > 25
    for shape, field, part in unions:
        for new in (NEW, {"payload": 1}, {"type": None}, {"type": 5}):
            wire: Any = new
            if part is not field.type:
                wire = {"key": new} if is_a(field.type, shapes.DictType) else [new]
            [kept] = unknowns(getattr(decode(shape, **{field.encode_name: wire}), field.name))
            assert kept.data() == new, (shape.cls.__name__, field.name)
            assert kept.name == (new["type"] if isinstance(new.get("type"), str) else "")


@pytest.mark.parametrize("union", EVENT_UNIONS, ids=["responses", "messages", "transcriptions"])
@pytest.mark.parametrize("new", [NEW, {"payload": 1}, {"type": None, "a": 1}, {"type": 5}])
def test_a_new_event_is_kept_with_its_json(union: Any, new: dict[str, Any]) -> None:
    event: Any = codec.decode(json.dumps(new).encode(), union)
    assert isinstance(event, Unknown)
    assert event.data() == new


# --- whole answers and events, every member in place


class Slot(NamedTuple):
    """A place in a sample where something may change."""

    holder: dict[str, Any]
    name: str
    kind: str
    """`tag`, `needed` or `free`."""


class Maker:
    """Builds samples of a type: every field filled, every member of a union in turn or as picked."""

    def __init__(self, pick: Callable[[Sequence[Any]], Any] | None = None) -> None:
        self.slots: list[Slot] = []
        self._pick = pick

    def make(self, shape: shapes.Type, depth: int = 0) -> Any:
        match shape:
            case shapes.StructType():
                return self._object(shape, depth)
            case shapes.UnionType(types=types):
                members = [m for m in types if not isinstance(m, shapes.NoneType) and not is_unknown(m)]
                return self.make(self._pick(members) if self._pick else members[0], depth)
            case shapes.CollectionType(item_type=item):
                return [self.make(member, depth + 1) for member in self._members(item)]
            case shapes.DictType(value_type=item):
                return {"key": self.make(item, depth + 1)}
            case shapes.StrType():
                return "word"
            case shapes.BoolType():
                return True
            case shapes.FloatType():
                return 0.5
            case shapes.IntType():
                return 1
            case _:
                return {"free": ["form", 1]}

    def _members(self, item: shapes.Type) -> list[shapes.Type]:
        members = [m for m in (item.types if isinstance(item, shapes.UnionType) else (item,)) if not is_unknown(m)]
        return [self._pick(members)] if self._pick else members

    def _object(self, shape: shapes.StructType, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if shape.tag_field is not None:
            made[shape.tag_field] = shape.tag
            self.slots.append(Slot(made, shape.tag_field, "tag"))
        for field in shape.fields:
            if depth > 7 and not field.required and inner(field.type):
                continue  # blocks hold blocks
            made[field.encode_name] = self.make(field.type, depth + 1)
            needed = (shape.cls, field.name) in NEEDED
            self.slots.append(Slot(made, field.encode_name, "needed" if needed else "free"))
        return made


def is_unknown(shape: shapes.Type) -> bool:
    return isinstance(shape, shapes.StructType) and issubclass(shape.cls, Unknown)


def kinds_of(type_: Any) -> list[shapes.Type]:
    """The members of an event union, the type itself where it is none."""
    shape = shapes.type_info(type_)
    return [m for m in shape.types if not is_unknown(m)] if isinstance(shape, shapes.UnionType) else [shape]


WHOLE = [(type_, kind) for type_ in (*ANSWERS, *(a.event_type for a in ACCUMULATORS)) for kind in kinds_of(type_)]


@pytest.mark.parametrize(
    ("type_", "kind"), WHOLE, ids=lambda value: getattr(getattr(value, "cls", None), "__name__", "")
)
def test_a_sample_with_every_field_decodes_on_the_fast_path_and_loses_nothing(type_: Any, kind: shapes.Type) -> None:
    wire = Maker().make(kind)
    decoded = codec.decoder_for(type_).decode(json.dumps(wire))
    assert list(lost(wire, decoded)) == []


def change(slot: Slot, how: str) -> None:
    """Change a sample in one place, as a gateway might."""
    holder, name, kind = slot
    if name not in holder:
        return
    value = holder[name]
    if how == "add":
        holder["x_new_member"] = NEW
    elif kind == "tag":
        holder[name] = {"null": None, "new word": "x_brand_new", "rename": ""}.get(how, value)
    elif how == "float" and isinstance(value, int) and not isinstance(value, bool):
        holder[name] = float(value)
    elif how == "new word" and isinstance(value, str):
        holder[name] = "x_brand_new"
    elif how == "empty" and isinstance(value, list | dict):
        holder[name] = type(value)() if kind == "free" or isinstance(value, list) else value
    elif kind == "free" and how == "null":
        holder[name] = None
    elif kind == "free" and how == "rename":
        holder[f"{name}_v2"] = holder.pop(name)


@st.composite
def changed(draw: st.DrawFn, types: Sequence[Any]) -> tuple[Any, bytes]:
    """A type, and an answer or event of it with some changes."""
    type_ = draw(st.sampled_from(types))
    maker = Maker(lambda members: draw(st.sampled_from(members)))
    wire = maker.make(draw(st.sampled_from(kinds_of(type_))))
    for slot in draw(st.lists(st.sampled_from(maker.slots), max_size=6)):
        change(slot, draw(st.sampled_from(["add", "null", "rename", "float", "new word", "empty"])))
    return type_, json.dumps(wire).encode()


@given(changed(ANSWERS))
def test_a_changed_answer_decodes_and_can_be_used(case: tuple[type[Response], bytes]) -> None:
    type_, body = case
    response = codec.decode(body, type_)
    response.attach(ResponseMeta(body=body))
    assert response.meta.body == body
    for name in dir(type_):
        if isinstance(getattr(type_, name), property):
            getattr(response, name)
    for name in ("to_param", "to_input"):
        getattr(response, name, dict)()
    if type_ in TASKS:
        assert state(TASKS[type_], body).raw


@given(
    st.sampled_from(ACCUMULATORS).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(changed([kind.event_type]), max_size=5))
    )
)
def test_changed_events_add_up_to_something(case: tuple[type[Any], list[tuple[Any, bytes]]]) -> None:
    kind, wires = case
    accumulator = kind()
    for _, wire in wires:
        event = codec.decode(wire, kind.event_type)
        assert isinstance(accumulator.text(event), str)
        if accumulator.feed([event]) == 0:
            break
    result = accumulator.snapshot()
    assert isinstance(result.text, str)
    assert accumulator.problem() is None or result is not None
    assert accumulator.error is None or json.dumps(accumulator.error)


@pytest.mark.parametrize("type_", [claude.ClaudeMessageResponse, responses.ResponseObject])
def test_new_tags_everywhere_cost_nothing_but_themselves(type_: type[Response]) -> None:
    maker = Maker()
    wire = maker.make(shapes.type_info(type_))
    tags = [slot for slot in maker.slots if slot.kind == "tag"]
    for slot in tags:
        before, slot.holder[slot.name] = slot.holder[slot.name], "x_brand_new"
        decoded = codec.decode(json.dumps(wire).encode(), type_)
        assert slot.holder in [unknown.data() for unknown in unknowns(decoded)], before
        slot.holder[slot.name] = before
    assert len(tags) > 30


# --- by hand: what users meet

FINISHES: list[tuple[Any, dict[str, Any], Callable[[Any], Any]]] = [
    (chat.ChatCompletionResponse, {"choices": [{"finish_reason": "x_new"}]}, lambda got: got.choices[0].finish_reason),
    (chat.ChatCompletionChunk, {"choices": [{"finish_reason": "x_new"}]}, lambda got: got.choices[0].finish_reason),
    (claude.ClaudeMessageResponse, {"content": [], "stop_reason": "x_new"}, lambda got: got.stop_reason),
    (responses.ResponseObject, {"status": "x_new"}, lambda got: got.status),
    (
        responses.ResponseObject,
        {"incomplete_details": {"reason": "x_new"}},
        lambda got: got.incomplete_details.reason,
    ),
    (
        gemini.GeminiGenerateContentResponse,
        {"candidates": [{"finishReason": "x_new"}]},
        lambda got: got.candidates[0].finish_reason,
    ),
    (
        gemini.GeminiGenerateContentResponse,
        {"promptFeedback": {"blockReason": "x_new"}},
        lambda got: got.prompt_feedback.block_reason,
    ),
]


@pytest.mark.parametrize(("type_", "wire", "read"), FINISHES)
def test_a_new_finish_reason_is_kept_as_the_wire_has_it(
    type_: type[Response], wire: dict[str, Any], read: Callable[[Any], Any]
) -> None:
    assert read(codec.decode(json.dumps(wire).encode(), type_)) == "x_new"


STATUSES: list[tuple[str, dict[str, Any]]] = [
    ("sora", {"id": "video_1", "status": "x_new"}),
    ("seedance", {"id": "task_1", "status": "x_new"}),
    ("seedance", {"code": "success", "data": {"task_id": "task_1", "status": "x_new", "data": {"status": "x_new"}}}),
    ("kling", {"code": 0, "data": {"task_id": "task_1", "task_status": "x_new"}}),
    ("kling", {"code": "success", "data": {"task_id": "task_1", "status": "x_new"}}),
    ("veo", {"id": "task_1", "status": "x_new"}),
    ("veo", {"code": "success", "data": {"task_id": "task_1", "status": "x_new", "url": "", "error": None}}),
]


@pytest.mark.parametrize(("provider", "wire"), STATUSES)
def test_a_new_status_is_neither_success_nor_failure(provider: str, wire: dict[str, Any]) -> None:
    told = state(provider, wire)
    assert (told.status, told.word, told.done) == ("unknown", "x_new", False)
    assert json.loads(told.raw) == wire


def test_a_new_kind_of_part_names_itself_and_goes_back() -> None:
    wire = {"candidates": [{"content": {"role": "model", "parts": [{"xNewPart": {"a": [1]}}, {"text": "b"}]}}]}
    response = codec.decode(json.dumps(wire).encode(), gemini.GeminiGenerateContentResponse)
    assert (response.parts[0].kind, response.text) == ("xNewPart", "b")
    assert response.parts[0].to_param() == {"xNewPart": {"a": [1]}}
