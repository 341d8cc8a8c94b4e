"""The loss curve in constant memory."""

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.state.loss_history import CAPACITY, SMOOTHING, LossHistory

Values = NDArray[np.float32]


def noisy(length: int, seed: int = 0) -> Values:
    """A falling curve with noise, as meta-training gives."""
    noise = np.random.default_rng(seed).standard_normal(length)
    return (3 * np.exp(-np.arange(length) / 5000) + 0.2 * noise**2).astype(np.float32)


def filled(values: Values, cuts: list[int] | None = None) -> LossHistory:
    """A history that got the values in pieces."""
    history = LossHistory()
    for piece in np.split(values, cuts or []):
        history.append(piece)
    return history


def slow_mean(values: Values) -> NDArray[np.float64]:
    """Adam's bias-corrected exponential mean, one value after another, gaps left out."""
    decay, mean, weight, result = 1 - 1 / SMOOTHING, 0.0, 0.0, []
    for value in values.astype(float):
        if np.isfinite(value):
            mean = decay * mean + (1 - decay) * value
            weight = decay * weight + (1 - decay)
        result.append(mean / weight if weight else np.nan)
    return np.array(result)


def test_smoothing_is_the_textbook_mean() -> None:
    """Every smoothed value equals that of a plain loop, from the first on."""
    values = noisy(CAPACITY)
    x, y = filled(values).smoothed()
    assert np.array_equal(x, np.arange(1, CAPACITY + 1))
    np.testing.assert_allclose(y, slow_mean(values), rtol=1e-12)


def test_values_that_are_not_finite_are_left_out() -> None:
    """Infinite and missing losses neither spoil nor weigh down the mean."""
    values = noisy(400)
    values[[0, 1, 7, 128, 300]] = np.nan
    values[[40, 255, 256, 399]] = np.inf
    _, y = filled(values).smoothed()
    assert np.isnan(y[:2]).all()
    np.testing.assert_allclose(y, slow_mean(values), rtol=1e-12)
    assert filled(values).latest() == pytest.approx(slow_mean(values)[-1], rel=1e-12)


def test_a_curve_of_nothing_finite_has_no_newest_value() -> None:
    """There is then no number to show, and no curve either."""
    history = filled(np.full(300, np.nan, np.float32))
    assert history.latest() is None
    assert np.isnan(history.smoothed()[1]).all()
    assert LossHistory().latest() is None


@pytest.mark.parametrize("cuts", [[1], [127, 128, 129], list(range(1, 5000, 37)), [4096]])
def test_how_values_arrive_makes_no_difference(cuts: list[int]) -> None:
    """Chunks of training may be of any length."""
    values = noisy(5000)
    whole, pieces = filled(values), filled(values, cuts)
    assert pieces.iterations == whole.iterations == 5000
    np.testing.assert_allclose(pieces.smoothed()[1], whole.smoothed()[1], rtol=1e-12)
    assert np.array_equal(pieces.smoothed()[0], whole.smoothed()[0])
    assert np.array_equal(pieces.raw()[1], whole.raw()[1])


@pytest.mark.parametrize(
    "length", [CAPACITY - 1, CAPACITY + 1, 2 * CAPACITY, 2 * CAPACITY + 1, 10_000]
)
def test_thinning_keeps_the_smoothed_values(length: int) -> None:
    """Where a bin ends, the curve passes through the mean of all values so far."""
    values = noisy(length)
    x, y = filled(values).smoothed()
    assert x[-1] == length
    assert (np.diff(x) > 0).all()
    np.testing.assert_allclose(y, slow_mean(values)[x.astype(int) - 1], rtol=1e-12)


def test_a_million_values_keep_their_shape_in_constant_memory() -> None:
    """Peaks survive, sizes stay put, and the smoothed curve is that of all values."""
    values = noisy(1_000_000)
    values[123_456], values[765_432] = 50.0, -7.0
    history = LossHistory()
    for piece in np.split(values, 10_000):
        history.append(piece)
    (x, raw), (_, smooth) = history.raw(), history.smoothed()
    assert history.iterations == 1_000_000
    assert raw.max() == values.max() == 50
    assert raw.min() == values.min() == -7
    assert abs(x[np.argmax(raw)] - 123_456) < 2 * 1_000_000 / CAPACITY
    assert len(raw) <= 2 * CAPACITY
    assert len(smooth) <= CAPACITY + 1
    held = (part for part in vars(history).values() if isinstance(part, np.ndarray))
    # Bins, and at most one bin of raw and smoothed values that is not full yet.
    assert sum(part.size for part in held) <= 3 * CAPACITY + 2 * 2 * 1_000_000 / CAPACITY
    assert history.latest() == pytest.approx(slow_mean(values[-20_000:])[-1], rel=1e-9)


def test_the_raw_curve_shows_every_value_while_there_is_room() -> None:
    """Short runs are drawn as they are."""
    values = noisy(400)
    x, y = filled(values).raw()
    assert np.array_equal(x, np.arange(1, 401))
    assert np.array_equal(y, values.astype(float))


def test_a_resumed_run_starts_where_it_stopped() -> None:
    """Iterations are counted from the run's, not from the window's."""
    history = LossHistory()
    history.first_iteration = 900
    history.append(noisy(3))
    assert history.smoothed()[0].tolist() == [901, 902, 903]
    assert history.raw()[0].tolist() == [901, 902, 903]
