"""Colours and lines in both appearances."""

from itertools import combinations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.texts import loss_text
from explorer.panels.plotting.plots import Plot
from explorer.panels.widgets.style import DARK, LIGHT, TRUTH_OPACITY, Theme, learner_pen, on_ground
from explorer.state.competitors import ROLES
from tests.ui import assert_adapted, click, read_number

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = QColor(colour).getRgbF()[:3]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@BOTH
def test_learners_differ_in_colour_and_in_line(theme: Theme) -> None:
    """Who cannot tell the colours apart can tell the lines apart."""
    pens = [learner_pen(theme, role) for role in ROLES]
    for one, other in combinations(pens, 2):
        assert one.color() != other.color()
        assert one.dashPattern() != other.dashPattern()


@BOTH
def test_dashes_keep_their_gaps(theme: Theme) -> None:
    """No stroke reaches into the gaps beside it."""
    for role in ROLES:
        line = learner_pen(theme, role)
        if line.dashPattern():
            assert line.capStyle() == Qt.PenCapStyle.FlatCap


@BOTH
def test_text_and_lines_stand_out(theme: Theme) -> None:
    """Text has WCAG's 4.5 to 1 against what it is written on, lines and points 3 to 1."""
    for text, ground in (
        (theme.text, theme.window),
        (theme.text, theme.base),
        (theme.text, theme.button),
        (theme.muted, theme.window),
        (theme.muted, theme.base),
        (theme.warning, theme.window),
        (theme.warning, theme.base),
        (theme.text, theme.warning_base),
        (theme.accent_text, theme.accent),
    ):
        assert contrast(text, ground) >= 4.5, (text, ground)
    for colour in (*theme.learners.values(), theme.point):
        assert contrast(colour, theme.base) >= 3, colour


def colours(window: MainWindow) -> dict[str, object]:
    """What the plots are drawn with now."""
    fit, training = window.sandbox.fit, window.training
    plots: tuple[Plot, ...] = (fit, window.sandbox.errors, training.meta_loss, training.held_out)
    found: dict[str, object] = {
        f"background {i}": plot.backgroundBrush().color().name() for i, plot in enumerate(plots)
    }
    found["truth"] = fit.truth.pen().color().name()
    for role in ROLES:
        found[f"fit {role}"] = fit.fits[role].pen().color().name()
        found[f"error {role}"] = window.sandbox.errors.on_task[role].pen().color().name()
    for name, curve in training.held_out.curves.items():
        found[f"held out {name}"] = curve.pen().color().name()
    for (name, kind), curve in training.meta_loss.smooth.items():
        found[f"loss {name} {kind}"] = curve.pen().color().name()
    return found


def test_switching_recolours_every_plot(window: MainWindow, qtbot: QtBot) -> None:
    """Backgrounds and lines take the colours of the appearance chosen, without a restart."""
    chosen = {}
    for name, theme in (("Light colours", LIGHT), ("Dark colours", DARK)):
        (action,) = (a for a in window.themes.actions() if a.text().replace("&", "") == name)
        action.trigger()
        chosen[name] = found = colours(window)
        for key, colour in found.items():
            if key.startswith("background"):
                assert colour == theme.base
            elif key == "truth":
                assert colour == on_ground(theme, theme.truth, TRUTH_OPACITY)
            else:
                assert colour == next(theme.learners[r] for r in ROLES if r in key.split())
        assert window.palette().window().color().name() == theme.window
        assert_adapted(qtbot, window)
    assert all(chosen["Light colours"][k] != chosen["Dark colours"][k] for k in found)
    window.set_theme("system")
    assert colours(window) in list(chosen.values())
    assert window.preferences.theme == "system"


def test_legend_lines_have_the_learners_colours(window: MainWindow, qtbot: QtBot) -> None:
    """The piece of line beside a name is drawn like the curve it stands for."""
    window.set_theme("dark")
    for role in ROLES:
        line: QLabel = window.sandbox.numbers.lines[role]
        image = line.pixmap().toImage()
        seen = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alphaF() > 0.9
        }
        assert DARK.learners[role] in seen
    click(window.sandbox.numbers.switches["random"])
    assert_adapted(qtbot, window)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), None])
def test_numbers_that_are_none_are_words_or_a_dash(value: float | None) -> None:
    """Nobody has to know what inf and nan mean."""
    text = loss_text(value).lower()
    assert text
    assert "inf" not in text
    assert "nan" not in text


@pytest.mark.parametrize(
    "value", [0.0, 1e-12, 0.00042, 0.0123, 0.5, 1.0, 3.14159, 42.0, 9999.0, 1e4, 2.5e16]
)
def test_numbers_keep_two_digits_at_least(value: float) -> None:
    """What is shown is the value, to its leading digits, however large or small."""
    assert read_number(loss_text(value)) == pytest.approx(value, rel=0.05)
