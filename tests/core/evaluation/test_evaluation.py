"""Evaluation over many tasks against a slow loop in plain PyTorch."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation import evaluation
from explorer.core.evaluation.evaluation import block_errors, evaluate, summarise
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.evaluation.intervals import mean_over_tasks
from explorer.core.evaluation.task_errors import TaskErrors, judged
from explorer.core.families import Family, Sine
from explorer.core.families.sampling import sample_evenly
from explorer.core.files.checkpoint import load
from explorer.core.network.mlp import Network, initialise, make_network, to_state_dict
from explorer.resources import checkpoint_name, resource
from tests.core.evaluation.errors import task_errors

NETWORK = make_network((20, 20))
THETA = initialise(NETWORK, torch.Generator().manual_seed(4))
FAMILY = Sine()


def sequential(network: Network) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(network.sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def slow_errors(
    theta: Tensor, family: Family, shots: int, steps: int, tasks: int, alpha: float, seed: int
) -> Tensor:
    """Errors ``(S + 1, T)`` of an nn.Sequential that torch.optim.SGD adapts to each task."""
    drawn = sample_evenly(
        family,
        tasks,
        shots,
        stream(seed, f"evaluation/{shots}"),
        stream(seed, f"evaluation noise/{shots}"),
    )
    inputs = torch.linspace(family.x.low, family.x.high, GRID_POINTS).unsqueeze(1)
    errors = torch.empty(steps + 1, tasks)
    for task in range(tasks):
        net = sequential(NETWORK)
        net.load_state_dict(to_state_dict(theta, NETWORK))
        optimiser = torch.optim.SGD(net.parameters(), lr=alpha)
        amplitude, phase = drawn.task[0, task, 0].tolist()
        truth = amplitude * torch.sin(inputs - phase)
        for step in range(steps + 1):
            with torch.no_grad():
                errors[step, task] = nn.functional.mse_loss(net(inputs), truth)
            optimiser.zero_grad()
            nn.functional.mse_loss(net(drawn.x[0, task]), drawn.y[0, task]).backward()
            optimiser.step()
    return errors


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_equals_a_slow_loop(noise: float) -> None:
    """Errors, mean, median and interval are those of SGD on an nn.Sequential, task by task.

    The errors are measured against the sine itself, so noise enters by adaptation alone.
    """
    family = Sine(noise=noise)
    slow = slow_errors(THETA, family, 5, 3, 6, 0.01, 11)
    blocks = block_errors(
        StartingPoint(NETWORK, THETA), family, shots=5, steps=3, tasks=6, alpha=0.01, seed=11
    )
    errors = torch.from_numpy(TaskErrors.joined(blocks).mse)
    torch.testing.assert_close(errors, slow, rtol=1e-4, atol=1e-5)
    result = evaluate(
        StartingPoint(NETWORK, THETA), family, shots=5, steps=3, tasks=6, alpha=0.01, seed=11
    )
    assert (result.shots, result.tasks, result.lost) == (5, 6, (0, 0, 0, 0))
    assert result.full == result.mse == pytest.approx(slow.mean(1).tolist(), rel=1e-4)
    assert result.median == pytest.approx(slow.quantile(0.5, dim=1).tolist(), rel=1e-4)
    interval = [mean_over_tasks(each.double().numpy()).ci95 for each in slow]
    assert result.full_ci95 == result.ci95 == pytest.approx(interval, rel=1e-3)


def test_same_seed_same_result_and_other_seed_another() -> None:
    """An evaluation repeats bit for bit; another seed meets other tasks."""
    one = evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=2, tasks=20, seed=1)
    assert (
        evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=2, tasks=20, seed=1) == one
    )
    assert (
        evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=2, tasks=20, seed=2) != one
    )


def test_tasks_do_not_depend_on_learner_or_company() -> None:
    """Whatever is evaluated before or besides, and for however long, seed and K fix the tasks."""
    alone = evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=10, steps=1, tasks=20)
    evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=1, tasks=20)
    torch.rand(7)
    assert evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=10, steps=1, tasks=20) == alone
    longer = evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=10, steps=3, tasks=20)
    assert longer.mse[:2] == alone.mse
    # Networks that predict nothing show the tasks themselves: the same for any shape or training.
    zero = evaluate(StartingPoint(NETWORK, 0 * THETA), FAMILY, shots=10, steps=0, tasks=20)
    other_network = make_network((3,), "tanh")
    other = evaluate(
        StartingPoint(other_network, torch.zeros(10)),
        FAMILY,
        shots=10,
        steps=0,
        tasks=20,
    )
    assert other.mse == pytest.approx(zero.mse, rel=1e-6)


def test_zero_network_scores_the_floor() -> None:
    """Predicting zero costs 4.252 on the paper's tasks, within three intervals."""
    result = evaluate(StartingPoint(NETWORK, 0 * THETA), FAMILY, shots=1, steps=0, tasks=3000)
    assert abs(result.mse[0] - 4.252) < 3 * result.ci95[0]
    assert result.ci95[0] < 0.25


