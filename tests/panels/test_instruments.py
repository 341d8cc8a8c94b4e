"""The tab of instruments, by real mouse and key events: what it shows is what the core says."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from explorer.core.figures.figure import Figure
from explorer.core.instruments import PAGES, Reading
from explorer.core.instruments.exercises import SHOW
from explorer.panels.instruments.instrument_view import InstrumentView
from explorer.panels.instruments.panel import InstrumentsPanel
from explorer.panels.widgets.style import DARK, LIGHT
from explorer.state.instruments import scene_of
from tests.stages import InstrumentsStage
from tests.ui import click, click_plot, curve_values, drag_plot, enter, press

TITLES = [page.title for page in PAGES]


def wait_read(qtbot: QtBot, panel: InstrumentsPanel) -> dict[str, Reading]:
    """Wait until every view of the page shows what its instrument says of the present scene."""
    state = panel.state
    sandbox = state.sandbox
    qtbot.waitUntil(lambda: sandbox.is_current and state.is_current)
    scene = scene_of(sandbox.question, sandbox.state.step, state.focus)
    wanted = {
        each.name: each.read(scene, state.choices[each.name])
        for each in PAGES[state.page].instruments
    }

    def shown() -> None:
        assert state.answer is not None
        for view in panel.views[state.page]:
            if view.instrument.name not in state.answer.readings:
                assert view.visibleRegion().isEmpty()
                continue
            reading = wanted[view.instrument.name]
            assert view.sentence.text() == reading.sentence
            assert len(view.boxes) == len(reading.panels)
            assert [each.isChecked() for each in view.actions_shown if each.isCheckable()] == [
                action.on for action in reading.actions if action.on is not None
            ]
            for box, of_core in zip(view.boxes, reading.panels, strict=True):
                assert box.title.text() == of_core.title
                if not box.plot.is_in_sight:
                    continue
                assert box.plot.panel.title == of_core.title
                for drawn, curve in zip(box.plot.curves, of_core.curves, strict=True):
                    if not curve.markers and not curve.bar and not of_core.log_y:
                        assert np.allclose(curve_values(drawn.line), curve.y, equal_nan=True)

    qtbot.waitUntil(shown)
    return wanted


def turn(qtbot: QtBot, panel: InstrumentsPanel, title: str) -> list[InstrumentView]:
    """Click on a page's tab."""
    number = TITLES.index(title)
    qtbot.mouseClick(
        panel.pages, Qt.MouseButton.LeftButton, pos=panel.pages.tabRect(number).center()
    )
    wait_read(qtbot, panel)
    return panel.views[number]


