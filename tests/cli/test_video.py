"""`tikhub-ai video`: creations, waiting, files, tasks of earlier runs."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CommandLine, Done
from tests.cli.processes import frames_of
from tikhub_async._cli.client import attach_command
from tikhub_async._cli.makers import MAKERS
from tikhub_async._cli.output import ExitCode
from tikhub_async.testing import (
    BROKE_KEY,
    Drop,
    Emulator,
    Error,
    Normal,
    TaskFails,
    TaskHangs,
)

QUICK = ("--poll-interval", "0.05")
PNG = b"\x89PNG\r\n\x1a\n and so on"


def handles_in(done: Done) -> list[dict[str, Any]]:
    """The saved handles on stderr."""
    mark = "  saved handle: "
    return [json.loads(line.removeprefix(mark)) for line in done.err.splitlines() if line.startswith(mark)]


# ── creating ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_wait_stdout_is_what_attach_takes(run: CommandLine, gateway: Emulator) -> None:
    done = run("video", "seedance", "A dog")
    assert done.code == 0
    (paid,) = gateway.paid
    assert done.lines == [f"seedance {paid.id}"]
    assert f"tikhub-ai video attach seedance {paid.id} --wait" in done.err
    assert run("video", "attach", *done.lines[0].split()).code == 0


def test_the_saved_handle_is_printed_at_once(run: CommandLine, gateway: Emulator) -> None:
    (handle,) = handles_in(run("video", "seedance", "A dog"))
    assert handle["provider"] == "seedance"
    assert handle["id"] == gateway.paid[0].id


def test_json_without_wait_is_the_handle(run: CommandLine, gateway: Emulator) -> None:
    done = run("video", "seedance", "A dog", "--json")
    assert json.loads(done.out)["id"] == gateway.paid[0].id


def test_seedance_gets_what_was_asked(run: CommandLine, gateway: Emulator) -> None:
    options = "--model doubao-seedance-2-0-260128 --ratio 9:16 --duration 7 --resolution 1080p"
    run("video", "seedance", "A dog", *options.split())
    assert gateway.paid[0].body == {
        "model": "doubao-seedance-2-0-260128",
        "content": [{"type": "text", "text": "A dog"}],
        "ratio": "9:16",
        "duration": 7,
        "resolution": "1080p",
    }


def test_sora_gets_a_size(run: CommandLine, gateway: Emulator) -> None:
    run("video", "sora", "A dog", "--ratio", "9:16", "--duration", "8")
    assert gateway.paid[0].body == {"model": "sora-2", "prompt": "A dog", "size": "720x1280", "seconds": "8"}


def test_kling_with_an_image_goes_another_way(run: CommandLine, gateway: Emulator) -> None:
    done = run("video", "kling", "A dog", "--image", "https://example.org/dog.png")
    assert done.out.startswith("kling.image2video task_")
    assert gateway.paid[0].body["image"] == "https://example.org/dog.png"


def test_veo_gets_the_image_itself(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    image = tmp_path / "dog.png"
    image.write_bytes(PNG)
    assert run("video", "veo", "A dog", "--image", str(image)).code == 0
    (instance,) = gateway.paid[0].body["instances"]
    assert instance["image"]["mimeType"] == "image/png"
    done = run("video", "veo", "A dog", "--image", "https://example.org/dog.png")
    assert done.code == ExitCode.USAGE
    assert len(gateway.paid) == 1


def test_an_image_file_is_sent_along(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    image = tmp_path / "dog.png"
    image.write_bytes(PNG)
    assert run("video", "seedance", "A dog", "--image", str(image)).code == 0
    assert gateway.paid[0].body["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    "options",
    [
        ("seedance", "--image", "missing.png"),
        ("seedance", "--image", __file__),
        ("seedance", "--duration", "99"),
        ("seedance", "--duration", "99", "--count", "3"),
        ("seedance", "--count", "0"),
        ("seedance", "--output", __file__),
        ("seedance", "--count", "2", "--output", __file__),
        ("sora", "--ratio", "1:1"),
        ("sora", "--image", "https://example.org/dog.mp4"),
        ("kling", "--resolution", "720p"),
    ],
    ids=" ".join,
)
def test_what_cannot_work_is_refused_before_anything_is_paid(
    run: CommandLine, gateway: Emulator, options: tuple[str, ...]
) -> None:
    provider, *rest = options
    done = run("video", provider, "A dog", *rest)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert not gateway.requests
    assert done.err.count("error: ") == 1


def test_a_refused_creation(run: CommandLine, gateway: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKHUB_AI_API_KEY", BROKE_KEY)
    done = run("video", "seedance", "A dog", "--wait")
    assert (done.code, done.out) == (ExitCode.ACCESS, "")
    assert not gateway.paid


def test_a_creation_without_an_answer_is_in_doubt_and_not_repeated(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("seedance.create", Drop(when="before_answer"))
    done = run("video", "seedance", "A dog", "--wait")
    assert (done.code, done.out) == (ExitCode.IN_DOUBT, "")
    assert len(gateway.paid) == 1
    assert "not sent again" in done.err


# ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_wait_ends_with_the_address(run: CommandLine, gateway: Emulator) -> None:
    done = run("video", "seedance", "A dog", "--wait", *QUICK)
    assert done.code == 0
    (line,) = done.lines
    assert line.startswith(f"{gateway.base_url}/cdn/")


def test_progress_is_a_line_per_change(run: CommandLine, gateway: Emulator) -> None:
    done = run("video", "seedance", "A dog", "--wait", *QUICK)
    label = f"seedance {gateway.paid[0].id}: "
    changes = [line.removeprefix(label) for line in done.err.splitlines() if line.startswith(label)]
    assert len(changes) == len(set(changes))
    assert changes[-2:] == ["succeeded 100 %", "done"]


@pytest.mark.parametrize("provider", MAKERS)
def test_every_provider_ends_in_a_file_that_plays(run: CommandLine, tmp_path: Path, provider: str) -> None:
    target = tmp_path / "new" / "dog.mp4"
    done = run("video", provider, "A dog", "--output", str(target), *QUICK)
    assert (done.code, done.lines) == (0, [str(target)])
    assert frames_of(target) > 0


def test_several_go_into_a_folder(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    done = run("video", "seedance", "A dog", "--count", "3", "--output", str(tmp_path / "dogs"), *QUICK)
    assert done.code == 0
    assert len(gateway.paid) == 3
    assert sorted(done.lines) == sorted(str(path) for path in (tmp_path / "dogs").iterdir())
    assert all(frames_of(Path(line)) for line in done.lines)


def test_one_failure_stops_no_other(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    gateway.script("seedance.create", Normal(), TaskFails(reason="too dark"), Error(status=400, code="invalid_request"))
    done = run("video", "seedance", "A dog", "--count", "4", "--output", str(tmp_path), *QUICK)
    assert done.code == ExitCode.ERROR
    assert len(done.lines) == len(list(tmp_path.iterdir())) == 2
    assert "too dark" in done.err
    assert "error: video " in done.err
    assert "of 4: 400" in done.err


def test_a_failed_task_is_an_error_with_its_reason(run: CommandLine) -> None:
    done = run("video", "seedance", "A dog [[fail=too dark]]", "--wait", *QUICK)
    assert (done.code, done.out) == (ExitCode.ERROR, "")
    assert "failed: 'too dark'" in done.err


def test_json_after_waiting_says_how_it_ended(run: CommandLine, tmp_path: Path) -> None:
    good = run("video", "seedance", "A dog", "--json", "--output", f"{tmp_path}/", *QUICK)
    answer = json.loads(good.out)
    assert answer["status"] == "succeeded"
    assert answer["path"] == str(tmp_path / f"seedance-{answer['id']}.mp4")
    bad = run("video", "seedance", "A dog [[fail=too dark]]", "--json", "--wait", *QUICK)
    answer = json.loads(bad.out)
    assert answer["status"] == "failed"
    assert "too dark" in answer["error"]
    assert "path" not in answer


def test_a_wait_that_is_over_says_how_to_go_on(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("seedance.create", TaskHangs())
    done = run("video", "seedance", "A dog", "--timeout", "0.3", "--wait", *QUICK)
    assert (done.code, done.out) == (ExitCode.ERROR, "")
    assert f"attach again: {attach_command('seedance', gateway.paid[0].id)}" in done.err


def test_a_file_in_the_way_is_replaced_when_asked(run: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "dog.mp4"
    target.write_bytes(b"old")
    done = run("video", "seedance", "A dog", "--output", str(target), "--overwrite", *QUICK)
    assert done.code == 0
    assert frames_of(target) > 0


# ── taking up again ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_attach_looks_once(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("seedance.create", TaskHangs())
    run("video", "seedance", "A dog")
    task_id = gateway.paid[0].id
    done = run("video", "attach", "seedance", task_id)
    assert done.code == 0
    assert done.out.split()[0] in {"queued", "running"}
    assert len(gateway.seen("seedance.retrieve")) == 1
    done = run("video", "attach", "seedance", task_id, "--json")
    assert json.loads(done.out)["id"] == task_id


def test_attach_waits_and_saves(run: CommandLine, gateway: Emulator, tmp_path: Path) -> None:
    run("video", "veo", "A dog")
    done = run("video", "attach", "veo", gateway.paid[0].id, "--output", f"{tmp_path}/", *QUICK)
    assert done.code == 0
    assert frames_of(Path(done.lines[0])) > 0
    assert len(gateway.paid) == 1


def test_attach_to_a_failed_task_is_an_error(run: CommandLine, gateway: Emulator) -> None:
    run("video", "seedance", "A dog [[fail=too dark]]", "--wait", *QUICK)
    done = run("video", "attach", "seedance", gateway.paid[0].id)
    assert (done.code, done.out) == (ExitCode.ERROR, "failed 100%\n")
    assert "too dark" in done.err


@pytest.mark.parametrize(("provider", "code"), [("nobody", ExitCode.USAGE), ("seedance", ExitCode.ERROR)])
def test_attach_to_what_does_not_exist(run: CommandLine, provider: str, code: ExitCode) -> None:
    done = run("video", "attach", provider, "task_unknown")
    assert (done.code, done.out) == (code, "")


def test_the_command_to_attach_survives_a_shell() -> None:
    typed = attach_command("veo", "projects/x/operations/a b", "http://127.0.0.1:1")
    words = ["tikhub-ai", "video", "attach", "veo", "projects/x/operations/a b", "--wait"]
    assert shlex.split(typed) == [*words, "--base-url", "http://127.0.0.1:1"]
