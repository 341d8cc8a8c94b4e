"""Errors in training, as the window shows them."""

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.core.base.errors import TrainingDivergedError
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.panels.training import Key, assert_curves, iteration, phase
from tests.trainers import failing
from tests.ui import assert_adapted, click, click_plot, press


def test_a_defect_is_shown_with_details_to_copy(open_window: OpenWindow, qtbot: QtBot) -> None:
    """One sentence in the bar, the rest on demand; the window lives on and Reset works."""
    window = open_window(trainer=failing(ZeroDivisionError("by nought")))
    notices, panel = window.notices, window.training
    assert notices.isHidden()
    click(panel.train)
    qtbot.waitUntil(notices.isVisible)
    assert "by nought" in notices.text.text()
    assert "\n" not in notices.text.text()
    assert notices.details.isHidden()
    click(notices.show_details)
    assert notices.details.isVisible()
    assert "Traceback" in notices.details.toPlainText()
    QApplication.clipboard().clear()
    click(notices.copy)
    copied = QApplication.clipboard().text()
    assert "by nought" in copied
    assert "Traceback" in copied
    assert phase(window) is Phase.FAILED
    assert iteration(window) == 2
    assert_curves(qtbot, window)
    click_plot(window.sandbox.fit, 0.5, 0.0)
    assert_adapted(qtbot, window)
    click(notices.close_button)
    assert notices.isHidden()
    click(panel.reset)
    assert phase(window) is Phase.READY
    assert panel.train.isEnabled()


def test_a_users_error_is_only_its_sentence(open_window: OpenWindow, qtbot: QtBot) -> None:
    """There is nothing to copy, and Esc dismisses it."""
    window = open_window(trainer=failing(TrainingDivergedError("Lower α or β."), after=1))
    click(window.training.train)
    qtbot.waitUntil(window.notices.isVisible)
    assert window.notices.text.text() == "Lower α or β."
    assert window.notices.copy.isHidden()
    assert window.notices.show_details.isHidden()
    assert window.notices.details.isHidden()
    press(window, Key.Key_Escape)
    assert window.notices.isHidden()
