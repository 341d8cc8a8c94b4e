"""The one description of every setting: defaults, checks, and the way through JSON."""

import json
import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import MAX_LAYERS, Range, coerce
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, MAX_WORK, Settings
from explorer.core.network.mlp import ACTIVATIONS
from tests.core.experiment.example import OTHER


def test_defaults_are_the_papers() -> None:
    """Section 5.1 of the paper, and the authors' code where the paper is silent."""
    settings = Settings()
    assert settings.family.name == "sine"
    assert settings.value("amplitude") == (0.1, 5.0)
    assert settings.value("phase") == (0.0, math.pi)
    assert settings.x == (-5.0, 5.0)
    assert settings.noise == 0
    assert (settings.shots, settings.query, settings.inner_steps) == (10, 10, 1)
    assert (settings.alpha, settings.beta) == (0.01, 0.001)
    assert (settings.meta_batch, settings.iterations) == (25, 70_000)
    assert (settings.hidden, settings.activation) == ((40, 40), "relu")


def test_other_differs_everywhere() -> None:
    """The example of these tests leaves no setting at its default, so none goes untested."""
    for name in DESCRIPTIONS.keys() - {FAMILY}:
        assert OTHER.value(name) != Settings().value(name), name


@pytest.mark.parametrize("settings", [Settings(), OTHER, *(p.settings for p in PRESETS.values())])
def test_round_trip_through_json(settings: Settings) -> None:
    """Settings come back from JSON equal, with the types they had."""
    back = Settings.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert back == settings
    assert back.to_dict().keys() == settings.descriptions.keys()
    for name in settings.descriptions:
        assert type(back.value(name)) is type(settings.value(name)), name


def test_unknown_names_are_ignored_and_missing_ones_defaulted() -> None:
    """A file of a later version opens; a partial one is completed with the paper's values."""
    assert Settings.from_dict({"shots": 3, "momentum": 0.9}) == Settings(shots=3)
    assert Settings.from_dict({}) == Settings()


def test_settings_are_frozen_and_hashable() -> None:
    """Nobody changes an experiment under way, not even by way of its lists."""
    with pytest.raises(FrozenInstanceError):
        Settings().shots = 3  # type: ignore[misc]
    given = [8, 8]
    settings = Settings(hidden=given)  # type: ignore[arg-type]
    given.append(9)
    assert settings.hidden == (8, 8)
    assert len({Settings(), Settings(), OTHER}) == 2


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_setting_is_described(name: str) -> None:
    """Panel and command line find a group, a label and a help line, and the default is allowed."""
    description = DESCRIPTIONS[name]
    assert description.group
    assert description.label
    assert description.help.endswith(".")
    assert (description.kind == "choice") == bool(description.choices)
    if description.kind != "choice":
        assert description.low < description.high
        assert description.step > 0


def test_activations_are_the_networks() -> None:
    """The schema offers exactly what the network can compute."""
    assert DESCRIPTIONS["activation"].choices == ACTIVATIONS


def numeric(*kinds: str) -> list[str]:
    return [name for name, description in DESCRIPTIONS.items() if description.kind in kinds]


def with_part(name: str, part: float) -> Any:
    """The default of a setting with one number replaced."""
    kind = DESCRIPTIONS[name].kind
    if kind == "range":
        return [part, Settings().value(name).high]
    return [part] if kind == "layers" else part


def refused(name: str, value: Any) -> str:
    """The message with which a value is refused, from a file and at construction alike."""
    with pytest.raises(SettingsError) as from_file:
        Settings.from_dict({name: value})
    with pytest.raises(SettingsError) as constructed:
        Settings(**{name: value})
    for caught in (from_file, constructed):
        assert caught.value.field == name
        assert DESCRIPTIONS[name].label in str(caught.value)
        assert "\n" not in str(caught.value)
    return str(from_file.value)


@pytest.mark.parametrize("name", numeric("integer", "number", "range", "layers"))
def test_out_of_bounds(name: str) -> None:
    """Below the low bound and above the high one is refused, naming the bounds."""
    description = DESCRIPTIONS[name]
    for value in (description.low - 1, description.high + 1, 1e300, -1e300):
        whole = description.kind in {"integer", "layers"}
        message = refused(name, with_part(name, int(value) if whole else value))
        for bound in (description.low, description.high):
            assert (f"{bound:,}" if isinstance(bound, int) else f"{bound:g}") in message


