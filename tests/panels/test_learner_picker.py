"""Choosing whom the sandbox compares, with the mouse and the keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.app.main_window import MainWindow
from explorer.panels.sandbox.learner_picker import KEYS
from explorer.state.competitors import GROUPS, ROLES
from tests.shipped import PRESENT
from tests.stages import SandboxStage
from tests.ui import assert_adapted, click, press


def rows(window: MainWindow | SandboxStage) -> list[str]:
    """The roles that have a row in the table."""
    return [role for role in ROLES if window.sandbox.numbers.names[role].isVisible()]


def test_everybody_is_in_one_group() -> None:
    """The list has each learner, baseline and closed form once, and each has a key."""
    everybody = [role for roles in GROUPS.values() for role in roles]
    assert sorted(everybody) == sorted(ROLES)
    assert len(KEYS) >= len(ROLES)


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # as a menu does
@pytest.mark.parametrize("role", ["cavia", "oracle", "random", "ideal"])
def test_a_click_in_the_list_adds_a_row_and_a_cross_removes_it(
    sandbox_stage: SandboxStage, qtbot: QtBot, role: str
) -> None:
    """The list stays open for more; row, curves and numbers come and go, all the core's."""
    numbers = sandbox_stage.sandbox.numbers
    assert rows(sandbox_stage) == ["maml", "pretrained"]
    click(numbers.compare)
    qtbot.waitUntil(numbers.picker.isVisible)
    click(numbers.switches[role])
    assert numbers.picker.isVisible()
    assert rows(sandbox_stage) == ["maml", "pretrained", role]
    QTest.keyClick(numbers.compare.menu(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not numbers.picker.isVisible())
    assert_adapted(qtbot, sandbox_stage)
    click(numbers.removers[role])
    assert rows(sandbox_stage) == ["maml", "pretrained"]
    assert not numbers.switches[role].isChecked()
    assert_adapted(qtbot, sandbox_stage)


def test_nobody_shown_is_said(window: MainWindow, qtbot: QtBot) -> None:
    """An empty table says how to fill it."""
    numbers = window.sandbox.numbers
    assert numbers.nobody.isHidden()
    for role in rows(window):
        click(numbers.removers[role])
    assert rows(window) == []
    assert numbers.nobody.isVisible()
    press(window, "1")
    assert numbers.nobody.isHidden()
    assert_adapted(qtbot, window)


def test_a_file_shows_its_own_learner(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Whoever opens a file sees what is in it, beside the shipped ones, which are marked."""
    path = resources.resource(resources.checkpoint_name("anil"))
    assert sandbox_stage.workspace.open_checkpoint(path)
    numbers = sandbox_stage.sandbox.numbers
    assert rows(sandbox_stage) == ["maml", "pretrained", "anil"]
    assert [numbers.names[role].text() for role in rows(sandbox_stage)] == [
        "MAML*",
        "Pretrained*",
        "ANIL",
    ]
    assert numbers.shipped.isVisible()
    assert_adapted(qtbot, sandbox_stage)
    sandbox_stage.workspace.choose_source("shipped")
    assert numbers.names["maml"].text() == "MAML"
    assert numbers.shipped.isHidden()


def test_another_source_shows_one_of_its_own(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Who looks at the run in training sees its network, whomever they compared before."""
    sandbox_stage.workspace.sandbox.update(shown=frozenset({"ideal"}))
    sandbox_stage.workspace.choose_source("training")
    assert rows(sandbox_stage) == ["maml", "ideal"]
    assert_adapted(qtbot, sandbox_stage)


def test_the_plots_say_what_they_show(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """A screen reader gets the numbers of the step shown, and every cell has a name of its own."""
    assert_adapted(qtbot, sandbox_stage)
    numbers = sandbox_stage.sandbox.numbers

    def said() -> bool:
        text = sandbox_stage.sandbox.fit.accessibleDescription()
        return f"Pretrained {numbers.on_task['pretrained'].text()}" in text

    qtbot.waitUntil(said)
    assert "after 1 gradient step," in sandbox_stage.sandbox.errors.accessibleDescription()
    sandbox_stage.workspace.sandbox.update(step=4, shown=frozenset(ROLES))
    assert_adapted(qtbot, sandbox_stage)
    qtbot.waitUntil(lambda: "4 gradient steps" in sandbox_stage.sandbox.fit.accessibleDescription())
    assert "Ideal learner" in sandbox_stage.sandbox.fit.accessibleDescription()
    cells = numbers.on_task, numbers.on_support, numbers.removers
    names = [cell[role].accessibleName() for role in PRESENT for cell in cells]
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(numbers.names[role].toolTip() for role in ROLES)
    assert all(numbers.switches[role].accessibleDescription() for role in ROLES)
