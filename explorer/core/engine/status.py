"""Whether the machine is there, and what runs without it: for whoever wants to tell the user."""

import os
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from threading import Lock

SWITCH = "MAML_EXPLORER_ENGINE"  # an environment variable; "off" leaves the machine alone
SLOWER = "as ordinary Python, several times slower"

Listener = Callable[[str], None]


class State(Enum):
    """Where the machine stands; the value is what people read."""

    NOT_LOADED = "not loaded"
    COMPILING = "compiling"
    READY = "ready"
    OFF = "off"


class Status:
    """What there is to say of the machine. Every method may be called from every thread."""

    def __init__(self) -> None:
        self._state = State.NOT_LOADED
        self._sentences: list[str] = []
        self._listeners: list[Listener] = []
        self._lock = Lock()

    @property
    def state(self) -> State:
        """Where the machine stands."""
        return State.OFF if _is_switched_off() else self._state

    @property
    def why_plain(self) -> str:
        """A sentence on what runs as ordinary Python and why, the newest; empty if nothing does."""
        return self._sentences[-1] if self._sentences else ""

    def observe(self, listener: Listener) -> Callable[[], None]:
        """Have a function called on every change, in the thread that brings it.

        Args:
            listener: gets the new value of `why_plain`, empty where only the state has changed.

        Returns:
            What ends this.
        """
        self._listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def enter(self, state: State) -> None:
        """Take another state."""
        if state is not self._state:
            self._state = state
            self._tell("")

    def turn_off(self, reason: str) -> None:
        """The machine cannot be had in this process.

        Args:
            reason: a sentence, which says what to do.
        """
        self._state = State.OFF
        self._say(f"{reason} Until then everything runs {SLOWER}.")

    def say_switched_off(self) -> None:
        """Somebody has wanted the machine although it is switched off."""
        self._say(f"The engine is switched off ({SWITCH}=off): everything runs {SLOWER}.")

    def say_not_recorded(self, name: str, reason: str) -> None:
        """A loop does what the machine cannot repeat.

        Args:
            name: what the loop does, as people call it.
            reason: what is in the way.
        """
        self._say(f"{name} runs {SLOWER}, because the engine cannot repeat it: {reason}.")

    def _say(self, sentence: str) -> None:
        """Say it once."""
        with self._lock:
            if sentence in self._sentences:
                return
            self._sentences.append(sentence)
        self._tell(sentence)

    def _tell(self, sentence: str) -> None:
        for listener in tuple(self._listeners):
            listener(sentence)


def _is_switched_off() -> bool:
    return os.environ.get(SWITCH, "").lower() == "off"


STATUS = Status()
