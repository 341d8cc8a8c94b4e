"""How the cost of a meta-iteration grows with each size of the experiment, on one core."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import torch

from explorer.core.experiment.settings import Settings
from explorer.core.learners import MAML
from explorer.core.training.loop import start
from tests.benchmarks.engine import OURS, ours
from tests.benchmarks.measure import (
    Options,
    Row,
    at_most,
    measured,
    not_measured,
    paired,
    ratios,
    use_cores,
)
from tests.benchmarks.peers import PeerMissingError, draw, load

JAX, TORCH_FUNC = "JAX", "torch.func"
# Meta-iterations in one call with the paper's settings; fewer where each is more work.
ITERATIONS = {OURS: 100, JAX: 100, TORCH_FUNC: 12}
TARGETS = {JAX: at_most(1.3), TORCH_FUNC: at_most(1.0)}


@dataclass(frozen=True)
class Axis:
    """One size that is varied, from the paper's settings.

    Attributes:
        label: a format for the size.
        sizes: its values.
        settings: the paper's, but for that size.
    """

    label: str
    sizes: tuple[int, ...]
    settings: Callable[[int], Settings]


AXES = (
    Axis("{} tasks", (5, 25, 100, 400), lambda n: Settings(meta_batch=n)),
    Axis("width 2×{}", (20, 40, 100, 200), lambda n: Settings(hidden=(n, n))),
    Axis("{} inner steps", (1, 2, 5, 10), lambda n: Settings(inner_steps=n)),
    Axis("K = {}", (5, 10, 20, 50), lambda n: Settings(shots=n, query=n)),
)


@dataclass(frozen=True)
class Cost:
    """Milliseconds per meta-iteration with some settings.

    Attributes:
        milliseconds: every round, by contender.
        missing: why a contender is not among them.
    """

    milliseconds: Mapping[str, Sequence[float]]
    missing: Mapping[str, str]


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The exponent p of the power law times ∝ sizesᵖ that fits best: 1 is linear growth."""
    xs, ys = [math.log(s) for s in sizes], [math.log(t) for t in times]
    x, y = fmean(xs), fmean(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum(
        (a - x) ** 2 for a in xs
    )


def costs(axis: Axis, rounds: int) -> list[Cost]:
    """Measure ours and the peers at every size of an axis, all of them in alternation."""
    contenders: dict[tuple[int, str], Callable[[], object]] = {}
    iterations: dict[tuple[int, str], int] = {}
    missing: dict[int, dict[str, str]] = {size: {} for size in axis.sizes}
    for size in axis.sizes:
        settings = axis.settings(size)
        share = max(settings.relative_work(), 1)
        for name, count in ITERATIONS.items():
            n = max(2, round(count / share))
            try:
                contenders[size, name] = _contender(name, settings, n)
                iterations[size, name] = n
            except PeerMissingError as error:
                missing[size][name] = str(error)
    seconds = paired(contenders, rounds, warm_up=2)
    return [
        Cost(
            {
                name: [1e3 * s / iterations[size, name] for s in seconds[size, name]]
                for name in ITERATIONS
                if (size, name) in seconds
            },
            missing[size],
        )
        for size in axis.sizes
    ]


def _contender(name: str, settings: Settings, iterations: int) -> Callable[[], object]:
    if name == OURS:
        return ours(settings, iterations)
    theta = start(settings, (MAML.name,)).learners[MAML.name].meta
    return load(name, settings).trainer(theta, draw(settings, iterations))


def rows(options: Options) -> Iterator[Row]:
    """See the package."""
    use_cores(1)
    torch.set_num_threads(1)
    for axis in AXES:
        along = costs(axis, options.rounds(9, 3))
        for size, found in zip(axis.sizes, along, strict=True):
            yield from _at(axis.label.format(size), found)
        yield _exponent(axis, along)


def _at(what: str, found: Cost) -> Iterator[Row]:
    mine = found.milliseconds[OURS]
    yield measured(f"{what}: a meta-iteration", mine, "ms")
    for name, target in TARGETS.items():
        label = f"{what}: time over that of {name}"
        if name in found.missing:
            yield not_measured(label, found.missing[name], target, "×")
        else:
            theirs = found.milliseconds[name]
            note = f"{name}: {median(theirs):.3g} ms"
            yield measured(label, ratios(mine, theirs), "×", target, note)


def _exponent(axis: Axis, along: Sequence[Cost]) -> Row:
    """The exponent in every round, and in the note between the two largest sizes and of peers."""
    exponents = []
    for name in ITERATIONS:
        if all(name in each.milliseconds for each in along):
            medians = [median(each.milliseconds[name]) for each in along]
            overall, last = slope(axis.sizes, medians), slope(axis.sizes[-2:], medians[-2:])
            exponents.append(f"{name} {overall:.2f}, {last:.2f}")
    rounds = zip(*(each.milliseconds[OURS] for each in along), strict=True)
    return measured(
        f"exponent over {axis.label.format('n')}",
        [slope(axis.sizes, times) for times in rounds],
        "",
        note=f"over all sizes, over the last two: {'; '.join(exponents)}",
    )
