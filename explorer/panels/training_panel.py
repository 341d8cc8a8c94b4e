"""Training: settings, the buttons that run it, and the live plots."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QProgressBar, QTabWidget, QVBoxLayout, QWidget

from explorer.core.presets import PRESETS
from explorer.core.schema import Settings
from explorer.panels.legend import Legend
from explorer.panels.loss_plots import HeldOutPlot, MetaLossPlot
from explorer.panels.settings_form import SettingsForm
from explorer.panels.style import Theme
from explorer.panels.widgets import button, label, row, show_choice
from explorer.state.frame_clock import FrameClock
from explorer.state.loss_history import SMOOTHING_TEXT
from explorer.state.training_session import Phase, TrainingSession

PLOTS_PER_SECOND = 10.0  # a curve of losses gains nothing from more
NUMBERS_PER_SECOND = 5.0  # nobody reads faster
CAPTION = (
    f"Faint: raw. Lines: {SMOOTHING_TEXT}. "
    "The comparison is fair: all learners see the same points of the same tasks."
)
PENDING = "Changed settings take effect with Reset, which starts a new run."


class TrainingPanel(QWidget):
    """Shows a `TrainingSession` and passes the user's wishes on."""

    def __init__(
        self, session: TrainingSession, clock: FrameClock, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._clock = session, clock
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
        self.form = SettingsForm(session.settings)
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
        plots.addWidget(label(CAPTION, "muted", wrap=True))
        self.held_out_title = label("Held-out tasks", "heading")
        plots.addWidget(self.held_out_title)
        plots.addWidget(self.held_out, 4)
        self.tabs.addTab(curves, "Curves")
        self.tabs.addTab(self.form, "Settings")
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
        self.form.edited.connect(self._on_form)
        self.train.clicked.connect(self.toggle_training)
        self.step.clicked.connect(session.step)
        self.reset.clicked.connect(self.start_over)
        session.phase_changed.connect(self._on_phase)
        session.run_replaced.connect(self._on_run_replaced)
        session.progressed.connect(self._on_progress)
        session.held_out_changed.connect(self._on_progress)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.meta_loss.apply_theme(theme)
        self.held_out.apply_theme(theme)
        self.legend.apply_theme(theme)
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
        """Begin a new run with the settings shown."""
        if self.form.settings is not None:
            self._session.reset(self.form.settings)

    @Slot(int)
    def _on_preset(self, index: int) -> None:
        name = self.preset.itemData(index)
        if name is not None:
            seed = self._session.settings.seed
            self.form.show_settings(replace(PRESETS[name].settings, seed=seed))
        self._on_form()

    @Slot()
    def _on_form(self) -> None:
        settings = self.form.settings
        if settings is not None and self._session.phase is Phase.READY:
            self._session.reset(settings)
        self._on_phase()

    @Slot()
    def _on_run_replaced(self) -> None:
        settings = self._session.settings
        if self.form.settings != settings:
            self.form.show_settings(settings)
        self.progress.setRange(0, settings.iterations)
        self._clock.request(self.draw)

    @Slot()
    def _on_shown(self) -> None:
        self._clock.request(self.draw)

    @Slot()
    def _on_progress(self) -> None:
        self._clock.request(self._draw_curves, PLOTS_PER_SECOND)
        self._clock.request(self._draw_numbers, NUMBERS_PER_SECOND)

    @Slot()
    def _on_phase(self) -> None:
        phase, settings = self._session.phase, self.form.settings
        show_choice(self.preset, matching_preset(settings))
        texts = {
            Phase.READY: "Train",
            Phase.TRAINING: "Pause",
            Phase.PAUSING: "Pausing",
            Phase.FINISHED: "Finished",
        }
        self.train.setText(texts.get(phase, "Resume"))
        idle = not self._session.is_training
        finished = phase is Phase.FINISHED
        same = settings == self._session.settings
        self.train.setEnabled(phase is Phase.TRAINING or (idle and not finished and same))
        self.step.setEnabled(idle and not finished and same)
        self.reset.setEnabled(settings is not None and (phase is not Phase.READY or not same))
        self.pending.setVisible(settings is not None and not same)
        self._clock.request(self.draw)

    def draw(self) -> None:
        """Bring plots and numbers up to date; the frame clock calls this."""
        self._draw_curves()
        self._draw_numbers()

    def _draw_curves(self) -> None:
        if self.meta_loss.isVisible():
            self.meta_loss.draw(self._session)
            self.held_out.draw(self._session.settings, self._session.held_out)

    def _draw_numbers(self) -> None:
        with QSignalBlocker(self.progress):
            self.progress.setValue(self._session.iteration)
        self.numbers.setText(self._progress_text())
        if self.meta_loss.isVisible():
            self.legend.draw(self._session)
            self.held_out_title.setText(self._held_out_text())

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
        lost = {name: counts[-1] for name, counts in held_out.diverged.items() if counts[-1]}
        if lost:
            text += f" ({max(lost.values())} diverged, left out)"
        return text


def matching_preset(settings: Settings | None) -> str | None:
    """The preset that these settings are, whatever their seed."""
    if settings is None:
        return None
    seed = settings.seed
    same = (n for n, preset in PRESETS.items() if replace(preset.settings, seed=seed) == settings)
    return next(same, None)


def duration(seconds: float) -> str:
    """A time span as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