def test_grid_spans_the_familys_range() -> None:
    """The error is taken over the family's own inputs and tasks."""
    narrow = Sine(x=Range(0.0, 0.01), phase=Range(0.0, 0.01))
    result = evaluate(StartingPoint(NETWORK, 0 * THETA), narrow, shots=1, steps=0, tasks=50)
    assert 0 < result.mse[0] < 1e-2


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """How the tasks are cut into blocks changes nothing beyond rounding, and loses none."""
    whole = evaluate(StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=2, tasks=30)
    monkeypatch.setattr(evaluation, "BLOCK", size)
    blocks = list(
        block_errors(
            StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=2, tasks=30, alpha=0.01, seed=0
        )
    )
    assert len(blocks) == math.ceil(30 / size)
    cut = summarise(TaskErrors.joined(blocks), 5)
    assert cut.tasks == 30
    assert cut.mse == pytest.approx(whole.mse, rel=1e-5)
    assert cut.median == pytest.approx(whole.median, rel=1e-5)


def test_large_networks_come_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the next block waits no longer when the network is large."""
    monkeypatch.setattr(evaluation, "BLOCK_PARAMETERS", 3 * len(THETA))
    blocks = block_errors(
        StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=1, tasks=10, alpha=0.01, seed=0
    )
    assert [block.tasks for block in blocks] == [3, 3, 3, 1]


def test_a_lost_task_counts_as_predicting_zero() -> None:
    """In the mean over all; the mean of the kept leaves it out, the median has it as infinite."""
    errors = np.full((2, 40), 2.0)
    errors[1, :2] = 1e16, math.inf
    lost = np.zeros((2, 40), np.bool_)
    lost[1, :2] = True
    result = summarise(task_errors(errors, lost, zero=[3.0, 7.0, *[9.0] * 38]), 5)
    assert result.full == (2.0, (3 + 7 + 38 * 2) / 40)
    assert result.mse == (2.0, 2.0)
    assert result.median == (2.0, 2.0)
    assert (result.diverged, result.lost) == ((0, 2), (0, 2))
    assert result.ci95 == (0.0, 0.0)
    assert result.full_ci95[1] > 0.1


def test_the_mean_of_the_kept_is_withheld_where_many_are_lost() -> None:
    """One task in twenty may be lost, and not one more."""
    lost = np.zeros((2, 40), np.bool_)
    lost[0, :2] = lost[1, :3] = True
    result = summarise(task_errors(np.ones((2, 40)), lost, zero=4.0), 5)
    assert result.mse[0] == 1
    assert math.isnan(result.mse[1])
    assert math.isnan(result.ci95[1])
    assert result.full == pytest.approx((1 + 2 * 3 / 40, 1 + 3 * 3 / 40))


def test_an_evaluation_up_to_a_step_is_that_of_fewer_steps() -> None:
    """Bit for bit."""
    start = StartingPoint(NETWORK, THETA)
    longer = evaluate(start, FAMILY, shots=5, steps=3, tasks=30)
    assert longer.up_to(1) == evaluate(start, FAMILY, shots=5, steps=1, tasks=30)


def test_one_wild_task_does_not_make_the_mean() -> None:
    """Its support loss has not diverged, but the function is off by a quarter of a million."""
    (network,) = load(resource(checkpoint_name("meta-sgd"))).starting_points().values()
    asked = {"shots": 5, "steps": 5, "tasks": 120, "alpha": 0.01, "seed": 313}
    errors = TaskErrors.joined(block_errors(network, FAMILY, **asked))
    assert errors.mse[-1][~errors.diverged[-1]].max() > 1e5
    result = summarise(errors, 5)
    assert result.astray[-1] > 0
    assert result.full[-1] < 4.3
    assert result.full_ci95[-1] < 0.7


@pytest.mark.parametrize(
    ("values", "median"),
    [
        ([3.0, 1.0, 2.0], 2.0),
        ([3.0, 1.0, 2.0, 10.0], 2.5),
        ([1.0, 2.0, math.inf], 2.0),
        ([1.0, math.inf, math.inf], math.inf),
        ([1.0, 2.0, math.inf, math.inf], math.inf),
        ([1.0, 2.0, 3.0, math.nan], 2.5),
        ([math.inf], math.inf),
        ([5.0], 5.0),
    ],
)
def test_median(values: list[float], median: float) -> None:
    """The median is finite while most tasks are, and infinite rather than NaN beyond."""
    errors = np.array([values])
    found = judged(errors, np.ones(len(values)), np.zeros(errors.shape, np.bool_), 10.0)
    assert summarise(found, 1).median[0] == median


def test_some_tasks_diverge() -> None:
    """With α near the edge some tasks diverge; the mean of the rest stays moderate."""
    result = evaluate(
        StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=10, tasks=100, alpha=0.25
    )
    assert 0 < result.diverged[-1] < 100
    assert list(result.diverged) == sorted(result.diverged)
    assert all(0 < value < 20 for value in result.full)


def test_all_tasks_diverge_without_a_sound() -> None:
    """Then the kept have no mean, all cost what zero does, and nothing raises or warns."""
    result = evaluate(
        StartingPoint(NETWORK, 1000 * THETA), FAMILY, shots=5, steps=20, tasks=7, alpha=1.0
    )
    assert result.diverged[-1] == 7
    assert math.isnan(result.mse[-1])
    assert 1 < result.full[-1] < 12
    assert result.median[-1] == math.inf
    assert len(result.mse) == len(result.median) == len(result.ci95) == 21
