"""From the command line to a window on the screen."""

import gc
import os
import signal
import socket
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import (
    QLocale,
    QMessageLogContext,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from explorer.app.demo import Demo
from explorer.app.main_window import TRANSIENT_MS, MainWindow
from explorer.app.options import NO_DISPLAY, WindowOptions
from explorer.core.base.errors import UserError
from explorer.core.experiment.presets import PRESETS
from explorer.core.files.checkpoint import SUFFIX, load
from explorer.core.files.weights_alone import Declaration
from explorer.core.training.loop import DEFAULT_LEARNERS
from explorer.state.preferences import Preferences, default_path
from explorer.state.workers import describe
from explorer.state.workspace import Workspace

KEPT_RUN = f"last-run{SUFFIX}"
SWITCH_SECONDS = 0.001  # a fifth of Python's own: the window waits that long for a busy worker
# Said better by NO_DISPLAY; of no consequence offscreen.
QT_NOISE = ("platform plugin", "connect to display", "propagateSizeHints")


def _check_display() -> None:
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in variables):
        raise UserError(NO_DISPLAY)


def _on_qt_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Qt aborts the process if it finds no display; say so in a sentence before it does."""
    if kind is QtMsgType.QtFatalMsg and "platform plugin" in text:
        print(f"maml-explorer: error: {NO_DISPLAY}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(2)
    if kind is not QtMsgType.QtDebugMsg and not any(noise in text for noise in QT_NOISE):
        print(text, file=sys.stderr)  # noqa: T201


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication, set up as this program wants it."""
    application = QApplication(arguments)
    application.setApplicationName("maml-explorer")
    application.setApplicationDisplayName("MAML Explorer")
    application.setDesktopFileName("maml-explorer")
    application.setStyle("Fusion")
    QLocale.setDefault(QLocale.c())  # numbers read the same in plots, fields and files
    pg.setConfigOptions(antialias=True)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()  # see `explorer.app.collector`
    return application


def make_workspace(options: WindowOptions, kept_run: Path | None = None) -> Workspace:
    """The workspace that the options ask for; `kept_run` is where an unsaved run goes."""
    preset = PRESETS[options.preset or "paper"]
    settings = preset.settings
    if options.seed is not None:
        settings = replace(settings, seed=options.seed)
    return Workspace(
        settings, settings.seed, kept_run=kept_run, learners=preset.learners or DEFAULT_LEARNERS
    )


def _report_exceptions(window: MainWindow) -> None:
    def hook(_kind: type[BaseException], error: BaseException, trace: object) -> None:
        if isinstance(error, KeyboardInterrupt):
            window.close()
            return
        traceback = trace if isinstance(trace, types.TracebackType) else None
        window.notices.show_notice(*describe(error.with_traceback(traceback)))

    sys.excepthook = hook


def _close_on_interrupt(window: MainWindow) -> None:
    """Let Ctrl-C in the terminal close the window; Qt's loop would not let Python see it."""
    wake, signalled = socket.socketpair()
    signalled.setblocking(False)
    signal.set_wakeup_fd(signalled.fileno())
    # Later, because Python may have been interrupted in the midst of painting the window.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, window.close))
    notifier = QSocketNotifier(wake.fileno(), QSocketNotifier.Type.Read, window)
    # Both sockets live as long as this connection holds them.
    notifier.activated.connect(lambda *_, sockets=(wake, signalled): sockets[0].recv(1))


def when_painted(window: MainWindow, then: Callable[[], None]) -> None:
    """Call once the first adaptation is on the screen."""
    sandbox = window.workspace.sandbox
    timer = QTimer(window)
    timer.setInterval(20)

    def check() -> None:
        if sandbox.is_current:
            timer.stop()
            window.sandbox.draw()
            window.training.draw()
            then()

    timer.timeout.connect(check)
    timer.start()


def run_window(options: WindowOptions, preferences_path: Path | None = None) -> int:
    """Open the window and stay until it closes.

    Returns:
        The process's exit code.

    Raises:
        UserError: there is no display, or the checkpoint cannot be opened.
    """
    _check_display()
    qInstallMessageHandler(_on_qt_message)
    checkpoint = load(options.open, options.declared) if options.open else None
    if checkpoint is not None and not checkpoint.is_bare and options.declared != Declaration():
        raise UserError(
            f"{checkpoint.path} says itself whose networks it holds: leave out what is said of it "
            "beside --open."
        )
    application = make_application(["maml-explorer"])
    settings_path = preferences_path or default_path()
    workspace = make_workspace(options, settings_path.parent / KEPT_RUN)
    window = MainWindow(workspace, Preferences(settings_path))
    if checkpoint is not None:
        workspace.take(checkpoint)
        workspace.sandbox.answer = None  # the first picture is of other networks
    _report_exceptions(window)
    _close_on_interrupt(window)
    demo = Demo(workspace, options.seed or 0, window)
    demo.stopped.connect(
        lambda: window.statusBar().showMessage("Demonstration stopped", TRANSIENT_MS)
    )
    if options.screenshot is None:
        window.restore_layout()
    window.show()
    failures: list[str] = []

    def take_picture() -> None:
        assert options.screenshot is not None
        if not window.grab().save(str(options.screenshot), "PNG"):
            failures.append(f"could not write {options.screenshot}: choose another place.")
        window.close()

    if options.screenshot is not None:
        when_painted(window, take_picture)  # always of the same size
    elif options.demo:
        demo.start()
    code = application.exec()
    if failures:
        raise UserError(failures[0])
    return code
