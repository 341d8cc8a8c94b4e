"""Whoever looks at a network can have the training run that stands there."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.core.adaptation.starting_point import Start
from explorer.core.files.checkpoint import Checkpoint, load, save
from explorer.core.learners import LEARNERS
from explorer.core.training.loop import Run, advance, start
from explorer.resources import shipped_checkpoints
from explorer.state import competitors as competitors_module
from explorer.state.competitors import (
    Competitors,
    LazyCompetitor,
    from_checkpoint,
    from_run,
    from_shipped,
)
from tests.trainers import SMALL


def stands_there(one: LazyCompetitor, learner: str) -> bool:
    """Whether its run's learner starts as it does."""
    run, found = one.run(), one.start
    return run is not None and torch.equal(run.starting_point(learner).theta, found.theta)  # type: ignore[union-attr]


def shipped() -> Competitors:
    return from_shipped(*shipped_checkpoints())


def test_the_shipped_networks() -> None:
    """MAML's file holds its training; what needs none has none."""
    by_role = shipped().by_role
    assert stands_there(by_role["maml"], "maml")
    assert by_role["random"].run() is None
    assert by_role["ideal"].run() is None


def test_a_run_that_goes_on_stays_where_it_was() -> None:
    """Who asks for the run later gets the one at which the network was found."""
    newest: list[Run] = [start(SMALL)]
    competitors = from_run(SMALL, 0, ("maml", "pretrained"), lambda: newest[-1], shipped())
    first = competitors.by_role["maml"].start
    newest.append(advance(newest[-1], 3)[0])
    for name in ("maml", "pretrained"):
        run = competitors.by_role[name].run()
        assert run is newest[0]
        assert stands_there(competitors.by_role[name], name)
    assert competitors.by_role["maml"].start is first


def test_a_file(tmp_path: Path) -> None:
    """With its run, or with weights alone."""
    run, _ = advance(start(SMALL, ("maml", "anil")), 2)
    for resumable in (True, False):
        save(tmp_path / "file.safetensors", run, "maml", resumable)
        found = from_checkpoint(load(tmp_path / "file.safetensors"), shipped()).by_role["maml"]
        assert (found.run() is not None) == resumable
        assert not resumable or stands_there(found, "maml")
    assert set(run.learners) < set(LEARNERS)


def at_once(ask: Callable[[], object], asked: threading.Event, gate: threading.Event) -> list[Any]:
    """What two threads get, of which the second asks while the first is being answered."""
    found: list[Any] = []
    came = threading.Semaphore(0)

    def come() -> None:
        came.release()
        found.append(ask())

    threads = [threading.Thread(target=come) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert came.acquire(timeout=10)
        assert asked.wait(10)
    gate.set()
    for thread in threads:
        thread.join()
    return found


def test_two_threads_get_the_same_run() -> None:
    """The sandbox's worker and the instruments' may be first at once, while training goes on."""
    asked, gate = threading.Event(), threading.Event()
    runs = [start(SMALL, ("maml",)), advance(start(SMALL, ("maml",)), 1)[0]]

    def newest() -> Run:
        asked.set()
        gate.wait(10)
        return runs.pop(0)

    member = from_run(SMALL, 0, ("maml",), newest, shipped()).by_role["maml"]
    one, other = at_once(member.run, asked, gate)
    assert one is other
    assert stands_there(member, "maml")


def test_two_threads_get_the_same_start() -> None:
    """Or a learner would be taken for another one."""
    asked, gate = threading.Event(), threading.Event()

    def find() -> Start:
        asked.set()
        gate.wait(10)
        return start(SMALL, ("maml",)).starting_point("maml")

    one, other = at_once(partial(getattr, LazyCompetitor("MAML", find), "start"), asked, gate)
    assert one is other


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though instruments ask for the run in every frame."""
    read: list[Path] = []

    def count(path: Path) -> Checkpoint:
        read.append(path)
        return load(path)

    monkeypatch.setattr(competitors_module, "load", count)
    member = shipped().by_role["maml"]
    assert member.start is member.start
    assert member.run() is member.run() is not None
    assert len(read) == 1
