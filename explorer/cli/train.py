"""``maml-explorer train``: meta-training without the window."""

import shlex
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped]

from explorer.cli.family_arguments import flag, given_settings
from explorer.cli.interruption import INTERRUPTED, Interruption, interruptible
from explorer.cli.opening import open_file
from explorer.cli.output import PROGRAM, emit, emit_json, say
from explorer.cli.values import check_place
from explorer.core.base.cancellation import CancelledWorkError, cancelled_when
from explorer.core.base.errors import SettingsError, TrainingDivergedError, UserError
from explorer.core.base.texts import plain_loss_text
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import begun_from, save
from explorer.core.files.provenance import why_other_bits
from explorer.core.files.weights_alone import Declaration
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.ledger import account
from explorer.core.training.loop import Progress, Run, start, threads_for, train

PLACEHOLDER = "{learner}"  # in the name of the output
SMOOTHED = 100  # meta-iterations over which a reported loss is the mean
FEW = 3  # learners of which the progress bar shows every loss, not the last alone
# Seconds between two states of the bar: a terminal is watched, a log file is kept.
TERMINAL_INTERVAL, LOG_INTERVAL = 0.1, 10.0

Losses = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Outcome:
    """Where training came to.

    Attributes:
        run: the last good run.
        losses: per learner its losses over the last `SMOOTHED` meta-iterations or fewer.
        seconds: time spent training.
        problem: why training could not go on, if so.
    """

    run: Run
    losses: Losses
    seconds: float
    problem: TrainingDivergedError | None

    @property
    def finished(self) -> bool:
        """Whether every iteration asked for is done."""
        return self.run.iteration >= self.run.settings.iterations


def run(arguments: Namespace) -> int:
    """Train, save and report."""
    begun, learner = _resumed(arguments) if arguments.resume else _fresh(arguments)
    files = _places(arguments.output, [learner, *(n for n in begun.learners if n != learner)])
    for path in files.values():
        check_place("--output", path)
    with interruptible() as interruption:
        outcome = _train(begun, arguments.threads, interruption)
        files = {name: _save(path, outcome.run, name) for name, path in files.items()}
    if outcome.problem is not None:
        raise UserError(
            f"{outcome.problem} The run up to iteration {outcome.run.iteration} is saved in "
            f"{files[learner]}."
        )
    if arguments.json:
        emit_json(_result(files, outcome, learner))
    else:
        emit("\n".join(map(str, files.values())))
    if outcome.finished:
        return 0
    file = shlex.quote(str(files[learner]))
    say(
        f"interrupted at iteration {outcome.run.iteration} of {begun.settings.iterations} and "
        f"saved; to go on: {PROGRAM} train --resume {file} --output {file}"
    )
    return INTERRUPTED


def _places(output: Path, learners: Sequence[str]) -> dict[str, Path]:
    """The files to write, by the learner whose weights each has: one, or one for each learner."""
    if PLACEHOLDER in output.name:
        return {n: output.with_name(output.name.replace(PLACEHOLDER, n)) for n in learners}
    return {learners[0]: output}


def _save(path: Path, run: Run, learner: str) -> Path:
    """Save, elsewhere if the place has filled up meanwhile; returns where.

    Raises:
        UserError: neither place takes the file.
    """
    try:
        save(path, run, learner)
    except UserError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix=PROGRAM)) / path.name
        save(elsewhere, run, learner)
        say(f"{error} Saved {elsewhere} instead.")
        return elsewhere
    return path


def _with(settings: Settings, texts: Mapping[str, Any]) -> Settings:
    try:
        return settings.changed(**texts)
    except SettingsError as error:
        raise UserError(f"{flag(error.field)}: {error}") from error


def _fresh(arguments: Namespace) -> tuple[Run, str]:
    preset = PRESETS[arguments.preset or "paper"]
    names = arguments.learner or preset.learners or (MAML.name,)
    return start(_with(preset.settings, given_settings(arguments)), names), names[0]


