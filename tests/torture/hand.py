"""A hand that does at random what people do to the window: clicks, drags, keys, themes, jobs."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QTabBar,
    QWidget,
)

from explorer.app.main_window import EVALUATION, MainWindow
from explorer.app.views import VIEWS
from explorer.panels.evaluation.fields import CountFields
from explorer.panels.plotting.plots import Plot
from explorer.state.training_session import Phase
from tests.ui import LEFT, MOVE, NONE, PRESS, RELEASE, RIGHT, enter, pick, send_mouse

TAB = [view.title for view in VIEWS].index(EVALUATION)
Rule = Callable[[], None]
NOT_CHOSEN = {"Quit"}  # actions that end the run
CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTabBar)
KEYS = (
    *(Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Delete),
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Backspace),
    *(Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_0, Qt.Key.Key_5, Qt.Key.Key_Plus),
)
SHOTS = ("1", "5", "5, 10", "5, 10, 20", "2, 3, 5, 8")
STEP_SIZES = ("", "0.01", "0.01, 0.1, 1")


class Hand:
    """Does one random thing after another to a window.

    Attributes:
        done: how often each kind of thing was done.
    """

    def __init__(self, window: MainWindow, seed: int, folder: Path) -> None:
        self.window, self.draw, self._folder = window, random.Random(seed), folder
        self.done: Counter[str] = Counter()
        self._rules: dict[Rule, int] = {
            self.theme: 10,
            self.flip: 24,
            self.job: 8,
            self.training: 8,
            self.control: 10,
            self.plot: 12,
            self.key: 6,
            self.shortcut: 5,
            self.tab: 5,
            self.text_size: 1,
            self.size: 1,
        }
        for way in ("getOpenFileName", "getSaveFileName"):
            setattr(QFileDialog, way, self._file)
        QFileDialog.getExistingDirectory = self._directory  # type: ignore[method-assign]

    def act(self) -> None:
        """One random thing."""
        rule = self.draw.choices([*self._rules], [*self._rules.values()])[0]
        self.done[rule.__name__] += 1
        rule()
        popup = QApplication.activePopupWidget()
        if popup is not None and self.draw.random() < 0.7:
            QTest.keyClick(popup, self.draw.choice((Qt.Key.Key_Escape, Qt.Key.Key_Return)))

    def _file(self, *_: object) -> tuple[str, str]:
        name = self.draw.choice(("", "", "", "one", "two", "missing"))
        return (str(self._folder / name) if name else "", "")

    def _directory(self, *_: object) -> str:
        return self.draw.choice(("", "", str(self._folder)))

    def _shown(self, kinds: type[QWidget] | tuple[type[QWidget], ...]) -> list[QWidget]:
        """What can be seen and used of some kinds of widgets."""
        found = [w for w in self.window.findChildren(QWidget) if isinstance(w, kinds)]
        return [w for w in found if w.isVisible() and w.isEnabled()]

    def theme(self) -> None:
        """Other colours, by the menu's keys."""
        key = self.draw.choice((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3))
        modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        QTest.keyClick(self.window, key, modifiers)

    def flip(self) -> None:
        """Look at another result, as with the arrow keys."""
        panel = self.window.evaluation
        if panel is None or self.window.left.currentIndex() != TAB:
            self.window.left.setCurrentIndex(TAB)
        elif panel.results.count():
            panel.results.setFocus()
            QTest.keyClick(
                panel.results, self.draw.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_End))
            )

    def job(self) -> None:
        """Start a small job, or cancel one."""
        self.window.left.setCurrentIndex(TAB)
        panel = self.window.evaluation
        assert panel is not None
        jobs = self.window.workspace.jobs
        if jobs.running is not None and sum(job.is_open for job in jobs.jobs.values()) > 2:
            pick(panel.results, jobs.running.number)
            QTest.mouseClick(panel.cancel, LEFT)
            return
        kind = self.draw.choice(("compare", "grid", "compare", "grid", *panel.forms))
        panel.kind.setCurrentIndex(panel.kind.findData(kind))
        form = panel.forms[kind]
        counts = getattr(form, "counts", None)
        if isinstance(counts, CountFields):
            enter(counts.steps, str(self.draw.randint(0, 5)))
            enter(counts.tasks, str(self.draw.randint(2, 12)))
            enter(form.shots, self.draw.choice(SHOTS))  # type: ignore[attr-defined]
        if hasattr(form, "alphas"):
            enter(form.alphas, self.draw.choice(STEP_SIZES))
        QTest.mouseClick(panel.start, LEFT)

    def training(self) -> None:
        """Train as a rule; sometimes pause, step or start anew."""
        panel, session = self.window.training, self.window.workspace.session
        if session.phase in {Phase.FINISHED, Phase.FAILED}:
            QTest.mouseClick(panel.reset, LEFT)
        elif session.phase is Phase.TRAINING and self.draw.random() < 0.9:
            self.window.sandbox.controls.follow.toggle()
        elif session.phase in {Phase.READY, Phase.PAUSED} and self.draw.random() < 0.8:
            QTest.mouseClick(panel.train, LEFT)
        else:
            button = self.draw.choice((panel.train, panel.train, panel.step, panel.reset))
            QTest.mouseClick(button, LEFT)

    def control(self) -> None:
        """Click somewhere into a control, or turn the wheel over it."""
        places = self._shown(CONTROLS)
        if not places:
            return
        widget = self.draw.choice(places)
        at = self._place(widget)
        if self.draw.random() < 0.2:
            self._wheel(widget, at)
        elif self.draw.random() < 0.1:
            QTest.mouseClick(widget, RIGHT, pos=at)
        else:
            QTest.mouseClick(widget, LEFT, pos=at)

    def plot(self) -> None:
        """Click, drag or zoom in a plot."""
        plots = self._shown(Plot)
        if not plots:
            return
        plot = self.draw.choice(plots)
        assert isinstance(plot, Plot)
        button = self.draw.choice((LEFT, LEFT, LEFT, RIGHT))
        at = self._place(plot.viewport())
        if self.draw.random() < 0.2:
            self._wheel(plot.viewport(), at)
            return
        send_mouse(plot, PRESS, at, button, button)
        for _ in range(self.draw.randint(0, 4)):
            at = self._place(plot.viewport())
            send_mouse(plot, MOVE, at, NONE, button)
        send_mouse(plot, RELEASE, at, button, NONE)

    def key(self) -> None:
        """A key, where the focus is."""
        modifiers = self.draw.choice(
            (*(Qt.KeyboardModifier.NoModifier,) * 3, Qt.KeyboardModifier.ShiftModifier)
        )
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, self.draw.choice(KEYS), modifiers)

    def shortcut(self) -> None:
        """An action of the menu bar, by its key."""
        names = [name for name in self.window.actions_by_name if name not in NOT_CHOSEN]
        keys = self.window.actions_by_name[self.draw.choice(names)].shortcut()
        if not keys.isEmpty():
            QTest.keySequence(self.window, QKeySequence(keys))

    def tab(self) -> None:
        """Another tab, by a click."""
        bars = self._shown(QTabBar)
        if not bars:
            return
        bar = self.draw.choice(bars)
        assert isinstance(bar, QTabBar)
        at = bar.tabRect(self.draw.randrange(bar.count())).center()
        QTest.mouseClick(bar, LEFT, pos=at)

    def text_size(self) -> None:
        """Other text, as the system may ask for."""
        font = QApplication.font()
        font.setPointSize(self.draw.choice((8, 9, 10, 12, 15)))
        QApplication.setFont(font)

    def size(self) -> None:
        """Another size of the window."""
        self.window.resize(self.draw.randint(900, 1700), self.draw.randint(600, 1100))

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(
            self.draw.randrange(max(widget.width(), 1)),
            self.draw.randrange(max(widget.height(), 1)),
        )

    def _wheel(self, widget: QWidget, at: QPoint) -> None:
        place, turn = QPointF(widget.mapToGlobal(at)), QPoint(0, self.draw.choice((-120, 120)))
        held = self.draw.choice(
            (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier)
        )
        phase = Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(QPointF(at), place, QPoint(), turn, NONE, held, phase, False)
        QApplication.sendEvent(widget, event)
