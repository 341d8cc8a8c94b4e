"""Every family with ranges that no symmetry helps with, and tasks of it."""

from typing import Any

from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.families import FAMILIES, Family
from explorer.core.families.gaussian_process import GaussianProcess
from explorer.core.families.sampling import Tasks, sample

SINE = {"amplitude": Range(1.0, 2.0), "phase": Range(-0.5, 2.0)}
LINE = {"slope": Range(-1.0, 2.5), "intercept": Range(1.0, 4.0)}
QUADRATIC = {
    "curvature": Range(0.1, 0.6),
    "vertex": Range(-1.0, 3.0),
    "offset": Range(-2.0, 0.5),
}
BENT = {"slope": Range(-1.0, 4.0), "centre": Range(-0.5, 2.0), "offset": Range(0.5, 1.0)}


def _of(**components: dict[str, Range]) -> dict[str, Any]:
    return {
        f"{component}_{name}": bounds
        for component, ranges in components.items()
        for name, bounds in ranges.items()
    }


PROCESSES = tuple(n for n, kind in FAMILIES.items() if issubclass(kind, GaussianProcess))
# Those with parameters, whose functions are written down; a process is a matter of its kernel.
WITH_PARAMETERS = tuple(name for name in FAMILIES if name not in PROCESSES)
INPUTS = {"x": Range(-1.0, 4.0), "noise": 0.5}
SETTINGS: dict[str, dict[str, Any]] = {
    "sine": SINE | INPUTS,
    "sine-frequency": SINE | {"frequency": Range(0.5, 3.0)} | INPUTS,
    "line": LINE | INPUTS,
    "quadratic": QUADRATIC | INPUTS,
    "sine-line": _of(sine=SINE, line=LINE) | INPUTS,
    "mmaml-2": _of(sine=SINE, line=LINE) | INPUTS,
    "mmaml-3": _of(sine=SINE, line=LINE, quadratic=QUADRATIC) | INPUTS,
    "mmaml-5": _of(sine=SINE, line=LINE, quadratic=QUADRATIC, tanh=BENT, abs=BENT) | INPUTS,
    "harmonic": {
        "frequency": Range(0.3, 1.1),
        "phase": Range(-0.5, 1.0),
        "amplitude": 2.0,
        "centre": Range(0.0, 3.0),
        "spread": 0.5,
        "noise": 0.5,
    },
    "multistep": {"flips": Range(0.0, 2.0)} | INPUTS,
    "sawtooth": {"frequency": Range(0.5, 1.5)} | INPUTS,
    "formula": {"ranges": "a: 1 to 2, w: 0.5 to 3, b: -1 to 4"} | INPUTS,
    **{name: {"length_scale": 0.8} | INPUTS for name in PROCESSES},
}
SETTINGS["gp-periodic"]["period"] = 0.9


def family(name: str, kind: str) -> Family:
    """A family with its own ranges ("usual") or with those above ("odd")."""
    made: Any = FAMILIES[name]
    result: Family = made(**SETTINGS[name]) if kind == "odd" else made()
    return result


def draw(chosen: Family, tasks: int, points: int, batches: int = 1, seed: int = 0) -> Tasks:
    """Tasks from streams of their own."""
    return sample(
        chosen, tasks, points, stream(seed, "tasks"), stream(seed, "noise"), batches=batches
    )
