"""The window under load: frames and answers go on while a network trains."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsRectItem
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.experiment.presets import PRESETS
from explorer.panels.plotting.plots import Axis
from explorer.state import sandbox as sandbox_module
from explorer.state.trails import Answer, Question, answer
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.stages import SandboxStage
from tests.trainers import LONG, PATIENCE
from tests.ui import assert_adapted, click, click_plot, curve_values, drag_plot, press


class Events(QObject):
    """Notes the paints and layouts of a widget in `order`, among whatever else is noted there."""

    def __init__(self, watched: QObject) -> None:
        super().__init__(watched)
        self.order: list[str] = []
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """A paint or a layout begins."""
        if event.type() == QEvent.Type.Paint:
            self.order.append("paint")
        elif event.type() == QEvent.Type.LayoutRequest:
            self.order.append("layout")
        return False


class Noted(QGraphicsRectItem):
    """An item of a plot that only notes when its turn to be painted has come."""

    def __init__(self, order: list[str], name: str) -> None:
        super().__init__(-1, -1, 2, 2)
        self._order, self._name = order, name

    def paint(self, *_: object) -> None:
        """What lies below has been painted, what lies above has not."""
        self._order.append(self._name)


def test_a_click_is_on_the_screen_while_training_goes_on(
    open_window: OpenWindow, qtbot: QtBot
) -> None:
    """The paper's experiment at full speed, followed: answers are painted between its chunks."""
    window = open_window(replace(PRESETS["paper"].settings, iterations=LONG.iterations))
    session, sandbox, fit = window.workspace.session, window.workspace.sandbox, window.sandbox.fit
    events = Events(fit.viewport())
    session.progressed.connect(lambda _: events.order.append("chunk"))
    press(window, "f")
    click(window.training.train)
    qtbot.waitUntil(lambda: "chunk" in events.order)
    for x in (-4.4, 0.1, 3.3):
        click_plot(fit, x, 0.0)
        points = sandbox.state.points
        events.order.clear()
        qtbot.waitUntil(lambda p=points: sandbox.answer.question.points == p)
        events.order.append("answer")
        qtbot.waitUntil(lambda: events.order[-1] != "answer" and "paint" in events.order)
        assert events.order.count("chunk") < 100  # of the thousands of the run
        assert [marker.pos().x() for marker in fit.points] == [point.x for point in points]
        assert session.phase is Phase.TRAINING
        events.order.clear()
        qtbot.waitUntil(lambda: "chunk" in events.order)


@pytest.fixture
def patient_threads() -> Iterator[None]:
    """A thread goes on holding the interpreter's lock until it gives it up by itself."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("patient_threads")
def test_other_threads_run_while_a_plot_is_painted(
    sandbox_stage: SandboxStage, qtbot: QtBot
) -> None:
    """Training needs the interpreter's lock between two chunks; painting does not hold it."""
    fit = sandbox_stage.sandbox.fit
    order: list[str] = []
    stop = threading.Event()
    fit.add(Noted(order, "below the curves"), z=-1)
    fit.add(Noted(order, "above the curves"), z=10)

    def run() -> None:
        while not stop.wait(0.0001):
            if order and order[-1] == "below the curves":
                order.append("thread")

    thread = threading.Thread(target=run)
    thread.start()
    try:

        def ran_in_a_paint() -> bool:
            fit.viewport().update()
            return "thread" in order

        qtbot.waitUntil(ran_in_a_paint)
    finally:
        stop.set()
        thread.join()


def test_a_point_is_shown_before_a_late_answer(
    sandbox_stage: SandboxStage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click is seen although the adaptation takes its time; the curves follow."""
    gate = threading.Event()

    def late(question: Question) -> Answer:
        gate.wait(PATIENCE)
        return answer(question)

    monkeypatch.setattr(sandbox_module, "answer", late)
    fit, before = (
        sandbox_stage.sandbox.fit,
        curve_values(sandbox_stage.sandbox.fit.fits["maml"]).copy(),
    )
    try:
        click_plot(fit, 0.3, 0.0)
        points = sandbox_stage.workspace.sandbox.state.points
        qtbot.waitUntil(lambda: len(fit.points) == len(points))
        assert fit.points[-1].pos().x() == points[-1].x
        assert (curve_values(fit.fits["maml"]) == before).all()
    finally:
        gate.set()
    assert_adapted(qtbot, sandbox_stage)
    assert (curve_values(fit.fits["maml"]) != before).any()


def test_axes_are_painted_when_they_change(
    sandbox_stage: SandboxStage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grid and numbers are kept from frame to frame, and painted anew for another range."""
    fit, painted = sandbox_stage.sandbox.fit, []
    paint_on = Axis.paint_on

    def note(axis: Axis, background: QPainter) -> None:
        if axis.scene() is fit.scene():
            painted.append(axis.orientation)
        paint_on(axis, background)

    monkeypatch.setattr(Axis, "paint_on", note)
    events = Events(fit.viewport())
    for x in (-2.2, 1.7):
        events.order.clear()
        click_plot(fit, x, 0.0)
        assert_adapted(qtbot, sandbox_stage)
        qtbot.waitUntil(lambda: "paint" in events.order)
    assert painted == []
    fit.show_range("y", -9.0, 9.0, 0.0)
    fit.show_changes()
    qtbot.waitUntil(lambda: bool(painted))
    assert set(painted) == {"left", "bottom"}


def test_a_drag_lays_nothing_out(window: MainWindow, qtbot: QtBot) -> None:
    """The controls that show the sandbox's state keep their places while a point moves."""
    point = window.workspace.sandbox.state.points[0]
    assert_adapted(qtbot, window)
    events = Events(window.sandbox.controls)
    drag_plot(window.sandbox.fit, (point.x, point.y), (point.x + 0.5, 0.0), (point.x + 0.7, 0.0))
    assert window.workspace.sandbox.state.points[0] != point
    assert_adapted(qtbot, window)
    assert "layout" not in events.order
