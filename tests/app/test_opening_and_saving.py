"""Files of the window: opening, dropping, saving, pictures, the last run."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from explorer.app.main_window import MainWindow
from explorer.core.files.checkpoint import load, save
from explorer.core.training.loop import advance, start
from explorer.state.training_session import Phase
from tests.conftest import OpenWindow
from tests.foreign import plain_net
from tests.trainers import SMALL
from tests.ui import assert_adapted, click, curve_values, pick, png_colours, press

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A resumable file at iteration 20."""
    path = tmp_path / "run.safetensors"
    save(path, advance(start(replace(SMALL, seed=8)), 20)[0], "maml")
    return path


def answer_dialogs(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> list[str]:
    """Let every file dialog return a path at once; a list that grows by each title."""
    titles: list[str] = []

    def dialog(_parent: QWidget, title: str, *_others: str) -> tuple[str, str]:
        titles.append(title)
        return str(path or ""), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", dialog)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    return titles


def test_opening_resumes(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """Ctrl+O: the training panel stands where the file does and goes on bit for bit."""
    titles = answer_dialogs(monkeypatch, checkpoint)
    press(window, "o", modifier=CTRL)
    assert len(titles) == 1
    assert window.notices.isHidden()
    assert window.workspace.session.phase is Phase.PAUSED
    assert window.training.form.settings == replace(SMALL, seed=8)
    qtbot.waitUntil(lambda: window.training.progress.value() == 20)
    assert "20 of 60" in window.training.numbers.text()
    assert window.sandbox.controls.source.currentData() == "file"
    assert checkpoint.name in window.sandbox.controls.source.currentText()
    assert_adapted(qtbot, window)
    click(window.training.train)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.FINISHED)
    whole = advance(start(replace(SMALL, seed=8)), 60)[0]
    theta = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(theta, whole.learners["maml"].meta)
    x = window.training.meta_loss.raw["maml", "after the inner step"]
    qtbot.waitUntil(lambda: len(curve_values(x)) == 40)
    assert (x.getData()[0][0], x.getData()[0][-1]) == (21, 60)
    assert window.preferences.folder == str(checkpoint.parent)
    pick(window.sandbox.controls.source, "shipped")
    pick(window.sandbox.controls.source, "file")
    assert_adapted(qtbot, window)


def test_the_list_of_sources_can_open_a_file(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """Its last entry asks for one; if none is chosen everything stays as it was."""
    source = window.sandbox.controls.source
    titles = answer_dialogs(monkeypatch, None)
    source.setFocus()
    press(source, Key.Key_End)
    assert len(titles) == 1
    assert source.currentData() == window.workspace.sandbox.state.source == "shipped"
    answer_dialogs(monkeypatch, checkpoint)
    press(source, Key.Key_End)
    assert source.currentData() == window.workspace.sandbox.state.source == "file"


def test_a_damaged_file_gives_a_notice(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """One sentence in the bar, and everything else stays as it was."""
    checkpoint.write_bytes(checkpoint.read_bytes()[:300])
    competitors, run = window.workspace.sandbox.competitors, window.workspace.session.run
    answer_dialogs(monkeypatch, checkpoint)
    press(window, "o", modifier=CTRL)
    assert window.notices.isVisible()
    assert str(checkpoint) in window.notices.text.text()
    assert window.notices.copy.isHidden()
    assert window.workspace.sandbox.competitors is competitors
    assert window.workspace.session.run is run
    assert_adapted(qtbot, window)


def test_saving(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ctrl+S writes the run in hand, resumable."""
    click(window.training.step)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    path = tmp_path / "saved.safetensors"
    answer_dialogs(monkeypatch, path)
    press(window, "s", modifier=CTRL)
    assert window.notices.isHidden()
    run = load(path).run
    assert run is not None
    assert run.iteration == 1
    theta = window.workspace.session.run.learners["maml"].meta
    assert torch.equal(run.learners["maml"].meta, theta)


def test_saving_where_nothing_can_be_saved(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Checkpoint or picture: a notice says so."""
    for keys, modifier in (("s", CTRL), ("p", CTRL | Qt.KeyboardModifier.ShiftModifier)):
        window.notices.hide()
        answer_dialogs(monkeypatch, tmp_path / "none" / "such.png")
        press(window, keys, modifier=modifier)
        assert window.notices.isVisible()
        assert str(tmp_path / "none") in window.notices.text.text()


def test_a_dialog_that_is_cancelled_does_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither opening nor saving."""
    titles = answer_dialogs(monkeypatch, None)
    run, competitors = window.workspace.session.run, window.workspace.sandbox.competitors
    press(window, "o", "s", modifier=CTRL)
    press(window, "p", modifier=CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(titles) == 3
    assert window.notices.isHidden()
    assert window.workspace.session.run is run
    assert window.workspace.sandbox.competitors is competitors
    assert [p for p in tmp_path.iterdir() if p.suffix != ".ini"] == []


def test_a_picture_of_the_window(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file shows the window, plots included."""
    assert_adapted(qtbot, window)
    path = tmp_path / "window.png"
    answer_dialogs(monkeypatch, path)
    window.dialogs.save_picture()
    assert png_colours(path) > 30


@pytest.mark.parametrize(
    ("keys", "modifier", "suffix"),
    [("s", CTRL, ".safetensors"), ("p", CTRL | Qt.KeyboardModifier.ShiftModifier, ".png")],
)
def test_a_name_without_a_suffix_gets_one(
    window: MainWindow,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    keys: str,
    modifier: Qt.KeyboardModifier,
    suffix: str,
) -> None:
    """Unless that is another file's name: the dialog has not asked whether to replace that one."""
    place = tmp_path / "version.2"
    answer_dialogs(monkeypatch, place)
    press(window, keys, modifier=modifier)
    written = tmp_path / f"version.2{suffix}"
    assert written.stat().st_size > 0
    assert not place.exists()
    assert window.notices.isHidden()
    written.write_text("mine")
    press(window, keys, modifier=modifier)
    assert written.read_text() == "mine"
    assert window.notices.isVisible()
    assert str(written) in window.notices.text.text()
    window.notices.hide()
    answer_dialogs(monkeypatch, written)  # and now it has asked
    press(window, keys, modifier=modifier)
    assert written.read_bytes() != b"mine"
    assert window.notices.isHidden()


def test_the_last_run_can_be_reopened(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """Reset and closing keep what was not saved; Ctrl+Shift+O brings it back where it stood."""
    both = CTRL | Qt.KeyboardModifier.ShiftModifier
    kept = tmp_path / "last-run.safetensors"
    window = open_window(kept_run=kept)
    press(window, "o", modifier=both)
    assert "No run" in window.notices.text.text()
    for count in (1, 2):
        click(window.training.step)
        qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
        assert window.workspace.session.run.iteration == count
    two = window.workspace.session.run
    click(window.training.reset)
    assert window.notices.isVisible()
    assert "Reopen last run" in window.notices.text.text()
    assert window.workspace.session.run.iteration == 0
    press(window, "o", modifier=both)
    assert window.notices.isHidden()
    again = window.workspace.session.run
    assert again.iteration == 2
    assert torch.equal(again.learners["maml"].meta, two.learners["maml"].meta)
    qtbot.waitUntil(lambda: window.training.progress.value() == 2)
    click(window.training.step)
    qtbot.waitUntil(lambda: window.workspace.session.phase is Phase.PAUSED)
    window.close()
    window = open_window(kept_run=kept)
    press(window, "o", modifier=both)
    assert window.workspace.session.run.iteration == 3


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file onto the window and let go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), copy, data, left, none))


def test_files_of_pytorch_are_offered(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """File > Open lists them beside the program's own, and says as what one is shown."""
    path, filters = tmp_path / "net.pt", []
    torch.save(plain_net().state_dict(), path)

    def dialog(*arguments: object) -> tuple[str, str]:
        filters.append(arguments[-1])
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", dialog)
    press(window, "o", modifier=CTRL)
    assert filters == ["Networks (*.safetensors *.pt *.pth);;All files (*)"]
    assert window.notices.text.text().startswith("net.pt holds weights only: shown in the sandbox")
    assert window.sandbox.controls.source.currentData() == "file"


def test_a_file_can_be_dropped(window: MainWindow, tmp_path: Path, checkpoint: Path) -> None:
    """A good one is opened, a missing one gives a notice."""
    drop(window, tmp_path / "missing.safetensors")
    assert window.notices.isVisible()
    drop(window, checkpoint)
    assert window.workspace.session.run.iteration == 20
    assert window.workspace.sandbox.state.source == "file"
