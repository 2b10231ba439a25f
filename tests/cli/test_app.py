"""What all commands share: help, versions, exit codes, errors."""

import subprocess
import sys

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.processes import environment
from tikhub_async import errors
from tikhub_async._cli import output
from tikhub_async._cli.output import MEANINGS, ExitCode, KeyMissing, UsageError, code_of
from tikhub_async._version import __version__

COMMANDS = (
    ("demo",),
    ("chat",),
    ("models",),
    ("emulator",),
    ("doctor",),
    ("video",),
    ("video", "seedance"),
    ("video", "sora"),
    ("video", "kling"),
    ("video", "veo"),
    ("video", "attach"),
    ("batch",),
    ("batch", "run"),
    ("batch", "resume"),
    ("batch", "doubt"),
    ("batch", "merge"),
)


def test_help_names_every_command_and_every_exit_code(bare: CommandLine) -> None:
    done = bare("--help")
    assert done.code == 0
    for name in ("demo", "chat", "video", "models", "emulator", "doctor"):
        assert f"│ {name} " in done.out
    for code, meaning in MEANINGS.items():
        assert f"{code:5d}  {meaning}" in done.lines
    assert set(MEANINGS) == set(ExitCode)


def test_help_says_where_the_key_comes_from(bare: CommandLine) -> None:
    assert "TIKHUB_AI_API_KEY" in bare("--help").out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_all_its_options(bare: CommandLine, command: tuple[str, ...]) -> None:
    done = bare(*command, "--help")
    assert done.code == 0
    assert done.err == ""
    for line in done.lines:
        assert len(line) <= 80
        if line.startswith("│ --"):
            assert len(line.strip("│ ").split("  ", 1)) == 2, f"no explanation: {line}"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_takes_a_key(bare: CommandLine, command: tuple[str, ...]) -> None:
    """Command lines are public: `ps` shows them."""
    assert "key" not in " ".join(word for word in bare(*command, "--help").out.split() if word.startswith("--"))
    assert bare(*command, "--api-key", "sk-x").code == ExitCode.USAGE


def test_the_version(bare: CommandLine) -> None:
    done = bare("--version")
    assert (done.code, done.out) == (0, f"tikhub-ai {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("chta",), "chat"),
        (("chat", "--provider", "nobody"), "tikhub-ai chat --help"),
        (("chat", "one", "two"), "two"),
        (("video", "seedance"), "PROMPT"),
        (("video", "seedance", "a dog", "--duration", "long"), "duration"),
    ],
)
def test_wrong_arguments_say_what_would_be_right(bare: CommandLine, arguments: tuple[str, ...], hint: str) -> None:
    done = bare(*arguments)
    assert done.code == ExitCode.USAGE
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert hint in done.err


def test_without_a_key_nothing_is_tried(bare: CommandLine) -> None:
    done = bare("chat", "Hello")
    assert done.code == ExitCode.ACCESS
    assert "TIKHUB_AI_API_KEY" in done.err
    assert "tikhub-ai demo" in done.err


def test_without_cyclopts_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, bare: CommandLine) -> None:
    monkeypatch.delitem(sys.modules, "tikhub_async._cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    done = bare("--help")
    assert done.code == ExitCode.USAGE
    assert "pip install 'tikhub-async[cli]'" in done.err


def test_help_imports_no_aiohttp() -> None:
    """`--help` is what people wait for most often."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tikhub_async", "--help"],
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    imported = {
        line.rpartition("|")[2].strip() for line in shown.stderr.splitlines() if line.startswith("import time:")
    }
    assert "cyclopts" in imported
    assert "aiohttp" not in imported


def _status(kind: type[errors.APIStatusError], stage: str | None = None) -> errors.APIStatusError:
    return kind("no", status_code=400, stage=stage)


TASK = {"provider": "seedance", "id": "task_1"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_status(errors.BadRequestError), ExitCode.ERROR),
        (_status(errors.RateLimitError), ExitCode.ERROR),
        (_status(errors.AuthenticationError), ExitCode.ACCESS),
        (_status(errors.PermissionDeniedError), ExitCode.ACCESS),
        (_status(errors.QuotaError), ExitCode.ACCESS),
        (_status(errors.OverloadedError, stage="stream"), ExitCode.IN_DOUBT),
        (errors.APIConnectionError("no"), ExitCode.ERROR),
        (errors.StreamInterrupted("cut"), ExitCode.IN_DOUBT),
        (errors.StreamTimeout("late"), ExitCode.IN_DOUBT),
        (errors.InDoubtError("?", provider="seedance", sent="", sent_at=0), ExitCode.IN_DOUBT),
        (errors.TaskFailed("no", task=TASK), ExitCode.ERROR),
        (errors.TaskTimeout("late", task=TASK), ExitCode.ERROR),
        (errors.DownloadError("cut"), ExitCode.ERROR),
        (errors.InvalidParameter("duration", "too long"), ExitCode.USAGE),
        (errors.ConfigError("base_url"), ExitCode.USAGE),
        (KeyMissing("no key"), ExitCode.ACCESS),
        (UsageError("no"), ExitCode.USAGE),
        (PermissionError("disk"), ExitCode.ERROR),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_exit_code(error: BaseException, code: ExitCode) -> None:
    assert code_of(error) is code


def test_what_steers_a_terminal_is_not_shown() -> None:
    assert output.visible("a\x1b]0;title\x07b\x9b31mc\td\n") == "a]0;titleb31mc\td\n"


def test_data_in_a_pipe_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.write("a\x1b[31mb")
    assert capsys.readouterr().out == "a\x1b[31mb"
