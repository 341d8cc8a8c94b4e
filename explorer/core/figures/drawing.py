"""A `Figure` drawn by matplotlib, which needs no window and no Qt.

Only matplotlib's object interface is used, which keeps no state between figures, so any thread
may draw. Importing this module imports matplotlib.
"""

from __future__ import annotations

import io
import math
import textwrap
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from explorer.core.base.look import LookOf
from explorer.core.figures.figure import HIGH_ROLE, LOW_ROLE, Curve, Figure, HeatMap, Panel, Raster

PANEL_INCHES = (3.4, 3.0)
DOTS_PER_INCH = 150
TEXT_POINTS = 7.5
INCHES_PER_LINE = 0.145
LONG_AXIS = 2.5  # decades
# Colours of what is no competitor, as in the paper's figures.
TRUTH, POINTS = "#d62728", "#8f2d6b"
GROUND = "#ffffff"


def picture(figure: Figure, form: str, look: LookOf) -> bytes:
    """The figure as a file, "svg" or "png", its competitors drawn as `look` says."""
    # Text stays text in SVG, and the same figure gives the same file.
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": figure.item, "font.family": "DejaVu Sans"}
    with rc_context(style):
        drawing = draw(figure, look)
        out = io.BytesIO()
        described: dict[str, Any] = {"Title": figure.title, "Description": figure.provenance}
        if form == "svg":
            described["Date"] = None
        drawing.savefig(out, format=form, dpi=DOTS_PER_INCH, metadata=described)
    return out.getvalue()


