"""What may be trained together without making Pause wait."""

import pytest
import torch

from explorer.core.engine import loop
from explorer.core.engine.checking import CHECK
from explorer.core.engine.program import Program
from explorer.core.engine.recording import Recording
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.learners import LEARNERS
from explorer.core.training.cost import MAX_SECONDS, iteration_seconds, too_much
from explorer.core.training.loop import advance, start
from explorer.core.training.outer_loop import compiled_chunk, plain_chunk
from tests.trainers import SMALL

WIDE = Settings(hidden=(256, 256), meta_batch=60)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_trained_with_all_learners(name: str) -> None:
    """Nobody who compares everything on a known code's settings is turned away."""
    assert too_much(PRESETS[name].settings, tuple(LEARNERS)) == ""


@pytest.mark.parametrize(
    ("settings", "learners", "words"),
    [
        (WIDE, ("maml", "averaged"), ("Averaged", "number of averaged networks")),
        (Settings(meta_batch=1000, reptile_steps=100), ("reptile",), ("Reptile's steps",)),
        (
            Settings(meta_batch=1000, implicit_steps=100),
            ("pretrained", "imaml", "maml"),
            ("iMAML's steps", "without it"),
        ),
    ],
)
def test_what_takes_too_long_is_refused(
    settings: Settings, learners: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """A sentence says how long and what to lower; without the slowest it goes."""
    sentence = too_much(settings, learners)
    for word in words:
        assert word in sentence
    assert too_much(settings, ("maml",)) == ""


def test_company_is_not_refused() -> None:
    """Pause waits for one learner only, so that what can be trained alone can be together."""
    settings = Settings(inner_steps=20, meta_batch=195, reptile_steps=50)
    names = [name for name in LEARNERS if too_much(settings, (name,)) == ""]
    assert iteration_seconds(settings, names) > MAX_SECONDS
    assert too_much(settings, names) == ""


def test_together_costs_the_sum_of_the_parts() -> None:
    """No learner is slower in company."""
    names = ("maml", "reptile", "averaged")
    parts = [iteration_seconds(WIDE, (name,)) for name in names]
    assert iteration_seconds(WIDE, names) == pytest.approx(sum(parts))


def test_the_estimate_follows_what_a_learner_computes() -> None:
    """Second order costs twice as much as first, ten steps ten times as much as one, and so on."""

    def cost(learner: str, **settings: object) -> float:
        return iteration_seconds(Settings(**settings), (learner,))  # type: ignore[arg-type]

    assert cost("maml") == pytest.approx(2 * cost("first-order"))
    assert cost("maml", meta_batch=50) == pytest.approx(2 * cost("maml"))
    assert cost("reptile", reptile_steps=20) == pytest.approx(10 * cost("reptile", reptile_steps=2))
    assert cost("maml", outer_loss="every", inner_steps=5) > cost("maml", inner_steps=5)
    assert cost("averaged", networks=1000) == pytest.approx(2 * cost("averaged"))
    assert cost("oracle") > cost("pretrained")
    assert cost("maml") == pytest.approx(0.21e-3, rel=0.05)


def test_support_and_query_points_cost_what_they_are_used_for() -> None:
    """A query point takes a gradient, a support point a gradient and a product for each step."""

    def cost(learner: str) -> float:
        return iteration_seconds(settings, (learner,)) / iteration_seconds(Settings(), (learner,))

    settings = Settings(shots=5, query=35)
    assert cost("pretrained") == pytest.approx(40 / 20)
    assert cost("first-order") == pytest.approx(40 / 20)
    assert cost("maml") == pytest.approx((5 * 9 + 35 * 3) / (10 * 9 + 10 * 3))
    assert cost("reptile") == pytest.approx(40 / 20)


@pytest.mark.parametrize("tasks", [40, 131, 400])
def test_many_tasks_are_few_programs(tasks: int) -> None:
    """However large the meta-batch, its gradient is that of plain Python, for rounding."""
    settings = SMALL.changed(meta_batch=tasks)
    run = start(settings, ("maml",))
    compiled, plain = (advance(run, 2, chunk)[0] for chunk in (compiled_chunk, plain_chunk))
    torch.testing.assert_close(compiled.learners["maml"].meta, plain.learners["maml"].meta)


def test_the_first_iteration_of_many_tasks_does_not_take_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is recorded before it does not grow with the meta-batch."""
    sizes = []

    def counting(program: Recording) -> Program:
        sizes.append(len(program.instructions))
        return assemble(program)

    monkeypatch.delenv(CHECK, raising=False)  # its programs are not of interest
    assemble = loop.program.assemble
    monkeypatch.setattr(loop.program, "assemble", counting)
    for tasks in (401, 999):
        advance(start(SMALL.changed(meta_batch=tasks), ("maml",)), 1)
    assert len(sizes) == 2
    assert sizes[0] == sizes[1]
