"""The window itself: about, theme and layout, status line, full screen."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from pytestqt.qtbot import QtBot

from explorer.app.about import version_lines
from explorer.app.main_window import MainWindow
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.ui import click, press, status_text

Key = Qt.Key


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


def test_full_screen_and_back(window: MainWindow) -> None:
    """F11 goes there and back."""
    press(window, Key.Key_F11)
    assert window.isFullScreen()
    press(window, Key.Key_F11)
    assert not window.isFullScreen()
