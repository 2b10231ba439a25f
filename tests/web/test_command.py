"""`python -m examples.webapp`: one command, no key."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.cli.processes import ROOT, environment

pytest.importorskip("starlette", reason="starlette is not installed: pip install '.[web]'")
pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install '.[web]'")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetch(url: str) -> str:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            assert time.monotonic() < deadline, "the application did not start"
            time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_one_command_serves_it_without_a_key() -> None:
    port = free_port()
    start = (
        "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"sys.argv = ['webapp', '--port', '{port}']; runpy.run_module('examples.webapp', run_name='__main__')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", start], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert "One key, eight providers" in fetch(f"http://127.0.0.1:{port}/")
            assert '"Seedance"' in fetch(f"http://127.0.0.1:{port}/choices")
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert b"no key, no cost" in out
    assert b"Traceback" not in err
