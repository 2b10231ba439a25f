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
from tests.cli.processes import start, until
from tikhub_async import TikHubAI
from tikhub_async._cli.output import ExitCode
from tikhub_async.batch import ClusterReport, InputRefused, ShardReport, doubts
from tikhub_async.batch.parts import set_stop
from tikhub_async.errors import AuthenticationError, ConfigError, JournalError, SpendLimitReached
from tikhub_async.testing import TEST_KEY, Emulator, SlowHeaders, serve_in_thread

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


async def run(made: Any, gateway: Emulator, tmp_path: Path, items: list[dict[str, Any]], **given: Any) -> ClusterReport:
    """A batch on the cluster. The gateway knows the workers' key, and not this client's."""
    async with TikHubAI(api_key="sk-of-this-machine", base_url=gateway.base_url) as client:
        return await client.batch.run_on_cluster(
            write(tmp_path / "in.jsonl", items),
            tmp_path / "out.jsonl",
            cluster=made if isinstance(made, str) else made.scheduler_address,
            **{"lines_per_shard": 8, "poll_interval": 0.05, "concurrency": CONCURRENCY, **given},
        )


async def give_workers_the_key(made: Any, key: str) -> None:
    distributed: Any = importlib.import_module("distributed")

    def take() -> None:
        os.environ["TIKHUB_AI_API_KEY"] = key

    async with distributed.Client(made.scheduler_address, asynchronous=True) as dask:
        await dask.run(take)


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

    report = await run(cluster, gateway, tmp_path, items, on_report=kill)
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
    report = await run(cluster, gateway, tmp_path, items, max_items=21)
    assert isinstance(report.stopped, SpendLimitReached)
    assert (report.ok, report.shards, len(gateway.requests)) == (21, 5, 21)
    assert len(lines(tmp_path / "out.jsonl")) == 21
    # The same call again, without the limit, goes on.
    started = asyncio.get_running_loop().time()
    report = await run(cluster, gateway, tmp_path, items, rpm=2400, resume=True)
    assert (report.complete, report.ok + report.skipped, len(gateway.requests)) == (True, 40, 40)
    assert asyncio.get_running_loop().time() - started > 0.4
    assert set(lines(tmp_path / "out.jsonl")) == {item["custom_id"] for item in items}
    # An error that every shard would meet stops the job with its text.
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ConfigError, match="polls_per_second"):
        await run(cluster, gateway, other, [chat("a")], worker_client={"polls_per_second": -1})
    assert (other / "out.jsonl.parts" / "STOP").exists()


async def test_a_stop_flag_ends_every_worker_and_the_job_is_not_complete(
    cluster: Any, gateway: Emulator, tmp_path: Path
) -> None:
    items = [chat(f"c{number}") for number in range(64)]

    def stop(report: ShardReport) -> None:
        set_stop(str(tmp_path / "out.jsonl.parts"))

    report = await run(cluster, gateway, tmp_path, items, on_report=stop)
    assert (report.complete, report.finished, report.in_doubt) == (False, 8, [])
    assert 0 < report.ok == len(gateway.requests) < 64
    report = await run(cluster, gateway, tmp_path, items, resume=True)
    assert (report.complete, len(gateway.requests), len(lines(tmp_path / "out.jsonl"))) == (True, 64, 64)


async def test_a_key_that_the_gateway_does_not_know_stops_the_whole_job(
    cluster: Any, gateway: Emulator, tmp_path: Path
) -> None:
    items = [chat(f"c{number}") for number in range(80)]
    await give_workers_the_key(cluster, "sk-nobody")
    report = await run(cluster, gateway, tmp_path, items, concurrency=1)
    await give_workers_the_key(cluster, TEST_KEY)
    assert isinstance(report.stopped, AuthenticationError)
    assert (report.ok, report.failed, report.complete) == (0, 0, False)
    assert len(gateway.requests) < 20
    report = await run(cluster, gateway, tmp_path, items, resume=True)
    assert (report.complete, report.ok) == (True, 80)


async def test_ctrl_c_on_the_command_line_lets_every_worker_finish(
    cluster: Any, gateway: Emulator, tmp_path: Path
) -> None:
    gateway.script("chat.completions", *[SlowHeaders(seconds=0.1)] * 400)
    source = write(tmp_path / "in.jsonl", [chat(f"c{number}") for number in range(400)])
    target = tmp_path / "out.jsonl"
    arguments = ("batch", "run", source, "-o", str(target), "--cluster", cluster.scheduler_address)
    env = {"TIKHUB_AI_BASE_URL": gateway.base_url, "TIKHUB_AI_API_KEY": "sk-of-this-machine"}
    with start(*arguments, "--lines-per-shard", "20", "--concurrency", "2", env=env) as process:
        until(lambda: len(gateway.requests) > 10)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "to go on" in err
    assert doubts(tmp_path / "out.jsonl.parts") == []
    assert len(lines(target)) == len(gateway.requests) < 400


# ── before anything is sent ─────────────────────────────────────────────────────────────────────────────────────────

NOBODY = "tcp://127.0.0.1:1"


async def test_a_key_for_the_workers_is_refused(gateway: Emulator, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="its own environment"):
        await run(NOBODY, gateway, tmp_path, [chat("a")], worker_client={"api_key": TEST_KEY})


async def test_lines_are_checked_across_all_shards(gateway: Emulator, tmp_path: Path) -> None:
    items = [chat(f"c{number}") for number in range(20)]
    with pytest.raises(InputRefused, match="line 21 has the custom_id 'c0' of an earlier line"):
        await run(NOBODY, gateway, tmp_path, [*items, chat("c0")])
    assert not (tmp_path / "out.jsonl.parts").exists()


async def test_an_output_that_has_begun_is_resumed_or_refused(gateway: Emulator, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.parts").mkdir()
    with pytest.raises(JournalError, match="has begun"):
        await run(NOBODY, gateway, tmp_path, [chat("a")])
    (tmp_path / "out.jsonl.journal").touch()
    with pytest.raises(JournalError, match="ran on one machine"):
        await run(NOBODY, gateway, tmp_path, [chat("a")], resume=True)
