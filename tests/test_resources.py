"""The checkpoints that come with the program are what they are said to be."""

from pathlib import Path

import pytest
import torch

from explorer import resources
from explorer.core.base.errors import UserError
from explorer.core.evaluation.evaluation import Evaluation, evaluate
from explorer.core.experiment.presets import PRESETS
from explorer.core.files.checkpoint import Checkpoint, load
from explorer.core.jobs.reproduction import Plan
from explorer.core.jobs.reproduction.plan import PENALTIES
from explorer.core.jobs.reproduction.store import plain
from explorer.core.network.derivatives import predict
from explorer.resources import (
    MAML_CHECKPOINT,
    PRETRAINED_CHECKPOINT,
    checkpoint_name,
    resource,
    shipped_checkpoints,
)
from tests.shipped import SHIPPED

TASKS = 600
SEEDS = range(8)


@pytest.fixture(scope="module")
def maml() -> Checkpoint:
    """The MAML network."""
    return load(resource(MAML_CHECKPOINT))


@pytest.fixture(scope="module")
def pretrained() -> Checkpoint:
    """The pretrained network."""
    return load(resource(PRETRAINED_CHECKPOINT))


def measured(file: Checkpoint, shots: int, seed: int) -> Evaluation:
    """The network's errors on many fresh tasks of the paper."""
    return evaluate(
        file.start, file.settings.family, shots=shots, tasks=TASKS, alpha=0.01, seed=seed
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_maml_adapts_in_one_step(maml: Checkpoint, seed: int) -> None:
    """The paper's claim: few points and one gradient step are enough."""
    ten = measured(maml, 10, seed)
    assert ten.mse[1] <= 0.36
    assert ten.mse[10] <= 0.125
    assert measured(maml, 5, seed).mse[1] <= 0.66


@pytest.mark.parametrize("seed", SEEDS)
def test_pretrained_network_cannot(pretrained: Checkpoint, seed: int) -> None:
    """The baseline starts at the best single function's error and learns slowly."""
    ten = measured(pretrained, 10, seed)
    assert 2.9 <= ten.mse[0] <= 3.15
    assert ten.mse[10] > 1.2


def test_pretrained_network_is_the_best_single_function(pretrained: Checkpoint) -> None:
    """Joint regression finds −1.623·cos x, as theory says."""
    x = pretrained.settings.family.grid(100)
    start = pretrained.start
    curve = predict(start.theta.unsqueeze(0), x.view(1, -1, 1), start.network).flatten()
    assert float((curve + 1.623 * torch.cos(x)).abs().mean()) < 0.3


def test_files_tell_where_they_come_from(maml: Checkpoint, pretrained: Checkpoint) -> None:
    """Both were trained to the end with the paper's settings, from the same seed."""
    for file, learner in ((maml, "maml"), (pretrained, "pretrained")):
        assert list(file.starting_points()) == [learner]
        assert file.iteration == 70_000
        assert file.settings.changed(seed=0) == PRESETS["paper"].settings
        assert {"program", "made", "torch", "python"} <= set(file.provenance)
    assert maml.settings.seed == pretrained.settings.seed


def test_every_learner_is_shipped() -> None:
    """Each has a network to show, but for one that cannot be trained for so long."""
    found = [path.name for path in shipped_checkpoints()]
    assert found == list(map(checkpoint_name, SHIPPED))


@pytest.mark.parametrize("name", list(map(checkpoint_name, SHIPPED)))
def test_files_are_of_one_experiment(name: str) -> None:
    """Trained to the end with the paper's settings and one seed, averaged networks for less long.

    The penalty concerns the averaged networks alone, which are trained as for Table 2.
    """
    file = load(resource(name))
    assert name == checkpoint_name(file.learner)
    full = Plan(quick=False, seed=load(resource(MAML_CHECKPOINT)).settings.seed, store=Path())
    wanted = plain(full, file.learner).settings
    penalty = (wanted if file.learner in PENALTIES else file.settings).value("penalty")
    decided = wanted.changed(penalty=penalty).deciding(file.learner)
    assert file.settings.deciding(file.learner) == decided
    assert file.iteration == file.settings.iterations
    assert resource(name).stat().st_size < 200_000


# After one gradient step on ten points: the least and the most that the mean error may be.
REACHED = {
    "first-order": (0.3, 0.5),
    "anil": (0.5, 0.9),
    "meta-sgd": (0.1, 0.3),
    "layer-rates": (0.1, 0.3),
    "reptile": (0.3, 0.5),
    "cavia": (0.1, 0.25),
    "oracle": (0.0, 0.1),
    "boil": (0.25, 0.4),
    "step-rates": (0.15, 0.3),
    "meta-curvature": (0.1, 0.3),
    "ridge": (0.0, 0.01),
}


@pytest.mark.parametrize("learner", REACHED)
def test_shipped_learners_adapt(learner: str) -> None:
    """Each as well as resources/README.md says."""
    file = load(resource(checkpoint_name(learner)))
    low, high = REACHED[learner]
    family = file.settings.family
    found = evaluate(file.start, family, shots=10, steps=1, tasks=300, alpha=0.01, seed=0)
    assert low <= found.mse[1] <= high


def test_missing_files_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A damaged installation ends in one clear sentence."""
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path,))
    with pytest.raises(UserError, match=r"maml-10shot\.safetensors is missing"):
        resource(MAML_CHECKPOINT)


def test_a_learner_without_a_file_is_not_shipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The program does without its network, but not without MAML's."""
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path,))
    (tmp_path / PRETRAINED_CHECKPOINT).touch()
    with pytest.raises(UserError, match=r"maml-10shot\.safetensors is missing"):
        shipped_checkpoints()
    (tmp_path / MAML_CHECKPOINT).touch()
    assert shipped_checkpoints() == (tmp_path / MAML_CHECKPOINT, tmp_path / PRETRAINED_CHECKPOINT)


def test_installed_files_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Inside a package its own copy is used, not a folder that happens to lie beside it."""
    package, repository = tmp_path / "_resources", tmp_path / "resources"
    monkeypatch.setattr(resources, "_FOLDERS", (package, repository))
    for folder in (repository, package):
        folder.mkdir()
        (folder / "file").touch()
        assert resource("file") == folder / "file"
