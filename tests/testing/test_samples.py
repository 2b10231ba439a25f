"""The samples: all complete, all with a source; and the template language."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tikhub_async.testing._samples import OMIT, Sample, Scope, Sequence, Template, _parse_events, _walk

FOLDER = Path(str(files("tikhub_async.testing"))) / "samples"
CASES = sorted(str(head.parent.relative_to(FOLDER)) for head in FOLDER.rglob("head.json"))


@pytest.mark.parametrize("case", CASES)
def test_every_sample_says_where_it_comes_from_and_compiles(case: str) -> None:
    head = json.loads((FOLDER / case / "head.json").read_text())
    assert set(head) == {"status", "headers", "source"}
    assert len(head["source"]) > 20
    assert [path.name for path in (FOLDER / case).iterdir() if path.name != "head.json"] in (
        ["body.json"],
        ["body.sse"],
    )
    Sample(case)


def test_every_sample_is_used() -> None:
    sources = "".join(path.read_text() for path in (FOLDER.parent / "routes").glob("*.py"))
    unused = [case for case in CASES if f'"{case}"' not in sources]
    assert [case for case in unused if not case.startswith(("claude/message", "openai/message"))] == []


def render(document: object, **values: object) -> str:
    return Template(document).render(Scope(values))


def test_a_slot_is_replaced_by_json_of_its_value() -> None:
    assert render({"a": "{{x}}", "b": ["{{y}}", "{{ y }}"]}, x="é\n", y=5) == '{"a":"é\\n","b":[5,"{{ y }}"]}'


def test_an_optional_member_goes_with_its_key() -> None:
    document = {"a": 1, "b": "{{x?}}"}
    assert render(document, x=OMIT) == '{"a":1}'
    assert render(document, x=None) == '{"a":1,"b":null}'


def test_a_missing_value_of_a_required_slot_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match=r"x\.y has no value"):
        render(["{{x.y}}"], x={})


def test_the_first_member_cannot_be_optional() -> None:
    with pytest.raises(AssertionError, match="first member"):
        Template({"a": "{{x?}}"})


def test_a_list_repeats_and_sees_outer_values() -> None:
    document = [{"@for": "item in items", "@each": {"n": "{{item.n}}", "all": "{{all}}"}}]
    assert render(document, items=[{"n": 1}, {"n": 2}], all=0) == '[{"n":1,"all":0},{"n":2,"all":0}]'
    assert render(document, items=[], all=0) == "[]"


def events(text: str, **values: object) -> list[tuple[str, str]]:
    return list(_walk(_parse_events(text), Scope(values)))


def test_events_keep_every_blank_line_and_directives_are_not_sent() -> None:
    text = ': @start\nevent: a\ndata: {"n":"{{n}}"}\n\n\n: @if no\ndata: x\n\n: @end\n: @finish\ndata: [DONE]\n\n'
    assert events(text, n=Sequence(), no=False) == [
        ('event: a\ndata: {"n":0}\n\n\n', "start"),
        ("data: [DONE]\n\n", "finish"),
    ]


def test_event_loops_nest() -> None:
    text = ': @for a in rows\n: @for b in a.cells\ndata: {"v":"{{b}}"}\n\n: @end\n: @end\n'
    assert [text for text, _ in events(text, rows=[{"cells": [1, 2]}, {"cells": []}, {"cells": [3]}])] == [
        'data: {"v":1}\n\n',
        'data: {"v":2}\n\n',
        'data: {"v":3}\n\n',
    ]


def test_an_open_directive_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="not closed"):
        _parse_events(": @if x\ndata: y\n\n")
