"""Jobs in the evaluation tab: starting, cancelling, failing, closing, exporting."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.errors import UserError
from explorer.panels.evaluation.panel import EvaluationPanel
from explorer.panels.figures.view import UNFINISHED
from explorer.state.jobs import JobPhase
from explorer.state.training_session import Phase
from tests.app.evaluation_tab import begin, evaluation
from tests.conftest import OpenWindow
from tests.jobs import GatedJob, endless, loss_figure
from tests.trainers import SMALL
from tests.ui import click, status_text


def test_a_job_from_start_to_end(
    panel: EvaluationPanel, jobs: list[GatedJob], qtbot: QtBot
) -> None:
    """Progress and figure as they come; in the end figure and numbers are the job's."""
    job = GatedJob(2)
    jobs.append(job)
    assert panel.figure.hint.text()
    number = begin(panel)
    assert panel.progress.isVisible()
    job.open()
    qtbot.waitUntil(lambda: panel.progress.value() == 500)
    assert "part 1" in panel.status.text()
    assert panel.cancel.isEnabled()
    job.open()
    qtbot.waitUntil(lambda: not panel.progress.isVisible())
    assert panel._workspace.jobs.jobs[number].phase is JobPhase.DONE
    assert not panel.cancel.isEnabled()
    assert panel.export.isEnabled()
    assert "done" in panel.results.currentText()
    qtbot.waitUntil(lambda: len(panel.figure.boxes) == 1)
    assert panel.figure.figure is job.figure
    assert panel.rows.model().rowCount() == len(job.figure.rows)


def test_cancelling(panel: EvaluationPanel, jobs: list[GatedJob], qtbot: QtBot) -> None:
    """Answers at once, says that the figure is not finished, and another job can begin."""
    job = GatedJob(4, loss_figure(1, complete=False))
    jobs += [job, GatedJob(0)]
    number = begin(panel)
    job.open()
    qtbot.waitUntil(lambda: panel.figure.figure is job.figure)
    click(panel.cancel)
    qtbot.waitUntil(lambda: "cancelled" in panel.results.currentText())
    qtbot.waitUntil(lambda: panel.figure.state.text() == UNFINISHED)
    assert panel.figure.figure is job.figure
    job.open(4)
    later = begin(panel)
    done = panel._workspace.jobs.jobs
    qtbot.waitUntil(lambda: done[later].phase is JobPhase.DONE)
    assert done[number].phase is JobPhase.CANCELLED
    assert done[number].figure is job.figure


def test_a_failing_job(window: MainWindow, jobs: list[GatedJob], qtbot: QtBot) -> None:
    """A notice says why; its last figure and the finished ones of others can still be seen."""
    panel = evaluation(window)
    good, bad = GatedJob(1, loss_figure(1)), GatedJob(3, loss_figure(2, complete=False))
    jobs += [good, bad]
    first = begin(panel)
    good.open()
    qtbot.waitUntil(lambda: panel.figure.figure is good.figure)
    begin(panel)
    bad.open()
    qtbot.waitUntil(lambda: panel.figure.figure is bad.figure)
    bad.error = UserError("The disk is full. Make room and start again.")
    bad.open()
    qtbot.waitUntil(window.notices.isVisible)
    assert window.notices.text.text() == str(bad.error)
    qtbot.waitUntil(lambda: panel.status.text() == str(bad.error))
    assert panel.figure.figure is bad.figure
    panel.results.setCurrentIndex(panel.results.findData(first))
    panel.results.activated.emit(panel.results.currentIndex())
    qtbot.waitUntil(lambda: panel.figure.figure is good.figure)
    assert panel.status.text() == ""


def test_the_list_follows_jobs_that_wait(
    panel: EvaluationPanel, jobs: list[GatedJob], qtbot: QtBot
) -> None:
    """A job that begins after another is listed as running."""
    first, second = GatedJob(1), GatedJob(1)
    jobs += [first, second]
    begin(panel)
    begin(panel, "table2")
    assert "waiting" in panel.results.currentText()
    first.open()
    qtbot.waitUntil(lambda: "running" in panel.results.currentText())
    second.open()
    qtbot.waitUntil(lambda: "done" in panel.results.currentText())


def test_closing_in_the_midst_of_a_job(
    open_window: OpenWindow, jobs: list[GatedJob], qtbot: QtBot
) -> None:
    """The window goes and the job's thread ends; what waited does not begin."""
    window = open_window()
    panel = evaluation(window)
    running, waiting = GatedJob(9), GatedJob(1)
    jobs += [running, waiting]
    begin(panel)
    begin(panel)
    running.open(2)
    qtbot.waitUntil(lambda: window.workspace.jobs.jobs[1].done > 0.2)
    queue = window.workspace.jobs

    def let_go(number: int) -> None:
        """The item in hand ends only after the job was asked to stop."""
        if number == 1 and queue.jobs[1].phase is JobPhase.CANCELLED:
            running.open()

    queue.changed.connect(let_go)
    window.close()
    assert running.closed.is_set()
    assert waiting.thread is None
    assert not any(job.is_open for job in window.workspace.jobs.jobs.values())


def test_a_job_does_not_change_training(open_window: OpenWindow, qtbot: QtBot) -> None:
    """Trained beside a job that never rests, every loss is the same, bit for bit."""
    losses = []
    for with_job in (False, True):
        window = open_window()
        if with_job:
            window.workspace.jobs.add("Beside", endless)
            qtbot.waitUntil(lambda window=window: window.workspace.jobs.jobs[1].done > 0)
        session = window.workspace.session
        click(window.training.train)
        qtbot.waitUntil(lambda session=session: session.phase is Phase.FINISHED)
        losses.append({key: history.raw()[1].copy() for key, history in session.histories.items()})
        window.close()
    alone, beside = losses
    assert alone.keys() == beside.keys()
    for key, values in alone.items():
        assert len(values) == SMALL.iterations
        assert np.array_equal(values, beside[key])


def test_exporting(
    window: MainWindow,
    jobs: list[GatedJob],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The figure shown goes where the user says, and the window says so; or why not."""
    panel = evaluation(window)
    chosen = [str(tmp_path), "", str(tmp_path / "file")]
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_arguments: chosen.pop(0))
    job = GatedJob(1, loss_figure(1))
    jobs.append(job)
    assert not panel.export.isEnabled()
    begin(panel)
    job.open()
    qtbot.waitUntil(panel.export.isEnabled)
    click(panel.export)
    qtbot.waitUntil(lambda: str(tmp_path) in window.statusBar().currentMessage())
    assert (tmp_path / "fig3.svg").read_text().startswith("<?xml")
    assert (tmp_path / "fig3.png").stat().st_size > 1000
    assert "MAML" in (tmp_path / "fig3.csv").read_text()
    files = {*tmp_path.iterdir()}
    click(panel.export)  # the dialog is cancelled
    assert not window.workspace.exporter.is_busy
    click(panel.export)
    qtbot.waitUntil(window.notices.isVisible)
    assert "Choose another folder" in window.notices.text.text()
    assert {*tmp_path.iterdir()} == files
    assert status_text(window)
