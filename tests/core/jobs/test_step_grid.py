"""The K × steps × α grid: cells are evaluations of their own, hatching means what it says."""

import math
from dataclasses import replace

import numpy as np
import pytest

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.fields import Range
from explorer.core.evaluation.evaluation import evaluate, summarise
from explorer.core.families import Sine
from explorer.core.figures.figure import Figure, JobProgress
from explorer.core.files.checkpoint import load
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.metered_evaluation import LearnerResult
from explorer.core.jobs.step_grid import cells_of, evaluate_grid, step_grid
from explorer.core.jobs.step_grid_figure import best_alpha, shown_steps
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.core.training.loop import advance, start
from explorer.resources import MAML_CHECKPOINT, resource
from tests.core.evaluation.errors import task_errors
from tests.core.jobs.reproduction.plans import outcome
from tests.trainers import SMALL

SHORT = StepGrid(shots=(2, 5), steps=4, tasks=40, seed=2, alphas=(0.005, 0.05, 0.5))


@pytest.fixture(scope="module")
def maml() -> Competitor:
    """A network of the small experiment."""
    run, _ = advance(start(SMALL, ("maml",)), 60)
    return Competitor("MAML", "maml", run.starting_point("maml"), SMALL)


@pytest.fixture(scope="module")
def shipped() -> Competitor:
    """A network that has learned: what it loses it would have done well on."""
    file = load(resource(MAML_CHECKPOINT))
    return Competitor("MAML", "maml", file.start, file.settings)


def drawn(request: StepGrid, competitor: Competitor) -> tuple[Figure, list[JobProgress]]:
    """The finished figure, and all that came on the way."""
    items = list(step_grid(request, competitor))
    figure = items[-1].figure
    assert figure is not None
    return figure, items


def network(competitor: Competitor) -> StartingPoint:
    """Its start, which is a network's."""
    assert isinstance(competitor.start, StartingPoint)
    return competitor.start


@pytest.mark.parametrize("step", [0, 1, 3, 4])
def test_every_cell_is_an_evaluation_of_its_own(maml: Competitor, step: int) -> None:
    """With the same seed and no further steps, bit for bit, at every K and step size."""
    cells = outcome(evaluate_grid(SHORT, maml))
    assert set(cells) == {(k, a) for k in (2, 5) for a in (0.005, 0.01, 0.05, 0.5)}
    for (shots, alpha), cell in cells.items():
        alone = evaluate(
            network(maml), Sine(), shots=shots, steps=step, tasks=40, alpha=alpha, seed=2
        )
        assert cell.evaluation.up_to(step) == alone


def test_heat_maps_show_the_rows(maml: Competitor) -> None:
    """The best step size of each cell in one, its own in the other, with the same numbers."""
    figure, _ = drawn(SHORT, maml)
    for panel, item in zip(figure.panels, ("grid best α", "grid own α"), strict=True):
        heat = panel.heat_map
        assert heat is not None
        assert heat.x == ("0", "1", "2", "3", "4")
        assert heat.y == ("2", "5")
        rows = [row for row in figure.rows if row.item == item]
        assert heat.values.ravel().tolist() == [row.ours for row in rows]
        for mark, row in zip(np.ravel(heat.marks), rows, strict=True):
            alpha = row.label.rpartition(" ")[2]
            named = item == "grid best α" and row.steps
            assert mark == f"{row.ours:.2f}" + (f" @{alpha}" if named else "")
            assert item == "grid best α" or alpha == "0.01"


def test_no_other_step_size_is_better(maml: Competitor) -> None:
    """The best has the lowest mean of all."""
    request = replace(SHORT, alphas=(0.0025, 0.005, 0.02))
    cells = outcome(evaluate_grid(request, maml))
    alphas = request.alphas_for(0.01)
    for shots in (2, 5):
        for step in range(1, 5):
            means = {a: cells[shots, a].evaluation.full[step] for a in alphas}
            assert best_alpha(cells, alphas, shots, step) == min(means, key=means.__getitem__)


def test_a_step_size_that_loses_tasks_is_not_the_best(shipped: Competitor) -> None:
    """To lose the hard tasks does not pay."""
    cells = outcome(evaluate_grid(SHORT, shipped))
    assert cells[2, 0.5].evaluation.diverged[4] > 0
    assert best_alpha(cells, SHORT.alphas_for(0.01), 2, 4) < 0.5


def measured(mse: np.ndarray, diverged: np.ndarray) -> LearnerResult:
    """Errors of tasks as if they had been found."""
    errors = task_errors(mse, diverged, zero=4.0)
    return LearnerResult(0.01, summarise(errors, 5), errors)


def test_hatching_follows_the_definition() -> None:
    """One more step hurts where it raises the mean by more than its interval on the same tasks."""
    rise = np.random.default_rng(0).normal(0.0, 1.0, 100)
    mse = np.stack([np.full(100, 4.0), np.full(100, 2.0), 2 + rise + 0.4, 2 + rise + 0.3])
    found = cells_of(measured(mse, np.zeros(mse.shape, np.bool_)))
    gaps = rise + 0.4
    assert gaps.mean() > 1.96 * gaps.std(ddof=1) / 10
    assert found.hurts.tolist() == [False, True, False]
    assert len(found.evaluation.mse) == 3
    assert found.score.tolist() == pytest.approx(mse.mean(1).tolist())


