"""Batch jobs: any number of lines, each paid once, killed and taken up again, on one machine or many.

`client.batch.run` and `client.batch.run_on_cluster` are the ways in; `docs/batch.md` is the guide. Here are its results, and what works on files without a
client: lines in doubt, shards, merging.
"""

from tikhub_async.batch.accessor import Batch
from tikhub_async.batch.dask import ClusterReport
from tikhub_async.batch.doubt import Decisions, InDoubt, decide, doubts
from tikhub_async.batch.formats import InputRefused, ItemError
from tikhub_async.batch.options import BatchOptions
from tikhub_async.batch.parts import MergeReport, merge
from tikhub_async.batch.results import BatchReport, BatchResult
from tikhub_async.batch.runner import BatchRun
from tikhub_async.batch.shard import Shard, ShardOptions, ShardReport, run_shard, split
from tikhub_async.batch.signals import drain_on_signals

__all__ = [
    "Batch",
    "BatchOptions",
    "BatchReport",
    "BatchResult",
    "BatchRun",
    "ClusterReport",
    "Decisions",
    "InDoubt",
    "InputRefused",
    "ItemError",
    "MergeReport",
    "Shard",
    "ShardOptions",
    "ShardReport",
    "decide",
    "doubts",
    "drain_on_signals",
    "merge",
    "run_shard",
    "split",
]
