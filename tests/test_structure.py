"""The shape of the package: layers one way, names exported, everything public documented, imports cheap."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

import tikhub_async

PACKAGE = Path(tikhub_async.__file__).parent

LAYERS: list[set[str]] = [
    {"errors", "_version"},
    {"types"},
    {"_clock", "_config", "_files"},
    {"_wire"},
    {"_accumulate", "_retry"},
    {"telemetry"},
    {"_session"},
    {"_streams"},
    {"_tasks"},
    {"structured", "tools", "media"},
    {"providers"},
    {"_client"},
    {"batch", "relay"},
    {"testing"},
    {"_cli"},
]
"""From the bottom up; a module may import what stands in its own set or below."""

ACCESSORS = {
    "_client.py": {"tikhub_async.batch"},
    "_streams/stream.py": {"tikhub_async.relay"},
    "_tasks/task.py": {"tikhub_async.relay"},
}
"""The only imports that point up, one deferred import each: `client.batch`, `stream.relay()`, `task.relay()`."""

RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
OPTIONAL = ("rich", "cyclopts", "aiolimiter", "filetype", "numpy", "uvloop", "distributed", "opentelemetry")


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in the file; imports for type checkers only are left out."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tikhub_async"):
            if node.module == "tikhub_async":
                found.update(f"tikhub_async.{alias.name}" for alias in node.names)
            else:
                found.add(node.module)
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith("tikhub_async"))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or not path.name.startswith("__")]


def module_of(path: Path) -> str:
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    own = RANK[layer_of(module_of(path))]
    above = {name for name in imports_of(path) if RANK.get(layer_of(name), -1) > own}
    assert above == ACCESSORS.get(path.relative_to(PACKAGE).as_posix(), set())


@pytest.mark.parametrize("name", ACCESSORS)
def test_an_import_that_points_up_waits_for_its_use(name: str) -> None:
    tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
    assert not {node.module for node in tree.body if isinstance(node, ast.ImportFrom)} & ACCESSORS[name]


def test_providers_do_not_import_each_other() -> None:
    folder = PACKAGE / "providers"
    names = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    for path in folder.glob("[a-z]*.py"):
        others = {f"tikhub_async.providers.{name}" for name in names - {path.stem}}
        assert imports_of(path) & others == set(), path


@pytest.mark.parametrize("folder", ["_wire", "_accumulate", "types"])
def test_pure_layers_await_nothing_and_know_no_aiohttp(folder: str) -> None:
    for path in (PACKAGE / folder).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = {type(node) for node in ast.walk(tree)}
        assert not kinds & {ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith}, path
        assert "aiohttp" not in {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }


def test_only_the_session_and_the_emulator_import_aiohttp() -> None:
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "aiohttp" in {getattr(node, "module", None), *(alias.name for alias in node.names)}
    }
    assert users <= {"_session", "testing", "_client.py"}  # the client for type checkers only


def public_modules() -> list[str]:
    names = [tikhub_async.__name__]
    for module in pkgutil.walk_packages([str(PACKAGE)], "tikhub_async."):
        if not any(part.startswith("_") for part in module.name.split(".")) and "pytest_plugin" not in module.name:
            names.append(module.name)
    return names


@pytest.mark.parametrize(
    "name", ["tikhub_async", "tikhub_async.errors", "tikhub_async.media", "tikhub_async.types", "tikhub_async.testing"]
)
def test_all_is_sorted_and_real(name: str) -> None:
    module = importlib.import_module(name)
    exported: list[str] = module.__all__
    assert exported == sorted(exported)
    assert all(hasattr(module, entry) for entry in exported)


def undocumented(name: str) -> list[str]:
    module = importlib.import_module(name)
    missing = [] if module.__doc__ else [name]
    exported: Collection[str] = getattr(module, "__all__", ())  # also from a private module, as `tools` has it
    for entry, value in vars(module).items():
        if entry.startswith("_") or (entry not in exported and getattr(value, "__module__", None) != name):
            continue
        if not inspect.isclass(value) and not inspect.isfunction(value):
            continue
        if not inspect.getdoc(value):
            missing.append(f"{name}.{entry}")
        if inspect.isclass(value):
            for method, member in vars(value).items():
                member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if not method.startswith("_") and inspect.isfunction(member) and not inspect.getdoc(member):
                    missing.append(f"{name}.{entry}.{method}")
    return missing


def test_everything_public_is_documented() -> None:
    assert [entry for name in public_modules() for entry in undocumented(name)] == []


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_package_imports_no_aiohttp_and_nothing_optional() -> None:
    loaded = run_python("import sys, tikhub_async; print(*{name.partition('.')[0] for name in sys.modules})").split()
    assert not {"aiohttp", *OPTIONAL} & set(loaded)


def test_a_client_imports_nothing_optional() -> None:
    code = "import sys, tikhub_async; tikhub_async.TikHubAI(api_key='sk-x'); print(*{n.partition('.')[0] for n in sys.modules})"
    assert not set(OPTIONAL) & set(run_python(code).split())


def test_importing_reads_no_environment_and_opens_nothing() -> None:
    code = """
import asyncio, os, socket, builtins
class Forbidden(dict):
    def _no(self, *a, **k): raise AssertionError(f"environment read: {a}")
    get = __getitem__ = __contains__ = _no
import msgspec, anyio
real = os.environ
os.environ = Forbidden()
socket.socket = None
import tikhub_async
os.environ = real
print("ok")
"""
    assert run_python(code).strip() == "ok"
