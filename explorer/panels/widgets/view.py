"""What a view is to the window that shows it: a panel with a theme, and a figure to export."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from explorer.panels.widgets.style import Theme


def is_out_of_sight(part: QWidget) -> bool:
    """Whether the window shows another tab than a part's."""
    return part.window().isVisible() and not part.isVisible()


class View(QWidget):
    """One of the window's tabs.

    Signals:
        export_wanted: a `Figure` for which the user wants to choose a place.
    """

    export_wanted = Signal(object)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Let keys go to where they belong when it is shown."""
        raise NotImplementedError
