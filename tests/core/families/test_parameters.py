"""The parameters by which a task of each family is set by hand, and the modes of mixtures."""

import math

import pytest
import torch
from torch import Tensor

from explorer.core.families import FAMILIES, Family
from explorer.core.families.base import Parameter
from explorer.core.families.mixture import Mixture
from tests.core.families.cases import WITH_PARAMETERS, draw, family


def by_hand(chosen: Family, parameter: Parameter, share: float) -> Tensor:
    """A task ``(1, 1, P)`` where one parameter is a share of its way, at the mode it matters."""
    task = draw(chosen, 1, 1, seed=5).task[0].clone()
    if parameter.mode is not None:
        task[..., 0] = parameter.mode
    task[..., parameter.column] = parameter.bounds.at(share)
    return task


def course(chosen: Family, task: Tensor) -> Tensor:
    """Where a task's inputs lie and its values there, as one row."""
    grid = chosen.grid(50, task).expand(1, -1).unsqueeze(-1)
    return torch.cat([grid, chosen.function(grid, task)]).flatten()


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_every_parameter_matters(name: str) -> None:
    """Each column has one parameter, and moving it changes the function or its inputs."""
    chosen = family(name, "usual")
    assert sorted(each.column for each in chosen.parameters) == list(range(chosen.size))
    for parameter in chosen.parameters:
        ends = (0.0, 1.0) if parameter.choices else (0.0, 0.4)  # a whole turn changes no phase
        low, high = (course(chosen, by_hand(chosen, parameter, share)) for share in ends)
        assert float((low - high).abs().max()) > 1e-3, parameter.label
    labels = [each.label for each in chosen.parameters]
    assert len(set(labels)) == len(labels)


MIXTURES = pytest.mark.parametrize(
    "name", [name for name, kind in FAMILIES.items() if issubclass(kind, Mixture)]
)


@MIXTURES
def test_parameters_of_other_modes_do_not_matter(name: str) -> None:
    """At another mode than a parameter's own, moving it changes nothing."""
    chosen = family(name, "usual")
    modes = len(chosen.parameters[0].choices)
    for parameter in chosen.parameters[1:]:
        assert parameter.mode is not None
        low, high = (by_hand(chosen, parameter, share) for share in (0.0, 1.0))
        for task in (low, high):
            task[..., 0] = (parameter.mode + 1) % modes
        assert torch.equal(course(chosen, low), course(chosen, high))


@MIXTURES
def test_modes_have_equal_shares(name: str) -> None:
    """Each batch has as many tasks of every mode; one task alone has any of them."""
    chosen = family(name, "usual")
    modes = len(chosen.parameters[0].choices)
    batches = draw(chosen, 25 * modes, 1, batches=40).task[..., 0, 0]
    for batch in batches:
        assert batch.long().bincount(minlength=modes).tolist() == [25] * modes
    assert len({tuple(batch.tolist()) for batch in batches}) > 1
    alone = draw(chosen, 1, 1, batches=1000).task[:, 0, 0, 0].long().bincount(minlength=modes)
    assert (alone - 1000 / modes).abs().max() < 5 * math.sqrt(1000 / modes)
    uneven = draw(chosen, 3 * modes + 1, 1, batches=40).task[..., 0, 0]
    for batch in uneven:
        counts = batch.long().bincount(minlength=modes)
        assert int(counts.max() - counts.min()) <= 2
