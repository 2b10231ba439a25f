"""Files that callers give: every form is read, and what cannot be read is refused with its parameter's name."""

import io
from pathlib import Path
from typing import Any

import pytest

from tikhub_async._files import File, NamedFile, read_file
from tikhub_async.errors import InvalidParameter
from tikhub_async.providers import sora


class Named(io.BytesIO):
    name = "/somewhere/else/cat.png"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (b"data", ""),
        (bytearray(b"data"), ""),
        (memoryview(b"data"), ""),
        (io.BytesIO(b"data"), ""),
        (Named(b"data"), "cat.png"),
        (("a.png", b"data"), "a.png"),
        (("a.png", Named(b"data")), "a.png"),
    ],
)
async def test_bytes_and_open_files_give_their_bytes_and_name(file: File | NamedFile, name: str) -> None:
    assert await read_file(file, "image") == (name, b"data")


async def test_paths_are_read_as_text_and_as_objects(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"data")
    assert await read_file(path, "image") == ("cat.png", b"data")
    assert await read_file(str(path), "image") == ("cat.png", b"data")


async def test_a_file_opened_by_number_has_no_name(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"data")
    with path.open("rb") as outer, open(outer.fileno(), "rb", closefd=False) as file:
        assert await read_file(file, "image") == ("", b"data")


@pytest.mark.parametrize("path", ["missing.png", "", "with\0nul.png"])
async def test_a_path_that_cannot_be_read_is_refused_by_name(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidParameter, match="cannot read") as caught:
        await read_file(str(tmp_path / path), "image")
    assert caught.value.path == "image"


async def test_a_file_opened_as_text_is_refused() -> None:
    text: Any = io.StringIO("data")
    with pytest.raises(InvalidParameter, match=r"opened as text(.|\n)*open\(path"):
        await read_file(text, "image")


async def test_an_image_that_cannot_be_read_is_refused_before_a_video_is_ordered(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter) as caught:
        await sora.form_of({"model": "sora-2", "prompt": "a cat"}, tmp_path / "missing.png")
    assert caught.value.path == "input_reference"
