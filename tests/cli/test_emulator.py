"""`tikhub-ai emulator`."""

import shlex
import signal
import socket
import sys

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.processes import start
from tikhub_async._cli.output import ExitCode
from tikhub_async.testing import TEST_KEY


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_it_serves_until_ctrl_c(bare: CommandLine) -> None:
    with start("emulator", "--port", "0", env={}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = iter(process.stdout.readline, "")
        address = next(lines).split()[-1]
        key = next(lines).split()[-1]
        assert key == TEST_KEY
        export = next(line for line in lines if line.startswith("export "))
        assert shlex.split(export)[1:] == [f"TIKHUB_AI_BASE_URL={address}", f"TIKHUB_AI_API_KEY={key}"]
        assert next(line for line in lines if line.startswith("curl ")).startswith(f"curl -N {address}/v1/chat")
        assert process.stderr.readline() == "serving until Ctrl-C\n"
        bare._monkeypatch.setenv("TIKHUB_AI_API_KEY", key)
        assert bare("models", "--base-url", address).code == 0
        process.send_signal(signal.SIGINT)
        assert process.wait() == ExitCode.OK
        assert process.stderr.read() == "stopped\n"


def test_a_port_that_is_taken_is_an_error(bare: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = bare("emulator", "--port", str(taken.getsockname()[1]))
    assert (done.code, done.out) == (ExitCode.ERROR, "")
    assert "in use" in done.err
