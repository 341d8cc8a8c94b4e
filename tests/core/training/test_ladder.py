"""The ladder: where a run's learners stood in the past, as if the run had stopped there."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import NetworkStart
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import parameter_count
from explorer.core.training import ladder as ladder_module
from explorer.core.training.ladder import MOST_RUNGS, Ladder, marks, to_next
from explorer.core.training.loop import Progress, Run, advance, start, train
from tests.core.training.runs import SMALL, finish

UNTIL = 45
ALL = tuple(LEARNERS)
LONG = SMALL.changed(iterations=70_000)


@pytest.fixture(scope="module")
def trained() -> Run:
    """Every learner, trained with a ladder."""
    return finish(start(SMALL, ALL), UNTIL)


def curve(start: NetworkStart) -> torch.Tensor:
    """Predictions after each of three steps on some points of one task."""
    x = torch.linspace(-4, 4, 3).view(1, -1, 1)
    grid, task = torch.linspace(-5, 5, 50), torch.tensor([[[2.0, 1.0]]])
    steps = adapt(start, x, torch.sin(x), grid, alpha=0.02, steps=3, task=task[0])
    return torch.cat([step.prediction for step in steps])


def assert_same_ladder(one: Ladder, other: Ladder) -> None:
    """Equality bit for bit, but for what belongs to one run alone: its memory."""
    assert one.iterations == other.iterations
    for mine, theirs in zip(one.rungs, other.rungs, strict=True):
        assert list(mine.learned) == list(theirs.learned)
        assert all(torch.equal(mine.learned[name], theirs.learned[name]) for name in mine.learned)


def test_rungs_are_geometric() -> None:
    """From 0, one by one at first and then a thirteenth apart, never more than 200 of them."""
    whole = marks(LONG, {"maml": 1761})
    assert whole[:14] == tuple(range(14))
    assert len(whole) <= MOST_RUNGS
    assert whole[-1] * 14 // 13 + 1 > 10_000_000 >= whole[-1]
    for low, high in pairwise(whole):
        assert high == low + 1 + low // 13
    assert 100 < len([each for each in whole if each <= 70_000]) < 140


def test_the_next_rung() -> None:
    """Counted from a rung, from between two, and beyond the last."""
    assert to_next((0, 4, 8), 4) == 4
    assert to_next((0, 4, 8), 5) == 3
    assert to_next((0, 4, 8), 8) >= 10_000_000


@pytest.mark.parametrize("learner", ALL)
def test_a_rung_is_a_run_stopped_there(trained: Run, learner: str) -> None:
    """The curves from a rung are those of a run that ended at it, bit for bit."""
    for moment in (0, 1, 17, 30, UNTIL):
        assert moment in trained.moments
        stopped = advance(start(SMALL, (learner,)), moment)[0] if moment else start(SMALL, ALL)
        then, there = trained.starting_point(learner, moment), stopped.starting_point(learner)
        assert torch.equal(then.theta, there.theta)
        assert torch.equal(curve(then), curve(there))


def test_every_moment_is_there(trained: Run) -> None:
    """Each rung up to where the run is, and where it is; nothing in between."""
    rungs = tuple(each for each in trained.marks if each <= UNTIL)
    assert trained.moments == (*rungs, UNTIL)
    assert advance(trained, 1)[0].moments == (*rungs, UNTIL + 1)
    assert finish(trained, 47).moments == (*rungs, 47)
    with pytest.raises(KeyError):
        trained.starting_point("maml", 26)
    with pytest.raises(KeyError):
        Ladder().at(0)


def test_chunks_end_at_rungs() -> None:
    """Every rung is the end of a chunk, so that nothing is trained twice."""
    ends = [
        event.run.iteration for event in train(start(SMALL), 100) if isinstance(event, Progress)
    ]
    run = start(SMALL)
    assert {each for each in run.marks if 0 < each <= 100} <= {*ends}


def test_a_resumed_run_goes_on_with_the_same_ladder() -> None:
    """However often it was interrupted, and whoever carried it forward."""
    whole = finish(start(SMALL), 60)
    run = start(SMALL)
    for until in (1, 13, 29, 55, 60):
        run = finish(run, until)
    assert_same_ladder(run.ladder, whole.ladder)
    jumped = finish(advance(start(SMALL), 28)[0], 60)
    assert jumped.moments == (0, *(each for each in whole.moments if each > 28))


def test_a_ladder_is_never_changed(trained: Run) -> None:
    """A run of the past keeps the ladder and the numbers that it had."""
    early = finish(start(SMALL), 20)
    copies = [rung.learned["maml"].clone() for rung in early.ladder.rungs]
    later = finish(early, 40)
    assert early.moments == (*range(14), 15, 17, 19, 20)
    assert later.moments[:17] == early.moments[:-1]
    for rung, copy in zip(early.ladder.rungs, copies, strict=True):
        assert torch.equal(rung.learned["maml"], copy)
    assert trained.on_ladder().ladder is trained.ladder


def test_averaged_networks_leave_their_mean(trained: Run) -> None:
    """A rung has as many numbers of them as of one network; of Meta-SGD its step sizes too."""
    size = parameter_count(LEARNERS["maml"].network(SMALL))
    for rung in trained.ladder.rungs:
        for name, rule in LEARNERS.items():
            if rule.own_tasks is not None:
                assert rung.learned[name].shape == (size,)
                assert rung.learned[name].untyped_storage().nbytes() == 4 * size
        assert rung.learned["meta-sgd"].shape == (2 * size,)


def test_large_learners_have_fewer_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many that a whole ladder stays within its memory; also of a run that is made longer."""
    small = {"maml": 1761, "pretrained": 1761}
    every = marks(LONG, small)
    monkeypatch.setattr(ladder_module, "MOST_NUMBERS", 40 * 2 * 1761)
    fewer = marks(LONG, small)
    assert 20 <= len([each for each in fewer if each <= 70_000]) <= 40
    assert fewer == every[::4]
    size = len(start(SMALL).learners["maml"].meta)
    monkeypatch.setattr(ladder_module, "MOST_NUMBERS", 20 * 2 * size)
    run = finish(start(SMALL.changed(iterations=20)), 20)
    assert run.moments == (*range(14), 15, 17, 19, 20)
    longer = finish(replace(run, settings=SMALL.changed(iterations=40)), 40)
    assert longer.ladder.iterations == tuple(each for each in longer.marks if each <= 40)
    assert longer.moments == (*range(0, 13, 2), 15, 19, 23, 27, 33, 39, 40)


def test_huge_learners_have_the_first_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a few fit, the way back to the start remains, and the newest."""
    monkeypatch.setattr(ladder_module, "MOST_NUMBERS", 10)
    assert finish(start(SMALL), 30).moments == (0, 30)
