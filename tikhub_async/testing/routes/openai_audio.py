"""`POST /v1/audio/transcriptions`: a form with one file; the text tells which file it was."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from tikhub_async.testing._checks import refuse
from tikhub_async.testing._exchange import Answer, Exchange, Route, sample_answer, sample_stream
from tikhub_async.testing._samples import OMIT
from tikhub_async.testing._words import pieces_of

SUFFIXES = frozenset(
    (".mp3", ".wav", ".flac", ".m4a", ".mp4", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".aifc", ".webm", ".aac")
)
"""File names that the gateway can measure; lower case only."""
SECONDS_PER_WORD = 0.5


def check(exchange: Exchange) -> None:
    """A form with a file that the gateway can measure is required."""
    record = exchange.record
    if not record.headers.get("content-type", "").startswith("multipart/form-data"):
        refuse(exchange, "error parsing multipart form: multipart boundary not found", code="count_token_failed")
    if "file" not in record.files:
        refuse(exchange, "file is required", code="convert_request_failed")
    name, content = record.files["file"]
    suffix = PurePath(name).suffix
    if suffix not in SUFFIXES:
        refuse(exchange, f"error getting audio duration: unsupported audio format: {suffix}", code="count_token_failed")
    if suffix == ".wav" and not content.startswith(b"RIFF"):
        refuse(exchange, "error getting audio duration: invalid wav file", code="count_token_failed")


def transcribe(exchange: Exchange) -> Answer:
    """The transcription in the asked format."""
    name, content = exchange.record.files["file"]
    sentences = (f"This is what {exchange.model} heard in {name}.", f"The file has {len(content)} bytes.")
    return _stream(exchange, " ".join(sentences)) if exchange.stream else _whole(exchange, sentences)


def _stream(exchange: Exchange, text: str) -> Answer:
    pieces = pieces_of(text)
    values = {
        "pieces": pieces,
        "text": text,
        "input_tokens": 10,
        "output_tokens": len(pieces),
        "total_tokens": 10 + len(pieces),
    }
    answer = sample_stream("openai/transcription_stream", values)
    if not exchange.world.behaviour.transcription_paced:
        assert answer.stream is not None
        answer.body, answer.stream = b"".join(answer.stream.events), None
    return answer


def _whole(exchange: Exchange, sentences: Sequence[str]) -> Answer:
    text = " ".join(sentences)
    wanted = exchange.record.form.get("response_format", "json")
    segments = _segments(sentences, nested_words=exchange.world.behaviour.transcription_details)
    duration = segments[-1]["end"]
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    if wanted == "text":
        return Answer(200, f"{text}\n".encode(), plain)
    if wanted in {"srt", "vtt"}:
        return Answer(200, _subtitles(segments, wanted).encode(), plain)
    if wanted == "json" and not exchange.world.behaviour.transcription_details:
        return sample_answer("openai/transcription_text", {"text": text, "seconds": duration})
    language = exchange.record.form.get("language") or "en"
    return sample_answer(
        "openai/transcription", {"language": language, "duration": duration, "text": text, "segments": segments}
    )


def _segments(sentences: Sequence[str], *, nested_words: bool) -> list[dict[str, Any]]:
    segments: list[dict[str, Any]] = []
    at = 0.0
    for number, sentence in enumerate(sentences):
        start = at
        words: list[dict[str, Any]] = []
        for word in sentence.split(" "):
            words.append({"word": word, "start": _number(at), "end": _number(at + SECONDS_PER_WORD)})
            at += SECONDS_PER_WORD
        segments.append(
            {
                "id": number,
                "start": _number(start),
                "end": _number(at),
                "text": sentence,
                "words": words if nested_words else OMIT,
            }
        )
    return segments


def _number(value: float) -> float:
    """Whole numbers lose their decimal point on this gateway."""
    return int(value) if value.is_integer() else value


def _subtitles(segments: Sequence[dict[str, Any]], kind: str) -> str:
    mark = "," if kind == "srt" else "."
    blocks: list[str] = []
    for segment in segments:
        times = " --> ".join(_stamp(segment[edge], mark) for edge in ("start", "end"))
        blocks.append(("" if kind == "vtt" else f"{segment['id'] + 1}\n") + f"{times}\n{segment['text']}\n")
    return ("WEBVTT\n\n" if kind == "vtt" else "") + "\n".join(blocks) + "\n"


def _stamp(seconds: float, mark: str) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{round(seconds % 1 * 1000):03d}"


ROUTES = (Route("audio.transcriptions", "POST", "/v1/audio/transcriptions", transcribe, "openai", check, model="form"),)
