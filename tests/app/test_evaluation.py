"""The evaluation tab in the window: starting, cancelling, failing, closing, exporting, keys."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.errors import UserError
from explorer.core.base.fields import Range, descriptions
from explorer.core.evaluation.coverage import coverage, coverage_sentence
from explorer.core.families import FAMILIES
from explorer.core.families.gaussian_process import RBF
from explorer.core.figures.figure import JobProgress
from explorer.core.files.checkpoint import load, save
from explorer.core.jobs.comparison import compare
from explorer.core.jobs.comparison_request import Comparison
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.reproduction import Item, Plan
from explorer.core.jobs.step_grid import step_grid
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.core.training.loop import start
from explorer.panels.evaluation.comparison_form import ComparisonForm
from explorer.panels.evaluation.fields import competitor
from explorer.panels.evaluation.forms import ReproductionForm
from explorer.panels.evaluation.grid_form import GridForm
from explorer.panels.evaluation.panel import EvaluationPanel
from explorer.panels.figures.view import UNFINISHED
from explorer.state.jobs import JobPhase
from explorer.state.training_session import Phase
from tests.app import test_main_window
from tests.conftest import OpenWindow
from tests.jobs import GatedJob, endless, loss_figure
from tests.stages import EvaluationStage
from tests.trainers import SMALL
from tests.ui import click, enter, pick, press, status_text

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
ROOT = Path(__file__).parents[2]


def evaluation(window: MainWindow) -> EvaluationPanel:
    """Go to the tab by its key."""
    press(window, Key.Key_2, modifier=CTRL)
    QApplication.processEvents()  # it is laid out and shown then
    assert window.evaluation is not None
    assert window.evaluation.isVisible()
    return window.evaluation


@pytest.fixture
def panel(evaluation_stage: EvaluationStage) -> EvaluationPanel:
    """The evaluation panel alone."""
    return evaluation_stage.evaluation


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], Iterator[JobProgress]]]]:
    """Jobs that every reproduction is instead, the next one first."""
    queue: list[Callable[[], Iterator[JobProgress]]] = []
    monkeypatch.setattr(Item, "job", lambda _item, _plan: queue.pop(0)())
    yield queue
    for job in queue:
        if isinstance(job, GatedJob):
            job.open(100)


def begin(panel: EvaluationPanel, kind: str = "fig3") -> int:
    """Choose what to measure and press Start; the job's number."""
    panel.kind.setCurrentIndex(panel.kind.findData(kind))
    click(panel.start)
    assert panel.job is not None
    return panel.job.number


def test_the_window_opens_without_it(tmp_path: Path) -> None:
    """Neither the panel nor what draws and exports is imported before it is looked at."""
    late = "torch", "numba", "matplotlib", "explorer.panels.evaluation.panel"
    code = f"import sys, explorer.app.main_window; print([m for m in {late} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_it_is_made_when_it_is_first_shown(window: MainWindow, qtbot: QtBot) -> None:
    """And stays the same one."""
    assert window.evaluation is None
    first = evaluation(window)
    qtbot.waitUntil(first.isVisible)
    assert not window.sandbox.isVisible()
    assert window.training.isVisible()
    press(window, Key.Key_1, modifier=CTRL)
    assert window.sandbox.isVisible()
    assert evaluation(window) is first


def test_the_sandbox_keys_rest_while_it_is_hidden(window: MainWindow) -> None:
    """No key changes what cannot be seen; all of them work again on return."""
    sandbox = window.workspace.sandbox
    sandbox.update(selected=0)
    click(window.sandbox.step_bar.play)
    evaluation(window)
    assert not window.workspace.player.is_playing
    before, competitors = sandbox.state, sandbox.competitors
    window.training.setFocus()
    press(window, Key.Key_Backspace, Key.Key_Delete, "r", "d", "c", "n", "f", "1", "2")
    press(window, Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_Space)
    assert sandbox.state == before
    assert sandbox.competitors is competitors
    press(window, Key.Key_1, modifier=CTRL)
    press(window, Key.Key_Backspace)
    assert len(sandbox.state.points) == len(before.points) - 1


