"""Responses: the events of a stream in, the response out.

The last event carries the whole response. All else is kept for streams that lack it: cut ones, those whose
last event the gateway dropped because it could not decode it, and those whose last event has an empty
`output`. What is put together then follows three rules:

- Items are told apart by `output_index`, their parts by `content_index`, `summary_index` or `command_index`,
  never by `item_id`, which some hosts change on the way.
- A whole item (`output_item.done`) beats what was pieced together, a whole text (`….done`) its deltas.
- An item whose start was lost is implied by its deltas.

Sound has no place in a response object; its events pass through.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec

from tikhub_async._accumulate._text import joined
from tikhub_async._wire.codec import loads
from tikhub_async.errors import TikHubError
from tikhub_async.types import responses as r
from tikhub_async.types._base import without_nulls

T = TypeVar("T")

TextDelta = r.ResponseTextDeltaEvent
"""The event that most of a stream consists of."""

TEXT, REFUSAL, REASONING, SUMMARY = "text", "refusal", "reasoning", "summary"
ARGUMENTS, MCP_ARGUMENTS, INPUT, CODE = "arguments", "mcp_arguments", "input", "code"
COMMAND, STDOUT, STDERR = "command", "stdout", "stderr"

Place = tuple[int, int]
"""`output_index`, and the index of the part or command within the item."""

Key = tuple[str, int, int]
"""Which text: one of the words above, `output_index`, index of the part or command within the item."""


class Piece(NamedTuple):
    """How an event adds to a text."""

    kind: str
    place: str
    """Name of the attribute with the part's index, "" where the item has one such text only."""
    value: str
    """Name of the attribute with the text."""
    whole: bool = False
    """The text replaces what was there."""


PIECES: Mapping[type, Piece] = {
    r.ResponseTextDoneEvent: Piece(TEXT, "content_index", "text", whole=True),
    r.ResponseRefusalDeltaEvent: Piece(REFUSAL, "content_index", "delta"),
    r.ResponseRefusalDoneEvent: Piece(REFUSAL, "content_index", "refusal", whole=True),
    r.ResponseReasoningTextDeltaEvent: Piece(REASONING, "content_index", "delta"),
    r.ResponseReasoningTextDoneEvent: Piece(REASONING, "content_index", "text", whole=True),
    r.ResponseReasoningSummaryTextDeltaEvent: Piece(SUMMARY, "summary_index", "delta"),
    r.ResponseReasoningSummaryTextDoneEvent: Piece(SUMMARY, "summary_index", "text", whole=True),
    r.ResponseFunctionCallArgumentsDeltaEvent: Piece(ARGUMENTS, "", "delta"),
    r.ResponseFunctionCallArgumentsDoneEvent: Piece(ARGUMENTS, "", "arguments", whole=True),
    r.ResponseMcpCallArgumentsDeltaEvent: Piece(MCP_ARGUMENTS, "", "delta"),
    r.ResponseMcpCallArgumentsDoneEvent: Piece(MCP_ARGUMENTS, "", "arguments", whole=True),
    r.ResponseCustomToolCallInputDeltaEvent: Piece(INPUT, "", "delta"),
    r.ResponseCustomToolCallInputDoneEvent: Piece(INPUT, "", "input", whole=True),
    r.ResponseCodeInterpreterCallCodeDeltaEvent: Piece(CODE, "", "delta"),
    r.ResponseCodeInterpreterCallCodeDoneEvent: Piece(CODE, "", "code", whole=True),
    r.ResponseShellCallCommandAddedEvent: Piece(COMMAND, "command_index", "command", whole=True),
    r.ResponseShellCallCommandDeltaEvent: Piece(COMMAND, "command_index", "delta"),
    r.ResponseShellCallCommandDoneEvent: Piece(COMMAND, "command_index", "command", whole=True),
}

