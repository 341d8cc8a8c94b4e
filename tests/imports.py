"""Which module may import which: the rules, and what breaks them."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "explorer"

# From the bottom up: a room may import itself and the rooms before it.
ROOMS = [
    *("core.base", "core.engine", "core.families", "core.network", "core.adaptation"),
    *("core.evaluation", "core.learners", "core.experiment", "core.training", "core.files"),
    *("core.figures", "core.insight", "core.instruments", "core.jobs"),
    *("state", "panels", "app", "cli"),
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
