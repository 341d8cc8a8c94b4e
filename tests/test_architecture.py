"""Imports run one way, and the engine runs without Qt: read off the files themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "explorer"

# From the bottom up: a room may import itself and the rooms before it.
ROOMS = ["core", "state", "panels", "app", "cli"]

CORE_LIBRARIES = {
    *("torch", "numpy", "numba", "llvmlite", "safetensors", "matplotlib"),
    *sys.stdlib_module_names,
}
WINDOW_LIBRARIES = ("PySide6.QtWidgets", "PySide6.QtGui", "pyqtgraph")


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that a source file imports, wherever in it, by its full name.

    `from a import b` counts as a.b, since b may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def place_of(module: str) -> str:
    """Where a module of the program stands: its room, or its name for the files beside them."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def allowed_inside(place: str, target: str) -> bool:
    """Whether one place in the program may import from another."""
    if target in ROOMS and place in ROOMS:
        return ROOMS.index(target) <= ROOMS.index(place)
    if target == "palette":
        return True
    if target == "resources":
        return place != "core"  # resources.py takes its errors from core
    if target in ROOMS:
        return (place, target) in {("resources", "core"), ("__main__", "cli")}
    return target in {"", "__version__"}


def allowed_outside(place: str, module: str) -> bool:
    """Whether a place in the program may import a module of a library."""
    library = module.partition(".")[0]
    if place in {"core", "state", "resources", "__init__", "__main__"}:
        extra = place == "state" and within(module, "PySide6.QtCore")
        return library in CORE_LIBRARIES or extra
    if place == "cli":
        return not within(module, *WINDOW_LIBRARIES) and module != "PySide6"
    return True


def allowed(place: str, module: str) -> bool:
    """Whether a room, or a file beside the rooms, may import a module."""
    if within(module, "explorer"):
        return allowed_inside(place, place_of(module))
    return allowed_outside(place, module)


def violations(room: str, source: str, package: str) -> list[str]:
    return [module for module in imported(source, package) if not allowed(room, module)]


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))


def test_there_is_something_to_check() -> None:
    """The walk finds the engine, and every folder with code in it is a room."""
    assert PACKAGE / "core" / "learners" / "maml.py" in files("core")
    for path in PACKAGE.rglob("*.py"):
        folder = path.relative_to(PACKAGE).parts[0]
        assert folder in ROOMS or folder.endswith(".py"), path


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    """From cli to app to panels to state to core, and each room keeps to its libraries."""
    for path in files(room):
        package = ".".join(path.relative_to(ROOT).parts[:-1])
        found = violations(room, path.read_text(encoding="utf-8"), package)
        assert not found, f"{path.relative_to(ROOT)} may not import {', '.join(found)}"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_files_beside_the_rooms(path: Path) -> None:
    """The version pulls in nothing, the resources the engine's errors, __main__ the cli."""
    found = violations(path.stem, path.read_text(encoding="utf-8"), "explorer")
    assert not found, f"{path.name} may not import {', '.join(found)}"


@pytest.mark.parametrize(
    ("room", "source", "package"),
    [
        ("core", "import PySide6", "explorer.core"),
        ("core", "from PySide6.QtCore import QObject", "explorer.core"),
        ("core", "import pyqtgraph as pg", "explorer.core"),
        ("core", "import platformdirs", "explorer.core"),
        ("core", "from explorer.state import sandbox", "explorer.core"),
        ("core", "from explorer import state", "explorer.core"),
        ("core", "from .. import panels", "explorer.core"),
        ("core", "from ...app import main", "explorer.core.learners"),
        ("core", "def f():\n    import PySide6.QtCore", "explorer.core"),
        (
            "core",
            "import typing\nif typing.TYPE_CHECKING:\n    from explorer.cli import main",
            "explorer.core",
        ),
        ("state", "from PySide6 import QtWidgets", "explorer.state"),
        ("state", "from PySide6.QtGui import QColor", "explorer.state"),
        ("state", "import PySide6", "explorer.state"),
        ("state", "import pyqtgraph", "explorer.state"),
        ("state", "from explorer.panels import plots", "explorer.state"),
        ("panels", "from explorer.app.window import Window", "explorer.panels"),
        ("app", "import explorer.cli", "explorer.app"),
        ("cli", "def f():\n    from PySide6.QtWidgets import QApplication", "explorer.cli"),
        ("core", "from explorer.resources import resource", "explorer.core"),
        ("resources", "from explorer.state import sandbox", "explorer"),
        ("__init__", "from explorer.core import mlp", "explorer"),
        ("__main__", "from explorer.app import window", "explorer"),
    ],
)
def test_violations_are_seen(room: str, source: str, package: str) -> None:
    """The check itself notices what it is there to notice."""
    assert violations(room, source, package)


@pytest.mark.parametrize(
    ("room", "source", "package"),
    [
        ("core", "import torch.nn\nfrom numpy.typing import NDArray", "explorer.core"),
        ("core", "import explorer\nfrom explorer import __version__", "explorer.core"),
        ("core", "from . import mlp\nfrom .. import mlp as other", "explorer.core.learners"),
        ("state", "from PySide6.QtCore import QObject\nimport torch", "explorer.state"),
        ("state", "from PySide6 import QtCore\nfrom explorer.core import mlp", "explorer.state"),
        ("panels", "import pyqtgraph\nfrom PySide6 import QtGui", "explorer.panels"),
        ("app", "from explorer.panels import plots", "explorer.app"),
        ("cli", "import tqdm\nfrom explorer.app import window", "explorer.cli"),
        ("state", "from explorer.resources import resource", "explorer.state"),
        ("resources", "from explorer.core.base.errors import UserError", "explorer"),
        ("__main__", "from explorer.cli import main", "explorer"),
    ],
)
def test_what_is_allowed_passes(room: str, source: str, package: str) -> None:
    """And it does not cry wolf."""
    assert violations(room, source, package) == []


WITHOUT_QT = """
import sys

for name in ("PySide6", "PySide6.QtCore", "pyqtgraph"):
    sys.modules[name] = None

from explorer.core import learners
from explorer.core.experiment.settings import Settings
from explorer.core.training import loop

settings = Settings(hidden=(5,), shots=2, query=2, meta_batch=2, noise=0.1)
begin = loop.start(settings)
assert set(begin.learners) == {"maml", "pretrained"} < set(learners.LEARNERS)
*_, last = loop.train(begin, 2, held_out_seconds=1.0)
assert last.iteration == 2
assert set(last.mse) == {"maml", "pretrained"}
print("trained", last.iteration)
"""


def test_the_engine_trains_without_qt() -> None:
    """In a fresh interpreter where Qt cannot be imported and every warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_QT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["trained", "2"]