OTHERS = frozenset(
    {
        r.ResponseCreatedEvent,
        r.ResponseQueuedEvent,
        r.ResponseInProgressEvent,
        r.ResponseCompletedEvent,
        r.ResponseIncompleteEvent,
        r.ResponseFailedEvent,
        r.ResponseErrorEvent,
        r.ResponseOutputItemAddedEvent,
        r.ResponseOutputItemDoneEvent,
        r.ResponseContentPartAddedEvent,
        r.ResponseContentPartDoneEvent,
        r.ResponseOutputTextAnnotationAddedEvent,
        r.ResponseReasoningSummaryPartDoneEvent,
        r.ResponseShellCallOutputContentDeltaEvent,
        r.ResponseShellCallOutputContentDoneEvent,
        r.UnknownResponseEvent,
    }
)
"""Events that say something new beside those of `PIECES`; the rest tell of progress only."""

IMPLIED: Mapping[
    str,
    type[r.ResponseOutputMessage]
    | type[r.ResponseReasoningItem]
    | type[r.ResponseFunctionToolCall]
    | type[r.McpCall]
    | type[r.ResponseCustomToolCall]
    | type[r.ResponseCodeInterpreterToolCall]
    | type[r.ResponseFunctionShellToolCall]
    | type[r.ResponseFunctionShellToolCallOutput],
] = {
    TEXT: r.ResponseOutputMessage,
    REFUSAL: r.ResponseOutputMessage,
    REASONING: r.ResponseReasoningItem,
    SUMMARY: r.ResponseReasoningItem,
    ARGUMENTS: r.ResponseFunctionToolCall,
    MCP_ARGUMENTS: r.McpCall,
    INPUT: r.ResponseCustomToolCall,
    CODE: r.ResponseCodeInterpreterToolCall,
    COMMAND: r.ResponseFunctionShellToolCall,
    STDOUT: r.ResponseFunctionShellToolCallOutput,
    STDERR: r.ResponseFunctionShellToolCallOutput,
}
"""The item that a text belongs to."""

NO_REASON = "the response failed and the provider gave no reason"


class ResponsesAccumulator:
    """Collects the events of one streamed response.

    Attributes:
        error: The error that came in the place of an answer, as plain data; None while all is well.
        complete: True once the last event was seen: completed, incomplete or failed.
        ended: True when nothing more can follow.
        usage: The last usage seen; None means unknown.
    """

    event_type: ClassVar[Any] = r.ResponseStreamEvent

    def __init__(self) -> None:
        self.error: dict[str, Any] | None = None
        self.complete = False
        self.ended = False
        self.usage: r.ResponseUsage | None = None
        self._latest: r.ResponseObject | None = None
        self._output = _Output()

    def feed(self, events: Sequence[r.ResponseStreamEvent]) -> int:
        """Take events in; the number that may be handed on: all, or those before an error, or up to the end."""
        pieces = self._output.pieces
        for number, event in enumerate(events):
            if type(event) is TextDelta:
                key = (TEXT, event.output_index, event.content_index)
                if key in pieces:
                    pieces[key].append(event.delta)
                else:
                    self._output.begin(key, event.delta, event.item_id)
                if event.logprobs:
                    self._output.logprobs.setdefault(key[1:], []).extend(event.logprobs)
                continue
            kind = type(event)
            if kind in PIECES:
                self._output.add(event, PIECES[kind])
            elif kind in OTHERS:
                self._accept(event)
                if self.error is not None:
                    return number
                if self.ended:
                    return number + 1
        return len(events)

    def _accept(self, event: r.ResponseStreamEvent) -> None:
        match event:
            case r.ResponseCompletedEvent():
                self._end(event.response, "completed")
            case r.ResponseIncompleteEvent():
                self._end(event.response, "incomplete")
            case r.ResponseFailedEvent():
                self._end(event.response, "failed")
                error = event.response.error
                self.error = {"error": without_nulls(msgspec.to_builtins(error)) if error else {"message": NO_REASON}}
            case r.ResponseErrorEvent():
                self._fail(without_nulls(msgspec.to_builtins(event)))
            case r.UnknownResponseEvent():
                # An event of a newer protocol may well have a member `error`; it is not the stream's.
                if b'"error"' in event.raw and not event.name.startswith("response."):
                    members: dict[str, Any] = loads(event.raw)
                    if members.get("error"):
                        self._fail(members)
            case r.ResponseCreatedEvent() | r.ResponseQueuedEvent() | r.ResponseInProgressEvent():
                self._state(event.response)
            case _:
                self._output.accept(event)

    def _fail(self, error: dict[str, Any]) -> None:
        self.error = error
        self.ended = True

    def _state(self, response: r.ResponseObject) -> None:
        self._latest = response
        if response.usage is not None:
            self.usage = response.usage

    def _end(self, response: r.ResponseObject, status: str) -> None:
        self._state(response if response.status else msgspec.structs.replace(response, status=status))
        self.complete = self.ended = True

    def snapshot(self) -> r.ResponseObject:
        """The response so far; at the end the one that the last event carried."""
        latest = self._latest or r.ResponseObject()
        if self.complete and latest.output:
            return latest
        output = self._output.items()
        status = latest.status if latest.status and (self.complete or not output) else "in_progress"
        return msgspec.structs.replace(latest, status=status, output=output or latest.output)

    def problem(self) -> TikHubError | None:
        """None: incomplete and cancelled responses are answers, and a failed one has set `error`."""
        return None

    @staticmethod
    def text(event: r.ResponseStreamEvent) -> str:
        """The visible text that an event adds."""
        return event.delta if type(event) is TextDelta else ""


