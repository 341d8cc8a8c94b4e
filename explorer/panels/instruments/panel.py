"""The tab *Why it works*: the sandbox's points and steps, and a page of instruments under them."""

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from explorer.core.instruments import PAGES
from explorer.panels.instruments.instrument_view import InstrumentView
from explorer.panels.instruments.small_sandbox import SmallSandbox
from explorer.panels.sandbox.learner_picker import LearnerPicker, open_from
from explorer.panels.widgets.controls import button, label, show_choice
from explorer.panels.widgets.style import LIGHT, Theme
from explorer.panels.widgets.view import View
from explorer.state.frame_clock import FRAME, FrameClock
from explorer.state.instruments import Instruments, PageReading
from explorer.state.workspace import Workspace

LEAST_PAGE = 300  # pixels
SHARE_OF_POINTS = 1 / 6  # of the tab's height
PATIENCE = 1.5 * FRAME  # for which the points wait for the instruments
TEXTS_PER_SECOND = 10.0  # nobody reads more, and a text has all below it placed anew


class InstrumentsPanel(View):
    """Shows one page at a time; the others are made when they are first turned to."""

    def __init__(
        self, workspace: Workspace, clock: FrameClock, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._clock, self._theme = clock, LIGHT
        self.state = Instruments(workspace.sandbox, self)
        self.state.failed.connect(workspace.notice)
        workspace.join(self.state)
        self.fit = SmallSandbox(workspace)
        self._drawn: PageReading | None = None
        self.pages = QTabBar()
        self.pages.setDocumentMode(True)
        self.pages.setExpanding(False)
        self.pages.setDrawBase(False)
        self.pages.setAccessibleName("Page")
        for number, page in enumerate(PAGES):
            self.pages.addTab(page.title)
            self.pages.setTabToolTip(number, page.question)
        self.question = label("", "heading", wrap=True)
        self.focus = QComboBox()
        self.focus.setAccessibleName("Learner in pictures of a single one")
        self.focus.setToolTip("The learner that pictures of a single one are about")
        self.picker = LearnerPicker(workspace.sandbox)
        self.compare = button("Compare", "Choose the learners to show")
        open_from(self.compare, self.picker)
        self.views: dict[int, list[InstrumentView]] = {}
        self._sheets: dict[int, QWidget] = {}
        self._lay_out()
        self.pages.currentChanged.connect(self.state.turn_to)
        self.focus.activated.connect(lambda i: self.state.focus_on(self.focus.itemData(i)))
        self.state.changed.connect(self._on_changed)
        self.state.answered.connect(self._on_answered)
        workspace.sandbox.changed.connect(self._on_news)
        workspace.sandbox.answered.connect(self._on_news)
        workspace.sandbox.changed.connect(self._list_learners)
        self._on_changed()
        self._list_learners()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.question, 1)
        head.addWidget(label("Learner", buddy=self.focus))
        head.addWidget(self.focus)
        head.addWidget(self.compare)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setMinimumHeight(LEAST_PAGE)
        self.area.setAccessibleName("Instruments")
        self._content = QWidget()
        QVBoxLayout(self._content).setContentsMargins(0, 0, 6, 0)
        self.area.setWidget(self._content)
        self.area.verticalScrollBar().valueChanged.connect(self._request)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 8)
        layout.setSpacing(4)
        layout.addWidget(self.pages)
        layout.addLayout(head)
        layout.addWidget(self.fit)
        layout.addWidget(self.area, 1)

    def showEvent(self, event: QShowEvent) -> None:
        """It is seen: read on."""
        super().showEvent(event)
        self.state.look(True)
        self._request()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer instruments can be seen."""
        super().resizeEvent(event)
        self.fit.give_room(round(SHARE_OF_POINTS * event.size().height()))
        self._request()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees it."""
        super().hideEvent(event)
        self.state.look(False)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        self.fit.apply_theme(theme)
        self.picker.apply_theme(theme)
        for views in self.views.values():
            for view in views:
                view.apply_theme(theme)
        self._request()

    def take_focus(self) -> None:
        """Keys go to the points."""
        self.fit.take_focus()

    @Slot()
    def _on_changed(self) -> None:
        number = self.state.page
        if number not in self._sheets:
            self._make(number)
        for each, sheet in self._sheets.items():
            sheet.setVisible(each == number)
        with QSignalBlocker(self.pages):
            self.pages.setCurrentIndex(number)
        self.question.setText(PAGES[number].question)
        self._request()

    def _make(self, number: int) -> None:
        self._sheets[number] = sheet = QWidget()
        layout = QVBoxLayout(sheet)
        layout.setContentsMargins(0, 0, 0, 0)
        self.views[number] = []
        for instrument in PAGES[number].instruments:
            view = InstrumentView(instrument, self.state, self._clock)
            view.export_wanted.connect(self.export_wanted)
            view.moved.connect(self._request)
            view.apply_theme(self._theme)
            layout.addWidget(view, view.instrument.columns and 1)
            self.views[number].append(view)
        if not any(view.instrument.columns for view in self.views[number]):
            layout.addStretch(1)
        content = self._content.layout()
        assert content is not None
        content.addWidget(sheet)

    @Slot()
    def _list_learners(self) -> None:
        """Offer those that are shown; the first one that takes steps unless one is chosen."""
        sandbox = self.state.sandbox
        by_role = sandbox.competitors.by_role
        shown = [(role, one.label) for role, one in by_role.items() if role in sandbox.state.shown]
        listed = [
            (self.focus.itemData(i), self.focus.itemText(i)) for i in range(self.focus.count())
        ]
        if listed != shown:
            self.focus.clear()
            for role, text in shown:
                self.focus.addItem(text, role)
        show_choice(self.focus, self._focused)

    @property
    def _focused(self) -> str:
        answer = self.state.answer
        focused = None if answer is None else answer.scene.focused
        return self.state.focus if focused is None else focused[0].role

    @Slot()
    def _on_news(self) -> None:
        """The instruments will soon have read it: both are one frame, unless they take long."""
        if self.isVisible():
            self._clock.request(self.draw, delay=PATIENCE)

    @Slot()
    def _on_answered(self) -> None:
        self._clock.request(self.draw)

    @Slot()
    def _request(self) -> None:
        """Have everything in sight drawn anew."""
        self._drawn = None
        self._clock.request(self.draw)

    def draw(self) -> None:
        """Bring the page up to date; the frame clock calls this."""
        answer = self.state.answer
        if not self.isVisible():
            return
        self.fit.draw()
        if answer is None or answer.page != self.state.page or answer is self._drawn:
            return
        self._drawn = answer
        for view in self.views[answer.page]:
            if view.instrument.name in answer.readings:
                view.take(answer.readings[view.instrument.name])
        self._clock.request(self._show_texts, TEXTS_PER_SECOND)
        self._look_around()

    def _show_texts(self) -> None:
        """Bring the words up to date; the frame clock calls this."""
        for view in self.views[self.state.page]:
            view.show_texts()
        show_choice(self.focus, self._focused)

    def _look_around(self) -> None:
        """Have those instruments read that can be seen; before all is laid out, all of them."""
        views = self.views[self.state.page]
        seen = [view for view in views if not view.visibleRegion().isEmpty()]
        if seen and all(view.is_whole for view in seen):
            words = [view.instrument.name for view in seen if view.shows_only_words]
            self.state.see([view.instrument.name for view in seen], words)
