"""Inspections: what they are made of, and what they say of learners of every kind."""

import math
from dataclasses import replace

import pytest
import torch

from explorer.core.adaptation.preconditioners import Scale
from explorer.core.evaluation.evaluation import BLOCK, evaluate
from explorer.core.families import default_family
from explorer.core.families.sine import Sine
from explorer.core.files.checkpoint import load
from explorer.core.insight.report import Plan
from explorer.core.insight.tangent import kernel, strength
from explorer.resources import checkpoint_name, resource
from tests.core.insight.inspections import inspected
from tests.core.insight.shipped import start_of

PLAN = Plan(Sine(), tasks=2 * BLOCK + 3, steps=2, seed=5)


@pytest.mark.parametrize("name", ["maml", "anil", "cavia", "meta-curvature", "oracle"])
def test_figures_of_every_kind_of_learner(name: str) -> None:
    """All there, finite, with shares that add up to 1."""
    found = inspected(start_of(name), replace(PLAN, steps=1))
    assert found.layers is not None
    assert found.alone is not None
    assert found.eigenvalues is not None
    assert sum(found.layers) == pytest.approx(1)
    assert len(found.layers) == len(found.alone) == (4 if name == "cavia" else 3)
    assert [len(each) for each in found.eigenvalues] == [4, 4]
    for each in (found.strength, found.likeness, found.rank, found.area, *found.alone):
        assert each is not None
        assert math.isfinite(each)


def test_errors_and_choices_are_those_of_evaluations() -> None:
    """Medians of the learner's own steps, and means of steps of one layer alone."""
    start = start_of("maml")
    found = inspected(start, PLAN)
    asked = {"shots": 10, "tasks": PLAN.tasks, "alpha": 0.01, "seed": 5}
    single = load(resource(checkpoint_name("maml"))).start
    own = evaluate(single, PLAN.family, steps=2, **asked)  # type: ignore[arg-type]
    assert list(found.measured) == pytest.approx(list(own.median), rel=1e-4)
    head = torch.zeros_like(single.theta)
    head[-41:] = 1
    last = evaluate(
        replace(single, preconditioners=(Scale(head),)),  # type: ignore[type-var]
        PLAN.family,
        steps=1,
        **asked,  # type: ignore[arg-type]
    )
    assert found.alone is not None
    assert found.alone[2] == pytest.approx(last.mse[1], rel=1e-4)


def test_who_is_told_its_task_has_a_kernel_for_each() -> None:
    """The mean over the tasks; of the others there is one."""
    oracle = start_of("oracle")
    found = inspected(oracle, replace(PLAN, tasks=3))
    from explorer.core.base.random_streams import stream
    from explorer.core.families.sampling import sample_evenly

    streams = stream(5, "evaluation/10"), stream(5, "evaluation noise/10")
    task = sample_evenly(PLAN.family, 3, 10, *streams).task[0].double()
    grid = torch.linspace(-5, 5, 100, dtype=torch.float64).view(1, -1, 1)
    k = kernel(oracle, grid.expand(3, -1, -1), task=task)
    assert found.strength == pytest.approx(float(strength(k, 0.01).mean()), rel=1e-4)


def test_divergence_counts_as_unstable_and_as_infinite() -> None:
    """And no λ of a task that has diverged goes into a mean."""
    found = inspected(start_of("maml"), replace(PLAN, alpha=1.0, steps=30))
    assert found.unstable is not None
    assert found.eigenvalues is not None
    assert found.measured[-1] == math.inf
    assert found.unstable[-1] > 0.9
    finite = [value for value in found.eigenvalues[-1] if not math.isnan(value)]
    assert all(math.isfinite(value) for value in finite)


def test_who_takes_no_steps() -> None:
    """A ridge head and a closed form have errors and a fan, and nothing that needs a kernel."""
    ideal = Sine().ideal()
    assert ideal is not None
    for start in (load(resource(checkpoint_name("ridge"))).start, ideal):
        found = inspected(start, PLAN)
        assert found.area == pytest.approx(1, abs=0.01)
        assert found.measured[1] < 0.01
        missing = (found.strength, found.rank, found.gains, found.eigenvalues, found.unstable)
        assert missing == (None,) * 5
        assert (found.likeness, found.layers, found.alone) == (None,) * 3


@pytest.mark.parametrize(
    ("name", "lies"), [("line", True), ("quadratic", True), ("harmonic", False)]
)
def test_other_families(name: str, lies: bool) -> None:
    """With a plane of their own or their leading directions; else what needs one is None."""
    found = inspected(start_of("maml"), replace(PLAN, family=default_family(name), alpha=1e-4))
    for each in (found.likeness, found.gains, found.area):
        assert (each is not None) is lies
    assert found.strength is not None
    assert found.rank is not None


def test_few_points_have_few_modes() -> None:
    """As many as there are points."""
    found = inspected(start_of("maml"), replace(PLAN, shots=2))
    assert found.eigenvalues is not None
    assert [len(each) for each in found.eigenvalues] == [2, 2, 2]
