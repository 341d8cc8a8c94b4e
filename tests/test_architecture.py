"""Imports run one way, and the engine runs without Qt: read off the files themselves."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "explorer"

# From the bottom up: a room may import itself and the rooms before it.
ROOMS = [
    *("core.base", "core.engine", "core.families", "core.network", "core.adaptation"),
    *("core.evaluation", "core.learners", "core.experiment", "core.training", "core.files"),
    *("core.figures", "core.jobs", "state", "panels", "app", "cli"),
]
# These need less than what lies below them, and could be used elsewhere as they are.
ONLY = {"core.engine": {"core.base"}, "core.figures": {"core.base"}}
CORE = {room for room in ROOMS if room.startswith("core.")}
# Files beside the rooms: what they may import, and who may import them.
BELOW = {
    "palette": CORE,
    "resources": CORE,
    "library": {"resources", *CORE},
    "__init__": {"library"},
    "__main__": {"cli"},
}
ABOVE = {
    "palette": {"state", "panels", "app", "cli"},
    "resources": {"library", "state", "panels", "app", "cli"},
}

CORE_LIBRARIES = {"torch", "numpy", "safetensors", *sys.stdlib_module_names}
MORE_LIBRARIES = {
    "core.base": {"platformdirs"},
    "core.engine": {"numba", "llvmlite"},
    "core.figures": {"matplotlib"},
}
WINDOW_LIBRARIES = ("PySide6.QtWidgets", "PySide6.QtGui", "pyqtgraph")

A_MODULE = re.compile(r"explorer(\.\w+)+")


def imported(source: str, package: str) -> Iterator[str]:
    """Every module that a source file imports, wherever in it, by its full name.

    `from a import b` counts as a.b, since b may be a module; so does a module's name as a string,
    from which it can be imported.
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
        elif isinstance(node, ast.Constant) and A_MODULE.fullmatch(str(node.value)):
            yield str(node.value)


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def place_of(module: str) -> str:
    """Where a module of the program stands: its room, or its name for the files beside them."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["core"] else 1])


def allowed_inside(place: str, target: str) -> bool:
    """Whether one place in the program may import from another."""
    if target == place or target in {"", "__version__"}:
        return True
    if place in BELOW:
        return target in BELOW[place]
    if target in ABOVE:
        return place in ABOVE[target]
    if target not in ROOMS or place not in ROOMS:
        return False
    return target in ONLY.get(place, ROOMS[: ROOMS.index(place)])


def allowed_outside(place: str, module: str) -> bool:
    """Whether a place in the program may import a module of a library."""
    library = module.partition(".")[0]
    if place == "cli":
        return not within(module, *WINDOW_LIBRARIES) and module != "PySide6"
    if place in {"panels", "app"}:
        return True
    extra = place == "state" and within(module, "PySide6.QtCore")
    return extra or library in CORE_LIBRARIES | MORE_LIBRARIES.get(place, set())


def allowed(place: str, module: str) -> bool:
    """Whether a room, or a file beside the rooms, may import a module."""
    if within(module, "explorer"):
        return allowed_inside(place, place_of(module))
    return allowed_outside(place, module)


def violations(place: str, source: str, package: str) -> list[str]:
    return [module for module in imported(source, package) if not allowed(place, module)]


def package_of(place: str) -> str:
    """The package that a room is, or in which a file beside the rooms lies."""
    return f"explorer.{place}" if place in ROOMS else "explorer"


def files(room: str) -> list[Path]:
    return sorted((PACKAGE / room.replace(".", "/")).rglob("*.py"))


@cache
def targets(room: str) -> dict[str, Path]:
    """The places that a room's files import from, each with a file that does."""
    found = {}
    for path in files(room):
        package = ".".join(path.relative_to(ROOT).parts[:-1])
        for module in imported(path.read_text(encoding="utf-8"), package):
            if within(module, "explorer"):
                found[place_of(module)] = path
    return found


def test_there_is_something_to_check() -> None:
    """The walk finds the engine, and every folder with code in it is a room."""
    assert PACKAGE / "core" / "learners" / "maml.py" in files("core.learners")
    for path in PACKAGE.rglob("*.py"):
        if path.parent not in {PACKAGE, PACKAGE / "core"}:
            folder = "explorer." + ".".join(path.relative_to(PACKAGE).parts[:-1])
            assert place_of(folder) in ROOMS, path
    for room in ROOMS:
        assert len(files(room)) > 1, room


def test_no_file_lies_loose() -> None:
    """In the core each has its room; beside the rooms of the program there are few, all known."""
    assert [path.name for path in (PACKAGE / "core").glob("*.py")] == ["__init__.py"]
    assert violations("core", (PACKAGE / "core" / "__init__.py").read_text(), "explorer.core") == []
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(BELOW)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("other", ROOMS)
def test_rooms_import_one_way(room: str, other: str) -> None:
    """From cli to app to panels to state, down through the rooms of the core, every pair."""
    if not allowed_inside(room, other):
        path = targets(room).get(other)
        assert path is None, f"{path} may not import from {other}"


@pytest.mark.parametrize("room", ROOMS)
def test_imports_are_those_of_the_room(room: str) -> None:
    """Each room keeps to its libraries, and to the rooms and files that it may know."""
    for path in files(room):
        package = ".".join(path.relative_to(ROOT).parts[:-1])
        found = violations(room, path.read_text(encoding="utf-8"), package)
        assert not found, f"{path.relative_to(ROOT)} may not import {', '.join(found)}"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_files_beside_the_rooms(path: Path) -> None:
    """What researchers import knows the core, the resources the core's errors, __main__ the cli."""
    found = violations(path.stem, path.read_text(encoding="utf-8"), "explorer")
    assert not found, f"{path.name} may not import {', '.join(found)}"


