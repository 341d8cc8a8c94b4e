"""MAML with few and many query points: what is trained, what is kept, and what is said of it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import UserError
from explorer.core.evaluation.evaluation import Evaluation, evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.files.checkpoint import load
from explorer.core.jobs.query_points import query_points
from explorer.core.jobs.query_points_figure import Spread, figure_of, spread_of
from explorer.core.jobs.query_points_request import AGAIN, FRESH, JUDGED, Found, QueryPoints
from explorer.core.jobs.reproduction.plan import Plan
from explorer.core.jobs.reproduction.store import plain
from explorer.core.training.loop import start
from tests.core.jobs.reproduction.plans import outcome
from tests.core.training.runs import finish

TINY = Settings(iterations=30, meta_batch=3, hidden=(8,), shots=4)


def asked(store: Path, **values: int) -> QueryPoints:
    """A question that takes moments."""
    given = {"seeds": 2, "seed": 5, "tasks": 30, **values}
    return QueryPoints(store=store, experiment=TINY, **given)


def whole(request: QueryPoints) -> tuple[Found, list[JobProgress]]:
    """What a job finds, and all that it says on the way."""
    seen: list[JobProgress] = []
    return outcome(query_points(request), seen.append), seen


def last_figure(seen: list[JobProgress]) -> Figure:
    assert seen[-1].figure is not None
    return seen[-1].figure


def test_every_training_is_what_it_says(tmp_path: Path) -> None:
    """As many query points, from that seed, measured on the same tasks as all others."""
    request = asked(tmp_path)
    found, seen = whole(request)
    assert set(found) == {(judged, seed) for judged in JUDGED for seed in (5, 6)}
    for (judged, seed), measured in found.items():
        settings = TINY.changed(seed=seed)
        if judged == AGAIN:
            settings = settings.changed(judged_on="support")
        else:
            settings = settings.changed(query=judged.points)
        run = finish(start(settings, ("maml",)), TINY.iterations)
        expected = evaluate(
            run.starting_point("maml"), TINY.family, shots=4, steps=10, tasks=30,
            alpha=TINY.alpha, seed=5,
        )  # fmt: skip
        assert measured.full == pytest.approx(expected.full)
    assert seen[-1].done == 1.0
    assert [each.done for each in seen] == sorted(each.done for each in seen)


def test_the_figure_grows_to_the_whole(tmp_path: Path) -> None:
    """The first seed's curve is there before the second's; then means, seeds and intervals are."""
    request = asked(tmp_path)
    found, seen = whole(request)
    halves = [each.figure for each in seen if each.figure and len(each.figure.rows) == 28]
    assert halves
    assert not halves[0].complete
    figure = last_figure(seen)
    assert figure.complete
    assert len(figure.rows) == 2 * 7 + 2 * 14
    for panel, step in zip(figure.panels, (1, 10), strict=True):
        fresh, singles, again = panel.curves
        assert list(fresh.x) == [1, 2, 5, 10, 20, 50]
        assert len(singles.x) == 12
        assert again.label == "support points again"
        assert again.y[0] == again.y[1]
        assert fresh.low is not None
        assert fresh.high is not None
        for i, judged in enumerate(FRESH):
            values = [found[judged, seed].full[step] for seed in (5, 6)]
            assert fresh.y[i] == pytest.approx(np.mean(values))
            assert (fresh.low[i], fresh.high[i]) == (min(values), max(values))
    assert figure.notes[0].startswith("After 1 step, mean (and range) of the seeds: 1 query point ")
    assert "each of the seeds 5 to 6" in figure.protocol[0]


def test_nothing_is_trained_twice(tmp_path: Path) -> None:
    """More seeds go on from those that are there, and the same question reads all."""
    first, _ = whole(asked(tmp_path, seeds=1))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(before) == len(JUDGED)
    found, _ = whole(asked(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2 * len(JUDGED)
    assert all(path.stat().st_mtime_ns == at for path, at in before.items())
    assert all(found[key].full == one.full for key, one in first.items())
    _, seen = whole(asked(tmp_path))
    assert not any(each.doing.startswith("training") for each in seen)


def test_what_stops_it_costs_nothing(tmp_path: Path) -> None:
    """Cancelled in the midst of a training, it goes on there, to the same numbers."""
    request = asked(tmp_path / "kept", seeds=1)
    seen: list[JobProgress] = []

    def enough() -> bool:
        return sum(each.doing.startswith("training") for each in seen) > 3

    with cancelled_when(enough), pytest.raises(CancelledWorkError):
        outcome(query_points(request), seen.append)
    assert any((load(path).iteration or 0) > 0 for path in request.store.iterdir())
    resumed, _ = whole(request)
    undisturbed, _ = whole(asked(tmp_path / "other", seeds=1))
    assert {key: one.full for key, one in resumed.items()} == {
        key: one.full for key, one in undisturbed.items()
    }


def test_the_store_is_the_reproduction_s() -> None:
    """With ten fresh points a training is the one that the paper's figures need."""
    for quick in (True, False):
        request = QueryPoints(quick=quick, seed=3)
        plan = Plan(quick, 3, request.store)
        if not quick:
            assert request.training(FRESH[3], 3).file_name == plain(plan, "maml").file_name
        assert request.settings.iterations == plan.settings.iterations
    names = {QueryPoints().training(*key).file_name for key in QueryPoints().trainings()}
    assert len(names) == 3 * len(JUDGED)


