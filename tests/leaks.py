"""Finds what a test leaves behind, and Qt objects that die in the wrong thread."""

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QGraphicsItem


class Deaths:
    """Remembers every Qt object whose Python side died outside of the GUI thread.

    Qt deletes it there and then, while the GUI thread may be using it. It sees what Python makes,
    from its making on, be it forgotten or collected.
    """

    def __init__(self) -> None:
        self._living: dict[int, weakref.ref[Any]] = {}
        self._elsewhere: list[str] = []
        for module in (QtCore, QtGui, QtWidgets):
            for kind in [getattr(module, name) for name in dir(module)]:
                if isinstance(kind, type) and issubclass(kind, QObject | QGraphicsItem):
                    self._watch(kind)

    def _watch(self, kind: Any) -> None:
        if "__init__" in vars(kind):
            kind.__init__ = self._recorded(kind.__init__)

    def _recorded(self, original: Callable[..., None]) -> Callable[..., None]:
        def __init__(thing: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
            original(thing, *arguments, **named)
            if id(thing) not in self._living:
                died = self._when_dead(id(thing), type(thing).__name__)
                self._living[id(thing)] = weakref.ref(thing, died)

        return __init__

    def _when_dead(self, key: int, name: str) -> Callable[[object], None]:
        def died(_: object) -> None:
            del self._living[key]
            if threading.current_thread() is not threading.main_thread():
                self._elsewhere.append(f"{name} in {threading.current_thread().name}")

        return died

    def take(self) -> list[str]:
        """What died elsewhere since the last time, and where."""
        found, self._elsewhere = self._elsewhere, []
        return found


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
            if not (widget in self._windows or widget.parent())
        ]
