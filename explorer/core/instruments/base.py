"""What an instrument is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from explorer.core.base.fields import Checked
from explorer.core.families import Family
from explorer.core.figures.figure import Array, Figure, Panel
from explorer.core.insight.scene import Scene

if TYPE_CHECKING:
    from torch import Tensor

LEAST_DRAWN, MOST_DRAWN = 1e-5, 1e6  # what the plots' logarithmic axes can show
NOBODY = "No learner that is shown takes gradient steps: choose one that does under Compare."


class Press(NamedTuple):
    """Where a panel is pressed, in data coordinates.

    Attributes:
        panel: the panel's place among the instrument's.
        x: where it is.
        y: where it is.
        thing: which of the reading's `things` is nearest; None if there are none in this panel.
    """

    panel: int
    x: float
    y: float
    thing: int | None = None


class Wish(NamedTuple):
    """What pressing a picture or a button asks of the program; None leaves a thing as it is.

    Attributes:
        task: another task.
        inputs: inputs of other support points, which lie on the function.
        step: another step to be shown.
        steps: another number of steps.
        alpha: another step size α.
        shown: roles of the learners to be shown.
        frozen: layers, counted from 0, that are not to adapt.
        turned: a layer that is not to adapt if it does, and to adapt if it does not.
        choice: another choice of the instrument's own, or of `chooser`.
        chooser: the name of another instrument, whose choice it is.
        page: another page, by its title.
    """

    task: tuple[float, ...] | None = None
    inputs: tuple[float, ...] | None = None
    step: int | None = None
    steps: int | None = None
    alpha: float | None = None
    shown: frozenset[str] | None = None
    frozen: frozenset[int] | None = None
    turned: int | None = None
    choice: Any = None
    chooser: str | None = None
    page: str | None = None


class Action(NamedTuple):
    """A button or, if it is on or off, a switch.

    Attributes:
        label: what stands on it.
        wish: what it asks for.
        on: whether a switch is on; None for a button.
        tip: what it does, in a few words.
    """

    label: str
    wish: Wish
    on: bool | None = None
    tip: str = ""


@dataclass(frozen=True, eq=False)
class Reading:
    """What an instrument shows and says of a scene.

    Attributes:
        sentence: the answer in one plain sentence, with its numbers.
        panels: the pictures, side by side.
        remarks: what else has to be said for the sentence to claim no more than its numbers.
        actions: what can be pressed besides the pictures.
        things: what a press chooses among, by panel: where each is, ``(N, 2)``, y being NaN where
            only x matters. So a press needs no work anew.
    """

    sentence: str
    panels: tuple[Panel, ...] = ()
    remarks: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    things: Mapping[int, Array] = field(default_factory=dict)

    def press(self, panel: int, x: float, y: float) -> Press:
        """A press in one of the panels, with the nearest of the things in it."""
        places = self.things.get(panel)
        if places is None or not len(places):
            return Press(panel, x, y)
        away = np.nan_to_num(places - np.array([x, y]))
        return Press(panel, x, y, int((away**2).sum(-1).argmin()))


class Choice(Checked):
    """What an instrument lets its reader choose: a frozen dataclass of settings with defaults."""


Read = Callable[[Scene, Any], Reading]
Answer = Callable[[Scene, Any, Press], Wish]


@dataclass(frozen=True)
class Instrument:
    """A question with its picture. A further one is a file with this and a line in a page.

    Attributes:
        name: identifier in files of figures.
        title: what stands above it.
        explanation: what is drawn, with the formula, in a few lines.
        read: what it shows of a scene; its second argument is an object of `choice`.
        choice: what its reader may choose; None if nothing.
        press: what a press in one of its pictures asks for; None where nothing can be pressed.
        columns: panels in a row; 0 for an instrument that answers in words alone.
    """

    name: str
    title: str
    explanation: tuple[str, ...]
    read: Read
    choice: type[Choice] | None = None
    press: Answer | None = None
    columns: int = 2

    def begin(self) -> Choice | None:
        """What is chosen at first."""
        return None if self.choice is None else self.choice()


@dataclass(frozen=True)
class Page:
    """Instruments that belong together.

    Attributes:
        title: of the page, a few words.
        question: what it answers.
        instruments: in the order in which they are read.
    """

    title: str
    question: str
    instruments: tuple[Instrument, ...]


def figure_of(instrument: Instrument, reading: Reading, provenance: str) -> Figure:
    """What is exported of an instrument."""
    return Figure(
        item=instrument.name,
        title=instrument.title,
        panels=reading.panels,
        columns=min(instrument.columns, max(len(reading.panels), 1)),
        protocol=instrument.explanation,
        notes=(reading.sentence, *reading.remarks),
        provenance=provenance,
        complete=True,
    )


def listed(texts: Iterable[str]) -> str:
    """One after the other; with semicolons where one of them has a comma of its own."""
    parts = list(texts)
    return ("; " if any("," in part for part in parts) else ", ").join(parts)


def tasks_of(family: Family) -> str:
    """What a sentence calls them, whatever the family is called."""
    return f"The tasks of “{family.label}”"


def drawn_on_log(values: Array) -> Array:
    """Values that a logarithmic axis has room for; NaN for all others, which are not drawn."""
    known = np.isfinite(values) & (values >= LEAST_DRAWN) & (values <= MOST_DRAWN)
    return np.where(known, values, np.nan)


def array(values: Tensor | NDArray[Any] | Sequence[float]) -> Array:
    """Numbers as figures hold them."""
    return np.asarray(values, dtype=np.float64)
