"""What does each stage of a stream cost, without a network? `python -m benchmarks.bench_sse [--fast] [-o FILE]`.

pyperf runs and judges it: bytes to events (`SSEDecoder`, by kind of stream and size of read), events to structs, structs
into the accumulator. CPU time per event.
"""

import time
from collections.abc import Callable
from typing import Any

import pyperf

from benchmarks import _payloads as payloads
from tikhub_async._accumulate.chat import ChatAccumulator
from tikhub_async._accumulate.claude import ClaudeAccumulator
from tikhub_async._accumulate.gemini import GeminiAccumulator
from tikhub_async._accumulate.responses import ResponsesAccumulator
from tikhub_async._streams import DONE, Accumulator
from tikhub_async._wire import codec
from tikhub_async._wire.sse import SSEDecoder

EVENTS = 2_000
DATA = b'data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5","choices":'
DATA += b'[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}\n'
STREAMS = {
    "data": DATA + b"\n",
    "event, data": b"event: content_block_delta\n" + DATA + b"\n",
    "data, CRLF": (DATA + b"\n").replace(b"\n", b"\r\n"),
    "data, surplus blank line": DATA + b"\n\n",
    "id, event, data": b"id: 1\nevent: content_block_delta\n" + DATA + b"\n",
}
READS = {"64 KiB": 65_536, "1,460 bytes": 1_460, "one event": 0}
DIALECTS: dict[str, tuple[Callable[[], bytes], type[Accumulator[Any, Any]]]] = {
    "chat": (payloads.chat_stream, ChatAccumulator),
    "responses": (payloads.responses_stream, ResponsesAccumulator),
    "claude": (payloads.claude_stream, ClaudeAccumulator),
    "gemini": (payloads.gemini_stream, GeminiAccumulator),
}


def bench(runner: pyperf.Runner, name: str, work: Callable[[], int]) -> None:
    """Let pyperf find out what `work` costs per event; it gives the number of its events."""

    def seconds(loops: int) -> float:
        started = time.process_time()
        for _ in range(loops):
            work()
        return time.process_time() - started

    runner.bench_time_func(name, seconds, inner_loops=work())


def split(stream: bytes, size: int) -> Callable[[], int]:
    """Bytes to events, in reads of `size` bytes."""
    reads = [stream[place : place + size] for place in range(0, len(stream), size)]

    def work() -> int:
        decode = SSEDecoder().decode
        return sum(len(decode(read)) for read in reads)

    return work


def stages(stream: bytes, kind: type[Accumulator[Any, Any]]) -> tuple[Callable[[], int], Callable[[], int]]:
    """Events to structs, and structs into the accumulator."""
    events = [event.data for event in SSEDecoder().decode(stream) if event.data != DONE]
    decode = codec.decoder_for(kind.event_type).decode
    structs = [decode(data) for data in events]
    return lambda: len([decode(data) for data in events]), lambda: kind().feed(structs)


def main() -> None:
    """Hands the work to pyperf."""
    runner = pyperf.Runner()
    for name, event in STREAMS.items():
        for reads, size in READS.items():
            bench(runner, f"{name}, reads of {reads}", split(event * EVENTS, size or len(event)))
    for name, (make, kind) in DIALECTS.items():
        decode, feed = stages(make(), kind)
        bench(runner, f"{name}: events to structs", decode)
        bench(runner, f"{name}: structs into the accumulator", feed)


if __name__ == "__main__":
    main()
