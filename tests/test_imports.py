"""The check of imports sees what breaks the rules, and nothing else."""

from itertools import product

import pytest

from tests.imports import ONLY, ROOMS, allowed_inside, package_of, violations

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
