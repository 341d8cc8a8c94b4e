"""The files that the user chooses: checkpoints, pictures and exported figures."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.core.figures.figure import Figure
from explorer.core.files.checkpoint import OPENED, SUFFIX
from explorer.panels.widgets.notice_bar import NoticeBar
from explorer.state.preferences import Preferences
from explorer.state.workspace import Workspace

OPEN_FILTER = f"Networks ({' '.join(f'*{suffix}' for suffix in OPENED)});;All files (*)"
FILE_FILTER = f"Checkpoints (*{SUFFIX});;All files (*)"


class FileDialogs(QObject):
    """Asks for names and hands them on; what goes wrong becomes a notice.

    Signals:
        done: what was written, in a sentence.
    """

    done = Signal(str)

    def __init__(
        self, window: QWidget, workspace: Workspace, preferences: Preferences, notices: NoticeBar
    ) -> None:
        super().__init__(window)
        self._window, self._workspace = window, workspace
        self._preferences, self._notices = preferences, notices

    @Slot()
    def open(self) -> None:
        """Let the user choose a checkpoint and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open checkpoint", self._preferences.folder, OPEN_FILTER
        )
        if name:
            self._preferences.folder = str(Path(name).parent)
            self._workspace.open_checkpoint(Path(name))

    def reopen(self) -> None:
        """Bring back the last run that was given up or left without saving."""
        kept = self._workspace.kept_run
        if kept is not None and kept.exists():
            self._notices.hide()
            self._workspace.open_checkpoint(kept)
        else:
            self._notices.show_notice("No run has been left without saving yet.")

    def save(self) -> None:
        """Let the user choose where to save the training run."""
        iteration = self._workspace.session.iteration
        path = self._place("Save checkpoint", f"maml-{iteration}", SUFFIX, FILE_FILTER)
        if path is not None and self._workspace.save_checkpoint(path):
            self._preferences.folder = str(path.parent)
            self.done.emit(f"Saved {path}")

    def save_picture(self) -> None:
        """Let the user choose where to save a picture of the window."""
        path = self._place("Save picture", "maml-explorer", ".png", "PNG (*.png)")
        if path is not None and not self._window.grab().save(str(path), "PNG"):
            self._notices.show_notice(f"Could not write {path}. Choose another place.")

    @Slot(object)
    def export(self, figure: Figure) -> None:
        """Let the user choose the folder for a figure's files."""
        folder = QFileDialog.getExistingDirectory(
            self._window, "Export figure into a folder", self._preferences.folder
        )
        if folder:
            self._preferences.folder = folder
            self._workspace.exporter.export(figure, Path(folder))

    def _place(self, title: str, name: str, suffix: str, filters: str) -> Path | None:
        """A name with its suffix; None if nothing was chosen or a file is in the way."""
        suggestion = Path(self._preferences.folder) / f"{name}{suffix}"
        chosen, _ = QFileDialog.getSaveFileName(self._window, title, str(suggestion), filters)
        if not chosen:
            return None
        path = Path(chosen)
        if path.suffix == suffix:
            return path
        path = path.with_name(path.name + suffix)
        if path.exists():  # the dialog asked about the name without the suffix
            self._notices.show_notice(f"{path} exists: choose it by its full name to replace it.")
            return None
        return path
