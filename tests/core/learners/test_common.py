"""What holds for every learner: labels, the order of tasks, and that what is trained is shown."""

import numpy as np
import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.preconditioners import Scale
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.adaptation.trajectory import trajectories_of, trajectory_of
from explorer.core.engine import Loop
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS
from explorer.core.training.outer_loop import compiled_chunk, plain_chunk
from tests.core.learners.problems import TASKS, inner_states, problem, relative_error

ADAPTS_IN_TRAINING = (
    "maml",
    "first-order",
    "anil",
    "boil",
    "meta-sgd",
    "layer-rates",
    "step-rates",
    "meta-curvature",
    "imaml",
    "cavia",
)
ON_THE_META_BATCH = [name for name, learner in LEARNERS.items() if not learner.own_tasks]


@pytest.mark.parametrize("name", LEARNERS)
def test_as_many_losses_as_labels(name: str) -> None:
    """Each recorded loss has a name, and the table of learners knows each by its own."""
    case = problem(name)
    gradient, losses = case.run()
    assert gradient.shape == case.meta.shape
    assert losses.shape == (len(case.learner.losses),)
    assert case.learner.name == name
    labels = [learner.label for learner in LEARNERS.values()]
    assert labels.count(case.learner.label) == 1
    assert "arXiv" in case.learner.source


@pytest.mark.parametrize("name", ON_THE_META_BATCH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_order_of_tasks_does_not_matter(name: str, dtype: torch.dtype) -> None:
    """Permuting the tasks of a batch changes nothing beyond rounding."""
    case = problem(name)
    meta, batch = case.meta.to(dtype), Batch(*(part.to(dtype) for part in case.batch))
    order = torch.tensor([2, 0, 1])
    straight, permuted = (
        case.learner.meta_gradient(meta, points, case.network, case.inner)
        for points in (batch, Batch(*(part[order] for part in batch)))
    )
    for one, other in zip(straight, permuted, strict=True):
        assert one.dtype == dtype
        assert relative_error(other, one) < 100 * torch.finfo(dtype).eps


@pytest.mark.parametrize("name", ["pretrained", "oracle"])
def test_joint_training_ignores_the_inner_loop(name: str) -> None:
    """α and the inner steps are none of the baselines' business."""
    one = problem(name, steps=1, alpha=0.01).gradient()
    other = problem(name, steps=5, alpha=0.5).gradient()
    assert torch.equal(one, other)


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean/K"])
@pytest.mark.parametrize("name", ADAPTS_IN_TRAINING)
def test_what_is_trained_is_what_is_shown(name: str, activation: str, reduction: str) -> None:
    """From a learner's starting point, `adapt` goes through the states of training's inner loop.

    Its α is the settings' effective one; learned step sizes and CAVIA's are in the scale.
    """
    case = problem(name, activation=activation, steps=5, alpha=0.02, reduction=reduction)
    trained = inner_states(case)
    shown = list(
        adapt(
            case.start,
            case.batch.support_x,
            case.batch.support_y,
            torch.zeros(1, dtype=torch.float64),
            alpha=case.settings.effective_alpha,
            steps=5,
        )
    )
    assert len(trained) == len(shown) == 6
    for state, step in zip(trained, shown, strict=True):
        assert step.theta is not None
        assert relative_error(step.theta, state) < 1e-13
    assert relative_error(trained[-1], trained[0]) > 1e-3


@pytest.mark.parametrize("name", LEARNERS)
def test_starting_points_fit_their_networks(name: str) -> None:
    """θ has a value for every parameter, and for the context; its steps move each of these."""
    case = problem(name)
    start = case.start
    assert start.network == case.network
    if not isinstance(start, StartingPoint):
        assert start.theta.shape == (case.parameters,)
        return
    context = case.settings.value("context") if name == "cavia" else 0
    assert start.theta.shape == (case.parameters + context,)
    for each in start.preconditioners:
        gradient = torch.zeros(TASKS, len(start.theta), dtype=torch.float64)
        assert each.apply(gradient, start.network).shape == gradient.shape
    assert start.sees_task == (name == "oracle")
    x, task = torch.zeros(TASKS, 7, 1), torch.ones(TASKS, 1, 2)
    assert start.inputs(x, task).shape == (TASKS, 7, 3 if name == "oracle" else 1)


@pytest.mark.parametrize("name", LEARNERS)
def test_before_training_every_step_size_is_alpha(name: str) -> None:
    """Learned step sizes begin at α, so that the first iterations are MAML's."""
    case = problem(name)
    theta = torch.ones(case.parameters)
    start = case.learner.starting_point(case.learner.begin(theta, case.settings), case.settings)
    if not isinstance(start, StartingPoint):
        return
    if name in {"anil", "boil", "cavia"}:
        (scale,) = start.preconditioners
        assert isinstance(scale, Scale)
        assert scale.factors.unique().tolist() == pytest.approx(
            [
                0.0,
                case.settings.value("context_alpha") / case.settings.alpha
                if name == "cavia"
                else 1.0,
            ]
        )
        return
    gradient = torch.randn(TASKS, case.parameters)
    for each in start.preconditioners:
        torch.testing.assert_close(each.apply(gradient, start.network), gradient)


def test_together_as_alone() -> None:
    """All learners adapt to one task at once as each does by itself, the alike as one batch."""
    cases = [problem(name, steps=2) for name in LEARNERS for _ in range(2)]
    for i, case in enumerate(cases):
        case.meta.mul_(1 + 0.01 * i)
    b = cases[0].batch
    grid = torch.linspace(-2, 2, 9, dtype=torch.float64)
    starts = [case.start for case in cases]
    points = b.support_x[:1], b.support_y[:1], grid, grid
    together = trajectories_of(starts, *points, alpha=0.01, steps=4, task=b.task[:1])
    for start, shown in zip(starts, together, strict=True):
        alone = trajectory_of(start, *points, alpha=0.01, steps=4, task=b.task[:1])
        np.testing.assert_allclose(shown.prediction, alone.prediction, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ON_THE_META_BATCH)
@pytest.mark.parametrize("every_step", [False, True])
def test_the_machine_trains_as_python_does(
    name: str, every_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows all calls of every meta-gradient, and makes the same of them but for rounding."""
    case = problem(name, steps=2)
    batches = Batch(*(torch.stack([part, 0.9 * part, 1.1 * part]) for part in case.batch))
    zeros = torch.zeros_like(case.meta)
    args = (case.meta, zeros, zeros, 0, batches, case.network, case.inner, 0.001, 1, every_step)
    (plainly, *_), losses = plain_chunk(name)(*args)

    def refused(*_args: object) -> None:
        raise AssertionError("the machine does not know this learner")

    monkeypatch.setattr(Loop, "run_plainly", refused)
    (compiled, *_), same = compiled_chunk(name)(*args)
    assert relative_error(compiled - case.meta, plainly - case.meta) < 1e-8
    torch.testing.assert_close(same, losses, rtol=1e-10, atol=0)
