"""Many waiting tasks: short forms of `benchmarks.bench_tasks`, with the same promises."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.bench_task_peers import Figures, Sizes, measured
from benchmarks.bench_tasks import apart, run_simulated, run_wired
from benchmarks.task_peers import PEERS, OpenAI, Ours, Peer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]


def test_looks_over_loopback_keep_budget_turns_and_connections() -> None:
    # 300 tasks at 100 looks a second: everybody's turn is every 3 s.
    run = apart(run_wired, 300, 100.0, 4.5, 1.0, 0.02)
    assert run.rate == pytest.approx(100, rel=0.05)
    assert run.longest_gap <= 300 / 100 * 1.15
    assert run.connections <= run.cap
    assert run.loop_tasks <= run.cap + 4
    assert sys.flags.dev_mode or run.memory <= 300 * 0.006 + 3  # MB; 60 for 10,000, and what connections and code add


def test_the_cost_of_a_look_does_not_grow_with_the_number_of_tasks() -> None:
    few, many = ([run_simulated(tasks) for _ in range(2)] for tasks in (500, 6_000))
    assert min(run.per_look for run in many) <= min(run.per_look for run in few) * 1.5
    assert many[0].longest_gap <= 30 * 1.1  # tasks / budget


SHORT = Sizes(
    good=2, seconds=1.0, deadline=2.0, patience=7.0, outage=(0.2, 1.0), out=1, many=20, watched=1.0
)  # fmt: skip


def test_beside_another_client_ours_asks_less_and_ends_as_it_should() -> None:
    def figures(peer: type[Peer]) -> Figures:
        if not peer.is_installed():
            pytest.skip(f"{peer.module} is not installed")
        told: Figures = apart(measured, PEERS.index(peer), SHORT)
        return told

    with ThreadPoolExecutor(2) as pool:
        ours, other = pool.map(figures, (Ours, OpenAI))
    assert (ours.failure, ours.survived) == ("TaskFailed", "1 of 1")
    assert ours.kept.startswith("TaskTimeout after 2")
    assert ours.requests == 1
    assert (other.failure, other.kept) == ("returned 'failed'", "no: waits for ever")
    assert other.requests >= 2