def test_focus_goes_to_what_is_shown(window: MainWindow) -> None:
    """Switching tabs leaves no key with something hidden."""
    panel = evaluation(window)
    assert window.focusWidget() is panel.kind
    press(window, Key.Key_1, modifier=CTRL)
    assert window.focusWidget() is window.sandbox.fit


def test_it_keeps_to_the_window_s_manners(window: MainWindow) -> None:
    """Every control has a name, and no letter with Alt means two things, whatever is chosen."""
    panel = evaluation(window)
    for index in range(panel.kind.count()):
        panel.kind.setCurrentIndex(index)
        test_main_window.test_every_control_has_a_name(window)
        texts = [top.text() for top in window.menuBar().actions()]
        texts += [w.text() for w in window.findChildren(QAbstractButton) if w.isVisible()]
        texts += [w.text() for w in window.findChildren(QLabel) if w.buddy() and w.isVisible()]
        used = Counter(QKeySequence.mnemonic(text).toString() for text in texts)
        del used[""]
        assert [letter for letter, n in used.items() if n > 1] == [], panel.kind.currentText()


def test_tab_goes_through_the_panel(window: MainWindow) -> None:
    """From what to measure through its form to the results."""
    panel = evaluation(window)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    panel.kind.setFocus()
    seen = []
    for _ in range(60):
        press(window, Key.Key_Tab)
        seen.append(window.focusWidget())
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    wanted = form.roles, form.shots, form.counts.seed, form.tasks.editors["noise"]
    assert {panel.kind, panel.start, *wanted} <= {*seen}


def test_it_fits_a_small_window(window: MainWindow) -> None:
    """Whatever is chosen; and no name of a learner is cut off."""
    panel = evaluation(window)
    for index in range(panel.kind.count()):
        panel.kind.setCurrentIndex(index)
        QApplication.processEvents()  # or it would still be that of the panel before
        assert window.minimumSizeHint().width() <= 1100
        assert window.minimumSizeHint().height() <= 700
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    window.resize(window.minimumSizeHint())
    assert form.roles.horizontalScrollBar().maximum() == 0


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


