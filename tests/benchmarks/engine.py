"""Speed of training MAML with the paper's settings, on one core, against peers and the floor."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

import torch

from explorer.core.experiment.settings import Settings
from explorer.core.learners import MAML
from explorer.core.training.loop import MAX_CHUNK, advance, start
from tests.benchmarks.flops import SquareProduct, meta_iteration_flops
from tests.benchmarks.measure import (
    Options,
    Row,
    at_least,
    at_most,
    measured,
    not_measured,
    paired,
    ratios,
    use_cores,
)
from tests.benchmarks.peers import PEERS, PeerMissingError, draw, load

OURS, PEAK = "ours", "peak"
# Meta-iterations in one call of each: what is slow is called for a shorter while.
ITERATIONS = {OURS: MAX_CHUNK, "JAX": 100, "torch.func": 20, "higher": 3, "torchopt": 4}
TARGETS = {
    "JAX": at_least(1.0, aim=1.3),
    "torch.func": at_least(10),
    "higher": at_least(50),
    "torchopt": at_least(50),
}
FLOOR = at_most(None, aim=2.5)


def ours(settings: Settings, iterations: int) -> Callable[[], object]:
    """A call of the engine: so many iterations of MAML alone, tasks drawn within."""
    run = start(settings, (MAML.name,))
    return lambda: advance(run, iterations)


def per_second(name: str, seconds: Sequence[float]) -> list[float]:
    """Meta-iterations a second, from the seconds of a contender's calls."""
    return [ITERATIONS[name] / s for s in seconds]


def rows(options: Options) -> Iterator[Row]:
    """See the package."""
    use_cores(1)
    torch.set_num_threads(1)
    settings = Settings()
    contenders: dict[str, Callable[[], object]] = {OURS: ours(settings, ITERATIONS[OURS])}
    missing = {}
    for name in PEERS:
        try:
            peer = load(name, settings)
            theta = start(settings, (MAML.name,)).learners[MAML.name].meta
            contenders[name] = peer.trainer(theta, draw(settings, ITERATIONS[name]))
        except PeerMissingError as error:
            missing[name] = str(error)
    contenders[PEAK] = SquareProduct()
    seconds = paired(contenders, options.rounds(15, 5), warm_up=2)
    speeds = {name: per_second(name, seconds[name]) for name in contenders if name != PEAK}
    note = (
        f"one core; {settings.iterations:,} in {settings.iterations / median(speeds[OURS]):.1f} s"
    )
    yield measured("meta-iterations per second", speeds[OURS], "/s", note=note)
    for name in PEERS:
        what = f"speed over that of {name}"
        if name in missing:
            yield not_measured(what, missing[name], TARGETS[name], "×")
        else:
            note = f"{name}: {median(speeds[name]):,.0f} /s"
            yield measured(what, ratios(speeds[OURS], speeds[name]), "×", TARGETS[name], note)
    yield _floor(settings, seconds)


def _floor(settings: Settings, seconds: dict[str, list[float]]) -> Row:
    flops = meta_iteration_flops(settings)
    peak = SquareProduct.flops / min(seconds[PEAK])
    floor = flops / peak
    times = [s / ITERATIONS[OURS] / floor for s in seconds[OURS]]
    note = (
        f"{flops / 1e6:.1f} MFLOP in products, adapted weights formed; best of "
        f"{len(seconds[PEAK])} SGEMM: {peak / 1e9:.0f} GFLOP/s; floor {floor * 1e3:.3f} ms"
    )
    return measured("time over the floor", times, "×", FLOOR, note)
