"""What the program remembers between launches, in one ini file."""

from pathlib import Path
from typing import Literal, get_args

from PySide6.QtCore import QByteArray, QSettings

from explorer.core.base.folders import config_folder

Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)


def default_path() -> Path:
    """Where the file lies on this system."""
    return config_folder() / "settings.ini"


class Preferences:
    """Theme, last folder and window layout. A damaged or missing file means the defaults.

    The path is explicit because ``QSettings(organisation, application)`` cannot be redirected.
    """

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> Theme:
        """Colour scheme asked for."""
        value = self._settings.value("theme")
        return next((theme for theme in THEMES if theme == value), "system")

    @theme.setter
    def theme(self, value: Theme) -> None:
        self._settings.setValue("theme", value)

    @property
    def folder(self) -> str:
        """Folder of the last file opened or saved."""
        value = self._settings.value("folder")
        try:
            known = isinstance(value, str) and Path(value).is_dir()
        except OSError:  # not even a possible name
            known = False
        return str(value) if known else str(Path.home())

    @folder.setter
    def folder(self, value: str) -> None:
        self._settings.setValue("folder", value)

    def layout(self, name: str) -> QByteArray:
        """A saved geometry or splitter state; empty if there is none."""
        value = self._settings.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_layout(self, name: str, value: QByteArray) -> None:
        """Remember a geometry or splitter state."""
        self._settings.setValue(f"layout/{name}", value)

    def save(self) -> None:
        """Write to disk now."""
        self._settings.sync()
