"""What goes into sdist and wheel, and nothing else. That the wheel works elsewhere is shown by `.ci/package.sh`."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

import pytest

import tikhub_async

pytest.importorskip("hatchling", reason="sdist and wheel are built by hatchling, which is not installed")

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tikhub_async"
NOT_SHIPPED = {"__pycache__"}

pytestmark = pytest.mark.slow


def build(source: Path, target: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=50)
    [made] = target.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [inside] = folder.iterdir()
    return inside


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from the sdist, as an index's users would."""
    return zipfile.ZipFile(build(unpacked, tmp_path_factory.mktemp("wheel"), "wheel"))


def sources() -> set[str]:
    """Every file of the package, by its path in the checkout."""
    found = (path for path in PACKAGE.rglob("*") if path.is_file() and not NOT_SHIPPED & set(path.parts))
    return {path.relative_to(ROOT).as_posix() for path in found}


def in_wheel(wheel: zipfile.ZipFile) -> tuple[set[str], set[str]]:
    """The package's files, and those of the metadata without their folder."""
    names = {name for name in wheel.namelist() if not name.endswith("/")}
    info = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    return names - info, {name.partition("/")[2] for name in info}


def metadata_of(wheel: zipfile.ZipFile) -> dict[str, list[str]]:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    parsed = HeaderParser().parsestr(wheel.read(name).decode())
    return {key: [str(value) for value in parsed.get_all(key) or []] for key in parsed}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    files, info = in_wheel(wheel)
    assert files == sources()
    assert info == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_the_wheel_holds_what_is_no_python(wheel: zipfile.ZipFile) -> None:
    files, _ = in_wheel(wheel)
    assert "tikhub_async/py.typed" in files
    film = "tikhub_async/testing/samples/result.mp4"
    assert wheel.read(film) == (ROOT / film).read_bytes()
    samples = {PurePosixPath(name) for name in files if name.startswith("tikhub_async/testing/samples/")}
    assert {sample.suffix for sample in samples} >= {".json", ".sse", ".mp4"}
    providers = {path.stem for path in (PACKAGE / "providers").glob("[a-z]*.py")} - {"custom"}
    assert {sample.parts[3] for sample in samples} >= providers


def test_bytes_are_not_changed_on_the_way(wheel: zipfile.ZipFile) -> None:
    """Line ends are part of the samples."""
    assert [name for name in sources() if wheel.read(name) != (ROOT / name).read_bytes()] == []


def test_the_metadata_says_what_it_needs(wheel: zipfile.ZipFile) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Name"] == ["tikhub-async"]
    assert metadata["Version"] == [tikhub_async.__version__]
    assert metadata["Requires-Python"] == [">=3.11"]
    assert metadata["License-Expression"] == ["MIT"]
    core = {re.split(r"[^\w-]", need)[0] for need in metadata["Requires-Dist"] if "extra ==" not in need}
    assert core == {"aiohttp", "anyio", "msgspec"}
    assert set(metadata["Provides-Extra"]) >= {"batch", "cli", "dev", "docs", "media", "speed"}


def test_the_entry_points_are_there(wheel: zipfile.ZipFile) -> None:
    [name] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    said = wheel.read(name).decode()
    assert "tikhub-ai = tikhub_async._cli:main" in said
    assert "tikhub_async = tikhub_async.testing.pytest_plugin" in said


def test_the_sdist_is_the_project(unpacked: Path) -> None:
    inside = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert inside >= sources()
    tops = {name.split("/")[0] for name in inside}
    assert tops >= {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "mkdocs.yml",
        "tests",
        "docs",
        "examples",
    }
    stray = re.compile(r"(^|/)(\.venv|\.git|\.hypothesis|__pycache__|dist|site|\.\w+_cache)/|\.(pyc|part|log)$")
    assert [name for name in inside if stray.search(name)] == []


def test_the_sdist_holds_only_what_git_would(unpacked: Path) -> None:
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    inside = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert inside - set(listed.stdout.splitlines()) == {"PKG-INFO"}


def test_the_pinned_requirements_name_no_address() -> None:
    """Where packages come from is the reader's own setting."""
    text = (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)
    pinned = re.findall(r"^[\w.-]+(?:\[.*\])?==", text, re.M)
    assert len(pinned) > 50
    assert text.count("--hash=sha256:") > len(pinned)
