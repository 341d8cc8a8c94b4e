"""Flat names for what families and learners declare: choosing a family, files, and options."""

import json
from typing import Any

import pytest

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Range, descriptions
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, Settings, settings_of_family
from explorer.core.families import FAMILIES, Sine
from explorer.core.learners import LEARNERS
from explorer.core.learners.averaged import AveragedOptions
from explorer.core.learners.cavia import CaviaOptions
from explorer.core.learners.reptile import ReptileOptions
from explorer.core.learners.settings import CommonSettings
from tests.core.experiment.example import OTHER
from tests.core.families.toy import Steep, make_known

KINDS = {rule.options for rule in LEARNERS.values() if rule.options is not None}
OPTIONS = sorted(name for kind in KINDS for name in descriptions(kind))


# --- what no setting is


def test_unknown_names_are_refused() -> None:
    """At construction, in a sentence that names family and setting, unlike in a file."""
    for make in (Settings, Settings().changed):
        with pytest.raises(SettingsError, match=r"^Sine tasks have no setting 'momentum'\.$") as no:
            make(momentum=0.9)
        assert no.value.field == "momentum"


def test_settings_of_another_family_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line has no amplitude, a sine no slope."""
    make_known(monkeypatch)
    with pytest.raises(SettingsError, match="Sine tasks have no setting 'slope'"):
        Settings(slope=(0, 1))
    with pytest.raises(SettingsError, match="Steep tasks have no setting 'amplitude'"):
        Settings(family="steep", amplitude=(0, 1))


def test_an_unknown_family_is_refused() -> None:
    """With the names of those that there are; from a file too."""
    for make in (lambda: Settings(family="cubes"), lambda: Settings.from_dict({FAMILY: "cubes"})):
        with pytest.raises(SettingsError) as caught:
            make()
        assert caught.value.field == FAMILY
        assert all(name in str(caught.value) for name in FAMILIES)


# --- families


@pytest.fixture
def steep(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Another experiment on tasks of another family."""
    make_known(monkeypatch)
    return OTHER.changed(family="steep", slope=(-1, 1), steepness=3, x=(0, 4), noise=0.5)


def test_a_family_brings_its_own_settings(steep: Settings) -> None:
    """By name, in place of the sines'; all that learners know stays."""
    assert steep.family == Steep(Range(-1.0, 1.0), 3.0, Range(0.0, 4.0), 0.5)
    assert steep.value("slope") == Range(-1.0, 1.0)
    assert (steep.x, steep.noise) == (Range(0.0, 4.0), 0.5)
    assert not {"amplitude", "phase"} & steep.descriptions.keys()
    assert DESCRIPTIONS.keys() - steep.descriptions.keys() == {"amplitude", "phase"}
    assert steep.descriptions.keys() - DESCRIPTIONS.keys() == {"slope", "steepness"}
    for name in DESCRIPTIONS.keys() - {FAMILY, "amplitude", "phase", "x", "noise"}:
        assert steep.value(name) == OTHER.value(name), name


def test_another_family_begins_with_its_own_ranges(steep: Settings) -> None:
    """Nothing of the family before is left: its x means something else there."""
    assert OTHER.changed(family="steep").family == Steep()
    assert steep.changed(family="sine").family == Sine()
    assert steep.changed(family=Sine(noise=0.2)).family == Sine(noise=0.2)
    assert steep.changed(family="sine", shots=5).shots == 5


def test_the_same_family_keeps_its_ranges(steep: Settings) -> None:
    """Whoever names it once more, as forms and flags do, has changed nothing."""
    assert steep.changed(family="steep") == steep
    assert OTHER.changed(family="sine") == OTHER
    changed = steep.changed(family="steep", steepness=4)
    assert changed.family == steep.family.changed(steepness=4.0)


def test_a_family_can_be_given_whole_or_in_parts() -> None:
    """Flat names win over the family's own values."""
    whole = Sine(amplitude=Range(1.0, 2.0), noise=0.25)
    assert Settings(family=whole) == Settings(amplitude=(1, 2), noise=0.25)
    assert Settings(family=whole, noise=0.5).family == whole.changed(noise=0.5)
    assert Settings(family="sine") == Settings()


