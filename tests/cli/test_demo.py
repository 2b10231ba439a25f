"""`tikhub-ai demo`: the first thing that anybody runs."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.processes import command, environment, frames_of
from tikhub_async._cli.demo import CODE, QUESTION

SAYS_WHY = "failed: 'The request failed because the output video may contain sensitive information.'"


def _check_story(text: str) -> None:
    """The steps, in their order."""
    steps = (
        "No key, no network, no cost",
        QUESTION,
        "inside the emulator",
        "Three videos",
        "A batch of 40 lines",
        "40 requests in all",
        "What happened",
        "paid creations",
        "do next",
    )
    places = [text.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)


def _check_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["lighthouse.mp4", "tram.mp4"]
    assert all(frames_of(path) for path in folder.iterdir())


def test_fast_it_tells_everything_in_a_moment(bare: CommandLine, tmp_path: Path) -> None:
    done = bare("demo", "--fast", "--output", str(tmp_path / "demo"))
    assert done.code == 0
    _check_story(done.out)
    assert "3 paid creations" in done.out
    assert f"saved {tmp_path / 'demo' / 'tram.mp4'}" in done.lines
    assert "error: seedance task task_" in done.err
    assert SAYS_WHY in done.err
    _check_files(tmp_path / "demo")


def test_it_can_be_run_again(bare: CommandLine, tmp_path: Path) -> None:
    for _ in range(2):
        assert bare("demo", "--fast", "--output", str(tmp_path)).code == 0
    _check_files(tmp_path)


def test_the_code_it_shows_is_python() -> None:
    compile(CODE, "shown by the demo", "exec")


@pytest.mark.slow
def test_in_a_pipe_it_takes_ten_seconds_and_prints_a_line_per_change(tmp_path: Path) -> None:
    started = time.monotonic()
    done = subprocess.run(
        command("demo"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert 5 < time.monotonic() - started < 20
    _check_story(done.stdout)
    _check_files(tmp_path / "tikhub-demo")
    assert "\x1b" not in done.stdout + done.stderr
    for name, end in (("lighthouse", "saved"), ("forbidden", "failed"), ("tram", "saved")):
        states = re.findall(rf"^{name}: (.*)$", done.stderr, re.MULTILINE)
        assert len(states) == len(set(states))
        assert any(state.startswith("running") for state in states)
        assert states[-1] == end


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_on_a_terminal_its_bars_move(tmp_path: Path) -> None:
    text, code = _on_a_terminal(command("demo", "--fast"), tmp_path)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    _check_story(plain)
    assert SAYS_WHY in plain.replace("\r\n", "")
    assert "\x1b[2K" in text, "nothing was drawn over"
    assert "\x1b[?25l" in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"), "the cursor was not shown again"
    assert re.search(r"tram +━+.*saved", plain)
    assert re.search(r"forbidden +━+.*failed", plain)
    _check_files(tmp_path / "tikhub-demo")


def _on_a_terminal(arguments: list[str], folder: Path) -> tuple[str, int]:
    """What a command draws on a terminal of 100 columns, and its exit code."""
    import pty

    ours, theirs = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS="100", LINES="40")
    env = {name: value for name, value in env.items() if name not in {"NO_COLOR", "CI"}}
    with subprocess.Popen(arguments, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        try:
            while piece := os.read(ours, 65536):
                drawn += piece
        except OSError:
            pass  # Linux says EIO once the other side is closed
        finally:
            os.close(ours)
        return drawn.decode("utf-8", "replace"), process.wait()
