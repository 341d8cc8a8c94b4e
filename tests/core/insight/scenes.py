"""Scenes to look at: the fixture of ten even points on one sine, with shipped networks."""

from explorer.core.families import DEFAULT_TASK, Family
from explorer.core.families.sine import Sine
from explorer.core.files.checkpoint import load
from explorer.core.insight.scene import Member, Scene
from explorer.core.jobs.competitor import untrained
from explorer.core.learners import RANDOM, UNTRAINED
from explorer.resources import shipped_checkpoints

EVEN = tuple(-4.5 + place for place in range(10))


def untrained_member() -> Member:
    """The network before training."""
    return Member(RANDOM, UNTRAINED, untrained(load(shipped_checkpoints()[0]).settings))


def shipped(*roles: str) -> tuple[Member, ...]:
    """The shipped learners of these names, or all."""
    found = {loaded.learner: loaded for loaded in map(load, shipped_checkpoints())}
    names = roles or tuple(found)
    return tuple(Member(name, found[name].label, found[name].start) for name in names)


def scene(
    *roles: str,
    task: tuple[float, ...] = DEFAULT_TASK,
    inputs: tuple[float, ...] = EVEN,
    family: Family | None = None,
    steps: int = 10,
    step: int = 1,
    alpha: float = 0.01,
) -> Scene:
    """Points on a task of the family, the sine's by default, and the shipped learners."""
    tasks = family or Sine()
    support = tuple((x, tasks.value(x, task)) for x in inputs)
    settings = load(shipped_checkpoints()[0]).settings
    return Scene(tasks, task, support, alpha, steps, step, shipped(*roles), settings)
