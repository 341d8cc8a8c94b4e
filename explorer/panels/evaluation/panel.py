"""Evaluation: the paper's figures, comparisons and grids as jobs, and what they found."""

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QProgressBar,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.core.base.errors import UserError
from explorer.core.jobs.reproduction import ITEMS
from explorer.panels.evaluation.comparison_form import ComparisonForm
from explorer.panels.evaluation.forms import Form, ReproductionForm
from explorer.panels.evaluation.grid_form import GridForm
from explorer.panels.evaluation.query_points_form import QueryPointsForm
from explorer.panels.figures.rows_table import RowsTable
from explorer.panels.figures.view import UNFINISHED, FigureView
from explorer.panels.training.panel import duration
from explorer.panels.widgets.controls import button, label, row
from explorer.panels.widgets.style import Theme
from explorer.panels.widgets.view import View
from explorer.state.frame_clock import FrameClock
from explorer.state.jobs import Job, JobPhase
from explorer.state.workspace import Workspace

STATUS_PER_SECOND = 10.0
TICKS = 1000
HINT = (
    "Choose what to measure and press Start.\nJobs run beside training; what has finished stays "
    "in the list of results."
)


class EvaluationPanel(View):
    """Starts jobs, shows how far they are, and what they found."""

    def __init__(
        self, workspace: Workspace, clock: FrameClock, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._clock, self._jobs = workspace, clock, workspace.jobs
        self._theme: Theme | None = None
        self._shown: int | None = None
        self._offered: object = None
        self._listed: dict[int, str] = {}
        self.kind = _short_combo()
        self.kind.setAccessibleName("What to measure")
        self.forms: dict[str, Form] = {}
        self.stack = QStackedWidget()
        for name, item in ITEMS.items():
            self._offer(name, item.label, ReproductionForm(item))
        self._offer("compare", "Compare learners", ComparisonForm())
        self._offer("grid", "K × steps × α of one network", GridForm())
        self._offer("query-points", "How many query points?", QueryPointsForm())
        self.start = button("Start", "Run the job, after those that wait", "primary")
        self.cancel = button("Cancel", "Give up the job shown; what it has found stays")
        self.export = button("Export…", "Write the figure as SVG, PNG and CSV")
        self.results = _short_combo()
        self.results.setAccessibleName("Results")
        self.progress = QProgressBar()
        self.progress.setRange(0, TICKS)
        self.progress.setAccessibleName("Progress of the job")
        self.status = label("", "muted", wrap=True)
        self.figure = FigureView(clock)
        self.rows = RowsTable()
        self._lay_out()
        self._connect()
        self._on_competitors()
        self._on_kind()
        self._refresh()

    def _offer(self, name: str, text: str, form: Form) -> None:
        assert isinstance(form, QWidget)
        self.forms[name] = form
        self.kind.addItem(text, name)
        self.stack.addWidget(form)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.addTab(self.figure, "Figure")
        self.tabs.addTab(self.rows, "Numbers")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 6, 8)
        layout.setSpacing(6)
        layout.addLayout(
            row(label("Measure", buddy=self.kind), self.kind, self.start, self.cancel, stretch=1)
        )
        layout.addWidget(self.stack)
        layout.addLayout(
            row(label("Results", buddy=self.results), self.results, self.export, stretch=1)
        )
        layout.addWidget(self.progress)
        layout.addWidget(self.status)
        layout.addWidget(self.tabs, 1)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.start.clicked.connect(self._on_start)
        self.cancel.clicked.connect(self._on_cancel)
        self.export.clicked.connect(self._on_export)
        self.results.activated.connect(self._on_result)
        self._jobs.changed.connect(self._on_job)
        self._workspace.sandbox.changed.connect(self._on_competitors)
        self._workspace.exporter.busy_changed.connect(self._refresh)

    def take_focus(self) -> None:
        """Keys choose what to measure."""
        self.kind.setFocus()

    @Slot()
    def _on_export(self) -> None:
        job = self.job
        if job is not None and job.figure is not None:
            self.export_wanted.emit(job.figure)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        self.figure.apply_theme(theme)
        for form in self.forms.values():
            form.apply_theme(theme)

    @property
    def job(self) -> Job | None:
        """The job shown."""
        return None if self._shown is None else self._jobs.jobs[self._shown]

    @Slot()
    def _on_kind(self) -> None:
        self.stack.setCurrentIndex(self.kind.currentIndex())
        for i in range(self.stack.count()):  # the stack is as high as the form it shows
            policy = self.stack.widget(i).sizePolicy()
            shown = i == self.stack.currentIndex()
            policy.setVerticalPolicy(policy.Policy.Preferred if shown else policy.Policy.Ignored)
            self.stack.widget(i).setSizePolicy(policy)
        self.stack.setMaximumHeight(self.stack.currentWidget().sizeHint().height())

    @Slot()
    def _on_competitors(self) -> None:
        """Offer the networks of the sandbox; typing in a form is not disturbed by the same ones."""
        competitors = self._workspace.sandbox.competitors
        key = (
            competitors.settings,
            {role: one.settings for role, one in competitors.by_role.items()},
        )
        if key == self._offered:
            return
        self._offered = key
        for form in self.forms.values():
            form.show_competitors(competitors)
            if self._theme is not None:
                form.apply_theme(self._theme)

    @Slot()
    def _on_start(self) -> None:
        try:
            request = self.forms[self.kind.currentData()].request(
                self._workspace.sandbox.competitors
            )
        except UserError as error:
            self._workspace.notice.emit(str(error), "")
            return
        self._shown = self._jobs.add(request.title, request.make)
        self._list_results()
        self._refresh()

    @Slot()
    def _on_cancel(self) -> None:
        if self._shown is not None:
            self._jobs.cancel(self._shown)

    @Slot(int)
    def _on_result(self, index: int) -> None:
        self._shown = self.results.itemData(index)
        self._refresh()

    @Slot(int)
    def _on_job(self, number: int) -> None:
        if number == self._shown:
            self._clock.request(self._refresh, STATUS_PER_SECOND)
        if self._listed.get(number) != text_of(self._jobs.jobs[number]):
            self._list_results()

    def _list_results(self) -> None:
        with QSignalBlocker(self.results):
            self._listed = {number: text_of(job) for number, job in self._jobs.jobs.items()}
            self.results.clear()
            for number, text in reversed(self._listed.items()):
                self.results.addItem(text, number)
            self.results.setCurrentIndex(self.results.findData(self._shown))

    @Slot()
    def _refresh(self) -> None:
        job = self.job
        self.results.setEnabled(job is not None)
        self.cancel.setEnabled(job is not None and job.is_open)
        figure = job.figure if job is not None else None
        self.export.setEnabled(figure is not None and not self._workspace.exporter.is_busy)
        self.progress.setVisible(job is not None and job.is_open)
        self.progress.setValue(int(TICKS * job.done) if job is not None else 0)
        self.status.setText(status_of(job) if job is not None else "")
        self.status.setVisible(bool(self.status.text()))
        unfinished = figure is not None and not figure.complete and job is not None
        state = UNFINISHED if unfinished and job is not None and not job.is_open else ""
        hint = HINT if job is None else job.problem or "The figure appears as soon as there is one."
        self.figure.take(figure, hint, state)
        self.rows.show_figure(figure)


def _short_combo() -> QComboBox:
    """A choice whose longest text does not decide how wide the window is at least."""
    result = QComboBox()
    result.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    result.setMinimumContentsLength(12)
    return result


def text_of(job: Job) -> str:
    """What the list of results says of a job."""
    return f"{job.title}: {job.phase.value.lower()}"


def status_of(job: Job) -> str:
    """How far a job is, in words."""
    if job.phase is JobPhase.WAITING:
        return "Waiting for the jobs before it"
    if job.phase is JobPhase.FAILED:
        return job.problem
    if job.phase is not JobPhase.RUNNING:
        return "" if job.phase is JobPhase.DONE else job.phase.value
    parts = [job.doing or "beginning"]
    if job.seconds_left is not None:
        parts.append(f"{duration(job.seconds_left)} left")
    return " · ".join(parts)
