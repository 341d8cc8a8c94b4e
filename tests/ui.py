"""Real mouse and key events in data coordinates, and what a window ought to show."""

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.adaptation.freezing import with_frozen_layers
from explorer.core.adaptation.inner_loop import Start, adapt
from explorer.core.base.errors import UserError
from explorer.core.base.lazy_torch import torch
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.families.numerics import CURVE_POINTS
from explorer.core.jobs.competitor import Competitor, start_of
from explorer.panels.plotting.plots import BEYOND, Plot
from explorer.state.competitors import ROLES
from explorer.state.sandbox import Sandbox
from tests.stages import SandboxStage

Array = NDArray[np.float64]
WORDS = {"–": math.nan, "diverged": math.inf}
LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
PRESS, MOVE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove
RELEASE, DOUBLE = QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick


def pixel(plot: Plot, x: float, y: float) -> QPoint:
    """Where a data point lies on a plot's viewport."""
    return plot.mapFromScene(plot.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y)))


def send_mouse(
    plot: Plot, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton
) -> None:
    """One mouse event at a pixel; `qtbot.mouseClick` on a graphics view logs Qt warnings."""
    place = QPointF(plot.viewport().mapToGlobal(at))
    event = QMouseEvent(kind, QPointF(at), place, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(plot.viewport(), event)


def click_plot(plot: Plot, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    """Press and release a button at a data point."""
    at = pixel(plot, x, y)
    send_mouse(plot, PRESS, at, button, button)
    send_mouse(plot, RELEASE, at, button, NONE)


def drag_plot(plot: Plot, *way: tuple[float, float]) -> None:
    """Hold the left button along a way of data points."""
    first, *others = (pixel(plot, *point) for point in way)
    send_mouse(plot, PRESS, first, LEFT, LEFT)
    for at in others:
        send_mouse(plot, MOVE, at, NONE, LEFT)
    send_mouse(plot, RELEASE, others[-1], LEFT, NONE)


def press(
    window: QWidget,
    *keys: Qt.Key | str,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Press keys where the focus is; shortcuts get them first, as from a keyboard."""
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key, modifier)


def click(widget: QWidget) -> None:
    """Click a button, a check box or anything else in its middle."""
    # A check box answers only where it paints something, which is at its left.
    at = QPoint(8, widget.height() // 2) if isinstance(widget, QCheckBox) else QPoint()
    QTest.mouseClick(widget, LEFT, pos=at)


def enter(field: QWidget, text: str) -> None:
    """Type into a field and confirm with Return."""
    field.setFocus()
    QTest.keySequence(field, "Ctrl+A")
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def pick(box: QComboBox, data: object) -> None:
    """Go to an entry of a list with the arrow keys, which choose each entry on the way."""
    wanted = box.findData(data)
    assert wanted >= 0
    box.setFocus()
    while box.currentIndex() != wanted:
        before = box.currentIndex()
        press(box, Qt.Key.Key_Down if before < wanted else Qt.Key.Key_Up)
        assert box.currentIndex() != before


def curve_values(curve: object) -> Array:
    """The y values that a curve holds."""
    y = curve.getData()[1]  # type: ignore[attr-defined]
    return np.empty(0) if y is None else np.asarray(y)


def starts(sandbox: Sandbox) -> dict[str, Start]:
    """Per role shown: where it starts; without those that cannot adapt to such tasks."""
    found = {}
    for role in sandbox.question.roles:
        one = sandbox.competitors.by_role[role]
        own = None if role in CLOSED_FORMS else one.start
        with suppress(UserError):
            competitor = Competitor(one.label, role, own, one.settings)
            start = start_of(competitor, sandbox.state.family)
            found[role] = with_frozen_layers(start, sandbox.state.frozen)
    return found


def expected(sandbox: Sandbox) -> dict[str, tuple[Array, Array, Array]]:
    """Per role: predictions, error on the function and on the points, straight from the core."""
    state, task = sandbox.state, torch.tensor([[sandbox.state.task]])
    inputs = state.family.grid(CURVE_POINTS)
    truth = state.family.function(inputs.view(1, -1, 1), task).flatten()
    x = torch.tensor([p.x for p in state.points]).view(1, -1, 1)
    y = torch.tensor([p.y for p in state.points]).view(1, -1, 1)
    result = {}
    for role, start in starts(sandbox).items():
        steps = list(adapt(start, x, y, inputs, alpha=state.alpha, steps=state.steps, task=task))
        predictions = torch.cat([step.prediction for step in steps])
        errors = (predictions - truth).square().mean(-1)
        losses = torch.cat([step.support_loss for step in steps])
        result[role] = tuple(t.double().numpy() for t in (predictions, errors, losses))
    return result  # type: ignore[return-value]


def read_number(text: str) -> float:
    """The number that a label shows, or stands for."""
    if text in WORDS:
        return WORDS[text]
    plain = text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    mantissa, _, exponent = plain.replace(",", "").partition("·10")
    return float(mantissa) * 10 ** int(exponent or 0)


def status_text(window: MainWindow) -> str:
    """What the status line says the training is doing."""
    return window.statusBar().findChildren(QLabel)[0].text()


def assert_adapted(
    qtbot: QtBot, window: MainWindow | SandboxStage, roles: Sequence[str] | None = None
) -> None:
    """Wait until the window shows, float for float, what the core computes for its state."""
    sandbox, fit, numbers = window.workspace.sandbox, window.sandbox.fit, window.sandbox.numbers
    qtbot.waitUntil(lambda: sandbox.is_current)
    core, state = expected(sandbox), sandbox.state

    def shown() -> None:
        for role in ROLES:
            if role not in state.shown:
                assert not fit.fits[role].isVisible()
                assert numbers.on_task[role].text() == "–"
        for role in core if roles is None else roles:
            prediction, errors, losses = (values[state.step] for values in core[role])
            assert fit.fits[role].isVisible()
            on_screen = np.abs(prediction) < BEYOND  # further out it is clipped
            drawn = curve_values(fit.fits[role])
            assert drawn.shape == prediction.shape  # not before the first frame
            assert np.array_equal(drawn[on_screen], prediction[on_screen])
            for label, value in (
                (numbers.on_task[role], errors),
                (numbers.on_support[role], losses),
            ):
                number = read_number(label.text())
                assert np.isclose(number, value, rtol=0.05, atol=6e-4, equal_nan=True)

    qtbot.waitUntil(shown)


def png_colours(path: Path) -> int:
    """How many different colours a picture has, counted on a coarse raster."""
    from PySide6.QtGui import QImage

    image = QImage(str(path))
    return len(
        {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
    )
