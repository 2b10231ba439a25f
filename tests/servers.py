"""The raw server that tests script byte by byte, under the name they know it by."""

from tikhub_async.testing.faultserver import (
    FIN,
    HALF,
    RST,
    STALL,
    FaultServer,
    Pause,
    Reply,
    Seen,
    Step,
    Steps,
    chunk,
    head,
    ranged,
    redirect,
    streamed,
    whole,
)

__all__ = [
    "FIN", "HALF", "RST", "STALL", "FaultServer", "Pause", "Reply", "ScriptedServer", "Seen", "Step", "Steps",
    "chunk", "head", "ranged", "redirect", "streamed", "whole",
]  # fmt: skip

ScriptedServer = FaultServer
