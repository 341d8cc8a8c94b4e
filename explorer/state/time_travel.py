"""Back to where the learners in training stood, and through their training like a film."""

from bisect import bisect_right
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from explorer.state.competitors import Competitors
from explorer.state.sandbox import Sandbox
from explorer.state.training_session import TrainingSession

PACE = 15.0  # moments per second: the paper's training takes eight seconds


class TimeTravel(QObject):
    """Takes the sandbox to moments of the run in training, the last of which is the newest.

    In the past the sandbox does not follow training; at the newest moment it does again. What is
    shown is read off the sandbox, so it does not matter who took it there.

    Signals:
        changed: the moment shown, or `is_playing`, has a new value.
    """

    changed = Signal()

    def __init__(
        self,
        session: TrainingSession,
        sandbox: Sandbox,
        competitors_at: Callable[[int | None], Competitors],
        parent: QObject | None = None,
    ) -> None:
        """Begin at the newest moment.

        Args:
            session: the training.
            sandbox: what is taken along.
            competitors_at: finds the learners in training at a moment, None for the newest.
            parent: Qt parent.
        """
        super().__init__(parent)
        self._session, self._sandbox, self._competitors_at = session, sandbox, competitors_at
        self._gave_up_following = False
        self._timer = QTimer(self)
        self.set_pace(PACE)
        self._timer.timeout.connect(self._advance)
        self._seen = self.moment
        sandbox.changed.connect(self._on_sandbox)
        session.run_replaced.connect(self._on_replaced)

    @property
    def moments(self) -> tuple[int, ...]:
        """The iterations that can be gone to, the newest last."""
        if not self._session.iteration:  # a run that is not begun need not be made for this
            return (0,)
        return self._session.run.moments

    @property
    def moment(self) -> int | None:
        """The iteration at which the sandbox is held; None if it follows, or shows others."""
        state = self._sandbox.state
        if state.follow or state.source != "training":
            return None
        return self._sandbox.competitors.iteration

    @property
    def place(self) -> int:
        """The last of the `moments` that is not after the one shown; the newest if none is."""
        moment, moments = self.moment, self.moments
        if moment is None:
            return len(moments) - 1
        return max(bisect_right(moments, moment) - 1, 0)

    def go_to(self, place: int) -> None:
        """Show one of the `moments`; from the last one on, what training finds is followed."""
        moments = self.moments
        if place >= len(moments) - 1:
            self._show(None)
        else:
            self._show(moments[max(place, 0)])

    def _show(self, moment: int | None) -> None:
        state, follow = self._sandbox.state, moment is None
        self._gave_up_following = not follow and (self._gave_up_following or state.follow)
        competitors = self._competitors_at(moment)
        if state.source == "training":
            self._sandbox.renew(competitors)
        else:
            self._sandbox.use(competitors, "training")
        self._sandbox.update(follow=follow)
        self._on_sandbox()

    def leave(self) -> None:
        """Stop here, and follow training again if that was given up for the past."""
        self.stop()
        if self._gave_up_following:
            self._gave_up_following = False
            self._sandbox.update(follow=True)

    @property
    def is_playing(self) -> bool:
        """Whether the film is running."""
        return self._timer.isActive()

    @Slot()
    def toggle(self) -> None:
        """Play, from iteration 0 on if the newest moment is shown, or stop."""
        if self.is_playing:
            self.stop()
        elif len(self.moments) > 1:
            if self.place == len(self.moments) - 1:
                self.go_to(0)
            self._timer.start()
            self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Stay at the moment shown."""
        if self.is_playing:
            self._timer.stop()
            self.changed.emit()

    def set_pace(self, pace: float) -> None:
        """Set how many moments a second are played."""
        self._timer.setInterval(round(1000 / pace))

    @Slot()
    def _advance(self) -> None:
        self.go_to(self.place + 1)
        if self.moment is None:
            self.stop()

    @Slot()
    def _on_sandbox(self) -> None:
        if self.moment != self._seen:
            self._seen = self.moment
            self.changed.emit()

    @Slot()
    def _on_replaced(self) -> None:
        """Another run has other moments."""
        self.stop()
        self.changed.emit()
