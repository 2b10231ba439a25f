"""`Media`: any source, in each provider's own form, or a refusal that says why."""

import base64
import builtins
import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tikhub_async import TikHubAI
from tikhub_async.errors import InvalidParameter
from tikhub_async.media import Media, _content
from tikhub_async.media._rules import RULES
from tikhub_async.testing import Emulator

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
JPEG = b"\xff\xd8\xff\xe0" + bytes(24)
GIF = b"GIF89a" + bytes(24)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(24)
MP3 = b"ID3\x03" + bytes(24)
FLAC = b"fLaC" + bytes(24)
PDF = b"%PDF-1.7\n" + bytes(24)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + bytes(24)
ZIP = b"PK\x03\x04" + bytes(24)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def _no_filetype(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    monkeypatch.setitem(sys.modules, "filetype", None)


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "kind", "mime", "name"),
    [
        (PNG, "image", "image/png", "image.png"),
        (JPEG, "image", "image/jpeg", "image.jpg"),
        (WAV, "audio", "audio/wav", "audio.wav"),
        (MP3, "audio", "audio/mpeg", "audio.mp3"),
        (FLAC, "audio", "audio/flac", "audio.flac"),
        (PDF, "pdf", "application/pdf", "pdf.pdf"),
        (MP4, "video", "video/mp4", "video.mp4"),
    ],
)
async def test_bytes_tell_what_they_are(data: bytes, kind: str, mime: str, name: str) -> None:
    pytest.importorskip("filetype")
    opened = await Media.open(data)
    assert (opened.kind, opened.mime, opened.size, opened.url) == (kind, mime, len(data), None)
    assert opened.name == name
    assert opened.base64 == encoded(data)


async def test_bytes_outweigh_the_name(tmp_path: Path) -> None:
    pytest.importorskip("filetype")
    path = tmp_path / "photo.png"
    path.write_bytes(JPEG)
    assert (await Media.open(path)).mime == "image/jpeg"


@pytest.mark.usefixtures("_no_filetype")
async def test_without_filetype_the_name_tells(tmp_path: Path) -> None:
    path = tmp_path / "talk.WAV"
    path.write_bytes(WAV)
    opened = await Media.open(str(path))
    assert (opened.kind, opened.mime, opened.name) == ("audio", "audio/wav", "talk.WAV")
    assert (await Media.open(PNG, name="a.png")).mime == "image/png"
    with pytest.raises(InvalidParameter, match=r"cannot tell what the bytes holds(.|\n)*tikhub-async\[media\]"):
        await Media.open(PNG)


async def test_filetype_is_not_imported_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "filetype", raising=False)
    importlib.reload(_content)
    await Media.open("https://img.example/a.png")
    assert "filetype" not in sys.modules


async def test_a_given_type_and_name_win() -> None:
    opened = await Media.open(PNG, mime="image/JPG", name="x.jpg")
    assert (opened.mime, opened.name) == ("image/jpeg", "x.jpg")


async def test_open_files_and_other_buffers_are_read() -> None:
    file = io.BytesIO(PNG)
    file.name = "/tmp/cat.png"
    assert (await Media.open(file)).name == "cat.png"
    for buffer in (bytearray(PNG), memoryview(PNG)):
        assert (await Media.open(buffer, mime="image/png")).base64 == encoded(PNG)
    text: Any = io.StringIO("hello")
    with pytest.raises(InvalidParameter, match="opened as text"):
        await Media.open(text)


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("https://img.example/cats/a.PNG?size=2", "image", "a.PNG"),
        ("http://files.example/paper.pdf", "pdf", "paper.pdf"),
        ("gs://bucket/clip.mp4", "video", "clip.mp4"),
        ("HTTPS://snd.example/a.mp3", "audio", "a.mp3"),
    ],
)
async def test_an_address_is_kept_and_not_fetched(url: str, kind: str, name: str) -> None:
    opened = await Media.open(url)
    assert (opened.kind, opened.name, opened.url, opened.base64, opened.size) == (kind, name, url, None, 0)
    assert opened.data_url == url


async def test_a_data_url_is_bytes() -> None:
    opened = await Media.open(f"data:image/PNG;base64,{encoded(PNG)}")
    assert (opened.mime, opened.size, opened.base64, opened.url) == ("image/png", len(PNG), encoded(PNG), None)
    assert opened.data_url == f"data:image/png;base64,{encoded(PNG)}"
    assert (await Media.open("data:image/svg+xml,%3Csvg/%3E")).base64 == encoded(b"<svg/>")


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (b"", "the bytes is empty"),
        ("/nowhere/cat.png", "cannot read '/nowhere/cat.png': No such file"),
        ("cat\0.png", "cannot read"),
        ("https://img.example/cat", "cannot tell what https://img.example/cat holds"),
        ("data:image/png;base64", "has no comma"),
        ("data:image/png;base64,@@@", "holds no base64"),
        ("data:,hello", "cannot tell what the data URL holds"),
        (ZIP, "neither image, audio, PDF nor video"),
    ],
)
async def test_what_cannot_be_opened_says_why(source: Any, rule: str) -> None:
    pytest.importorskip("filetype")
    with pytest.raises(InvalidParameter) as caught:
        await Media.open(source)
    assert rule in caught.value.rule