def _resumed(arguments: Namespace) -> tuple[Run, str]:
    preset, texts = PRESETS[arguments.preset or "paper"], given_settings(arguments)
    names = arguments.learner or preset.learners
    checkpoint = open_file(arguments.resume, Declaration(names, texts, preset.settings))
    if checkpoint.is_bare:
        names = names or (MAML.name,)
        begun = begun_from(checkpoint, names)
        say(f"{arguments.resume} holds weights alone: a new run begins with them.")
        return begun, names[0]
    iterations = texts.pop("iterations", None)
    others = [name for name in ("preset", "learner") if getattr(arguments, name)] + list(texts)
    if others:
        raise UserError(
            f"--resume continues with the file's own settings: leave out "
            f"{', '.join(map(flag, others))}, or start a new run without --resume."
        )
    if checkpoint.run is None:
        raise UserError(
            f"{arguments.resume} holds weights but no training state: resume from a file that "
            "this program saved."
        )
    if other_bits := why_other_bits(arguments.resume, checkpoint.provenance):
        say(other_bits)
    done = checkpoint.run.iteration
    settings = checkpoint.settings
    if iterations is not None:
        settings = _with(settings, {"iterations": iterations})
        _check_turns(checkpoint.run, settings)
    if done >= settings.iterations:
        raise UserError(
            f"{arguments.resume} has already done {done} of {settings.iterations} "
            f"meta-iterations: give a higher --iterations to train on."
        )
    return replace(checkpoint.run, settings=settings), checkpoint.learner


def _check_turns(run: Run, wanted: Settings) -> None:
    rules = [LEARNERS[name] for name in run.learners]
    turns = [each.label for each in rules if each.own_tasks and each.own_tasks.sequential]
    if turns and wanted.iterations != run.settings.iterations:
        raise UserError(
            f"The networks of “{turns[0]}” take turns as long as all meta-iterations allow: resume "
            "without --iterations, or start a new run without --resume."
        )


def _train(begun: Run, threads: int | None, interruption: Interruption) -> Outcome:
    total = begun.settings.iterations
    outcome = Outcome(begun, {}, 0.0, None)
    with _bar(begun.iteration, total) as bar, cancelled_when(lambda: interruption.asked):
        try:
            for event in train(begun, threads=threads or threads_for(begun.settings)):
                if isinstance(event, Progress):
                    outcome = _after(outcome, event)
                    bar.set_postfix_str(_postfix(outcome.losses), refresh=False)
                    bar.update(event.run.iteration - bar.n)
                if interruption.asked:
                    break
        except CancelledWorkError:
            pass  # between two learners; the last good run is what there is
        except TrainingDivergedError as error:
            return replace(outcome, problem=error)
    return outcome


def _bar(done: int, total: int) -> "tqdm[Any]":
    return tqdm(
        total=total,
        initial=done,
        file=sys.stderr,
        unit="it",
        mininterval=TERMINAL_INTERVAL if sys.stderr.isatty() else LOG_INTERVAL,
        miniters=1,
        dynamic_ncols=sys.stderr.isatty(),
    )


def _after(outcome: Outcome, event: Progress) -> Outcome:
    losses = {
        name: np.concatenate([outcome.losses.get(name, rows[:0]), rows])[-SMOOTHED:]
        for name, rows in event.losses.items()
    }
    return Outcome(event.run, losses, outcome.seconds + event.seconds, None)


def _means(rows: NDArray[np.float32]) -> list[float]:
    means: list[float] = rows.mean(0, dtype=np.float64).tolist()
    return means


def _postfix(losses: Losses) -> str:
    shown = slice(None) if len(losses) <= FEW else slice(-1, None)
    return ", ".join(
        f"{LEARNERS[name].label} " + " → ".join(map(plain_loss_text, _means(rows)[shown]))
        for name, rows in losses.items()
    )


def _named(learner: str, losses: Losses) -> dict[str, float]:
    return dict(zip(LEARNERS[learner].losses, _means(losses[learner]), strict=True))


def _result(files: Mapping[str, Path], outcome: Outcome, learner: str) -> dict[str, Any]:
    settings = outcome.run.settings
    return {
        "file": str(files[learner]),
        "learner": learner,
        "iterations": outcome.run.iteration,
        "finished": outcome.finished,
        "seed": settings.seed,
        "seconds": outcome.seconds,
        "losses": _named(learner, outcome.losses),
        "learners": {
            name: {
                "file": str(files.get(name, files[learner])),
                "seconds": state.seconds,
                "ledger": asdict(account(name, settings, outcome.run.iteration, state.seconds)),
                "losses": _named(name, outcome.losses),
            }
            for name, state in outcome.run.learners.items()
        },
        "settings": settings.to_dict(),
    }
