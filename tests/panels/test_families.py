"""Families of functions in the sandbox, in training and on the status line."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.adaptation.inner_loop import adapt
from explorer.core.families import FAMILIES
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.training.loop import advance, start
from explorer.panels.sandbox.fit_plot import FitPlot
from explorer.panels.sandbox.numbers_table import BAND
from explorer.panels.widgets import style
from explorer.panels.widgets.controls import SliderBox
from explorer.state.sandbox import Sandbox
from explorer.state.training_session import Phase
from tests.conftest import OpenTraining
from tests.stages import SandboxStage
from tests.trainers import SMALL
from tests.ui import (
    Array,
    assert_adapted,
    click,
    click_plot,
    curve_values,
    drag_plot,
    pick,
    press,
    starts,
)

Key = Qt.Key
WIDE = 1e3  # further out than any band of these tests


def sandbox_of(stage: SandboxStage) -> Sandbox:
    """Its state."""
    return stage.workspace.sandbox


def assert_on_function(sandbox: Sandbox) -> None:
    """Every point lies on the function shown, within the inputs of its family."""
    state = sandbox.state
    for point in state.points:
        assert point.y == state.family.value(point.x, state.task)
        assert state.family.x.low <= point.x <= state.family.x.high


def test_every_family_by_the_arrow_keys(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Task, points, curves, numbers and axes are those of the family, one after the other."""
    sandbox, controls, fit = (
        sandbox_of(sandbox_stage),
        sandbox_stage.sandbox.controls,
        sandbox_stage.sandbox.fit,
    )
    controls.family.setFocus()
    for name in list(FAMILIES)[1:]:
        press(sandbox_stage, Key.Key_Down)
        family = sandbox.state.family
        assert controls.family.hasFocus()
        assert controls.family.currentText() == family.label
        assert family.name == name
        assert len(sandbox.state.task) == family.size
        assert len(sandbox.state.points) == 10
        assert_on_function(sandbox)
        assert_adapted(qtbot, sandbox_stage)
        truth = curve_values(fit.truth)
        grid = np.linspace(family.x.low, family.x.high, CURVE_POINTS)
        wanted = [family.value(x, sandbox.state.task) for x in grid]
        jumps = np.abs(np.diff(wanted, append=wanted[-1])) > 0.5  # within a rounding of x
        np.testing.assert_allclose(truth[~jumps], np.array(wanted)[~jumps], atol=2e-3)
        low, high = fit.getPlotItem().getViewBox().viewRange()[1]
        assert low < truth.min()
        assert truth.max() < high


def test_points_keep_their_places_from_family_to_family(sandbox_stage: SandboxStage) -> None:
    """Over narrower inputs they move together, and back over the wider ones."""
    sandbox, controls = sandbox_of(sandbox_stage), sandbox_stage.sandbox.controls
    before = [point.x for point in sandbox.state.points]
    pick(controls.family, "gp-rbf")
    assert [point.x for point in sandbox.state.points] == pytest.approx([x / 2.5 for x in before])
    pick(controls.family, "sine")
    assert [point.x for point in sandbox.state.points] == pytest.approx(before)


