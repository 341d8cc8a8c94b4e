"""The evaluation of the paper's tables, and the answer to one change in the sandbox."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import torch

from explorer.core.evaluation.evaluation import evaluate
from explorer.core.files.checkpoint import load
from explorer.core.learners import RANDOM
from explorer.core.training.loop import DEFAULT_LEARNERS
from explorer.resources import MAML_CHECKPOINT, PRETRAINED_CHECKPOINT, resource
from explorer.state import adaptation_query
from explorer.state.competitors import Competitors, from_shipped
from tests.benchmarks.measure import Options, Row, at_most, measured, p99, paired, use_cores

SHOTS, TASKS, STEPS = (5, 10, 20), 600, 10
ROLES = frozenset({*DEFAULT_LEARNERS, RANDOM})
GRID_POINTS, SANDBOX_STEPS, SANDBOX_POINTS = 400, 100, 10


def sandbox_question(competitors: Competitors) -> adaptation_query.AdaptationQuery:
    """Ten points evenly on a sine, and as many steps as the sandbox allows."""
    xs = [competitors.settings.x.at((i + 0.5) / SANDBOX_POINTS) for i in range(SANDBOX_POINTS)]
    family, task = competitors.settings.family, (3.2, 1.0)
    points = tuple(adaptation_query.SupportPoint(x, family.value(x, task), True) for x in xs)
    return adaptation_query.AdaptationQuery(
        competitors, ROLES, family, task, points, competitors.settings.alpha, SANDBOX_STEPS
    )


def rows(options: Options) -> Iterator[Row]:
    """See the package."""
    use_cores(2)
    paths = [resource(name) for name in (MAML_CHECKPOINT, PRETRAINED_CHECKPOINT)]
    shipped = [load(path) for path in paths]

    def evaluate_all() -> None:
        for file in shipped:
            for begin in file.starting_points().values():
                for shots in SHOTS:
                    evaluate(
                        *(begin, file.settings.family),
                        shots=shots,
                        steps=STEPS,
                        tasks=TASKS,
                    )

    torch.set_num_threads(1)  # as the command competitors does
    what = f"{TASKS} tasks × {len(SHOTS)} shots × {STEPS + 1} steps × {len(shipped)} learners"
    yield measured(what, _seconds(evaluate_all, options.rounds(9, 3)), "s", at_most(1.5))
    yield from _sandbox(from_shipped(*paths), options.rounds(200, 50))


def _seconds(call: Callable[[], object], rounds: int, warm_up: int = 2) -> list[float]:
    return paired({"": call}, rounds, warm_up)[""]


def _sandbox(competitors: Competitors, rounds: int) -> Iterator[Row]:
    question = sandbox_question(competitors)
    with patch.object(adaptation_query, "CURVE_POINTS", GRID_POINTS):
        for trajectory in adaptation_query.answer(question).trajectories.values():
            if trajectory.prediction.shape != (SANDBOX_STEPS + 1, GRID_POINTS):
                raise RuntimeError(f"a trajectory has the shape {trajectory.prediction.shape}")
        seconds = _seconds(lambda: adaptation_query.answer(question), rounds, warm_up=5)
    times = [1e3 * s for s in seconds]
    what = f"sandbox: {len(ROLES)} learners × {SANDBOX_STEPS} steps × {GRID_POINTS} points"
    yield measured(f"{what}, median", times, "ms", at_most(10))
    yield measured(f"{what}, 99th percentile", times, "ms", statistic=p99)
