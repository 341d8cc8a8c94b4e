"""Tasks and points as they are drawn, and the streams that they are drawn from."""

import math

import pytest
import torch
from torch import Tensor

from explorer.core.base.fields import Range
from explorer.core.base.random_streams import stream
from explorer.core.families import FAMILIES, Family, Sine, default_family
from explorer.core.families.sampling import Tasks, sample, sample_evenly
from explorer.core.families.sine import sine

ODD = Sine(amplitude=Range(2.0, 2.5), phase=Range(-1.0, 0.5), x=Range(3.0, 7.0))


def draw(family: Family, tasks: int, points: int, *, seed: int = 0, batches: int = 1) -> Tasks:
    return sample(family, tasks, points, stream(seed, "tasks"), stream(seed, "noise"), batches)


def amplitude(tasks: Tasks) -> Tensor:
    """A of each task, ``(…, T, 1, 1)``."""
    return tasks.task[..., :1]


def phase(tasks: Tasks) -> Tensor:
    """φ of each task, ``(…, T, 1, 1)``."""
    return tasks.task[..., 1:]


@pytest.mark.parametrize("family", [Sine(), ODD], ids=["paper", "odd"])
def test_ranges_are_respected_and_filled(family: Sine) -> None:
    """A, φ and x stay inside their ranges, come near both ends and are centred."""
    tasks = draw(family, 2000, 20)
    for values, bounds in (
        (amplitude(tasks), family.amplitude),
        (phase(tasks), family.phase),
        (tasks.x, family.x),
    ):
        width = bounds.high - bounds.low
        assert bounds.low <= values.min() < bounds.low + 0.01 * width
        assert bounds.high - 0.01 * width < values.max() <= bounds.high
        assert abs(float(values.mean()) - (bounds.low + bounds.high) / 2) < 0.03 * width


def test_targets_lie_on_the_sine() -> None:
    """Without noise y = A·sin(x − φ)."""
    tasks = draw(Sine(), 5, 8, batches=2)
    assert tasks.task.shape == (2, 5, 1, 2)
    assert tasks.x.shape == tasks.y.shape == (2, 5, 8, 1)
    expected = amplitude(tasks).double() * (tasks.x.double() - phase(tasks).double()).sin()
    torch.testing.assert_close(tasks.y.double(), expected, rtol=0, atol=1e-5)
    assert torch.equal(tasks.y, expected.float())


def test_points_of_a_task_differ() -> None:
    """Every task has its own sine and its own points."""
    tasks = draw(Sine(), 50, 10)
    for values in (amplitude(tasks), phase(tasks), tasks.x):
        assert values.unique().numel() > 0.99 * values.numel()


def test_amplitude_phase_and_inputs_are_independent() -> None:
    """Knowing one of a task's numbers, or a point's, says nothing about the others."""
    count = 5000
    tasks = draw(Sine(), count, 2)
    x = tasks.x.view(count, 2)
    drawn = torch.stack([amplitude(tasks).flatten(), phase(tasks).flatten(), x[:, 0], x[:, 1]])
    correlations = torch.corrcoef(drawn) - torch.eye(4)
    assert correlations.abs().max() < 5 / math.sqrt(count)


def test_split_cuts_support_from_query() -> None:
    """The first K points are support and the others query, none lost or shared."""
    tasks = draw(Sine(), 4, 9, batches=2)
    batch = tasks.split(3)
    assert batch.support_x.shape == batch.support_y.shape == (2, 4, 3, 1)
    assert batch.query_x.shape == batch.query_y.shape == (2, 4, 6, 1)
    assert torch.equal(torch.cat([batch.support_x, batch.query_x], -2), tasks.x)
    assert torch.equal(torch.cat([batch.support_y, batch.query_y], -2), tasks.y)
    assert torch.equal(batch.task, tasks.task)


@pytest.mark.parametrize("points", [1, 7])
def test_noise_shifts_no_task(points: int) -> None:
    """Changing σ leaves x, A and φ as they are, in the batches after the first too."""
    clean = draw(Sine(), 6, points, batches=3)
    noisy = draw(Sine(noise=0.5), 6, points, batches=3)
    assert torch.equal(clean.x, noisy.x)
    assert torch.equal(clean.task, noisy.task)
    assert not torch.equal(clean.y, noisy.y)


