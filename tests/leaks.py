"""Finds the threads, timers and windows that a test leaves behind."""

import gc
import sys
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication, QMenu


class Watch:
    """Remembers what is started, and where, from its making on.

    It does not see `QTimer.singleShot`, nor what is started inside C++.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Strong references: losing the last one to a running thread aborts the process.
        self._started: list[tuple[Any, str, str]] = []
        self._windows = QApplication.topLevelWidgets()
        for kind, alive in ((QThread, "isRunning"), (QTimer, "isActive")):
            monkeypatch.setattr(kind, "start", self._recorded(kind.start, alive))

    def _recorded(self, original: Any, alive: str) -> Any:
        def start(thing: Any, *arguments: Any) -> None:
            caller = sys._getframe(1)
            place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
            self._started.append((thing, alive, place))
            original(thing, *arguments)

        return start

    def stop_leaks(self) -> list[str]:
        """Stop what still lives; says what it was and where it was started."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
        # Here, because a collection that happens in a worker thread would delete widgets there.
        gc.collect()
        gc.freeze()  # what is left stays for long; collections would take half a second in the end
        leaks = []
        for thing, alive, place in self._started:
            if shiboken6.isValid(thing) and getattr(thing, alive)():
                leaks.append(f"{thing} started at {place}")
                (thing.shut_down if hasattr(thing, "shut_down") else thing.stop)()
        return leaks + [
            f"top-level {widget} {widget.windowTitle()!r}"
            for widget in QApplication.topLevelWidgets()
            # pyqtgraph makes context menus without a parent, and keeps them.
            if not (widget in self._windows or widget.parent() or isinstance(widget, QMenu))
        ]
