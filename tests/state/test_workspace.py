"""How training, sandbox and files bear on each other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.base.random_streams import stream
from explorer.core.files.checkpoint import load, save
from explorer.core.jobs import competitor
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import initialise, make_network, to_state_dict
from explorer.core.training.loop import CHUNK_SECONDS, Run, advance, start
from explorer.state import competitors as state_competitors
from explorer.state import training_session as session_module
from explorer.state import workspace as workspace_module
from explorer.state.training_session import Phase, train_newest
from explorer.state.workspace import Workspace
from tests.shipped import PRESENT
from tests.trainers import SMALL, GatedTrainer


@pytest.fixture
def workspace(qapp: object) -> Iterator[Workspace]:
    workspace = Workspace(SMALL)
    workspace.start()
    yield workspace
    workspace.shut_down()


@pytest.fixture
def told(workspace: Workspace) -> list[tuple[str, str]]:
    """Every notice so far."""
    notices: list[tuple[str, str]] = []
    workspace.notice.connect(lambda *words: notices.append(words))
    return notices


def saved_run(folder: Path, iterations: int = 20) -> tuple[Path, Run]:
    """A resumable file and the run in it."""
    run = advance(start(replace(SMALL, seed=8)), iterations)[0]
    path = folder / "run.safetensors"
    save(path, run, "maml")
    return path, run


def weights_only(folder: Path, **changes: torch.Tensor) -> Path:
    """The six tensors of a two-layer network from elsewhere, as plain PyTorch saves them."""
    network = make_network((40, 40))
    state = to_state_dict(initialise(network, stream(1, "elsewhere")), network)
    path = folder / "foreign.safetensors"
    safetensors.torch.save_file({**state, **changes}, path)
    return path


def thetas(workspace: Workspace) -> dict[str, torch.Tensor]:
    """The networks that the sandbox compares."""
    starts = {role: entry.start for role, entry in workspace.sandbox.competitors.by_role.items()}
    return {role: s.theta for role, s in starts.items() if isinstance(s, StartingPoint)}


def test_it_starts_with_the_shipped_networks(workspace: Workspace) -> None:
    """MAML and its baseline from the program's own files, and an untrained network."""
    shown = thetas(workspace)
    assert set(workspace.sandbox.competitors.by_role) == set(PRESENT)
    for role, name in (
        ("maml", resources.MAML_CHECKPOINT),
        ("pretrained", resources.PRETRAINED_CHECKPOINT),
    ):
        assert torch.equal(shown[role], load(resources.resource(name)).start.theta)
    assert workspace.sandbox.state.source == "shipped"
    assert list(workspace.sources) == ["shipped", "training"]


