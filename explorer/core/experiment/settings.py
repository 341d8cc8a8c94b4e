"""Every setting of an experiment: panel, command line, files and checks derive from it.

An experiment is a task distribution, the settings that all learners know, and those of single
learners. The families and the learners declare their own; here they are put together under flat
names, as people enter them and files keep them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Description, descriptions, plain_values
from explorer.core.families import DEFAULT_FAMILY, FAMILIES, Family, default_family, family_named
from explorer.core.families.fields import TASKS
from explorer.core.learners import LEARNERS, MAML
from explorer.core.learners.settings import CommonSettings, Options

# More work per meta-iteration than this many times the paper's, and Pause could no longer answer
# within 200 ms, since an iteration runs to its end.
MAX_WORK = 120.0

FAMILY = "family"  # the flat name under which a family is chosen
_COMMON = descriptions(CommonSettings)
_KINDS: tuple[type[Options], ...] = tuple(
    dict.fromkeys(each.options for each in LEARNERS.values() if each.options is not None)
)
_OPTIONS = {name: kind for kind in _KINDS for name in descriptions(kind)}


def family_description() -> Description:
    """The choice of the family."""
    return Description(
        TASKS,
        "Family",
        "choice",
        help="Functions that the tasks are.",
        choices=tuple(FAMILIES),
        captions=tuple(family.label for family in FAMILIES.values()),
    )


def settings_of_family(family: type[Family]) -> dict[str, Description]:
    """Every setting of an experiment on tasks of a family, by flat name, in the form's order."""
    result = {FAMILY: family_description(), **descriptions(family), **_COMMON}
    for kind in _KINDS:
        result.update(descriptions(kind))
    return result


@dataclass(frozen=True, init=False)
class Settings(CommonSettings):
    """One experiment. Construction checks every value."""

    def __init__(self, **values: Any) -> None:
        """Put an experiment together; what is not given is the paper's, or the family's own.

        Args:
            values: settings by flat name (`settings_of_family`), or by the name of a field:
                ``family`` may be a family's name or a `Family`.

        Raises:
            SettingsError: there is no such setting, a value is of the wrong type or out of
                bounds, or the whole is too large to stay responsive.
        """
        family = _family_from(values.pop(FAMILY, DEFAULT_FAMILY), values)
        options = _options_from(values.pop("options", ()), values)
        for field in fields(CommonSettings):
            if field.name not in {FAMILY, "options"}:
                object.__setattr__(self, field.name, values.pop(field.name, field.default))
        for name in values:
            raise SettingsError(name, f"{family.label} tasks have no setting {name!r}.")
        object.__setattr__(self, FAMILY, family)
        object.__setattr__(self, "options", options)
        self.__post_init__()
        if self.relative_work() > MAX_WORK:
            raise SettingsError(
                "hidden",
                f"One meta-iteration would cost {self.relative_work():.0f} times the paper's, "
                f"beyond the {MAX_WORK:.0f} times at which Pause still answers at once: lower "
                "the meta-batch, the layer widths, K or the inner steps.",
            )

    def changed(self, **values: Any) -> Settings:
        """The same experiment but for some settings, by flat name."""
        current = {field.name: getattr(self, field.name) for field in fields(self)}
        if isinstance(values.get(FAMILY), str) and values[FAMILY] == self.family.name:
            del values[FAMILY]
        return Settings(**{**current, **values})

    @property
    def descriptions(self) -> dict[str, Description]:
        """Every setting of this experiment by flat name."""
        return settings_of_family(type(self.family))

    def value(self, name: str) -> Any:
        """A setting by its flat name."""
        if name == FAMILY:
            return self.family.name
        if name in _COMMON:
            return getattr(self, name)
        if name in _OPTIONS:
            return getattr(self.options_of(_OPTIONS[name]), name)
        return getattr(self.family, name)

    def deciding(self, learner: str) -> dict[str, Any]:
        """What decides how a learner's training ends: all but the settings of other learners."""
        own = LEARNERS[learner].options
        others = {name for name, kind in _OPTIONS.items() if kind is not own}
        return {name: value for name, value in self.to_dict().items() if name not in others}

    def relative_work(self) -> float:
        """Work of one meta-iteration of MAML, in units of the paper's settings."""
        return MAML.work(self) / MAML.work(CommonSettings())

    def to_dict(self) -> dict[str, Any]:
        """Plain values by flat name, ready for JSON."""
        result = {FAMILY: self.family.name}
        for part in (self.family, self, *self.options):
            result.update(plain_values(part, descriptions(type(part))))
        return result

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from `to_dict`'s output; names that this version does not know are ignored.

        Without a family's name, as in old files, they are those of the default one.

        Raises:
            SettingsError: a value has the wrong type or is out of bounds.
        """
        family = family_named(str(values.get(FAMILY, DEFAULT_FAMILY.name)))
        known = settings_of_family(family)
        return cls(**{name: values[name] for name in known if name in values})


def _family_from(given: Family | str, values: dict[str, Any]) -> Family:
    """The family with the settings of its own among the values, which are taken out."""
    family: Family = given if isinstance(given, Family) else default_family(str(given))
    own = {name: values.pop(name) for name in descriptions(type(family)) if name in values}
    return family.changed(**own) if own else family


def _options_from(given: Sequence[Options], values: dict[str, Any]) -> tuple[Options, ...]:
    """The settings of all learners, one object of each kind."""
    result = []
    for kind in _KINDS:
        own = next((each for each in given if isinstance(each, kind)), None) or kind()
        changes = {name: values.pop(name) for name in descriptions(kind) if name in values}
        result.append(replace(own, **changes) if changes else own)
    return tuple(result)


DESCRIPTIONS = settings_of_family(type(DEFAULT_FAMILY))