class _Output:
    """The output items while they grow."""

    def __init__(self) -> None:
        self.pieces: dict[Key, list[str]] = {}
        self.logprobs: dict[Place, list[r.ResponseLogprob]] = {}
        self._ids: dict[int, str] = {}
        self._started: dict[int, r.ResponseOutputItem] = {}
        self._done: dict[int, r.ResponseOutputItem] = {}
        self._parts: dict[Place, r.ResponseStreamPart] = {}
        self._done_parts: dict[Place, r.ResponseStreamPart] = {}
        self._annotations: dict[Place, list[r.ResponseAnnotation]] = {}
        self._shell_outputs: dict[Place, list[r.ShellOutput]] = {}

    def begin(self, key: Key, text: str, item_id: str) -> None:
        """Start a text."""
        self.pieces[key] = [text]
        if item_id:
            self._ids.setdefault(key[1], item_id)

    def add(self, event: Any, piece: Piece) -> None:
        """Take in an event of `PIECES`."""
        key = (piece.kind, event.output_index, getattr(event, piece.place) if piece.place else 0)
        text: str = getattr(event, piece.value)
        if piece.whole or key not in self.pieces:
            self.begin(key, text, getattr(event, "item_id", ""))
        else:
            self.pieces[key].append(text)
        if isinstance(event, r.ResponseTextDoneEvent) and event.logprobs:
            self.logprobs[key[1:]] = event.logprobs

    def accept(self, event: r.ResponseStreamEvent) -> None:
        """Take in an event about an item or a part as such."""
        match event:
            case r.ResponseOutputItemAddedEvent():
                self._started[event.output_index] = event.item
            case r.ResponseOutputItemDoneEvent():
                self._done[event.output_index] = event.item
            case r.ResponseContentPartAddedEvent():
                self._parts[event.output_index, event.content_index] = event.part
            case r.ResponseContentPartDoneEvent():
                self._done_parts[event.output_index, event.content_index] = event.part
            case r.ResponseOutputTextAnnotationAddedEvent():
                if event.annotation is not None:
                    place = (event.output_index, event.content_index)
                    self._annotations.setdefault(place, []).append(event.annotation)
            case r.ResponseReasoningSummaryPartDoneEvent():
                if isinstance(event.part, r.ResponseSummaryText):
                    self.begin((SUMMARY, event.output_index, event.summary_index), event.part.text, event.item_id)
            case r.ResponseShellCallOutputContentDeltaEvent():
                for stream, text in ((STDOUT, event.delta.stdout), (STDERR, event.delta.stderr)):
                    if text:
                        self.pieces.setdefault((stream, event.output_index, event.command_index), []).append(text)
            case r.ResponseShellCallOutputContentDoneEvent():
                self._shell_outputs[event.output_index, event.command_index] = event.output
            case _:
                pass

    def items(self) -> list[r.ResponseOutputItem]:
        """The items so far, in order: whole ones as they came, unfinished ones with what they have."""
        kinds = {index: kind for kind, index, _ in self.pieces}
        indexes = sorted({*self._started, *self._done, *kinds})
        return [self._item(index, kinds.get(index, TEXT)) for index in indexes]

    def _item(self, index: int, kind: str) -> r.ResponseOutputItem:
        if (done := self._done.get(index)) is not None:
            return done
        item = self._started.get(index)
        if item is None:
            item = IMPLIED[kind](id=self._ids.get(index, ""), status="in_progress")
        changes = {name: value for name, value in self._changes(item, index).items() if value}
        return msgspec.structs.replace(item, **changes)

    def _changes(self, item: r.ResponseOutputItem, index: int) -> dict[str, Any]:
        """The fields of a started item that may have grown."""
        match item:
            case r.ResponseOutputMessage():
                return {"content": self._content(index)}
            case r.ResponseReasoningItem():
                summary = [r.ResponseSummaryText(text=text) for text in self._texts(SUMMARY, index).values()]
                return {"content": self._content(index), "summary": summary}
            case r.ResponseFunctionToolCall():
                return {"arguments": self._text(ARGUMENTS, index)}
            case r.McpCall():
                return {"arguments": self._text(MCP_ARGUMENTS, index)}
            case r.ResponseCustomToolCall():
                return {"input": self._text(INPUT, index)}
            case r.ResponseCodeInterpreterToolCall():
                return {"code": self._text(CODE, index)}
            case r.ResponseFunctionShellToolCall():
                commands = list(self._texts(COMMAND, index).values())
                action = item.action or r.ShellAction()
                return {"action": commands and msgspec.structs.replace(action, commands=commands)}
            case r.ResponseFunctionShellToolCallOutput():
                return {"output": self._printed(index)}
            case _:
                return {}

    def _texts(self, kind: str, index: int) -> dict[int, str]:
        """The texts of one kind in one item by the index of their part, in order."""
        found = {key[2]: joined(texts) for key, texts in self.pieces.items() if key[:2] == (kind, index)}
        return dict(sorted(found.items()))

    def _text(self, kind: str, index: int) -> str:
        return joined(self.pieces.get((kind, index, 0), ()))

    def _content(self, index: int) -> list[r.ResponseStreamPart]:
        texts, annotations, logprobs = (
            self._texts(TEXT, index),
            _of(self._annotations, index),
            _of(self.logprobs, index),
        )
        parts: dict[int, r.ResponseStreamPart] = _of(self._parts, index)
        for place in texts.keys() | annotations.keys():
            parts[place] = r.ResponseOutputText(
                text=texts.get(place, ""), annotations=annotations.get(place, []), logprobs=logprobs.get(place)
            )
        for place, text in self._texts(REFUSAL, index).items():
            parts[place] = r.ResponseOutputRefusal(refusal=text)
        for place, text in self._texts(REASONING, index).items():
            parts[place] = r.ResponseReasoningText(text=text)
        for place, part in _of(self._done_parts, index).items():
            # OpenAI leaves logprobs out here, and repeats them in the whole item.
            forgot = isinstance(part, r.ResponseOutputText) and not part.logprobs and place in logprobs
            parts[place] = msgspec.structs.replace(part, logprobs=logprobs[place]) if forgot else part
        return [parts[place] for place in sorted(parts)]

    def _printed(self, index: int) -> list[r.ShellOutput]:
        """What the commands of a shell item printed, in the order of the commands."""
        stdout, stderr, done = self._texts(STDOUT, index), self._texts(STDERR, index), _of(self._shell_outputs, index)
        printed: list[r.ShellOutput] = []
        for place in sorted({*stdout, *stderr, *done}):
            growing = r.ShellOutput(stdout=stdout.get(place, ""), stderr=stderr.get(place, ""))
            printed += done.get(place, [growing])
        return printed


def _of(places: Mapping[Place, T], index: int) -> dict[int, T]:
    """What belongs to one item, by the index of its part."""
    return {place[1]: value for place, value in places.items() if place[0] == index}