SPELLINGS = [
    "import {0}.some_file",
    "from {0} import some_file",
    "from {0}.some_file import Something",
    "def f():\n    from {0}.some_file import Something",
    "import typing\nif typing.TYPE_CHECKING:\n    from {0}.some_file import Something",
    "from importlib import import_module\nimport_module('{0}.some_file')",
]


@pytest.mark.parametrize(
    ("place", "other"), [(a, b) for i, a in enumerate(ROOMS) for b in ROOMS[i + 1 :]]
)
def test_every_upward_import_is_seen(place: str, other: str) -> None:
    """However it is written, in any room of any later one; the other way it may be allowed."""
    for spelling in SPELLINGS:
        assert violations(place, spelling.format(f"explorer.{other}"), package_of(place)), spelling
        down = violations(other, spelling.format(f"explorer.{place}"), package_of(other))
        assert bool(down) == (other in ONLY and place not in ONLY[other]), spelling


@pytest.mark.parametrize(("place", "other"), list(product(ROOMS, ROOMS)))
def test_relative_imports_are_seen_too(place: str, other: str) -> None:
    """From a file and from a folder within a room, dots lead where the full name does."""
    for package in (package_of(place), f"{package_of(place)}.inner"):
        source = f"from {'.' * len(package.split('.'))}{other}.some_file import Something"
        assert bool(violations(place, source, package)) != allowed_inside(place, other)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("core.learners", "import PySide6"),
        ("core.learners", "from PySide6.QtCore import QObject"),
        ("core.learners", "import pyqtgraph as pg"),
        ("core.learners", "import platformdirs"),
        ("core.learners", "import numba"),
        ("core.learners", "from matplotlib.figure import Figure"),
        ("core.jobs", "from matplotlib.figure import Figure"),
        ("core.learners", "from explorer.state import sandbox"),
        ("core.learners", "from explorer import state"),
        ("core.learners", "from ... import panels"),
        ("core.learners", "from ...app import main"),
        ("core.learners", "from .. import experiment"),
        ("core.learners", "from explorer.core import training"),
        ("core.learners", "from explorer.core.training.loop import Run"),
        ("core.learners", "def f():\n    import PySide6.QtCore"),
        (
            "core.learners",
            "import typing\nif typing.TYPE_CHECKING:\n    from explorer.cli import main",
        ),
        ("core.learners", "from explorer.core import something_loose"),
        ("core.learners", "from explorer.resources import resource"),
        ("core.figures", "from explorer.palette import look"),
        ("core.figures", "from explorer.core.learners import LEARNERS"),
        ("core.engine", "from explorer.core.families.sampling import Batch"),
        ("core.families", "lazy = LazyModule('explorer.core.learners.maml', 'MAML')"),
        ("core.learners", "from explorer import library"),
        ("core.learners", "from explorer import train"),
        ("state", "from PySide6 import QtWidgets"),
        ("state", "from PySide6.QtGui import QColor"),
        ("state", "import PySide6"),
        ("state", "import pyqtgraph"),
        ("state", "from explorer.panels.plotting import plots"),
        ("panels", "from explorer.app.window import Window"),
        ("panels", "from explorer.library import adapt"),
        ("app", "import explorer.cli"),
        ("cli", "def f():\n    from PySide6.QtWidgets import QApplication"),
        ("resources", "from explorer.state import sandbox"),
        ("palette", "from explorer.state import sandbox"),
        ("library", "from explorer.state import sandbox"),
        ("library", "import PySide6.QtCore"),
        ("__init__", "from explorer.core.network import mlp"),
        ("__main__", "from explorer.app import window"),
    ],
)
def test_violations_are_seen(place: str, source: str) -> None:
    """The check itself notices what it is there to notice."""
    assert violations(place, source, package_of(place))


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("core.learners", "import torch.nn\nfrom numpy.typing import NDArray"),
        ("core.learners", "import explorer\nfrom explorer import __version__"),
        ("core.learners", "from . import maml\nfrom .. import network\nfrom ..base import look"),
        ("core.learners", "text = 'explorer is no module here: explorer.app neither'"),
        ("core.engine", "import numba\nfrom explorer.core.base.errors import EngineError"),
        ("core.figures", "from matplotlib.figure import Figure"),
        ("core.jobs", "from explorer.core.figures.figure import Figure"),
        ("state", "from PySide6.QtCore import QObject\nimport torch"),
        ("state", "from PySide6 import QtCore\nfrom explorer.core import learners"),
        ("state", "from explorer.resources import resource\nfrom explorer.palette import look"),
        ("panels", "import pyqtgraph\nfrom PySide6 import QtGui"),
        ("app", "from explorer.panels.plotting import plots"),
        ("cli", "import tqdm\nfrom explorer.app import window"),
        ("resources", "from explorer.core.base.errors import UserError"),
        ("palette", "from explorer.core.learners import LEARNERS"),
        ("library", "from explorer.core.training import loop\nimport numpy"),
        ("__init__", "import_module('explorer.library')"),
        ("__main__", "from explorer.cli import main"),
    ],
)
def test_what_is_allowed_passes(place: str, source: str) -> None:
    """And it does not cry wolf."""
    assert violations(place, source, package_of(place)) == []


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