def test_the_plan_is_what_was_chosen(
    panel: EvaluationPanel, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    """Quick or full, and the seed, reach the job."""
    plans: list[tuple[str, Plan]] = []

    def job(item: Item, plan: Plan) -> Iterator[JobProgress]:
        plans.append((item.name, plan))
        yield JobProgress(1.0, "done", loss_figure(1))

    monkeypatch.setattr(Item, "job", job)
    form = panel.forms["table2"]
    assert isinstance(form, ReproductionForm)
    form.seed.setValue(7)
    form.amount.setCurrentIndex(1)
    begin(panel, "table2")
    qtbot.waitUntil(lambda: bool(plans))
    ((name, plan),) = plans
    assert (name, plan.quick, plan.seed) == ("table2", False, 7)


def test_a_comparison_is_what_the_core_computes(
    evaluation_stage: EvaluationStage, panel: EvaluationPanel, qtbot: QtBot
) -> None:
    """The figure in the window has the numbers of the same comparison made without one."""
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    form.shots.setText("2, 3")
    form.counts.steps.setValue(2)
    form.counts.tasks.setValue(4)
    form.counts.seed.setValue(5)
    begin(panel, "compare")
    jobs = evaluation_stage.workspace.jobs
    competitors = evaluation_stage.workspace.sandbox.competitors
    qtbot.waitUntil(lambda: jobs.jobs[1].phase is JobPhase.DONE)
    request = Comparison((2, 3), 2, 4, 5, 0.01, reference=competitors.by_role["maml"].label)
    competitors = [
        Competitor(entry.label, role, entry.start, entry.settings)
        for role, entry in ((role, competitors.by_role[role]) for role in ("maml", "pretrained"))
    ]
    *_, last = compare(request, competitors)
    assert last.figure is not None
    figure = jobs.jobs[1].figure
    assert figure is not None
    assert figure.rows == last.figure.rows
    for ours, theirs in zip(figure.panels, last.figure.panels, strict=True):
        for one, other in zip(ours.curves, theirs.curves, strict=True):
            assert np.array_equal(one.y, other.y)


def test_tasks_of_another_family_are_what_the_core_compares(
    evaluation_stage: EvaluationStage, panel: EvaluationPanel, qtbot: QtBot
) -> None:
    """A family chosen with the arrow keys, with a range of one's own, and coverage in words."""
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    pick(form.tasks.choice, "gp-rbf")
    enter(form.tasks.editors["length_scale"], "0.6")
    enter(form.shots, "3")
    enter(form.counts.steps, "1")
    enter(form.counts.tasks, "8")
    form.roles.setFocus()
    press(form.roles, Key.Key_End, Key.Key_Space)  # the ideal learner
    begin(panel, "compare")
    jobs = evaluation_stage.workspace.jobs
    qtbot.waitUntil(lambda: jobs.jobs[1].phase is JobPhase.DONE)
    figure, competitors = jobs.jobs[1].figure, evaluation_stage.workspace.sandbox.competitors
    request = Comparison((3,), 1, 8, 0, 0.01, RBF(length_scale=0.6), reference="MAML")
    chosen = [competitor(competitors, role) for role in ("maml", "pretrained", "ideal")]
    *_, last = compare(request, chosen)
    assert figure is not None
    assert last.figure is not None
    assert figure.rows == last.figure.rows
    assert figure.notes == last.figure.notes
    found = coverage(RBF(length_scale=0.6).ideal(), request.family, shots=3, tasks=8)
    assert found is not None
    assert coverage_sentence(found, 3, "Ideal learner") in figure.notes


def test_every_setting_of_every_family_can_be_seen(window: MainWindow, qtbot: QtBot) -> None:
    """However many there are: none is squashed, all can be scrolled to, and nothing grows."""
    panel = evaluation(window)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    room = form.tasks.height()
    assert room > 0
    for name in FAMILIES:
        pick(form.tasks.choice, name)
        assert form.tasks.choice.hasFocus()
        assert list(form.tasks.editors) == list(descriptions(FAMILIES[name]))
        for editor in form.tasks.editors.values():

            def is_whole(editor: QWidget = editor) -> None:
                form.tasks.verticalScrollBar().setValue(editor.y())
                seen = editor.visibleRegion().boundingRect()
                assert seen.height() == editor.height() >= editor.minimumSizeHint().height()

            qtbot.waitUntil(is_whole)
        assert form.tasks.height() == room
        assert window.minimumSizeHint().width() <= 1100
        assert window.minimumSizeHint().height() <= 700


def test_a_grid_is_what_the_core_computes(
    evaluation_stage: EvaluationStage, panel: EvaluationPanel, qtbot: QtBot
) -> None:
    """With the step sizes and the tasks that were typed, which need not be those of training."""
    form = panel.forms["grid"]
    assert isinstance(form, GridForm)
    settings = evaluation_stage.workspace.sandbox.competitors.by_role["maml"].settings
    assert settings is not None
    assert form.tasks.family() == settings.family
    form.role.setCurrentIndex(form.role.findData("maml"))
    form.shots.setText("2, 4")
    form.alphas.setText("0.005, 0.02")
    form.counts.steps.setValue(2)
    form.counts.tasks.setValue(4)
    form.counts.seed.setValue(5)
    form.tasks.editors["amplitude"].high.setValue(8.0)
    form.tasks.editors["noise"].setValue(0.1)
    begin(panel, "grid")
    jobs = evaluation_stage.workspace.jobs
    competitors = evaluation_stage.workspace.sandbox.competitors
    qtbot.waitUntil(lambda: jobs.jobs[1].phase is JobPhase.DONE)
    tasks = settings.family.changed(amplitude=Range(0.1, 8.0), noise=0.1)
    request = StepGrid((2, 4), 2, (0.005, 0.02), 4, 5, tasks)
    *_, last = step_grid(request, competitor(competitors, "maml"))
    figure = jobs.jobs[1].figure
    assert figure is not None
    assert last.figure is not None
    assert figure.rows == last.figure.rows
    assert figure.protocol == last.figure.protocol


def test_a_grid_offers_the_tasks_of_the_network(window: MainWindow) -> None:
    """Choosing another network fills in those that it was trained on."""
    panel = evaluation(window)
    form = panel.forms["grid"]
    assert isinstance(form, GridForm)
    form.tasks.editors["noise"].setValue(0.7)
    form.role.setCurrentIndex(form.role.findData("pretrained"))
    assert form.tasks.editors["noise"].value() == 0.0
    form.alphas.setText("0.01, quick")
    begin_with = form.shots.text()
    panel.kind.setCurrentIndex(panel.kind.findData("grid"))
    click(panel.start)
    assert "Step sizes α: give numbers" in window.notices.text.text()
    assert (form.alphas.text(), form.shots.text()) == ("0.01, quick", begin_with)


def test_every_network_keeps_its_own_settings(window: MainWindow, tmp_path: Path) -> None:
    """What fills the place of a missing learner was trained as shipped, not as the file was."""
    other = replace(SMALL, alpha=0.002, noise=0.5)
    path = tmp_path / "other.safetensors"
    save(path, start(other, ("maml",)), "maml")
    shipped = window.workspace.sandbox.competitors
    window.workspace.take(load(path))
    competitors = window.workspace.sandbox.competitors
    made = {role: competitor(competitors, role) for role in competitors.by_role}
    assert made["maml"].settings is not None
    assert made["maml"].settings.alpha == other.alpha
    assert made["pretrained"].settings == shipped.by_role["pretrained"].settings
    assert made["pretrained"].settings != made["maml"].settings
    assert made["random"].settings is None


def test_a_grid_offers_the_tasks_of_the_newest_networks(
    evaluation_stage: EvaluationStage, panel: EvaluationPanel
) -> None:
    """Also where another source holds the same learners and was trained with the same settings."""
    narrow = replace(SMALL, amplitude=Range(1.0, 2.0))
    form = panel.forms["grid"]
    assert isinstance(form, GridForm)
    workspace = evaluation_stage.workspace
    for learners, high in ((("maml", "pretrained"), 2.0), (("maml",), 5.0)):
        workspace.session.open(start(narrow, learners))
        workspace.choose_source("training")
        form.role.setCurrentIndex(form.role.findData("maml"))
        form.role.setCurrentIndex(form.role.findData("pretrained"))
        assert form.tasks.editors["amplitude"].high.value() == high


@pytest.mark.parametrize(
    ("shots", "alpha", "sentence"),
    [("5, x", "0.01", "whole numbers"), ("5", "fast", "Step size"), ("5, 5", "0.01", "once")],
)
def test_bad_input_is_said(window: MainWindow, shots: str, alpha: str, sentence: str) -> None:
    """One sentence, no job, and nothing typed is lost."""
    panel = evaluation(window)
    form = panel.forms["compare"]
    assert isinstance(form, ComparisonForm)
    form.shots.setText(shots)
    form.alpha.setCurrentText(alpha)
    panel.kind.setCurrentIndex(panel.kind.findData("compare"))
    click(panel.start)
    assert sentence in window.notices.text.text()
    assert window.workspace.jobs.jobs == {}
    assert (form.shots.text(), form.alpha.currentText()) == (shots, alpha)


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


def test_another_theme_dresses_it(window: MainWindow, jobs: list[GatedJob], qtbot: QtBot) -> None:
    """What is on the screen follows, and so does what is drawn later."""
    panel = evaluation(window)
    job = GatedJob(1, loss_figure(1))
    jobs.append(job)
    begin(panel)
    job.open()
    qtbot.waitUntil(lambda: len(panel.figure.boxes) == 1)
    for theme in ("dark", "light"):
        window.set_theme(theme)
        drawn = panel.figure.boxes[0].plot.curves[0]
        assert drawn.line.pen().color().name() == window._theme.learners["maml"]
