"""Entering an experiment's settings."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

from explorer.core.base.fields import Range
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import DESCRIPTIONS, Settings
from explorer.core.families import FAMILIES
from explorer.core.families.formula import Formula
from explorer.core.families.gaussian_process import RBF
from explorer.panels.training.settings_form import SettingsForm
from explorer.panels.widgets.editors import RangeBox
from tests.ui import enter, press


@pytest.fixture
def form(qtbot: QtBot) -> SettingsForm:
    form = SettingsForm(Settings())
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    return form


def assert_set(form: SettingsForm, **changes: Any) -> None:
    """The settings are the defaults but for the changes, and nothing is complained of."""
    assert form.settings == replace(Settings(), **changes)
    assert shown(form) == {}


def shown(form: SettingsForm) -> dict[str, str]:
    """The error sentences on view, by setting."""
    return {name: text.text() for name, text in form.errors.items() if not text.isHidden()}


def test_every_setting_can_be_entered(form: SettingsForm) -> None:
    """The form follows the schema: a field of the right kind with its bounds for each."""
    assert set(form.editors) == set(Settings().descriptions)
    for name, editor in form.editors.items():
        description = DESCRIPTIONS[name]
        assert editor.accessibleName() == description.label
        assert editor.toolTip() == description.help
        if isinstance(editor, QSpinBox | QDoubleSpinBox):
            assert editor.minimum() == pytest.approx(description.low)
            assert editor.maximum() == pytest.approx(description.high)
        if isinstance(editor, QComboBox):
            texts = [editor.itemText(i) for i in range(editor.count())]
            assert texts == list(description.captions or description.choices)
            assert [editor.itemData(i) for i in range(len(texts))] == list(description.choices)


def test_families_are_called_what_the_sandbox_calls_them(form: SettingsForm) -> None:
    """By the names that people read, not by those of the command line."""
    family = form.editors["family"]
    assert isinstance(family, QComboBox)
    texts = [family.itemText(i) for i in range(family.count())]
    assert texts == [each.label for each in FAMILIES.values()]


def type_number(form: SettingsForm, name: str, text: str) -> None:
    """Type into the field of a single number."""
    enter(form.editors[name], text)


def type_range(form: SettingsForm, name: str, low: str, high: str) -> None:
    """Type both ends of a range."""
    editor = form.editors[name]
    assert isinstance(editor, RangeBox)
    enter(editor.low, low)
    enter(editor.high, high)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("noise", ("0.25",), 0.25),
        ("shots", ("5",), 5),
        ("query", ("7",), 7),
        ("inner_steps", ("3",), 3),
        ("alpha", ("0.002",), 0.002),
        ("meta_batch", ("4",), 4),
        ("beta", ("0.0005",), 0.0005),
        ("iterations", ("1234",), 1234),
        ("seed", ("99",), 99),
        ("hidden", ("20, 30, 10",), (20, 30, 10)),
        ("amplitude", ("1", "2.5"), Range(1, 2.5)),
        ("x", ("-3", "3"), Range(-3, 3)),
        ("phase", ("-1", "1.5"), Range(-1, 1.5)),
    ],
)
def test_what_is_typed_is_what_is_set(
    form: SettingsForm, name: str, typed: tuple[str, ...], value: Any
) -> None:
    """The setting typed changes, and no other changes with it."""
    (type_number if len(typed) == 1 else type_range)(form, name, *typed)
    assert_set(form, **{name: value})


def test_an_edit_leaves_the_other_settings_exactly_as_they_were(form: SettingsForm) -> None:
    """A run set up here equals the same run on the command line, bit for bit."""
    type_number(form, "iterations", "1234")
    assert form.settings == replace(Settings(), iterations=1234)
    type_range(form, "phase", "0", "3")
    type_range(form, "phase", "0", "3.141593")
    type_number(form, "iterations", "70000")
    assert form.settings == Settings()


def test_a_choice(form: SettingsForm) -> None:
    """The activation is chosen from a list."""
    editor = form.editors["activation"]
    assert isinstance(editor, QComboBox)
    editor.setFocus()
    press(editor, Qt.Key.Key_Down)
    assert_set(form, activation="tanh")


@pytest.mark.parametrize("text", ["40, x", "", "40,,40", "0", "40.5", "1,2,3,4,5,6", "9999"])
def test_impossible_layers_are_refused_where_they_were_typed(form: SettingsForm, text: str) -> None:
    """The field is marked, a sentence under it says what is wanted, and there are no settings."""
    editor = form.editors["hidden"]
    assert isinstance(editor, QLineEdit)
    enter(editor, text)
    assert form.settings is None
    ((name, sentence),) = shown(form).items()
    assert name == "hidden"
    assert "ayers" in sentence
    assert sentence.endswith(".")
    assert editor.property("invalid") is True
    assert editor.text() == text
    enter(editor, "12")
    assert_set(form, hidden=(12,))
    assert editor.property("invalid") is False


@pytest.mark.parametrize("name", ["amplitude", "phase", "x"])
def test_a_reversed_range_is_refused(form: SettingsForm, name: str) -> None:
    """The sentence stands with the range, and goes when the range is mended."""
    type_range(form, name, "2", "1")
    assert form.settings is None
    assert list(shown(form)) == [name]
    assert "below" in shown(form)[name]
    type_range(form, name, "0.5", "1")
    assert_set(form, **{name: Range(0.5, 1)})


def test_too_much_work_is_refused(form: SettingsForm) -> None:
    """What Pause could not interrupt in time is said where the layers are entered."""
    enter(form.editors["meta_batch"], "1000")
    enter(form.editors["hidden"], "256, 256, 256")
    assert form.settings is None
    assert "meta-batch" in shown(form)["hidden"]


def choose_family(form: SettingsForm, name: str) -> None:
    """Go down the list with the arrow keys, which takes every family on the way."""
    form.editors["family"].setFocus()
    while form.editors["family"].currentData() != name:
        press(form, Qt.Key.Key_Down)
        assert form.settings is not None
        assert set(form.editors) == set(form.settings.descriptions)


def test_another_family_brings_its_own_settings(form: SettingsForm) -> None:
    """The rest of what was entered stays, and the list keeps the focus."""
    type_number(form, "shots", "7")
    choose_family(form, "gp-rbf")
    assert form.editors["family"].hasFocus()
    assert form.settings == Settings(family="gp-rbf", shots=7)
    assert "amplitude" not in form.editors
    type_number(form, "length_scale", "0.4")
    assert form.settings == Settings(family=RBF(length_scale=0.4), shots=7)


@pytest.mark.parametrize(
    ("formula", "name", "place"),
    [("a*sin(w*x)+*b", "formula", 12), ("a*sin(w*x)+c", "ranges", 29), ("a*b*w/x", "formula", 6)],
)
def test_a_wrong_formula_is_refused_where_it_was_typed(
    form: SettingsForm, formula: str, name: str, place: int
) -> None:
    """The sentence stands at the field and names the place; what was typed stays."""
    choose_family(form, "formula")
    enter(form.editors["formula"], formula)
    assert form.settings is None
    assert list(shown(form)) == [name]
    assert form.editors[name].property("invalid") is True
    if "/x" not in formula:
        assert f"character {place}" in shown(form)[name]
    assert form.editors["formula"].text() == formula
    enter(form.editors["formula"], "a*sin(w*x)+b")
    assert form.settings == Settings(family="formula")
    assert shown(form) == {}


@pytest.mark.parametrize("order", [("formula", "ranges"), ("ranges", "formula")])
def test_formula_and_ranges_can_be_typed_in_either_order(
    form: SettingsForm, order: tuple[str, str]
) -> None:
    """In between the one that fits no longer is complained of, and neither loses a letter."""
    choose_family(form, "formula")
    texts = {"formula": "p*x + exp(-q*x^2)", "ranges": "p: -1 to 1, q: 0.1 to 2"}
    for name in order:
        assert len(shown(form)) == (name == order[1])
        enter(form.editors[name], texts[name])
    assert shown(form) == {}
    assert form.settings == Settings(family=Formula(**texts))


def test_a_number_beyond_its_bounds_cannot_stay(form: SettingsForm) -> None:
    """The field itself holds to the schema's bounds."""
    enter(form.editors["beta"], "5")
    assert form.settings is not None
    assert form.settings.beta <= 1.0
    enter(form.editors["shots"], "0")
    assert form.settings.shots >= 1


def test_edits_are_told_once_each(form: SettingsForm) -> None:
    """Showing settings from elsewhere is no edit."""
    edits = []
    form.edited.connect(lambda: edits.append(1))
    form.show_settings(Settings(shots=3))
    assert edits == []
    type_number(form, "shots", "4")
    assert edits == [1]
    assert_set(form, shots=4)


@pytest.mark.parametrize("name", list(PRESETS))
def test_showing_settings_is_exact(form: SettingsForm, name: str) -> None:
    """Every preset comes out of the form as it went in, π included."""
    form.show_settings(Settings(phase=(-1, 1), hidden=(3,)))
    form.show_settings(PRESETS[name].settings)
    assert form.settings == PRESETS[name].settings


def test_the_wheel_does_not_change_what_is_scrolled_past(form: SettingsForm) -> None:
    """Scrolling the form with the mouse over a field that has not the focus changes nothing."""
    for name in ("shots", "alpha", "activation"):
        editor = form.editors[name]
        form.setFocus()
        assert not editor.hasFocus()
        event = QWheelEvent(
            QPointF(5, 5),
            QPointF(editor.mapToGlobal(QPoint(5, 5))),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(editor, event)
    assert form.settings == Settings()
