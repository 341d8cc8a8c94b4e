"""MAML++'s weights of the query losses along the inner loop."""

import pytest
import torch

from explorer.core.training.outer_loop import ANNEALED_OVER, LEAST_WEIGHT, step_weights


def rows(iteration: int, rounds: int, steps: int) -> torch.Tensor:
    return step_weights(iteration, rounds, steps, torch.float64)


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_they_sum_to_one(steps: int) -> None:
    """At every iteration the query losses make a weighted mean."""
    weights = rows(0, ANNEALED_OVER + 50, steps)
    assert weights.shape == (ANNEALED_OVER + 50, steps)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(len(weights), dtype=torch.float64))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_they_begin_alike(steps: int) -> None:
    """At iteration 0 every inner step counts as much."""
    torch.testing.assert_close(rows(0, 1, steps), torch.full((1, steps), 1 / steps).double())


@pytest.mark.parametrize("iteration", [1, 500, 3000, ANNEALED_OVER - 1, ANNEALED_OVER, 69_999])
def test_they_follow_the_authors_formula(iteration: int) -> None:
    """All but the last fall linearly to 0.03/S; what they lose is the last one's (MAML++'s code).

    There it is epochs of 500 iterations; here it goes on at every iteration.
    """
    steps = 5
    decay = 1 / steps / ANNEALED_OVER
    early = max(1 / steps - iteration * decay, LEAST_WEIGHT / steps)
    late = min(1 / steps + iteration * (steps - 1) * decay, 1 - (steps - 1) * LEAST_WEIGHT / steps)
    expected = torch.tensor([[early] * (steps - 1) + [late]], dtype=torch.float64)
    torch.testing.assert_close(rows(iteration, 1, steps), expected)


def test_the_last_dominates_in_the_end() -> None:
    """From then on they do not change, and almost all the weight is on the last step."""
    end = rows(ANNEALED_OVER, 1000, 5)
    assert torch.equal(end, end[:1].expand_as(end))
    assert float(end[0, -1]) > 0.97
    torch.testing.assert_close(end[0, :-1], torch.full((4,), LEAST_WEIGHT / 5).double())


def test_chunks_do_not_matter() -> None:
    """They depend on the number of the iteration alone, bit for bit."""
    whole = rows(100, 30, 3)
    assert torch.equal(whole, torch.cat([rows(100, 11, 3), rows(111, 19, 3)]))
    assert step_weights(0, 2, 3, torch.float32).dtype == torch.float32
