"""Tasks of a learner's own: always the same, with fresh points on them."""

import pytest
import torch

from explorer.core.base.fields import Range
from explorer.core.experiment.settings import Settings
from explorer.core.families import FAMILIES
from explorer.core.families.sampling import Tasks
from explorer.core.families.sine import sine
from explorer.core.learners import LEARNERS
from explorer.core.training.own_tasks import own_tasks

OWN = Settings(networks=40, shots=3, query=4, seed=2, amplitude=Range(1.0, 2.0), x=Range(-1, 3))


def draw(settings: Settings, first: int, batches: int) -> Tasks:
    """Those of networks that are trained all together."""
    return own_tasks(LEARNERS["averaged"], settings, first, batches)


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_own_sines_stay_and_their_points_do_not(noise: float) -> None:
    """Every iteration has the same sines, within the ranges, and fresh points on them."""
    settings = OWN.changed(noise=noise)
    drawn = draw(settings, 0, 6)
    assert drawn.task.shape == (6, 40, 1, 2)
    assert drawn.x.shape == drawn.y.shape == (6, 40, 7, 1)
    assert torch.equal(drawn.task, drawn.task[:1].expand(6, -1, -1, -1))
    amplitude, phase = drawn.task.split(1, -1)
    assert len(amplitude[0].unique()) == len(phase[0].unique()) == 40
    assert len(drawn.x.unique()) > 0.99 * drawn.x.numel()
    for values, (low, high) in (
        (amplitude, settings.value("amplitude")),
        (phase, settings.value("phase")),
        (drawn.x, settings.x),
    ):
        assert low <= values.min() < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < values.max() <= high
    errors = drawn.y - sine(drawn.x, amplitude, phase)
    assert float(errors.std()) == pytest.approx(noise, rel=0.1, abs=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_own_tasks_are_a_matter_of_the_iteration(noise: float) -> None:
    """Drawn at once or one by one they are the same bit for bit, and the seed decides."""
    settings = OWN.changed(noise=noise)
    whole = draw(settings, 100, 5)
    pieces = [draw(settings, 100, 2), draw(settings, 102, 3)]
    other = draw(settings.changed(seed=3), 100, 5)
    for part in ("task", "x", "y"):
        assert torch.equal(getattr(whole, part), torch.cat([getattr(p, part) for p in pieces]))
        assert not torch.equal(getattr(whole, part), getattr(other, part))


def test_noise_shifts_no_task_of_ones_own() -> None:
    """Changing σ leaves x, A and φ as they are."""
    clean, noisy = draw(OWN, 3, 2), draw(OWN.changed(noise=0.5), 3, 2)
    for part in ("task", "x"):
        assert torch.equal(getattr(clean, part), getattr(noisy, part))
    assert not torch.equal(clean.y, noisy.y)


@pytest.mark.parametrize("learner", [name for name, rule in LEARNERS.items() if rule.own_tasks])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_and_every_learner(learner: str, family: str) -> None:
    """As many tasks of the family as there are networks, and points on their functions."""
    settings = Settings(family=family, noise=0.0, networks=6, shots=2, query=3, iterations=4)
    found = own_tasks(LEARNERS[learner], settings, 1, 2)
    assert found.task.shape == (2, 6, 1, settings.family.size)
    assert found.x.shape == found.y.shape == (2, 6, 5, 1)
    torch.testing.assert_close(found.y, settings.family.function(found.x, found.task))
    tasks = {
        tuple(task.flatten().tolist())
        for task in own_tasks(LEARNERS["averaged"], settings, 0, 1).task[0]
    }
    assert {tuple(task.flatten().tolist()) for task in found.task.flatten(0, 1)} <= tasks
