"""The command line in this process: arguments in, exit code and both outputs back; and an emulator it talks to."""

import asyncio
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tikhub_async._cli import main
from tikhub_async.testing import TEST_KEY, Emulator, serve_in_thread


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Lines of stdout."""
        return self.out.splitlines()


class CommandLine:
    """Runs commands, with the key and the address of the emulator in the environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "", terminal: bool = False) -> Done:
        """Run one; `terminal` says what stdin claims to be."""
        given = io.StringIO(stdin)
        self._monkeypatch.setattr(given, "isatty", lambda: terminal)
        self._monkeypatch.setattr(sys, "stdin", given)
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        return Done(code, out, err)


@pytest.fixture
def gateway() -> Iterator[Emulator]:
    """An emulator on a loop of its own: commands run loops of theirs."""
    with serve_in_thread(Emulator(pace=0, task_seconds=0.2)) as emulator:
        yield emulator
        asyncio.run(emulator.assert_no_leaks())


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Commands without a key."""
    return CommandLine(monkeypatch, capsys)


@pytest.fixture
def run(gateway: Emulator, bare: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Commands against the emulator."""
    monkeypatch.setenv("TIKHUB_AI_BASE_URL", gateway.base_url)
    monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
    return bare
