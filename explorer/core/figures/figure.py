"""What a job found: a figure's curves, its rows of numbers, and how they came about.

Nothing here knows how it is drawn: the window, the exported files and the command line all show
the same `Figure`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# The roles whose colours are the ends of a raster's; one that does not diverge has the second.
LOW_ROLE, HIGH_ROLE = "maml", "pretrained"
Verdict = Literal["agrees", "better", "worse", ""]


@dataclass(frozen=True, eq=False)
class Curve:
    """A line, or points, in a panel.

    Attributes:
        role: whose look it has (a competitor's name), or "truth" or "points".
        label: what the legend says; empty to leave it out.
        x: ``(N,)``.
        y: ``(N,)``; NaN where there is nothing.
        low: lower end of a band around it, ``(N,)``, or None.
        high: upper end.
        dashes: in place of the look's own (units of the line's width); None for the look's.
        opacity: 0 to 1.
        markers: draw points instead of a line; a band is then an interval at each point.
        hollow: draw the points as outlines.
        star: draw the points as stars.
        bar: width of upright bars from ``low``, or from 0, to y, in place of a line; 0 for none.
    """

    role: str
    label: str
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    dashes: tuple[float, ...] | None = None
    opacity: float = 1.0
    markers: bool = False
    hollow: bool = False
    star: bool = False
    bar: float = 0.0


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Values over two axes of choices.

    Attributes:
        x: what stands along x, as text.
        y: what stands along y, as text.
        values: ``(len(y), len(x))``; NaN where there is nothing.
        marks: text in each cell (may be empty), ``(len(y), len(x))``.
        hatched: cells to hatch, ``(len(y), len(x))`` of bool.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    values: Array
    marks: tuple[tuple[str, ...], ...]
    hatched: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Raster:
    """Values over a plane, as colours.

    Attributes:
        values: evenly over the plane, the lowest y first, ``(rows, columns)``; NaN where there is
            nothing.
        x: what it spans along x.
        y: what it spans along y.
        limits: the values that have the two end colours; those beyond have them too.
        diverging: whether the middle of the limits is as good as nothing, and the two ends are
            opposites.
    """

    values: Array
    x: tuple[float, float]
    y: tuple[float, float]
    limits: tuple[float, float]
    diverging: bool = False

    @property
    def shades(self) -> Array:
        """Where the values lie between the limits, 0 to 1; NaN where there is nothing."""
        low, high = self.limits
        shades: Array = np.clip((self.values - low) / (high - low), 0, 1)
        return shades


@dataclass(frozen=True, eq=False)
class Panel:
    """One set of axes.

    Attributes:
        title: what stands above it.
        x_label: of the x axis.
        y_label: of the y axis.
        curves: what it shows.
        heat_map: what it shows instead of curves, or None.
        log_y: whether y is logarithmic.
        y_range: fixed limits of y, or None.
        x_range: fixed limits of x, or None.
        raster: what lies under the curves, or None.
        square: whether a unit is as long along x as along y.
        names: what stands along x at 0, 1, 2, … in place of numbers.
        counts: whether x counts things, so that only whole numbers stand along it.
        press: what pressing and dragging in it does, for the reader; empty if nothing.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...] = ()
    heat_map: HeatMap | None = None
    log_y: bool = False
    y_range: tuple[float, float] | None = None
    x_range: tuple[float, float] | None = None
    raster: Raster | None = None
    square: bool = False
    names: tuple[str, ...] = ()
    counts: bool = False
    press: str = ""


@dataclass(frozen=True)
class Row:
    """One number, beside the paper's where the paper has it.

    Attributes:
        item: what was measured, such as "fig3" or "table2".
        learner: name of the learner.
        label: what people read.
        shots: K.
        steps: gradient steps.
        paper: the paper's value, or None.
        ours: mean squared error over all tasks, or a difference of two; of several trainings their
            mean.
        ci95: half-width of its 95 % interval over tasks.
        diverged: tasks that diverged, or of a difference, tasks that either lost.
        verdict: how ours stands to the paper's; empty without a paper's value.
        median: of the errors; None where there is none, as of a difference.
        kept: mean over the tasks that are not lost; NaN where it is withheld, None where there is
            none.
        astray: further tasks lost, though their support loss did not diverge.
        seeds: trainings, from seeds of their own, that it is the mean of.
        ci95_seeds: half-width of its 95 % interval over training seeds; NaN of one.
    """

    item: str
    learner: str
    label: str
    shots: int
    steps: int
    paper: float | None
    ours: float
    ci95: float
    diverged: int
    verdict: Verdict
    median: float | None = None
    kept: float | None = None
    astray: int = 0
    seeds: int = 1
    ci95_seeds: float = math.nan


@dataclass(frozen=True, eq=False)
class Figure:
    """Everything that a job found.

    Attributes:
        item: what was asked for.
        title: what stands above it.
        panels: its axes, side by side, row by row.
        columns: panels in a row.
        rows: its numbers.
        protocol: how they were measured, line by line.
        notes: where ours disagree with the paper and why, sentence by sentence.
        provenance: program, version, seed, command and date, in one line.
        complete: whether the job has come to its end.
    """

    item: str
    title: str
    panels: tuple[Panel, ...]
    columns: int = 1
    rows: tuple[Row, ...] = ()
    protocol: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    provenance: str = ""
    complete: bool = False


@dataclass(frozen=True, eq=False)
class JobProgress:
    """A moment in a job, after which it can be stopped.

    A job is a generator of these; its last one has ``done == 1`` and a complete figure.

    Attributes:
        done: share of the work, 0 to 1.
        doing: what is being done, in a few words.
        figure: what is known so far; None before there is anything to show.
    """

    done: float
    doing: str
    figure: Figure | None = field(default=None)
