"""A further family and a further learner are one new file and one line of a register each."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.core.engine.native import cache_folder

ROOT = Path(__file__).parents[1]
# From where, to where, and what the register calls it.
FURTHER = (
    ("tests/core/families/steep.py", "explorer/core/families/steep.py", "Steep"),
    ("tests/core/learners/timid.py", "explorer/core/learners/timid.py", "TIMID"),
)


def register(path: Path, module: str, name: str) -> None:
    """Add an import, and an entry before the parenthesis that ends the register's list."""
    text = path.read_text(encoding="utf-8")
    head, end, tail = text.partition("\n    )\n}\n")
    assert end
    first, begin, others = head.partition("\nfrom explorer")
    imported = f"{first}\nfrom {module} import {name}{begin}{others}"
    path.write_text(f"{imported}\n        {name},{end}{tail}", encoding="utf-8")


@pytest.fixture(scope="module")
def enlarged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the program with a family and a learner more."""
    folder = tmp_path_factory.mktemp("enlarged")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "explorer", folder / "explorer", ignore=ignored)
    (folder / "resources").symlink_to(ROOT / "resources", target_is_directory=True)
    for source, target, name in FURTHER:
        shutil.copy(ROOT / source, folder / target)
        module = target.removesuffix(".py").replace("/", ".")
        register((folder / target).parent / "__init__.py", module, name)
    return folder


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Python of the test's, importing the copy."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=folder,
        env={
            "HOME": str(folder),
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(cache_folder().parent),  # the engine, compiled once for all
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


COMMAND_LINE = """
import io, json
from contextlib import redirect_stdout
from pathlib import Path
import torch
from explorer.cli import main
from explorer.core.base.fields import Range
from explorer.core.experiment.settings import Settings
from explorer.core.families.steep import Steep
from explorer.core.files.checkpoint import load
from explorer.core.learners.timid import TimidOptions

def printed(line, code=0):
    with redirect_stdout(io.StringIO()) as out:
        assert main(line.split()) == code, line
    return out.getvalue()

settings = Settings(family="steep", slope=Range(1.0, 2.0), steepness=3.0, timid_share=0.25)
assert settings.family == Steep(slope=Range(1.0, 2.0), steepness=3.0)
assert settings.options_of(TimidOptions).timid_share == 0.25
assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings

text = printed("train --help")
for each in ("--steepness VALUE", "--timid-share VALUE", " steep", "Timid (made up)"):
    assert each in text, each

flags = ("train --family steep --slope 1 2 --steepness 3 --timid-share 0.25 --learner timid,maml "
         "--hidden 8 --meta-batch 3 --shots 4 --query 4 --seed 5 --iterations ")
printed(flags + "40 --output whole.safetensors")
printed(flags + "25 --output half.safetensors")
printed("train --resume half.safetensors --iterations 40 --output half.safetensors")
whole, half = load(Path("whole.safetensors")), load(Path("half.safetensors"))
assert whole.settings == half.settings == settings.changed(
    hidden=(8,), meta_batch=3, shots=4, query=4, seed=5, iterations=40)
assert list(whole.starting_points()) == ["timid", "maml"]
for name, start in whole.starting_points().items():
    assert torch.equal(start.theta, half.starting_points()[name].theta)

def measured(line):
    found = json.loads(printed(line + " --json"))["learners"]
    assert {each["distribution"]["family"] for each in found} == {"steep"}
    return {each["label"]: each["results"][0] for each in found}

line = "evaluate whole.safetensors --shots 3 --steps 2 --tasks 20 --own-alpha"
found = measured(line + " --learner timid,maml,single --against maml")
assert set(found) == {"Timid", "MAML", "Best single function"}
assert 0 < found["Timid"]["mse"][2] < found["Timid"]["mse"][0]
assert found["Timid"]["verdict"]["text"]
steeper = measured(line + " --learner single --steepness 9")
ratio = steeper["Best single function"]["mse"][0] / found["Best single function"]["mse"][0]
assert abs(ratio - 9) < 0.01  # errors are squares, and 9 is three times as steep as 3
printed("grid whole.safetensors --shots 2 --steps 1 --tasks 4")
adapted = json.loads(printed("adapt whole.safetensors --task 1.5 --x=-0.5,1 --steps 3 --json"))
assert all(abs(y - 4.5 * x) < 1e-5 for x, y in zip(adapted["x"], adapted["truth"]))
for wrong in ("--slope 2 1", "--steepness 99", "--amplitude 1 2", "--timid-share 2"):
    assert printed(f"train --family steep {wrong} --output no.safetensors", 2) == ""
