"""The paper's figures and table as jobs, from training to notes."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.jobs.progress import Meter
from explorer.core.jobs.reproduction import FULL, ITEMS, QUICK
from explorer.core.jobs.reproduction.halves import evaluate_by_half
from explorer.core.jobs.reproduction.published import TABLE2
from explorer.core.jobs.reproduction.store import plain, trained
from explorer.core.jobs.reproduction.table_lines import LEFT_OUT, SHARED
from explorer.core.jobs.reproduction.tasks import STEP_SIZES, tune_on_plan
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import advance, start
from tests.core.jobs.reproduction.plans import TINY, course, numbers, outcome, result, tiny_plan


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trainings that the tests of this file share."""
    return tmp_path_factory.mktemp("store")


def test_items_can_be_listed_without_torch() -> None:
    """The command line and the window ask for names and help before anything else."""
    code = (
        "import sys, explorer.core.jobs.reproduction as r; "
        "print(*r.ITEMS, 'torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [*ITEMS, "False", "False"]


def test_the_full_version_is_the_papers() -> None:
    """70,000 meta-iterations with the paper's settings, 600 tasks; the quick one trains less."""
    assert FULL.settings == Settings()
    assert FULL.settings.iterations == 70_000
    assert FULL.tasks == QUICK.tasks == 600
    assert QUICK.settings.changed(iterations=70_000, networks=500) == FULL.settings
    assert QUICK.settings.value("networks") < FULL.settings.value("networks")
    assert QUICK.averaged_iterations == FULL.averaged_iterations
    assert QUICK.settings.iterations < FULL.settings.iterations


@pytest.mark.parametrize("item", ITEMS)
def test_a_job_leads_from_nothing_to_a_complete_figure(item: str, store: Path) -> None:
    """Progress grows to 1; there is a figure from the first moment; only the last is complete."""
    moments = course(item, tiny_plan(store))
    shares = [moment.done for moment in moments]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    figures = [moment.figure for moment in moments]
    assert all(figure is not None and figure.item == item for figure in figures)
    assert [figure.complete for figure in figures if figure] == [False] * (len(moments) - 1) + [
        True
    ]
    assert all(moment.doing for moment in moments)
    last = figures[-1]
    assert last is not None
    assert {row.item for row in last.rows} == {item}
    assert all(panel.curves or panel.heat_map for panel in last.panels)
    assert f"reproduce {item} --seed 3" in last.provenance
    trained = "for 10 steps" if item == "l2" else "40 meta-iterations"
    assert any(trained in line for line in last.protocol)


def test_figures_grow(store: Path) -> None:
    """Each learner is shown as soon as it is measured."""
    counts = [len(m.figure.rows) for m in course("table2", tiny_plan(store)) if m.figure]
    assert counts == sorted(counts)
    assert len(set(counts)) > len(LEARNERS)


def test_figure3_is_what_evaluation_says(store: Path) -> None:
    """The rows and curves of a learner are those of `evaluate` with the plan's tasks."""
    plan = tiny_plan(store)
    figure = result("fig3", plan)
    run, _ = advance(start(plan.settings, ("maml",)), 40)
    for panel, shots in zip(figure.panels, (5, 10, 20), strict=True):
        expected = evaluate(run.starting_point("maml"), plan.family, shots=shots, tasks=30, seed=3)
        (curve,) = (c for c in panel.curves if c.role == "maml" and not c.hollow)
        np.testing.assert_array_equal(curve.y, expected.full)
        rows = [r for r in figure.rows if r.learner == "maml" and r.shots == shots]
        assert [r.ours for r in rows] == list(expected.full)
        assert [r.ci95 for r in rows] == list(expected.full_ci95)
        assert [r.diverged for r in rows] == list(expected.diverged)


def test_figure3_shows_the_papers_numbers_where_it_has_them(store: Path) -> None:
    """As outlines at K = 5, for MAML and the pretrained network."""
    figure = result("fig3", tiny_plan(store))
    outlines = {
        (p.title, c.role): c.y.tolist() for p in figure.panels for c in p.curves if c.hollow
    }
    assert outlines == {
        ("K = 5", name): list(TABLE2[name].values()) for name in ("maml", "pretrained")
    }


def test_step_sizes_are_chosen_on_other_tasks(store: Path) -> None:
    """The chosen one has the smallest error of all on tasks that the evaluation does not use."""
    plan = tiny_plan(store, scale=replace(TINY, validation_tasks=25))
    kept = outcome(trained(Meter(1.0), 1.0, plain(plan, "pretrained"), store))
    chosen = outcome(tune_on_plan(Meter(1.0), kept.start, plan, 5, 4, "Pretrained"))
    found = {
        alpha: evaluate(
            kept.start, plan.family, shots=5, steps=4, tasks=25, alpha=alpha, seed=-1 - plan.seed
        )
        for alpha in STEP_SIZES
    }
    assert chosen == min(found, key=lambda a: (found[a].lost[-1], found[a].full[-1]))


def test_table2_has_every_line(store: Path) -> None:
    """The paper's lines in its order with verdicts, the authors' step size, the other learners."""
    figure = result("table2", tiny_plan(store))
    names = list(dict.fromkeys(row.learner for row in figure.rows))
    variants = {SHARED: "averaged-l2", "maml-authors": "maml"}
    assert names[: len(TABLE2) + 2] == [*TABLE2, *variants]
    assert set(names) == {*LEARNERS, *variants} - set(LEFT_OUT)
    assert all(LEARNERS[name].label in " ".join(figure.protocol) for name in LEFT_OUT)
    for row in figure.rows:
        papers = TABLE2.get(variants.get(row.learner, row.learner))
        assert row.paper == (papers and papers[row.steps])
        assert bool(row.verdict) == (papers is not None)
        assert (row.shots, row.item) == (5, "table2")
    assert {row.steps for row in figure.rows} == {1, 5, 10}
    assert any("paper's order" in note for note in figure.notes)
    pulled = [f"{row.ours:.2f}" for row in figure.rows if row.learner == "averaged-pulled"]
    assert any(", ".join(pulled) in note for note in figure.notes)


def test_trainings_are_shared(store: Path) -> None:
    """What one item has trained, another only reads: no file is written twice."""
    plan = tiny_plan(store)
    result("table2", plan)
    before = {path: path.stat().st_mtime_ns for path in store.iterdir()}
    for name, item in ITEMS.items():
        if not item.apart:
            result(name, plan)
    assert {path: path.stat().st_mtime_ns for path in store.iterdir()} == before


def test_another_seed_is_another_experiment(tmp_path: Path, store: Path) -> None:
    """Seeds share no training and no number; the same seed gives the same ones anywhere."""
    first = numbers(result("fig2", tiny_plan(store)))
    assert numbers(result("fig2", tiny_plan(tmp_path))) == first
    assert numbers(result("fig2", tiny_plan(tmp_path, seed=4))) != first


@pytest.mark.parametrize("item", ["fig3", "table2"])
def test_learners_are_judged_by_several_seeds(item: str, store: Path) -> None:
    """Means over networks from each seed, all measured on the first seed's tasks."""
    plan = tiny_plan(store, seeds=2)
    rows = [r for r in result(item, plan).rows if (r.learner, r.shots, r.steps) == ("maml", 5, 1)]
    networks = [
        advance(start(plan.settings.changed(seed=seed), ("maml",)), 40)[0] for seed in (3, 4)
    ]
    errors = [
        evaluate(run.starting_point("maml"), plan.family, shots=5, steps=1, tasks=30, seed=3)
        for run in networks
    ]
    ((one, other), (row,)) = ([each.full[1] for each in errors], rows)
    assert (row.seeds, row.ours) == (2, pytest.approx((one + other) / 2))
    assert row.ci95_seeds == pytest.approx(12.706 * abs(one - other) / 2)
    assert row.ci95 == pytest.approx(sum(each.full_ci95[1] for each in errors) / 2)


def test_figure2_is_drawn_as_in_the_paper(store: Path) -> None:
    """Truth, K points on it, and three curves in each panel; a second row with points x < 0."""
    figure = result("fig2", tiny_plan(store))
    assert (len(figure.panels), figure.columns) == (8, 4)
    for i, panel in enumerate(figure.panels):
        truth, points, *curves = panel.curves
        assert (truth.role, points.role, points.markers) == ("truth", "points", True)
        assert len(points.x) == (5, 10)[i % 2]
        assert (points.x < 0).all() or i < 4
        np.testing.assert_allclose(np.interp(points.x, truth.x, truth.y), points.y, atol=0.01)
        assert [c.label for c in curves] == ["pre-update", "1 gradient step", "10 gradient steps"]
        assert {c.role for c in curves} == {("maml", "maml", "pretrained", "pretrained")[i % 4]}


def test_figure2_tells_the_halves_apart(store: Path) -> None:
    """Both learners, both K, with and without points, with intervals over the plan's tasks."""
    rows = result("fig2", tiny_plan(store)).rows
    halves = [row for row in rows if ", half " in row.label]
    assert len({(row.label, row.shots) for row in halves}) == 2 * 2 * 2
    assert all(math.isfinite(row.ci95) for row in halves)


def test_halves_of_learners_that_need_no_training(tmp_path: Path) -> None:
    """Who knows sines knows the half without points; who predicts 0 is as wrong on both."""
    plan = tiny_plan(tmp_path, scale=replace(TINY, tasks=600))
    starts = {name: CLOSED_FORMS[name].start(plan.family) for name in ("ideal", "zero")}
    ideal, zero = (
        outcome(evaluate_by_half(Meter(1.0), start, plan, 5, 1, 0.01, name))
        for name, start in starts.items()
    )
    assert max(ideal.seen.mse[1], ideal.unseen.mse[1]) < 1e-6
    assert (zero.seen.full[1] + zero.unseen.full[1]) / 2 == pytest.approx(4.252, abs=0.05)


def test_the_question_of_100_steps_is_answered(store: Path) -> None:
    """One sentence for each K, from the numbers in the rows."""
    figure = result("steps100", tiny_plan(store))
    assert [note.partition(":")[0] for note in figure.notes] == ["K = 5", "K = 10"]
    assert {row.steps for row in figure.rows} == {0, 1, 5, 10, 12}
