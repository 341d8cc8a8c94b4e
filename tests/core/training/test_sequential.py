"""Networks that take turns are trained as if each stood alone, but for the pull."""

import pytest
import torch
from torch import Tensor

from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import initialise
from explorer.core.training.loop import Run, advance, start
from explorer.core.training.outer_loop import plain_chunk
from explorer.core.training.own_tasks import own_tasks
from tests.core import reference

NAME = "averaged-pulled"
SETTINGS = Settings(
    hidden=(4,), networks=3, iterations=10, shots=3, query=2, penalty=0.2, meta_batch=2, seed=4
)


def trained(settings: Settings, name: str = NAME, cuts: tuple[int, ...] = (10,)) -> Run:
    """A run after so many pieces."""
    run = start(settings, (name,))
    for cut in cuts:
        run, _ = advance(run, cut)
    return run


def mean_of(run: Run) -> Tensor:
    """Where its adaptation starts."""
    (name,) = run.learners
    return run.starting_point(name).theta


def by_the_book(settings: Settings) -> list[Tensor]:
    """θ̄ after each network, with autograd and PyTorch's Adam in float64."""
    network = LEARNERS[NAME].network(settings)
    points = own_tasks(LEARNERS[NAME], settings, 0, settings.iterations)
    x, y = (part.flatten(0, 1).double() for part in (points.x, points.y))
    means: list[Tensor] = []
    done: list[Tensor] = []
    for i in range(settings.value("networks")):
        purpose = f"averaged initialisation/{i}" if i else "initialisation"
        theta = initialise(network, stream(settings.seed, purpose)).double()
        mean = torch.stack(done).mean(0) if done else None
        theta.requires_grad_()
        adam = torch.optim.Adam([theta], lr=settings.beta)
        for t in range(i * settings.iterations, (i + 1) * settings.iterations):
            loss = reference.loss(theta, x[t], y[t], network.sizes, settings.activation)
            if mean is not None:
                loss = loss + settings.value("penalty") * (theta - mean).square().sum()
            (theta.grad,) = torch.autograd.grad(loss, theta)
            adam.step()
        done.append(theta.detach())
        means.append(torch.stack(done).mean(0))
    return means


@pytest.mark.parametrize("penalty", [0.0, 0.2, 5.0])
def test_it_is_what_the_paper_says(penalty: float) -> None:
    """One network after the other, each pulled to the mean of those before."""
    settings = SETTINGS.changed(penalty=penalty)
    torch.testing.assert_close(
        mean_of(trained(settings)).double(), by_the_book(settings)[-1], rtol=1e-4, atol=1e-5
    )


def test_the_start_is_the_mean_of_those_that_are_finished() -> None:
    """After 4 of 10 meta-iterations 12 of 30 steps are done: the first network is finished."""
    expected = by_the_book(SETTINGS)
    torch.testing.assert_close(
        mean_of(trained(SETTINGS, cuts=(4,))).double(), expected[0], rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        mean_of(trained(SETTINGS, cuts=(4, 3))).double(), expected[1], rtol=1e-4, atol=1e-5
    )


def test_pieces_make_no_difference() -> None:
    """Wherever training is cut, in mid-turn or between turns, it comes to the same bits."""
    whole = trained(SETTINGS).learners[NAME]
    parts = trained(SETTINGS, cuts=(1, 2, 4, 3)).learners[NAME]
    for part in ("meta", "first_moment", "second_moment"):
        assert torch.equal(getattr(whole, part), getattr(parts, part))


def test_machine_and_plain_python_agree() -> None:
    """The compiled loop takes the same steps."""
    compiled, losses = advance(start(SETTINGS, (NAME,)), 10)
    plainly, plain_losses = advance(start(SETTINGS, (NAME,)), 10, plain_chunk)
    torch.testing.assert_close(mean_of(compiled), mean_of(plainly), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        torch.from_numpy(losses[NAME]), torch.from_numpy(plain_losses[NAME]), rtol=1e-4, atol=1e-5
    )
    assert losses[NAME].shape == (10, len(LEARNERS[NAME].losses))


def test_alone_and_without_a_pull_it_is_an_averaged_network() -> None:
    """A single network has a single turn."""
    settings = SETTINGS.changed(networks=1, penalty=0.0)
    torch.testing.assert_close(mean_of(trained(settings)), mean_of(trained(settings, "averaged")))


def test_a_stronger_pull_keeps_the_networks_together() -> None:
    """What is far apart without it comes close."""
    apart = []
    for penalty in (0.0, 1.0, 10.0):
        settings = SETTINGS.changed(penalty=penalty, iterations=400, beta=0.01)
        run = trained(settings, cuts=(400,))
        meta = run.learners[NAME].meta
        apart.append(float((meta[: len(meta) // 2] - mean_of(run)).norm()))
    assert apart[0] > 1.5 * apart[1] > 3 * apart[2]


def test_a_meta_iteration_has_the_points_of_whose_turn_it_is() -> None:
    """Three at a time, ten for each: the eleventh is the second network's."""
    rule = LEARNERS[NAME]
    found = own_tasks(rule, SETTINGS, 0, 10)
    amplitudes = found.task[..., 0].flatten()
    each = own_tasks(LEARNERS["averaged"], SETTINGS, 0, 1).task[..., 0].flatten()
    assert torch.equal(amplitudes, each.repeat_interleave(10))
    later = own_tasks(rule, SETTINGS, 4, 2)
    assert torch.equal(later.y, found.y[4:6])