def test_each_mode_has_its_own_sliders(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The kind of function is chosen with keys; then its sliders are there, and they work."""
    sandbox, parameters = sandbox_of(sandbox_stage), sandbox_stage.sandbox.controls.parameters
    pick(sandbox_stage.sandbox.controls.family, "mmaml-5")
    choice = parameters.editors[0]
    assert isinstance(choice, QComboBox)
    assert choice.count() == 5
    seen: set[int] = set()
    for mode in range(choice.count()):
        pick(choice, mode)
        assert sandbox.state.task[0] == mode
        assert_on_function(sandbox)
        own = {column: each for column, each in parameters.editors.items() if column}
        assert own
        assert not seen & own.keys()
        seen |= own.keys()
        for column, editor in own.items():
            bounds = next(p.bounds for p in sandbox.state.family.parameters if p.column == column)
            qtbot.waitUntil(editor.isVisible)
            (editor.slider if isinstance(editor, SliderBox) else editor).setFocus()
            for key, end in ((Key.Key_End, bounds.high), (Key.Key_Home, bounds.low)):
                press(sandbox_stage, key)
                assert sandbox.state.task[column] == pytest.approx(end, abs=1e-3)
                assert_on_function(sandbox)
        assert_adapted(qtbot, sandbox_stage)
    assert seen == {p.column for p in sandbox.state.family.parameters} - {0}


def test_task_and_points_of_another_family_by_hand(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """New task, Draw, a click and a drag mean there what they mean on sines."""
    sandbox, panel = sandbox_of(sandbox_stage), sandbox_stage.sandbox
    pick(panel.controls.family, "gp-rbf")
    task, drawn = sandbox.state.task, sandbox.state.points
    click(panel.controls.new_task)
    assert sandbox.state.task != task
    assert [p.x for p in sandbox.state.points] == [p.x for p in drawn]
    assert_on_function(sandbox)
    click(panel.controls.draw)
    assert [p.x for p in sandbox.state.points] != [p.x for p in drawn]
    assert_on_function(sandbox)
    click(panel.controls.clear)
    click_plot(panel.fit, -1.0, 0.0)
    (point,) = sandbox.state.points
    assert point.x == pytest.approx(-1.0, abs=0.02)
    drag_plot(panel.fit, (point.x, point.y), (0.5, 0.5), (1.5, 0.0))
    (point,) = sandbox.state.points
    assert point.x == pytest.approx(1.5, abs=0.02)
    assert_on_function(sandbox)
    assert_adapted(qtbot, sandbox_stage)


def band_edges(fit: FitPlot, role: str) -> tuple[Array, Array]:
    """Lower and upper edge of the band drawn, read off its outline."""
    path = fit.bands[role].path()
    heights = np.array([path.elementAt(i).y for i in range(2 * CURVE_POINTS)])
    places = np.array([path.elementAt(i).x for i in range(2 * CURVE_POINTS)])
    assert np.array_equal(places[:CURVE_POINTS], places[: CURVE_POINTS - 1 : -1])
    return heights[: CURVE_POINTS - 1 : -1], heights[:CURVE_POINTS]


def show(stage: SandboxStage, qtbot: QtBot, *roles: str) -> None:
    """Tick them in the list of learners."""
    numbers = stage.sandbox.numbers
    click(numbers.compare)
    qtbot.waitUntil(numbers.picker.isVisible)
    for role in roles:
        click(numbers.switches[role])
    press(numbers.compare.menu(), Key.Key_Escape)
    qtbot.waitUntil(lambda: not numbers.picker.isVisible())


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # as a menu does
def test_the_band_is_two_deviations_wide(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """Around each prediction that has one, before and after the points, as the core has it."""
    sandbox, panel = sandbox_of(sandbox_stage), sandbox_stage.sandbox
    pick(panel.controls.family, "gp-rbf")
    assert_adapted(qtbot, sandbox_stage)
    assert not panel.fit.bands
    assert BAND not in panel.numbers.caption.text()
    show(sandbox_stage, qtbot, "ridge", "ideal")
    assert_adapted(qtbot, sandbox_stage)
    assert panel.numbers.caption.text().endswith(BAND)
    assert set(panel.fit.bands) == {"ridge", "ideal"}
    for step in (0, 1, 5):
        sandbox.go_to(step)
        assert_adapted(qtbot, sandbox_stage)
        state = sandbox.state
        x = torch.tensor([p.x for p in state.points]).view(1, -1, 1)
        y = torch.tensor([p.y for p in state.points]).view(1, -1, 1)
        for role in ("ridge", "ideal"):
            course = adapt(
                *(starts(sandbox)[role], x, y, state.family.grid(CURVE_POINTS)),
                alpha=state.alpha,
                steps=step,
            )
            *_, last = course
            assert last.deviation is not None
            prediction, half = (
                part[0].double().numpy() for part in (last.prediction, 2 * last.deviation)
            )
            assert 0.01 < half.max() < WIDE
            low, high = band_edges(panel.fit, role)
            np.testing.assert_allclose(low, prediction - half, atol=1e-12)
            np.testing.assert_allclose(high, prediction + half, atol=1e-12)
            assert panel.fit.bands[role].isVisible()
            assert panel.fit.bands[role].zValue() < panel.fit.truth.zValue()


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # as a menu does
def test_a_band_goes_with_its_learner_and_wears_its_colour(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """Also in the dark, and for a band that is first drawn there."""
    panel = sandbox_stage.sandbox
    pick(panel.controls.family, "gp-rbf")
    show(sandbox_stage, qtbot, "ridge")
    assert_adapted(qtbot, sandbox_stage)
    panel.apply_theme(style.DARK)
    show(sandbox_stage, qtbot, "ideal")
    assert_adapted(qtbot, sandbox_stage)
    for role in ("ridge", "ideal"):
        colour = panel.fit.bands[role].brush().color()
        assert colour.name() == style.DARK.learners[role]
        assert 0.05 < colour.alphaF() < 0.4
        assert panel.fit.bands[role].pen().style() == Qt.PenStyle.NoPen
    click(panel.numbers.removers["ridge"])
    qtbot.waitUntil(lambda: not panel.fit.bands["ridge"].isVisible())
    assert panel.fit.bands["ideal"].isVisible()
    click(panel.numbers.removers["ideal"])
    qtbot.waitUntil(lambda: not panel.fit.bands["ideal"].isVisible())
    qtbot.waitUntil(lambda: BAND not in panel.numbers.caption.text())


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # as a menu does
def test_who_cannot_adapt_says_why(sandbox_stage: SandboxStage, qtbot: QtBot) -> None:
    """The oracle knows no lines, and of a sawtooth no ideal learner is known."""
    panel = sandbox_stage.sandbox
    numbers = panel.numbers
    show(sandbox_stage, qtbot, "oracle", "ideal")
    assert_adapted(qtbot, sandbox_stage)
    assert numbers.on_task["oracle"].text() != "–"
    assert numbers.on_task["oracle"].toolTip() == ""
    known = numbers.names["oracle"].toolTip()
    pick(panel.controls.family, "sawtooth")
    assert_adapted(qtbot, sandbox_stage)
    sentences = {"oracle": "told the parameters of Sine tasks", "ideal": "not known for Sawtooth"}
    for role, words in sentences.items():
        assert not panel.fit.fits[role].isVisible()
        for cell in (numbers.on_task[role], numbers.on_support[role]):
            assert cell.text() == "–"
            assert words in cell.toolTip()
        assert words in numbers.names[role].toolTip()
    pick(panel.controls.family, "sine")
    assert_adapted(qtbot, sandbox_stage)
    assert numbers.on_task["oracle"].text() != "–"
    assert numbers.on_task["oracle"].toolTip() == ""
    assert numbers.names["oracle"].toolTip() == known


def test_the_status_line_says_what_the_networks_were_trained_on(
    window: MainWindow, qtbot: QtBot
) -> None:
    """Only while the task is another one."""
    family = window.sandbox.controls.family
    for name, said in (("line", True), ("sine", False), ("multistep", True)):
        pick(family, name)
        qtbot.waitUntil(
            lambda said=said: window._origin.text().endswith(", trained on Sine tasks") is said
        )
    click(window.sandbox.controls.follow)  # a run of sines: so is the task again
    qtbot.waitUntil(lambda: window.workspace.sandbox.state.family.name == "sine")
    qtbot.waitUntil(lambda: "trained on" not in window._origin.text())


def test_another_family_is_trained(open_training: OpenTraining, qtbot: QtBot) -> None:
    """Chosen in the form, it is what the core trains: the same network, bit for bit."""
    settings = replace(SMALL, iterations=12)
    stage = open_training(settings)
    panel = stage.training
    panel.tabs.setCurrentWidget(panel.form)
    family = panel.form.editors["family"]
    assert isinstance(family, QComboBox)
    family.setFocus()
    while panel.form.editors["family"].currentData() != "mmaml-2":
        press(stage, Key.Key_Down)
    assert panel.form.settings == settings.changed(family="mmaml-2")
    assert panel.train.isEnabled()
    click(panel.train)
    qtbot.waitUntil(lambda: stage.workspace.session.phase is Phase.FINISHED)
    alone = advance(start(settings.changed(family="mmaml-2")), 12)[0]
    for name, learner in stage.workspace.session.run.learners.items():
        assert torch.equal(learner.meta, alone.learners[name].meta)
    sines = advance(start(settings), 12)[0]
    assert not torch.equal(sines.learners["maml"].meta, alone.learners["maml"].meta)
