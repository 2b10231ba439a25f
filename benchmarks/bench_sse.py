"""What does one event cost? CPU time of `SSEDecoder` alone: `python -m benchmarks.bench_sse`.

Best of 15 runs of 2,000 events of about 170 bytes, by kind of stream and size of read. No network, no JSON.
"""

import time

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


def seconds(stream: bytes, size: int) -> float:
    """CPU seconds to decode the stream in reads of `size` bytes."""
    reads = [stream[place : place + size] for place in range(0, len(stream), size)]
    decoder = SSEDecoder()
    started = time.process_time()
    count = sum(len(decoder.decode(read)) for read in reads)
    taken = time.process_time() - started
    assert count == EVENTS
    return taken


def main() -> None:
    """Prints µs per event."""
    print(f"{'µs per event, reads of':26}" + "".join(f"{name:>14}" for name in READS))
    for name, event in STREAMS.items():
        best = [min(seconds(event * EVENTS, size or len(event)) for _ in range(15)) for size in READS.values()]
        print(f"{name:26}" + "".join(f"{value / EVENTS * 1e6:14.2f}" for value in best))


if __name__ == "__main__":
    main()
