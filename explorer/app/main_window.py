"""The main window: panels, menus, status line and messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.app.about import AboutDialog
from explorer.app.actions import OwnKeys, fill
from explorer.app.collector import Collector
from explorer.app.menus import SANDBOX_ENTRIES, SANDBOX_MENUS, menus
from explorer.core.engine import STATUS, State
from explorer.core.files.checkpoint import SUFFIX
from explorer.panels.sandbox.panel import SandboxPanel
from explorer.panels.training.panel import NUMBERS_PER_SECOND, TrainingPanel
from explorer.panels.widgets import style
from explorer.panels.widgets.controls import label
from explorer.panels.widgets.notice_bar import NoticeBar
from explorer.state.frame_clock import FrameClock
from explorer.state.preferences import THEMES, Preferences, Theme
from explorer.state.training_session import Phase
from explorer.state.workspace import Workspace

if TYPE_CHECKING:
    from explorer.panels.evaluation.panel import EvaluationPanel

SANDBOX, EVALUATION = range(2)  # tabs
TRANSIENT_MS = 5000
LOADING = "Loading the engine"
ENGINE = {  # said beside the sandbox's networks, where all is slower than it could be
    State.COMPILING: "Compiling the engine, slower until then",
    State.OFF: "Engine off, slower",
}
FILE_FILTER = f"Checkpoints (*{SUFFIX});;All files (*)"


class MainWindow(QMainWindow):
    """Everything a user sees. Closing it stops every thread.

    The engine takes longer to load than the window to open, so it is loaded once the window has
    been painted. Whatever the user does before is kept and answered then.

    It opens at its standard size; `restore_layout` makes it remember.
    """

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()
        self.workspace, self.preferences = workspace, preferences
        self._theme = self._dress_application()  # before there are widgets to be dressed anew
        self.clock = FrameClock(self)
        self.collector = Collector(self.clock, self)
        self.notices = NoticeBar()
        self.sandbox = SandboxPanel(workspace, self.clock)
        self.training = TrainingPanel(workspace.session, self.clock)
        self.about: AboutDialog | None = None
        self.evaluation: EvaluationPanel | None = None  # made when it is first looked at
        self._remembers_layout = False
        self._is_painted = False
        self._phase = label("")
        self._phase.setContentsMargins(8, 0, 0, 0)
        self._origin = label("", "muted")
        self._lay_out()
        entries = menus(self)
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
        self.sandbox.controls.open_wanted.connect(self.ask_open)
        workspace.session.phase_changed.connect(self._refresh_status)
        workspace.session.progressed.connect(self._on_progress)
        workspace.engine_changed.connect(self._on_progress)
        workspace.sandbox.changed.connect(self._on_progress)
        workspace.sandbox.answered.connect(self._on_progress)
        QApplication.styleHints().colorSchemeChanged.connect(self._apply_theme)
        self.installEventFilter(self)
        self._apply_theme()
        self._refresh_status()
        self.sandbox.fit.setFocus()
        self.collector.start()

    def _lay_out(self) -> None:
        self.setWindowTitle("MAML Explorer")
        self.setAcceptDrops(True)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.left = QTabWidget()
        self.left.setDocumentMode(True)
        self.left.tabBar().setDrawBase(False)
        self.left.addTab(self.sandbox, "Sandbox")
        evaluation_tab = QWidget()
        self._evaluation_room = QVBoxLayout(evaluation_tab)
        self._evaluation_room.setContentsMargins(0, 0, 0, 0)
        self.left.addTab(evaluation_tab, "Evaluation")
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
        for action in self._sandbox_actions:
            action.setEnabled(index == SANDBOX)
        if index == SANDBOX:
            self.sandbox.fit.setFocus()
        else:
            self.workspace.player.stop()
            self._evaluation_shown().kind.setFocus()

    def _evaluation_shown(self) -> EvaluationPanel:
        if self.evaluation is None:
            # Here, because the window opens without it.
            from explorer.panels.evaluation.panel import EvaluationPanel  # noqa: PLC0415

            self.evaluation = EvaluationPanel(self.workspace, self.clock)
            self.evaluation.export_wanted.connect(self.ask_export)
            self.evaluation.apply_theme(self._theme)
            self._evaluation_room.addWidget(self.evaluation)
            self._own_keys.guard(self.evaluation)
        return self.evaluation

    def _mark_theme(self) -> None:
        """Let the menu show which colours are chosen."""
        self.themes = QActionGroup(self)
        for theme in THEMES:
            action = self.themes.addAction(self.actions_by_name[f"{theme.capitalize()} colours"])
            action.setCheckable(True)
            action.setChecked(theme == self.preferences.theme)

    def set_theme(self, theme: Theme) -> None:
        """Light, dark, or whatever the system says."""
        self.preferences.theme = theme
        self._apply_theme()

    def _dress_application(self) -> style.Theme:
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
        self._theme = theme = self._dress_application()
        self.sandbox.apply_theme(theme)
        if self.evaluation is not None:
            self.evaluation.apply_theme(theme)
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
        parts = [ENGINE.get(STATUS.state, ""), f"Sandbox: {sandbox.competitors.origin}"]
        self._origin.setText(" · ".join(filter(None, parts)) if sandbox.is_answering else LOADING)

    def ask_open(self) -> None:
        """Let the user choose a checkpoint and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self, "Open checkpoint", self.preferences.folder, FILE_FILTER
        )
        if name:
            self.preferences.folder = str(Path(name).parent)
            self.workspace.open_checkpoint(Path(name))

    def reopen(self) -> None:
        """Bring back the last run that was given up or left without saving."""
        kept = self.workspace.kept_run
        if kept is not None and kept.exists():
            self.notices.hide()
            self.workspace.open_checkpoint(kept)
        else:
            self.notices.show_notice("No run has been left without saving yet.")

    def ask_save(self) -> None:
        """Let the user choose where to save the training run."""
        iteration = self.workspace.session.iteration
        suggestion = Path(self.preferences.folder) / f"maml-{iteration}{SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(self, "Save checkpoint", str(suggestion), FILE_FILTER)
        path = self._complete_name(name, SUFFIX)
        if path is not None and self.workspace.save_checkpoint(path):
            self.preferences.folder = str(path.parent)
            self.statusBar().showMessage(f"Saved {path}", TRANSIENT_MS)

    def ask_picture(self) -> None:
        """Let the user choose where to save a picture of the window."""
        suggestion = Path(self.preferences.folder) / "maml-explorer.png"
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", str(suggestion), "PNG (*.png)")
        path = self._complete_name(name, ".png")
        if path is not None and not self.grab().save(str(path), "PNG"):
            self.notices.show_notice(f"Could not write {path}. Choose another place.")

    def ask_export(self) -> None:
        """Let the user choose where the evaluation's figure goes."""
        job = self.evaluation.job if self.evaluation is not None else None
        if job is None or job.figure is None:
            return
        folder = QFileDialog.getExistingDirectory(
            self, "Export figure into a folder", self.preferences.folder
        )
        if folder:
            self.preferences.folder = folder
            self.workspace.exporter.export(job.figure, Path(folder))

    def _complete_name(self, name: str, suffix: str) -> Path | None:
        """A chosen name with its suffix; None if nothing was chosen or a file is in the way."""
        if not name:
            return None
        path = Path(name)
        if path.suffix == suffix:
            return path
        path = path.with_name(path.name + suffix)
        if path.exists():  # the dialog asked about the name without the suffix
            self.notices.show_notice(f"{path} exists: choose it by its full name to replace it.")
            return None
        return path

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
        if event.key() == Qt.Key.Key_Backspace and self.left.currentIndex() == SANDBOX:
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
