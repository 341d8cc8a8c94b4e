"""Small widgets that several panels use."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)


class NumberBox(QDoubleSpinBox):
    """A number without trailing zeros, committed when complete."""

    def __init__(self, low: float, high: float, step: float, decimals: int = 6) -> None:
        super().__init__()
        self.setDecimals(decimals)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self._exact = 0.0

    def show_exactly(self, value: float) -> None:
        """Show a value that may have more digits than the box, such as π."""
        self._exact = value
        self.setValue(value)

    def exact_value(self) -> float:
        """The value last given to `show_exactly` if the box still reads like it."""
        reads_like_it = self.value() == round(self._exact, self.decimals())
        return self._exact if reads_like_it else self.value()

    def textFromValue(self, value: float) -> str:
        """The shortest text of the value."""
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class SliderBox(QWidget):
    """A slider with a number box beside it.

    Signals:
        edited: the user's new value; not sent by `show_value`.
    """

    edited = Signal(float)
    TICKS = 1000

    def __init__(self, name: str, step: float, decimals: int) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, self.TICKS)
        self.slider.setPageStep(self.TICKS // 10)
        self.slider.setAccessibleName(f"{name} slider")
        self.box = NumberBox(0, 1, step, decimals)
        self._bounds = 0.0, 1.0  # the box rounds its own
        self.box.setAccessibleName(name)
        self.box.setMinimumWidth(76)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.box)
        self.slider.valueChanged.connect(self._on_slider)
        self.box.valueChanged.connect(self.edited)

    def set_range(self, low: float, high: float) -> None:
        """Bound the value."""
        if (low, high) != self._bounds:  # or the window would be laid out anew
            self._bounds = low, high
            with QSignalBlocker(self.box):
                self.box.setRange(low, high)

    def show_value(self, value: float) -> None:
        """Show a value that came from elsewhere."""
        show_value(self.box, value)
        low, high = self.box.minimum(), self.box.maximum()
        with QSignalBlocker(self.slider):
            share = (value - low) / (high - low) if high > low else 0.0
            self.slider.setValue(round(share * self.TICKS))

    def _on_slider(self, tick: int) -> None:
        low, high = self.box.minimum(), self.box.maximum()
        self.edited.emit(low + (high - low) * tick / self.TICKS)


def show_value(box: QSpinBox | QDoubleSpinBox, value: float) -> None:
    """Show a value that came from elsewhere, without answering back or disturbing typing."""
    if box.value() != value:
        with QSignalBlocker(box):
            box.setValue(value)  # type: ignore[arg-type]


def show_choice(box: QComboBox, data: object) -> None:
    """Show the entry with the given data, without answering back."""
    with QSignalBlocker(box):
        box.setCurrentIndex(box.findData(data))


def show_checked(box: QAbstractButton, on: bool) -> None:
    """Show whether something is on, without answering back."""
    with QSignalBlocker(box):
        box.setChecked(on)


def label(text: str, role: str = "", buddy: QWidget | None = None, wrap: bool = False) -> QLabel:
    """A text whose role decides its look (see `style.style_sheet`)."""
    result = QLabel(text)
    result.setProperty("role", role)
    result.setWordWrap(wrap)
    if buddy is not None:
        result.setBuddy(buddy)
    return result


def put(text: str, into: QLabel) -> None:
    """Show another text without giving up the room of the longest so far: nothing below moves."""
    if text != into.text():
        into.setText(text)
        needed = into.heightForWidth(into.width())
        if needed > into.minimumHeight():
            into.setMinimumHeight(needed)


def button(text: str, tip: str, role: str = "") -> QPushButton:
    """A push button with a tooltip. A click leaves the keys where they were: Space still plays."""
    result = QPushButton(text)
    result.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    result.setToolTip(tip)
    result.setProperty("role", role)
    return result


def remover(name: str = "", tip: str = "") -> QToolButton:
    """A small × that takes something away."""
    result = QToolButton()
    result.setText("×")
    result.setAccessibleName(name)
    result.setToolTip(tip)
    result.setAutoRaise(True)
    result.setFixedSize(20, 20)
    result.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return result


def row(*widgets: QWidget, stretch: int | None = None) -> QHBoxLayout:
    """Widgets beside each other; the one at index ``stretch`` takes the spare room."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, int(index == stretch))
    if stretch is None:
        layout.addStretch(1)
    return layout
