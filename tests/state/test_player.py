"""Playing through the gradient steps."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer import resources
from explorer.state.competitors import from_shipped
from explorer.state.player import Player
from explorer.state.sandbox import Sandbox


@pytest.fixture
def player(qapp: object) -> Iterator[Player]:
    sandbox = Sandbox(from_shipped(resources.resource(resources.MAML_CHECKPOINT)))
    sandbox.start()
    player = Player(sandbox, sandbox)
    player.set_speed(200)
    yield player
    player.stop()
    sandbox.shut_down()


def steps_of(player: Player) -> list[int]:
    """A list that grows by each step shown."""
    sandbox = player.parent()
    assert isinstance(sandbox, Sandbox)
    seen = [sandbox.state.step]
    sandbox.changed.connect(lambda: seen.append(sandbox.state.step))
    return seen


def test_it_shows_every_step_and_stops_at_the_last(player: Player, qtbot: QtBot) -> None:
    """Playing skips nothing and ends by itself."""
    seen = steps_of(player)
    player.toggle()
    assert player.is_playing
    qtbot.waitUntil(lambda: not player.is_playing)
    assert seen == list(range(1, 11))


def test_from_the_last_step_it_starts_over(player: Player, qtbot: QtBot) -> None:
    """Playing again plays the film again."""
    sandbox = player.parent()
    assert isinstance(sandbox, Sandbox)
    sandbox.go_to(10)
    seen = steps_of(player)
    player.toggle()
    qtbot.waitUntil(lambda: not player.is_playing)
    assert seen == [10, *range(11)]


def test_stopping_stays_where_it_is(player: Player, qtbot: QtBot) -> None:
    """A second toggle stops, and going on continues from there."""
    seen = steps_of(player)
    player.toggle()
    qtbot.waitUntil(lambda: seen[-1] >= 3)
    player.toggle()
    assert not player.is_playing
    stopped = seen[-1]
    player.toggle()
    qtbot.waitUntil(lambda: not player.is_playing)
    assert seen == list(range(1, 11))
    assert stopped < 10


def test_fewer_steps_while_playing(player: Player, qtbot: QtBot) -> None:
    """Lowering n under the step shown ends the film at the new last step."""
    sandbox = player.parent()
    assert isinstance(sandbox, Sandbox)
    seen = steps_of(player)
    player.toggle()
    qtbot.waitUntil(lambda: seen[-1] >= 4)
    sandbox.update(steps=2)
    qtbot.waitUntil(lambda: not player.is_playing)
    assert sandbox.state.step == 2


def test_speed_can_change_while_playing(player: Player, qtbot: QtBot) -> None:
    """A slow film that is sped up reaches its end at the new speed."""
    player.set_speed(0.01)
    player.toggle()
    player.set_speed(500)
    assert player.is_playing
    qtbot.waitUntil(lambda: not player.is_playing)
