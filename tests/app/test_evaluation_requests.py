"""What is asked for in the evaluation tab is what is computed, and bad input is said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.base.fields import Range
from explorer.core.evaluation.coverage import coverage, coverage_sentence
from explorer.core.families.gaussian_process import RBF
from explorer.core.figures.figure import JobProgress
from explorer.core.files.checkpoint import load, save
from explorer.core.jobs.comparison import compare
from explorer.core.jobs.comparison_request import Comparison
from explorer.core.jobs.competitor import Competitor
from explorer.core.jobs.query_points_request import QueryPoints
from explorer.core.jobs.reproduction import Item, Plan
from explorer.core.jobs.step_grid import step_grid
from explorer.core.jobs.step_grid_request import StepGrid
from explorer.core.training.loop import start
from explorer.panels.evaluation import query_points_form
from explorer.panels.evaluation.comparison_form import ComparisonForm
from explorer.panels.evaluation.fields import competitor
from explorer.panels.evaluation.forms import ReproductionForm
from explorer.panels.evaluation.grid_form import GridForm
from explorer.panels.evaluation.panel import EvaluationPanel
from explorer.panels.evaluation.query_points_form import QueryPointsForm
from explorer.state.jobs import JobPhase
from tests.app.evaluation_tab import begin, evaluation
from tests.jobs import loss_figure
from tests.stages import EvaluationStage
from tests.trainers import SMALL
from tests.ui import click, enter, pick, press

Key = Qt.Key


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
    form.seeds.setValue(3)
    form.amount.setCurrentIndex(1)
    begin(panel, "table2")
    qtbot.waitUntil(lambda: bool(plans))
    ((name, plan),) = plans
    assert (name, plan.quick, plan.seed, plan.seeds) == ("table2", False, 7, 3)


@pytest.mark.parametrize(
    ("item", "texts", "seeds"),
    [
        ("fig2", ["Quick: 15,000 meta-iterations", "Full: the paper's 70,000"], False),
        ("meta-sgd", ["Quick: 15,000 meta-iterations", "Full: the paper's 60,000"], True),
        ("l2", ["Quick: fewer networks", "Full"], True),
    ],
)
def test_each_item_offers_what_it_has(
    panel: EvaluationPanel, item: str, texts: list[str], seeds: bool
) -> None:
    """How long the trainings are, and several seeds where learners are judged."""
    form = panel.forms[item]
    assert isinstance(form, ReproductionForm)
    assert [form.amount.itemText(i) for i in range(form.amount.count())] == texts
    assert form.seeds.isHidden() is not seeds


def test_query_points_are_what_was_chosen(
    panel: EvaluationPanel, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    """Quick or full, how many seeds from which on, and how many tasks reach the job."""
    requests: list[QueryPoints] = []

    def job(request: QueryPoints) -> Iterator[JobProgress]:
        requests.append(request)
        yield JobProgress(1.0, "done", loss_figure(1))

    monkeypatch.setattr(query_points_form, "query_points", job)
    form = panel.forms["query-points"]
    assert isinstance(form, QueryPointsForm)
    form.seeds.setValue(4)
    form.seed.setValue(7)
    form.tasks.setValue(50)
    begin(panel, "query-points")
    qtbot.waitUntil(lambda: bool(requests))
    form.amount.setCurrentIndex(1)
    begin(panel, "query-points")
    qtbot.waitUntil(lambda: len(requests) == 2)
    assert requests == [QueryPoints(True, 4, 7, 50), QueryPoints(False, 4, 7, 50)]


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
