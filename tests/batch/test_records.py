"""The chain of checksums: every damage is found, every torn end is read over."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikhub_async.batch.records import (
    Accepted,
    AnyRecord,
    Decided,
    Done,
    Doubt,
    Intent,
    Lost,
    Opened,
    Reader,
    Void,
    pack,
)
from tikhub_async.errors import JournalError

RECORDS: list[AnyRecord] = [
    Opened(at=1.5, input="in.jsonl", pid=7),
    Intent(id="a", hash="00000000000000ff", at=2.0, url="/v1/videos", paid=True, offset=10, length=90),
    Intent(id="b\n\u2028 ß", hash="0000000000000001", at=2.0),
    Accepted(id="a", task={"provider": "sora", "id": "task_1"}, request_id="r"),
    Void(id="b\n\u2028 ß", why="429"),
    Doubt(id="c", at=3.0, why="reset"),
    Done(id="a", at=0, length=100, tokens=5, quota=1.5),
    Lost(id="a", hash="00000000000000ff", at=2.0, cut=0),
    Decided(id="c", action="adopt", task={"provider": "sora", "id": "task_2"}),
]


def written(records: list[AnyRecord]) -> bytes:
    data, chain = b"", 0
    for record in records:
        line, chain = pack(record, chain)
        data += line
    return data


def read(data: bytes, size: int = 1 << 20) -> list[AnyRecord]:
    reader = Reader("out.jsonl.journal")
    found: list[AnyRecord] = []
    for place in range(0, len(data), size):
        found += reader.feed(data[place : place + size])
    return found + reader.finish()


JOURNAL = written(RECORDS)
ENDS = [place + 1 for place, byte in enumerate(JOURNAL) if byte == 10]


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_records_come_back_whatever_the_blocks(size: int) -> None:
    assert read(JOURNAL, size) == RECORDS
    assert JOURNAL.count(b"\n") == len(RECORDS)


def test_a_torn_end_is_read_over_at_every_byte() -> None:
    for end in range(len(JOURNAL)):
        whole = sum(place <= end for place in ENDS)
        found = read(JOURNAL[:end])
        # A record that lacks its line end only is whole, and is kept: its request may have left.
        assert found == RECORDS[: whole + (end + 1 in ENDS)]


def test_every_flipped_bit_is_found() -> None:
    missed = []
    for place in range(len(JOURNAL)):
        for bit in range(8):
            damaged = bytearray(JOURNAL)
            damaged[place] ^= 1 << bit
            try:
                read(bytes(damaged))
            except JournalError:
                continue
            missed.append((place, bit))
    assert missed == []


@given(st.data())
@settings(max_examples=200)
def test_lines_left_out_put_in_or_moved_are_found(data: st.DataObject) -> None:
    lines = JOURNAL.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 2))
    match data.draw(st.sampled_from(["left out", "twice", "swapped"])):
        case "left out":
            changed = lines[:place] + lines[place + 1 :]
        case "twice":
            changed = lines[: place + 1] + lines[place:]
        case _:
            changed = [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]
    with pytest.raises(JournalError, match="does not fit its checksum"):
        read(b"".join(changed))


def test_damage_names_its_place_and_what_to_do() -> None:
    damaged = JOURNAL.replace(b'"paid":true', b'"paid":null')
    with pytest.raises(JournalError) as caught:
        read(damaged)
    assert f"record 2, at byte {ENDS[0]}" in str(caught.value)
    assert "begin anew" in (caught.value.hint or "")


@given(st.binary(max_size=400))
def test_anything_at_all_is_read_or_refused(data: bytes) -> None:
    with suppress(JournalError):
        read(data)


@given(st.binary(min_size=1, max_size=60).filter(lambda tail: b"\n" not in tail))
def test_rubbish_without_a_line_end_is_a_torn_end(tail: bytes) -> None:
    assert read(JOURNAL + tail) == RECORDS
