"""Ctrl-C: what is paid for is never lost."""

import signal
import subprocess
import sys

import pytest

from tests.cli.processes import start, until
from tikhub_async._cli.client import attach_command
from tikhub_async._cli.output import ExitCode
from tikhub_async.testing import TEST_KEY, Emulator, SlowHeaders, Stall, TaskHangs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")


def run(gateway: Emulator, *arguments: str) -> "subprocess.Popen[str]":
    return start(*arguments, env={"TIKHUB_AI_BASE_URL": gateway.base_url, "TIKHUB_AI_API_KEY": TEST_KEY})


def test_waiting_tasks_can_be_taken_up_again(gateway: Emulator) -> None:
    gateway.script("seedance.create", TaskHangs(), TaskHangs())
    with run(gateway, "video", "seedance", "A dog", "--wait", "--count", "2", "--poll-interval", "0.05") as process:
        until(lambda: len({request.path for request in gateway.seen("seedance.retrieve")}) == 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert out == ""
    for paid in gateway.paid:
        assert f"  {attach_command('seedance', paid.id)}\n" in err
    assert err.endswith("interrupted\n")


def test_a_creation_in_flight_is_let_finish_and_named(gateway: Emulator) -> None:
    gateway.script("seedance.create", SlowHeaders(seconds=0.7))
    with run(gateway, "video", "seedance", "A dog", "--wait") as process:
        until(lambda: gateway.paid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert out == ""
    assert f"created all the same: {attach_command('seedance', gateway.paid[0].id)}\n" in err
    assert len(gateway.paid) == 1


def test_a_chat_keeps_what_it_printed(gateway: Emulator) -> None:
    gateway.script("chat.completions", Stall(after_events=4))
    with run(gateway, "chat", "Hello") as process:
        assert process.stdout is not None
        begun = process.stdout.read(len("You said: “Hello”."))
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert begun + rest == "You said: “Hello”.\n"
    assert err == "interrupted\n"
