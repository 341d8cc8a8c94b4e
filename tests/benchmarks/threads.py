"""Training on one core and on two, where networks and meta-batches are large."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from statistics import fmean, median

import torch
from torch import Tensor

from explorer.core.experiment.settings import Settings
from explorer.core.learners import MAML
from explorer.core.training import loop as training
from tests.benchmarks.measure import (
    Options,
    Row,
    Target,
    at_least,
    cores,
    measured,
    not_measured,
    paired,
    ratios,
)

# As large as `experiment.settings.MAX_WORK` allows with K = 20: 112 times the paper's work.
LARGE = Settings(hidden=(200, 200), meta_batch=60, shots=20, query=20)
SIZES = {"paper's settings": (Settings(), 200), "60 tasks, K = 20, width 2×200": (LARGE, 5)}
ONE, TWO = 1, 2
REPEATS = 3  # runs of the same seed with each number of threads
PAYS = at_least(1.0)


def trained(settings: Settings, iterations: int, threads: int) -> Tensor:
    """θ after training MAML alone from the start, with a given number of threads."""
    run = training.start(settings, (MAML.name,))
    # Looked up and called by name: an engine without the argument is reported, not a failure.
    advance: Callable[..., tuple[training.Run, object]] = training.advance
    return advance(run, iterations, threads=threads)[0].learners[MAML.name].meta


def why_not() -> str | None:
    """Why threads cannot be measured here, if they cannot."""
    if "threads" not in inspect.signature(training.advance).parameters:
        return "the engine has no argument for the number of threads"
    if len(cores()) < TWO:
        return f"only {len(cores())} core to use"
    return None


def rows(options: Options) -> Iterator[Row]:
    """See the package."""
    why = why_not()
    for label, (settings, iterations) in SIZES.items():
        speed, same = f"{label}: speed with 2 threads over 1", f"{label}: same numbers again"
        target = PAYS if settings is LARGE else None
        if why:
            yield not_measured(speed, why, target, "×")
            yield not_measured(same, why, at_least(100), "%")
        else:
            yield _speed(speed, settings, iterations, options, target)
            yield _same(same, settings, iterations)


def _speed(
    what: str, settings: Settings, iterations: int, options: Options, target: Target | None
) -> Row:
    contenders = {n: partial(trained, settings, iterations, n) for n in (ONE, TWO)}
    seconds = paired(contenders, options.rounds(9, 3), warm_up=2)
    one, two = seconds[ONE], seconds[TWO]
    milliseconds = [1e3 * median(each) / iterations for each in (one, two)]
    note = "a meta-iteration: {:.3g} and {:.3g} ms".format(*milliseconds)
    return measured(what, ratios(one, two), "×", target, note)


def _same(what: str, settings: Settings, iterations: int) -> Row:
    first, again = trained(settings, iterations, ONE), []
    for threads in (ONE, TWO):
        for _ in range(REPEATS):
            again.append(100.0 * torch.equal(trained(settings, iterations, threads), first))
    note = f"share of runs, with {ONE} or with {TWO} threads, that end at the bits of the first"
    return measured(what, again, "%", at_least(100), note, statistic=fmean)
