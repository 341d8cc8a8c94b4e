"""The evaluation tab as a part of the window: opening, keys, focus, names, room, theme."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.fields import descriptions
from explorer.core.families import FAMILIES
from explorer.panels.evaluation.comparison_form import ComparisonForm
from tests.app import test_accessibility
from tests.app.evaluation_tab import begin, evaluation
from tests.jobs import GatedJob, loss_figure
from tests.ui import click, pick, press

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
ROOT = Path(__file__).parents[2]


def test_the_window_opens_without_it(tmp_path: Path) -> None:
    """Neither the panel nor what draws and exports is imported before it is looked at."""
    late = "torch", "numba", "matplotlib", "explorer.panels.evaluation.panel"
    code = f"import sys, explorer.app.main_window; print([m for m in {late} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_it_is_made_when_it_is_first_shown(window: MainWindow, qtbot: QtBot) -> None:
    """And stays the same one."""
    assert window.evaluation is None
    first = evaluation(window)
    qtbot.waitUntil(first.isVisible)
    assert not window.sandbox.isVisible()
    assert window.training.isVisible()
    press(window, Key.Key_1, modifier=CTRL)
    assert window.sandbox.isVisible()
    assert evaluation(window) is first


def test_the_sandbox_keys_rest_while_it_is_hidden(window: MainWindow) -> None:
    """No key changes what cannot be seen; all of them work again on return."""
    sandbox = window.workspace.sandbox
    sandbox.update(selected=0)
    click(window.sandbox.step_bar.play)
    evaluation(window)
    assert not window.workspace.player.is_playing
    before, competitors = sandbox.state, sandbox.competitors
    window.training.setFocus()
    press(window, Key.Key_Backspace, Key.Key_Delete, "r", "d", "c", "n", "f", "1", "2")
    press(window, Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_Space)
    assert sandbox.state == before
    assert sandbox.competitors is competitors
    press(window, Key.Key_1, modifier=CTRL)
    press(window, Key.Key_Backspace)
    assert len(sandbox.state.points) == len(before.points) - 1


def test_focus_goes_to_what_is_shown(window: MainWindow) -> None:
    """Switching tabs leaves no key with something hidden."""
    panel = evaluation(window)
    assert window.focusWidget() is panel.kind
    press(window, Key.Key_1, modifier=CTRL)
    assert window.focusWidget() is window.sandbox.fit


def test_it_keeps_to_the_window_s_manners(window: MainWindow) -> None:
    """Every control has a name, and no letter with Alt means two things, whatever is chosen."""
    panel = evaluation(window)
    for index in range(panel.kind.count()):
        panel.kind.setCurrentIndex(index)
        test_accessibility.test_every_control_has_a_name(window)
        texts = [top.text() for top in window.menuBar().actions()]
        texts += [w.text() for w in window.findChildren(QAbstractButton) if w.isVisible()]
        texts += [w.text() for w in window.findChildren(QLabel) if w.buddy() and w.isVisible()]
        used = Counter(QKeySequence.mnemonic(text).toString() for text in texts)
        del used[""]
        assert [letter for letter, n in used.items() if n > 1] == [], panel.kind.currentText()


def test_tab_goes_through_the_panel(window: MainWindow) -> None:
    """From what to measure through its form to the results."""
    panel = evaluation(window)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    panel.kind.setFocus()
    seen = []
    for _ in range(60):
        press(window, Key.Key_Tab)
        seen.append(window.focusWidget())
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    wanted = form.roles, form.shots, form.counts.seed, form.tasks.editors["noise"]
    assert {panel.kind, panel.start, *wanted} <= {*seen}


def test_it_fits_a_small_window(window: MainWindow) -> None:
    """Whatever is chosen; and no name of a learner is cut off."""
    panel = evaluation(window)
    for index in range(panel.kind.count()):
        panel.kind.setCurrentIndex(index)
        QApplication.processEvents()  # or it would still be that of the panel before
        assert window.minimumSizeHint().width() <= 1100
        assert window.minimumSizeHint().height() <= 700
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    window.resize(window.minimumSizeHint())
    assert form.roles.horizontalScrollBar().maximum() == 0


def test_every_setting_of_every_family_can_be_seen(window: MainWindow, qtbot: QtBot) -> None:
    """However many there are: none is squashed, all can be scrolled to, and nothing grows."""
    panel = evaluation(window)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    room = form.tasks.height()
    assert room > 0
    for name in FAMILIES:
        pick(form.tasks.choice, name)
        assert form.tasks.choice.hasFocus()
        assert list(form.tasks.editors) == list(descriptions(FAMILIES[name]))
        for editor in form.tasks.editors.values():

            def is_whole(editor: QWidget = editor) -> None:
                form.tasks.verticalScrollBar().setValue(editor.y())
                seen = editor.visibleRegion().boundingRect()
                assert seen.height() == editor.height() >= editor.minimumSizeHint().height()

            qtbot.waitUntil(is_whole)
        assert form.tasks.height() == room
        assert window.minimumSizeHint().width() <= 1100
        assert window.minimumSizeHint().height() <= 700


def test_another_theme_dresses_it(window: MainWindow, jobs: list[GatedJob], qtbot: QtBot) -> None:
    """What is on the screen follows, and so does what is drawn later."""
    panel = evaluation(window)
    job = GatedJob(1, loss_figure(1))
    jobs.append(job)
    begin(panel)
    job.open()
    qtbot.waitUntil(lambda: len(panel.figure.boxes) == 1)
    for theme in ("dark", "light"):
        window.set_theme(theme)
        drawn = panel.figure.boxes[0].plot.curves[0]
        assert drawn.line.pen().color().name() == window._theme.learners["maml"]
