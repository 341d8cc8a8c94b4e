"""What is remembered between launches."""

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from explorer.state.preferences import THEMES, Preferences, Theme


@pytest.mark.parametrize("theme", THEMES)
def test_round_trip(tmp_path: Path, theme: Theme) -> None:
    """All that was set is there at the next launch."""
    path = tmp_path / "deep" / "settings.ini"
    first = Preferences(path)
    first.theme = theme
    first.folder = str(tmp_path)
    first.set_layout("splitter", QByteArray(b"\x00\xff layout"))
    first.save()
    second = Preferences(path)
    assert second.theme == theme
    assert second.folder == str(tmp_path)
    assert second.layout("splitter").data() == b"\x00\xff layout"


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    """The first launch has nothing to read."""
    preferences = Preferences(tmp_path / "none.ini")
    assert preferences.theme == "system"
    assert preferences.folder == str(Path.home())
    assert preferences.layout("geometry").isEmpty()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02\xff\xfe binary",
        b"[General\ntheme",
        b"theme=@ByteArray(\nfolder=@Size(1 2)\n[layout]\ngeometry=@Point(1 1)\n",
        b"theme=purple\nfolder=/none/such\n[layout]\ngeometry=plain text\n",
        b"theme=a, list\nfolder=a, list\n",
    ],
)
def test_a_damaged_file_means_the_defaults(tmp_path: Path, content: bytes) -> None:
    """Nothing in the file can stop the program from starting."""
    path = tmp_path / "settings.ini"
    path.write_bytes(content)
    preferences = Preferences(path)
    assert preferences.theme == "system"
    assert preferences.folder == str(Path.home())
    assert preferences.layout("geometry").isEmpty()
    preferences.theme = "light"
    preferences.save()


def test_a_folder_that_has_gone_is_not_offered(tmp_path: Path) -> None:
    """File dialogs open where there is something to see."""
    folder = tmp_path / "gone"
    folder.mkdir()
    preferences = Preferences(tmp_path / "settings.ini")
    preferences.folder = str(folder)
    assert preferences.folder == str(folder)
    folder.rmdir()
    assert preferences.folder == str(Path.home())
