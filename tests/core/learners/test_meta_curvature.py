"""Meta-Curvature: MAML where its matrices are the identity, and a full matrix otherwise."""

from dataclasses import replace

import pytest
import torch

from explorer.core.adaptation.divergence import curvature
from explorer.core.learners.meta_curvature import Curvature
from explorer.core.network.mlp import make_network
from tests.core.learners import plain
from tests.core.learners.problems import Problem, problem, relative_error

NAME = "meta-curvature"


def preconditioner(case: Problem) -> Curvature:
    """What its steps go through."""
    (found,) = case.start.preconditioners
    assert isinstance(found, Curvature)
    return found


def test_with_identities_it_is_maml(
    hidden: tuple[int, ...], activation: str, steps: int, every_step: bool
) -> None:
    """Before training the derivative by θ is MAML's; the matrices have one as well."""
    maml = problem("maml", hidden, activation, steps, every_step)
    case = problem(NAME, hidden, activation, steps, every_step)
    meta = case.learner.begin(maml.meta, case.settings)
    gradient, losses = replace(case, meta=meta).run()
    expected, same_losses = maml.run()
    by_theta, by_matrices = gradient[: len(expected)], gradient[len(expected) :]
    assert relative_error(by_theta, expected) < 1e-12
    torch.testing.assert_close(losses, same_losses, rtol=1e-13, atol=0)
    sides = [side for n, m in zip((1, *hidden), (*hidden, 1), strict=True) for side in (n + 1, m)]
    assert len(by_matrices) == sum(side * side for side in sides)
    assert by_matrices.any()


def test_diagonal_matrices_are_factors_of_inputs_and_outputs(hidden: tuple[int, ...]) -> None:
    """The bias is one more input: its factor stands last among those of the inputs."""
    network = make_network(hidden, "tanh")
    sides = [side for n, m in zip((1, *hidden), (*hidden, 1), strict=True) for side in (n + 1, m)]
    diagonals = [torch.rand(side, dtype=torch.float64) + 0.5 for side in sides]
    matrices = torch.cat([torch.diag(each).flatten() for each in diagonals])
    factors = torch.cat(
        [
            (of_in.unsqueeze(1) * of_out).flatten()
            for of_in, of_out in zip(diagonals[::2], diagonals[1::2], strict=True)
        ]
    )
    gradient = torch.randn(3, len(factors), dtype=torch.float64)
    bent = Curvature(matrices).apply(gradient, network)
    assert relative_error(bent, gradient * factors) < 1e-14


def test_the_maps_are_a_matrix_and_its_transpose(hidden: tuple[int, ...]) -> None:
    """Written out as one matrix of all parameters, for vectors of several tasks at once."""
    case = problem(NAME, hidden)
    bend = preconditioner(case)
    whole = plain.curvature(case, bend.matrices)
    vectors = torch.randn(3, case.parameters, dtype=torch.float64)
    assert relative_error(bend.apply(vectors, case.network), vectors @ whole.T) < 1e-14
    assert relative_error(bend.transposed(vectors, case.network), vectors @ whole) < 1e-14
    assert relative_error(whole.T, whole) > 0.1


def test_each_task_may_have_matrices_of_its_own(hidden: tuple[int, ...]) -> None:
    """Several networks that adapt together keep each its own."""
    case = problem(NAME, hidden)
    one = preconditioner(case).matrices
    several = torch.stack([one, 2 * one, one.flip(0)])
    vectors = torch.randn(3, case.parameters, dtype=torch.float64)
    for images in ("apply", "transposed"):
        together = getattr(Curvature(several), images)(vectors, case.network)
        for i, matrices in enumerate(several):
            alone = getattr(Curvature(matrices), images)(vectors[i : i + 1], case.network)
            assert relative_error(together[i : i + 1], alone) < 1e-14


def test_the_curvature_is_that_of_matrix_times_hessian() -> None:
    """The largest eigenvalue of M∇²L says how long a step may be."""
    case = problem(NAME)
    x, y = case.batch.support_x[:1], case.batch.support_y[:1]
    hessian = torch.autograd.functional.hessian(
        lambda theta: plain.mse(case, theta, x[0], y[0]), case.start.theta
    )
    whole = plain.curvature(case, preconditioner(case).matrices)
    values = torch.linalg.eigvals(whole @ hessian)
    largest = values[values.abs().argmax()]
    assert abs(float(largest.imag)) < 1e-9
    found = curvature(case.start, x, y, rounds=500)
    assert found == pytest.approx(float(largest.real), rel=1e-6)


def test_its_steps_are_its_own() -> None:
    """Who sees it diverge is not told that it took steps of α."""
    assert problem(NAME).start.has_own_steps