assert not Path("no.safetensors").exists()
"""

WINDOW = """
import traceback
from pathlib import Path
import numpy as np
from PySide6.QtCore import QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QComboBox
from explorer.app.launch import _on_qt_message, make_application
from explorer.app.main_window import MainWindow
from explorer.core.experiment.settings import Settings
from explorer.core.training.loop import start
from explorer.state.preferences import Preferences
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace

qInstallMessageHandler(_on_qt_message)
application = make_application(["test"])
settings = Settings(iterations=60, meta_batch=3, hidden=(8,), shots=4, query=4, seed=3)
workspace = Workspace(settings)
window = MainWindow(workspace, Preferences(Path("settings.ini")))
window.show()
session, sandbox, numbers = workspace.session, workspace.sandbox, window.sandbox.numbers
form, controls = window.training.form, window.sandbox.controls

def choose(combo, value):
    index = combo.findData(value) if combo.itemData(0) else combo.findText(value)
    assert index >= 0, value
    combo.setCurrentIndex(index)
    combo.activated.emit(index)

assert "timid" not in sandbox.competitors.by_role  # none is shipped
choose(form.editors["family"], "steep")
form.editors["steepness"].setValue(3.0)
form.editors["timid_share"].setValue(0.25)
assert form.settings == settings.changed(family="steep", steepness=3.0, timid_share=0.25)
session.open(start(form.settings, ("maml", "timid")))
window.training.train.click()

def seen():
    if session.phase is not Phase.FINISHED:
        return False
    if sandbox.state.source != "training":
        workspace.choose_source("training")
        choose(controls.family, "steep")
        controls.parameters.editors[0].box.setValue(1.5)
        controls.draw.click()
        numbers.switches["timid"].click()
    curve = window.training.meta_loss.smooth["timid", "after the inner step"].getData()[1]
    if not sandbox.is_current or curve is None or len(curve) < 60:
        return False
    trajectories = sandbox.answer.trajectories
    drawn = window.sandbox.fit.fits["timid"].getData()[1]
    if "timid" not in trajectories or drawn is None:
        return False
    if not np.array_equal(drawn, trajectories["timid"].prediction[1]):
        return False
    assert sandbox.state.task == (1.5,)
    assert list(controls.parameters.editors) == [0]
    assert all(abs(each.y - 4.5 * each.x) < 1e-5 for each in sandbox.state.points)
    assert not np.array_equal(drawn, trajectories["maml"].prediction[1])
    assert numbers.switches["timid"].text() == "Timid"
    return True

def check():
    try:
        if not seen():
            return
        print("drawn", flush=True)
    except Exception:
        traceback.print_exc()
    timer.stop()
    window.close()

timer = QTimer()
timer.timeout.connect(check)
timer.start(5)
raise SystemExit(application.exec())
"""


def test_the_registers_alone_were_changed(enlarged: Path) -> None:
    """Two files are new, and two differ, by two lines each."""
    files = {p.relative_to(enlarged) for p in (enlarged / "explorer").rglob("*.py")}
    ours = {p.relative_to(ROOT) for p in (ROOT / "explorer").rglob("*.py")}
    assert {str(path) for path in files - ours} == {target for _, target, _ in FURTHER}
    changed = {str(p): p for p in ours if (enlarged / p).read_text() != (ROOT / p).read_text()}
    assert set(changed) == {str(Path(target).parent / "__init__.py") for _, target, _ in FURTHER}
    for path in changed.values():
        lines = (ROOT / path).read_text().splitlines()
        more = [each for each in (enlarged / path).read_text().splitlines() if each not in lines]
        assert len(more) == 2


def test_the_command_line_knows_them(enlarged: Path) -> None:
    """Settings, flags, training, resuming, files, evaluation, comparison, grid and adaptation."""
    done = run(enlarged, COMMAND_LINE)
    assert done.returncode == 0, done.stderr


def test_the_window_knows_them(enlarged: Path) -> None:
    """The form, the losses, the sandbox's family list and sliders, and the learner's curve."""
    done = run(enlarged, WINDOW)
    assert done.stderr == ""
    assert (done.returncode, done.stdout) == (0, "drawn\n")
