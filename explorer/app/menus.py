"""The main window's menus: every action with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from explorer.app.actions import Entry
from explorer.app.file_dialogs import FileDialogs
from explorer.app.views import VIEWS
from explorer.panels.sandbox.learner_picker import KEYS
from explorer.panels.sandbox.panel import SandboxPanel
from explorer.panels.training.panel import TrainingPanel
from explorer.state.competitors import LABELS
from explorer.state.preferences import THEMES, Theme
from explorer.state.workspace import Workspace

SANDBOX_MENUS = ("&Sandbox", "St&eps")  # what acts on the sandbox alone
SANDBOX_ENTRIES = ("Follow training",)  # of other menus


def theme_name(theme: Theme) -> str:
    """The menu entry of a theme."""
    return f"{theme.capitalize()} colours"


@dataclass(frozen=True)
class Commands:
    """What menus ask of the window itself."""

    show_view: Callable[[int], object]
    set_theme: Callable[[Theme], object]
    toggle_full_screen: Callable[[], object]
    dismiss: Callable[[], object]
    show_about: Callable[[], object]
    quit: Callable[[], object]


def menus(
    workspace: Workspace,
    panel: SandboxPanel,
    training: TrainingPanel,
    dialogs: FileDialogs,
    commands: Commands,
) -> dict[str, list[Entry]]:
    """All menus of a window, from left to right."""
    sandbox = workspace.sandbox

    def follow() -> None:
        workspace.set_follow(not sandbox.state.follows_training)

    def snap() -> None:
        sandbox.update(snap=not sandbox.state.snap)

    def draw_query_points() -> None:
        sandbox.set_query_points(not sandbox.state.query_x)

    def explain() -> None:
        """Fold the formula out or away, where it can be seen."""
        sandbox.update(explains=not (sandbox.state.explains and panel.isVisible()))
        commands.show_view(0)

    learners = [
        Entry(f"Show {LABELS[role]}", key, switch.toggle)
        for (role, switch), key in zip(panel.numbers.switches.items(), KEYS, strict=False)
    ]
    views = [
        Entry(f"&{view.title}", view.key, partial(commands.show_view, index))
        for index, view in enumerate(VIEWS)
    ]
    themes = [
        Entry(theme_name(theme), f"Ctrl+Alt+{key}", partial(commands.set_theme, theme))
        for key, theme in enumerate(THEMES, 1)
    ]
    return {
        "&File": [
            Entry("&Open checkpoint…", "Ctrl+O", dialogs.open),
            Entry("&Reopen last run", "Ctrl+Shift+O", dialogs.reopen),
            Entry("&Save checkpoint…", "Ctrl+S", dialogs.save),
            Entry("Save &picture…", "Ctrl+Shift+P", dialogs.save_picture),
            Entry(),
            Entry("&Quit", "Ctrl+Q", commands.quit),
        ],
        "&Training": [
            Entry("&Train, pause or resume", "Ctrl+Return", training.train.click),
            Entry("&Step one meta-iteration", "Ctrl+Right", training.step.click),
            Entry("&Reset", "Ctrl+R", training.reset.click),
            Entry("&Follow training", "F", follow),
        ],
        "&Sandbox": [
            Entry("New &task", "R", sandbox.draw_task),
            Entry("&Draw K support points", "D", sandbox.draw_points),
            Entry("Space points &evenly", "E", sandbox.space_points),
            Entry("Points in one &half only", "H", sandbox.draw_points_in_half),
            Entry("&Remove selected point", "Del", sandbox.remove_selected),
            Entry("&Clear points", "C", sandbox.clear_points),
            Entry("S&nap to the function", "N", snap),
            Entry("&Query points", "Q", draw_query_points),
            Entry("Free all &layers", "L", sandbox.free_layers),
            Entry(),
            *learners,
        ],
        "St&eps": [
            Entry("&Play or stop", "Space", workspace.player.toggle),
            Entry("&Back", "Left", partial(sandbox.go_on, -1)),
            Entry("&Forward", "Right", partial(sandbox.go_on, 1)),
            Entry("F&irst", "Home", lambda: sandbox.go_to(0)),
            Entry("&Last", "End", lambda: sandbox.go_to(sandbox.state.steps)),
            Entry("Step's for&mula", "M", explain),
        ],
        "&View": [
            *views,
            Entry(),
            Entry("Full s&creen", "F11", commands.toggle_full_screen),
            Entry("&Dismiss message", "Esc", commands.dismiss),
            Entry(),
            *themes,
        ],
        "&Help": [Entry("&About", "F1", commands.show_about)],
    }
