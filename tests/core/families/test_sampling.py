"""The distribution of sine tasks and the streams that draw from it."""

import math
from dataclasses import replace

import pytest
import torch

from explorer.core.base.random_streams import stream
from explorer.core.experiment.settings import Range, Settings
from explorer.core.families.sampling import Tasks, grid, own_tasks, sample, sample_evenly, sine

ODD = Settings(amplitude=Range(2.0, 2.5), phase=Range(-1.0, 0.5), x=Range(3.0, 7.0))


def draw(settings: Settings, tasks: int, points: int, *, seed: int = 0, batches: int = 1) -> Tasks:
    return sample(settings, tasks, points, stream(seed, "tasks"), stream(seed, "noise"), batches)


@pytest.mark.parametrize("settings", [Settings(), ODD], ids=["paper", "odd"])
def test_ranges_are_respected_and_filled(settings: Settings) -> None:
    """A, φ and x stay inside their ranges, come near both ends and are centred."""
    tasks = draw(settings, 2000, 20)
    for values, bounds in (
        (tasks.amplitude, settings.amplitude),
        (tasks.phase, settings.phase),
        (tasks.x, settings.x),
    ):
        width = bounds.high - bounds.low
        assert bounds.low <= values.min() < bounds.low + 0.01 * width
        assert bounds.high - 0.01 * width < values.max() <= bounds.high
        assert abs(float(values.mean()) - (bounds.low + bounds.high) / 2) < 0.03 * width


def test_targets_lie_on_the_sine() -> None:
    """Without noise y = A·sin(x − φ)."""
    tasks = draw(Settings(), 5, 8, batches=2)
    assert tasks.amplitude.shape == tasks.phase.shape == (2, 5, 1, 1)
    assert tasks.x.shape == tasks.y.shape == (2, 5, 8, 1)
    expected = tasks.amplitude.double() * (tasks.x.double() - tasks.phase.double()).sin()
    torch.testing.assert_close(tasks.y.double(), expected, rtol=0, atol=1e-5)
    assert torch.equal(tasks.y, sine(tasks.x, tasks.amplitude, tasks.phase))


def test_points_of_a_task_differ() -> None:
    """Every task has its own sine and its own points."""
    tasks = draw(Settings(), 50, 10)
    for values in (tasks.amplitude, tasks.phase, tasks.x):
        assert values.unique().numel() > 0.99 * values.numel()


def test_amplitude_phase_and_inputs_are_independent() -> None:
    """Knowing one of a task's numbers, or a point's, says nothing about the others."""
    count = 5000
    tasks = draw(Settings(), count, 2)
    x = tasks.x.view(count, 2)
    drawn = torch.stack([tasks.amplitude.flatten(), tasks.phase.flatten(), x[:, 0], x[:, 1]])
    correlations = torch.corrcoef(drawn) - torch.eye(4)
    assert correlations.abs().max() < 5 / math.sqrt(count)


def test_split_cuts_support_from_query() -> None:
    """The first K points are support and the others query, none lost or shared."""
    tasks = draw(Settings(), 4, 9, batches=2)
    batch = tasks.split(3)
    assert batch.support_x.shape == batch.support_y.shape == (2, 4, 3, 1)
    assert batch.query_x.shape == batch.query_y.shape == (2, 4, 6, 1)
    assert torch.equal(torch.cat([batch.support_x, batch.query_x], -2), tasks.x)
    assert torch.equal(torch.cat([batch.support_y, batch.query_y], -2), tasks.y)


@pytest.mark.parametrize("points", [1, 7])
def test_noise_shifts_no_task(points: int) -> None:
    """Changing σ leaves x, A and φ as they are, in the batches after the first too."""
    clean = draw(Settings(), 6, points, batches=3)
    noisy = draw(Settings(noise=0.5), 6, points, batches=3)
    assert torch.equal(clean.x, noisy.x)
    assert torch.equal(clean.amplitude, noisy.amplitude)
    assert torch.equal(clean.phase, noisy.phase)
    assert not torch.equal(clean.y, noisy.y)


def test_noise_is_gaussian_of_the_right_size() -> None:
    """Standard deviation σ, mean 0, and a normal's share within 1σ, 2σ and beyond 3σ."""
    sigma = 0.7
    clean, noisy = draw(Settings(), 100, 1000), draw(Settings(noise=sigma), 100, 1000)
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
    clean = draw(Settings(), 5, 6).y.double()
    small = draw(Settings(noise=0.5), 5, 6).y.double() - clean
    large = draw(Settings(noise=5.0), 5, 6).y.double() - clean
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
    settings = Settings(noise=noise)
    at_once = draw(settings, tasks, points, batches=batches)
    task_stream, noise_stream = stream(0, "tasks"), stream(0, "noise")
    singles = [sample(settings, tasks, points, task_stream, noise_stream) for _ in range(batches)]
    for name in ("amplitude", "phase", "x", "y"):
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
    one = draw(Settings(noise=1.0), 3, 4)
    after_one = torch.rand(3)
    torch.manual_seed(1)
    torch.rand(5)
    other = draw(Settings(noise=1.0), 3, 4)
    assert torch.equal(one.y, other.y)
    torch.manual_seed(1)
    assert torch.equal(after_one, torch.rand(3))


