"""Claude: the events of a streamed message in, the message out.

What is told apart here, because proxies repeat events and retry:

- `message_start` again **before** any block: nothing was handed out yet, so the answer goes on. The first one
  is kept when the ids agree; with another id the later one counts, for it is the one that answers.
- `message_start` again **after** a block began: the gateway broke off and asks the provider anew. Going on would
  mix two answers, so the stream ends there, incomplete, with what the first one said.

The end is `message_stop`. Streams converted from other providers reach it without a `message_delta`: then stop
reason and usage are unknown (None), because the counts of `message_start` are estimates made before the answer.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from tikhub_async._accumulate._text import joined
from tikhub_async._wire.codec import dumps, loads
from tikhub_async.errors import StreamInterrupted, TikHubError
from tikhub_async.types._base import Unknown, fields_of
from tikhub_async.types.claude.blocks import (
    Citation,
    CompactionBlock,
    ContentBlock,
    McpToolUseBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    UnknownBlock,
)
from tikhub_async.types.claude.events import (
    BlockDelta,
    CitationsDelta,
    ClaudeErrorEvent,
    CompactionDelta,
    ContentBlockDeltaEvent,
    ContentBlockStartEvent,
    ContentBlockStopEvent,
    InputJsonDelta,
    MessageDeltaEvent,
    MessageStartEvent,
    MessageStopEvent,
    MessageStreamEvent,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from tikhub_async.types.claude.message import ClaudeMessageResponse, ClaudeUsage, StartedMessage

ENDINGS = ("stop_reason", "stop_sequence", "stop_details", "container")
"""Fields of the message that `message_delta` sets."""


class ClaudeAccumulator:
    """Collects the events of one streamed message.

    Attributes:
        error: An error event, as plain data; None while all is well.
        complete: True after `message_stop`.
        ended: True when nothing more can follow: after the end, and where the answer began again.
        usage: The last usage seen; None means unknown, as at the end of a stream that told none.
    """

    event_type: ClassVar[Any] = MessageStreamEvent

    def __init__(self) -> None:
        self.error: dict[str, Any] | None = None
        self.complete = False
        self.ended = False
        self.usage: ClaudeUsage | None = None
        self._usage_is_final = False
        self._restarted = False
        self._started: StartedMessage | None = None
        self._blocks: list[_Growing] = []
        self._by_index: dict[int, _Growing] = {}
        self._endings: dict[str, Any] = {}

    def feed(self, events: Sequence[MessageStreamEvent]) -> int:
        """Take events in; the number that may be handed on: all, or those before an error, a new beginning, the end."""
        by_index = self._by_index
        for position, event in enumerate(events):
            if type(event) is ContentBlockDeltaEvent:
                delta = event.delta
                block = by_index.get(event.index)
                if block is None:
                    block = self._begin(event.index, _implied(delta))
                if type(delta) is TextDelta:
                    block.text.append(delta.text)
                elif type(delta) is InputJsonDelta:
                    block.json.append(delta.partial_json)
                elif type(delta) is ThinkingDelta:
                    block.thinking.append(delta.thinking)
                else:
                    block.add(delta)
            elif not self._accept(event):
                return position
            elif self.ended:
                return position + 1
        return len(events)

    def _accept(self, event: MessageStreamEvent) -> bool:
        """Take any event but a delta in; False when it must not be handed out."""
        match event:
            case ContentBlockStartEvent():
                self._start_block(event)
            case ContentBlockStopEvent():
                if block := self._by_index.get(event.index):
                    block.stopped = True
            case MessageStartEvent():
                return self._start(event.message)
            case MessageDeltaEvent():
                self._finish(event)
            case MessageStopEvent():
                self.complete = self.ended = True
                if not self._usage_is_final:
                    self.usage = None
            case ClaudeErrorEvent():
                self.error = msgspec.to_builtins(event)
                return False
            case Unknown():
                members: dict[str, Any] = event.data()
                if members.get("error") is not None:
                    self.error = members
                    return False
            case _:
                pass  # ping
        return True

    def _start(self, message: StartedMessage) -> bool:
        if self._blocks:
            self._restarted = self.ended = True
            return False
        first = self._started
        if first is None or (message.id and message.id != first.id):
            self._started = message
            usage = message.usage
            # A zero here is a placeholder of converted streams; what the answer costs is told at its end.
            self.usage = msgspec.structs.replace(usage, output_tokens=usage.output_tokens or None) if usage else None
        return True

    def _start_block(self, event: ContentBlockStartEvent) -> None:
        block = self._by_index.get(event.index)
        if block is None or not block.repeats(event.content_block):
            # An index that is used again after its block grew is a converter's mistake, not a retry (that has a
            # message_start of its own): the new block stands after the old one.
            self._begin(event.index, event.content_block)

    def _begin(self, index: int, start: ContentBlock) -> "_Growing":
        block = self._by_index[index] = _Growing(index, start)
        self._blocks.append(block)
        return block

    def _finish(self, event: MessageDeltaEvent) -> None:
        for name in ENDINGS:
            if (value := getattr(event.delta, name)) is not None:
                self._endings[name] = value
        for name in ("context_management", "input_transformations"):
            if (value := getattr(event, name)) is not None:
                self._endings[name] = value
        if event.usage is not None:
            told = {name: value for name, value in fields_of(event.usage).items() if value is not None}
            self.usage = msgspec.structs.replace(self.usage or ClaudeUsage(), **told)
            self._usage_is_final = self._usage_is_final or "output_tokens" in told

    def snapshot(self) -> ClaudeMessageResponse:
        """The message so far, at the end the whole one."""
        fields = fields_of(self._started or StartedMessage()) | self._endings
        # Blocks come in order; sorting (stable) only helps where parallel blocks started out of order.
        blocks = sorted(self._blocks, key=lambda block: block.index)
        fields |= {"content": (fields["content"] or []) + [block.build() for block in blocks], "usage": self.usage}
        return ClaudeMessageResponse(**fields)

    def problem(self) -> TikHubError | None:
        """Why the stream failed although it ended in order: the gateway began the answer again."""
        if not self._restarted:
            return None
        return StreamInterrupted(
            "the gateway lost the provider in mid-answer and started the answer again; the second one was not read",
            partial=self.snapshot(),
            usage=self.usage,
            hint="send the request again; both attempts of the gateway may have been billed",
        )

    @staticmethod
    def text(event: MessageStreamEvent) -> str:
        """The visible text that an event adds."""
        if type(event) is ContentBlockDeltaEvent:
            return event.delta.text if type(event.delta) is TextDelta else ""
        if type(event) is ContentBlockStartEvent and type(event.content_block) is TextBlock:
            return event.content_block.text
        return ""


class _Growing:
    """A block as it started, and what was added to it."""

    __slots__ = ("citations", "compaction", "index", "json", "signature", "start", "stopped", "text", "thinking")

    def __init__(self, index: int, start: ContentBlock) -> None:
        self.index = index
        self.start = start
        self.stopped = False
        self.text: list[str] = []
        self.thinking: list[str] = []
        self.json: list[str] = []
        self.citations: list[Citation] = []
        self.signature: str | None = None
        self.compaction: CompactionDelta | None = None

    def add(self, delta: BlockDelta) -> None:
        """Take one of the rarer deltas in; unknown ones were handed out and change nothing here."""
        if type(delta) is SignatureDelta:
            self.signature = delta.signature
        elif type(delta) is CitationsDelta:
            self.citations.append(delta.citation)
        elif type(delta) is CompactionDelta:
            self.compaction = delta

    def repeats(self, start: ContentBlock) -> bool:
        """Whether `start` is this block announced twice, before anything was added to it."""
        return not self.stopped and not self._additions() and start == self.start

    def _additions(self) -> list[Any]:
        every = (self.text, self.thinking, self.json, self.citations, self.signature, self.compaction)
        return [addition for addition in every if addition]

    def build(self) -> ContentBlock:
        """The block with all additions."""
        start = self.start
        if isinstance(start, UnknownBlock):
            return self._build_unknown(start)
        changes = self._changes()
        if not changes:
            return start
        block = msgspec.structs.replace(start, **changes)
        if "_source" in vars(start) or self.citations:
            # Fields and citations that this version does not know are not in the structs: keep the JSON beside them.
            wire: dict[str, Any] = start.wire() | changes
            if isinstance(block, TextBlock) and block.citations:
                wire["citations"] = [_as_received(citation) for citation in block.citations]
            block.remember(dumps(wire))
        return block

    def _changes(self) -> dict[str, Any]:
        """The fields of the started block that are different by now."""
        match self.start:
            case TextBlock(text=text, citations=citations) if self.text or self.citations:
                all_citations = (citations or []) + self.citations
                return {"text": joined([text, *self.text]), "citations": all_citations or citations}
            case ThinkingBlock(thinking=thinking, signature=signature) if self.thinking or self.signature:
                return {"thinking": joined([thinking, *self.thinking]), "signature": self.signature or signature}
            case ToolUseBlock() | ServerToolUseBlock() | McpToolUseBlock() if any(self.json):
                return self._input()
            case CompactionBlock() if self.compaction:
                return {name: value for name, value in fields_of(self.compaction).items() if value is not None}
            case _:
                return {}

    def _input(self) -> dict[str, Any]:
        """The arguments, or `{}` and their text where they are no whole JSON object."""
        text = joined(self.json)
        try:
            arguments = loads(text.encode("utf-8", "surrogatepass"))
        except ValueError:
            arguments = None
        if isinstance(arguments, dict):
            return {"input": arguments}
        return {"input": {}, "input_json": text}

    def _build_unknown(self, start: UnknownBlock) -> UnknownBlock:
        if not self._additions():
            return start
        data: dict[str, Any] = start.data()
        for key, pieces in (("text", self.text), ("thinking", self.thinking)):
            if pieces:
                data[key] = joined([data.get(key) or "", *pieces])
        if any(self.json):
            data |= self._input()
        if self.citations:
            data["citations"] = (data.get("citations") or []) + [_as_received(citation) for citation in self.citations]
        if self.signature:
            data["signature"] = self.signature
        return UnknownBlock(name=start.name, raw=dumps(data))


def _implied(delta: BlockDelta) -> ContentBlock:
    """The block that a delta belongs to when its start was lost on the way."""
    match delta:
        case InputJsonDelta():
            return ToolUseBlock()
        case ThinkingDelta() | SignatureDelta():
            return ThinkingBlock()
        case CompactionDelta():
            return CompactionBlock()
        case _:
            return TextBlock()


def _as_received(citation: Citation) -> Any:
    return citation.data() if isinstance(citation, Unknown) else citation.wire()
