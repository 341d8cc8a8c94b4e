"""The oracle: joint training of a network that is told A and φ."""

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.learners import PRETRAINED
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, SUPPORT, TASKS, problem, relative_error


@pytest.mark.parametrize("pretrain_on", ["all", "support"])
def test_it_is_joint_training_on_x_and_the_task(
    hidden: tuple[int, ...], activation: str, pretrain_on: str
) -> None:
    """Put A and φ beside every x, and the pretrained network's rule is the oracle's."""
    case = problem("oracle", hidden, activation, pretrain_on=pretrain_on)
    b = case.batch
    beside = b._replace(
        support_x=torch.cat([b.support_x, b.task.expand(-1, b.support_x.shape[1], 2)], 2),
        query_x=torch.cat([b.query_x, b.task.expand(-1, b.query_x.shape[1], 2)], 2),
    )
    expected, losses = PRETRAINED.meta_gradient(case.meta, beside, case.network, case.inner)
    actual, same_losses = case.run()
    assert torch.equal(actual, expected)
    assert torch.equal(losses, same_losses)
    assert case.network.sizes == [3, *hidden, 1]


def test_it_needs_to_be_told_the_right_task() -> None:
    """With the tasks of others it learns something else."""
    case = problem("oracle")
    wrong = case.batch._replace(task=case.batch.task.flip(0))
    other, _ = case.learner.meta_gradient(case.meta, wrong, case.network, case.inner)
    assert relative_error(other, case.gradient()) > 0.01


def test_it_is_fine_tuned_knowing_the_task(activation: str) -> None:
    """Adaptation moves all its weights by α∇L, with A and φ given at every point."""
    case = problem("oracle", activation=activation)
    grid = torch.linspace(-1, 1, 5, dtype=torch.float64)
    b = case.batch
    steps = list(
        adapt(case.start, b.support_x, b.support_y, grid, alpha=0.03, steps=2, task=b.task)
    )

    def told(x: torch.Tensor, task: int) -> torch.Tensor:
        return torch.cat([x, b.task[task].expand(len(x), 2)], 1)

    for task in range(TASKS):
        theta = case.meta.clone().requires_grad_()
        x, y = told(b.support_x[task], task), b.support_y[task]
        states = [theta, *plain.descended(theta, lambda *a: plain.mse(case, *a), x, y, 0.03, 2)]
        for state, step in zip(states, steps, strict=True):
            assert step.theta is not None
            assert relative_error(step.theta[task], state.detach()) < RELATIVE
            expected = plain.predict(case, state, told(grid.unsqueeze(1), task)).detach()
            assert relative_error(step.prediction[task], expected.squeeze(1)) < RELATIVE
    assert b.support_x.shape == (TASKS, SUPPORT, 1)
