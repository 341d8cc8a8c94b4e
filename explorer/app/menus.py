"""The main window's menus: every action with its key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.app.actions import Entry
from explorer.panels.sandbox.learner_picker import KEYS
from explorer.state.competitors import LABELS
from explorer.state.preferences import THEMES

if TYPE_CHECKING:
    from explorer.app.main_window import MainWindow

SANDBOX_MENUS = ("&Sandbox", "St&eps")  # what acts on the sandbox alone
SANDBOX_ENTRIES = ("Follow training",)  # of other menus


def menus(window: MainWindow) -> dict[str, list[Entry]]:
    """All menus of a window, from left to right."""
    sandbox = window.workspace.sandbox
    step = window.sandbox.step_bar
    learners = [
        Entry(f"Show {LABELS[role]}", key, switch.toggle)
        for (role, switch), key in zip(window.sandbox.numbers.switches.items(), KEYS, strict=False)
    ]
    themes = [
        Entry(f"{theme.capitalize()} colours", f"Ctrl+Alt+{key}", partial(window.set_theme, theme))
        for key, theme in enumerate(THEMES, 1)
    ]
    return {
        "&File": [
            Entry("&Open checkpoint…", "Ctrl+O", window.ask_open),
            Entry("&Reopen last run", "Ctrl+Shift+O", window.reopen),
            Entry("&Save checkpoint…", "Ctrl+S", window.ask_save),
            Entry("Save &picture…", "Ctrl+Shift+P", window.ask_picture),
            Entry(),
            Entry("&Quit", "Ctrl+Q", window.close),
        ],
        "&Training": [
            Entry("&Train, pause or resume", "Ctrl+Return", window.training.train.click),
            Entry("&Step one meta-iteration", "Ctrl+Right", window.training.step.click),
            Entry("&Reset", "Ctrl+R", window.training.reset.click),
            Entry("&Follow training", "F", window.sandbox.controls.follow.toggle),
        ],
        "&Sandbox": [
            Entry("New &task", "R", sandbox.draw_task),
            Entry("&Draw K support points", "D", sandbox.draw_points),
            Entry("&Remove selected point", "Del", sandbox.remove_selected),
            Entry("&Clear points", "C", sandbox.clear_points),
            Entry("S&nap to the function", "N", window.sandbox.controls.snap.toggle),
            Entry(),
            *learners,
        ],
        "St&eps": [
            Entry("&Play or stop", "Space", step.play.click),
            Entry("&Back", "Left", step.back.click),
            Entry("&Forward", "Right", step.forward.click),
            Entry("F&irst", "Home", lambda: sandbox.go_to(0)),
            Entry("&Last", "End", lambda: sandbox.go_to(sandbox.state.steps)),
        ],
        "&View": [
            Entry("&Sandbox", "Ctrl+1", partial(window.left.setCurrentIndex, 0)),
            Entry("&Evaluation", "Ctrl+2", partial(window.left.setCurrentIndex, 1)),
            Entry(),
            Entry("Full s&creen", "F11", window.toggle_full_screen),
            Entry("&Dismiss message", "Esc", window.notices.hide),
            Entry(),
            *themes,
        ],
        "&Help": [Entry("&About", "F1", window.show_about)],
    }