def test_a_rise_that_could_be_chance_is_not_hatched() -> None:
    """Nor is one of a single task."""
    rise = np.random.default_rng(0).normal(0.05, 1.0, 100)
    mse = np.stack([np.full(100, 2.0), 2.0 + rise])
    none = np.zeros(mse.shape, np.bool_)
    assert not cells_of(measured(mse, none)).hurts.any()
    assert not cells_of(measured(np.array([[1.0], [2.0]]), none[:, :1])).hurts.any()


def test_diverging_hurts() -> None:
    """A task that diverges costs what predicting zero does."""
    mse = np.stack([np.full(50, 4.0), np.full(50, 1.0), np.full(50, 1.0)])
    flags = np.zeros(mse.shape, np.bool_)
    flags[2, :20] = True
    assert cells_of(measured(mse, flags)).hurts.tolist() == [False, True]


def test_steps_that_hurt_are_hatched_and_told(shipped: Competitor) -> None:
    """At a step size far too long, and in words where it is the network's own."""
    reckless = replace(shipped, settings=replace(SMALL, alpha=0.3))
    figure, _ = drawn(replace(SHORT, alphas=(0.01,)), reckless)
    best, own = (panel.heat_map for panel in figure.panels)
    assert best is not None
    assert own is not None
    assert own.hatched[0, 0]
    assert not best.hatched[0, 0]
    assert "with its own step" in figure.notes[0]
    assert "it has lost 40 (40 diverged) of 40 tasks" in figure.notes[0]


def test_the_best_at_the_end_of_the_list_is_told(maml: Competitor) -> None:
    """As a better one may lie beyond it."""
    figure, _ = drawn(replace(SHORT, alphas=(0.0001,)), maml)
    assert all("may lie beyond" in note for note in figure.notes)


def test_step_sizes_around_its_own(maml: Competitor) -> None:
    """By default doubled and halved three times, as far as step sizes go."""
    request = StepGrid()
    assert request.alphas_for(0.01) == (0.00125, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08)
    assert request.alphas_for(0.5) == (0.0625, 0.125, 0.25, 0.5, 1.0)
    assert StepGrid(alphas=(0.1, 0.01)).alphas_for(0.02) == (0.01, 0.02, 0.1)


def test_columns_of_long_adaptation_thin_out() -> None:
    """The first and the last step always have one."""
    assert shown_steps(0) == (0,)
    assert shown_steps(10) == tuple(range(11))
    assert shown_steps(20) == (0, 1, 2, 3, 5, 7, 10, 15, 20)
    assert shown_steps(1000)[-3:] == (500, 700, 1000)
    assert len(shown_steps(1000)) < 25


def test_tasks_are_those_of_training_unless_others_are_given(maml: Competitor) -> None:
    """And the protocol says which."""
    narrow = replace(maml, settings=SMALL.changed(amplitude=Range(1, 2)))
    figure, _ = drawn(SHORT, narrow)
    assert "A from 1 to 2" in figure.protocol[0]
    assert not any("other tasks" in line for line in figure.protocol)
    figure, _ = drawn(replace(SHORT, family=Sine()), narrow)
    assert "A from 0.1 to 5" in figure.protocol[0]
    assert figure.protocol[-1] == "MAML was trained on other tasks than these: A from 1 to 2."


def test_progress_grows_and_stops_midway(maml: Competitor) -> None:
    """Row by row; what is not known yet is empty."""
    figure, items = drawn(SHORT, maml)
    shares = [item.done for item in items]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert figure.complete
    job = step_grid(SHORT, maml)
    seen = next(item.figure for item in job if item.figure and item.figure.rows)
    job.close()
    assert next(job, None) is None
    heat = seen.panels[0].heat_map
    assert heat is not None
    assert np.isfinite(heat.values[0]).all()
    assert np.isnan(heat.values[1]).all()
    assert set(heat.marks[1]) == {""}
    assert not seen.complete


def test_what_takes_no_steps_is_refused() -> None:
    """A closed form has nothing to adapt."""
    with pytest.raises(UserError, match="takes no gradient steps"):
        next(iter(step_grid(SHORT, Competitor("Ideal", "ideal"))))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shots": (200,)}, "Support points"),
        ({"alphas": (0.01, 0.01)}, "once"),
        ({"alphas": (math.inf,)}, "α"),
        ({"steps": 2000}, "steps"),
        ({"tasks": 100_000, "steps": 1000}, "memory"),
    ],
)
def test_bad_requests_are_refused(values: dict[str, object], words: str) -> None:
    """In one sentence, before any work."""
    with pytest.raises(UserError, match=words):
        StepGrid(**values)  # type: ignore[arg-type]
