"""JSON in and out: the fast path, what the lenient path repairs, and where it gives up."""

from typing import Any, ClassVar, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async._wire import codec
from tikhub_async.errors import DecodeError
from tikhub_async.types._base import Model, Unknown


class Text(Model, frozen=True, kw_only=True, tag_field="type", tag="text"):
    type: ClassVar[Literal["text"]] = "text"
    text: str = ""
    count: int | None = None


class Image(Model, frozen=True, kw_only=True, tag_field="type", tag="image"):
    type: ClassVar[Literal["image"]] = "image"
    url: str


class Answer(Model, frozen=True, kw_only=True):
    parts: list[Text | Image | Unknown] = []
    total: int = 0
    score: float | None = None
    names: dict[str, str] = {}
    code: int | str | None = None
    extra: Any = None


REPAIRED: list[tuple[str, bytes, Answer]] = [
    ("unknown fields", b'{"total":1,"new":{"a":[1]}}', Answer(total=1)),
    ("null for a list, a number and an object", b'{"parts":null,"total":null,"names":null}', Answer()),
    ("whole float for an integer", b'{"total":3.0}', Answer(total=3)),
    ("integer for a float", b'{"score":1}', Answer(score=1.0)),
    ("lone surrogate", b'{"parts":[{"type":"text","text":"\\ud83d"}]}', Answer(parts=[Text(text="\ud83d")])),
    ("raw control character", b'{"names":{"a":"x\ty"}}', Answer(names={"a": "x\ty"})),
    ("invalid UTF-8", b'{"names":{"a":"\xff"}}', Answer(names={"a": "\ufffd"})),
    ("either type", b'{"code":"x","total":1.0}', Answer(code="x", total=1)),
    ("blank lines before", b'\n\n  {"total":2}', Answer(total=2)),
    (
        "unknown member of a union",
        b'{"parts":[{"type":"text","text":"a"},{"type":"sound","n":1}]}',
        Answer(parts=[Text(text="a"), Unknown(name="sound", raw=b'{"type":"sound","n":1}')]),
    ),
    ("missing tag", b'{"parts":[{"n":1}]}', Answer(parts=[Unknown(name="", raw=b'{"n":1}')])),
    ("null tag", b'{"parts":[{"type":null}]}', Answer(parts=[Unknown(name="", raw=b'{"type":null}')])),
    (
        "tag 'unknown' on the wire",
        b'{"parts":[{"type":"unknown"}]}',
        Answer(parts=[Unknown(name="unknown", raw=b'{"type":"unknown"}')]),
    ),
]


@pytest.mark.parametrize(("name", "data", "expected"), REPAIRED, ids=[row[0] for row in REPAIRED])
def test_what_gateways_send_is_read(name: str, data: bytes, expected: Answer) -> None:
    assert codec.decode(data, Answer) == expected


BROKEN: list[tuple[str, bytes, str, str]] = [
    ("html", b"<html>", "$", "not JSON"),
    ("nothing", b"", "$", "not JSON"),
    ("cut", b'{"total":', "$", "not JSON"),
    ("no object", b"[1]", "$", "expected an object, got an array"),
    ("wrong type inside", b'{"parts":[{"type":"text","count":"many"}]}', "$.parts[0].count", "expected"),
    ("required field missing", b'{"parts":[{"type":"image"}]}', "$.parts[0].url", "missing in Image"),
    ("fraction for an integer", b'{"total":1.5}', "$.total", "the number 1.5"),
    ("too deep", b"[" * 100_000, "$", "recursion"),
]


@pytest.mark.parametrize(("name", "data", "path", "says"), BROKEN, ids=[row[0] for row in BROKEN])
def test_what_cannot_be_read_names_its_place(name: str, data: bytes, path: str, says: str) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(data, Answer)
    assert caught.value.path == path
    assert says in str(caught.value)


def test_an_unknown_member_keeps_its_data() -> None:
    part = codec.decode(b'{"parts":[{"type":"sound","n":[1,null]}]}', Answer).parts[0]
    assert isinstance(part, Unknown)
    assert part.data() == {"type": "sound", "n": [1, None]}


def test_decoders_are_made_once() -> None:
    assert codec.decoder_for(Answer) is codec.decoder_for(Answer)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["parts", "total", "score", "names", "code", "extra", "x"]), JSON))
def test_any_json_is_an_answer_or_a_decode_error(data: dict[str, Any]) -> None:
    try:
        codec.decode(codec.dumps(data), Answer)
    except DecodeError:
        pass


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_decode_error(data: bytes) -> None:
    try:
        codec.decode(data, Answer)
    except DecodeError:
        pass


@given(st.lists(st.builds(Text, text=st.text(), count=st.none() | st.integers(0, 2**31)), max_size=4))
def test_what_was_encoded_decodes_to_the_same(parts: list[Text]) -> None:
    answer = Answer(parts=[*parts])
    assert codec.decode(msgspec.json.encode(answer), Answer) == answer
    assert codec.decode_lenient(msgspec.json.encode(answer), Answer) == answer
