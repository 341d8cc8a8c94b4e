"""Evaluation over many tasks against a slow loop in plain PyTorch."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.evaluation import evaluation
from explorer.core.evaluation.evaluation import block_errors, evaluate, summarise
from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.families import Family, Sine
from explorer.core.families.sampling import sample_evenly
from explorer.core.network.mlp import Network, initialise, make_network, to_state_dict

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
    errors = torch.cat([block for block, _ in blocks], 1)
    torch.testing.assert_close(errors, slow, rtol=1e-4, atol=1e-5)
    result = evaluate(
        StartingPoint(NETWORK, THETA), family, shots=5, steps=3, tasks=6, alpha=0.01, seed=11
    )
    assert (result.shots, result.tasks, result.diverged) == (5, 6, (0, 0, 0, 0))
    assert result.mse == pytest.approx(slow.mean(1).tolist(), rel=1e-4)
    assert result.median == pytest.approx(slow.quantile(0.5, dim=1).tolist(), rel=1e-4)
    interval = 1.96 * slow.std(1) / math.sqrt(6)
    assert result.ci95 == pytest.approx(interval.tolist(), rel=1e-4)


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
    cut = summarise(blocks, 5)
    assert cut.tasks == 30
    assert cut.mse == pytest.approx(whole.mse, rel=1e-5)
    assert cut.median == pytest.approx(whole.median, rel=1e-5)


def test_large_networks_come_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the next block waits no longer when the network is large."""
    monkeypatch.setattr(evaluation, "BLOCK_PARAMETERS", 3 * len(THETA))
    blocks = block_errors(
        StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=1, tasks=10, alpha=0.01, seed=0
    )
    assert [errors.shape[1] for errors, _ in blocks] == [3, 3, 3, 1]


def test_diverged_tasks_are_left_out_and_counted() -> None:
    """The mean and its interval are over the others; the median has them as infinite."""
    errors = torch.tensor([[1.0, 2.0, 3.0, 4.0], [1.0, 1e16, 3.0, math.inf]])
    flags = torch.tensor([[False] * 4, [False, True, False, False]])
    result = summarise([(errors[:, :3], flags[:, :3]), (errors[:, 3:], flags[:, 3:])], 5)
    assert result.mse == (2.5, 2.0)
    assert result.diverged == (0, 2)
    assert result.median == (2.5, math.inf)
    assert result.ci95[0] == pytest.approx(1.96 * math.sqrt(5 / 3 / 4))
    assert result.ci95[1] == pytest.approx(1.96 * math.sqrt(2 / 2))


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
    errors = torch.tensor([values])
    assert summarise([(errors, torch.zeros(1, len(values), dtype=torch.bool))], 1).median[0] == (
        median
    )


def test_some_tasks_diverge() -> None:
    """With α near the edge some tasks diverge; the mean of the rest stays moderate."""
    result = evaluate(
        StartingPoint(NETWORK, THETA), FAMILY, shots=5, steps=10, tasks=100, alpha=0.25
    )
    assert 0 < result.diverged[-1] < 100
    assert list(result.diverged) == sorted(result.diverged)
    assert all(math.isfinite(value) for value in result.mse)


def test_all_tasks_diverge_without_a_sound() -> None:
    """If all diverge the mean is NaN, the median infinite, and nothing raises or warns."""
    result = evaluate(
        StartingPoint(NETWORK, 1000 * THETA), FAMILY, shots=5, steps=20, tasks=7, alpha=1.0
    )
    assert result.diverged[-1] == 7
    assert math.isnan(result.mse[-1])
    assert result.median[-1] == math.inf
    assert len(result.mse) == len(result.median) == len(result.ci95) == 21
