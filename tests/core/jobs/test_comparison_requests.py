"""Comparisons that cannot be are refused in a sentence."""

import math
from dataclasses import replace

import pytest

from explorer.core.base.errors import UserError
from explorer.core.base.fields import Range
from explorer.core.families import Sine
from explorer.core.jobs.comparison import compare
from explorer.core.jobs.comparison_request import Comparison
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.step_grid import step_grid
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.core.training.loop import start
from tests.core.jobs.comparisons import SHORT, Slopes, results
from tests.trainers import SMALL


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shots": ()}, "Support points"),
        ({"shots": (0,)}, "Support points"),
        ({"shots": (5, 5)}, "once"),
        ({"steps": -1}, "steps"),
        ({"steps": 10**6}, "steps"),
        ({"tasks": 0}, "Tasks"),
        ({"seed": -1}, "Seed"),
        ({"alpha": 0.0}, "α"),
        ({"alpha": math.nan}, "α"),
        ({"alpha": "best"}, "own"),
        ({"tasks": 100_000, "steps": 1000}, "memory"),
    ],
)
def test_bad_requests_are_refused(values: dict[str, object], words: str) -> None:
    """In one sentence, before any work."""
    with pytest.raises(UserError, match=words):
        Comparison(**values)  # type: ignore[arg-type]


def test_bad_competitors_are_refused(pair: list[Competitor]) -> None:
    """None, the same twice, one without a network, and a reference that is not there."""
    for request, competitors, words in (
        (SHORT, [], "at least one"),
        (SHORT, [pair[0], pair[0]], "twice"),
        (SHORT, [Competitor("MAML", "maml")], "no network"),
        (replace(SHORT, reference="ANIL"), pair, "ANIL is not among"),
    ):
        with pytest.raises(UserError, match=words):
            next(iter(compare(request, competitors)))


def test_a_distribution_reads_well() -> None:
    """With π where it is meant, and only what differs."""
    paper = Sine()
    assert paper.text() == "A from 0.1 to 5, φ from 0 to π, x from −5 to 5, no noise"
    other = Sine(phase=Range(-math.pi, 2 * math.pi), noise=0.3)
    assert other.difference(paper) == "φ from −π to 2π, noise σ = 0.3"
    assert paper.difference(paper) == ""
    with pytest.raises(UserError, match="first value"):
        Sine(x=Range(3, 1))


def test_who_is_told_the_task_knows_no_other_family() -> None:
    """One sentence, for a comparison and a grid alike; its own tasks with other ranges are fine."""
    run = start(SMALL, ("oracle",))
    oracle = Competitor("Oracle", "oracle", run.starting_point("oracle"), SMALL)
    words = "Oracle is told the parameters of Sine tasks and knows no others: leave it out, or"
    with pytest.raises(UserError, match=words):
        next(compare(replace(SHORT, family=Slopes()), [oracle]))
    with pytest.raises(UserError, match=words):
        next(step_grid(StepGrid(shots=(2,), steps=1, family=Slopes()), oracle))
    narrow = replace(SHORT, family=Sine(amplitude=Range(1, 2)))
    assert len(results(narrow, [oracle])) == 2
