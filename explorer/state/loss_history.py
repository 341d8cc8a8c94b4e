"""A loss curve of any length in constant memory."""

import numpy as np
from numpy.typing import NDArray

CAPACITY = 512  # bins; about the number of pixels a plot is wide
SMOOTHING = 100  # iterations
_BLOCK = 128

_DECAY = 1 - 1 / SMOOTHING
_AGE = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
_KERNEL = np.where(_AGE >= 0, (1 - _DECAY) * _DECAY ** np.maximum(_AGE, 0), 0.0)

SMOOTHING_TEXT = f"exponential mean over {SMOOTHING} iterations"


class LossHistory:
    """Keeps a curve's shape: the smallest and largest raw value and the smoothed value per bin.

    Every bin spans the same number of iterations; when the bins run out, neighbours merge. The
    smoothed curve is the bias-corrected exponential mean of all raw values, taken before binning,
    so that it does not depend on the bins. Values that are not finite are left out of it.
    """

    def __init__(self) -> None:
        self._low = np.empty(CAPACITY)
        self._high = np.empty(CAPACITY)
        self._smooth = np.empty(CAPACITY)
        self._bins = 0
        self._stride = 1
        self._pending = np.empty((2, 0))  # raw and smoothed values short of a full bin
        self._mean = 0.0
        self._weight = 0.0
        self.first_iteration = 0

    @property
    def iterations(self) -> int:
        """Number of values appended."""
        return self._bins * self._stride + self._pending.shape[1]

    def append(self, values: NDArray[np.float32]) -> None:
        """Add the next raw losses, one per iteration."""
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK].astype(np.float64)
            self._pending = np.hstack([self._pending, [block, self._smoothed(block)]])
        self._fill_bins()

    def _smoothed(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        finite = np.isfinite(block)
        counted = np.cumsum(finite)
        values = block[finite]
        n = len(values)
        fade = _DECAY ** np.arange(1, n + 1)
        means = _KERNEL[:n, :n] @ values + fade * self._mean
        weights = 1 - fade * (1 - self._weight)
        before = self._mean / self._weight if self._weight else np.nan
        corrected = np.concatenate([[before], means / weights])
        if n:
            self._mean, self._weight = float(means[-1]), float(weights[-1])
        result: NDArray[np.float64] = corrected[counted]
        return result

    def _fill_bins(self) -> None:
        while self._pending.shape[1] >= self._stride:
            if self._bins == CAPACITY:
                self._merge()
                continue
            full = min(self._pending.shape[1] // self._stride, CAPACITY - self._bins)
            taken = self._pending[:, : full * self._stride].reshape(2, full, self._stride)
            self._pending = self._pending[:, full * self._stride :]
            new = slice(self._bins, self._bins + full)
            self._low[new] = taken[0].min(1)
            self._high[new] = taken[0].max(1)
            self._smooth[new] = taken[1, :, -1]
            self._bins += full

    def _merge(self) -> None:
        half = CAPACITY // 2
        self._low[:half] = np.minimum(self._low[::2], self._low[1::2])
        self._high[:half] = np.maximum(self._high[::2], self._high[1::2])
        self._smooth[:half] = self._smooth[1::2]
        self._bins, self._stride = half, 2 * self._stride

    def smoothed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Iterations and the smoothed loss, up to the newest value."""
        ends = self.first_iteration + self._stride * np.arange(1, self._bins + 1)
        x, y = ends.astype(np.float64), self._smooth[: self._bins].copy()
        if self._pending.shape[1]:
            x = np.append(x, self.first_iteration + self.iterations)
            y = np.append(y, self._pending[1, -1])
        return x, y

    def raw(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Iterations and raw loss, each bin as its smallest and its largest value in turn."""
        ends = self.first_iteration + self._stride * np.arange(1, self._bins + 1)
        if self._stride == 1:
            return ends.astype(np.float64), self._low[: self._bins].copy()
        y = np.stack([self._low[: self._bins], self._high[: self._bins]], 1)
        return np.repeat(ends.astype(np.float64), 2), y.reshape(-1)

    def latest(self) -> float | None:
        """The newest smoothed value."""
        return self._mean / self._weight if self._weight else None