async def test_large_files_are_encoded_in_pieces_and_whole() -> None:
    data = PNG + bytes(range(256)) * 4100
    assert len(data) > _content.LARGE
    assert len(data) % 3
    assert (await Media.open(data, mime="image/png")).base64 == encoded(data)


async def test_the_event_loop_reads_nothing_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    threads: list[str] = []
    opener = builtins.open

    def watched(*args: Any, **options: Any) -> Any:
        import threading

        threads.append(threading.current_thread().name)
        return opener(*args, **options)

    monkeypatch.setattr("io.open", watched)
    await Media.open(path)
    assert threads
    assert "MainThread" not in threads


def test_the_bytes_stay_out_of_reprs() -> None:
    made = Media(kind="image", mime="image/png", name="a.png", base64="A" * 999, size=700)
    assert repr(made) == "<Media image/png 'a.png' 700 bytes>"
    assert "https://img.example" in repr(Media(kind="image", mime="image/png", name="a", url="https://img.example/a"))


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────────


def data_of(kind: str, mime: str, data: bytes, name: str = "file.x") -> Media:
    made: Any = kind
    return Media(kind=made, mime=mime, name=name, base64=encoded(data), size=len(data))


def address(kind: str, mime: str, url: str) -> Media:
    made: Any = kind
    return Media(kind=made, mime=mime, name="file.x", url=url)


IMAGE = data_of("image", "image/png", PNG)
IMAGE_URL = address("image", "image/png", "https://img.example/a.png")
SOUND = data_of("audio", "audio/mpeg", MP3)
SOUND_URL = address("audio", "audio/wav", "https://snd.example/a.wav")
PAPER = data_of("pdf", "application/pdf", PDF, "paper.pdf")
PAPER_URL = address("pdf", "application/pdf", "https://files.example/paper.pdf")
CLIP = data_of("video", "video/mp4", MP4)
CLIP_URL = address("video", "video/mp4", "https://vid.example/a.mp4")
BUCKET = address("video", "video/mp4", "gs://bucket/a.mp4")
PNG_URL = f"data:image/png;base64,{encoded(PNG)}"