def test_noise_is_gaussian_of_the_right_size() -> None:
    """Standard deviation σ, mean 0, and a normal's share within 1σ, 2σ and beyond 3σ."""
    sigma = 0.7
    clean, noisy = draw(Sine(), 100, 1000), draw(Sine(noise=sigma), 100, 1000)
    z = (noisy.y - clean.y).flatten() / sigma
    count = z.numel()
    assert torch.isfinite(z).all()
    assert abs(float(z.mean())) < 5 / math.sqrt(count)
    assert abs(float(z.std()) - 1) < 5 / math.sqrt(2 * count)
    for bound in (1.0, 2.0, 3.0):
        share = math.erf(bound / math.sqrt(2))
        margin = 5 * math.sqrt(share * (1 - share) / count)
        assert abs(float((z.abs() < bound).double().mean()) - share) < margin
    neighbours = float((z[1:] * z[:-1]).mean())
    assert abs(neighbours) < 5 / math.sqrt(count)


def test_noise_scales_with_sigma() -> None:
    """The same stream gives the same noise, times σ."""
    clean = draw(Sine(), 5, 6).y.double()
    small = draw(Sine(noise=0.5), 5, 6).y.double() - clean
    large = draw(Sine(noise=5.0), 5, 6).y.double() - clean
    torch.testing.assert_close(10 * small, large, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize(
    ("tasks", "points", "batches"),
    [(25, 20, 100), (25, 20, 7), (1, 2, 9), (3, 5, 33), (7, 11, 13), (2, 1, 64)],
)
def test_batches_at_once_are_single_draws(
    noise: float, tasks: int, points: int, batches: int
) -> None:
    """Drawing n batches at once equals n draws of one, bit for bit."""
    family = Sine(noise=noise)
    at_once = draw(family, tasks, points, batches=batches)
    task_stream, noise_stream = stream(0, "tasks"), stream(0, "noise")
    singles = [sample(family, tasks, points, task_stream, noise_stream) for _ in range(batches)]
    for name in ("task", "x", "y"):
        together = torch.cat([getattr(single, name) for single in singles])
        assert torch.equal(getattr(at_once, name), together), name


def test_streams_are_apart() -> None:
    """Each seed and each purpose has numbers of its own, always the same ones."""
    keys = [(seed, purpose) for seed in (0, 1, 2**31 - 1) for purpose in ("tasks", "noise", "x")]
    draws = {key: torch.rand(1000, generator=stream(*key)) for key in keys}
    for key, values in draws.items():
        assert torch.equal(values, torch.rand(1000, generator=stream(*key)))
        for other, others in draws.items():
            if other != key:
                together = torch.stack([values, others])
                assert abs(float(torch.corrcoef(together)[0, 1])) < 0.2, (key, other)


def test_streams_ignore_the_global_generator() -> None:
    """Seeding or using PyTorch's own generator changes nothing, and is not changed."""
    torch.manual_seed(1)
    one = draw(Sine(noise=1.0), 3, 4)
    after_one = torch.rand(3)
    torch.manual_seed(1)
    torch.rand(5)
    other = draw(Sine(noise=1.0), 3, 4)
    assert torch.equal(one.y, other.y)
    torch.manual_seed(1)
    assert torch.equal(after_one, torch.rand(3))


def test_grid_is_even_with_both_ends() -> None:
    """The grid spans the range, ends included, in equal steps."""
    points = Sine(x=Range(-2.0, 3.0)).grid(101)
    assert points.shape == (101,)
    assert points[0] == -2.0
    assert points[-1] == 3.0
    torch.testing.assert_close(points.diff(), torch.full((100,), 0.05), rtol=1e-4, atol=0)


def evenly(family: Family, tasks: int, seed: int, sets: int = 1) -> Tasks:
    """One even batch with its own streams."""
    streams = stream(seed, "even"), stream(seed, "noise")
    return sample_evenly(family, tasks, 3, *streams, sets=sets)


def test_even_tasks_cover_their_ranges() -> None:
    """Every tenth of either range holds a tenth of the tasks, and all stay inside."""
    family = Sine()
    drawn = evenly(family, 1000, 4)
    for values, bounds in ((amplitude(drawn), family.amplitude), (phase(drawn), family.phase)):
        share = (values.flatten() - bounds.low) / (bounds.high - bounds.low)
        assert float(share.min()) >= 0
        assert float(share.max()) <= 1
        counts = torch.histc(share, 10, 0, 1)
        assert (counts - 100).abs().max() <= 2


def test_even_tasks_pair_every_amplitude_with_every_phase() -> None:
    """Amplitude and phase are spread over their plane, not along a line."""
    drawn = evenly(Sine(), 900, 0)
    row = ((amplitude(drawn).flatten() - 0.1) / 4.9 * 3).long().clamp(max=2)
    column = (phase(drawn).flatten() / torch.pi * 3).long().clamp(max=2)
    counts = torch.bincount(3 * row + column, minlength=9)
    assert (counts - 100).abs().max() <= 5


def test_even_tasks_are_unbiased_and_steadier() -> None:
    """Over many seeds E[A²] comes out right, with far less scatter than independent draws."""
    expected = 8.503
    even = [float(amplitude(evenly(Sine(), 60, s)).square().mean()) for s in range(200)]
    loose = [float(amplitude(draw(Sine(), 60, 3, seed=s)).square().mean()) for s in range(200)]
    assert torch.tensor(even).mean() == pytest.approx(expected, abs=0.02)
    assert torch.tensor(even).std() < 0.2 * torch.tensor(loose).std()


@pytest.mark.parametrize("sets", [1, 3, 20])
def test_every_set_is_even(sets: int) -> None:
    """Of 32 tasks that are one set, each 32nd part of every range holds one."""
    unit = Range(0.0, 1.0)
    drawn = evenly(Sine(amplitude=unit, phase=unit, x=unit), 32 * sets, 9, sets)
    for values in (amplitude(drawn).flatten(), phase(drawn).flatten(), drawn.x[0, :, 1, 0]):
        places = (values.view(32, sets) * 32).long().sort(0).values
        assert torch.equal(places, torch.arange(32).unsqueeze(-1).expand(32, sets))


def test_sets_are_independent() -> None:
    """The mean of 5 sets scatters from seed to seed as that of 5 independent draws does."""
    means = torch.stack(
        [amplitude(evenly(Sine(), 40, seed, 5)).view(8, 5).square().mean(0) for seed in range(300)]
    ).double()
    expected = float(means.var(0).mean()) / 5
    assert float(means.mean(1).var()) == pytest.approx(expected, rel=0.3)
    assert float(means.mean()) == pytest.approx(8.503, abs=0.03)


@pytest.mark.parametrize("tasks", [1, 2, 19, 20, 21, 59])
def test_the_first_of_more_tasks_are_the_same(tasks: int) -> None:
    """Any number can be drawn, and more tasks are further ones."""
    few, many = evenly(Sine(), tasks, 3, 20), evenly(Sine(), 60, 3, 20)
    assert few.x.shape == (1, tasks, 3, 1)
    assert torch.equal(few.x, many.x[:, :tasks])
    assert torch.equal(few.task, many.task[:, :tasks])


def test_even_tasks_repeat_and_their_inputs_are_free() -> None:
    """The seed decides everything; inputs are drawn uniformly, and targets lie on the sines."""
    one, again = evenly(Sine(), 50, 7), evenly(Sine(), 50, 7)
    assert torch.equal(one.x, again.x)
    expected = sine(one.x.double(), amplitude(one).double(), phase(one).double())
    assert torch.equal(one.y, expected.float())
    assert not torch.equal(one.x, evenly(Sine(), 50, 8).x)
    assert float(one.x.std()) == pytest.approx(10 / 12**0.5, rel=0.1)


# --- every family


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_can_be_drawn(name: str) -> None:
    """The right shapes, inputs where the grid lies, and targets on the functions."""
    family = default_family(name).changed(noise=0.0)
    for drawn, batches in ((draw(family, 40, 6, batches=2), 2), (evenly(family, 40, 1), 1)):
        points = drawn.x.shape[2]
        assert drawn.task.shape == (batches, 40, 1, family.size)
        assert drawn.x.shape == drawn.y.shape == (batches, 40, points, 1)
        assert torch.isfinite(drawn.y).all()
        exact = family.function(drawn.x.double(), drawn.task.double())
        assert torch.equal(drawn.y, exact.float())
        grid = family.grid(9, drawn.task[0])
        ends = grid.expand(40, -1)[:, [0, -1]].unsqueeze(-1)
        assert (drawn.x[0] >= ends[:, :1]).float().mean() > 0.9
        assert (drawn.x[0] <= ends[:, 1:]).float().mean() > 0.9


@pytest.mark.parametrize("name", FAMILIES)
def test_batches_of_every_family_at_once_are_single_draws(name: str) -> None:
    """So the length of a training chunk cannot change a run, whatever it is trained on."""
    family = default_family(name).changed(noise=0.3)
    at_once = draw(family, 5, 4, batches=3)
    task_stream, noise_stream = stream(0, "tasks"), stream(0, "noise")
    singles = [sample(family, 5, 4, task_stream, noise_stream) for _ in range(3)]
    for part in ("task", "x", "y"):
        assert torch.equal(getattr(at_once, part), torch.cat([getattr(s, part) for s in singles]))
