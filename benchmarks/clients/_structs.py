"""The least that a chat application reads, as structs: what the floor and the bare client decode into."""

import msgspec

from benchmarks import _payloads as payloads

MESSAGES = [{"role": "user", "content": payloads.PROMPT}]


class Delta(msgspec.Struct, frozen=True, gc=False):
    content: str | None = None


class ChunkChoice(msgspec.Struct, gc=False):
    index: int = 0
    delta: Delta = Delta()
    finish_reason: str | None = None


class Chunk(msgspec.Struct, gc=False):
    id: str = ""
    choices: list[ChunkChoice] = []


class Message(msgspec.Struct):
    role: str = ""
    content: str | None = None


class Choice(msgspec.Struct):
    message: Message
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(msgspec.Struct):
    id: str
    choices: list[Choice]
    usage: Usage | None = None


class ResponseEvent(msgspec.Struct, gc=False):
    type: str
    delta: str = ""


class ClaudeDelta(msgspec.Struct, gc=False):
    text: str = ""


class ClaudeEvent(msgspec.Struct, gc=False):
    type: str
    index: int = 0
    delta: ClaudeDelta | None = None


class Part(msgspec.Struct, gc=False):
    text: str = ""


class Content(msgspec.Struct, gc=False):
    parts: list[Part] = []


class Candidate(msgspec.Struct, gc=False):
    content: Content | None = None


class GeminiChunk(msgspec.Struct, gc=False):
    candidates: list[Candidate] = []


class FloatVector(msgspec.Struct):
    embedding: list[float]


class Floats(msgspec.Struct):
    data: list[FloatVector]


class PackedVector(msgspec.Struct):
    embedding: str


class Packed(msgspec.Struct):
    data: list[PackedVector]


class Video(msgspec.Struct):
    id: str
    status: str
    progress: int | None = None


chat_chunk = msgspec.json.Decoder(Chunk).decode
completion = msgspec.json.Decoder(Completion).decode
responses_event = msgspec.json.Decoder(ResponseEvent).decode
claude_event = msgspec.json.Decoder(ClaudeEvent).decode
gemini_chunk = msgspec.json.Decoder(GeminiChunk).decode
floats = msgspec.json.Decoder(Floats).decode
packed = msgspec.json.Decoder(Packed).decode
video = msgspec.json.Decoder(Video).decode
encode = msgspec.json.Encoder().encode
