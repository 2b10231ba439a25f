"""`tests/typing_checks` is read by the type checkers, never run; here is only whether it leaves a call out."""

import ast
from pathlib import Path

from tests.surface import methods_of
from tikhub_async import TikHubAI
from tikhub_async._tasks import Tasks

FOLDER = Path(__file__).parent / "typing_checks"


def calls_in(path: Path) -> set[str]:
    """`openai.embeddings.create` for each `client.openai.embeddings.create(…)` in a file."""
    called = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    }
    return {name.removeprefix("client.") for name in called if name.startswith("client.")}


def test_every_call_is_type_checked_once_at_least() -> None:
    client = TikHubAI(api_key="sk-typing")
    tasks = {f"tasks.{name}" for name in vars(Tasks) if not name.startswith("_")}
    correct = {name for path in FOLDER.glob("*.py") if path.stem != "mistakes" for name in calls_in(path)}
    assert {*methods_of(client), *tasks} - correct == set()


def test_the_folder_is_no_package_and_holds_no_tests() -> None:
    assert not (FOLDER / "__init__.py").exists()
    assert not list(FOLDER.glob("test_*"))


def test_each_mistake_is_silenced_for_both_checkers_by_the_name_of_its_error() -> None:
    silenced = [line for line in (FOLDER / "mistakes.py").read_text("utf-8").splitlines() if "# type: ignore" in line]
    assert len(silenced) > 40
    assert all("# type: ignore[" in line and "# pyright: ignore[" in line for line in silenced)
