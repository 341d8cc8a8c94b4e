"""The main window: panels, menus, status line and messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.app.about import AboutDialog
from explorer.app.actions import OwnKeys, fill
from explorer.app.collector import Collector
from explorer.app.file_dialogs import FileDialogs
from explorer.app.menus import SANDBOX_ENTRIES, SANDBOX_MENUS, Commands, menus, theme_name
from explorer.app.views import VIEWS
from explorer.core.engine import STATUS, State
from explorer.panels.sandbox.panel import SandboxPanel
from explorer.panels.training.panel import NUMBERS_PER_SECOND, TrainingPanel
from explorer.panels.widgets import style
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.notice_bar import NoticeBar
from explorer.panels.widgets.view import View
from explorer.state.frame_clock import FrameClock
from explorer.state.preferences import THEMES, Preferences, Theme
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace

if TYPE_CHECKING:
    from explorer.panels.evaluation.panel import EvaluationPanel

SANDBOX, EVALUATION, *_ = (view.title for view in VIEWS)
TRANSIENT_MS = 5000
LOADING = "Loading the engine"
ENGINE = {  # said beside the sandbox's networks, where all is slower than it could be
    State.COMPILING: "Compiling the engine, slower until then",
    State.OFF: "Engine off, slower",
}


class MainWindow(QMainWindow):
    """Everything a user sees. Closing it stops every thread.

    The engine takes longer to load than the window to open, so it is loaded once the window has
    been painted. Whatever the user does before is kept and answered then.

    It opens at its standard size; `restore_layout` makes it remember.
    """

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()
        self.workspace, self.preferences = workspace, preferences
        self._theme = self._apply_to_application()  # before there are widgets to be dressed anew
        self.clock = FrameClock(self)
        self.collector = Collector(self.clock, self)
        self.notices = NoticeBar()
        self.sandbox = SandboxPanel(workspace, self.clock)
        self.training = TrainingPanel(workspace.session, workspace.travel, self.clock)
        self.dialogs = FileDialogs(self, workspace, preferences, self.notices)
        self.about: AboutDialog | None = None
        self.views: dict[str, View] = {SANDBOX: self.sandbox}  # made when they are first shown
        self._remembers_layout = False
        self._is_painted = False
        self._phase = label("")
        self._phase.setContentsMargins(8, 0, 0, 0)
        self._origin = label("", "muted")
        self._lay_out()
        commands = Commands(
            self.left.setCurrentIndex,
            self.set_theme,
            self.toggle_full_screen,
            self.notices.hide,
            self.show_about,
            self.close,
        )
        entries = menus(workspace, self.sandbox, self.training, self.dialogs, commands)
        self.actions_by_name = fill(self.menuBar(), entries)
        self._sandbox_actions = [
            self.actions_by_name[entry.name]
            for title in SANDBOX_MENUS
            for entry in entries[title]
            if entry.run is not None
        ] + [self.actions_by_name[name] for name in SANDBOX_ENTRIES]
        self._mark_theme()
        self._own_keys = OwnKeys(self)
        self._own_keys.guard(self)
        workspace.notice.connect(self.notices.show_notice)
        workspace.exporter.exported.connect(
            lambda text: self.statusBar().showMessage(text, TRANSIENT_MS)
        )
        self.dialogs.done.connect(lambda text: self.statusBar().showMessage(text, TRANSIENT_MS))
        self.sandbox.controls.open_wanted.connect(self.dialogs.open)
        workspace.session.phase_changed.connect(self._refresh_status)
        workspace.session.progressed.connect(self._on_progress)
        workspace.engine_changed.connect(self._on_progress)
        workspace.sandbox.changed.connect(self._on_progress)
        workspace.sandbox.answered.connect(self._on_progress)
        QApplication.styleHints().colorSchemeChanged.connect(self._apply_theme)
        self.installEventFilter(self)
        self._apply_theme()
        self._refresh_status()
        self.sandbox.take_focus()
        self.collector.start()

    def _lay_out(self) -> None:
        self.setWindowTitle("MAML Explorer")
        self.setAcceptDrops(True)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.left = QTabWidget()
        self.left.setDocumentMode(True)
        self.left.tabBar().setDrawBase(False)
        for view in VIEWS:
            self.left.addTab(self.views.get(view.title) or _room(), view.title)
        self.left.currentChanged.connect(self._on_tab)
        self.splitter.addWidget(self.left)
        self.splitter.addWidget(self.training)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notices)
        layout.addWidget(self.splitter, 1)
        self.setCentralWidget(central)
        self.statusBar().addWidget(self._phase)
        self.statusBar().addPermanentWidget(self._origin)
        self.resize(1280, 800)
        self.splitter.setSizes([708, 572])

    def restore_layout(self) -> None:
        """Take the size and place the window had when it was last closed."""
        self.restoreGeometry(self.preferences.layout("geometry"))
        self.splitter.restoreState(self.preferences.layout("splitter"))
        self._remembers_layout = True

    @Slot(int)
    def _on_tab(self, index: int) -> None:
        """Make the panel when it is first shown; the sandbox's keys act on what can be seen."""
        view = VIEWS[index]
        for action in self._sandbox_actions:
            action.setEnabled(view.on_sandbox)
        if not view.on_sandbox:
            self.workspace.player.stop()
        self._panel_of(index).take_focus()

    def _panel_of(self, index: int) -> View:
        title = VIEWS[index].title
        if title not in self.views:
            self.views[title] = panel = VIEWS[index].make(self.workspace, self.clock)
            panel.export_wanted.connect(self.dialogs.export)
            panel.apply_theme(self._theme)
            room = self.left.widget(index).layout()
            assert room is not None
            room.addWidget(panel)
            self._own_keys.guard(panel)
        return self.views[title]

    @property
    def evaluation(self) -> EvaluationPanel | None:
        """The evaluation panel, once it has been looked at."""
        return cast("EvaluationPanel | None", self.views.get(EVALUATION))

    def _mark_theme(self) -> None:
        """Let the menu show which colours are chosen."""
        self.themes = QActionGroup(self)
        for theme in THEMES:
            action = self.themes.addAction(self.actions_by_name[theme_name(theme)])
            action.setCheckable(True)
            action.setChecked(theme == self.preferences.theme)

    def set_theme(self, theme: Theme) -> None:
        """Light, dark, or whatever the system says."""
        self.preferences.theme = theme
        self._apply_theme()

    def _apply_to_application(self) -> style.Theme:
        """Dress the application as the user or the system wants it, and tell how that is."""
        wanted = self.preferences.theme
        if wanted == "system":
            dark = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = wanted == "dark"
        theme = replace(style.DARK if dark else style.LIGHT, pixel_ratio=self.devicePixelRatioF())
        application = QApplication.instance()
        if isinstance(application, QApplication):
            style.apply(theme, application)
        return theme

    @Slot()
    def _apply_theme(self) -> None:
        self._theme = theme = self._apply_to_application()
        for panel in self.views.values():
            panel.apply_theme(theme)
        self.training.apply_theme(theme)

    @Slot()
    def _on_progress(self) -> None:
        self.clock.request(self._refresh_status, NUMBERS_PER_SECOND)

    @Slot()
    def _refresh_status(self) -> None:
        session = self.workspace.session
        text = session.phase.value
        if session.phase is Phase.PAUSED:
            text += f" at iteration {session.iteration:,}"
        self._phase.setText(text)
        sandbox = self.workspace.sandbox
        parts = [ENGINE.get(STATUS.state, ""), f"Sandbox: {sandbox.origin}"]
        self._origin.setText(" · ".join(filter(None, parts)) if sandbox.is_answering else LOADING)

    def show_about(self) -> None:
        """Show what the program is, without stopping anything."""
        if self.about is None:
            self.about = AboutDialog(self)
        self.about.show()
        self.about.raise_()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or no longer."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Backspace removes the selected point, as Delete does."""
        if event.key() == Qt.Key.Key_Backspace and VIEWS[self.left.currentIndex()].on_sandbox:
            self.workspace.sandbox.remove_selected()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Lines as wide as the screen's density wants them; the engine after the first paint."""
        # Not `event`: all painting would run inside it, and hold the interpreter's lock.
        if watched is self and event.type() == QEvent.Type.DevicePixelRatioChange:
            self._apply_theme()
        elif watched is self and event.type() == QEvent.Type.Paint and not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.workspace.start)  # the children are still to be painted
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the file that was dropped."""
        for url in event.mimeData().urls()[:1]:
            if url.isLocalFile():
                self.workspace.open_checkpoint(Path(url.toLocalFile()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop every thread, remember the layout."""
        self.clock.stop()
        self.collector.stop()
        if self._remembers_layout:
            self.preferences.set_layout("geometry", QByteArray(self.saveGeometry()))
            self.preferences.set_layout("splitter", QByteArray(self.splitter.saveState()))
        self.preferences.save()
        self.hide()  # a thread in the midst of loading the engine can only be waited for
        self.workspace.shut_down()
        event.accept()


def _room() -> QWidget:
    """A tab for a panel that is made later."""
    tab = QWidget()
    QVBoxLayout(tab).setContentsMargins(0, 0, 0, 0)
    return tab