def evaluation(*mse: float, diverged: int = 0) -> Evaluation:
    """Errors after 0 to 10 steps, of which those after 1 and 10 count."""
    errors, half = (3.0, mse[0], *[1.0] * 8, mse[-1]), (0.1,) * 11
    none, lost = (0,) * 11, (0,) * 10 + (diverged,)
    return Evaluation(10, 1000, errors, half, errors, half, errors, lost, none)


def test_spreads_between_seeds() -> None:
    """Means, standard deviations, ranges, and Student's interval."""
    spread = Spread((0.3, 0.4, 0.35), 2)
    assert spread.mean == pytest.approx(0.35)
    assert spread.sd == pytest.approx(0.05)
    assert spread.ci95 == pytest.approx(4.303 * 0.05 / math.sqrt(3))
    assert spread.text() == "0.350 (0.300 to 0.400)"
    one = Spread((0.3,), 0)
    assert math.isnan(one.sd)
    assert math.isnan(one.ci95)
    assert one.text() == "0.300"


def test_what_is_lost_is_said() -> None:
    """How many tasks a mean has as predicting zero, of which training."""
    request = QueryPoints(seeds=1)
    found = {(judged, 0): evaluation(0.4, 0.1) for judged in JUDGED}
    assert not any("lost within" in note for note in figure_of(request, found).notes)
    found[FRESH[-1], 0] = evaluation(0.4, 0.1, diverged=7)
    notes = figure_of(request, found).notes
    assert notes[-1] == (
        "Of 1,000 tasks are lost within 10 steps: 7 (7 diverged) with 50 query points and seed 0."
    )
    spread = spread_of(request, found, FRESH[-1], 10)
    assert spread is not None
    assert (spread.diverged, spread.astray) == (7, 0)
    assert spread_of(replace(request, seed=1), found, AGAIN, 1) is None


def test_a_figure_of_nothing_yet() -> None:
    """Panels without curves, and how it will be measured."""
    figure = figure_of(QueryPoints(quick=True), {})
    assert not any(panel.curves for panel in figure.panels)
    assert figure.rows == figure.notes == ()
    assert "15,000 meta-iterations" in figure.protocol[0]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"seeds": 0}, "seeds"),
        ({"seeds": 11}, "seeds"),
        ({"tasks": 0}, "Tasks"),
        ({"seed": -1}, "Seed"),
        ({"seed": 2**31 - 1}, "Seed"),
    ],
)
def test_refuses_bad_values(values: dict[str, int], word: str) -> None:
    """One sentence; the last seed has to be one too."""
    with pytest.raises(UserError, match=word):
        QueryPoints(**{"seeds": 2, **values})