def draw(figure: Figure, look: LookOf) -> Drawing:
    """The figure with its protocol and provenance under it."""
    columns = max(figure.columns, 1)
    rows = max(math.ceil(len(figure.panels) / columns), 1)
    width = max(columns * PANEL_INCHES[0], 7.0)
    lines = _lines(figure, int(width * 17.5))
    below = INCHES_PER_LINE * (len(lines) + 2)
    shared = _shared(figure)
    above = 0.5 + 0.22 * math.ceil(len(shared) / _legend_columns(width))
    height = rows * PANEL_INCHES[1] + below + above
    drawing = Drawing(figsize=(width, height))
    drawing.suptitle(figure.title, y=1 - 0.12 / height, va="top", fontsize=11, fontweight="bold")
    grid = drawing.add_gridspec(
        rows, columns, left=0.62 / width, right=1 - 0.15 / width, top=1 - (above + 0.3) / height,
        bottom=(below + 0.45) / height, wspace=0.28, hspace=0.42,
    )  # fmt: skip
    for i, panel in enumerate(figure.panels):
        axes = drawing.add_subplot(grid[i // columns, i % columns])
        _draw_panel(axes, panel, look)
    if shared:
        drawing.legend(
            handles=[_handle(curve, look) for curve in shared], loc="upper center",
            bbox_to_anchor=(0.5, 1 - 0.34 / height), ncols=_legend_columns(width), fontsize=8,
            frameon=False,
        )  # fmt: skip
    for i, (text, colour) in enumerate(lines):
        drawing.text(
            0.15 / width, (below - INCHES_PER_LINE * (i + 1)) / height, text,
            fontsize=TEXT_POINTS, color=colour, va="top",
        )  # fmt: skip
    return drawing


def _legend_columns(width: float) -> int:
    return max(int(width / 1.75), 1)


def _lines(figure: Figure, characters: int) -> list[tuple[str, str]]:
    """Notes, protocol and provenance in lines that fit, with their colours."""
    parts = [(text, "#1b1f24") for text in figure.notes]
    parts += [(text, "#59626e") for text in (*figure.protocol, figure.provenance) if text]
    return [(line, colour) for text, colour in parts for line in textwrap.wrap(text, characters)]


def _shared(figure: Figure) -> list[Curve]:
    """One curve for each label, in the order of their first appearance."""
    labelled: dict[str, Curve] = {}
    for panel in figure.panels:
        for curve in panel.curves:
            if curve.label:
                labelled.setdefault(curve.label, curve)
    return list(labelled.values())


def _colour(curve: Curve, look: LookOf) -> str:
    return {"truth": TRUTH, "points": POINTS}.get(curve.role) or look(curve.role).light


def _dashes(curve: Curve, look: LookOf) -> tuple[int, tuple[float, ...] | None]:
    own = () if curve.role in {"truth", "points"} else look(curve.role).dashes
    dashes = own if curve.dashes is None else curve.dashes
    return (0, dashes or None)


def _marker(curve: Curve, look: LookOf) -> dict[str, Any]:
    symbol, size = ("^" if curve.role == "points" else "o"), 6
    if curve.star:
        symbol, size = "*", 12
    return {
        "linestyle": "none",
        "marker": symbol,
        "markersize": size,
        "markerfacecolor": "none" if curve.hollow else _colour(curve, look),
    }


def _drawn(curve: Curve, look: LookOf) -> dict[str, Any]:
    """What matplotlib is told of a curve's line or points."""
    own = _marker(curve, look) if curve.markers else {"linestyle": _dashes(curve, look)}
    return {"color": _colour(curve, look), "alpha": curve.opacity, **own}


def _handle(curve: Curve, look: LookOf) -> Any:
    if curve.bar:
        return Patch(label=curve.label, color=_colour(curve, look), alpha=curve.opacity)
    return Line2D([], [], label=curve.label, **_drawn(curve, look))


def _draw_panel(axes: Axes, panel: Panel, look: LookOf) -> None:
    axes.set_title(panel.title, fontsize=9)
    axes.set_xlabel(panel.x_label, fontsize=8)
    axes.set_ylabel(panel.y_label, fontsize=8)
    axes.tick_params(labelsize=7.5)
    if panel.heat_map is not None:
        _draw_heat_map(axes, panel.heat_map)
        return
    if panel.log_y:
        axes.set_yscale("log", nonpositive="mask")
    if panel.raster is not None:
        _draw_raster(axes, panel.raster, look)
    for curve in panel.curves:
        _draw_curve(axes, curve, panel.log_y, look)
    if panel.log_y:
        _label_decades(axes)
    _set_limits(axes, panel)
    axes.grid(alpha=0.25, linewidth=0.5)


def _set_limits(axes: Axes, panel: Panel) -> None:
    """What the axes span, and what stands along x."""
    if panel.names:
        axes.set_xticks(range(len(panel.names)), panel.names)
    elif panel.counts:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    elif not panel.x_label:  # the places along x are competitors, which the legend names
        axes.set_xticks([])
    if panel.x_range is not None:
        axes.set_xlim(*panel.x_range)
    if panel.y_range is not None:
        axes.set_ylim(*panel.y_range)
    if panel.square:
        axes.set_aspect("equal")


def _label_decades(axes: Axes) -> None:
    """Plain numbers along a logarithmic axis: 1, 2 and 5 of each decade, or 1 where it is long."""
    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if math.log10(high / low) < LONG_AXIS else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_curve(axes: Axes, curve: Curve, log_y: bool, look: LookOf) -> None:
    colour = _colour(curve, look)
    if curve.low is not None and curve.high is not None:
        low = np.where(curve.low > 0, curve.low, np.nan) if log_y else curve.low
        low = np.where(np.isfinite(low), low, curve.y * 0.5) if log_y else low
        if curve.markers:
            reach = np.stack([curve.y - low, curve.high - curve.y])
            axes.errorbar(curve.x, curve.y, reach, fmt="none", ecolor=colour, capsize=3, lw=1)
        else:
            axes.fill_between(curve.x, low, curve.high, color=colour, alpha=0.15, linewidth=0)
    if curve.bar:
        feet = np.zeros_like(curve.y) if curve.low is None else curve.low
        heights = curve.y - feet
        axes.bar(curve.x, heights, curve.bar, feet, color=colour, alpha=curve.opacity)
        return
    axes.plot(curve.x, curve.y, linewidth=1.6, **_drawn(curve, look))


def _draw_raster(axes: Axes, raster: Raster, look: LookOf) -> None:
    ends = (look(LOW_ROLE).light if raster.diverging else GROUND, look(HIGH_ROLE).light)
    between = [ends[0], GROUND, ends[1]] if raster.diverging else list(ends)
    axes.imshow(
        raster.shades, origin="lower", extent=(*raster.x, *raster.y), vmin=0, vmax=1,
        cmap=LinearSegmentedColormap.from_list("shades", between), aspect="auto",
        interpolation="nearest",
    )  # fmt: skip


def _draw_heat_map(axes: Axes, heat: HeatMap) -> None:
    positive = heat.values[np.isfinite(heat.values) & (heat.values > 0)]
    norm = LogNorm(positive.min(), positive.max()) if len(positive) else None
    axes.imshow(heat.values, norm=norm, cmap="viridis_r", aspect="auto", interpolation="nearest")
    axes.set_xticks(range(len(heat.x)), heat.x)
    axes.set_yticks(range(len(heat.y)), heat.y)
    for i, marks in enumerate(heat.marks):
        for j, mark in enumerate(marks):
            value = heat.values[i, j]
            dark = norm is not None and np.isfinite(value) and float(norm(value)) > 0.55
            axes.text(
                j, i, mark, ha="center", va="center", fontsize=5.5,
                color="white" if dark else "#1b1f24",
            )  # fmt: skip
            if heat.hatched[i, j]:
                axes.add_patch(
                    Rectangle(
                        (j - 0.5, i - 0.5), 1, 1, fill=False, hatch="////", linewidth=0,
                        edgecolor="#8a3b00",
                    )
                )  # fmt: skip
