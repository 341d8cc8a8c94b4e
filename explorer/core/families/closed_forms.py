"""Learners that need no network: closed forms that show what can be known about a sine.

A sine A·sin(x − φ) is a·sin x + b·cos x with a = A·cos φ and b = −A·sin φ. Before any point is
seen, (a, b) has a mean and a covariance that follow from the task distribution; from K points
follows the best linear estimate of (a, b). Without noise two points in general position determine
it, so its error is 0: the floor under every learner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.reference_losses import best_single_coefficients, coefficient_covariance

if TYPE_CHECKING:
    from torch import Tensor

_SINGULAR = 1e-12  # share of the largest eigenvalue below which the points tell nothing


@dataclass(frozen=True)
class SineEstimator:
    """Estimates (a, b) of a sine from points on it.

    Attributes:
        mean: of (a, b) before any point is seen.
        spread: L in the covariance LLᵀ of (a, b), row by row.
        noise: standard deviation of the points' targets.
    """

    mean: tuple[float, float]
    spread: tuple[float, float, float, float]
    noise: float

    def estimate(self, x: Tensor, y: Tensor) -> Tensor:
        """(a, b) of each task ``(T, 2)`` in float64, from points x and y ``(T, K, 1)``.

        The best linear estimate m + Lz with z = (ΨᵀΨ + σ²I)⁺Ψᵀ(y − Φm), Ψ = ΦL and the rows of Φ
        being (sin x, cos x).
        """
        mean = torch.tensor(self.mean, dtype=torch.float64)
        spread = torch.tensor(self.spread, dtype=torch.float64).view(2, 2)
        waves = _waves(x)
        seen = waves @ spread
        square = seen.transpose(-1, -2) @ seen + self.noise**2 * torch.eye(2, dtype=torch.float64)
        rest = y.double() - (waves @ mean).unsqueeze(-1)
        inverse = torch.linalg.pinv(square, rtol=_SINGULAR, hermitian=True)
        z = inverse @ (seen.transpose(-1, -2) @ rest)
        found: Tensor = mean + (spread @ z).squeeze(-1)
        return found

    def steps(
        self, support_x: Tensor, support_y: Tensor, grid: Tensor, steps: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Support losses ``(T,)`` and predictions ``(T, G)``, before and after seeing the points.

        There are no gradient steps; the estimate comes with the first and stays.
        """
        before = torch.tensor(self.mean, dtype=torch.float64).expand(len(support_x), 2)
        after = self.estimate(support_x, support_y)
        inputs = grid.view(1, -1, 1)

        def seen(coefficients: Tensor) -> tuple[Tensor, Tensor]:
            """Support losses and predictions of sines with (a, b) ``(T, 2)``."""
            columns = coefficients.unsqueeze(-1)
            error = _waves(support_x) @ columns - support_y
            prediction = (_waves(inputs) @ columns).squeeze(-1)
            return error.square().mean((-2, -1)).to(grid.dtype), prediction.to(grid.dtype)

        yield seen(before)
        yield from repeat(seen(after), steps)


def _waves(x: Tensor) -> Tensor:
    """Sin x and cos x, ``(T, K, 2)`` in float64."""
    x = x.double()
    return torch.cat([torch.sin(x), torch.cos(x)], -1)


@dataclass(frozen=True)
class Analytic:
    """A learner in closed form.

    Attributes:
        name: identifier on the command line.
        label: what people read.
        source: what it knows.
        start: the estimator for a task distribution.
    """

    name: str
    label: str
    source: str
    start: Callable[[Settings], SineEstimator]


def _zero(_settings: Settings) -> SineEstimator:
    return SineEstimator((0.0, 0.0), (0.0, 0.0, 0.0, 0.0), 0.0)


def _single(settings: Settings) -> SineEstimator:
    return SineEstimator(best_single_coefficients(settings), (0.0, 0.0, 0.0, 0.0), 0.0)


def _ideal(settings: Settings) -> SineEstimator:
    (aa, ab), (_, bb) = coefficient_covariance(settings)
    root = math.sqrt(max(aa, 0.0))  # the Cholesky factor
    below = ab / root if root else 0.0
    rest = math.sqrt(max(bb - below * below, 0.0))
    return SineEstimator(
        best_single_coefficients(settings), (root, 0.0, below, rest), settings.noise
    )


ANALYTIC = {
    learner.name: learner
    for learner in (
        Analytic("zero", "Predict 0", "knows nothing", _zero),
        Analytic(
            "single", "Best single function", "knows the mean of all sines: −1.623·cos x in the "
            "paper's experiment", _single,
        ),
        Analytic(
            "ideal", "Ideal learner", "knows that the task is a sine, and fits A and φ exactly",
            _ideal,
        ),
    )
}  # fmt: skip
