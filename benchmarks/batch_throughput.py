"""What does a batch cost against bare aiohttp, in time and memory? `python -m benchmarks.batch_throughput [--long]`.

Both read the same file, hold the same number of requests in flight against the same server (a process of its own on
loopback), and write an output line per answer; each run is a fresh process. Bare aiohttp does nothing else: no journal,
no check of answers, no retries, no limits. Short: 1,000 and 20,000 lines; long: 1,000 and 100,000.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.loopback import resident_mebibytes, serve

CONCURRENCY = 64
PROMPT = "Summarise the following review in one sentence and say whether it is kind. " * 8


def write_input(path: Path, count: int) -> None:
    """A file of chat lines of about 900 bytes."""
    with path.open("w") as file:
        for number in range(count):
            messages = [{"role": "user", "content": f"{number}: {PROMPT}"}]
            body = {"model": "gpt-5-mini", "messages": messages, "max_tokens": 200}
            line = {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
            file.write(json.dumps(line) + "\n")


def bare(folder: str, url: str) -> None:
    """The least that does the job: workers over one iterator of lines."""
    import aiohttp

    async def main() -> None:
        with open(f"{folder}/in.jsonl") as source, open(f"{folder}/bare.jsonl", "w") as output:
            lines = iter(source)
            headers = {"Authorization": "Bearer sk-x"}
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

                async def worker() -> None:
                    for line in lines:
                        item = json.loads(line)
                        async with session.post(url + item["url"], json=item["body"]) as answer:
                            body = await answer.json()
                        response = {"status_code": answer.status, "request_id": None, "body": body}
                        done = {"id": "1", "custom_id": item["custom_id"], "response": response, "error": None}
                        output.write(json.dumps(done) + "\n")

                await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))

    asyncio.run(main())


def batch(folder: str, url: str) -> None:
    """The same by `client.batch`."""
    from tikhub_async import TikHubAI

    async def main() -> None:
        async with TikHubAI(api_key="sk-x", base_url=url) as client:
            run = client.batch.run(f"{folder}/in.jsonl", f"{folder}/out.jsonl", concurrency=CONCURRENCY, adaptive=False)
            report = await run.finish()
            assert report.complete, report

    asyncio.run(main())


def _measured(send: Connection, work: Callable[[str, str], None], folder: str, url: str) -> None:
    import aiohttp  # noqa: F401 - what both load is not what is measured

    import tikhub_async.batch  # noqa: F401

    before = resident_mebibytes()
    started, cpu = time.perf_counter(), time.process_time()
    work(folder, url)
    taken = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    send.send({**taken, "grown": resident_mebibytes() - before})


def measure(work: Callable[[str, str], None], folder: str, url: str) -> dict[str, float]:
    """Seconds, CPU seconds and mebibytes grown, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measured, args=(theirs, work, folder, url))
    process.start()
    theirs.close()
    found: dict[str, float] = ours.recv()
    process.join()
    return found


def grown(count: int) -> float:
    """Mebibytes that a batch of `count` lines takes."""
    with tempfile.TemporaryDirectory() as folder, serve() as server:
        write_input(Path(folder, "in.jsonl"), count)
        return measure(batch, folder, server.url)["grown"]


def compare(count: int, rounds: int = 1) -> dict[str, Any]:
    """Both on one file of `count` lines, best of some rounds."""
    with tempfile.TemporaryDirectory() as folder, serve() as server:
        write_input(Path(folder, "in.jsonl"), count)
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "batch": []}
        for _ in range(rounds):
            for name, work in (("bare", bare), ("batch", batch)):
                runs[name].append(measure(work, folder, server.url))
                if name == "batch":
                    lines = Path(folder, "out.jsonl").read_bytes().count(b"\n")
                    assert lines == count, lines
                    for left in ("out.jsonl", "out.jsonl.journal"):
                        Path(folder, left).unlink()
        assert server.counts()["requests"] == 2 * count * rounds
    best = {name: min(found, key=lambda run: run["seconds"]) for name, found in runs.items()}
    return {
        "lines": count,
        "bare_per_second": count / best["bare"]["seconds"],
        "batch_per_second": count / best["batch"]["seconds"],
        "ratio": best["bare"]["seconds"] / best["batch"]["seconds"],
        "bare_us_cpu": best["bare"]["cpu"] / count * 1e6,
        "batch_us_cpu": best["batch"]["cpu"] / count * 1e6,
        "bare_grown": max(run["grown"] for run in runs["bare"]),
        "batch_grown": max(run["grown"] for run in runs["batch"]),
    }


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{CONCURRENCY} in flight; requests counted at the server")
    print("  lines   bare/s  batch/s  ratio   bare µs CPU  batch µs CPU   bare +MiB  batch +MiB")
    for count in (1_000, 100_000 if options.long else 20_000):
        row = compare(count, options.rounds)
        print(
            f"{count:7,} {row['bare_per_second']:8,.0f} {row['batch_per_second']:8,.0f} {row['ratio']:6.2f} "
            f"{row['bare_us_cpu']:13,.0f} {row['batch_us_cpu']:13,.0f} {row['bare_grown']:11.1f} {row['batch_grown']:11.1f}"
        )


if __name__ == "__main__":
    main()
