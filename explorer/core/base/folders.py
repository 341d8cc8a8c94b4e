"""The user's folders for what the program keeps, as the operating system wants them."""

from pathlib import Path

import platformdirs

NAME = "maml-explorer"


def cache_folder() -> Path:
    """For what can be made again."""
    return platformdirs.user_cache_path(NAME, appauthor=False)


def data_folder() -> Path:
    """For trainings that took their time."""
    return platformdirs.user_data_path(NAME, appauthor=False)


def config_folder() -> Path:
    """For preferences."""
    return platformdirs.user_config_path(NAME, appauthor=False)
