"""The window as a whole: menus, files, messages, closing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QAction, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QListView,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer.app.about import version_lines
from explorer.app.main_window import MainWindow
from explorer.core.files.checkpoint import load, save
from explorer.core.training.loop import advance, start
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.trainers import LONG, SMALL, GatedTrainer
from tests.ui import (
    assert_adapted,
    click,
    click_plot,
    curve_values,
    pick,
    png_colours,
    press,
    status_text,
)

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A resumable file at iteration 20."""
    path = tmp_path / "run.safetensors"
    save(path, advance(start(replace(SMALL, seed=8)), 20)[0], "maml")
    return path


def answer_dialogs(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> list[str]:
    """Let every file dialog return a path at once; a list that grows by each title."""
    titles: list[str] = []

    def dialog(_parent: QWidget, title: str, *_others: str) -> tuple[str, str]:
        titles.append(title)
        return str(path or ""), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", dialog)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    return titles


def menu_actions(window: MainWindow) -> list[QAction]:
    """Every action of every menu."""
    menus = window.menuBar().findChildren(QMenu)
    return [a for menu in menus for a in menu.actions() if not (a.isSeparator() or a.menu())]


def test_every_action_has_a_shortcut_of_its_own(window: MainWindow) -> None:
    """Everything in the menus can be done from the keyboard, and no key does two things."""
    shortcuts = {name: a.shortcut().toString() for name, a in window.actions_by_name.items()}
    assert len(shortcuts) > 15
    assert all(shortcuts.values())
    assert [key for key, n in Counter(shortcuts.values()).items() if n > 1] == []
    assert set(window.actions_by_name.values()) == set(menu_actions(window))


def test_menu_letters_are_unambiguous(window: MainWindow) -> None:
    """Within a menu each underlined letter belongs to one line."""
    for menu in window.menuBar().findChildren(QMenu):
        letters = [QKeySequence.mnemonic(action.text()).toString() for action in menu.actions()]
        used = [letter for letter in letters if letter]
        assert len(used) == len(set(used)), menu.title()


def test_alt_letters_are_unambiguous(window: MainWindow) -> None:
    """With Alt a letter opens one menu or presses one button, not both."""
    texts = [top.text() for top in window.menuBar().actions()]
    for widget in window.findChildren(QAbstractButton):
        texts.append(widget.text())
    for widget in window.findChildren(QLabel):
        texts += [widget.text()] if widget.buddy() else []
    used = Counter(QKeySequence.mnemonic(text).toString() for text in texts)
    del used[""]
    assert {letter: n for letter, n in used.items() if n > 1} == {}


def test_every_control_has_a_name(window: MainWindow) -> None:
    """A screen reader can say what each control that takes the focus is."""
    nameless = []
    for widget in window.findChildren(QWidget):
        # Labels are their own name; parts of a control and pop-up lists go by their control's.
        inner = isinstance(widget.parent(), QAbstractSpinBox | QAbstractScrollArea | QComboBox)
        internal = widget.objectName().startswith("qt_") or inner or widget.focusProxy()
        if internal or isinstance(widget, QLabel | QListView):
            continue
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        if not (interface and interface.text(QAccessible.Text.Name)):
            nameless.append(f"{type(widget).__name__} {widget.objectName()}")
    assert nameless == []


def test_tab_reaches_the_controls(window: MainWindow) -> None:
    """Going round with Tab passes the plot, the sandbox's and the training's controls."""
    window.sandbox.fit.setFocus()
    seen = set()
    for _ in range(150):
        press(window, Key.Key_Tab)
        seen.add(window.focusWidget())
    assert {
        window.sandbox.fit,
        window.sandbox.controls.parameters.editors[0].slider,
        window.sandbox.controls.alpha,
        window.sandbox.step_bar.play,
        window.sandbox.numbers.compare,
        window.training.train,
        window.training.preset,
    } <= seen


def test_about_says_what_runs(window: MainWindow, qtbot: QtBot) -> None:
    """F1 opens it beside the window with every version; a second F1 opens no second one."""
    press(window, Key.Key_F1)
    about = window.about
    assert about is not None
    assert about.isVisible()
    assert not about.isModal()
    text = "\n".join(label.text() for label in about.findChildren(QLabel))
    for line in version_lines():
        assert line in text
    assert torch.__version__ in text
    press(window, Key.Key_F1)
    assert window.about is about
    about.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def test_opening_resumes(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """Ctrl+O: the training panel stands where the file does and goes on bit for bit."""
    titles = answer_dialogs(monkeypatch, checkpoint)
    press(window, "o", modifier=CTRL)
    assert len(titles) == 1
    assert window.notices.isHidden()
    assert window.workspace.session.phase is Phase.PAUSED
    assert window.training.form.settings == replace(SMALL, seed=8)
    qtbot.waitUntil(lambda: window.training.progress.value() == 20)
    assert "20 of 60" in window.training.numbers.text()
    assert window.sandbox.controls.source.currentData() == "file"
    assert checkpoint.name in window.sandbox.controls.source.currentText()
    assert_adapted(qtbot, window)
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.FINISHED)
    whole = advance(start(replace(SMALL, seed=8)), 60)[0]
    theta = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(theta, whole.learners["maml"].meta)
    x = window.training.meta_loss.raw["maml", "after the inner step"]
    qtbot.waitUntil(lambda: len(curve_values(x)) == 40)
    assert (x.getData()[0][0], x.getData()[0][-1]) == (21, 60)
    assert window.preferences.folder == str(checkpoint.parent)
    pick(window.sandbox.controls.source, "shipped")
    pick(window.sandbox.controls.source, "file")
    assert_adapted(qtbot, window)


def test_the_list_of_sources_can_open_a_file(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """Its last entry asks for one; if none is chosen everything stays as it was."""
    source = window.sandbox.controls.source
    titles = answer_dialogs(monkeypatch, None)
    source.setFocus()
    press(source, Key.Key_End)
    assert len(titles) == 1
    assert source.currentData() == window.workspace.sandbox.state.source == "shipped"
    answer_dialogs(monkeypatch, checkpoint)
    press(source, Key.Key_End)
    assert source.currentData() == window.workspace.sandbox.state.source == "file"


def test_a_damaged_file_gives_a_notice(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """One sentence in the bar, and everything else stays as it was."""
    checkpoint.write_bytes(checkpoint.read_bytes()[:300])
    competitors, run = window.workspace.sandbox.competitors, window.workspace.session.run
    answer_dialogs(monkeypatch, checkpoint)
    press(window, "o", modifier=CTRL)
    assert window.notices.isVisible()
    assert str(checkpoint) in window.notices.text.text()
    assert window.notices.copy.isHidden()
    assert window.workspace.sandbox.competitors is competitors
    assert window.workspace.session.run is run
    assert_adapted(qtbot, window)


def test_saving(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ctrl+S writes the run in hand, resumable."""
    click(window.training.step)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    path = tmp_path / "saved.safetensors"
    answer_dialogs(monkeypatch, path)
    press(window, "s", modifier=CTRL)
    assert window.notices.isHidden()
    run = load(path).run
    assert run is not None
    assert run.iteration == 1
    theta = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(run.learners["maml"].meta, theta)


def test_saving_where_nothing_can_be_saved(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Checkpoint or picture: a notice says so."""
    for keys, modifier in (("s", CTRL), ("p", CTRL | Qt.KeyboardModifier.ShiftModifier)):
        window.notices.hide()
        answer_dialogs(monkeypatch, tmp_path / "none" / "such.png")
        press(window, keys, modifier=modifier)
        assert window.notices.isVisible()
        assert str(tmp_path / "none") in window.notices.text.text()


def test_a_dialog_that_is_cancelled_does_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither opening nor saving."""
    titles = answer_dialogs(monkeypatch, None)
    run, competitors = window.workspace.session.run, window.workspace.sandbox.competitors
    press(window, "o", "s", modifier=CTRL)
    press(window, "p", modifier=CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(titles) == 3
    assert window.notices.isHidden()
    assert window.workspace.session.run is run
    assert window.workspace.sandbox.competitors is competitors
    assert [p for p in tmp_path.iterdir() if p.suffix != ".ini"] == []


def test_a_picture_of_the_window(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file shows the window, plots included."""
    assert_adapted(qtbot, window)
    path = tmp_path / "window.png"
    answer_dialogs(monkeypatch, path)
    window.dialogs.save_picture()
    assert png_colours(path) > 30


@pytest.mark.parametrize(
    ("keys", "modifier", "suffix"),
    [("s", CTRL, ".safetensors"), ("p", CTRL | Qt.KeyboardModifier.ShiftModifier, ".png")],
)
def test_a_name_without_a_suffix_gets_one(
    window: MainWindow,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    keys: str,
    modifier: Qt.KeyboardModifier,
    suffix: str,
) -> None:
    """Unless that is another file's name: the dialog has not asked whether to replace that one."""
    place = tmp_path / "version.2"
    answer_dialogs(monkeypatch, place)
    press(window, keys, modifier=modifier)
    written = tmp_path / f"version.2{suffix}"
    assert written.stat().st_size > 0
    assert not place.exists()
    assert window.notices.isHidden()
    written.write_text("mine")
    press(window, keys, modifier=modifier)
    assert written.read_text() == "mine"
    assert window.notices.isVisible()
    assert str(written) in window.notices.text.text()
    window.notices.hide()
    answer_dialogs(monkeypatch, written)  # and now it has asked
    press(window, keys, modifier=modifier)
    assert written.read_bytes() != b"mine"
    assert window.notices.isHidden()


def test_the_last_run_can_be_reopened(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """Reset and closing keep what was not saved; Ctrl+Shift+O brings it back where it stood."""
    both = CTRL | Qt.KeyboardModifier.ShiftModifier
    kept = tmp_path / "last-run.safetensors"
    window = open_window(kept_run=kept)
    press(window, "o", modifier=both)
    assert "No run" in window.notices.text.text()
    for count in (1, 2):
        click(window.training.step)
        qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
        assert window.workspace.session.run.iteration == count
    two = window.workspace.session.run
    click(window.training.reset)
    assert window.notices.isVisible()
    assert "Reopen last run" in window.notices.text.text()
    assert window.workspace.session.run.iteration == 0
    press(window, "o", modifier=both)
    assert window.notices.isHidden()
    again = window.workspace.session.run
    assert again.iteration == 2
    assert torch.equal(again.learners["maml"].meta, two.learners["maml"].meta)
    qtbot.waitUntil(lambda: window.training.progress.value() == 2)
    click(window.training.step)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    window.close()
    window = open_window(kept_run=kept)
    press(window, "o", modifier=both)
    assert window.workspace.session.run.iteration == 3


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file onto the window and let go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), copy, data, left, none))


def test_a_file_can_be_dropped(window: MainWindow, tmp_path: Path, checkpoint: Path) -> None:
    """A good one is opened, a missing one gives a notice."""
    drop(window, tmp_path / "missing.safetensors")
    assert window.notices.isVisible()
    drop(window, checkpoint)
    assert window.workspace.session.run.iteration == 20
    assert window.workspace.sandbox.state.source == "file"


def assert_closed(window: MainWindow, qtbot: QtBot) -> None:
    """The window closes, and nothing of it goes on in the background."""
    session, sandbox = window.workspace.session, window.workspace.sandbox
    workers = [session._worker, *session._retired, sandbox._worker]
    window.close()
    assert not window.isVisible()
    assert all(worker.isFinished() for worker in workers if worker is not None)
    assert not window.workspace.player.is_playing
    qtbot.waitUntil(lambda: not session._retired)


def test_closing_while_training(open_window: OpenWindow, qtbot: QtBot) -> None:
    """Flat out, following, with a film playing and an answer under way."""
    window = open_window(LONG)
    press(window, "f")
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration > 0)
    press(window, Key.Key_Space)
    window.workspace.sandbox.update(steps=100)
    click_plot(window.sandbox.fit, 1.0, 0.0)
    assert not window.workspace.sandbox.is_current
    assert_closed(window, qtbot)


def test_closing_right_after_a_reset(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The worker of the run thrown away may still be at work then."""
    window = open_window(LONG)
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration > 0)
    click(window.training.reset)
    click(window.training.train)
    assert_closed(window, qtbot)


def test_quitting_by_key(window: MainWindow, qtbot: QtBot) -> None:
    """Ctrl+Q closes the window."""
    press(window, "q", modifier=CTRL)
    qtbot.waitUntil(lambda: not window.isVisible())


@pytest.fixture
def trainer() -> Iterator[GatedTrainer]:
    trainer = GatedTrainer()
    yield trainer
    trainer.open_all()


def test_what_arrives_after_closing_is_not_drawn(
    open_window: OpenWindow, trainer: GatedTrainer, qtbot: QtBot
) -> None:
    """Messages that were on their way find a window that is closed, and leave it alone."""
    window = open_window(trainer=trainer.train)
    click(window.training.train)
    trainer.open(3)
    qtbot.waitUntil(lambda: window.workspace.session.run.iteration == 3)
    heard = []
    window.workspace.session.progressed.connect(heard.append)
    trainer.open_all()
    window.close()
    QApplication.processEvents()
    assert heard == []
    assert window.workspace.session.run.iteration == 3


def test_theme_and_layout_are_remembered(open_window: OpenWindow, qtbot: QtBot) -> None:
    """The next window opens as the last one was left."""
    first = open_window()
    first.restore_layout()
    first.set_theme("dark")
    first.splitter.setSizes([500, 780])
    left = first.splitter.sizes()[0]
    first.close()
    second = open_window()
    assert second.splitter.sizes()[0] != left
    second.restore_layout()
    qtbot.waitUntil(lambda: second.splitter.sizes()[0] == left)
    assert second.preferences.theme == "dark"
    (checked,) = (a for a in second.themes.actions() if a.isChecked())
    assert "Dark" in checked.text().replace("&", "")


def test_the_status_line_says_what_goes_on(window: MainWindow, qtbot: QtBot) -> None:
    """Ready, training, paused where: and always whose networks the sandbox shows."""
    assert status_text(window) == Phase.READY.value
    click(window.training.step)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    assert "iteration 1" in status_text(window)
    assert "shipped networks" in window._origin.text()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)
def test_the_phase_outlasts_other_messages(window: MainWindow, qtbot: QtBot) -> None:
    """Passing messages and the tips of menus cover it for a while, and then it is back."""
    phase = window.statusBar().findChildren(QLabel)[0]
    window.statusBar().showMessage("Saved", 1)
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == "")
    assert phase.isVisible()
    assert status_text(window) == Phase.READY.value
    press(window, "f", modifier=Qt.KeyboardModifier.AltModifier)  # its lines' tips are empty
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, Key.Key_Down)
    QTest.keyClick(menu, Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)
    qtbot.waitUntil(phase.isVisible)
    assert status_text(window) == Phase.READY.value


def test_space_plays_after_a_click_on_a_button(window: MainWindow) -> None:
    """A click leaves the focus on the plot, so that the keys go on meaning what they meant."""
    window.sandbox.fit.setFocus()
    for button in (window.sandbox.controls.new_task, window.sandbox.controls.draw):
        sine = window.workspace.sandbox.state
        click(button)
        assert window.workspace.sandbox.state != sine
        assert window.focusWidget() is window.sandbox.fit
        before = window.workspace.sandbox.state
        press(window, Key.Key_Space)
        assert window.workspace.player.is_playing
        assert window.workspace.sandbox.state == before
        press(window, Key.Key_Space)
        assert not window.workspace.player.is_playing


def test_full_screen_and_back(window: MainWindow) -> None:
    """F11 goes there and back."""
    press(window, Key.Key_F11)
    assert window.isFullScreen()
    press(window, Key.Key_F11)
    assert not window.isFullScreen()
