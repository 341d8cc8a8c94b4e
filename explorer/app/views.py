"""The views of the main window, one tab each. A further view is a line in `VIEWS`."""

from collections.abc import Callable
from dataclasses import dataclass

from explorer.panels.sandbox.panel import SandboxPanel
from explorer.panels.widgets.view import View
from explorer.state.frame_clock import FrameClock
from explorer.state.workspace import Workspace


@dataclass(frozen=True)
class ViewEntry:
    """A view that can be shown.

    Attributes:
        title: of its tab and its menu entry.
        key: shows it.
        make: makes its panel; called when it is first shown, since the window opens without.
        on_sandbox: whether the keys of the sandbox act while it is shown.
    """

    title: str
    key: str
    make: Callable[[Workspace, FrameClock], View]
    on_sandbox: bool = False


def _evaluation(workspace: Workspace, clock: FrameClock) -> View:
    from explorer.panels.evaluation.panel import EvaluationPanel  # noqa: PLC0415 - takes its time

    return EvaluationPanel(workspace, clock)


def _instruments(workspace: Workspace, clock: FrameClock) -> View:
    from explorer.panels.instruments.panel import InstrumentsPanel  # noqa: PLC0415 - as above

    return InstrumentsPanel(workspace, clock)


VIEWS = (
    ViewEntry("Sandbox", "Ctrl+1", SandboxPanel, on_sandbox=True),
    ViewEntry("Evaluation", "Ctrl+2", _evaluation),
    ViewEntry("Why it works", "Ctrl+3", _instruments, on_sandbox=True),
)
