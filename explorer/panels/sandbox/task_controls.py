"""The sandbox's controls: the task, the support points, and which networks adapt how."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from explorer.core.experiment.settings import DESCRIPTIONS
from explorer.core.families import FAMILIES, default_family
from explorer.panels.sandbox.task_parameters import TaskParameters
from explorer.panels.widgets.controls import (
    NumberBox,
    button,
    label,
    row,
    show_checked,
    show_choice,
    show_value,
)
from explorer.panels.widgets.view import is_out_of_sight
from explorer.state.workspace import Workspace

FAMILY_WIDTH, FRAME = 150, 40  # pixels: of the list of families, and of it around the text
TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)


class TaskControls(QWidget):
    """Shows the sandbox's state and passes the user's changes on.

    Signals:
        open_wanted: the user wants to choose a file to compare.
    """

    open_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._sandbox = workspace.sandbox
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(self._task_row())
        layout.addLayout(self._points_row())
        layout.addLayout(self._networks_row())
        self._sandbox.changed.connect(self.refresh)
        workspace.sources_changed.connect(self._refresh_sources)
        self._refresh_sources()

    def _task_row(self) -> QHBoxLayout:
        self.family = QComboBox()
        self.family.setAccessibleName("Family of functions")
        for name, family in FAMILIES.items():
            self.family.addItem(family.label, name)
            self.family.setItemData(
                self.family.count() - 1, f"{family.formula} ({family.source})", TOOL_TIP
            )
        self.parameters = TaskParameters()
        self.new_task = button("New tas&k", "Draw a task from the task distribution (R)")
        self.family.activated.connect(self._on_family)
        self.parameters.edited.connect(self._sandbox.set_parameter)
        self.new_task.clicked.connect(self._sandbox.draw_task)
        line = row(self.family, self.parameters, self.new_task, stretch=1)
        for part in (self.family, self.new_task):
            line.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        return line

    def _points_row(self) -> QHBoxLayout:
        self.count = label("")
        self.count.setMinimumWidth(186)
        self.draw = button("", "Replace the points by random ones on the function (D)")
        self.evenly = button("Evenly", "As many points, spaced evenly over the inputs (E)")
        self.clear = button("&Clear", "Remove every support point (C)")
        self.snap = QCheckBox("S&nap")
        self.snap.setToolTip(
            "Snap new points to the function (N). Off: a click places a point anywhere, as noise "
            "would"
        )
        self.query = QCheckBox("Query points")
        self.query.setToolTip(
            "Show fresh points of the task as circles, with each learner's error on them (Q). "
            "Nobody learns from them"
        )
        self.draw.clicked.connect(self._sandbox.draw_points)
        self.evenly.clicked.connect(self._sandbox.space_points)
        self.clear.clicked.connect(self._sandbox.clear_points)
        self.snap.toggled.connect(lambda on: self._sandbox.update(snap=on))
        self.query.toggled.connect(self._sandbox.set_query_points)
        return row(self.count, self.draw, self.evenly, self.clear, self.snap, self.query)

    def _networks_row(self) -> QHBoxLayout:
        self.source = QComboBox()
        self.source.setAccessibleName("Which networks")
        self.source.setToolTip(
            "Where the networks come from; those that it lacks are the shipped ones"
        )
        self.source.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.follow = QCheckBox("F&ollow training")
        self.follow.setToolTip("Adapt anew as the network in training learns")
        alpha = DESCRIPTIONS["alpha"]
        self.alpha = NumberBox(alpha.low, alpha.high, alpha.step)
        self.alpha.setAccessibleName("Step size α")
        self.alpha.setToolTip(
            "Size of each gradient step on the support points. Learners with step sizes of their "
            "own (Meta-SGD, α per layer, CAVIA) take them scaled by this over the α of their "
            "training"
        )
        self.source.activated.connect(self._on_source)
        self.follow.toggled.connect(self._workspace.set_follow)
        self.alpha.valueChanged.connect(lambda value: self._sandbox.update(alpha=value))
        return row(
            label("&Which networks", buddy=self.source),
            self.source,
            self.follow,
            label("Step size &α", buddy=self.alpha),
            self.alpha,
            stretch=1,
        )

    @Slot(int)
    def _on_family(self, index: int) -> None:
        name = self.family.itemData(index)
        trained_on = self._sandbox.competitors.settings.family
        chosen = trained_on if trained_on.name == name else default_family(name)
        if chosen.name != self._sandbox.state.family.name:
            self._sandbox.choose_family(chosen)

    @Slot(int)
    def _on_source(self, index: int) -> None:
        source = self.source.itemData(index)
        if source is None:
            self.refresh()
            self.open_wanted.emit()
        else:
            self._workspace.choose_source(source)

    @Slot()
    def _refresh_sources(self) -> None:
        with QSignalBlocker(self.source):
            self.source.clear()
            for source, name in self._workspace.sources.items():
                self.source.addItem(name, source)
            self.source.addItem("Open a file…", None)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing was refreshed while another tab was shown."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the sandbox's state."""
        if is_out_of_sight(self):
            return
        state, settings = self._sandbox.state, self._sandbox.competitors.settings
        show_choice(self.family, state.family.name)
        # Most names fit, and their families leave everything else where it is.
        text = self.family.fontMetrics().horizontalAdvance(state.family.label)
        self.family.setFixedWidth(max(FAMILY_WIDTH, text + FRAME))
        self.family.setToolTip(f"{state.family.formula} ({state.family.source})")
        self.parameters.show_task(state)
        shots = self._sandbox.competitors.shots
        trained = "" if shots is None else f" (trained on K = {shots})"
        self.count.setText(f"<b>{len(state.points)}</b> points{trained}")
        self.draw.setText(f"&Draw {settings.shots}")
        self.clear.setEnabled(bool(state.points))
        show_checked(self.snap, state.snap)
        show_checked(self.query, bool(state.query_x))
        show_checked(self.follow, state.follows_training)
        show_choice(self.source, state.source)
        show_value(self.alpha, state.alpha)
