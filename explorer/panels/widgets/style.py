"""Every colour, pen and line style of the program.

How each learner is drawn stands in `explorer.palette`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QApplication

from explorer import resources
from explorer.palette import look
from explorer.state.competitors import ROLES

BAND_OPACITY = 0.16  # of the area around a curve in which other values lie
TRUTH_OPACITY = 0.7


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance, as #rrggbb, and the screen's pixels per unit of length."""

    dark: bool
    window: str
    base: str
    text: str
    muted: str
    border: str
    button: str
    accent: str
    accent_text: str
    truth: str
    point: str
    warning: str
    warning_base: str
    pixel_ratio: float = 1.0

    @property
    def learners(self) -> dict[str, str]:
        """The colour of each role."""
        return {role: look(role).dark if self.dark else look(role).light for role in ROLES}


LIGHT = Theme(
    dark=False,
    window="#f3f4f7",
    base="#ffffff",
    text="#1b1f24",
    muted="#59626e",
    border="#cfd5dd",
    button="#ffffff",
    accent="#0b5cad",
    accent_text="#ffffff",
    truth="#8b949e",
    point="#8f2d6b",
    warning="#8a3b00",
    warning_base="#fff1e0",
)
DARK = Theme(
    dark=True,
    window="#20242b",
    base="#171a1f",
    text="#e6e9ee",
    muted="#a3adb9",
    border="#3d4550",
    button="#2b313a",
    accent="#3d8fe0",
    accent_text="#0d1014",
    truth="#7d8793",
    point="#ee9fd0",
    warning="#ffc078",
    warning_base="#3a2c1b",
)


def see_through(colour: str, opacity: float) -> QColor:
    """A colour of which a share hides what lies below."""
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


def on_ground(theme: Theme, colour: str, opacity: float) -> str:
    """What a see-through colour looks like on a plot's ground.

    Painting see-through lines wider than a pixel, or bars, takes Qt three times as long.
    """
    over, under = QColor(colour), QColor(theme.base)
    parts = (QColor.red, QColor.green, QColor.blue)
    mixed = (round(opacity * part(over) + (1 - opacity) * part(under)) for part in parts)
    return QColor(*mixed).name()


def pen(
    theme: Theme,
    colour: str,
    width: float = 1.0,
    opacity: float = 1.0,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    dashes: Sequence[float] = (),
) -> QPen:
    """A cosmetic pen: as wide on the screen whatever the axes do and however dense its pixels."""
    result: QPen = pg.mkPen(
        see_through(colour, opacity), width=width * theme.pixel_ratio, style=style
    )
    if dashes:
        result.setCapStyle(Qt.PenCapStyle.FlatCap)  # others would fill the gaps
        result.setDashPattern(list(dashes))
    return result


def learner_pen(theme: Theme, role: str, width: float = 2.0, opacity: float = 1.0) -> QPen:
    """The pen of a learner: its colour, and dashes of its own for whom colours do not tell."""
    return pen(theme, theme.learners[role], width, opacity, dashes=look(role).dashes)


def small_picture(
    theme: Theme, width: int, height: int, paint: Callable[[QPainter], None]
) -> QPixmap:
    """A picture on nothing, as sharp as the screen is dense."""
    ratio = theme.pixel_ratio
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter)
    painter.end()
    return pixmap


def swatch(theme: Theme, role: str, line_width: float = 2.5) -> QPixmap:
    """A short piece of a learner's line, for legends and tables."""
    width, height = 42, 12

    def line(painter: QPainter) -> None:
        painter.setPen(learner_pen(theme, role, line_width))
        painter.drawLine(1, height // 2, width - 1, height // 2)

    return small_picture(theme, width, height, line)


def palette(theme: Theme) -> QPalette:
    """Qt's palette in the theme's colours."""
    result = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.base,
        QPalette.ColorRole.AlternateBase: theme.window,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Button: theme.button,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipBase: theme.base,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.accent_text,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Mid: theme.border,
    }
    for role, colour in roles.items():
        result.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        result.setColor(QPalette.ColorGroup.Disabled, role, see_through(theme.text, 0.4))
    return result


def style_sheet(theme: Theme) -> str:
    """What the palette cannot say."""
    check = resources.resource(resources.CHECK_ON_DARK if theme.dark else resources.CHECK_ON_LIGHT)
    return f"""
        QCheckBox::indicator, QListView::indicator {{
            width: 14px; height: 14px; border: 1px solid {theme.muted}; border-radius: 3px;
            background: {theme.base};
        }}
        QCheckBox::indicator:checked, QListView::indicator:checked {{
            background: {theme.accent}; border-color: {theme.accent};
            image: url("{check.as_posix()}");
        }}
        QCheckBox::indicator:focus {{
            border: 2px solid {theme.text}; width: 12px; height: 12px;
        }}
        QTabWidget::pane {{ border: 0; }}
        QSplitter::handle {{ background: {theme.border}; margin: 8px 2px; }}
        QLabel[role="heading"] {{ font-weight: 600; }}
        QLabel[role="answer"] {{ font-size: 11pt; }}
        QLabel[role="muted"] {{ color: {theme.muted}; }}
        QLabel[role="hint"] {{ color: {theme.muted}; font-size: 13pt; }}
        QLabel[role="warning"] {{ color: {theme.warning}; }}
        QFrame[role="notice"] {{
            background: {theme.warning_base}; border: 1px solid {theme.warning};
            border-radius: 4px;
        }}
        QFrame[role="notice"] QLabel {{ color: {theme.text}; }}
        QFrame[role="card"] {{
            background: {theme.base}; border: 1px solid {theme.border}; border-radius: 4px;
        }}
        QFrame[role="panel"] {{ border: 1px solid transparent; border-radius: 4px; }}
        QFrame[role="panel"][focused="true"] {{ border-color: {theme.accent}; }}
        QPushButton[role="primary"] {{
            background: {theme.accent}; color: {theme.accent_text};
            border: 1px solid {theme.accent}; border-radius: 3px; padding: 4px 14px;
            font-weight: 600;
        }}
        QPushButton[role="primary"]:disabled {{
            background: {theme.border}; border-color: {theme.border}; color: {theme.muted};
        }}
        QPushButton[role="primary"]:focus {{ border: 2px solid {theme.text}; padding: 3px 13px; }}
        QLineEdit[invalid="true"] {{ border: 2px solid {theme.warning}; }}
        QToolTip {{
            background: {theme.base}; color: {theme.text}; border: 1px solid {theme.border};
        }}
    """


def apply(theme: Theme, application: QApplication) -> None:
    """Dress the application; plots are dressed by their own `apply_theme`."""
    colours, sheet = palette(theme), style_sheet(theme)
    # Qt dresses every widget anew, which takes longer than to make them, even if nothing changes.
    if application.palette() != colours:
        application.setPalette(colours)
    if application.styleSheet() != sheet:
        application.setStyleSheet(sheet)
