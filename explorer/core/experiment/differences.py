"""What of an experiment differs from the paper, and what its α amounts to, said for people."""

from typing import NamedTuple

from explorer.core.base.fields import descriptions
from explorer.core.base.texts import value_text
from explorer.core.experiment.settings import Settings

PAPER = Settings()
# Section 5.1 does not give them; the values are those of the authors' code, but for
# the initial weights, which are PyTorch's.
UNSTATED = {"query", "meta_batch", "beta", "iterations", "initialisation"}
_NO_DIFFERENCE = {"seed"}  # chance is part of the experiment, no change to it


class Difference(NamedTuple):
    """A setting that is not the paper's.

    Attributes:
        label: what the setting is called.
        paper: the paper's value.
        ours: the value set here.
    """

    label: str
    paper: str
    ours: str


def differences(settings: Settings) -> list[Difference]:
    """Every setting that differs from the paper, in the order of the form; not the seed.

    Where the paper is silent, its value says so.
    """
    result = []
    names = settings.descriptions.keys() & PAPER.descriptions.keys() - _NO_DIFFERENCE
    if type(settings.family) is not type(PAPER.family):  # its own ranges compare with nothing
        names -= descriptions(type(settings.family)).keys() - {"x", "noise"}
    for name, description in settings.descriptions.items():
        if name not in names:
            continue
        paper, ours = PAPER.value(name), settings.value(name)
        if ours != paper:
            said = value_text(description, paper)
            if name in UNSTATED:
                said = f"not stated, {said} here"
            result.append(Difference(description.label, said, value_text(description, ours)))
    return result


def effective_alpha_text(settings: Settings) -> str:
    """What α amounts to on the mean squared error, such as "0.01 on the sum … is 0.1"."""
    alpha, points = f"{settings.alpha:g}", settings.shots
    effective = f"{settings.effective_alpha:g}"
    match settings.reduction:
        case "sum":
            return f"α = {alpha} on the sum over {points} points is {effective} on the mean."
        case "mean/K":
            return (
                f"α = {alpha} on the mean divided by {points} once more is {effective} on the mean."
            )
        case _:
            return f"α = {alpha} on the mean over {points} points."