def test_a_missing_file_of_the_program_is_said(
    qapp: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A broken installation ends in one sentence, before any thread has started."""
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path,))
    with pytest.raises(UserError, match="install the program again"):
        Workspace(SMALL)


def test_nothing_waits_for_the_engine(
    qapp: object, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resets, sources and points before it is there need neither a run nor weights; then all do."""
    needed: list[str] = []

    def noted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            needed.append(function.__name__)
            return function(*arguments)

        return call

    for module, name in (
        (session_module, "start"),
        (state_competitors, "load"),
        (competitor, "initialise"),
    ):
        monkeypatch.setattr(module, name, noted(getattr(module, name)))
    workspace = Workspace(SMALL)
    workspace.session.reset(replace(SMALL, seed=9))
    workspace.choose_source("training")
    workspace.choose_source("shipped")
    workspace.set_follow(True)
    workspace.sandbox.add_point(1.0, 0.0)
    assert needed == []
    workspace.start()
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    assert sorted(set(needed)) == ["start"]
    workspace.sandbox.update(shown=frozenset({"maml", "random"}))
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    assert sorted(set(needed)) == ["initialise", "start"]
    theta = start(replace(SMALL, seed=9)).learners["maml"].meta
    assert torch.equal(thetas(workspace)["maml"], theta)
    workspace.shut_down()


class Clock:
    """In place of `time` where it says whether it is time to follow; it goes when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(workspace_module, "time", self)

    def perf_counter(self) -> float:
        """What the clock says."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that tells the workspace when to follow."""
    return Clock(monkeypatch)


@pytest.fixture
def trainer(workspace: Workspace) -> Iterator[GatedTrainer]:
    """The workspace's real trainer, chunk by chunk and without evaluations in between."""
    trainer = GatedTrainer(lambda newest, until, _: train_newest(newest, until, None))
    workspace.session._trainer = trainer.train
    yield trainer
    trainer.open_all()


def train_on(workspace: Workspace, trainer: GatedTrainer, qtbot: QtBot) -> int:
    """Do one more chunk of the run; the iteration to which it leads."""
    before = workspace.session.iteration
    trainer.open()
    qtbot.waitUntil(lambda: workspace.session.iteration > before)
    return workspace.session.iteration


def test_following_shows_newer_and_newer_networks(
    workspace: Workspace, trainer: GatedTrainer, clock: Clock, qtbot: QtBot
) -> None:
    """As training goes on the sandbox adapts what is being trained, up to its last iteration."""
    workspace.choose_source("training")
    workspace.session.start()
    answers = []
    for _ in range(3):
        clock.now += 1.0
        train_on(workspace, trainer, qtbot)
        qtbot.waitUntil(lambda: workspace.sandbox.is_current)
        answers.append(workspace.sandbox.answer)
    fits = {a.trajectories["maml"].prediction.tobytes() for a in answers if a is not None}
    assert len(fits) == 3
    trainer.open_all()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    qtbot.waitUntil(lambda: workspace.sandbox.is_current)
    run = workspace.session.run
    assert torch.equal(thetas(workspace)["maml"], run.learners["maml"].meta)
    assert torch.equal(thetas(workspace)["pretrained"], run.learners["pretrained"].meta)


@pytest.mark.parametrize(("chunks_apart", "followed"), [(1.0, 4), (0.25, 1)])
def test_every_chunk_is_followed(
    workspace: Workspace,
    trainer: GatedTrainer,
    clock: Clock,
    qtbot: QtBot,
    chunks_apart: float,
    followed: int,
) -> None:
    """Chunks that take their usual time are shown one and all; of a burst, not each."""
    workspace.choose_source("training")
    workspace.session.start()
    shown = []
    for _ in range(4):
        clock.now += chunks_apart * CHUNK_SECONDS
        train_on(workspace, trainer, qtbot)
        newest = workspace.session.run.learners["maml"].meta
        shown.append(torch.equal(thetas(workspace)["maml"], newest))
    assert sum(shown) == followed


def test_a_step_is_followed(workspace: Workspace, qtbot: QtBot) -> None:
    """Also single iterations, however fast one follows the other."""
    workspace.choose_source("training")
    for _ in range(3):
        workspace.session.step()
        qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
        state = workspace.session.run.learners["maml"]
        assert torch.equal(thetas(workspace)["maml"], state.meta)


def test_not_following_holds_the_network(workspace: Workspace, qtbot: QtBot) -> None:
    """The sandbox stays with the network it shows until following is switched on again."""
    workspace.choose_source("training")
    workspace.set_follow(False)
    held = workspace.sandbox.competitors
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    assert workspace.sandbox.competitors is held
    workspace.set_follow(True)
    state = workspace.session.run.learners["maml"]
    assert torch.equal(thetas(workspace)["maml"], state.meta)


def test_other_sources_do_not_follow(workspace: Workspace, qtbot: QtBot) -> None:
    """Training leaves the sandbox alone while it shows shipped networks."""
    held = workspace.sandbox.competitors
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    workspace.session.reset(SMALL)
    assert workspace.sandbox.competitors is held


def test_a_reset_is_followed(workspace: Workspace, qtbot: QtBot) -> None:
    """The networks of a run that was thrown away are not shown as the ones in training."""
    workspace.choose_source("training")
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    workspace.session.reset(SMALL)
    theta = start(SMALL).learners["maml"].meta
    assert torch.equal(thetas(workspace)["maml"], theta)
    assert torch.equal(thetas(workspace)["pretrained"], theta)


def test_an_opened_run_goes_on_bit_for_bit(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A file opened at iteration 20 ends where an uninterrupted run ends."""
    path, run = saved_run(tmp_path)
    assert workspace.open_checkpoint(path)
    assert told == []
    assert workspace.session.phase is Phase.PAUSED
    assert workspace.session.run.iteration == 20
    assert workspace.sandbox.state.source == "file"
    assert list(workspace.sources) == ["shipped", "training", "file"]
    assert torch.equal(thetas(workspace)["pretrained"], run.learners["pretrained"].meta)
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    whole = advance(start(replace(SMALL, seed=8)), SMALL.iterations)[0]
    for name, state in whole.learners.items():
        assert torch.equal(workspace.session.run.learners[name].meta, state.meta)
        assert torch.equal(workspace.session.run.learners[name].second_moment, state.second_moment)


def test_opening_never_throws_training_away(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """With unsaved iterations the file's networks are shown, and a notice says what to do."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    path, run = saved_run(tmp_path)
    assert workspace.open_checkpoint(path)
    assert workspace.session.run.iteration == 1
    assert torch.equal(thetas(workspace)["maml"], run.learners["maml"].meta)
    assert len(told) == 1
    assert "Save or reset" in told[0][0]
    assert workspace.save_checkpoint(tmp_path / "mine.safetensors")
    assert workspace.open_checkpoint(path)
    assert workspace.session.run.iteration == 20


def test_weights_from_elsewhere_are_shown(
    workspace: Workspace, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A plain PyTorch file plays MAML's part, beside the shipped baseline; nothing is resumed."""
    path = weights_only(tmp_path)
    assert workspace.open_checkpoint(path)
    competitors = workspace.sandbox.competitors
    assert competitors.by_role["maml"].label == "foreign"
    assert torch.equal(competitors.by_role["maml"].start.theta, load(path).start.theta)
    shipped = load(resources.resource(resources.PRETRAINED_CHECKPOINT))
    assert torch.equal(competitors.by_role["pretrained"].start.theta, shipped.start.theta)
    assert workspace.session.phase is Phase.READY
    assert len(told) == 1
    assert "weights only" in told[0][0]


def _missing(folder: Path) -> Path:
    return folder / "missing.safetensors"


def _directory(folder: Path) -> Path:
    return folder


def _not_safetensors(folder: Path) -> Path:
    path = folder / "letter.safetensors"
    path.write_bytes(b"Dear Sir or Madam, " * 50)
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.safetensors"
    path.touch()
    return path


def _truncated(folder: Path) -> Path:
    path, _ = saved_run(folder)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def _damaged_state(folder: Path) -> Path:
    path, _ = saved_run(folder)
    content = bytearray(path.read_bytes())
    at = content.index(b"maml-explorer-resume") + 200
    content[at : at + 4] = b"!!!!"
    path.write_bytes(content)
    return path


def _not_finite(folder: Path) -> Path:
    return weights_only(folder, **{"2.bias": torch.full((40,), float("nan"))})


def _wrong_shape(folder: Path) -> Path:
    return weights_only(folder, **{"2.weight": torch.zeros(40, 39)})


def _other_names(folder: Path) -> Path:
    path = folder / "other.safetensors"
    safetensors.torch.save_file({"conv.weight": torch.zeros(3, 3)}, path)
    return path


@pytest.mark.parametrize(
    "make",
    [
        _missing,
        _directory,
        _not_safetensors,
        _empty,
        _truncated,
        _damaged_state,
        _not_finite,
        _wrong_shape,
        _other_names,
    ],
)
def test_what_cannot_be_opened_changes_nothing(
    workspace: Workspace, tmp_path: Path, told: list[tuple[str, str]], make: object
) -> None:
    """One notice of one sentence that names the file; sandbox and training stay as they are."""
    competitors, run, sources = (
        workspace.sandbox.competitors,
        workspace.session.run,
        workspace.sources,
    )
    path = make(tmp_path)  # type: ignore[operator]
    assert not workspace.open_checkpoint(path)
    assert len(told) == 1
    sentence, details = told[0]
    assert str(path) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert details == ""
    assert workspace.sandbox.competitors is competitors
    assert workspace.session.run is run
    assert workspace.sources == sources


def test_saving_and_opening_round_trip(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """What is saved half-way goes on to the same end as what was not saved."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    assert workspace.has_unsaved_training
    path = tmp_path / "saved.safetensors"
    assert workspace.save_checkpoint(path)
    assert not workspace.has_unsaved_training
    workspace.session.reset(SMALL)
    assert workspace.open_checkpoint(path)
    assert told == []
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.FINISHED)
    whole = advance(start(SMALL), SMALL.iterations)[0]
    assert torch.equal(workspace.session.run.learners["maml"].meta, whole.learners["maml"].meta)


@pytest.mark.parametrize("place", ["missing/folder/a.safetensors", "."])
def test_saving_to_an_impossible_place_is_said(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]], place: str
) -> None:
    """The notice names the place, and the run still counts as unsaved."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)
    assert not workspace.save_checkpoint(tmp_path / place)
    assert len(told) == 1
    assert str(tmp_path) in told[0][0]
    assert "another place" in told[0][0]
    assert told[0][1] == ""
    assert workspace.has_unsaved_training
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "own", "other"),
    [
        (resources.MAML_CHECKPOINT, "maml", "pretrained"),
        (resources.PRETRAINED_CHECKPOINT, "pretrained", "maml"),
    ],
)
def test_a_run_of_one_learner_is_completed(
    workspace: Workspace, name: str, own: str, other: str
) -> None:
    """As a file and in training: roles it lacks are filled as shipped, and the origin says so."""
    path = resources.resource(name)
    assert list(load(path).starting_points()) == [own]
    assert workspace.open_checkpoint(path)
    shipped = {
        role: load(resources.resource(f"{role}-10shot.safetensors")).start.theta
        for role in (own, other)
    }
    for source in ("file", "training"):
        workspace.choose_source(source)
        assert set(workspace.sandbox.competitors.by_role) == set(PRESENT)
        for role, theta in shipped.items():
            assert torch.equal(thetas(workspace)[role], theta)
        label = LEARNERS[other].label
        origin = workspace.sandbox.competitors.origin
        assert f"({label} and " in origin
        assert origin.endswith(": as shipped)")


@pytest.fixture
def kept(workspace: Workspace, tmp_path: Path) -> Path:
    """Where the workspace keeps unsaved runs; the folder is not there yet."""
    workspace.kept_run = tmp_path / "program" / "last-run.safetensors"
    return workspace.kept_run


def step(workspace: Workspace, qtbot: QtBot) -> None:
    """Do one meta-iteration."""
    workspace.session.step()
    qtbot.waitUntil(lambda: workspace.session.phase is Phase.PAUSED)


def test_a_run_given_up_unsaved_is_kept(
    workspace: Workspace, qtbot: QtBot, kept: Path, told: list[tuple[str, str]]
) -> None:
    """A reset in the midst of training loses nothing, and a notice says where it went."""
    workspace.session.reset(replace(SMALL, iterations=1_000_000))
    workspace.session.start()
    qtbot.waitUntil(lambda: workspace.session.run.iteration > 0)
    given_up = workspace.session.run
    workspace.session.reset(SMALL)
    run = load(kept).run
    assert run is not None
    assert (run.iteration, run.settings) == (given_up.iteration, given_up.settings)
    for name, state in given_up.learners.items():
        assert torch.equal(run.learners[name].meta, state.meta)
    assert len(told) == 1
    assert "Reopen last run" in told[0][0]


def test_a_run_left_unsaved_is_kept(workspace: Workspace, qtbot: QtBot, kept: Path) -> None:
    """Closing keeps the last iteration that was done."""
    step(workspace, qtbot)
    step(workspace, qtbot)
    workspace.shut_down()
    assert load(kept).iteration == 2


def test_what_is_saved_or_untouched_is_not_kept(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, kept: Path, told: list[tuple[str, str]]
) -> None:
    """There is nothing to lose: new runs, saved ones, and opened ones not trained on."""
    workspace.session.reset(replace(SMALL, shots=5))
    step(workspace, qtbot)
    assert workspace.save_checkpoint(tmp_path / "mine.safetensors")
    workspace.session.reset(SMALL)
    assert workspace.open_checkpoint(saved_run(tmp_path)[0])
    workspace.session.reset(SMALL)
    workspace.shut_down()
    assert told == []
    assert not kept.parent.exists()


def test_without_a_place_nothing_is_kept(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """A workspace that was given none lets the run go without a word."""
    step(workspace, qtbot)
    workspace.session.reset(SMALL)
    assert told == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blocked", ["program", "program/last-run.safetensors/inside"])
def test_a_run_that_cannot_be_kept_is_said(
    workspace: Workspace,
    qtbot: QtBot,
    tmp_path: Path,
    kept: Path,
    told: list[tuple[str, str]],
    blocked: str,
) -> None:
    """A file in place of the folder, or a folder in place of the file: reset and closing work."""
    in_the_way = tmp_path / blocked
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.touch()
    step(workspace, qtbot)
    workspace.session.reset(SMALL)
    assert len(told) == 1
    assert "Reopen last run" not in told[0][0]
    assert workspace.session.phase is Phase.READY
    step(workspace, qtbot)
    workspace.shut_down()
    assert len(told) == 2
    assert in_the_way.is_file()


def test_choosing_a_file_before_one_is_open(workspace: Workspace) -> None:
    """There is nothing to show then, so the shipped networks stay."""
    workspace.choose_source("file")
    assert workspace.sandbox.state.source == "shipped"


def test_shutting_down_ends_all_threads(workspace: Workspace, qtbot: QtBot) -> None:
    """In the midst of training, with a film playing and an answer under way."""
    workspace.session.reset(replace(SMALL, iterations=1_000_000))
    workspace.session.start()
    workspace.player.toggle()
    qtbot.waitUntil(lambda: workspace.session.run.iteration > 0)
    workspace.sandbox.update(steps=100)
    trainer, answerer = workspace.session._worker, workspace.sandbox._worker
    workspace.shut_down()
    assert trainer is not None
    assert trainer.isFinished()
    assert answerer.isFinished()
    assert not workspace.player.is_playing
