"""Figures go to files in a thread of their own, and replace none."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer.core.base.errors import UserError
from explorer.core.figures.figure import Figure
from explorer.state.exporter import Exporter, write
from tests.jobs import loss_figure
from tests.trainers import PATIENCE

Make = Callable[..., Exporter]


@pytest.fixture
def make(qapp: object) -> Iterator[Make]:
    """Makes exporters that are shut down after the test."""
    made: list[Exporter] = []

    def make(write: object = write) -> Exporter:
        made.append(Exporter(write=write))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for exporter in made:
        exporter.shut_down()


def test_it_runs_beside_the_window(make: Make, qtbot: QtBot, tmp_path: Path) -> None:
    """In another thread, one figure at a time; it says what it wrote and where."""
    gate, written, threads = threading.Semaphore(0), [], []

    def slow(figure: Figure, folder: Path) -> Sequence[Path]:
        threads.append(threading.current_thread())
        gate.acquire(timeout=PATIENCE)
        written.append(figure)
        return [folder / "fig3.svg", folder / "fig3.png", folder / "fig3.csv"]

    exporter = make(slow)
    said: list[str] = []
    exporter.exported.connect(said.append)
    first = loss_figure()
    exporter.export(first, tmp_path)
    assert exporter.is_busy
    exporter.export(loss_figure(), tmp_path)  # there is one already
    gate.release(2)
    qtbot.waitUntil(lambda: not exporter.is_busy)
    assert written == [first]
    assert threads != [threading.main_thread()]
    assert said == [f"Exported fig3.svg, fig3.png and fig3.csv to {tmp_path}."]


@pytest.mark.parametrize("error", [UserError("Choose another."), RuntimeError("drawing failed")])
def test_a_failure_is_said(make: Make, qtbot: QtBot, tmp_path: Path, error: Exception) -> None:
    """And the next figure can be written."""
    outcomes: list[Exception | None] = [error, None]

    def once(figure: Figure, folder: Path) -> Sequence[Path]:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return [folder / "a.svg"]

    exporter = make(once)
    with qtbot.waitSignal(exporter.failed) as failed:
        exporter.export(loss_figure(), tmp_path)
    assert str(error) in failed.args[0]
    with qtbot.waitSignal(exporter.exported):
        exporter.export(loss_figure(), tmp_path)


def test_exporting_twice_keeps_both(tmp_path: Path) -> None:
    """The second gets a number, so that no finished figure is lost."""
    first = write(loss_figure(1), tmp_path)
    before = {path: path.read_bytes() for path in first}
    second = write(loss_figure(2), tmp_path)
    for names, stem in ((first, "fig3"), (second, "fig3-2")):
        assert {f"{stem}.{form}" for form in ("svg", "png", "csv")} <= {p.name for p in names}
    assert not {*first} & {*second}
    assert {path: path.read_bytes() for path in first} == before


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """One sentence names it and says what to do."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="Choose another folder"):
        write(loss_figure(1), tmp_path / "file" / "folder")
