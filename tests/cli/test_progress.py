"""Bars and lines."""

import io
import sys

import pytest

from tikhub_async._cli import progress
from tikhub_async._cli.output import ExitCode, UsageError
from tikhub_async._cli.progress import Bars, Board, Lines


class Terminal(io.StringIO):
    """Something that claims to be one."""

    def isatty(self) -> bool:
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """stderr as a terminal of 80 columns; stdout stays what it is.

    No fixture, because pytest puts its own stderr back before the test begins.
    """
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return screen


def _play(board: Board) -> None:
    with board:
        board.add("1", "dog [[fail]]")
        board.add("2", "cat")
        board.show("1", "queued")
        board.show("1", "queued")
        board.show("2", "running", 40)
        board.note("by the way")
        board.line("data")
        board.end("1", "failed", good=False)
        board.end("2", "saved", good=True)
        assert board.report(UsageError("wrong")) is ExitCode.USAGE


def test_lines_are_printed_once_per_change(capsys: pytest.CaptureFixture[str]) -> None:
    _play(Lines())
    out, err = capsys.readouterr()
    assert out == "data\n"
    assert err.splitlines() == [
        "dog [[fail]]: queued",
        "cat: running 40 %",
        "by the way",
        "dog [[fail]]: failed",
        "cat: saved",
        "error: wrong",
    ]


def test_bars_move_and_data_stays_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = _terminal(monkeypatch)
    _play(Bars())
    assert capsys.readouterr().out == "data\n"
    shown = terminal.getvalue()
    for text in ("dog [[fail]]", "cat", "failed", "saved", "by the way", "wrong", "━"):
        assert text in shown


def test_long_addresses_are_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    address = f"https://example.org/{'x' * 200}"
    with Bars() as board:
        board.note(address)
    assert address in terminal.getvalue()


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    _terminal(monkeypatch)
    assert isinstance(progress.make_board(), Bars)


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_everything_else_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    if term == "dumb":
        monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(progress.make_board(), Lines)
