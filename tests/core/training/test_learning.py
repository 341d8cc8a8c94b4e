"""What meta-training learns."""

import math

import numpy as np
import pytest
import torch

from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.network.derivatives import predict
from explorer.core.training.loop import Run, advance, start
from tests.core.training.runs import finish


@pytest.fixture(scope="module")
def trained() -> Run:
    """Both learners after 1,500 iterations of the paper's experiment."""
    torch.set_num_threads(1)
    return finish(start(Settings()), 1500)


def test_maml_beats_the_baseline_after_one_step(trained: Run) -> None:
    """One gradient step helps MAML's θ far more than the pretrained one, beyond all doubt."""
    results = {
        name: evaluate(trained.starting_point(name), trained.settings.family, shots=10, steps=1)
        for name in trained.learners
    }
    maml, pretrained = results["maml"], results["pretrained"]
    assert maml.mse[1] + maml.ci95[1] < pretrained.mse[1] - pretrained.ci95[1]
    assert maml.mse[1] < 0.6 * maml.mse[0]
    assert math.isfinite(pretrained.mse[1])


def test_the_baseline_becomes_the_best_single_function(trained: Run) -> None:
    """Joint training ends near −1.623·cos x, much nearer than it began or than zero is."""
    x = trained.settings.family.grid(200)
    best = torch.from_numpy(trained.settings.family.expected(x.double().numpy())[0])

    def distance(run: Run) -> float:
        found = run.starting_point("pretrained")
        curve = predict(found.theta, x.view(1, -1, 1), found.network).flatten()
        return float((curve - best).square().mean().sqrt())

    begin = distance(start(Settings()))
    zero = float(best.square().mean().sqrt())
    end = distance(trained)
    assert end < 0.35 * min(begin, zero)


def test_training_losses_fall() -> None:
    """What training reports as its losses comes down with it."""
    run = start(Settings(), ("maml", "pretrained"))
    _, losses = advance(run, 600)
    for recorded in losses.values():
        assert np.isfinite(recorded).all()
        assert recorded[-100:, -1].mean() < 0.9 * recorded[:100, -1].mean()
