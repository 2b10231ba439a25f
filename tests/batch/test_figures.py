"""The figures of the guide in short form; the long forms are commands, see `benchmarks/`."""

import sys

import pytest

from benchmarks import batch_limit, batch_throughput

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]


def test_a_batch_costs_about_twice_what_bare_aiohttp_does_and_its_memory_is_flat() -> None:
    few, many = batch_throughput.grown(500), batch_throughput.compare(3_000)
    assert many["batch_us_cpu"] < 3 * many["bare_us_cpu"], many
    assert many["batch_grown"] < 80
    assert many["batch_grown"] - few < 10


def test_it_finds_the_limit_of_a_real_server() -> None:
    # A fixed width of 256 has 64 % and more refused. The bounds leave room for a short run on a busy machine.
    row = batch_limit.measure(2_000, {"concurrency": 256})
    assert row["refused"] < 0.1, row
    assert 0.5 * batch_limit.LIMIT <= row["settled"] <= batch_limit.LIMIT + 1, row