FORMS: list[tuple[Callable[[], Any], Any]] = [
    (lambda: IMAGE.chat(), {"type": "image_url", "image_url": {"url": PNG_URL}}),
    (lambda: IMAGE_URL.chat(detail="low"),
     {"type": "image_url", "image_url": {"url": "https://img.example/a.png", "detail": "low"}}),
    (lambda: SOUND.chat(), {"type": "input_audio", "input_audio": {"data": encoded(MP3), "format": "mp3"}}),
    (lambda: data_of("audio", "audio/wav", WAV).chat(),
     {"type": "input_audio", "input_audio": {"data": encoded(WAV), "format": "wav"}}),
    (lambda: PAPER.chat(),
     {"type": "file", "file": {"filename": "paper.pdf", "file_data": f"data:application/pdf;base64,{encoded(PDF)}"}}),
    (lambda: CLIP_URL.chat(), {"type": "video_url", "video_url": {"url": "https://vid.example/a.mp4"}}),
    (lambda: IMAGE.responses(), {"type": "input_image", "image_url": PNG_URL}),
    (lambda: IMAGE_URL.responses(detail="high"),
     {"type": "input_image", "image_url": "https://img.example/a.png", "detail": "high"}),
    (lambda: PAPER.responses(),
     {"type": "input_file", "filename": "paper.pdf", "file_data": f"data:application/pdf;base64,{encoded(PDF)}"}),
    (lambda: PAPER_URL.responses(), {"type": "input_file", "file_url": "https://files.example/paper.pdf"}),
    (lambda: IMAGE.claude(),
     {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": encoded(PNG)}}),
    (lambda: IMAGE_URL.claude(), {"type": "image", "source": {"type": "url", "url": "https://img.example/a.png"}}),
    (lambda: PAPER.claude(),
     {"type": "document", "title": "paper.pdf",
      "source": {"type": "base64", "media_type": "application/pdf", "data": encoded(PDF)}}),
    (lambda: PAPER_URL.claude(),
     {"type": "document", "source": {"type": "url", "url": "https://files.example/paper.pdf"}}),
    (lambda: CLIP.gemini(), {"inline_data": {"mime_type": "video/mp4", "data": encoded(MP4)}}),
    (lambda: BUCKET.gemini(), {"file_data": {"file_uri": "gs://bucket/a.mp4", "mime_type": "video/mp4"}}),
    (lambda: IMAGE.seedance(), {"type": "image_url", "image_url": {"url": PNG_URL}}),
    (lambda: IMAGE_URL.seedance(role="last_frame"),
     {"type": "image_url", "image_url": {"url": "https://img.example/a.png"}, "role": "last_frame"}),
    (lambda: CLIP_URL.seedance(),
     {"type": "video_url", "video_url": {"url": "https://vid.example/a.mp4"}, "role": "reference_video"}),
    (lambda: SOUND_URL.seedance(),
     {"type": "audio_url", "audio_url": {"url": "https://snd.example/a.wav"}, "role": "reference_audio"}),
    (lambda: IMAGE.kling(), encoded(PNG)),
    (lambda: IMAGE_URL.kling(), "https://img.example/a.png"),
    (lambda: IMAGE.veo(), {"bytesBase64Encoded": encoded(PNG), "mimeType": "image/png"}),
    (lambda: BUCKET.veo(), {"gcsUri": "gs://bucket/a.mp4", "mimeType": "video/mp4"}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "form"), FORMS)
def test_each_provider_gets_its_own_form(make: Callable[[], Any], form: Any) -> None:
    assert make() == form


REFUSALS: list[tuple[Callable[[], Any], str]] = [
    (lambda: SOUND_URL.chat(), "OpenAI's chat takes no addresses for audio, got 'https://snd.example/a.wav'"),
    (lambda: PAPER_URL.chat(), "OpenAI's chat takes no addresses for PDFs"),
    (lambda: data_of("audio", "audio/flac", FLAC).chat(), "is audio/flac; OpenAI's chat takes audio as audio/mpeg, audio/wav"),
    (lambda: data_of("image", "image/tiff", PNG).chat(), "is image/tiff"),
    (lambda: SOUND.responses(), "OpenAI's Responses takes no audio, only images, PDFs"),
    (lambda: CLIP.claude(), "Claude takes no videos, only images, PDFs"),
    (lambda: SOUND.claude(), "Claude takes no audio"),
    (lambda: CLIP.seedance(), "Seedance takes videos by address only"),
    (lambda: PAPER.seedance(), "Seedance takes no PDFs, only images, audio, videos"),
    (lambda: CLIP_URL.seedance(role="first_frame"), "'first_frame' is no role of a video"),
    (lambda: IMAGE.seedance(role="reference_audio"), "'reference_audio' is no role of an image"),
    (lambda: CLIP.kling(), "Kling takes no videos, only images"),
    (lambda: data_of("image", "image/gif", GIF).kling(), "is image/gif; Kling takes images as image/jpeg, image/png"),
    (lambda: IMAGE_URL.veo(), "Veo takes gs:// for images, got 'https://img.example/a.png'"),
    (lambda: BUCKET.chat(), "OpenAI's chat takes http://, https:// for videos"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "rule"), REFUSALS)
def test_what_a_provider_does_not_take_is_refused(make: Callable[[], Any], rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        make()
    assert rule in caught.value.rule
    assert str(caught.value.where).startswith("Media.")


@pytest.mark.parametrize(
    ("form", "kind", "limit"),
    [(form, kind, rule.limit) for form, (_, rules) in RULES.items() for kind, rule in rules.items() if rule.inline],
)
def test_a_size_limit_is_named(form: str, kind: str, limit: int) -> None:
    mime = {"image": "image/png", "audio": "audio/wav", "pdf": "application/pdf", "video": "video/mp4"}[kind]
    made: Any = kind
    fits = Media(kind=made, mime=mime, name="a", base64="", size=limit)
    large = Media(kind=made, mime=mime, name="big.file", base64="", size=limit + 100_000)
    getattr(fits, form)()
    with pytest.raises(InvalidParameter) as caught:
        getattr(large, form)()
    assert caught.value.path == "big.file"
    assert f"{(limit + 100_000) / 1e6:.1f} MB" in caught.value.rule
    assert f"up to {limit / 1e6:.1f} MB" in caught.value.rule


async def test_the_forms_travel(client: TikHubAI, gw: Emulator) -> None:
    await client.openai.chat.completions.create(
        model="gpt-5", messages=[{"role": "user", "content": [{"type": "text", "text": "Who?"}, IMAGE.chat()]}]
    )
    await client.openai.responses.create(
        model="gpt-5", input=[{"role": "user", "content": [{"type": "input_text", "text": "Who?"}, PAPER.responses()]}]
    )
    await client.claude.messages.create(
        model="claude-sonnet-4-5", max_tokens=50, messages=[{"role": "user", "content": [IMAGE.claude()]}]
    )
    await client.gemini.models.generate_content(
        model="gemini-2.5-flash", contents=[{"role": "user", "parts": [{"text": "Who?"}, CLIP.gemini()]}]
    )
    chat, responses, claude, gemini = (request.json for request in gw.requests)
    assert chat["messages"][0]["content"][1] == IMAGE.chat()
    assert responses["input"][0]["content"][1] == PAPER.responses()
    assert claude["messages"][0]["content"] == [IMAGE.claude()]
    assert gemini["contents"][0]["parts"][1] == {"inlineData": {"mimeType": "video/mp4", "data": encoded(MP4)}}
