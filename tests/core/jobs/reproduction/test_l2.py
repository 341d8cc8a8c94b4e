"""The search for the paper's line with l2."""

import math
from pathlib import Path

import pytest

from explorer.core.evaluation.evaluation import Evaluation
from explorer.core.jobs.reproduction.l2 import (
    ALPHAS_SEARCHED,
    BEGINS,
    PENALTIES_SEARCHED,
    Choice,
    closest,
    factor,
)
from explorer.core.jobs.reproduction.over_seeds import OverSeeds
from explorer.core.jobs.reproduction.plan import SHARED_ALPHA, SHARED_START, Plan
from explorer.core.jobs.reproduction.published import TABLE2
from explorer.core.jobs.reproduction.table_lines import SHARED, entries
from tests.core.jobs.reproduction.plans import result, tiny_plan

L2 = TABLE2["averaged-l2"]


def errors(scale: float, diverged: int = 0) -> OverSeeds:
    """The paper's line with l2, times so much."""
    mse = tuple(scale * L2.get(step, 1.0) for step in range(11))
    half, lost = (0.1,) * 11, (diverged,) * 11
    return OverSeeds((Evaluation(5, 600, mse, half, mse, half, mse, lost, (0,) * 11),))


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_factor_is_of_the_worst_number(scale: float) -> None:
    """Too small is as bad as too large."""
    assert factor(errors(scale), L2) == pytest.approx(max(scale, 1 / scale))
    assert math.isnan(factor(errors(math.nan), L2))


def test_the_closest_loses_few_tasks() -> None:
    """A mean without the hard tasks is none; the line without l2 is none with it."""
    own, shared = BEGINS[:2]
    found = {
        Choice(own, 0.001, 0.01): errors(2.0),
        Choice(shared, 0.001, 0.01): errors(1.5),
        Choice(shared, 0.001, 0.03): errors(1.1, diverged=31),
        Choice(shared, 0.0, 0.02): errors(1.0),
    }
    assert closest(found, "averaged-l2") == Choice(shared, 0.001, 0.01)
    assert closest(found, "averaged-l2", own) == Choice(own, 0.001, 0.01)
    assert closest({}, "averaged-l2") is None


def test_the_search_is_shown_whole(tmp_path: Path) -> None:
    """A map for each start, every λ and α in it, and rows of the closest to both lines."""
    figure = result("l2", tiny_plan(tmp_path))
    maps = [panel.heat_map for panel in figure.panels if panel.heat_map is not None]
    assert len(maps) == len(BEGINS)
    shape = len(PENALTIES_SEARCHED), len(ALPHAS_SEARCHED)
    assert all(heat.values.shape == shape and (heat.values >= 1).all() for heat in maps)
    assert {row.learner for row in figure.rows} <= {"averaged", "averaged-l2"}
    assert len(list(tmp_path.iterdir())) == len(BEGINS) * len(PENALTIES_SEARCHED)


def test_the_table_has_what_the_search_found() -> None:
    """Its variant is one of the choices searched, with all the networks."""
    plan = Plan(quick=False, seed=0, store=Path())
    (entry,) = (each for each in entries(plan) if each.name == SHARED)
    assert entry.alpha == SHARED_ALPHA in ALPHAS_SEARCHED
    assert SHARED_START["penalty"] in PENALTIES_SEARCHED
    settings = entry.training.settings
    assert (settings.iterations, settings.value("networks")) == (4_000, 500)
    assert settings.value("averaged_start") == "shared"
