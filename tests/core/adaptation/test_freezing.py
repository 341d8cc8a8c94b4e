"""Layers that are held still: what moves, what does not, and that nothing else changes."""

import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.freezing import (
    mask_of,
    part_sizes,
    with_every_layer,
    with_free_layers,
)
from explorer.core.adaptation.inner_loop import AdaptStep, adapt
from explorer.core.adaptation.starting_point import StartingPoint
from tests.core.learners.problems import Problem, problem

KINDS = ("maml", "anil", "meta-sgd", "step-rates", "meta-curvature", "imaml", "cavia", "oracle")
GRID = torch.linspace(-3, 3, 7, dtype=torch.float64)
STEPS = 3


def course(case: Problem, start: StartingPoint) -> list[AdaptStep]:
    batch = case.batch
    return list(
        adapt(
            *(start, batch.support_x, batch.support_y, GRID),
            alpha=0.03,
            steps=STEPS,
            task=batch.task,
        )
    )


def thetas(case: Problem, start: StartingPoint) -> Tensor:
    found = [step.theta for step in course(case, start)]
    return torch.stack([theta for theta in found if theta is not None])


@pytest.mark.parametrize("name", KINDS)
def test_every_layer_frozen_changes_nothing(name: str) -> None:
    """Curves, θ and losses stay what they were before adaptation, to the last bit."""
    case = problem(name)
    frozen = with_free_layers(case.start, [False] * len(part_sizes(case.start)))
    first, *rest = course(case, frozen)
    for step in rest:
        assert torch.equal(step.theta, first.theta)
        assert torch.equal(step.prediction, first.prediction)
        assert torch.equal(step.support_loss, first.support_loss)


@pytest.mark.parametrize("name", KINDS)
def test_no_layer_frozen_is_the_learner_s_own_way(name: str) -> None:
    """Nothing frozen, nothing changed."""
    case = problem(name)
    free = with_free_layers(case.start, [True] * len(part_sizes(case.start)))
    assert torch.equal(thetas(case, free), thetas(case, case.start))


@pytest.mark.parametrize("name", KINDS)
def test_only_free_parts_move(name: str) -> None:
    """The first step of a free part is the learner's own; what is frozen never moves."""
    case = problem(name)
    sizes = part_sizes(case.start)
    assert sum(sizes) == len(case.start.theta)
    own = thetas(case, case.start)
    for part in range(len(sizes)):
        start = with_free_layers(case.start, [i == part for i in range(len(sizes))])
        found = thetas(case, start)
        free = mask_of(start, [i == part for i in range(len(sizes))]).bool()
        assert int(free.sum()) == sizes[part]
        assert torch.equal(found[:, :, ~free], own[:1, :, ~free].expand_as(found[:, :, ~free]))
        assert torch.allclose(found[1][:, free], own[1][:, free])


def test_what_is_held_is_a_linear_map_with_its_transpose() -> None:
    """u·Hv = v·Hᵀu for matrices with a mask; and its kind is one and the same for every mask."""
    case = problem("meta-curvature")
    one, other = (
        with_free_layers(case.start, free).preconditioner(0)
        for free in ([True, False, True], [False, True, False])
    )
    assert one is not None
    assert type(one) is type(other)
    u, v = torch.randn(2, 1, len(case.start.theta), dtype=torch.float64)
    forth = (u * one.apply(v, case.network)).sum()
    back = (v * one.transposed(u, case.network)).sum()
    assert float(forth) == pytest.approx(float(back))
    assert one.own_steps


def test_context_is_a_part_of_its_own() -> None:
    """CAVIA's weights never move, so that only its context decides."""
    case = problem("cavia")
    *layers, context = part_sizes(case.start)
    assert (len(layers), context) == (3, 3)
    without = thetas(case, with_free_layers(case.start, [True, True, True, False]))
    assert torch.equal(without[-1], without[0])


@pytest.mark.parametrize(("name", "chooses"), [("anil", True), ("boil", True), ("cavia", False)])
def test_the_network_of_who_only_chooses_layers(name: str, chooses: bool) -> None:
    """ANIL's and BOIL's choice is taken away; step sizes of one's own stay."""
    start = problem(name).start
    every = with_every_layer(start)
    assert (every.preconditioners == ()) is chooses
    assert (every is start) is not chooses


def test_context_values_keep_their_network() -> None:
    """Even if their step size is α, so that CAVIA too says 0 or 1 of each parameter."""
    start = problem("cavia", context_alpha=0.05, alpha=0.05).start
    assert not start.has_own_steps
    assert with_every_layer(start) is start
