"""Inspections without the progress that is told meanwhile."""

from collections.abc import Generator

from explorer.core.adaptation.starting_point import Start
from explorer.core.insight.report import Inspection, Plan, inspecting


def inspected(start: Start, plan: Plan) -> Inspection:
    """What is found; the shares told on the way rise to 1."""
    found: list[Inspection] = []
    shares = list(_kept(inspecting(start, plan), found))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return found[0]


def _kept(
    work: Generator[float, None, Inspection], found: list[Inspection]
) -> Generator[float, None, None]:
    found.append((yield from work))
