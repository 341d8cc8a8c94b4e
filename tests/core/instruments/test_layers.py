"""Which layer adapts: of networks with a context, of near misses, and at what cost."""

import numpy as np
import pytest
from torch import Tensor

from explorer.core.base.texts import loss_text
from explorer.core.insight.layers import gradient_shares, subset_errors
from explorer.core.instruments import layers as layers_module
from explorer.core.instruments.layers import LAYERS
from tests.core.insight.scenes import scene


def errors_of(role: str, free: tuple[bool, ...]) -> float:
    """After one step with only these parts free."""
    looked_at = scene(role)
    ((_, start),) = looked_at.networks
    found = subset_errors(
        *(start, [free], looked_at.x, looked_at.y, looked_at.grid, looked_at.truth.view(1, -1)),
        alpha=0.01,
    )
    return float(found[0, 1, 0])


def test_a_context_is_no_layer() -> None:
    """Of CAVIA the last layer is the third; the context has a name of its own everywhere."""
    reading = LAYERS.read(scene("cavia"), None)
    context = loss_text(errors_of("cavia", (False, False, False, True)))
    assert reading.sentence.startswith(f"With only its context values free CAVIA reaches {context}")
    subsets, shares = reading.panels
    assert subsets.names[:6] == ("none", "1", "2", "3", "c", "1+2")
    assert not any("4" in name for name in subsets.names)
    assert shares.names == ("layer 1", "layer 2", "layer 3", "context")


def test_networks_of_other_layers_are_left_out() -> None:
    """And it is said that they are."""
    reading = LAYERS.read(scene("maml", "cavia"), None)
    assert "left out" in reading.remarks[-1]
    assert {curve.role for curve in reading.panels[0].curves} == {"maml"}


@pytest.mark.parametrize(
    ("first", "last", "is_said"),
    [(2.0, 1.0, True), (1.1, 1.0, False), (np.nan, 1.0, False), (1.0, np.nan, False)],
)
def test_the_other_way_round_needs_a_margin(
    first: float, last: float, is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifth; where there is no number nothing is said. MAML's first layer leads here."""
    looked_at = scene("maml", "reptile")
    reptile = looked_at.networks[1][1]

    def errors(start: object, choices: list[tuple[bool, ...]], *rest: object, **how: int) -> Tensor:
        found = subset_errors(start, choices, *rest, **how)  # type: ignore[arg-type]
        if start is reptile:
            found[choices.index((True, False, False))] = first
            found[choices.index((False, False, True))] = last
        return found

    monkeypatch.setattr(layers_module, "subset_errors", errors)
    remarks = LAYERS.read(looked_at, None).remarks
    assert remarks == (("The other way round: Reptile.",) if is_said else ())


def test_gradients_are_taken_for_the_picture_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many parts there are is known without them."""
    asked: list[object] = []

    def count(*arguments: object) -> Tensor:
        asked.append(arguments)
        return gradient_shares(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(layers_module, "gradient_shares", count)
    LAYERS.read(scene("maml", "pretrained", "anil", "reptile"), None)
    assert len(asked) == 1
