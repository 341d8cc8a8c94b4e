"""The reproduction's jobs: what they find, what they keep, and how they stop."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.core.checkpoint import load, save
from explorer.core.errors import UserError
from explorer.core.evaluation import evaluate
from explorer.core.figure import Figure, JobProgress
from explorer.core.learners import LEARNERS
from explorer.core.reproduction import FULL, ITEMS, QUICK, Plan, Scale, store
from explorer.core.reproduction.measuring import STEP_SIZES, tuned
from explorer.core.reproduction.published import TABLE2, published, verdict
from explorer.core.reproduction.store import DAMAGED, Training, plain, trained
from explorer.core.schema import Settings
from explorer.core.training import start, train

TINY = Scale(
    Settings(iterations=40, meta_batch=3, hidden=(6,), networks=4, reptile_steps=2, context=2),
    averaged_iterations=30,
    tasks=12,
    validation_tasks=5,
    many_steps=12,
)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan that takes a moment."""
    torch.set_num_threads(1)
    return Plan(True, 3, tmp_path / "store", TINY)


def last(job: Iterator[JobProgress]) -> Figure:
    """The figure at the end of a job, whose progress is checked on the way."""
    done, figure = 0.0, None
    for progress in job:
        assert done - 1e-9 <= progress.done <= 1
        assert progress.doing
        done, figure = progress.done, progress.figure
    assert done == 1
    assert figure is not None
    assert figure.complete
    return figure


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_comes_to_its_end(plan: Plan, item: str) -> None:
    """With panels, rows, a protocol and a provenance that names the command and the seed."""
    figure = last(ITEMS[item].job(plan))
    assert figure.item == item
    assert figure.panels
    assert all(panel.curves for panel in figure.panels)
    assert figure.rows
    assert {row.item for row in figure.rows} == {item}
    assert any("seed 3" in line for line in figure.protocol)
    assert f"maml-explorer reproduce {item} --quick --seed 3" in figure.provenance


def test_numbers_are_the_evaluations(plan: Plan) -> None:
    """A row holds what `evaluate` finds for the same network, tasks and step size."""
    figure = last(ITEMS["fig3"].job(plan))
    run = load(plan.store / plain(plan, "maml").file_name).run
    assert run is not None
    found = evaluate(
        run.starting_point("maml"), plan.settings, shots=5, steps=10, tasks=12, alpha=0.01, seed=3
    )
    for row in figure.rows:
        if (row.learner, row.shots) == ("maml", 5):
            assert row.ours == found.mse[row.steps]
            assert row.ci95 == found.ci95[row.steps]
            assert row.diverged == found.diverged[row.steps]


def test_the_table_has_every_learner_and_the_papers_numbers(plan: Plan) -> None:
    """The paper's five with its numbers, all others without, and the authors' step size."""
    figure = last(ITEMS["table2"].job(plan))
    assert {row.learner for row in figure.rows} == set(LEARNERS)
    for row in figure.rows:
        assert row.shots == 5
        assert row.paper == TABLE2.get(row.learner, {}).get(row.steps)
        assert bool(row.verdict) == (row.paper is not None and math.isfinite(row.ours))
    assert {row.label for row in figure.rows} >= {"MAML", "MAML, α = 0.001", "Averaged, pulled"}


def test_stopping_loses_nothing(plan: Plan) -> None:
    """A job given up in the midst of a training goes on from there, to the same numbers."""
    whole = last(ITEMS["fig3"].job(replace(plan, store=plan.store.parent / "other")))
    job = ITEMS["fig3"].job(plan)
    for progress in job:
        if "training Pretrained" in progress.doing:
            break
    job.close()
    kept = {path.name: load(path).iteration for path in plan.store.iterdir()}
    assert kept[plain(plan, "maml").file_name] == 40
    assert 0 < kept[plain(plan, "pretrained").file_name] <= 40
    again = last(ITEMS["fig3"].job(plan))
    assert [row.ours for row in again.rows] == [row.ours for row in whole.rows]


