"""Imports run one way, and the engine runs without Qt: read off the files themselves."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.imports import (
    BELOW,
    PACKAGE,
    ROOMS,
    ROOT,
    allowed_inside,
    imported,
    place_of,
    violations,
    within,
)


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
