"""Writing figures to files, in a thread of its own: the library that draws them is slow to load."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.base.errors import UserError
from explorer.core.figures.export import FORMATS, export
from explorer.core.figures.figure import Figure
from explorer.palette import look
from explorer.state.workers import LatestWorker

Write = Callable[[Figure, Path], Sequence[Path]]


def write(figure: Figure, folder: Path) -> Sequence[Path]:
    """Write a figure as SVG, PNG and CSV.

    A figure that the folder holds already stays: the new one gets a number.

    Returns:
        The files written.

    Raises:
        UserError: they could not be written.
    """
    stems = (figure.item if n == 1 else f"{figure.item}-{n}" for n in count(1))
    try:
        free = next(s for s in stems if not any((folder / f"{s}.{f}").exists() for f in FORMATS))
        return export(figure, folder, look, stem=free)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"Could not write to {folder}: {reason}. Choose another folder.") from error


class Exporter(QObject):
    """Writes one figure at a time.

    Signals:
        busy_changed: `is_busy` has a new value.
        exported: a sentence that says where the files are.
        failed: the user's sentence and the details.
    """

    busy_changed = Signal()
    exported = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None, write: Write = write) -> None:
        super().__init__(parent)
        self.is_busy = False
        self._write = write
        self._worker: LatestWorker | None = None

    def export(self, figure: Figure, folder: Path) -> None:
        """Write a figure into a folder, unless another is being written."""
        if self.is_busy:
            return
        if self._worker is None:
            self._worker = LatestWorker()
            self._worker.done.connect(self._on_done)
            self._worker.failed.connect(self._on_failed)
            self._worker.start()
        self._set_busy(True)
        self._worker.submit(lambda: (folder, self._write(figure, folder)))

    def stop(self) -> None:
        """Ask the worker to end, without waiting."""
        if self._worker is not None:
            self._worker.stop()

    def shut_down(self) -> None:
        """Stop after the figure in hand and wait for it."""
        if self._worker is not None:
            self._worker.shut_down()

    def _set_busy(self, busy: bool) -> None:
        self.is_busy = busy
        self.busy_changed.emit()

    @Slot(int, object)
    def _on_done(self, _ticket: int, result: tuple[Path, Sequence[Path]]) -> None:
        folder, paths = result
        self._set_busy(False)
        names = [path.name for path in paths]
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        self.exported.emit(f"Exported {listed} to {folder}.")

    @Slot(int, str, str)
    def _on_failed(self, _ticket: int, sentence: str, details: str) -> None:
        self._set_busy(False)
        self.failed.emit(sentence, details)
