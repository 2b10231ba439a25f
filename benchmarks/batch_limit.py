"""Does a batch find a limit that nobody told it? `python -m benchmarks.batch_limit [--lines 20000]`.

The server refuses with 429 what comes while 40 requests are in flight, and answers after 50 ms. Side by side: the width
found by trying, a fixed width far too large, and the fixed width of somebody who knows the limit. Counted at the server.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.batch_throughput import write_input
from benchmarks.loopback import serve
from tikhub_async import TikHubAI

LIMIT = 40
LATENCY = 0.05

WAYS: dict[str, dict[str, Any]] = {
    "adaptive": {"concurrency": 256},
    "fixed 256": {"concurrency": 256, "adaptive": False},
    "fixed 40": {"concurrency": 40, "adaptive": False},
}


def measure(lines: int, options: dict[str, Any]) -> dict[str, float]:
    """Answers per second, share of 429s, and the median width in the second half."""
    with tempfile.TemporaryDirectory() as folder, serve(latency=LATENCY, limit=LIMIT) as server:
        path = Path(folder, "in.jsonl")
        write_input(path, lines)

        widths: list[int] = []

        async def main() -> float:
            async with TikHubAI(api_key="sk-x", base_url=server.url) as client:
                run = client.batch.run(path, path.with_name("out.jsonl"), **options)
                finishing = asyncio.create_task(run.finish())
                while not finishing.done():
                    await asyncio.sleep(0.02)
                    widths.append(run.report.limit)
                report = await finishing
                assert (report.ok, report.complete) == (lines, True), report
                return report.seconds

        seconds = asyncio.run(main())
        counts = server.counts()
    assert counts["requests"] - counts["refused"] == lines
    later = sorted(widths[len(widths) // 2 :])
    return {
        "per_second": lines / seconds,
        "refused": counts["refused"] / counts["requests"],
        "settled": later[len(later) // 2],
    }


def main() -> None:
    """Print one row per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    lines = parser.parse_args().lines
    print(
        f"a limit of {LIMIT} in flight, {LATENCY * 1000:.0f} ms per answer, {lines:,} lines; best possible {LIMIT / LATENCY:.0f}/s"
    )
    print("              answers/s     429s   settled at")
    for name, options in WAYS.items():
        row = measure(lines, options)
        print(f"{name:12} {row['per_second']:10.0f} {row['refused']:8.2%} {row['settled']:12.0f}")


if __name__ == "__main__":
    main()
