"""The buttons under an instrument's sentence, as readings come and go."""

from pytestqt.qtbot import QtBot

from explorer.core.instruments import PAGES, Action, Instrument, Reading, Wish
from explorer.panels.instruments.instrument_view import InstrumentView
from tests.stages import InstrumentsStage


def with_actions(*actions: Action) -> Reading:
    return Reading("It says so.", actions=actions)


def instrument() -> Instrument:
    return PAGES[0].instruments[0]


def test_buttons_that_go_are_gone_at_once(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """Until they are deleted they would lie over the new ones."""
    panel = instruments_stage.instruments
    view = InstrumentView(instrument(), panel.state, instruments_stage.clock)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    view.take(with_actions(Action("One", Wish()), Action("Two", Wish(), on=True)))
    before = view.actions_shown
    view.take(with_actions(Action("Three", Wish())))
    assert [each.isHidden() for each in before] == [True, True]
    (after,) = view.actions_shown
    qtbot.waitUntil(after.isVisible)


def test_buttons_that_stay_have_the_newest_tip(
    instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """The words on them may be the same where the words about them are not."""
    panel = instruments_stage.instruments
    view = InstrumentView(instrument(), panel.state, instruments_stage.clock)
    qtbot.addWidget(view)
    view.take(with_actions(Action("Next", Wish(), tip="to the second card")))
    (shown,) = view.actions_shown
    assert shown.toolTip() == "to the second card"
    view.take(with_actions(Action("Next", Wish(), tip="to the third card")))
    assert view.actions_shown == [shown]
    assert shown.toolTip() == "to the third card"
