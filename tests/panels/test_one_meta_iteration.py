"""The page of one meta-iteration, by real mouse and key events: its cards are the trainer's."""

import numpy as np
import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox
from pytestqt.qtbot import QtBot

from explorer.core.instruments.meta_iteration import CARDS
from explorer.core.training.loop import Run
from explorer.panels.instruments.instrument_view import InstrumentView
from explorer.panels.instruments.panel import InstrumentsPanel
from explorer.state.training_session import Phase
from tests.panels.test_instruments import turn, wait_read
from tests.stages import InstrumentsStage
from tests.ui import click, click_plot, pick

PAGE = "One meta-iteration"


@pytest.fixture
def cards(instruments_stage: InstrumentsStage, qtbot: QtBot) -> InstrumentView:
    """The cards of the network in training, which has taken one step."""
    workspace = instruments_stage.workspace
    workspace.choose_source("training")
    step(instruments_stage, qtbot)
    return turn(qtbot, instruments_stage.instruments, PAGE)[0]


def step(stage: InstrumentsStage, qtbot: QtBot) -> Run:
    """Let the trainer take one; what it stands at then."""
    session = stage.workspace.session
    before = session.iteration
    session.step()
    qtbot.waitUntil(lambda: session.iteration == before + 1 and session.phase is Phase.PAUSED)
    return session.run


def button_of(view: InstrumentView, text: str) -> QAbstractButton:
    """The only one that begins or ends with it."""
    (found,) = (each for each in view.actions_shown if text in each.text())
    return found


def chosen(panel: InstrumentsPanel) -> tuple[str, int, int]:
    """Card, task and meta-iterations on."""
    choice = panel.state.choices["meta-iteration"]
    return choice.card, choice.task, choice.ahead


def test_stepper_goes_through_all_cards(
    cards: InstrumentView, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """By its button, forth and on to the next batch, and back; the list says where one is."""
    panel = instruments_stage.instruments
    listed = cards.editors["card"]
    assert isinstance(listed, QComboBox)
    sentences = []
    for card in CARDS:
        assert chosen(panel) == (card, 1, 0)
        assert listed.currentText() == card
        sentences.append(wait_read(qtbot, panel)["meta-iteration"].sentence)
        click(button_of(cards, "▶"))
        wait_read(qtbot, panel)
    assert len({*sentences}) == len(CARDS)
    assert sentences[0].startswith("Meta-iteration 2 learns from 3 tasks")
    assert chosen(panel) == (CARDS[0], 1, 1)
    assert cards.sentence.text().startswith("Meta-iteration 3 learns from 3 tasks")
    click(button_of(cards, "▶"))
    wait_read(qtbot, panel)
    click(button_of(cards, "◀"))
    wait_read(qtbot, panel)
    assert chosen(panel) == (CARDS[0], 1, 1)


def test_list_goes_to_any_card(
    cards: InstrumentView, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """With keys, forth and back."""
    panel = instruments_stage.instruments
    listed = cards.editors["card"]
    assert isinstance(listed, QComboBox)
    for card in (CARDS[-1], CARDS[2]):
        pick(listed, card)
        assert chosen(panel)[0] == card
        wait_read(qtbot, panel)


def test_pressed_task_is_highlighted(
    cards: InstrumentView, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """In the compass where it lies, in a row where it stands; every card goes on with it."""
    panel = instruments_stage.instruments
    hollow = cards.boxes[0].plot.panel.curves[-2]
    click_plot(cards.boxes[0].plot, hollow.x[1], hollow.y[1])
    assert chosen(panel)[1] == 2
    wait_read(qtbot, panel)
    star = cards.boxes[0].plot.panel.curves[-1]
    assert (star.x[0], star.y[0]) == (hollow.x[1], hollow.y[1])
    assert cards.editors["task"].value() == 2
    click(button_of(cards, "▶"))
    wait_read(qtbot, panel)
    assert "task 2" in cards.sentence.text()
    click_plot(cards.boxes[0].plot, 3.0, 0.01)  # bars stand on 0
    assert chosen(panel)[1] == 3
    wait_read(qtbot, panel)
    assert "task 3" in cards.sentence.text()


def test_last_card_is_the_trainers_step(
    cards: InstrumentView, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """Every parameter's step in the picture leads, bit for bit, to where training stands then."""
    panel, workspace = instruments_stage.instruments, instruments_stage.workspace
    pick(cards.editors["card"], CARDS[5])  # type: ignore[arg-type]
    wait_read(qtbot, panel)
    drawn = cards.boxes[0].plot.panel.curves[0].y.copy()
    before = workspace.session.run.learners["maml"].meta
    run = step(instruments_stage, qtbot)
    moved = (run.learners["maml"].meta - before).double().numpy() / run.settings.beta
    assert np.array_equal(drawn, moved)
    wait_read(qtbot, panel)  # and the card goes on with training, which is followed
    assert not np.array_equal(cards.boxes[0].plot.panel.curves[0].y, drawn)


def test_exercise_opens_the_card(instruments_stage: InstrumentsStage, qtbot: QtBot) -> None:
    """Of the meta-gradient: one click from the question, whatever card was left open."""
    panel = instruments_stage.instruments
    views = turn(qtbot, panel, "Exercises")
    (view,) = (each for each in views if each.instrument.name == "exercise-by-hand")
    click(view.actions_shown[0])
    readings = wait_read(qtbot, panel)
    shown = panel.views[panel.state.page][0]
    assert chosen(panel) == (CARDS[4], 1, 0)
    assert shown.editors["card"].currentText() == CARDS[4]
    assert "what the Hessians add is" in readings["meta-iteration"].sentence
    again = turn(qtbot, panel, "Exercises")
    lengths = [word.strip(";") for word in shown.sentence.text().split() if word[0].isdigit()]
    answer = next(v for v in again if v.instrument.name == "exercise-by-hand").sentence.text()
    assert lengths[0] in answer


def test_a_learner_without_an_inner_loop_says_so(
    cards: InstrumentView, instruments_stage: InstrumentsStage, qtbot: QtBot
) -> None:
    """There is nothing to step through; on return the card is the one that was left."""
    panel = instruments_stage.instruments
    click(button_of(cards, "▶"))
    pick(panel.focus, "pretrained")
    wait_read(qtbot, panel)
    assert "has no inner loop" in cards.sentence.text()
    assert not cards.actions_shown
    assert not cards.boxes
    pick(panel.focus, "maml")
    wait_read(qtbot, panel)
    assert chosen(panel)[0] == CARDS[1]
    assert len(cards.boxes) == 2