@pytest.mark.parametrize("title", TITLES)
def test_every_page_shows_what_the_core_says(
    title: str, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """Sentences and curves, number for number, in both themes."""
    panel = instruments_stage.instruments
    turn(qtbot, panel, title)
    panel.apply_theme(DARK)
    wait_read(qtbot, panel)
    panel.apply_theme(LIGHT)
    for view in panel.views[panel.state.page]:
        assert view.sentence.text()


def test_star_is_dragged(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """The task follows the mouse in the compass, the points follow the task, and all is read."""
    panel = instruments_stage.instruments
    wait_read(qtbot, panel)
    compass = panel.views[0][0].boxes[0].plot
    drag_plot(compass, (1.7, 2.7), (0.0, 3.0), (-2.0, 2.0))
    sandbox = instruments_stage.workspace.sandbox
    amplitude, phase = sandbox.state.task
    assert amplitude * np.cos(phase) == pytest.approx(-2.0, abs=0.05)
    assert amplitude * np.sin(phase) == pytest.approx(2.0, abs=0.05)
    first = sandbox.state.points[0]
    assert first.y == pytest.approx(amplitude * np.sin(first.x - phase), abs=1e-5)
    wait_read(qtbot, panel)


def test_bars_choose_the_step(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """A click on a bar shows its step, and the slider above says so."""
    panel = instruments_stage.instruments
    wait_read(qtbot, panel)
    bars = panel.views[0][0].boxes[1].plot
    click_plot(bars, 4.1, 0.001)
    assert instruments_stage.workspace.sandbox.state.step == 4
    assert panel.fit.step_bar.slider.value() == 4
    wait_read(qtbot, panel)


def test_points_are_dragged_here_too(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """The small plot is the sandbox's: what is done there is read by every instrument."""
    panel = instruments_stage.instruments
    before = wait_read(qtbot, panel)
    sandbox = instruments_stage.workspace.sandbox
    count = len(sandbox.state.points)
    click_plot(panel.fit.fit, 0.5, 0.0)
    assert len(sandbox.state.points) == count + 1
    assert wait_read(qtbot, panel)["compass"].sentence != before["compass"].sentence


def test_curve_is_pulled(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """By the mouse, and by the fields, which say what the mouse has chosen."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Sensitive")
    click_plot(views[0].boxes[0].plot, -2.0, 1.5)
    wait_read(qtbot, panel)
    choice = panel.state.choices["poke"]
    assert (choice.place, choice.pull) == pytest.approx((-2.0, 1.5), abs=0.05)
    assert views[0].editors["place"].value() == pytest.approx(choice.place)
    enter(views[0].editors["pull"], "0.5")
    qtbot.waitUntil(lambda: panel.state.choices["poke"].pull == 0.5)
    wait_read(qtbot, panel)


def test_ray_changes_alpha(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """A press takes the step size under the mouse into the sandbox."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Sensitive")
    panel.area.ensureWidgetVisible(views[1])
    click_plot(views[1].boxes[0].plot, 0.015, 0.0)
    assert instruments_stage.workspace.sandbox.state.alpha == pytest.approx(0.015, abs=3e-4)
    wait_read(qtbot, panel)


def test_layers_are_switched(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """A switch acts on the sandbox's curves; the others can still be read."""
    panel = instruments_stage.instruments
    (view,) = turn(qtbot, panel, "Layers")
    first = view.actions_shown[0]
    assert isinstance(first, QCheckBox)
    assert first.isChecked()
    click(first)
    sandbox = instruments_stage.workspace.sandbox
    assert sandbox.state.frozen == {0}
    wait_read(qtbot, panel)
    assert not view.actions_shown[0].isChecked()
    click(view.actions_shown[0])
    assert sandbox.state.frozen == frozenset()


def test_task_is_taken_from_the_map(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """A click beyond the range takes that task, and a button places points in one half."""
    panel = instruments_stage.instruments
    (view,) = turn(qtbot, panel, "Beyond")
    click_plot(view.boxes[0].plot, 0.0, -7.0)
    sandbox = instruments_stage.workspace.sandbox
    assert sandbox.state.task == pytest.approx((7.0, 1.5 * np.pi), abs=0.1)
    wait_read(qtbot, panel)
    click(view.actions_shown[0])
    assert min(point.x for point in sandbox.state.points) > 0
    wait_read(qtbot, panel)


def test_exercise_takes_the_program_there(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """One click, and the live number stands under the question."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Exercises")
    view = next(each for each in views if each.instrument.name == "exercise-shift")
    (show,) = view.actions_shown
    assert show.text() == SHOW
    click(show)
    wait_read(qtbot, panel)
    assert "MAML is worse than from scratch here" in view.sentence.text()


def test_page_of_an_exercise_opens(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """Where a picture answers, its page comes."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Exercises")
    click(next(v for v in views if v.instrument.name == "exercise-alpha").actions_shown[0])
    assert TITLES[panel.state.page] == "Sensitive"
    assert panel.pages.currentIndex() == panel.state.page
    wait_read(qtbot, panel)


def test_focus_goes_to_another_learner(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """By the list, with keys."""
    panel = instruments_stage.instruments
    wait_read(qtbot, panel)
    qtbot.waitUntil(lambda: panel.focus.currentData() == "maml")
    panel.focus.setFocus()
    press(panel, Qt.Key.Key_Down)
    assert panel.state.focus == "pretrained"
    wait_read(qtbot, panel)
    assert "Pretrained" in panel.views[0][0].sentence.text()


def test_explanation_folds(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """Out and in again."""
    panel = instruments_stage.instruments
    wait_read(qtbot, panel)
    view = panel.views[0][0]
    assert view.explanation.isHidden()
    click(view.explain)
    assert view.explanation.isVisible()
    click(view.explain)
    assert view.explanation.isHidden()


def test_figure_is_handed_over(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """The export's figure has the picture's curves and the sentence."""
    panel = instruments_stage.instruments
    wanted = wait_read(qtbot, panel)
    view = panel.views[0][0]
    with qtbot.waitSignal(panel.export_wanted) as told:
        click(view.export)
    (figure,) = told.args
    assert isinstance(figure, Figure)
    assert figure.notes[0] == wanted["compass"].sentence
    assert [each.title for each in figure.panels] == [
        each.title for each in wanted["compass"].panels
    ]


def test_nothing_is_read_unseen(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """While another tab is shown, no change is read; on return, all of them at once."""
    panel, sandbox = instruments_stage.instruments, instruments_stage.workspace.sandbox
    wait_read(qtbot, panel)
    panel.hide()
    before = panel.state.answer
    with qtbot.waitSignal(sandbox.answered):
        sandbox.draw_points()
    assert panel.state.answer is before
    panel.show()
    wait_read(qtbot, panel)


def test_pictures_out_of_sight_wait(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """They are drawn as soon as they are scrolled to, and then show the present scene."""
    panel, sandbox = instruments_stage.instruments, instruments_stage.workspace.sandbox
    wait_read(qtbot, panel)
    hidden = panel.views[0][1].boxes[1].plot
    assert not hidden.is_in_sight
    before = hidden.panel
    sandbox.draw_points()
    wait_read(qtbot, panel)
    assert hidden.panel is before
    bar = panel.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: hidden.is_in_sight)
    wait_read(qtbot, panel)
    assert hidden.panel is not before


def test_pictures_have_colours(
    instruments_stage: InstrumentsStage, qtbot: QtBot, tmp_path: Path
) -> None:
    """The map is painted: opposite colours on both sides of nothing."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Sensitive")
    plot = views[0].boxes[1].plot
    assert plot.raster is not None
    image = plot.raster.item.pixmap().toImage().convertToFormat(QImage.Format.Format_RGB32)
    colours = {image.pixel(x, y) for x in range(0, 101, 4) for y in range(0, 101, 4)}
    assert len(colours) > 50
