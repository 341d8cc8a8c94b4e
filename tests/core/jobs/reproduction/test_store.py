"""Trainings on disk: none is done twice, and nothing that stops one costs it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.core.base.errors import TrainingDivergedError, UserError
from explorer.core.files.checkpoint import load
from explorer.core.jobs.progress import Meter
from explorer.core.jobs.reproduction import ITEMS, store
from explorer.core.jobs.reproduction.plan import standard_store
from explorer.core.jobs.reproduction.store import DAMAGED, Kept, Training, plain, trained
from explorer.core.training.loop import Run, TrainEvent, advance, start, train
from tests.core.jobs.reproduction.plans import course, numbers, outcome, result, tiny_plan


def finished(training: Training, folder: Path) -> tuple[Kept, list[str]]:
    """Carry a training to its end; also what it said it was doing."""
    said: list[str] = []
    work = trained(Meter(1.0), 1.0, training, folder)
    return outcome(work, lambda progress: said.append(progress.doing)), said


def iterations_trained(said: list[str]) -> int:
    """How often a training reported a chunk."""
    return sum(text.startswith("training") for text in said)


def test_a_finished_training_is_read(tmp_path: Path) -> None:
    """The second time nothing is trained, and the run is the same."""
    training = plain(tiny_plan(tmp_path), "maml")
    first, said = finished(training, tmp_path)
    assert iterations_trained(said) > 0
    second, said = finished(training, tmp_path)
    assert iterations_trained(said) == 0
    assert torch.equal(first.run.learners["maml"].meta, second.run.learners["maml"].meta)


def test_learners_see_the_same_tasks_as_side_by_side(tmp_path: Path) -> None:
    """Training each by itself gives the numbers of training them together."""
    plan = tiny_plan(tmp_path)
    together, _ = advance(start(plan.settings, ("maml", "pretrained")), 40)
    for name in ("maml", "pretrained"):
        alone, _ = finished(plain(plan, name), tmp_path)
        assert torch.equal(alone.run.learners[name].meta, together.learners[name].meta)


@pytest.mark.parametrize("learner", ["maml", "averaged-pulled"])
def test_a_stopped_training_goes_on(tmp_path: Path, learner: str) -> None:
    """Closing it keeps every chunk that was reported, and the end is that of no stop at all."""
    training = plain(tiny_plan(tmp_path), learner)
    work = trained(Meter(1.0), 1.0, training, tmp_path)
    while not next(work).doing.startswith("training"):
        pass
    share = next(work).done
    work.close()
    file = load(tmp_path / training.file_name)
    assert file.iteration == round(share * training.settings.iterations)
    assert 0 < file.iteration < training.settings.iterations
    resumed, _ = finished(training, tmp_path)
    whole, _ = finished(training, tmp_path / "elsewhere")
    assert torch.equal(resumed.run.learners[learner].meta, whole.run.learners[learner].meta)


def test_a_long_training_is_saved_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed loses no more than the time between two saves."""
    monkeypatch.setattr(store, "SAVE_SECONDS", 0.0)
    training = plain(tiny_plan(tmp_path), "maml")
    work = trained(Meter(1.0), 1.0, training, tmp_path)
    while not next(work).doing.startswith("training"):
        pass
    next(work)  # had the process been killed now, without any clean-up
    assert (load(tmp_path / training.file_name).iteration or 0) > 0
    work.close()


def test_a_stopped_job_goes_on_to_the_same_figure(tmp_path: Path) -> None:
    """Wherever it is stopped, the next attempt shows what one attempt would have shown."""
    plan = tiny_plan(tmp_path / "stopped")
    moments = len(course("fig3", tiny_plan(tmp_path / "counted")))
    for stop in (2, moments // 3, moments // 2):
        job = ITEMS["fig3"].job(plan)
        for _ in range(stop):
            next(job)
        job.close()
    expected = result("fig3", tiny_plan(tmp_path / "counted"))
    assert numbers(result("fig3", plan)) == numbers(expected)


def failing_at(learner: str) -> Callable[[Run], Iterator[TrainEvent]]:
    """A trainer that fails at one learner after a chunk."""

    def trainer(run: Run) -> Iterator[TrainEvent]:
        for event in train(run):
            yield event
            if learner in run.learners:
                raise TrainingDivergedError("left the finite numbers")

    return trainer


def test_a_failing_training_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before it are kept whole, and it is kept up to where it failed."""
    plan = tiny_plan(tmp_path)
    monkeypatch.setattr(store, "train", failing_at("pretrained"))
    with pytest.raises(TrainingDivergedError):
        result("fig3", plan)
    assert load(tmp_path / plain(plan, "maml").file_name).iteration == 40
    assert (load(tmp_path / plain(plan, "pretrained").file_name).iteration or 0) > 0


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_a_damaged_file_is_named_set_aside_and_redone(tmp_path: Path, damage: bytes | None) -> None:
    """The figure says so, and its numbers are those of an undamaged store."""
    plan = tiny_plan(tmp_path)
    expected = numbers(result("fig3", plan))
    path = tmp_path / plain(plan, "maml").file_name
    content = path.read_bytes()[:-100] if damage is None else damage
    path.write_bytes(content)
    figure = result("fig3", plan)
    assert numbers(figure) == expected
    (line,) = (line for line in figure.protocol if "damaged" in line)
    assert path.name in line
    assert path.with_name(path.name + DAMAGED).read_bytes() == content
    assert load(path).iteration == 40


def test_a_file_of_another_experiment_is_not_taken(tmp_path: Path) -> None:
    """Its settings decide, whatever its name."""
    plan = tiny_plan(tmp_path)
    other = plain(tiny_plan(tmp_path, seed=9), "maml")
    finished(other, tmp_path)
    wanted = plain(plan, "maml")
    (tmp_path / other.file_name).rename(tmp_path / wanted.file_name)
    kept, _ = finished(wanted, tmp_path)
    assert kept.run.settings.seed == plan.seed
    assert kept.damage


def test_names_differ_with_whatever_decides(tmp_path: Path) -> None:
    """Learner, seed, length and any other setting."""
    training = plain(tiny_plan(tmp_path), "maml")
    others = [
        replace(training, learner="pretrained"),
        replace(training, settings=replace(training.settings, seed=4)),
        replace(training, settings=replace(training.settings, iterations=41)),
        replace(training, settings=replace(training.settings, alpha=0.02)),
    ]
    assert len({each.file_name for each in [training, *others]}) == 5


def test_what_is_done_is_not_estimated_again(tmp_path: Path) -> None:
    """Time left falls to none as a training is kept."""
    training = plain(tiny_plan(tmp_path), "averaged")
    assert training.seconds_left(tmp_path) > 0
    finished(training, tmp_path)
    assert training.seconds_left(tmp_path) == 0


def test_a_store_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """One sentence that names the folder and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="XDG_DATA_HOME") as refusal:
        result("fig3", tiny_plan(tmp_path / "file" / "store"))
    assert str(tmp_path / "file" / "store") in str(refusal.value)


def test_the_store_follows_the_users_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the XDG base directory specification has it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert standard_store() == tmp_path / "maml-explorer" / "reproduction"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert standard_store().is_relative_to(Path.home() / ".local" / "share")
