"""Streamed answers: `EventStream`, what it asks of a dialect, and the errors in which it may end."""

from tikhub_async._streams.accumulator import Accumulator
from tikhub_async._streams.stream import DONE, EventStream
from tikhub_async._streams.views import StreamStats, TextStream

__all__ = ["DONE", "Accumulator", "EventStream", "StreamStats", "TextStream"]
