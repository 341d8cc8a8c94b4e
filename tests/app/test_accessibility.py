"""The window without a mouse: keys, letters, focus, names for a screen reader."""

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QListView,
    QMenu,
    QWidget,
)

from explorer.app.main_window import MainWindow
from tests.ui import click, press

Key = Qt.Key


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
