"""The command line as a process of its own: for signals, pipes and terminals."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import av

ROOT = Path(__file__).parents[2]
# SIGINT by name: it may be ignored in the process that runs the tests, and children inherit that.
START = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from tikhub_async._cli import main; sys.exit(main())"
)
PATIENCE = 30.0
"""Seconds until a process that should have said something has failed."""


def command(*arguments: str) -> list[str]:
    """What starts `tikhub-ai` in this interpreter."""
    return [sys.executable, "-c", START, *arguments]


def environment(**more: str) -> dict[str, str]:
    """An environment in which the package is found, without keys from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIKHUB_")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**kept, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **more}


def start(*arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """A running command with both outputs piped."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def frames_of(path: Path) -> int:
    """Pictures in a video file; reads all of them."""
    with av.open(str(path)) as file:
        return sum(1 for _ in file.decode(video=0))