def test_what_is_trained_is_not_trained_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other items share the trainings, and a repeated one takes none."""
    last(ITEMS["fig3"].job(plan))
    asked = []

    def counting(run: object) -> Iterator[object]:
        asked.append(run)
        return iter(train(run))  # type: ignore[arg-type]

    monkeypatch.setattr(store, "train", counting)
    events = [p for p in ITEMS["fig2"].job(plan) if p.doing.startswith("training")]
    assert events == []


def test_a_failing_job_keeps_finished_trainings(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong with the second learner does not cost the first."""

    def failing(run: object) -> Iterator[object]:
        if "pretrained" in run.learners:  # type: ignore[attr-defined]
            raise RuntimeError("out of memory")
        return iter(train(run))  # type: ignore[arg-type]

    monkeypatch.setattr(store, "train", failing)
    with pytest.raises(RuntimeError, match="memory"):
        list(ITEMS["fig3"].job(plan))
    assert load(plan.store / plain(plan, "maml").file_name).iteration == 40


def test_a_damaged_file_is_set_aside(plan: Plan) -> None:
    """It is named and trained anew."""
    training = plain(plan, "maml")
    plan.store.mkdir()
    path = plan.store / training.file_name
    path.write_bytes(b"nonsense")
    list(trained(training, plan.store))
    assert load(path).iteration == 40
    assert path.with_name(path.name + DAMAGED).read_bytes() == b"nonsense"


def test_a_store_that_cannot_be_made_is_said(plan: Plan) -> None:
    """One sentence that names the folder."""
    plan.store.write_text("in the way")
    with pytest.raises(UserError, match="Could not make the folder"):
        list(trained(plain(plan, "maml"), plan.store))


def test_files_differ_for_what_decides_them(plan: Plan) -> None:
    """Learner, seed and every setting."""
    one = plain(plan, "maml")
    others = [
        plain(plan, "pretrained"),
        plain(replace(plan, seed=4), "maml"),
        Training("maml", replace(plan.settings, alpha=0.001)),
    ]
    assert len({one.file_name, *(other.file_name for other in others)}) == 4


def test_a_run_of_other_settings_is_not_taken(plan: Plan) -> None:
    """A file whose content belongs to another experiment is trained anew."""
    training = plain(plan, "maml")
    plan.store.mkdir()
    other = start(replace(plan.settings, seed=9), ("maml",))
    save(plan.store / training.file_name, other, "maml")
    list(trained(training, plan.store))
    found = load(plan.store / training.file_name)
    assert (found.settings, found.iteration) == (training.settings, 40)


def test_the_step_size_is_the_best_of_its_grid(plan: Plan) -> None:
    """On the validation tasks none of the others has fewer diverged tasks and a lower error."""
    point = start(plan.settings, ("pretrained",)).starting_point("pretrained")
    job = tuned(point, plan, 5, 3, "Pretrained")
    while True:
        try:
            next(job)
        except StopIteration as done:
            chosen = done.value
            break
    costs = {}
    for alpha in STEP_SIZES:
        found = evaluate(
            point, plan.settings, shots=5, steps=3, tasks=5, alpha=alpha, seed=-1 - plan.seed
        )
        costs[alpha] = found.diverged[-1], found.mse[-1]
    assert costs[chosen] == min(costs.values())


def test_verdicts() -> None:
    """The paper's number within our interval agrees; a lower error is better."""
    assert verdict(0.7, 0.05, 0.67) == "agrees"
    assert verdict(0.6, 0.05, 0.67) == "better"
    assert verdict(0.8, 0.05, 0.67) == "worse"
    assert verdict(0.6, 0.05, None) == ""
    assert verdict(math.nan, 0.05, 0.67) == ""


def test_published_numbers() -> None:
    """Table 2 is 5-shot, after 1, 5 and 10 steps."""
    assert published("maml", 5, 1) == 0.67
    assert published("averaged-pulled", 5, 10) == 2.71
    assert published("maml", 10, 1) is None
    assert published("cavia", 5, 1) is None


def test_the_full_plan_is_the_papers() -> None:
    """70,000 meta-iterations and 600 tasks; the quick one differs in training alone."""
    assert FULL.settings == Settings()
    assert FULL.tasks == QUICK.tasks == 600
    assert QUICK.settings == replace(Settings(), iterations=QUICK.settings.iterations)
