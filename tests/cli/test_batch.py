"""`tikhub-ai batch`: files in, files out, exit codes, signals."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.batch.test_runner import chat, lines, video, write
from tests.cli.conftest import CommandLine
from tests.cli.processes import command, environment, start, until
from tikhub_async._cli.batch_board import Rate, clock_of
from tikhub_async._cli.output import ExitCode
from tikhub_async.batch import doubts
from tikhub_async.testing import BROKE_KEY, TEST_KEY, Drop, Emulator, Error, RateLimited, SlowHeaders, TaskHangs


def paths(tmp_path: Path, items: list[dict[str, Any]]) -> tuple[str, str]:
    return write(tmp_path / "in.jsonl", items), str(tmp_path / "out.jsonl")


def test_a_file_is_run_and_summed_up(run: CommandLine, tmp_path: Path) -> None:
    source, target = paths(tmp_path, [chat(f"c{number}") for number in range(30)])
    done = run("batch", "run", source, "-o", target)
    assert (done.code, done.out) == (ExitCode.OK, "")
    assert "30 of 30" in done.err
    assert f"30 answers, 0 failures, 0 from before, in {target}" in done.err
    assert len(lines(Path(target))) == 30


def test_for_machines_the_summary_is_json(run: CommandLine, tmp_path: Path) -> None:
    source, target = paths(tmp_path, [chat("a"), video("v")])
    done = run("batch", "run", source, "-o", target, "--json", "--poll-interval", "0.05")
    assert done.code == ExitCode.OK
    summary = json.loads(done.out)
    assert (summary["total"], summary["ok"], summary["complete"], summary["errors"]) == (2, 2, True, {})
    assert summary["quota"] > 0


def test_failures_are_named_and_are_an_error(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("chat.completions", Error(status=400, code="bad"), Error(status=400, code="bad"))
    source, target = paths(tmp_path, [chat(f"c{number}") for number in range(5)])
    done = run("batch", "run", source, "-o", target)
    assert done.code == ExitCode.ERROR
    assert "2 failed (bad 2)" in done.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"url":"/v1/models"}', "line 2 needs a custom_id"),
        ('{"custom_id":"a","url":"/v1/models","method":"GET"}', "of an earlier line"),
    ],
)
def test_a_bad_input_is_refused_and_nothing_is_sent(
    run: CommandLine, gateway: Emulator, tmp_path: Path, text: str, says: str
) -> None:
    source, target = paths(tmp_path, [chat("a")])
    with open(source, "a") as file:
        file.write(text + "\n")
    done = run("batch", "run", source, "-o", target)
    assert done.code == ExitCode.USAGE
    assert says in done.err
    assert gateway.requests == []


def test_a_missing_input_and_a_begun_output(run: CommandLine, tmp_path: Path) -> None:
    source, target = paths(tmp_path, [chat("a")])
    assert run("batch", "run", source + "x", "-o", target).code == ExitCode.USAGE
    assert run("batch", "run", source, "-o", target).code == ExitCode.OK
    again = run("batch", "run", source, "-o", target)
    assert again.code == ExitCode.ERROR
    assert "batch resume" in again.err
    assert run("batch", "resume", source, "-o", target).code == ExitCode.OK


def test_a_limit_stops_it_and_resume_goes_on(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    source, target = paths(tmp_path, [chat(f"c{number}") for number in range(10)])
    done = run("batch", "run", source, "-o", target, "--max-items", "4")
    assert done.code == ExitCode.ERROR
    assert "max_items=4" in done.err
    assert f"batch resume … -o {target}" in done.err
    done = run("batch", "resume", source, "-o", target)
    assert done.code == ExitCode.OK
    assert "6 answers, 0 failures, 4 from before" in done.err
    assert len(gateway.requests) == 10


def test_an_empty_balance_is_a_matter_of_access(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKHUB_AI_API_KEY", BROKE_KEY)
    source, target = paths(tmp_path, [video("v")])
    assert run("batch", "run", source, "-o", target).code == ExitCode.ACCESS


def test_what_is_in_doubt_is_listed_decided_and_acted_on(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("seedance.create", Drop(), Drop(), Drop())
    source, target = paths(tmp_path, [video("a"), video("b"), video("c")])
    quick = ("--poll-interval", "0.05")
    done = run("batch", "run", source, "-o", target, *quick)
    assert done.code == ExitCode.IN_DOUBT
    assert "batch doubt" in done.err
    listed = run("batch", "doubt", target)
    assert listed.code == ExitCode.IN_DOUBT
    assert [line.split("\t")[0] for line in sorted(listed.lines)] == ["a", "b", "c"]
    assert "--adopt CUSTOM_ID=TASK_ID" in listed.err
    assert "may still be on their way" in listed.err
    shown = [json.loads(line) for line in run("batch", "doubt", target, "--json").lines]
    assert {line["custom_id"]: line["body"]["content"][0]["text"] for line in shown} == dict.fromkeys("abc", "A dog")
    decided = run("batch", "doubt", target, "--adopt", f"a={gateway.paid[0].id}", "--drop", "b", "--retry", "c")
    assert (decided.code, decided.err.splitlines()[0]) == (
        ExitCode.OK,
        "3 decided; `tikhub-ai batch resume` acts on it",
    )
    assert run("batch", "doubt", target).code == ExitCode.OK
    assert run("batch", "resume", source, "-o", target, *quick).code == ExitCode.OK
    found = lines(Path(target))
    assert found["a"]["response"]["task"]["id"] == gateway.paid[0].id
    assert found["b"]["error"]["code"] == "dropped"
    assert found["c"]["response"] is not None
    assert len(gateway.paid) == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--adopt", "x"), ExitCode.USAGE), (("--retry", "nobody"), ExitCode.ERROR)],
)
def test_a_decision_that_cannot_be(
    run: CommandLine, tmp_path: Path, arguments: tuple[str, ...], code: ExitCode
) -> None:
    source, target = paths(tmp_path, [chat("a")])
    run("batch", "run", source, "-o", target)
    assert run("batch", "doubt", target, *arguments).code == code


def test_a_file_of_nobody_has_no_doubts(run: CommandLine, tmp_path: Path) -> None:
    done = run("batch", "doubt", str(tmp_path / "none.jsonl"))
    assert done.code == ExitCode.ERROR
    assert "no journal" in done.err


def test_videos_are_saved_where_they_were_wanted(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    items = [video("film")]
    items[0]["url"], items[0]["body"] = "/v1/videos", {"model": "sora-2", "prompt": "A dog"}
    source, target = paths(tmp_path, items)
    films = str(tmp_path / "films")
    done = run("batch", "run", source, "-o", target, "--videos", films, "--poll-interval", "0.05")
    assert done.code == ExitCode.OK, done.err
    (film,) = (tmp_path / "films").iterdir()
    assert film.name.startswith("film-")


def test_parts_are_merged(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "part-000000.1.jsonl").write_text('{"custom_id":"a","response":{},"error":null}\n')
    (tmp_path / "part-000000.2.jsonl").write_text('{"custom_id":"a","response":{},"error":null}\n')
    target = tmp_path / "out.jsonl"
    done = run("batch", "merge", str(tmp_path), "-o", str(target))
    assert done.code == ExitCode.OK
    assert "1 lines from 2 parts" in done.err
    assert lines(target).keys() == {"a"}
    assert run("batch", "merge", str(tmp_path / "none"), "-o", str(target)).code == ExitCode.ERROR


def test_a_cluster_job_that_has_begun_is_resumed_or_refused(run: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    source, target = paths(tmp_path, [chat("a")])
    Path(f"{target}.parts").mkdir()
    done = run("batch", "run", source, "-o", target, "--cluster", "tcp://127.0.0.1:1")
    assert done.code == ExitCode.ERROR
    assert "batch resume" in done.err


def test_what_was_sent_again_is_told(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("chat.completions", Drop())
    source, target = paths(tmp_path, [chat("a"), chat("b")])
    done = run("batch", "run", source, "-o", target, "--json")
    assert (done.code, json.loads(done.out)["repeated"]) == (ExitCode.OK, 1)
    assert "1 sent again" in done.err


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_rate_is_that_of_late_and_tells_the_rest() -> None:
    rate = Rate()
    assert (rate.per_second, rate.left(0, 100)) == (0.0, None)
    for second in range(60):
        rate.note(10 * second if second < 40 else 400 + 100 * (second - 40), float(second))
    assert rate.per_second == pytest.approx(100, rel=0.1)
    assert rate.left(2300, 3300) == pytest.approx(10, rel=0.1)
    assert rate.left(2300, None) is None


@pytest.mark.parametrize(("seconds", "text"), [(None, "–"), (0, "0:00"), (61.4, "1:01"), (3723, "1:02:03")])
def test_times_are_shown_as_people_read_them(seconds: float | None, text: str) -> None:
    assert clock_of(seconds) == text


# ── signals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals for one process")


def run_process(gateway: Emulator, source: str, target: str, *more: str) -> "subprocess.Popen[str]":
    env = {"TIKHUB_AI_BASE_URL": gateway.base_url, "TIKHUB_AI_API_KEY": TEST_KEY}
    return start("batch", "run", source, "-o", target, *more, env=env)


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains(gateway: Emulator, tmp_path: Path, number: signal.Signals) -> None:
    gateway.script("chat.completions", *[SlowHeaders(seconds=0.3)] * 500)
    gateway.script("seedance.create", TaskHangs(), TaskHangs())
    items = [video("v1"), video("v2"), *(chat(f"c{index}") for index in range(400))]
    source, target = paths(tmp_path, items)
    with run_process(gateway, source, target, "--concurrency", "4") as process:
        until(lambda: len(gateway.paid) == 2 and len(gateway.seen("chat.completions")) > 6)
        process.send_signal(number)
        _, err = process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert "Ctrl-C again" in err
    assert "to go on" in err
    assert doubts(target) == []
    assert len(lines(Path(target))) == len(gateway.seen("chat.completions")) < 400


@needs_signals
def test_the_second_signal_stops_and_says_what_is_in_doubt(gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("chat.completions", *[SlowHeaders(seconds=None)] * 4)
    source, target = paths(tmp_path, [chat(f"c{index}") for index in range(4)])
    with run_process(gateway, source, target, "--json") as process:
        until(lambda: len(gateway.seen("chat.completions")) == 4)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = ""
        while "Ctrl-C again" not in told:
            told += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == ExitCode.IN_DOUBT, err
    assert sorted(json.loads(out)["doubts"]) == ["c0", "c1", "c2", "c3"]
    assert len(doubts(target)) == 4


@needs_signals
@pytest.mark.slow
def test_on_a_terminal_its_rows_move(gateway: Emulator, tmp_path: Path) -> None:
    import pty

    gateway.script("chat.completions", *[SlowHeaders(seconds=0.2)] * 30, Error(status=400, code="odd"), RateLimited())
    source, target = paths(tmp_path, [chat(f"c{index}") for index in range(40)])
    ours, theirs = pty.openpty()
    env = environment(
        TERM="xterm-256color", COLUMNS="100", TIKHUB_AI_BASE_URL=gateway.base_url, TIKHUB_AI_API_KEY=TEST_KEY
    )
    env = {name: value for name, value in env.items() if name not in {"NO_COLOR", "CI"}}
    arguments = command("batch", "run", source, "-o", target, "--concurrency", "8")
    with subprocess.Popen(arguments, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        drawn = b""
        try:
            while piece := os.read(ours, 65536):
                drawn += piece
        except OSError:
            pass  # Linux says EIO once the other side is closed
        finally:
            os.close(ours)
    text = drawn.decode("utf-8", "replace")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert process.returncode == ExitCode.ERROR
    assert re.search(r"━+ 40 of 40 · [0-9.,]+/s · ETA ", plain)
    assert re.search(r"in flight of 8 · [0-9,]+ \+ [0-9,]+ tokens", plain)
    assert "1 failed (odd 1)" in plain
    assert "\x1b[2K" in text, "nothing was drawn over"
