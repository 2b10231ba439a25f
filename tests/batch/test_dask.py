"""A real cluster of two worker processes on loopback; one of them is killed in the middle."""

import asyncio
import importlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch.test_runner import chat, lines, video, write
from tikhub_async.batch import ClusterReport, ShardOptions, ShardReport, doubts
from tikhub_async.batch.dask import run_on_dask
from tikhub_async.errors import ConfigError, SpendLimitReached
from tikhub_async.testing import TEST_KEY, Emulator, serve_in_thread

pytest.importorskip("distributed", reason="the extra [dask] is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # distributed's own, on Python versions and on closing
]

CONCURRENCY = 4
THREADS = 2


@pytest.fixture
def gateway() -> Iterator[Emulator]:
    with serve_in_thread(Emulator(pace=0, task_seconds=0.2)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes, for all tests here; the key comes from their environment."""
    distributed: Any = importlib.import_module("distributed")  # mostly without types
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=THREADS,
        dashboard_address=None,
        env={"TIKHUB_AI_API_KEY": TEST_KEY, "PYTHONPATH": path},
        silence_logs=50,
    ) as made:
        yield made


def options(gateway: Emulator, **more: Any) -> ShardOptions:
    told = {"poll_interval": 0.05, "concurrency": CONCURRENCY, **more}
    return ShardOptions(options=told, base_url=gateway.base_url)


async def run(
    made: Any, tmp_path: Path, items: list[dict[str, Any]], told: ShardOptions, **given: Any
) -> ClusterReport:
    return await run_on_dask(
        made.scheduler_address,
        write(tmp_path / "in.jsonl", items),
        tmp_path / "out.jsonl",
        told,
        lines=given.pop("size", 8),
        **given,
    )


async def test_a_killed_worker_loses_nothing_and_pays_no_video_twice(
    cluster: Any, gateway: Emulator, tmp_path: Path
) -> None:
    items = [
        video(f"v{number}", f"film {number}") if number % 4 == 0 else chat(f"c{number}", f"line {number} [[words=60]]")
        for number in range(120)
    ]
    killed: list[int] = []

    def kill(report: ShardReport) -> None:
        if not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    report = await run(cluster, tmp_path, items, options(gateway), on_report=kill)
    assert killed
    doubtful = doubts(tmp_path / "out.jsonl.parts")
    found = lines(tmp_path / "out.jsonl")
    in_flight = THREADS * CONCURRENCY

    # Counted at the server: every film at most once, chats at most those in flight twice.
    films = [paid.body["content"][0]["text"] for paid in gateway.paid]
    assert len(films) == len(set(films))
    chats = len(gateway.seen("chat.completions"))
    assert chats - 90 <= report.repeated <= in_flight  # one may have been killed before it left
    # Nothing lost: an output line, or listed.
    assert found.keys() | {line.custom_id for line in doubtful} == {item["custom_id"] for item in items}
    assert len(doubtful) <= in_flight
    assert sorted(report.in_doubt) == sorted(line.custom_id for line in doubtful)
    assert report.merged is not None
    assert report.merged.lines == len(found)
    assert report.finished == report.shards == 15


async def test_limits_and_rates_are_those_of_the_whole_job(cluster: Any, gateway: Emulator, tmp_path: Path) -> None:
    items = [chat(f"c{number}") for number in range(40)]
    report = await run(cluster, tmp_path, items, options(gateway, max_items=21))
    assert isinstance(report.stopped, SpendLimitReached)
    assert (report.ok, report.shards, len(gateway.requests)) == (21, 5, 21)
    assert len(lines(tmp_path / "out.jsonl")) == 21
    # The same call again, without the limit, goes on.
    started = asyncio.get_running_loop().time()
    report = await run(cluster, tmp_path, items, options(gateway, rpm=600))
    assert (report.complete, report.ok + report.skipped, len(gateway.requests)) == (True, 40, 40)
    assert asyncio.get_running_loop().time() - started > 0.5
    assert set(lines(tmp_path / "out.jsonl")) == {item["custom_id"] for item in items}
    # An error that every shard would meet stops the job with its text.
    wrong = ShardOptions(options={"concurrency": CONCURRENCY}, base_url="ftp://x")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ConfigError, match=r"is not an http\(s\) URL"):
        await run(cluster, other, [chat("a")], wrong)
    assert (other / "out.jsonl.parts" / "STOP").exists()
