"""Every example runs against the emulator, as it is."""

import importlib
import pkgutil
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from tikhub_async import _tasks
from tikhub_async.testing import TEST_KEY, Emulator, Truncate, serve_in_thread

EXAMPLES = Path(__file__).parents[1] / "examples"

Example = Callable[..., int]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator that the examples find through the environment, and a poller in a hurry."""
    for module in pkgutil.iter_modules(_tasks.__path__, f"{_tasks.__name__}."):
        for name in ("FIRST_LOOK", "FIRST_INTERVAL", "LONGEST_INTERVAL"):
            if name in vars(importlib.import_module(module.name)):
                monkeypatch.setattr(f"{module.name}.{name}", 0.05)
    with serve_in_thread(Emulator(pace=0, task_seconds=0.2)) as emulator:
        monkeypatch.setenv("TIKHUB_AI_BASE_URL", emulator.base_url)
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        yield emulator


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Example:
    """Runs an example like a program; its exit code."""

    def run(name: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def _plays(path: Path) -> bool:
    with av.open(str(path)) as file:
        return any(True for _ in file.decode(video=0))


def test_there_is_a_test_for_every_example() -> None:
    """Those in folders have tests of their own: `tests/relay` and `tests/web`."""
    tested = {"chat_stream.py", "many_videos.py", "record_replay.py", "video_task.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"__init__.py", *tested}
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] != "_"} == {"relay", "webapp"}


def test_chat_stream(gateway: Emulator, run: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat_stream.py", "Why?") == 0
    out, err = capsys.readouterr()
    assert out.startswith("You said: “Why?”. This is gpt-5-mini")
    assert "tokens; request id" in err


def test_chat_stream_says_when_it_breaks_off(
    gateway: Emulator, run: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.script("chat.completions", Truncate(after_events=4))
    assert run("chat_stream.py") == 1
    assert "broke off" in capsys.readouterr().err


def test_record_replay(gateway: Emulator, run: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "hello"
    assert run("record_replay.py", str(folder)) == 0
    said = capsys.readouterr().out
    asked = len(gateway.requests)
    assert run("record_replay.py", str(folder)) == 0
    assert capsys.readouterr().out == said
    assert len(gateway.requests) == asked
    assert not any(TEST_KEY.encode() in path.read_bytes() for path in folder.rglob("*.*"))


def test_video_task(gateway: Emulator, run: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dog.mp4"
    assert run("video_task.py", "A dog", str(path)) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert _plays(path)
    assert list(tmp_path.iterdir()) == [path]


def test_video_task_goes_on_where_it_was_stopped(
    gateway: Emulator, run: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dog.mp4"

    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr("tikhub_async._tasks.VideoTask.wait", stop)
        with pytest.raises(KeyboardInterrupt):
            run("video_task.py", "A dog", str(path))
    assert run("video_task.py", "A dog", str(path)) == 0
    assert _plays(path)
    assert len(gateway.paid) == 1


def test_video_task_that_fails(
    gateway: Emulator, run: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("video_task.py", "A dog [[fail=too dark]]", str(tmp_path / "dog.mp4")) == 1
    assert "too dark" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_many_videos(gateway: Emulator, run: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("many_videos.py", str(tmp_path / "new")) == 0
    saved = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(saved) == sorted((tmp_path / "new").iterdir())
    assert len(saved) == len(gateway.paid) == 3
    assert all(_plays(path) for path in saved)


def test_many_videos_with_one_that_fails(
    gateway: Emulator, run: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("many_videos.py", str(tmp_path), "A dog", "A cat [[fail=too dark]]") == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert "too dark" in err
