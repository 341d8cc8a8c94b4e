"""Errors that are the user's to mend: their text is one clear sentence that says what to do."""


class UserError(ValueError):
    """Bad input of any kind; the window and the command line show its text as it is."""


class SettingsError(UserError):
    """A setting that cannot be.

    Attributes:
        field: name of the `Settings` field at fault.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class CheckpointError(UserError):
    """A checkpoint that cannot be read or written."""


class TrainingDivergedError(UserError):
    """Meta-training itself left the finite numbers."""


class EngineError(UserError):
    """The libraries that the engine runs on cannot be loaded."""
