"""Training: settings, the buttons that run it, and the live plots."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QProgressBar, QTabWidget, QVBoxLayout, QWidget

from explorer.core.experiment.presets import PRESETS, matching_preset
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.ledger import accounts
from explorer.core.training.loop import DEFAULT_LEARNERS, HELD_OUT_TASKS
from explorer.panels.training.learner_choice import LearnerChoice
from explorer.panels.training.legend import Legend
from explorer.panels.training.loss_plots import CROWDED, HeldOutPlot, MetaLossPlot
from explorer.panels.training.paper_comparison import PaperComparison
from explorer.panels.training.settings_form import SettingsForm
from explorer.panels.training.time_bar import TimeBar
from explorer.panels.widgets.controls import button, label, row, show_choice
from explorer.panels.widgets.style import Theme
from explorer.state.frame_clock import FrameClock
from explorer.state.loss_history import SMOOTHING_TEXT
from explorer.state.time_travel import TimeTravel
from explorer.state.training_session import Phase, TrainingSession

PLOTS_PER_SECOND = 10.0  # a curve of losses gains nothing from more
NUMBERS_PER_SECOND = 5.0  # nobody reads faster
MOMENTS_PER_SECOND = 30.0  # twice as many as a film has
PENDING = "What you changed takes effect with Reset, which starts a new run."


class TrainingPanel(QWidget):
    """Shows a `TrainingSession` and the way back through it, and passes the user's wishes on."""

    def __init__(
        self,
        session: TrainingSession,
        travel: TimeTravel,
        clock: FrameClock,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._travel, self._clock = session, travel, clock
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset")
        for name, preset in PRESETS.items():
            self.preset.addItem(preset.label, name)
            self.preset.setItemData(self.preset.count() - 1, preset.help, 3)  # tooltip
        self.preset.addItem("Own settings", None)
        self.train = button("Train", "Train, pause or resume (Ctrl+Return)", "primary")
        self.step = button("Step", "Do one meta-iteration (Ctrl+Right)")
        self.reset = button("Reset", "Start a new run with the settings shown (Ctrl+R)")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Training progress")
        self.numbers = label("", "muted")
        self.pending = label(PENDING, "warning", wrap=True)
        self.meta_loss = MetaLossPlot()
        self.held_out = HeldOutPlot()
        self.legend = Legend()
        self.caption = label("", "muted", wrap=True)
        self.time_bar = TimeBar(travel)
        self.form = SettingsForm(session.settings)
        self.choice = LearnerChoice(session.learners)
        self.comparison = PaperComparison()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self._lay_out()
        self._connect()
        self._on_run_replaced()
        self._on_phase()

    def _lay_out(self) -> None:
        curves = QWidget()
        plots = QVBoxLayout(curves)
        plots.setContentsMargins(4, 6, 4, 4)
        plots.addWidget(label("Training loss", "heading"))
        plots.addWidget(self.legend)
        plots.addWidget(self.meta_loss, 5)
        plots.addWidget(self.caption)
        self.held_out_title = label("Held-out tasks", "heading")
        plots.addWidget(self.held_out_title)
        plots.addWidget(self.held_out, 4)
        plots.addWidget(self.time_bar)
        self.tabs.addTab(curves, "Curves")
        self.tabs.addTab(self.form, "Settings")
        self.tabs.addTab(self.choice, "Learners")
        self.tabs.addTab(self.comparison, self.comparison.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 10, 8)
        layout.addLayout(
            row(
                label("Preset", buddy=self.preset),
                self.preset,
                self.train,
                self.step,
                self.reset,
                stretch=1,
            )
        )
        layout.addWidget(self.progress)
        layout.addWidget(self.numbers)
        layout.addWidget(self.pending)
        layout.addWidget(self.tabs, 1)

    def _connect(self) -> None:
        session = self._session
        self.tabs.currentChanged.connect(self._on_shown)
        self.preset.activated.connect(self._on_preset)
        self.form.edited.connect(self._on_edited)
        self.choice.edited.connect(self._on_edited)
        self.train.clicked.connect(self.toggle_training)
        self.step.clicked.connect(session.step)
        self.reset.clicked.connect(self.start_over)
        session.phase_changed.connect(self._on_phase)
        session.run_replaced.connect(self._on_run_replaced)
        session.progressed.connect(self._on_progress)
        session.held_out_changed.connect(self._on_progress)
        self._travel.changed.connect(self._on_travel)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.meta_loss.apply_theme(theme)
        self.held_out.apply_theme(theme)
        self.legend.apply_theme(theme)
        self.choice.apply_theme(theme)
        self._clock.request(self.draw)

    @Slot()
    def toggle_training(self) -> None:
        """Train, pause or resume, whichever is next."""
        if self._session.phase is Phase.TRAINING:
            self._session.pause()
        else:
            self._session.start()

    @Slot()
    def start_over(self) -> None:
        """Begin a new run with the settings and learners shown."""
        settings = self.form.settings
        if settings is not None and self.choice.check(settings):
            self._session.reset(settings, self.choice.chosen)

    @Slot(int)
    def _on_preset(self, index: int) -> None:
        name = self.preset.itemData(index)
        if name is not None:
            preset, seed = PRESETS[name], self._session.settings.seed
            self.form.show_settings(replace(preset.settings, seed=seed))
            if preset.learners:
                self.choice.show_learners(preset.learners)
            elif MAML.name not in self.choice.chosen:  # as after a preset of another learner
                self.choice.show_learners(DEFAULT_LEARNERS)
        self._on_edited()

    @Slot()
    def _on_edited(self) -> None:
        if self._session.phase is Phase.READY:  # there is nothing to lose
            self.start_over()
        self._on_phase()

    @Slot()
    def _on_run_replaced(self) -> None:
        settings = self._session.settings
        if self.form.settings != settings:
            self.form.show_settings(settings)
        self._show_learners(self._session.learners)
        self.progress.setRange(0, settings.iterations)
        self._clock.request(self.draw)

    def _show_learners(self, learners: tuple[str, ...]) -> None:
        if self.choice.chosen != learners:
            self.choice.show_learners(learners)
        if tuple(self.held_out.curves) != learners:
            for part in (self.meta_loss, self.held_out, self.legend):
                part.set_learners(learners)
            self.caption.setText(caption(learners))
            self.tabs.setTabText(self.tabs.indexOf(self.choice), f"Learners: {len(learners)}")

    @Slot()
    def _on_shown(self) -> None:
        self._clock.request(self.draw)

    @Slot()
    def _on_progress(self) -> None:
        self._clock.request(self._draw_curves, PLOTS_PER_SECOND)
        self._clock.request(self._draw_numbers, NUMBERS_PER_SECOND)

    @Slot()
    def _on_travel(self) -> None:
        self._clock.request(self._draw_moment, MOMENTS_PER_SECOND)

    @Slot()
    def _on_phase(self) -> None:
        phase, settings = self._session.phase, self.form.settings
        show_choice(self.preset, matching_preset(settings) if settings else None)
        self.comparison.show_settings(settings)
        self.tabs.setTabText(self.tabs.indexOf(self.comparison), self.comparison.title)
        texts = {
            Phase.READY: "Train",
            Phase.TRAINING: "Pause",
            Phase.PAUSING: "Pausing",
            Phase.FINISHED: "Finished",
        }
        self.train.setText(texts.get(phase, "Resume"))
        idle = not self._session.is_training
        finished = phase is Phase.FINISHED
        chosen = self.choice.chosen
        possible = self.choice.check(settings)
        same = (settings, chosen) == (self._session.settings, self._session.learners)
        self.train.setEnabled(phase is Phase.TRAINING or (idle and not finished and same))
        self.step.setEnabled(idle and not finished and same)
        self.reset.setEnabled(possible and (phase is not Phase.READY or not same))
        self.pending.setVisible(settings is not None and not same)
        self.pending.setText(PENDING if possible else self.choice.complaint)
        self._clock.request(self.draw)

    def draw(self) -> None:
        """Bring plots and numbers up to date; the frame clock calls this."""
        self._draw_curves()
        self._draw_moment()
        self._draw_numbers()

    def _draw_curves(self) -> None:
        if self.meta_loss.isVisible():
            self.meta_loss.draw(self._session)
            self.held_out.draw(self._session.settings, self._session.held_out)

    def _draw_moment(self) -> None:
        if self.meta_loss.isVisible():
            self.meta_loss.mark(self._travel.moment)

    def _draw_numbers(self) -> None:
        with QSignalBlocker(self.progress):
            self.progress.setValue(self._session.iteration)
        self.numbers.setText(self._progress_text())
        if self.meta_loss.isVisible():
            self.legend.draw(self._session)
            self.held_out_title.setText(self._held_out_text())
            self.time_bar.refresh()
        if self.choice.isVisible():
            self.choice.costs.show_costs(
                {
                    name: each.texts()
                    for name, each in accounts(
                        self._session.settings, self._session.iteration, self._session.seconds
                    ).items()
                }
            )

    def _progress_text(self) -> str:
        session = self._session
        parts = [f"{session.iteration:,} of {session.settings.iterations:,} meta-iterations"]
        if session.is_training and session.speed:
            parts.append(f"{session.speed:,.0f} per second")
            if session.seconds_left is not None:
                parts.append(f"{duration(session.seconds_left)} left")
        else:
            parts.append(session.phase.value.lower())
        return " · ".join(parts)

    def _held_out_text(self) -> str:
        held_out = self._session.held_out
        if held_out is None:
            return "Held-out tasks"
        text = f"Held-out tasks at iteration {held_out.iteration:,}"
        lost = {name: counts[-1] for name, counts in held_out.lost.items() if counts[-1]}
        if lost:
            up_to = "" if len(held_out.lost) == 1 else "up to "
            text += (
                f" ({up_to}{max(lost.values())} of {HELD_OUT_TASKS} lost, counted as predicting 0)"
            )
        return text


def caption(learners: Sequence[str]) -> str:
    """How to read the plot of the training losses."""
    if len(learners) > CROWDED:
        text = f"Lines: {SMOOTHING_TEXT}, after the inner steps. Numbers: before → after them. "
    else:
        text = f"Faint: raw. Lines: {SMOOTHING_TEXT}. "
    alone = [LEARNERS[name].own_tasks is not None for name in learners]
    if all(alone) or len(learners) == 1:
        return text.rstrip()
    who = "all but the averaged learners" if any(alone) else "all learners"
    return f"{text}The comparison is fair: {who} see the same points of the same tasks."


def duration(seconds: float) -> str:
    """A time span as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
