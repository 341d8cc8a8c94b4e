"""What every section of the benchmark measures with: alternation, medians, rows, the table.

A section yields `Row`s, see the docstring of the package:

    def rows(options: Options) -> Iterator[Row]:
        seconds = paired({"ours": train, "theirs": peer}, options.rounds(9, 3))
        yield measured("ours against theirs", ratios(seconds["theirs"], seconds["ours"]), "×",
                       at_least(1.0, aim=1.3))
        yield not_measured("ours against others", "others is not installed", at_least(10))
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

Name = TypeVar("Name", bound=Hashable)

PACKAGES = (
    *("torch", "numpy", "numba", "llvmlite", "scipy", "safetensors"),
    *("PySide6_Essentials", "pyqtgraph", "jax", "jaxlib", "higher", "torchopt"),
)


@dataclass(frozen=True)
class Options:
    """What the caller asked for.

    Attributes:
        quick: fewer rounds, for a first look; the figures are no less fair, only less certain.
    """

    quick: bool = False

    def rounds(self, full: int, quick: int) -> int:
        """How often to repeat a measurement."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Target:
    """What a figure has to reach.

    Attributes:
        limit: the value that meets the target; None if there is only an aim.
        aim: the value hoped for, beyond the limit.
        upper: whether the figure has to stay at or below them, rather than reach them.
    """

    limit: float | None
    aim: float | None = None
    upper: bool = False

    def verdict(self, figure: float) -> str:
        """What is to be said of a figure."""
        limit, aim = self._reaches(figure, self.limit), self._reaches(figure, self.aim)
        if limit is None:
            return "met" if aim else "not met"
        return "not met" if not limit else "met, aim too" if aim else "met"

    def _reaches(self, figure: float, bound: float | None) -> bool | None:
        if bound is None:
            return None
        return figure <= bound if self.upper else figure >= bound


def at_least(limit: float | None, aim: float | None = None) -> Target:
    """A target met by larger figures."""
    return Target(limit, aim)


def at_most(limit: float | None, aim: float | None = None) -> Target:
    """A target met by smaller figures."""
    return Target(limit, aim, upper=True)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        unit: of the figure: "×" for ratios, "ms", "MB", "%", …
        figure: the value held against the target; None if it was not measured.
        low: lower end of the spread.
        high: upper end of the spread.
        samples: every single measurement, in the order taken.
        target: None for a figure that is only reported.
        note: how to read the figure, or why there is none.
        section: filled in by the command.
    """

    what: str
    unit: str
    figure: float | None
    low: float | None
    high: float | None
    samples: tuple[float, ...]
    target: Target | None
    note: str
    section: str = ""

    @property
    def verdict(self) -> str:
        """Met, not met, or not measured and why; a dash where there is no target."""
        if self.figure is None:
            return f"not measured: {self.note}"
        return self.target.verdict(self.figure) if self.target else "–"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "verdict": self.verdict}


def percentile(samples: Sequence[float], share: float) -> float:
    """The value below which a share of the samples lies, interpolated; 0.5 is the median."""
    ranked = sorted(samples)
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def measured(
    what: str,
    samples: Sequence[float],
    unit: str,
    target: Target | None = None,
    note: str = "",
    statistic: Callable[[Sequence[float]], float] = statistics.median,
) -> Row:
    """A row from repeated measurements.

    Its spread is from quartile to quartile for a median, from end to end for other statistics.
    """
    samples = tuple(samples)
    tail = 0.25 if statistic is statistics.median else 0.0
    spread = percentile(samples, tail), percentile(samples, 1 - tail)
    return Row(what, unit, statistic(samples), *spread, samples, target, note)


def p99(samples: Sequence[float]) -> float:
    """The 99th percentile, a `statistic` for `measured`."""
    return percentile(samples, 0.99)


def not_measured(what: str, why: str, target: Target | None = None, unit: str = "") -> Row:
    """A row for what could not be measured."""
    return Row(what, unit, None, None, None, (), target, why)


def paired(
    contenders: Mapping[Name, Callable[[], object]], rounds: int, warm_up: int = 1
) -> dict[Name, list[float]]:
    """Seconds of every call when the contenders take turns, A B A B …, in one process.

    What disturbs the machine for a while then disturbs all of them alike, and round i of one
    can be divided by round i of another.

    Args:
        contenders: what to call, by name.
        rounds: calls of each that count.
        warm_up: calls of each before those.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in contenders}
    for turn in range(warm_up + rounds):
        for name, contender in contenders.items():
            begin = time.perf_counter()
            contender()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - begin)
    return seconds


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Round by round."""
    return [n / d for n, d in zip(numerators, denominators, strict=True)]


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> list[int]:
    """The cores this process may use."""
    return sorted(os.sched_getaffinity(0))


def use_cores(count: int) -> None:
    """Hold this process to so many cores, the last ones, from now on.

    Libraries size their thread pools by it when they are imported or first used.
    """
    os.sched_setaffinity(0, cores()[-count:])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """Where and with what the figures were taken; a package that is not installed is None."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": len(cores()),
        "load_average": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in PACKAGES},
    }


def number(value: float) -> str:
    """Three significant digits, without an exponent, thousands separated."""
    if value == 0:
        return "0"
    digits = 2 - int(f"{value:.2e}".partition("e")[2])
    return f"{value:,.{min(max(digits, 0), 6)}f}"


def _figure(row: Row) -> str:
    if row.figure is None or row.low is None or row.high is None:
        return ""
    spread = f" ({number(row.low)}–{number(row.high)})" if len(row.samples) > 1 else ""
    return f"{number(row.figure)} {row.unit}{spread}"


def _bound(row: Row, bound: float | None) -> str:
    if row.target is None or bound is None:
        return ""
    return f"{'≤' if row.target.upper else '≥'} {number(bound)} {row.unit}".rstrip()


def _cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    yield "section", "what", "figure (spread)", "target", "aim", "verdict", "note"
    for row in rows:
        limit, aim = (row.target.limit, row.target.aim) if row.target else (None, None)
        note = "" if row.figure is None else row.note  # else the verdict has it
        bounds = _bound(row, limit), _bound(row, aim)
        yield row.section, row.what, _figure(row), *bounds, row.verdict, note


def table(rows: Sequence[Row]) -> str:
    """All rows under a header, in aligned columns."""
    lines = list(_cells(rows))
    # What is not measured says why at length; that runs on to the right.
    short = [[c if len(c) <= 60 else "" for c in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*short, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
