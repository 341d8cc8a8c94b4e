"""The core as a library, as researchers use it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import explorer
from explorer import library
from explorer.core.base.errors import UserError
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.training.loop import advance, start
from explorer.resources import MAML_CHECKPOINT, resource
from tests.foreign import plain_net

TINY = {"hidden": (6,), "iterations": 20, "meta_batch": 3, "shots": 4, "query": 4}


def test_everything_offered_is_there() -> None:
    """Every name that the package promises, and no other."""
    for name in explorer.OFFERED:
        assert getattr(explorer, name) is not None
    assert set(library.__all__) == set(explorer.OFFERED)
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = explorer.no_such_thing


def test_importing_costs_nothing() -> None:
    """Neither PyTorch nor NumPy nor Qt is loaded before something is used."""
    code = "import explorer, sys; print(sorted({'torch', 'numpy', 'PySide6'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_train_is_the_training_loop() -> None:
    """The networks are those that the loop of window and command line finds, to the bit."""
    settings = explorer.Settings(**TINY)
    found = explorer.train(settings, ["maml", "pretrained"])
    run, _ = advance(start(settings, ("maml", "pretrained")), 20)
    for name, network in found.items():
        assert network.start.theta.equal(run.starting_point(name).theta)


def test_numbers_are_the_core_s(tmp_path: Path) -> None:
    """Evaluation, adaptation and a saved file agree with the core and with each other."""
    settings = explorer.Settings(family="line", **TINY)
    network = explorer.train(settings)["maml"]
    found = explorer.evaluate(network, 3, tasks=8, seed=4)
    assert found == evaluate(
        network.start, settings.family, shots=3, tasks=8, alpha=settings.alpha, seed=4
    )
    explorer.save(network, tmp_path / "maml.safetensors")
    again = explorer.load(tmp_path / "maml.safetensors")["maml"]
    assert again.settings == settings
    assert explorer.evaluate(again, 3, tasks=8, seed=4) == found
    trajectory = explorer.adapt(again, [-1.0, 2.0], [3.0, 0.0], task=(-1.0, 2.0), steps=3)
    truth = 2.0 - np.linspace(-5, 5, 100)
    assert np.allclose(
        trajectory.mse[3], np.mean((trajectory.prediction[3] - truth) ** 2), rtol=1e-5
    )


def test_weights_alone_are_whose_they_are_said_to_be(tmp_path: Path) -> None:
    """The learner and settings of training, which such a file does not say, can be given."""
    path = tmp_path / "net.pt"
    torch.save(plain_net(4).state_dict(), path)
    found = explorer.load(path, learner="cavia", family="line", context_alpha=0.5)["cavia"]
    assert (found.label, found.settings.family.name) == ("CAVIA", "line")
    assert found.settings.value("context_alpha") == 0.5
    with pytest.raises(UserError, match="--learner cavia"):
        explorer.load(path)
    with pytest.raises(UserError, match="no learner 'nobody'"):
        explorer.load(path, learner="nobody")
    with pytest.raises(UserError, match="says itself"):
        explorer.load(resource(MAML_CHECKPOINT), activation="tanh")


def test_compare_puts_them_side_by_side() -> None:
    """Every network at every K, with differences to the reference in words."""
    found = explorer.train(explorer.Settings(**TINY), ["maml", "pretrained"])
    figure = explorer.compare(list(found.values()), against="MAML", shots=(2, 3), steps=2, tasks=40)
    assert figure.complete
    assert {(row.label, row.shots) for row in figure.rows if row.item == "compare"} == {
        (label, shots) for label in ("MAML", "Pretrained") for shots in (2, 3)
    }
    assert any("Pretrained" in note and "MAML" in note for note in figure.notes)


def test_misuse_is_said_in_a_sentence() -> None:
    """Whoever asks for what there is not reads what to do."""
    with pytest.raises(UserError, match="choose maml"):
        explorer.train(learners=["no such"])
    with pytest.raises(UserError, match="at least one"):
        explorer.compare([])
    network = explorer.train(explorer.Settings(**TINY))["maml"]
    with pytest.raises(UserError, match="one for each"):
        explorer.adapt(network, [1.0, 2.0], [1.0], task=(1.0, 0.0))
    oracle = explorer.train(explorer.Settings(**TINY), ["oracle"])["oracle"]
    with pytest.raises(UserError, match="told the parameters of Sine tasks"):
        explorer.evaluate(oracle, family=explorer.FAMILIES["line"]())
