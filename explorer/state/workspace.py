"""Everything that one window works on, and how its parts bear on each other."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from explorer.core.base.errors import UserError
from explorer.core.engine import STATUS
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import Checkpoint, load, save
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.loop import DEFAULT_LEARNERS, Run
from explorer.resources import shipped_checkpoints
from explorer.state.competitors import Competitors, Source, from_checkpoint, from_run, from_shipped
from explorer.state.exporter import Exporter
from explorer.state.first_answer import first_answer
from explorer.state.jobs import JobQueue
from explorer.state.player import Player
from explorer.state.sandbox import Sandbox
from explorer.state.time_travel import TimeTravel
from explorer.state.training_session import TrainingSession
from explorer.state.workers import describe

# Above the rate of training chunks, or every other chunk would come just too soon.
FOLLOWS_PER_SECOND = 25.0


class Stoppable(Protocol):
    """What has a thread."""

    def stop(self) -> None:
        """Ask it to end, without waiting."""

    def shut_down(self) -> None:
        """Stop it and wait for it."""


class Workspace(QObject):
    """The training session, the sandbox with its players, the jobs, and the files between them.

    Signals:
        notice: a sentence for the user and details to copy (may be empty).
        sources_changed: another set of sources can be chosen in the sandbox.
        engine_changed: the engine's status has a new value.
    """

    notice = Signal(str, str)
    sources_changed = Signal()
    engine_changed = Signal()

    def __init__(
        self,
        settings: Settings | None = None,
        seed: int = 0,
        parent: QObject | None = None,
        kept_run: Path | None = None,
        learners: Sequence[str] = DEFAULT_LEARNERS,
    ) -> None:
        """Begin.

        Args:
            settings: of the first training run; the paper's by default.
            seed: of the sandbox's random draws.
            parent: Qt parent.
            kept_run: where an unsaved run goes when another takes its place or the window
                closes; None to let it go.
            learners: of the first training run.
        """
        super().__init__(parent)
        self.kept_run = kept_run
        self._shipped = from_shipped(*shipped_checkpoints())
        self._file: Competitors | None = None
        self._saved_iteration = 0
        self._followed = 0.0
        self._ignore_engine: Callable[[], None] = lambda: None  # until it is observed
        self._guests: list[Stoppable] = []
        self.session = TrainingSession(
            settings or PRESETS["paper"].settings, self, learners=learners
        )
        self.sandbox = Sandbox(self._shipped, seed, self)
        self.sandbox.answer = first_answer(self.sandbox.question)
        self.player = Player(self.sandbox, self)
        self.travel = TimeTravel(self.session, self.sandbox, self._in_training, self)
        self.jobs = JobQueue(self)
        self.exporter = Exporter(self)
        self.session.progressed.connect(self._follow)
        self.session.phase_changed.connect(self._follow)
        self.session.run_replaced.connect(self._on_run_replaced)
        self.session.run_given_up.connect(self._keep)
        self.session.failed.connect(self.notice)
        self.sandbox.failed.connect(self.notice)
        self.jobs.failed.connect(self.notice)
        self.exporter.failed.connect(self.notice)

    def start(self) -> None:
        """Load the engine and answer the sandbox, in the sandbox's thread.

        Everything else works before: what needs the engine then waits for PyTorch, though not for
        the machine to be compiled, without which all is slower.
        """
        self._ignore_engine = STATUS.observe(self._on_engine)
        self.sandbox.start()

    def join(self, guest: Stoppable) -> None:
        """Stop a thread with all others, of a part that is made when it is first looked at."""
        self._guests.append(guest)

    def _on_engine(self, why_plain: str) -> None:
        """Pass on what the engine says, from whatever thread, to the window's."""
        self.engine_changed.emit()
        if why_plain:
            self.notice.emit(why_plain, "")

    def shut_down(self) -> None:
        """Stop every thread and wait for it; asks all of them first."""
        self._ignore_engine()
        self.player.stop()
        self.travel.stop()
        self.sandbox.stop()
        self.jobs.stop()
        self.exporter.stop()
        for guest in self._guests:
            guest.stop()
        self.session.shut_down()
        self._keep()
        self.jobs.shut_down()
        self.exporter.shut_down()
        for guest in self._guests:
            guest.shut_down()
        self.sandbox.shut_down()

    def _in_training(self, moment: int | None = None) -> Competitors:
        s = self.session
        return from_run(s.settings, s.iteration, s.learners, s.newest, self._shipped, moment)

    @property
    def sources(self) -> dict[Source, str]:
        """The sources that the sandbox can show, with their names."""
        names: dict[Source, str] = {
            "shipped": "Shipped with the program",
            "training": "The one in training",
        }
        if self._file is not None:
            names["file"] = f"File: {self._file.origin}"
        return names

    def choose_source(self, source: Source) -> None:
        """Compare the networks of another source in the sandbox; those in training as they are."""
        self.travel.leave()
        if source == "training":
            self.sandbox.use(self._in_training(), source)
        elif source == "file" and self._file is not None:
            self.sandbox.use(self._file, source)
        else:
            self.sandbox.use(self._shipped, "shipped")

    def set_follow(self, follow: bool) -> None:
        """Follow the network in training, or hold the sandbox at the network it shows."""
        self.sandbox.update(follow=follow)
        if follow:
            self.choose_source("training")

    @property
    def has_unsaved_training(self) -> bool:
        """Whether the run has iterations that no file holds."""
        return self.session.iteration > self._saved_iteration

    def open_checkpoint(self, path: Path) -> bool:
        """Show a file's networks in the sandbox, and take its run in hand if none would be lost.

        Returns:
            Whether the file could be opened; if not, a notice says why.
        """
        try:
            checkpoint = load(path)
        except UserError as error:
            self.notice.emit(*describe(error))
            return False
        self.take(checkpoint)
        return True

    def take(self, checkpoint: Checkpoint) -> None:
        """Show a checkpoint's networks, and take its run in hand if none would be lost."""
        self._file = from_checkpoint(checkpoint, self._shipped)
        self.sources_changed.emit()
        self.choose_source("file")
        self.sandbox.update(shown=self.sandbox.state.shown | {*self._file.own[:1]})
        if checkpoint.run is None:
            text = f"{checkpoint.path.name} holds weights only: shown in the sandbox"
            self.notice.emit(text + _taken_for(checkpoint), "")
        elif self.has_unsaved_training:
            self.notice.emit(
                f"{checkpoint.path.name} is shown in the sandbox. Save or reset the present "
                "training run and open the file again to go on with its training.",
                "",
            )
        else:
            self.session.open(checkpoint.run)

    def save_checkpoint(self, path: Path) -> bool:
        """Save the run in hand, resumable.

        Returns:
            Whether it was saved; if not, a notice says why.
        """
        run = self.session.run
        try:
            save(path, run, main_learner(run))
        except UserError as error:
            self.notice.emit(*describe(error))
            return False
        self._saved_iteration = run.iteration
        return True

    @Slot()
    def _keep(self) -> None:
        """Keep the run if no file holds it; the next one kept takes its place."""
        if self.kept_run is None or not self.has_unsaved_training:
            return
        run = self.session.run
        try:
            self.kept_run.parent.mkdir(parents=True, exist_ok=True)
            save(self.kept_run, run, main_learner(run))
        except (OSError, UserError) as error:
            self.notice.emit(*describe(error))
            return
        self.notice.emit(
            f"The unsaved run of {run.iteration:,} iterations is kept: “Reopen last run” in the "
            "File menu brings it back.",
            "",
        )

    @Slot()
    def _follow(self) -> None:
        state = self.sandbox.state
        # The last network of a run is shown however soon it comes after the one before.
        due = time.perf_counter() >= self._followed + 1 / FOLLOWS_PER_SECOND
        if state.source == "training" and state.follow and (due or not self.session.is_training):
            self._followed = time.perf_counter()
            self.sandbox.renew(self._in_training())

    @Slot()
    def _on_run_replaced(self) -> None:
        self._saved_iteration = self.session.iteration
        if self.sandbox.state.source == "training":
            self.choose_source("training")


def _taken_for(checkpoint: Checkpoint) -> str:
    """As what a file's weights are shown, where the file does not say it."""
    if not checkpoint.is_bare:
        return "."
    learner = LEARNERS[checkpoint.learner or MAML.name].label
    activation = "tanh" if checkpoint.start.network.tanh else "ReLU"
    text = f" as {learner}, taking its hidden layers for {activation}."
    if not checkpoint.learner:
        text += " For others, start the program with --open FILE, --learner and --activation."
    return text


def main_learner(run: Run) -> str:
    """The learner whose weights a file of the run shows first."""
    return MAML.name if MAML.name in run.learners else next(iter(run.learners))
