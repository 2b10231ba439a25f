"""Gemini: the chunks of a streamed answer in, the answer out.

Each chunk is a whole response object with a piece of the content. Per candidate (by `index`, not by position):

- text parts that follow one another and agree in `thought` become one part;
- any other part stands for itself, in order; so does text with a side key: a `thoughtSignature` counts for the
  very part it came with, an empty one at the end too;
- a call whose arguments are streamed (`partialArgs`, `willContinue`) becomes one part with whole `args`;
- metadata, usage and model version: the last one wins, the counts are totals.

There is no end mark: an answer is complete when each candidate seen has a finish reason, or when the prompt was
blocked, which is an answer of its own and a `ContentFilterError`.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from tikhub_async._accumulate._text import joined
from tikhub_async._wire.codec import dumps
from tikhub_async.errors import ContentFilterError, TikHubError
from tikhub_async.types.gemini.content import (
    GeminiCandidateContent,
    GeminiFunctionCall,
    GeminiPart,
    GeminiPartialArg,
)
from tikhub_async.types.gemini.response import (
    GeminiCandidate,
    GeminiChunk,
    GeminiGenerateContentResponse,
    GeminiUsage,
)

CANDIDATE_FACTS = tuple(name for name in GeminiCandidate.__struct_fields__ if name not in ("index", "content"))
candidate_facts = attrgetter(*CANDIDATE_FACTS)

CALL_KEYS = frozenset(GeminiFunctionCall.__struct_encode_fields__)

RESPONSE_FACTS = tuple(
    name for name in GeminiGenerateContentResponse.__struct_fields__ if name not in ("candidates", "usage_metadata")
)
response_facts = attrgetter(*RESPONSE_FACTS)


def blocked(response: GeminiGenerateContentResponse) -> ContentFilterError | None:
    """The error that a blocked prompt stands for; None for an answer with candidates, whatever ended them."""
    feedback = response.prompt_feedback
    if response.candidates or feedback is None or not feedback.block_reason:
        return None
    said = f": {feedback.block_reason_message}" if feedback.block_reason_message else ""
    return ContentFilterError(
        f"Gemini blocked the prompt ({feedback.block_reason}){said}",
        usage=response.usage_metadata,
        response=response,
        hint="change the prompt or safety_settings; sending it again as it is will not help",
    )


class GeminiAccumulator:
    """Collects the chunks of one streamed answer.

    Attributes:
        error: The error that came in the place of a chunk, as plain data; None while all is well.
        complete: True once every candidate seen has a finish reason, or the prompt was blocked.
        ended: Always False: there is no end mark, and chunks with usage may follow the last finish reason.
        usage: The last usage seen; None means unknown.
    """

    event_type: ClassVar[Any] = GeminiChunk

    def __init__(self) -> None:
        self.error: dict[str, Any] | None = None
        self.complete = False
        self.ended = False
        self.usage: GeminiUsage | None = None
        self._candidates: dict[int, _Growing] = {}
        self._facts: dict[str, Any] = {}
        self._known: tuple[Any, ...] = ()  # the facts of the last chunk: most chunks repeat them

    def feed(self, chunks: Sequence[GeminiChunk]) -> int:
        """Take chunks in; the number that may be handed on: all, or those before an error."""
        candidates = self._candidates
        facts, known = self._facts, self._known
        accepted = 0
        for chunk in chunks:
            if chunk.error is not None:
                self.error = {"error": chunk.error}
                break
            accepted += 1
            for candidate in chunk.candidates:
                growing = candidates.get(candidate.index)
                if growing is None:
                    growing = candidates[candidate.index] = _Growing()
                content = candidate.content
                if content is not None:
                    growing.role = content.role or growing.role
                    for part in content.parts:
                        text = part.text
                        thought = part.thought
                        # What has nothing but text joins the text before it; `vars` holds unknown fields.
                        if text is None or part != GeminiPart(text=text, thought=thought) or vars(part):
                            growing.append(part)
                        elif growing.run is not None and growing.run_is_thought == bool(thought):
                            growing.run.append(text)
                        else:
                            growing.begin_run(text, thought)
                # Comparing whole structs costs half of reading their fields one by one.
                if candidate != GeminiCandidate(index=candidate.index, content=content):
                    growing.note(candidate)
            if chunk.usage_metadata is not None:
                self.usage = chunk.usage_metadata
            if known != (known := response_facts(chunk)):
                facts.update(
                    (name, value) for name, value in zip(RESPONSE_FACTS, known, strict=True) if value is not None
                )
        self._known = known
        self.complete = self._is_complete()
        return accepted

    def _is_complete(self) -> bool:
        if self._candidates:
            return all(growing.facts.get("finish_reason") for growing in self._candidates.values())
        feedback = self._facts.get("prompt_feedback")
        return feedback is not None and bool(feedback.block_reason)

    def snapshot(self) -> GeminiGenerateContentResponse:
        """The answer so far, at the end the whole one; candidates by index."""
        candidates = [growing.build(index) for index, growing in sorted(self._candidates.items())]
        return GeminiGenerateContentResponse(candidates=candidates, usage_metadata=self.usage, **self._facts)

    def problem(self) -> TikHubError | None:
        """The `ContentFilterError` of a blocked prompt, else None."""
        return blocked(self.snapshot())

    @staticmethod
    def text(event: GeminiChunk) -> str:
        """The visible text that a chunk adds to candidate 0."""
        return event.text


class _Growing:
    """One candidate as far as it has come."""

    __slots__ = ("call", "facts", "parts", "role", "run", "run_is_thought")

    def __init__(self) -> None:
        self.role: str | None = None
        self.parts: list[_Run | _Call | GeminiPart] = []
        self.facts: dict[str, Any] = {}
        self.run: list[str] | None = None  # the text that the next plain text joins
        self.run_is_thought = False
        self.call: _Call | None = None  # the call whose arguments are still coming

    def begin_run(self, text: str, thought: bool | None) -> None:
        """Start a part of plain text."""
        self.run = [text]
        self.run_is_thought = bool(thought)
        self.parts.append(_Run(self.run, thought))

    def append(self, part: GeminiPart) -> None:
        """Take in a part that stands for itself, or a piece of a streamed call."""
        call = part.function_call
        if call is not None and self.call is not None and self.call.goes_on_with(call):
            self.call.add(part, call)
        elif call is not None and (call.will_continue or call.partial_args):
            self.call = _Call(part, call)
            self.parts.append(self.call)
        elif call != GeminiFunctionCall() or part.thought_signature or vars(part):  # an empty call only ends one
            self.parts.append(part)
        if self.call is not None and not self.call.open:
            self.call = None
        self.run = None

    def note(self, candidate: GeminiCandidate) -> None:
        """Keep the facts beside the content; an empty list does not erase what was told before."""
        for name, value in zip(CANDIDATE_FACTS, candidate_facts(candidate), strict=True):
            if value is not None and (value != [] or name not in self.facts):
                self.facts[name] = value

    def build(self, index: int) -> GeminiCandidate:
        """The candidate; `content` is None when none came."""
        built = [part if isinstance(part, GeminiPart) else part.build() for part in self.parts]
        parts = [part for part in built if part is not None]
        content = GeminiCandidateContent(role=self.role, parts=parts) if parts or self.role else None
        return GeminiCandidate(index=index, content=content, **self.facts)


class _Run:
    """Plain text in pieces."""

    __slots__ = ("pieces", "thought")

    def __init__(self, pieces: list[str], thought: bool | None) -> None:
        self.pieces = pieces
        self.thought = thought

    def build(self) -> GeminiPart | None:
        """One part, None when it would be empty."""
        text = joined(self.pieces)
        return GeminiPart(text=text, thought=self.thought) if text else None


class _Call:
    """A function call whose arguments come in pieces."""

    __slots__ = ("args", "first", "first_call", "lost", "open", "signature", "unfinished")

    def __init__(self, part: GeminiPart, call: GeminiFunctionCall) -> None:
        self.first = part
        self.first_call = call
        self.signature: str | None = None
        self.args: dict[str, Any] = {}
        self.unfinished: dict[str, list[str]] = {}
        self.lost: list[GeminiPartialArg] = []
        self.add(part, call)

    def goes_on_with(self, call: GeminiFunctionCall) -> bool:
        """Whether `call` is more of this one: pieces repeat neither name nor id, or repeat them unchanged."""
        first = self.first_call
        return call.name in ("", first.name) and (call.id is None or first.id is None or call.id == first.id)

    def add(self, part: GeminiPart, call: GeminiFunctionCall) -> None:
        """Take one piece in."""
        self.open = bool(call.will_continue)
        self.signature = part.thought_signature or self.signature
        self.args |= call.args
        for piece in call.partial_args or ():
            self._set(piece)

    def _set(self, piece: GeminiPartialArg) -> None:
        steps = json_path(piece.json_path)
        value: Any = piece.number_value if piece.bool_value is None else piece.bool_value
        if piece.string_value is not None or piece.will_continue or piece.json_path in self.unfinished:
            pieces = self.unfinished.setdefault(piece.json_path, [])
            pieces.append(piece.string_value or "")
            value = joined(pieces)
            if not piece.will_continue:
                del self.unfinished[piece.json_path]
        if not put(self.args, steps, value):
            self.lost.append(piece)

    def build(self) -> GeminiPart:
        """The call with the arguments that came; `will_continue` stays True where some are missing."""
        call = msgspec.structs.replace(
            self.first_call,
            args=deepcopy(self.args),  # more may come after this snapshot
            partial_args=self.lost or None,
            will_continue=True if self.open else None,
        )
        part = msgspec.structs.replace(self.first, function_call=call, thought_signature=self.signature)
        if "_source" in vars(self.first):
            # Members without a field here are only in the JSON of the first piece.
            wire = self.first.wire()
            unknown = {key: value for key, value in wire["functionCall"].items() if key not in CALL_KEYS}
            wire["functionCall"] = GeminiPart(function_call=call).wire()["functionCall"] | unknown
            part.remember(dumps(wire))
        return part


STEP = re.compile(r"""\.([^.\[\]]+) | \[(\d+)\] | \['((?:[^'\\]|\\.)*)'\] | \["((?:[^"\\]|\\.)*)"\]""", re.VERBOSE)
"""One step of a JSON path (RFC 9535) that names a single value: `.name`, `[0]`, `['name']`, `["name"]`."""

MOST_ITEMS = 10_000
"""A longer array in arguments is taken for a broken path rather than filled up."""


def json_path(path: str) -> list[str | int]:
    """The steps of a path that names one value; `[]` for any other."""
    steps: list[str | int] = []
    position = 1
    while path.startswith("$") and (match := STEP.match(path, position)):
        name, index, single, double = match.groups()
        quoted = single if single is not None else double
        if index is not None:
            steps.append(int(index))
        else:
            steps.append(name if name is not None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    return steps if position == len(path) else []


def put(holder: Any, steps: Sequence[str | int], value: Any) -> bool:
    """Set one value inside `holder`, making the objects and arrays on the way; False where that cannot be."""
    if not steps or not _fits(holder, steps[0]):
        return False
    step, *rest = steps
    if isinstance(step, int):
        holder.extend([None] * (step + 1 - len(holder)))
    if not rest:
        holder[step] = value
        return True
    if (holder[step] if isinstance(step, int) else holder.get(step)) is None:
        holder[step] = [] if isinstance(rest[0], int) else {}
    return put(holder[step], rest, value)


def _fits(holder: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(holder, list) and step < MOST_ITEMS
    return isinstance(holder, dict)