@pytest.mark.parametrize("name", numeric("integer", "number"))
def test_bounds_themselves_are_allowed(name: str) -> None:
    """Both ends of the interval are values one may choose."""
    description = DESCRIPTIONS[name]
    for value in (description.low, description.high):
        assert Settings.from_dict({name: value, "hidden": [1]}).value(name) == value


@pytest.mark.parametrize("name", numeric("integer", "number", "range", "layers"))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite(name: str, value: float) -> None:
    """NaN and the infinities are refused everywhere."""
    refused(name, with_part(name, value))


@pytest.mark.parametrize("name", DESCRIPTIONS)
@pytest.mark.parametrize(
    "value", [None, "many", "", [], {}, [None], ["a", "b"], object(), [[1, 2], [3]], 1j]
)
def test_wrong_type(name: str, value: Any) -> None:
    """Values of another kind are refused with the setting's name, never with a TypeError."""
    refused(name, value)


@pytest.mark.parametrize("name", numeric("integer", "number", "range", "layers"))
def test_true_is_not_a_number(name: str) -> None:
    """JSON's true does not pass for 1."""
    refused(name, with_part(name, True))


@pytest.mark.parametrize("name", numeric("integer", "layers"))
def test_fractions_are_not_whole(name: str) -> None:
    """2.5 points or units are refused, not cut to 2; 2.0 is 2."""
    assert "whole" in refused(name, with_part(name, 2.5))
    value = coerce(name, DESCRIPTIONS[name], with_part(name, 2.0))
    assert value in (2, (2,))


@pytest.mark.parametrize("name", numeric("range"))
@pytest.mark.parametrize(
    ("value", "word"),
    [([1, 0.5], "below"), ([1, 1], "below"), ([1], "two"), ([0, 1, 2], "two"), ("12", "two")],
)
def test_ranges(name: str, value: Any, word: str) -> None:
    """A range is two numbers, the first below the second."""
    assert word in refused(name, value)


def test_number_of_layers() -> None:
    """One to five hidden layers."""
    assert Settings(hidden=(2,) * MAX_LAYERS).hidden == (2,) * MAX_LAYERS
    assert str(MAX_LAYERS) in refused("hidden", [2] * (MAX_LAYERS + 1))
    refused("hidden", ())


@pytest.mark.parametrize("value", ["sigmoid", "ReLU", 3, ""])
def test_unknown_choice(value: Any) -> None:
    """A choice that is not offered is refused with those that are."""
    message = refused("activation", value)
    assert all(choice in message for choice in ACTIVATIONS)


def test_too_much_work() -> None:
    """Bounds alone allow experiments that would freeze; the whole is checked too."""
    with pytest.raises(SettingsError, match="paper's") as caught:
        Settings(meta_batch=1000, hidden=(256, 256), inner_steps=20)
    assert caught.value.field == "hidden"
    assert "lower" in str(caught.value)


def test_relative_work() -> None:
    """The paper's experiment costs 1, ten times the tasks ten times as much, and so on up."""
    assert Settings().relative_work() == 1
    assert Settings(meta_batch=250).relative_work() == pytest.approx(10)
    for more in (
        Settings(inner_steps=2),
        Settings(shots=20),
        Settings(query=20),
        Settings(hidden=(50, 40)),
    ):
        assert 1 < more.relative_work() < MAX_WORK
    last = Settings(inner_steps=5)
    assert last.changed(outer_loss="every").relative_work() > last.relative_work()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("shots", " 12 ", 12),
        ("alpha", "1e-2", 0.01),
        ("hidden", "40, 20,10", (40, 20, 10)),
        ("hidden", "64", (64,)),
        ("x", ["-1", "2.5"], Range(-1.0, 2.5)),
        ("activation", "tanh", "tanh"),
    ],
)
def test_text_from_fields_and_command_line(name: str, text: Any, value: Any) -> None:
    """Typed text becomes the setting's own type."""
    assert coerce(name, DESCRIPTIONS[name], text) == value
    assert type(coerce(name, DESCRIPTIONS[name], text)) is type(value)