def test_another_family_through_json(steep: Settings) -> None:
    """Family, its ranges and the rest come back; names of other families are ignored."""
    values = json.loads(json.dumps(steep.to_dict()))
    assert values[FAMILY] == "steep"
    assert Settings.from_dict(values) == steep
    assert Settings.from_dict(values | {"amplitude": [1, 2]}) == steep


def test_files_without_a_family_are_of_sines(steep: Settings) -> None:
    """So were all before there were others."""
    values = {name: value for name, value in OTHER.to_dict().items() if name != FAMILY}
    assert Settings.from_dict(values) == OTHER
    only_sines = {name: value for name, value in steep.to_dict().items() if name != FAMILY}
    assert Settings.from_dict(only_sines).family == Sine(x=Range(0.0, 4.0), noise=0.5)


def test_settings_of_a_family_are_checked(steep: Settings) -> None:
    """As all others are, with the setting's name."""
    with pytest.raises(SettingsError, match="Steepness s must lie between 1 and 9") as caught:
        steep.changed(steepness=10)
    assert caught.value.field == "steepness"
    with pytest.raises(SettingsError, match="Slope a: the first value must be below"):
        Settings.from_dict(steep.to_dict() | {"slope": [1, 1]})


def test_the_form_shows_the_tasks_first() -> None:
    """The family, what is its own, and then what all have, with no heading torn in two."""
    groups = [each.group for each in DESCRIPTIONS.values()]
    assert list(DESCRIPTIONS)[:3] == [FAMILY, "amplitude", "phase"]
    assert groups[0] == "Tasks"
    kept = [
        group for group, before in zip(groups, [None, *groups], strict=False) if group != before
    ]
    assert len(kept) == len(set(kept))


# --- settings of single learners


def test_options_of_a_learner() -> None:
    """Flat names reach the object of their learner, and only that."""
    settings = Settings(context=2, networks=7)
    assert settings.options_of(CaviaOptions) == CaviaOptions(context=2)
    assert settings.options_of(AveragedOptions) == AveragedOptions(networks=7)
    assert settings.options_of(ReptileOptions) == ReptileOptions()
    assert settings.value("context") == 2
    assert settings.changed(context=5, networks=500) == Settings()


def test_options_can_be_given_whole() -> None:
    """As objects, or by flat names, which win."""
    assert Settings(options=(CaviaOptions(context=2),)) == Settings(context=2)
    both = Settings(options=(CaviaOptions(context=2, context_alpha=0.5),), context=3)
    assert both == Settings(context=3, context_alpha=0.5)
    changed = both.changed(context_alpha=0.25)
    assert changed.options_of(CaviaOptions) == CaviaOptions(3, 0.25)


def test_every_setting_has_one_name() -> None:
    """No learner's setting hides another's, the families' or one that all have."""
    parts = [descriptions(CommonSettings), *map(descriptions, KINDS)]
    for family in FAMILIES.values():
        names = [name for part in (*parts, descriptions(family)) for name in part]
        assert len(names) == len(set(names))
        assert set(names) == settings_of_family(family).keys() - {FAMILY}


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("name", OPTIONS)
def test_what_decides_a_learners_training(learner: str, name: str) -> None:
    """All of an experiment but the settings of learners that it is not."""
    value = OTHER.value(name)
    changed = Settings(**{name: value})
    kind = LEARNERS[learner].options
    own = kind is not None and name in descriptions(kind)
    assert (changed.deciding(learner) != Settings().deciding(learner)) == own
    assert (name in changed.deciding(learner)) == own
    if own:
        assert changed.deciding(learner)[name] == value


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(
    "change", [{"shots": 3}, {"amplitude": (1, 2)}, {"seed": 1}, {"hidden": (5,)}], ids=str
)
def test_what_all_know_decides_every_learners_training(
    learner: str, change: dict[str, Any]
) -> None:
    """Tasks, network and seed are everybody's."""
    assert Settings(**change).deciding(learner) != Settings().deciding(learner)
    json.dumps(Settings(**change).deciding(learner))
