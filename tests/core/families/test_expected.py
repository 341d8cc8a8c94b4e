"""What is expected of each family, against sampling, quadrature and the tables of the sources."""

from typing import Any

import numpy as np
import pytest
import torch

from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.families import FAMILIES, Family
from explorer.core.families.bent import AbsoluteValue, Tanh
from explorer.core.families.closed_forms import CLOSED_FORMS, best_constant, reference_losses
from explorer.core.families.numerics import even_inputs
from explorer.core.families.sampling import sample
from tests.core.families.cases import BENT, INPUTS, WITH_PARAMETERS, family

BENDS: dict[str, Any] = {"tanh": Tanh, "abs": AbsoluteValue}
CASES = pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in (*WITH_PARAMETERS, *BENDS) for kind in ("usual", "odd")],
)


def made(name: str, kind: str) -> Family:
    """A family, or one that is only a component of others."""
    if name not in BENDS:
        return family(name, kind)
    result: Family = BENDS[name](**(BENT | INPUTS if kind == "odd" else {}))
    return result


@CASES
def test_expected_is_the_mean_of_samples(name: str, kind: str) -> None:
    """Power, mean and the best single function's loss of 260,000 sampled points, to 1 %."""
    chosen, moments = made(name, kind), made(name, kind).moments()
    drawn = sample(chosen, 2**18, 1, stream(1, "tasks"), stream(1, "noise"))
    x, y = drawn.x.double().flatten(), drawn.y.double().flatten()
    power = float(moments.weight @ moments.square) + chosen.noise**2
    assert float(y.square().mean()) == pytest.approx(power, rel=0.01)
    assert float(y.mean()) == pytest.approx(best_constant(moments), abs=0.01 * power**0.5)
    assert float(x.square().mean()) == pytest.approx(float(moments.weight @ moments.x**2), rel=0.01)
    # A formula's mean at so many inputs would take minutes.
    inputs = np.linspace(float(x.min()), float(x.max()), 2001)
    single = torch.from_numpy(np.interp(x.numpy(), inputs, chosen.expected(inputs)[0]))
    loss = power - float(moments.weight @ moments.mean**2)
    assert float((y - single).square().mean()) == pytest.approx(loss, rel=0.01)


@CASES
def test_expected_is_the_integral_over_tasks(name: str, kind: str) -> None:
    """At each input, quadrature over the tasks' uniform numbers gives E[f] and E[f²] to 1 %."""
    chosen = made(name, kind)
    sobol = torch.quasirandom.SobolEngine(chosen.uniforms, scramble=True, seed=2)
    tasks = chosen.task(sobol.draw(2**15, dtype=torch.float64)).unsqueeze(-2)
    x = np.linspace(chosen.x.low, chosen.x.high, 13)
    values = chosen.function(torch.from_numpy(x).view(-1, 1), tasks).squeeze(-1)
    mean, square = chosen.expected(x)
    np.testing.assert_allclose(square, values.square().mean(0), rtol=0.01)
    assert (np.abs(mean - values.mean(0).numpy()) < 0.01 * np.sqrt(square)).all()


# Predict 0, the best constant and the best single function, noise included, at three digits.
FLOORS = {
    "sine": (4.25, 4.15, 3.01),
    "line": (28.0, 28.0, 28.0),
    "quadratic": (5.51, 5.51, 5.51),
    "tanh": (5.40, 5.40, 5.40),
    "abs": (37.0, 37.0, 37.0),
    "mmaml-2": (16.2, 16.2, 15.9),
    "mmaml-3": (12.7, 12.7, 12.5),
    "mmaml-5": (16.1, 16.1, 16.1),
    "harmonic": (1.0, 1.0, 1.0),
    "multistep": (1.05, 1.05, 0.479),
    "sawtooth": (1 / 3, 1 / 12, 1 / 12),
}


@pytest.mark.parametrize("name", FLOORS)
def test_floors(name: str) -> None:
    """The reference losses are the known ones; a best constant that gains nothing is left out."""
    found = {each.label: each.mse for each in reference_losses(made(name, "usual"))}
    zero, constant, single = FLOORS[name]
    assert found["predict 0"] == pytest.approx(zero, rel=0.004)
    assert found.get("best constant", zero) == pytest.approx(constant, rel=0.01)
    assert found["best single function"] == pytest.approx(single, rel=0.004)


@pytest.mark.parametrize("name", FAMILIES)
def test_evaluation_meets_the_floors(name: str) -> None:
    """Evaluated on held-out tasks, closed forms that learn nothing reach their losses.

    Evaluation takes errors on a grid with both ends, where lines reach higher: hence 3 %.
    """
    chosen = family(name, "usual").changed(noise=0.0)
    losses = {each.label: each.mse for each in reference_losses(chosen)}
    for form, label in (("zero", "predict 0"), ("single", "best single function")):
        estimator = CLOSED_FORMS[form].start(chosen)
        assert estimator is not None
        found = evaluate(estimator, chosen, shots=2, steps=1, tasks=4000, alpha=0.01)
        assert found.mse[0] == pytest.approx(losses[label], rel=0.03)
        assert found.mse[1] == found.mse[0]


def test_even_inputs_integrate_cubics_exactly() -> None:
    """Simpson's weights give the means of powers up to the third over a range."""
    x, weight = even_inputs(made("line", "odd").x, 11)
    for power, mean in ((0, 1.0), (1, 1.5), (2, 13 / 3), (3, 255 / 20)):
        assert weight @ x**power == pytest.approx(mean)
