"""Learners whose inner loop leaves most of the network alone."""

import pytest
import torch

from explorer.core.adaptation.inner_loop import AdaptStep, adapt
from tests.core import reference
from tests.core.learners import plain
from tests.core.learners.problems import (
    CONTEXT,
    RELATIVE,
    TASKS,
    Problem,
    inner_states,
    problem,
    relative_error,
)

GRID = torch.linspace(-2, 2, 9, dtype=torch.float64)


def adapted(case: Problem, steps: int = 4) -> list[AdaptStep]:
    """The steps that the sandbox shows."""
    return list(
        adapt(
            *(case.start, case.batch.support_x, case.batch.support_y, GRID.to(case.meta.dtype)),
            alpha=case.settings.effective_alpha,
            steps=steps,
        )
    )


def assert_moves_only(case: Problem, moving: slice) -> None:
    """In training and in the sandbox, all but a part stays as it was, bit for bit."""
    start = case.start.theta
    still = torch.ones(len(start), dtype=torch.bool)
    still[moving] = False
    states = inner_states(case)[1:]
    states += [step.theta for step in adapted(case)[1:] if step.theta is not None]
    assert len(states) == 5 + 4
    for state in states:
        assert torch.equal(state[:, still], start[still].expand(TASKS, -1))
        assert (state[:, ~still] != start[~still]).any(1).all()  # ReLU units may be off


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_anil_leaves_the_body_untouched(
    hidden: tuple[int, ...], activation: str, dtype: torch.dtype
) -> None:
    """Its inner loop moves the weights and the bias of the last layer, and nothing else."""
    case = problem("anil", hidden, activation, steps=5).to(dtype)
    assert_moves_only(case, slice(case.parameters - hidden[-1] - 1, None))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_boil_leaves_the_head_untouched(
    hidden: tuple[int, ...], activation: str, dtype: torch.dtype
) -> None:
    """Its inner loop moves everything but the weights and the bias of the last layer."""
    case = problem("boil", hidden, activation, steps=5).to(dtype)
    assert_moves_only(case, slice(0, case.parameters - hidden[-1] - 1))


def test_boil_and_anil_move_what_maml_moves(activation: str) -> None:
    """Their first steps, of the body and of the head, are together MAML's."""
    boil, anil, maml = (
        inner_states(problem(name, activation=activation, steps=1))
        for name in ("boil", "anil", "maml")
    )
    both = (boil[1] - boil[0]) + (anil[1] - anil[0])
    assert relative_error(both, maml[1] - maml[0]) < RELATIVE


def test_boil_trains_the_head() -> None:
    """The outer loop changes every layer, through the inner loop too."""
    gradient = problem("boil", (5, 6)).gradient()
    assert (gradient != 0).all()
    first_step = problem("boil", (5, 6), alpha=1e-5).gradient()
    assert relative_error(first_step, gradient) > 0.01


def test_anil_of_one_layer_would_be_maml() -> None:
    """Where the body is at rest anyway, ANIL's and MAML's inner loops are the same.

    With zero weights in the head no gradient reaches the body in the first step.
    """
    cases = [problem(name, (6,), steps=1) for name in ("anil", "maml")]
    for case in cases:
        case.meta[-7:-1] = 0.0
    anil, maml = (inner_states(case)[1] for case in cases)
    assert relative_error(anil, maml) < RELATIVE


def test_anil_trains_the_body() -> None:
    """The outer loop changes every layer, through the inner loop too."""
    gradient = problem("anil", (5, 6)).gradient()
    assert (gradient != 0).all()
    first_step = problem("anil", (5, 6), alpha=1e-5).gradient()
    assert relative_error(first_step, gradient) > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cavia_leaves_the_weights_untouched(
    hidden: tuple[int, ...], activation: str, dtype: torch.dtype
) -> None:
    """Its inner loop moves the context and nothing else."""
    case = problem("cavia", hidden, activation, steps=5).to(dtype)
    assert_moves_only(case, slice(case.parameters, None))


def test_cavias_context_starts_at_zero(activation: str) -> None:
    """Before adaptation it predicts as a network that is given zeros beside x."""
    case = problem("cavia", activation=activation)
    start = case.start
    assert torch.equal(start.theta[: case.parameters], case.meta)
    assert torch.equal(start.theta[case.parameters :], torch.zeros(CONTEXT, dtype=torch.float64))
    x = torch.cat([GRID.unsqueeze(1), torch.zeros(len(GRID), CONTEXT)], 1)
    expected = reference.predict(case.meta, x, case.network.sizes, activation).squeeze(1)
    before = adapted(case)[0].prediction
    torch.testing.assert_close(before, expected.expand(TASKS, -1), rtol=RELATIVE, atol=1e-12)


def test_cavias_context_changes_the_prediction(activation: str) -> None:
    """The adapted context, the same at every x, is all that tells one task from another."""
    case = problem("cavia", activation=activation)
    before, *_, after = adapted(case)
    assert after.theta is not None
    for task in range(TASKS):
        assert relative_error(after.prediction[task], before.prediction[task]) > 0.01
        context = after.theta[task, case.parameters :]
        x = torch.cat([GRID.unsqueeze(1), context.expand(len(GRID), -1)], 1)
        expected = plain.predict(case, case.meta, x).squeeze(1)
        assert relative_error(after.prediction[task], expected) < RELATIVE
    assert (after.support_loss < before.support_loss).all()


def test_cavia_has_a_step_size_of_its_own() -> None:
    """MAML's α is none of its business, in training and in the sandbox."""
    one, other = (problem("cavia", alpha=alpha, context_alpha=0.4) for alpha in (0.01, 0.3))
    assert torch.equal(one.gradient(), other.gradient())
    for mine, theirs in zip(adapted(one), adapted(other), strict=True):
        assert relative_error(mine.prediction, theirs.prediction) < RELATIVE
    longer = problem("cavia", alpha=0.01, context_alpha=0.8)
    assert relative_error(longer.gradient(), one.gradient()) > 0.01


def test_cavia_has_as_many_context_values_as_wished() -> None:
    """Each is one more input of the first layer."""
    for context in (1, 4):
        case = problem("cavia", context=context)
        assert case.network.sizes[0] == 1 + context
        assert case.start.theta.shape == (case.parameters + context,)
