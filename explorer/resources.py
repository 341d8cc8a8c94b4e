"""The files that come with the program."""

from pathlib import Path

from explorer.core.base.errors import UserError
from explorer.core.learners import LEARNERS


def checkpoint_name(learner: str) -> str:
    """The name of the file with a learner's network."""
    return f"{learner}-10shot.safetensors"


MAML_CHECKPOINT, PRETRAINED_CHECKPOINT = checkpoint_name("maml"), checkpoint_name("pretrained")
FIRST_ANSWER = "first-answer.safetensors"
QUERY_POINTS = "query-points.json"  # what `maml-explorer query-points --json` prints
CHECK_ON_LIGHT = "check-light.svg"  # ticks for each appearance of the window
CHECK_ON_DARK = "check-dark.svg"

_PACKAGE = Path(__file__).parent
# Inside an installed package, or beside it in the repository.
_FOLDERS = (_PACKAGE / "_resources", _PACKAGE.parent / "resources")


def resource(name: str) -> Path:
    """The path of a file that comes with the program.

    Raises:
        UserError: it is missing.
    """
    found = _found(name)
    if found is None:
        raise UserError(f"The program's own file {name} is missing: install the program again.")
    return found


def shipped_checkpoints() -> tuple[Path, ...]:
    """The files with learners' networks, MAML's first; a further learner may come without.

    Raises:
        UserError: one of those that the window opens with is missing.
    """
    first = (resource(MAML_CHECKPOINT), resource(PRETRAINED_CHECKPOINT))
    found = filter(None, map(_found, map(checkpoint_name, LEARNERS)))
    return tuple(dict.fromkeys((*first, *found)))


def _found(name: str) -> Path | None:
    return next((folder / name for folder in _FOLDERS if (folder / name).is_file()), None)
