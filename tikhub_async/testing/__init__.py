"""A gateway in a box for tests, yours and ours: emulator, raw server, scripted faults, virtual time."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tikhub_async.testing.clock import FakeClock
    from tikhub_async.testing.emulator import Emulator
    from tikhub_async.testing.faults import (
        FIN,
        HALF,
        RST,
        STALL,
        BreaksOff,
        Drop,
        Empty,
        Error,
        ErrorInStream,
        Fault,
        Html,
        NoFinish,
        Normal,
        Pause,
        PingsOnly,
        RateLimited,
        Raw,
        RepeatStart,
        Reply,
        Reset,
        SlowHeaders,
        Stall,
        TaskExpires,
        TaskFails,
        TaskHangs,
        Truncate,
    )
    from tikhub_async.testing.faultserver import FaultServer
    from tikhub_async.testing.keys import (
        BANNED_KEY,
        BLOCKED_IP_KEY,
        BROKE_KEY,
        DISABLED_KEY,
        EXHAUSTED_KEY,
        EXPIRED_KEY,
        LIMITED_KEY,
        LIMITED_MODELS,
        LOW_QUOTA_KEY,
        OTHER_KEY,
        TEST_KEY,
    )
    from tikhub_async.testing.record import Recorder, Recording, Replay
    from tikhub_async.testing.records import PaidCreation, RecordedRequest
    from tikhub_async.testing.threaded import serve_in_thread

__all__ = [
    "BANNED_KEY",
    "BLOCKED_IP_KEY",
    "BROKE_KEY",
    "BreaksOff",
    "DISABLED_KEY",
    "Drop",
    "EXHAUSTED_KEY",
    "EXPIRED_KEY",
    "Empty",
    "Emulator",
    "Error",
    "ErrorInStream",
    "FIN",
    "FakeClock",
    "Fault",
    "FaultServer",
    "HALF",
    "Html",
    "LIMITED_KEY",
    "LIMITED_MODELS",
    "LOW_QUOTA_KEY",
    "NoFinish",
    "Normal",
    "OTHER_KEY",
    "PaidCreation",
    "Pause",
    "PingsOnly",
    "RST",
    "RateLimited",
    "Raw",
    "RecordedRequest",
    "Recorder",
    "Recording",
    "RepeatStart",
    "Replay",
    "Reply",
    "Reset",
    "STALL",
    "SlowHeaders",
    "Stall",
    "TEST_KEY",
    "TaskExpires",
    "TaskFails",
    "TaskHangs",
    "Truncate",
    "serve_in_thread",
]

_HOMES = {
    "Emulator": "emulator",
    "FaultServer": "faultserver",
    "FakeClock": "clock",
    "PaidCreation": "records",
    "RecordedRequest": "records",
    "Recorder": "record",
    "Recording": "record",
    "Replay": "record",
    "serve_in_thread": "threaded",
    **{name: "keys" for name in __all__ if name.endswith(("_KEY", "_MODELS"))},
}
"""Module of each name; everything else is a fault."""


def __getattr__(name: str) -> object:
    # Lazy, because pytest imports this package through the plugin in every run of every project that has it installed:
    # that must cost nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'faults')}"), name)