def test_grid_is_even_with_both_ends() -> None:
    """The grid spans the range, ends included, in equal steps."""
    points = grid(Range(-2.0, 3.0), 101)
    assert points.shape == (101,)
    assert points[0] == -2.0
    assert points[-1] == 3.0
    torch.testing.assert_close(points.diff(), torch.full((100,), 0.05), rtol=1e-4, atol=0)


def evenly(settings: Settings, tasks: int, seed: int) -> Tasks:
    """One even batch with its own streams."""
    return sample_evenly(settings, tasks, 3, stream(seed, "even"), stream(seed, "noise"))


def test_even_tasks_cover_their_ranges() -> None:
    """Every tenth of either range holds a tenth of the tasks, and all stay inside."""
    settings = Settings()
    drawn = evenly(settings, 1000, 4)
    for values, bounds in ((drawn.amplitude, settings.amplitude), (drawn.phase, settings.phase)):
        share = (values.flatten() - bounds.low) / (bounds.high - bounds.low)
        assert float(share.min()) >= 0
        assert float(share.max()) <= 1
        counts = torch.histc(share, 10, 0, 1)
        assert (counts - 100).abs().max() <= 2


def test_even_tasks_pair_every_amplitude_with_every_phase() -> None:
    """Amplitude and phase are spread over their plane, not along a line."""
    drawn = evenly(Settings(), 900, 0)
    row = ((drawn.amplitude.flatten() - 0.1) / 4.9 * 3).long().clamp(max=2)
    column = (drawn.phase.flatten() / torch.pi * 3).long().clamp(max=2)
    counts = torch.bincount(3 * row + column, minlength=9)
    assert (counts - 100).abs().max() <= 5


def test_even_tasks_are_unbiased_and_steadier() -> None:
    """Over many seeds E[A²] comes out right, with far less scatter than independent draws."""
    expected = 8.503
    even = [float(evenly(Settings(), 60, s).amplitude.square().mean()) for s in range(200)]
    loose = [float(draw(Settings(), 60, 3, seed=s).amplitude.square().mean()) for s in range(200)]
    assert torch.tensor(even).mean() == pytest.approx(expected, abs=0.02)
    assert torch.tensor(even).std() < 0.2 * torch.tensor(loose).std()


def test_even_tasks_repeat_and_their_inputs_are_free() -> None:
    """The seed decides everything; inputs are drawn uniformly, and targets lie on the sines."""
    one, again = evenly(Settings(), 50, 7), evenly(Settings(), 50, 7)
    assert torch.equal(one.x, again.x)
    assert torch.equal(one.y, sine(one.x, one.amplitude, one.phase))
    assert not torch.equal(one.x, evenly(Settings(), 50, 8).x)
    assert float(one.x.std()) == pytest.approx(10 / 12**0.5, rel=0.1)


# --- sines of one's own

OWN = Settings(networks=40, shots=3, query=4, seed=2, amplitude=Range(1.0, 2.0), x=Range(-1, 3))


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_own_sines_stay_and_their_points_do_not(noise: float) -> None:
    """Every iteration has the same sines, within the ranges, and fresh points on them."""
    settings = replace(OWN, noise=noise)
    drawn = own_tasks(settings, 0, 6)
    assert drawn.amplitude.shape == drawn.phase.shape == (6, 40, 1, 1)
    assert drawn.x.shape == drawn.y.shape == (6, 40, 7, 1)
    assert torch.equal(drawn.amplitude, drawn.amplitude[:1].expand(6, -1, -1, -1))
    assert torch.equal(drawn.phase, drawn.phase[:1].expand(6, -1, -1, -1))
    assert len(drawn.amplitude[0].unique()) == len(drawn.phase[0].unique()) == 40
    assert len(drawn.x.unique()) > 0.99 * drawn.x.numel()
    for values, (low, high) in (
        (drawn.amplitude, settings.amplitude),
        (drawn.phase, settings.phase),
        (drawn.x, settings.x),
    ):
        assert low <= values.min() < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < values.max() <= high
    errors = drawn.y - sine(drawn.x, drawn.amplitude, drawn.phase)
    assert float(errors.std()) == pytest.approx(noise, rel=0.1, abs=1e-6)
    assert torch.equal(drawn.task, torch.cat([drawn.amplitude, drawn.phase], -1))


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_own_tasks_are_a_matter_of_the_iteration(noise: float) -> None:
    """Drawn at once or one by one they are the same bit for bit, and the seed decides."""
    settings = replace(OWN, noise=noise)
    whole = own_tasks(settings, 100, 5)
    pieces = [own_tasks(settings, 100, 2), own_tasks(settings, 102, 3)]
    other = own_tasks(replace(settings, seed=3), 100, 5)
    for part in ("amplitude", "phase", "x", "y"):
        assert torch.equal(getattr(whole, part), torch.cat([getattr(p, part) for p in pieces]))
        assert not torch.equal(getattr(whole, part), getattr(other, part))


def test_noise_shifts_no_task_of_ones_own() -> None:
    """Changing σ leaves x, A and φ as they are."""
    clean, noisy = own_tasks(OWN, 3, 2), own_tasks(replace(OWN, noise=0.5), 3, 2)
    for part in ("amplitude", "phase", "x"):
        assert torch.equal(getattr(clean, part), getattr(noisy, part))
    assert not torch.equal(clean.y, noisy.y)
